"""Random lines of operations on numbers, element by element, and of branches that are not taken."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tests.laws.array_programs import Operand, literal
from tests.laws.array_scope import Draft, Known, Scope

UNARY: Final = {
    **dict.fromkeys(("sin", "cos", "atan", "tanh", "abs", "neg", "square", "sigmoid", "softplus"), "any"),
    **dict.fromkeys(("relu", "erf", "erfc", "asinh", "stop_gradient", "sign", "floor", "ceil", "round"), "any"),
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "lgamma", "digamma", "cbrt", "reciprocal"), "positive"),
    **dict.fromkeys(("log1p", "asin", "acos", "atanh", "tan"), "unit"),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), "small"),
    "acosh": "large",
}  # fmt: skip
"""The operations on one number, and where they are smooth."""
DOMAINS: Final = {
    "any": (-np.inf, np.inf, "{}"),
    "positive": (0.25, 9.0, "fg.add(fg.square(fg.sin({})), 0.5)"),
    "unit": (-0.85, 0.85, "fg.mul(0.8, fg.tanh({}))"),
    "small": (-3.0, 3.0, "fg.mul(2.0, fg.sin({}))"),
    "large": (1.25, 50.0, "fg.add(fg.square(fg.cos({})), 1.5)"),
}
"""The smallest and the largest number, and how others come there."""
BINARY: Final = {
    "add": ("any", "any", "({0} + {1})"), "sub": ("any", "any", "({0} - {1})"),
    "mul": ("any", "any", "({0} * {1})"), "div": ("any", "positive", "({0} / {1})"),
    "pow": ("positive", "small", "({0} ** {1})"), "maximum": ("any", "any", None),
    "minimum": ("any", "any", None), "hypot": ("any", "positive", None),
    "atan2": ("any", "positive", None), "logaddexp": ("any", "any", None),
    "mod": ("any", "positive", "({0} % {1})"), "copysign": ("any", "any", None),
}  # fmt: skip
NUMPY: Final = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "neg": "negative", "round": "rint", "sub": "subtract", "mul": "multiply",
    "div": "divide", "pow": "power", "mod": "remainder", "atan2": "arctan2",
}  # fmt: skip
"""Where numpy's name is another."""


def _called(name: str, places: str) -> list[str]:
    """By numpy's name, if it has one."""
    theirs = NUMPY.get(name, name)
    return [f"np.{theirs}({places})"] if hasattr(np, theirs) else []


def _within(text: str, value: Any, domain: str) -> str:
    least, most, way = DOMAINS[domain]
    inside = np.size(value) == 0 or (np.min(value) >= least and np.max(value) <= most)
    return text if inside else way.format(text)


def unary(scope: Scope) -> Draft | None:
    """An operation on one number."""
    name = scope.choice(tuple(UNARY))
    x = scope.pick()
    if x is None:
        return None
    inner = _within("{0}", x.value, UNARY[name])
    more = {"neg": [f"(-{inner})"], "abs": [f"abs({inner})"]}.get(name, [])
    return Draft(name, f"fg.{name}({inner})", [x.number], [*_called(name, inner), *more])


def binary(scope: Scope) -> Draft | None:
    """An operation on two, which are broadcast."""
    name = scope.choice(("add", "mul", "mul", "sub", *BINARY))
    x = scope.pick()
    if x is None:
        return None
    args: list[Operand] = [x.number, scope.beside(x.shape)]
    if scope.chance(0.3):
        args.reverse()
    first, second, infix = BINARY[name]
    values = [_value(scope, a) for a in args]
    one, two = _within("{0}", values[0], first), _within("{1}", values[1], second)
    arrays = [np.ndim(v) > 0 for v in values]
    styles = _called(name, f"{one}, {two}")
    if infix and "fg." not in one + two and any(arrays):
        styles += [infix]
    return Draft(name, f"fg.{name}({one}, {two})", args, styles)


def power(scope: Scope) -> Draft | None:
    """To a whole power, of any sign."""
    x, n = scope.array(), scope.choice((2, 3, 2.0, 3.0, 1))
    if x is None:
        return None
    return Draft("pow", f"fg.pow({{0}}, {float(n)})", [x.number], [f"({{0}} ** {n})"])


def _value(scope: Scope, operand: Operand) -> Any:
    if isinstance(operand, int):
        return scope.names[f"v{operand}"]
    return eval(operand, {"np": np})  # noqa: S307  # it is ours


def condition(scope: Scope) -> Draft | None:
    """A comparison, or what is made of several."""
    known = [c for c in scope.known if c.truth]
    if known and scope.chance(0.4):
        c = scope.choice(known)
        others = [d for d in known if d.shape == c.shape]
        if scope.chance(0.3):
            return Draft("not", "fg.logical_not({0})", [c.number], ["np.logical_not({0})"])
        d, name = scope.choice(others), scope.choice(("and", "or"))
        numpys = [f"np.logical_{name}({{0}}, {{1}})"]
        return Draft(name, f"fg.logical_{name}({{0}}, {{1}})", [c.number, d.number], numpys)
    x = scope.pick()
    if x is None:
        return None
    y = scope.beside(x.shape)
    name, sign = scope.choice((("less", "<"), ("greater", ">"), ("greater_equal", ">=")))
    infix = [f"({{0}} {sign} {{1}})"] if x.shape else []
    return Draft(name, f"fg.{name}({{0}}, {{1}})", [x.number, y], infix)


def where(scope: Scope) -> Draft | None:
    """A choice, by a condition or a known mask."""
    x = scope.pick()
    if x is None:
        return None
    known = [c.number for c in scope.known if c.truth and _same_end(c, x)]
    c: Operand = scope.choice(known) if known and scope.chance(0.7) else _mask(scope, x.shape)
    args = [c, x.number, scope.beside(x.shape)]
    text = scope.choice(("{0}, {1}, {2}", "{0}, {2}, {1}"))
    return Draft("where", f"fg.where({text})", args, [f"np.where({text})"])


def _same_end(c: Known, x: Known) -> bool:
    return c.shape == x.shape[len(x.shape) - len(c.shape) :] if c.shape else True


def _mask(scope: Scope, shape: tuple[int, ...]) -> str:
    size = int(np.prod(shape))
    return literal(np.array([scope.chance(0.5) for _ in range(size)], bool).reshape(shape))


def clip(scope: Scope) -> Draft | None:
    """Between two numbers, or two arrays."""
    x = scope.array()
    if x is None:
        return None
    low = scope.number()
    if scope.chance(0.6):
        a, b = low, low + 0.75
        return Draft("clip", f"fg.clip({{0}}, {a}, {b})", [x.number], [f"{{0}}.clip({a}, {b})"])
    text = "fg.clip({0}, fg.sub({1}, 0.5), fg.add({1}, 0.5))"
    return Draft("clip", text, [x.number, scope.beside(x.shape)])


# Branches that are not taken.

POISONS: Final = (
    "fg.log({})", "fg.sqrt({})", "fg.reciprocal({})", "fg.div(1.5, {})", "fg.pow({}, 0.5)", "fg.cbrt({})",
    "fg.pow({}, -1.5)", "fg.mul({0}, fg.log({0}))", "fg.exp(fg.reciprocal(fg.square({})))", "fg.log2({})",
    "fg.div({0}, fg.sqrt({0}))", "fg.lgamma({})", "fg.square(fg.log({}))",
)  # fmt: skip
"""Infinite or nan at 0, or at what is negative."""
MOVES: Final = ("{}", "{}", "fg.transpose({})", "fg.flip({})", "fg.reshape({}, (-1,))", "{}[::-1]", "{}[None]")  # fmt: skip


def poisoned(scope: Scope) -> Draft | None:
    """Element by element: what is nan or infinite where a condition does not hold."""
    x = scope.array()
    if x is None:
        return None
    wrap = scope.choice(("{}", "fg.relu({})"))
    test = "fg.greater({0}, 0.3)" if scope.chance(0.5) else literal(np.asarray(x.value > 0.3))
    move = scope.choice(MOVES)
    if test.startswith("np") and move.startswith("fg."):
        move = move.replace("fg.", "np.")
    moved = move.replace("np.", "fg.")
    poison = scope.choice(POISONS)
    unsafe = poison.format(wrap.format("{0}"))
    safe = poison.format(wrap.format(f"fg.where({test}, {{0}}, 1.0)"))
    other = scope.number()
    text, oracle = (
        f"fg.where({move.format(test)}, {moved.format(inner)}, {other})" for inner in (unsafe, safe)
    )
    return Draft("where not taken", oracle, [x.number], [text], own=False)


CHAINS: Final = (
    ("({} @ {{1}})", 2), ("fg.einsum('ij,jk->ik', {}, {{1}})", 2), ("fg.sum({}, 1)", 0), ("fg.mean({}, 1)", 0),
    ("fg.max({}, 1)", 0), ("fg.logsumexp({}, 1)", 0), ("fg.prod({}, 1)", 0), ("fg.norm({}, axis=1)", 0),
    ("fg.std({}, 1)", 0), ("fg.cumsum({}, 1)", 1), ("fg.softmax({}, 1)", 1), ("fg.cumprod({}, 1)", 1),
    ("fg.tanh({})", 1), ("fg.mul({}, {{2}})", 1), ("{}[:, ::-1]", 1), ("fg.sort({}, 1)", 1),
    ("fg.concatenate([{0}, {0}], 1)", -1), ("fg.pad({}, ((0, 0), (1, 0)))", -1), ("fg.take({}, np.array([0, 0]), 1)", -1),
)  # fmt: skip
"""What goes on row by row: 0 gives a vector, 1 as many columns, 2 a product with weights, -1 other columns."""


def rows_poisoned(scope: Scope) -> Draft | None:
    """Row by row: padding whose results are not chosen, with linear operations between."""
    padded = [x for x in scope.known if x.padding is not None]
    x: Known | None = scope.choice(padded) if padded and scope.chance(0.7) else None
    x = x or scope.pick(lambda x: len(x.shape) == 2 and 0 not in x.shape)
    if x is None:
        return None
    good = x.padding
    if good is None:
        good = np.array([scope.chance(0.5) for _ in range(x.shape[0])])
    keep, inner = literal(good[:, None]), "{0}"
    if x.padding is None:
        zeros = literal(good[:, None].astype(float))
        inner = f"fg.mul(fg.add(fg.square({{0}}), 0.3), {zeros})"
    poison = scope.choice(POISONS)
    text, oracle = poison.format(inner), poison.format(f"fg.where({keep}, {inner}, 1.0)")
    kind = 1
    for _ in range(scope.rng.randint(1, 3)):
        chain, then = scope.choice([c for c in CHAINS if kind == 1 or c[1] < 2])
        if kind == 0:
            break
        text = chain.format(text)
        oracle = chain.format(oracle) if "@" not in chain else f"fg.matmul({oracle}, {{1}})"
        kind = then if then != 1 else kind
    mask = keep if kind else literal(good)
    weights = scope.of_shape((x.shape[1], 2))
    other = scope.number()
    ends = [f"fg.where({mask}, {body}, {other})" for body in (text, oracle)]
    args = [x.number, weights, scope.number()]
    return Draft(
        "padding",
        ends[1],
        [a if isinstance(a, int) else str(a) for a in args],
        [ends[0]],
        own=False,
    )
