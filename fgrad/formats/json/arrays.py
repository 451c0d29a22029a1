"""Arrays and operations on them in JSON.

An array is `{"shape":[2,3],"float64":"…"}`: the bytes of its elements, little-endian, in base64. That
keeps every bit, nan's too, in 11 characters a number where digits take up to 24, and is read at the
speed of memory. An operation on whole arrays is its name behind `array.` and the list of what it is
made of, `["array.sum",[[0]],3]`; only those of `fgrad.arrays.makers` are known.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, Final

from fgrad.arrays.linear import Key
from fgrad.arrays.makers import MAKERS, is_of_kind, size_of_result
from fgrad.arrays.nodes import computed
from fgrad.arrays.packing import KINDS, MOST_AXES, packed, unpacked
from fgrad.arrays.primitive import ArrayOp
from fgrad.arrays.values import shape_of
from fgrad.errors import FormatError, NotAValue, Untranslatable
from fgrad.formats.json.document import Document, Path, brief
from fgrad.ops.operand import is_array

PREFIX: Final = "array."
_LITERALS: Final = ("float64", "bool")
_FREE: Final = 1 << 24
_EACH: Final = 64


def written_array(array: Any) -> dict[str, Any]:
    """An array as JSON has it."""
    content = b64encode(packed(array)).decode()
    return {"shape": list(array.shape), array.dtype.name: content}


def written_op(op: ArrayOp) -> list[Any]:
    """The word for an operation on whole arrays, and what it is made of."""
    maker = MAKERS.get(op.name)
    args = None if maker is None else maker.arguments(op)
    if args is None:
        raise Untranslatable(op.name, "JSON", "no text names it")
    return [PREFIX + op.name, [_written(a) for a in args]]


def _written(part: Any) -> Any:
    if isinstance(part, Key):
        return {"index": [_written(p) for p in part.parts]}
    if isinstance(part, tuple):
        return [_written(p) for p in part]
    if isinstance(part, slice):
        return {"slice": [part.start, part.stop, part.step]}
    if part is Ellipsis:
        return "..."
    return written_array(part) if is_array(part) else part


class ArrayReader:
    """Reads what is of arrays in one document, and computes with it within bounds.

    A short text can ask for huge arrays by broadcasting. All values together have at most 2**24
    elements, and 64 for each that stands in the text: memory stays in proportion to it.
    """

    document: Document
    given: int
    made: int

    def __init__(self, document: Document) -> None:
        """Begin with nothing read."""
        self.document = document
        self.given = 0
        self.made = 0

    def array(self, path: Path, raw: Any, kinds: Sequence[str] = _LITERALS) -> Any:
        """The array of an object of a shape and bytes."""
        kind = next((key for key in raw if key != "shape"), "")
        if set(raw) != {"shape", kind} or kind not in kinds:
            needed = f'an array is {{"shape":[2],"{kinds[0]}":"…"}}, of {" or ".join(kinds)}'
            raise self.document.error(path, needed)
        shape = self.shape((*path, "shape"), raw["shape"])
        if not shape and kinds is _LITERALS:
            raise self.document.error((*path, "shape"), "an array of no dimension is a literal")
        made = _decoded(raw[kind], kind, shape)
        if made is None:
            problem = f"{brief(raw[kind])} are no {kind} of shape {list(shape)} in base64"
            raise self.document.error((*path, kind), problem)
        self.given += made.size
        return made

    def shape(self, path: Path, raw: Any) -> tuple[int, ...]:
        """A list of whole numbers from 0."""
        lengths = self.document.listed(path, raw)
        if len(lengths) > MOST_AXES or any(type(n) is not int or n < 0 for n in lengths):
            raise self.document.error(path, f"at most {MOST_AXES} whole numbers from 0 are needed")
        return tuple(lengths)

    def operation(self, path: Path, word: str, raw: Any) -> ArrayOp:
        """The operation that a word names, made of what stands behind it."""
        name = word.removeprefix(PREFIX)
        maker = MAKERS.get(name)
        if maker is None:
            raise self.document.error((*path, 0), f"no operation is named {word!r:.60}")
        if raw is None:
            raise self.document.error(path, f"{name} needs the list of what it is made of")
        given = self.document.listed((*path, 1), raw)
        if len(given) != len(maker.kinds):
            raise self.document.error((*path, 1), f"{name} is made of {len(maker.kinds)} parts")
        args = []
        for k, (kind, part) in enumerate(zip(maker.kinds, given, strict=True)):
            value = self.part((*path, 1, k), part)
            if not is_of_kind(value, kind, name):
                problem = f"{name} is made of {kind} here, not {brief(part)}"
                raise self.document.error((*path, 1, k), problem)
            args.append(value)
        return maker.made(args)

    def part(self, path: Path, raw: Any) -> Any:
        """What an operation is made of: numbers, words, lists of these, and an index."""
        if type(raw) is list:
            return tuple([self.part((*path, i), p) for i, p in enumerate(raw)])
        if type(raw) is not dict:
            return Ellipsis if raw == "..." else raw
        if set(raw) == {"index"}:
            inner = (*path, "index")
            parts = self.document.listed(inner, raw["index"])
            return Key(tuple([self.place((*inner, i), p) for i, p in enumerate(parts)]))
        raise self.document.error(path, 'an object is {"index":[…]} here')

    def place(self, path: Path, raw: Any) -> Any:
        """One part of an index."""
        if raw is None or type(raw) is int or raw == "...":
            return Ellipsis if raw == "..." else raw
        if type(raw) is dict and set(raw) == {"slice"}:
            ends = raw["slice"]
            whole = type(ends) is list and all(n is None or type(n) is int for n in ends)
            if whole and len(ends) == 3 and ends[2] != 0:
                return slice(*ends)
        elif type(raw) is dict:
            return self.array(path, raw, sorted(KINDS - {"float64"}))
        raise self.document.error(path, "this is no part of an index")

    def value(self, path: Path, op: Any, args: Sequence[Any]) -> Any:
        """What an operation gives for arrays, as nodes keep it."""
        try:
            size = size_of_result(op, list(map(shape_of, args)))
            if self.made + size > _FREE + _EACH * self.given:
                raise self.document.error(path, "its values take far more memory than the text")
            self.made += size
            return computed(op, args)
        except (FormatError, NotAValue):
            raise
        except (ArithmeticError, ValueError, LookupError, TypeError, MemoryError) as error:
            problem = f"{op.name} raises {type(error).__name__} for these values"
            raise self.document.error(path, problem) from error


def _decoded(content: Any, kind: str, shape: tuple[int, ...]) -> Any:
    """The array of those bytes in base64, of which there is one text for each; None if it is none."""
    try:
        data = b64decode(content.encode("ascii"), validate=True)
        return unpacked(kind, shape, data) if b64encode(data).decode() == content else None
    except (ValueError, AttributeError):
        return None
