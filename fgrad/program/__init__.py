"""Programs: a graph as straight-line instructions (SSA), a value with a digest.

Read `program` (instructions, each an operation on earlier results), `trace` and `tracer` (a function,
run once on numbers without values; `array_tracer` has arrays of these, `spread` trees whose arrays are
taken apart), then `passes` and `algebra` (shorter programs, the same bits) and `schedule` (an order in
which fewer values live at once). `hoist` splits off what no row changes. `text` prints and parses
programs, `latex/` writes them as formulas.

Imports `fgrad.graph` and `fgrad.trees`. What runs a program is in `fgrad.backends`.
"""
