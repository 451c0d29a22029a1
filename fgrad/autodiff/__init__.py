"""Sweeps over a graph: reverse, forward and Taylor.

Read `reverse` (`grad` and `grad_nodes`: the fold that sums cotangents), then `forward` and `taylor`.
`gradients` is what `grad` returns, a value that adds and scales (`sums`) and shows itself (`table`).
`cotangent` is what passes along an edge, `multiple` the same for operations with multiple results.
`activity` finds the nodes between outputs and variables, which is all that a sweep reads; `levels`
puts them in order without recursion; `summation` keeps long sums of contributions exact.

Imports `fgrad.graph`. Functions are differentiated one floor up, in `fgrad.transforms`.
"""
