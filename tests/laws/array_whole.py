"""Random lines of operations on whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.laws.array_programs import Operand
from tests.laws.array_scope import Draft, Scope


def reduction(scope: Scope) -> Draft | None:
    """Along axes."""
    name = scope.choice(
        ("sum", "sum", "mean", "prod", "max", "min", "std", "var", "norm", "logsumexp")
    )
    smooth = name not in {"sum", "prod", "logsumexp"}
    x = scope.array(1, lambda x: not (smooth and 0 in x.shape))
    if x is None or (name == "logsumexp" and 0 in x.shape):
        return None
    axis, keep = scope.axes(len(x.shape)), scope.chance(0.4)
    more = ", keepdims=True" if keep else ""
    if name in {"std", "var"}:
        more += scope.choice(("", "", ", ddof=1"))
        axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        if np.prod([x.shape[a] for a in axes]) < 2:
            more = more.replace(", ddof=1", "")
    ours, end = ("variance" if name == "var" else name), f"axis={axis}{more})"
    styles = []
    if name not in {"norm", "logsumexp"}:
        styles = [f"np.{name}({{0}}, {end}", f"{{0}}.{name}({end}"]
    elif name == "norm" and not (axis is None and len(x.shape) > 2) and _count(axis) < 3:
        styles = [f"np.linalg.norm({{0}}, {end}"]
        if isinstance(axis, int) and 0 not in x.shape and scope.chance(0.4):
            order = scope.choice((1, 2, "np.inf"))
            return Draft("norm", f"fg.norm({{0}}, {order}, {end}", [x.number])
    return Draft(name, f"fg.{ours}({{0}}, {end}", [x.number], styles, own=name != "var")


def _count(axis: Any) -> int:
    return len(axis) if isinstance(axis, tuple) else 1


def along(scope: Scope) -> Draft | None:
    """Along one axis, as many elements as before or nearly."""
    x = scope.array()
    if x is None:
        return None
    axis = scope.axis(len(x.shape))
    name = scope.choice(("softmax", "cumsum", "cumprod", "sort", "flip", "roll", "diff", "argsort"))
    if name == "argsort":
        if len(x.shape) > 1:
            return None
        return Draft(
            "argsort",
            "fg.sort({0})",
            [x.number],
            ["{0}[np.argsort({0}, kind='stable')]"],
            own=False,
        )
    if name == "roll":
        end = f"{scope.rng.randint(-3, 4)}, {scope.choice((axis, None))})"
    elif name == "diff":
        end = f"{scope.rng.randint(1, min(2, max(1, x.shape[axis] - 1)))}, {axis})"
    elif name in {"cumsum", "cumprod", "flip"} and scope.chance(0.2):
        end = ")"
    else:
        end = f"axis={axis})" if name != "sort" or scope.chance(0.5) else f"{axis})"
    end = end if end == ")" else f", {end}"
    styles = [f"np.{name}({{0}}{end}"] if hasattr(np, name) else []
    if name in {"cumsum", "cumprod"}:
        styles.append(f"{{0}}.{name}({end.removeprefix(', ')}")
    return Draft(name, f"fg.{name}({{0}}{end}", [x.number], styles, own=name != "diff")


def reshaping(scope: Scope) -> Draft | None:
    """The same elements in another shape, or more often."""
    x = scope.pick()
    if x is None:
        return None
    size = int(np.prod(x.shape))
    name = scope.choice(("reshape", "ravel", "expand_dims", "broadcast_to", "squeeze", "tile"))
    if name in {"ravel", "squeeze", "tile"} and not x.shape:
        name = "reshape"
    if name == "reshape":
        shape = scope.choice([s for s in _shapes_of(size) if s != x.shape] or [(size,)])
        wild = list(shape)
        if size and scope.chance(0.5):
            wild[scope.rng.randrange(len(wild))] = -1
        styles = [f"np.reshape({{0}}, {tuple(wild)})"] if x.shape else []
        methods = [f"{{0}}.reshape({', '.join(map(str, wild))})", f"{{0}}.reshape({tuple(wild)})"]
        return Draft(
            name, f"fg.reshape({{0}}, {shape})", [x.number], styles + methods * bool(x.shape)
        )
    if name in {"ravel", "squeeze"}:
        styles = [f"np.{name}({{0}})", f"{{0}}.{name}()"]
        return Draft(name, f"fg.{name}({{0}})", [x.number], styles)
    ndim = len(x.shape)
    axis: Any = scope.choice((2, (2,), (1, 2), (2, 1)))
    if name == "expand_dims":
        axis = scope.choice((scope.rng.randint(-ndim - 1, ndim), (0, -1)))
    elif name == "broadcast_to":
        wide = tuple([scope.choice((1, 2, 3)) if n == 1 else n for n in x.shape])
        axis = (*((2,) if scope.chance(0.5) or not x.shape else ()), *wide)
    return Draft(
        name,
        f"fg.{name}({{0}}, {axis})",
        [x.number],
        [f"np.{name}({{0}}, {axis})"] * bool(x.shape),
    )


def _shapes_of(size: int) -> list[tuple[int, ...]]:
    shapes = [(size,)] + [(n, size // n) for n in (1, 2, 3) if size % n == 0]
    return shapes + ([(2, 1, size // 2)] if size % 2 == 0 else [])


def permuting(scope: Scope) -> Draft | None:
    """The axes in another order."""
    x = scope.array(2)
    if x is None:
        return None
    ndim = len(x.shape)
    name = scope.choice(("transpose", "transpose", "moveaxis", "swapaxes"))
    if name == "transpose":
        axes = scope.rng.sample(range(ndim), ndim)
        if scope.chance(0.5):
            return Draft(name, "fg.transpose({0})", [x.number], ["{0}.T", "np.transpose({0})"])
        methods = [f"{{0}}.transpose({', '.join(map(str, axes))})", f"np.transpose({{0}}, {axes})"]
        return Draft(name, f"fg.transpose({{0}}, {axes})", [x.number], methods)
    a, b = scope.axis(ndim), scope.axis(ndim)
    text = f"{name}({{0}}, {a}, {b})"
    styles = [f"np.{text}"] + ([f"{{0}}.swapaxes({a}, {b})"] if name == "swapaxes" else [])
    return Draft(name, f"fg.{text}", [x.number], styles)


def joined(scope: Scope) -> Draft | None:
    """Several together, or one several times."""
    name = scope.choice(("concatenate", "stack", "repeat", "pad", "vstack", "hstack", "numbers"))
    if name == "numbers":
        y = [
            scope.choice(scope.numbers(lambda x: not x.shape) or [None])
            for _ in range(scope.rng.randint(1, 3))
        ]
        args = [scope.constant(()) if n is None else n.number for n in y]
        held = ", ".join([f"{{{i}}}" for i in range(len(args))])
        return Draft("stack", f"fg.stack([{held}])", args)
    x = scope.array()
    if x is None:
        return None
    axis = scope.axis(len(x.shape))
    if name == "repeat":
        often: Any = scope.choice((1, 2))
        if 0 not in x.shape and scope.chance(0.4):
            often = [scope.rng.randint(0, 2) for _ in range(x.shape[axis])]
        end = f"{often}, axis={axis})"
        styles = [f"{{0}}.repeat({end}", f"np.repeat({{0}}, {end}", f"fg.repeat({{0}}, {end}"]
        ours = f"fg.repeat({{0}}, np.array({often}), axis={axis})"
        return Draft(name, ours, [x.number], styles)
    if name == "pad":
        width = scope.choice(
            (1, [(scope.rng.randint(0, 1), scope.rng.randint(0, 2)) for _ in x.shape])
        )
        if scope.chance(0.5):
            return Draft(name, f"fg.pad({{0}}, {width})", [x.number], [f"np.pad({{0}}, {width})"])
        c = scope.number()
        numpys = [f"np.pad({{0}}, {width}, constant_values={c})"]
        return Draft(name, f"fg.pad({{0}}, {width}, {c})", [x.number], numpys, own=False)
    return _together(scope, name, x, axis)


def _together(scope: Scope, name: str, x: Any, axis: int) -> Draft:
    y: Operand = scope.of_shape(x.shape)
    if name == "concatenate":
        rest = [
            k.number
            for k in scope.numbers(lambda k: len(k.shape) == len(x.shape))
            if np.delete(k.shape, axis).tolist() == np.delete(x.shape, axis).tolist()
        ]
        y = scope.choice(rest) if scope.chance(0.8) else y
    parts = scope.choice(("{0}, {1}", "{1}, {0}", "{0}, {1}, {0}"))
    ours = f"fg.{name}([{parts}], {axis})"
    if name in {"vstack", "hstack"}:
        rows = name == "vstack"
        joined = "stack" if rows and len(x.shape) == 1 else "concatenate"
        ours = f"fg.{joined}([{parts}], {0 if rows or len(x.shape) == 1 else 1})"
        return Draft(name, ours, [x.number, y], [f"np.{name}([{parts}])"], own=False)
    return Draft(name, ours, [x.number, y], [f"np.{name}([{parts}], axis={axis})"])
