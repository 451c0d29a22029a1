"""`compile`: from a function to the function that runs its program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from fgrad.backends.native.installed import native_is_installed
from fgrad.compiled.compiled import Compiled
from fgrad.compiled.kernel import BACKENDS, Backend
from fgrad.errors import MissingExtra, NotAValue
from fgrad.trees.parameters import require_function

P = ParamSpec("P")
R = TypeVar("R")


@overload
def compile(
    f: Callable[P, R], /, *, backend: Backend | None = None, exact: bool = False
) -> Compiled[P, R]: ...
@overload
def compile(
    *, backend: Backend | None = None, exact: bool = False
) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...
def compile(f: Any = None, /, *, backend: Backend | None = None, exact: bool = False) -> Any:
    """The compiled function of `f`: same arguments, same result, run as a program.

    It is traced at the first call with arguments of each structure (trees of numbers, as
    everywhere); errors are those of `trace`. With nodes among the arguments it returns nodes.

    On the backend `native` it runs as machine code, on `python` as straight-line source, on
    `reference` instruction by instruction. The default is native if the extra `native` is installed,
    else python; native without the extra raises MissingExtra. Native functions are as accurate as
    those of Python, not equal in the last place. There a product and a sum are contracted into one
    fused operation, if the processor has it; with `exact`, each of them is rounded.

    >>> import fgrad as fg
    >>> def slope(x: float, y: float) -> float:
    ...     return fg.gradient(lambda x: fg.sin(x * y))(x)
    >>> fast = fg.compile(slope)
    >>> fast(0.0, 3.0), fg.gradient(fast, argnums=1)(0.0, 3.0), len(fast.program)
    (3.0, 1.0, 3)
    """
    if backend is None:
        backend = "native" if native_is_installed() else "python"
    if backend not in BACKENDS:
        advice = f"Choose one of {', '.join(BACKENDS)}."
        raise NotAValue("compile", "a backend", f"{backend!r:.40}", advice)
    if backend == "native" and not native_is_installed():
        raise MissingExtra("the backend native", "llvmlite 0.45 or later", "native")
    if f is None:
        return lambda f: _compiled(f, backend, exact)
    return _compiled(f, backend, exact)


def _compiled(f: Any, backend: Backend, exact: bool) -> Any:
    if isinstance(f, (staticmethod, classmethod)):
        return type(f)(Compiled(f.__func__, backend, exact))
    require_function(f, "compile")
    return Compiled(f, backend, exact)
