"""The native backend: machine code made by LLVM (the extra `native`).

From the ground up: `ir/` writes LLVM IR, `math/` has the elementary functions and the table from
operation to code, `rerolling/` finds the loops that a program was written by, `codegen/` writes a
program as IR, `interop/` writes what stands between Python's objects and that code, `runtime/`
compiles, keeps on disk, loads and calls it. Start at `runtime/entry` for one point, at
`runtime/batch` for many rows.

Only `runtime/llvm` imports llvmlite.
"""
