"""The table of what tracing refuses, read from its page: the left is refused, the right means it."""

import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fgrad as fg

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "what-can-be-compiled.md"
REFUSALS = fg.TracedNumber, fg.NotAValue, fg.SilentDetach


def rows() -> list[tuple[list[str], list[str]]]:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| refused | write instead |") :].split("\n\n")[0]
    cells = [line.strip("| ").split(" | ", 1) for line in table.splitlines()[2:]]
    return [(re.findall("`(.+?)`", left), re.findall("`(.+?)`", right)) for left, right in cells]


def function(code: str) -> Callable[..., Any]:
    """A function of numbers that runs the code of a cell, a statement or an expression."""
    statement = code.endswith(":") or code.startswith("assert")
    body = code + (" pass" if code.endswith(":") else "") if statement else f"return {code}"
    np = pytest.importorskip("numpy", reason="numpy is an extra")
    names: dict[str, Any] = {"fg": fg, "functools": functools, "math": math, "np": np}
    names["f"] = lambda p: (p - 2.0) ** 2
    exec(f"def cell(x, y, n):\n xs = [x, y]\n {body}", names)  # noqa: S102  # our own page
    made: Callable[..., Any] = names["cell"]
    return made


def test_the_table_is_found() -> None:
    assert len(rows()) >= 15


@pytest.mark.parametrize("code", [code for left, _ in rows() for code in left])
def test_the_left_is_refused(code: str) -> None:
    with pytest.raises(REFUSALS):
        fg.compile(function(code))(0.5, 2.0, 1)


@pytest.mark.parametrize("code", [code for _, right in rows() for code in right if "(" in code])
def test_the_right_compiles(code: str) -> None:
    fg.compile(function(code))(0.5, 2.0, 1)


@pytest.mark.parametrize("x", [-1.5, 0.5, 2.5])
def test_the_right_is_what_the_left_means_without_a_program(x: float) -> None:
    compared = 0
    for left, right in rows():
        for refused, accepted in zip(left, right, strict=False):
            if "(" in accepted and "fg." not in refused and not refused.startswith("assert"):
                plain = function(refused)(x, 2.0, 1)
                given = fg.compile(function(accepted))(x, 2.0, 1)
                flat = list(given) if isinstance(plain, list) else given
                assert flat == pytest.approx(plain, rel=1e-15), refused
                compared += 1
    assert compared >= 13


def test_nan_is_found() -> None:
    (accepted,) = [right[0] for left, right in rows() if "math.isnan(x)" in left]
    assert fg.compile(function(accepted))(math.nan, 2.0, 1) is True
