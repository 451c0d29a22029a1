"""numpy's functions of whole arrays: ours for each, and for those that have no derivative what to do.

They go by their names, as older and newer numpys lack some; arguments are numpy's, in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.arrays import (
    choices,
    functions,
    lines,
    norms,
    order,
    parts,
    products,
    shapes,
    statistics,
    together,
)
from fgrad.arrays import convolution as conv
from fgrad.arrays import numpy_forms as forms
from fgrad.arrays.numpy_arguments import read
from fgrad.arrays.numpy_errors import clearly
from fgrad.arrays.numpy_linalg import LINALG
from fgrad.arrays.parts import split
from fgrad.arrays.values import shape_of
from fgrad.ops import bessel, elementary

_SUM: Final = "a axis [dtype] [out] keepdims initial where"
_MAX: Final = "a axis [out] keepdims initial where"
_MEAN: Final = "a axis [dtype] [out] keepdims where"
_STD: Final = "a axis [dtype] [out] ddof keepdims where [mean] correction"
_CUM: Final = "a axis [dtype] [out]"
_QUANTILE: Final = "a q axis [out] [overwrite_input] method keepdims [weights]"
_MEDIAN: Final = "a axis [out] [overwrite_input] keepdims"
_JOIN: Final = "arrays axis [out] [dtype] [casting]"
_ROWS: Final = "tup [dtype] [casting]"
_LIKE: Final = "a [dtype] [order] [subok] shape [device]"
_ONE: Final = "x"
_TWO: Final = "a b"

_OURS: Final[Mapping[str, tuple[Callable[..., Any], str]]] = MappingProxyType({
    # Along axes.
    "sum": (functions.sum, _SUM), "prod": (functions.prod, _SUM), "mean": (functions.mean, _MEAN),
    "max": (functions.max, _MAX), "min": (functions.min, _MAX), "amax": (functions.max, _MAX),
    "amin": (functions.min, _MAX), "ptp": (functions.ptp, "a axis [out] keepdims"),
    "var": (forms.spread(functions.variance), _STD), "std": (forms.spread(functions.std), _STD),
    "cumsum": (functions.cumsum, _CUM), "cumprod": (functions.cumprod, _CUM),
    "cumulative_sum": (forms.cumulative(functions.cumsum, 0.0), f"x {_CUM[2:]} include_initial"),
    "cumulative_prod": (forms.cumulative(functions.cumprod, 1.0), f"x {_CUM[2:]} include_initial"),
    "nansum": (statistics.nansum, _SUM), "nanprod": (statistics.nanprod, _SUM),
    "nanmean": (statistics.nanmean, _MEAN), "nanmax": (statistics.nanmax, _MAX),
    "nanmin": (statistics.nanmin, _MAX), "nanvar": (forms.spread(statistics.nanvar), _STD),
    "nanstd": (forms.spread(statistics.nanstd), _STD), "nancumsum": (statistics.nancumsum, _CUM),
    "nancumprod": (statistics.nancumprod, _CUM), "nanmedian": (order.nanmedian, _MEDIAN),
    "median": (order.median, _MEDIAN), "quantile": (order.quantile, _QUANTILE),
    "percentile": (order.percentile, _QUANTILE), "nanquantile": (order.nanquantile, _QUANTILE),
    "nanpercentile": (order.nanpercentile, _QUANTILE),
    "average": (statistics.average, "a axis weights returned keepdims"),
    "cov": (statistics.cov, "m y rowvar bias ddof [fweights] [aweights] [dtype]"),
    "corrcoef": (statistics.corrcoef, "x y rowvar [dtype]"),
    "any": (choices.any, "a axis [out] keepdims"), "all": (choices.all, "a axis [out] keepdims"),
    "sort": (order.sort, "a axis [kind] [order] [stable]"),
    "partition": (order.partition, "a kth axis [kind] [order]"),
    "diff": (lines.diff, "a n axis prepend append"),
    "ediff1d": (lines.ediff1d, "a to_end to_begin"), "gradient": (lines.gradient, ""),
    "trapezoid": (lines.trapezoid, "y x dx axis"), "trapz": (lines.trapezoid, "y x dx axis"),
    "interp": (lines.interp, "x xp fp left right period"),
    "apply_along_axis": (forms.apply_along_axis, ""),
    # Element by element.
    "where": (forms.where, ""), "clip": (forms.clip, "a a_min a_max [out] min max [dtype]"),
    "round": (choices.round, "a decimals [out]"), "around": (choices.round, "a decimals [out]"),
    "fix": (elementary.trunc, "x [out]"), "sinc": (elementary.sinc, "x"), "i0": (bessel.i0, "x"), "nan_to_num": (choices.nan_to_num, "x [copy] nan posinf neginf"),
    "select": (choices.select, "condlist choicelist=choices default"),
    "piecewise": (choices.piecewise, ""), "choose": (choices.choose, "a choices [out] [mode]"),
    "isclose": (choices.is_close, "a b rtol atol equal_nan"),
    "isneginf": (choices.is_neg_inf, "x [out]"), "isposinf": (choices.is_pos_inf, "x [out]"),
    "real": (lambda x: x, _ONE), "imag": (forms.filled(0.0), _ONE),
    "zeros_like": (forms.filled(0.0), _LIKE), "ones_like": (forms.filled(1.0), _LIKE),
    "empty_like": (forms.filled(0.0), _LIKE),
    "full_like": (forms.full_like, "a fill_value [dtype] [order] [subok] shape [device]"),
    "copy": (lambda x: x, "a [order] [subok]"), "astype": (forms.astype, "x dtype [copy] [device]"),
    # Products.
    "dot": (products.dot, "a b [out]"), "vdot": (products.vdot, _TWO), "inner": (products.inner, _TWO),
    "outer": (products.outer, "a b [out]"), "tensordot": (products.tensordot, "a b axes"),
    "cross": (products.cross, "a b axisa axisb axisc axis"),
    "convolve": (conv.convolve, "a v mode"), "correlate": (conv.correlate, "a v mode"),
    "einsum": (forms.einsum, ""), "polyval": (forms.polyval, "p x"), "vander": (forms.vander, "x N=n increasing"),
    "trace": (functions.trace, "a offset axis1 axis2 [dtype] [out]"),
    "linalg.cross": (lambda a, b, axis=-1: products.cross(a, b, axis=axis), "x1 b axis"),
    "linalg.outer": (products.outer, _TWO), "linalg.matmul": (products.matmul, _TWO),
    "linalg.tensordot": (products.tensordot, "x1 b axes"), "linalg.vecdot": (products.vecdot, "x1 b axis"),
    "linalg.trace": (lambda x, offset=0: functions.trace(x, offset, -2, -1), "x offset [dtype]"),
    "linalg.diagonal": (lambda x, offset=0: parts.diagonal(x, offset, -2, -1), "x offset"),
    # Shapes.
    "reshape": (forms.reshape, "a shape order newshape [copy]"), "ravel": (shapes.ravel, "a order"),
    "transpose": (shapes.transpose, "a axes"), "moveaxis": (shapes.moveaxis, "a source destination"),
    "swapaxes": (shapes.swapaxes, "a axis1=first axis2=second"), "squeeze": (shapes.squeeze, "a axis"),
    "rollaxis": (forms.rollaxis, "a axis start"), "expand_dims": (shapes.expand_dims, "a axis"),
    "broadcast_to": (shapes.broadcast_to, "array shape [subok]"),
    "broadcast_arrays": (forms.broadcast_arrays, ""),
    "matrix_transpose": (lambda x: shapes.swapaxes(x, -1, -2), _ONE),
    "atleast_1d": (forms.each(1), ""), "atleast_2d": (forms.each(2), ""), "atleast_3d": (forms.each(3), ""),
    # Parts.
    "take": (parts.take, "a indices axis [out] [mode]"),
    "take_along_axis": (parts.take_along_axis, "arr indices axis"),
    "compress": (parts.compress, "condition a=x axis [out]"),
    "extract": (lambda condition, arr: parts.compress(shapes.ravel(condition), arr), "condition arr"),
    "delete": (parts.delete, "arr obj axis"), "diagonal": (parts.diagonal, "a offset axis1 axis2"),
    "diag": (parts.diag, "v k=offset"), "diagflat": (lambda v, offset=0: parts.diag(shapes.ravel(v), offset), "v k=offset"),
    "tril": (parts.tril, "m k"), "triu": (parts.triu, "m k"), "flip": (parts.flip, "m axis"),
    "fliplr": (lambda m: parts.flip(m, 1), "m"), "flipud": (lambda m: parts.flip(m, 0), "m"),
    "roll": (parts.roll, "a shift axis"), "rot90": (parts.rot90, "m k axes"),
    "repeat": (parts.repeat, "a repeats axis"), "unstack": (parts.unstack, "x axis"),
    "split": (parts.split, "ary indices_or_sections=parts axis"), "array_split": (parts.array_split, "ary indices_or_sections=parts axis"),
    "hsplit": (forms.hsplit, "ary indices_or_sections=parts"), "vsplit": (parts.split, "ary indices_or_sections=parts"),
    "dsplit": (lambda ary, parts: split(ary, parts, 2), "ary indices_or_sections=parts"),
    "lib.stride_tricks.sliding_window_view":
        (parts.sliding_window_view, "x window_shape axis [subok] [writeable]"),
    # Together.
    "concatenate": (together.concatenate, _JOIN), "stack": (together.stack, _JOIN),
    "hstack": (together.hstack, _ROWS), "vstack": (together.vstack, _ROWS),
    "row_stack": (together.vstack, _ROWS), "dstack": (together.dstack, "tup"),
    "column_stack": (together.column_stack, "tup"), "block": (together.block, "arrays"),
    "append": (together.append, "arr values axis"), "insert": (together.insert, "arr obj values axis"),
    "tile": (together.tile, "A reps=counts"), "resize": (together.resize, "a new_shape=shape"),
    "meshgrid": (forms.meshgrid, ""),
    "pad": (together.pad, "array pad_width mode constant_values [reflect_type]"),
    "linspace": (forms.linspace, "start stop num endpoint [retstep] [dtype] axis [device]"),
    "bincount": (forms.bincount, "x weights minlength"),
    # Linear algebra.
    "linalg.norm": (norms.norm, "x ord axis keepdims"),
    "linalg.vector_norm": (norms.vector_norm, "x axis keepdims ord"),
    "linalg.matrix_norm": (norms.matrix_norm, "x keepdims ord"),
    # What is said of an array.
    "shape": (shape_of, "a"), "ndim": (lambda a: len(shape_of(a)), "a"), "size": (forms.size, "a axis"),
    "iscomplexobj": (lambda x: False, _ONE), "isrealobj": (lambda x: True, _ONE),
})  # fmt: skip

_OF_VALUES: Final = (
    "argmax", "argmin", "argsort", "argpartition", "argwhere", "nanargmax", "nanargmin",
    "lexsort", "nonzero", "flatnonzero", "count_nonzero", "searchsorted", "digitize", "isin",
    "iscomplex", "isreal", "tril_indices_from", "triu_indices_from", "shares_memory",
    "may_share_memory", "array_repr", "array_str", "array2string", "result_type",
)  # fmt: skip
"""What gives places, counts and texts: of the values, as these have no derivative to lose."""

_ADVICE: Final[Mapping[str, str]] = MappingProxyType({
    "histogram histogram2d histogramdd histogram_bin_edges":
        "Counts have no derivative: count in node.value.",
    "unique unique_all unique_counts unique_inverse unique_values union1d intersect1d setdiff1d setxor1d":
        "Take the elements at known places: x[np.unique(x.value, return_index=True)[1]].",
    "allclose array_equal array_equiv":
        "Compare node.value; of nodes np.isclose(x, y) is a condition, for where.",
    "put place putmask copyto fill_diagonal put_along_axis":
        "Nodes are immutable, and no array takes one in: write x = fg.at(x)[key].set(v).",
    "polyfit": "Solve for the coefficients: fg.solve(V.T @ V, V.T @ y) with V = np.vander(x, n).",
    "apply_over_axes": "Give the function several axes, as in x.sum((0, 1)).",
    "trim_zeros": "Take a slice, as in x[2:-1].",
    "geomspace logspace": "Write fg.exp(np.linspace(fg.log(start), fg.log(stop), num)).",
    "save savez savez_compressed savetxt": "Save node.value.",
    "floor_divide divmod": "Write fg.floor(x / y), whose derivative is 0, and x % y.",
    "modf": "Write x - np.fix(x) and np.fix(x).",
    "frexp ldexp": "Multiply by a power of two: x * 2.0**n.",
    "logaddexp2": "Write fg.logaddexp(x * np.log(2.0), y * np.log(2.0)) / np.log(2.0).",
    "roots": "Solve for one, by fg.root.", "angle": "Write fg.atan2(y, x).",
    "unwrap": "Add 2 pi times whole numbers that are found in node.value.",
})  # fmt: skip


_CALLING: Final = frozenset({"apply_along_axis", "piecewise"})
"""What calls a function of the user's, whose errors are none of ours."""


def _functions() -> Iterator[tuple[Any, Callable[..., Any]]]:
    for name, (f, names) in _OURS.items():
        called = _named(name)
        if called is not None:
            short = name.rpartition(".")[2]
            guarded = f if short in _CALLING else clearly(short, f)
            yield called, read(short, f, names) if names else guarded
    for name in _OF_VALUES:
        called = _named(name)
        if called is not None:
            yield called, clearly(name, forms.of_values(called))


def _named(name: str) -> Any:
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


FUNCTIONS: Final[Mapping[Any, Callable[..., Any]]] = MappingProxyType(
    dict(_functions()) | {f: clearly(f.__name__, ours) for f, ours in LINALG.items()}
)
"""Ours for each of numpy's functions of whole arrays; whole numbers have no derivative to lose."""
ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {name: advice for names, advice in _ADVICE.items() for name in names.split()}
)
"""What to do instead of functions that have no derivative."""
