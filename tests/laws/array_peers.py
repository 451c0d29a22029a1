"""What another implementation, JAX, says of every function of arrays that it has too.

python -m tests.laws.array_peers [every]
"""

import sys
from typing import Any

import jax
import jax.scipy.linalg
import numpy as np

import fgrad
from tests.samples.arrays import WHOLE, Case
from tests.samples.numpy_cases import NUMPY

fg: Any = fgrad  # what is typed is tested in tests/typing


class _Numpy:
    """JAX's numpy, with its scipy beside it."""

    scipy = jax.scipy

    def __getattr__(self, name: str) -> Any:
        return getattr(jax.numpy, name)


def compare(case: Case, *, second: bool) -> None:
    """Values and derivatives, of both orders or of the first alone."""
    args: Any = case.arguments()
    wrt: Any = tuple(range(len(args)))
    same: Any = case.same
    theirs: Any = lambda *xs: same(_Numpy(), *xs)
    value = np.asarray(case.f(*args))
    assert np.allclose(value, theirs(*args), rtol=1e-13, atol=1e-13)
    weights = np.random.default_rng(5).normal(size=value.shape)

    def loss(*xs: Any) -> Any:
        y = case.f(*xs)
        return fg.sum(fg.sin(y) * weights) if weights.ndim else fg.sin(y) * float(weights)

    def their_loss(*xs: Any) -> Any:
        return jax.numpy.sum(jax.numpy.sin(theirs(*xs)) * weights)

    slope, their_slope = fg.gradient(loss, argnums=wrt), jax.grad(their_loss, argnums=wrt)
    for ours, other in zip(slope(*args), their_slope(*args), strict=True):
        assert np.allclose(ours, other, rtol=1e-11, atol=1e-11)
    if not second:
        return
    moves = tuple([np.cos(3.0 * np.asarray(a)) for a in args])
    plain = tuple([m if m.ndim else float(m) for m in moves])
    bend = fg.jvp(slope, argnums=wrt)(*args, plain)[1]
    _, expected = jax.jvp(their_slope, tuple(map(np.asarray, args)), moves)
    for ours, other in zip(bend, expected, strict=True):
        assert np.allclose(ours, other, rtol=1e-10, atol=1e-10)


def _rows(bend: Any) -> list[Any]:
    """The rows of a Hessian of JAX, in the order of the leaves of ours."""
    return [bend["w"], bend["b"][0], bend["b"][1]]


def compare_trees() -> None:
    """Every transform of a function of a tree."""
    random = np.random.default_rng(1)
    p = {"w": random.normal(size=(2, 3)), "b": [random.normal(size=3), 0.7]}
    v = {"w": random.normal(size=(2, 3)), "b": [random.normal(size=3), -0.3]}

    def f(m: Any, where: Any, p: Any) -> Any:
        y = m.tanh(p["w"] * p["b"][0] + p["b"][1])
        return where(p["w"] > 0.0, y * y, m.exp(p["w"]))

    ours: Any = lambda p: f(fg, fg.where, p)
    theirs: Any = lambda p: f(jax.numpy, jax.numpy.where, p)
    loss, their_loss = lambda p: fg.sum(ours(p) ** 3.0), lambda p: (theirs(p) ** 3.0).sum()
    pairs = [
        (fg.gradient(loss)(p), jax.grad(their_loss)(p)),
        (fg.jvp(ours)(p, v)[1], jax.jvp(theirs, (p,), (v,))[1]),
        (fg.vjp(ours)(p)[1](p["w"]), jax.vjp(theirs, p)[1](p["w"])[0]),
        (fg.hvp(loss)(p, v), jax.jvp(jax.grad(their_loss), (p,), (v,))[1]),
        (fg.jacobian(ours, "forward")(p)[0], jax.jacfwd(theirs)(p)),
        (fg.jacobian(ours, "reverse")(p)[0], jax.jacrev(theirs)(p)),
        (list(fg.hessian(loss)(p)), _rows(jax.hessian(their_loss)(p))),
    ]
    for got, expected in pairs:
        # A list of rows of ours, in the order of the dict; JAX sorts its keys, here and there.
        rows = got if isinstance(got, list) else [got]
        known = expected if isinstance(got, list) else [expected]
        for row, other in zip(rows, known, strict=True):
            pair = zip(jax.tree.leaves(row), jax.tree.leaves(other), strict=True)
            assert all(np.allclose(x, y, rtol=1e-10, atol=1e-10) for x, y in pair)


def main() -> None:
    """Compare all of them, or every n-th of what is composed, as the tests do."""
    config: Any = jax.config
    config.update("jax_enable_x64", True)
    compare_trees()
    compared = 0
    for case in WHOLE + NUMPY[:: int(sys.argv[1]) if sys.argv[1:] else 1]:
        if case.same and 0 not in case.shapes[0]:
            try:
                # What is composed has the second derivatives of its parts, and JAX takes its time.
                compare(case, second=case not in NUMPY)
            except AssertionError as error:
                raise AssertionError(str(case)) from error
            compared += 1
    print(f"{compared} functions agree")


if __name__ == "__main__":
    main()
