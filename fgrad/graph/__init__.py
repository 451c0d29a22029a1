"""Graphs: an expression as a frozen value.

Read `node` (a value, computed when it is written), `operators` (Python's operators on nodes) and
`graph` (the persistent DAG: equality, digest, pickle; its order is found by a loop). `canonical` is a
graph as bytes, `listing` as text. `reduction` has `sum`, `prod` and `dot`. `refusals` is what nodes refuse
to do, and what to write instead. `depth` is where the variables of a transform begin. `collector` keeps
Python's garbage collector quiet while many objects are made.

Imports `fgrad.ops`. Nothing here differentiates.
"""
