"""Elementary functions in LLVM IR, one family a module, and the table from operation to code.

Begin with `table`. The families are `exponential`, `logarithm`, `power`, `cube_root`, `trigonometry`
(after `argument_reduction`), `inverse_trigonometric`, `hyperbolic`, `inverse_hyperbolic`, `errorfunction`,
`activation` (sigmoid and its kin), `plane` (hypot and its kin), `modulo`, and `piecewise` (what chooses
one of its arguments). `fma` contracts a program's products and sums to fused multiply-adds.
"""
