"""LLVM IR as text.

`builder` writes arithmetic by expressions (an operation on values is an instruction in their block),
`control` branches and loops, `function` a definition for one width of vectors; `doubledouble` is
arithmetic on pairs of doubles that stand for their sum.
"""
