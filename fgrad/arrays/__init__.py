"""Arrays: nodes that hold an array of numpy, and operations on whole arrays.

Read `values` (which arrays are taken, and how they are kept), `nodes` (nodes of arrays, and every
operation on numbers elementwise), `primitive` (an operation on arrays with both modes), then the
primitives: `linear` (with un-broadcasting), `contract` (matmul, dot, einsum and their pullbacks), `sparse`, `convolution`, `at`, `recurrences`, `reductions`, and of
matrices `systems`, `determinants`, `factors`, `spectra`, `singular`, `fourier`. `linalg`, `shapes`, `parts`, `together`, `functions`,
`products`, `einstein`, `order`, `norms`, `lines`, `statistics` and `choices` are what is composed of them;
`elements` does operations to arrays of traced numbers;
`numpy_table` says which of numpy's functions each is, and `protocols` is what numpy asks of nodes, by hooks that `fgrad.graph.refusals` sets.
`ufuncs` is the table from operation to numpy's function, which columns share.

The only room that imports numpy before a backend does; it is itself imported when the first array
comes. Imports `fgrad.graph`; the sweeps over arrays are in `fgrad.autodiff`.
"""
