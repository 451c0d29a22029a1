"""Gradients as values: long, since two classes have one algebra, which adds, scales and restricts.

`+` is by node: what one of two does not know, the other's output does not depend on, so the sum is
the gradient of the sum of the outputs (docs/decisions/0030). What an output does not depend on stays
an exact zero under every operation, and is not stored.
"""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, final

import attrs
from pyrsistent import PMap, pmap

from fgrad.autodiff.multiple import gathered
from fgrad.display import pictured
from fgrad.errors import NotAValue, NotPicklable, SilentDetach, UnknownNode, summary
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import MultiOp
from fgrad.ops.operand import arrays, is_array, is_real, literal

V = TypeVar("V")
G_co = TypeVar("G_co", covariant=True)


@attrs.frozen(eq=False, repr=False, init=False)
class _OfGraph(Mapping[Node[float], G_co], Generic[G_co]):
    """A frozen mapping of all nodes of a graph, in its order, with what is known of some of them."""

    _graph: Graph | None
    """None of a sum which waits to be made (`fgrad.autodiff.gradient_sums`)."""
    reached: Mapping[Node[Any], G_co]
    """The derivatives with respect to the nodes that the output depends on, only."""
    _restricted: bool = attrs.field(default=False, kw_only=True)
    """Whether the outputs of `graph` are meant, and not all of its nodes."""

    _later: ClassVar[bool] = True  # a sum is made when it is read; of nodes two threads make two
    __array_ufunc__ = None  # a number of numpy on the left leaves `*` to us

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        """Refuse: numpy would take the keys, which are nodes."""
        advice = "Add gradients by + or sum; list(gradients.values()) are the numbers."
        raise SilentDetach("an array", summary(self), advice)

    @abstractmethod
    def _with(
        self, graph: Graph | None, reached: Mapping[Node[Any], G_co], *, restricted: bool
    ) -> Self:
        """Gradients of the same kind of other nodes."""

    @abstractmethod
    def _each(self, f: Callable[..., Any], x: Any, *others: Any) -> Any:
        """What `f` gives for a derivative, or for those of one node: truth values have none."""

    @property
    def graph(self) -> Graph:
        """The graph of the output, or of the outputs of a sum, or of the nodes alone that were kept."""
        if self._graph is not None:
            return self._graph
        waiting: Any = self.reached
        return waiting.graph  # type: ignore[no-any-return]  # of a sum that waits

    def only(self, *nodes: Node[Any]) -> Self:
        """The derivatives with respect to some nodes, in that order; the rest is let go of.

        Raises UnknownNode for one that is not here.

        >>> import fgrad as fg
        >>> a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
        >>> f = a * b
        >>> list(fg.grad(fg.Graph.of(f), f).only(b).values())
        [-2.0]
        """
        given: tuple[object, ...] = nodes
        for node in given:
            if not isinstance(node, Node):
                advice = "Write gradients.only(*nodes) for the nodes of a sequence."
                raise NotAValue("only", "nodes", summary(node), advice)
            if node not in self:
                raise UnknownNode(repr(node), len(self))
        kept = dict.fromkeys(nodes)
        reached = {node: self.reached[node] for node in kept if node in self.reached}
        return self._with(Graph.of(*kept), MappingProxyType(reached), restricted=True)

    @cached_property
    def pmap(self) -> PMap[Node[float], G_co]:
        """The same as a persistent map, built when it is first asked for."""
        return pmap(dict(self.items()))

    def __add__(self, other: Self) -> Self:
        """The derivatives of the sum of both outputs, with respect to the nodes of either."""
        from fgrad.autodiff.gradient_sums import added, plus  # noqa: PLC0415  # only who adds waits for it

        if type(other) is not type(self):
            return NotImplemented
        one, two = self, other
        if one._restricted is not two._restricted:
            one, two = (x if x._restricted else x.only(*x) for x in (one, two))
        terms = two.graph, two.reached, self._each
        if self._later:
            graph, reached = plus(one._graph, one.reached, *terms)
        else:
            graph, reached = added(one.graph, one.reached, *terms)
        return one._with(graph, reached, restricted=one._restricted)

    def __radd__(self, start: int) -> Self:
        """The gradients themselves: 0 is the empty sum, with which `sum` starts."""
        return self if type(start) is int and start == 0 else NotImplemented

    def __sub__(self, other: Self) -> Self:
        """The derivatives of the difference of both outputs."""
        return self + -other if isinstance(other, _OfGraph) else NotImplemented

    def __neg__(self) -> Self:
        """The derivatives of the negative of the output."""
        return self._scaled(operator.neg)

    def __mul__(self, factor: float) -> Self:
        """The derivatives of so many times the output."""
        if not is_real(factor):
            return NotImplemented
        number = literal(factor, "a multiple of gradients")
        return self._scaled(lambda x: x * number)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Self:
        """The derivatives of the output over a number; over 0 they are infinite, as of floats."""
        if not is_real(divisor):
            return NotImplemented
        number = literal(divisor, "a part of gradients")
        return self._scaled(lambda x: ops.div(x, number))

    def _scaled(self, f: Callable[[Any], Any]) -> Self:
        each = self._each
        scaled = {node: each(f, x) for node, x in self.reached.items()}
        return self._with(self.graph, MappingProxyType(scaled), restricted=self._restricted)

    def _missing(self, node: Node[Any]) -> None:
        """Raise UnknownNode unless the output just does not depend on `node`."""
        if not self._restricted:
            self.graph.require(node)
        elif node not in self.graph._ends:
            raise UnknownNode(repr(node), len(self))

    def __iter__(self) -> Iterator[Node[float]]:
        """The nodes, in the order of the graph, or in that in which they were asked for."""
        return iter(self.graph.outputs if self._restricted else self.graph.nodes)

    def __len__(self) -> int:
        """The number of nodes."""
        return len(self.graph.outputs if self._restricted else self.graph)

    def __copy__(self, memo: object = None) -> Self:
        """The gradients themselves: they are immutable, and are asked for these very nodes."""
        return self

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        """A table of what is labelled, of a screen at most; its first line is a summary."""
        from fgrad.autodiff.gradient_table import table  # noqa: PLC0415  # only who looks waits for it

        return table(self).text()

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from fgrad.autodiff.gradient_table import table  # noqa: PLC0415  # likewise

        return table(self).html()

    if not TYPE_CHECKING:
        # Without these, Python asks the node for a whole number first, and that is what is refused.

        def __setitem__(self, node: object, gradient: object) -> NoReturn:
            """Refuse: nothing can be changed."""
            raise TypeError(f"{type(self).__name__!r} object does not support item assignment")

        def __delitem__(self, node: object) -> NoReturn:
            """Refuse: nothing can be changed."""
            raise TypeError(f"{type(self).__name__!r} object does not support item deletion")


@final
@attrs.frozen(eq=False, repr=False)
class Gradients(_OfGraph[float]):
    """The derivative of one output with respect to every node of its graph, a frozen mapping.

    `gradients[node]` has the type of `node.value`; it is zero for a node that the output does not
    depend on, and UnknownNode for one that is not in the graph. Iteration is in graph order.

    Gradients add up to those of the sum of the outputs, also of several graphs, which may share
    nodes; `0.5 * gradients` scales, and `only` restricts them to some nodes.

    >>> import fgrad as fg
    >>> a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
    >>> f = (a * b) * (a + b)
    >>> gradients = fg.grad(fg.Graph.of(f), f)
    >>> gradients[a], gradients[b]
    (-3.0, -8.0)
    >>> twice = gradients + gradients
    >>> (0.5 * twice).only(a)
    Gradients(of 1 node):
      label  value  derivative
      a       -2.0        -3.0
    """

    inactive: Container[Node[Any]] = attrs.field(default=(), kw_only=True)
    """Nodes that only inactive branches depend on: known to be in the graph, which is then not ordered."""

    def __getitem__(self, node: Node[V]) -> V:
        """The derivative with respect to `node`; UnknownNode if it is not in the graph."""
        gradient: Any = self.reached.get(node)
        if gradient is None:
            if node not in self.inactive:
                self._missing(node)
            gradient = zero_of(node.value)
        return gradient  # type: ignore[no-any-return]  # its type is that of node.value

    def onto(self, graph: Graph) -> Gradients:
        """The same derivatives at the nodes of an equal graph: yours, of what another process sent.

        Raises NotAValue unless `graph` is equal to that of the gradients, with variables of the same
        values; restricted gradients have the graph of the nodes that they were restricted to.

        >>> import fgrad as fg, pickle
        >>> a = fg.var(3.0, "a")
        >>> graph = fg.Graph.of(a * a)
        >>> back = pickle.loads(pickle.dumps(fg.grad(graph, graph.outputs[0])))
        >>> a in back, back.onto(graph)[a]
        (False, 6.0)
        """
        advice = "Send the graph itself to where it is differentiated, or build both alike."
        if graph != self.graph:
            needed = f"a graph equal to that of the gradients, {summary(self.graph)}"
            raise NotAValue("onto", needed, f"another, {summary(graph)}", advice)
        for old, new in zip(self.graph.variables, graph.variables, strict=True):
            if _bits(old.value) != _bits(new.value):
                name = new.label or f"variable {graph.variables.index(new)}"
                raise NotAValue("onto", f"{name} = {_told(old)}", _told(new), advice)
        pairs = zip(self, graph.outputs if self._restricted else graph.nodes, strict=True)
        moved = {new: self.reached[old] for old, new in pairs if old in self.reached}
        return self._with(graph, MappingProxyType(moved), restricted=self._restricted)

    def _with(
        self, graph: Graph | None, reached: Mapping[Node[Any], float], *, restricted: bool
    ) -> Self:
        return type(self)(graph, reached, restricted=restricted)

    def _each(self, f: Callable[..., Any], x: Any, *others: Any) -> Any:
        if isinstance(x, tuple):
            return tuple([self._each(f, *parts) for parts in zip(x, *others, strict=True)])
        if isinstance(x, bool):
            return x
        return _of_arrays(f, x, *others) if is_array(x) else f(x, *others)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the graph and the derivatives in its order; None is a zero that nothing leads to."""
        return _restore, (self.graph, [self.reached.get(x) for x in self], self._restricted)


@final
@attrs.frozen(eq=False, repr=False)
class NodeGradients(_OfGraph[Node[float]]):
    """The derivative of one output with respect to every node of its graph, as nodes.

    >>> import fgrad as fg
    >>> x = fg.var(2.0, "x")
    >>> graph = fg.Graph.of(fg.square(x))
    >>> fg.grad_nodes(graph, graph.outputs[0])[x].value
    4.0

    A node that the output does not depend on has the constant node 0. Raises UnknownNode for one
    that is not in the graph. They add, scale and restrict as `Gradients` do, by further nodes.
    """

    _zero: Node[float] = attrs.field(kw_only=True)
    _later: ClassVar[bool] = False

    def __getitem__(self, node: Node[V]) -> Node[V]:
        """The derivative with respect to `node`; UnknownNode if it is not in the graph."""
        gradient: Any = self.reached.get(node)
        if gradient is None:
            self._missing(node)
            op: Any = node.op
            gradient = gathered(_zeros(node)) if op.multiple else zero_node(node, self._zero)
        return gradient  # type: ignore[no-any-return]  # its type is that of `node`

    def _with(
        self, graph: Graph | None, reached: Mapping[Node[Any], Node[float]], *, restricted: bool
    ) -> Self:
        return type(self)(graph, reached, restricted=restricted, zero=self._zero)

    def _each(self, f: Callable[..., Any], x: Any, *others: Any) -> Any:
        if isinstance(x.op, MultiOp):
            rows = [y.args for y in (x, *others)]
            return gathered([f(*parts) for parts in zip(*rows, strict=True)])
        return f(x, *others)

    def __reduce__(self) -> NoReturn:
        """Refuse, as nodes do."""
        advice = "Pickle Graph.of(...) of the gradients you need instead."
        raise NotPicklable(summary(self), advice)


def _bits(value: Any) -> Any:
    return (value.shape, value.tobytes()) if is_array(value) else repr(value)


def _told(node: Node[Any]) -> str:
    return pictured(node.value) if is_array(node.value) else repr(node.value)


def _of_arrays(f: Callable[..., Any], x: Any, *others: Any) -> Any:
    """What `f` gives for arrays, element by element; truth values have no derivative."""
    return x if arrays().is_truths(x) else arrays().plain(arrays().quietly(f, x, *others))


def zero_of(value: Any) -> Any:
    """The zero of the kind of `value`: a number, a truth value, an array or a tuple of these."""
    kind = type(value)
    if kind is float or kind is bool:
        return kind()
    if isinstance(value, tuple):
        return tuple(map(zero_of, value))
    return arrays().zero_like(value) if is_array(value) else type(value)()


def zero_node(node: Node[Any], zero: Node[float]) -> Node[Any]:
    """The constant node 0 of the kind of `node`: `zero` for a number."""
    if node.rank != 1:
        return zero
    zeros: Node[Any] = arrays().constant_of(zero_of(node.value))
    return zeros


def _zeros(call: Any) -> list[Any]:
    """A zero of the kind of each of the results of a call, where None is a number's."""
    if call.rank != 1:  # a traced call has no value to look at
        return [None] * call.op.size
    ends = map(zero_of, call.value)
    return [arrays().constant_of(y) if is_array(y) else None for y in ends]


def _fixed(value: Any) -> Any:
    """A value that was pickled, in which nobody can write to arrays."""
    if isinstance(value, tuple):
        return tuple(map(_fixed, value))
    return arrays().plain(value) if is_array(value) else value


def _restore(graph: Graph, values: list[Any], restricted: bool) -> Gradients:
    kept = list(map(_fixed, values))
    pairs = zip(graph.outputs if restricted else graph.nodes, kept, strict=True)
    reached = MappingProxyType({node: x for node, x in pairs if x is not None})
    return Gradients(graph, reached, restricted=restricted)
