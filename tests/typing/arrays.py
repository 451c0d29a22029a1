"""What type checkers know of arrays: both reveal these types."""

from typing import assert_type

import attrs
import numpy as np
import numpy.typing as npt

import fgrad as fg
from fgrad.arrays import at as fg_at
from fgrad.arrays.sparse_signatures import Sparse

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


def sparsely(matrix: Sparse) -> None:
    """What a matrix of scipy.sparse gives, whose own types are not needed."""
    assert_type(fg.matmul(matrix, a), Array)
    assert_type(fg.matmul(m, matrix), Array)
    assert_type(fg.matmul(matrix, w), fg.ArrayNode)
    assert_type(fg.matmul(w, matrix), fg.ArrayNode)
    assert_type(w @ matrix, fg.ArrayNode)
    assert_type(matrix @ w, fg.ArrayNode)
    assert_type(fg.spsolve(matrix, a), Array)
    assert_type(fg.spsolve(matrix, a, data=a), Array)
    assert_type(fg.spsolve(matrix, w, data=a), fg.ArrayNode)
    assert_type(fg.spsolve(matrix, a, data=w), fg.ArrayNode)


assert_type(fg.solve_triangular(m, a, lower=True), Array)
assert_type(fg.solve_triangular(m, w, trans="T"), fg.ArrayNode)
assert_type(fg.cholesky(w), fg.ArrayNode)
assert_type(fg.cholesky(m, upper=True), Array)
assert_type(fg.eigh(w).eigenvectors, fg.ArrayNode)
assert_type(fg.eigh(m, UPLO="U").eigenvalues, Array)
assert_type(fg.eigvalsh(w), fg.ArrayNode)
assert_type(fg.qr(w).R, fg.ArrayNode)
assert_type(fg.qr(m, "r"), Array)
assert_type(fg.svd(m, full_matrices=False).Vh, Array)
assert_type(fg.svd(w)[1], fg.ArrayNode)
assert_type(fg.svd(w, compute_uv=False), fg.ArrayNode)
assert_type(fg.pinv(m), Array)
assert_type(fg.lstsq(m, a).x, Array)
assert_type(fg.lstsq(m, w).residuals, fg.ArrayNode)
assert_type(fg.lstsq(w, a).rank, int)
assert_type(fg.matrix_power(w, 3), fg.ArrayNode)
assert_type(fg.multi_dot([m, m, a]), Array)
assert_type(fg.multi_dot([m, w]), fg.ArrayNode)
assert_type(fg.kron(m, w), fg.ArrayNode)
assert_type(fg.expm(m), Array)
assert_type(fg.rfft(w).real, fg.ArrayNode)
assert_type(fg.irfft(m, m), Array)
assert_type(fg.irfft(m, w, n=5), fg.ArrayNode)
assert_type(fg.stack([x, 2.0]), fg.ArrayNode)
assert_type(fg.concatenate([w, w]), fg.ArrayNode)
assert_type(fg.concatenate([a, a]), Array)
assert_type(fg.einsum("ij,j->i", m, a), Array)
assert_type(fg.einsum("ij,j->i", w, a), fg.ArrayNode)

mask = m > 0.0
assert_type(w.at[0], fg_at.Places[fg.ArrayNode])
assert_type(w.at[0, 1].set(1.0), fg.ArrayNode)
assert_type(w.at[mask].add(x), fg.ArrayNode)
assert_type(w.at[w > 0.0].get(), fg.ArrayNode)
assert_type(fg.at(m)[0].set(a), Array)
assert_type(fg.at(m)[[0, 0]].add(2.0), Array)
assert_type(fg.at(m)[0].set(w[0]), fg.ArrayNode)
assert_type(fg.at(m)[0].add(x), fg.ArrayNode)
assert_type(fg.interp(a, a, a), Array)
assert_type(fg.interp(0.5, a, a), float)
assert_type(fg.interp(x, a, a), fg.Node[float])
assert_type(fg.interp(w, a, a, left=x), fg.ArrayNode)
assert_type(fg.interp(0.5, a, w[0]), fg.Node[float])
assert_type(fg.interp(a, w[0], a), fg.ArrayNode)
assert_type(fg.quantile(a, 0.5), float)
assert_type(fg.quantile(w, 0.5), fg.Node[float])
assert_type(fg.quantile(m, [0.1, 0.9], axis=0), Array)
assert_type(fg.quantile(w, 0.5, 0), fg.ArrayNode)
assert_type(fg.median(w), fg.Node[float])
assert_type(fg.median(m, 1), Array)
assert_type(fg.searchsorted(a, a), npt.NDArray[np.int64])
assert_type(fg.searchsorted(a, 0.5), int)
assert_type(fg.convolve(a, a), Array)
assert_type(fg.convolve(a, w[0], "same"), fg.ArrayNode)
assert_type(fg.cross(a, w), fg.ArrayNode)
assert_type(fg.trapezoid(a), float)
assert_type(fg.trapezoid(m, a, axis=0), Array)
assert_type(fg.trapezoid(w[0], a), fg.Node[float])
assert_type(fg.trapezoid(m, w, axis=0), fg.ArrayNode)
assert_type(fg.select([m > 0.0], [m], 1.0), Array)
assert_type(fg.select([w > 0.0], [w], x), fg.ArrayNode)
assert_type(fg.hstack([a, 1.0]), Array)
assert_type(fg.vstack([w, x]), fg.ArrayNode)
assert_type(fg.sum(w, where=mask), fg.Node[float])
assert_type(fg.sum(m, 0, initial=1.0), Array)
assert_type(fg.max(w, 0, initial=x, where=w > 0.0), fg.ArrayNode)
assert_type(fg.mean(m, where=mask), float)
assert_type(w.sum(where=mask), fg.Node[float])
assert_type(w.mean(0, where=mask), fg.ArrayNode)
assert_type(w.flatten("F"), fg.ArrayNode)
assert_type(w.clip(min=0.0), fg.ArrayNode)
assert_type(w.round(2), fg.ArrayNode)
assert_type(w.astype(int), npt.NDArray[np.int64])
assert_type((w > 0.0).any(), fg.Condition)
assert_type(fg.reshape(m, (9,), "F"), Array)
assert_type(fg.roll(w, (1, 2), axis=(0, 1)), fg.ArrayNode)
assert_type(fg.pad(m, 1, mode="edge"), Array)
assert_type(fg.pad(w, ((1, 1), (0, 0)), constant_values=2.0), fg.ArrayNode)

gradients = fg.grad(fg.Graph.of(w.sum(), w, x), w.sum())
assert_type(gradients[w], Array)
assert_type(gradients[x], float)


some = fg.grad(fg.Graph.of(w.sum(), w, x), w.sum(), wrt=(w, x))
assert_type(some, fg.Gradients)
assert_type(some[w], Array)
assert_type(some[x], float)
assert_type(fg.grad(fg.Graph.of(w.sum()), w.sum(), wrt=w)[w], Array)


def loss(w: Array, x: Array) -> float:
    """A model that is annotated as one of plain arrays."""
    return fg.sum(fg.tanh(x @ w))


def features(w: Array) -> Array:
    """One whose result is an array."""
    return fg.tanh(w)


def filtered(w: Array, x: Array) -> Array:
    """A model of plain arrays that assigns, by numpy's own functions and ours."""
    y: Array = fg.at(np.zeros(3))[0].set(fg.sum(w))
    knots: Array = np.sort(w)
    return fg.at(y)[:].add(fg.interp(x, knots, w))


assert_type(filtered(a, a), Array)


def whitened(w: Array) -> Array:
    """One that unpacks a result with names."""
    values, vectors = fg.eigh(w)
    return vectors / fg.sqrt(values)


assert_type(fg.vjp(whitened)(m)[0], Array)
assert_type(fg.gradient(loss)(m, a), Array)
assert_type(fg.value_and_gradient(loss)(m, a), tuple[float, Array])
assert_type(fg.hvp(loss)(m, m, a), Array)
assert_type(fg.jvp(features)(m, m), tuple[Array, Array])
assert_type(fg.vjp(features)(m)[0], Array)
assert_type(fg.jacobian(features)(m)[0], Array)
assert_type(fg.hessian(loss)(m, a)[0], Array)


@attrs.frozen
class Layer:
    """Parameters as users declare them."""

    weight: Array
    bias: Array
    scale: float = 1.0


def predict(p: Layer, x: Array) -> Array:
    """A model of a frozen class of arrays."""
    return fg.tanh(x @ p.weight + p.bias) * p.scale


def penalty(p: Layer, x: Array) -> float:
    """Its loss."""
    return fg.sum(predict(p, x) ** 2)


layer = Layer(m, a)
assert_type(fg.gradient(penalty)(layer, m), Layer)
assert_type(fg.value_and_gradient(penalty)(layer, m), tuple[float, Layer])
assert_type(fg.gradient(penalty, argnums=(0, 1))(layer, m), tuple[Layer, Array])
assert_type(fg.hvp(penalty)(layer, layer, m), Layer)
assert_type(fg.jvp(predict)(layer, layer, m), tuple[Array, Array])
assert_type(fg.vjp(predict)(layer, m)[1](m), Layer)
assert_type(fg.jacobian(predict)(layer, m)[0], Layer)
assert_type(fg.hessian(penalty)(layer, m)[0].weight, Array)
assert_type(fg.trees.map(lambda p, g: p - 0.1 * g, layer, layer), Layer)
assert_type(fg.minimize(lambda p: penalty(p, m), layer, fg.adam()).params, Layer)


def residual(x: Array, w: Array) -> Array:
    """An equation of arrays."""
    return w @ x - a


def contracting(x: Array, p: Layer) -> Array:
    """A map whose fixed point is asked for."""
    return fg.tanh(x @ p.weight + p.bias)


def along(t: float, w: Array) -> Array:
    """A line in the space of arrays."""
    return fg.exp(t * w)


assert_type(fg.root(residual, a)(m), Array)
assert_type(fg.jacobian(fg.root(residual, a))(m)[0], Array)
assert_type(fg.fixed_point(contracting, a)(layer), Array)
assert_type(fg.taylor(features, 3)(a), tuple[Array, ...])
assert_type(fg.taylor(along, 3)(0.0, a), tuple[Array, ...])
assert_type(fg.custom(features, vjp=lambda w, y, bar: (1.0 - y * y) * bar)(m), Array)
assert_type(fg.loads(fg.dumps(fg.Graph.of(w)), kind=fg.Graph), fg.Graph)


@attrs.frozen
class Affine:
    """Parameters that are arrays."""

    weight: Array
    bias: Array


def error(layer: Affine, x: Array) -> float:
    """A model of a class of arrays."""
    return fg.mean((x @ layer.weight + layer.bias) ** 2)


def of_vector(v: Array) -> float:
    """The same of a vector, as a solver of SciPy wants it."""
    return error(unravel(v), a)


affine = Affine(m, a)
vector, unravel = fg.trees.ravel(affine)
assert_type(vector, Array)
assert_type(unravel(vector), Affine)
assert_type(fg.gradient(error)(affine, a), Affine)
assert_type(fg.minimize(lambda p: error(p, a), affine, fg.adam()), fg.Minimum[Affine])
assert_type(fg.minimize(lambda p: error(p, a), affine, fg.lbfgs()).params, Affine)
assert_type(fg.adam().start(affine), fg.State[Affine])
assert_type(fg.adam()(fg.adam().start(affine), affine).params.bias, Array)
assert_type(fg.gradient(of_vector)(vector), Array)


def constraints(x: Array, y: Array) -> dict[str, object]:
    assert_type(fg.equal(x, y), npt.NDArray[np.bool_])
    assert_type(fg.less_equal(x, 1.0), npt.NDArray[np.bool_])
    assert_type(fg.equal(0.0, x), npt.NDArray[np.bool_])
    return {"equal": fg.equal(x, y), "less": x <= y}


def total(x: Array) -> float:
    return fg.sum(x * x)


def at_most(x: Array) -> object:
    return x <= 1.0


assert_type(fg.nlp(total, at_most, np.array(a), bounds=(0.0, [1.0, None, 2.0])).x0, Array)
