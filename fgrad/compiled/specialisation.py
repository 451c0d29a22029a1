"""A compiled function for one structure of its arguments, and the fastest ways to call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, Final, Literal, TypeAlias

import attrs

from fgrad import trees
from fgrad.compiled.calls import MISS, direct
from fgrad.compiled.kernel import Kernel
from fgrad.compiled.rows import Table, skeleton
from fgrad.errors import NotAValue, TreeMismatch
from fgrad.trees.containers import USUAL, container_of
from fgrad.trees.tree import Structure

Call: TypeAlias = Callable[[tuple[Any, ...]], Any]
Over: TypeAlias = Literal["map", "into", "sum", "total"]
"""The result over many rows: new columns, given columns, sums, or given arrays of sums."""

Given: TypeAlias = Callable[[tuple[Any, ...], dict[str, Any]], Any]
"""A function of the positional arguments and those by name."""

TRIED: Final = 4
"""The number of calls that are tried one after the other."""


@attrs.frozen
class Specialisation:
    """A kernel, and the structures of its arguments and of its result."""

    kernel: Kernel
    arguments: Structure[Any]
    result: Structure[Any]

    @cached_property
    def call(self) -> Given | None:
        """The call for numbers, which returns the result or MISS."""
        builtin = self._builtin(_miss)
        if builtin is not None:
            return lambda args, kwargs: builtin(*args, **kwargs)
        written = self._written(self.result, self.kernel.run)
        return written and (lambda args, kwargs: MISS if kwargs else written(args))

    @cached_property
    def reader(self) -> Call | None:
        """The function of the tuple of positional arguments that returns their leaves, or MISS."""
        return self._written(None, lambda *leaves: leaves, floats=False)

    def _written(self, result: Structure[Any] | None, *rest: Any, **how: Any) -> Call | None:
        """The generated call, if all leaves are numbers; None otherwise."""
        if any(self.arguments.truths()):
            return None
        return direct(self.arguments, result, *rest, **how)

    def front(self, other: Given) -> Callable[..., Any] | None:
        """The function of numbers in this structure; it calls `other(args, kwargs)` for all else."""
        builtin = self._builtin(lambda *args, **kwargs: other(args, kwargs))
        return builtin or self._written(self.result, self.kernel.run, other=other)

    def _builtin(self, other: Callable[..., Any]) -> Callable[..., Any] | None:
        if self.kernel.backend != "native" or any(self.arguments.truths()):
            return None
        return self.kernel.entry.on_trees(self.arguments, self.result, other)

    def over(self, way: Over, arguments: Structure[Any]) -> Call | None:
        """The generated call for a few rows, of columns and numbers in that structure."""
        run = self.kernel.few(way)
        if run is None:
            return None
        result = self.result if way in ("map", "sum") else None
        return direct(arguments, result, run, floats=False)

    def targets(self, out: object, axes: int) -> Sequence[Any]:
        """The arrays of a tree like the result; those with `axes` axes stand for lists."""
        targets = Table.to_write(paired(self.result, out), axes)
        if not self.result.read(targets.row, []):
            came = str(trees.paths(targets.row))
            raise TreeMismatch("out", str(self.result.paths())[:200], came[:200])
        return targets.columns

    def sums(self, out: object) -> Sequence[Any]:
        """The arrays `()` and `(k,)` of a tree like the result; NotAValue for others."""
        targets = self.targets(out, 1)
        for x in targets:
            lock = "" if x.flags.writeable else "read-only "
            if lock or x.ndim > 1 or x.dtype != float:
                needed = "writable arrays of float64, () for a number and (k,) for a list"
                got = f"a {lock}{type(x).__name__} of shape {x.shape} and dtype {x.dtype}"
                raise NotAValue("out", needed, got, "Make them with numpy.empty.")
        return targets

    def on_arrays(self, *, ready: bool) -> Callable[[Any], tuple[float, Any]] | None:
        """The value and the gradient with respect to the only argument, as a function of an array.

        If `ready`, the function returns both; else its derivative returns the gradient.
        """
        params = self.arguments.children[0].children[0]
        if ready:
            alike = self.result == trees.tupled((trees.LEAF, params))
            whole = of_array(self.kernel, self.result, _miss)
            return (lambda x: _apart(whole(x))) if alike else None
        program = self.kernel.program
        if self.result.kind is not None or program.truths[program.outputs[0]]:
            return None
        reached, slope = self.kernel.slope((0,))
        if slope is None:
            return None
        value = of_array(self.kernel, self.result, _miss)
        slopes = of_array(slope, trees.tupled((trees.LEAF,) * len(reached)), _miss)
        return partial(_valued, value, slopes, list(reached))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the call."""
        return Specialisation, (self.kernel, self.arguments, self.result)


def _miss(*_: object, **__: object) -> Any:
    return MISS


def _apart(numbers: Any) -> tuple[float, Any]:
    return float(numbers[0]), numbers[1:]


def _valued(
    value: Callable[[Any], float], slopes: Callable[[Any], Any], reached: list[int], x: Any
) -> tuple[float, Any]:
    """The value at an array, and the slopes, which are 0 for inputs that are not reached."""
    import numpy as np  # noqa: PLC0415  # an extra

    found = slopes(np.append(x, 1.0))
    if len(reached) < len(x):
        sent, found = found, np.zeros(len(x))
        found[reached] = sent
    return float(value(x)), found


@attrs.frozen(eq=False)
class FewRows:
    """The generated calls over few rows, by the kind of result and the structure of the arguments."""

    # Each call with its structure, which is compared much faster than hashed.
    _calls: dict[Over, tuple[tuple[Structure[Any], Call], ...]] = attrs.field(
        factory=dict, init=False
    )

    def call(self, way: Over, given: tuple[Any, ...]) -> Any:
        """The result, or MISS."""
        for _, call in self._calls.get(way, ()):
            result = call(given)
            if result is not MISS:
                return result
        return MISS

    def expect(self, way: Over, special: Specialisation, given: tuple[Any, ...]) -> None:
        """Have the next calls try a generated one for the structure of `given`, arguments and `out`."""
        calls = self._calls.get(way, ())
        if len(calls) == TRIED or any(special.arguments.truths()):
            return
        structure: Structure[Any] = trees.flatten((skeleton(given), {}))[1]
        if not any(structure == known for known, _ in calls):
            call = special.over(way, structure)
            if call is not None:
                self._calls[way] = *calls, (structure, call)


def paired(structure: Structure[Any], tree: Any) -> Any:
    """The tree with the keys of its dicts in the order of the structure, if it has that structure."""
    container = container_of(tree, USUAL)
    if container is None or type(tree) is not structure.kind:
        return tree
    parts = container.take(tree)
    children = dict(zip(parts.keys, parts.children, strict=True))
    if children.keys() != set(structure.keys):
        return tree
    known = zip(structure.keys, structure.children, strict=True)
    inner = tuple([paired(child, children[key]) for key, child in known])
    return container.make(attrs.evolve(parts, keys=structure.keys, children=inner))


def of_floats(
    kernel: Kernel, result: Structure[Any], other: Callable[..., Any]
) -> Callable[..., Any]:
    """The function of floats by position; `other`, which takes any arguments, if there is none."""
    single = result.kind is None
    plain = single or (result.kind is tuple and all(c.kind is None for c in result.children))
    if kernel.backend != "native" or not plain:
        return other
    return kernel.entry.on_floats(other, single=single)


def of_array(
    kernel: Kernel, result: Structure[Any], other: Callable[..., Any]
) -> Callable[..., Any]:
    """The function of one array of doubles that returns an array of the result's numbers, or the only one.

    `other` is the function of a list. The function raises NotAValue for an array of another size or
    type.
    """
    import numpy as np  # noqa: PLC0415  # an extra

    size, single = len(kernel.program.inputs), result.kind is None

    def slow(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return other(x)
        masked = np.ma.isMaskedArray(x)  # whose mask would be lost
        if x.shape != (size,) or x.dtype.kind not in "iuf" or masked:
            kind = "a masked" if masked else "an"
            got = f"{kind} array of shape {x.shape} and dtype {x.dtype}"
            advice = "Specialise again for arrays of another length."
            raise NotAValue("a specialised function", f"an array of {size} numbers", got, advice)
        outputs = kernel.run(*x.astype(np.float64).tolist())
        return outputs[0] if single else np.array(outputs, np.float64)

    return kernel.entry.on_array(slow, single=single) if kernel.backend == "native" else slow
