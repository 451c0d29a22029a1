"""Every function of arrays refuses what does not fit in words of ours, or as Python refuses arguments."""

import itertools
import traceback
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays import api  # noqa: E402
from fgrad.arrays.numpy_table import FUNCTIONS  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

V, M, S = fg.var(np.arange(6.0) + 1.0), fg.var(np.arange(6.0).reshape(2, 3) + 1.0), fg.var(2.0)
E, C = fg.var(np.zeros((0, 3))), M > 2.0
FIRST = (V, M, S, E, C, [M, V])
SECOND: tuple[Any, ...] = (9, -9, 1.5, "x", None, object(), V, M, S, [0, 1], [9], (0, 0), (5, 5, 5), {}, {9: 1}, True,
          np.array(["a"]), np.array([1j]), C)  # fmt: skip
NAMED: tuple[dict[str, Any], ...] = (
    {}, {"axis": 9}, {"axis": 1.5}, {"axis": "x"}, {"axis": (0, 0)}, {"axis": M}, {"nope": 1},
    {"keepdims": "x"}, {"mode": "nope"}, {"dtype": "nope"}, {"out": np.zeros(3)}, {"where": M},
    {"where": np.zeros(7, bool)}, {"shape": "x"}, {"order": "Q"}, {"n": "x"}, {"k": "x"},
    {"offset": 99}, {"weights": np.ones(9)}, {"method": "nope"}, {"ddof": "x"}, {"initial": "x"},
    {"decimals": "x"}, {"aweights": np.ones(3)}, {"num": "x"}, {"kth": "x"},
)  # fmt: skip
SAFE = ("shares_memory", "may_share_memory")
"""What takes time in proportion to a power of the memory."""
EVERY = [(f"np.{f.__name__}", f) for f in FUNCTIONS if f.__name__ not in SAFE]
EVERY += [(f"fg.{name}", getattr(fg, name)) for name in dir(api) if callable(getattr(fg, name, None))]  # fmt: skip
EVERY += [(f"fg.{name}", getattr(fg, name)) for name in ("sum", "prod", "dot", "clip", "hypot", "fma")]  # fmt: skip
EVERY += [(f"x.{name}", getattr(fg.ArrayNode, name)) for name in ("sum", "reshape", "take", "repeat", "clip", "transpose", "swapaxes", "argmax", "compress", "astype")]  # fmt: skip


def calls() -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for x in FIRST:
        yield from (((x,), named) for named in NAMED)
    for x, y in itertools.product(FIRST, SECOND):
        yield (x, y), {}
        yield (x, y), {"axis": 9}
        yield (x, 1, y), {}
        yield (x, V, y), {}


def is_clear(error: Exception) -> bool:
    """Whether it is ours, of Python's arguments, or what numpy says before it asks us."""
    if type(error).__module__ == "fgrad.errors":
        return True
    if isinstance(error, TypeError) and "argument" in str(error):
        return True
    if isinstance(error, AttributeError) and "object has no attribute" in str(error):
        return True  # numpy asks a node for what a text has
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return not any("/fgrad/" in name for name in files)


def raised(f: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Exception | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            f(*args, **named)
        except Exception as error:  # noqa: BLE001  # that it is one of ours is what is asked
            return error
    return None


@pytest.mark.parametrize(("name", "f"), EVERY, ids=[name for name, _ in EVERY])
def test_what_does_not_fit_is_refused_in_words(name: str, f: Any) -> None:
    for args, named in calls():
        if name.startswith("x.") and not isinstance(args[0], fg.ArrayNode):
            continue
        error = raised(f, args, named)
        if error is not None:
            assert is_clear(error), (args, named, f"{type(error).__name__}: {error}")


ASKED = [
    ("argmax", lambda: np.argmax(M, axis=9), IndexError, ("numpy's argmax", "shape (2, 3)", "axis=9")),
    ("delete", lambda: np.delete(V, 9), IndexError, ("delete", "9", "6 elements")),
    ("delete of a node", lambda: np.delete(V, V), TypeError, ("node.value.astype(int)",)),
    ("insert at a node", lambda: np.insert(V, V, 1.0), TypeError, ("node.value.astype(int)",)),
    ("repeat by a node", lambda: np.repeat(V, V), TypeError, ("node.value.astype(int)",)),
    ("roll by a part", lambda: np.roll(V, 1.5), TypeError, ("roll", "whole number", "1.5")),
    ("vander of a matrix", lambda: np.vander(M), ValueError, ("(2, 3)", "vector")),
    ("vander of fewer than none", lambda: np.vander(V, -1), TypeError, ("from 0 on", "-1")),
    ("lexsort", lambda: np.lexsort(S), TypeError, ("lexsort", "a number", "sequence of keys")),
    ("where of one side", lambda: np.where(C, M), TypeError, ("where", "two sides")),
    ("where of ours of one side", lambda: fg.where(C, M), TypeError, ("where() missing", "'y'")),
    ("quantile of none", lambda: np.quantile(E, 0.5, axis=0), ValueError, ("no elements", "(0, 3)")),
    ("nanmax of none", lambda: np.nanmax(E), ValueError, ("nanmax", "no elements", "(0, 3)")),
    ("pad by an odd number", lambda: np.pad(V, (1, 2, 3)), ValueError, ("(3,)", "1 axes", "pair")),
    ("pad by less than nothing", lambda: np.pad(V, -1), ValueError, ("-1", "slice")),
    ("pad along no axis", lambda: np.pad(V, {3: 1}), ValueError, ("axis 3", "1 axes")),
    ("cov with aweights", lambda: np.cov(M, aweights=np.ones(3)), TypeError, ("aweights=", "np.average")),
    ("pad with end_values", lambda: np.pad(V, 1, "linear_ramp", end_values=3.0), TypeError, ("end_values=", "np.linspace")),
    ("take with mode", lambda: np.take(V, [9], mode="clip"), TypeError, ("mode=", "np.clip(places, 0, n - 1)")),
    ("an unknown argument", lambda: M.sum(nope=3), TypeError, ("nope=", "axis, keepdims")),
    ("linspace of fewer than none", lambda: np.linspace(S, 1.0, -3), TypeError, ("linspace", "-3")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "call", "kind", "words"), ASKED, ids=[row[0] for row in ASKED])
def test_it_names_what_is_wrong(name: str, call: Any, kind: type, words: tuple[str, ...]) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_widths_of_a_border_may_be_those_of_some_axes() -> None:
    for widths in ({0: (1, 2)}, {1: 2}, {-1: (0, 1), 0: 3}):
        full = [(0, 0), (0, 0)]
        for axis, width in widths.items():
            full[axis] = width if isinstance(width, tuple) else (width, width)
        assert np.array_equal(np.pad(M, widths).value, np.pad(M.value, full))


def test_a_quantile_of_no_lines_is_empty() -> None:
    assert (
        np.quantile(E, [0.2, 0.5], axis=1).shape == np.quantile(E.value, [0.2, 0.5], axis=1).shape
    )


def test_errors_of_a_function_that_numpy_calls_are_its_own() -> None:
    def broken(row: Any) -> Any:
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        np.apply_along_axis(broken, 0, M)
