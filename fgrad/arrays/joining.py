"""Arrays laid end to end, which is linear in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from fgrad.arrays.linear import cut, full, starts
from fgrad.arrays.primitive import Contribution, Contributions, Support, Whole
from fgrad.arrays.values import shape_of
from fgrad.ops.multiple import settled
from fgrad.ops.operand import Guarded

_CACHED: Final = 1024


@lru_cache(_CACHED)
def concatenation(axis: int, count: int) -> Whole:
    """Some arrays laid end to end along an axis."""

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        ends = starts(tuple([shape_of(x)[axis] for x in args]))
        g = full(g, shape_of(out))
        return [cut(g, axis, ends[i], ends[i + 1]) if w else None for i, w in enumerate(wanted)]

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        parts = [(m, shape_of(x)) for m, x in zip(moves, args, strict=True)]
        value = op(*[np.zeros(shape) if m is None else settled(m) for m, shape in parts])
        if not any(isinstance(m, Guarded) for m in moves):
            return value
        where = [
            m.condition if isinstance(m, Guarded) else np.full(shape, m is not None)
            for m, shape in parts
        ]
        return Guarded(of_truths(axis, count)(*where), value, zero=True)

    made = (concatenation, (axis, count))
    op = Whole(
        "concatenate",
        lambda *xs: np.concatenate(xs, axis),
        made,
        axis,
        count,
        pullback,
        pushforward,
    )
    return op


@lru_cache(_CACHED)
def of_truths(axis: int, count: int) -> Support:
    """Conditions laid end to end."""
    impl = lambda *conditions: np.concatenate(conditions, axis)
    return Support("concatenate_support", impl, (of_truths, (axis, count)), axis, count)
