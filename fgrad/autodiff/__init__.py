"""Sweeps over a graph: reverse, forward and Taylor.

Read `reverse` (`grad` and `grad_nodes`: the fold that sums cotangents), then `forward` and `taylor`.
`cotangent` is what passes along an edge, `multiple` the same for operations with multiple results.
`activity` finds the nodes between outputs and variables, which is all that a sweep reads; `levels`
puts them in order without recursion; `summation` keeps long sums of contributions exact. `leaves`
is reverse mode for transforms, `array_reverse` and `array_forward` are the sweeps over arrays.

Imports `fgrad.graph`, and `fgrad.arrays` when an array comes. Functions are differentiated one floor up, in `fgrad.transforms`.
"""
