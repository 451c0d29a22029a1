"""Vectorisation of a loop: which instructions can be done for several iterations at once, and which are serial."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from fgrad.backends.native.rerolling.operands import Carried, Operand, SameIteration


@attrs.frozen
class VectorSchedule:
    """An order of the instructions of one iteration in which vectors can compute them.

    Instructions in `before` depend on no loop-carried recurrence, nothing in a recurrence depends
    on those in `after`. Those in `serial` are computed lane after lane.
    """

    before: tuple[int, ...]
    serial: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, body: Sequence[Sequence[Operand]]) -> VectorSchedule:
        """The schedule of a loop whose instructions have these operands.

        >>> total = (Carried(1, 1, (0.0,)), SameIteration(0))
        >>> VectorSchedule.of([(), total, (SameIteration(1),)])
        VectorSchedule(before=(0,), serial=(1,), after=(2,))
        """
        needs = [
            {x.index for x in operands if isinstance(x, SameIteration | Carried)}
            for operands in body
        ]
        users: list[set[int]] = [set() for _ in body]
        for line, needed in enumerate(needs):
            for other in needed:
                users[other].add(line)
        before = _independent(range(len(body)), needs, users)
        left = [line for line in range(len(body)) if line not in set(before)]
        after = _independent(left[::-1], users, needs)
        serial = [line for line in left if line not in set(after)]
        return cls(tuple(before), tuple(serial), tuple(after[::-1]))


def _independent(
    instructions: Sequence[int], needs: Sequence[set[int]], users: Sequence[set[int]]
) -> list[int]:
    """Those instructions that need no other instruction but such, in topological order."""
    inside = set(instructions)
    waits = {line: len(needs[line] & inside) for line in instructions}
    order = [line for line in instructions if not waits[line]]
    for line in order:
        for user in sorted(users[line] & inside):
            waits[user] -= 1
            if not waits[user]:
                order.append(user)
    return order
