"""The code for one choice of which inputs are columns, whose outputs are summed."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs
import numpy as np

from fgrad.backends.buffers.cpython import address
from fgrad.backends.native.codegen import sums
from fgrad.backends.native.runtime.row_arguments import RowArguments
from fgrad.backends.native.runtime.row_code import RowCode, aligned
from fgrad.backends.native.runtime.threads import in_threads, split_rows

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

BLOCK: Final = 4096
"""Rows of a block, each of which has totals of its own, so that a sum does not depend on threads."""


@attrs.frozen(eq=False)
class SumCode(RowCode):
    """The code for one choice of which inputs are columns, whose outputs are summed."""

    exports: ClassVar[Sequence[str]] = sums.EXPORTS

    @property
    def room(self) -> int:
        """The doubles of the totals, and of the mask of rows behind them."""
        return (len(self.truths) + 1) * self.width

    @cached_property
    def _add(self) -> Any:
        return ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 2)(self.code.addresses["add"])

    def sum(self, args: RowArguments, threads: int) -> tuple[Array, bool]:
        """The sum over the rows of each output, and whether all are valid (`fgrad.backends.native.codegen.masks`)."""
        same, ins, rows = self.invariants(args), args.pointers(), args.rows
        starts = range(0, rows, BLOCK)
        blocks = aligned((max(1, len(starts)), -(-self.room // 16) * 16))
        blocks[...] = 0.0

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                start = starts[k]
                self.run(ins, same, address(blocks[k]), start, min(start + BLOCK, rows))

        in_threads(work, split_rows(len(starts), threads, 1))
        with np.errstate(all="ignore"):  # inf - inf is nan, without a warning, as everywhere here
            # In order, which numpy's own sum does not promise.
            for block in blocks[1:]:
                blocks[0] += block
        found = np.empty(max(1, len(self.truths)))
        known = bool(self._add(address(blocks), address(found)))
        if len(self.truths) == len(self.split.outputs):
            return found[: len(self.truths)], known
        # The sum of no rows is 0, and not 0 * inf.
        numbers = [float(x) * rows if rows else 0.0 for x in same]
        sums = [found[k] if varies else numbers[k] for varies, k in self.split.outputs]
        return np.array(sums, np.float64), known
