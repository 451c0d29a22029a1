"""The tables of operations in the documentation, from what `help` shows of each.

    python -m tests.operations

writes them into `docs/reference/ops.md`; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import fgrad as fg
from fgrad.ops import descriptions, special_descriptions
from fgrad.ops.descriptions import Description
from fgrad.ops.primitive import Op

PAGE: Final = Path(__file__).parent.parent / "docs/reference/ops.md"
BEGIN: Final = "<!-- written by python -m tests.operations -->\n"
END: Final = "<!-- end of what is written -->\n"

GROUPS: Final[Mapping[str, Mapping[str, Description]]] = {
    "Arithmetic, powers and lengths": descriptions._ARITHMETIC,
    "Exponentials and logarithms": descriptions._EXPONENTIALS,
    "Trigonometric and hyperbolic functions": descriptions._ANGLES,
    "Error and gamma functions": descriptions._SPECIAL,
    "Rounding, signs and extremes": descriptions._KINKS,
    "Special functions: trigonometric, rounding": special_descriptions.ELEMENTARY,
    "Special functions: logarithms of probabilities": special_descriptions.LOGARITHMS,
    "Special functions: the normal distribution": special_descriptions.NORMAL,
    "Special functions: gamma, beta and zeta": special_descriptions.GAMMA,
    "Special functions: Bessel and Airy": special_descriptions.BESSEL,
    "Special functions: integrals and Lambert's": special_descriptions.INTEGRALS,
    "Comparisons and choices": descriptions._LOGIC,
}


def prose(text: str) -> str:
    """Text as Markdown shows it in a table, formulas and all."""
    return re.sub(r"([\\*_|`])", r"\\\1", text)


def code(text: str) -> str:
    """A formula in a table."""
    return "`" + text.replace("|", "\\|") + "`"


def row(op: Op, what: str, domain: str, slopes: tuple[str, ...]) -> str:
    letters = "xyz"[: op.arity]
    if not slopes:
        derivatives = "none, it is a truth value"
    elif len(slopes) == 1:
        derivatives = code(slopes[0])
    else:
        derivatives = "; ".join(
            f"in {x}: {code(slope)}" for x, slope in zip(letters, slopes, strict=True)
        )
    kink = getattr(op, "kink", "")
    if kink:
        derivatives += f"; by convention {prose(kink)}"
    call = f"{op.name}({', '.join(letters)})"
    return f"| {code(call)} | {prose(what)} | {prose(domain)} | {derivatives} |"


def tables() -> Iterator[str]:
    """The tables of all public operations, group by group."""
    for title, group in GROUPS.items():
        yield f"\n## {title}\n\n"
        yield "| operation | value | domain | derivative |\n| --- | --- | --- | --- |\n"
        for name, about in group.items():
            if name in dir(fg):
                yield row(getattr(fg, name), *about) + "\n"
    yield "\n"


def written(page: str) -> str:
    """The page with the tables as they are to be."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "".join(tables()) + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
