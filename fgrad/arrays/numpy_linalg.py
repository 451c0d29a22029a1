"""Ours for the functions of numpy.linalg and numpy.fft: what they are on nodes, or what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.arrays import determinants, factors, linalg, matrices, singular, spectra, systems
from fgrad.errors import NotAValue

Function = Callable[..., Any]


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    _general("pinv", hermitian)
    return systems.pinv(a, rtol if rcond is None else rcond)


def _svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    _general("svd", hermitian)
    return singular.svd(a, full_matrices, compute_uv)


def _general(name: str, hermitian: bool) -> None:
    if hermitian:
        advice = "Leave it out, or write it with fg.eigh."
        raise NotAValue(f"numpy's {name}", "any matrix", "hermitian=True", advice)


def _matrix_rank(
    A: Any,  # noqa: N803  # numpy's name
    tol: Any = None,
    hermitian: bool = False,
    *,
    rtol: Any = None,
) -> Any:
    _general("matrix_rank", hermitian)
    return linalg.matrix_rank(A, tol, rtol)


_NUMBERS: Final = "a function with a derivative here"
_SYMMETRIC: Final = (
    "Eigenvalues may be complex: of a symmetric matrix take fg.eigh or fg.eigvalsh,"
    " of any fg.svd, or use node.value."
)
_COMPLEX: Final = (
    "Its numbers are complex, which nodes do not hold: write real, imag = fg.rfft(x) and"
    " fg.irfft(real, imag), or use node.value."
)
_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "eig": _SYMMETRIC,
        "eigvals": _SYMMETRIC,
        "cond": "Write s = fg.svd(a, compute_uv=False) and s[..., 0] / s[..., -1].",
        "tensorsolve": "Reshape to matrices for fg.solve.",
        "tensorinv": "Reshape to matrices for fg.inv.",
    }
)
_FOURIER: Final = (
    "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn",
    "irfftn", "hfft", "ihfft",
)  # fmt: skip


def _table() -> dict[Any, Function]:
    """By function; some are not in every numpy."""
    ours: dict[str, Function] = {
        "cholesky": factors.cholesky, "det": determinants.det, "eigh": spectra.eigh,
        "eigvalsh": spectra.eigvalsh, "inv": systems.inv, "lstsq": systems.lstsq,
        "matrix_power": linalg.matrix_power, "matrix_rank": _matrix_rank,
        "matrix_transpose": matrices.transposed, "multi_dot": linalg.multi_dot, "pinv": _pinv,
        "qr": factors.qr, "slogdet": determinants.slogdet, "solve": systems.solve, "svd": _svd,
        "svdvals": lambda x: singular.svd(x, compute_uv=False),
        **{n: linalg.refusing(f"linalg.{n}", _NUMBERS, advice) for n, advice in _REFUSED.items()},
    }  # fmt: skip
    table = {getattr(np.linalg, name): f for name, f in ours.items() if hasattr(np.linalg, name)}
    for name in _FOURIER:
        table[getattr(np.fft, name)] = linalg.refusing(f"fft.{name}", _NUMBERS, _COMPLEX)
    table[np.kron] = linalg.kron
    return table


LINALG: Final[Mapping[Any, Function]] = MappingProxyType(_table())
