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
    if np.ndim(values[1]) and np.size(values[1]) and scope.chance(0.2):
        return _centred(scope, name, args)
    one, two = _within("{0}", values[0], first), _within("{1}", values[1], second)
    arrays = [np.ndim(v) > 0 for v in values]
    styles = _called(name, f"{one}, {two}")
    if infix and "fg." not in one + two and any(arrays):
        styles += [infix]
    return Draft(name, f"fg.{name}({one}, {two})", args, styles)


def _centred(scope: Scope, name: str, args: list[Operand]) -> Draft:
    """With what is the same along an axis of the other."""
    name = name if name in {"add", "sub", "mul", "maximum"} else "sub"
    axis = scope.axis(np.ndim(_value(scope, args[1])))
    other = f"fg.{scope.choice(('sum', 'mean'))}({{1}}, axis={axis}, keepdims=True)"
    text = f"fg.{name}({{0}}, {other})"
    if scope.chance(0.5):
        text = f"fg.sum({text}, axis={axis})"
    return Draft(name, text, args)


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
