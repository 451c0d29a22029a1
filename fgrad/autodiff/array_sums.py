"""Sums of contributions to one node where there are arrays, by the law of those of numbers.

Arrays and numbers are added with compensation where they are many (`fgrad.arrays.totals`). Nodes and
what is guarded are kept, and summed in blocks and pairs as those of numbers are.
"""

from __future__ import annotations

from typing import Any, Final

from fgrad.arrays.totals import Total
from fgrad.autodiff.cotangent import Contribution, total
from fgrad.ops.multiple import Bundle
from fgrad.ops.operand import is_array


class _Kept:
    """Contributions of any kind that have met at one node."""

    __slots__ = ("terms",)

    terms: list[Contribution]

    def __init__(self, *terms: Contribution) -> None:
        self.terms = list(terms)


SUMS: Final = frozenset({Total, _Kept})
"""What a sum is kept in until its node is read."""


def met(x: Any, y: Contribution) -> Any:
    """The sum of what has arrived at a node and one more contribution, which `summed` ends."""
    kind = type(x)
    if kind is Bundle:
        return x + y
    if kind is Total:
        if _is_plain(y):
            x.add(y)
            return x
        return _Kept(x.value(), y)
    if kind is _Kept:
        x.terms.append(y)
        return x
    return Total(x, y) if _is_plain(x) and _is_plain(y) else _Kept(x, y)


def summed(x: Any) -> Contribution:
    """The contribution that a sum has come to."""
    if type(x) is Total:
        return x.value()
    return total(x.terms) if type(x) is _Kept else x


def _is_plain(x: Any) -> bool:
    return type(x) is float or is_array(x)
