"""Operators and functions of Python and numpy that nodes refuse: each error says what to write.

Type checkers do not see these methods: to them the operators are errors, as they should be.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final, NoReturn

from fgrad.errors import NotAValue, SilentDetach
from fgrad.graph.asked import by_library
from fgrad.graph.node import Condition, Node
from fgrad.graph.operators import ARITHMETIC, ORDER, answers
from fgrad.ops import scalar as ops
from fgrad.ops.operand import arrays, is_array_like, not_a_number

# The method that answers an operator of numpy with one of its numbers, or an array, on the left.
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


def _refusing(method: str | None, error: Callable[[Any], TypeError]) -> Callable[..., Any]:
    """An operator that raises, unless the other operand has the reflected `method`."""

    def refuse(self: Any, other: object = None, /) -> Any:
        if method is not None and answers(other, method):
            return NotImplemented
        raise error(self)

    return refuse


def _detach(sign: str, advice: str) -> Callable[[Any], TypeError]:
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


def _invert(node: Any) -> TypeError:
    advice = "Write logical_not(condition): of Python's own True, ~ makes -2."
    return NotAValue("~", "a whole number", repr(node), advice)


def _arithmetic(node: Any) -> TypeError:
    return not_a_number(node, "arithmetic")


def _of_numpy(self: Any, ufunc: Any, method: str, *inputs: Any, **options: object) -> Any:
    """The result of an operator of numpy with one of its numbers on the left, or of a ufunc on nodes."""
    mirrored = _MIRRORED.get(ufunc.__name__)
    if mirrored is not None and method == "__call__" and len(inputs) == 2 and not options:
        left, right = inputs
        if isinstance(right, Node) and is_array_like(left):
            if not mirrored.startswith("__r") and not getattr(left, "shape", True):
                left = left[()]  # numpy compares a scalar of its own as an array of no dimension
            return getattr(right, mirrored)(left)
    return arrays().ufunc(self, ufunc, method, *inputs, **options)


def _function_of_numpy(self: Any, called: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """The result of a function of numpy on nodes."""
    return arrays().function(self, called, types, args, kwargs)


_INSTEAD: Final = MappingProxyType({
    "full": "Write s * np.ones(shape), or np.full_like(x, s) of a node x.",
    "__getitem__": "Write np.column_stack([x, y]) for np.c_, and np.hstack([x, y]) for np.r_.",
    "__call__": "Write what np.vectorize repeats with whole arrays, or fg.stack([f(v) for v in x]).",
    "softmax": "Write fg.softmax(x, axis).",
    "logsumexp": "Write fg.logsumexp(x, axis).",
    "log_softmax": "Write x - fg.logsumexp(x, axis, keepdims=True).",
})  # fmt: skip
"""What to write for functions of numpy and SciPy, in Python, that make arrays of what they are given."""


def array_refused(node: object) -> SilentDetach:
    """The error for an array of what a node holds, raised by the method that numpy asks for it."""
    advice = _INSTEAD.get(by_library(2) or "") or (
        "Leave np.asarray, np.array and np.float64 out, for nodes have numpy's functions, and write"
        " A @ x for A.dot(x). Or use node.value for what it holds, fg.stack([x, y]) for an array of"
        " nodes, and fg.at(array)[key].set(node) for an array with a node in it."
    )
    return SilentDetach("an array", repr(node), advice)


def _no_array(self: Any, *args: object, **options: object) -> NoReturn:
    """Refuse: an array of what it holds would not be differentiated."""
    raise array_refused(self)


def _refuse(kind: Any, name: str, error: Callable[[Any], TypeError]) -> None:
    setattr(kind, f"__{name}__", _refusing(f"__r{name}__", error))
    setattr(kind, f"__r{name}__", _refusing(None, error))


def _refuse_for_nodes(kind: Any) -> None:
    _refuse(kind, "floordiv", _detach("//", "Write fg.floor(x / y), whose derivative is 0."))
    _refuse(kind, "divmod", _detach("divmod()", "Write fg.floor(x / y) and x % y."))
    _refuse(kind, "matmul", _matrix)
    for name, sign in (("and", "&"), ("or", "|"), ("xor", "^")):
        _refuse(kind, name, _logic(sign))
    advice = "Use fg.floor(node) or fg.ceil(node)."
    for name in ("floor", "ceil", "trunc"):
        setattr(kind, f"__{name}__", _refusing(None, _detach(f"math.{name}()", advice)))
    kind.__round__ = _round
    kind.__array_ufunc__ = _of_numpy
    kind.__array_function__ = _function_of_numpy
    kind.__array__ = _no_array
    kind.__pandas_priority__ = 10_000  # its operators leave a node to us, who refuse it by name


def _refuse_for_conditions(kind: Any) -> None:
    for name, _ in ARITHMETIC:
        _refuse(kind, name, _arithmetic)
    for name, mirrored, _ in ORDER:
        setattr(kind, f"__{name}__", _refusing(f"__{mirrored}__", _arithmetic))
    kind.__pos__ = kind.__neg__ = kind.__abs__ = _refusing(None, _arithmetic)
    kind.__invert__ = _refusing(None, _invert)


_refuse_for_nodes(Node)
_refuse_for_conditions(Condition)
