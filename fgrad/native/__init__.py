"""The native backend: machine code made by LLVM, with the extra `native`."""
