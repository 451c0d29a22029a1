"""Methods of nodes of arrays, as numpy's arrays have them, and the operator @."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

import attrs
import numpy as np

from fgrad.arrays import parts, products, shapes
from fgrad.arrays.at import at
from fgrad.arrays.nodes import (
    ArrayCondition,
    ArrayNode,
    _ConditionOfArrays,
    _NumberOfArrays,
)
from fgrad.arrays.numpy_arguments import read
from fgrad.arrays.numpy_forms import astype, astype_of_truths
from fgrad.arrays.numpy_table import FUNCTIONS
from fgrad.arrays.sparse_functions import no_array
from fgrad.arrays.sparse_functions import product as sparse_product
from fgrad.arrays.values import is_sparse
from fgrad.errors import SilentDetach
from fgrad.graph.node import Node
from fgrad.ops.operand import is_array


def _reshape(self: Any, *shape: Any, order: str = "C") -> Any:
    """The same elements in another shape, given as one tuple or as numbers."""
    return shapes.reshape(self, shape[0] if len(shape) == 1 else shape, order)


def _transpose(self: Any, *axes: Any) -> Any:
    """The axes in another order, given as one tuple or as numbers; backwards without any."""
    given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return shapes.transpose(self, given or None)


def _compress(self: Any, condition: Any, axis: Any = None) -> Any:
    """The elements along an axis, or of all in order, where a condition holds."""
    return parts.compress(condition, self, axis)


def _clip(self: Any, min: Any = None, max: Any = None, out: Any = None) -> Any:
    """Between two bounds, of which one may be left out."""
    return FUNCTIONS[np.clip](self, min, max, out)


def _item(self: Any, *place: int) -> Any:
    """The one element there is, or the element at a place, as a node of a number."""
    if len(place) == 1:
        return shapes.index(shapes.ravel(self), place[0])
    return shapes.index(self, place) if place else shapes.reshape(self, ())


def _matmul(self: Any, other: Any) -> Any:
    if not (isinstance(other, (Node, list)) or is_array(other)):
        return sparse_product(self, other) if is_sparse(other) else NotImplemented
    return products.matmul(self, other)


def _rmatmul(self: Any, other: Any) -> Any:
    if not (isinstance(other, (Node, list)) or is_array(other)):
        return sparse_product(other, self) if is_sparse(other) else NotImplemented
    return products.matmul(other, self)


def _unassigned(self: Any, key: Any, value: Any) -> Any:
    advice = (
        "It is immutable: write x = x.at[key].set(value), or x.at[key].add(value) for +=, or choose"
        " by where(mask, new, x)."
    )
    raise SilentDetach("assignment to an element", repr(self), advice)


def _refusing(name: str, advice: str) -> Callable[..., Any]:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise SilentDetach(f"{name}()", repr(self), advice)

    return refuse


@attrs.frozen
class _Missing:
    """A name that arrays have and nodes have not: AttributeError, with where it is to be had.

    One for each name, as with `__getattr__` Python finds every attribute of a node more slowly.
    """

    name: str
    advice: str

    def __get__(self, node: Any, kind: type) -> NoReturn:
        problem = f"{kind.__name__!r} object has no attribute {self.name!r}; {self.advice}"
        raise AttributeError(problem, name=self.name, obj=node)


def _give_missing(kind: Any, like: type) -> None:
    """Have what values of nodes of a class have, and the nodes have not, say where it is to be had."""
    for name in dir(like):
        if name.startswith("_") or hasattr(kind, name):
            continue
        advice = f"its value has it, without a derivative: node.value.{name}"
        if kind is ArrayCondition and name in _OF_NUMBERS:
            advice = (
                f"of 1 and 0 it is np.where(condition, 1.0, 0.0).{name}(), and a count is"
                " np.count_nonzero(condition)"
            )
        setattr(kind, name, _Missing(name, advice))


_AS_FUNCTIONS: Final = [
    "sum",
    "prod",
    "mean",
    "max",
    "min",
    "var",
    "std",
    "cumsum",
    "cumprod",
    "any",
    "all",
    "dot",
    "trace",
    "diagonal",
    "swapaxes",
    "squeeze",
    "take",
    "repeat",
    "round",
    "ravel",
    "argmax",
    "argmin",
    "argsort",
    "argpartition",
    "nonzero",
    "searchsorted",
    "ptp",
    "copy",
]
_OF_NUMBERS: Final = frozenset({"sum", "mean", "prod", "cumsum", "dot", "std", "var"})
_IN_PLACE: Final[Mapping[str, str]] = MappingProxyType({
    "sort": "It is immutable: write x = fg.sort(x).",
    "partition": "It is immutable: write x = np.partition(x, kth).",
    "fill": "It is immutable: write np.full_like(x, value).",
    "put": "It is immutable: write x = x.at[key].set(value).",
    "resize": "It is immutable: write np.resize(x, shape).",
    "setflags": "It is immutable, always.",
    "tolist": "Use node.value.tolist() for numbers, or list(node) for nodes.",
    "tobytes": "Use node.value.tobytes().",
    "view": "Use node.value.view(...), and the numbers of a table, as in frame.to_numpy().",
})  # fmt: skip


def _converting(f: Callable[..., Any]) -> Callable[..., Any]:
    return read("astype", f, "x dtype [order] [casting] [subok] [copy]")


def _give_methods() -> None:
    """Give nodes of arrays what arrays have."""
    kind: Any = ArrayNode
    number: Any = _NumberOfArrays
    for each in (kind, number):
        for name in _AS_FUNCTIONS:
            setattr(each, name, FUNCTIONS[getattr(np, name)])
        for name, advice in _IN_PLACE.items():
            setattr(each, name, _refusing(name, advice))
        each.conj, each.astype = FUNCTIONS[np.real], _converting(astype)
        each.transpose, each.item, each.compress, each.clip = _transpose, _item, _compress, _clip
        each.T = property(shapes.transpose)
        each.real = property(lambda self: self)
    kind.__setitem__ = _unassigned
    kind.at = property(at)
    kind.mT = property(lambda self: shapes.swapaxes(self, -1, -2))
    kind.itemsize = property(lambda self: self.value.itemsize)
    kind.nbytes = property(lambda self: self.value.nbytes)
    kind.__matmul__, kind.__rmatmul__ = _matmul, _rmatmul
    kind.__array__ = no_array
    number.shape, number.ndim = property(lambda self: ()), property(lambda self: 0)
    number.size = property(lambda self: 1)
    number.dtype = property(lambda self: np.dtype(np.float64))
    condition: Any = ArrayCondition
    for name in ("any", "all", "nonzero"):
        setattr(condition, name, FUNCTIONS[getattr(np, name)])
    condition.astype = _converting(astype_of_truths)
    kind.__getitem__ = condition.__getitem__ = shapes.index
    for each in (kind, number, condition):
        each.reshape, each.ravel, each.flatten = _reshape, FUNCTIONS[np.ravel], FUNCTIONS[np.ravel]
    _ConditionOfArrays.astype = _converting(astype_of_truths)  # type: ignore[attr-defined]  # given here
    number.__name__ = "Node"  # so Python's own errors call it
    for each, like in ((kind, np.ndarray), (number, float), (condition, np.ndarray)):
        _give_missing(each, like)


_give_methods()
