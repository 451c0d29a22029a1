"""A European call: its price and its sensitivities, from one formula.

The price has five inputs, so one fold over it gives five first derivatives: delta, dual delta,
vega, theta and rho. Gamma is a second derivative, so it takes a second fold: `grad_nodes` gives
delta as a node, and folding that node gives gamma, with vanna and charm at no further cost.
Everything is checked against the closed forms of the textbooks.
"""

import math
from collections.abc import Mapping
from typing import TypeVar

import fgrad as fg

R = TypeVar("R", bound=fg.Real)


def normal_cdf(x: R) -> R:
    """The standard normal distribution; erfc keeps the digits of its lower tail."""
    return 0.5 * fg.erfc(-x / math.sqrt(2.0))


def call_price(spot: R, strike: R, volatility: R, rate: R, expiry: R) -> R:
    """Black & Scholes (1973), for floats and for nodes."""
    spread = volatility * fg.sqrt(expiry)
    d1 = (fg.log(spot / strike) + (rate + 0.5 * volatility * volatility) * expiry) / spread
    return spot * normal_cdf(d1) - strike * fg.exp(-rate * expiry) * normal_cdf(d1 - spread)


def closed_forms(
    spot: float, strike: float, volatility: float, rate: float, expiry: float
) -> Mapping[str, float]:
    """The sensitivities as textbooks give them, each derived by hand."""
    spread = volatility * math.sqrt(expiry)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * expiry) / spread
    d2 = d1 - spread
    density = math.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
    discounted = strike * math.exp(-rate * expiry)
    return {
        "price": spot * normal_cdf(d1) - discounted * normal_cdf(d2),
        "delta": normal_cdf(d1),
        "dual delta": -math.exp(-rate * expiry) * normal_cdf(d2),
        "vega": spot * density * math.sqrt(expiry),
        "theta": -spot * density * volatility / (2.0 * math.sqrt(expiry))
        - rate * discounted * normal_cdf(d2),
        "rho": expiry * discounted * normal_cdf(d2),
        "gamma": density / (spot * spread),
        "vanna": -density * d2 / volatility,
        "charm": -density * (2.0 * rate * expiry - d2 * spread) / (2.0 * expiry * spread),
    }


point = (105.0, 100.0, 0.2, 0.03, 0.75)
labels = ("spot", "strike", "volatility", "rate", "expiry")
spot, strike, volatility, rate, expiry = map(fg.var, point, labels)
price = call_price(spot, strike, volatility, rate, expiry)
graph = fg.Graph.of(price)

first = fg.grad(graph, price)  # one fold: all five first derivatives

delta = fg.grad_nodes(graph, price)[spot]  # the same fold over nodes: delta is an expression
second = fg.grad(fg.Graph.of(delta), delta)  # one fold over it: a row of second derivatives

# Theta and charm are derivatives with respect to time, which runs against the time to expiry.
found = {
    "price": (price.value, "C"),
    "delta": (first[spot], "dC / dspot"),
    "dual delta": (first[strike], "dC / dstrike"),
    "vega": (first[volatility], "dC / dvolatility"),
    "theta": (-first[expiry], "-dC / dexpiry"),
    "rho": (first[rate], "dC / drate"),
    "gamma": (second[spot], "d2C / dspot2"),
    "vanna": (second[volatility], "d2C / dspot dvolatility"),
    "charm": (-second[expiry], "-d2C / dspot dexpiry"),
}
expected = closed_forms(*point)

print(", ".join(f"{label} {x:g}" for label, x in zip(labels, point, strict=True)))
print(f"{'':<12}{'fgrad':>22}{'closed form':>22}  is")
for name, (value, what) in found.items():
    print(f"{name:<12}{value:>22.15f}{expected[name]:>22.15f}  {what}")
    assert math.isclose(value, expected[name], rel_tol=1e-12), name
assert delta.value == first[spot]
print("All agree to 12 digits.")
