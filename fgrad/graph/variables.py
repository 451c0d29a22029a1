"""Variables: what an expression is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from fgrad.graph.depth import depth_of_variable
from fgrad.graph.node import Node, _checked, _seal, variable
from fgrad.ops.operand import arrays, is_array, literal

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayNode
    from fgrad.arrays.values import Numbers


if TYPE_CHECKING:

    @overload
    def var(value: float, label: str | None = None) -> Node[float]: ...
    @overload
    def var(value: Numbers, label: str | None = None) -> ArrayNode: ...


def var(value: Any, label: str | None = None) -> Any:
    """A variable that holds `value`, a number or an array; every call makes another one.

    An array is copied, unless nobody can write to it. Raises NotAValue unless `value` is a real
    number or an array of float64 or whole numbers (bools, strings and complex numbers are not),
    or if `label` is no string.

    >>> import fgrad as fg
    >>> fg.var(2, "a")
    Node(variable, value=2.0, label='a')
    """
    depth = depth_of_variable()
    name = None if label is None else _checked(label)
    if type(value) is not float and is_array(value):
        return arrays().variable_of(value, name, depth)
    return _seal(variable, (), literal(value, "var"), depth, name)
