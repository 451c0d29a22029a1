"""How values show themselves in a terminal and in a notebook: numbers, tables and listings, bounded.

Text is at most a screen long however large the value is, and says how much it leaves out. HTML is
the same text, escaped, without colours of its own, so that it is read on a dark page and a light one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import attrs

T = TypeVar("T")

FIRST: Final = 8
"""Items of a long sequence that are shown from its beginning."""
LAST: Final = 4
"""And from its end."""
WIDTH: Final = 100
"""Characters of a line of a listing."""
_CELL: Final = 48
_PLAIN: Final = "tex2jax_ignore mathjax_ignore"
"""Classes by which MathJax, in a notebook, takes no dollar sign of a label for a formula."""
_LEFT: Final = "text-align: left"
_RIGHT: Final = "text-align: right"


def number(x: float) -> str:
    """A number for people: 12 significant digits, which hide the rounding of the last four.

    Of an array what `pictured` says.

    >>> number(0.30000000000000004), number(1e300), number(3), number(True)
    ('0.3', '1e+300', '3.0', 'true')
    """
    if getattr(x, "shape", ()):
        return pictured(x)
    return str(x).lower() if isinstance(x, bool) else repr(float(f"{x:.12g}"))


def pictured(array: Any) -> str:
    """An array for people, whose numbers are too many: its shape and its Euclidean norm."""
    if array.dtype.kind == "b":
        return f"truth values {array.shape}"
    norm = float(abs(array).max()) if array.size else 0.0
    if 0.0 < norm < math.inf:
        norm *= math.sqrt(((array / norm) ** 2).sum())
    return f"array {array.shape} of norm {norm:.6g}"


def cell(value: Any) -> str:
    """A number, a truth value, an array or a tuple of these in a table.

    >>> cell((0.5, True))
    '(0.5, true)'
    """
    if isinstance(value, tuple):
        return shorten(f"({joined(value, cell)})", _CELL)
    return number(value)


def valued(value: object) -> str:
    """The value of a node as `repr` has it, but of arrays among several results what `pictured` says."""
    of_arrays = isinstance(value, tuple) and any(hasattr(x, "dtype") for x in value)
    return cell(value) if of_arrays else repr(value)


def shorten(text: str, width: int) -> str:
    """`text`, or its beginning and end around an ellipsis if it is longer than `width`.

    >>> shorten("a + b + c + d + e", 10)
    'a + b… + e'
    """
    if len(text) <= width:
        return text
    end = width // 2 - 1
    return f"{text[: width - end - 1]}…{text[len(text) - end :]}"


def printable(text: str) -> str:
    r"""`text` in one line, with escapes for what is not printed.

    >>> printable("a\n\x1b")
    'a\\n\\x1b'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def named(text: str) -> str:
    """A name of the user's as it is shown: in one line, and not too long."""
    return shorten(printable(text), _CELL)


def ends(items: Sequence[T]) -> tuple[Sequence[T], int, Sequence[T]]:
    """The first and the last of many items, and how many are left out between; all, if few.

    >>> ends(range(20))
    (range(0, 8), 8, range(16, 20))
    >>> ends("abc")
    ('abc', 0, '')
    """
    if len(items) <= FIRST + LAST:
        return items, 0, items[:0]
    return items[:FIRST], len(items) - FIRST - LAST, items[len(items) - LAST :]


def joined(items: Sequence[T], text: Callable[[T], str]) -> str:
    """The items as a list of words; of many the first and the last.

    >>> joined(range(14), str)
    '0, 1, 2, 3, 4, 5, 6, 7, … 2 more …, 10, 11, 12, 13'
    """
    first, hidden, last = ends(items)
    between = [f"… {hidden:,} more …"] if hidden else []
    return ", ".join([*map(text, first), *between, *map(text, last)])


def lines(first: Iterable[str], hidden: int, last: Iterable[str], what: str) -> list[str]:
    """Lines of a listing, none too long, that say how many of `what` are left out between.

    >>> lines(["a = sin(x)"], 1_000, ["c = cos(b)"], "instructions")
    ['  a = sin(x)', '  … 1,000 instructions hidden', '  c = cos(b)']
    """
    between = [f"… {hidden:,} {what} hidden"] if hidden else []
    return [f"  {shorten(line, WIDTH)}" for line in (*first, *between, *last)]


def plural(count: int, word: str) -> str:
    """A count and what is counted.

    >>> plural(1, "node"), plural(12_000, "node")
    ('1 node', '12,000 nodes')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


@attrs.frozen
class Table:
    """Rows of cells under a title: the first column is of names, the others are of numbers.

    >>> print(Table("Two:", ("label", "value"), (("a", "1.0"), ("long", "-2.5")), "… and more").text())
    Two:
      label  value
      a        1.0
      long    -2.5
      … and more
    """

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    """What the rows leave out."""

    def text(self) -> str:
        """The table for a terminal."""
        columns = list(zip(self.head, *self.rows, strict=True)) if self.rows else []
        widths = [max(map(len, column)) for column in columns]
        lines = [self.title]
        for first, *others in (self.head, *self.rows) if self.rows else ():
            padded = [x.rjust(w) for x, w in zip(others, widths[1:], strict=True)]
            lines.append("  ".join(["", first.ljust(widths[0]), *padded]).rstrip())
        return "\n".join([*lines, f"  {self.note}"] if self.note else lines)

    def html(self) -> str:
        """The table for a notebook."""
        body = "".join([_row("td", row) for row in self.rows])
        head = f"<thead>{_row('th', self.head)}</thead>" if self.rows else ""
        note = f"<div>{_escaped(self.note)}</div>" if self.note else ""
        table = f"<table>{head}<tbody>{body}</tbody></table>"
        return f'<div class="{_PLAIN}"><div>{_escaped(self.title)}</div>{table}{note}</div>'


def preformatted(text: str) -> str:
    """A listing for a notebook.

    >>> preformatted("x < 1")
    '<pre>x &lt; 1</pre>'
    """
    return f"<pre>{_escaped(text)}</pre>"


def paragraph(text: str) -> str:
    """A message for a notebook.

    >>> paragraph("x < 1")
    '<p>x &lt; 1</p>'
    """
    return f"<p>{_escaped(text)}</p>"


def _row(tag: str, cells: Sequence[str]) -> str:
    made = [
        f'<{tag} style="{_RIGHT if i else _LEFT}">{_escaped(text)}</{tag}>'
        for i, text in enumerate(cells)
    ]
    return f"<tr>{''.join(made)}</tr>"


def _escaped(text: str) -> str:
    from html import escape  # noqa: PLC0415  # only a notebook waits for it

    return escape(text)
