"""Backends: what runs a program.

`python` writes straight-line source and needs nothing, `numpy/` runs over columns in blocks that
stay in the cache, `native/` writes machine code with LLVM; the backend `reference` is `Program.run`
itself. Each is a table from operation to code and a fold over the program; none imports another.
`buffers/` holds what two of them share: columns that come in and go out. Below, only `fgrad.arrays`
imports numpy.

A new backend is a module or package here and a name in `fgrad.compiled.kernel`, which makes programs
runnable, and in the contract of backends in pyproject.toml; `fgrad.compiled.compile` has the default, `fgrad.compiled.specialisation` the fast calls.
Imports `fgrad.program`.
"""
