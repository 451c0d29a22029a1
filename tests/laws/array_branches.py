"""Random lines with branches that are not taken, and with numbers that are equal."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tests.laws.array_programs import Operand, literal
from tests.laws.array_scope import LARGEST, Draft, Known, Scope

POISONS: Final = (
    "fg.log({})", "fg.sqrt({})", "fg.reciprocal({})", "fg.div(1.5, {})", "fg.pow({}, 0.5)", "fg.cbrt({})",
    "fg.pow({}, -1.5)", "fg.mul({0}, fg.log({0}))", "fg.exp(fg.reciprocal(fg.square({})))", "fg.log2({})",
    "fg.div({0}, fg.sqrt({0}))", "fg.lgamma({})", "fg.square(fg.log({}))",
)  # fmt: skip
"""Infinite or nan at 0, or at what is negative."""
MOVES: Final = ("{}", "{}", "fg.transpose({})", "fg.flip({})", "fg.reshape({}, (-1,))", "{}[::-1]", "{}[None]")  # fmt: skip


def _wrap(scope: Scope, good: Any) -> str:
    """What a poison is applied to: as it is, or 0 where it is not good, by which infinite slopes are multiplied."""
    zeros = f"fg.mul({{}}, {literal(np.asarray(good).astype(float))})"
    return str(scope.choice(("{}", "fg.relu({})", zeros, zeros)))


def poisoned(scope: Scope) -> Draft | None:
    """Element by element: what is nan or infinite where a condition does not hold."""
    x = scope.array()
    if x is None:
        return None
    wrap = _wrap(scope, x.value > 0.3)
    test = "fg.greater({0}, 0.3)" if scope.chance(0.5) else literal(np.asarray(x.value > 0.3))
    move = scope.choice(MOVES)
    if test.startswith("np") and move.startswith("fg."):
        move = move.replace("fg.", "np.")
    moved = move.replace("np.", "fg.")
    poison = scope.choice(POISONS)
    unsafe = poison.format(wrap.format("{0}"))
    safe = poison.format(f"fg.where({test}, {wrap.format('{0}')}, 1.0)")
    other = scope.number()
    text, oracle = (
        f"fg.where({move.format(test)}, {moved.format(inner)}, {other})" for inner in (unsafe, safe)
    )
    return Draft("where not taken", oracle, [x.number], [text], own=False)


def poison_not_taken(scope: Scope) -> Draft | None:
    """What is nan or infinite where an index does not take it."""
    x = scope.pick(lambda x: len(x.shape) == 1 and bool((x.value > 0.3).any()))
    if x is None:
        return None
    good = x.value > 0.3
    places = np.flatnonzero(good).tolist()
    at = [scope.choice(places) for _ in range(scope.rng.randint(1, 3))]
    key = literal(scope.choice((good, np.array(at))))
    poison, wrap = scope.choice(POISONS), _wrap(scope, good)
    ends = [
        f"{poison.format(inner)}[{key}]"
        for inner in (wrap.format("{0}"), f"fg.where({literal(good)}, {wrap.format('{0}')}, 1.0)")
    ]
    return Draft("poison not taken", ends[1], [x.number], [ends[0]], own=False)


STILL: Final = "fg.sub({0}, fg.stop_gradient({0}))"
"""Zero, with the derivative 1."""
SAME: Final = "fg.sub(fg.mul(2.0, {0}), fg.stop_gradient({0}))"
"""The same number, with twice the derivative."""
TIES: Final = (
    "fg.max(fg.stack([{0}, {same}, {0}]), axis=0)", "fg.min(fg.stack([{0}, {same}, {1}]), axis=0)", "fg.maximum({0}, {same})",
    "fg.minimum({same}, {0})", "fg.sort(fg.stack([{same}, {0}]), axis=0)", "fg.abs({still})", "fg.relu({still})",
    "fg.norm(fg.stack([{still}, {still}]), axis=0)", "fg.clip({still}, 0.0, 1.0)", "fg.clip({still}, -1.0, 0.0)",
    "fg.prod(fg.stack([{still}, {0}, {1}]), axis=0)", "fg.cumprod(fg.stack([{0}, {still}, {1}]), axis=0)",
    "fg.prod(fg.stack([{still}, {0}, {still}]), axis=0)", "fg.std(fg.stack([{0}, {0}]), axis=0)", "fg.square({still})",
    "fg.logsumexp(fg.stack([{0}, {same}]), axis=0)", "fg.norm(fg.stack([{0}, {same}]), np.inf, axis=0)",
)  # fmt: skip
"""Equal elements, zeros and bounds, whose derivatives are conventions, or right in spite of them."""


def tied(scope: Scope) -> Draft | None:
    """Numbers that are equal, and whose derivatives are not."""
    x = scope.pick()
    if x is None:
        return None
    text = scope.choice(TIES).replace("{same}", SAME).replace("{still}", STILL)
    return Draft("ties", text, [x.number, scope.of_shape(x.shape)])


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
    good, inner = x.padding, "{0}"
    if good is None:
        good = np.array([scope.chance(0.5) for _ in range(x.shape[0])])
        zeros = literal(good[:, None].astype(float))
        inner = f"fg.mul(fg.add(fg.square({{0}}), 0.3), {zeros})"
    keep, poison = literal(good[:, None]), scope.choice(POISONS)
    text = poison.format(inner)
    oracle = poison.format(f"fg.where({keep}, {inner}, 1.0)")
    text, oracle, is_vector = _by_rows(scope, text, oracle)
    other = scope.number()
    mask = literal(good) if is_vector else keep
    ends = [f"fg.where({mask}, {body}, {other})" for body in (text, oracle)]
    args: list[Operand] = [x.number, scope.of_shape((x.shape[1], 2)), str(scope.number())]
    return Draft("padding", ends[1], args, [ends[0]], own=False)


def _by_rows(scope: Scope, text: str, oracle: str) -> tuple[str, str, bool]:
    """Both texts with some chains around, and whether a vector came of it."""
    kind = 1
    for _ in range(scope.rng.randint(1, 3)):
        chain, then = scope.choice([c for c in CHAINS if kind == 1 or c[1] < 2])
        if kind == 0:
            break
        text = chain.format(text)
        oracle = chain.format(oracle) if "@" not in chain else f"fg.matmul({oracle}, {{1}})"
        kind = then if then != 1 else kind
    return text, oracle, kind == 0


MIXES: Final = (
    "fg.cumsum({}, 0)", "fg.cumprod({}, -1)", "fg.sum({}, 0)", "fg.mean({}, -1)", "fg.roll({}, 1, 0)", "fg.pad({}, 1)",
    "fg.concatenate([{0}, {0}], 0)", "fg.concatenate([{1}, {0}], -1)", "fg.stack([{0}, fg.tanh({0})], 1)", "fg.stack([{1}, {0}])",
    "fg.repeat({}, 2, 0)", "fg.tile({}, (2,))", "fg.flip({})", "fg.outer({0}, {0})", "fg.max({}, 0)", "fg.min({}, -1)",
    "fg.logsumexp({}, 0)", "fg.softmax({}, 0)", "fg.prod({}, 0)", "fg.norm({}, axis=0)", "fg.std({}, 0)", "fg.ravel({})",
    "fg.transpose({})", "{}[::-1]", "{}[1:]", "{}[np.array([0, -1, 0])]", "fg.take({}, np.array([-1, 0]), -1)",
    "fg.expand_dims({}, 0)", "fg.mul({0}, {1})", "fg.square({})", "fg.add({0}, fg.sum({0}, 0))",
    "fg.matmul({0}, {1})", "fg.matmul({2}, {0})", "fg.mul({0}, {0}[::-1])",
    "fg.tensordot({0}, {1}, ((0,), (0,)))", "fg.inner({0}, {0})", "fg.clip({}, -2.0, 2.0)", "fg.maximum({0}, {1})",
)  # fmt: skip
"""What mixes elements: `{1}` is a constant of the same shape, or of one that fits."""


def poison_mixed(scope: Scope) -> Draft | None:
    """Elements that are nan or infinite are mixed with others, and what comes of them is not chosen."""
    x = scope.pick(lambda x: 0 < len(x.shape) < 3 and np.size(x.value) > 0)
    y = scope.pick()
    if x is None or y is None:
        return None
    good = x.value > 0.3
    wrap, poison = _wrap(scope, good), scope.choice(POISONS)
    text = poison.format(wrap.format("{0}"))
    oracle = poison.format(f"fg.where({literal(good)}, {wrap.format('{0}')}, 1.0)")
    known: Any = np.where(good, 1.0, np.nan)
    for _ in range(scope.rng.randint(1, 3)):
        mix = scope.choice(MIXES)
        other, row = _beside(scope, mix, np.shape(known))
        made = scope.tried(mix.format("known", other, row), known)
        if made is None or np.size(made) > LARGEST or not np.ndim(made) or np.isnan(made).all():
            continue
        if scope.chance(0.6):  # what moves too, and meets what is infinite
            factor = "fg.cos(fg.sum({1}))" if y.shape else "fg.cos({1})"
            other, row = (f"fg.mul({c}, {factor})" for c in (other, row))
        known, text, oracle = made, mix.format(text, other, row), mix.format(oracle, other, row)
    chosen = ~np.isnan(known)
    if scope.chance(0.3):
        chosen &= np.array([scope.chance(0.7) for _ in range(np.size(known))]).reshape(chosen.shape)
    number = scope.number()
    ends = [f"fg.where({literal(chosen)}, {body}, {number})" for body in (text, oracle)]
    return Draft("mixed and not taken", ends[1], [x.number, y.number], [ends[0]], own=False)


def _beside(scope: Scope, mix: str, shape: tuple[int, ...]) -> tuple[str, str]:
    """Constants that a mixture may need."""
    other = scope.constant((shape[-1], 2) if "matmul({0}" in mix else shape)
    return other, scope.constant((2, *(shape[-2:-1] or shape)))
