"""Functions that sparse derivatives are taken of: traced, with the numbers of what they are taken by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

import attrs

from fgrad import trees
from fgrad.compiled.compiled import Compiled
from fgrad.errors import NotAValue, NotDifferentiable, summary
from fgrad.graph.node import Node
from fgrad.ops.operand import is_array, not_a_number
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Program
from fgrad.program.spread import Spread, numbers_of
from fgrad.program.trace import Tracing
from fgrad.sparse.filling import numpy
from fgrad.transforms.variables import Places, found
from fgrad.trees.parameters import differentiated, flattened, name_of, unhashable

if TYPE_CHECKING:
    from fgrad.sparse.filling import Array


@attrs.frozen
class Arguments:
    """Arguments as a program takes them: the leaves of all, and which are differentiated by."""

    numbers: list[float]
    spread: Spread[Any]
    """How the tree of all arguments, `(args, kwargs)`, is spread."""
    wanted: tuple[int, ...]
    """The places of the numbers that are differentiated by, in the order of `argnums`."""
    sizes: tuple[int, ...]
    """How many numbers each argument has, those by name as one."""

    @classmethod
    def of(
        cls,
        f: Callable[..., Any],
        places: Places,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        where: str,
    ) -> Arguments:
        """Take them apart; to a compiled function an array of one axis is a list of its numbers.

        NotAValue for a node, and for a truth value that would be differentiated by.
        """
        if isinstance(f, Compiled):
            args = tuple([_listed(x) for x in args])
            kwargs = {name: _listed(x) for name, x in kwargs.items()}
        args, kwargs, chosen = found(f, places, args, kwargs)
        leaves, structure = flattened(lambda: f, args, kwargs, arrays=True)
        _require_hashable(f, structure)
        for leaf in leaves:
            if isinstance(leaf, Node):
                advice = f"Give it numbers; {where} of nodes is not differentiated again."
                raise NotAValue(where, "numbers", summary(leaf), advice)
        for place in chosen:
            name = partial(name_of, f, place)
            for x in differentiated(args[place], name)[0]:
                if isinstance(x, bool):
                    raise not_a_number(x, name())
        spread = Spread.of(leaves, structure)
        sizes = _sizes(spread)
        starts = [0, *accumulate(sizes)]
        wanted = [i for place in chosen for i in range(starts[place], starts[place + 1])]
        numbers = [float(x) for leaf in leaves for x in numbers_of(leaf, where)]
        return cls(numbers, spread, tuple(wanted), tuple(sizes if sizes[-1] else sizes[:-1]))

    def arrays(self) -> list[Array]:
        """The numbers of each argument as an array."""
        np = numpy()
        starts = accumulate(self.sizes, initial=0)
        return [
            np.array(self.numbers[at : at + n]) for at, n in zip(starts, self.sizes, strict=False)
        ]


def _sizes(spread: Spread[Any]) -> list[int]:
    """How many numbers each positional argument has, and those by name together."""
    positional, named = spread.structure.children
    counts = iter(spread.sizes())
    return [sum(islice(counts, len(child))) for child in (*positional.children, named)]


def _require_hashable(f: Callable[..., Any], structure: trees.Structure[Any]) -> None:
    """Raise NotAValue for a static value that cannot select what was made."""
    try:
        hash(structure)
    except TypeError as error:
        where, value = unhashable(f, structure) or ("the arguments", error)
        advice = "Static values must be hashable, since they select the program."
        raise NotAValue(where, "a hashable value", f"{value!r:.60}", advice) from None


def _listed(x: Any) -> Any:
    return x.tolist() if is_array(x) and getattr(x, "ndim", 0) == 1 else x


def traced(f: Callable[..., Any], given: Arguments) -> Tracing:
    """The program of `f` for such arguments, without calls and simplified."""
    found = Tracing.spread(f, given.spread)
    return attrs.evolve(found, program=simplified(inlined(found.program)))


def require_numbers(program: Program, where: str) -> None:
    """Raise NotAValue if an output is a truth value."""
    kinds = program.truths
    if any(kinds[i] for i in program.outputs):
        advice = "Choose numbers by it with where(condition, x, y)."
        raise NotAValue(where, "numbers as results", "a truth value", advice)


def require_one(tracing: Tracing, where: str) -> None:
    """Raise NotDifferentiable unless the result is one number."""
    require_numbers(tracing.program, where)
    if tracing.result.kind is not None or len(tracing.program.outputs) != 1:
        advice = "Let the function return one number, or take sparse_jacobian of its gradient."
        kind = tracing.result.kind
        raise NotDifferentiable(where, f"a {kind.__name__}" if kind else "an array", advice)
