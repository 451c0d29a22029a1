"""Whether native code can be made here."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec


@cache
def native_is_installed() -> bool:
    """Whether the extra `native` is installed, in versions that can be used.

    The LLVM of an older llvmlite reads another IR, so that counts as not installed.
    """
    if find_spec("llvmlite") is None or find_spec("numpy") is None:
        return False
    import llvmlite  # noqa: PLC0415  # an extra; LLVM itself comes with what is below it

    major, minor = vars(llvmlite)["__version__"].split(".")[:2]  # no stub has it
    return (int(major), int(minor)) >= (0, 45)
