"""Special functions on arrays, and those of `scipy.special` and numpy on nodes."""

import itertools
import math
import operator
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402  # needs numpy here
from fgrad.ops import library  # noqa: E402
from fgrad.program.tracer import traced  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
OPERATIONS = tuple(library.special().values())
NUMBERS = np.array([0.0, -0.0, 1.0, -1.5, 0.3, 2.0, np.inf, -np.inf, np.nan, 1e-310, 1e300])
each = pytest.mark.parametrize("op", OPERATIONS, ids=operator.attrgetter("name"))


@each
def test_on_arrays_it_is_the_function_on_each_element(op: Any) -> None:
    shapes = [(-1, 1, 1), (1, -1, 1), (1, 1, -1)]
    args = [NUMBERS.reshape(shape) for shape in shapes[: op.arity]]
    try:
        found = np.asarray(op(*args))
    except fg.MissingExtra as error:
        pytest.skip(str(error))
    spread = np.broadcast_arrays(*args)
    expected = [op(*map(float, x)) for x in zip(*[a.ravel() for a in spread], strict=True)]
    assert found.shape == spread[0].shape
    assert np.allclose(found.ravel(), expected, rtol=1e-13, atol=0.0, equal_nan=True)


def total(x: Any) -> Any:
    return fg.sum(x) if isinstance(x, (np.ndarray, fg.ArrayNode)) else x * 1.0


@each
def test_gradients_of_arrays_are_those_of_the_elements_to_second_order(op: Any) -> None:
    pytest.importorskip("scipy")
    order = op.name in {"jv", "iv", "kv", "yv", "gammainc", "gammaincc", "gamma_density"}
    order = order or (op.name.endswith(("_slope", "_integral")) and op.arity == 2)
    fixed = (1.0,) if order or op.name in {"beta_slope", "polygamma_gap", "zeta_log"} else ()
    rows = np.array([[0.3, 0.7, 0.9], [1.4, 1.2, 1.6], [0.2, 0.4, 0.5]])[: op.arity - len(fixed)]
    if op.name in {"zeta", "zeta_log"}:
        rows = rows + 1.5
    places = tuple(range(len(rows)))

    def first(*xs: Any) -> Any:
        slopes = fg.gradient(lambda *ys: total(op(*fixed, *ys)), argnums=places)(*xs)
        return sum((total(s) for s in slopes), 0.0)

    for f in (lambda *ys: total(op(*fixed, *ys)), first):
        got = fg.gradient(f, argnums=places)(*rows)
        for i in range(rows.shape[1]):
            one = fg.gradient(f, argnums=places)(*map(float, rows[:, i]))
            for g, s in zip(got, one, strict=True):
                assert g[i] == pytest.approx(s, rel=1e-12, nan_ok=True)


SAME = [
    "gamma",
    "beta",
    "betaln",
    "erfinv",
    "erfcinv",
    "erfcx",
    "ndtr",
    "log_ndtr",
    "ndtri",
    "logit",
    "xlogy",
    "xlog1py",
    "entr",
    "gammainc",
    "gammaincc",
    "i0",
    "i1",
    "iv",
    "j0",
    "j1",
    "jv",
    "yv",
    "k0",
    "k1",
    "kv",
    "expi",
    "exp1",
    "ellipk",
    "ellipe",
    "exp10",
]
OTHERS = {
    "gammaln": "lgamma", "expit": "sigmoid", "psi": "digamma", "digamma": "digamma", "erf": "erf",
    "erfc": "erfc", "expm1": "expm1", "log1p": "log1p", "exp2": "exp2", "cbrt": "cbrt",
    "jn": "jv", "yn": "yv", "kn": "kv", "y0": "yv", "y1": "yv", "loggamma": "where",
    "log_expit": "neg",
}  # fmt: skip
KINDS: Any = {
    "numbers": (fg.var, float),
    "arrays": (lambda x: fg.var(np.array([x, x + 0.1])), lambda x: np.array([x, x + 0.1])),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*SAME, *OTHERS])
def test_functions_of_scipy_are_ours_on_nodes(name: str, kind: str) -> None:
    special = pytest.importorskip("scipy.special")
    theirs = getattr(special, name)
    node, plain = KINDS[kind]
    orders = {"jn": 2, "yn": 2, "kn": 2, "jv": 1.5, "iv": 1.5, "kv": 1.5, "yv": 1.5}
    first = [orders[name]] if name in orders else []
    count = theirs.nin - len(first)
    got = theirs(*first, *[node(0.4 + 0.3 * i) for i in range(count)])
    assert got.op.name == OTHERS.get(name, name)
    value = theirs(*first, *[plain(0.4 + 0.3 * i) for i in range(count)])
    assert np.allclose(got.value, value, rtol=1e-14, atol=0.0)
    traced_too = theirs(*first, *[traced() for _ in range(count)])
    assert traced_too.abstract
    assert traced_too.op is got.op


def test_python_functions_of_scipy_call_what_is_ours() -> None:
    special = pytest.importorskip("scipy.special")
    x, a = fg.var(2.5), fg.var(np.array([1.5, 2.5]))
    for node in (x, a):
        assert np.allclose(special.zeta(node, 1.5).value, special.zeta(node.value, 1.5))
        assert np.allclose(special.zeta(node).value, special.zeta(node.value))
        assert np.allclose(special.lambertw(node).value, special.lambertw(node.value).real)
        ours, theirs = special.airy(node), special.airy(node.value)
        assert all(np.allclose(y.value, z) for y, z in zip(ours, theirs, strict=True))
    with pytest.raises(fg.NotAValue, match="main branch"):
        special.lambertw(x, k=-1)


@pytest.mark.parametrize("name", ["hyp2f1", "i0e", "dawsn", "betainc", "round", "gammasgn"])
def test_a_function_of_scipy_that_is_not_ours_is_refused_in_words(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    theirs = getattr(special, name)
    for node in (fg.var(0.5), fg.var(np.array([0.5])), traced()):
        with pytest.raises(fg.NotAValue, match=rf"^scipy.special's {name} needs .*node.value"):
            theirs(*[node] * theirs.nin)


def test_numpy_has_its_names_for_some() -> None:
    values = (0.4, -1.5, 2.0, 0.0)
    for value, kind in itertools.product(values, (float, lambda x: np.array([x]))):
        node = fg.var(kind(value))
        for theirs, name in ((np.sinc, "sinc"), (np.trunc, "trunc"), (np.fix, "trunc")):
            assert theirs(node).op.name == name
            assert np.allclose(theirs(node).value, theirs(kind(value)), rtol=1e-14, atol=1e-16)
        assert np.fmod(node, 1.5).op.name == "rem"
        assert np.allclose(np.fmod(node, 1.5).value, np.fmod(kind(value), 1.5))
        assert np.remainder(node, 1.5).op.name == "mod"
    pytest.importorskip("scipy")
    assert np.i0(fg.var(2.0)).value == pytest.approx(float(np.i0(2.0)))
    assert math.isclose(fg.gradient(np.sinc)(0.5), -4.0 / math.pi)
