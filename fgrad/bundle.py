"""Bundles: what flows back to an operation with several results, gathered result by result.

A result of several is read by an item. The partial derivative of item i is the i-th basis vector,
so a flow times it is a bundle with one part, and bundles add up where the items' flows meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import attrs


@final
@attrs.frozen
class Bundle:
    """The flows to some of the results, the last one on top; a result may have several."""

    index: int
    flow: Any
    below: Bundle | None = None

    def __add__(self, other: Bundle) -> Bundle:
        """Both; `other` is what one item sends."""
        return Bundle(other.index, other.flow, self)

    def settled(self, size: int, plus: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
        """The sum of the flows to each of `size` results; None where there is none."""
        flows = []
        bundle: Bundle | None = self
        while bundle is not None:
            flows.append(bundle)
            bundle = bundle.below
        sums: list[Any] = [None] * size
        for part in reversed(flows):
            known = sums[part.index]
            sums[part.index] = part.flow if known is None else plus(known, part.flow)
        return tuple(sums)


@final
@attrs.frozen
class Basis:
    """The i-th basis vector, the partial derivative of item i."""

    index: int

    def __rmul__(self, flow: Any) -> Bundle:
        """The bundle with `flow` alone."""
        return Bundle(self.index, flow)
