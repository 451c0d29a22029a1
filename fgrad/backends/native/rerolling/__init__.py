"""Loop rerolling: the loops that a program was traced through, found again.

`instruction_table` has the program's instructions as arrays, `detect` finds stretches that repeat,
`operands` says what each argument is in terms of one iteration, and which instructions can be done
for several iterations at once. `partition` cuts a program into regions: loops, and straight-line
code between them.
"""
