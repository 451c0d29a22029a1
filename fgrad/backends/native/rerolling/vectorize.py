"""Which lines of a loop can be done for several times round at once, and which wait for the last time."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from fgrad.backends.native.rerolling.operands import Before, Here, Operand


@attrs.frozen
class Lanework:
    """The lines of one time round in an order in which vectors can compute them.

    Lines in `before` need nothing that is carried round to themselves, and those in `after` are
    needed by nothing that is. `turns` are the lines that must take turns, lane after lane.
    """

    before: tuple[int, ...]
    turns: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, body: Sequence[Sequence[Operand]]) -> Lanework:
        """The order for a loop whose lines have these operands.

        >>> total = (Before(1, 1, (0.0,)), Here(0))
        >>> Lanework.of([(), total, (Here(1),)])
        Lanework(before=(0,), turns=(1,), after=(2,))
        """
        needs = [{x.line for x in operands if isinstance(x, Here | Before)} for operands in body]
        users: list[set[int]] = [set() for _ in body]
        for line, needed in enumerate(needs):
            for other in needed:
                users[other].add(line)
        before = _peeled(range(len(body)), needs, users)
        left = [line for line in range(len(body)) if line not in set(before)]
        after = _peeled(left[::-1], users, needs)
        turns = [line for line in left if line not in set(after)]
        return cls(tuple(before), tuple(turns), tuple(after[::-1]))


def _peeled(
    lines: Sequence[int], needs: Sequence[set[int]], users: Sequence[set[int]]
) -> list[int]:
    """Those of the lines that need none of them, then those that need none but these, and so on."""
    inside = set(lines)
    waits = {line: len(needs[line] & inside) for line in lines}
    order = [line for line in lines if not waits[line]]
    for line in order:
        for user in sorted(users[line] & inside):
            waits[user] -= 1
            if not waits[user]:
                order.append(user)
    return order
