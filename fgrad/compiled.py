"""Compiled functions: traced once for each structure of their arguments, and run from then on.

A compiled function has the signature of the function. It is called with floats, and in a graph or
in a traced function with nodes: there it is one call node, whose derivative is compiled too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeAlias, TypeVar, overload

import attrs

from fgrad import joint, trees
from fgrad.errors import NotAValue, TreeMismatch
from fgrad.kernel import TIERS, Kernel, Tier
from fgrad.listing import show
from fgrad.node import Node
from fgrad.passes import simplified
from fgrad.program import Program
from fgrad.rows import Table
from fgrad.schedule import scheduled
from fgrad.tracing import Tracing

if TYPE_CHECKING:
    import numpy as np

    Column: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

P = ParamSpec("P")
R = TypeVar("R")

_TRIED: Final = 4


class _OfInstances(property):
    """A property that the class itself lacks, for `inspect` asks that too for what it wraps."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            raise AttributeError
        return super().__get__(instance, owner)


@attrs.frozen
class Specialisation:
    """A compiled function at one structure of its arguments: a kernel, and both structures."""

    kernel: Kernel
    arguments: trees.Structure[Any]
    result: trees.Structure[Any]


@attrs.frozen(eq=False, repr=False)
class Compiled(Generic[P, R]):
    """A function that runs the program of another; made by `compile`.

    What is kept are the specialisations: one for each structure of the arguments that it was
    called with. `program`, `digest` and `source` are of the only one. It pickles with them and
    without the function, so where it arrives it knows the structures it was called with.
    """

    function: Callable[P, R] | None
    tier: Tier
    # Both only grow; what two threads trace at the same time is the same.
    _made: dict[trees.Structure[Any], Specialisation] = attrs.field(factory=dict, init=False)
    _by_types: dict[tuple[type, ...], Specialisation] = attrs.field(factory=dict, init=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the function, on floats as floats and on nodes as nodes."""
        if not kwargs:
            # Numbers alone, the commonest call, need not be taken apart.
            known = self._by_types.get(tuple(map(type, args)))
            if known is not None:
                values: Any = known.kernel.run(*args)
                return known.result.unflatten(values)  # type: ignore[no-any-return]  # R, as it was traced
        leaves, special = self._found(args, kwargs)
        given = [leaf if isinstance(leaf, Node) else float(leaf) for leaf in leaves]
        results = joint.results(special.kernel.op, given)
        return special.result.unflatten(results)  # type: ignore[no-any-return]  # R, as it was traced

    @overload
    def map(self: Compiled[..., float], *args: object, **kwargs: object) -> Column: ...
    @overload
    def map(self, *args: object, **kwargs: object) -> R: ...
    def map(self, *args: Any, **kwargs: Any) -> Any:
        """The results for many rows at once, by numpy: a column at each leaf of the result.

        The arguments have columns of one length, arrays `(N,)`, in the place of numbers; a number
        is the same in every row, and an array `(N, k)` stands for a list of k numbers. Raises
        NotAValue for what is no real column, MissingExtra without the extra `arrays`.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> fast = fg.compile(fg.gradient(lambda x, k: fg.sin(k * x)))
        >>> fast.map(np.array([0.0, 1.0]), 2.0)
        array([ 2.        , -0.83229367])
        """
        table = Table.of((args, kwargs))
        special = self.specialisation(*table.row[0], **table.row[1])
        return special.result.unflatten(special.kernel.columns(table.columns))

    @_OfInstances
    def __wrapped__(self) -> Callable[P, R]:
        """The function, where `inspect` looks for a signature."""
        if self.function is None:
            raise AttributeError("__wrapped__")
        return self.function

    def specialisation(self, *args: P.args, **kwargs: P.kwargs) -> Specialisation:
        """That for the structure of these arguments, made if it is not there yet."""
        return self._found(args, kwargs)[1]

    @property
    def specialisations(self) -> Mapping[Any, Specialisation]:
        """All that have been made, by the structure of the arguments."""
        return MappingProxyType(self._made.copy())

    @property
    def program(self) -> Program:
        """The program; NotAValue unless the function was called with exactly one structure."""
        return self._only().kernel.program

    @property
    def digest(self) -> str:
        """The name of the computation; errors are those of `program`."""
        return self._only().kernel.digest

    @property
    def source(self) -> str:
        """The Python source that runs, or the listing; errors are those of `program`."""
        written = self._only().kernel.source
        return show(self.program) if written is None else written.text

    def _only(self) -> Specialisation:
        made = tuple(self.specialisations.values())
        if len(made) != 1:
            advice = "Ask for it with .specialisation(*args), whose kernel has the program."
            raise NotAValue(repr(self), "one specialisation", f"{len(made)}", advice)
        return made[0]

    def _found(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Sequence[trees.Leaf], Specialisation]:
        # Most calls are of a structure that is known, and to read as one is faster than to find it.
        for special in tuple(self._made.values())[: -_TRIED - 1 : -1]:
            read: list[trees.Leaf] = []
            if special.arguments.read((args, kwargs), read):
                return read, special
        leaves, structure = trees.flatten((args, kwargs), "arguments")
        try:
            known = self._made.get(structure)
        except TypeError as error:
            advice = "What passes through must be hashable, for it chooses the program."
            raise NotAValue(
                "a compiled function", "hashable static fields", str(error), advice
            ) from None
        return leaves, known or self._kept(self._traced(args, kwargs, structure))

    def _traced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], structure: trees.Structure[Any]
    ) -> Specialisation:
        if self.function is None:
            shapes = [str(s.paths()) for s in self.specialisations]
            raise TreeMismatch("arguments", " or ".join(shapes)[:200], str(structure.paths())[:200])
        tracing = Tracing.of(self.function, args, kwargs)
        program = scheduled(simplified(tracing.program))
        return Specialisation(Kernel(program, self.tier), structure, tracing.result)

    def _kept(self, special: Specialisation) -> Specialisation:
        kept = self._made.setdefault(special.arguments, special)
        args, kwargs = kept.arguments.children
        if not kwargs.children and all(child.kind is None for child in args.children):
            self._by_types.setdefault((float,) * len(args.children), kept)
        return kept

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the programs; the function stays where it is."""
        return _restored, (self.tier, tuple(self.specialisations.values()))

    def __repr__(self) -> str:
        """One line."""
        name = getattr(self.function, "__qualname__", "a function from elsewhere")
        return f"Compiled({name}, {self.tier}, {len(self.specialisations)} specialisations)"


def _restored(tier: Tier, made: tuple[Specialisation, ...]) -> Compiled[..., Any]:
    compiled: Compiled[..., Any] = Compiled(None, tier)
    for special in made:
        compiled._kept(special)
    return compiled


@overload
def compile(f: Callable[P, R], /, *, tier: Tier = "python") -> Compiled[P, R]: ...
@overload
def compile(*, tier: Tier) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...
def compile(f: Any = None, /, *, tier: Tier = "python") -> Any:
    """The compiled function of `f`: same arguments, same result, run as a program.

    It is traced at the first call with arguments of each structure (trees of numbers, as
    everywhere); errors are those of `trace`. On the tier `python` the program runs as straight-line
    source, on `reference` line by line. With nodes among the arguments it gives nodes.

    >>> import fgrad as fg
    >>> def slope(x: float, y: float) -> float:
    ...     return fg.gradient(lambda x: fg.sin(x * y))(x)
    >>> fast = fg.compile(slope)
    >>> fast(0.0, 3.0), fg.gradient(fast, argnums=1)(0.0, 3.0), len(fast.program)
    (3.0, 1.0, 3)
    """
    if tier not in TIERS:
        advice = f"Choose one of {', '.join(TIERS)}."
        raise NotAValue("compile", "a tier", f"{tier!r:.40}", advice)
    if f is None:
        return lambda f: Compiled(f, tier)
    return Compiled(f, tier)
