"""A program with what the laws look at: the function, its point, and what is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import fgrad as fg
from tests.laws.transform_functions import Program
from tests.laws.transform_kit import flat, kit, outline
from tests.laws.transform_operations import number
from tests.laws.transform_programs import Book
from tests.laws.transform_samples import expected

TOLERANCE = 1e-8
"""Of values and derivatives, relatively, of the largest of them or of 1."""


class Case:
    """A program with what the laws look at."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.shape = program.fn.params[0]
        names = kit()
        exec(self.text, names)  # noqa: S102  # it was written by us
        self.f: Callable[..., Any] = names["f"]
        self._tree = eval(f"lambda x: {self._written()}", names)  # noqa: S307  # likewise
        self._turned = eval(f"lambda x: {self._written(turned=True)}", names)  # noqa: S307
        self.exponent = program.whole

    @cached_property
    def text(self) -> str:
        book = Book()
        f = self.program.fn.written((), book)
        return "\n".join([*book.lines, f"f = {f}"])

    def _written(self, *, turned: bool = False) -> str:
        leaves = iter([f"x[{i}]" for i in range(self.shape.size)])
        return self.shape.written(leaves, turned=turned)

    def tree(self, leaves: Sequence[Any]) -> Any:
        return self._tree(leaves)

    def turned(self, leaves: Sequence[Any]) -> Any:
        return self._turned(leaves)

    @property
    def point(self) -> Any:
        return self.tree(self.program.point)

    def _typed(self, numbers: Sequence[float]) -> Any:
        pairs = zip(numbers, self.program.kinds, strict=True)
        return self.tree([number(x, kind) for x, kind in pairs])

    @property
    def typed_point(self) -> Any:
        return self._typed(self.program.point)

    @property
    def tangent(self) -> Any:
        return self._typed(self.program.tangent)

    @property
    def variables(self) -> Any:
        """The point as nodes; those that are together are one."""
        nodes = [fg.var(x) for x in self.program.point]
        if self.program.together:
            first, second = self.program.together
            nodes[second] = nodes[first]
        return nodes

    @cached_property
    def value(self) -> list[float]:
        return expected(self.program, 0)

    @cached_property
    def slopes(self) -> list[float]:
        return expected(self.program, 1)

    @cached_property
    def second(self) -> list[float]:
        return expected(self.program, 2)

    @cached_property
    def series(self) -> list[float]:
        return expected(self.program, 3)

    @property
    def slope(self) -> float:
        """The derivative along the tangent."""
        return sum(s * t for s, t in zip(self.slopes, self.program.tangent, strict=True))

    @property
    def bent(self) -> list[float]:
        """The Hessian times the tangent."""
        n, t = len(self.slopes), self.program.tangent
        return [sum(self.second[i * n + j] * t[j] for j in range(n)) for i in range(n)]

    def line(self, f: Callable[..., Any]) -> Callable[[Any], Any]:
        """f along the tangent through the point."""
        pairs = list(zip(self.program.point, self.program.tangent, strict=True))
        return lambda t: f(self.tree([x + t * dx for x, dx in pairs]), self.exponent)


class Failed(AssertionError):
    """What a law found."""


def agree(got: Any, wanted: Sequence[float], tolerance: float = TOLERANCE) -> None:
    """The leaves of a result are plain floats, and nearly those that are wanted."""
    leaves = flat(got)
    if any(type(leaf) is not float for leaf in leaves):
        raise Failed(f"not plain floats: {leaves!r:.300}")
    size = max(1.0, *map(abs, wanted))
    close = [abs(a - b) <= tolerance * size for a, b in zip(leaves, wanted, strict=True)]
    if not all(close):
        raise Failed(f"got {leaves!r:.300}, wanted {list(wanted)!r:.300}")


def like(tree: Any, got: Any) -> Any:
    """A result that must have the structure of a tree, with the keys of dicts in its order."""
    if outline(got) != outline(tree):
        raise Failed(f"got the tree {got!r:.200}, wanted one like {tree!r:.200}")
    return got
