"""How numpy names the arguments of its functions, in which order, and which say nothing of nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.arrays.numpy_errors import WRONG, in_terms, option_refused
from fgrad.errors import NotAValue

_NO_VALUE: Final[Any] = getattr(np, "_NoValue", None)
_ANY: Final = frozenset(
    {"casting", "kind", "stable", "copy", "overwrite_input", "optimize", "subok"}
)
_ALLOWED: Final[Mapping[str, Any]] = MappingProxyType({
    "upper": False, "retstep": False, "mode": "raise", "order": "K", "descending": False, "writeable": False, "reflect_type": "even",
})  # fmt: skip


def read(called: str, f: Callable[..., Any], names: str) -> Callable[..., Any]:
    """`f` of arguments in numpy's order or by its names, of which the first goes by its place.

    "name=ours" is what we call an argument. Names in square brackets say nothing here. NotAValue if
    one asks for something nevertheless, or there is an argument of another name.
    """
    listed = [text.partition("=") for text in names.split()]
    ours = {name.strip("[]"): other or name for name, _, other in listed}
    every = tuple(ours)
    offered = tuple([name for name in every if not ours[name].startswith("[")])
    direct = frozenset([name for name in every[1:] if ours[name] == name])
    second = every[1] if len(every) > 1 and every[1] in direct else None

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            if len(args) == 1:
                if not kwargs:
                    return f(args[0])
                if direct.issuperset(kwargs) and not any(v is _NO_VALUE for v in kwargs.values()):
                    return f(args[0], **kwargs)
            elif len(args) == 2 and second and not kwargs:
                return f(args[0], **{second: args[1]})
            return f_of(args, kwargs)
        except WRONG as error:
            raise in_terms(called, args, kwargs, error) from None

    def f_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`f` of what says something, by our names."""
        if len(args) > len(every):
            advice = f"It takes {len(every)} at most: {', '.join(every)}."
            raise NotAValue(f"numpy's {called}", "fewer arguments", f"{len(args)}", advice)
        asked: dict[str, Any] = {}
        for name, value in (dict(zip(every, args, strict=False)) | kwargs).items():
            idle = ours.get(name, "[").startswith("[")
            if value is _NO_VALUE or (idle and name in ours and says_nothing(name, value)):
                continue
            if idle:
                raise option_refused(called, name, offered)
            asked[ours[name]] = value
        first = [asked.pop(ours[every[0]])] if ours[every[0]] in asked else []
        return f(*first, **asked)

    call.__doc__ = f.__doc__
    return call


def says_nothing(name: str, value: Any) -> bool:
    """Whether an argument of numpy's asks for what is done anyhow."""
    if value is None or name in _ANY:
        return True
    if name == "dtype":
        try:
            return bool(np.dtype(value) == np.float64)
        except (TypeError, ValueError):
            return False
    if name == "out":
        return isinstance(value, tuple) and all(x is None for x in value)
    if name == "where":
        return value is True
    return name in _ALLOWED and bool(value == _ALLOWED[name])
