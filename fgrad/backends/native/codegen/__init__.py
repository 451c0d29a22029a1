"""A program as LLVM IR; nothing here needs llvmlite.

`point` and `rows` write the modules of a program: begin there. `functions` emits its instructions,
`selection` chooses the IR of each, `layout` says where inputs and outputs are (`transpose` loads
tables), `loop`, `loop_values` and `addressing` emit loops. `spill` decides what is spilled and
where, `slp` and `tiling` in which order instructions come, `lanes` how many rows are computed at
once. `hoist` splits a program over rows, `sums` and `masks` prepare one for sums. `callbacks` calls
operations that are functions of Python.
"""
