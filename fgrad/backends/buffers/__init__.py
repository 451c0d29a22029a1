"""Columns of numbers that come in and go out: arrays of numpy, checked, and memory for new ones.

`inputs` checks the columns that are given, `outputs` those that results are written to, `pool` reuses
the memory of columns without references. `cpython` checks how the interpreter lays out its objects, and
whether native code may read them.
"""
