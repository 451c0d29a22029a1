"""The numpy backend: a program over columns (the extra `arrays`).

`fgrad.arrays.ufuncs` is the table from operation to ufunc, `block` runs a program over a block of rows that stays
in the cache, `columns` over all of them.
"""
