"""The loops that a traced program was written by, found again.

`lineup` has the program's instructions as arrays, `partition` the stretches that become functions,
`detect` finds stretches that repeat, `operands` says what each argument is in terms of one
iteration, `vectorize` which instructions can be done for several iterations at once, and `order`
puts a program in the order in which most loops are found.
"""
