"""Columns of numbers that come in and go out: arrays of numpy, checked, and memory for new ones.

`inputs` checks the columns that are given, `outputs` those that results are written to, `pool` gives
out memory that nobody holds any more. `cpython` finds out how the interpreter lays out its objects,
and whether native code may read them.
"""
