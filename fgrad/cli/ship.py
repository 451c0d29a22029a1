"""The commands that ship models: compile a function to a file, run, show and compare such files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

from fgrad.cli.model import WrongUsage, program, require_known, require_none, values
from fgrad.compiled.diff import diff
from fgrad.formats.c.writer import to_c
from fgrad.formats.json.codec import dumps, loads
from fgrad.program.latex.writer import to_latex
from fgrad.program.program import Program
from fgrad.program.text import show

USAGE: Final[Mapping[str, str]] = MappingProxyType({
    "compile": "fgrad compile FILE.py:FUNCTION -o model.json|model.c|model.tex",
    "run": "fgrad run model.json name=value ...",
    "show": "fgrad show model.json",
    "diff": "fgrad diff old.json new.json",
})  # fmt: skip

_WRITERS: Final[Mapping[str, Callable[[Program], str]]] = MappingProxyType(
    {".json": dumps, ".c": to_c, ".tex": to_latex}
)


def ship(command: str, words: Sequence[str]) -> str | None:
    """What the command prints; errors are those of `fgrad.cli.model`, and FormatError for a file."""
    parser = Parser(prog=f"fgrad {command}", usage=USAGE[command], allow_abbrev=False)
    if command == "compile":
        parser.add_argument("target", metavar="FILE.py:FUNCTION")
        parser.add_argument("-o", "--output", required=True, metavar="FILE")
        given = parser.parse_args(words)
        _written(program(given.target), given.output)
        return None
    if command == "run":
        parser.add_argument("file")
        parser.add_argument("values", nargs="*", metavar="name=value")
        given = parser.parse_args(words)
        return _run(_read(given.file), given.values)
    parser.add_argument("files", nargs=2 if command == "diff" else 1)
    read = [_read(file) for file in parser.parse_args(words).files]
    return (str(diff(*read)) if command == "diff" else show(*read)).rstrip()


class Parser(argparse.ArgumentParser):
    """A parser that does not end the process."""

    def error(self, message: str) -> NoReturn:
        """WrongUsage, where argparse would print and exit."""
        raise WrongUsage(f"{message}; the usage is {self.usage}")


def _written(made: Program, file: str) -> None:
    path = Path(file)
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        known = ", ".join(_WRITERS)
        raise WrongUsage(f"what should {file!r:.60} hold? Its name must end in one of {known}")
    try:
        path.write_text(writer(made), encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"cannot write {file!r:.60}: {error.strerror}") from None


def _read(file: str) -> Program:
    try:
        return loads(Path(file).read_bytes(), kind=Program)
    except OSError as error:
        raise WrongUsage(f"cannot read {file!r:.60}: {error.strerror}") from None


def _run(made: Program, words: Sequence[str]) -> str:
    given = values(words, made.inputs)
    require_known(made.inputs, given, "input")
    require_none([name for name in made.inputs if name not in given])
    results = made.run([given[name] for name in made.inputs])
    return "\n".join([str(y).lower() for y in results])  # all digits; true and false as in JSON
