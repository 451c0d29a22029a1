"""Robust regression on real data: 442 patients, 10 measurements, one frozen state after another.

The data set is the one that scikit-learn ships: the progression of diabetes a year after the
measurements. A Huber loss keeps a few large errors from deciding the fit. Every step builds the
loss anew from a tuple of weights, takes its gradient and gives the next tuple; nothing is ever
written to. It needs the extra `examples`: rich for the progress bar, matplotlib for the plot.

    python docs/examples/diabetes.py --steps 200 --plot diabetes.png
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import matplotlib as mpl
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_diabetes
from sklearn.linear_model import HuberRegressor
from sklearn.preprocessing import StandardScaler

import fgrad as fg

STEP = 0.5
MOMENTUM = 0.9
EPSILON = 1.35  # errors above this many robust standard deviations count linearly


@attrs.frozen
class Data:
    """Patients' measurements and the outcome, each of mean 0 and standard deviation 1."""

    measurements: tuple[tuple[float, ...], ...]
    outcomes: tuple[float, ...]


@attrs.frozen
class State:
    """Where the descent is and where it is going; the last weight is the intercept."""

    weights: tuple[float, ...]
    velocity: tuple[float, ...]


def load() -> Data:
    """The data, standardised, so that one step size suits all weights."""
    raw = load_diabetes(scaled=False)
    measurements = StandardScaler().fit_transform(raw.data)
    outcomes = StandardScaler().fit_transform(raw.target[:, None])[:, 0]
    return Data(tuple(map(tuple, measurements.tolist())), tuple(outcomes.tolist()))


def huber(error: fg.Node[float], threshold: float) -> fg.Node[float]:
    """Half the square of a small error, linear in a large one."""
    size = fg.abs(error)
    linear = threshold * (size - 0.5 * threshold)
    return fg.where(size <= threshold, 0.5 * fg.square(error), linear)


def mean_loss(weights: Sequence[fg.Node[float]], data: Data, threshold: float) -> fg.Node[float]:
    """The mean loss over all patients: one expression of some thirteen thousand nodes."""
    *slopes, intercept = weights
    losses = [
        huber(fg.dot(slopes, row) + intercept - outcome, threshold)
        for row, outcome in zip(data.measurements, data.outcomes, strict=True)
    ]
    return fg.sum(losses) / len(losses)


def step(state: State, data: Data, threshold: float) -> tuple[float, State]:
    """The loss at `state`, and the state that follows it by gradient descent with momentum."""
    weights = [fg.var(w) for w in state.weights]
    loss = mean_loss(weights, data, threshold)
    gradients = fg.grad(fg.Graph.of(loss), loss)
    velocity = tuple(
        MOMENTUM * v - STEP * gradients[w] for v, w in zip(state.velocity, weights, strict=True)
    )
    moved = tuple(w + v for w, v in zip(state.weights, velocity, strict=True))
    return loss.value, State(moved, velocity)


def descend(state: State, data: Data, threshold: float) -> Iterator[tuple[float, State]]:
    """The given state and all that follow it, each with its loss."""
    while True:
        loss, following = step(state, data, threshold)
        yield loss, state
        state = following


def plot(losses: Sequence[float], best: float, path: Path) -> None:
    """Save the loss, and how far it still is above the minimum, as a picture."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the choice of Agg

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained")
    figure.suptitle("Huber regression on the diabetes data: gradient descent with momentum")
    left.plot(losses, color="tab:blue", label="gradient descent")
    left.axhline(best, color="tab:gray", linestyle="--", label="minimum (scikit-learn)")
    left.set(xlabel="step", ylabel="mean Huber loss", title="loss")
    left.legend(frameon=False)
    right.semilogy([max(loss - best, 1e-16) for loss in losses], color="tab:blue")
    right.set(xlabel="step", ylabel="loss − minimum", title="distance from the minimum")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """Fit, compare with scikit-learn and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=200, help="how many (default 200)")
    parser.add_argument(
        "--plot", type=Path, default=Path("diabetes.png"), help="the picture (default diabetes.png)"
    )
    options = parser.parse_args()
    if options.steps < 1:
        parser.error("--steps needs a number of at least 1")

    data = load()
    # scikit-learn estimates the threshold along with the weights; for that threshold its weights
    # are the minimum of our loss, so we take it over and should arrive at the same weights.
    peer = HuberRegressor(epsilon=EPSILON, alpha=0.0, max_iter=10_000, tol=1e-10)
    peer.fit(data.measurements, data.outcomes)
    threshold = float(EPSILON * peer.scale_)
    theirs = (*peer.coef_.tolist(), float(peer.intercept_))
    rest = (0.0,) * len(theirs)
    best, _ = step(State(theirs, rest), data, threshold)

    states = descend(State(rest, rest), data, threshold)
    bar = track(range(options.steps + 1), "descending", console=Console(stderr=True))
    losses, path = zip(*(next(states) for _ in bar), strict=True)

    for i in sorted({0, 1, options.steps // 4, options.steps // 2, options.steps}):
        print(f"step {i:>4}: loss {losses[i]:.6f}")
    apart = max(abs(w - v) for w, v in zip(path[-1].weights, theirs, strict=True))
    print(f"scikit-learn: loss {best:.6f}, weights at most {apart:.1e} apart from ours")
    plot(losses, best, options.plot)
    print(f"the loss is drawn in {options.plot}")


if __name__ == "__main__":
    main()
