"""Python's protocols: whose operators are asked, what counts as a number, what Python asks besides."""

import itertools
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

import pytest

import fgrad as fg
from fgrad.program.tracer import traced

loose: Any = fg

ARITHMETIC: Final = ("add", "sub", "mul", "truediv", "pow", "mod")
MORE: Final = ("floordiv", "divmod", "matmul", "and", "or", "xor")
ORDER: Final = (("lt", "gt"), ("le", "ge"), ("gt", "lt"), ("ge", "le"), ("eq", "eq"), ("ne", "ne"))


def operated(name: str, left: Any, right: Any) -> Any:
    if name == "divmod":
        return divmod(left, right)
    return getattr(operator, f"__{name}__")(left, right)


def methods() -> dict[str, Any]:
    """Methods that say what they were asked."""

    def method(name: str) -> Callable[[Any, object], tuple[str, object]]:
        return lambda self, other: (name, other)

    names = [f"{r}{name}" for name in (*ARITHMETIC, *MORE) for r in ("", "r")]
    names += [name for name, _ in ORDER]
    return {"__hash__": object.__hash__, **{f"__{name}__": method(name) for name in names}}


Vector: Any = type("Vector", (), methods())
"""What a user wrote: it knows all operators, on both sides."""


class Declines:
    """It has the methods, and wants none of them."""

    def __mul__(self, other: object) -> Any:
        return NotImplemented

    __rmul__ = __add__ = __radd__ = __lt__ = __gt__ = __mul__


class Pair(NamedTuple):
    """A vector as a tuple, with a product of its own."""

    x: float
    y: float

    def __rmul__(self, scale: Any) -> Any:
        return Pair(scale * self.x, scale * self.y)


class Plain(NamedTuple):
    """A tuple with the methods of tuples alone."""

    x: float


class Unwilling:
    """It says that it has no product."""

    __rmul__ = None


def subjects() -> list[Any]:
    x, t = fg.var(2.0, "x"), traced("t")
    return [x, x < 3.0, t, t < 3.0]


KINDS: Final = ("node", "condition", "traced number", "traced condition")


@pytest.mark.parametrize("subject", subjects(), ids=KINDS)
@pytest.mark.parametrize("name", [*ARITHMETIC, *MORE])
def test_a_class_of_a_users_own_has_its_turn(name: str, subject: Any) -> None:
    assert operated(name, subject, Vector()) == (f"r{name}", subject)
    assert operated(name, Vector(), subject) == (name, subject)


@pytest.mark.parametrize("subject", subjects(), ids=KINDS)
@pytest.mark.parametrize(("name", "mirrored"), ORDER)
def test_so_it_is_with_comparisons(name: str, mirrored: str, subject: Any) -> None:
    assert operated(name, subject, Vector()) == (mirrored, subject)
    assert operated(name, Vector(), subject) == (name, subject)


def test_a_vector_of_nodes_is_scaled_from_both_sides() -> None:
    x = fg.var(3.0)
    p = x * Pair(1.0, 2.0)
    assert [p.x.value, p.y.value] == [3.0, 6.0]
    assert fg.gradient(lambda a: (a * Pair(1.0, 2.0)).y)(5.0) == 2.0
    compiled = fg.compile(lambda a: (a * Pair(1.0, 2.0)).y, backend="python")
    assert compiled(5.0) == 10.0


def test_who_declines_leaves_it_to_python() -> None:
    for subject in subjects():
        for sign in (operator.mul, operator.add, operator.lt):
            with pytest.raises(TypeError):
                sign(subject, Declines())
            with pytest.raises(TypeError):
                sign(Declines(), subject)


def test_functions_ask_nobody() -> None:
    for subject in subjects():
        for op, place in itertools.product((fg.mul, fg.add, fg.hypot, fg.less), (0, 1)):
            args = (subject, Vector()) if place else (Vector(), subject)
            loosely: Any = op
            with pytest.raises(fg.NotAValue):
                loosely(*args)


PLAIN: Final[list[Any]] = ["s", None, [1.0], (1.0,), {1.0}, {"a": 1.0}, b"s", object(), Plain(1.0)]
PLAIN_NUMBERS: Final[list[Any]] = [Decimal(2), 1j, Unwilling(), True]


@pytest.mark.parametrize("other", [*PLAIN, *PLAIN_NUMBERS], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("name", [*ARITHMETIC, "lt", "le", "gt", "ge"])
def test_what_has_no_method_of_its_own_is_refused_in_our_words(name: str, other: Any) -> None:
    for subject in subjects():
        for pair in ((subject, other), (other, subject)):
            if name == "mod" and isinstance(pair[0], (str, bytes)):
                continue  # a text formats whatever comes
            with pytest.raises(fg.NotAValue) as caught:
                operated(name, *pair)
            assert caught.value.advice


def reals() -> list[Any]:
    kinds: list[Any] = [2, 2.0, Fraction(2), type("Mine", (float,), {})(2.0)]
    numpy = pytest.importorskip("numpy", reason="numpy is an extra")
    names = "float64 float32 float16 longdouble int64 int32 int8 uint8 uint64"
    return kinds + [getattr(numpy, name)(2) for name in names.split()]


def same(x: Any, y: Any) -> bool:
    """The same numbers, as floats and nothing else."""
    if isinstance(x, tuple):
        return type(y) is tuple and all(map(same, x, y))
    return type(x) is type(y) is float and x == y


def literals(node: Any) -> list[Any]:
    return [a for a in node.args if not isinstance(a, fg.Node)]


def test_every_real_number_is_a_number_to_an_operator() -> None:
    for subject, number, name in itertools.product(
        (fg.var(3.0), traced()), reals(), [*ARITHMETIC, "lt", "le", "gt", "ge"]
    ):
        for pair, plain in (
            ((subject, number), (subject, 2.0)),
            ((number, subject), (2.0, subject)),
        ):
            got, wanted = operated(name, *pair), operated(name, *plain)
            assert isinstance(got, fg.Node)
            assert (got.op, got.args) == (wanted.op, wanted.args)
            assert [type(a) for a in literals(got)] == [float]


USES: Final[list[Callable[[Any], Any]]] = [
    lambda n: loose.var(n).value,
    loose.sin,
    lambda n: loose.maximum(n, 1.0),
    lambda n: loose.clip(3.0, 1.0, n),
    lambda n: loose.where(True, n, 1.0),
    lambda n: loose.sum([n]),
    lambda n: loose.dot([n], [n]),
    lambda n: loose.trees.flatten({"a": n})[0][0] + 0.0,
    lambda n: loose.gradient(lambda p: p["a"] ** 3)({"a": n})["a"],
    lambda n: loose.value_and_gradient(lambda x: n)(1.0),
    lambda n: loose.gradient(lambda x: x * n)(1.0),
    lambda n: loose.jvp(lambda x: x * x)(n, n),
    lambda n: loose.vjp(lambda x: x * x)(n)[1](n),
    lambda n: loose.hvp(lambda x: x**3)(n, n),
    lambda n: loose.hessian(lambda x: x**3)(n).matrix[0],
    lambda n: loose.jacobian(lambda x: (x, n * x))(n).matrix[1],
    loose.taylor(lambda x: x**3, 3),
    lambda n: loose.taylor(lambda x: n, 1)(1.0),
    lambda n: loose.compile(lambda x, y: x * y + n, backend="python")(n, 1.5),
    lambda n: loose.compile(lambda x, y: x * y, backend="reference")(n, y=n),
    lambda n: loose.compile(lambda p: p["a"] * n, backend="python")({"a": n}),
    lambda n: loose.trace(lambda x: x * n)(n).run((n,))[0],
    lambda n: loose.root(lambda x, a: x * x - a, n)(n),
]


@pytest.mark.parametrize("use", range(len(USES)))
def test_every_real_number_is_a_number_everywhere(use: int) -> None:
    wanted = USES[use](2.0)
    for number in reals():
        assert same(wanted, USES[use](number)), type(number)


def test_every_real_number_is_a_number_to_native_code_and_over_rows() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is an extra")
    pytest.importorskip("llvmlite", reason="llvmlite is an extra")
    f = loose.compile(lambda p, y: p["a"] * y, backend="native")
    column = numpy.array([1.0, 2.0])
    for number in reals():
        assert same(f({"a": number}, number), 4.0)
        assert f.map({"a": number}, column).tolist() == [2.0, 4.0]
        assert f.sum({"a": column}, number) == 6.0


def test_a_truth_value_of_numpy_is_a_truth_value_and_no_number() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is an extra")
    x = fg.var(2.0)
    assert loose.where(numpy.True_, x, 0.0) is not None
    assert loose.where(numpy.True_, 1.0, 0.0) == 1.0
    assert loose.logical_and(numpy.True_, False) is False
    assert (numpy.True_ & (x > 0.0)).value is True
    assert ((x > 0.0) | numpy.False_).args[1] is False
    for use in (loose.var, loose.sin, lambda v: x * v, loose.gradient(fg.sin)):
        with pytest.raises(fg.NotAValue):
            use(numpy.True_)


@pytest.mark.parametrize("other", [2, 2.0, True, Fraction(2), Decimal(2), 2j], ids=repr)
def test_asking_whether_a_node_is_a_number_is_an_error(other: Any) -> None:
    assert_never_equal(other)


def test_nor_is_a_node_compared_with_numbers_and_arrays_of_numpy() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is an extra")
    names = "float64 float32 float16 longdouble int64 int8 complex64 bool_"
    for name in names.split():
        assert_never_equal(getattr(numpy, name)(1))
    for array in (numpy.array([2.0, 3.0]), numpy.array(2.0), numpy.array([2])):
        assert_never_equal(array)


def assert_never_equal(other: Any) -> None:
    for subject in subjects():
        for left, right in ((subject, other), (other, subject)):
            for sign in (operator.eq, operator.ne):
                with pytest.raises((fg.SilentDetach, fg.TracedNumber)):
                    sign(left, right)
        with pytest.raises((fg.SilentDetach, fg.TracedNumber)):
            operator.contains([other], subject)


def test_a_node_is_not_equal_to_what_is_no_number() -> None:
    for subject in subjects():
        for other in ("x", None, [2.0], (2.0,), {"a": 2.0}, object()):
            assert subject != other
            assert other != subject


def test_whether_two_nodes_are_equal_is_asked_by_equal() -> None:
    other = fg.var(2.0)
    for subject in subjects():
        if subject.abstract:
            for compared in (lambda x: x == other, lambda x: other != x, [other].index):
                with pytest.raises(fg.TracedNumber):
                    compared(subject)
        else:
            for compared in (lambda x: x == other, lambda x: other != x):
                with pytest.raises(fg.SilentDetach, match=r"equal\(x, y\)|truth value"):
                    compared(subject)
            assert subject not in [other, None]
            assert other not in (subject, None)


def test_conditions_are_joined_by_signs_on_floats_and_on_nodes_alike() -> None:
    def inside(x: Any, low: float, high: float) -> tuple[Any, ...]:
        both, other = (x > low) & (x < high), (x > low) | (x < high)
        one = (x > low) ^ (x < high)
        return tuple(loose.where(c, 1.0, 0.0) for c in (both, other, one))

    for low, high in itertools.product((1.0, 3.0), repeat=2):
        plain = inside(2.0, low, high)
        assert tuple(y.value for y in inside(fg.var(2.0), low, high)) == plain
        assert fg.trace(inside)(2.0, low, high).run((2.0, low, high)) == plain
    x = fg.var(2.0)
    assert ((x > 1.0) & False).value is (False & (x > 1.0)).value is False
    assert ((x > 1.0) | False).value is (False | (x > 1.0)).value is True
    assert ((x > 1.0) ^ True).value is (True ^ (x > 1.0)).value is False
    assert type((x > 1.0) & True) is fg.Condition
    with pytest.raises(fg.NotAValue, match="logical_not"):
        _ = ~loose.less(x, 1.0)
    for left, right in itertools.permutations((loose.less(x, 1.0), x, 1, "s", None, {1}), 2):
        if isinstance(left, fg.Node) or isinstance(right, fg.Node):
            with pytest.raises(fg.NotAValue):
                operator.and_(left, right)


def test_parentheses_that_are_missing_are_named() -> None:
    for subject in (fg.var(2.0), traced()):
        loosely: Any = subject
        with pytest.raises(fg.NotAValue, match=r"\(x > 0\) & \(x < 1\)"):
            _ = loosely > 0 & loosely < 1


def test_round_is_the_operation() -> None:
    rounded: Any = round
    for x in (2.5, -0.5, 7.4999, -3.2):
        assert rounded(fg.var(x)).value == round(x)
        assert fg.value_and_gradient(lambda v: v * rounded(v))(x) == (x * round(x), round(x))
    assert fg.trace(rounded)(1.0).run((2.5,)) == (2.0,)
    with pytest.raises(fg.SilentDetach, match=r"fg\.round"):
        rounded(fg.var(2.5), 1)


def test_digits_of_a_node_are_those_of_its_value() -> None:
    x = fg.var(math.pi, "x")
    assert f"{x:.3f} {x * 2.0:>8.2f} {x > 0.0:d}" == "3.142     6.28 1"
    assert f"{x}" == repr(x)
    assert f"{traced('t')}" == "Traced(variable, label='t')"
    with pytest.raises(fg.TracedNumber, match="digits"):
        fg.trace(lambda v: len(f"{v:.3f}") * v)(1.0)


@pytest.mark.parametrize(
    ("action", "way_out"),
    [
        (lambda x: x // 2, r"fg\.floor\(x / y\)"),
        (lambda x: 2 // x, r"fg\.floor\(x / y\)"),
        (lambda x: divmod(x, 2), r"fg\.floor\(x / y\) and x % y"),
        (lambda x: divmod(2, x), r"fg\.floor"),
        (lambda x: x @ [x], r"fg\.dot"),
        (lambda x: [x] @ x, r"fg\.dot"),
        (math.floor, r"fg\.floor"),
        (math.ceil, r"fg\.ceil"),
        (math.trunc, r"fg\.floor"),
    ],
)
def test_what_python_asks_besides_is_refused_with_what_to_write(action: Any, way_out: str) -> None:
    for subject in (fg.var(2.0), traced()):
        with pytest.raises((fg.SilentDetach, fg.NotAValue), match=way_out):
            action(subject)


@pytest.mark.parametrize(
    "action",
    [
        max,
        min,
        lambda x, y: sorted([x, y]),
        lambda x, y: max([1.0, y]),
        lambda x, y: 0.0 < x < 1.0,
        lambda x, y: x > 0 and y > 0,
    ],
)
def test_who_asks_for_a_truth_is_told_of_maximum_and_of_signs(action: Any) -> None:
    with pytest.raises(fg.SilentDetach, match="maximum and minimum for max and min") as caught:
        action(fg.var(2.0), fg.var(3.0))
    assert "(a < x) & (x < b)" in str(caught.value)
    with pytest.raises(fg.TracedNumber, match="maximum and minimum for max and min") as found:
        fg.trace(action)(2.0, 3.0)
    assert "&" in str(found.value)
