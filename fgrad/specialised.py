"""A function that becomes a program for each structure of its arguments, and is run as that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from fgrad import joint, trees
from fgrad.direct import MISS
from fgrad.errors import NotAValue, TreeMismatch
from fgrad.kernel import Kernel, Tier
from fgrad.node import Node
from fgrad.passes import simplified
from fgrad.specialisation import TRIED, Given, Specialisation
from fgrad.tracing import Tracing


@attrs.frozen(eq=False)
class Specialised:
    """A function, and what it became for each structure of its arguments that it was called with."""

    function: Callable[..., Any] | None
    tier: Tier
    exact: bool
    # It only grows; what two threads trace at the same time is the same.
    _made: dict[trees.Structure[Any], Specialisation] = attrs.field(factory=dict, init=False)
    _calls: list[Given] = attrs.field(factory=list, init=False)

    @property
    def made(self) -> Mapping[Any, Specialisation]:
        """All specialisations, by the structure of the arguments."""
        return MappingProxyType(self._made.copy())

    def found(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Sequence[trees.Leaf], Specialisation]:
        """The leaves, and the specialisation for these arguments, made if it is not there yet."""
        # Most calls are of a structure that is known, and to read as one is faster than to find it.
        for special in tuple(self._made.values())[: -TRIED - 1 : -1]:
            read: list[trees.Leaf] = []
            if special.arguments.read((args, kwargs), read):
                return read, special
        leaves, structure = trees.flatten((args, kwargs), "arguments")
        try:
            hash(structure)
        except TypeError as error:
            advice = "What passes through must be hashable, for it chooses the program."
            raise NotAValue(
                "a compiled function", "hashable static fields", str(error), advice
            ) from None
        known = self._made.get(structure)
        return leaves, known or self.kept(self._traced(args, kwargs, structure))

    def _traced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], structure: trees.Structure[Any]
    ) -> Specialisation:
        if self.function is None:
            shapes = [str(s.paths()) for s in self.made]
            raise TreeMismatch("arguments", " or ".join(shapes)[:200], str(structure.paths())[:200])
        tracing = Tracing.of(self.function, args, kwargs)
        program = simplified(tracing.program)
        return Specialisation(Kernel(program, self.tier, self.exact), structure, tracing.result)

    def kept(self, special: Specialisation) -> Specialisation:
        """The specialisation for that structure, which is this one if there is no other."""
        return self._made.setdefault(special.arguments, special)

    def called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of the function, on floats as floats and on nodes as nodes."""
        for call in self._calls:
            result = call(args, kwargs)
            if result is not MISS:
                return result
        leaves, special = self.found(args, kwargs)
        if len(self._calls) < TRIED and _numbers(leaves):
            written = special.call
            if written is not None and written not in self._calls:
                self._calls.append(written)
        return _run(special, leaves)

    def first(self, owner: Front) -> Callable[..., Any]:
        """The call of `owner` until there is a faster one for numbers in some structure."""

        def call(*args: Any, **kwargs: Any) -> Any:
            leaves, special = self.found(args, kwargs)
            if not _numbers(leaves):
                return _run(special, leaves)
            front = special.front(self.called) or self._other
            owner._exchange(front)
            return front(*args, **kwargs)

        return call

    def _other(self, *args: Any, **kwargs: Any) -> Any:
        return self.called(args, kwargs)


def _numbers(leaves: Sequence[trees.Leaf]) -> bool:
    return not any(isinstance(leaf, Node) for leaf in leaves)


def _run(special: Specialisation, leaves: Sequence[trees.Leaf]) -> Any:
    given = [leaf if isinstance(leaf, Node) else float(leaf) for leaf in leaves]
    return special.result.unflatten(joint.results(special.kernel.op, given))


class Front:
    """An object whose call is its own, and can be exchanged for a faster one.

    `f(x)` finds the slot and calls what is in it, which may be a builtin. A method that calls it
    would be a frame of Python more.
    """

    __slots__ = ("__call__",)

    def _exchange(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "__call__", call)
