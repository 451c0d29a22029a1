"""Random expressions and functions of transforms, calls and trees."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from fgrad.backends.native.installed import native_is_installed
from tests.laws import transform_derivatives as derived
from tests.laws.transform_functions import Compiled, Foreign, Lambda, Solution
from tests.laws.transform_operations import (
    COMPARISONS,
    FOREIGN,
    KINDS,
    OPERATIONS,
    PLAIN,
    POISONS,
)
from tests.laws.transform_programs import (
    LEAF,
    TRUTH,
    WHOLE,
    Call,
    Compare,
    Expr,
    Fn,
    Let,
    Logic,
    Loop,
    Num,
    Op,
    Poison,
    Power,
    Shape,
    Truth,
    Var,
    Where,
)

FEATURES: Final = frozenset({
    "compile", "foreign", "solve", "reals", "numpy truth", "composed", "taylor", "repeat", "numbers", "types", "power",
    "turned", "truth", "truth argument", "first order", "loop", "poison", "names", "zero", "stop",
})  # fmt: skip
"""What programs may have; tests of one fault leave out what meets another."""

RARE: Final = ("map", "vector", "data", "nothing")
"""Containers that are in a program now and then."""
BACKENDS: Final = ("reference", "python", *(("native",) if native_is_installed() else ()))

Scope = tuple[str, ...]


class Generator:
    """Makes expressions and functions; `order` is how many derivatives may still be nested."""

    def __init__(self, rng: random.Random, features: frozenset[str] = FEATURES) -> None:
        self.rng, self.features = rng, features

    def chance(self, share: float, feature: str = "") -> bool:
        return self.rng.random() < share and (not feature or feature in self.features)

    def shape(self, most: int = 3) -> Shape:
        size = self.rng.randint(1, most)
        if size == 1 and self.chance(0.6):
            return LEAF
        kind = self.rng.choice(("tuple", "list", "dict", "dict", "pair", "point", *RARE))
        if size == 3 and self.chance(0.3):
            inner = Shape(self.rng.choice(("tuple", "dict", "point")), (LEAF, LEAF))
            return Shape(kind, (inner, LEAF))
        return Shape(kind, (LEAF,) * size)

    def number(self, kinds: Sequence[str]) -> Num:
        kind = self.rng.choice(kinds) if self.chance(0.6, "types") else "float"
        if kind in {"float32", "Fraction"} and "reals" not in self.features:
            kind = "Sub"
        if kind == "int":
            return Num(float(self.rng.randint(-2, 2)), kind)
        return Num(self.rng.randint(-12, 12) / 8.0, kind)

    def variable(self, scope: Scope, kind: str = "number") -> Expr | None:
        places = [i for i, known in enumerate(scope) if known == kind]
        if not places:
            return None
        return Var(self.rng.choice(places[-3:] if self.chance(0.6) else places))

    def expr(self, scope: Scope, size: int, order: int) -> Expr:
        """A number."""
        made = self.variable(scope)
        if size <= 0:
            return made if made and self.chance(0.9) else self.number(("float",))
        choices: list[tuple[float, Callable[..., Expr]]] = [
            (5.0, self.op),
            (4.5, self.call),
            (1.0, self.where),
            (0.7, self.let),
            (0.7 if "loop" in self.features else 0.0, self.loop),
            (1.3 if "power" in self.features else 0.0, self.power),
        ]
        weights = [weight for weight, _ in choices]
        return self.rng.choices(choices, weights)[0][1](scope, size, order)

    def op(self, scope: Scope, size: int, order: int) -> Expr:
        name = self.rng.choice(tuple(OPERATIONS))
        if name == "stop" and "stop" not in self.features:
            name = "neg"
        if self.chance(0.4):
            name = self.rng.choice(("add", "mul", "mul", "sub", "square"))
        count = _arity(name)
        args = [self.expr(scope, (size - 1) // count, order) for _ in range(count)]
        if name in PLAIN and self.chance(0.25):
            args[self.rng.randrange(count)] = self.number(PLAIN[name])
        return Op(name, tuple(args))

    def power(self, scope: Scope, size: int, order: int) -> Expr:
        size = self.rng.choice((0, 0, 0, size - 1))
        return Power(self.expr(scope, size, order), self.whole(scope))

    def whole(self, scope: Scope) -> Expr:
        made = self.variable(scope, "whole")
        if made and self.chance(0.7):
            return made
        return Num(float(self.rng.randint(0, 3)), self.rng.choice(("float", "int")))

    def let(self, scope: Scope, size: int, order: int) -> Expr:
        bound = self.expr(scope, size // 2, order)
        return Let(bound, self.expr((*scope, "number"), size // 2, order))

    def loop(self, scope: Scope, size: int, order: int) -> Expr:
        start = self.expr(scope, 0, order)
        if self.chance(0.4, "numbers"):
            start = self.number(("float", "int", "Sub"))
        inner = self.expr((*scope, "number"), size - 2, min(order, 1))
        state = Var(len(scope))
        step = Op("sub", (state, Op("mul", (Num(0.25), inner))))
        return Loop(self.rng.randint(2, 3), start, step)

    def where(self, scope: Scope, size: int, order: int) -> Expr:
        condition = self.condition(scope, size // 3, order)
        sides = [self.expr(scope, size // 3, order) for _ in range(2)]
        if self.chance(0.6, "poison"):
            poison = Poison(self.rng.choice(POISONS), self.expr(scope, 0, order))
            sides[self.rng.randrange(2)] = poison
        return Where(condition, *sides)

    def condition(self, scope: Scope, size: int, order: int) -> Expr:
        known = self.variable(scope, "truth")
        if known and self.chance(0.7):
            return known
        if self.chance(0.35, "truth") and "compile" in self.features:
            fn = self.truth_function(size, order)
            return Truth(fn, self.arguments(fn, scope, 0, order))
        if self.chance(0.25):
            name = self.rng.choice(("and", "or", "not"))
            count = 1 if name == "not" else 2
            return Logic(name, tuple(self.condition(scope, 0, order) for _ in range(count)))
        text = self.rng.choice(COMPARISONS)
        infix = text[0] == "(" and "numpy truth" not in self.features
        kinds = ("float", "int", "Sub", "Fraction") if infix else tuple(KINDS)
        sides = [self.expr(scope, size, order), self.number(kinds)]
        if self.chance(0.3):
            sides[1] = self.expr(scope, 0, order)
        self.rng.shuffle(sides)
        return Compare(text, *sides)

    def truth_function(self, size: int, order: int) -> Compiled:
        params = (self.shape(2),)
        scope = ("number",) * params[0].size
        body = (self.condition(scope, 0, 0), self.expr(scope, size, min(order, 1)))
        fn = Lambda(params, Shape("tuple", (TRUTH, LEAF)), body, closed=True)
        return Compiled(fn, self.rng.choice(BACKENDS))

    def call(self, scope: Scope, size: int, order: int) -> Expr:
        fn = self.function(scope, size - 1, order)
        args = self.arguments(fn, scope, 0 if self.chance(0.6) else (size - 1) // 3, order)
        weights = (
            [1.0] if fn.leaf else [self.rng.choice((1.0, -1.0, 0.5, 2.0)) for _ in range(fn.size)]
        )
        dicts = isinstance(fn, Compiled) and any("dict" in repr(shape) for shape in fn.params)
        turned = dicts and self.chance(0.8, "turned")
        last = len(fn.params) - 1
        named = self.chance(0.3) and (last > 0 or isinstance(fn, (Compiled, Solution)))
        return Call(fn, args, tuple(weights), turned, named)

    def arguments(self, fn: Fn, scope: Scope, size: int, order: int) -> tuple[Expr, ...]:
        made: list[Expr] = []
        for place, shape in enumerate(fn.params):
            kinds = tuple(KINDS) if _converts(fn, place) else ("float", "int", "Sub")
            for kind in shape.kinds:
                numbers = [x for x in made if isinstance(x, Var) and scope[x.place] == kind]
                if kind == "whole":
                    made.append(self.whole(scope))
                elif kind == "truth":
                    made.append(self.condition(scope, size, 0))
                elif numbers and self.chance(0.35, "repeat"):
                    made.append(self.rng.choice(numbers))
                elif self.chance(0.3, "numbers"):
                    made.append(self.number(kinds))
                else:
                    made.append(self.fresh(scope, size, order, made))
        return tuple(made)

    def fresh(self, scope: Scope, size: int, order: int, known: Sequence[Expr]) -> Expr:
        """An argument that is no node that is known, unless that is allowed."""
        made = self.expr(scope, size, order)
        if "repeat" in self.features or made not in known:
            return made
        return Op("add", (made, Num(self.rng.randint(1, 8) / 8.0)))

    # Functions.

    def function(
        self,
        scope: Scope,
        size: int,
        order: int,
        accepts: Callable[[Fn], bool] = lambda fn: True,
        *,
        closed: bool = False,
    ) -> Fn:
        """A function that is accepted; a scalar one of one number is accepted by everyone."""
        for _ in range(6):
            made = self.any_function(scope, size, order, closed=closed)
            if made is not None and accepts(made):
                return made
        return self.written(scope, size, order, (LEAF,), LEAF, closed=closed)

    def any_function(self, scope: Scope, size: int, order: int, *, closed: bool) -> Fn | None:
        has = self.features.__contains__
        outside = closed and not has("composed")
        kind = self.rng.choices(
            ("written", "compiled", "truth", "foreign", "solution", "gradient", "push", "pull", "jacobian",
             "taylor", "times", "hessian"),
            (1.5 if closed else 0.7, 2.0 * has("compile") * (not closed),
             0.4 * has("truth") * has("compile"), 1.2 * has("foreign") * (not outside), 1.2 * has("solve") * (not outside),
             *(w * (order >= 1) for w in (3.0, 1.5, 1.5, 0.8)),
             1.2 * (order >= 2) * has("taylor") * (not outside),
             1.2 * (order >= 2), 0.8 * (order >= 2)),
        )[0]  # fmt: skip
        if kind == "written":
            result = LEAF if self.chance(0.6) else self.shape(2)
            return self.written(scope, size, order, self.params(), result, closed=closed)
        if kind == "compiled":
            fn = self.function((), size, order, closed=True)
            return Compiled(fn, self.rng.choice(BACKENDS))
        if kind == "truth":
            fn = self.truth_function(size, order)
            return fn.fn if self.chance(0.3) else fn
        if kind == "foreign":
            return self.foreign()
        if kind == "solution":
            return self.solution(size, order)
        return self.transformed(kind, scope, size, order, closed=closed)

    def params(self) -> tuple[Shape, ...]:
        first = self.shape()
        if self.chance(0.3, "power"):
            return (first, WHOLE)
        return (first, self.shape(2)) if self.chance(0.2) else (first,)

    def written(
        self, scope: Scope, size: int, order: int, params: tuple[Shape, ...], result: Shape,
        *, closed: bool,
    ) -> Lambda:  # fmt: skip
        inner = (*(() if closed else scope), *[kind for shape in params for kind in shape.kinds])
        if closed and self.chance(0.15, "truth argument"):
            params, inner = (*params, TRUTH), (*inner, "truth")
        count = result.size
        body = [self.expr(inner, max(size // count, 1), order) for _ in range(count)]
        return Lambda(params, result, tuple(body), closed)

    def foreign(self) -> Fn:
        names = [
            name
            for name, row in FOREIGN.items()
            if row.order > 1 and ("names" in self.features or "name" not in name)
        ]
        name = self.rng.choice(names)
        return Foreign(name, self.number(tuple(KINDS)).kind)

    def solution(self, size: int, order: int) -> Fn:
        pair = self.chance(0.3)
        unknown = Shape(self.rng.choice(("tuple", "list", "dict")), (LEAF, LEAF)) if pair else LEAF
        params = (unknown, *self.params()[: self.rng.randint(1, 2)])
        hidden = ("hidden",) * unknown.size
        scope = (*hidden, *[kind for shape in params[1:] for kind in shape.kinds])
        a, b = [self.expr(scope, size // 2, min(order, 1)) for _ in range(2)]
        name = self.rng.choice(("root", "root", "fixed_point"))
        weight = Num(0.375)
        if pair:
            terms = [
                Op("mul", (weight, Op("sin", (Op("add", (Var(1), a)),)))),
                Op("mul", (weight, Op("cos", (Var(0),)))),
            ]
            values = [Op("add", (term, e)) for term, e in zip(terms, (b, a), strict=True)]
        else:
            values = [Op("add", (Op("mul", (weight, Op("tanh", (Op("add", (Var(0), a)),)))), b))]
        if name == "root":
            values = [Op("sub", (Var(i), value)) for i, value in enumerate(values)]
        start = self.number(("float", "int", "float64", "Sub", "Fraction"))
        return Solution(name, Lambda(params, unknown, tuple(values), closed=True), start)

    def transformed(
        self, kind: str, scope: Scope, size: int, order: int, *, closed: bool
    ) -> Fn | None:
        uses = 2 if kind in {"taylor", "times", "hessian"} else 1

        def inner(accepts: Callable[[Fn], bool]) -> Fn:
            return self.function(scope, size - 1, order - uses, accepts, closed=closed)

        if kind == "gradient":
            return self.gradient(inner)
        if kind == "push":
            return derived.Push(inner(_differentiable))
        if kind == "pull":
            return derived.Pull(
                inner(lambda fn: _differentiable(fn) and "rows" not in str(fn.result))
            )
        if kind == "jacobian":
            mode = self.rng.choice(("auto", "forward", "reverse"))
            return derived.Jacobian(inner(lambda fn: _differentiable(fn) and fn.size < 5), mode)
        if kind == "taylor":
            return derived.Taylor(inner(lambda fn: _scalar(fn) and fn.params[0] == LEAF), 2)
        if kind == "times":
            return derived.HessianTimes(inner(_scalar))
        return derived.Hessian(inner(_scalar))

    def gradient(self, inner: Callable[..., Fn]) -> Fn:
        form = self.rng.choice(("gradient", "gradient", "value", "aux"))
        if form == "aux":
            fn = inner(
                lambda fn: (
                    _differentiable(fn)
                    and fn.result.kind == "tuple"
                    and len(fn.result.children) == 2
                    and fn.result.children[0] == LEAF
                    and "rows" not in str(fn.result)
                )
            )
            if fn.result == LEAF:
                return derived.Gradient(fn)
            return derived.Gradient(fn, 0, "aux")
        fn = inner(_scalar)
        numeric = [i for i, shape in enumerate(fn.params) if set(shape.kinds) == {"number"}]
        argnums: int | tuple[int, ...] = self.rng.choice(numeric)
        if self.chance(0.3):
            argnums = tuple(self.rng.sample(numeric, self.rng.randint(1, len(numeric))))
        return derived.Gradient(fn, argnums, form)


def _arity(name: str) -> int:
    return {"sum": 3, "dot": 3, "prod": 3}.get(name, OPERATIONS[name][0].count("{}"))


def _differentiable(fn: Fn) -> bool:
    return set(fn.params[0].kinds) == {"number"}


def _scalar(fn: Fn) -> bool:
    return _differentiable(fn) and fn.result == LEAF


def _converts(fn: Fn, place: int) -> bool:
    """Whether a plain number in this argument is taken over as a float before it is used."""
    if isinstance(fn, (Compiled, Solution)):
        return True
    if isinstance(fn, Foreign):
        return "custom" not in FOREIGN[fn.name].text
    if isinstance(fn, derived.Gradient):
        return place in fn.places
    doubled = isinstance(fn, (derived.Push, derived.Pull, derived.HessianTimes))
    return isinstance(fn, derived.Derived) and place <= doubled
