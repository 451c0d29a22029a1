"""The native backend: machine code made by LLVM (the extra `native`).

From the ground up: `ir/` emits LLVM IR, `math/` has the elementary functions and the table from
operation to code, `rerolling/` finds the loops that a program was traced through, `codegen/` emits
a program as IR, `interop/` emits the trampolines between Python's objects and that code, `runtime/`
compiles, caches, links and calls it. Start at `runtime/entry` for one point, at `runtime/batch` for
many rows.

Only `runtime/llvm` calls llvmlite; `installed` says whether it is there.
"""
