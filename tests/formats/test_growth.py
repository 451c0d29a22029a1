"""What reads text takes time in proportion to it, whatever is in the text and wherever it is wrong."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fgrad as fg
from fgrad.cli.expression import parse
from fgrad.cli.main import main
from fgrad.cli.model import values
from fgrad.ops import scalar as ops
from fgrad.program.program import Program
from fgrad.program.text import parse as parse_listing
from tests.measures.growth import seconds

SMALL = 1_000
TIMES = 16

Text = Callable[[int], str]


def rows(template: str, n: int) -> str:
    return ",".join(template.replace("#", str(i)) for i in range(n))


def program_text(inputs: str, lines: str, outputs: str = "0") -> str:
    head = '{"format":"fgrad program","version":1'
    return f'{head},"inputs":[{inputs}],"lines":[{lines}],"outputs":[{outputs}]}}'


def graph_text(nodes: str, labels: str) -> str:
    head = '{"format":"fgrad graph","version":1'
    return f'{head},"nodes":[{nodes}],"labels":[{labels}],"outputs":[0]}}'


DOCUMENTS: dict[str, Text] = {
    "escaped quotes": lambda n: '"' + '\\"' * n,
    "escaped quotes in a list": lambda n: '["",["' + '\\"' * n,
    "escaped quotes in a sound string": lambda n: program_text('"' + '\\"' * n + '"', ""),
    "backslashes": lambda n: '"' + "\\\\" * n,
    "a backslash at the end": lambda n: '"' + '\\"' * n + "\\",
    "code points": lambda n: '["' + "\\u0041" * n,
    "half a surrogate": lambda n: '["' + "\\ud800" * n + '"]',
    "quotes": lambda n: '"' * n + '"',
    "opened strings": lambda n: '"a ' * n,
    "opened strings in lists": lambda n: '["a ' * n,
    "opened": lambda n: "[" * n,
    "opened and closed": lambda n: ("[" * 5 + "]" * 5) * n,
    "opened and not closed": lambda n: '{"a":[[[[],' * n,
    "closed": lambda n: "]" * n,
    "numbers": lambda n: "[" + "1," * n,
    "digits": lambda n: "[" + "9" * n,
    "signs": lambda n: "[" + "-" * n,
    "spaces": lambda n: " " * n + "x",
    "words of Python's": lambda n: "[" + "NaN," * n + "1]",
    "keys": lambda n: "{" + rows('"k#":1', n) + "}",
    "one key twice": lambda n: "[" + rows('{"a":1,"b":2}', n) + ',{"a":1,"a":2}]',
    "an error at the end": lambda n: program_text('"x"', rows('["sin",0]', n) + ',["sin",99999999]'),
    "an unknown operation": lambda n: program_text('"x"', rows('["sin",0]', n) + ',["son",0]'),
    "a long word": lambda n: program_text('"x"', '["' + "sin" * n + '",0]'),
    "one name": lambda n: program_text(rows('"x"', n), ""),
    "many names": lambda n: program_text(rows('"x#"', n), ""),
    "outputs": lambda n: program_text('"x"', "", ",".join("0" * n)),
    "arguments": lambda n: program_text('"x"', '["sin",' + ",".join("0" * n) + "]"),
    "labels": lambda n: graph_text('["variable",[1.0]]', rows('[#,"x"]', n)),
    "nodes": lambda n: graph_text('["variable",[1.0]],' + rows('["sin",#]', n), '[0,"x"]'),
}  # fmt: skip

ARRAY = '["variable",{"shape":[1],"float64":"AAAAAAAA8D8="}]'


def bytes_of(n: int) -> str:
    """The base64 of as many numbers 0 as three times `n`."""
    return "A" * (32 * n)


ARRAYS: dict[str, Text] = {
    "one large array": lambda n: graph_text(f'["variable",{{"shape":[{3 * n}],"float64":"{bytes_of(n)}"}}]', ""),
    "large truth values": lambda n: graph_text(f'{ARRAY},["where",{{"shape":[{24 * n}],"bool":"{bytes_of(n)}"}},0,0]', ""),
    "a large index": lambda n: graph_text(f'{ARRAY},["array.index",[{{"index":[{{"shape":[{3 * n}],"int64":"{bytes_of(n)}"}}]}}],0]', ""),
    "bytes too few": lambda n: graph_text(f'["variable",{{"shape":[{3 * n + 1}],"float64":"{bytes_of(n)}"}}]', ""),
    "no bytes": lambda n: graph_text(f'["variable",{{"shape":[{3 * n}],"float64":"{"!" * n}"}}]', ""),
    "many arrays": lambda n: graph_text(",".join([ARRAY] * n), ""),
    "many operations on arrays": lambda n: graph_text(ARRAY + "," + rows('["array.reshape",[[1]],#]', n), ""),
    "many sizes": lambda n: graph_text(ARRAY + "," + rows('["array.broadcast_to",[[#]],0]', n), ""),
    "many axes": lambda n: graph_text(f'{ARRAY},["array.sum",[[{rows("#", n)}]],0]', ""),
    "many lengths": lambda n: graph_text(f'["variable",{{"shape":[{rows("1", n)}],"float64":""}}]', ""),
    "many parts of an index": lambda n: graph_text(f'{ARRAY},["array.index",[{{"index":[{rows("null", n)}]}}],0]', ""),
    "many letters": lambda n: graph_text(f'{ARRAY},["array.contract",["{"a" * n},{"a" * n}->"],0,0]', ""),
    "many keys": lambda n: graph_text(f'["variable",{{{rows(chr(34) + "k#" + chr(34) + ":1", n)}}}]', ""),
    "an array that grows": lambda n: graph_text(ARRAY + "," + rows('["array.concatenate",[0,2],#,#]', n), ""),
}  # fmt: skip

LISTINGS: dict[str, Text] = {
    "escaped quotes in an argument": lambda n: 'program(x):\n  %1 = sin("' + '\\"' * n,
    "escaped quotes in a name": lambda n: 'program("' + '\\"' * n,
    "escaped quotes in an operation": lambda n: 'program(x):\n  %1 = @"' + '\\"' * n + "(x)\n  return x",
    "quotes": lambda n: "program(" + '"' * n,
    "quoted names": lambda n: "program(" + rows('"a# b"', n) + '):\n  return "a0 b"',
    "names": lambda n: "program(" + rows("a#", n) + "):\n  return a0",
    "one name": lambda n: "program(" + rows("a", n) + "):\n  return %0",
    "spaces before": lambda n: " " * n + "program(x):\n  return x",
    "spaces inside": lambda n: "program(x" + " " * n + "y):\n  return x",
    "spaces behind": lambda n: "program(x):\n  return x" + " " * n + "y",
    "blank lines": lambda n: "program(x):\n" + " \n" * n + "  return x",
    "lines": lambda n: "program(x):\n" + "".join(f"  %{i + 1} = sin(%{i})\n" for i in range(n)) + f"  return %{n}",
    "literals": lambda n: "program(x):\n" + "".join(f"  %{i + 1} = add(x, {i}.5)\n" for i in range(n)) + "  return x",
    "keys": lambda n: "program(a" + "['b']" * n + "):\n return x",
    "apostrophes": lambda n: "program(a'" + "'a" * n + "):\n return x",
    "indices": lambda n: "program(a" + "[0]" * n + "[):\n return x",
    "digits of a value": lambda n: "program(x):\n  %" + "1" * n + " = sin(x)\n return x",
    "digits of a literal": lambda n: "program(x):\n  %1 = add(x, 1." + "1" * n + ")\n return x",
    "digits of an exponent": lambda n: "program(x):\n  %1 = add(x, 1e" + "1" * n + ")\n return x",
    "digits of an item": lambda n: "program(x):\n  %1 = item[" + "1" * n + "](x)\n return x",
    "an unknown operation": lambda n: "program(x):\n  %1 = " + "s" * n + "(x)\n return x",
    "unknown values": lambda n: "program(x):\n  return " + rows("y#", n),
    "an error at the end": lambda n: "program(x):\n  return " + rows("x", n) + ", y",
    "commas": lambda n: "program(" + "," * n,
    "marks": lambda n: "program(x):\n  %1 = " + "@" * n,
}  # fmt: skip

EXPRESSIONS: dict[str, Text] = {
    "a sum": lambda n: "+".join("x" * n), "names": lambda n: rows("x#", n).replace(",", "+"),
    "parentheses": lambda n: "(" * n + "x" + ")" * n, "signs": lambda n: "-" * n + "x",
    "powers": lambda n: "**".join("x" * n), "dots": lambda n: "." * n, "digits": lambda n: "1" * n,
    "exponents": lambda n: "1e" * n, "underscores": lambda n: "1_" * n, "signed exponents": lambda n: "1e+" * n,
    "spaces": lambda n: " " * n + "x", "comparisons": lambda n: "<".join("x" * n), "choices": lambda n: "x if x>1 else " * n + "x",
    "calls": lambda n: "sin(" * n + "x" + ")" * n, "letters of two bytes": lambda n: "+".join("ä" * n),
    "negations": lambda n: "not " * n + "x", "arguments": lambda n: "sin(" + ",".join("x" * n) + ")",
    "a tuple": lambda n: ",".join("x" * n), "attributes": lambda n: "x" + ".y" * n, "calls of calls": lambda n: "x" + "()" * n,
    "words": lambda n: "x " * n, "shifts": lambda n: "<<".join("x" * n), "strings": lambda n: '"\\"' * n,
}  # fmt: skip


def grows_in_proportion(
    do: Callable[[Any], object], make: Callable[[int], Any], small: int
) -> None:
    """Sixteen times as much takes far from 256 times as long, where it takes long at all.

    Readers spend their time inside C, where no steps of Python can be counted.
    """
    little, much = make(small), make(TIMES * small)
    long, short = math.inf, 0.0
    # Others on the machine make a time longer, and a machine that stops for a while has shown a tenth
    # of one; so what is in proportion is seen at one of several tries, each with a short time of its own.
    for _ in range(8):
        long = min(long, seconds(lambda: do(much), 2))
        short = seconds(lambda: do(little))
        if long < 0.05 or long < 80 * short:
            return
    raise AssertionError((long, short))


def either(read: Callable[[Any], object]) -> Callable[[Any], None]:
    def tried(text: Any) -> None:
        try:
            read(text)
        except (ValueError, LookupError, TypeError):
            return

    return tried


@pytest.mark.parametrize("name", DOCUMENTS)
def test_loads(name: str) -> None:
    grows_in_proportion(either(fg.loads), DOCUMENTS[name], SMALL)


@pytest.mark.parametrize("name", ARRAYS)
def test_loads_of_arrays(name: str) -> None:
    pytest.importorskip("numpy")
    grows_in_proportion(either(fg.loads), ARRAYS[name], 300)


@pytest.mark.parametrize("name", LISTINGS)
def test_listings(name: str) -> None:
    grows_in_proportion(either(parse_listing), LISTINGS[name], SMALL)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions(name: str) -> None:
    """Of which 20,000 characters are read."""
    grows_in_proportion(either(parse), EXPRESSIONS[name], 150)


def wide(n: int) -> Program:
    return Program(tuple(f"x{i}" for i in range(n)), ((ops.add, (0, 1)),), (n,))


@pytest.mark.parametrize(
    "words",
    [
        lambda n: [f"x{i}=1" for i in range(n)],
        lambda n: ["x" + "=" * n],
        lambda n: ["x=" + "1" * n],
        lambda n: ["x=" + "1_" * n],
        lambda n: ["x=" + " " * n],
        lambda n: ["ä" * n + "=1"],
    ],
)
def test_values(words: Callable[[int], list[str]]) -> None:
    def make(n: int) -> tuple[list[str], tuple[str, ...]]:
        return words(n), wide(n).inputs

    def free(given: tuple[list[str], tuple[str, ...]]) -> object:
        return values(given[0])

    def known(given: tuple[list[str], tuple[str, ...]]) -> object:
        return values(*given)

    for read in (free, known):
        grows_in_proportion(either(read), make, SMALL)


def test_run_show_and_diff_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "show", "diff"):

        def make(n: int, command: str = command) -> list[str]:
            file = tmp_path / f"{n}.json"
            file.write_text(fg.dumps(wide(n)))
            given = [f"x{i}=1" for i in range(n)] if command == "run" else []
            return [command, str(file), *given, *[str(file)] * (command == "diff")]

        grows_in_proportion(
            lambda argv: main(argv) and pytest.fail("".join(capsys.readouterr())), make, 500
        )
        capsys.readouterr()


def test_grad_with_many_values(capsys: pytest.CaptureFixture[str]) -> None:
    def make(n: int) -> list[str]:
        return ["grad", rows("x#", n).replace(",", "+"), *[f"x{i}=1" for i in range(n)]]

    grows_in_proportion(
        lambda argv: main(argv) and pytest.fail("".join(capsys.readouterr())), make, 80
    )
