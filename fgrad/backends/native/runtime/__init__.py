"""Code that has been made: compiled, kept, loaded and called.

`llvm` is all that touches LLVM, `turns` lets one thread at a time do so, `objects` finds object code
in the `cache` on disk (which verifies what it reads) or makes it, `background` makes better code for
what has become hot. `entry` calls a program for one point; `batch` maps and sums it over rows, with
`modules`, `row_code`, `sum_code`, `few` rows, `lanes`, `pointers` and `threads`.
"""
