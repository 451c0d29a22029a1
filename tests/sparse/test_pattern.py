"""Patterns: what they hold, how they look, and that they are those of the program."""

import importlib.util
import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import fgrad as fg
from fgrad.program.passes import simplified
from fgrad.sparse.accumulation import Structure
from fgrad.sparse.derivation import hessian, jacobian


def test_a_pattern_is_a_value() -> None:
    made = fg.Pattern.of((3, 4), [(2, 1), (0, 3), (2, 0), (0, 3)])
    assert made == fg.Pattern((3, 4), (0, 2, 2), (3, 0, 1))
    assert hash(made) == hash(pickle.loads(pickle.dumps(made)))
    assert len(made) == 3
    assert made.starts == (0, 1, 1, 3)
    assert made.density == 0.25
    assert (2, 1) in made
    assert (1, 1) not in made
    assert made.transposed.transposed == made
    assert made.transposed.rows == (0, 1, 3)
    with pytest.raises(AttributeError):
        made.shape = (1, 1)  # type: ignore[misc]


def test_its_picture_is_never_wider_than_a_screen() -> None:
    large = fg.Pattern.of((1000, 2000), [(i, 2 * i) for i in range(1000)])
    lines = repr(large).splitlines()
    assert lines[0] == "Pattern of 1000 x 2000 with 1,000 nonzeros:"
    assert len(lines) == 25
    assert max(map(len, lines)) == 66
    assert all(line.count("░") in (3, 4) for line in lines[1:])
    full = fg.Pattern.of((100, 100), [(i, j) for i in range(100) for j in range(100)])
    assert set(str(full)) == {"█", "\n"}
    assert repr(fg.Pattern((0, 3), (), ())) == "Pattern of 0 x 3 with 0 nonzeros"
    assert fg.Pattern((0, 3), (), ()).density == 0.0


def test_spy_draws_by_matplotlib_or_says_what_to_install() -> None:
    made = fg.Pattern.of((2, 3), [(0, 2), (1, 0)])
    if importlib.util.find_spec("matplotlib") is None:
        with pytest.raises(fg.MissingExtra, match="matplotlib"):
            made.spy()
        return
    axes: Any = made.spy()
    assert axes.lines[0].get_xydata().tolist() == [[2.0, 0.0], [0.0, 1.0]]
    assert axes.get_ylim() == (1.5, -0.5)
    assert made.spy(axes) is axes


def test_what_is_zero_at_some_numbers_is_in_the_pattern() -> None:
    def f(x: list[float]) -> list[float]:
        return [x[0] * x[1], x[0] - x[0], fg.square(x[2]), fg.where(x[0] > 0.0, x[1], 0.0)]

    found = fg.sparsity(f, [0.0, 0.0, 0.0])
    assert found.jacobian == fg.Pattern.of((4, 3), [(0, 0), (0, 1), (1, 0), (2, 2), (3, 1)])
    assert found.hessian == fg.Pattern.of((3, 3), [(0, 1), (1, 0), (2, 2)])


def test_what_has_no_derivative_is_not() -> None:
    def f(x: list[float]) -> list[float]:
        flat = [fg.floor(x[0]), fg.stop_gradient(x[1]), fg.copysign(2.0, x[0]), 3.0]
        return [*flat, x[0] ** 1.0, x[1] ** 0.0, fg.abs(x[0]) + fg.maximum(x[1], 2.0)]

    found = fg.sparsity(f, [0.0, 0.0])
    assert found.jacobian == fg.Pattern.of((7, 2), [(4, 0), (6, 0), (6, 1)])
    assert len(found.hessian) == 0


@pytest.mark.parametrize(
    ("op", "places"),
    [
        (fg.add, []),
        (fg.mul, [(0, 1), (1, 0)]),
        (fg.div, [(0, 1), (1, 0), (1, 1)]),
        (fg.hypot, [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (fg.mod, []),
        (fg.maximum, []),
    ],
)
def test_the_hessian_of_one_operation(op: Any, places: list[tuple[int, int]]) -> None:
    found = fg.sparsity(lambda x: op(x[0], x[1]), [1.0, 2.0])
    assert found.hessian == fg.Pattern.of((2, 2), places)


def test_a_custom_function_has_a_pattern() -> None:
    def pulled(x: Any, y: Any, y_bar: Any) -> Any:
        return 0.5 * x[1] * y_bar, 0.5 * x[0] * y_bar

    def product(x: tuple[Any, Any]) -> Any:
        return 0.5 * x[0] * x[1]

    half: Any = fg.custom(product, vjp=pulled)
    found = fg.sparsity(lambda x: half((x[0], x[1])) + fg.sin(x[2]), [1.0, 2.0, 3.0])
    assert found.jacobian == fg.Pattern.of((1, 3), [(0, 0), (0, 1), (0, 2)])
    assert found.hessian == fg.Pattern.of((3, 3), [(0, 1), (1, 0), (2, 2)])


def counted(f: Any, size: int) -> int:
    """The products and sums of both derivatives."""
    program = simplified(fg.trace(f)([0.5] * size))
    first, second = Structure(program, 1), Structure(program, 2)
    jacobian(first, range(size))
    hessian(second, range(size), [1.0] * len(program.outputs), lower=True)
    return first.count + second.count


MODELS: list[Callable[[Any], Any]] = [
    lambda x: [fg.sin(a * b) - c for a, b, c in zip(x, x[1:], x[2:], strict=False)],
    lambda x: [x[0] * y * y for y in x],
    lambda x: fg.sum([fg.exp(a - b) for a, b in pairwise(x)]),
    lambda x: fg.sum([x[0] * fg.exp(y) for y in x[1:]]),
]


@pytest.mark.parametrize("f", MODELS, ids=["banded", "arrow", "banded sum", "arrow sum"])
def test_the_work_grows_with_the_nonzeros(f: Any) -> None:
    assert counted(f, 400) < 4.1 * counted(f, 100)
