"""Activity: the nodes between outputs and the variables of one call, all that a sweep reads.

The variables are deeper than every node made before the call (`fgrad.graph.depth.below_all`). So depth
alone distinguishes what the function computed from the history of the nodes it holds, and that
history is never read: a derivative inside a long simulation costs what the derivative costs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

import attrs

from fgrad.graph.node import Node


# Without slots, for which attrs would rewrite a property that caches itself already.
@attrs.frozen(eq=False, repr=False, slots=False)
class Activity:
    """The nodes that `outputs` are computed from, down to `variables` and no further.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> y = fg.sin(x)
    >>> z = y * y + x
    >>> [node.op.name for node in Activity.of([z], [y]).active]
    ['mul', 'add']
    """

    variables: frozenset[Node[Any]]
    closed: bool
    """Whether the outputs are computed from these variables and literals alone.

    If not, the function holds nodes of somebody else, who may differentiate the result by them.
    """
    _found: tuple[Node[Any], ...]

    @classmethod
    def of(cls, outputs: Iterable[Node[Any]], variables: Iterable[Node[Any]]) -> Activity:
        """Read from the outputs down to the variables."""
        ends = frozenset(variables)
        ground = min([x.depth for x in ends], default=0)
        found: list[Node[Any]] = []
        seen: set[Any] = set(ends)
        stack = [y for y in outputs if y not in ends]
        closed = True
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            if node.depth < ground:
                closed = False
                continue
            seen.add(node)
            found.append(node)
            # The two slots, since `args` takes as long as the rest.
            x, y = node._x, node._y
            if isinstance(y, Node) and y not in seen:
                stack.append(y)
            if isinstance(x, Node):
                if x not in seen:
                    stack.append(x)
            elif type(x) is tuple:
                stack += [a for a in x if isinstance(a, Node) and a not in seen]
        return cls(ends, closed, tuple(found))

    @property
    def down(self) -> Sequence[Node[Any]]:
        """All nodes that were found, users before their arguments."""
        return sorted(self._found, key=attrgetter("depth"), reverse=True)

    @cached_property
    def active(self) -> Sequence[Node[Any]]:
        """The nodes that depend on the variables, arguments before their users."""
        reached: set[Any] = set(self.variables)
        active = []
        for node in sorted(self._found, key=attrgetter("depth")):
            x, y = node._x, node._y
            if type(x) is tuple:
                depends = any(a in reached for a in x if isinstance(a, Node))
            else:
                depends = isinstance(x, Node) and x in reached
                depends = depends or (isinstance(y, Node) and y in reached)
            if depends:
                reached.add(node)
                active.append(node)
        return tuple(active)


def way_to(output: Node[Any], wanted: Iterable[Node[Any]]) -> Container[object]:
    """The nodes that `output` is computed from and that depend on one of those `wanted`, with these.

    Unlike variables of a transform, they may depend on each other.

    >>> import fgrad as fg
    >>> x, y = fg.var(2.0), fg.var(3.0)
    >>> z = fg.sin(x) * fg.sin(y)
    >>> len(way_to(z, [y])), x in way_to(z, [y])
    (3, False)
    """
    reached: set[Any] = set(wanted)
    stack = [output]
    seen: set[Any] = set()
    found: list[Node[Any]] = []
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            found.append(node)
            stack += [a for a in node.args if isinstance(a, Node)]
    for node in sorted(found, key=attrgetter("depth")):
        if any(a in reached for a in node.args if isinstance(a, Node)):
            reached.add(node)
    return reached
