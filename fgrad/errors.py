"""What can go wrong: every error carries its data, stands under a builtin and survives pickling.

Nodes appear in errors as their text, because a node alone cannot be pickled.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class NotAValue(TypeError):
    """Something that is not a number, a node or (where one is asked for) a truth value."""

    where: str
    needed: str
    got: str
    advice: str

    def __str__(self) -> str:
        """Say what was needed, what came and what to do."""
        return f"{self.where} needs {self.needed}; got {self.got}. {self.advice}"


@attrs.frozen
class SilentDetach(TypeError):
    """Python asked a node for a plain number or truth value, which would drop its derivative."""

    asked: str
    node: str
    advice: str

    def __str__(self) -> str:
        """Say what was asked, of which node, and the way out."""
        return f"{self.asked} of {self.node} would lose its derivative. {self.advice}"


@attrs.frozen
class UnknownNode(KeyError):
    """A node that is not in the graph it was looked up in."""

    node: str
    size: int

    def __str__(self) -> str:
        """Name the node and how to get it into a graph."""
        return (
            f"{self.node} is not among the {self.size} nodes of this graph. Nodes are equal only"
            " to themselves: pass the very node the outputs were computed from, or, if they no"
            " longer depend on it, add it as an output: Graph.of(output, node)."
        )


@attrs.frozen
class NotDifferentiable(TypeError):
    """A gradient was asked of something that has none."""

    where: str
    got: str
    advice: str

    def __str__(self) -> str:
        """Say what came and what to do."""
        return (
            f"{self.where} needs an output that is one real number; got {self.got}. {self.advice}"
        )


@attrs.frozen
class NotPicklable(TypeError):
    """A node or an operation that cannot be pickled the way it was tried."""

    got: str
    advice: str

    def __str__(self) -> str:
        """Say what came and what to do."""
        return f"{self.got} cannot be pickled. {self.advice}"


@attrs.frozen
class GradientMismatch(AssertionError):
    """`check_gradient` found a derivative that differences do not confirm."""

    order: int
    method: str
    direction: tuple[float, ...]
    derivative: float
    difference: float
    tolerance: float
    report: str

    def __str__(self) -> str:
        """Give the whole report."""
        return self.report


@attrs.frozen
class FormatError(ValueError):
    """A text that is not an expression, with the place where it stops being one."""

    text: str
    column: int
    problem: str

    def __str__(self) -> str:
        """Say the problem, then show the place under a caret."""
        start = max(0, self.column - 60)
        shown = self.text[start : start + 120].replace("\n", " ")
        return f"{self.problem}\n  {shown}\n  {' ' * (self.column - start)}^"


@attrs.frozen
class UnknownName(LookupError):
    """A name that nothing is bound to."""

    name: str
    known: tuple[str, ...]
    nearest: str | None

    def __str__(self) -> str:
        """Name the nearest known name, or all of them when they are few."""
        if self.nearest is not None:
            return f"no value or operation is named {self.name!r}; did you mean {self.nearest!r}?"
        if not self.known:
            return f"no value or operation is named {self.name!r}; no names are known here."
        return (
            f"no value or operation is named {self.name!r}; known are {', '.join(self.known[:12])}."
        )


@attrs.frozen
class EmptyReduction(ValueError):
    """A sum, product or dot product of nothing, which has no kind of value."""

    where: str
    start: str

    def __str__(self) -> str:
        """Say what to start with."""
        return f"{self.where} needs at least one term; got none. Start with {self.start}."
