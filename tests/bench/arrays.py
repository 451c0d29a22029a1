"""Gradients of networks over arrays, beside numpy by hand and what else is installed.

python -m tests.bench.arrays

Value and gradient, and a step of Adam; CPU time, the minimum of rounds in which all take turns, as a
ratio to numpy by hand. One thread each. `NaN` is the number of NaN in a gradient through branches that are not taken.
"""

# ruff: noqa: E402  # how many threads there are is read when numpy is imported

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import itertools
import warnings
from collections.abc import Callable
from functools import partial
from time import process_time
from typing import Any, NamedTuple

import numpy as np

import fgrad

fg: Any = fgrad
Run = Callable[[], Any]
NETWORKS = (((784, 256, 10), 128), ((20, 32, 32, 2), 16), ((4, 8, 8, 8, 2), 1))


class Data:
    """Weights and a batch."""

    def __init__(self, sizes: tuple[int, ...], batch: int) -> None:
        random = np.random.default_rng(0)
        shapes = list(itertools.pairwise(sizes))
        self.weights = [random.normal(size=s) / s[0] ** 0.5 for s in shapes]
        self.biases = [random.normal(size=s[1]) * 0.1 for s in shapes]
        self.x = random.normal(size=(batch, sizes[0]))
        self.y = np.eye(sizes[-1])[random.integers(0, sizes[-1], batch)]


def network(act: Any, lse: Any, dot: Any, x: Any, y: Any) -> Callable[..., Any]:
    """The loss of weights and biases, with the functions of a library."""

    def loss(weights: Any, biases: Any) -> Any:
        h = x
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = dot(h, w) + b
            h = act(z) if i + 1 < len(weights) else z
        return lse(h).sum() - (h * y).sum()

    return loss


def by_hand(data: Data, tanh: bool) -> Run:
    """What a careful user of numpy writes."""
    weights, biases, x, y = data.weights, data.biases, data.x, data.y

    def run() -> Any:
        h, kept = x, [x]
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = h @ w
            z += b
            if i + 1 < len(weights):
                np.tanh(z, out=z) if tanh else np.maximum(z, 0.0, out=z)
            h = z
            kept.append(h)
        most = h.max(1, keepdims=True)
        e = np.exp(h - most)
        s = e.sum(1, keepdims=True)
        loss = (np.log(s) + most).sum() - (h * y).sum()
        g = e / s - y
        slopes = []
        for i in range(len(weights) - 1, -1, -1):
            slopes += [g.sum(0), kept[i].T @ g]
            if i:
                g = g @ weights[i].T
                g *= 1.0 - kept[i] ** 2 if tanh else kept[i] > 0.0
        return loss, slopes[::-1]

    return run


def ours(data: Data, tanh: bool) -> Run:
    """fgrad."""
    lse: Any = lambda h: fg.logsumexp(h, 1)
    loss = network(fg.tanh if tanh else fg.relu, lse, lambda a, b: a @ b, data.x, data.y)
    slope = fg.value_and_gradient(loss, argnums=(0, 1))
    return lambda: slope(data.weights, data.biases)


def of_torch(data: Data, tanh: bool) -> Run:
    """torch, eagerly."""
    torch: Any = __import__("torch")
    torch.set_num_threads(1)
    x, y = torch.tensor(data.x), torch.tensor(data.y)
    weights, biases = (
        [torch.tensor(p, requires_grad=True) for p in ps] for ps in (data.weights, data.biases)
    )
    lse: Any = lambda h: torch.logsumexp(h, 1)
    loss = network(torch.tanh if tanh else torch.relu, lse, torch.matmul, x, y)

    def run() -> Any:
        value = loss(weights, biases)
        return value, torch.autograd.grad(value, [*weights, *biases])

    return run


def of_autograd(data: Data, tanh: bool) -> Run:
    """autograd."""
    autograd: Any = __import__("autograd", fromlist=["numpy", "scipy"])
    __import__("autograd.scipy.special")
    a: Any = autograd.numpy
    lse: Any = lambda h: autograd.scipy.special.logsumexp(h, axis=1)
    act = a.tanh if tanh else lambda z: a.maximum(z, 0.0)
    loss = network(act, lse, a.dot, data.x, data.y)
    slope = autograd.value_and_grad(lambda ps: loss(*ps))
    return lambda: slope((data.weights, data.biases))


def of_jax(data: Data, tanh: bool) -> Run:
    """jax, compiled."""
    jax: Any = __import__("jax", fromlist=["numpy", "nn", "scipy"])
    jax.config.update("jax_enable_x64", True)
    lse: Any = lambda h: jax.scipy.special.logsumexp(h, axis=1)
    act = jax.numpy.tanh if tanh else jax.nn.relu
    loss = network(act, lse, jax.numpy.dot, data.x, data.y)
    slope = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    return lambda: jax.block_until_ready(slope(data.weights, data.biases))


MAKERS = {"fgrad": ours, "torch": of_torch, "autograd": of_autograd, "jax jit": of_jax}


def timed(run: Run, seconds: float = 0.03) -> float:
    """CPU time of one run, of as many as take that long."""
    count, spent = 1, 0.0
    while True:
        start = process_time()
        for _ in range(count):
            run()
        spent = process_time() - start
        if spent > seconds:
            return spent / count
        count *= 2


def ratios(rounds: int = 7) -> None:
    """Print the rows of networks."""
    for sizes, batch in NETWORKS:
        for tanh in (True, False):
            data = Data(sizes, batch)
            runs = {"numpy by hand": by_hand(data, tanh)}
            for name, make in MAKERS.items():
                try:
                    runs[name] = make(data, tanh)
                except ImportError:
                    continue
            for run in runs.values():
                assert np.allclose(float(run()[0]), float(runs["numpy by hand"]()[0]), rtol=1e-10)
            best = dict.fromkeys(runs, float("inf"))
            for _ in range(rounds):
                for name, run in runs.items():
                    best[name] = min(best[name], timed(run))
            hand = best["numpy by hand"]
            row = "  ".join(f"{name} {best[name] / hand:.2f}" for name in runs)
            print(f"{'-'.join(map(str, sizes))} batch {batch} {'tanh' if tanh else 'relu'}:"
                  f" {hand * 1e6:.0f} us  {row}")  # fmt: skip


def steps(rounds: int = 7) -> None:
    """Print what a step of Adam takes, on a frozen state, beside numpy by hand that does as much."""
    for sizes, _ in NETWORKS:
        data = Data(sizes, 1)
        params = (data.weights, data.biases)
        method = fg.adam(1e-3)
        state = method(method.start(params), params)
        leaves = fg.trees.leaves
        columns = [leaves(params), leaves(state.memory[0]), leaves(state.memory[1]), leaves(params)]

        def hand(columns: Any = columns) -> Any:
            rows = []
            for p, m, s, g in zip(*columns, strict=True):
                m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * (g * g)  # noqa: PLW2901
                rows.append((p - 1e-3 * m / (np.sqrt(s) + 1e-8), m, s))
            return rows

        runs: dict[str, Run] = {"hand": hand, "fgrad": partial(method, state, params)}
        best = dict.fromkeys(runs, float("inf"))
        for _ in range(rounds):
            for name, run in runs.items():
                best[name] = min(best[name], timed(run))
        print(f"{'-'.join(map(str, sizes))}, a step of Adam: {best['hand'] * 1e6:.0f} us"
              f"  fgrad {best['fgrad'] / best['hand']:.2f}")  # fmt: skip


ROWS = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.0], [2.0, 1.0, 0.5]])
VALID = np.array([True, False, True])
PLACES = np.array([0, 1, 1, 2])
WEIGHTS = np.arange(6.0).reshape(3, 2) * 0.3 + 0.1


class Branch(NamedTuple):
    """A loss of an array in which rows are masked, and of weights, with the functions of a library."""

    name: str
    loss: Callable[..., Any]
    x: Any
    w: Any
    valid: Any


def masked() -> list[Branch]:
    """The losses, the last one with a batch half of which is padding."""
    random = np.random.default_rng(0)
    batch = random.uniform(0.1, 1.0, size=(2000, 64))
    batch[random.uniform(size=2000) < 0.5] = 0.0
    whole = np.repeat(VALID[:, None], 3, 1)
    product = lambda m, x, w, c: m.where(c, m.log(x) @ w, 0.0).sum()
    return [
        Branch("elementwise", lambda m, x, w, c: m.where(c, m.log(x), 0.0).sum(), ROWS, WEIGHTS, whole),
        Branch("reshape", lambda m, x, w, c: m.where(c, m.log(x).reshape((9,)), 0.0).sum(), ROWS, WEIGHTS, whole.ravel()),
        Branch("gather", lambda m, x, w, c: m.where(c, m.log(x)[PLACES], 0.0).sum(), ROWS, WEIGHTS, whole[PLACES]),
        Branch("sum", lambda m, x, w, c: m.where(c, m.log(x).sum(1), 0.0).sum(), ROWS, WEIGHTS, VALID),
        Branch("matmul", product, ROWS, WEIGHTS, VALID[:, None]),
        Branch("matmul of 2000 x 64", product, batch, random.normal(size=(64, 8)), batch[:, :1] > 0.0),
    ]  # fmt: skip


def slopes_of_fgrad(f: Branch, order: int) -> Any:
    """The gradients of a loss, or of the sum of the squares of these."""
    first: Any = fg.gradient(lambda x, w: f.loss(fg, x, w, f.valid), argnums=(0, 1))
    second = fg.gradient(lambda x, w: sum([(g * g).sum() for g in first(x, w)]), argnums=(0, 1))
    return (first if order == 1 else second)(f.x, f.w)


def slopes_of_jax(f: Branch, order: int) -> Any:
    """The same with jax."""
    jax: Any = __import__("jax", fromlist=["numpy"])
    jax.config.update("jax_enable_x64", True)
    loss: Any = lambda x, w: f.loss(jax.numpy, x, w, f.valid)
    first = jax.grad(loss, argnums=(0, 1))
    second = jax.grad(lambda x, w: sum([(g * g).sum() for g in first(x, w)]), argnums=(0, 1))
    return (first if order == 1 else second)(f.x, f.w)


def slopes_of_autograd(f: Branch, order: int) -> Any:
    """The same with autograd."""
    autograd: Any = __import__("autograd", fromlist=["numpy"])
    loss: Any = lambda p: f.loss(autograd.numpy, *p, f.valid)
    first = autograd.grad(loss)
    second = autograd.grad(lambda p: sum([(g * g).sum() for g in first(p)]))
    return (first if order == 1 else second)((f.x, f.w))


def slopes_of_torch(f: Branch, order: int) -> Any:
    """The same with torch."""
    torch: Any = __import__("torch")
    p = [torch.tensor(a, requires_grad=True) for a in (f.x, f.w)]
    loss = f.loss(torch, *p, torch.tensor(f.valid))
    found = torch.autograd.grad(loss, p, create_graph=True, allow_unused=True)
    if order == 2:
        squares = sum([(g * g).sum() for g in found if g is not None])
        found = torch.autograd.grad(squares, p, allow_unused=True)
    return [torch.zeros(()) if g is None else g.detach() for g in found]


def branches() -> None:
    """Print how many NaN come of rows that are masked, at orders 1 and 2."""
    slopes = {
        "fgrad": slopes_of_fgrad, "jax": slopes_of_jax, "autograd": slopes_of_autograd,
        "torch": slopes_of_torch,
    }  # fmt: skip
    for f in masked():
        row = []
        for name, slope in slopes.items():
            try:
                lost = [sum([int(np.isnan(g).sum()) for g in slope(f, order)]) for order in (1, 2)]
            except ImportError:
                continue
            row.append(f"{name} {lost[0]}, {lost[1]}")
        print(f"NaN of where(valid, {f.name}, 0):  {'  '.join(row)}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    branches()
    steps()
    ratios()
