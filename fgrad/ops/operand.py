"""Operands, and what a rule gives as a partial derivative; long by the errors that refuse others.

Floats are the plain kind. Whatever else an operation can be applied to is an `Operand`, which defines
how an operation is applied to it; so nodes, traced numbers and later arrays are added above this.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    final,
)

import attrs

from fgrad.errors import NotAValue, summary

Answer_co = TypeVar("Answer_co", covariant=True)
Number_co = TypeVar("Number_co", covariant=True)


class Real(Protocol):
    """The numbers that rules and models compute with: a float, a node of a float, or an operand to come.

    >>> import fgrad as fg
    >>> from typing import TypeVar
    >>> R = TypeVar("R", bound=fg.Real)
    >>> def cube(x: R) -> R:
    ...     return x * x * x
    >>> cube(2.0), cube(fg.var(2.0)).value
    (8.0, 8.0)
    """

    def __add__(self, other: Self | float, /) -> Self: ...
    def __radd__(self, other: float, /) -> Self: ...
    def __sub__(self, other: Self | float, /) -> Self: ...
    def __rsub__(self, other: float, /) -> Self: ...
    def __mul__(self, other: Self | float, /) -> Self: ...
    def __rmul__(self, other: float, /) -> Self: ...
    def __truediv__(self, other: Self | float, /) -> Self: ...
    def __rtruediv__(self, other: float, /) -> Self: ...
    def __pow__(self, other: Self | float, /) -> Self: ...
    def __rpow__(self, other: float, /) -> Self: ...
    def __mod__(self, other: Self | float, /) -> Self: ...
    def __rmod__(self, other: float, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __abs__(self) -> Self: ...
    def __lt__(self, other: Self | float, /) -> TruthValue: ...
    def __le__(self, other: Self | float, /) -> TruthValue: ...
    def __gt__(self, other: Self | float, /) -> TruthValue: ...
    def __ge__(self, other: Self | float, /) -> TruthValue: ...


class Ordered(Protocol[Answer_co]):
    """What has `<`, with the type of its result: bool for floats, a node for nodes."""

    def __lt__(self, other: Any, /) -> Answer_co: ...


R = TypeVar("R", bound=Real)


class Operand:
    """An argument that is not a plain number; it defines how an operation is applied to its kind."""

    __slots__ = ()

    truth: ClassVar[bool] = False
    abstract: ClassVar[bool] = False
    """Whether it has no value; a result computed from it has none either."""
    rank: ClassVar[int] = 0
    """Which of several operands applies an operation: arrays (1) before numbers, then traced numbers (9) and arrays of them (10)."""

    def apply(self, op: Any, args: tuple[Any, ...]) -> Any:
        """The result of the operation `op` on `args`, at least one of which is of this kind."""
        raise NotImplementedError

    def unary(self, op: Any) -> Any:
        """The result of `op`, an operation on one number, on this."""
        return op.checked((self,))

    def binary(self, op: Any, other: Any) -> Any:
        """The result of `op`, an operation on two numbers, on this and `other`."""
        return op.checked((self, other))

    def reflected(self, op: Any, other: Any) -> Any:
        """The result of `op`, an operation on two numbers, on `other` and this."""
        return op.checked((other, self))


class Truth(Operand, Generic[Number_co]):
    """A truth value that is not a plain bool; `Number_co` is the type of a number chosen by it."""

    __slots__ = ()

    truth: ClassVar[bool] = True

    if TYPE_CHECKING:

        def __and__(self, other: TruthValue, /) -> Self: ...
        def __rand__(self, other: bool, /) -> Self: ...
        def __or__(self, other: TruthValue, /) -> Self: ...
        def __ror__(self, other: bool, /) -> Self: ...
        def __xor__(self, other: TruthValue, /) -> Self: ...
        def __rxor__(self, other: bool, /) -> Self: ...


TruthValue: TypeAlias = bool | Truth[Any]
T = TypeVar("T", bound=Truth[Any])
N = TypeVar("N")


@final
@attrs.frozen
class Guarded:
    """A contribution that counts only where `condition` holds: elsewhere there is none, not 0 times it."""

    condition: Truth[Any]
    value: Any
    zero: bool = False
    """Whether the value is 0 already where the condition does not hold."""


Partial: TypeAlias = Real | float | Guarded | None


def when(condition: TruthValue, partial: Partial) -> Partial:
    """The partial derivative where `condition` holds, and none on the inactive branch.

    A rule that returns it contributes nothing where the condition does not hold: not 0 times the
    derivative, which would be nan if the derivative is infinite there.

    >>> when(True, 2.0), when(False, 2.0)
    (2.0, None)
    """
    if isinstance(condition, bool):
        return partial if condition else None
    if partial is None:
        return None
    plain = isinstance(partial, (float, Guarded, Operand)) or is_array(partial)
    return Guarded(condition, partial if plain else literal(partial, "when"))


def is_real(value: object) -> bool:
    """Whether it counts as a number: `numbers.Real`, scalars of numpy too, and no truth value."""
    if isinstance(value, (int, float)):
        return not isinstance(value, bool)
    return isinstance(value, numbers.Real)


def is_numeric(value: object) -> bool:
    """Whether it is a number of any kind, also one that is refused, or an array of numbers."""
    return isinstance(value, numbers.Number) or is_array_like(value)


def is_array_like(value: object) -> bool:
    """Whether it is an array, of numpy or of a library that gives them to numpy."""
    return hasattr(type(value), "__array__") and not isinstance(value, Operand)


# Most of what is asked about: to look for an attribute that is not there takes ten times as long.
_NO_ARRAYS: Final = frozenset({float, int, bool, list, tuple})


def is_array(value: object) -> bool:
    """Whether it is an array, and no number or truth value that numpy has a class for."""
    kind = type(value)
    if kind in _NO_ARRAYS:
        return False
    if kind.__name__ == "ndarray" and kind.__module__ == "numpy":
        return True
    return is_array_like(value) and not isinstance(value, numbers.Number) and not is_bool(value)


@cache
def arrays() -> Any:
    """What takes arrays in, for a caller that has one: nobody else waits for numpy.

    By its name, since it is a room above this one (docs/decisions/0031).
    """
    from importlib import import_module  # noqa: PLC0415  # only who has an array waits for it

    return import_module("fgrad.arrays.door")


def literal(value: object, where: str) -> float:
    """`value` as the float that a node keeps; NotAValue unless it is a real number and no bool."""
    if type(value) is float:
        return value
    if type(value) is int or is_real(value):
        number: Any = value
        try:
            return float(number)
        except OverflowError:
            return float("inf") if number > 0 else float("-inf")
    raise not_a_number(value, where)


ARRAYS: Final = (
    "An array is no number: pass the numbers of array.tolist(), one by one or as a list; or compile"
    " the function: fg.compile(f).map takes whole columns, and fg.compile(f).specialise(array) is a"
    " function of arrays."
)
"""The advice in an error for an array where a number is needed."""


def untraceable(value: Any, where: str) -> NotAValue:
    """The error for an array where only numbers are traced."""
    advice = (
        "A function that is compiled or traced takes and gives numbers: give it those of"
        " array.tolist() and return list(array), or call the function itself."
    )
    return NotAValue(where, "numbers alone", told(value), advice)


def require_numbers(values: Iterable[Any], where: str) -> None:
    """Raise NotAValue, with `where`, if there is an array among `values`."""
    for value in values:
        of_arrays = is_of_arrays(value)
        if of_arrays and getattr(value, "abstract", False):
            raise untraceable(value, where)
        if is_array(getattr(value, "value", value) if of_arrays else value):
            raise untraceable(value, where)


def numeric(value: object, where: str) -> Operand | float:
    """What is no operand as an operation takes it: a float, or an array; else NotAValue."""
    if type(value) is float:
        return value
    if is_array(value):
        return arrays().held(value, where)  # type: ignore[no-any-return]  # of a room that is imported late
    return literal(value, where)


OF_ARRAYS: Final = frozenset({1, 10})
"""The ranks of what is computed from arrays."""


def is_of_arrays(value: object) -> bool:
    """Whether it is an operand that was computed from arrays."""
    return isinstance(value, Operand) and value.rank in OF_ARRAYS


def any_of_arrays(kinds: Iterable[Any]) -> bool:
    """Whether there is a class of arrays, or of what is computed from them, among `kinds`."""
    return any(
        getattr(kind, "rank", 0) in OF_ARRAYS or kind.__name__ == "ndarray" for kind in kinds
    )


def told(value: object) -> str:
    """The text for `value` in an error: short, with its type; of an array the shape alone."""
    if is_of_arrays(value) and not hasattr(value, "op"):  # an array that is held for an operation
        value = getattr(value, "value", value)
    shape = getattr(value, "shape", None)
    if shape and (is_array_like(value) or is_of_arrays(value)):
        return f"a {_kind(value)} of shape {shape}"
    return f"{summary(value)} of type {_kind(value)}"


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def not_a_number(value: object, where: str) -> NotAValue:
    """The error for `value` where `where` needs a number."""
    got = told(value)
    if isinstance(value, Truth) or is_bool(value):
        got = f"the truth value {value!r:.60}"
        advice = (
            "Use where(condition, x, y) to choose by it, and where(condition, 1.0, 0.0) for the"
            " number 1 or 0."
        )
        if getattr(value, "shape", ()):
            advice += " How many hold is np.count_nonzero(condition)."
    elif isinstance(value, numbers.Complex):
        advice = "fgrad differentiates real numbers; use the real and imaginary parts as two."
    elif is_array(value):
        advice = ARRAYS
    elif isinstance(value, (list, tuple)):
        advice = "Make it an array first: np.array(numbers), or fg.stack(nodes)."
    elif isinstance(value, str) or getattr(type(value), "__float__", None) is not None:
        advice = "Convert it with float(...) first."
    else:
        advice = "Build the model from fgrad's nodes only."
    return NotAValue(where, "a real number or a node", got, advice)


def truth(value: object, where: str) -> TruthValue:
    """`value` if it is a truth value, of numpy's as a bool; NotAValue otherwise."""
    if isinstance(value, (bool, Truth)):
        return value
    if is_bool(value):
        return bool(value)
    if is_array(value):
        held: TruthValue = arrays().held_truth(value, where)
        return held
    advice = "Compare it with something first, as in less(x, 0.0)."
    raise NotAValue(where, "a truth value", told(value), advice)


def is_bool(value: object) -> bool:
    """Whether it is True or False, of Python or of numpy, which need not be imported."""
    return isinstance(value, bool) or (
        type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")
    )
