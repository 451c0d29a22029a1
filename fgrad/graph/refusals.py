"""What Python and numpy ask of numbers, and nodes do not answer: each error says what to write.

Type checkers do not see these methods: to them the operators are errors, as they should be.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final, NoReturn

from fgrad.errors import NotAValue, SilentDetach
from fgrad.graph.node import Condition, Node
from fgrad.graph.operators import answers
from fgrad.ops import scalar as ops
from fgrad.ops.operand import arrays, is_array_like

# The methods that numpy's operators come to with one of its numbers, or an array, on the left.
_MIRRORED: Final = MappingProxyType({
    "add": "__radd__",
    "subtract": "__rsub__",
    "multiply": "__rmul__",
    "divide": "__rtruediv__",
    "power": "__rpow__",
    "remainder": "__rmod__",
    "floor_divide": "__rfloordiv__",
    "divmod": "__rdivmod__",
    "matmul": "__rmatmul__",
    "less": "__gt__",
    "less_equal": "__ge__",
    "greater": "__lt__",
    "greater_equal": "__le__",
    "equal": "__eq__",
    "not_equal": "__ne__",
    "bitwise_and": "__rand__",
    "bitwise_or": "__ror__",
    "bitwise_xor": "__rxor__",
})  # fmt: skip


def _refused(name: str, error: Callable[[Any], TypeError]) -> tuple[Any, Any]:
    """An operator on two that is refused, and its reflection; others that have one are asked."""

    def forward(self: Any, other: object, /) -> Any:
        if answers(other, f"__r{name}__"):
            return NotImplemented
        raise error(self)

    def reflected(self: Any, other: object, /) -> NoReturn:
        raise error(self)

    return forward, reflected


def _steps(sign: str, advice: str) -> Callable[[Any], TypeError]:
    return lambda node: SilentDetach(sign, repr(node), advice)


def _logic(sign: str) -> Callable[[Any], TypeError]:
    advice = f"Compare first, in parentheses: (x > 0) {sign} (x < 1)."
    return lambda node: NotAValue(sign, "truth values", repr(node), advice)


def _matrix(node: Any) -> TypeError:
    advice = "Use fg.dot(x, y) for two sequences of numbers."
    return NotAValue("@", "matrices", repr(node), advice)


def _round(self: Any, digits: object = None) -> Any:
    """The whole number nearest to it, as `fg.round`."""
    if digits is None:
        return ops.round(self)
    advice = "Write fg.round(x * 10.0**n) / 10.0**n."
    raise SilentDetach(f"round() to {digits!r:.20} digits", repr(self), advice)


def _whole(asked: str, advice: str) -> Callable[[Any], NoReturn]:
    def refuse(self: Any) -> NoReturn:
        raise SilentDetach(asked, repr(self), advice)

    return refuse


def _invert(self: Any) -> NoReturn:
    advice = "Write logical_not(condition): of Python's own True, ~ makes -2."
    raise NotAValue("~", "a whole number", repr(self), advice)


def _of_numpy(self: Any, ufunc: Any, method: str, *inputs: Any, **options: object) -> Any:
    """What numpy's operators give with one of its numbers on the left, and its functions on nodes."""
    mirrored = _MIRRORED.get(ufunc.__name__)
    if mirrored is not None and method == "__call__" and len(inputs) == 2 and not options:
        left, right = inputs
        if isinstance(right, Node) and is_array_like(left):
            if not mirrored.startswith("__r") and not getattr(left, "shape", True):
                left = left[()]  # numpy compares a scalar of its own as an array of no dimension
            return getattr(right, mirrored)(left)
    return arrays().ufunc(self, ufunc, method, *inputs, **options)


def _function_of_numpy(self: Any, called: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What a function of numpy of whole arrays gives on nodes."""
    return arrays().function(self, called, types, args, kwargs)


def _no_array(self: Any, *args: object, **options: object) -> NoReturn:
    """Refuse: an array of what it holds would not be differentiated."""
    advice = "Use node.value for what it holds, and fg.stack([x, y]) for an array of nodes."
    raise SilentDetach("an array", repr(self), advice)


def _refuse(kind: Any) -> None:
    floor = _steps("//", "Write fg.floor(x / y), whose derivative is 0.")
    both = _steps("divmod()", "Write fg.floor(x / y) and x % y.")
    refused = {"floordiv": floor, "divmod": both, "matmul": _matrix}
    refused |= {"and": _logic("&"), "or": _logic("|"), "xor": _logic("^")}
    for name, error in refused.items():
        forward, reflected = _refused(name, error)
        setattr(kind, f"__{name}__", forward)
        setattr(kind, f"__r{name}__", reflected)
    kind.__round__ = _round
    kind.__floor__ = _whole("math.floor()", "Use fg.floor(node).")
    kind.__ceil__ = _whole("math.ceil()", "Use fg.ceil(node).")
    kind.__trunc__ = _whole("math.trunc()", "Use fg.floor(node) or fg.ceil(node).")
    kind.__array_ufunc__ = _of_numpy
    kind.__array_function__ = _function_of_numpy
    kind.__array__ = _no_array


def _refuse_logic(kind: Any) -> None:
    kind.__invert__ = _invert


_refuse(Node)
_refuse_logic(Condition)
