"""Arrays of operands, one for each element: what an operation on arrays does to them, element by element.

So array functions are traced where a program computes with numbers alone (docs/decisions/0040). Such an
array is one of numpy with dtype object; it never leaves the node that hides it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np

from fgrad.arrays.contract import letters
from fgrad.arrays.nodes import _unequal
from fgrad.arrays.primitive import Linear, Support
from fgrad.arrays.values import plain
from fgrad.errors import NotAValue
from fgrad.graph import reduction
from fgrad.ops import scalar as ops

Elements: TypeAlias = Any
"""An array of numbers, truth values and operands, or one of these."""
FLOAT64: Final = np.dtype(np.float64)
_MOVES: Final = frozenset({"concatenate", "concatenate_support"})
"""Operations that put elements elsewhere, besides linear ones that do nothing else."""


def filled(values: Iterable[Any], shape: tuple[int, ...]) -> Elements:
    """The array of that shape of such values, in order."""
    found = np.fromiter(values, object, math.prod(shape)).reshape(shape)
    found.setflags(write=False)
    return found


def as_objects(x: Elements) -> Any:
    """An array of objects, also of one without axes."""
    if isinstance(x, np.ndarray):
        return x if x.dtype == object else filled(x.ravel().tolist(), x.shape)
    return filled([x], ())


def is_elements(x: Any) -> bool:
    """Whether it is an array of objects."""
    return isinstance(x, np.ndarray) and x.dtype == object


def is_plain(values: Iterable[Any]) -> bool:
    """Whether no operand is among them."""
    return {*map(type, values)} <= {float, bool}


def elementwise(op: Any, args: tuple[Elements, ...]) -> Elements:
    """The results of an operation on numbers, at each element of arrays that go together."""
    if op.multiple:
        raise _not_traced(op)
    try:
        shape = np.broadcast_shapes(*map(np.shape, map(as_objects, args)))
    except ValueError as error:
        raise _unequal(op, [as_objects(a) for a in args]) or error from None
    columns = [np.broadcast_to(as_objects(a), shape).ravel().tolist() for a in args]
    return filled(map(op, *columns), shape)


def whole(op: Any, args: tuple[Elements, ...]) -> Elements:
    """The result of an operation on whole arrays; NotAValue for one that numbers must be known for."""
    given = [as_objects(a) for a in args]
    if op.name in _MOVES or (isinstance(op, Linear) and op.moves and op.name in _BY_NUMPY):
        return as_objects(op.impl(*given))
    if isinstance(op, Support) and op.name.removesuffix("_support") in _BY_NUMPY:
        return as_objects(op.impl(*given))
    known = _WHOLE.get(op.name)
    if known is None:
        raise _not_traced(op)
    return as_objects(known(op, *given))


def _not_traced(op: Any) -> NotAValue:
    advice = (
        "Write it out with elements; the solution of a system can be a variable of its own, with the"
        " system as a constraint on it."
    )
    return NotAValue(op.name, "numbers that are known", "an array of traced numbers", advice)


def _lines(x: Any, axes: tuple[int, ...], f: Callable[[list[Any]], Any]) -> Any:
    """The results of `f` for the elements along those axes, which go away."""
    rest = [a for a in range(x.ndim) if a not in axes]
    shape = tuple([x.shape[a] for a in rest])
    rows = x.transpose((*rest, *axes)).reshape(math.prod(shape), -1) if x.size else None
    lines = [[]] * math.prod(shape) if rows is None else rows.tolist()
    return filled(map(f, lines), shape)


def _sum(terms: list[Any]) -> Any:
    return reduction.sum(terms) if terms else 0.0


def _folded(join: Callable[[Any, Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda values: functools.reduce(join, values)


def _contract(op: Any, a: Any, b: Any) -> Any:
    """A contraction as one product of matrices, as `fgrad.arrays.contract.plan` has it."""
    p, q, out = letters(op.key[0])
    shared = [c for c in out if c in p and c in q]
    summed = [c for c in p if c in q and c not in out]
    left = [c for c in out if c in p and c not in q]
    right = [c for c in out if c in q and c not in p]
    length = dict(zip((*p, *q), (*a.shape, *b.shape), strict=True))

    def lines(x: Any, mine: str, free: list[str]) -> Any:
        shape = [math.prod([length[c] for c in names]) for names in (shared, free, summed)]
        return x.transpose([mine.index(c) for c in shared + free + summed]).reshape(shape).tolist()

    found = [
        _product(row, column)
        for some, others in zip(lines(a, p, left), lines(b, q, right), strict=True)
        for row in some
        for column in others
    ]
    names = shared + left + right
    result = filled(found, tuple([length[c] for c in names]))
    return result.transpose([names.index(c) for c in out])


def _product(row: list[Any], column: list[Any]) -> Any:
    return reduction.dot(row, column) if row else 0.0


def _cumsum(op: Any, x: Any) -> Any:
    axis, back = op.key
    turned = np.flip(x, axis) if back else x
    sums = np.add.accumulate(turned, axis)
    return np.flip(sums, axis) if back else sums


def _place(op: Any, x: Any) -> Any:
    key, shape = op.key
    zeros = as_objects(np.zeros(shape))
    return _set(key, zeros, x) if key.basic else _added(key, zeros, x)


def _set(key: Any, x: Any, values: Any) -> Any:
    out = x.copy()
    out[key.parts] = values if values.ndim else values.item()
    return out


def _added(key: Any, x: Any, values: Any) -> Any:
    """With values added one after the other, since an index may name an element several times."""
    out, flat = x.flatten(), values.ravel().tolist()
    places = np.asarray(np.arange(x.size).reshape(x.shape)[key.parts])
    for place, value in zip(places.ravel().tolist(), flat, strict=True):
        out[place] = out[place] + value
    return out.reshape(x.shape)


def _sparse_product(op: Any, data: Any, x: Any) -> Any:
    places, shape, back = op.key
    to, of = reversed(places.parts) if back else places.parts
    columns = x.reshape(len(x), -1)
    terms: list[list[tuple[Any, int]]] = [[] for _ in range(shape[1 if back else 0])]
    for number, i, j in zip(data.tolist(), to.tolist(), of.tolist(), strict=True):
        terms[i].append((number, j))
    found = [
        _product([number for number, _ in row], [columns[j, k] for _, j in row])
        for row in terms
        for k in range(columns.shape[1])
    ]
    return filled(found, (len(terms), *x.shape[1:]))


_BY_NUMPY: Final = frozenset({"broadcast_to", "reshape", "transpose", "index"})
_WHOLE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({
    "sum": lambda op, x: _lines(x, op.key[0], _sum),
    "sum_support": lambda op, x: _lines(x, op.key[0], _folded(ops.logical_or)),
    "max": lambda op, x: _lines(x, op.key, _folded(ops.maximum)),
    "min": lambda op, x: _lines(x, op.key, _folded(ops.minimum)),
    "logsumexp": lambda op, x: _lines(x, op.key, _folded(ops.logaddexp)),
    "prod": lambda op, x: _lines(x, (op.key,), _folded(ops.mul)),
    "cumprod": lambda op, x: np.multiply.accumulate(x, op.key),
    "cumsum": _cumsum, "contract": _contract, "place": _place,
    "set": lambda op, x, values: _set(op.key, x, values),
    "add_at": lambda op, x, values: _added(op.key, x, values),
    "sparse_product": _sparse_product,
})  # fmt: skip
"""What operations on whole arrays do to elements, by name."""


def unwrapped(x: Elements) -> Any:
    """What operations know without elements: a number or an operand, or an array of known numbers."""
    if not x.ndim:
        return x.item()
    if not x.size:
        return plain(np.zeros(x.shape))
    return plain(np.array(x.tolist())) if is_plain(x.ravel().tolist()) else x
