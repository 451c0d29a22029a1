"""Programs as C99: `writer` has `to_c`, `table` the C of each operation, `gamma` that of lgamma and its derivatives."""
