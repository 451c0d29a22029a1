"""The command that looks after the code kept on disk: `fgrad cache info` and `fgrad cache clear`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.native.runtime.cache import Store
from fgrad.cli.model import WrongUsage
from fgrad.errors import UnknownName

_USAGE: Final = "fgrad cache info|clear"
CACHE_ABOUT: Final = f"{_USAGE}             the code that is kept on disk"


def cache(words: Sequence[str]) -> str:
    """What the command prints; errors are WrongUsage and UnknownName."""
    if len(words) != 1:
        raise WrongUsage(f"cache needs one word; the usage is {_USAGE}")
    if words[0] not in ("info", "clear"):
        raise UnknownName.among(words[0], ("info", "clear"), "command of fgrad cache")
    store = Store.usual()
    if words[0] == "clear":
        removed = store.clear()
        problem = store.info().problem
        return f"entries removed: {removed}" + (f" ({problem})" if problem else "")
    info = store.info()
    return "\n".join((
        f"directory  {info.directory or 'none'}",
        f"entries    {info.entries}",
        f"bytes      {info.bytes} of at most {info.limit}",
        f"usable     {'yes' if info.usable else f'no: {info.problem}'}",
    ))  # fmt: skip
