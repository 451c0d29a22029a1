"""A nonlinear program over numbers: one traced program, and the bounds of its results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import attrs

from fgrad import trees
from fgrad.display import plural
from fgrad.errors import NotAValue, summary
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import is_bool
from fgrad.program.program import Program
from fgrad.program.spread import Spread, numbers_of
from fgrad.program.trace import Tracing
from fgrad.trees.parameters import differentiated

_CLOSED: Final = {
    ops.less_equal: (-math.inf, 0.0),
    ops.greater_equal: (0.0, math.inf),
    ops.equal: (0.0, 0.0),
}
_OPEN: Final = {ops.less: "<=", ops.greater: ">="}
_MEETS: Final = "Compare numbers or arrays by <=, >= or fg.equal."


@attrs.frozen
class Row:
    """A constraint: its place in the tree of constraints, and the bounds of its number."""

    path: str
    lower: float
    upper: float


@attrs.frozen(repr=False)
class Formulation:
    """Minimise the first result of `program`, with the others within the bounds of `rows`.

    Its inputs are the variables and then the parameters.
    """

    program: Program
    variables: Spread[Any]
    params: Spread[Any]
    constraints: Spread[Any]
    rows: tuple[Row, ...]

    @classmethod
    def of(
        cls,
        objective: Callable[..., Any],
        constraints: Callable[..., Any] | None,
        given: tuple[Any, ...],
    ) -> Formulation:
        """Both functions traced together; `given` are x0 and, if there are any, the parameters.

        Raises NotAValue, with its place, for a constraint that is none.
        """
        rows: list[Row] = []
        kept: list[Spread[Any]] = []

        def numbers(x: Any, params: Any) -> Any:
            args = (x, params)[: len(given)]
            value = _objective(objective(*args))
            comparisons = () if constraints is None else constraints(*args)
            if comparisons is None:
                advice = "Return a comparison or a tree of them; () is none."
                raise NotAValue("constraints", "a result", "None", advice)
            leaves, structure = trees.results(comparisons, "constraints")
            kept.append(Spread.of(leaves, structure))
            conditions = [x for leaf in leaves for x in numbers_of(leaf, "constraints")]
            paths = [f"constraints{path}" for path in kept[0].paths()]
            bodies = [_body(c, path, rows) for c, path in zip(conditions, paths, strict=True)]
            return value, tuple(bodies)

        x0, params = given if len(given) == 2 else (*given, ())
        variables = Spread.of(*differentiated(x0, lambda: "x0"))
        if not len(variables):
            advice = "Give x0 a number for each quantity that is sought."
            raise NotAValue("nlp", "variables", "an x0 without a number", advice)
        fixed = Spread.of(*trees.flatten(params, "params"))
        both: Spread[Any] = Spread.of(*trees.flatten(((x0, params), {})))
        program = Tracing.spread(numbers, both).program
        found = cls(program, variables, fixed, kept[0], tuple(rows))
        found._require_variables()
        return found

    def __repr__(self) -> str:
        """How large it is; `program` shows what it computes."""
        return f"Formulation({self.told})"

    @property
    def told(self) -> str:
        """How many variables, constraints and parameters it has."""
        sizes = {"variable": self.size, "constraint": len(self.rows), "parameter": len(self.params)}
        return ", ".join([plural(count, name) for name, count in sizes.items()])

    @property
    def size(self) -> int:
        """The number of variables."""
        return len(self.variables)

    def _require_variables(self) -> None:
        """Raise NotAValue for a constraint that depends on no variable."""
        count = len(self.program.inputs)
        moves = [i < self.size for i in range(count)]
        for _, args in self.program.instructions:
            moves.append(any(moves[a] for a in args if type(a) is int))
        for row, end in zip(self.rows, self.program.outputs[1:], strict=True):
            if not moves[end]:
                raise _constant(row.path)


def _objective(value: Any) -> Any:
    """What the objective returns; NotAValue unless it is one number."""
    leaves, structure = trees.results(value, "the objective")
    if structure.kind is not None:
        got = "None" if value is None else f"a {structure.kind.__name__}"
    elif is_bool(leaves[0]) or getattr(leaves[0], "truth", False):
        got = "a truth value"
    elif shape := getattr(leaves[0], "shape", ()):
        got = f"an array of shape {shape}"
    else:
        return leaves[0]
    advice = "Return one number, as fg.sum of an array is."
    raise NotAValue("nlp", "an objective that returns a number", got, advice)


def _body(condition: Any, path: str, rows: list[Row]) -> Any:
    """The number that a comparison bounds; its bounds are appended to `rows`."""
    if isinstance(condition, bool):
        raise _constant(path)
    if not isinstance(condition, Node) or not condition.truth:
        raise NotAValue(path, "a comparison", summary(condition), _MEETS)
    if condition.op in _OPEN:
        advice = f"A minimum may lie on the bound: write {_OPEN[condition.op]}."
        raise NotAValue(path, "a comparison that holds on its bound", condition.op.name, advice)
    if condition.op not in _CLOSED:
        raise NotAValue(path, "one comparison", condition.op.name, f"{_MEETS} Give two as a tuple.")
    lower, upper = _CLOSED[condition.op]
    left, right = condition.args
    if not isinstance(left, Node):
        left, right, lower, upper = right, left, -upper, -lower
    if isinstance(right, Node):
        rows.append(Row(path, lower, upper))
        return left - right
    lower, upper = (side + right if math.isfinite(side) else side for side in (lower, upper))
    if not (lower < math.inf and upper > -math.inf):  # nan as well
        raise NotAValue(
            path, "a bound that a number can meet", f"{right}", "Compare with a number."
        )
    rows.append(Row(path, lower, upper))
    return left


def _constant(path: str) -> NotAValue:
    advice = "Check it before, or compare with fg.equal what == has compared at once."
    got = "one of numbers that are fixed"
    return NotAValue(path, "a comparison that depends on a variable", got, advice)
