"""How operations and numbers are written where programs are text, and found again by name.

Operations of this library go by their name and a user's by `@` and its name, so that one never
stands for the other, whatever is added here later. Nothing is imported by name.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from typing import Any, Final

from fgrad.display import pictured, shorten, valued
from fgrad.errors import NotAValue, UnknownName
from fgrad.ops import library
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.operand import is_array
from fgrad.ops.primitive import Op

_ITEM: Final = re.compile(r"(item|truth)\[([0-9]{1,9})\]")
_NUMBER: Final = re.compile(
    r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|-?inf|nan(?::[0-9a-f]{16})?"
)
WORD: Final = r"(?:[A-Za-z_][A-Za-z0-9_]*+)"
"""A plain word."""
PLAIN: Final = rf"{WORD}(?:\.{WORD}|\[(?:[0-9]++|'[A-Za-z0-9_ .-]*+')\])*+"
"""What stands without quotes: a word, and the way to a leaf from there."""
RESERVED: Final = frozenset({"True", "False", "inf", "nan"})
_NAN: Final = struct.pack(">d", math.nan)


def spelled(op: Op) -> str:
    """The word for an operation."""
    if isinstance(op, Item):
        return f"{'truth' if op.truth else 'item'}[{op.index}]"
    if not op.elementwise:
        return _with_key(op)
    return op.name if library.is_ours(op) else f"@{op.name}"


def _with_key(op: Any) -> str:
    """An operation on whole arrays with what it is made of, as in `sum[(0,)]`."""
    key = op.key if isinstance(op.key, tuple) else (op.key,)
    return f"{op.name}[{shorten(', '.join(map(str, key)), 40)}]" if key else op.name


def vocabulary(operations: Iterable[object]) -> dict[str, Op]:
    """The operation for each word: those of the library, and `operations`."""
    known = {name: op for name, op in vars(ops).items() if isinstance(op, Op)}
    for op in operations:
        if not isinstance(op, Op):
            advice = "Pass the operation itself, which names itself."
            raise NotAValue("operations", "operations", f"{op!r:.60}", advice)
        if known.setdefault(spelled(op), op) is not op:
            raise namesake(op)
    return known


def namesake(op: Op) -> NotAValue:
    """The error for another operation of the same name."""
    advice = "Text holds the name alone: give them different names."
    return NotAValue("operations", "one of each name", f"two named {op.name!r:.60}", advice)


def operation(word: str, known: dict[str, Op]) -> Op:
    """The operation that `word` names; UnknownName if there is none."""
    op = known.get(word)
    if op is None and word in library.MODULES:
        op = known[word] = library.named(word)
    if op is None:
        item = re.fullmatch(_ITEM, word)
        if item is None:
            own = f"@{word}"
            raise UnknownName.among(
                word[:200], (*known, *library.MODULES), "operation", own if own in known else None
            )
        op = known[word] = Item.at(int(item[2]), item[1] == "truth")
    return op


def digits(value: float) -> str:
    """The shortest text from which every bit of `value` is read again."""
    if value == value or struct.pack(">d", value) == _NAN:  # noqa: PLR0124  # no nan equals itself
        return repr(value)
    return f"nan:{struct.pack('>d', value).hex()}"


def number(word: str) -> float | None:
    """The float that `word` is; None if it is none, or too large for a float."""
    if re.fullmatch(_NUMBER, word) is None:
        return None
    if word.startswith("nan:"):
        value: float = struct.unpack(">d", bytes.fromhex(word[4:]))[0]
        return value if math.isnan(value) else None
    value = float(word)
    return None if math.isinf(value) and "inf" not in word else value


def quoted(name: str) -> str:
    """The name as it is printed: as it is, or in quotes if it is no plain word."""
    if re.fullmatch(PLAIN, name) and name not in RESERVED:
        return name
    return _in_quotes(name)


def _in_quotes(name: str) -> str:
    from json import dumps  # noqa: PLC0415  # most names are plain

    return dumps(name, ensure_ascii=not name.isprintable())


def spelling(op: Op) -> str:
    """The word for an operation as it is printed, in quotes if it is no plain word."""
    name = spelled(op)
    if not name.startswith("@") or re.fullmatch(WORD, name[1:]):
        return name
    return f"@{_in_quotes(name[1:])}"


def printed(value: object) -> str:
    """A literal as it is printed."""
    if is_array(value):
        return pictured(value)
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        return valued(value)
    return digits(float(value))
