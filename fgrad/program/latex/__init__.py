"""Programs as formulas: `writer` has `to_latex`, `table` the LaTeX of each operation."""
