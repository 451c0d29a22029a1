"""Models as users of numpy write them, with gradients that are known in closed form."""

from typing import Any

import attrs
import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402  # they need numpy

fg: Any = fgrad  # what is typed is tested in tests/typing
RANDOM = np.random.default_rng(7)


@attrs.frozen
class Softmax:
    weight: Any
    bias: Any


ROWS, LABELS = RANDOM.normal(size=(30, 4)), RANDOM.integers(0, 3, 30)


def surprise(model: Softmax) -> Any:
    scores = ROWS @ model.weight + model.bias
    log_shares = scores - fg.logsumexp(scores, axis=1, keepdims=True)
    return -fg.mean(log_shares[np.arange(30), LABELS])


def test_softmax_regression() -> None:
    model = Softmax(RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3))
    slope = fg.gradient(surprise)(model)
    shares = np.exp(ROWS @ model.weight + model.bias)
    excess = (shares / shares.sum(1, keepdims=True) - np.eye(3)[LABELS]) / 30
    assert np.allclose(slope.weight, ROWS.T @ excess, rtol=1e-12)
    assert np.allclose(slope.bias, excess.sum(0), rtol=1e-12)
    found = fg.minimize(surprise, Softmax(np.zeros((4, 3)), np.zeros(3)), fg.adam(0.1), 3000)
    assert found.converged
    shares = fg.softmax(ROWS @ found.params.weight + found.params.bias)
    assert np.allclose(shares.sum(0), np.bincount(LABELS), atol=1e-3)  # as many as there are


SERIES = np.cumsum(RANDOM.normal(size=60))


def test_an_autoregressive_model_is_fitted_as_linear_least_squares() -> None:
    pasts = np.stack([SERIES[1:-1], SERIES[:-2]], axis=1)
    error = lambda c: fg.mean((SERIES[2:] - pasts @ c) ** 2)
    wanted = np.linalg.lstsq(pasts, SERIES[2:], rcond=None)[0]
    found = fg.minimize(error, np.zeros(2), fg.adam(0.05), 2000, tolerance=1e-9)
    assert np.allclose(found.params, wanted, atol=1e-6)
    (bend,) = fg.hessian(error)(wanted)
    assert np.allclose(bend, 2.0 * pasts.T @ pasts / 58, rtol=1e-12)


def test_an_autoregressive_filter_is_the_inverse_of_a_matrix() -> None:
    """y[t] = a y[t-1] + b y[t-2] + u[t] is L y = u, so the adjoint of u is the solution of L^T."""

    def filtered(c: Any, u: Any) -> Any:
        out = [0.0, 0.0]
        for value in u:
            out.append(c[0] * out[-1] + c[1] * out[-2] + value)
        return fg.stack(out[2:])

    c, u, bar = np.array([0.4, 0.3]), RANDOM.normal(size=20), RANDOM.normal(size=20)
    lower = np.eye(20) - c[0] * np.eye(20, k=-1) - c[1] * np.eye(20, k=-2)
    y = np.linalg.solve(lower, u)
    assert np.allclose(filtered(c, u), y, rtol=1e-12)
    c_bar, u_bar = fg.gradient(lambda c, u: filtered(c, u) @ bar, argnums=(0, 1))(c, u)
    adjoint = np.linalg.solve(lower.T, bar)
    assert np.allclose(u_bar, adjoint, rtol=1e-12)
    assert np.allclose(c_bar, [adjoint[1:] @ y[:-1], adjoint[2:] @ y[:-2]], rtol=1e-12)


def bilinear(image: Any, rows: Any, columns: Any) -> Any:
    known: Any = lambda place: np.asarray(getattr(place, "value", place))
    i = np.clip(np.floor(known(rows)).astype(int), 0, image.shape[0] - 2)
    j = np.clip(np.floor(known(columns)).astype(int), 0, image.shape[1] - 2)
    down, right = rows - i, columns - j
    above = image[i, j] * (1.0 - right) + image[i, j + 1] * right
    below = image[i + 1, j] * (1.0 - right) + image[i + 1, j + 1] * right
    return above * (1.0 - down) + below * down


def test_bilinear_interpolation_in_an_image() -> None:
    image = RANDOM.normal(size=(6, 7))
    rows, columns, bar = RANDOM.uniform(0, 5, 40), RANDOM.uniform(0, 6, 40), RANDOM.normal(size=40)
    row_hats = np.maximum(1.0 - abs(rows[:, None] - np.arange(6)), 0.0)
    column_hats = np.maximum(1.0 - abs(columns[:, None] - np.arange(7)), 0.0)
    wanted = np.einsum("kr,kc,rc->k", row_hats, column_hats, image)
    assert np.allclose(bilinear(image, rows, columns), wanted, rtol=1e-12)
    of = lambda *args: bilinear(*args) @ bar
    by_image, by_rows, by_columns = fg.gradient(of, argnums=(0, 1, 2))(image, rows, columns)
    assert np.allclose(by_image, np.einsum("k,kr,kc->rc", bar, row_hats, column_hats), atol=1e-12)
    down = np.sign(np.arange(6) - rows[:, None]) * (row_hats > 0.0)
    across = np.sign(np.arange(7) - columns[:, None]) * (column_hats > 0.0)
    assert np.allclose(by_rows, bar * np.einsum("kr,kc,rc->k", down, column_hats, image))
    assert np.allclose(by_columns, bar * np.einsum("kr,kc,rc->k", row_hats, across, image))


def test_a_graph_smoother_with_an_adjacency_matrix() -> None:
    links = np.triu(RANDOM.uniform(size=(8, 8)) < 0.5, 1).astype(float)
    links, y = links + links.T, RANDOM.normal(size=8)
    laplacian = np.diag(links.sum(1)) - links

    def roughness(x: Any) -> Any:
        return fg.sum((x - y) ** 2) + 0.5 * fg.sum(links * (x[:, None] - x) ** 2)

    def smoothed(weights: Any) -> Any:
        return fg.solve(np.eye(8) + np.diag(weights.sum(axis=1)) - weights, y)

    smooth = smoothed(links)
    assert np.allclose(fg.gradient(roughness)(smooth), 0.0, atol=1e-12)
    assert np.allclose(fg.hessian(roughness)(y)[0], 2.0 * (np.eye(8) + laplacian), atol=1e-12)
    slope = fg.gradient(lambda w: fg.sum(smoothed(w) ** 2))(links)
    adjoint = np.linalg.solve(np.eye(8) + laplacian, 2.0 * smooth)
    assert np.allclose(slope, np.outer(adjoint, smooth) - (adjoint * smooth)[:, None], rtol=1e-10)


def test_portfolio_risk_with_a_covariance_matrix() -> None:
    root = RANDOM.normal(size=(5, 5))
    covariance, w = root @ root.T, RANDOM.uniform(size=5)
    risk: Any = lambda w, c: fg.sqrt(w @ c @ w)
    by_shares, by_covariance = fg.gradient(risk, argnums=(0, 1))(w, covariance)
    total = np.sqrt(w @ covariance @ w)
    assert np.allclose(by_shares, covariance @ w / total, rtol=1e-12)
    assert np.allclose(by_covariance, np.outer(w, w) / (2.0 * total), rtol=1e-12)
    assert np.isclose(w @ by_shares, total)  # the contributions are the risk
    free = fg.minimize(lambda z: risk(fg.softmax(z), covariance), np.zeros(5), fg.adam(0.2), 1000)
    shares = fg.softmax(free.params)
    slopes = covariance @ shares
    held = shares > 1e-3
    assert np.allclose(slopes[held], slopes[held].mean(), rtol=1e-2)  # what is held, helps alike
    assert slopes[~held].min(initial=np.inf) > 0.99 * slopes[held].mean()
