"""Arguments: a tree of numbers or nodes, with a fresh node in the place of each leaf.

A function that is differentiated sees the fresh nodes, so nested derivatives have variables of
their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from fgrad import operations as ops
from fgrad import trees
from fgrad.node import Node, var, variable


@attrs.frozen(eq=False)
class Argument:
    """An argument with fresh leaves; a node that stood in two places still does."""

    leaves: tuple[Node[float], ...]
    structure: trees.Structure[Any]
    of_nodes: bool

    @classmethod
    def of(cls, tree: object, name: str) -> Argument:
        """Take `tree` apart; errors call it `name`."""
        leaves, structure = trees.flatten(tree, name)
        aliases = {id(x): ops.identity(x) for x in leaves if isinstance(x, Node)}
        fresh = [aliases[id(x)] if isinstance(x, Node) else var(x) for x in leaves]
        return cls(tuple(fresh), structure, bool(aliases))

    @property
    def tree(self) -> Any:
        """What the function is called with."""
        return self.structure.unflatten(self.leaves)

    def mapped(self, f: Callable[[Node[float]], object]) -> Any:
        """The tree of what `f` gives for each leaf."""
        return self.structure.unflatten([f(leaf) for leaf in self.leaves])


def closed(outputs: Iterable[Node[float]], arguments: Iterable[Argument]) -> bool:
    """Whether `outputs` are computed from these arguments alone.

    Another variable is of somebody outside, who may want to differentiate what we give.
    """
    seen = {leaf for argument in arguments for leaf in argument.leaves}
    waiting = list(outputs)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            if node.op is variable:
                return False
            seen.add(node)
            waiting += [a for a in node.args if isinstance(a, Node) and a not in seen]
    return True
