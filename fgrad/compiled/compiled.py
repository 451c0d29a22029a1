"""Compiled functions; long, for the overloads by which their methods are typed.

A compiled function is traced once for each structure of its arguments, and has the signature of the
function. It is called with floats, and in a graph or in a traced function with nodes: there it is one
call node, whose derivative is compiled too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    overload,
)

import attrs

from fgrad.compiled.calls import MISS
from fgrad.compiled.dispatch import CallSlot, Specialised
from fgrad.compiled.importable import Reference
from fgrad.compiled.kernel import Backend
from fgrad.compiled.methods import Bound
from fgrad.compiled.rows import Table, is_array, refuse, widths_of
from fgrad.compiled.specialisation import FewRows, Over, Specialisation, of_array, of_floats, paired
from fgrad.errors import CyclicTree, NotAValue, NotPicklable
from fgrad.program.program import Program
from fgrad.transforms.gradient import HasGradient
from fgrad.trees import parameters

if TYPE_CHECKING:
    from fgrad.compiled.rows import Column, Columns

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
K = TypeVar("K")
T = TypeVar("T")
Out_contra = TypeVar("Out_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class _OfInstances(property):
    """A property of instances that the class itself lacks, since `inspect` reads it from both."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            raise AttributeError
        return super().__get__(instance, owner)


class _Map(Protocol[Out_contra, R_co]):
    """The type of `map` where it fills `Out_contra` and returns `R_co`."""

    def __call__(
        self, *args: Columns, threads: int = 1, out: Out_contra | None = None, **kwargs: Columns
    ) -> R_co: ...


class _MapOf(Protocol):
    """The type of `map` by that of the function's result: columns where that has numbers."""

    @overload
    def __get__(self, f: Compiled[..., float], kind: type) -> _Map[Column, Column]: ...
    @overload
    def __get__(
        self, f: Compiled[..., tuple[float, float]], kind: type
    ) -> _Map[object, tuple[Column, Column]]: ...
    @overload
    def __get__(
        self, f: Compiled[..., tuple[float, float, float]], kind: type
    ) -> _Map[object, tuple[Column, Column, Column]]: ...
    @overload
    def __get__(
        self, f: Compiled[..., tuple[float, ...]], kind: type
    ) -> _Map[object, tuple[Column, ...]]: ...
    @overload
    def __get__(self, f: Compiled[..., list[float]], kind: type) -> _Map[object, list[Column]]: ...
    @overload
    def __get__(
        self, f: Compiled[..., dict[K, float]], kind: type
    ) -> _Map[object, dict[K, Column]]: ...
    @overload
    def __get__(
        self, f: Compiled[..., tuple[float, list[float]]], kind: type
    ) -> _Map[object, tuple[Column, list[Column]]]: ...
    @overload
    def __get__(
        self, f: Compiled[..., tuple[float, dict[K, float]]], kind: type
    ) -> _Map[object, tuple[Column, dict[K, Column]]]: ...
    # A result of another class keeps its type: its leaves are columns, though its fields are float.
    @overload
    def __get__(self, f: Compiled[..., R], kind: type) -> _Map[object, R]: ...


def _typed(method: Callable[..., Any]) -> _MapOf:
    """`map` itself, as type checkers see it."""
    found: Any = method
    return found  # type: ignore[no-any-return]  # a function binds its first argument


@attrs.frozen(eq=False, repr=False)
class Compiled(CallSlot, HasGradient, Generic[P, R]):
    """A function that runs the program of another; made by `compile`.

    It keeps a specialisation for each structure of arguments that it was called with; `program`,
    `digest` and `source` are those of the only one. It is pickled with its specialisations, so another
    process can call it with the same structures, and with others if it can import the function. In a
    class it is a method.

    >>> import fgrad as fg
    >>> fast = fg.compile(lambda x, y: x * y)
    >>> fast(2.0, 3.0), len(fast.program)
    (6.0, 1)
    """

    function: Callable[P, R] | None
    backend: Backend
    exact: bool = False
    _special: Specialised = attrs.field(init=False)
    # They only grow; two threads that add an entry at the same time add the same.
    _by_widths: dict[tuple[int, ...], Specialisation] = attrs.field(factory=dict, init=False)
    _few: FewRows = attrs.field(factory=FewRows, init=False)
    _by_class: dict[type, Compiled[..., R]] = attrs.field(factory=dict, init=False)

    @_special.default
    def _nothing_yet(self) -> Specialised:
        return Specialised(self.function, self.backend, self.exact)

    def __attrs_post_init__(self) -> None:
        """Begin with a call that replaces itself by a faster one."""
        self._exchange(self._special.first(self, self._called))

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
            """The result of the function, on floats as floats and on nodes as nodes."""

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call for which there is nothing faster."""
        if args and isinstance(args[0], type):  # as of a classmethod
            return self._of(args[0])(*args[1:], **kwargs)
        return self._special.called(args, kwargs)

    def _of(self, owner: type) -> Compiled[..., R]:
        """The compiled function of the other arguments, if the first is a class."""
        function = self._special.traced
        if function is None or owner in self._by_class:
            return self._by_class[owner]
        bound: Compiled[..., R] = Compiled(MethodType(function, owner), self.backend, self.exact)
        return self._by_class.setdefault(owner, bound)

    # To type checkers, a function of a class is a class method, and one of no instance a static one.
    @overload
    def __get__(  # type: ignore[misc]  # to take a class first is what makes it one
        self: Callable[Concatenate[type[T], Q], R], instance: T | None, owner: type[T], /
    ) -> Compiled[Q, R]: ...
    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: Callable[Concatenate[T, Q], R], instance: T, owner: type[T], /
    ) -> Bound[Q, R]: ...
    @overload
    def __get__(self, instance: object, owner: type, /) -> Self: ...
    def __get__(self, instance: Any, owner: type | None = None, /) -> Any:
        """The method of an instance, which is the first argument, a tree like any other."""
        if instance is None:
            return self
        return self._of(instance) if isinstance(instance, type) else Bound(self, instance)

    @_typed
    def map(self, *args: Any, threads: int = 1, out: Any = None, **kwargs: Any) -> Any:
        """The results for many rows at once: a column at each leaf of the result.

        The arguments have columns of one length, arrays `(N,)`, instead of numbers; a number is the
        same in every row, and an array `(N, k)` stands for a list of k numbers. On the native backend
        the rows are divided among `threads`, which changes no bit. `out` is a tree like the result
        whose arrays are written to, `(N,)` for a number and `(N, k)` for a list; they may be those of
        the arguments, and must not overlap. Raises NotAValue for what is no real column,
        MissingExtra without the extra `arrays`.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> fast = fg.compile(fg.gradient(lambda x, k: fg.sin(k * x)))
        >>> fast.map(np.array([0.0, 1.0]), 2.0)
        array([ 2.        , -0.83229367])
        """
        way: Over = "map" if out is None else "into"
        if threads == 1 and not kwargs:
            result = self._few.call(way, args if out is None else (*args, out))
            if result is not MISS:
                return result if out is None else out
        columns, special = self._mapped(way, args, kwargs, out)
        if out is None:
            return special.result.unflatten(special.kernel.rows.map(columns, threads=threads))
        special.kernel.rows.map_to(special.targets(out, 2), columns, threads=threads)
        return out

    def sum(self, *args: Columns, threads: int = 1, out: Any = None, **kwargs: Columns) -> R:
        """The result summed over many rows: a sum at each leaf, without the rows in memory.

        Arguments and errors are those of `map`. Of the loss of one row, or its value and gradient,
        it is that of a batch. The sum is the same for any number of threads. `out` is a tree like the
        result whose arrays are written to, `()` for a number and `(k,)` for a list: faster than
        objects if there are many.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> loss = fg.compile(fg.value_and_gradient(lambda w, x, y: (w * x - y) ** 2))
        >>> loss.sum(0.5, np.array([1.0, 2.0]), np.array([1.0, 1.0]))
        (0.25, -1.0)
        """
        way: Over = "sum" if out is None else "total"
        if threads == 1 and not kwargs:
            result = self._few.call(way, args if out is None else (*args, out))
            if result is not MISS:
                return result if out is None else out  # type: ignore[no-any-return]  # R, as it was traced
        columns, special = self._mapped(way, args, kwargs, out)
        if out is None:
            sums: Any = special.kernel.rows.sum(columns, threads=threads)
            return special.result.unflatten(sums)  # type: ignore[no-any-return]  # likewise
        special.kernel.rows.sum_to(special.sums(out), columns, threads=threads)
        return out  # type: ignore[no-any-return]  # a tree like R

    def _mapped(
        self, way: Over, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> tuple[Sequence[Any], Specialisation]:
        """The columns, and the specialisation for a row of them."""
        widths = None if kwargs else widths_of(args)
        special = self._by_widths.get(widths) if widths else None
        columns: Sequence[Any] = args
        if special is None:
            table = self._table(args, kwargs)
            columns = table.columns
            special = self.specialisation(*table.row[0], **table.row[1])
            if widths:
                self._by_widths[widths] = special
        if not kwargs:
            given = args if out is None else (*args, paired(special.result, out))
            self._few.expect(way, special, given)
        return columns, special

    def _table(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Table:
        try:
            return Table.of((args, kwargs))
        except (NotAValue, CyclicTree):
            parameters.refuse(self._special.traced, args, kwargs, refuse)
            raise

    # No function of trees takes a column, so the first matches no call that is meant for the others.
    @overload
    def specialise(self, *args: P.args, **kwargs: P.kwargs) -> Callable[P, R]: ...  # type: ignore[overload-overlap]
    @overload
    def specialise(self: Compiled[..., float], x: Column, /) -> Callable[[Column], float]: ...  # type: ignore[overload-overlap]  # the same
    @overload
    def specialise(self, x: Column, /) -> Callable[[Column], Column]: ...
    def specialise(self, *args: Any, **kwargs: Any) -> Any:
        """The function for the structure of these arguments, with the fastest calls.

        For floats by position on the native backend it is a builtin of the interpreter. For one array
        `(k,)`, which stands for a list of k numbers, it is a function of such arrays that returns an
        array of all numbers of the result, or the only one. For other arguments it is an ordinary call.

        >>> import numpy as np
        >>> import fgrad as fg
        >>> f = fg.compile(fg.gradient(lambda x: x[0] * x[1]))
        >>> slope = f.specialise(np.zeros(2))
        >>> slope(np.array([3.0, 4.0]))
        array([4., 3.])
        """
        if len(args) == 1 and not kwargs and is_array(args[0]) and args[0].ndim == 1:
            special = self._special.found(([0.0] * len(args[0]),), {})[1]
            return of_array(special.kernel, special.result, self)
        special = self._special.found(args, kwargs)[1]
        positional = special.arguments.children[0].children
        if kwargs or any(child.kind is not None for child in positional):
            return self
        return of_floats(special.kernel, special.result, self)

    def slopes(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], places: tuple[int, ...]
    ) -> tuple[float, tuple[Any, ...]] | None:
        """The value and the gradients at numbers, by the program of the derivative."""
        return self._special.slopes(args, kwargs, places)

    def on_arrays(self, tree: Any, *, ready: bool) -> Callable[[Any], tuple[float, Any]] | None:
        """The value and the gradient as a function of an array, on the native backend."""
        if self.backend != "native":
            return None
        return self._special.found((tree,), {})[1].on_arrays(ready=ready)

    @_OfInstances
    def __wrapped__(self) -> Callable[P, R]:
        """The function, from which `inspect` takes the signature."""
        function = self._special.traced
        if function is None:
            raise AttributeError("__wrapped__")
        return function

    def specialisation(self, *args: P.args, **kwargs: P.kwargs) -> Specialisation:
        """The specialisation for the structure of these arguments, made if there is none yet."""
        return self._special.found(args, kwargs)[1]

    @property
    def specialisations(self) -> Mapping[Any, Specialisation]:
        """All specialisations made so far, by the structure of the arguments."""
        return self._special.made

    @property
    def __name__(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__name__", "compiled"))

    @property
    def program(self) -> Program:
        """The program; NotAValue unless the function was called with exactly one structure."""
        return self._only().kernel.program

    @property
    def digest(self) -> str:
        """The name of the computation; errors are those of `program`."""
        return self._only().kernel.program.digest

    @property
    def source(self) -> str:
        """The code that runs: Python source, LLVM IR, or the listing; errors are those of `program`."""
        return self._only().kernel.text

    def _only(self) -> Specialisation:
        made = tuple(self.specialisations.values())
        if len(made) != 1:
            advice = "Ask for it with .specialisation(*args), whose kernel has the program."
            raise NotAValue(repr(self), "one specialisation", f"{len(made)}", advice)
        return made[0]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the programs, and where the function can be imported."""
        function, made = self.function, tuple(self.specialisations.values())
        reference = None if function is None else Reference.to(function)
        if reference is not None:  # the others are traced again there
            made = tuple([special for special in made if special.kernel.program.portable])
        if reference is None and not made:
            advice = "Call it first, or define the function where it can be imported."
            raise NotPicklable(f"{self!r}, which knows no program,", advice)
        return _restored, (self.backend, self.exact, made, reference)

    def __copy__(self, memo: object = None) -> Self:
        """The function itself: its specialisations only grow."""
        return self

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        """One line."""
        name = getattr(self.function, "__qualname__", self.function or "a function from elsewhere")
        return f"Compiled({name}, {self.backend}, {len(self.specialisations)} specialisations)"


def _restored(
    backend: Backend,
    exact: bool,
    made: tuple[Specialisation, ...],
    reference: Reference | None = None,
) -> Compiled[..., Any]:
    compiled: Compiled[..., Any] = Compiled(reference, backend, exact)
    for special in made:
        compiled._special.kept(special)
    return compiled
