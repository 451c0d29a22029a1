"""Compiled functions: `compile(f)`, one program for each structure of the arguments.

A call goes through `compiled` (the class), `dispatch` (which structure) and `specialisation` (one
structure, and the fastest way to call it) to a `kernel` (a program that a backend has made
runnable). `calls` writes calls out in straight-line Python, `rows` checks arguments for many rows,
`compile` is the function itself, `methods` compiled methods, `reference` how one pickles, `diff`
compares two compiled programs.
"""
