"""What functions of linear algebra and Fourier transforms take and give, for type checkers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias, overload

from fgrad.arrays.factors import QRResult
from fgrad.arrays.fourier import Spectrum
from fgrad.arrays.nodes import ArrayNode
from fgrad.arrays.signatures import Either, X
from fgrad.arrays.singular import SVDResult
from fgrad.arrays.spectra import EighResult
from fgrad.arrays.systems import LstsqResult
from fgrad.arrays.values import Array

Part: TypeAlias = Literal["L", "U", "l", "u"]


class Cholesky(Protocol):
    """Cholesky's factor, of the lower or the upper part."""

    def __call__(self, a: X, /, *, upper: bool = False) -> X: ...


class Eigh(Protocol):
    """Eigenvalues and eigenvectors."""

    def __call__(self, a: X, UPLO: Part = "L") -> EighResult[X]: ...


class Eigenvalues(Protocol):
    """Eigenvalues alone."""

    def __call__(self, a: X, UPLO: Part = "L") -> X: ...


class QR(Protocol):
    """The factors of QR, or the second alone."""

    @overload
    def __call__(self, a: X, mode: Literal["reduced", "complete"] = "reduced") -> QRResult[X]: ...
    @overload
    def __call__(self, a: X, mode: Literal["r"]) -> X: ...


class SVD(Protocol):
    """Singular values with their vectors, or alone."""

    @overload
    def __call__(
        self, a: X, full_matrices: bool = True, compute_uv: Literal[True] = True
    ) -> SVDResult[X]: ...
    @overload
    def __call__(self, a: X, full_matrices: bool = True, *, compute_uv: Literal[False]) -> X: ...


class PseudoInverse(Protocol):
    """A pseudo-inverse."""

    def __call__(self, a: X, rcond: float | None = None) -> X: ...


class LeastSquares(Protocol):
    """A solution by least squares."""

    @overload
    def __call__(self, a: Array, b: Array, rcond: float | None = None) -> LstsqResult[Array]: ...
    @overload
    def __call__(
        self, a: ArrayNode, b: Either, rcond: float | None = None
    ) -> LstsqResult[ArrayNode]: ...
    @overload
    def __call__(
        self, a: Array, b: ArrayNode, rcond: float | None = None
    ) -> LstsqResult[ArrayNode]: ...


class Triangular(Protocol):
    """The solution of a triangular system."""

    @overload
    def __call__(
        self, a: Array, b: Array, *, trans: int | str = 0, lower: bool = False
    ) -> Array: ...
    @overload
    def __call__(
        self, a: ArrayNode, b: Either, *, trans: int | str = 0, lower: bool = False
    ) -> ArrayNode: ...
    @overload
    def __call__(
        self, a: Array, b: ArrayNode, *, trans: int | str = 0, lower: bool = False
    ) -> ArrayNode: ...


class Power(Protocol):
    """A power of matrices."""

    def __call__(self, a: X, n: int) -> X: ...


class Products(Protocol):
    """The product of several matrices."""

    @overload
    def __call__(self, arrays: Sequence[Array]) -> Array: ...  # type: ignore[overload-overlap]  # only Never fits both
    @overload
    def __call__(self, arrays: Sequence[Either]) -> ArrayNode: ...


class Frequencies(Protocol):
    """A Fourier transform."""

    def __call__(self, x: X, axis: int = -1) -> Spectrum[X]: ...


class Signal(Protocol):
    """A signal of a Fourier transform."""

    @overload
    def __call__(self, real: Array, imag: Array, n: int | None = None, axis: int = -1) -> Array: ...
    @overload
    def __call__(
        self, real: ArrayNode, imag: Either, n: int | None = None, axis: int = -1
    ) -> ArrayNode: ...
    @overload
    def __call__(
        self, real: Array, imag: ArrayNode, n: int | None = None, axis: int = -1
    ) -> ArrayNode: ...
