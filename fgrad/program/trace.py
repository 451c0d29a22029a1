"""Tracing: run a function once on numbers without values, and record what it computes as a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import attrs

from fgrad import trees
from fgrad.graph.collector import relaxed_gc
from fgrad.graph.depth import below_all, call_inside
from fgrad.ops.operand import require_numbers
from fgrad.program.program import Program
from fgrad.program.spread import Spread, numbers_of
from fgrad.program.tracer import traced, traced_truth
from fgrad.trees.parameters import flattened, leaf_names, require_function

P = ParamSpec("P")
Q = TypeVar("Q")


@attrs.frozen
class Tracing:
    """The program of a function for one structure of its arguments, with that and that of its result."""

    program: Program
    arguments: trees.Structure[Any]
    result: trees.Structure[Any]

    @classmethod
    def of(cls, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tracing:
        """Run `f` on traced numbers instead of the leaves of its arguments."""
        arguments = flattened(lambda: f, args, kwargs)[1]
        return cls._of(f, Spread(arguments, None), arrays=False)

    @classmethod
    def spread(cls, f: Callable[..., Any], given: Spread[Any]) -> Tracing:
        """The same for arguments `(args, kwargs)` with arrays, each number of which is an input.

        Each number of an array of the result is an output, and the array one leaf of its structure.
        """
        return cls._of(f, given, arrays=True)

    @classmethod
    def _of(cls, f: Callable[..., Any], given: Spread[Any], *, arrays: bool) -> Tracing:
        names = given.placed(leaf_names(f, given.structure))
        inputs = [traced(name) for name in names]
        # The function gets a truth value, the program the number 1 or 0.
        kinds = zip(inputs, given.each(given.structure.truths()), strict=True)
        fresh = [traced_truth(x) if truth else x for x, truth in kinds]
        fresh_args, fresh_kwargs = given.tree(fresh)
        ground = below_all()
        with relaxed_gc():
            outputs, result = trees.results(call_inside(f, fresh_args, fresh_kwargs))
            if arrays:
                outputs = tuple([x for y in outputs for x in numbers_of(y, "the result")])
            else:
                require_numbers(outputs, "the result")
            return cls(Program.of(outputs, inputs, names, ground), given.structure, result)


def trace(f: Callable[P, Q], /) -> Callable[P, Program]:
    """The function that returns the program of `f` for arguments of the structure it is called with.

    The numbers themselves do not matter. `f` may choose with `where` only: branching on a number,
    or asking for its value, raises TracedNumber, which names the line. Raises NotAValue if `f`
    holds a variable that is not among its arguments.

    >>> import fgrad as fg
    >>> def area(sides: dict[str, float]) -> float:
    ...     return sides["a"] * sides["b"]
    >>> program = fg.trace(area)({"a": 0.0, "b": 0.0})
    >>> program.inputs, program.run((2.0, 3.0))
    (("sides['a']", "sides['b']"), (6.0,))
    """
    require_function(f, "trace")

    def trace_of_f(*args: P.args, **kwargs: P.kwargs) -> Program:
        return Tracing.of(f, args, kwargs).program

    return trace_of_f
