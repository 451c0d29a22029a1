"""The gradient of a network's loss, summed over rows by the native backend, beside C and JAX.

    python -m tests.bench.native_sum [--rows N ...] [--rounds N]

A network of 2, 16, 16 and 1 with micrograd's loss. In C it is written by hand, row by row, with a
branch where the loss is zero; JAX has whole matrices, and the sum of the gradients of the rows.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import fgrad as fg
from tests.bench import cpeers, peers
from tests.bench.models import LAYERS, WEIGHTS, hinge, moons
from tests.bench.race import Entrant, Run, agreed, missing, pinned, show

# Inputs stand outside and sums inside, so that the sums of a layer are computed side by side.
_C = """\
enum { I = 2, H = 16 };
void total(const double *w, const double *x, const double *label, long rows, double *out)
{
    const double *b1 = w, *w1 = b1 + H, *b2 = w1 + I * H, *w2 = b2 + H, *b3 = w2 + H * H, *w3 = b3 + 1;
    double g[1 + H + I * H + H + H * H + 1 + H] = {0.0}, value = 0.0;
    double *c1 = g, *v1 = c1 + H, *c2 = v1 + I * H, *v2 = c2 + H, *c3 = v2 + H * H, *v3 = c3 + 1;
    for (long r = 0; r < rows; r++, x += I) {
        double a[H], p[H], s[H], t[H], score = b3[0], slope;
        for (int j = 0; j < H; j++) a[j] = b1[j] + w1[j] * x[0] + w1[H + j] * x[1];
        for (int j = 0; j < H; j++) p[j] = a[j] > 0.0 ? a[j] : 0.0;
        for (int j = 0; j < H; j++) s[j] = b2[j];
        for (int i = 0; i < H; i++) for (int j = 0; j < H; j++) s[j] += w2[i * H + j] * p[i];
        for (int j = 0; j < H; j++) t[j] = s[j] > 0.0 ? s[j] : 0.0;
        for (int j = 0; j < H; j++) score += w3[j] * t[j];
        if (1.0 - label[r] * score <= 0.0) continue;
        value += 1.0 - label[r] * score;
        slope = -label[r];
        c3[0] += slope;
        for (int j = 0; j < H; j++) v3[j] += slope * t[j];
        for (int j = 0; j < H; j++) s[j] = s[j] > 0.0 ? slope * w3[j] : 0.0;
        for (int j = 0; j < H; j++) c2[j] += s[j];
        for (int i = 0; i < H; i++) {
            double back = 0.0;
            for (int j = 0; j < H; j++) v2[i * H + j] += s[j] * p[i];
            for (int j = 0; j < H; j++) back += w2[i * H + j] * s[j];
            a[i] = a[i] > 0.0 ? back : 0.0;
        }
        for (int j = 0; j < H; j++) c1[j] += a[j];
        for (int i = 0; i < I; i++) for (int j = 0; j < H; j++) v1[i * H + j] += a[j] * x[i];
    }
    out[0] = value;
    for (int k = 0; k < H + I * H + H + H * H + 1 + H; k++) out[1 + k] = g[k];
}
"""


def ours(weights: Any, points: Any, labels: Any, *, arrays: bool) -> Run:
    """To a float and a list of floats, or to arrays that are there."""
    compiled: Any = fg.compile(
        fg.value_and_gradient(lambda w, x, y: hinge(fg, w, x, y)), backend="native"
    )
    given = weights[np.newaxis]
    out = (np.empty(()), np.empty(WEIGHTS)) if arrays else None
    return lambda: compiled.sum(given, points, labels, out=out)


def in_c(flags: Sequence[str], weights: Any, points: Any, labels: Any) -> Run:
    function = cpeers.built(_C, tuple(flags)).total
    out = np.empty(1 + WEIGHTS)
    given = [ctypes.c_void_p(x.ctypes.data) for x in (weights, points, labels)]
    result = ctypes.c_void_p(out.ctypes.data)

    def run(held: Any = (weights, points, labels)) -> Any:
        function(*given, ctypes.c_long(len(labels)), result)
        return out[0], out[1:]

    return run


def in_jax(weights: Any, points: Any, labels: Any, *, whole: bool) -> Run:
    """On whole matrices, or by the gradient of each row."""
    m = peers.jax_words()
    jax, jnp = m.jax, m.jnp
    parts, at = [], 0
    for a, b in itertools.pairwise(LAYERS):
        parts.append((weights[at : at + b], weights[at + b : at + b + a * b].reshape(a, b)))
        at += b + a * b

    def loss(layers: Any, x: Any, label: Any) -> Any:
        *inner, (bias, matrix) = layers
        for b, w in inner:
            x = m.relu(x @ w + b)
        return jnp.sum(m.relu(1.0 - label * (x @ matrix + bias)[..., 0]))

    rows = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))
    each = lambda *xs: jax.tree_util.tree_map(lambda y: y.sum(0), rows(*xs))
    compiled = jax.jit(jax.value_and_grad(loss) if whole else each)
    held = [
        [(jnp.asarray(b), jnp.asarray(w)) for b, w in parts],
        *map(jnp.asarray, (points, labels)),
    ]

    def run() -> Any:
        value, layers = jax.block_until_ready(compiled(*held))
        return value, layers

    return run


def flat(answer: Any) -> list[Any]:
    """The value, and the gradient as one array."""
    value, slopes = answer
    if isinstance(slopes[0], tuple):
        slopes = np.concatenate([np.ravel(x) for layer in slopes for x in layer])
    return [np.asarray(value), np.asarray(slopes)]


def race(rows: int, rounds: int) -> None:
    data = moons(rows)
    three, five = (3.0, 5.0) if rows == 100 else (None, None)
    first = Entrant.of("fgrad native, sum into arrays", partial(ours, *data, arrays=True))
    objects = Entrant.of("fgrad native, sum", partial(ours, *data, arrays=False))
    entrants = [first, objects]
    if cpeers.compiler():
        entrants += [
            Entrant.of("C, by hand", partial(in_c, cpeers.USUAL, *data), three),
            Entrant.of("C, by hand, -ffast-math", partial(in_c, cpeers.FAST, *data), three),
        ]
    if not missing("jax"):
        for name, whole in (("matrices", True), ("gradients of rows", False)):
            entrants.append(
                Entrant.of(f"jax.jit, {name}", partial(in_jax, *data, whole=whole), five)
            )
    answers = [flattened(e) for e in entrants]
    agreed(flat(first.run()), answers[1:])
    show(
        f"Loss and gradient of {WEIGHTS} weights, {rows:,} rows", entrants, rounds=rounds, rows=rows
    )


def flattened(e: Entrant) -> Entrant:
    """The same with its answer as arrays."""
    return Entrant(e.name, lambda: flat(e.run()), e.made)


def main() -> None:
    """Print a table for each number of rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[100, 10_000])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    pinned()
    for rows in given.rows:
        race(rows, given.rounds)


if __name__ == "__main__":
    main()
