"""einsum: products of any number of arrays, summed by letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_letters
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from fgrad.arrays.contract import contract
from fgrad.arrays.functions import sum
from fgrad.arrays.linear import permuted, reshaped
from fgrad.arrays.parts import diagonal
from fgrad.arrays.shapes import given, refused
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue

Shapes: TypeAlias = tuple[tuple[int, ...], ...]
_CACHED: Final = 1024


def einsum(spec: Any, *operands: Any) -> Any:
    """Products summed by letters; where no result is named, by those that are there twice.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.einsum("ij,j->i", np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    if not isinstance(spec, str):
        advice = "Write it by letters, as in einsum('ij,j->i', x, y)."
        raise NotAValue("einsum", "a text first", f"{type(spec).__name__}", advice)
    parts = [given(x, "einsum") for x in operands]
    read, out, lengths = _read(spec, tuple(map(shape_of, parts)))
    narrow = [_narrowed(x, names, lengths) for x, names in zip(parts, read, strict=True)]
    inputs = [names for _, names in narrow]
    pairs = [_single(x, names, _needed(inputs, i, out)) for i, (x, names) in enumerate(narrow)]
    x, names = pairs[0]
    for i, (other, theirs) in enumerate(pairs[1:], 2):
        later = {c for _, rest in pairs[i:] for c in rest} | set(out)
        both = [c for c in dict.fromkeys(names + theirs) if c in later]
        x, names = _paired(x, names, other, theirs, "".join(both))
    x, names = _single(x, names, set(out))
    return permuted(x, tuple([names.index(c) for c in out])) if out else x


def _needed(inputs: Sequence[str], place: int, out: str) -> set[str]:
    return {c for i, names in enumerate(inputs) if i != place for c in names} | set(out)


@lru_cache(_CACHED)
def _read(spec: str, shapes: Shapes) -> tuple[tuple[str, ...], str, Mapping[str, int]]:
    """The letters of each array and of the result, and the length of each letter."""
    inputs, out = _parsed(spec, shapes)
    return tuple(inputs), out, MappingProxyType(_lengths(spec, inputs, shapes))


def _parsed(spec: str, shapes: Shapes) -> tuple[list[str], str]:
    """The letters of each array and of the result; what ... stands for has letters of its own."""
    arguments, arrow, out = spec.replace(" ", "").partition("->")
    inputs = arguments.split(",")
    free = "".join([c for c in ascii_letters if c not in spec])
    if len(inputs) != len(shapes):
        raise _wrong(spec, f"{len(inputs)} arrays, not {len(shapes)}")
    lost = [len(x) - len(names.replace("...", "")) for names, x in zip(inputs, shapes, strict=True)]
    if any(n < 0 or (n and "..." not in names) for n, names in zip(lost, inputs, strict=True)):
        raise _wrong(spec, "a letter for each axis")
    widest = max([n for n, names in zip(lost, inputs, strict=True) if "..." in names], default=0)
    rest = free[:widest]
    inputs = [
        names.replace("...", rest[widest - n :]) for n, names in zip(lost, inputs, strict=True)
    ]
    every = "".join(inputs)
    if not arrow:
        out = rest + "".join(sorted([c for c in {*every} - {*rest} if every.count(c) == 1]))
    out = out.replace("...", rest)
    if not (every + out).isalpha() and every + out:
        raise _wrong(spec, "letters alone")
    if not {*rest} <= set(out):
        raise _wrong(spec, "... in the result")
    if not set(out) <= set(every) or len(set(out)) < len(out):
        raise _wrong(spec, "each letter of the result once, and from an array")
    return inputs, out


def _lengths(spec: str, inputs: list[str], shapes: Shapes) -> dict[str, int]:
    """The length of each letter; along an axis of length 1 an array is repeated."""
    lengths: dict[str, int] = {}
    for names, x in zip(inputs, shapes, strict=True):
        here: dict[str, int] = {}
        for c, n in zip(names, x, strict=True):
            known = lengths.setdefault(c, n)
            if here.setdefault(c, n) != n or (known != n and 1 not in (known, n)):
                raise _wrong(spec, f"one length for {c}, not {known} and {n}")
            lengths[c] = n if known == 1 else known
    return lengths


def _narrowed(x: Any, names: str, lengths: Mapping[str, int]) -> tuple[Any, str]:
    """An array without the axes along which it is repeated."""
    keep = [(c, n) for c, n in zip(names, shape_of(x), strict=True) if n == lengths[c]]
    return reshaped(x, tuple([n for _, n in keep])), "".join([c for c, _ in keep])


def _wrong(spec: str, needed: str) -> Exception:
    return refused("einsum", f"{spec!r:.60}: it needs {needed}", "Write it as for np.einsum.")


def _single(x: Any, names: str, needed: set[str]) -> tuple[Any, str]:
    """One operand: diagonals where a letter is repeated, sums over letters nobody else needs."""
    for c in dict.fromkeys(names):
        while names.count(c) > 1:
            i = names.index(c)
            j = names.index(c, i + 1)
            x = diagonal(x, 0, i, j)
            names = names[:i] + names[i + 1 : j] + names[j + 1 :] + c
    lost = tuple([i for i, c in enumerate(names) if c not in needed])
    return (sum(x, lost) if lost else x), "".join([c for c in names if c in needed])


def _paired(x: Any, names: str, other: Any, theirs: str, out: str) -> tuple[Any, str]:
    if not names or not theirs:
        return x * other, names + theirs
    # What one of both has alone and nobody needs any more is summed first.
    x, names = _single(x, names, set(theirs) | set(out))
    other, theirs = _single(other, theirs, set(names) | set(out))
    if not names or not theirs:
        return x * other, names + theirs
    return contract(f"{names},{theirs}->{out}", x, other), out
