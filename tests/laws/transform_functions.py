"""The functions of a program: written out, compiled, a user's own, and solutions of equations."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tests.laws import transform_duals as duals
from tests.laws.transform_duals import Number
from tests.laws.transform_operations import FOREIGN, KINDS
from tests.laws.transform_programs import LEAF, Book, Env, Expr, Fn, Num, Oracle, Shape


@attrs.frozen
class Lambda(Fn):
    """A function that is written out; one that is not closed sees what is around it."""

    params: tuple[Shape, ...]
    result: Shape
    body: tuple[Expr, ...]
    closed: bool = False

    def written(self, env: Env, book: Book) -> str:
        names, inner = self.names(env), () if self.closed else env
        for name, shape in zip(names, self.params, strict=True):
            inner = (*inner, *shape.paths(name))
        leaves = iter([expr.written(inner, book) for expr in self.body])
        return f"(lambda {', '.join(names)}: {self.result.written(leaves)})"

    def names(self, env: Env) -> tuple[str, ...]:
        sizes = [shape.size for shape in self.params]
        first = 0 if self.closed else len(env)
        return tuple(f"v{first + sum(sizes[:i])}" for i in range(len(sizes)))

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        inner = (*args,) if self.closed else (*env, *args)
        return [expr.value(oracle, inner) for expr in self.body]


@attrs.frozen
class Compiled(Fn):
    """A closed function, compiled once."""

    fn: Fn
    backend: str

    closed = True

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # of what is compiled
        return self.fn.params

    @property
    def result(self) -> Shape:  # type: ignore[override]  # likewise
        return self.fn.result

    def written(self, env: Env, book: Book) -> str:
        text = self.fn.written((), book)
        return book.name(self, f"fg.compile({text}, backend={self.backend!r})", "compiled")

    def names(self, env: Env) -> tuple[str, ...]:
        return self.fn.names(())

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        return self.fn.run(oracle, (), args)


@attrs.frozen
class Foreign(Fn):
    """A function or an operation of a user, of `FOREIGN`."""

    name: str
    kind: str = "int"
    """The type of the plain numbers that its rules give."""

    closed = True

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # as the table says
        return tuple(
            LEAF if size == 1 else Shape("tuple", (LEAF,) * size)
            for size in FOREIGN[self.name].sizes
        )

    @property
    def result(self) -> Shape:  # type: ignore[override]  # likewise
        size = FOREIGN[self.name].results
        return LEAF if size == 1 else Shape("tuple", (LEAF,) * size)

    def written(self, env: Env, book: Book) -> str:
        text = FOREIGN[self.name].text
        for word, number in {
            "ZERO": 0.0,
            "ONE": 1.0,
            "TWO": 2.0,
            "LESS": -1.0,
            "THREE": 3.0,
        }.items():
            text = text.replace(word, KINDS[self.kind].format(number))
        # On floats a result is handed on as it is, and one of 32 bits would take digits away.
        kind = "float" if self.kind == "float32" else self.kind
        text = text.replace("RESULT", KINDS[kind].format(3.0))
        return book.name(self, text, "own")

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        return [oracle.checked(y) for y in FOREIGN[self.name].impl(*args)]


@attrs.frozen
class Solution(Fn):
    """`root` or `fixed_point` of a closed function of x and of what x depends on."""

    name: str
    fn: Lambda
    start: Num

    closed = True

    @property
    def params(self) -> tuple[Shape, ...]:  # type: ignore[override]  # those that follow x
        return self.fn.params[1:]

    @property
    def result(self) -> Shape:  # type: ignore[override]  # that of x
        return self.fn.params[0]

    def written(self, env: Env, book: Book) -> str:
        start = self.fn.params[0].written(iter([self.start.written((), book)] * self.size))
        text = f"fg.{self.name}({self.fn.written((), book)}, {start})"
        return book.name(self, text, "solved")

    def names(self, env: Env) -> tuple[str, ...]:
        return self.fn.names(())[1:]

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        def residual(both: Sequence[Number]) -> list[Number]:
            values = self.fn.run(oracle, (), both)
            if self.name == "root":
                return values
            return [y - x for x, y in zip(both, values, strict=False)]

        return duals.solved(residual, args, [self.start.number] * self.size)


@attrs.frozen
class Program:
    """A function of a tree, and of a whole number after it, to a number, with a point and directions."""

    fn: Lambda
    point: tuple[float, ...]
    whole: float
    tangent: tuple[float, ...]
    kinds: tuple[str, ...]
    """The types that the numbers of the point and of the tangent are given in."""
    together: tuple[int, ...] = ()
    """Places of the point that are one node, when nodes are made of it."""
    first_order: bool = False
    """Whether it has a rule that only numbers can be put in."""
