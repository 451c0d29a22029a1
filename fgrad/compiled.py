"""Compiled functions: traced once for each structure of their arguments, and run from then on.

A compiled function has the signature of the function. It is called with floats, and in a graph or
in a traced function with nodes: there it is one call node, whose derivative is compiled too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

import attrs

from fgrad import joint, trees
from fgrad.direct import MISS
from fgrad.errors import MissingExtra, NotAValue, TreeMismatch
from fgrad.kernel import TIERS, Kernel, Tier, native_is_installed
from fgrad.node import Node
from fgrad.passes import simplified
from fgrad.program import Program
from fgrad.rows import Table, is_array, widths_of
from fgrad.specialisation import TRIED, Call, FewRows, Over, Specialisation, of_array, of_floats
from fgrad.tracing import Tracing

if TYPE_CHECKING:
    import numpy as np

    Column: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

P = ParamSpec("P")
R = TypeVar("R")


class _OfInstances(property):
    """A property that the class itself lacks, for `inspect` asks that too for what it wraps."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            raise AttributeError
        return super().__get__(instance, owner)


@attrs.frozen(eq=False, repr=False)
class Compiled(Generic[P, R]):
    """A function that runs the program of another; made by `compile`.

    What is kept are the specialisations: one for each structure of the arguments that it was
    called with. `program`, `digest` and `source` are of the only one. It pickles with them and
    without the function, so where it arrives it knows the structures it was called with.
    """

    function: Callable[P, R] | None
    tier: Tier
    exact: bool = False
    # Both only grow; what two threads trace at the same time is the same.
    _made: dict[trees.Structure[Any], Specialisation] = attrs.field(factory=dict, init=False)
    _by_widths: dict[tuple[int, ...], Specialisation] = attrs.field(factory=dict, init=False)
    _calls: list[Call] = attrs.field(factory=list, init=False)
    _few: FewRows = attrs.field(factory=FewRows, init=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the function, on floats as floats and on nodes as nodes."""
        if not kwargs and (calls := self._calls):
            # The first apart, for a loop takes as long as what a small function computes.
            result = calls[0](args)
            if result is not MISS:
                return result  # type: ignore[no-any-return]  # R, as it was traced
            for call in calls[1:]:
                result = call(args)
                if result is not MISS:
                    return result  # type: ignore[no-any-return]  # R, as it was traced
        leaves, special = self._found(args, kwargs)
        if not kwargs and {float}.issuperset(map(type, leaves)):
            self._quicken(special)
        given = [leaf if isinstance(leaf, Node) else float(leaf) for leaf in leaves]
        results = joint.results(special.kernel.op, given)
        return special.result.unflatten(results)  # type: ignore[no-any-return]  # R, as it was traced

    def _quicken(self, special: Specialisation) -> None:
        """Have the next call try the one that is written out for this structure."""
        call = special.call if len(self._calls) < TRIED else None
        if call is not None and call not in self._calls:
            self._calls.append(call)

    @overload
    def map(
        self: Compiled[..., float],
        *args: object,
        threads: int = 1,
        out: Column | None = None,
        **kwargs: object,
    ) -> Column: ...
    @overload
    def map(self, *args: object, threads: int = 1, out: object = None, **kwargs: object) -> R: ...
    def map(self, *args: Any, threads: int = 1, out: Any = None, **kwargs: Any) -> Any:
        """The results for many rows at once: a column at each leaf of the result.

        The arguments have columns of one length, arrays `(N,)`, in the place of numbers; a number
        is the same in every row, and an array `(N, k)` stands for a list of k numbers. On the
        native tier the rows are shared among `threads`, which changes no bit. `out` is a tree like
        the result with arrays in it that are written to, `(N,)` for a number and `(N, k)` for a
        list; they may be the arguments' own, and none may lie in another. Raises NotAValue for what
        is no real column, MissingExtra without the extra `arrays`.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> fast = fg.compile(fg.gradient(lambda x, k: fg.sin(k * x)))
        >>> fast.map(np.array([0.0, 1.0]), 2.0)
        array([ 2.        , -0.83229367])
        """
        way: Over = "map" if out is None else "into"
        if threads == 1 and not kwargs:
            prompt = self._few.call(way, args if out is None else (*args, out))
            if prompt is not MISS:
                return prompt if out is None else out
        columns, special = self._mapped(way, args, kwargs, out)
        if out is None:
            return special.result.unflatten(special.kernel.map(columns, threads=threads))
        special.kernel.map_to(special.targets(out, 2), columns, threads=threads)
        return out

    def sum(self, *args: Any, threads: int = 1, out: Any = None, **kwargs: Any) -> R:
        """The result summed over many rows: a sum at each leaf, without the rows in memory.

        Arguments and errors are those of `map`. Of a loss for one row, or its value and gradient,
        that is the loss of a batch. The sum is the same for any number of threads. `out` is a tree
        like the result with arrays in it that are written to, `()` for a number and `(k,)` for a
        list: faster than objects where there are many.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> loss = fg.compile(fg.value_and_gradient(lambda w, x, y: (w * x - y) ** 2))
        >>> loss.sum(0.5, np.array([1.0, 2.0]), np.array([1.0, 1.0]))
        (0.25, -1.0)
        """
        way: Over = "sum" if out is None else "total"
        if threads == 1 and not kwargs:
            prompt = self._few.call(way, args if out is None else (*args, out))
            if prompt is not MISS:
                return prompt if out is None else out  # type: ignore[no-any-return]  # R, as it was traced
        columns, special = self._mapped(way, args, kwargs, out)
        if out is None:
            sums: Any = special.kernel.sum(columns, threads=threads)
            return special.result.unflatten(sums)  # type: ignore[no-any-return]  # likewise
        special.kernel.sum_to(special.sums(out), columns, threads=threads)
        return out  # type: ignore[no-any-return]  # a tree like R

    def _mapped(
        self, way: Over, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> tuple[Sequence[Any], Specialisation]:
        """The columns, and the specialisation for a row of them."""
        widths = None if kwargs else widths_of(args)
        special = self._by_widths.get(widths) if widths else None
        columns: Sequence[Any] = args
        if special is None:
            table = Table.of((args, kwargs))
            columns = table.columns
            special = self.specialisation(*table.row[0], **table.row[1])
            if widths:
                self._by_widths[widths] = special
        if not kwargs:
            self._few.expect(way, special, len(args) if widths else 0, out)
        return columns, special

    # No function of trees takes a column, so the first fits none of the calls that the others are for.
    @overload
    def specialise(self, *args: P.args, **kwargs: P.kwargs) -> Callable[P, R]: ...  # type: ignore[overload-overlap]
    @overload
    def specialise(self: Compiled[..., float], x: Column, /) -> Callable[[Column], float]: ...  # type: ignore[overload-overlap]  # the same
    @overload
    def specialise(self, x: Column, /) -> Callable[[Column], Column]: ...
    def specialise(self, *args: Any, **kwargs: Any) -> Any:
        """The function at the structure of these arguments, for the fastest calls.

        For floats by position it is on the native tier a builtin of the interpreter; for one array
        `(k,)`, which stands for a list of k numbers, a function of such arrays that gives an array
        of all numbers of the result, or the only one. Other arguments than these are as for a call.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> f = fg.compile(fg.gradient(lambda x: x[0] * x[1]))
        >>> slope = f.specialise(np.zeros(2))
        >>> slope(np.array([3.0, 4.0]))
        array([4., 3.])
        """
        if len(args) == 1 and not kwargs and is_array(args[0]) and args[0].ndim == 1:
            special = self._found(([0.0] * len(args[0]),), {})[1]
            return of_array(special.kernel, special.result, self)
        special = self._found(args, kwargs)[1]
        positional = special.arguments.children[0].children
        if kwargs or any(child.kind is not None for child in positional):
            return self
        return of_floats(special.kernel, special.result, self)

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
        """What runs: Python source, LLVM IR, or the listing; errors are those of `program`."""
        return self._only().kernel.text

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
        for special in tuple(self._made.values())[: -TRIED - 1 : -1]:
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
        program = simplified(tracing.program)
        return Specialisation(Kernel(program, self.tier, self.exact), structure, tracing.result)

    def _kept(self, special: Specialisation) -> Specialisation:
        return self._made.setdefault(special.arguments, special)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the programs; the function stays where it is."""
        return _restored, (self.tier, self.exact, tuple(self.specialisations.values()))

    def __repr__(self) -> str:
        """One line."""
        name = getattr(self.function, "__qualname__", "a function from elsewhere")
        return f"Compiled({name}, {self.tier}, {len(self.specialisations)} specialisations)"


def _restored(tier: Tier, exact: bool, made: tuple[Specialisation, ...]) -> Compiled[..., Any]:
    compiled: Compiled[..., Any] = Compiled(None, tier, exact)
    for special in made:
        compiled._kept(special)
    return compiled


@overload
def compile(
    f: Callable[P, R], /, *, tier: Tier | None = None, exact: bool = False
) -> Compiled[P, R]: ...
@overload
def compile(
    *, tier: Tier | None = None, exact: bool = False
) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...
def compile(f: Any = None, /, *, tier: Tier | None = None, exact: bool = False) -> Any:
    """The compiled function of `f`: same arguments, same result, run as a program.

    It is traced at the first call with arguments of each structure (trees of numbers, as
    everywhere); errors are those of `trace`. With nodes among the arguments it gives nodes.

    On the tier `native` it runs as machine code, on `python` as straight-line source, on
    `reference` line by line. Without a choice it is native if the extra `native` is installed,
    else python; to choose native without it raises MissingExtra. Native functions are as accurate
    as those of Python, not equal in the last place, and a product that is added to something is
    rounded once with the sum, where the processor can; `exact` keeps each rounding.

    >>> import fgrad as fg
    >>> def slope(x: float, y: float) -> float:
    ...     return fg.gradient(lambda x: fg.sin(x * y))(x)
    >>> fast = fg.compile(slope)
    >>> fast(0.0, 3.0), fg.gradient(fast, argnums=1)(0.0, 3.0), len(fast.program)
    (3.0, 1.0, 3)
    """
    if tier is None:
        tier = "native" if native_is_installed() else "python"
    if tier not in TIERS:
        advice = f"Choose one of {', '.join(TIERS)}."
        raise NotAValue("compile", "a tier", f"{tier!r:.40}", advice)
    if tier == "native" and not native_is_installed():
        raise MissingExtra("the tier native", "llvmlite 0.45 or later", "native")
    if f is None:
        return lambda f: Compiled(f, tier, exact)
    return Compiled(f, tier, exact)
