"""What can go wrong, in one list of small classes: each carries its data, derives from a builtin, pickles.

Nodes appear in errors as their text, because a node alone cannot be pickled. Exceptions show and
pickle their fields by themselves, so attrs does not generate that: it would take a third of the time
of importing this.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, ClassVar, Self

import attrs


class _Worded:
    """An error that says a text, with its fields filled in."""

    __slots__ = ()

    _says: ClassVar[str]

    def __str__(self) -> str:
        """Fill in the fields."""
        return self._says.format(self)


@attrs.frozen(repr=False, getstate_setstate=False)
class NotAValue(_Worded, TypeError):
    """Something that is not a number, a node or (where one is asked for) a truth value."""

    where: str
    needed: str
    got: str
    advice: str

    _says: ClassVar[str] = "{0.where} needs {0.needed}; got {0.got}. {0.advice}"


@attrs.frozen(repr=False, getstate_setstate=False)
class SilentDetach(_Worded, TypeError):
    """Python asked a node for a plain number or truth value, which would lose its derivative."""

    asked: str
    node: str
    advice: str

    _says: ClassVar[str] = "{0.asked} of {0.node} would lose its derivative. {0.advice}"


@attrs.frozen(repr=False, getstate_setstate=False)
class TracedNumber(TypeError):
    """A value was asked for while a function is traced, when there is none."""

    asked: str
    file: str
    line: int
    source: str
    name: str | None = None
    """The name of the number, if it is an argument."""

    def __str__(self) -> str:
        """Name the line that asked and the number, and say what to do."""
        number = f"the traced number {self.name}" if self.name else "a traced number"
        return (
            f"line {self.line} of {self.file} asks for {self.asked} of {number}, which has"
            f" none yet: {self.source}\nChoose with where(condition, x, y), take maximum and minimum"
            " for max and min, compare by equal(x, y) instead of == and not_equal(x, y) instead of !=, and join conditions by & and |,"
            " as in (a < x) & (x < b); a number"
            " that decides the shape of the computation must not be traced: mark its field as"
            " static, field(metadata=trees.STATIC), or have the function close over it."
        )


@attrs.frozen(repr=False, getstate_setstate=False)
class UnknownNode(_Worded, KeyError):
    """A node that is not in the graph it was looked up in."""

    node: str
    size: int

    _says: ClassVar[str] = (
        "{0.node} is not among the {0.size} nodes of this graph. Nodes are equal only"
        " to themselves: pass the very node the outputs were computed from, or, if they no"
        " longer depend on it, add it as an output: Graph.of(output, node)."
    )


@attrs.frozen(repr=False, getstate_setstate=False)
class NotDifferentiable(_Worded, TypeError):
    """A gradient was asked of something that has none."""

    where: str
    got: str
    advice: str

    _says: ClassVar[str] = (
        "{0.where} needs an output that is one real number; got {0.got}. {0.advice}"
    )


@attrs.frozen(repr=False, getstate_setstate=False)
class NotPicklable(_Worded, TypeError):
    """A node or an operation that cannot be pickled the way it was tried."""

    got: str
    advice: str

    _says: ClassVar[str] = "{0.got} cannot be pickled. {0.advice}"


@attrs.frozen(repr=False, getstate_setstate=False)
class GradientMismatch(_Worded, AssertionError):
    """`check_gradient` found a derivative that differences do not confirm."""

    order: int
    method: str
    direction: tuple[float, ...]
    derivative: float
    difference: float
    tolerance: float
    report: str

    _says: ClassVar[str] = "{0.report}"


@attrs.frozen(repr=False, getstate_setstate=False)
class FormatError(ValueError):
    """A text that is not an expression, program or graph, with the place where it goes wrong."""

    text: str
    column: int
    problem: str

    def __str__(self) -> str:
        """Say the problem, then show the place under a caret."""
        if not self.text.strip():
            return self.problem
        start = max(0, self.column - 60)
        shown = "".join(c if c.isprintable() else " " for c in self.text[start : start + 120])
        return f"{self.problem}\n  {shown}\n  {' ' * (self.column - start)}^"


@attrs.frozen(repr=False, getstate_setstate=False)
class MalformedProgram(_Worded, ValueError):
    """A program whose instruction `instruction`, counted from 0, is invalid."""

    instruction: int
    problem: str

    _says: ClassVar[str] = "instruction {0.instruction} of the program: {0.problem}"


@attrs.frozen(repr=False, getstate_setstate=False)
class Untranslatable(_Worded, TypeError):
    """An operation that cannot be written in another language."""

    operation: str
    language: str
    problem: str

    _says: ClassVar[str] = (
        "{0.operation} cannot be written in {0.language}: {0.problem}. Program.run computes it."
    )


@attrs.frozen(repr=False, getstate_setstate=False)
class UnknownName(LookupError):
    """A name that nothing is bound to."""

    name: str
    known: tuple[str, ...]
    nearest: str | None
    kind: str = "value or operation"

    @classmethod
    def among(cls, name: str, known: Iterable[str], kind: str, said: str | None = None) -> Self:
        """The error for `name`, with its name here (`said`) or the nearest of `known`."""
        names = tuple(known)
        return cls(name, names, said or nearest(name, names), kind)

    def __str__(self) -> str:
        """Name the nearest known name, or the first of them."""
        problem = f"no {self.kind} is named {self.name!r:.60}"
        if self.nearest is not None:
            return f"{problem}; did you mean {self.nearest!r}?"
        if not self.known:
            return f"{problem}; there are none."
        others = len(self.known) - 12
        more = f" and {others} more" if others > 0 else ""
        return f"{problem}; known: {', '.join(self.known[:12])}{more}."


def summary(value: object, width: int = 60) -> str:
    """The first line of what `value` looks like, cut: of a table or a listing its summary.

    >>> summary("x" * 100, 5), summary(None)
    ("'xxxx", 'None')
    """
    return repr(value).partition("\n")[0].removesuffix(":")[:width]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be."""
    from difflib import get_close_matches  # noqa: PLC0415  # read for an error alone

    folded = {k.lower(): k for k in known}
    close = get_close_matches(name.lower(), folded, 1)
    return folded[close[0]] if close else None


@attrs.frozen(repr=False, getstate_setstate=False)
class EmptyReduction(_Worded, ValueError):
    """A sum, product or dot product of no terms, which could be a float or a node."""

    where: str
    start: str

    _says: ClassVar[str] = "{0.where} needs at least one term; got none. Start with {0.start}."


@attrs.frozen(repr=False, getstate_setstate=False)
class CyclicTree(_Worded, ValueError):
    """A container that contains itself."""

    path: str

    _says: ClassVar[str] = (
        "{0.path} is a container that it is itself part of; a tree must end in leaves."
    )


@attrs.frozen(repr=False, getstate_setstate=False)
class TreeMismatch(_Worded, ValueError):
    """Two trees, or a structure and its leaves, that do not agree."""

    path: str
    needed: str
    got: str

    _says: ClassVar[str] = (
        "{0.path} needs {0.needed}; got {0.got}. Trees must have one structure, and arrays one shape."
    )


@attrs.frozen(repr=False, getstate_setstate=False)
class ShapeMismatch(_Worded, ValueError):
    """Arrays whose shapes, or a shape and an axis, do not go together."""

    where: str
    got: str
    advice: str

    _says: ClassVar[str] = "{0.where} does not take {0.got}. {0.advice}"


@attrs.frozen(repr=False, getstate_setstate=False)
class OutOfBounds(ShapeMismatch, IndexError):
    """An index where an array has no elements."""


@attrs.frozen(repr=False, getstate_setstate=False)
class NotConverged(ArithmeticError):
    """A solve that did not converge; `last` is the last iterate, a tree as `start` is."""

    where: str
    last: object
    residual: float
    steps: int
    problem: str

    def __str__(self) -> str:
        """Say how close it came and what to do."""
        last = " ".join(repr(self.last).split())  # arrays have lines
        return (
            f"{self.where} did not converge: {self.problem} after {self.steps} steps, at"
            f" {last:.200} with residual {self.residual:.3g}. Start nearer to the solution,"
            " or allow more steps."
        )


@attrs.frozen(repr=False, getstate_setstate=False)
class NotRegular(_Worded, ArithmeticError):
    """A derivative of something that an equation does not determine there."""

    where: str
    got: str
    advice: str

    _says: ClassVar[str] = "{0.where} is not defined: {0.got}. {0.advice}"


@attrs.frozen(repr=False, getstate_setstate=False)
class MissingExtra(_Worded, ImportError):
    """A package that is asked for but not installed, since it is an extra."""

    where: str
    package: str
    extra: str

    _says: ClassVar[str] = '{0.where} needs {0.package}: pip install "fgrad[{0.extra}]".'


def imported(module: str, where: str, package: str, extra: str) -> Any:
    """The module of an extra; MissingExtra, for `where`, if it cannot be imported."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(where, package, extra) from error


@attrs.frozen(repr=False, getstate_setstate=False)
class MissingProgram(_Worded, RuntimeError):
    """A program beside Python that is asked for but not installed."""

    where: str
    program: str
    advice: str

    _says: ClassVar[str] = "{0.where} needs {0.program}. {0.advice}"
