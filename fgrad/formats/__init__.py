"""How programs and graphs leave, and come back.

`json/` for sending and keeping, `c/` for C99, `sympy/` in both directions, `graphviz/` for drawings.
A format has a `writer`, a `reader` if it comes back, and a `table` from operation to text. No format
imports another. The listing and the LaTeX of a program, by which it shows itself, are in
`fgrad.program`.
"""
