"""Sweeps over a graph: reverse, forward and Taylor.

Read `reverse` (`grad` and `grad_nodes`: the fold that sums contributions), then `forward` and `taylor`.
Every sweep is a loop: the reverse one by depth, in the order of `levels`, the others over the nodes
that `activity` finds between outputs and variables. `cotangent` multiplies and sums contributions, and
keeps the conditions of inactive branches beside them; `multiple` does so for operations with multiple
results; `summation` keeps long sums accurate. `leaves` is reverse mode for transforms, `array_reverse`
and `array_forward` are the sweeps over arrays. `gradients` is what `grad` returns: it adds and scales
(`gradient_sums`) and shows itself (`gradient_table`).

Imports `fgrad.graph`, and `fgrad.arrays` when an array comes. Functions are differentiated one floor up, in `fgrad.transforms`.
"""
