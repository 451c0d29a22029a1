"""Trampolines between Python's objects and native code, in LLVM IR.

`tree_calls` is for calls with numbers and containers of numbers: `tree_descriptors` are structures as
tables of words, which `tree_reading` and `tree_building` follow. `number_calls` is for calls that were
specialised for floats or one array. `row_results` is for arrays of rows, by `row_calls`;
`arguments` reads arrays.
"""
