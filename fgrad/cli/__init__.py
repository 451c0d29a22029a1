"""The command `fgrad`, which is also `python -m fgrad`.

`main` reads the command line, `model` finds what to differentiate: an `expression` (spelled in the
`alphabet`) or a function in a file. `ship` compiles, runs, shows and compares files of programs,
`cache` looks after native code on disk. Everything may be imported here, and nothing imports this.
"""
