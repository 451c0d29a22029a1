"""The alphabet of expressions: the characters, numbers and words that they may contain.

Text that Python's parser would read differently, or reject with a message that does not fit here, is
rejected before parsing.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fgrad.errors import FormatError

_NUMBER_LIKE: Final = re.compile(r"(?<![\w.])\.?[0-9](?:[eE][+-](?=[0-9])|[\w.])*")
_NUMBER: Final = re.compile(r"(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?")
WORD: Final = re.compile(r"[^\W\d]\w*")
_STRANGE: Final = re.compile(r"[\"'`#\\;:@&|^~?$\[\]{}]|!(?!=)|(?<![<>=!])=(?!=)|//|<<|>>")
_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "^": "powers are written **",
        "&": "write `and`",
        "|": "write `or`",
        "~": "write `not`",
        "!": "write `not`",
        "=": "values stand after the expression, and equality is written ==",
        "//": "write floor(x / y)",
        "<<": "write x * 2**y",
        ">>": "write floor(x / 2**y)",
    }
)
READ_HERE: Final = "only numbers, names, operators, `a if c else b` and calls of operations are"
_KEYWORDS: Final = frozenset({"if", "else", "and", "or", "not"})


def require_readable(text: str) -> None:
    """Refuse, with a sentence of our own, what `ast` would read otherwise or put badly."""
    for column, character in enumerate(text):
        if not character.isprintable():
            problem = f"the character U+{ord(character):04X} is no part of an expression"
            raise FormatError(text, column, problem)
    if found := _STRANGE.search(text):
        advice = _ADVICE.get(found[0], f"{READ_HERE} read here")
        raise FormatError(text, found.start(), f"{found[0]} is no part of an expression: {advice}")
    for found in _NUMBER_LIKE.finditer(text):
        _require_number(text, found)
    for found in WORD.finditer(text):
        if keyword.iskeyword(found[0]) and found[0] not in _KEYWORDS:
            problem = f"{found[0]} is a word of Python's own: {READ_HERE} read here"
            raise FormatError(text, found.start(), problem)


def _require_number(text: str, found: re.Match[str]) -> None:
    if len(found[0]) > 1000:  # Python refuses to convert integers of more than 4,300 digits
        raise FormatError(text, found.start(), "a number has at most 1,000 characters")
    number = _NUMBER.match(found[0])
    if number is None or number[0] != found[0]:
        problem = f"{found[0][:40]} is not a decimal number"
        rest = found[0][number.end() :] if number else ""
        if number and WORD.fullmatch(rest) and not keyword.iskeyword(rest):
            problem += f"; multiplication is written {number[0][:40]}*{rest[:40]}"
        raise FormatError(text, found.start(), problem)
