"""What the text of a program over arrays needs: names, for fgrad and for oracles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import fgrad as fg
from tests.laws import transform_kit
from tests.laws.array_programs import Program


def loop(f: Callable[[Any], Any], x: Any, count: int) -> Any:
    """What x becomes in `count` steps."""
    for _ in range(count):
        x = f(x)
    return x


def names(world: Any = fg) -> dict[str, Any]:
    """The names, with that world for fgrad."""
    return {
        **transform_kit.kit(),
        "fg": world,
        "np": np,
        "loop": loop,
        "nan": np.nan,
        "inf": np.inf,
    }


def run(text: str, world: Any = fg) -> Any:
    """The function `f` of a text, in that world."""
    space = names(world)
    exec(text, space)  # noqa: S102  # it is ours
    return space["f"]


def function(program: Program) -> Callable[[Any], Any]:
    """The program as fgrad runs it, of its tree."""
    return run(program.text)  # type: ignore[no-any-return]  # a function


def tree(program: Program, leaves: Any) -> Any:
    """The tree of a program of other leaves."""
    held = iter([f"leaves[{i}]" for i in range(len(program.leaves))])
    return eval(program.function.tree.written(held), {**names(), "leaves": leaves})  # noqa: S307  # it is ours
