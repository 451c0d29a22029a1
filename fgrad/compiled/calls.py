"""Generated calls: from arguments of a known structure to the result, as straight-line Python.

Reading a tree by a general walk and building another takes microseconds, more than most programs take
to run. Code that is generated for one structure takes a tenth of that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import getattr_static
from itertools import count, islice
from types import MemberDescriptorType
from typing import Any, Final, final

import attrs

from fgrad.trees.containers import is_plain_tuple
from fgrad.trees.sameness import same
from fgrad.trees.tree import Structure

LARGEST: Final = 300
"""The number of leaves up to which a call is generated, where a tuple or list of leaves counts as one."""
_FLOATS: Final = frozenset({float})
_FEW: Final = 32
"""The number of leaves up to which each is read by itself, which is faster then."""
_NAMED: Final = 30
"""The number of outputs up to which each has a name of its own."""


@final
class Miss:
    """The result of a generated call for arguments of another structure."""


MISS: Final = Miss()


def direct(
    arguments: Structure[Any],
    result: Structure[Any] | None,
    run: Callable[..., Any],
    *,
    floats: bool = True,
    other: Callable[[tuple[Any, ...], dict[str, Any]], Any] | None = None,
) -> Callable[..., Any] | None:
    """The function that calls `run` with the leaves of the arguments and returns the tree `result`.

    It takes the tuple of the positional arguments. It returns MISS for arguments of another structure,
    for leaves that are no floats if `floats`, and if `run` returns None. With `other`, it takes the
    arguments themselves, and returns `other(args, kwargs)` instead of MISS. Without `result` it
    returns the outputs of `run`. None for structures of classes that are not read by index, key or
    field, and for large ones.

    >>> from fgrad import trees
    >>> _, pair = trees.flatten((((1.0, 2.0),), {}))
    >>> call = direct(pair, trees.flatten([0.0, 0.0])[1], lambda x, y: (x + y, x * y))
    >>> call(((3.0, 4.0),)), call((3.0,)) is MISS
    ([7.0, 12.0], True)
    """
    args, kwargs = arguments.children
    if kwargs.children or not 0 < _pieces(arguments) <= LARGEST:
        return None
    outputs = 0 if result is None else len(result)
    miss, rows = "other(args, kwargs)" if other else "MISS", len(arguments) > _FEW
    writer = _Writer(named=outputs <= _NAMED, miss=miss, rows=rows)
    if not (writer.read(args, "args") and (result is None or _written(result))):
        return None
    built = "ys" if result is None else writer.build(result)
    names: dict[str, Any] = {
        **writer.names,
        "run": run,
        "other": other,
        "MISS": MISS,
        "FLOATS": _FLOATS,
        "same": same,
    }
    text = writer.text(built, outputs, floats=floats)
    exec(compile(text, "<a call>", "exec"), names)  # noqa: S102  # all text is made here
    call: Callable[..., Any] = names["call"]
    return call


def _pieces(structure: Structure[Any]) -> int:
    """The number of leaves, where a tuple or list of leaves alone counts as one."""
    if structure._container is None or _is_row(structure):
        return 1
    return sum([_pieces(child) for child in structure.children])


def _is_row(structure: Structure[Any]) -> bool:
    return structure._flat and structure.kind in (tuple, list) and len(structure) > 1


def _written(structure: Structure[Any]) -> bool:
    """Whether trees of this structure can be written as expressions."""
    how = structure._container
    plain = structure.kind in (tuple, list, dict) or (how is not None and how.passing is not None)
    plain_tuple = structure.kind is not None and is_plain_tuple(structure.kind)
    known = structure.extras is None and (how is None or plain or plain_tuple)
    return known and all(map(_written, structure.children))


def _is_of_floats(leaf: str) -> str:
    if leaf[0] == "*":
        return f"FLOATS.issuperset(map(type, {leaf[1:]}))"
    return f"type({leaf}) is float"


@attrs.frozen(kw_only=True)
class _Writer:
    named: bool
    """Whether each output has a name; else they are slices of `ys`."""
    miss: str
    """The expression that is returned for arguments of another structure."""
    rows: bool
    """Whether a tuple or list of leaves is passed on as it is."""
    lines: list[str] = attrs.field(factory=list)
    after: list[str] = attrs.field(factory=list)
    leaves: list[str] = attrs.field(factory=list)
    names: dict[str, Any] = attrs.field(factory=dict)
    _fresh: count[int] = attrs.field(factory=count)
    _outputs: count[int] = attrs.field(factory=count)

    def text(self, built: str, outputs: int, *, floats: bool) -> str:
        """The whole function, once the lines that read the leaves and build the result are known."""
        given = ", ".join(self.leaves)
        check = " and ".join(map(_is_of_floats, self.leaves))
        ys = ", ".join([f"y{i}" for i in range(outputs)])
        alone = self.miss == "MISS"
        lines = [
            "def call(args):" if alone else "def call(*args, **kwargs):",
            *(() if alone else [f"if kwargs: return {self.miss}"]),
            *self.lines,
            *([f"if not ({check}): return {self.miss}"] if floats else ()),
            f"ys = run({given})",
            f"if ys is None: return {self.miss}",
            *([f"{ys}, = ys"] if self.named and ys else ()),
            *self.after,
            f"return {built}",
        ]
        return "\n    ".join(lines)

    def _name(self, value: Any) -> str:
        name = f"k{next(self._fresh)}"
        self.names[name] = value
        return name

    def read(self, structure: Structure[Any], tree: str) -> bool:
        """Write the lines that take `tree` apart; False if that cannot be written."""
        if not _written(structure):
            return False
        how = structure._container
        if how is None:
            self.leaves.append(tree)
            return True
        kind, size = structure.kind, len(structure.keys)
        if tree != "args":  # which are a tuple, as calls have them
            self.lines.append(f"if type({tree}) is not {self._name(kind)}: return {self.miss}")
        if kind in (tuple, list, dict):
            if kind is list and self.rows:
                self.lines.append(f"{tree} = (*{tree},)")  # another thread may change it
            self.lines.append(f"if len({tree}) != {size}: return {self.miss}")
        if self.rows and tree != "args" and _is_row(structure):
            self.leaves.append(f"*{tree}")
            return True
        parts = [f"x{next(self._fresh)}" for _ in structure.keys]
        self.lines.extend(self._taken(structure, tree, parts))
        return all(self.read(c, p) for c, p in zip(structure.children, parts, strict=True))

    def _taken(self, structure: Structure[Any], tree: str, parts: Sequence[str]) -> list[str]:
        how, kind = structure._container, structure.kind
        if kind is dict:
            keys = [f"x{next(self._fresh)}" for _ in parts]
            if not parts:
                return []
            known = zip(keys, structure.keys, strict=True)
            got = [
                f"{', '.join(names)}, = {tree}{way}"
                for names, way in ((keys, ""), (parts, ".values()"))
            ]
            return [*got, *[self._same(key, value) for key, value in known]]
        if how is not None and how.passing is not None:
            lines = [f"{p} = {tree}.{k}" for p, k in zip(parts, structure.keys, strict=True)]
            for name, value in zip(how.passing, structure.static or (), strict=True):
                static = f"x{next(self._fresh)}"
                lines += [f"{static} = {tree}.{name}", self._same(static, value)]
            return lines
        return [f"{', '.join(parts)}, = {tree}"] if parts else []

    def _same(self, what: str, value: object) -> str:
        """The line that checks that an expression is the same as `value`."""
        known = self._name(value)
        return f"if {what} is not {known} and not same({what}, {known}): return {self.miss}"

    def build(self, structure: Structure[Any]) -> str:
        """The expression of the tree; lines for what takes more than an expression go before it."""
        how, kind = structure._container, structure.kind
        if how is None:
            i = next(self._outputs)
            return f"y{i}" if self.named else f"ys[{i}]"
        if structure._flat and kind in (tuple, list) and not self.named and structure.children:
            places = list(islice(self._outputs, len(structure.children)))
            parts = [f"*ys[{places[0]}:{places[-1] + 1}]"]
        else:
            parts = [self.build(child) for child in structure.children]
        inside = ", ".join(parts)
        if kind is tuple:
            return f"({inside},)" if parts else "()"
        if kind is list:
            return f"[{inside}]"
        if kind is dict:
            keys = [self._name(key) for key in structure.keys]
            return "{" + ", ".join(f"{k}: {p}" for k, p in zip(keys, parts, strict=True)) + "}"
        name = self._name(kind)
        if how.passing is None:
            return f"{self._name(tuple.__new__)}({name}, ({inside},))"
        made = f"t{next(self._fresh)}"
        self.after.append(f"{made} = {self._name(object.__new__)}({name})")
        static = [self._name(value) for value in structure.static or ()]
        for field, value in zip((*structure.keys, *how.passing), (*parts, *static), strict=True):
            self.after.append(self._put(kind, made, field, value))
        return made

    def _put(self, kind: object, made: str, field: str, value: str) -> str:
        slot = getattr_static(kind, field, None)
        if isinstance(slot, MemberDescriptorType):  # which takes two thirds of the time
            return f"{self._name(slot.__set__)}({made}, {value})"
        return f"{self._name(object.__setattr__)}({made}, {field!r}, {value})"
