"""The transforms among the functions of a program: how each is written, and what it means."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from tests.laws import transform_duals as duals
from tests.laws.transform_duals import Number
from tests.laws.transform_programs import LEAF, Book, Env, Fn, Oracle, Shape


def rows(count: int, row: Shape) -> Shape:
    """The shape of `count` rows."""
    return Shape("rows", (row,) * count)


@attrs.frozen
class Derived(Fn):
    """A transform of a function."""

    fn: Fn

    @property
    def closed(self) -> bool:  # type: ignore[override]  # as the function
        return self.fn.closed

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # those of the function
        return self.fn.params

    def names(self, env: Env) -> tuple[str, ...]:
        """Those of what follows the first argument."""
        rest = self.fn.names(env)[1:]
        return (*[""] * (len(self.params) - len(rest)), *rest)

    @property
    def split(self) -> int:
        """How many leaves the first argument has."""
        return self.fn.params[0].size

    def at(self, oracle: Oracle, env: Env, rest: Sequence[Number]) -> duals.Function:
        """The function of the leaves of its first argument."""
        return lambda xs: self.fn.run(oracle, env, [*xs, *rest])


@attrs.frozen
class Gradient(Derived):
    """A gradient, perhaps with the value, perhaps with something beside it."""

    argnums: int | tuple[int, ...] = 0
    form: str = "gradient"

    @property
    def places(self) -> tuple[int, ...]:
        """The arguments that it is taken in."""
        return self.argnums if isinstance(self.argnums, tuple) else (self.argnums,)

    @property
    def result(self) -> Shape:  # type: ignore[override]  # as the form says
        shapes = tuple(self.fn.params[i] for i in self.places)
        slopes = Shape("tuple", shapes) if isinstance(self.argnums, tuple) else shapes[0]
        return slopes if self.form == "gradient" else Shape("tuple", (self.fn.result, slopes))

    def written(self, env: Env, book: Book) -> str:
        name = "gradient" if self.form == "gradient" else "value_and_gradient"
        which = "" if self.argnums == 0 else f", argnums={self.argnums}"
        aux = ", has_aux=True" if self.form == "aux" else ""
        return f"fg.{name}({self.fn.written(env, book)}{which}{aux})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        ends = list(itertools.accumulate((shape.size for shape in self.params), initial=0))
        wanted = [i for place in self.places for i in range(ends[place], ends[place + 1])]

        def of_wanted(xs: Sequence[Number]) -> list[Number]:
            all_args = list(args)
            for i, x in zip(wanted, xs, strict=True):
                all_args[i] = x
            return self.fn.run(oracle, env, all_args)

        slopes = duals.gradient(of_wanted, [args[i] for i in wanted])
        return slopes if self.form == "gradient" else [*self.fn.run(oracle, env, args), *slopes]


@attrs.frozen
class Push(Derived):
    """jvp, as a function of the point, the tangent and the rest."""

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # with a tangent
        return (self.fn.params[0], *self.fn.params)

    @property
    def result(self) -> Shape:  # type: ignore[override]  # the value and its tangent
        return Shape("tuple", (self.fn.result, self.fn.result.numbers))

    def written(self, env: Env, book: Book) -> str:
        return f"fg.jvp({self.fn.written(env, book)})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        n = self.split
        values, moved = duals.pushed(self.at(oracle, env, args[2 * n :]), args[:n], args[n : 2 * n])
        return [*values, *moved]


@attrs.frozen
class Pull(Derived):
    """vjp, as a function of the point, the cotangent and the rest."""

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # with a cotangent
        return (self.fn.params[0], self.fn.result.numbers, *self.fn.params[1:])

    @property
    def result(self) -> Shape:  # type: ignore[override]  # the value and the pulled cotangent
        return Shape("tuple", (self.fn.result, self.fn.params[0]))

    def written(self, env: Env, book: Book) -> str:
        return f"pulled({self.fn.written(env, book)})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        n, m = self.split, self.fn.size
        f = self.at(oracle, env, args[n + m :])
        bars = args[n : n + m]
        found = []
        for column in duals.columns(f, args[:n]):
            terms = [slope * bar for slope, bar in zip(column, bars, strict=True)]
            found.append(sum(terms[1:], terms[0]))
        return [*f(args[:n]), *found]


@attrs.frozen
class HessianTimes(Derived):
    """hvp."""

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # with a vector
        return (self.fn.params[0], *self.fn.params)

    @property
    def result(self) -> Shape:  # type: ignore[override]  # as the first argument
        return self.fn.params[0]

    def written(self, env: Env, book: Book) -> str:
        return f"fg.hvp({self.fn.written(env, book)})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        n = self.split
        f = self.at(oracle, env, args[2 * n :])
        return duals.pushed(lambda xs: duals.gradient(f, xs), args[:n], args[n : 2 * n])[1]


@attrs.frozen
class Jacobian(Derived):
    """All first derivatives, in one mode or the other."""

    mode: str = "auto"

    @property
    def result(self) -> Shape:  # type: ignore[override]  # a row for each result
        return rows(self.fn.size, self.fn.params[0])

    def written(self, env: Env, book: Book) -> str:
        mode = "" if self.mode == "auto" else f", mode={self.mode!r}"
        return f"fg.jacobian({self.fn.written(env, book)}{mode})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        n = self.split
        found = duals.columns(self.at(oracle, env, args[n:]), args[:n])
        return [column[j] for j in range(self.fn.size) for column in found]


@attrs.frozen
class Hessian(Derived):
    """All second derivatives."""

    @property
    def result(self) -> Shape:  # type: ignore[override]  # a row for each leaf
        return rows(self.split, self.fn.params[0])

    def written(self, env: Env, book: Book) -> str:
        return f"fg.hessian({self.fn.written(env, book)})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        n = self.split
        f = self.at(oracle, env, args[n:])
        found = duals.columns(lambda xs: duals.gradient(f, xs), args[:n])
        return [column[j] for j in range(n) for column in found]


@attrs.frozen
class Taylor(Derived):
    """Taylor coefficients."""

    order: int = 2

    @property
    def result(self) -> Shape:  # type: ignore[override]  # the coefficients
        return Shape("tuple", (LEAF,) * (self.order + 1))

    def written(self, env: Env, book: Book) -> str:
        return f"fg.taylor({self.fn.written(env, book)}, {self.order})"

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        return duals.coefficients(self.at(oracle, env, args[1:]), args[0], self.order)
