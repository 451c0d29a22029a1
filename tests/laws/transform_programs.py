"""Expressions of transforms, calls and trees: frozen values that are written out and evaluated.

A program is written as Python that uses fgrad, which is what is tested and what a failure shows;
and it is evaluated on nested dual numbers, which know nothing of fgrad. Expressions give numbers;
their variables are the places of an environment, counted from the outside, so an expression may
move inwards as it is. What the oracle cannot vouch for (a point next to a kink, a side of `where`
that must not be taken, huge numbers) is `Rejected`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import attrs

from tests.laws import transform_duals as duals
from tests.laws.transform_duals import MARGIN, Number, Rejected, primal
from tests.laws.transform_operations import KINDS, OPERATIONS

LARGEST = 1e3
MOST = 6_000
"""Operations that the oracle carries out for a program, before it gives up."""

Env: TypeAlias = tuple[Any, ...]


class Oracle:
    """What the evaluation of a program needs to know; it counts what is done."""

    def __init__(self, number: type = float, most: int = MOST) -> None:
        self.number, self.left = number, most

    def checked(self, x: Number) -> Number:
        self.left -= 1
        if self.left < 0 or not abs(primal(x)) < LARGEST:
            raise Rejected
        return x


class Book:
    """The lines before a program: what is made once, outside of all functions."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[Fn, str] = {}

    def name(self, fn: Fn, text: str, prefix: str) -> str:
        if fn not in self.names:
            self.names[fn] = f"{prefix}{len(self.names)}"
            self.lines.append(f"{self.names[fn]} = {text}")
        return self.names[fn]


# Trees.


@attrs.frozen
class Shape:
    """A tree without its leaves; a whole number is a leaf that exponents are taken from."""

    kind: str = "leaf"
    children: tuple[Shape, ...] = ()

    @property
    def size(self) -> int:
        return sum(child.size for child in self.children) if self.children else 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """Whether each leaf is a whole number, a condition, or any number."""
        if self.children:
            return tuple(kind for child in self.children for kind in child.kinds)
        return ("number" if self.kind == "leaf" else self.kind,)

    @property
    def numbers(self) -> Shape:
        """The tree of what moves with each leaf: a number, with a condition too."""
        if not self.children:
            return LEAF
        return Shape(self.kind, tuple(child.numbers for child in self.children))

    def paths(self, prefix: str) -> list[str]:
        """How each leaf is read."""
        if not self.children:
            return [prefix]
        steps = {
            "dict": [f"[{key!r}]" for key in "abc"],
            "map": [f"[{key!r}]" for key in "abc"],
            "point": [".x", ".y", ".z"],
            "data": [".x", ".y", ".z"],
            "pair": [".first", ".second", ".third"],
            "nothing": ["[1]", "[2]", "[3]"],
        }.get(self.kind, ["[0]", "[1]", "[2]"])
        pairs = zip(self.children, steps, strict=False)
        return [path for child, step in pairs for path in child.paths(prefix + step)]

    def written(self, leaves: Iterator[str], *, turned: bool = False) -> str:
        """The tree with `leaves`; its dicts have their keys in the other order if it is turned."""
        if not self.children:
            return next(leaves)
        parts = [child.written(leaves, turned=turned) for child in self.children]
        if self.kind in {"dict", "map"}:
            items = [f"{key!r}: {part}" for key, part in zip("abc", parts, strict=False)]
            text = "{" + ", ".join(reversed(items) if turned else items) + "}"
            return text if self.kind == "dict" else f"pmap({text})"
        inner = ", ".join(parts)
        if self.kind == "list":
            return f"[{inner}]"
        if self.kind == "vector":
            return f"pvector([{inner}])"
        if self.kind == "nothing":
            return f"[None, {inner}, ()]"
        names = {"point": "Point", "pair": "Pair", "data": "Data"}
        name = f"{names[self.kind]}{len(parts)}" if self.kind in names else ""
        return f"{name}({inner}{',' if self.kind == 'tuple' and len(parts) == 1 else ''})"


LEAF = Shape()
WHOLE = Shape("whole")
TRUTH = Shape("truth")

# Expressions.


class Expr:
    """What gives a number or, if it is a condition, a truth value."""

    def written(self, env: Env, book: Book) -> str:
        raise NotImplementedError

    def value(self, oracle: Oracle, env: Env) -> Number:
        raise NotImplementedError


@attrs.frozen
class Num(Expr):
    """A plain number of a type."""

    number: float
    kind: str = "float"

    def written(self, env: Env, book: Book) -> str:
        text = KINDS[self.kind].format(self.number)
        return f"({text})" if text.startswith("-") else text

    def value(self, oracle: Oracle, env: Env) -> Number:
        return oracle.number(self.number)


@attrs.frozen
class Var(Expr):
    """A place of the environment."""

    place: int

    def written(self, env: Env, book: Book) -> str:
        return str(env[self.place])

    def value(self, oracle: Oracle, env: Env) -> Number:
        if self.place >= len(env):
            raise Rejected
        return env[self.place]


@attrs.frozen
class Op(Expr):
    """An operation, of `OPERATIONS`, that is smooth."""

    name: str
    args: tuple[Expr, ...]

    def written(self, env: Env, book: Book) -> str:
        return OPERATIONS[self.name][0].format(*[arg.written(env, book) for arg in self.args])

    def value(self, oracle: Oracle, env: Env) -> Number:
        args = [arg.value(oracle, env) for arg in self.args]
        return oracle.checked(OPERATIONS[self.name][1](*args))


@attrs.frozen
class Power(Expr):
    """A number to a whole power that is a variable."""

    base: Expr
    exponent: Expr

    def written(self, env: Env, book: Book) -> str:
        return f"({self.base.written(env, book)} ** {self.exponent.written(env, book)})"

    def value(self, oracle: Oracle, env: Env) -> Number:
        exponent = self.exponent.value(oracle, env)
        if isinstance(exponent, duals.Dual) or int(exponent) != exponent:
            raise Rejected
        return oracle.checked(duals.power(self.base.value(oracle, env), int(exponent)))


@attrs.frozen
class Poison(Expr):
    """What is nan or infinite, for a side that is not taken."""

    text: str
    arg: Expr

    def written(self, env: Env, book: Book) -> str:
        return self.text.format(self.arg.written(env, book))

    def value(self, oracle: Oracle, env: Env) -> Number:
        raise Rejected


@attrs.frozen
class Where(Expr):
    """A choice."""

    condition: Expr
    x: Expr
    y: Expr

    def written(self, env: Env, book: Book) -> str:
        parts = [part.written(env, book) for part in (self.condition, self.x, self.y)]
        return f"fg.where({', '.join(parts)})"

    def value(self, oracle: Oracle, env: Env) -> Number:
        taken = self.condition.value(oracle, env)
        if _solves(other := self.y if taken else self.x):
            # Python computes both sides, and what cannot be solved raises on either.
            other.value(oracle, env)
        return (self.x if taken else self.y).value(oracle, env)


def _solves(thing: object) -> bool:
    """Whether an equation is solved somewhere in an expression."""
    if isinstance(thing, tuple):
        return any(map(_solves, thing))
    if not attrs.has(type(thing)):
        return False
    fields = attrs.asdict(thing, recurse=False)  # type: ignore[arg-type]  # it has fields
    return fields.get("name") in ("root", "fixed_point") or _solves(tuple(fields.values()))


@attrs.frozen
class Compare(Expr):
    """Whether one number is larger than another."""

    text: str
    larger: Expr
    smaller: Expr

    def written(self, env: Env, book: Book) -> str:
        return self.text.format(self.larger.written(env, book), self.smaller.written(env, book))

    def value(self, oracle: Oracle, env: Env) -> Number:
        larger, smaller = self.larger.value(oracle, env), self.smaller.value(oracle, env)
        if abs(primal(larger) - primal(smaller)) < MARGIN:
            raise Rejected
        return bool(primal(larger) > primal(smaller))


@attrs.frozen
class Logic(Expr):
    """Conditions put together."""

    name: str
    args: tuple[Expr, ...]

    def written(self, env: Env, book: Book) -> str:
        return f"fg.logical_{self.name}({', '.join(a.written(env, book) for a in self.args)})"

    def value(self, oracle: Oracle, env: Env) -> Number:
        args = [arg.value(oracle, env) for arg in self.args]
        return {"and": all(args), "or": any(args), "not": not args[0]}[self.name]


@attrs.frozen
class Let(Expr):
    """An expression that is given a name, and stands in several places."""

    bound: Expr
    body: Expr

    def written(self, env: Env, book: Book) -> str:
        name = f"v{len(env)}"
        body = self.body.written((*env, name), book)
        return f"(lambda {name}: {body})({self.bound.written(env, book)})"

    def value(self, oracle: Oracle, env: Env) -> Number:
        return self.body.value(oracle, (*env, self.bound.value(oracle, env)))


@attrs.frozen
class Loop(Expr):
    """A number that goes round, in Python."""

    count: int
    start: Expr
    step: Expr

    def written(self, env: Env, book: Book) -> str:
        name = f"v{len(env)}"
        step = self.step.written((*env, name), book)
        return f"loop({self.count}, {self.start.written(env, book)}, lambda {name}: {step})"

    def value(self, oracle: Oracle, env: Env) -> Number:
        x = self.start.value(oracle, env)
        for _ in range(self.count):
            x = self.step.value(oracle, (*env, x))
        return x


@attrs.frozen
class Call(Expr):
    """A function at trees of numbers; its results are weighed and summed to a number."""

    fn: Fn
    args: tuple[Expr, ...]
    weights: tuple[float, ...]
    turned: bool = False
    """Whether it is called once more before, with the keys of dicts in the other order."""
    named: bool = False
    """Whether the last argument is given by name, if it has one."""

    def written(self, env: Env, book: Book) -> str:
        name = self.fn.written(env, book)
        call = f"{name}({self._arguments(env, book)})"
        if self.turned:
            call = f"({name}({self._arguments(env, book, turned=True)}), {call})[1]"
        if self.fn.leaf:
            return call if self.weights == (1.0,) else f"({call} * {self.weights[0]})"
        return f"weigh({call}, {', '.join(map(str, self.weights))})"

    def _arguments(self, env: Env, book: Book, *, turned: bool = False) -> str:
        leaves = iter([arg.written(env, book) for arg in self.args])
        trees = [shape.written(leaves, turned=turned) for shape in self.fn.params]
        name = self.fn.names(env)[-1] if self.named else ""
        return ", ".join([*trees[:-1], f"{name}={trees[-1]}" if name else trees[-1]])

    def value(self, oracle: Oracle, env: Env) -> Number:
        args = [arg.value(oracle, env) for arg in self.args]
        results = self.fn.run(oracle, env, args)
        pairs = zip(results, self.weights, strict=True)
        terms = [y * w for y, w in pairs if not isinstance(y, bool)]
        return oracle.checked(sum(terms[1:], terms[0]))


@attrs.frozen
class Truth(Expr):
    """The condition that a function gives as the first of its results."""

    fn: Fn
    args: tuple[Expr, ...]

    def written(self, env: Env, book: Book) -> str:
        return (
            f"{self.fn.written(env, book)}({Call(self.fn, self.args, ())._arguments(env, book)})[0]"
        )

    def value(self, oracle: Oracle, env: Env) -> Number:
        args = [arg.value(oracle, env) for arg in self.args]
        return self.fn.run(oracle, env, args)[0]


# Functions: of trees, to trees.


class Fn:
    """A function of trees of numbers; `run` takes all leaves of its arguments in a row."""

    params: tuple[Shape, ...]
    result: Shape
    closed: bool

    @property
    def size(self) -> int:
        return self.result.size

    @property
    def leaf(self) -> bool:
        return not self.result.children

    def written(self, env: Env, book: Book) -> str:
        raise NotImplementedError

    def names(self, env: Env) -> tuple[str, ...]:
        """What the arguments are called; nothing where they have no names."""
        return ("",) * len(self.params)

    def run(self, oracle: Oracle, env: Env, args: Sequence[Number]) -> list[Number]:
        raise NotImplementedError
