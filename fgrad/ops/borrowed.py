"""Values that SciPy computes: a function of it on floats, imported when it is first called.

With `of_order`, which most of these are made by, and a few of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import nan
from operator import itemgetter
from typing import Any

from fgrad.errors import imported
from fgrad.ops.signatures import Binary, Rule2


@cache
def scipy_special(where: str) -> Any:
    """The module `scipy.special`; MissingExtra, for `where`, if it is not installed."""
    return imported("scipy.special", where, "scipy", "special")  # it takes a tenth of a second


class Borrowed:
    """A function of floats that asks a function of SciPy, or one of its several results."""

    __slots__ = ("__name__", "item", "name")
    __module__: str = "fgrad.ops.borrowed"

    name: str
    item: int | None
    __name__: str

    def __init__(self, name: str, where: str | None = None, item: int | None = None) -> None:
        self.name, self.item = name, item
        self.__name__ = where or name

    def __call__(self, *args: float) -> float:
        """The value, as a float."""
        return float(self.function()(*args))

    def function(self) -> Callable[..., Any]:
        """SciPy's function, of floats or arrays; MissingExtra without SciPy."""
        return _function(self.name, self.__name__, self.item)


@cache
def _function(name: str, where: str, item: int | None) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(scipy_special(where), name)
    if item is None:
        return found
    pick = itemgetter(item)
    return lambda *args: pick(found(*args))


def of_order(name: str, impl: Callable[[float, float], float], dy: Rule2) -> Binary:
    """A function of an order and a number; its derivative with respect to the order is not offered.

    It is nan, so that it is not taken for 0.
    """
    kink = "nan with respect to the order x, which is not offered"
    return Binary(name, impl, lambda out, x, y: nan, dy, kink=kink)
