"""Elementary functions in LLVM IR, one family a module, and the table from operation to code.

Begin with `table`. `argument_reduction` serves `trigonometry`; `fma` contracts a program's products
and sums to fused multiply-adds.
"""
