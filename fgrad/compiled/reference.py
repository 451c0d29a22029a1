"""References: where a function stands, by which another process finds it when it needs it."""

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

    Nothing is imported before the function is asked for, which may never be where programs suffice.
    """

    module: str
    name: str

    @classmethod
    def to(cls, function: Callable[..., Any]) -> Self | None:
        """The reference to a function; None if its name does not lead to it."""
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
        """The function, imported; of a compiled function what it was made of. None if there is none."""
        try:
            module = importlib.import_module(self.module)
            found: Any = operator.attrgetter(self.name)(module)
        except (ImportError, AttributeError):
            return None
        found = getattr(found, "function", found)
        return found if callable(found) and not isinstance(found, Reference) else None
