"""Elementary functions in LLVM IR, one family a module, and the table from operation to code.

Begin with `table`. `argument_reduction` serves `trigonometry`; `fma` finds products that are only
added to something, which become one instruction with the sum.
"""
