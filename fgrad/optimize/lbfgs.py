"""L-BFGS: descent by scipy's L-BFGS-B, which does a line search for each step.

A line search evaluates the function at points of its own, so it is no step from a state and a gradient
(docs/decisions/0014). The function is still evaluated here, on trees.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import attrs

from fgrad import trees
from fgrad.errors import NotAValue, imported
from fgrad.ops.operand import Operand, arrays
from fgrad.optimize.descent import Callback, Minimum, Search
from fgrad.optimize.methods import State

A = TypeVar("A")


@attrs.frozen(eq=False)
class _Point(Generic[A]):
    """A point where the function was evaluated, as trees and as vectors."""

    params: A
    value: float
    gradient: A
    place: Any
    slope: Any

    @property
    def finite(self) -> bool:
        return math.isfinite(self.value) and bool((abs(self.slope) < math.inf).all())

    def within(self, tolerance: float) -> bool:
        return bool((abs(self.slope) <= tolerance).all())

    def seen_from(self, last: _Point[A]) -> tuple[float, Any]:
        """The value and slope, or a wall where they are not finite.

        A line search interpolates, and nothing can be interpolated from inf or nan. The wall is the
        parabola that leaves the last point by its slope and turns after a tenth of the way.
        """
        if self.finite:
            return self.value, self.slope
        way = self.place - last.place
        fall = abs(float((last.slope * way).sum()))
        return last.value + 4.0 * fall, 9.0 * fall * way / (way * way).sum()


@attrs.frozen
class _Evaluated(Generic[A]):
    """The function of trees, to be evaluated at trees or at vectors of their numbers."""

    f: Callable[[A], tuple[float, A]]
    unravel: trees.Unravel[A]

    def at(self, params: A) -> _Point[A]:
        value, gradient = self.f(params)
        return _Point(params, float(value), gradient, self._vector(params), self._vector(gradient))

    def at_vector(self, place: Any) -> _Point[A]:
        return self.at(self.unravel(place))

    def _vector(self, tree: A) -> Any:
        leaves = trees.matched(self.unravel.structure, tree, "gradient")
        return self.unravel.joined([_number(leaf) for leaf in leaves], "gradient")


@attrs.frozen
class _Lbfgs:
    """Quasi-Newton steps from the last `memory` changes of the gradient, with a line search each."""

    memory: int

    def start(self, params: A, /) -> State[A]:
        return State(params)

    def search(
        self,
        f: Callable[[A], tuple[float, A]],
        state: State[A],
        steps: Iterable[int],
        tolerance: float,
        callback: Callback[A],
    ) -> Minimum[A]:
        scipys = imported("scipy.optimize", "lbfgs", "scipy", "optimize")
        evaluated = _Evaluated(f, trees.ravel(state.params)[1])
        tried = here = best = evaluated.at(state.params)
        history = [here.value]
        allowed = iter(steps)

        def value_and_slope(x: Any) -> tuple[float, Any]:
            nonlocal tried
            if not (x == tried.place).all():  # scipy asks for the start, which is known, once more
                tried = evaluated.at_vector(x)
            seen: tuple[float, Any] = arrays().quietly(tried.seen_from, here)
            return seen

        def reached() -> State[A]:
            return State(here.params, (), state.count + len(history) - 1)

        def stepped(x: Any) -> None:
            nonlocal here, best
            here = tried  # a line search ends at the point it tried last
            history.append(here.value)
            best = here if here.value <= best.value else best
            callback(reached(), here.value)
            if not here.finite:
                raise StopIteration
            next(allowed)  # its StopIteration is scipy's sign to stop

        if here.finite and not here.within(tolerance) and next(allowed, None) is not None:
            # Only the tolerance and the steps end it, or a step that no longer lowers the value.
            options = {"maxcor": self.memory, "gtol": tolerance, "ftol": 0.0}
            options |= {"maxiter": sys.maxsize, "maxfun": sys.maxsize}
            scipys.minimize(
                value_and_slope, here.place, jac=True, method="L-BFGS-B",
                callback=stepped, options=options,
            )  # fmt: skip
        return Minimum(
            best.params, best.value, best.gradient, best.within(tolerance), tuple(history), reached(),
        )  # fmt: skip


def lbfgs(memory: int = 10) -> Search:
    """The method of Liu & Nocedal (1989) as scipy has it (the extra `optimize`): few, long steps.

    `memory` is the number of steps it learns curvature from. The state it ends in has the
    parameters and the count only, so going on from it learns anew. Raises NotAValue for a `memory`
    below 1; `minimize` raises MissingExtra without scipy.

    >>> import fgrad as fg
    >>> method = fg.lbfgs(memory=5)  # for fg.minimize(f, start, method)
    """
    if type(memory) is not int or memory < 1:
        advice = "It is how many steps are remembered; 10 is usual."
        raise NotAValue("lbfgs", "a memory of at least 1", f"{memory!r:.60}", advice)
    return _Lbfgs(memory)


def _number(leaf: Any) -> Any:
    of_nodes = isinstance(leaf, Operand)
    number: Any = leaf
    return float(number) if of_nodes else number  # SilentDetach for a node
