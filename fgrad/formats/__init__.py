"""How programs and graphs leave, and come back.

`json/` (`codec` writes and reads), `c/` for C99, `sympy/` in both directions, `graphviz/` for drawings.
A `writer` writes, a `reader` reads what comes back, a `table` has the text of each operation. The listing
and the LaTeX of a program, by which it shows itself, are in `fgrad.program`.

A new format is a package here, a name in `fgrad/__init__.py`, and a line in the contract "Formats are
independent": no format imports another. Imports `fgrad.program`.
"""
