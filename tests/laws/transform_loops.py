"""Random loops whose steps hold transforms: what they cost, in calls, as they become longer.

Calls of functions are counted and not seconds, so the answer is the same on every machine: what a
step costs must not depend on how many steps came before.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import attrs

import fgrad as fg
from tests.laws.transform_functions import Lambda
from tests.laws.transform_generator import FEATURES, Generator
from tests.laws.transform_kit import kit
from tests.laws.transform_programs import LEAF, WHOLE, Book, Call, Loop, Num, Op, Var

STEPS = (16, 32, 64)
SLACK = 1.25
"""How much more than twice as much twice as many steps may add; squares would add 2 times that."""
APART = frozenset({"solve", "first order", "truth argument"})
"""What is no part of the step: a solver takes as many iterations as it needs."""


def loop_of(seed: int) -> Lambda:
    """A function that goes round; each step holds a transform of a function that is written out."""
    generator = Generator(random.Random(seed), FEATURES - APART)
    scope = ("number", "whole", "number")
    while True:
        held = generator.call(scope, 5, 2)
        if isinstance(held, Call) and "Var(place=2)" in repr(held.args):
            break
    step = Op("sub", (Var(2), Op("mul", (Num(0.125), Op("tanh", (held,))))))
    return Lambda((LEAF, WHOLE), LEAF, (Loop(1, Var(0), step),), closed=True)


def cost(fn: Lambda, steps: int, outer: Callable[..., Any]) -> int:
    """How many functions are called while `outer` is taken of a loop of so many steps."""
    loop = fn.body[0]
    assert isinstance(loop, Loop)
    book, names = Book(), kit()
    text = attrs.evolve(fn, body=(attrs.evolve(loop, count=steps),)).written((), book)
    exec("\n".join([*book.lines, f"f = {text}"]), names)  # noqa: S102  # it was written by us
    outer(names["f"])  # what is remembered from now on
    count = 0

    def counted(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        outer(names["f"])
    finally:
        sys.setprofile(before)
    return count


OUTER: dict[str, Callable[..., Any]] = {
    "trace": lambda f: fg.trace(f)(0.25, 2.0),
    "value_and_gradient": lambda f: fg.value_and_gradient(f)(0.25, 2.0),
    "jvp": lambda f: fg.jvp(f)(0.25, 1.0, 2.0),
    "nodes": lambda f: f(fg.var(0.25), 2.0),
}


def growth(seed: int, outer: str) -> float:
    """What the second half of a loop costs beside the first, over 2; 1 where it is linear."""
    fn = loop_of(seed)
    few, more, many = [cost(fn, steps, OUTER[outer]) for steps in STEPS]
    return (many - more) / (more - few) / 2.0
