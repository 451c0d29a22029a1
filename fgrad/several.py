"""Operations with several results, and what flows back to them.

A result of several is read by an item. The partial derivative of item i is the i-th basis vector,
so a flow times it is a bundle with one part, and bundles add up where the items' flows meet.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn, TypeAlias, final

import attrs

from fgrad.errors import NotPicklable
from fgrad.op import Op, Rule

Row: TypeAlias = Sequence[Any]
"""Floats or nodes, one for each argument or each result; None is a structural zero."""
JointRule: TypeAlias = Callable[[Row, Row, Row], Row]


class Callee(ABC):
    """A meaning that is a value: a program that is called, under its name."""

    __slots__ = ()

    @property
    @abstractmethod
    def program(self) -> Any:
        """The program."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """The name of the computation."""

    @property
    @abstractmethod
    def op(self) -> Joint:
        """The operation that a call is."""

    @abstractmethod
    def __call__(self, *xs: float) -> tuple[float, ...]:
        """The results."""


@final
@attrs.frozen(repr=False)
class Joint(Op):
    """An operation on `arity` numbers with `size` results, differentiated as a whole.

    `pull(results, args, cotangents)` gives the cotangents of the arguments from those of the
    results, and `push(results, args, tangents)` the tangents of the results; without it they come
    of a pull for each. Both are written as rules are, for floats and nodes alike; None is a
    structural zero. Operations of the same meaning are equal.
    """

    meaning: Callable[..., tuple[float, ...]]
    arity: int = attrs.field(eq=False)  # type: ignore[misc]  # other classes have one arity, this one any
    size: int = attrs.field(eq=False)
    pull: JointRule = attrs.field(eq=False)
    push: JointRule | None = attrs.field(default=None, eq=False)

    joint: ClassVar[bool] = True

    @property
    def callee(self) -> Callee | None:
        """What it calls, if that is a value."""
        return self.meaning if isinstance(self.meaning, Callee) else None

    @property
    def module(self) -> NoReturn:
        """NotPicklable: it is made of functions, whenever it is needed, and bound nowhere."""
        advice = "It is made of functions: send what comes of it, or make it again over there."
        raise NotPicklable(repr(self), advice)

    def __reduce__(self) -> Any:
        """Pickle what it calls; NotPicklable if that is no value."""
        return operator.attrgetter("op"), (self.callee or self.module,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """None: its arguments are not differentiated one by one."""
        return (None,) * self.arity


@final
@attrs.frozen(repr=False)
class Item(Op):
    """The operation that reads one result of several."""

    meaning: Callable[..., Any] = attrs.field(eq=False)
    index: int

    arity: ClassVar[int] = 1

    @classmethod
    def at(cls, index: int) -> Item:
        """The item of result `index`."""
        return cls("item", operator.itemgetter(index), index)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the index: there is one for every number."""
        return Item.at, (self.index,)

    def dx(self, out: Any, x: Any) -> Any:
        """The basis vector, which puts what flows to the item in its place."""
        return Basis(self.index)

    @property
    def kinds(self) -> tuple[type, ...]:
        """The several results."""
        return (tuple,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rule of its argument."""
        return (self.dx,)


@final
@attrs.frozen(eq=False)
class Bundle:
    """The flows to some of the results, the last one on top; a result may have several."""

    index: int
    flow: Any
    below: Bundle | None = None

    def __add__(self, other: Bundle) -> Bundle:
        """Both; `other` is what one item sends."""
        return Bundle(other.index, other.flow, self)

    def settled(self, size: int, plus: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
        """The sum of the flows to each of `size` results; None where there is none."""
        flows = []
        bundle: Bundle | None = self
        while bundle is not None:
            flows.append(bundle)
            bundle = bundle.below
        sums: list[Any] = [None] * size
        for part in reversed(flows):
            known = sums[part.index]
            sums[part.index] = part.flow if known is None else plus(known, part.flow)
        return tuple(sums)


@final
@attrs.frozen(eq=False)
class Basis:
    """The i-th basis vector, the partial derivative of item i."""

    index: int

    def __rmul__(self, flow: Any) -> Bundle:
        """The bundle with `flow` alone."""
        return Bundle(self.index, flow)
