"""Arrays of numpy that go into programs and come out: checking them, and memory for new ones.

`inputs` checks columns that are given, `outputs` those that results are written to, `pool` recycles
memory that nobody refers to any more. `cpython` has the struct layout of the interpreter's objects,
and checks whether native code may rely on it.
"""
