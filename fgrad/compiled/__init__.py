"""Compiled functions: `compile(f)`, one program for each structure of the arguments.

A call goes through `compiled` (the class), `dispatch` (which structure) and `specialisation` (one
structure, and the fastest way to call it) to a `kernel` (a program that a backend has made
runnable). `calls` generates calls as straight-line Python, `rows` reads arguments for many rows,
`compile` is the function itself, `methods` compiled methods, `reference` finds the function in another
process, `diff` compares two programs and their derivatives.
"""
