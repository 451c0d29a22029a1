"""Dispatch: which specialisation of a compiled function runs, by the structure of the arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Final

import attrs

from fgrad import trees
from fgrad.autodiff import multiple
from fgrad.compiled.calls import MISS
from fgrad.compiled.importable import Reference
from fgrad.compiled.kernel import Backend, Kernel
from fgrad.compiled.specialisation import TRIED, Call, Given, Specialisation
from fgrad.errors import NotAValue, TreeMismatch
from fgrad.graph.node import Condition, Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import literal
from fgrad.program.passes import simplified
from fgrad.program.trace import Tracing
from fgrad.trees import parameters
from fgrad.trees.containers import USUAL, are_leaves

MANY: Final = 16
"""The number of leaves from which on it pays to generate code that reads them."""
_USUAL: Final = {Node}, {float, Node}
"""The classes of leaves: nodes with values alone, or numbers as well."""


class CallSlot:
    """An object with a `__call__` of its own, which can be replaced by a faster one.

    `f(x)` calls the function in the slot, which may be a builtin. A method that calls it would add a
    Python frame.
    """

    __slots__ = ("__call__",)

    def _exchange(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "__call__", call)


@attrs.frozen(eq=False)
class Specialised:
    """A function, and its specialisation for each structure of arguments that it was called with."""

    function: Callable[..., Any] | None
    backend: Backend
    exact: bool
    # They only grow; two threads that trace at the same time get the same.
    _made: dict[trees.Structure[Any], Specialisation] = attrs.field(factory=dict, init=False)
    _calls: list[Given] = attrs.field(factory=list, init=False)
    _readers: list[tuple[Call, Specialisation]] = attrs.field(factory=list, init=False)

    @property
    def made(self) -> Mapping[Any, Specialisation]:
        """All specialisations, by the structure of the arguments."""
        return MappingProxyType(self._made.copy())

    @property
    def traced(self) -> Callable[..., Any] | None:
        """The function, imported if there is a reference to it; None if it cannot be."""
        function = self.function
        return function.function if isinstance(function, Reference) else function

    def found(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Sequence[trees.Leaf], Specialisation]:
        """The leaves, and the specialisation for these arguments, made if there is none yet."""
        made = self._known(args, kwargs)
        if made is not None:
            return made
        leaves, structure = parameters.flattened(lambda: self.traced, args, kwargs)
        try:
            hash(structure)
        except TypeError as error:
            found = parameters.unhashable(self.traced, structure)
            where, value = found or ("a compiled function", error)
            advice = "Static values must be hashable, since they select the program."
            raise NotAValue(where, "a hashable value", f"{value!r:.60}", advice) from None
        known = self._made.get(structure)
        return leaves, known or self.kept(self._traced(args, kwargs, structure))

    def _known(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Sequence[trees.Leaf], Specialisation] | None:
        """The same if the specialisation exists, as for most calls; None otherwise."""
        for reader, special in () if kwargs else tuple(self._readers):
            given = reader(args)
            if given is not MISS and are_leaves(given, USUAL):
                return given, special
        for special in tuple(self._made.values())[: -TRIED - 1 : -1]:
            read: list[trees.Leaf] = []
            if special.arguments.read((args, kwargs), read):
                self._expect(special, read)
                return read, special
        return None

    def _expect(self, special: Specialisation, leaves: Sequence[trees.Leaf]) -> None:
        """Read the next arguments of this structure by generated code, if they have many leaves."""
        if len(leaves) > MANY and len(self._readers) < TRIED and special.reader is not None:
            known = special.reader, special
            if known not in self._readers:
                self._readers.append(known)

    def slopes(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], places: tuple[int, ...]
    ) -> tuple[float, tuple[Any, ...]] | None:
        """The value and the gradient for each place, as `HasGradient` has them.

        None for a new structure, for nodes, and for a result that is no number.
        """
        known = self._known(args, kwargs)
        if known is None or known[1].result.kind is not None or not _numbers(known[0]):
            return None
        kinds = {*map(type, known[0])}
        if bool in kinds or (int in kinds and any(known[1].arguments.wholes())):
            return None  # some may have no derivative
        numbers: Sequence[Any] = known[0]
        values, special = tuple(map(float, numbers)), known[1]
        outs = special.kernel.run(*values)
        if type(outs[0]) is not float:
            return None
        found = special.kernel.pullback(outs, values, (1.0,))
        slopes = [0.0 if slope is None else slope for slope in found]
        positional = special.arguments.children[0].children
        starts = [0, *accumulate(map(len, positional))]
        gradients = [positional[i].unflatten(slopes[starts[i] : starts[i + 1]]) for i in places]
        return outs[0], tuple(gradients)

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
        return Specialisation(Kernel(program, self.backend, self.exact), structure, tracing.result)

    def kept(self, special: Specialisation) -> Specialisation:
        """The specialisation for that structure: this one, unless there is one already."""
        return self._made.setdefault(special.arguments, special)

    def called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of the function, on floats as floats and on nodes as nodes."""
        for call in self._calls:
            result = call(args, kwargs)
            if result is not MISS:
                return result
        leaves, special = self.found(args, kwargs)
        if _numbers(leaves) and len(self._calls) < TRIED:
            written = special.call
            if written is not None and written not in self._calls:
                self._calls.append(written)
        return _run(special, leaves)

    def first(self, owner: CallSlot, other: Given) -> Callable[..., Any]:
        """The first call of `owner`, which replaces itself by one for numbers in the structure it gets.

        Both call `other` for arguments that they do not handle.
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
    return not any(issubclass(kind, Node) for kind in {*map(type, leaves)})


def _run(special: Specialisation, leaves: Sequence[trees.Leaf]) -> Any:
    kernel, kinds = special.kernel, {*map(type, leaves)}
    if kinds in _USUAL:
        values = [leaf.value if isinstance(leaf, Node) else leaf for leaf in leaves]
        return special.result.unflatten(multiple.called(kernel.op, leaves, kernel.run(*values)))
    given = list(map(_number, leaves))
    return special.result.unflatten(multiple.results(kernel.op, given))


def _number(leaf: Any) -> Any:
    """A leaf as the number that a program takes: 1 or 0 for a truth value."""
    if isinstance(leaf, Node):
        return ops.where(leaf, 1.0, 0.0) if isinstance(leaf, Condition) else leaf
    return float(leaf) if isinstance(leaf, bool) else literal(leaf, "a call")
