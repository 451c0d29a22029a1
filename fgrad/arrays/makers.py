"""The operations on whole arrays by name, as a text names them: how each is made, and of what.

A reader of texts makes no other operations than these, and of arguments of these kinds alone:
`shape`, `axes` (whole numbers from 0, axes each once), `axis` and `count` (one such number), `flag`,
`index` (a `Key`), `spec` (the letters of a contraction) and `name` (that of the operation).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs
import numpy as np

from fgrad.arrays import (
    at,
    contract,
    convolution,
    determinants,
    factors,
    fourier,
    joining,
    linear,
    recurrences,
    reductions,
    singular,
    sparse,
    spectra,
    systems,
)
from fgrad.arrays.linear import Key, Shape
from fgrad.arrays.primitive import ArrayOp

_SPEC: Final = re.compile(r"([A-Za-z]*),([A-Za-z]*)->([A-Za-z]*)")
_SUPPORTED: Final = (
    "broadcast_to", "sum", "cumsum", "delay", "reshape", "transpose", "index", "place",
    "fourier_cosines", "fourier_sines",
)  # fmt: skip
_PARTS: Final = {"eigh": ("L", "U"), "fourier_cosines": ("cosines",), "fourier_sines": ("sines",)}
_ALONE: Final[tuple[ArrayOp, ...]] = (
    systems._solve, convolution._convolution, convolution._valid, determinants._log_abs_det, determinants._det, factors._cholesky, factors._qr,
    spectra._frame, singular._frames, singular._svd,
)  # fmt: skip


@attrs.frozen
class Maker:
    """A function that makes an operation, and the kinds of its arguments."""

    make: Callable[..., Any]
    kinds: tuple[str, ...]
    support: bool = False
    """Whether what is meant is what the operation does to conditions."""

    def arguments(self, op: ArrayOp) -> tuple[Any, ...] | None:
        """Of what `op` is made by this; None if it is not."""
        make, args = op.maker
        if self.support and make is linear._support_of:
            make, args = args
        return tuple(args) if make is self.make else None

    def made(self, args: Sequence[Any]) -> ArrayOp:
        """The operation of arguments that are of these kinds."""
        op: Any = self.make(*args)
        return op.support if self.support else op  # type: ignore[no-any-return]  # an ArrayOp


def _table() -> dict[str, Maker]:
    table = {
        "broadcast_to": Maker(linear.broadcasting, ("shape",)),
        "sum": Maker(linear.summing, ("axes",)),
        "cumsum": Maker(linear.accumulating, ("axis", "flag")),
        "delay": Maker(recurrences.delaying, ("axis", "flag")),
        "recurrence": Maker(recurrences.recurrence, ("axis", "flag")),
        "cumprod": Maker(recurrences.cumulating, ("axis",)),
        "prod": Maker(recurrences.product, ("axis",)),
        "reshape": Maker(linear.reshaping, ("shape",)),
        "transpose": Maker(linear.permuting, ("axes",)),
        "index": Maker(linear.indexing, ("index",)),
        "place": Maker(linear.placing, ("index", "shape")),
        "set": Maker(at.setting, ("index",)),
        "add_at": Maker(at.adding, ("index",)),
        "contract": Maker(contract.contraction, ("spec",)),
        "guarded_contract": Maker(contract.guarded_contraction, ("spec",)),
        "twice_guarded_contract": Maker(contract.twice_guarded, ("spec",)),
        "contract_support": Maker(contract.meeting, ("spec",)),
        "concatenate": Maker(joining.concatenation, ("axis", "count")),
        "concatenate_support": Maker(joining.of_truths, ("axis", "count")),
        "sparse_product": Maker(sparse.sparse_product, ("index", "shape", "flag")),
        "sparse_solve": Maker(sparse.sparse_solve, ("index", "shape", "flag")),
        "max": Maker(reductions.extremum, ("name", "axes")),
        "min": Maker(reductions.extremum, ("name", "axes")),
        "logsumexp": Maker(reductions.log_sum_exp, ("axes",)),
        "solve_triangular": Maker(systems.substitution, ("flag",)),
        "pinv": Maker(systems._pseudo_inverse, ("limit",)),
        "lstsq": Maker(systems._least_squares, ("limit",)),
        "eigh": Maker(spectra._decomposing, ("part",)),
        "fourier_cosines": Maker(fourier._transforming, ("part", "axis", "count", "flag")),
        "fourier_sines": Maker(fourier._transforming, ("part", "axis", "count", "flag")),
    }
    for op in _ALONE:
        table[op.name] = Maker(op.maker[0], ())
    for name in _SUPPORTED:
        table[f"{name}_support"] = attrs.evolve(table[name], support=True)
    return table


MAKERS: Final[Mapping[str, Maker]] = MappingProxyType(_table())


def is_of_kind(value: object, kind: str, name: str) -> bool:
    """Whether `value` may be an argument of that kind, for the operation of that name.

    True and 1 are distinguished: they are equal, and a maker that remembers would take one for the
    other.
    """
    if kind == "name":
        return value == name
    if kind == "flag":
        return type(value) is bool
    if kind == "limit":
        return value is None or type(value) is float
    if kind == "part":
        return value in _PARTS.get(name, ())
    if kind == "index":
        return type(value) is Key
    if kind == "spec":
        return isinstance(value, str) and _is_spec(value)
    if kind in ("axis", "count"):
        return type(value) is int and value >= 0
    if not isinstance(value, tuple) or any(type(n) is not int or n < 0 for n in value):
        return False
    return kind == "shape" or len(set(value)) == len(value)


def _is_spec(text: str) -> bool:
    """Whether each letter is in two of the three parts, and in none twice."""
    found = _SPEC.fullmatch(text)
    if found is None:
        return False
    parts = found.groups()
    once = all(len(set(part)) == len(part) for part in parts)
    return once and all(sum([c in part for part in parts]) > 1 for c in {*text} - {*",->"})


def size_of_result(op: Any, shapes: Sequence[Shape]) -> int:
    """How many elements the result of `op` has at most; ValueError or IndexError for shapes it refuses."""
    if op.elementwise:
        return math.prod(shapes[0] if len({*shapes}) == 1 else np.broadcast_shapes(*shapes))
    if op.name in ("broadcast_to", "broadcast_to_support", "place", "place_support"):
        return math.prod(op.key[-1])
    if op.name in ("index", "index_support"):
        return math.prod(linear.indexed_shape(op.key[0], shapes[0]))
    if op.name.endswith(("contract", "contract_support")):
        p, q, out = contract.letters(op.key[0])
        known = dict(zip((*p, *q), (*shapes[-2], *shapes[-1]), strict=True))
        return math.prod([known[c] for c in out])
    if op.name in ("solve", "solve_triangular"):
        batch = np.broadcast_shapes(*[shape[:-2] for shape in shapes])
        return math.prod((*batch, *shapes[1][-2:]))
    if op.name in ("sparse_product", "sparse_solve"):
        return sparse.size_of_result(op, shapes[1])
    return sum([max(1, math.prod(shape)) for shape in shapes])
