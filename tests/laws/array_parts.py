"""Random lines that take parts of an array."""

from __future__ import annotations

import numpy as np

from tests.laws.array_programs import literal
from tests.laws.array_scope import Draft, Known, Scope

PARTS = ("take", "take_along_axis", "split", "diagonal", "diag", "tril", "triu", "trace")


def part(scope: Scope) -> Draft | None:
    """What has a name: take, diagonals, triangles, splits."""
    name = scope.choice(PARTS)
    x = scope.array(1 if name in {"take", "take_along_axis", "split", "diag"} else 2)
    if x is None or 0 in x.shape:
        return None
    if name in {"take", "take_along_axis", "split"}:
        return _taken(scope, name, x)
    k, ndim = scope.rng.randint(-1, 1), len(x.shape)
    if name in {"tril", "triu", "diag"}:
        text = f"{name}({{0}}, {k})"
        square = name != "diag" or ndim <= 2
        return Draft(name, f"fg.{text}", [x.number], [f"np.{text}"]) if square else None
    a, b = scope.rng.sample(range(ndim), 2)
    text = f"{name}({{0}}, {k}, {a}, {b})"
    if name == "trace" and ndim == 2:
        styles = [f"{{0}}.trace({k})", f"np.trace({{0}}, {k})"]
        return Draft(name, f"fg.trace({{0}}, {k})", [x.number], styles, own=False)
    return Draft(name, f"fg.{text}", [x.number], [f"np.{text}"], own=name == "diagonal")


def _taken(scope: Scope, name: str, x: Known) -> Draft:
    axis = scope.axis(len(x.shape))
    n = x.shape[axis]
    if name == "take":
        at = [scope.rng.randrange(-n, n) for _ in range(scope.rng.randint(1, 4))]
        end = f"np.array({at}), {axis})"
        styles = [f"{{0}}.take({end}", f"np.take({{0}}, {at}, axis={axis})"]
        return Draft(name, f"fg.take({{0}}, {end}", [x.number], styles)
    if name == "split":
        cut = scope.rng.randint(0, n)
        text = f"split({{0}}, [{cut}], {axis})[{scope.rng.randint(0, 1)}]"
        return Draft(name, f"fg.{text}", [x.number], [f"np.{text}"])
    lengths = list(x.shape)
    lengths[axis] = scope.rng.randint(1, 3)
    at = [scope.rng.randrange(n) for _ in range(int(np.prod(lengths)))]
    text = f"take_along_axis({{0}}, {literal(np.array(at).reshape(lengths))}, {axis})"
    return Draft(name, f"fg.{text}", [x.number], [f"np.{text}"])


def index(scope: Scope) -> Draft | None:
    """An index of numbers, slices, None, arrays that may repeat, or a mask."""
    x = scope.array()
    if x is None:
        return None
    kind = scope.choice(("basic", "basic", "array", "arrays", "mask", "full mask", "item"))
    if 0 in x.shape or (kind == "arrays" and len(x.shape) < 2):
        kind = "basic"
    key = ", ".join(_keys(scope, kind, x))
    styles = []
    if kind == "item" and "-" not in key:
        styles = [f"{{0}}.item({key})"]
    if kind == "array" and "((" not in key:
        styles = [f"{{0}}[{key.replace('np.array(', '(')}]"]
    return Draft(f"index: {kind}", f"{{0}}[{key}]", [x.number], styles)


def _keys(scope: Scope, kind: str, x: Known) -> list[str]:
    if kind == "item":
        return [str(scope.rng.randrange(-n, n)) for n in x.shape]
    if kind == "mask":
        return [literal(np.array([scope.chance(0.6) for _ in range(x.shape[0])]))]
    if kind == "full mask":
        flags = [scope.chance(0.6) for _ in range(x.value.size)]
        return [literal(np.array(flags).reshape(x.shape))]
    keys, ndim = [_basic(scope, n) for n in x.shape], len(x.shape)
    if kind == "array":
        place = scope.rng.randrange(ndim)
        keys[place] = _places(scope, x.shape[place], (scope.rng.randint(1, 4),))
        return keys[: place + scope.rng.randint(1, ndim - place)]
    if kind == "arrays":
        pairs = scope.choice((((3,), (3,)), ((2, 1), (2,))))
        for place, shape in zip(scope.rng.sample(range(ndim), 2), pairs, strict=True):
            keys[place] = _places(scope, x.shape[place], shape)
        return keys
    keys = keys[: scope.rng.randint(1, len(keys))]
    if scope.chance(0.25):
        keys.insert(scope.rng.randint(0, len(keys)), "None")
    if scope.chance(0.2) and len(keys) - keys.count("None") == ndim:
        keys.insert(0, "...")
    return keys


def _places(scope: Scope, n: int, shape: tuple[int, ...]) -> str:
    at = [scope.rng.randrange(-n, n) for _ in range(int(np.prod(shape)))]
    return literal(np.array(at).reshape(shape))


def _basic(scope: Scope, n: int) -> str:
    if n and scope.chance(0.3):
        return str(scope.rng.randrange(-n, n))
    last = f"{n - 1 if n else ''}:"
    return str(scope.choice((":", "::-1", "1:", ":-1", "::2", last, "0:2", "-2::-1")))
