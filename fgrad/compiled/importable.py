"""References: the module and name of a function, by which another process imports it."""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Callable
from typing import Any, Self

import attrs


@attrs.frozen
class Reference:
    """The module and the name in it under which a function can be imported, and called.

    Nothing is imported before the function is needed, which may never happen if its programs suffice.
    """

    module: str
    name: str

    @classmethod
    def to(cls, function: Callable[..., Any]) -> Self | None:
        """The reference to a function; None if it cannot be imported by its name."""
        if isinstance(function, cls):
            return function
        module = getattr(function, "__module__", None)
        name = getattr(function, "__qualname__", None)
        if not isinstance(module, str) or not isinstance(name, str) or module not in sys.modules:
            return None
        reference = cls(module, name)
        return reference if reference.function == function else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the function; ImportError if there is none."""
        function = self.function
        if function is None:
            raise ImportError(f"there is no function {self} to import here")
        return function(*args, **kwargs)

    def __str__(self) -> str:
        """The name, with that of the module."""
        return f"{self.module}.{self.name}"

    @property
    def function(self) -> Callable[..., Any] | None:
        """The function, imported; for a compiled function the one it was made from. None if there is none."""
        try:
            module = importlib.import_module(self.module)
            found: Any = operator.attrgetter(self.name)(module)
        except (ImportError, AttributeError):
            return None
        found = getattr(found, "function", found)
        return found if callable(found) and not isinstance(found, Reference) else None
