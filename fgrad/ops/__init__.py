"""Operations: what each computes on floats, and its derivative, in one row.

Read `primitive` (what an operation is), `choices` (the same of truth values), then `scalar` (all of
them, a row each). `operand` says what
operations are applied to and what flows back, `multiple` is for operations with multiple results.
`ieee`, `special` and `gamma` implement on floats what `math` lacks; `floats` wraps a user's own
implementations; `documented` and `descriptions` are what `help(fg.sin)` shows.

Imports `fgrad.errors` only: an operation knows nothing of graphs.
"""
