"""What stands between Python's objects and native code, in LLVM IR.

`point` for calls with numbers, `rows` and `sums` for arrays (`arguments` reads them), `trees_calls`
for trees, whose structures are tables of words (`trees_forms`) that `trees_reading` and
`trees_building` follow.
"""
