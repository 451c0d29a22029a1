"""Programs that must type-check, with the types that users see."""

import functools
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar, assert_type

import attrs
import numpy as np
from pyrsistent import pmap, pvector

import fgrad as fg

x = fg.var(2.0, "x")
n = fg.var(3)
assert_type(x, fg.Node[float])
assert_type(n, fg.Node[float])
assert_type(x.value, float)
assert_type(x.label, str | None)
assert_type(x.named("y"), fg.Node[float])
assert_type(x.args, tuple[fg.Node[float] | float, ...])
assert_type((x < 1).named("low"), fg.Condition)

assert_type(x * 2.0 + 1, fg.Node[float])
assert_type(2 * x - n, fg.Node[float])
assert_type(x / n, fg.Node[float])
assert_type(1 / x, fg.Node[float])
assert_type(x**2, fg.Node[float])
assert_type(2**x, fg.Node[float])
assert_type(x % 2, fg.Node[float])
assert_type(-x, fg.Node[float])
assert_type(abs(x), fg.Node[float])

assert_type(fg.sin(x), fg.Node[float])
assert_type(fg.sin(1.0), float)
assert_type(fg.sin(1), float)
assert_type(fg.atan2(x, n), fg.Node[float])
assert_type(fg.atan2(x, 2), fg.Node[float])
assert_type(fg.atan2(2.0, x), fg.Node[float])
assert_type(fg.atan2(1.0, 2.0), float)
assert_type(fg.clip(x, 0.0, 1.0), fg.Node[float])
assert_type(fg.clip(1.0, 0.0, n), fg.Node[float])
assert_type(fg.clip(1.0, 0.0, 1.0), float)
assert_type(fg.clip(1, x, 2), fg.Node[float])
assert_type(list(map(fg.maximum, [1.0], [x])), list[fg.Node[float]])
assert_type(list(map(fg.clip, [x], [1.0], [2.0])), list[fg.Node[float]])

low = x < 3
assert_type(low, fg.Condition)
assert_type(low.value, bool)
assert_type(fg.less(x, n), fg.Condition)
assert_type(fg.less(1.0, 2.0), bool)
assert_type(fg.less(1.0, x), fg.Condition)
assert_type(fg.logical_and(low, x > 1), fg.Condition)
assert_type(fg.logical_and(low, True), fg.Condition)
assert_type(fg.logical_not(True), bool)
assert_type(fg.where(low, x, 0.0), fg.Node[float])
assert_type(fg.where(low, 0.0, x), fg.Node[float])
assert_type(fg.where(low, 1.0, 0.0), fg.Node[float])
assert_type(fg.where(True, 1.0, 0.0), float)
assert_type(fg.where(True, x, 0.0), fg.Node[float])

Number = TypeVar("Number", bound=fg.Real)


def of_mixed(v: Number, w: float) -> Number:
    """Numbers of any kind beside floats, on either side."""
    assert_type(fg.mul(w, v), Number)
    assert_type(fg.mul(v, 2), Number)
    assert_type(fg.clip(w, 0, v), Number)
    assert_type(fg.clip(v, w, 2), Number)
    assert_type(fg.where(v < 1.0, 0, v), Number)
    return fg.where(v < 1.0, v, w)


assert_type(fg.sum([x, n]), fg.Node[float])
assert_type(fg.sum([x, 1.0]), fg.Node[float])
assert_type(fg.sum([1.0, 2.0]), float)
assert_type(fg.prod([x, n]), fg.Node[float])
assert_type(fg.dot([x, n], [1.0, 2.0]), fg.Node[float])

y = x * n
graph = fg.Graph.of(y)
assert_type(graph, fg.Graph)
assert_type(graph.extend(y * y), fg.Graph)
assert_type(graph.outputs, tuple[fg.Node[float], ...])
assert_type(graph.variables, tuple[fg.Node[float], ...])
assert_type(graph.digest, str)
assert_type(graph == graph, bool)
nodes: Sequence[fg.Node[float]] = graph.nodes

gradients = fg.grad(graph, y)
assert_type(gradients, fg.Gradients)
assert_type(gradients[x], float)
assert_type(gradients[low], bool)
as_mapping: Mapping[fg.Node[float], float] = gradients
assert_type([g for g in gradients.values()], list[float])
assert_type(fg.grad_nodes(graph, y)[x], fg.Node[float])

slopes = fg.grad_nodes(graph, y)
assert_type(gradients + gradients, fg.Gradients)
assert_type(slopes + slopes, fg.NodeGradients)
assert_type(2 * gradients - gradients / 2.0, fg.Gradients)
assert_type(-(0.5 * slopes * 2), fg.NodeGradients)
assert_type(gradients * np.float64(0.5), fg.Gradients)
assert_type(gradients.only(x, low), fg.Gradients)
assert_type(slopes.only(x)[x], fg.Node[float])
assert_type(sum([gradients], gradients), fg.Gradients)
assert_type(sum([slopes, slopes], slopes), fg.NodeGradients)
total = functools.reduce(operator.add, [gradients, gradients])
assert_type(total, fg.Gradients)
assert_type(total[low], bool)
assert_type(gradients.pmap[x], float)
assert_type(slopes.pmap[x], fg.Node[float])
assert_type(total.onto(graph), fg.Gradients)
either = sum([gradients, gradients])
if either != 0:
    assert_type(either[x], float)
drawing = fg.draw(graph, gradients)
assert_type(drawing, fg.Drawing)
assert_type(fg.draw(graph, slopes).svg, str)
assert_type(drawing.dot, str)

R = TypeVar("R", bound=fg.Real)


def spring(k: R, u: R) -> R:
    """One model for numbers and for nodes."""
    return 0.5 * k * u**2 + fg.log1p(fg.exp(-u)) / (1.0 + k)


assert_type(spring(2.0, 0.1), float)
assert_type(spring(x, n), fg.Node[float])


class Model(Protocol):
    """What check_gradient takes."""

    def __call__(self, x: fg.Node[float], y: fg.Node[float], /) -> fg.Node[float]: ...


model: Model = spring
fg.check_gradient(spring, 0.3, 0.4)

softsign = fg.Unary(
    "softsign", lambda v: v / (1 + abs(v)), lambda out, v: fg.reciprocal(fg.square(1 + fg.abs(v)))
)
assert_type(softsign(x), fg.Node[float])
assert_type(softsign(1.0), float)


def slope(out: fg.Real, v: fg.Real) -> fg.Real:
    """A rule with a name."""
    return fg.where(fg.less(v, 0.0), -out, out * fg.cos(v))


named = fg.Unary("named", abs, slope)


@attrs.frozen
class Params:
    """Parameters typed on floats."""

    weights: tuple[float, ...]
    bias: float


@attrs.frozen
class Layer(Generic[R]):
    """Parameters of numbers of whatever kind."""

    weights: tuple[R, ...]
    bias: R


class Spring:
    """A method is a function too."""

    def energy(self, x: float) -> float:
        """Half of x squared."""
        return 0.5 * x * x


def loss(p: Params, x: float, target: float = 0.0, *, scale: float = 1.0) -> float:
    """Names, a default and a keyword."""
    return scale * fg.square(fg.tanh(p.weights[0] * x + p.bias) - target)


def generic(p: Layer[R], x: float, *, scale: float = 1.0) -> R:
    """For numbers and for nodes."""
    return scale * fg.square(fg.tanh(p.weights[0] * x + p.bias))


def area(x: float, y: float) -> float:
    """Two numbers."""
    return x * y


def volume(x: float, y: float, z: float) -> float:
    """Three numbers."""
    return x * y * z


def of_dict(p: dict[str, float]) -> float:
    """A dict."""
    return p["a"] * p["b"]


def of_list(p: list[float]) -> float:
    """A list."""
    return fg.sum(p)


def sine(x: R) -> R:
    """One number of whatever kind."""
    return fg.sin(x)


params = Params((1.0,), 2.0)
assert_type(fg.gradient(loss)(params, 1.0), Params)
assert_type(fg.gradient(loss)(params, 1.0, target=0.5, scale=2.0), Params)
assert_type(fg.gradient(loss, argnums=1)(params, 1.0), float)
assert_type(fg.gradient(loss, argnums=(0, 1))(params, 1.0), tuple[Params, float])
assert_type(fg.value_and_gradient(loss)(params, 1.0), tuple[float, Params])
assert_type(fg.value_and_gradient(loss, argnums=2)(params, 1.0, 0.0), tuple[float, float])


@attrs.frozen
class Report(Generic[R]):
    """What stands beside a loss."""

    predicted: tuple[R, ...]
    name: str = attrs.field(default="fit", metadata=fg.trees.STATIC)


def reported(p: Layer[R], x: float, y: float = 0.0, *, scale: float = 1.0) -> tuple[R, Report[R]]:
    """A value and what is beside it."""
    predicted = p.weights[0] * x + p.bias
    return scale * fg.square(predicted - y), Report((predicted,))


def listed(x: float, y: float, z: float) -> tuple[float, dict[str, list[float]]]:
    """The same on floats."""
    return x * y * z, {"factors": [x, y, z]}


beside = fg.value_and_gradient(reported, has_aux=True)
assert_type(beside(Layer((1.0,), 2.0), 1.0), tuple[tuple[float, Report[float]], Layer[float]])
assert_type(
    beside(Layer((x,), x), 1.0, y=1.0, scale=2.0),
    tuple[tuple[fg.Node[float], Report[fg.Node[float]]], Layer[fg.Node[float]]],
)
Listed = dict[str, list[float]]
assert_type(
    fg.value_and_gradient(listed, argnums=1, has_aux=True)(1.0, 2.0, 3.0),
    tuple[tuple[float, Listed], float],
)
assert_type(
    fg.value_and_gradient(listed, argnums=2, has_aux=True)(1.0, 2.0, 3.0),
    tuple[tuple[float, Listed], float],
)
assert_type(
    fg.value_and_gradient(listed, argnums=(0, 1), has_aux=True)(1.0, 2.0, 3.0),
    tuple[tuple[float, Listed], tuple[float, float]],
)
assert_type(
    fg.value_and_gradient(listed, argnums=(0, 1, 2), has_aux=True)(1.0, 2.0, 3.0),
    tuple[tuple[float, Listed], tuple[float, float, float]],
)
assert_type(fg.value_and_gradient(loss, has_aux=False)(params, 1.0), tuple[float, Params])
assert_type(fg.gradient(generic)(Layer((1.0,), 2.0), 1.0), Layer[float])
assert_type(fg.gradient(generic)(Layer((x,), x), 1.0, scale=2.0), Layer[fg.Node[float]])
assert_type(fg.gradient(area)(1.0, 2.0), float)
assert_type(fg.gradient(area, argnums=(0, 1))(1.0, 2.0), tuple[float, float])
assert_type(fg.gradient(volume, argnums=(0, 1, 2))(1.0, 2.0, 3.0), tuple[float, float, float])
assert_type(fg.gradient(of_dict)({"a": 1.0, "b": 2.0}), dict[str, float])
assert_type(fg.gradient(of_list)([1.0, 2.0]), list[float])
assert_type(fg.gradient(sine)(1.0), float)
assert_type(fg.gradient(sine)(x), fg.Node[float])
assert_type(fg.gradient(fg.gradient(sine))(x), fg.Node[float])
assert_type(fg.gradient(Spring().energy)(1.0), float)
assert_type(fg.trees.map(operator.neg, params), Params)
assert_type(fg.trees.flatten(params)[1].unflatten([1.0, 2.0]), Params)


def polar(p: tuple[float, float]) -> tuple[float, float]:
    """A tree to a tree."""
    return fg.hypot(*p), fg.atan2(p[1], p[0])


assert_type(fg.jvp(polar)((3.0, 4.0), (1.0, 0.0)), tuple[tuple[float, float], tuple[float, float]])
assert_type(fg.vjp(polar)((3.0, 4.0))[1]((1.0, 0.0)), tuple[float, float])
assert_type(fg.vjp(loss)(params, 1.0)[1](1.0), Params)
assert_type(fg.hvp(loss)(params, params, 1.0, scale=2.0), Params)
assert_type(fg.hvp(generic)(Layer((x,), x), Layer((x,), x), 1.0), Layer[fg.Node[float]])
assert_type(fg.jvp(sine)(x, x), tuple[fg.Node[float], fg.Node[float]])
assert_type(fg.jacobian(polar)((3.0, 4.0)), fg.Rows[tuple[float, float]])
assert_type(fg.jacobian(loss, mode="forward")(params, 1.0)[0], Params)
assert_type(fg.hessian(loss)(params, 1.0, scale=2.0), fg.Rows[Params])
assert_type(fg.hessian(of_list)([1.0, 2.0])[0], list[float])


def doubled(v: fg.Node[float]) -> fg.Node[float]:
    """For nodes only."""
    return 2.0 * v


assert_type(fg.taylor(area, 3)(1.0, 2.0), tuple[float, ...])
assert_type(fg.taylor(area, 3)(1.0, y=2.0)[0], float)
assert_type(fg.taylor(doubled, 3)(x), tuple[fg.Node[float], ...])
assert_type(fg.taylor(sine, 3)(1.0), tuple[float, ...])
assert_type(fg.taylor(sine, 3)(x), tuple[fg.Node[float], ...])
assert_type(fg.taylor(spring, 3)(x, n), tuple[fg.Node[float], ...])
assert_type(fg.taylor(fg.gradient(sine), 3)(x), tuple[fg.Node[float], ...])
assert_type(fg.taylor(Spring().energy, 3)(1.0), tuple[float, ...])


def deviation(p: Params) -> float:
    """Something to go down."""
    return fg.square(p.bias) + fg.square(p.weights[0])


found = fg.minimize(deviation, params, fg.adam(0.1))
assert_type(found, fg.Minimum[Params])
assert_type(found.params, Params)
assert_type(found.state, fg.State[Params])
assert_type(fg.momentum(0.1)(found.state, params), fg.State[Params])


def missing(v: float, a: float) -> float:
    """Zero at the square root of a."""
    return v * v - a


def missing_of_any(v: R, a: R) -> R:
    """The same, for any number."""
    return v * v - a


def apart(p: Params, a: float) -> Params:
    """Zero at a certain tree."""
    return Params((p.weights[0] - a, p.weights[1] - a), p.bias + a)


def pulled(p: Params, y: float, y_bar: float, scale: float) -> Params:
    """A cotangent of the parameters."""
    return Params((y_bar * scale, y_bar), y_bar)


def scaled(p: Params, scale: float) -> float:
    """Something with a derivative of its own."""
    return p.bias * scale


assert_type(fg.root(missing, 1.0)(2.0), float)
assert_type(fg.root(missing_of_any, x)(x), fg.Node[float])
assert_type(fg.root(apart, params)(2.0), Params)
assert_type(fg.fixed_point(apart, params, steps=10)(a=2.0), Params)
assert_type(fg.gradient(fg.root(missing, 1.0))(2.0), float)
assert_type(fg.custom(scaled, vjp=pulled)(params, 2.0), float)
assert_type(fg.gradient(fg.custom(scaled, vjp=pulled))(params, scale=2.0), Params)
assert_type(fg.minimize(deviation, params, fg.lbfgs()), fg.Minimum[Params])
assert_type(fg.minimize(deviation, found.state, fg.lbfgs(memory=5), 10), fg.Minimum[Params])
assert_type(fg.lbfgs().start(params), fg.State[Params])
ready = fg.compile(fg.value_and_gradient(deviation))
assert_type(fg.minimize(ready, params, fg.adam(), has_gradient=True), fg.Minimum[Params])


def told(state: fg.State[Params], value: float) -> None:
    """Something to call back."""


assert_type(fg.minimize(deviation, params, fg.adam(), callback=told), fg.Minimum[Params])
assert_type(
    fg.minimize(ready, found.state, fg.lbfgs(), has_gradient=True, callback=told),
    fg.Minimum[Params],
)

program = fg.trace(area)(1.0, 2.0)
text = fg.dumps(program)
assert_type(fg.show(program), str)
assert_type(fg.show(fg.Graph.of(x)), str)
assert_type(text, str)
assert_type(fg.dumps(fg.Graph.of(x)), str)
assert_type(fg.loads(text), fg.Program | fg.Graph)
assert_type(fg.loads(text.encode(), (fg.sin,)), fg.Program | fg.Graph)
assert_type(fg.loads(text, kind=fg.Program), fg.Program)
assert_type(fg.loads(text, [fg.sin, fg.add], kind=fg.Graph), fg.Graph)
assert_type(fg.to_c(fg.trace(missing)(1.0, 2.0), "missing"), str)
assert_type(fg.to_latex(fg.trace(missing)(1.0, 2.0)), str)

compiled = fg.compile(area)
steep = fg.compile(fg.gradient(deviation), backend="native", exact=True)
Column: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
column: Column = np.zeros(3)
assert_type(compiled(1.0, 2.0), float)
assert_type(compiled(1.0, y=2.0), float)
assert_type(compiled.specialise(1.0, 2.0)(1.0, 2.0), float)
assert_type(compiled.map(column, 2.0, threads=2), Column)
assert_type(compiled.map(column, 2.0, out=column), Column)
assert_type(compiled.sum(column, 2.0), float)
assert_type(steep(params), Params)
assert_type(steep.sum(params), Params)
assert_type(steep.specialise(params)(params), Params)
assert_type(fg.compile(backend="python")(deviation)(params), float)


def shifted(xs: Sequence[float]) -> list[float]:
    return [x + 1.0 for x in xs]


def longest(xs: Sequence[float]) -> float:
    return fg.sum(xs)


assert_type(fg.compile(shifted).specialise(column)(column), Column)
assert_type(fg.compile(longest).specialise(column)(column), float)


def forecast(start: float, rate: float) -> dict[str, float]:
    """Several numbers by name."""
    return {"a": start * rate, "b": start / rate}


def ends(v: float) -> tuple[float, float, float]:
    """Three numbers."""
    return v, v * v, 1.0


def fitted(p: Params, v: float) -> tuple[float, dict[str, float]]:
    """A loss, and what is beside it."""
    return p.bias * v, {"a": v}


xs = np.linspace(0.0, 1.0, 5)
by_name = fg.compile(forecast)
assert_type(by_name.map(xs, 2.0), dict[str, Column])
assert_type(by_name.map(xs, 2.0, out={"a": column, "b": column}), dict[str, Column])
assert_type(fg.compile(polar).map((xs, 1.0)), tuple[Column, Column])
assert_type(fg.compile(ends).map(xs), tuple[Column, Column, Column])
assert_type(fg.compile(shifted).map([xs, 1.0]), list[Column])
assert_type(fg.compile(fg.taylor(area, 3)).map(xs, y=2), tuple[Column, ...])
assert_type(fg.compile(fitted).map(params, xs), tuple[Column, dict[str, Column]])
assert_type(
    fg.compile(fg.value_and_gradient(of_list)).map(xs.reshape(5, 1)), tuple[Column, list[Column]]
)
assert_type(steep.map({"rows": xs}), Params)
assert_type(steep.map(pvector([xs, 1.0]), pmap({"a": xs})), Params)
mean: float = by_name.map(xs, 2.0)["a"].mean()
lengths = [math.sqrt(fg.hessian(of_list)([1.0, 2.0]).matrix[i][i]) for i in range(2)]
assert_type(fg.trees.leaves(params), tuple[float, ...])
assert_type(fg.trees.leaves([x, n]), tuple[fg.Node[float], ...])
assert_type(fg.trees.leaves(x), tuple[fg.Node[float], ...])
assert_type(math.hypot(*fg.trees.leaves(params)), float)
slope_of = fg.gradient(deviation)(params)
assert_type(fg.trees.map(lambda p, g: p - 0.1 * g, params, slope_of), Params)
assert_type(fg.trees.map(lambda p: 2.0 * p, params), Params)
assert_type(fg.trees.map(lambda p, g, m: p - g * m, params, slope_of, slope_of), Params)
assert_type(fg.trees.map(doubled, [x, n]), list[fg.Node[float]])

assert_type((x > 0) & (x < 1), fg.Condition)
assert_type((x > 0) | True, fg.Condition)
assert_type(True ^ (x > 0), fg.Condition)
assert_type(round(x), fg.Node[float])


def inside(v: R) -> R:
    """Conditions that are joined, of whatever kind."""
    return fg.where((v > 0.0) & (v < 1.0) | (v > 2.0), v, -v)


assert_type(inside(1.0), float)
assert_type(inside(x), fg.Node[float])


class Direction:
    """A vector with a product of its own."""

    def __rmul__(self, scale: fg.Node[float] | float) -> tuple[fg.Node[float] | float, ...]:
        return (scale, scale)


assert_type(x * Direction(), tuple[fg.Node[float] | float, ...])
fg.check_gradient(loss, params, 1.0, argnums=0, scale=2.0)
fg.check_gradient(deviation, params, seed=3)


@attrs.frozen
class Oscillator:
    stiffness: float

    @fg.compile
    def energy(self, x: float, *, scale: float = 1.0) -> float:
        return scale * 0.5 * self.stiffness * x * x

    @fg.compile(backend="python")
    def both(self, x: float) -> tuple[float, float]:
        return x, self.stiffness

    @staticmethod
    @fg.compile
    def twice(x: float) -> float:
        return 2.0 * x

    @fg.compile
    @staticmethod
    def thrice(x: float) -> float:
        return 3.0 * x

    @classmethod
    @fg.compile
    def fourfold(cls, x: float) -> float:
        return 4.0 * x

    @fg.compile
    @classmethod
    def fivefold(cls, x: float) -> float:
        return 5.0 * x


oscillator = Oscillator(2.0)
assert_type(oscillator.energy(3.0, scale=2.0), float)
assert_type(oscillator.both(3.0), tuple[float, float])
assert_type(Oscillator.energy(oscillator, 3.0), float)
assert_type(fg.gradient(Oscillator.energy)(oscillator, 3.0), Oscillator)
assert_type(fg.gradient(oscillator.energy)(3.0), float)
assert_type(oscillator.energy.map(np.ones(3)), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(oscillator.both.sum(3.0), tuple[float, float])
assert_type(oscillator.twice(1.0), float)
assert_type(Oscillator.twice(1.0), float)
assert_type(oscillator.thrice(1.0), float)
assert_type(Oscillator.thrice(1.0), float)
assert_type(oscillator.fourfold(1.0), float)
assert_type(Oscillator.fourfold(1.0), float)
assert_type(oscillator.fivefold(1.0), float)
assert_type(Oscillator.fivefold(1.0), float)
