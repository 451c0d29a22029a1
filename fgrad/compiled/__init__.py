"""Compiled functions: `compile(f)`, one program for each structure of the arguments.

`f(x)` calls what is in the slot of a `CallSlot` (in `dispatch`). At first that is `dispatch`, which traces the function for
the structure of the arguments; then it is the fastest way that `specialisation` knows: a builtin made of
machine code, or Python that `calls` generates. A `kernel` is a program that a backend has made runnable.
Read `compiled` (the class), then these in this order. `compile` checks the choice of backend, `rows` reads
arguments for many rows, `methods` are compiled methods, `importable` finds the function in another
process, `diff` compares two programs and their derivatives.

Imports `fgrad.backends` and everything below.
"""
