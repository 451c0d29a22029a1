"""Calls of numpy's functions as a numpy user writes them, on arrays of fixed shapes: values must be numpy's."""

from collections.abc import Callable
from typing import Any

import numpy as np

Call = tuple[str, Callable[..., Any]]
"""Of v (5,), m (3, 4), t (2, 3, 4) and a square s (3, 3)."""

MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, True, True]])
_TWO: Any = np.int64(2)
LOST = np.where(MASK, 0.0, np.nan)

SAME: list[Call] = [
    # Reductions, with all that numpy lets them be asked.
    *[(f"{name} {how}", lambda v, m, t, s, n=name, k=how: getattr(np, n)(t, **k))
      for name in ("sum", "mean", "std", "var", "max", "min", "median", "ptp")
      for how in ({}, {"axis": -1}, {"axis": (0, -1)}, {"axis": 1, "keepdims": True})],
    *[(f"{name} where", lambda v, m, t, s, n=name: getattr(np, n)(m, axis=1, where=MASK))
      for name in ("sum", "prod", "mean", "std", "var")],
    *[(f"{name} where and initial", lambda v, m, t, s, n=name: getattr(np, n)(m, axis=1, where=MASK, initial=0.25))
      for name in ("sum", "prod", "max", "min", "nansum", "nanmax")],
    ("initial alone", lambda v, m, t, s: np.max(m, initial=9.0) + np.min(m[:0], initial=-2.0)),
    ("no elements", lambda v, m, t, s: np.max(m[:, :0], axis=1, initial=3.0)),
    ("ddof", lambda v, m, t, s: np.std(m, 1, ddof=1) + np.var(m, axis=1, ddof=2)),
    ("correction", lambda v, m, t, s: np.var(m, axis=1, ddof=1)),
    ("dtype", lambda v, m, t, s: np.sum(m, 0, float) + np.mean(m, 0, np.float64)),
    ("in order", lambda v, m, t, s: np.sum(m, 0, None, None, True) + np.max(m, 0, None, True)),
    ("prod", lambda v, m, t, s: np.prod(t, (0, 2))),
    ("cumsum", lambda v, m, t, s: np.cumsum(m) + np.cumsum(m, axis=None)),
    ("cumsum along", lambda v, m, t, s: np.cumsum(t, -2)),
    ("cumprod", lambda v, m, t, s: np.cumprod(t, axis=-2)),
    ("add.reduce", lambda v, m, t, s: np.add.reduce(m) + np.add.reduce(m, axis=0)),
    ("add.accumulate", lambda v, m, t, s: np.add.accumulate(m, axis=1)),
    ("multiply.reduce", lambda v, m, t, s: np.multiply.reduce(m, axis=1)),
    ("maximum.reduce", lambda v, m, t, s: np.maximum.reduce(m, axis=None)),
    ("subtract.outer", lambda v, m, t, s: np.subtract.outer(v, m)),
    *[(f"{name}", lambda v, m, t, s, n=name: getattr(np, n)(m + LOST, axis=1))
      for name in ("nansum", "nanprod", "nanmean", "nanstd", "nanvar", "nanmax", "nanmin", "nancumsum", "nancumprod", "nanmedian")],
    ("nanquantile", lambda v, m, t, s: np.nanquantile(m + LOST, [0.2, 0.9], axis=0)),
    ("nanpercentile", lambda v, m, t, s: np.nanpercentile(m + LOST, 30, keepdims=True)),
    *[(f"quantile {method}", lambda v, m, t, s, k=method: np.quantile(t, [[0.0, 0.3], [0.5, 1.0]], axis=(0, 2), method=k))
      for method in ("linear", "lower", "higher", "midpoint", "nearest")],
    ("quantile of all", lambda v, m, t, s: np.quantile(m, 0.35)),
    ("quantile kept", lambda v, m, t, s: np.quantile(m, 0.35, axis=0, keepdims=True)),
    ("percentile", lambda v, m, t, s: np.percentile(m, (10, 99), axis=1)),
    ("quantile of nan", lambda v, m, t, s: np.quantile(m + LOST, 0.5, axis=1)),
    ("nanmedian of infinities", lambda v, m, t, s: np.nanmedian(np.where(m > 0.0, np.inf, m) + LOST, axis=1)),
    ("nanmedian of a line", lambda v, m, t, s: np.nanmedian(v + np.array([np.inf, -np.inf, 0.0, np.nan, 0.0]))),
    *[(f"interp at nan {sorted(k)}", lambda v, m, t, s, k=k: np.interp(np.where(v > 0.0, v, np.nan), [0.0, 1.0, 2.0], [0.0, 5.0, 1.0], **k))
      for k in ({}, {"left": 2.0}, {"right": 3.0}, {"period": 1.5})],
    ("interp at nan where it is flat", lambda v, m, t, s: np.interp(v * np.nan, [0.0, 1.0], [5.0, 5.0])),
    ("median of an odd number", lambda v, m, t, s: np.median(v)),
    ("median of nan", lambda v, m, t, s: np.median(m + LOST, axis=1)),
    ("average", lambda v, m, t, s: np.average(m, axis=1, weights=[1, 2, 3, 4])),
    ("average of all", lambda v, m, t, s: np.average(m, weights=np.abs(m))),
    ("average plain", lambda v, m, t, s: np.average(m, 0)),
    ("average returned", lambda v, m, t, s: _both(np.average(m, axis=1, weights=[1, 2, 3, 4], returned=True))),
    ("cov", lambda v, m, t, s: np.cov(m)), ("cov of columns", lambda v, m, t, s: np.cov(m, rowvar=False, bias=True)),
    ("cov of two", lambda v, m, t, s: np.cov(v, v[::-1], ddof=0)), ("cov of one", lambda v, m, t, s: np.cov(v)),
    ("corrcoef", lambda v, m, t, s: np.corrcoef(m)),
    # Order and places.
    ("sort", lambda v, m, t, s: np.sort(t, 1)), ("sort of all", lambda v, m, t, s: np.sort(t, axis=None)),
    ("sort of a kind", lambda v, m, t, s: np.sort(m, kind="stable")),
    ("partition", lambda v, m, t, s: np.partition(t, 1, axis=2)),
    ("partition of all", lambda v, m, t, s: np.partition(m, 5, axis=None)),
    ("interp", lambda v, m, t, s: np.interp(m, np.sort(v), v)),
    ("interp beyond", lambda v, m, t, s: np.interp(4.0 * m, np.sort(v), v, left=-7.0, right=8.0)),
    ("interp at points", lambda v, m, t, s: np.interp(np.sort(v), np.sort(v), v)),
    ("interp of a period", lambda v, m, t, s: np.interp(m, v, v[::-1], period=1.5)),
    ("interp of one point", lambda v, m, t, s: np.interp(m, v[:1], v[1:2])),
    ("interp of a number", lambda v, m, t, s: np.interp(0.1, np.sort(v), v)),
    ("searchsorted", lambda v, m, t, s: np.searchsorted(np.sort(v), m, side="right") * 1.0),
    ("digitize", lambda v, m, t, s: np.digitize(m, np.sort(v)) * 1.0),
    ("argsort", lambda v, m, t, s: np.argsort(m, axis=1) * 1.0),
    ("argmax", lambda v, m, t, s: np.argmax(m, axis=1, keepdims=True) * 1.0),
    ("nonzero", lambda v, m, t, s: v[np.nonzero(v > 0)] + 0.0),
    ("where of one", lambda v, m, t, s: v[np.where(v > 0)] + 0.0),
    ("argwhere", lambda v, m, t, s: np.argwhere(m > 0) * 1.0),
    ("count_nonzero", lambda v, m, t, s: np.count_nonzero(m > 0, axis=1) * 1.0),
    ("any", lambda v, m, t, s: np.where(np.any(m > 1, axis=1), 1.0, m[:, 0])),
    ("all", lambda v, m, t, s: np.where(np.all(m > -1, axis=0, keepdims=True), m, 0.0)),
    # Differences.
    ("diff", lambda v, m, t, s: np.diff(t, n=2, axis=-1)),
    ("diff with ends", lambda v, m, t, s: np.diff(m, axis=1, prepend=0.5, append=m[:, :2])),
    ("ediff1d", lambda v, m, t, s: np.ediff1d(m, to_begin=[1.0, 2.0], to_end=v)),
    ("gradient", lambda v, m, t, s: np.gradient(v)), ("gradient 2", lambda v, m, t, s: np.gradient(v, 0.3, edge_order=2)),
    ("gradient of axes", lambda v, m, t, s: _both(np.gradient(m))),
    ("gradient of places", lambda v, m, t, s: np.gradient(v, np.array([0.0, 1.0, 1.5, 3.0, 4.0]))),
    ("gradient of places 2", lambda v, m, t, s: np.gradient(v, np.array([0.0, 1.0, 1.5, 3.0, 4.0]), edge_order=2)),
    ("gradient of equal places", lambda v, m, t, s: np.gradient(m, np.array([0.0, 0.5, 1.0, 1.5]), axis=1)),
    ("trapezoid", lambda v, m, t, s: _area(v) + _area(v, dx=0.5) + _area(v, x=np.sort(v))),
    ("trapezoid along", lambda v, m, t, s: _area(m, x=np.array([0.0, 1.0, 3.0]), axis=0)),
    ("trapezoid of both", lambda v, m, t, s: _area(m, x=np.cumsum(m * m, 1))),
    # Element by element.
    ("clip", lambda v, m, t, s: np.clip(m, -0.5, 0.5) + np.clip(m, None, 0.2) + np.clip(m, 0.1, None)),
    ("round", lambda v, m, t, s: np.round(m, 2) + np.around(100 * m, -1) + np.round(m) + np.rint(m)),
    ("fix", lambda v, m, t, s: np.fix(3 * m)),
    ("nan_to_num", lambda v, m, t, s: np.nan_to_num(m + LOST) + np.nan_to_num(1.0 / (m - m), nan=1.0, posinf=2.0, neginf=3.0)),
    ("select", lambda v, m, t, s: np.select([m > 0.5, m > 0.0], [m * 2.0, m[0]], default=-1.0)),
    ("piecewise", lambda v, m, t, s: np.piecewise(m, [m < -0.5, m > 0.5], [lambda x: x * x, 7.0, lambda x: -x])),
    ("piecewise of one", lambda v, m, t, s: np.piecewise(v, v > 0.0, [1.0, lambda x: x])),
    ("choose", lambda v, m, t, s: np.choose([[0], [1], [2]], [m, 2.0 * m, m[0]])),
    ("fmax", lambda v, m, t, s: np.fmax(m + LOST, 0.0) + np.fmin(m + LOST, m[0])),
    ("heaviside", lambda v, m, t, s: np.heaviside(m, 0.5)),
    ("isclose", lambda v, m, t, s: np.where(np.isclose(m, m[0], atol=0.5), m, 0.0)),
    ("isnan", lambda v, m, t, s: np.where(np.isnan(m + LOST), 0.0, m)),
    ("isfinite", lambda v, m, t, s: np.where(np.isfinite(m + LOST), m, 0.0)),
    ("isinf", lambda v, m, t, s: np.where(np.isinf(m / 0.0), 1.0, m) + np.where(np.isposinf(m / 0.0), 1.0, 2.0)),
    ("xor", lambda v, m, t, s: np.where(np.logical_xor(m > 0, m > 0.5), m, 0.0)),
    ("signbit", lambda v, m, t, s: np.where(np.signbit(m), 0.0, m)),
    ("likes", lambda v, m, t, s: np.zeros_like(m) + np.ones_like(m) + np.full_like(m, 3.0) + np.real(m) + np.copy(m)),
    ("likes of shapes", lambda v, m, t, s: np.ones_like(m, shape=(2, 2), dtype=float)),
    # Products.
    ("dot", lambda v, m, t, s: np.dot(s, m) + np.dot(m, t[0].T)[:, :1]), ("inner", lambda v, m, t, s: np.inner(m, t)),
    ("tensordot", lambda v, m, t, s: np.tensordot(t, m, axes=([1, 2], [0, 1]))),
    ("tensordot of one axis", lambda v, m, t, s: np.tensordot(t, m, axes=(-1, 1))),
    ("tensordot of none", lambda v, m, t, s: np.tensordot(v, s, 0)),
    ("tensordot of so many", lambda v, m, t, s: np.tensordot(t, m, axes=_TWO)),
    ("einsum of ...", lambda v, m, t, s: np.einsum("...ij,kj->...ik", t, m)),
    ("einsum of ... alone", lambda v, m, t, s: np.einsum("i...,i->...", m, s[0])),
    ("einsum of ... not named", lambda v, m, t, s: np.einsum("...i,...i", t, m)),
    ("einsum of length 1", lambda v, m, t, s: np.einsum("ij,ij->ij", m, m[:, :1])),
    ("einsum of length 1 summed", lambda v, m, t, s: np.einsum("ij,kj->ik", m[:, :1], m)),
    ("einsum optimised", lambda v, m, t, s: np.einsum("ij,jk,kl->il", s, m, m.T, optimize=True)),
    ("einsum with spaces", lambda v, m, t, s: np.einsum("i j -> j i", m)),
    ("kron", lambda v, m, t, s: np.kron(s, m)), ("kron of a vector", lambda v, m, t, s: np.kron(m, v)),
    ("cross", lambda v, m, t, s: np.cross(s, s[::-1])), ("cross along", lambda v, m, t, s: np.cross(m, m[::-1], axis=0)),
    *[(f"{name} {mode} {swap}", lambda v, m, t, s, n=name, k=mode, w=swap: getattr(np, n)(*((v, m[0, :3]) if w else (m[0, :2], v)), mode=k))
      for name in ("convolve", "correlate") for mode in ("full", "same", "valid") for swap in (True, False)],
    ("polyval", lambda v, m, t, s: np.polyval(v, m)), ("vander", lambda v, m, t, s: np.vander(v, 3) + np.vander(v)[:, :3]),
    ("vander upwards", lambda v, m, t, s: np.vander(v, 4, increasing=True)),
    ("trace", lambda v, m, t, s: np.trace(t, 1, 2, 1)), ("outer", lambda v, m, t, s: np.outer(m, v)),
    # Shapes.
    ("reshape by columns", lambda v, m, t, s: np.reshape(t, (4, -1), order="F")),
    ("ravel by columns", lambda v, m, t, s: np.ravel(t, order="F")), ("flatten", lambda v, m, t, s: t.flatten("F")),
    ("method reshape", lambda v, m, t, s: t.reshape(6, 4, order="F") + t.reshape((6, -1))),
    ("transpose", lambda v, m, t, s: np.transpose(t, (-1, 0, 1))), ("rollaxis", lambda v, m, t, s: np.rollaxis(t, 2) + 0.0),
    ("expand_dims", lambda v, m, t, s: np.expand_dims(m, [0, -1])), ("squeeze", lambda v, m, t, s: np.squeeze(m[:1], axis=-2)),
    ("atleast", lambda v, m, t, s: np.atleast_3d(v) + np.atleast_2d(v)[..., None] + np.atleast_1d(v)[0]),
    ("atleast of a matrix", lambda v, m, t, s: np.atleast_3d(m)),
    ("broadcast_arrays", lambda v, m, t, s: np.broadcast_arrays(m, t)[0]),
    # Parts.
    ("take", lambda v, m, t, s: np.take(m, [[-1, 0]], axis=-1)), ("compress", lambda v, m, t, s: np.compress([True, False, True], m, axis=1)),
    ("extract", lambda v, m, t, s: np.extract(m > 0.0, m)), ("delete", lambda v, m, t, s: np.delete(m, [0, -1], axis=1)),
    ("delete of a slice", lambda v, m, t, s: np.delete(m, np.s_[::2])), ("diagflat", lambda v, m, t, s: np.diagflat(m, 1)),
    ("fliplr", lambda v, m, t, s: np.fliplr(m) + np.flipud(m) + np.flip(m, (0, 1)) + np.flip(m)),
    ("roll", lambda v, m, t, s: np.roll(t, (1, -2), axis=(0, -1)) + np.roll(t, 3) + np.roll(t, 1, axis=(1, 2))),
    *[(f"rot90 {k}", lambda v, m, t, s, k=k: np.rot90(t, k, (1, 2))) for k in range(-1, 4)],
    ("repeat", lambda v, m, t, s: np.repeat(m, [1, 0, 2], axis=0)), ("array_split", lambda v, m, t, s: np.array_split(v, 3)[1]),
    ("splits", lambda v, m, t, s: np.hsplit(m, 2)[1] + np.vsplit(m, [1])[0][:, :2]), ("dsplit", lambda v, m, t, s: np.dsplit(t, 2)[1]),
    ("split of a vector", lambda v, m, t, s: np.hsplit(v, [2])[1]),
    ("windows", lambda v, m, t, s: np.lib.stride_tricks.sliding_window_view(v, 3)),
    ("windows of a matrix", lambda v, m, t, s: np.lib.stride_tricks.sliding_window_view(m, (2, 3))),
    ("windows along", lambda v, m, t, s: np.lib.stride_tricks.sliding_window_view(t, 2, axis=1)),
    ("take_along_axis", lambda v, m, t, s: np.take_along_axis(m, np.argmax(m, axis=0, keepdims=True), axis=0)),
    # Together.
    ("concatenate", lambda v, m, t, s: np.concatenate([m, v], axis=None)), ("hstack", lambda v, m, t, s: np.hstack([m, m[:, :1]])),
    ("hstack of vectors", lambda v, m, t, s: np.hstack([v, 1.0, v])), ("vstack", lambda v, m, t, s: np.vstack([m, m[0]])),
    ("dstack", lambda v, m, t, s: np.dstack([m, m])), ("column_stack", lambda v, m, t, s: np.column_stack([v, v * v, np.ones((5, 2))])),
    ("block", lambda v, m, t, s: np.block([[s, np.zeros((3, 4))], [m.T, np.eye(4)]])), ("block of vectors", lambda v, m, t, s: np.block([v, 2.0, v])),
    ("append", lambda v, m, t, s: np.append(m, v)), ("append along", lambda v, m, t, s: np.append(m, m[:1], axis=0)),
    ("insert", lambda v, m, t, s: np.insert(v, 1, 9.0)), ("insert of several", lambda v, m, t, s: np.insert(v, [0, 3, 3], [1.0, 2.0, 3.0])),
    ("insert along", lambda v, m, t, s: np.insert(m, 1, m[:, 0], axis=1)), ("insert of a matrix", lambda v, m, t, s: np.insert(m, [1], m[:, :2], axis=1)),
    ("tile", lambda v, m, t, s: np.tile(m, (2, 1, 2))), ("resize", lambda v, m, t, s: np.resize(m, (3, 5))),
    ("stack of mixed", lambda v, m, t, s: np.stack([v[0], 2.0, v.sum()])), ("linspace", lambda v, m, t, s: np.linspace(v[0], v[1], 7)),
    ("linspace of arrays", lambda v, m, t, s: np.linspace(m, 2.0, 4, endpoint=False, axis=-1)),
    ("meshgrid", lambda v, m, t, s: np.stack(np.meshgrid(v, m[0]))), ("meshgrid by rows", lambda v, m, t, s: np.stack(np.meshgrid(v, m[0], s[0], indexing="ij"))),
    ("meshgrid sparse", lambda v, m, t, s: np.meshgrid(v, m[0], sparse=True)[1]), ("bincount", lambda v, m, t, s: np.bincount([0, 2, 2, 1, 0], weights=v, minlength=5)),
    *[(f"pad {mode}", lambda v, m, t, s, k=mode: np.pad(m, ((1, 2), (3, 0)), mode=k)) for mode in ("edge", "reflect", "symmetric", "wrap", "constant")],
    ("pad of constants", lambda v, m, t, s: np.pad(m, 1, constant_values=((1.0, 2.0), (3.0, 4.0)))), ("pad of one", lambda v, m, t, s: np.pad(m, (2, 1), "constant", constant_values=5)),
    ("apply_along_axis", lambda v, m, t, s: np.apply_along_axis(lambda x: x[:2] * x.sum(), 1, t)), ("apply to numbers", lambda v, m, t, s: np.apply_along_axis(np.sum, 0, t)),
    # Methods.
    ("methods", lambda v, m, t, s: m.sum(0) + m.mean(axis=0) + m.std(0, ddof=1) + m.var(axis=0) + m.max(0) + m.min(0) + m.prod(0)),
    ("methods of shape", lambda v, m, t, s: m.T.ravel() + m.transpose(1, 0).flatten() + m.swapaxes(0, 1).reshape(-1) + m.T.ravel("C")),
    ("methods of elements", lambda v, m, t, s: m.clip(-0.5, 0.5) + m.clip(min=0.1) + m.round(1) + m.conj() + m.real + m.copy() + m.astype(float)),
    ("method astype", lambda v, m, t, s: m[np.floor(2.0 * v).astype(int) % 3] + np.where(m.astype(bool), 1.0, 0.0)[0]),
    ("methods along", lambda v, m, t, s: m.cumsum(1) + m.cumprod(axis=1)), ("methods of parts", lambda v, m, t, s: m.take([0, 1], axis=1).repeat(2, axis=1)[:, :2] + s.diagonal()[:, None] + s.trace()),
    ("method compress", lambda v, m, t, s: m.compress([True, False, True], axis=0)), ("method dot", lambda v, m, t, s: s.dot(m) + s @ m),
    ("methods of places", lambda v, m, t, s: m.argmax(axis=1) + m.argmin(1) + m.argsort(1)[:, 0] + 0.0 * m[:, 0]),
    ("method squeeze", lambda v, m, t, s: m[None].squeeze(0)), ("method item", lambda v, m, t, s: m.item(1, 2) + m.item(3) + m[:1, :1].item()),
    ("what it is", lambda v, m, t, s: m * float(m.size + m.ndim + len(m) + m.nbytes + m.itemsize + m.shape[1] + np.size(m, 0))),
]  # fmt: skip


def _area(*args: Any, **how: Any) -> Any:
    integrate: Any = vars(np).get("trapezoid") or vars(np)["trapz"]
    return integrate(*args, **how)


def arguments() -> list[Any]:
    """The arrays that are called on."""
    random = np.random.default_rng(7)
    return [random.normal(size=shape) for shape in ((5,), (3, 4), (2, 3, 4), (3, 3))]


def _both(pair: Any) -> Any:
    return np.stack(pair)
