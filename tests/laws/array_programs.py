"""Random programs over arrays: frozen values that are written out as Python, and run in two worlds.

A program is straight-line code with functions in it, and every line has two texts: the one that a
user writes for fgrad (operators, methods, names of numpy), and the one that oracles run, functions of
`fg` alone, which each of them has under that name. They differ where an oracle must be told what is
known: where a branch is not taken, its text has a harmless number there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np

from tests.laws.transform_programs import LEAF, Shape

Lengths: TypeAlias = tuple[int, ...]
Operand: TypeAlias = int | str
"""A variable by its number, or the text of a constant."""


@attrs.frozen
class Line:
    """`v<out> = ...`, of a shape that is known; `truth` says that it is a condition."""

    name: str
    text: str
    oracle: str
    args: tuple[Operand, ...] = ()
    functions: tuple[Function, ...] = ()
    out: int = -1
    shape: Lengths = ()
    truth: bool = False

    def written(self, *, oracle: bool) -> list[str]:
        """Its statements: the functions it calls come before it."""
        lines = [text for f in self.functions for text in f.written(oracle=oracle)]
        return [*lines, f"v{self.out} = {self.value(oracle=oracle)}"]

    def value(self, *, oracle: bool) -> str:
        """What is on the right of the sign."""
        names = [f"v{a}" if isinstance(a, int) else a for a in self.args]
        called = {f"f{i}": f.name for i, f in enumerate(self.functions)}
        return (self.oracle if oracle else self.text).format(*names, **called)


@attrs.frozen
class Function:
    """A function of one argument, a tree of variables; it sees what is around it."""

    params: tuple[int, ...]
    tree: Shape
    lines: tuple[Line, ...]
    results: tuple[Operand, ...]
    shapes: tuple[Lengths, ...]
    """Those of the parameters."""
    result: Shape = LEAF

    @property
    def name(self) -> str:
        return f"f{self.params[0]}"

    def written(self, *, oracle: bool, name: str = "") -> list[str]:
        """Its statements."""
        names = ", ".join([f"v{i}" for i in self.params])
        paths = self.tree.paths("p")
        bound = [] if self.tree == LEAF else [f"{names} = {', '.join(paths)}"]
        body = [text for line in self.lines for text in line.written(oracle=oracle)]
        ends = iter([f"v{y}" if isinstance(y, int) else y for y in self.results])
        back = f"return {self.result.written(ends)}"
        head = f"def {name or self.name}({names if self.tree == LEAF else 'p'}):"
        return [head, *["    " + text for text in (*bound, *body, back)]]


@attrs.frozen(eq=False)
class Program:
    """A function of a tree of arrays and numbers, and where it is differentiated.

    `layouts` are those of its leaves; `ways` are how it is differentiated.
    """

    function: Function
    leaves: tuple[Any, ...]
    layouts: tuple[str, ...]
    ways: tuple[str, ...]

    @property
    def text(self) -> str:
        """As fgrad runs it: a function `f` of the tree."""
        return "\n".join(self.function.written(oracle=False, name="f"))

    @property
    def oracle(self) -> str:
        """As an oracle runs it: a function of the leaves, to the list of the leaves of its result."""
        one = attrs.evolve(
            self.function,
            tree=Shape("list", (LEAF,) * len(self.leaves)),
            result=Shape("list", (LEAF,) * len(self.function.results)),
        )
        return "\n".join(one.written(oracle=True, name="f"))

    def told(self) -> str:
        """All there is to a failure, as Python."""
        leaves = iter([repr(leaf) for leaf in self.leaves])
        return f"{self.text}\np = {self.function.tree.written(leaves)}  # {', '.join(self.layouts)}"

    def lines(self) -> Iterator[Line]:
        """All of them, of functions inside too."""
        return all_lines(self.function)


def all_lines(function: Function) -> Iterator[Line]:
    """The lines of a function and of those inside."""
    for line in function.lines:
        yield line
        for inner in line.functions:
            yield from all_lines(inner)


def literal(array: Any) -> str:
    """An array or a number as Python writes it."""
    if np.ndim(array) == 0:
        return f"({float(array)!r})" if np.asarray(array).dtype.kind == "f" else repr(array.item())
    if not np.size(array):
        return f"np.zeros({np.shape(array)}, {'bool' if array.dtype.kind == 'b' else 'float'})"
    return f"np.array({array.tolist()!r})"


def laid(leaf: Any, layout: str) -> Any:
    """A leaf in a layout."""
    if not np.ndim(leaf):
        return {"0-d": np.array(leaf), "float64": np.float64(leaf)}.get(layout, leaf)
    match layout:
        case "columns":
            return np.asfortranarray(leaf)
        case "backwards":
            return np.flip(np.flip(leaf).copy())
        case "spaced":
            wide = np.full([2 * n for n in leaf.shape], np.nan)
            part = wide[tuple([slice(1, None, 2)] * leaf.ndim)]
            part[...] = leaf
            return part
        case "strides of 0":
            return np.broadcast_to(leaf[:1].copy(), leaf.shape)
        case "read-only":
            fixed = leaf.copy()
            fixed.flags.writeable = False
            return fixed
        case "big-endian":
            return leaf.astype(">f8")
        case "whole numbers":
            return leaf.astype(int)
        case "view of columns":
            return np.ascontiguousarray(leaf.T).T
        case _:
            return leaf.copy()


LAYOUTS = ("plain", "columns", "backwards", "spaced", "read-only", "big-endian", "view of columns")


def flat(tree: Any) -> list[Any]:
    """The leaves of a result in the order of the program's: of dicts by their sorted keys."""
    from tests.laws import transform_kit  # noqa: PLC0415  # it needs more than numpy

    return transform_kit.flat(tree)


def drawn(shapes: Sequence[Lengths], seed: int) -> list[Any]:
    """Arrays of those shapes, and numbers, of eighths: directions and weights."""
    random = np.random.default_rng(seed)
    made = [random.integers(-12, 13, size=shape) / 8.0 for shape in shapes]
    return [m if m.ndim else float(m) for m in made]
