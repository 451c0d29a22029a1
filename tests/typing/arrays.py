"""What type checkers know of arrays: both reveal these types."""

from typing import assert_type

import attrs
import numpy as np
import numpy.typing as npt

import fgrad as fg

Array = npt.NDArray[np.float64]
a: Array = np.ones(3)
m: Array = np.ones((3, 3))
w = fg.var(m, "w")
x = fg.var(2.0)

assert_type(w, fg.ArrayNode)
assert_type(w * w, fg.ArrayNode)
assert_type(w * a, fg.ArrayNode)
assert_type(a * w, fg.ArrayNode)
assert_type(x * w, fg.ArrayNode)
assert_type(w * x, fg.ArrayNode)
assert_type(x * a, fg.ArrayNode)
assert_type(a * x, fg.ArrayNode)
assert_type(a - x, fg.ArrayNode)
assert_type(2.0 * w, fg.ArrayNode)
assert_type(w**2 / x, fg.ArrayNode)
assert_type(-w, fg.ArrayNode)
assert_type(w > 0.0, fg.ArrayCondition)
assert_type((w > 0.0) & (w < 1.0), fg.ArrayCondition)
assert_type(x > 0.0, fg.Condition)
assert_type(x > a, fg.ArrayCondition)
assert_type(w @ a, fg.ArrayNode)
assert_type(a @ w, fg.ArrayNode)
assert_type(w[0, :], fg.ArrayNode)
assert_type(w[w > 0.0], fg.ArrayNode)
assert_type(w.T, fg.ArrayNode)
assert_type(w.sum(), fg.Node[float])
assert_type(w.sum(0), fg.ArrayNode)
assert_type(w.mean(axis=0, keepdims=True), fg.ArrayNode)
assert_type(w.std(), fg.Node[float])
assert_type(w.item(0), fg.Node[float])
assert_type(w.reshape(9), fg.ArrayNode)
assert_type(w.shape, tuple[int, ...])
assert_type(w.value, Array)
assert_type(fg.sin(w), fg.ArrayNode)
assert_type(fg.sin(a), Array)
assert_type(fg.maximum(w, 0.0), fg.ArrayNode)
assert_type(fg.maximum(a, 0.0), Array)
assert_type(fg.maximum(a, w), fg.ArrayNode)
assert_type(fg.where(w > 0.0, w, 0.0), fg.ArrayNode)
assert_type(fg.where(a > 0.0, a, 0.0), Array)
assert_type(fg.where(w > 0.0, 1.0, 0.0), fg.ArrayNode)
assert_type(fg.where(x > 0.0, x, 0.0), fg.Node[float])
assert_type(fg.sum(w), fg.Node[float])
assert_type(fg.sum(w, 0), fg.ArrayNode)
assert_type(fg.sum(a), float)
assert_type(fg.sum([x, x]), fg.Node[float])
assert_type(fg.mean(a, 0), Array)
assert_type(fg.softmax(w), fg.ArrayNode)
assert_type(fg.logsumexp(a), float)
assert_type(fg.solve(m, a), Array)
assert_type(fg.solve(w, a), fg.ArrayNode)
assert_type(fg.stack([x, 2.0]), fg.ArrayNode)
assert_type(fg.concatenate([w, w]), fg.ArrayNode)
assert_type(fg.concatenate([a, a]), Array)
assert_type(fg.einsum("ij,j->i", m, a), Array)
assert_type(fg.einsum("ij,j->i", w, a), fg.ArrayNode)

gradients = fg.grad(fg.Graph.of(w.sum(), w, x), w.sum())
assert_type(gradients[w], Array)
assert_type(gradients[x], float)


def loss(w: Array, x: Array) -> float:
    """A model that is annotated as one of plain arrays."""
    return fg.sum(fg.tanh(x @ w))


def features(w: Array) -> Array:
    """One whose result is an array."""
    return fg.tanh(w)


assert_type(fg.gradient(loss)(m, a), Array)
assert_type(fg.value_and_gradient(loss)(m, a), tuple[float, Array])
assert_type(fg.hvp(loss)(m, m, a), Array)
assert_type(fg.jvp(features)(m, m), tuple[Array, Array])
assert_type(fg.vjp(features)(m)[0], Array)
assert_type(fg.jacobian(features)(m)[0], Array)
assert_type(fg.hessian(loss)(m, a)[0], Array)


@attrs.frozen
class Layer:
    """Parameters that are arrays."""

    weight: Array
    bias: Array


def error(layer: Layer, x: Array) -> float:
    """A model of a class of arrays."""
    return fg.mean((x @ layer.weight + layer.bias) ** 2)


def of_vector(v: Array) -> float:
    """The same of a vector, as a solver of SciPy wants it."""
    return error(unravel(v), a)


layer = Layer(m, a)
vector, unravel = fg.trees.ravel(layer)
assert_type(vector, Array)
assert_type(unravel(vector), Layer)
assert_type(fg.gradient(error)(layer, a), Layer)
assert_type(fg.minimize(lambda p: error(p, a), layer, fg.adam()), fg.Minimum[Layer])
assert_type(fg.minimize(lambda p: error(p, a), layer, fg.lbfgs()).params, Layer)
assert_type(fg.adam().start(layer), fg.State[Layer])
assert_type(fg.adam()(fg.adam().start(layer), layer).params.bias, Array)
assert_type(fg.gradient(of_vector)(vector), Array)
