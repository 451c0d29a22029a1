"""A JSON text with positions, for errors that show the place.

Anything wrong with the text is a FormatError. A part of a document is given by its path, keys and
indices from the top; its position in the text is computed for an error alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, TypeAlias, final

import attrs

from fgrad.errors import FormatError, NotAValue

Path: TypeAlias = tuple[str | int, ...]

# A string that is not ended is a mark, or a search would begin again at every quote in it.
_MARK: Final = r'(?s)"(?:[^"\\]|\\.)*+"?+|[\[\]{}:,]|[^\s\[\]{}:,"]++'  # compiled for an error only
_DEEPEST: Final = 100
_SOUND: Final = 8
_WIDEST: Final = 18


@final
class Unreadable:
    """A word that Python's reader accepts and JSON does not have."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        """The word as it stands in the text."""
        return self.word


@attrs.frozen
class Document:
    """A text and the JSON value that it holds."""

    text: str
    top: Any

    @classmethod
    def of(cls, source: str | bytes) -> Document:
        """Read `source`; FormatError if it is not JSON, or not UTF-8."""
        from json import JSONDecodeError, loads  # noqa: PLC0415  # loaded on first use

        text = _decoded(source)
        _require_shallow(text)
        try:
            top = loads(
                text,
                parse_int=_integer,
                parse_constant=Unreadable,
                object_pairs_hook=lambda pairs: _object(text, pairs),
            )
        except JSONDecodeError as error:
            problem = error.msg[:1].lower() + error.msg[1:]
            raise FormatError(text, error.pos, f"this is no JSON: {problem}") from None
        return cls(text, top)

    def error(self, path: Path, problem: str) -> FormatError:
        """The error for the part at `path`."""
        place = "".join([_step(s) for s in path]).lstrip(".") or "the top"
        return FormatError(self.text, _column(self.text, path), f"{place}: {problem}")

    def fields(self, names: Sequence[str]) -> tuple[Any, ...]:
        """The values under these keys, which must be all keys."""
        for name in names:
            if name not in self.top:
                raise self.error((), f"the key {name!r} is missing")
        for key in self.top:
            if key not in names:
                raise self.error((key,), f"this key is none of {', '.join(names)}")
        return tuple([self.top[name] for name in names])

    def listed(self, path: Path, value: Any) -> list[Any]:
        """`value`, the part at `path`, if it is a list."""
        if type(value) is not list:
            raise self.error(path, f"a list is needed here, not {brief(value)}")
        return value


def _step(step: str | int) -> str:
    if isinstance(step, str) and step.isidentifier():
        return f".{step:.60}"
    return f"[{step!r:.60}]"


def brief(value: object) -> str:
    """A short text for a value, however large it is."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value!r:.60}"


def _integer(digits: str) -> int | float:
    # Long ones take time that grows as the square of their digits, or are refused by Python.
    return int(digits) if len(digits) <= _WIDEST else float(digits)


def _object(text: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        uses = Counter([key for key, _ in pairs])
        twice = next(key for key in uses if uses[key] > 1)
        column = max(0, text.rfind(f'"{twice}"'))
        raise FormatError(text, column, f"the key {twice!r:.60} stands in one object twice")
    return made


def _decoded(source: object) -> str:
    if isinstance(source, str):
        return source
    if not isinstance(source, bytes):
        advice = "Read the file first."
        raise NotAValue("loads", "a str or bytes", f"{source!r:.60}", advice)
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        text = source.decode(errors="replace")
        column = len(source[: error.start].decode())
        raise FormatError(text, column, "this is not UTF-8") from None


def _column(text: str, path: Path) -> int:
    """The position in the text where the value at `path` begins."""
    from json import loads  # noqa: PLC0415  # only an error needs it

    here: list[Any] = []
    goal = list(path)
    for token in re.finditer(_MARK, text):
        mark = token[0]
        if mark in ("]", "}"):
            here.pop()
        elif mark == ",":
            here[-1] = here[-1] + 1 if isinstance(here[-1], int) else None
        elif here and here[-1] is None:
            here[-1] = loads(mark)
        elif mark != ":":
            if here == goal:
                return token.start()
            if mark in ("[", "{"):
                here.append(0 if mark == "[" else None)
    return 0


def _require_shallow(text: str) -> None:
    """Raise for a text so deep that Python's reader might exceed its stack."""
    if _shallow().fullmatch(text):
        return
    depth = 0
    for token in re.finditer(_MARK, text):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if depth > _DEEPEST:
            raise FormatError(text, token.start(), "this is nested too deeply")


@cache
def _shallow() -> re.Pattern[str]:
    """A pattern of texts that are no deeper than usual ones; matching takes a twentieth of reading."""
    flat = r'[^\[\]{}"]++|"(?:[^"\\]++|\\.)*+"'
    pattern = rf"(?:{flat})*+"
    for _ in range(_SOUND):
        pattern = rf"(?:{flat}|[\[{{]{pattern}[\]}}])*+"
    return re.compile(pattern, re.DOTALL)
