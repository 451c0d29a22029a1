"""Operations: what each computes on floats, and its derivative, in one row.

Read `primitive` (what an operation is), `signatures` (operations of one, two or three numbers, and on
truth values), then `scalar` (all of them, a row each). `operand` says what operations are applied to
and what a rule gives, `multiple` is for operations with multiple results. `ieee`, `special` and `gamma`
implement on floats what `math` lacks; `descriptions` are what `help(fg.sin)` shows; `names`
spells operations and numbers in text.

Imports `fgrad.errors` only: an operation knows nothing of graphs.
"""
