"""Compiled functions as methods of the instances that are their first argument."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from fgrad.compiled.rows import Column

P = ParamSpec("P")
R = TypeVar("R")


class Bound(partial[R], Generic[P, R]):
    """A compiled function and an instance, a tree, that is its first argument.

    >>> import attrs
    >>> import fgrad as fg
    >>> @attrs.frozen
    ... class Spring:
    ...     stiffness: float
    ...     @fg.compile
    ...     def energy(self, x: float) -> float:
    ...         return 0.5 * self.stiffness * x * x
    >>> Spring(2.0).energy(3.0), fg.gradient(Spring.energy)(Spring(2.0), 3.0)
    (9.0, Spring(stiffness=4.5))
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
            """The result of the method, as that of a compiled function."""

    @overload
    def map(
        self: Bound[..., float],
        *args: object,
        threads: int = 1,
        out: Column | None = None,
        **kwargs: object,
    ) -> Column: ...
    @overload
    def map(self, *args: object, threads: int = 1, out: object = None, **kwargs: object) -> R: ...
    def map(self, *args: Any, **kwargs: Any) -> Any:
        """The results for many rows, as those of a compiled function."""
        compiled: Any = self.func
        return compiled.map(*self.args, *args, **kwargs)

    def sum(self, *args: Any, threads: int = 1, out: Any = None, **kwargs: Any) -> R:
        """The results summed over many rows, as those of a compiled function."""
        compiled: Any = self.func
        total: R = compiled.sum(*self.args, *args, threads=threads, out=out, **kwargs)
        return total
