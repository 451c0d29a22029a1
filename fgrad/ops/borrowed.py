"""Values that SciPy computes: a function of it on floats, imported when it is first called."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any

from fgrad.errors import MissingExtra


@cache
def scipy_special(where: str) -> Any:
    """The module `scipy.special`; MissingExtra, for `where`, if it is not installed."""
    try:
        from scipy import special  # noqa: PLC0415  # an extra, which takes a tenth of a second
    except ImportError as error:
        raise MissingExtra(where, "scipy", "special") from error
    return special


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
