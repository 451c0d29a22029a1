"""Bessel and Airy functions: the values are SciPy's, the derivatives rules among themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

from fgrad.ops.borrowed import Borrowed, of_order, scipy_special
from fgrad.ops.operand import R
from fgrad.ops.scalar import div
from fgrad.ops.signatures import Binary, Unary

_UNDERFLOW: Final = 750.0  # from here on kv of every order below some thousands is 0


class _Kv(Borrowed):
    """SciPy's kv, which of whole orders is 0 from about 698 on, where the value is none yet: there from kve."""

    __slots__ = ()

    def function(self) -> Callable[..., Any]:
        """The function of floats or arrays; MissingExtra without SciPy."""
        return _whole_kv(scipy_special("kv"))


@cache
def _whole_kv(special: Any) -> Callable[..., Any]:
    np: Any = import_module("numpy")  # SciPy has imported it, and this room does not know of arrays

    def kv(order: Any, x: Any, out: Any = None) -> Any:
        value = special.kv(order, x)  # not into `out`, which may be x
        lost = np.equal(value, 0.0) & np.less(x, _UNDERFLOW)
        if not lost.any():
            return into(value, out)
        with np.errstate(all="ignore"):
            half = np.exp(np.multiply(x, -0.5))  # twice, of which the second may be subnormal
            return into(np.where(lost, special.kve(order, x) * half * half, value), out)

    def into(value: Any, out: Any) -> Any:
        if out is None:
            return value
        out[...] = value
        return out

    return kv


i0: Unary = Unary("i0", Borrowed("i0"), lambda out, x: i1(x))
i1: Unary = Unary("i1", Borrowed("i1"), lambda out, x: 0.5 * (i0(x) + iv(2.0, x)))
iv: Binary = of_order(
    "iv", Borrowed("iv"), lambda out, x, y: 0.5 * (iv(x - 1.0, y) + iv(x + 1.0, y))
)
j0: Unary = Unary("j0", Borrowed("j0"), lambda out, x: -j1(x))
j1: Unary = Unary("j1", Borrowed("j1"), lambda out, x: 0.5 * (j0(x) - jv(2.0, x)))
jv: Binary = of_order(
    "jv", Borrowed("jv"), lambda out, x, y: 0.5 * (jv(x - 1.0, y) - jv(x + 1.0, y))
)
yv: Binary = of_order(
    "yv", Borrowed("yv"), lambda out, x, y: 0.5 * (yv(x - 1.0, y) - yv(x + 1.0, y))
)
k0: Unary = Unary("k0", Borrowed("k0"), lambda out, x: -k1(x))
k1: Unary = Unary("k1", Borrowed("k1"), lambda out, x: -(k0(x) + div(k1(x), x)))
kv: Binary = of_order("kv", _Kv("kv"), lambda out, x, y: -0.5 * (kv(x - 1.0, y) + kv(x + 1.0, y)))
airyai: Unary = Unary("airyai", Borrowed("airy", "airyai", 0), lambda out, x: airyaiprime(x))
airyaiprime: Unary = Unary(
    "airyaiprime", Borrowed("airy", "airyaiprime", 1), lambda out, x: x * airyai(x)
)
airybi: Unary = Unary("airybi", Borrowed("airy", "airybi", 2), lambda out, x: airybiprime(x))
airybiprime: Unary = Unary(
    "airybiprime", Borrowed("airy", "airybiprime", 3), lambda out, x: x * airybi(x)
)


def airy(x: R) -> tuple[R, R, R, R]:
    """The Airy functions Ai and Bi, each with its derivative, as SciPy gives them: Ai, Ai', Bi, Bi'.

    >>> import fgrad as fg
    >>> [op for op, _ in fg.trace(fg.airy)(1.0).instructions]
    [<Unary airyai>, <Unary airyaiprime>, <Unary airybi>, <Unary airybiprime>]
    """
    return airyai(x), airyaiprime(x), airybi(x), airybiprime(x)
