"""Methods of nodes of arrays, as numpy's arrays have them, and the operator @."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from fgrad.arrays import functions, shapes
from fgrad.arrays.contract import contraction
from fgrad.arrays.nodes import ArrayCondition, ArrayNode, new_node
from fgrad.arrays.values import array, quietly
from fgrad.errors import SilentDetach
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import is_array


def _reduction(f: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f(self, axis, keepdims=keepdims)

    method.__doc__ = f.__doc__
    return method


def _deviation(f: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
        return f(self, axis, ddof=ddof, keepdims=keepdims)

    method.__doc__ = f.__doc__
    return method


def _reshape(self: Any, *shape: Any) -> Any:
    """The same elements in another shape, given as one tuple or as numbers."""
    return shapes.reshape(self, shape[0] if len(shape) == 1 else shape)


def _transpose(self: Any, *axes: Any) -> Any:
    """The axes in another order, given as one tuple or as numbers; backwards without any."""
    given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return shapes.transpose(self, given or None)


def _item(self: Any, *place: int) -> Any:
    """The one element there is, or the element at a place, as a node of a number."""
    if len(place) == 1:
        return shapes.index(shapes.ravel(self), place[0])
    return shapes.index(self, place) if place else shapes.reshape(self, ())


def _matmul(self: Any, other: Any) -> Any:
    if not (isinstance(other, Node) or is_array(other)):
        return NotImplemented
    return _product(self, other)


def _rmatmul(self: Any, other: Any) -> Any:
    if not (isinstance(other, Node) or is_array(other)):
        return NotImplemented
    return _product(other, self)


_MATRICES: Final = contraction("ab,bc->ac")


def _product(a: Any, b: Any) -> Any:
    """As `functions.matmul`; of two matrices in half of the time."""
    x, y, depth = a, b, -1
    if type(a) is ArrayNode:
        x, depth = a.value, a.depth
    elif type(a) is np.ndarray:
        a = x = array(a, "matmul")
    if type(b) is ArrayNode:
        y, depth = b.value, b.depth if b.depth > depth else depth
    elif type(b) is np.ndarray:
        b = y = array(b, "matmul")
    s: Any = getattr(x, "shape", ())
    t: Any = getattr(y, "shape", ())
    if len(s) == 2 == len(t) and s[1] == t[0] and type(x) is type(y) is np.ndarray:
        return new_node(_MATRICES, a, b, quietly(np.matmul, x, y), depth + 1)
    return functions.matmul(a, b)


def _unassigned(self: Any, key: Any, value: Any) -> Any:
    advice = "It is immutable: choose by where(mask, new, x), or put parts together by concatenate."
    raise SilentDetach("assignment to an element", repr(self), advice)


def _plain_array(self: Any, *args: Any, **kwargs: Any) -> Any:
    advice = "Use node.value for the array, and fg.stack for an array of nodes."
    raise SilentDetach("an array", repr(self), advice)


def _give_methods() -> None:
    """Give nodes of arrays what arrays have."""
    kind: Any = ArrayNode
    for name in ("sum", "max", "min", "mean", "prod"):
        setattr(kind, name, _reduction(getattr(functions, name)))
    kind.var, kind.std = _deviation(functions.variance), _deviation(functions.std)
    kind.cumsum, kind.cumprod, kind.dot = functions.cumsum, functions.cumprod, functions.dot
    kind.trace, kind.diagonal = functions.trace, shapes.diagonal
    kind.transpose, kind.item = _transpose, _item
    kind.swapaxes, kind.squeeze, kind.take = shapes.swapaxes, shapes.squeeze, shapes.take
    kind.repeat = shapes.repeat
    kind.clip = lambda self, low, high: ops.clip(self, low, high)  # noqa: PLW0108  # an operation is no method
    kind.T = property(shapes.transpose)
    kind.mT = property(lambda self: shapes.swapaxes(self, -1, -2))
    kind.__matmul__, kind.__rmatmul__ = _matmul, _rmatmul
    kind.__setitem__ = _unassigned
    condition: Any = ArrayCondition
    for each in (kind, condition):
        each.__getitem__ = shapes.index
        each.reshape, each.ravel, each.flatten = _reshape, shapes.ravel, shapes.ravel


_give_methods()
