"""Random lines of functions that are written from templates, of what kind of array each takes.

What is defined up to a sign only (vectors of eigenvalues, factors) is made independent of it.
"""

from __future__ import annotations

from typing import Final

import fgrad as fg
from tests.laws.array_scope import Draft, Scope

SQUARE: Final = "fg.add(fg.mul(fg.tanh({0}), 0.3), %s)"
"""A matrix whose eigenvalues are far from each other and from 0."""
SYMMETRIC: Final = "fg.mul(0.5, fg.add({square}, fg.swapaxes({square}, -1, -2)))"
TALL: Final = "fg.concatenate([{square}, fg.mul(0.5, {square})], -2)"
TEMPLATES: Final = (
    ("eigh", "fg.eigh({symmetric})[0]"), ("eigh", "fg.square(fg.eigh({symmetric})[1])"), ("eigvalsh", "fg.eigvalsh({symmetric})"),
    ("svd", "fg.svd({tall}, compute_uv=False)"), ("svd", "fg.square(fg.svd({square})[0])"), ("qr", "fg.square(fg.qr({tall})[0])"),
    ("qr", "fg.abs(fg.qr({square})[1])"), ("pinv", "fg.pinv({tall})"), ("lstsq", "fg.lstsq({tall}, {rows})[0]"),
    ("matrix_power", "fg.matrix_power({square}, 3)"), ("matrix_power", "fg.matrix_power({square}, -2)"),
    ("multi_dot", "fg.multi_dot([{square}, {square}, {column}])"), ("kron", "fg.kron({square}, {column})"),
    ("expm", "fg.expm({square})"), ("solve_triangular", "fg.solve_triangular(fg.tril({square}), {column}, lower=True)"),
    ("solve_triangular", "fg.solve_triangular(fg.triu({square}), {column})"), ("rfft", "fg.rfft({line})[0]"),
    ("rfft", "fg.rfft({line})[1]"), ("irfft", "fg.irfft(*fg.rfft({line}))"), ("interp", "fg.interp({line}, np.array([-2.0, -0.4, 0.7, 2.0]), np.array([1.0, -0.5, 0.75, 2.0]))"),
    ("interp", "fg.interp(0.3, np.array([0.0, 1.0]), fg.stack([fg.sum({line}), 0.5]))"), ("median", "fg.median({any}, -1)"),
    ("median", "fg.median({any})"), ("quantile", "fg.quantile({line}, 0.3)"), ("trapezoid", "fg.trapezoid({line})"),
    ("convolve", "fg.convolve({line}, np.array([0.5, -1.0, 0.25]))"), ("convolve", "fg.convolve({line}, {line})"),
    ("cross", "fg.cross(fg.stack([fg.sum({line}), 0.5, fg.sum(fg.sin({line}))]), np.array([0.5, -1.0, 2.0]))"),
    ("hstack", "fg.hstack([{line}, {line}])"), ("vstack", "fg.vstack([{line}, {line}])"),
    ("select", "fg.select([fg.greater({any}, 0.5), fg.less({any}, -0.2)], [fg.sin({any}), fg.square({any})], 0.25)"),
    ("at", "fg.at({any})[0].set(0.5)"), ("at", "fg.at({any})[1:].set(fg.sum({any}))"), ("at", "fg.at({any})[np.array([0, -1, 0])].add(0.75)"),
    ("at", "fg.at({any})[np.array([0, 0])].add(fg.mul(0.5, fg.mean({any})))"), ("at", "fg.at({any})[..., 0].set(fg.sum(fg.cos({any})))"),
)  # fmt: skip
KNOWN: Final = tuple([pair for pair in TEMPLATES if hasattr(fg, pair[0])])


def more(scope: Scope) -> Draft | None:
    """One of the templates."""
    if not KNOWN:
        return None
    name, template = scope.choice(KNOWN)
    inner = "{0}"
    if "square" in template or "symmetric" in template or "tall" in template:
        flat = "kron" in template or "lstsq" in template or "multi_dot" in template
        x = scope.array(
            2, lambda x: 0 < x.shape[-1] == x.shape[-2] <= 3 and not (flat and len(x.shape) > 2)
        )
    elif "{line}" in template:
        x = scope.pick(lambda x: len(x.shape) == 1 and x.shape[0] > 1)
    else:
        x = scope.array(1, lambda x: 0 not in x.shape)
    if x is None:
        return None
    n = x.shape[-1]
    square = SQUARE % _diagonal(n)
    text = template.replace("{symmetric}", SYMMETRIC).replace("{tall}", TALL)
    text = text.replace("{square}", square).replace("{line}", inner).replace("{any}", inner)
    column = f"fg.tanh({{0}}[{'..., ' if len(x.shape) > 1 else ''}:1])"
    text = text.replace("{column}", column).replace("{rows}", scope.constant((2 * n,)))
    return Draft(name, text, [x.number])


def _diagonal(n: int) -> str:
    """Numbers that are far from each other, in a matrix."""
    return f"np.diag({[1.5, -2.75, 4.0][:n]!r})"
