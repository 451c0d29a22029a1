"""Sums of many arrays or numbers, element by element, whose rounding errors do not grow with their number.

Of very many terms what each addition rounds away is kept (Knuth's two-sum, which needs no branch). With
unit roundoff u a sum is within 2 u of itself and 512 u of the sum of the absolute values of its first
512 terms.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from fgrad.arrays.values import plain

FEW: Final = 512
"""Terms that are added without compensation."""


class Total:
    """A sum to which terms are added in place: of a sweep, and nobody else's."""

    __slots__ = ("_count", "_lost", "_sum")

    def __init__(self, first: Any, second: Any) -> None:
        self._sum = first + second
        self._lost: Any = 0.0
        self._count = 2

    def add(self, term: Any) -> None:
        """Add one more term."""
        self._count += 1
        before = self._sum
        if self._count > FEW:
            after = before + term
            back = after - before
            self._lost = self._lost + ((before - (after - back)) + (term - back))
            self._sum = after
        elif type(before) is np.ndarray and before.shape == np.shape(term):
            before += term
        else:
            self._sum = before + term

    def value(self) -> Any:
        """The sum as nodes keep it; an infinite one has no rounding error to add."""
        lost = self._lost
        if self._count <= FEW:
            return plain(self._sum)
        # What keeps a number as it is, -0 too, is to add -0.
        return plain(self._sum + np.where(np.isfinite(lost) & np.not_equal(lost, 0.0), lost, -0.0))
