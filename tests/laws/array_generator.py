"""Random programs over arrays: lines of everything there is, and functions that are transformed in them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import numpy as np

from tests.laws import array_branches as branches
from tests.laws import array_elementwise as elementwise
from tests.laws import array_parts as parts
from tests.laws import array_products as products
from tests.laws import array_whole as whole
from tests.laws.array_kit import names
from tests.laws.array_more import KNOWN, more
from tests.laws.array_programs import LAYOUTS, Function, Lengths, Line, Operand, Program
from tests.laws.array_scope import LARGEST, Draft, Known, Scope
from tests.laws.transform_programs import LEAF, Shape

MOST: Final = 50.0
"""The largest number that a line may give at the point."""
SHAPES: Final[tuple[Lengths, ...]] = (
    (), (), (2,), (3,), (4,), (2, 3), (3, 2), (2, 2), (3, 3), (1,), (1, 3), (3, 1), (2, 1, 3), (2, 2, 2), (2, 3, 2), (0,), (0, 3),
)  # fmt: skip
TREES: Final = ("tuple", "list", "dict", "point", "pair", "data", "map", "nothing")
Maker = Callable[[Scope], Draft | None]
MAKERS: Final[dict[Maker, float]] = {
    elementwise.unary: 4.0, elementwise.binary: 5.0, elementwise.power: 0.7, elementwise.condition: 1.0,
    elementwise.where: 1.2, elementwise.clip: 0.5, branches.poisoned: 1.2, branches.rows_poisoned: 1.2,
    branches.poison_not_taken: 0.8, branches.tied: 0.8, branches.poison_mixed: 1.5,
    whole.reduction: 3.0, whole.along: 1.8, whole.reshaping: 2.0, whole.permuting: 1.3, whole.joined: 1.8,
    products.product: 2.0, products.einsum: 1.2, products.algebra: 2.0, parts.part: 1.8, parts.index: 2.5, more: 3.0 * bool(KNOWN),
}  # fmt: skip


class Broken(Exception):
    """A line that fgrad does not carry out at all: it ends the program, and is what fails."""


class Generator:
    """Makes lines and functions; `order` is how many derivatives may be nested in them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.count = itertools.count()

    def line(self, scope: Scope, order: int) -> Line | None:
        """A line that was put in the scope, if a draft was any good."""
        special: dict[Callable[[Scope, int], Draft | None], float] = {
            self.derivative: 3.5 * (order > 0), self.loop: 0.4, self.by_rows: 0.4, self.custom: 0.5,
        }  # fmt: skip
        chosen: Any = self.rng.choices([*MAKERS, *special], [*MAKERS.values(), *special.values()])[
            0
        ]
        draft = chosen(scope, order) if chosen in special else chosen(scope)
        return None if draft is None else self.put(scope, draft)

    def put(self, scope: Scope, draft: Draft) -> Line | None:
        """The line of a draft, unless its value is none to go on with."""
        line = draft.line(self.rng, next(self.count))
        try:
            value = scope.evaluated(line)
        except np.linalg.LinAlgError:
            return None
        except Exception:  # noqa: BLE001  # whatever is raised is a fault, and found again
            scope.bind(Known(line.out, 0.0))
            return line
        if np.size(value) > LARGEST or np.ndim(value) > 4:
            return None
        if not np.all(np.abs(np.asarray(value, float)) < MOST):
            return None
        known = scope.bind(Known(line.out, value))
        return attrs.evolve(line, shape=known.shape, truth=known.truth)

    def lines(self, scope: Scope, count: int, order: int) -> list[Line]:
        """So many lines; what was tried in vain is left out."""
        tried = [self.line(scope, order) for _ in range(count)]
        return [line for line in tried if line is not None]

    # Functions inside.

    def function(
        self, scope: Scope, args: Sequence[Any], order: int, *, number: bool
    ) -> tuple[Function, Known]:
        """A function at arguments, which gives a number or anything, and its result there."""
        inner = scope.inner()
        params = [inner.bind(Known(next(self.count), value)) for value in args]
        kind = self.rng.choice(("tuple", "list", "dict"))
        tree = LEAF if len(params) == 1 else Shape(kind, (LEAF,) * len(params))
        lines = self.lines(inner, self.rng.randint(1, 4), order)
        lines += self.used(inner, params[0])
        end = inner.numbers()[-1]
        if number and end.shape:
            made = self.put(inner, Draft("sum", "fg.sum(fg.sin({0}))", [end.number]))
            if made is None:
                raise Broken
            lines.append(made)
            end = inner.numbers()[-1]
        ids = tuple([p.number for p in params])
        shapes = tuple([p.shape for p in params])
        return Function(ids, tree, tuple(lines), (end.number,), shapes), end

    def used(self, scope: Scope, first: Known) -> list[Line]:
        """A line that makes the result depend on a parameter."""
        end = scope.numbers()[-1]
        try:
            np.broadcast_shapes(end.shape, first.shape)
            text = "fg.mul({0}, fg.cos({1}))"
        except ValueError:
            text = "fg.mul({0}, fg.sum(fg.cos({1})))"
        made = self.put(scope, Draft("mul", text, [end.number, first.number]))
        return [] if made is None else [made]

    def derivative(self, scope: Scope, order: int) -> Draft | None:
        """A transform of a function, called in the line."""
        name = self.rng.choice(tuple(TRANSFORMS))
        text, number = TRANSFORMS[name]
        x = scope.pick(lambda x: np.size(x.value) <= 12)
        if x is None:
            return None
        args = [x]
        if name == "gradient of a tree":
            args.append(scope.pick() or x)
        second = order - 1 - (name in {"hvp", "hessian"})
        if second < 0:
            return None
        try:
            f, end = self.function(scope, [a.value for a in args], second, number=number)
        except Broken:
            return None
        operands: list[Operand] = [a.number for a in args]
        if name in {"jvp", "hvp", "jvp of both"}:
            operands.append(scope.of_shape(x.shape))
        if name == "vjp":
            operands.append(scope.of_shape(end.shape))
        if name == "gradient of a tree":
            place = self.rng.randint(0, 1)
            held = f.tree.written(iter(["{0}", "{1}"])).replace("{'", "{{'").replace("1}}", "1}}}")
            text = text.format(tree=held, place=f.tree.paths("")[place])
        return Draft(name, text, operands, functions=[f])

    def loop(self, scope: Scope, order: int) -> Draft | None:
        """What an array becomes in a few steps."""
        x = scope.pick()
        if x is None:
            return None
        inner = scope.inner()
        state = inner.bind(Known(next(self.count), x.value))
        lines = self.lines(inner, self.rng.randint(1, 2), 0)
        ends = [k.number for k in inner.numbers() if _ends(k.shape, x.shape) and k is not state]
        text = "fg.sub({0}, fg.mul(0.25, fg.tanh({1})))"
        made = self.put(
            inner, Draft("sub", text, [state.number, ends[-1] if ends else state.number])
        )
        if made is None:
            return None
        f = Function((state.number,), LEAF, (*lines, made), (made.out,), (x.shape,))
        return Draft(
            "loop", f"loop({{f0}}, {{0}}, {self.rng.randint(1, 3)})", [x.number], functions=[f]
        )

    def by_rows(self, scope: Scope, order: int) -> Draft | None:
        """A function of each row, and the results side by side."""
        x = scope.array(1, lambda x: 0 not in x.shape)
        if x is None:
            return None
        try:
            f, _ = self.function(scope, [x.value[0]], 0, number=False)
        except Broken:
            return None
        return Draft("rows", "fg.stack([{f0}(row) for row in {0}])", [x.number], functions=[f])

    def custom(self, scope: Scope, order: int) -> Draft | None:
        """A function with a rule of its own, which is right."""
        x = scope.pick()
        if x is None:
            return None
        name, rule, oracle = self.rng.choice(CUSTOM)
        return Draft(name, oracle, [x.number], [f"fg.custom({rule})({{0}})"], own=False)

    # Programs.

    def program(self) -> Program:
        """A whole one."""
        tree = self.tree()
        scope = Scope(self.rng, names(), ())
        leaves, layouts = [], []
        for place in range(tree.size):
            leaf, layout, padding = self.leaf(padded=place > 0)
            scope.bind(Known(next(self.count), leaf, padding))
            leaves.append(leaf)
            layouts.append(layout)
        params = tuple([k.number for k in scope.known])
        order = self.rng.choice((0, 0, 1, 1, 1, 2))
        lines = self.lines(scope, self.rng.randint(3, 9), order)
        read = {a for line in lines for a in line.args}
        count = self.rng.choice((1, 2, 3, 4))
        ends = [k for k in scope.numbers() if k.number not in read][-count:] or scope.numbers()[-1:]
        result = LEAF
        if len(ends) > 1 or self.rng.random() < 0.2:
            kinds = ("tuple", "list") if len(ends) > 3 else TREES[:5]
            result = Shape(self.rng.choice(kinds), (LEAF,) * len(ends))
        shapes = tuple([np.shape(leaf) for leaf in leaves])
        results = tuple([k.number for k in ends])
        f = Function(params, tree, tuple(lines), results, shapes, result)
        size = sum(map(np.size, leaves)), sum([np.size(k.value) for k in ends])
        deep = any(line.functions for line in lines)
        return Program(f, tuple(leaves), tuple(layouts), self.ways(*size, deep=deep and order > 1))

    def tree(self) -> Shape:
        size = self.rng.randint(1, 3)
        if size == 1 and self.rng.random() < 0.6:
            return LEAF
        kind = self.rng.choice(TREES)
        if size == 3 and self.rng.random() < 0.4:
            inner = Shape(self.rng.choice(TREES[:4]), (LEAF, LEAF))
            return Shape(kind, (inner, LEAF))
        return Shape(kind, (LEAF,) * size)

    def leaf(self, *, padded: bool) -> tuple[Any, str, Any]:
        """An array or a number, its layout, and where its rows may be used, if they are padded."""
        shape = self.rng.choice(SHAPES)
        values = [self.rng.uniform(-1.5, 1.5) for _ in range(int(np.prod(shape)))]
        if not shape:
            return values[0], self.rng.choice(("plain", "plain", "0-d", "float64")), None
        leaf = np.array(values).reshape(shape)
        layout = self.rng.choice(LAYOUTS)
        if self.rng.random() < 0.05:
            return np.round(leaf * 2.0), "whole numbers", None
        if shape[0] > 1 and self.rng.random() < 0.08:
            return np.repeat(leaf[:1], shape[0], 0), "strides of 0", None
        if padded and len(shape) == 2 and 0 not in shape and self.rng.random() < 0.4:
            good = np.array([self.rng.random() < 0.6 for _ in range(shape[0])])
            leaf = np.abs(leaf) + 0.3
            leaf[~good] = self.rng.choice((0.0, -1.0, np.nan, np.inf, -np.inf))
            return leaf, layout, good
        return leaf, layout, None

    def ways(self, inputs: int, outputs: int, *, deep: bool) -> tuple[str, ...]:
        """How it is differentiated: in ways of the first order if there is much, or much inside."""
        first, second = list(FIRST), list(SECOND)
        if inputs * outputs > 60:
            first = [w for w in first if "jacobian" not in w]
        if inputs > 10:
            second = [w for w in second if "hessian" not in w]
        chosen = self.rng.sample(first, 2)
        if not deep or self.rng.random() < 0.2:
            chosen.append(self.rng.choice(second))
        return ("value", *chosen)


def _ends(inner: Lengths, outer: Lengths) -> bool:
    try:
        return np.broadcast_shapes(inner, outer) == outer
    except ValueError:
        return False


TRANSFORMS: Final = {
    "gradient": ("fg.gradient({f0})({0})", True),
    "value and gradient": ("fg.value_and_gradient({f0})({0})[1]", True),
    "jvp": ("fg.jvp({f0})({0}, {1})[1]", False),
    "jvp of both": ("fg.add(*fg.jvp({f0})({0}, {1}))", False),
    "vjp": ("fg.vjp({f0})({0})[1]({1})", False),
    "hvp": ("fg.hvp({f0})({0}, {1})", True),
    "jacobian forward": ("fg.jacobian({f0}, mode='forward')({0})[0]", False),
    "jacobian reverse": ("fg.jacobian({f0}, mode='reverse')({0})[0]", False),
    "hessian": ("fg.hessian({f0})({0})[0]", True),
    "gradient of a tree": ("fg.gradient({{f0}})({tree}){place}", True),
}
"""Transforms of functions in a program, and whether these give a number."""
CUSTOM: Final = (
    ("custom by vjp", "lambda x: np.sin(x), vjp=lambda x, y, bar: bar * fg.cos(x)", "fg.sin({0})"),
    ("custom by jvp", "lambda x: np.sin(x), jvp=lambda x, y, dx: dx * fg.cos(x)", "fg.sin({0})"),
    ("custom by vjp", "lambda x: np.exp(-x * x), vjp=lambda x, y, bar: -2.0 * bar * x * y", "fg.exp(fg.neg(fg.square({0})))"),
    ("custom by vjp", "lambda x: np.sum(x * x), vjp=lambda x, y, bar: 2.0 * bar * x", "fg.sum(fg.square({0}))"),
)  # fmt: skip
FIRST: Final = (
    "gradient", "value and gradient", "gradient by argument", "jvp", "vjp", "jacobian forward", "jacobian reverse",
    "graph", "graph of nodes", "gradient at nodes", "stacked jvp",
)  # fmt: skip
SECOND: Final = (
    "hvp", "reverse over forward", "forward over reverse", "reverse over reverse", "hessian", "hessian forward", "twice by hand",
)  # fmt: skip


def program(seed: int) -> Program:
    """The program of a seed."""
    return Generator(seed).program()
