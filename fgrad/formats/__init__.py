"""How programs and graphs leave, and come back.

`json/` for sending and keeping, `c/` for C99, `latex/` for formulas, `sympy/` in both directions,
`graphviz` for drawings. A format has a `writer`, a `reader` if it comes back, and a `table` from
operation to text. No format imports another.
"""
