"""Operations with several results, and what flows back to them.

A result of several is read by an item. The partial derivative of item i is the i-th basis vector,
so a flow times it is a bundle with one part, and bundles add up where the items' flows meet. A contribution may also be guarded: it
flows under a condition, which stays outside of sums and products (docs/decisions/0005).
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NoReturn, TypeAlias, final

import attrs

from fgrad.errors import NotPicklable
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Guarded, Truth
from fgrad.ops.primitive import Op, Rule

Row: TypeAlias = Sequence[Any]
"""Floats or nodes, one for each argument or each result; None is no contribution."""
JointRule: TypeAlias = Callable[[Row, Row, Row], Row]
Maker: TypeAlias = "tuple[Callable[..., Joint], tuple[int, ...]]"
"""A function of a module, and what it is called with."""


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
    of a pull for each. Both are written as rules are, for floats and nodes alike; None is no
    contribution. `truths` are the places of results that are truth values, which nothing flows to.
    Operations of the same meaning are equal.
    """

    impl: Callable[..., tuple[float, ...]]
    arity: int = attrs.field(eq=False)  # type: ignore[misc]  # other classes have one arity, this one any
    size: int = attrs.field(eq=False)
    pull: JointRule = attrs.field(eq=False)
    push: JointRule | None = attrs.field(default=None, eq=False)
    truths: frozenset[int] = attrs.field(default=frozenset(), eq=False, kw_only=True)
    maker: Maker | None = attrs.field(default=None, eq=False, kw_only=True)
    """How an operation of ours is made again, by which it is known in another process."""

    joint: ClassVar[bool] = True

    @property
    def callee(self) -> Callee | None:
        """What it calls, if that is a value."""
        return self.impl if isinstance(self.impl, Callee) else None

    @property
    def module(self) -> NoReturn:
        """NotPicklable: it is made of functions, whenever it is needed, and bound nowhere."""
        advice = "It is made of functions: send what comes of it, or make it again over there."
        raise NotPicklable(repr(self), advice)

    def __reduce__(self) -> Any:
        """Pickle how it is made, or what it calls; NotPicklable if that is no value."""
        return self.maker or (operator.attrgetter("op"), (self.callee or self.module,))

    @property
    def rules(self) -> NoReturn:
        """Refuse: its arguments are not differentiated one by one, and no rule is not a zero."""
        raise TypeError(f"{self!r} is differentiated as a whole: by its pull or its push")

    @property
    def nameless(self) -> bool:
        """Whether it was made by us of a user's functions, at a call of theirs: nobody has it."""
        ours = str(getattr(self.impl, "__module__", "")).startswith("fgrad.")
        return ours and self.callee is None and self.maker is None

    def readers(self) -> tuple[Item, ...]:
        """The operations that read its results."""
        return _readers(self.size, self.truths)


@final
@attrs.frozen(repr=False)
class Item(Op):
    """The operation that reads one result of several."""

    impl: Callable[..., Any] = attrs.field(eq=False)
    index: int
    truth: bool = False  # type: ignore[misc]  # other classes are of one kind, this one of either

    arity: ClassVar[int] = 1

    @classmethod
    def at(cls, index: int, truth: bool = False) -> Item:  # as it is pickled
        """The item of result `index`, a number or a truth value."""
        return cls("item", operator.itemgetter(index), index, truth)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the index and the kind: there is one for each of these."""
        return Item.at, (self.index, self.truth)

    def dx(self, out: Any, x: Any) -> Any:
        """The basis vector, which puts what flows to the item in its place."""
        return Basis(self.index)

    @property
    def kinds(self) -> tuple[type, ...]:
        """The several results."""
        return (tuple,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rule of its argument; nothing flows through a truth value."""
        return (None if self.truth else self.dx,)


@lru_cache(maxsize=64)  # of any number of sizes
def _readers(size: int, truths: frozenset[int]) -> tuple[Item, ...]:
    return tuple([Item.at(i, i in truths) for i in range(size)])


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

    def settled(self, size: int, total: Callable[[Sequence[Any]], Any]) -> tuple[Any, ...]:
        """The total of the flows to each of `size` results; None where there is none."""
        flows: list[list[Any]] = [[] for _ in range(size)]
        bundle: Bundle | None = self
        while bundle is not None:
            flows[bundle.index].append(bundle.flow)
            bundle = bundle.below
        return tuple([total(parts[::-1]) if parts else None for parts in flows])


@final
@attrs.frozen(eq=False)
class Basis:
    """The i-th basis vector, the partial derivative of item i."""

    index: int

    def __rmul__(self, flow: Any) -> Bundle:
        """The bundle with `flow` alone."""
        return Bundle(self.index, flow)


def guarded(condition: Truth[Any], flow: Any) -> Any:
    """`flow` under one more condition."""
    if isinstance(flow, Guarded):
        return Guarded(ops.logical_and(condition, flow.condition), flow.value)
    return Guarded(condition, flow)


def settled(flow: Any) -> Any:
    """What flows in the end: 0 where the condition of a guarded flow does not hold."""
    if isinstance(flow, Guarded):
        return flow.value if flow.zero else ops.where(flow.condition, flow.value, 0.0)
    return flow


def either(x: Any, y: Any) -> Any:
    """The sum of two contributions; it is guarded when both are, and flows where either does."""
    if isinstance(x, Guarded) and isinstance(y, Guarded):
        if x.condition is y.condition:
            return Guarded(x.condition, x.value + y.value)
        flows = ops.logical_or(x.condition, y.condition)
        return Guarded(flows, settled(x) + settled(y), zero=True)
    return settled(x) + settled(y)
