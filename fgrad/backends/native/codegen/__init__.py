"""A program as LLVM IR.

`functions` writes its instructions as functions of a few hundred each; `point` does that for one
point, `rows` and `sums` for vectors of rows. `selection` chooses the IR of an instruction, `layout`
where inputs and outputs are, `loop`, `bindings` and `places` write loops that were found,
`liveness` and `spill` decide what waits in memory, `slp` and `tiling` what is done side by side,
`masks` keeps the inactive branch out of sums, `accumulate` and `hoist` split programs over rows,
`transpose` reads tables, `callbacks` calls operations that are functions of Python.
"""
