"""Operations: what each computes on floats, and its derivative, in one row.

Read `primitive` (what an operation is), `signatures` (of one, two or three numbers, and of truth values),
then `scalar`: all operations, a row each, where a new one goes (`docs/contributing.md` has the other
steps); special functions beside them are in modules that `library` lists. `operand` says what operations are applied to, and `when`: an inactive branch sends no
contribution. `multiple` is for operations with multiple results. `ieee` never raises, `special` and
`gamma` have what `math` lacks. `descriptions` are what `help(fg.sin)` shows; `names` spells operations
in text.

Imports `fgrad.errors`: an operation knows nothing of graphs.
"""
