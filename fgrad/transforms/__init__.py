"""Transforms: pure functions from functions to functions.

Read `variables` (how a call's arguments become variables), then `gradient`, `directional` (jvp, vjp,
hvp), `jacobian` (and hessian) and `taylor`. `signatures` are the types of what these take. `custom`
gives a function a derivative of its own, `check` compares derivatives with differences.

Imports `fgrad.autodiff` and `fgrad.trees`; knows nothing of programs.
"""
