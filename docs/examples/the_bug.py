"""The bug that started fgrad: gradients that live on nodes and are written to.

A tape keeps a `grad` on every node, and each operation writes to the `grad` of its arguments. If it
*assigns*, the flow that comes second replaces the one that came first. If it *adds*, that is
repaired, and a second call of `backward` adds to what the first has left. The fold writes nowhere.
"""

from __future__ import annotations

from typing import Protocol, Self, TypeVar

import fgrad as fg


class Assigning:
    """A node of a tape; its operation's partial derivatives are written to its arguments."""

    def __init__(self, value: float, *partials: tuple[Assigning, float]) -> None:
        self.value = value
        self.partials = partials
        self.grad = 0.0

    def receive(self, flow: float) -> None:
        """The bug is this line: it forgets what has arrived before."""
        self.grad = flow

    def __add__(self, other: Self, /) -> Self:
        return type(self)(self.value + other.value, (self, 1.0), (other, 1.0))

    def __mul__(self, other: Self, /) -> Self:
        return type(self)(self.value * other.value, (self, other.value), (other, self.value))

    def backward(self) -> None:
        """Write the derivative of this node to all nodes before it, users before their arguments."""
        self.grad = 1.0
        for node in reversed(self.tape()):
            for argument, partial in node.partials:
                argument.receive(node.grad * partial)

    def tape(self) -> list[Assigning]:
        """All nodes before this one and this one, arguments before their users."""
        before = [node for argument, _ in self.partials for node in argument.tape()]
        return list(dict.fromkeys([*before, self]))


class Adding(Assigning):
    """The usual repair."""

    def receive(self, flow: float) -> None:
        """Add to what is there, which is right as long as it was zero."""
        self.grad += flow


class Arithmetic(Protocol):
    """What the formulas below need, of a tape's nodes and of fgrad's alike."""

    def __add__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...


A = TypeVar("A", bound=Arithmetic)


class Formula(Protocol):
    """A function of two numbers of whatever kind."""

    def __call__(self, a: A, b: A, /) -> A:
        """Its value, computed with + and * alone."""
        ...


def doubled(a: A, b: A) -> A:
    """Both flows into `a` come from the same operation."""
    return a + a


def crossed(a: A, b: A) -> A:
    """One flow into `a`, and one into `b`, comes through d and the other through e."""
    d = a * b
    e = a + b
    return d * e


def by_tape(kind: type[Assigning], formula: Formula, calls: int) -> tuple[float, float]:
    """What `calls` calls of `backward` leave on a and b."""
    a, b = kind(-2.0), kind(3.0)
    output = formula(a, b)
    for _ in range(calls):
        output.backward()
    return a.grad, b.grad


def by_fold(formula: Formula, calls: int) -> tuple[float, float]:
    """What the last of `calls` calls of `grad` gives for a and b."""
    a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
    output = formula(a, b)
    graph = fg.Graph.of(output, a, b)
    gradients = [fg.grad(graph, output) for _ in range(calls)][-1]
    return gradients[a], gradients[b]


def show(title: str, formula: Formula, truth: tuple[float, float]) -> None:
    """One table: every way to differentiate `formula`, once and twice, beside the truth."""
    print(f"{title:<34}{'da':>5}{'db':>5}")
    print(f"{'  the truth':<34}{truth[0]:>5g}{truth[1]:>5g}")
    for calls, times in ((1, ""), (2, ", called twice")):
        for way, (da, db) in (
            ("tape that assigns", by_tape(Assigning, formula, calls)),
            ("tape that adds", by_tape(Adding, formula, calls)),
            ("fold", by_fold(formula, calls)),
        ):
            verdict = "right" if (da, db) == truth else "wrong"
            print(f"{f'  {way}{times}':<34}{da:>5g}{db:>5g}  {verdict}")


show("a + a at a = -2, b = 3", doubled, (2.0, 0.0))
print()
show("(a * b) * (a + b) at a = -2, b = 3", crossed, (-3.0, -8.0))
