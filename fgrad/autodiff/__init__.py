"""Sweeps over a graph: reverse, forward and Taylor.

Read `reverse` (`grad` and `grad_nodes`: the fold that sums cotangents), then `forward` and `taylor`.
`gradients` is what `grad` returns, a value that adds and scales (`sums`) and shows itself (`table`).
`cotangent` multiplies and sums contributions, with their conditions; `multiple` has calls of operations
with multiple results. `activity` finds the nodes between outputs and variables, all that a sweep reads;
`levels` orders them without recursion; `summation` keeps long sums of contributions accurate.

Imports `fgrad.graph`. Functions are differentiated one floor up, in `fgrad.transforms`.
"""
