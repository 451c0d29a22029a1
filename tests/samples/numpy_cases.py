"""Functions that numpy has and that are composed here, for the laws of functions of arrays."""

from typing import Any

import numpy as np

import fgrad
from fgrad.arrays.at import at
from tests.samples.arrays import Case

fg: Any = fgrad  # what is typed is tested in tests/typing

_MASK = np.array([[True, False, True], [True, True, False]])
_TWICE = np.array([2, 0, 2])
_BOTH = (np.array([[0], [1]]), np.array([1, 1]))


def _set(key: Any) -> Any:
    return lambda x, v: at(x)[key].set(v)


def _add(key: Any) -> Any:
    return lambda x, v: at(x)[key].add(v)


def _points(d: Any) -> Any:
    return fg.cumsum(fg.exp(d))


def _interp(x: Any, d: Any, fp: Any) -> Any:
    return np.interp(3.0 * x, _points(d), fp)


def _their_interp(j: Any, x: Any, d: Any, fp: Any) -> Any:
    return j.interp(3.0 * x, j.cumsum(j.exp(d)), fp)


NUMPY = [
    # Assignment; of repeated indices JAX does not say which one is last.
    *[Case(f"set {i}", _set(key), shapes, chooses=True, same=lambda j, x, v, k=key: j.asarray(x).at[k].set(v))
      for i, (key, shapes) in enumerate((
          (1, ((2, 3), (3,))), ((0, 2), ((2, 3), ())), (slice(None, None, -1), ((4,), (1,))), (_MASK, ((2, 3), (4,))),
          ((slice(None), np.array([2, 0])), ((2, 3), (2, 2))), ((None, 1), ((2, 3), (1, 3))), (..., ((2, 3), (3,))),
          (slice(2, 2), ((3,), (0,))),
      ))],
    *[Case(f"set of one twice {i}", _set(key), shapes, chooses=True)
      for i, (key, shapes) in enumerate((
          (_TWICE, ((3,), (3,))), ((slice(None), _TWICE), ((2, 3), (2, 3))), ((_TWICE, slice(None)), ((3, 2), (3, 1))),
          (_BOTH, ((2, 3), (2, 2))), (_BOTH, ((2, 3), ())),
      ))],
    *[Case(f"add {i}", _add(key), shapes, chooses=True, same=lambda j, x, v, k=key: j.asarray(x).at[k].add(v))
      for i, (key, shapes) in enumerate((
          (1, ((2, 3), (3,))), ((0, 2), ((2, 3), ())), (_TWICE, ((3,), (3,))), ((slice(None), _TWICE), ((2, 3), (3,))),
          (_BOTH, ((2, 3), (2, 2))), (_MASK, ((2, 3), ())),
      ))],
    Case("bincount", lambda w: np.bincount([0, 2, 2], weights=w, minlength=4), ((3,),), chooses=True, same=lambda j, w: j.bincount(np.array([0, 2, 2]), weights=w, length=4)),
    # Interpolation and order.
    Case("interp", _interp, ((4,), (3,), (3,)), chooses=True, same=_their_interp),
    Case("interp of a number", _interp, ((), (3,), (3,)), chooses=True, same=_their_interp),
    Case("interp with ends", lambda x, fp, e: np.interp(2.0 * x, [-1.0, 0.0, 1.0], fp, left=e, right=e * e), ((2, 3), (3,), ()), chooses=True,
         same=lambda j, x, fp, e: j.interp(2.0 * x, np.array([-1.0, 0.0, 1.0]), fp, left=e, right=e * e)),
    Case("interp of a period", lambda x, p, fp: np.interp(x, p, fp, period=1.7), ((4,), (3,), (3,)), same=lambda j, x, p, fp: j.interp(x, p, fp, period=1.7)),
    *[Case(f"quantile {method}", lambda x, m=method: np.quantile(x, [0.1, 0.6], axis=(0, 2), method=m), ((2, 3, 3),), same=lambda j, x, m=method: j.quantile(x, j.array([0.1, 0.6]), axis=(0, 2), method=m))
      for method in ("linear", "lower", "midpoint")],
    Case("quantile of shares", lambda x, q: np.quantile(x, 0.5 + 0.1 * q, axis=1), ((2, 5), (2,)), chooses=True),
    Case("median", lambda x: np.median(x, axis=1, keepdims=True), ((3, 4),), same=lambda j, x: j.median(x, axis=1, keepdims=True)),
    Case("median of all", np.median, ((5,),), same=lambda j, x: j.median(x)),
    Case("partition", lambda x: np.partition(x, 2, axis=0), ((5, 2),)),
    Case("sort of all", lambda x: np.sort(x, axis=None), ((2, 3),), same=lambda j, x: j.sort(x, axis=None)),
    # Statistics.
    Case("sum where", lambda x: np.sum(x, axis=1, where=_MASK, initial=0.5), ((2, 3),), chooses=True, same=lambda j, x: j.sum(x, axis=1, where=_MASK, initial=0.5)),
    Case("prod where", lambda x: np.prod(x, axis=1, where=_MASK), ((2, 3),), chooses=True, same=lambda j, x: j.prod(x, axis=1, where=_MASK)),
    Case("std where", lambda x: np.std(x, where=_MASK), ((2, 3),), chooses=True, same=lambda j, x: j.std(x, where=_MASK)),
    Case("max where", lambda x: np.max(x, axis=0, where=_MASK, initial=-0.5), ((2, 3),), chooses=True, same=lambda j, x: j.max(x, axis=0, where=_MASK, initial=-0.5)),
    Case("nanmean", lambda x: np.nanmean(np.where(_MASK, x, np.nan), axis=1), ((2, 3),), chooses=True, same=lambda j, x: j.mean(x, axis=1, where=_MASK)),
    Case("nanquantile", lambda x: np.nanquantile(np.where(_MASK, x, np.nan), 0.3, axis=1), ((2, 3),), chooses=True),
    Case("nanmax", lambda x: np.nanmax(np.where(_MASK, x, np.nan), axis=0), ((2, 3),), chooses=True),
    Case("average", lambda x, w: np.average(x, axis=1, weights=w * w), ((2, 3), (3,)), same=lambda j, x, w: j.average(x, axis=1, weights=w * w)),
    Case("cov", np.cov, ((3, 5),), same=lambda j, x: j.cov(x)),
    Case("cov of columns", lambda x: np.cov(x, rowvar=False, bias=True), ((5, 2),), same=lambda j, x: j.cov(x, rowvar=False, bias=True)),
    Case("corrcoef", np.corrcoef, ((3, 5),), chooses=True, singular=True),
    # Differences.
    Case("diff with ends", lambda x, e: np.diff(x, prepend=e, append=0.5, axis=0), ((3, 2), ()), chooses=True, same=lambda j, x, e: j.diff(x, prepend=e, append=0.5, axis=0)),
    Case("gradient", lambda x: np.gradient(x, 0.5, axis=1, edge_order=1), ((2, 4),), same=lambda j, x: j.gradient(x, 0.5, axis=1)),
    Case("gradient of places", lambda f, d: np.gradient(f, _points(d), edge_order=2), ((5,), (5,)), singular=True),
    Case("gradient of equal places", lambda f, x: np.gradient(f, fg.cumsum(x)), ((4,), (4,)), low=1.0, high=1.0),
    Case("trapezoid", fg.trapezoid, ((2, 4), (4,)), same=lambda j, y, x: j.trapezoid(y, x)),
    # Products.
    *[Case(f"convolve {mode}", lambda a, v, m=mode: np.convolve(a, v, m), ((5,), (3,)), same=lambda j, a, v, m=mode: j.convolve(a, v, m)) for mode in ("full", "same", "valid")],
    Case("correlate", lambda a, v: np.correlate(a, v, "same"), ((3,), (4,)), same=lambda j, a, v: j.correlate(a, v, "same")),
    Case("cross", lambda a, b: np.cross(a, b, axis=0), ((3, 2), (3, 2)), same=lambda j, a, b: j.cross(a, b, axis=0)),
    Case("kron", np.kron, ((2, 3), (2, 2)), same=lambda j, a, b: j.kron(a, b)),
    Case("polyval", np.polyval, ((4,), (3,)), same=lambda j, p, x: j.polyval(p, x)),
    *[Case(f"einsum {spec}", lambda *xs, s=spec: np.einsum(s, *xs, optimize=True), shapes, same=lambda j, *xs, s=spec: j.einsum(s, *xs))
      for spec, shapes in (("...ij,...jk->...ik", ((2, 2, 3), (3, 2))), ("i...,i", ((3, 2), (3,))), ("ij,ij->j", ((2, 3), (2, 1))), ("ij,ij", ((2, 1), (1, 3))))],
    # Shapes and parts.
    Case("reshape by columns", lambda x: np.reshape(x, (4, 3), order="F"), ((3, 4),), same=lambda j, x: j.reshape(x, (4, 3), order="F")),
    Case("roll of two", lambda x: np.roll(x, (1, -1), axis=(0, 1)), ((2, 3),), same=lambda j, x: j.roll(x, (1, -1), axis=(0, 1))),
    Case("rot90", lambda x: np.rot90(x, 3), ((2, 3),), same=lambda j, x: j.rot90(x, 3)),
    Case("delete", lambda x: np.delete(x, 1, axis=1), ((2, 3),), same=lambda j, x: j.delete(x, 1, axis=1)),
    Case("windows", lambda x: np.lib.stride_tricks.sliding_window_view(x, 3), ((5,),)),
    *[Case(f"pad {mode}", lambda x, m=mode: np.pad(x, 2, mode=m), ((3, 3),), same=lambda j, x, m=mode: j.pad(x, 2, mode=m)) for mode in ("edge", "reflect", "symmetric", "wrap")],
    Case("insert", lambda x, v: np.insert(x, [0, 2], v, axis=1), ((2, 3), (2, 2)), same=lambda j, x, v: j.insert(x, np.array([0, 2]), v, axis=1)),
    Case("block", lambda x, y: np.block([[x, y], [y, x]]), ((2, 3), (2, 2)), same=lambda j, x, y: j.block([[x, y], [y, x]])),
    Case("meshgrid", lambda x, y: np.stack(np.meshgrid(x, y)), ((2,), (3,)), same=lambda j, x, y: j.stack(j.meshgrid(x, y))),
    Case("linspace", lambda x, y: np.linspace(x, y, 4), ((3,), ()), same=lambda j, x, y: j.linspace(x, y, 4)),
    Case("apply_along_axis", lambda x: np.apply_along_axis(lambda r: r[:2] * fg.sum(r), 0, x), ((3, 2),), same=lambda j, x: j.apply_along_axis(lambda r: r[:2] * j.sum(r), 0, x)),
    # Choices.
    Case("select", lambda x, y: np.select([x > 0.5, x > 0.0], [x * y, fg.exp(x)], y), ((2, 3), (3,)), chooses=True, same=lambda j, x, y: j.select([x > 0.5, x > 0.0], [x * y, j.exp(x)], y)),
    Case("piecewise", lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [fg.exp, fg.sin, 1.5]), ((2, 3),), chooses=True),
    Case("nan_to_num", lambda x: np.nan_to_num(np.where(_MASK, x, np.nan)), ((2, 3),), chooses=True),
    Case("choose", lambda x, y: np.choose([0, 1, 0], [x, y]), ((2, 3), (3,)), same=lambda j, x, y: j.choose(np.array([0, 1, 0]), [x, y], mode="clip")),
]  # fmt: skip
