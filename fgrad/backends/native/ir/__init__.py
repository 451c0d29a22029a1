"""LLVM IR as text.

`builder` emits instructions by operators on values, `arithmetic` has what is more than an operator,
`doubledouble` arithmetic on pairs of doubles; `function` wraps such code as a definition. `control`
has branches and loops as text. `machine` says what the code is for.
"""
