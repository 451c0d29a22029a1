"""What arrays may be as arguments, tangents and results of transforms, one kind after the other."""

from typing import Any

import attrs
import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad import trees  # noqa: E402  # they need numpy

fg: Any = fgrad  # what is typed is tested in tests/typing
A = np.array([1.0, 2.0, 3.0])
INTS, MASK = np.array([1, 2, 3]), np.array([True, False, True])


@attrs.frozen
class Masked:
    w: Any
    mask: Any = attrs.field(metadata=trees.STATIC)


@attrs.frozen
class Unmarked:
    w: Any
    mask: Any


def masked(p: Any) -> Any:
    return fg.sum(fg.where(p.mask, p.w * p.w, 0.0))


def same(x: Any, y: Any) -> bool:
    return bool(np.array_equal(np.asarray(x), np.asarray(y)) and np.shape(x) == np.shape(y))


def test_whole_numbers_are_data_and_have_a_gradient_of_float64() -> None:
    slope = fg.gradient(lambda x: fg.sum(x * x))(INTS)
    assert slope.dtype == np.float64
    assert same(slope, 2.0 * INTS)
    both = fg.gradient(lambda x, k: fg.sum(x * k), argnums=(0, 1))(A, INTS)
    assert same(both[0], INTS)
    assert same(both[1], A)
    assert same(fg.jvp(lambda x: x * x)(A, INTS)[1], 2.0 * A * INTS)


def test_an_argument_that_is_not_differentiated_is_what_it_was() -> None:
    assert same(fg.gradient(lambda x, i: fg.sum(x[i - 1] * x))(A, INTS), 2.0 * A)
    assert same(fg.gradient(lambda x, m: fg.sum(fg.where(m, x, 0.0)))(A, MASK), [1.0, 0.0, 1.0])


def test_truth_values_are_no_parameters_and_the_error_says_what_to_do() -> None:
    for f, args, name in (
        (lambda x, m: fg.sum(fg.where(m, x, 0.0)), (A, MASK), "m"),
        (masked, (Unmarked(A, MASK),), "p.mask"),
    ):
        with pytest.raises(fg.NotAValue) as refused:
            fg.gradient(f, argnums=tuple(range(len(args))))(*args)
        assert refused.value.where == name
        assert "truth values of shape (3,)" in str(refused.value)
        assert "trees.STATIC" in str(refused.value)


def test_a_static_field_may_be_an_array() -> None:
    p, q = Masked(A, MASK), Masked(INTS * 1.0, MASK.copy())
    slope = fg.gradient(masked)(p)
    assert same(slope.w, [2.0, 0.0, 6.0])
    assert slope.mask is MASK
    assert fg.jvp(masked)(p, q)[1] == 2.0 + 18.0
    assert same(trees.map(lambda a, b: a + b, p, q).w, 2.0 * A)
    assert same(fg.hvp(masked)(p, q).w, [2.0, 0.0, 6.0])
    (rows,) = fg.hessian(masked)(p).rows[0].w[None]
    assert same(rows, np.diag([2.0, 0.0, 2.0]))
    found = fg.minimize(lambda p: masked(Masked(p.w - 1.0, p.mask)), p, fg.adam(0.1), steps=300)
    assert np.allclose(found.params.w, [1.0, 2.0, 1.0], atol=1e-3)
    for other in (~MASK, MASK[:2], MASK.astype(float), [True, False, True]):
        with pytest.raises(fg.TreeMismatch) as refused:
            fg.jvp(masked)(p, Masked(A, other))
        assert "\n" not in str(refused.value)
    assert trees.flatten(p)[1] == trees.flatten(q)[1]
    assert hash(trees.flatten(p)[1]) == hash(trees.flatten(q)[1])
    assert trees.flatten(p)[1] != trees.flatten(Masked(A, ~MASK))[1]


def test_truth_values_among_results_have_zeros() -> None:
    f = lambda x: {"large": x > 1.5, "x": x, "any": fg.sum(x) > 0.0}
    for mode in ("forward", "reverse"):
        rows = fg.jacobian(f, mode)(A)
        for row, shape in zip(rows, ((3, 3), (3, 3), (3,)), strict=True):
            assert row.shape == shape
            assert row.dtype == np.float64
        assert not rows[0].any()
        assert not rows[2].any()
    value, move = fg.jvp(f)(A, A)
    assert same(value["large"], A > 1.5)
    assert same(move["large"], np.zeros(3))
    assert move["large"].dtype == np.float64
    assert move["any"] == 0.0
    back = fg.vjp(f)(A)[1]({"large": MASK, "x": A, "any": True})
    assert same(back, A)


def test_results_that_are_plain_arrays_have_zeros() -> None:
    f = lambda x: (INTS, A, 2.0, fg.sum(x))
    for mode in ("forward", "reverse"):
        rows = fg.jacobian(f, mode)(A)
        assert [row.shape for row in rows] == [(3, 3), (3, 3), (3,), (3,)]
        assert not rows[0].any()
    values, moves = fg.jvp(f)(A, A)
    assert same(values[0], A)
    assert same(moves[0], np.zeros(3))


@pytest.mark.parametrize("shape", [(0,), (2, 0), (1,), (1, 1)])
def test_empty_arrays_and_arrays_of_one_are_arrays(shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    f = lambda x: fg.sum(x * x)
    assert same(fg.gradient(f)(x), 2.0 * x)
    assert same(fg.hvp(f)(x, x), 2.0 * x)
    (bend,) = fg.hessian(f)(x)
    assert bend.shape == shape + shape
    for mode in ("forward", "reverse"):
        (row,) = fg.jacobian(lambda x: x * fg.sum(x), mode)(x)
        assert row.shape == shape + shape
        (row,) = fg.jacobian(lambda x: fg.sum(x) * A, mode)(x)
        assert row.shape == (3, *shape)
    assert same(fg.taylor(lambda x: x * x, 2)(x)[1], 2.0 * x)
    fg.check_gradient(f, x)
    with pytest.raises(fg.NotDifferentiable):
        fg.gradient(lambda x: x * x)(x)


def test_an_array_of_no_dimension_is_a_number() -> None:
    for x in (np.array(3.0), np.float64(3.0), np.array(3), np.int64(3)):
        slope = fg.gradient(lambda x: x * x)(x)
        assert type(slope) is float
        assert slope == 6.0
    assert fg.jvp(lambda x: x * x)(3.0, np.array(1.0)) == (9.0, 6.0)


def test_places_are_variables_and_nodes_are_not() -> None:
    f = lambda p: fg.sum(p[0] * p[1] * p[1])
    for x, read in ((A, np.asarray), (fg.var(A), lambda node: node.value)):
        first, second = map(read, fg.gradient(f)((x, x)))
        assert same(first, A * A)
        assert same(second, 2.0 * A * A)
    (row,) = fg.jacobian(lambda p: p[0] * p[1])((A, A))
    assert same(row[0], np.diag(A))
    value, slope = fg.value_and_gradient(lambda a, b: fg.sum(a * b), argnums=(0, 1))(A, A)
    assert value == 14.0
    assert same(slope[0], A)


def test_nodes_from_outside_are_seen_through() -> None:
    x, ones = fg.var(A, "x"), np.ones(3)
    for made in (
        fg.gradient(lambda w: fg.sum(w * x * x))(A),
        fg.jvp(lambda w: w * x * x)(A, ones)[1],
        fg.vjp(lambda w: w * x * x)(A)[1](ones),
        fg.jacobian(lambda w: fg.sum(w * x * x))(A)[0],
        fg.taylor(lambda t: t * x * x, 1)(1.0)[1],
    ):
        assert isinstance(made, fg.Node)
        assert same(made.value, A * A)
        total = fg.sum(made)
        known = 2.0 * A
        slope = fg.grad(fg.Graph.of(total), total)[x]
        assert same(slope, known)


def test_argnums_in_all_forms() -> None:
    f = lambda a, b, s=2.0: fg.sum(a * a * b) * s
    expected = (4.0 * A * A, 2.0 * A * A, float((A**3).sum()))
    for argnums, wanted in ((0, 0), (1, 1), (-1, 2), (-2, 1), ((1, 0), (1, 0)), ((0, -1), (0, 2))):
        got = fg.gradient(f, argnums=argnums)(A, A, 2.0)
        pairs = zip(got, wanted, strict=True) if isinstance(wanted, tuple) else [(got, wanted)]
        for slope, place in pairs:
            assert np.allclose(slope, expected[place])
    assert np.allclose(fg.gradient(f, argnums=1)(A, b=A), expected[1])
    assert np.isclose(fg.gradient(f, argnums=2)(A, A), expected[2])
    bend = fg.hessian(f, argnums=(0, 1))(A, A)
    assert [[leaf.shape for leaf in row] for row in bend] == [[(3, 3), (3, 3)]] * 2


WRONG: tuple[tuple[str, Any, Any, type[Exception], str], ...] = (
    ("a number", 1.0, A, fgrad.ShapeMismatch, r"shape \(\).*shape \(3,\)"),
    ("another shape", A[:2], A, fgrad.ShapeMismatch, r"shape \(2,\).*shape \(3,\)"),
    ("an array for a number", A, 2.0, fgrad.ShapeMismatch, r"shape \(3,\).*shape \(\)"),
    ("a list", [1.0, 2.0, 3.0], A, fgrad.TreeMismatch, "a leaf; got a list"),
    ("truth values", MASK, A, fgrad.NotAValue, "bool|truth values"),
    ("float32", A.astype(np.float32), A, fgrad.NotAValue, "float32"),
)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[0])
def test_tangents_and_cotangents_have_the_shape_of_what_they_are_of(case: Any) -> None:
    _, given, x, error, said = case
    with pytest.raises(error, match=said):
        fg.jvp(lambda x: x * x)(x, given)
    with pytest.raises(error, match=said):
        fg.vjp(lambda x: x * x)(x)[1](given)
    with pytest.raises(error, match=said):
        fg.hvp(lambda x: fg.sum(x * x) if x.rank == 1 else x * x)(x, given)


RULES: tuple[tuple[str, Any, type[Exception], str], ...] = (
    ("another shape", lambda x, y, bar: bar[:2], fgrad.ShapeMismatch, r"vjp.*\(2,\)"),
    ("a number", lambda x, y, bar: 1.0, fgrad.ShapeMismatch, r"vjp.*shape \(\)"),
    ("an int", lambda x, y, bar: 1, fgrad.ShapeMismatch, r"vjp.*shape \(\)"),
    ("a list", lambda x, y, bar: [1.0, 2.0, 3.0], fgrad.TreeMismatch, "result of vjp.*a list"),
    ("float32", lambda x, y, bar: np.ones(3, np.float32), fgrad.NotAValue, "float32"),
    ("truth values", lambda x, y, bar: MASK, fgrad.NotAValue, "bool|truth values"),
    ("nothing", lambda x, y, bar: None, fgrad.TreeMismatch, "result of vjp"),
)


@pytest.mark.parametrize("case", RULES, ids=lambda case: case[0])
def test_a_rule_of_a_custom_function_that_gives_something_else_is_refused(case: Any) -> None:
    _, rule, error, said = case
    double = fg.custom(lambda x: 2.0 * x, vjp=rule)
    with pytest.raises(error, match=said):
        fg.gradient(lambda x: fg.sum(double(x)))(A)
    forward = fg.custom(lambda x: 2.0 * x, jvp=rule)
    with pytest.raises(error, match=said.replace("vjp", "jvp")):
        fg.jvp(forward)(A, A)
    with pytest.raises(error, match=said.replace("vjp", "jvp")):
        fg.gradient(lambda x: fg.sum(forward(x)))(A)


def test_a_rule_may_give_whole_numbers_as_data() -> None:
    double = fg.custom(lambda x: 2.0 * x, vjp=lambda x, y, bar: np.full(3, 2))
    slope = fg.gradient(lambda x: fg.sum(double(x)))(A)
    assert same(slope, np.full(3, 2.0))
    assert slope.dtype == np.float64


def test_custom_functions_of_trees_of_arrays_and_numbers() -> None:
    def f(p: Any) -> Any:
        return {"y": p.w * p.mask, "n": float(np.sum(p.w))}

    def vjp(p: Any, y: Any, bar: Any) -> Any:
        return Unmarked(bar["y"] * p.mask + bar["n"], fg.sum(bar["y"] * p.w))

    ours = fg.custom(f, vjp=vjp)
    loss = lambda p: fg.sum(ours(p)["y"] ** 2.0) * ours(p)["n"]
    plain = lambda p: fg.sum((p.w * p.mask) ** 2.0) * fg.sum(p.w)
    point = Unmarked(A, 0.5)
    for transform in (fg.gradient, lambda f: lambda p: fg.hvp(f)(p, p)):
        got, expected = transform(loss)(point), transform(plain)(point)
        assert np.allclose(got.w, expected.w)
        assert np.isclose(got.mask, expected.mask)
    fg.check_gradient(loss, point)


def test_check_gradient_says_what_is_wrong_with_arrays() -> None:
    wrong = fg.custom(lambda x: x * x, vjp=lambda x, y, bar: bar * x)
    with pytest.raises(fg.GradientMismatch, match="order 1"):
        fg.check_gradient(lambda p: fg.sum(wrong(p["w"])) * p["s"], {"w": A, "s": 2.0})
    with pytest.raises(fg.NotDifferentiable):
        fg.check_gradient(lambda x: x * x, A)
    with pytest.raises(fg.NotAValue, match="truth values"):
        fg.check_gradient(lambda x, m: fg.sum(fg.where(m, x, 0.0)), A, MASK)
    fg.check_gradient(lambda x, m: fg.sum(fg.where(m, x * x, 0.0)), A, MASK, argnums=0)
