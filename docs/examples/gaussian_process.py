"""A Gaussian process through a mountain range: a sixth of the heights is known, the rest predicted.

The heights are a line from west to east through the Cumberland Mountains in Tennessee, of the
elevation model that matplotlib ships. How rough the land is and how far two heights know of each
other is fitted: the marginal likelihood by a Cholesky decomposition, its gradient through the same
lines, and L-BFGS. scikit-learn, whose gradient is derived by hand, must find the same likelihood. It
needs the extra `examples`.

    python docs/examples/gaussian_process.py --plot heights.png
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import attrs
import matplotlib as mpl
import numpy as np
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

import fgrad as fg

Array: TypeAlias = NDArray[np.float64]

ROW = 200
KNOWN = 68
SEED = 0
KILOMETRES = 0.0745  # between neighbours of a row, at this latitude


@attrs.frozen
class Heights:
    """Places along the line in kilometres, and the heights there in metres."""

    places: Array
    metres: Array


@attrs.frozen
class Kernel:
    """Logarithms, so that every number is allowed: of a variance, a length in kilometres, a noise."""

    variance: float = 0.0
    length: float = 0.0
    noise: float = 0.0

    def __call__(self, one: Array, other: Array) -> Array:
        """The covariance of the heights at two rows of places: Matérn's, differentiable once."""
        far = math.sqrt(3.0) * fg.abs(one[:, None] - other) / fg.exp(self.length)
        return fg.exp(self.variance) * (1.0 + far) * fg.exp(-far)

    def of_known(self, places: Array) -> Array:
        """The covariance of heights that were measured."""
        return self(places, places) + fg.exp(self.noise) * np.eye(len(places))


def log_likelihood(kernel: Kernel, places: Array, heights: Array) -> float:
    """The logarithm of the density of the heights, whatever the land between them is."""
    lower = fg.cholesky(kernel.of_known(places))
    white = fg.solve(lower, heights)
    log_det = 2.0 * fg.sum(fg.log(fg.diagonal(lower)))
    return -0.5 * (fg.sum(white**2) + log_det + len(places) * math.log(2.0 * math.pi))


def fitted(places: Array, heights: Array) -> fg.Minimum[Kernel]:
    """The kernel under which the heights are most likely."""

    def loss(kernel: Kernel) -> float:
        return -log_likelihood(kernel, places, heights)

    return fg.minimize(loss, Kernel(), fg.lbfgs(), tolerance=1e-5)


def predicted(kernel: Kernel, places: Array, heights: Array, wanted: Array) -> tuple[Array, Array]:
    """The mean of a height at each wanted place, and its standard deviation."""
    lower = fg.cholesky(kernel.of_known(places))
    across = fg.solve(lower, kernel(places, wanted))
    mean = across.T @ fg.solve(lower, heights)
    spread = fg.exp(kernel.variance) + fg.exp(kernel.noise) - fg.sum(across**2, axis=0)
    return mean, np.sqrt(spread)


def theirs(places: Array, heights: Array) -> float:
    """The highest log likelihood that scikit-learn finds, from the same start."""
    kernel = ConstantKernel() * Matern(nu=1.5) + WhiteKernel()
    fit = GaussianProcessRegressor(kernel).fit(places[:, None], heights)
    return float(fit.log_marginal_likelihood_value_)


def load() -> Heights:
    """The line."""
    path = get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)
    metres: Array = np.asarray(np.load(path)["elevation"][ROW], np.float64)
    places: Array = np.linspace(0.0, KILOMETRES * (len(metres) - 1), len(metres))
    return Heights(places, metres)


def plot(land: Heights, known: Heights, mean: Array, deviation: Array, path: Path) -> None:
    """Save the land, what was known of it, and the prediction with its band, as a picture."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the choice of Agg

    figure, axes = plt.subplots(figsize=(10.0, 4.2), layout="constrained")
    low, high = mean - 1.96 * deviation, mean + 1.96 * deviation
    axes.fill_between(
        land.places, low, high, color="tab:blue", alpha=0.2, linewidth=0, label="95 % band"
    )
    axes.plot(land.places, mean, color="tab:blue", linewidth=1.5, label="mean")
    axes.plot(land.places, land.metres, color="black", linewidth=0.8, label="the land")
    axes.plot(known.places, known.metres, "o", color="tab:orange", markersize=4, label="known")
    axes.set(xlabel="kilometres from west to east", ylabel="metres above the sea")
    axes.set_title("Heights across the Cumberland Mountains by a Gaussian process")
    axes.set_xlim(land.places[0], land.places[-1])
    axes.legend(frameon=False, ncols=4)
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """Fit, compare with scikit-learn, predict and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--plot", type=Path, default=Path("heights.png"), help="the picture (default heights.png)"
    )
    options = parser.parse_args()

    land = load()
    random = np.random.default_rng(SEED)
    is_known = random.permutation(len(land.places)) < KNOWN
    known = Heights(land.places[is_known], land.metres[is_known])
    middle, scale = float(np.mean(known.metres)), float(np.std(known.metres))
    heights = (known.metres - middle) / scale

    began = perf_counter()
    found = fitted(known.places, heights)
    seconds = perf_counter() - began
    kernel = found.params
    print(f"log likelihood: {-found.history[0]:.4f} at the start, {-found.value:.4f} found")
    print(f"scikit-learn: log likelihood {theirs(known.places, heights):.4f}")
    print(
        f"{len(found.history) - 1} steps of L-BFGS over {len(heights)} heights: {seconds:.2f} seconds"
    )
    metres = scale * math.exp(kernel.variance / 2.0), scale * math.exp(kernel.noise / 2.0)
    print(
        f"heights vary by {metres[0]:.0f} m over {math.exp(kernel.length):.2f} km, with {metres[1]:.0f} m of noise"
    )

    mean, deviation = predicted(kernel, known.places, heights, land.places)
    mean, deviation = middle + scale * mean, scale * deviation
    errors = np.abs(mean - land.metres)[~is_known]
    print(f"hidden heights: {len(errors)}, off by {np.sqrt(np.mean(errors**2)):.1f} m")
    print(f"within the band: {np.mean(errors <= 1.96 * deviation[~is_known]):.1%} of them")
    plot(land, known, mean, deviation, options.plot)
    print(f"the land is drawn in {options.plot}")


if __name__ == "__main__":
    main()
