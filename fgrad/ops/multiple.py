"""Operations with multiple results, and the cotangents that their results receive.

A call is one node, whose value is the tuple of the results; an `Item` reads one of them. The partial
derivative of item i is the i-th basis vector, so a cotangent times it is a `Bundle` with one part,
and the call node receives the sum of the bundles of its items. A contribution may also be guarded:
its condition stays outside of sums and products (docs/decisions/0005).
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
MultiRule: TypeAlias = Callable[[Row, Row, Row], Row]
Maker: TypeAlias = "tuple[Callable[..., MultiOp], tuple[int, ...]]"
"""A function of a module, and its arguments."""


class Callee(ABC):
    """An implementation that is a value: a program that is called, identified by its digest."""

    __slots__ = ()

    @property
    @abstractmethod
    def program(self) -> Any:
        """The program."""

    @property
    @abstractmethod
    def op(self) -> MultiOp:
        """The operation of a call."""

    @abstractmethod
    def __call__(self, *xs: float) -> tuple[float, ...]:
        """The results."""


@final
@attrs.frozen(repr=False)
class MultiOp(Op):
    """An operation on `arity` numbers with `size` results, differentiated as a whole.

    `pullback(results, args, cotangents)` returns the cotangents of the arguments, and
    `pushforward(results, args, tangents)` the tangents of the results; without it they are computed
    by a pullback for each result. Both are written as rules are, for floats and nodes alike; None is
    no contribution. `truths` are the places of results that are truth values, which have no
    derivative. Operations with the same implementation are equal.
    """

    impl: Callable[..., tuple[float, ...]]
    arity: int = attrs.field(eq=False)  # type: ignore[misc]  # other classes have one arity, this one any
    size: int = attrs.field(eq=False)
    pullback: MultiRule = attrs.field(eq=False)
    pushforward: MultiRule | None = attrs.field(default=None, eq=False)
    truths: frozenset[int] = attrs.field(default=frozenset(), eq=False, kw_only=True)
    maker: Maker | None = attrs.field(default=None, eq=False, kw_only=True)
    """How an operation of ours is made again, in another process."""

    multiple: ClassVar[bool] = True

    @property
    def callee(self) -> Callee | None:
        """The program that it calls, if it calls one."""
        return self.impl if isinstance(self.impl, Callee) else None

    @property
    def module(self) -> NoReturn:
        """NotPicklable: it is made of functions when it is needed, and bound to no name."""
        advice = "It is made of functions: send its results, or make it again in the other process."
        raise NotPicklable(repr(self), advice)

    def __reduce__(self) -> Any:
        """Pickle how it is made, or the program that it calls; NotPicklable if there is neither."""
        return self.maker or (operator.attrgetter("op"), (self.callee or self.module,))

    @property
    def rules(self) -> NoReturn:
        """Refuse: its arguments are not differentiated one by one, and an absent rule means 0."""
        raise TypeError(
            f"{self!r} is differentiated as a whole: by its pullback or its pushforward"
        )

    @property
    def nameless(self) -> bool:
        """Whether we made it from a user's functions at a call, so that no name leads to it."""
        ours = str(getattr(self.impl, "__module__", "")).startswith("fgrad.")
        return ours and self.callee is None and self.maker is None

    def readers(self) -> tuple[Item, ...]:
        """The operations that read its results."""
        return _readers(self.size, self.truths)


@final
@attrs.frozen(repr=False)
class Item(Op):
    """The operation that reads one of multiple results."""

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
        """The basis vector, which puts the cotangent of the item in its place."""
        return Basis(self.index)

    @property
    def kinds(self) -> tuple[type, ...]:
        """The tuple of the results."""
        return (tuple,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rule of its argument; a truth value has none."""
        return (None if self.truth else self.dx,)


@lru_cache(maxsize=64)  # of any number of sizes
def _readers(size: int, truths: frozenset[int]) -> tuple[Item, ...]:
    return tuple([Item.at(i, i in truths) for i in range(size)])


@final
@attrs.frozen(eq=False)
class Bundle:
    """Contributions to some of the results, the latest on top; a result may receive several."""

    index: int
    contribution: Any
    below: Bundle | None = None

    def __add__(self, other: Bundle) -> Bundle:
        """Both, those of `other` on top."""
        if other.below is None:  # of one item, as most are
            return Bundle(other.index, other.contribution, self)
        parts = []
        rest: Bundle | None = other
        while rest is not None:
            parts.append(rest)
            rest = rest.below
        bundle = self
        for part in reversed(parts):
            bundle = Bundle(part.index, part.contribution, bundle)
        return bundle

    def totals(self, size: int, total: Callable[[Sequence[Any]], Any]) -> tuple[Any, ...]:
        """The cotangent of each of `size` results, the total of its contributions; None without any."""
        received: list[list[Any]] = [[] for _ in range(size)]
        bundle: Bundle | None = self
        while bundle is not None:
            received[bundle.index].append(bundle.contribution)
            bundle = bundle.below
        return tuple([total(parts[::-1]) if parts else None for parts in received])


@final
@attrs.frozen(eq=False)
class Basis:
    """The i-th basis vector, the partial derivative of item i."""

    index: int

    def __rmul__(self, cotangent: Any) -> Bundle:
        """The bundle with `cotangent` alone."""
        return Bundle(self.index, cotangent)


def guarded(condition: Truth[Any], x: Any) -> Any:
    """The contribution `x` under one more condition."""
    if isinstance(x, Guarded):
        return Guarded(ops.logical_and(condition, x.condition), x.value)
    return Guarded(condition, x)


def settled(x: Any) -> Any:
    """The contribution without its guard: 0 where its condition does not hold."""
    if isinstance(x, Guarded):
        return x.value if x.zero else ops.where(x.condition, x.value, 0.0)
    return x


def either(x: Any, y: Any) -> Any:
    """The sum of two contributions; it is guarded when both are, by either condition."""
    if isinstance(x, Guarded) and isinstance(y, Guarded):
        if x.condition is y.condition:
            return Guarded(x.condition, x.value + y.value)
        active = ops.logical_or(x.condition, y.condition)
        return Guarded(active, settled(x) + settled(y), zero=True)
    return settled(x) + settled(y)
