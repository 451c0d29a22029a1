"""Functions that are defined by an equation: roots and fixed points.

`implicit` has `root` and `fixed_point`, differentiated by the implicit function theorem; `dogleg` is
Newton's method within a trust region, `linear` solves small linear systems.

Imports `fgrad.backends.python` and everything below.
"""
