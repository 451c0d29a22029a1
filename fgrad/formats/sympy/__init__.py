"""Programs to SymPy and from it: `writer` has `to_sympy`, `reader` has `from_sympy`."""
