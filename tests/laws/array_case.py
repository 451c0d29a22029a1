"""A program over arrays as the laws need it: its arguments, and what an oracle says, when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np

import fgrad
from tests.laws import array_kit
from tests.laws.array_programs import Program, drawn, flat, laid

fg: Any = fgrad  # what is typed is tested in tests/typing
TOLERANCE: Final = 1e-10
NUDGE: Final = 1e-13
"""How far a point is moved, relatively, to see how well a derivative is conditioned."""
SEED: Final = 20


class Failed(AssertionError):
    """What a law found."""


class Case:
    """A program at its point; `oracle` is the class of one."""

    def __init__(self, program: Program, oracle: Callable[[Program], Any]) -> None:
        self.program = program
        self.f = array_kit.function(program)
        self.said = Said(program, oracle(program))
        pairs = zip(program.leaves, program.layouts, strict=True)
        self.given = [laid(leaf, layout) for leaf, layout in pairs]
        self.p = self.tree(self.given)
        self.dp = self.tree(self.said.moves)

    def tree(self, leaves: Sequence[Any]) -> Any:
        """A tree of the argument with other leaves."""
        return array_kit.tree(self.program, list(leaves))

    def loss(self, p: Any) -> Any:
        """The weighed sum of all that the program gives."""
        return weighed(flat(self.f(p)), self.said.weights)

    def cotangent(self) -> Any:
        """A tree of the result."""
        held = iter([f"bars[{i}]" for i in range(len(self.said.weights))])
        text = self.program.function.result.written(held)
        return eval(text, {**array_kit.names(), "bars": self.said.weights})  # noqa: S307  # it is ours


def weighed(leaves: Sequence[Any], weights: Sequence[Any]) -> Any:
    """The sum of products."""
    terms = [fg.sum(y * w) if np.ndim(w) else y * w for y, w in zip(leaves, weights, strict=True)]
    return sum(terms[1:], terms[0])


class Said:
    """What an oracle says of a program at a point."""

    def __init__(self, program: Program, oracle: Any, leaves: Sequence[Any] | None = None) -> None:
        self.program, self.oracle = program, oracle
        self.leaves = list(program.leaves if leaves is None else leaves)
        self.moves = drawn([np.shape(leaf) for leaf in self.leaves], SEED)

    @cached_property
    def value(self) -> list[Any]:
        return self.oracle.value(self.leaves)  # type: ignore[no-any-return]  # a list

    @cached_property
    def weights(self) -> list[Any]:
        return drawn([np.shape(y) for y in self.value], SEED + 1)

    @cached_property
    def slopes(self) -> list[Any]:
        return self.oracle.pulled(self.leaves, [self.weights])[0]  # type: ignore[no-any-return]  # a list

    @cached_property
    def pushed(self) -> list[Any]:
        return self.oracle.pushed(self.leaves, self.moves)  # type: ignore[no-any-return]  # a list

    @cached_property
    def jacobian(self) -> list[Any]:
        """A row for each leaf of the result, of an array for each leaf of the argument."""
        shapes = [np.shape(y) for y in self.value]
        rows = self.oracle.pulled(self.leaves, ones(shapes))
        return _gathered(rows, shapes, self.leaves)

    @cached_property
    def bent(self) -> list[Any]:
        return self.oracle.bent(self.leaves, self.weights, [self.moves])[0]  # type: ignore[no-any-return]  # a list

    @cached_property
    def hessian(self) -> list[Any]:
        shapes = [np.shape(x) for x in self.leaves]
        rows = self.oracle.bent(self.leaves, self.weights, ones(shapes))
        return _gathered(rows, shapes, self.leaves)

    def nearby(self, seed: int) -> Said:
        """What is said of a point that is next to this one."""
        rng = np.random.default_rng(seed)
        leaves = [x * (1.0 + NUDGE * rng.uniform(-1, 1, np.shape(x))) for x in self.leaves]
        return Said(self.program, self.oracle, leaves)


def ones(shapes: Sequence[tuple[int, ...]]) -> list[list[Any]]:
    """All rows that are 1 in one place of one leaf."""
    rows = []
    for i, shape in enumerate(shapes):
        for one in np.eye(int(np.prod(shape))):
            row: list[Any] = [np.zeros(s) for s in shapes]
            row[i] = one.reshape(shape)
            rows.append(row)
    return rows


def _gathered(rows: list[list[Any]], shapes: Sequence[Any], leaves: Sequence[Any]) -> list[Any]:
    """For each leaf of the result its rows, for each leaf of the argument, as one array."""
    left, found = iter(rows), []
    for shape in shapes:
        mine = [next(left) for _ in range(int(np.prod(shape)))]
        for j, leaf in enumerate(leaves):
            whole = np.array([np.asarray(row[j]) for row in mine])
            found.append(whole.reshape((*shape, *np.shape(leaf))))
    return found


def apart(got: Sequence[Any], wanted: Sequence[Any]) -> float:
    """How far two results are from each other, relatively to the larger of 1 and the one that is wanted."""
    if [np.shape(x) for x in got] != [np.shape(x) for x in wanted]:
        raise Failed(f"shapes {[np.shape(x) for x in got]}, wanted {[np.shape(x) for x in wanted]}")
    most = 0.0
    for a, b in zip(got, wanted, strict=True):
        if np.size(b):
            away = np.abs(np.asarray(a) - np.asarray(b)) / max(1.0, float(np.max(np.abs(b))))
            lost = np.isnan(away)
            if np.array_equal(np.isnan(a), np.isnan(b)) and not np.isnan(b).all():
                lost &= False
            most = max(most, np.inf if lost.any() else float(np.max(away)))
    return most


def values_of(tree: Any) -> list[Any]:
    """The leaves of a result, by their values if they are nodes."""
    return [y.value if isinstance(y, fgrad.Node) else y for y in flat(tree)]


def checked(tree: Any) -> list[Any]:
    """The leaves of a result on numbers and arrays, which are floats and arrays of float64 that are read-only."""
    leaves = flat(tree)
    for leaf in leaves:
        if isinstance(leaf, np.ndarray):
            good = leaf.dtype == np.float64 and leaf.ndim and not leaf.flags.writeable
        else:
            good = type(leaf) is float
        if not good:
            raise Failed(f"{type(leaf).__name__} among the leaves: {leaf!r:.200}")
    return leaves
