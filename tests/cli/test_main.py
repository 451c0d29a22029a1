"""The command: what it prints, where, and with which exit status."""

import io
import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module, metadata, util
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

import fgrad as fg
from fgrad.cli import main as module
from fgrad.cli.main import main
from fgrad.cli.model import ModelFailed, WrongUsage

ROOT = Path(__file__).parents[2]
NEURON = [
    "grad", "tanh(x1*w1 + x2*w2 + b)", "x1=2", "x2=0", "w1=-3", "w2=1", "b=6.8813735870195432",
]  # fmt: skip


@attrs.frozen
class Done:
    status: int
    out: str
    err: str


Fgrad = Callable[..., Done]


@pytest.fixture
def fgrad(capsys: pytest.CaptureFixture[str]) -> Fgrad:
    """The command, run here."""

    def run(*argv: str) -> Done:
        status = main(argv)
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Write a file of Python and go where it is; the name of the file."""

    def write(text: str, name: str = "model.py") -> str:
        (tmp_path / name).write_text(f"import fgrad as fg\n{text}", encoding="utf-8")
        return name

    monkeypatch.chdir(tmp_path)
    yield write
    for name in [name for name in sys.modules if name.startswith(("_fgrad_model_", "beside_it"))]:
        del sys.modules[name]


def run(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command, run as a user runs it."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    given = {"env": environment, "capture_output": True, "encoding": "utf-8", **options}
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, "-m", "fgrad", *argv], check=False, **given
    )
    return done


def refused(done: Done, status: int, line: str) -> None:
    """It ended with the status, printed nothing and complained in exactly this line."""
    assert (done.status, done.out, done.err) == (status, "", f"fgrad: {line}\n")


def table(text: str) -> dict[str, list[str]]:
    """The cells of each row, by its name."""
    rows = text.split("\n\n")[1].splitlines()[1:]
    return {row.split("  ")[0]: row.split("  ", 1)[1].split() for row in rows}


# What it prints.


def test_the_neuron_is_the_table_of_the_readme(fgrad: Fgrad) -> None:
    done = fgrad(*NEURON)
    assert done == Done(
        0,
        """\
tanh(x1*w1 + x2*w2 + b) = 0.707106781187

variable          value  derivative
x1                  2.0        -1.5
w1                 -3.0         1.0
x2                  0.0         0.5
w2                  1.0         0.0
b         6.88137358702         0.5
""",
        "",
    )


def test_all_shows_every_node_in_the_order_of_the_graph(fgrad: Fgrad) -> None:
    done = fgrad("grad", "x*y + (x if x < y else 0)", "x=2", "y=3", "--all")
    assert done == Done(
        0,
        """\
x*y + (x if x < y else 0) = 8.0

node                      value  derivative
x                           2.0         4.0
y                           3.0         2.0
x*y                         6.0         1.0
x < y                      true
where(x < y, x, 0)          2.0         1.0
x*y + where(x < y, x, 0)    8.0         1.0
""",
        "",
    )


def test_wrt_shows_the_variables_it_names_in_its_order(fgrad: Fgrad) -> None:
    for options in (["--wrt", "z,x"], ["--wrt=z, x"], ["--wrt", "z", "--wrt", "x"]):
        done = fgrad("grad", "x*y*z", "x=2", "y=3", "z=4", *options)
        assert list(table(done.out).items()) == [("z", ["4.0", "6.0"]), ("x", ["2.0", "12.0"])]


def test_json_carries_all_digits(fgrad: Fgrad) -> None:
    content = json.loads(fgrad(*NEURON, "--json").out)
    assert content["model"] == NEURON[1]
    assert content["value"] == math.tanh(-6.0 + 6.8813735870195432)
    assert list(content["variables"]) == ["x1", "w1", "x2", "w2", "b"]
    assert content["variables"]["b"]["value"] == 6.8813735870195432
    assert content["variables"]["x1"]["derivative"] == pytest.approx(-1.5, rel=1e-15)
    assert content["variables"]["x1"]["derivative"] != -1.5  # the rounding is not hidden here
    assert "nodes" not in content


def test_json_of_all_nodes_keeps_their_order_and_their_truth(fgrad: Fgrad) -> None:
    content = json.loads(fgrad("grad", "x if x > 0 else -x", "x=2", "--json", "--all").out)
    assert content["nodes"] == [
        {"name": "x", "value": 2.0, "derivative": 1.0},
        {"name": "x > 0", "value": True, "derivative": None},
        {"name": "-x", "value": -2.0, "derivative": 0.0},
        {"name": "where(x > 0, x, -x)", "value": 2.0, "derivative": 1.0},
    ]


def test_json_writes_what_is_no_number_as_a_string_that_float_reads(fgrad: Fgrad) -> None:
    out = fgrad("grad", "x*y + z", "x=nan", "y=-inf", "z=inf", "--json").out

    def invalid(text: str) -> None:
        pytest.fail(f"JSON has no {text}")

    content = json.loads(out, parse_constant=invalid)
    assert math.isnan(float(content["value"]))
    assert content["variables"]["y"] == {"value": "-inf", "derivative": "nan"}
    assert float(content["variables"]["x"]["derivative"]) == -math.inf


def test_a_result_that_is_nan_is_no_failure(fgrad: Fgrad) -> None:
    done = fgrad("grad", "log(x)", "x=-1")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("log(x) = nan\n")


def test_an_expression_of_literals_is_a_line_without_a_table(fgrad: Fgrad) -> None:
    assert fgrad("grad", "1/0") == Done(0, "1/0 = inf\n", "")
    assert json.loads(fgrad("grad", "2*pi", "--json").out)["variables"] == {}
    assert table(fgrad("grad", "1/0", "--all").out) == {"inf": ["inf", "1.0"]}


def test_an_expression_may_begin_with_a_minus(fgrad: Fgrad) -> None:
    for text in ("-x", "-h*x/h", "-x + 0", "-1*x", "-(x)", "-x if x > 0 else x", "-json*x/json"):
        given = [f"{name}=1" for name in ("h", "json") if name in text.split("*")[0]]
        done = fgrad("grad", text, "x=3", *given)
        assert (done.status, done.err) == (0, "")
        assert table(done.out)["x"] == ["3.0", "-1.0"]


def test_after_two_dashes_all_are_words(fgrad: Fgrad) -> None:
    assert table(fgrad("grad", "--wrt", "x", "--", "--x", "x=3").out) == {"x": ["3.0", "1.0"]}
    assert fgrad("grad", "--(x)", "x=3").out.startswith("--(x) = 3.0")


def test_options_stand_anywhere(fgrad: Fgrad) -> None:
    expected = fgrad("grad", "x*y", "x=2", "y=3", "--json")
    assert expected.status == 0
    assert fgrad("--json", "grad", "x*y", "x=2", "y=3") == expected
    assert fgrad("grad", "--json", "x*y", "x=2", "y=3") == expected
    assert fgrad("grad", "x*y", "--json", "x=2", "y=3") == expected
    assert fgrad("grad", "x*y", "y=3", "--json", "x=2") == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [("-3", -3.0), ("+3", 3.0), ("1e-3", 0.001), (".5", 0.5), ("1_0", 10.0), (" 3 ", 3.0),
     ("inf", math.inf), ("-Infinity", -math.inf), ("1e999", math.inf)],
)  # fmt: skip
def test_a_value_is_what_float_reads(fgrad: Fgrad, text: str, number: float) -> None:
    content = json.loads(fgrad("grad", "x", f"x={text}", "--json").out)
    assert float(content["variables"]["x"]["value"]) == number


def test_a_name_is_read_as_python_reads_it(fgrad: Fgrad) -> None:
    done = fgrad("grad", "2*µ", "µ=3")  # both are the micro sign
    assert table(done.out) == {"μ": ["3.0", "2.0"]}


def test_a_value_for_a_constant_makes_it_a_variable(fgrad: Fgrad) -> None:
    assert table(fgrad("grad", "e*pi", "e=3").out) == {"e": ["3.0", "3.14159265359"]}


def test_a_long_expression_is_shortened_above_the_table(fgrad: Fgrad) -> None:
    done = fgrad("grad", "+".join(["abc"] * 1000), "abc=1")
    first = done.out.splitlines()[0]
    assert len(first) < 90
    assert first.endswith("abc = 1000.0")
    assert table(done.out) == {"abc": ["1.0", "1000.0"]}


def test_an_expression_may_be_written_on_several_lines(fgrad: Fgrad) -> None:
    assert fgrad("grad", "\nx *\n\ty\n", "x=2", "y=3").out.startswith("x *  y = 6.0\n")


# Drawings.


def test_dot_writes_the_drawing_and_prints_the_table(fgrad: Fgrad, tmp_path: Path) -> None:
    path = tmp_path / "graph.dot"
    done = fgrad("grad", "x*y", "x=2", "y=3", "--dot", str(path))
    assert (done.status, done.err) == (0, "")
    assert table(done.out) == {"x": ["2.0", "3.0"], "y": ["3.0", "2.0"]}
    text = path.read_text(encoding="utf-8")
    assert text.startswith("digraph")
    assert r'[label="x\nvalue 2.0\ngradient 3.0"' in text


def test_dot_with_a_dash_prints_the_drawing_alone(fgrad: Fgrad) -> None:
    done = fgrad("grad", "x*y", "x=2", "y=3", "--dot", "-")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("digraph")
    assert done.out.endswith("}\n")


def test_dot_to_a_place_that_cannot_be_written(fgrad: Fgrad, tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "graph.dot")
    done = fgrad("grad", "x", "x=2", "--dot", path)
    refused(done, 2, f"cannot write {path!r}: No such file or directory")
    done = fgrad("grad", "x", "x=2", "--dot", str(tmp_path))
    refused(done, 2, f"cannot write {str(tmp_path)!r}: Is a directory")


# What it refuses.

USAGE = "fgrad grad EXPRESSION [name=value ...] [--all | --wrt a,b] [--json] [--dot FILE]"
WORDS = "write name=value without spaces, after the expression as one word in quotes"
READ_HERE = "only numbers, names, operators, `a if c else b` and calls of operations are read here"
CHOOSE = "Choose a number by it, as in `1 if x > 0 else 0`."


@pytest.mark.parametrize(
    ("argv", "status", "line"),
    [
        ("x*x|x=3", 2, f"no command is named 'x*x'; the usage is {USAGE}"),
        ("grad", 2, "grad needs an expression, as in: fgrad grad 'x*y' x=2 y=3"),
        ("grad|", 2, "the expression is empty"),
        ("grad|x*y|x=1", 2, "no value for y; add y=NUMBER"),
        ("grad|x*y*z|y=1", 2, "no value for x, z; add x=NUMBER z=NUMBER"),
        ("grad|alpha*alpa|alpha=1", 2, "no value for alpa (did you mean alpha?); add alpa=NUMBER"),
        ("grad|2*Pi", 2, "no value for Pi (did you mean pi?); add Pi=NUMBER"),
        ("grad|sin*x|x=1", 2, "no value for sin, which is also an operation: sin(...); add sin=NUMBER"),
        ("grad|x*y|x=1|y=2|z=3", 2, "no variable is named 'z'; known: x, y."),
        ("grad|beta*y|bta=1|y=2", 2, "no variable is named 'bta'; did you mean 'beta'?"),
        ("grad|1/3|x=1", 2, "no variable is named 'x'; there are none."),
        ("grad|x|x=1|e=1", 2, "no variable is named 'e'; known: x."),
        ("grad|x|x=1|x=2", 2, "x is given two values"),
        ("grad|x|x=one", 2, "x='one' is not a number"),
        ("grad|x|x=", 2, "x='' is not a number"),
        ("grad|x|x==1", 2, "x='=1' is not a number"),
        ("grad|x|x=1/3", 2, "x='1/3' is not a number"),
        ("grad|x|x=True", 2, "x='True' is not a number"),
        ("grad|x|x=1j", 2, "x='1j' is not a number"),
        ("grad|x|x", 2, f"'x' gives no value: {WORDS}"),
        ("grad|x|+|y|x=1", 2, f"'+' gives no value: {WORDS}"),
        ("grad|x|=1", 2, f"'=1' gives no value: {WORDS}"),
        ("grad|x|2x=1", 2, f"'2x=1' gives no value: {WORDS}"),
        ("grad|x|x.y=1", 2, f"'x.y=1' gives no value: {WORDS}"),
        ("grad|x|", 2, f"'' gives no value: {WORDS}"),
        ("grad|x|-q|x=1", 2, f"'-q' gives no value: {WORDS}"),
        ("grad|x|x\n=1", 2, f"'x\\n=1' gives no value: {WORDS}"),
        ("grad|x|\udcff=1", 2, f"'\\udcff=1' gives no value: {WORDS}"),
        ("grad|sinn(x)|x=1", 2, "no operation is named 'sinn'; did you mean 'sin'?"),
        ("grad|max(x, 1)|x=1", 2, "no operation is named 'max'; did you mean 'maximum'?"),
        ("grad|x|x=1|--wrt|y", 2, "no variable with a value is named 'y'; known: x."),
        ("grad|alpha|alpha=1|--wrt|alpa", 2,
         "no variable with a value is named 'alpa'; did you mean 'alpha'?"),
        ("grad|x|x=1|--wrt|", 2, "no variable with a value is named ''; known: x."),
        ("grad|pi*x|x=1|--wrt|pi", 2, "no variable with a value is named 'pi'; known: x."),
        ("grad|x|x=1|--wrt", 2, f"argument --wrt: expected one argument; the usage is {USAGE}"),
        ("grad|x|x=1|--dot", 2, f"argument --dot: expected one argument; the usage is {USAGE}"),
        ("grad|x|x=1|--all|--wrt|x", 2, f"argument --wrt: not allowed with argument --all; the usage is {USAGE}"),
        ("grad|x|x=1|--json|--dot|-", 2, "--json and --dot - cannot both have stdout"),
        ("grad|x|x=1|--jsn", 2, "no option is named --jsn; did you mean --json?"),
        ("grad|x|x=1|--js", 2, "no option is named --js; did you mean --json?"),
        ("grad|x|x=1|--qqq=3", 2, "no option is named --qqq; see fgrad --help"),
        ("grad|x|x=1|--json=3", 2, f"argument --json: ignored explicit argument '3'; the usage is {USAGE}"),
        ("grad|x < 1|x=1", 1,
         f"an expression needs a number; got the truth value `x < 1`. {CHOOSE}"),
        ("grad|x + (x < 1)|x=1", 1, f"add needs a number; got the truth value `x < 1`. {CHOOSE}"),
        ("grad|x if x else 1|x=1", 1,
         "where needs a truth value; got the number `x`. Compare it with something, as in `x > 0`."),
        ("grad|none.py:f", 2, "cannot read none.py: No such file or directory"),
        ("grad|none.py|x=1", 2, "cannot read none.py: No such file or directory"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_one_clear_line(fgrad: Fgrad, argv: str, status: int, line: str) -> None:
    refused(fgrad(*argv.split("|")), status, line)


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("x +", "the expression ends too early", 3),
        ("2x", "2x is not a decimal number; multiplication is written 2*x", 0),
        ("x ^ 2", "^ is no part of an expression: powers are written **", 2),
        ("1 + math.sin(x)", "attributes are not read: write sin(...)", 4),
        ("1 + sin(x, 2)", "sin takes 1 argument, and 2 are given", 4),
        ("x\x1b[31m", "the character U+001B is no part of an expression", 1),
        ("x[0]", f"[ is no part of an expression: {READ_HERE}", 1),
    ],
)  # fmt: skip
def test_a_wrong_expression_is_shown_with_a_caret(
    fgrad: Fgrad, text: str, problem: str, column: int
) -> None:
    done = fgrad("grad", text, "x=1")
    shown = text.replace("\x1b", " ")
    caret = " " * column + "^"
    refused(done, 2, f"{problem}\n  {shown}\n  {caret}")


def test_a_deep_expression_is_refused(fgrad: Fgrad) -> None:
    for text in ("(" * 500 + "x" + ")" * 500, "-" * 9000 + "x", "x+" * 9000 + "x", "x" * 30_000):
        done = fgrad("grad", text, "x=1")
        assert (done.status, done.out) == (2, "")
        assert len(done.err.splitlines()) == 3
        assert "Traceback" not in done.err


# Help.


def test_without_arguments_it_says_how_to_use_it_and_fails(fgrad: Fgrad) -> None:
    done = fgrad()
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"usage: {USAGE}")
    assert len(done.err.splitlines()) < 14


def test_help_tells_all_that_can_be_written(fgrad: Fgrad) -> None:
    done = fgrad("--help")
    assert (done.status, done.err) == (0, "")
    for word in (USAGE, "--all", "--wrt", "--json", "--dot", "--version", "logaddexp", "pi, e"):
        assert word in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert fgrad("-h") == fgrad("grad", "--help") == done


def test_version_is_that_of_the_package(fgrad: Fgrad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: f"1.2.3 of {name}")
    assert fgrad("--version") == Done(0, "fgrad 1.2.3 of fgrad\n", "")

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert fgrad("--version") == Done(0, "fgrad (not installed)\n", "")


# Functions in files.


def test_a_function_is_called_with_a_variable_for_each_value(
    fgrad: Fgrad, file: Callable[..., str]
) -> None:
    file("def f(x, y):\n    return fg.sin(x)*y + x\n")
    done = fgrad("grad", "model.py:f", "y=2", "x=0")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("f(x, y) = 0.0\n")
    assert list(table(done.out).items()) == [("x", ["0.0", "3.0"]), ("y", ["2.0", "0.0"])]


def test_a_default_left_out_is_kept_and_is_no_variable(
    fgrad: Fgrad, file: Callable[..., str]
) -> None:
    file("def f(x, n=2, *, flag=False, k=3.0):\n    return (x ** n if n > 1 else x) * k\n")
    assert table(fgrad("grad", "model.py:f", "x=2").out) == {"x": ["2.0", "12.0"]}
    assert table(fgrad("grad", "model.py:f", "x=2", "k=1").out) == {
        "x": ["2.0", "4.0"],
        "k": ["1.0", "4.0"],
    }
    done = fgrad("grad", "model.py:f", "x=2", "--wrt", "k")
    refused(done, 2, "no variable with a value is named 'k'; known: x.")


def test_parameters_may_go_by_place_only(fgrad: Fgrad, file: Callable[..., str]) -> None:
    file("def f(a=1.0, b=2.0, /, c=0.0, *, d=5.0):\n    return a * b + c * d\n")
    done = fgrad("grad", "model.py:f", "b=3", "d=4")
    assert table(done.out) == {"b": ["3.0", "1.0"], "d": ["4.0", "0.0"]}


def test_a_parameter_that_does_not_matter_has_derivative_zero(
    fgrad: Fgrad, file: Callable[..., str]
) -> None:
    file("def f(x, y):\n    return x * x\n")
    assert table(fgrad("grad", "model.py:f", "x=2", "y=3").out)["y"] == ["3.0", "0.0"]
    assert "y" in table(fgrad("grad", "model.py:f", "x=2", "y=3", "--all").out)


def test_all_names_the_nodes_of_a_function_by_labels_and_operators(
    fgrad: Fgrad, file: Callable[..., str]
) -> None:
    file("def f(x):\n    return fg.tanh((x * 2).named('twice') + fg.var(1.0))\n")
    names = list(table(fgrad("grad", "model.py:f", "x=2", "--all").out))
    assert names == ["x", "x*2", "twice", "var(1)", "twice + var(1)", "tanh(twice + var(1))"]


def test_a_lambda_an_operation_and_a_name_from_elsewhere_can_be_called(
    fgrad: Fgrad, file: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "beside_it.py").write_text("def g(x):\n    return x * 3\n")
    file("from fgrad import tanh\nfrom beside_it import g\nf = lambda x: x * 2\n")
    assert table(fgrad("grad", "model.py:f", "x=1").out) == {"x": ["1.0", "2.0"]}
    assert table(fgrad("grad", "model.py:g", "x=1").out) == {"x": ["1.0", "3.0"]}
    assert table(fgrad("grad", "model.py:tanh", "x=0").out) == {"x": ["0.0", "1.0"]}
    assert str(tmp_path) not in sys.path


def test_a_dataclass_in_the_file_finds_its_module(fgrad: Fgrad, file: Callable[..., str]) -> None:
    file(
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    k: 'float'\n"
        "def f(x):\n    @dataclass\n    class Q:\n        k: 'float'\n"
        "    return x * P(2.0).k * Q(3.0).k\n"
    )
    assert table(fgrad("grad", "model.py:f", "x=1").out) == {"x": ["1.0", "6.0"]}


def test_what_a_file_prints_goes_to_stderr(fgrad: Fgrad, file: Callable[..., str]) -> None:
    file("print('loading')\ndef f(x):\n    print('running')\n    return x\n")
    done = fgrad("grad", "model.py:f", "x=1", "--json")
    assert json.loads(done.out)["value"] == 1.0
    assert done.err == "loading\nrunning\n"


def test_a_file_named_like_a_module_hides_none(
    fgrad: Fgrad, file: Callable[..., str], tmp_path: Path
) -> None:
    name = file("import math\ndef f(x):\n    return x * math.pi\n", "json.py")
    done = fgrad("grad", f"{name}:f", "x=1", "--json")
    assert json.loads(done.out)["variables"]["x"]["derivative"] == math.pi
    assert sys.modules["json"] is json
    assert not (tmp_path / "__pycache__").exists()


def test_an_edit_counts_at_once(fgrad: Fgrad, file: Callable[..., str]) -> None:
    for factor in "123":
        file(f"def f(x):\n    return x * {factor}\n")
        assert table(fgrad("grad", "model.py:f", "x=1").out) == {"x": ["1.0", f"{factor}.0"]}


def test_a_file_is_found_by_its_path(
    fgrad: Fgrad, file: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file("def f(x):\n    return x * len(__file__)\n", "a model.v2.py")
    monkeypatch.chdir(tmp_path.parent)
    done = fgrad("grad", f"{tmp_path.name}/a model.v2.py:f", "x=1")
    assert table(done.out)["x"][1] == f"{len(str(tmp_path / 'a model.v2.py'))}.0"


FAILING = """
def divides(x):
    return 1 / 0
def deeper(x):
    def inner():
        raise KeyError("k")
    return inner()
def exits(x):
    raise SystemExit("bye")
def lines(x):
    raise ValueError("one\\n  two\\x1b")
def branches(x):
    return x if x > 0 else -x
class Mute(Exception):
    def __str__(self):
        raise RuntimeError
def mute(x):
    raise Mute
def silent(x):
    raise ValueError
def forever(x):
    return forever(x)
def truth(x):
    return x > 0
def nothing(x):
    x * 2
def number(x):
    return 3.0
def text(x):
    return "x"
async def waits(x):
    return x
def pair(x):
    return x, x
"""
DETACHED = fg.SilentDetach(
    "bool()",
    "Node(greater(x, 0.0), value=True)",
    "Choose with where(condition, x, y), take maximum and minimum for max and min, join conditions"
    " by & and |, as in (a < x) & (x < b), or branch on node.value.",
)
ADVICE = "compute the result from the arguments, with operators and operations of fgrad"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("divides", "model.py:4: ZeroDivisionError: division by zero"),
        ("deeper", "model.py:7: KeyError: 'k'"),
        ("exits", "model.py:10: SystemExit: bye"),
        ("lines", "model.py:12: ValueError: one two?"),
        ("branches", f"model.py:14: SilentDetach: {DETACHED}"),
        ("mute", "model.py:19: Mute: (no message)"),
        ("silent", "model.py:21: ValueError: (no message)"),
        ("forever", "model.py:23: RecursionError: maximum recursion depth exceeded"),
        ("truth", "truth gave a truth value; choose a number by it with where(...)"),
        ("nothing", "nothing gave None; is its return missing?"),
        ("number", f"number gave a value of type float, not a node; {ADVICE}"),
        ("text", f"text gave a value of type str, not a node; {ADVICE}"),
        ("waits", f"waits gave a value of type coroutine, not a node; {ADVICE}"),
        ("pair", f"pair gave a value of type tuple, not a node; {ADVICE}"),
    ],
)  # fmt: skip
def test_a_model_that_fails_is_one_line_with_the_line_in_the_file(
    fgrad: Fgrad, file: Callable[..., str], name: str, line: str
) -> None:
    file(FAILING)
    refused(fgrad("grad", f"model.py:{name}", "x=1"), 1, line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def f(x:\n    return x\n", "model.py:2: SyntaxError: '(' was never closed"),
        (
            "x = 1\nimport not_there\n",
            "model.py:3: ModuleNotFoundError: No module named 'not_there'",
        ),
        ("x = 1 / 0\n", "model.py:2: ZeroDivisionError: division by zero"),
        ("raise SystemExit\n", "model.py:2: SystemExit: (no message)"),
        ("x = '\0'\n", "model.py: SyntaxError: source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_line(
    fgrad: Fgrad, file: Callable[..., str], text: str, line: str
) -> None:
    file(text)
    refused(fgrad("grad", "model.py:f", "x=1"), 1, line)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ("model.py:losss|x=1", "no function of model.py is named 'losss'; did you mean 'loss'?"),
        (
            "model.py:qqq|x=1",
            "no function of model.py is named 'qqq'; known: loss, hint, star, stars.",
        ),
        ("model.py|x=1", "which function of model.py? It has loss, hint, star, stars"),
        ("model.py:|x=1", "which function of model.py? It has loss, hint, star, stars"),
        ("model.py:loss.x|x=1", "no function of model.py is named 'loss.x'; did you mean 'loss'?"),
        ("model.py:K|x=1", "K of model.py is no function, but of type int"),
        ("model.py:fg|x=1", "fg of model.py is no function, but of type module"),
        ("model.py:loss", "no value for x; add x=NUMBER"),
        ("model.py:hint", "no value for sin; add sin=NUMBER"),
        ("model.py:loss|x=1|rat=2", "no variable is named 'rat'; did you mean 'rate'?"),
        ("model.py:star|x=1", "star takes *x; a value can be given only to a named parameter"),
        ("model.py:stars|x=1", "stars takes **o; a value can be given only to a named parameter"),
        ("model.py:deaf|x=1", "deaf does not tell its parameters"),
        ("folder.py:f", "cannot read folder.py: Is a directory"),
    ],
)
def test_a_function_that_cannot_be_called_so_is_one_line(
    fgrad: Fgrad, file: Callable[..., str], tmp_path: Path, argv: str, line: str
) -> None:
    (tmp_path / "folder.py").mkdir()
    file(
        "K = 3\ndeaf = max\ndef loss(x, rate=1.0):\n    return x\n"
        "hint = lambda sin: sin\ndef star(*x):\n    return x[0]\ndef stars(x, **o):\n    return x\n"
    )
    refused(fgrad("grad", *argv.split("|")), 2, line)


# Terminals, pipes and processes.


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, *argv: str) -> str:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    assert main(argv) == 0
    return screen.getvalue()


def test_on_a_terminal_rich_draws_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich", reason="needs the extra `cli`: rich missing")
    text = on_terminal(monkeypatch, 80, *NEURON)
    assert "─" in text
    assert "\x1b[1m" in text
    assert "tanh(x1*w1 + x2*w2 + b) = 0.707106781187" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["b", "6.88137358702", "0.5"] in rows
    assert "─" not in on_terminal(monkeypatch, 80, "grad", "1/0")


def test_a_label_is_no_markup_to_rich(
    monkeypatch: pytest.MonkeyPatch, file: Callable[..., str]
) -> None:
    pytest.importorskip("rich", reason="needs the extra `cli`: rich missing")
    file("def f(x):\n    return (x * x).named('[bold]b[/]')\n")
    text = on_terminal(monkeypatch, 80, "grad", "model.py:f", "x=2", "--all")
    assert " [bold]b[/] " in text


def test_on_a_narrow_terminal_no_number_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    text = on_terminal(monkeypatch, 20, *NEURON)
    assert "─" not in text
    assert "6.88137358702         0.5" in text


def test_without_rich_a_terminal_gets_plain_text(
    monkeypatch: pytest.MonkeyPatch, fgrad: Fgrad
) -> None:
    expected = fgrad(*NEURON).out
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert on_terminal(monkeypatch, 80, *NEURON) == expected


def test_what_stdout_cannot_encode_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["grad", "2*λ", "λ=3"]) == 0
    assert raw.getvalue().startswith(rb"2*\u03bb = 6.0")


def test_an_interrupt_is_quiet(fgrad: Fgrad, file: Callable[..., str]) -> None:
    file("def f(x):\n    raise KeyboardInterrupt\n")
    assert fgrad("grad", "model.py:f", "x=1") == Done(130, "", "")


def test_a_full_disk_is_one_line(fgrad: Fgrad, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_print", full)
    monkeypatch.setattr(module, "_abandon_stdout", lambda: None)
    refused(fgrad("grad", "x", "x=1"), 1, "cannot write the result: No space left on device")


def test_as_a_process_it_prints_the_same(fgrad: Fgrad, tmp_path: Path) -> None:
    done = run(*NEURON, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, fgrad(*NEURON).out, "")


def test_as_a_process_it_fails_with_one_line(tmp_path: Path) -> None:
    done = run("grad", "x*y", "x=1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fgrad: no value for y; add y=NUMBER\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes that break this way")
def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    end, start = os.pipe()
    os.close(end)
    try:
        options = {"capture_output": False, "stdout": start, "stderr": subprocess.PIPE}
        done = run(*NEURON, cwd=tmp_path, **options)
    finally:
        os.close(start)
    assert (done.returncode, done.stderr) == (141, "")


def test_importing_the_command_changes_no_name_of_fgrad() -> None:
    for name in ("cli.alphabet", "cli.expression", "formats.graphviz", "cli.model", "cli.main"):
        import_module(f"fgrad.{name}")
    exported = [name for name in vars(fg) if not name.startswith("_")]
    modules = {path.stem for path in Path(fg.__file__).parent.iterdir()}
    hidden = [n for n in exported if isinstance(getattr(fg, n), ModuleType) and n not in modules]
    assert not hidden
    assert fg.dot([1.0], [2.0]) == 2.0  # a module named dot would have hidden it


def test_the_command_imports_rich_only_for_a_terminal() -> None:
    program = (
        "import sys; sys.modules['rich'] = None\n"
        "from fgrad.cli.main import main; sys.exit(main(['grad', 'x', 'x=1']))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)


@pytest.mark.parametrize("kind", [WrongUsage, ModelFailed])
def test_its_errors_carry_their_problem_and_pickle(kind: type[WrongUsage | ModelFailed]) -> None:
    error = kind("a problem")
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (kind, "a problem")
