"""Code compiled, cached, linked and called.

`llvm` is all that touches LLVM, `turns` serialises that, `objects` finds object code in the `cache`
on disk or compiles it, `background` compiles better code for hot programs. `entry` calls a program
for one point; `batch` maps and sums it over rows, by `row_code` and, for `few` rows,
builtins, with `row_arguments` and `threads`.
"""
