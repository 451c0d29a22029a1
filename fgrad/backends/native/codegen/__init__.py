"""A program as LLVM IR; nothing here needs llvmlite.

Begin with `point` and `rows`, which write the modules of a program for one point and for many rows.
`functions` emits the instructions, a few hundred to a function: `selection` chooses the IR of each,
`layout` says where inputs and outputs are, `spill` what waits in memory. Loops: `loop`, `loop_values`,
`addressing`. Vectors: `slp` packs equal functions, `lanes` says how many rows are computed at once,
`transpose` loads tables. Programs over rows: `sums` makes totals inputs and outputs, `masks` keeps
inactive branches out of them, `tiling` orders them. `callbacks` calls operations that are functions
of Python.
"""
