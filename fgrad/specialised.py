"""A function that becomes a program for each structure of its arguments, and is run as that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from fgrad import joint, parameters, trees
from fgrad.direct import MISS
from fgrad.errors import CyclicTree, NotAValue, TreeMismatch
from fgrad.kernel import Kernel, Tier
from fgrad.node import Node
from fgrad.operand import literal
from fgrad.passes import simplified
from fgrad.reference import Reference
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

    @property
    def traced(self) -> Callable[..., Any] | None:
        """The function, imported if it is shipped; None where it cannot be."""
        function = self.function
        return function.function if isinstance(function, Reference) else function

    def found(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Sequence[trees.Leaf], Specialisation]:
        """The leaves, and the specialisation for these arguments, made if it is not there yet."""
        # Most calls are of a structure that is known, and to read as one is faster than to find it.
        for special in tuple(self._made.values())[: -TRIED - 1 : -1]:
            read: list[trees.Leaf] = []
            if special.arguments.read((args, kwargs), read):
                return read, special
        try:
            leaves, structure = trees.flatten((args, kwargs), "arguments")
        except (NotAValue, CyclicTree):
            parameters.refuse(self.traced, args, kwargs, trees.flatten)
            raise
        try:
            known = self._made.get(structure)
        except TypeError as error:
            found = parameters.unhashable(self.traced, structure)
            where, value = found or ("a compiled function", error)
            advice = "What passes through must be hashable, for it chooses the program."
            raise NotAValue(where, "a hashable value", f"{value!r:.60}", advice) from None
        return leaves, known or self.kept(self._traced(args, kwargs, structure))

    def _traced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], structure: trees.Structure[Any]
    ) -> Specialisation:
        function = self.traced
        if function is None:
            known = [f"({', '.join(s.kernel.program.inputs)})" for s in self.made.values()]
            got = f"({', '.join(parameters.leaf_names(None, structure))})"
            raise TreeMismatch("arguments", " or ".join(known)[:200], got[:200])
        tracing = Tracing.of(function, args, kwargs)
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

    def first(self, owner: Front, other: Given) -> Callable[..., Any]:
        """The call of `owner` until there is a faster one for numbers in some structure.

        That leaves to `other` what it does not know, and so does this for classes.
        """

        def call(*args: Any, **kwargs: Any) -> Any:
            if args and isinstance(args[0], type):
                return other(args, kwargs)
            leaves, special = self.found(args, kwargs)
            if not _numbers(leaves):
                return _run(special, leaves)
            front = special.front(other) or (lambda *args, **kwargs: other(args, kwargs))
            owner._exchange(front)
            return front(*args, **kwargs)

        return call


def _numbers(leaves: Sequence[trees.Leaf]) -> bool:
    return not any(isinstance(leaf, Node) for leaf in leaves)


def _run(special: Specialisation, leaves: Sequence[trees.Leaf]) -> Any:
    given = [leaf if isinstance(leaf, Node) else literal(leaf, "a call") for leaf in leaves]
    return special.result.unflatten(joint.results(special.kernel.op, given))


class Front:
    """An object whose call is its own, and can be exchanged for a faster one.

    `f(x)` finds the slot and calls what is in it, which may be a builtin. A method that calls it
    would be a frame of Python more.
    """

    __slots__ = ("__call__",)

    def _exchange(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "__call__", call)
