"""Calls from native code to the meaning of an operation, which is a function of Python."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from threading import local
from typing import Any, Final

import attrs

from fgrad.op import Op
from fgrad.several import Joint

_Called: Final = ctypes.CFUNCTYPE(
    None, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double)
)
_raised: Final = local()


@attrs.frozen(eq=False)
class Calls:
    """The table of functions that code is given for the operations that it does not know."""

    functions: tuple[Any, ...]
    table: Any

    @classmethod
    def of(cls, operations: Sequence[Op]) -> Calls:
        """A function for each operation: it reads arguments and writes results in memory."""
        functions = tuple(_Called(_function(op)) for op in operations)
        addresses = [ctypes.cast(f, ctypes.c_void_p).value for f in functions]
        return cls(functions, (ctypes.c_void_p * max(1, len(addresses)))(*addresses))

    @property
    def address(self) -> int:
        """Where the table is."""
        return ctypes.addressof(self.table)

    def check(self) -> None:
        """Raise what a meaning has raised in this thread since the last time."""
        error = getattr(_raised, "error", None)
        if error is not None:
            _raised.error = None
            raise error


def _function(op: Op) -> Any:
    truths = [kind is bool for kind in op.kinds]

    def called(args: Any, results: Any) -> None:
        try:
            given = [args[k] != 0.0 if truth else args[k] for k, truth in enumerate(truths)]
            got = op.meaning(*given)
            for k, result in enumerate(got if isinstance(op, Joint) else (got,)):
                results[k] = result
        except BaseException as error:  # noqa: BLE001  # native code cannot let it through
            if getattr(_raised, "error", None) is None:
                _raised.error = error
            results[0] = float("nan")

    return called
