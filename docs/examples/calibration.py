"""SABR smiles on 40 quotes: eight expiries of five strikes each, fitted by least squares.

The quotes are made here, from a known surface with errors of three basis points, so that the fit can
be held against what is true. For each expiry alpha, rho and nu are free and beta is 0.5, as swaption
desks have it; one frozen class holds the 24 parameters, and all residuals are one function of it, whose
Jacobian is block-diagonal: 120 entries of 960.
"""

import argparse
import math
import random
from pathlib import Path

import attrs

import fgrad as fg

FORWARD = 0.035
BETA = 0.5
EXPIRIES = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0)
MONEYNESS = (-0.015, -0.0075, 0.0, 0.0075, 0.015)
ERROR = 3e-4


@attrs.frozen
class Smile:
    """The parameters of one expiry."""

    alpha: float
    rho: float
    nu: float


Surface = tuple[Smile, ...]


def volatility(smile: Smile, strike: float, expiry: float) -> float:
    """The lognormal volatility of Hagan et al. (2002), equation 2.17."""
    product = FORWARD * strike
    root = product ** ((1.0 - BETA) / 2.0)
    moneyness = math.log(FORWARD / strike)
    square = ((1.0 - BETA) * moneyness) ** 2
    width = root * (1.0 + square / 24.0 + square * square / 1920.0)
    if moneyness == 0.0:
        skew: float = 1.0 + 0.0 * smile.nu
    else:
        z = smile.nu / smile.alpha * root * moneyness
        x = fg.log((fg.sqrt(1.0 - 2.0 * smile.rho * z + z * z) + z - smile.rho) / (1.0 - smile.rho))
        skew = z / x
    drift = (
        fg.square((1.0 - BETA) * smile.alpha / root) / 24.0
        + smile.rho * BETA * smile.nu * smile.alpha / (4.0 * root)
        + (2.0 - 3.0 * fg.square(smile.rho)) * fg.square(smile.nu) / 24.0
    )
    found: float = smile.alpha / width * skew * (1.0 + drift * expiry)
    return found


def quotes(seed: int) -> tuple[Surface, list[tuple[float, ...]]]:
    """The true surface, and the quotes: for each expiry a volatility at each strike."""
    noise = random.Random(seed)  # noqa: S311  # an example, no secret
    truth = tuple(
        Smile(0.05 - 0.002 * t**0.5, -0.25 - 0.01 * t, 0.9 / (1.0 + t) ** 0.5) for t in EXPIRIES
    )
    return truth, [
        tuple(volatility(smile, FORWARD + m, t) + noise.gauss(0.0, ERROR) for m in MONEYNESS)
        for smile, t in zip(truth, EXPIRIES, strict=True)
    ]


def main() -> None:
    """Fit the surface, say how well it is known, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path, help="write the smiles to this picture")
    plot: Path | None = parser.parse_args().plot
    truth, market = quotes(seed=1)

    def residuals(surface: Surface) -> list[list[float]]:
        return [
            [
                (volatility(smile, FORWARD + m, t) - quote) / ERROR
                for m, quote in zip(MONEYNESS, row, strict=True)
            ]
            for smile, t, row in zip(surface, EXPIRIES, market, strict=True)
        ]

    start = tuple(Smile(0.04, 0.0, 0.5) for _ in EXPIRIES)
    lower = tuple(Smile(1e-4, -0.999, 1e-4) for _ in EXPIRIES)
    upper = tuple(Smile(1.0, 0.999, 5.0) for _ in EXPIRIES)
    fit = fg.least_squares(residuals, start, bounds=(lower, upper))

    print(
        f"{fit.count} quotes, {3 * len(EXPIRIES)} parameters, cost {fit.cost:.2f} after {fit.evaluations} evaluations"
    )
    print(f"{'expiry':>6}  {'alpha':>16}  {'rho':>16}  {'nu':>16}")
    for t, smile, error in zip(EXPIRIES, fit.params, fit.errors, strict=True):
        pairs = zip(attrs.astuple(smile), attrs.astuple(error), strict=True)
        print(f"{t:6g}  " + "  ".join(f"{x:8.4f} ±{e:6.4f}" for x, e in pairs))
    assert fit.converged
    off = [
        abs(x - y) / e
        for triple in zip(fit.params, truth, fit.errors, strict=True)
        for x, y, e in zip(*map(attrs.astuple, triple), strict=True)
    ]
    print(f"the truth is {max(off):.1f} standard errors away at most")
    if plot is not None:
        draw(plot, fit.params, market)


def draw(path: Path, surface: Surface, market: list[tuple[float, ...]]) -> None:
    """The smiles and the quotes, one colour for each expiry."""
    import matplotlib as mpl  # noqa: PLC0415  # only who asks for a picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # likewise

    figure, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    fine = [FORWARD - 0.017 + 0.034 * i / 100.0 for i in range(101)]
    for k, (t, smile, row) in enumerate(zip(EXPIRIES, surface, market, strict=True)):
        colour = plt.get_cmap("viridis")(k / len(EXPIRIES))
        axes.plot(
            [100.0 * x for x in fine],
            [100.0 * volatility(smile, x, t) for x in fine],
            color=colour,
            label=f"{t:g} years",
        )
        axes.plot(
            [100.0 * (FORWARD + m) for m in MONEYNESS],
            [100.0 * v for v in row],
            "o",
            color=colour,
            markersize=4,
        )
    axes.set(
        xlabel="strike, %",
        ylabel="lognormal volatility, %",
        title="SABR smiles fitted to 40 quotes",
    )
    axes.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
