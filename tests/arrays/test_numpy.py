"""numpy's functions and methods on nodes: numpy's values, or a word on what to write; none is forgotten."""

import inspect
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays.numpy_table import ADVICE, FUNCTIONS  # noqa: E402  # it needs numpy
from tests.samples.numpy_calls import SAME, arguments  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing

# Where we add or multiply in another order than numpy, for the sake of derivatives or of speed.
LAST_PLACE = (
    "where",
    "prod",
    "cumprod",
    "multiply.reduce",
    "inner",
    "einsum",
    "nanprod",
    "kron",
    "methods",
)

# Functions of numpy that ask arrays only for what they are `like`, or are of other rooms than ours.
ELSEWHERE = frozenset(
    [
        "arange",
        "array",
        "asanyarray",
        "asarray",
        "ascontiguousarray",
        "asfortranarray",
        "empty",
        "eye",
        "frombuffer",
        "fromfile",
        "fromfunction",
        "fromiter",
        "fromstring",
        "full",
        "genfromtxt",
        "identity",
        "loadtxt",
        "ones",
        "require",
        "tri",
        "zeros",
        "busday_count",
        "busday_offset",
        "is_busday",
        "datetime_as_string",
        "can_cast",
        "common_type",
        "min_scalar_type",
        "diag_indices_from",
        "einsum_path",
        "ix_",
        "packbits",
        "unpackbits",
        "ravel_multi_index",
        "unravel_index",
        "real_if_close",
        "sort_complex",
        "poly",
        "polyadd",
        "polyder",
        "polydiv",
        "polyint",
        "polymul",
        "polysub",
    ]
)


# What says something of an array, or gives it as it is: attributes are shorter.
WITHOUT_A_HINT = frozenset((
    "array2string", "array_repr", "array_str", "astype", "copy", "empty_like", "imag",
    "iscomplex", "iscomplexobj", "isreal", "isrealobj", "may_share_memory", "ndim", "real",
    "result_type", "shape", "shares_memory", "size",
))  # fmt: skip


@pytest.mark.parametrize("call", SAME, ids=lambda call: call[0])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_call_of_numpy_on_nodes_has_the_value_that_numpy_gives(call: Any) -> None:
    name, f = call
    args = arguments()
    expected = f(*args)
    found = f(*map(fg.var, args))
    value = getattr(found, "value", found)
    assert np.shape(value) == np.shape(expected)
    if name.startswith(LAST_PLACE) or " where" in name:
        assert np.allclose(value, expected, rtol=1e-14, atol=1e-15, equal_nan=True)
    else:
        assert np.array_equal(value, expected, equal_nan=True)


def test_what_gives_nodes_gives_no_arrays_of_objects() -> None:
    xs = [*map(fg.var, arguments())]
    for name, f in SAME:
        found = f(*xs)
        assert not (isinstance(found, np.ndarray) and found.dtype == object), name


def test_no_function_of_numpy_is_forgotten() -> None:
    if np.__version__ < "2":
        pytest.skip("it has names that numpy has dropped since")
    overrides = pytest.importorskip("numpy.testing.overrides")
    every = overrides.get_overridable_numpy_array_functions()
    ours = {f for f in every if f.__module__ in ("numpy", "numpy.lib.stride_tricks")}
    left = {f.__name__ for f in ours - FUNCTIONS.keys()} - ADVICE.keys() - ELSEWHERE
    assert not left


def test_a_name_that_is_not_ours_leads_to_numpys() -> None:
    for f in FUNCTIONS:
        name = f.__name__
        if hasattr(np, name) and not hasattr(fgrad, name) and name not in WITHOUT_A_HINT:
            with pytest.raises(AttributeError, match=r"did you mean (np\.|fg\.)"):
                getattr(fgrad, name)


def test_arguments_have_the_names_and_the_order_that_numpy_gives_them() -> None:
    from fgrad.arrays.numpy_table import _OURS  # noqa: PLC0415  # the table itself

    if np.__version__ < "2":
        pytest.skip("it has arguments that numpy has dropped since")
    for name, (_, names) in _OURS.items():
        called = np
        for part in name.split("."):
            called = getattr(called, part, None)
        try:
            parameters = inspect.signature(called).parameters
        except (TypeError, ValueError):
            continue  # not there, or written in C and of no signature
        theirs = [
            p for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        listed = [text.partition("=")[0].strip("[]") for text in names.split()]
        for place, p in enumerate(theirs[1:], 1):
            if names and p.kind is p.POSITIONAL_OR_KEYWORD:
                assert listed[place] == p.name, (name, p.name)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "min", "std"])
def test_our_functions_numpys_and_methods_take_the_same(name: str) -> None:
    m = arguments()[1]
    mask = m > -1.0
    options: list[dict[str, Any]] = [
        {}, {"axis": 0}, {"axis": (0, 1)}, {"axis": -1, "keepdims": True}, {"axis": 1, "where": mask},
    ]  # fmt: skip
    if name in ("sum", "prod", "max", "min"):
        options = [{**how, "initial": 0.5} for how in options]
    x = fg.var(m)
    for how in options:
        ours, theirs, method = (
            getattr(fg, name)(x, **how),
            getattr(np, name)(x, **how),
            getattr(x, name)(**how),
        )
        plain = getattr(fg, name)(m, **how)
        for other in (theirs.value, method.value, plain):
            assert np.array_equal(ours.value, other)


def test_the_sum_and_product_of_a_number_are_the_number() -> None:
    assert fg.sum(2.0) == fg.prod(2) == fg.sum(np.float64(2.0)) == 2.0
    assert fg.gradient(lambda x: fg.sum(x) * fg.prod(x))(3.0) == 6.0
    assert fg.compile(lambda x: fg.sum(x) * fg.prod(x))(3.0) == 9.0
    for wrong in ({"axis": 0}, {"initial": 1.0}, {"where": False}):
        with pytest.raises(fg.NotAValue, match="needs an array"):
            fg.sum(2.0, **wrong)


def test_lists_are_arrays_where_whole_arrays_are_asked_for() -> None:
    a, b = fg.var(1.0, "a"), fg.var(2.0, "b")
    assert fg.logsumexp([a, b]).value == fg.logsumexp(np.array([1.0, 2.0]))
    assert fg.max([[a, 3.0], [b, 0.0]], axis=1).value.tolist() == [3.0, 2.0]
    assert np.dot([1.0, 2.0], fg.stack([a, b])).value == 5.0
    assert (fg.stack([a, b]) @ [1.0, 2.0]).value == 5.0
    assert np.maximum(fg.stack([a, b]), [0.0, 5.0]).value.tolist() == [1.0, 5.0]
    y = fg.max([a * a, b * b])
    assert fg.grad(fg.Graph.of(y), y)[b] == 4.0


def test_conditions_are_joined_and_reduced_to_conditions() -> None:
    x = fg.var(np.array([[1.0, -2.0], [3.0, 4.0]]), "x")
    for found, expected in (
        ((x > 0.0).all(), False), ((x > 0.0).any(), True), (np.all(x > 0.0, axis=1), [False, True]),
        (np.any(x < 0.0, axis=0, keepdims=True), [[False, True]]), (np.isclose(x, 1.0)[0], [True, False]),
        (np.concatenate([x > 0.0, x < 0.0], axis=1)[0], [True, False, False, True]),
        (np.stack([(x > 0.0)[0], (x > 3.0)[1]]), [[True, False], [False, True]]),
    ):  # fmt: skip
        assert isinstance(found, fg.Condition)
        assert np.array_equal(found.value, expected)
    assert [c.value.tolist() for c in x > 0.0] == [[True, False], [True, True]]
    with pytest.raises(fg.SilentDetach):
        bool((x > 0.0).all())
    y = fg.where((x > 0.0).any(), fg.sum(x * x), 0.0)
    assert fg.grad(fg.Graph.of(y), y)[x].tolist() == [[2.0, -4.0], [6.0, 8.0]]


def test_a_number_is_indexed_as_an_array_of_no_dimension() -> None:
    x = fg.var(2.0, "x")
    for key in (..., (), None, (None, ...)):
        expected = np.asarray(2.0)[key]
        found = fg.at(x)[key].get()
        assert np.array_equal(found.value, expected)
        assert np.shape(found.value) == np.shape(expected)


def test_the_array_api_has_its_names() -> None:
    x = fg.var(np.arange(6.0).reshape(2, 3))
    if not hasattr(np, "permute_dims"):
        pytest.skip("this numpy has not")
    assert np.permute_dims(x, (1, 0)).shape == np.matrix_transpose(x).shape == x.mT.shape == (3, 2)
    assert np.concat([x, x]).shape == (4, 3)
    assert np.vecdot(x, x).value.tolist() == np.linalg.vecdot(x, x).value.tolist() == [5.0, 50.0]
    assert np.pow(np.acos(np.cos(x / 6.0)), 2.0).shape == (2, 3)
    if hasattr(np, "cumulative_sum"):
        assert np.cumulative_sum(x, axis=1, include_initial=True).value.tolist() == [
            [0.0, 0.0, 1.0, 3.0],
            [0.0, 3.0, 7.0, 12.0],
        ]
        assert [row.value.tolist() for row in np.unstack(x)] == x.value.tolist()
        assert np.clip(x, min=1.0, max=2.0).value.max() == 2.0
        assert np.var(x, correction=1).value == np.var(x.value, ddof=1)


def test_xarray_keeps_a_node_whole() -> None:
    xarray = pytest.importorskip("xarray")
    x = fg.var(np.array([1.0, 2.0]))
    held = xarray.DataArray(np.ones(2)) + x
    assert isinstance(held.data, fg.ArrayNode)
    with pytest.raises(fg.SilentDetach):
        _ = held.values
