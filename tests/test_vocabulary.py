"""What is said to whoever looks for a name: in fgrad, in the words of other libraries, in help()."""

import functools
import itertools
import math
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import fgrad as fg
from fgrad.ops import scalar
from fgrad.ops.descriptions import DESCRIPTIONS
from fgrad.ops.primitive import Op
from fgrad.vocabulary import OTHERS

SOURCE: Final = Path(fg.__file__).parent
MODULES: Final = {path.stem for path in SOURCE.iterdir() if not path.stem.startswith("__")}

loose: Any = fg


def test_what_shows_is_what_is_exported() -> None:
    shown = {name for name in dir(fg) if not name.startswith("_")}
    assert shown == set(dir(fg))
    program = (
        "import fgrad as fg; print(*dir(fg)); [getattr(fg, n) for n in dir(fg)]; print(*dir(fg))"
    )
    run = [sys.executable, "-c", program]
    lines = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [set(line.split()) for line in lines] == [shown, shown]
    assert shown & MODULES == {"trees"}


def test_no_module_has_a_name_that_a_user_looks_for() -> None:
    looked_for = {*OTHERS, *(name for name in dir(math) if not name.startswith("_"))}
    assert not looked_for & MODULES


def test_what_is_called_otherwise_elsewhere_is_not_here_under_that_name_too() -> None:
    assert not set(OTHERS) & set(dir(fg))


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_name_of_another_library_is_answered_with_ours(name: str) -> None:
    with pytest.raises(AttributeError, match="did you mean") as caught:
        getattr(fg, name)
    assert str(caught.value).endswith(f"did you mean {OTHERS[name]}?")
    known = {"fg": fg, "math": math, "functools": functools, "f": fg.sin, "gradient": fg.gradient}
    known |= {"x": 0.5, "y": 0.25, "xs": [0.5, 0.25], "a": True, "b": False}
    known |= {"compile": fg.compile}
    if OTHERS[name].startswith("np."):
        known["np"] = pytest.importorskip("numpy")
        if not hasattr(known["np"], name):
            pytest.skip("this numpy has not")
    assert eval(OTHERS[name], known) is not None  # noqa: S307  # our own text


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("value_and_grad", "fg.value_and_gradient"),
        ("jit", "fg.compile"),
        ("vmap", "fg.compile(f).map"),
        ("arctan2", "fg.atan2"),
        ("power", "fg.pow"),
        ("minimise", "fg.minimize"),
        ("gammaln", "fg.lgamma"),
        ("fmod", "fg.rem"),
        ("gradeint", "fg.gradient"),
        ("Sin", "fg.sin"),
        ("heissan", "fg.hessian"),
    ],
)
def test_names_that_users_tried(name: str, meant: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(fg, name)
    assert str(caught.value) == f"module 'fgrad' has no attribute {name!r}; did you mean {meant}?"


def test_an_unlike_name_and_a_question_of_pythons_get_no_guess() -> None:
    for name in ("zzzzzz", "__path_hooks__"):
        with pytest.raises(AttributeError) as caught:
            getattr(fg, name)
        assert str(caught.value) == f"module 'fgrad' has no attribute {name!r}"


def test_grad_of_a_function_names_gradient() -> None:
    x = fg.var(2.0)
    of_functions: list[tuple[Any, ...]] = [(fg.sin,), (lambda v: v, 2.0), (fg.sin, x)]
    of_others: list[tuple[Any, ...]] = [(x,), (x, fg.Graph.of(x)), (3.0, x)]
    for wrong in (loose.grad, loose.grad_nodes):
        for args in of_functions:
            with pytest.raises(fg.NotAValue, match=r"gradient\(f\)"):
                wrong(*args)
        for args in of_others:
            with pytest.raises(fg.NotAValue, match=r"Graph\.of"):
                wrong(*args)
        with pytest.raises(fg.NotDifferentiable, match="variables"):
            wrong(fg.Graph.of(x))


def ufuncs() -> list[Any]:
    numpy = pytest.importorskip("numpy", reason="numpy is an extra")
    return [thing for thing in vars(numpy).values() if isinstance(thing, numpy.ufunc)]


def test_functions_of_numpy_are_ours_or_say_that_they_are_not() -> None:
    x = fg.var(0.5)
    done = 0
    for ufunc in ufuncs():
        truth = ufunc.__name__.startswith(("logical", "bitwise", "invert"))
        args = (x < 1 if truth else x + float(ufunc.__name__ == "arccosh"),) * ufunc.nin
        try:
            got = ufunc(*args)
        except (fg.NotAValue, fg.SilentDetach, fg.ShapeMismatch) as error:
            assert str(error)  # noqa: PT017  # whichever of the three
            continue
        done += 1
        ours = vars(scalar).get(ufunc.__name__)
        assert got.op is ours or not isinstance(ours, Op)
        values = [a.value for a in args]
        assert got.value == pytest.approx(ufunc(*values), rel=1e-14)
    assert done > 45
    np: Any = pytest.importorskip("numpy")
    actions: list[tuple[Any, str]] = [
        (lambda: np.subtract.reduce(x), "np.sum"),
        (lambda: np.sin(x, out=np.empty(())), "immutable"),
        (lambda: np.spacing(x), "node.value"),
        (lambda: np.histogram(x), "node.value"),
    ]
    for action, ours in actions:
        with pytest.raises(fg.NotAValue, match=ours):
            action()


def test_arrays_are_told_the_ways_that_there_are() -> None:
    np: Any = pytest.importorskip("numpy", reason="numpy is an extra")
    array = np.array([1.0, 2.0])
    by_numbers = loose.gradient(lambda p: fg.sum(p))  # noqa: PLW0108  # a function is wanted
    actions: list[Any] = [
        lambda: loose.compile(fg.sin)(array),
        lambda: loose.compile(fg.sum)({"w": array}),
        lambda: loose.trace(fg.sin)(array),
    ]
    for action in actions:
        with pytest.raises(fg.NotAValue) as caught:
            action()
        assert "of shape (2,)" in caught.value.got
        for way in ("array.tolist()", "fg.compile(f).map", ".specialise(array)"):
            assert way in caught.value.advice
    assert by_numbers(array.tolist()) == [1.0, 1.0]
    assert loose.compile(fg.sin).map(array).tolist() == [fg.sin(1.0), fg.sin(2.0)]
    assert loose.compile(by_numbers).specialise(array)(array).tolist() == [1.0, 1.0]


def operations_of_ours() -> list[Any]:
    return [op for op in vars(scalar).values() if isinstance(op, Op)]


@pytest.mark.parametrize("op", operations_of_ours(), ids=lambda op: op.name)
def test_help_says_what_an_operation_does_where_and_its_derivative(op: Any) -> None:
    shown = pydoc.plain(pydoc.render_doc(op))
    first, *lines = op.__doc__.splitlines()
    assert first.startswith(f"{op.name}({', '.join('xyz'[: op.arity])}) is ")
    assert lines[1].startswith("Domain: ")
    assert lines[2].startswith("Derivative")
    assert all(line in shown for line in (first, *lines))
    kink = getattr(op, "kink", "")
    assert lines[3:] == ([f"By convention: {kink}."] if kink else [])
    assert type(op).__doc__ not in (op.__doc__, None)


def points(op: Any) -> list[tuple[Any, ...]]:
    """Arguments off all kinks, inside of the domain."""
    first: tuple[Any, ...] = (0.3, 1.7, 2.6, -0.6, -2.2)
    if op.kinds[0] is bool or op is scalar.polygamma:
        first = (True, False) if op.kinds[0] is bool else (0.0, 1.0, 2.0)
    rest = [(0.45, 2.3, -1.4)] * (op.arity - 1)
    found = []
    for args in itertools.product(first, *rest):
        outside = op in (scalar.pow, scalar.power_slope) and args[0] < 0
        if not outside and not math.isnan(op(*args)):
            found.append(args)
    return found


@pytest.mark.parametrize("op", operations_of_ours(), ids=lambda op: op.name)
def test_the_derivatives_that_are_said_are_those_that_are_taken(op: Any) -> None:
    slopes = DESCRIPTIONS[op.name][2]
    assert bool(slopes) != op.truth
    if op.truth:
        return
    known = {"pi": math.pi} | {o.name: o for o in operations_of_ours()}
    moved = [i for i, kind in enumerate(op.kinds) if kind is float]
    compared = 0
    for args in points(op):
        taken = loose.gradient(op, argnums=tuple(moved))(*args)
        letters = dict(zip("xyz", args, strict=False))
        for i, slope in zip(moved, taken, strict=True):
            said = eval(slopes[i], known | letters)  # noqa: S307  # our own text
            assert slope == pytest.approx(said, rel=1e-12, abs=1e-15), (args, slopes[i])
            compared += 1
    assert compared >= 2


@pytest.mark.parametrize("op", operations_of_ours(), ids=lambda op: op.name)
def test_where_the_domain_ends_is_said(op: Any) -> None:
    numbers = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, math.inf, -math.inf)
    kinds = [(True, False) if kind is bool else numbers for kind in op.kinds]
    finite = [args for args in itertools.product(*kinds) if not any(map(math.isinf, args))]
    domain = DESCRIPTIONS[op.name][1]
    ended = any(math.isnan(op(*args)) for args in finite)
    if op not in (fg.sin, fg.cos, fg.tan):
        assert ended == ("nan" in domain and not op.truth)
    elif not ended:
        assert math.isnan(op(math.inf))


def test_an_operation_of_a_users_own_says_what_its_meaning_says() -> None:
    def softsign(x: float) -> float:
        """A slow sigmoid."""
        return x / (1 + abs(x))

    rule: Any = lambda out, x: 1.0
    assert fg.Unary("softsign", softsign, rule).__doc__ == "A slow sigmoid."
    assert fg.Unary("sin", lambda x: x, rule).__doc__ == fg.Unary.__doc__
    assert "operation on one number" in str(fg.Unary.__doc__)
