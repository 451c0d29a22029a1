"""What the command differentiates: an expression, or a function in a file, at given values.

Names that are given a value are variables. A parameter that is left out keeps its default, as in any
call, and has no derivative. A file is run from its source, under a name that no module has, with
its own directory to import from; its output goes to stderr.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import shlex
import sys
import traceback
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs

from fgrad.cli.expression import CONSTANTS, OPERATIONS, parse
from fgrad.display import shorten
from fgrad.errors import UnknownName, nearest
from fgrad.graph.graph import Graph
from fgrad.graph.node import Condition, Node
from fgrad.graph.variables import var
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.trace import trace

_TARGET: Final = re.compile(r"(?P<path>.*\.py)(:(?P<function>.*))?", re.DOTALL)
_VALUE: Final = re.compile(r"(?P<name>[^=]*)=(?P<number>.*)", re.DOTALL)


class WrongUsage(ValueError):
    """The command was asked for something that it cannot read."""


class ModelFailed(RuntimeError):
    """A model was read, and then it raised or gave no number."""


@attrs.frozen
class Model:
    """A number as a node, with the variables it is a function of."""

    title: str
    output: Node[float]
    variables: Mapping[str, Node[float]]

    @property
    def graph(self) -> Graph:
        """The graph of the output, and of the variables that it does not depend on."""
        return Graph.of(self.output, *self.variables.values())


def values(words: Iterable[str], inputs: Iterable[str] | None = None) -> Mapping[str, float]:
    """The numbers that the words `name=number` give; WrongUsage if one is anything else.

    A name is an identifier; where `inputs` are given they may have any names.
    """
    given: dict[str, float] = {}
    known = None if inputs is None else frozenset(inputs)
    for word in words:
        name, number = _assigned(word, known)
        if name in given:
            raise WrongUsage(f"{name} is given two values")
        try:
            given[name] = float(number)
        except ValueError:
            raise WrongUsage(f"{name}={number!r:.60} is not a number") from None
    return given


def _assigned(word: str, inputs: Container[str] | None) -> tuple[str, str]:
    whole, _, last = word.rpartition("=")
    if inputs is not None and whole in inputs:
        return whole, last
    found = _VALUE.fullmatch(word)
    name = unicodedata.normalize("NFKC", found["name"]) if found else ""  # as Python reads it
    if found is None or not (name.isidentifier() or inputs is not None):
        advice = "write name=value without spaces, after the expression as one word in quotes"
        raise WrongUsage(f"{word!r:.60} gives no value: {advice}")
    return name, found["number"]


def model(target: str, given: Mapping[str, float]) -> Model:
    """The model that `target` names, an expression or FILE.py:FUNCTION, at the given values."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return _of_expression(target, given)
    return _of_function(found["path"], found["function"] or "", given)


def _of_expression(text: str, given: Mapping[str, float]) -> Model:
    expression = parse(text)
    names = [name for name in expression.names if name in given or name not in CONSTANTS]
    require_known(names, given)
    missing = [name for name in names if name not in given]
    hint = ""
    if len(missing) == 1:
        meant = nearest(missing[0], (*given, *CONSTANTS))
        hint = f" (did you mean {meant}?)" if meant else ""
        if missing[0] in OPERATIONS:
            hint = f", which is also an operation: {missing[0]}(...)"
    require_none(missing, hint)
    variables = expression.variables(given)
    return Model(shorten(expression.text.strip(), 72), expression.evaluate(variables), variables)


def require_known(known: Iterable[str], given: Mapping[str, float], kind: str = "variable") -> None:
    """UnknownName if something that is not known was given a value."""
    names = dict.fromkeys(known)
    for name in given:
        if name not in names:
            raise UnknownName.among(name, names, kind)


def require_none(missing: Sequence[str], hint: str = "") -> None:
    """WrongUsage, which says how to give the values, if some are missing."""
    if missing:
        advice = shlex.join(f"{name}=NUMBER" for name in missing)
        raise WrongUsage(f"no value for {', '.join(missing)}{hint}; add {advice}")


def _of_function(path: str, name: str, given: Mapping[str, float]) -> Model:
    function = _loaded(path, name)
    parameters = _parameters(function, name)
    require_known(parameters, given)
    require_none([p for p, d in parameters.items() if d.default is d.empty and p not in given])
    variables = {p: var(given[p], p) for p in parameters if p in given}
    # Parameters before a / cannot be left out by name, so their defaults are passed.
    placed = {p: d for p, d in parameters.items() if d.kind is d.POSITIONAL_ONLY}
    args = [variables.get(p, d.default) for p, d in placed.items()]
    named = {p: x for p, x in variables.items() if p not in placed}
    with _at_home_in(path), _reported(path):
        output = function(*args, **named)
    title = f"{name}({', '.join(variables)})"
    return Model(shorten(title, 72), _number(output, name), variables)


def program(target: str) -> Program:
    """The program of the function that `target` names, as FILE.py:FUNCTION.

    Its inputs are the parameters that have no default, or a number as their default.
    """
    found = _TARGET.fullmatch(target)
    if found is None:
        raise WrongUsage(f"{target!r:.60} names no function; write FILE.py:FUNCTION")
    path, name = found["path"], found["function"] or ""
    function = _loaded(path, name)
    parameters = _parameters(function, name).values()
    free = [p for p in parameters if p.default is p.empty or type(p.default) in (int, float)]
    if any(p.kind is p.POSITIONAL_ONLY and p not in free for p in parameters):
        raise WrongUsage(f"{name} has a parameter by place that is no number")
    args = [0.0 for p in free if p.kind is p.POSITIONAL_ONLY]
    named = {p.name: 0.0 for p in free if p.kind is not p.POSITIONAL_ONLY}
    with _at_home_in(path), _reported(path):
        return simplified(trace(function)(*args, **named))


def _loaded(path: str, name: str) -> Callable[..., object]:
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise WrongUsage(f"cannot read {path}: {error.strerror}") from None
    with _at_home_in(path), _reported(path):
        module = _run(path, source)
    return _function(module, path, name)


def _run(path: str, source: bytes) -> ModuleType:
    module = ModuleType("_fgrad_model_" + re.sub(r"\W", "_", Path(path).stem))
    module.__file__ = str(Path(path).absolute())
    sys.modules[module.__name__] = module  # where dataclasses look up the types of their fields
    # An edit counts at once, and nothing is written beside it.
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))  # noqa: S102  # its purpose
    return module


@contextlib.contextmanager
def _at_home_in(path: str) -> Iterator[None]:
    """Import from the directory of the file, and print to stderr, as long as it runs."""
    before = sys.path[:]
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:] = before


@contextlib.contextmanager
def _reported(path: str) -> Iterator[None]:
    """Turn whatever the file raises, SystemExit too, into one line that names the line in it."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # SystemExit is no way out of a model
        lines = [
            line
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename == path
        ]
        message = _message(error)
        if isinstance(error, SyntaxError) and error.filename == path:
            lines, message = [error.lineno or 1], error.msg
        place = f"{path}:{lines[-1]}" if lines else path
        raise ModelFailed(f"{place}: {type(error).__name__}: {message}") from None


def _message(error: BaseException) -> str:
    try:
        words = str(error).split()
    except Exception:  # noqa: BLE001  # an error of the user's that cannot even be printed
        words = []
    return f"{' '.join(words) or '(no message)':.300}"


def _function(module: ModuleType, path: str, name: str) -> Callable[..., object]:
    names = vars(module)
    own = [n for n, f in names.items() if inspect.isfunction(f) and f.__module__ == module.__name__]
    if not name:
        raise WrongUsage(f"which function of {path}? It has {', '.join(own[:12]) or 'none'}")
    if name not in names:
        raise UnknownName.among(name, own, f"function of {path}")
    function: object = names[name]
    if not callable(function):
        raise WrongUsage(f"{name} of {path} is no function, but of type {type(function).__name__}")
    return function


def _parameters(function: Callable[..., object], name: str) -> Mapping[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise WrongUsage(f"{name} does not tell its parameters") from None
    for p in parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise WrongUsage(f"{name} takes {p}; a value can be given only to a named parameter")
    return parameters


def _number(output: object, name: str) -> Node[float]:
    if isinstance(output, Node) and isinstance(output.value, float):
        return output
    if isinstance(output, Condition):
        raise ModelFailed(f"{name} gave a truth value; choose a number by it with where(...)")
    if output is None:
        raise ModelFailed(f"{name} gave None; is its return missing?")
    if inspect.iscoroutine(output):
        output.close()  # or Python would complain, in a line of its own, that nobody waited for it
    kind = type(output).__name__
    advice = "compute the result from the arguments, with operators and operations of fgrad"
    raise ModelFailed(f"{name} gave a value of type {kind}, not a node; {advice}")
