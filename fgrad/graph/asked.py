"""Who asks a node for `==`: a container that compares what it holds, or the one who wrote the sign."""

from __future__ import annotations

import sys


def by_persistent_map(above: int) -> bool:
    """Whether pyrsistent asks, `above` frames up: its maps compare a key with all keys of a bucket."""
    return str(sys._getframe(above + 1).f_globals.get("__name__")).startswith("pyrsistent")


def by_container(above: int) -> bool:
    """Whether a container asks, by the `==` of a class: a generated one does not test identity first."""
    name = sys._getframe(above + 1).f_code.co_name
    return name in ("__eq__", "__ne__") or by_persistent_map(above + 1)


def by_sign(above: int) -> bool:
    """Whether `==` or `!=` stands there, and not `in` or a method that looks for an item."""
    from opcode import opmap  # noqa: PLC0415  # who compares nodes is mostly wrong

    frame = sys._getframe(above + 1)
    return frame.f_code.co_code[frame.f_lasti] == opmap["COMPARE_OP"] and not by_container(
        above + 1
    )
