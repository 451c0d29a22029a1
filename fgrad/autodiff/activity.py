"""What lies between outputs and the variables of one call, which is all that a sweep reads.

The variables are deeper than everything that was there before the call (`fgrad.graph.node.below_all`), so
the history behind what a function holds is told from what the function computed by depth alone,
and is never entered: a derivative inside a long simulation costs what the derivative costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

import attrs

from fgrad.graph.node import Node


# Without slots, for which attrs would write a property that is cached again by itself.
@attrs.frozen(eq=False, repr=False, slots=False)
class Reach:
    """The nodes that `outputs` are computed from, down to `variables` and no further.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> y = fg.sin(x)
    >>> z = y * y + x
    >>> [node.op.name for node in Reach.of([z], [y]).moving]
    ['mul', 'add']
    """

    variables: frozenset[Node[Any]]
    closed: bool
    """Whether the outputs are computed from these variables and literals alone.

    Anything else was there before, and its owner may want to differentiate what we give.
    """
    _found: tuple[Node[Any], ...]

    @classmethod
    def of(cls, outputs: Iterable[Node[Any]], variables: Iterable[Node[Any]]) -> Reach:
        """Read from the outputs down to the variables."""
        ends = frozenset(variables)
        ground = min([x.depth for x in ends], default=0)
        found: list[Node[Any]] = []
        seen: set[Any] = set(ends)
        waiting = [y for y in outputs if y not in ends]
        closed = True
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            if node.depth < ground:
                closed = False
                continue
            seen.add(node)
            found.append(node)
            # The two slots, since to ask for `args` takes as long as the rest.
            x, y = node._x, node._y
            if isinstance(y, Node) and y not in seen:
                waiting.append(y)
            if isinstance(x, Node):
                if x not in seen:
                    waiting.append(x)
            elif type(x) is tuple:
                waiting += [a for a in x if isinstance(a, Node) and a not in seen]
        return cls(ends, closed, tuple(found))

    @cached_property
    def moving(self) -> Sequence[Node[Any]]:
        """The nodes that depend on the variables, arguments before their users."""
        on_the_way: set[Any] = set(self.variables)
        moving = []
        for node in sorted(self._found, key=attrgetter("depth")):
            x, y = node._x, node._y
            if type(x) is tuple:
                moves = any(a in on_the_way for a in x if isinstance(a, Node))
            else:
                moves = isinstance(x, Node) and x in on_the_way
                moves = moves or (isinstance(y, Node) and y in on_the_way)
            if moves:
                on_the_way.add(node)
                moving.append(node)
        return tuple(moving)
