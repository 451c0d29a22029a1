"""Graph: the persistent DAG as a value.

A graph is its outputs and all nodes that they are computed from, arguments before their users: depth
first from each output in turn. Extending a graph appends, so
`Graph.of(x, y)` and `Graph.of(x).extend(y)` are the same graph and share what they have in common.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import attrs
from pyrsistent import PMap, PVector, pmap, pvector

from fgrad.errors import NotAValue, UnknownNode, summary
from fgrad.graph.canonical import Canonical
from fgrad.graph.node import Node, variable

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayNode


@attrs.frozen(eq=False, repr=False)
class Graph:
    """The nodes that `outputs` are computed from, as a frozen value.

    Graphs are equal when they are the same computation: the same operations on the same
    arguments, with variables distinguished by position and label, never by value. `hash` and `digest`
    agree with that. A pickled graph keeps which nodes are shared.

    >>> import fgrad as fg
    >>> a = fg.var(3.0, "a")
    >>> graph = fg.Graph.of(a + a)
    >>> len(graph), graph.variables == (a,), graph == fg.Graph.of(a + a)
    (2, True, True)
    """

    outputs: tuple[Node[float], ...]
    _known_nodes: PVector[Node[float]] | None = None
    _known_places: PMap[Node[object], int] | None = None

    @classmethod
    def of(cls, *outputs: Node[float] | ArrayNode) -> Self:
        """The graph of `outputs`; NotAValue if one of them is no node."""
        for output in outputs:
            _require_node(output)
        given: Any = outputs
        return cls(given)

    def extend(self, output: Node[float] | ArrayNode) -> Self:
        """This graph with one more output; everything already here is shared."""
        _require_node(output)
        added: Any = output
        new = _order((added,), self._places)
        places = self._places.update({node: len(self) + i for i, node in enumerate(new)})
        return type(self)((*self.outputs, added), self.nodes.extend(new), places)

    # Both follow from the outputs, so two threads that compute them get the same.

    @cached_property
    def nodes(self) -> PVector[Node[float]]:
        """All nodes, arguments before their users."""
        if self._known_nodes is not None:
            return self._known_nodes
        return pvector(_order(self.outputs, ()))

    @cached_property
    def _places(self) -> PMap[Node[object], int]:
        if self._known_places is not None:
            return self._known_places
        places: dict[Node[object], int] = {node: i for i, node in enumerate(self.nodes)}
        return pmap(places)

    @property
    def variables(self) -> tuple[Node[float], ...]:
        """The variables, in the order of the graph."""
        return tuple(node for node in self.nodes if node.op is variable)

    @cached_property
    def _ends(self) -> frozenset[Node[float]]:
        return frozenset(self.outputs)

    @cached_property
    def _members(self) -> Container[Node[object]]:
        # A set costs a tenth of a persistent map, which only extending and positions need.
        return frozenset(self.nodes) if self._known_places is None else self._known_places

    def position(self, node: Node[object]) -> int:
        """The index of `node` in `nodes`; UnknownNode if it is not there."""
        self.require(node)
        return self._places[node]

    def require(self, node: Node[object]) -> None:
        """Raise UnknownNode unless `node` is in the graph."""
        # An output is known without ordering the graph.
        if node not in self._ends and node not in self:
            raise UnknownNode(repr(node), len(self))

    def __contains__(self, node: object) -> bool:
        """Whether this very node is in the graph."""
        return isinstance(node, Node) and node in self._members

    def __len__(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    @property
    def _canonical(self) -> Canonical:
        return Canonical.of_nodes(self.nodes, self.outputs)

    @cached_property
    def digest(self) -> str:
        """A name of the computation, the same in every process and under every hash seed.

        Raises NotPicklable for a graph of `root`, `fixed_point` or `custom`, whose functions have
        no name.
        """
        return self._canonical.digest()

    @cached_property
    def _hash(self) -> int:
        return hash(self._canonical)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same computation."""
        if not isinstance(other, Graph):
            return NotImplemented
        if self is other:
            return True
        return len(self) == len(other) and self._canonical == other._canonical

    def __hash__(self) -> int:
        """The hash of the canonical form, since not every graph has a digest."""
        return self._hash

    def __copy__(self, memo: object = None) -> Self:
        """The graph itself: it is immutable, and rebuilt nodes would be other variables."""
        return self

    __deepcopy__ = __copy__

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the canonical form and the values."""
        return _restore, (self._canonical, [node.value for node in self.nodes])

    def __repr__(self) -> str:
        """A listing, of a screen at most; its first line is a summary."""
        from fgrad.graph.listing import excerpt  # noqa: PLC0415  # only who looks waits for it

        return excerpt(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from fgrad.display import preformatted  # noqa: PLC0415  # likewise

        return preformatted(repr(self))


def _restore(form: Canonical, values: list[Any]) -> Graph:
    nodes, outputs = form.build(values)
    return Graph(outputs, pvector(nodes))


def _require_node(output: object) -> None:
    if not isinstance(output, Node):
        advice = "Make variables with var(value) and compute the outputs from them."
        raise NotAValue("Graph", "nodes as outputs", summary(output), advice)


def _order(outputs: Iterable[Node[float]], known: Container[Node[object]]) -> list[Node[float]]:
    """The nodes that `outputs` need and `known` lacks, depth first: each after its arguments."""
    seen: set[Node[float]] = set()
    nodes: list[Node[float]] = []
    remaining: dict[Node[float], Iterator[Any]] = {}
    a: Node[float] | None

    def new(a: object) -> bool:
        return isinstance(a, Node) and a not in seen and a not in known

    for output in filter(new, outputs):
        seen.add(output)
        path = [output]
        while path:
            node = path[-1]
            # As `new` asks; written out, since calling it takes half as long again.
            x, y = node._x, node._y
            if isinstance(x, Node) and x not in seen and x not in known:
                a = x
            elif isinstance(y, Node) and y not in seen and y not in known:
                a = y
            elif type(x) is tuple:
                a = next(filter(new, remaining.setdefault(node, iter(x))), None)
            else:
                a = None
            if a is None:
                nodes.append(path.pop())
            else:
                seen.add(a)
                path.append(a)
    return nodes
