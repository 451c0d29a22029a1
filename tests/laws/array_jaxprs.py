"""What JAX says is to be computed (a jaxpr), computed by numpy.

JAX compiles every operation for every shape, which takes a hundred times as long. Functions that numpy
has not, such as those of the gamma function, and what is not in the tables here, JAX computes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

from tests.laws.array_programs import flat


def computed(f: Callable[..., Any], leaves: Sequence[Any]) -> list[Any]:
    """The leaves of a function of JAX at arrays."""
    arrays = [np.asarray(x, np.float64) for x in leaves]
    make: Any = jax.make_jaxpr
    traced = make(lambda *xs: flat(f(*xs)))(*arrays)
    with np.errstate(all="ignore"):
        return _evaluated(traced, arrays)


def _evaluated(closed: Any, args: Sequence[Any]) -> list[Any]:
    known: dict[Any, Any] = {}
    jaxpr = closed.jaxpr

    def read(atom: Any) -> Any:
        return np.asarray(atom.val if hasattr(atom, "val") else known[atom])

    known.update(zip(jaxpr.constvars, closed.consts, strict=True))
    known.update(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        outs = _outs(eqn, [read(v) for v in eqn.invars])
        known.update(zip(eqn.outvars, outs, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _outs(eqn: Any, values: list[Any]) -> list[Any]:
    name, params = eqn.primitive.name, eqn.params
    inner = next((params[k] for k in ("jaxpr", "call_jaxpr") if k in params), None)
    if inner is not None and name in _CALLS:
        return _evaluated(inner, values)
    if name == "custom_linear_solve":
        sizes = params["const_lengths"]
        skipped, total = sizes.matvec + sizes.vecmat, sum(sizes)
        mine = values[skipped : skipped + sizes.solve]
        return _evaluated(params["jaxprs"].solve, [*mine, *values[total:]])
    if name in _SEVERAL:
        return list(_SEVERAL[name](*values, **params))
    if name in _SIMPLE:
        return [_SIMPLE[name](*values, **params)]
    outs = eqn.primitive.bind(*map(jnp.asarray, values), **params)
    return list(outs) if eqn.primitive.multiple_results else [outs]


_CALLS: Final = ("jit", "pjit", "custom_jvp_call", "custom_vjp_call", "closed_call", "remat")


def _broadcast(x: Any, *, shape: Any, broadcast_dimensions: Any, **_: Any) -> Any:
    aligned = [1] * len(shape)
    for n, place in zip(x.shape, broadcast_dimensions, strict=True):
        aligned[place] = n
    return np.broadcast_to(x.reshape(aligned), shape)


def _contract(a: Any, b: Any, *, dimension_numbers: Any, **_: Any) -> Any:
    (left, right), (batch_a, batch_b) = dimension_numbers
    p, q = list(range(a.ndim)), list(range(a.ndim, a.ndim + b.ndim))
    for i, j in [*zip(left, right, strict=True), *zip(batch_a, batch_b, strict=True)]:
        q[j] = p[i]
    lost = {p[i] for i in left}
    shared = [p[i] for i in batch_a]
    rest = [c for c in (*p, *q) if c not in lost and c not in shared]
    return np.einsum(a, p, b, q, [*shared, *rest])


def _select(which: Any, *cases: Any, **_: Any) -> Any:
    out = cases[0]
    for i, case in enumerate(cases[1:], 1):
        out = np.where(np.equal(which, i), case, out)
    return out


def _reshape(x: Any, *, new_sizes: Any, dimensions: Any, **_: Any) -> Any:
    return (x if dimensions is None else x.transpose(dimensions)).reshape(new_sizes)


def _plain(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs, **_: f(*xs)


def _reduce(f: Any, **initial: float) -> Callable[..., Any]:
    return lambda x, *, axes, **_: f.reduce(
        x, tuple(axes), **(initial if x.dtype.kind == "f" else {})
    )


def _along(f: Any) -> Callable[..., Any]:
    def along(x: Any, *, axis: int, reverse: bool) -> Any:
        return (
            np.flip(f.accumulate(np.flip(x, axis), axis), axis)
            if reverse
            else f.accumulate(x, axis)
        )

    return along


def _padded(x: Any, value: Any, *, padding_config: Any) -> Any:
    inner = [
        n + max(0, n - 1) * gap for n, (_, _, gap) in zip(x.shape, padding_config, strict=True)
    ]
    pairs = list(zip(inner, padding_config, strict=True))
    wide = np.full([n + max(0, lo) + max(0, hi) for n, (lo, hi, _) in pairs], value, x.dtype)
    wide[tuple([slice(max(0, lo), max(0, lo) + n, gap + 1) for n, (lo, _, gap) in pairs])] = x
    return wide[tuple([slice(max(0, -lo), max(0, -lo) + n + lo + hi) for n, (lo, hi, _) in pairs])]


def _windows(shape: Any, starts: Any, sizes: Any, batching: Any, mode: Any) -> Any:
    """The slice of an array at each place of an array of starts; None where that is outside, if it is left out."""
    axes, ours, theirs = batching
    drops = "FILL_OR_DROP" in str(mode)
    for place in np.ndindex(starts.shape[:-1]):
        at = [0] * len(sizes)
        for axis, start in zip(axes, starts[place], strict=True):
            at[axis] = int(start)
        for axis, of in zip(ours, theirs, strict=True):
            at[axis] = place[of]
        inside = [min(max(a, 0), n - size) for a, n, size in zip(at, shape, sizes, strict=True)]
        key = tuple([slice(a, a + size) for a, size in zip(inside, sizes, strict=True)])
        yield place, None if drops and inside != at else key


def _gathered(
    x: Any, starts: Any, *, dimension_numbers: Any, slice_sizes: Any, mode: Any, **_: Any
) -> Any:
    d = dimension_numbers
    lost = {*d.collapsed_slice_dims, *d.operand_batching_dims}
    window = [n for i, n in enumerate(slice_sizes) if i not in lost]
    batch = starts.shape[:-1]
    out = np.empty((*batch, *window), x.dtype)
    batching = d.start_index_map, d.operand_batching_dims, d.start_indices_batching_dims
    for place, key in _windows(x.shape, starts, slice_sizes, batching, mode):
        out[place] = np.nan if key is None else x[key].reshape(window)
    return np.moveaxis(out, range(len(batch), out.ndim), d.offset_dims)


def _scattered(
    x: Any, starts: Any, updates: Any, *, dimension_numbers: Any, mode: Any, **_: Any
) -> Any:
    d = dimension_numbers
    batch = starts.shape[:-1]
    last = range(len(batch), updates.ndim)
    moved = np.moveaxis(updates, d.update_window_dims, last)
    lost = {*d.inserted_window_dims, *d.operand_batching_dims}
    lengths = iter(moved.shape[len(batch) :])
    sizes = [1 if i in lost else next(lengths) for i in range(x.ndim)]
    out = x.copy()
    axes = d.scatter_dims_to_operand_dims
    batching = axes, d.operand_batching_dims, d.scatter_indices_batching_dims
    for place, key in _windows(x.shape, starts, sizes, batching, mode):
        if key is not None:
            out[key] += moved[place].reshape(sizes)
    return out


def _sorted(*xs: Any, dimension: int, num_keys: int, **_: Any) -> list[Any]:
    order = np.argsort(xs[0], dimension, kind="stable")
    return [np.take_along_axis(x, order, dimension) for x in xs]


def _factored(a: Any) -> tuple[Any, Any, Any]:
    n = a.shape[-1]
    lu, pivots = np.empty_like(a), np.empty(a.shape[:-1], np.int32)
    order = np.empty(a.shape[:-1], np.int32)
    for place in np.ndindex(a.shape[:-2]):
        lu[place], pivots[place] = scipy.linalg.lu_factor(a[place])
        rows = list(range(n))
        for i, j in enumerate(pivots[place]):
            rows[i], rows[j] = rows[j], rows[i]
        order[place] = rows
    return lu, pivots, order


def _triangular(
    a: Any,
    b: Any,
    *,
    left_side: bool,
    lower: bool,
    transpose_a: bool,
    unit_diagonal: bool,
    **_: Any,
) -> Any:
    a = np.tril(a) if lower else np.triu(a)
    if unit_diagonal:
        a = a - a * np.eye(a.shape[-1]) + np.eye(a.shape[-1])
    a = a.swapaxes(-1, -2) if transpose_a else a
    if left_side:
        return np.linalg.solve(a, b)
    return np.linalg.solve(a.swapaxes(-1, -2), b.swapaxes(-1, -2)).swapaxes(-1, -2)


def _iota(*, dtype: Any, shape: Any, dimension: int, **_: Any) -> Any:
    line = np.arange(shape[dimension], dtype=dtype)
    return np.broadcast_to(
        line.reshape([-1 if i == dimension else 1 for i in range(len(shape))]), shape
    )


_NUMPY: Final = {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log,
    "log1p": np.log1p, "tanh": np.tanh, "sinh": np.sinh, "cosh": np.cosh, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "sqrt": np.sqrt, "cbrt": np.cbrt,
    "pow": np.power, "square": np.square, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil,
    "max": np.maximum, "min": np.minimum, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal, "and": np.bitwise_and, "or": np.bitwise_or, "not": np.invert, "atan2": np.arctan2,
    "rem": np.fmod, "is_finite": np.isfinite, "copy": np.positive, "stop_gradient": np.positive,
}  # fmt: skip
_SIMPLE: Final[dict[str, Callable[..., Any]]] = {
    **{name: _plain(f) for name, f in _NUMPY.items()},
    "rsqrt": _plain(lambda x: 1.0 / np.sqrt(x)), "integer_pow": lambda x, y: x**y if y >= 0 else 1.0 / x**-y,
    "logistic": _plain(lambda x: 1.0 / (1.0 + np.exp(-x))), "select_n": _select, "dot_general": _contract,
    "reduce_sum": _reduce(np.add), "reduce_max": _reduce(np.maximum, initial=-np.inf), "reduce_min": _reduce(np.minimum, initial=np.inf),
    "reduce_prod": _reduce(np.multiply), "reduce_or": _reduce(np.logical_or), "reduce_and": _reduce(np.logical_and),
    "cumsum": _along(np.add), "cumprod": _along(np.multiply), "broadcast_in_dim": _broadcast,
    "reshape": _reshape, "squeeze": lambda x, *, dimensions: x.squeeze(tuple(dimensions)),
    "transpose": lambda x, *, permutation: x.transpose(permutation), "rev": lambda x, *, dimensions: np.flip(x, tuple(dimensions)),
    "concatenate": lambda *xs, dimension: np.concatenate(xs, dimension),
    "convert_element_type": lambda x, *, new_dtype, **_: x.astype(new_dtype),
    "slice": lambda x, *, start_indices, limit_indices, strides: x[tuple(map(slice, start_indices, limit_indices, strides or [1] * x.ndim))],
    "pad": _padded, "gather": _gathered, "scatter-add": _scattered, "triangular_solve": _triangular, "iota": _iota,
    "tile": lambda x, *, reps: np.tile(x, reps), "stack": lambda *xs, axis: np.stack(xs, axis), "cholesky": _plain(np.linalg.cholesky),
    "round": _plain(np.round), "expand_dims": lambda x, *, dimensions: np.expand_dims(x, tuple(dimensions)),
}  # fmt: skip
_SEVERAL: Final[dict[str, Callable[..., Any]]] = {
    "sort": _sorted, "lu": lambda a, **_: _factored(a),
    "split": lambda x, *, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis),
    "unstack": lambda x, *, axis, **_: list(np.moveaxis(x, axis, 0)),
}  # fmt: skip
