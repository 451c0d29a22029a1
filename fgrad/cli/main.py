"""The command line: `fgrad grad EXPRESSION name=value ...` prints derivatives.

It ends with 0, with 1 if the model fails, and with 2 if it cannot read what it was asked; then one
line on stderr says why (and two more show the place in an expression).
"""

from __future__ import annotations

import argparse
import contextlib
import json  # before any model, whose directory may hold a json.py
import math
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Any, Final

import attrs

from fgrad.autodiff.gradients import Gradients
from fgrad.autodiff.reverse import grad
from fgrad.cli.cache import CACHE_ABOUT, cache
from fgrad.cli.expression import CONSTANTS, OPERATIONS
from fgrad.cli.model import Model, ModelFailed, WrongUsage, model, values
from fgrad.cli.ship import USAGE, Parser, ship
from fgrad.display import number
from fgrad.errors import FormatError, NotAValue, UnknownName, nearest
from fgrad.formats.graphviz.writer import dot, spell
from fgrad.graph.node import Node

_USAGE: Final = "fgrad grad EXPRESSION [name=value ...] [--all | --wrt a,b] [--json] [--dot FILE]"
_ABOUT: Final = """\
Evaluate an expression and print its derivative with respect to each variable.

  fgrad grad "tanh(x*w + b)" x=2 w=-3 b=6.5
  fgrad grad model.py:loss x=2       a function in a file; a default left out is no variable

Ship a function of numbers as a program, run it, print it and compare two.

""" + "".join(f"  {usage}\n" for usage in (*USAGE.values(), CACHE_ABOUT))
_READ: Final = f"""\
An expression is made of numbers, names, + - * / % **, comparisons, and, or, not, a if c else b
and calls of operations. One that begins with -- stands after a word -- of its own.
constants:  {", ".join(CONSTANTS)} (unless a value is given)
operations:
{textwrap.fill(", ".join(sorted(OPERATIONS)), 96, initial_indent="  ", subsequent_indent="  ")}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the exit status."""
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except (ModelFailed, NotAValue) as error:
        return _complain(str(error), status=1)
    except (WrongUsage, UnknownName) as error:
        return _complain(str(error), status=2)
    except FormatError as error:
        return _complain(*str(error).split("\n"), status=2)
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # files are read and written elsewhere: this is stdout
        _abandon_stdout()
        if isinstance(error, BrokenPipeError):
            return 141  # what a shell sees of a program that ends by SIGPIPE
        return _complain(f"cannot write the result: {error.strerror}", status=1)


def _parser() -> Parser:
    """No option has one dash only, so `-x` can be an expression; words are read by ourselves."""
    parser = Parser(
        prog="fgrad",
        usage=_USAGE,
        description=_ABOUT,
        epilog=_READ,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument("--all", action="store_true", help="show every node, arguments first")
    rows.add_argument("--wrt", action="append", metavar="a,b", help="show only these variables")
    parser.add_argument(
        "--json", action="store_true", help="all digits, for machines; 'nan', 'inf' are strings"
    )
    parser.add_argument("--dot", metavar="FILE", help="draw the graph for Graphviz; - is stdout")
    parser.add_argument("--version", action="store_true", help="show the version")
    parser.add_argument("--help", action="store_true", help="show this")
    return parser


def _run(argv: Sequence[str]) -> int:
    if argv and argv[0] in USAGE and not {"-h", "--help"} & set(argv):
        if said := ship(argv[0], argv[1:]):
            _print(said)
        return 0
    if argv and argv[0] == "cache" and not {"-h", "--help"} & set(argv):
        _print(cache(argv[1:]))
        return 0
    parser = _parser()
    options, words = _read(parser, argv)
    if options.version:
        _print(f"fgrad {_version()}")
    elif options.help:
        _print(parser.format_help().rstrip())
    elif not words:
        print(parser.format_usage() + _ABOUT.rstrip(), file=sys.stderr)  # noqa: T201  # its job
        return 2
    elif words[0] != "grad":
        raise WrongUsage(f"no command is named {words[0]!r:.60}; the usage is {_USAGE}")
    elif len(words) == 1:
        raise WrongUsage("grad needs an expression, as in: fgrad grad 'x*y' x=2 y=3")
    else:
        _grad(options, words[1], words[2:])
    return 0


def _read(parser: Parser, argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and the words between them; after a word -- there are no options."""
    end = argv.index("--") if "--" in argv else len(argv)
    before = ["--help" if word == "-h" else word for word in argv[:end]]
    options, words = parser.parse_known_args(before)
    for word in words:
        if found := re.match(r"--[A-Za-z][\w-]*(?==|$)", word):
            known = nearest(found[0], ("--all", "--wrt", "--json", "--dot", "--version", "--help"))
            advice = f"did you mean {known}?" if known else "see fgrad --help"
            raise WrongUsage(f"no option is named {found[0]:.60}; {advice}")
    return options, words + list(argv[end + 1 :])


def _grad(options: argparse.Namespace, target: str, words: Iterable[str]) -> None:
    if options.json and options.dot == "-":
        raise WrongUsage("--json and --dot - cannot both have stdout")
    answer = _Answer.of(model(target, values(words)), options.wrt, whole=options.all)
    if options.dot is not None:
        drawing = dot(answer.gradients.graph, answer.gradients)
        if options.dot == "-":
            _print(drawing.rstrip())
            return
        try:
            Path(options.dot).write_text(drawing, encoding="utf-8")
        except OSError as error:
            raise WrongUsage(f"cannot write {options.dot!r}: {error.strerror}") from None
    if options.json:
        _print(answer.json(target))
    elif _for_a_person():
        answer.print_richly()
    else:
        _print(answer.plain())


@attrs.frozen
class _Row:
    name: str
    value: float
    derivative: float | None  # None for a truth value, which has none

    def cells(self) -> tuple[str, str, str]:
        """The row as people read it."""
        slope = "" if self.derivative is None else number(self.derivative)
        return self.name, number(self.value), slope

    def numbers(self) -> dict[str, Any]:
        """The row as machines read it."""
        slope = None if self.derivative is None else _exact(self.derivative)
        return {"value": _exact(self.value), "derivative": slope}


@attrs.frozen
class _Answer:
    """What was asked for: rows of variables and, if they are wanted, of all nodes."""

    title: str
    value: float
    variables: tuple[_Row, ...]
    nodes: tuple[_Row, ...]
    gradients: Gradients

    @classmethod
    def of(cls, model: Model, wrt: Sequence[str] | None, *, whole: bool) -> _Answer:
        """The rows of the variables, or of those in `wrt`, and of the whole graph."""
        shown = model.variables
        if wrt is not None:
            names = [name.strip() for name in ",".join(wrt).split(",")]
            for name in names:
                if name not in shown:
                    raise UnknownName.among(name, shown, "variable with a value")
            shown = {name: shown[name] for name in names}
        graph = model.graph
        gradients = grad(graph, model.output)

        def row(name: str, node: Node[float]) -> _Row:
            return _Row(name, node.value, None if node.op.truth else gradients[node])

        variables = tuple(row(name, x) for name, x in shown.items())
        nodes = tuple(row(text, x) for x, text in spell(graph).items()) if whole else ()
        return cls(model.title, model.output.value, variables, nodes, gradients)

    @property
    def first_line(self) -> str:
        """The result."""
        return f"{self.title} = {number(self.value)}"

    def table(self) -> list[tuple[str, str, str]]:
        """The cells, under their heads."""
        head = ("node" if self.nodes else "variable", "value", "derivative")
        return [head, *(row.cells() for row in self.nodes or self.variables)]

    def plain(self) -> str:
        """The result and the aligned table."""
        table = self.table()
        if len(table) == 1:
            return self.first_line
        wide, middle, last = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = [f"{n:{wide}}  {v:>{middle}}  {d:>{last}}".rstrip() for n, v, d in table]
        return "\n".join((self.first_line, "", *lines))

    def json(self, target: str) -> str:
        """All digits; what JSON has no number for is a string that Python's float() reads."""
        whole = {"nodes": [{"name": row.name} | row.numbers() for row in self.nodes]}
        content = {
            "model": target,
            "value": _exact(self.value),
            "variables": {row.name: row.numbers() for row in self.variables},
        }
        return json.dumps(content | (whole if self.nodes else {}), indent=2, allow_nan=False)

    def print_richly(self) -> None:
        """The result and a table of rich's; the plain one where that would not fit."""
        from rich import box, console, table, text  # noqa: PLC0415  # an extra

        head, *rows = self.table()
        shown = table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
        shown.add_column(head[0])
        for title in head[1:]:
            shown.add_column(title, justify="right")
        for name, *numbers in rows:
            shown.add_row(text.Text(name), *numbers)
        screen = console.Console(highlight=False)
        needed = screen.measure(shown, options=screen.options.update(width=1000)).maximum
        if not rows or needed > screen.width:
            _print(self.plain())
        else:
            screen.print(text.Text(self.first_line, style="bold"), soft_wrap=True)
            screen.print(shown)


def _exact(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)


def _for_a_person() -> bool:
    if sys.stdout is None or not sys.stdout.isatty() or util.find_spec("rich") is None:
        return False
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _version() -> str:
    try:
        return metadata.version("fgrad")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _print(text: str) -> None:
    """Print; what the encoding of stdout lacks is escaped, and a full disk is noticed here."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)  # noqa: T201


def _complain(*lines: str, status: int) -> int:
    """One line, and those that show the place."""
    shown = ("".join(c if c.isprintable() else "?" for c in line) for line in lines)
    print("fgrad:", "\n".join(shown), file=sys.stderr)  # noqa: T201
    return status


def _abandon_stdout() -> None:
    """Discard the rest of its buffer, since nothing reads it any more."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
