"""Trampolines between Python's objects and native code, in LLVM IR.

`point` is for calls with numbers or one array, `columns` and `sums` for arrays of rows (`rows` has
what they share, `arguments` reads arrays), `trees_calls` for trees, which `trees_reading` and
`trees_building` read and build by `trees_descriptors`.
"""
