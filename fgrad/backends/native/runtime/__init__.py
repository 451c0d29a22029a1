"""Code that is compiled, kept on disk, loaded and called.

`entry` is a program for one point; `batch` is a program over rows, mapped or summed. Both ask
`object_code`, which finds the code in the `cache` on disk (where it is verified before it is believed)
or has it compiled by `llvm`, the only module here that imports llvmlite. `exclusive` lets one thread at a
time do that, `background` compiles better code for hot programs. For rows, `row_arguments` describes what
comes in, `row_code` runs the code, `few_rows` has builtins for short columns, `threads` splits long ones.
"""
