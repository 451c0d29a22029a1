"""Functions that sparse derivatives are taken of: traced, with the numbers of what they are taken by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any

import attrs

from fgrad import trees
from fgrad.errors import NotAValue, NotDifferentiable, summary
from fgrad.graph.node import Node
from fgrad.ops.operand import is_array, not_a_number
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Program
from fgrad.program.trace import Tracing
from fgrad.transforms.variables import Places, found
from fgrad.trees.parameters import differentiated, flattened, name_of, unhashable


@attrs.frozen
class Arguments:
    """Arguments as a program takes them: the leaves of all, and which are differentiated by."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    leaves: tuple[float, ...]
    structure: trees.Structure[Any]
    wanted: tuple[int, ...]
    """The numbers of the leaves that are differentiated by, in the order of `argnums`."""
    sizes: tuple[int, ...]
    """The number of leaves of each argument, those by name as one."""

    @classmethod
    def of(
        cls,
        f: Callable[..., Any],
        places: Places,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        where: str,
    ) -> Arguments:
        """Take them apart; an array of one axis stands for a list of its numbers.

        NotAValue for a node, and for a truth value that would be differentiated by.
        """
        args = tuple([_listed(x) for x in args])
        kwargs = {name: _listed(x) for name, x in kwargs.items()}
        args, kwargs, chosen = found(f, places, args, kwargs)
        leaves, structure = flattened(lambda: f, args, kwargs)
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
        positional, named = structure.children
        sizes = [len(child) for child in positional.children]
        starts = [0, *accumulate(sizes)]
        wanted = [i for place in chosen for i in range(starts[place], starts[place + 1])]
        numbers = tuple([float(leaf) for leaf in leaves])  # type: ignore[arg-type]  # no node is left
        counts = (*sizes, len(named)) if len(named) else tuple(sizes)
        return cls(args, kwargs, numbers, structure, tuple(wanted), counts)


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
    found = Tracing.of(f, given.args, given.kwargs)
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
    if tracing.result.kind is not None:
        advice = "Let the function return one number, or take sparse_jacobian of its gradient."
        raise NotDifferentiable(where, f"a {tracing.result.kind.__name__}", advice)
