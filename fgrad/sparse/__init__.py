"""Sparse derivatives: patterns of Jacobians and Hessians, and what is not zero of them.

Read `pattern`, `partials` (the derivatives of one operation), then `elimination` (Jacobians) and
`pushing` (Hessians), which run on instructions or on structure alone (`accumulation`);
`derivation` makes matrices of what they find, `nonzeros` functions of arrays, `derivative` has what users call. `colouring`
and `compressed` are for programs where each nonzero by itself would be too many instructions.

Where a program repeats itself, `blocks` cuts it, `templates` finds blocks that are alike, `kinds` has
their derivatives, `assembly` sweeps over what joins them, and `tables` is what runs. `evaluation` chooses
between this and one program, `filling` makes functions that fill arrays, `functions` traces what users
give, and `problem` is `derivatives`, all that a solver asks for.

Imports `fgrad.compiled` and what is below. Nothing here imports numpy, scipy or matplotlib before it
is needed.
"""
