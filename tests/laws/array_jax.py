"""JAX as an oracle of programs over arrays: its functions under the names of fgrad, and its derivatives.

JAX says what is computed, also for derivatives; `array_jaxprs` computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Final

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special
import numpy as np

from tests.laws.array_jaxprs import computed
from tests.laws.array_kit import run
from tests.laws.array_programs import Program

_CONFIG: Any = jax.config
_CONFIG.update("jax_enable_x64", True)


def _root(square: Any) -> Any:
    """The square root of a sum of squares, with the derivative 0 where all are."""
    lost = square == 0.0
    return jnp.where(lost, 0.0, jnp.sqrt(jnp.where(lost, 1.0, square)))


def _abs(x: Any) -> Any:
    """With the derivative 0 at 0."""
    return jnp.where(x == 0.0, 0.0, jnp.abs(x))


def _copysign(x: Any, y: Any) -> Any:
    """Likewise."""
    lost = x == 0.0
    return jnp.where(lost, 0.0, jnp.copysign(jnp.where(lost, 1.0, x), y))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord == 1:
        return jnp.sum(_abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return jnp.max(_abs(x), axis=axis, keepdims=keepdims)
    return _root(jnp.sum(jnp.square(x), axis=axis, keepdims=keepdims))


def _clip(x: Any, low: Any, high: Any) -> Any:
    return jnp.where(x < low, low, jnp.where(x > high, high, x))


def _std(x: Any, axis: Any = None, **options: Any) -> Any:
    return _root(jnp.var(x, axis, **options))


def _number(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: jnp.asarray(f(*args), float)


def _pulled(f: Callable[..., Any]) -> Callable[..., Any]:
    def pulled(x: Any) -> Any:
        value, pull = jax.vjp(_number(f), jnp.asarray(x, float))
        return value, lambda bar: pull(jnp.asarray(bar, float))[0]

    return pulled


def _pushed(f: Callable[..., Any], x: Any, dx: Any) -> Any:
    return jax.jvp(_number(f), (jnp.asarray(x, float),), (jnp.asarray(dx, float),))


def _rows(f: Callable[..., Any], mode: str = "auto") -> Callable[..., Any]:
    """By one product for each number, since vmap would make operations of other shapes."""

    def rows(x: Any) -> Any:
        x = jnp.asarray(x, float)
        ones = [jnp.asarray(row.reshape(x.shape)) for row in np.eye(x.size)]
        value, push = jax.linearize(_number(f), x)
        columns = [push(one) for one in ones]
        whole = jnp.stack(columns, -1) if columns else jnp.zeros((*value.shape, 0))
        return (jnp.reshape(whole, (*value.shape, *x.shape)),)

    return rows


class _At:
    """An array with other elements at an index, as JAX has it."""

    def __init__(self, x: Any) -> None:
        self.x = jnp.asarray(x)

    def __getitem__(self, key: Any) -> Any:
        return self.x.at[key]


def _rfft(x: Any) -> Any:
    y = jnp.fft.rfft(x)
    return jnp.real(y), jnp.imag(y)


def _triangular(a: Any, b: Any, lower: bool = False) -> Any:
    return jax.scipy.linalg.solve_triangular(a, b, lower=lower)


_RENAMED: Final = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "neg": "negative", "sub": "subtract", "mul": "multiply", "div": "divide",
    "pow": "power", "mod": "remainder", "atan2": "arctan2", "variance": "var",
}  # fmt: skip
_LINALG: Final = (
    "solve", "inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh", "svd", "qr", "pinv", "lstsq", "matrix_power", "multi_dot",
)  # fmt: skip
_OURS: Final[dict[str, Any]] = {
    "relu": lambda x: jnp.where(x > 0.0, x, 0.0), "sigmoid": jax.nn.sigmoid, "softmax": jax.nn.softmax,
    "softplus": lambda x: jnp.logaddexp(x, 0.0), "erf": jax.scipy.special.erf, "erfc": jax.scipy.special.erfc,
    "lgamma": jax.scipy.special.gammaln, "digamma": jax.scipy.special.digamma,
    "logsumexp": jax.scipy.special.logsumexp, "norm": _norm, "abs": _abs, "copysign": _copysign, "std": _std, "clip": _clip,
    "pad": lambda x, width, c=0.0: jnp.pad(x, width, constant_values=c),
    "stop_gradient": jax.lax.stop_gradient, "gradient": lambda f: jax.grad(_number(f)),
    "value_and_gradient": lambda f: jax.value_and_grad(_number(f)), "vjp": _pulled,
    "jvp": lambda f: lambda x, dx: _pushed(f, x, dx), "jacobian": _rows, "hessian": lambda f: _rows(jax.grad(_number(f))),
    "hvp": lambda f: lambda x, dx: _pushed(jax.grad(_number(f)), x, dx)[1],
    "at": _At, "rfft": _rfft, "irfft": lambda real, imag: jnp.fft.irfft(jax.lax.complex(real, imag)),
    "expm": jax.scipy.linalg.expm, "solve_triangular": _triangular, "svd": lambda a, **options: jnp.linalg.svd(a, full_matrices=False, **options),
    **{name: getattr(jnp.linalg, name) for name in _LINALG if name != "svd"},
}  # fmt: skip


class _World(SimpleNamespace):
    """Functions under the names of fgrad; all others are called as numpy calls them."""

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp, _RENAMED.get(name, name))


WORLD: Final = _World(**_OURS)


class Oracle:
    """What JAX says of a program: values, pullbacks, and products with second derivatives."""

    def __init__(self, program: Program) -> None:
        f = run(program.oracle, WORLD)
        self.f: Any = lambda *leaves: [jnp.asarray(y, float) for y in f(leaves)]

    def value(self, leaves: Sequence[Any]) -> list[Any]:
        """The leaves of the result."""
        return computed(self.f, leaves)

    def pulled(self, leaves: Sequence[Any], bars: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """For each row of cotangents what flows to the leaves."""

        def rows(*xs: Any) -> Any:
            _, pull = jax.vjp(self.f, *xs)
            return [pull([jnp.asarray(b, float) for b in row]) for row in bars]

        return _rowwise(computed(rows, leaves), len(leaves))

    def pushed(self, leaves: Sequence[Any], moves: Sequence[Any]) -> list[Any]:
        """How the result moves."""
        return computed(lambda *xs: jax.jvp(self.f, xs, _floats(moves))[1], leaves)

    def bent(
        self, leaves: Sequence[Any], weights: Sequence[Any], moves: Sequence[Sequence[Any]]
    ) -> list[list[Any]]:
        """For each direction how the gradient of the weighed result moves."""

        def loss(*xs: Any) -> Any:
            pairs = zip(self.f(*xs), weights, strict=True)
            return sum([jnp.sum(y * w) for y, w in pairs], jnp.asarray(0.0))

        grad: Any = jax.grad
        push: Any = jax.jvp
        slope = grad(loss, argnums=tuple(range(len(leaves))))

        def rows(*xs: Any) -> Any:
            return [push(slope, xs, _floats(row))[1] for row in moves]

        return _rowwise(computed(rows, leaves), len(leaves))


def _floats(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([jnp.asarray(x, float) for x in row])


def _rowwise(leaves: list[Any], width: int) -> list[list[Any]]:
    return [leaves[i : i + width] for i in range(0, len(leaves), width)]
