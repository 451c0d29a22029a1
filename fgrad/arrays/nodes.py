"""Nodes of arrays, elementwise with numpy's broadcasting; long, as what type checkers read is here.

Whatever is computed from an array is of one of the classes here, numbers too, so that a sweep knows
by the class of an output whether there are arrays below it. What an operation does to arrays is
its function in the table of `ufuncs`, and for everybody else's operation its implementation,
element by element.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeAlias, TypeVar

import numpy as np

from fgrad.arrays.ufuncs import BY_ROWS, TABLE, by_elements, special_form
from fgrad.arrays.values import QUIET, Array, array, plain, quietly, shape_of, truths
from fgrad.errors import ShapeMismatch, SilentDetach
from fgrad.graph.depth import below_all
from fgrad.graph.node import Condition, Node, _brief, _checked, _Open, _seal, depth_above
from fgrad.graph.node import variable as variable
from fgrad.graph.operators import beside, give_operators
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, Truth, is_real, literal
from fgrad.ops.signatures import Appliers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fgrad.arrays.reduction_signatures import Axis
    from fgrad.arrays.signatures import Index
    from fgrad.arrays.sparse_signatures import Sparse
    from fgrad.arrays.typed_methods import Converting, Methods
else:
    Methods = object

V_co = TypeVar("V_co", covariant=True)
_FORMS: Final = {op: form.function for op, form in TABLE.items() if op not in BY_ROWS}


class Held(Operand):
    """A plain array among arguments, until the operation is applied: it keeps arrays out of nodes' way."""

    __slots__ = ("value",)
    rank = 1

    value: Any

    def __init__(self, value: Any) -> None:
        self.value = value

    def apply(self, op: Any, args: tuple[Any, ...]) -> Any:
        """The result: a plain one if there is no node among `args`."""
        return applied(op, args)


class HeldTruth(Held, Truth[Any]):
    """The same of truth values."""

    __slots__ = ()
    truth = True


def held(value: object, where: str) -> Any:
    """A plain array as an operand, a number if it has no dimension; NotAValue for other arrays."""
    kept = array(value, where)
    return kept if type(kept) is float else Held(kept)


def held_truth(value: object, where: str) -> Any:
    """The same of truth values."""
    kept = truths(value, where)
    return kept if type(kept) is bool else HeldTruth(kept)


def applied(op: Any, args: tuple[Any, ...]) -> Any:
    """The result of `op` on `args`: a node if there is one among them, else a plain value."""
    args = tuple([a.value if isinstance(a, Held) else a for a in args])
    nodes = any(isinstance(a, Node) for a in args)
    return made(op, args) if nodes else computed(op, args)


def made(op: Any, args: tuple[Any, ...]) -> Any:
    """The node of `op` on nodes and plain values."""
    value = computed(op, [a.value if isinstance(a, Node) else a for a in args])
    return sealed(op, args, value, depth_above(args))


def sealed(op: Any, args: tuple[Any, ...], value: Any, depth: int, label: str | None = None) -> Any:
    """A node of the class that its value asks for."""
    kinds = _ARRAYS if type(value) is np.ndarray else _NUMBERS
    return _seal(op, args, value, depth, label, kinds=kinds)


def computed(op: Any, values: Any) -> Any:
    """The value of `op` on plain values."""
    if not op.elementwise:
        return plain(quietly(op.impl, *values))
    if op.multiple or np.ndarray not in map(type, values):
        return op.impl(*values)
    form = _FORMS.get(op) or _special(op)
    try:
        return plain(by_elements(op)(*values) if form is None else quietly(form, *values))
    except ValueError as error:
        raise _unequal(op, values) or error from None


def _special(op: Any) -> Any:
    form = special_form(op)
    return form and form.function


def _unequal(op: Any, values: Any) -> ShapeMismatch | None:
    """The error for shapes that do not go together, if that is what is wrong."""
    shapes = [shape_of(value) for value in values]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        advice = (
            "They are aligned from the last axis; give one an axis of length 1, as in x[:, None]."
        )
        return ShapeMismatch(op.name, f"shapes {' and '.join(map(str, shapes))}", advice)
    return None


class _OfArrays(Node[V_co]):
    """What is computed from arrays: a node that applies operations to arrays."""

    __slots__ = ()
    rank: ClassVar[int] = 1

    def apply(self, op: Any, args: tuple[Any, ...]) -> Any:
        """The node of `op` on `args`."""
        return applied(op, args)

    def named(self, label: str) -> Any:
        """A node of the same value that carries `label`; what flows to it flows to this one."""
        op, args = (ops.logical_and, (self, True)) if self.truth else (ops.identity, (self,))
        return sealed(op, args, self.value, self.depth + 1, _checked(label))

    def alias(self, depth: int) -> Any:
        """Another node of the same value at that depth, which a transform differentiates by."""
        return sealed(ops.identity, (self,), self.value, depth)


def new_node(op: Any, x: Any, y: Any, value: Any, depth: int) -> Any:
    """As `sealed` does, where most nodes of arrays are made."""
    node = _Open()
    node.op = op
    node._x = x
    node._y = y
    if type(value) is np.ndarray and value.ndim:
        value.setflags(False)  # type: ignore[call-arg]  # by its place in half of the time
        kinds: Any = _ARRAYS
    else:
        value, kinds = plain(value), _NUMBERS
    node.value = value
    node.label = None
    node.depth = depth
    node.__class__ = kinds[op.truth]
    return node


class _Numeric(_OfArrays[V_co]):
    """What is computed from arrays and is no truth value."""

    __slots__ = ()

    def unary(self, op: Any) -> Any:
        """The node of `op`, an operation on one number, on this."""
        value, form = self.value, _FORMS.get(op)
        if form is None or type(value) is not np.ndarray:
            return made(op, (self,))
        return new_node(op, self, None, quietly(form, value), self.depth + 1)


class ArrayNode(_Numeric[Array], Methods):
    """A node whose value is an array of float64 that nobody can write to.

    It has numpy's operators, `shape`, `ndim`, `size`, `T`, indexing and the methods of arrays that
    have a derivative. It is made by `var(array)` and by operations on others.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> w = fg.var(np.array([1.0, 2.0]), "w")
    >>> w * w, (w * w).sum()
    (ArrayNode(mul(w, w), shape=(2,)), Node(sum(mul(…)), value=5.0))
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """One line, with the shape instead of the numbers."""
        return _told(self)

    def __format__(self, spec: str) -> str:
        """The text of the node; it is no number that has digits."""
        if spec:
            raise SilentDetach(f"format {spec!r:.20}", repr(self), "Format numbers of node.value.")
        return repr(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """What numpy calls the type of the elements."""
        return self.value.dtype

    def __len__(self) -> int:
        """The length along the first axis."""
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        """The elements along the first axis."""
        return iter([self[i] for i in range(len(self))])

    if TYPE_CHECKING:  # as `methods` gives them

        def __add__(self, other: _Operand, /) -> ArrayNode: ...  # type: ignore[override]  # of numbers it gives numbers
        def __radd__(self, other: Array | float, /) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __sub__(self, other: _Operand, /) -> ArrayNode: ...  # type: ignore[override]  # of numbers it gives numbers
        def __rsub__(self, other: Array | float, /) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __mul__(self, other: _Operand, /) -> ArrayNode: ...  # type: ignore[override]  # of numbers it gives numbers
        def __rmul__(self, other: Array | float, /) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __truediv__(self, other: _Operand, /) -> ArrayNode: ...  # type: ignore[override]  # of numbers it gives numbers
        def __rtruediv__(self, other: Array | float, /) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __pow__(self, other: _Operand, /) -> ArrayNode: ...  # type: ignore[override]  # of numbers it gives numbers
        def __rpow__(self, other: Array | float, /) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __mod__(self, other: _Operand, /) -> ArrayNode: ...  # type: ignore[override]  # of numbers it gives numbers
        def __rmod__(self, other: Array | float, /) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __lt__(self, other: _Operand, /) -> ArrayCondition: ...
        def __le__(self, other: _Operand, /) -> ArrayCondition: ...  # type: ignore[mutable-override]  # nobody assigns it
        def __gt__(self, other: _Operand, /) -> ArrayCondition: ...  # type: ignore[mutable-override]  # nobody assigns it
        def __ge__(self, other: _Operand, /) -> ArrayCondition: ...  # type: ignore[mutable-override]  # nobody assigns it
        def __neg__(self) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __pos__(self) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __abs__(self) -> ArrayNode: ...  # type: ignore[override]  # likewise
        def __matmul__(self, other: ArrayNode | Array | Sparse, /) -> ArrayNode: ...
        def __rmatmul__(self, other: Array | Sparse, /) -> ArrayNode: ...
        def __getitem__(self, key: Index, /) -> ArrayNode: ...
        def named(self, label: str) -> ArrayNode: ...

    def __contains__(self, other: object) -> NoReturn:
        """Refuse: which element it is would not be differentiated."""
        raise SilentDetach("in", repr(self), "Ask node.value.")


_Operand: TypeAlias = ArrayNode | Array | Node[float] | float


class _NumberOfArrays(_Numeric[float]):
    """A number that was computed from arrays; its class is nobody's business but the sweeps'.

    It has what numpy's numbers have, so a model that was written for these runs on it; but no
    index, for with one numpy takes it for a sequence, and `array[0] = number` is told nothing.
    """

    __slots__ = ()


class ArrayCondition(_OfArrays[Any], Condition):
    """A node of an array of truth values: made by comparisons, and what `where` chooses by.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.var(np.array([1.0, -2.0]), "x") > 0.0
    ArrayCondition(greater(x, 0.0), shape=(2,))
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """One line, with the shape instead of the truth values."""
        return _told(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis."""
        return shape_of(self)

    def __len__(self) -> int:
        """The length along the first axis."""
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        """The conditions along the first axis."""
        return iter([self[i] for i in range(len(self))])

    def __invert__(self) -> ArrayCondition:
        """Where it does not hold, as of an array of truth values."""
        return ops.logical_not(self)

    if TYPE_CHECKING:

        def __getitem__(self, key: Index, /) -> ArrayCondition: ...
        def reshape(self, *shape: int | tuple[int, ...], order: str = "C") -> ArrayCondition: ...
        def any(self, axis: Axis | None = None, *, keepdims: bool = False) -> Condition: ...
        def all(self, axis: Axis | None = None, *, keepdims: bool = False) -> Condition: ...
        def nonzero(self) -> tuple[NDArray[np.int64], ...]: ...

        astype: Converting


class _ConditionOfArrays(_OfArrays[bool], Condition):
    """A truth value that was computed from arrays."""

    __slots__ = ()


_ARRAYS: Final = (ArrayNode, ArrayCondition)
_NUMBERS: Final = (_NumberOfArrays, _ConditionOfArrays)


def _told(node: Node[Any]) -> str:
    args = ", ".join(map(_brief, node.args))
    label = f", label={node.label!r}" if node.label is not None else ""
    called = f"{node.op.name}({args})" if args else node.op.name
    return f"{type(node).__name__}({called}, shape={shape_of(node)}{label})"


def _operators(op: Any, method: str | None = None) -> Appliers:
    """`op` on a node of arrays and something, and on something and such a node."""
    form = _FORMS.get(op)

    def both(x: Any, y: Any) -> Any:
        if form is not None and (type(x) is np.ndarray or type(y) is np.ndarray):
            try:
                return QUIET.run(form, x, y)
            except (ValueError, RuntimeError):
                pass  # what is wrong is found out below
        return computed(op, (x, y))

    def forward(self: Any, other: Any, /) -> Any:
        depth = self.depth
        if type(other) is float:
            y: Any = other
        elif isinstance(other, Node) and other.rank <= 1 and not other.truth:
            y = other.value
            if other.depth > depth:
                depth = other.depth
        elif type(other) is np.ndarray:
            y = other = array(other, op.name)
        elif is_real(other):
            y = other = literal(other, op.name)
        else:
            return beside(op, self, other, method)
        return new_node(op, self, other, both(self.value, y), depth + 1)

    def reflected(self: Any, other: Any, /) -> Any:
        if type(other) is float:
            return new_node(op, other, self, both(other, self.value), self.depth + 1)
        return op.checked((other, self))

    return forward, reflected


give_operators(_Numeric, _operators)


def variable_of(value: object, label: str | None, depth: int) -> Any:
    """What `var(array)` gives: a variable of an array, or of a number if that has no dimension."""
    return _whole(variable, (), array(value, "var", borrow=False), depth, label)


def constant_of(value: Any, depth: int | None = None) -> Any:
    """A node that holds an array of ours, or a number, and depends on nothing."""
    return _whole(ops.identity, (value,), value, below_all() if depth is None else depth, None)


def leaf_of(value: Any, depth: int, borrow: bool) -> Any:
    """The variable of a transform for an array, which is copied unless it is only borrowed."""
    kept = array(value, "", borrow=borrow)
    if type(kept) is np.ndarray:
        return new_node(ops.identity, kept, None, kept, depth)
    return _seal(ops.identity, (kept,), kept, depth, None)


def _whole(op: Any, args: tuple[Any, ...], value: Any, depth: int, label: str | None) -> Any:
    """A node of an array; of a number it is one as all others."""
    if type(value) is np.ndarray:
        return sealed(op, args, value, depth, label)
    return _seal(op, args, value, depth, label)
