"""The commands that ship models: compile, run, show and diff."""

import io
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import fgrad as fg
from fgrad.cli.main import main

MODEL = """import fgrad as fg

def price(spot, strike=100.0, name="call", *, rate=0.01):
    return fg.softplus(spot - strike) * fg.exp(-rate) + (1.0 if name == "call" else 0.0)

def both(x, y, /):
    return {"sum": x + y, "ratio": x / y}

def branches(x):
    return x if x > 0 else -x

def fails(x):
    raise ValueError("no market")
"""

Shown = tuple[int, str, str]
Command = Callable[..., Shown]


@pytest.fixture
def fgrad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command, run where there is a model."""
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> Shown:
        status = main(argv)
        return status, *capsys.readouterr()

    return run


def test_a_function_becomes_a_file_that_runs_elsewhere(fgrad: Command) -> None:
    assert fgrad("compile", "model.py:price", "-o", "model.json") == (0, "", "")
    program = fg.loads(Path("model.json").read_text(), kind=fg.Program)
    assert program.inputs == ("spot", "strike", "rate")
    status, out, err = fgrad("run", "model.json", "spot=101", "strike=100", "rate=0")
    assert (status, err) == (0, "")
    assert float(out) == program.run((101.0, 100.0, 0.0))[0]
    status, out, _ = fgrad("show", "model.json")
    assert status == 0
    assert out.startswith("program(spot, strike, rate):\n")
    assert out == fg.show(program).rstrip() + "\n"


def test_several_results_are_a_line_each(fgrad: Command) -> None:
    fgrad("compile", "model.py:both", "-o", "both.json")
    assert fgrad("run", "both.json", "x=1", "y=4")[1] == "5.0\n0.25\n"


def test_inputs_go_by_the_names_that_the_program_has(fgrad: Command) -> None:
    program = fg.trace(lambda p: p["w"][0] * p["a=b"] / 3.0)({"w": [1.0], "a=b": 1.0})
    Path("tree.json").write_text(fg.dumps(program))
    given = ("p['w'][0]=2", "p['a=b']=0.1")
    assert fgrad("run", "tree.json", *given)[1] == f"{2.0 * 0.1 / 3.0!r}\n"
    status, _, err = fgrad("run", "tree.json", given[1])
    assert status == 2
    assert shlex.split(err.strip())[-2:] == ["add", "p['w'][0]=NUMBER"]
    status, _, err = fgrad("run", "tree.json", "p['v'][0]=2", given[1])
    assert status == 2
    assert "p['w'][0]" in err


def test_truth_values_are_printed_as_json_has_them(fgrad: Command) -> None:
    Path("truth.json").write_text(fg.dumps(fg.trace(lambda x: x < 1.0)(0.0)))
    assert fgrad("run", "truth.json", "x=0")[1] == "true\n"


def test_c_and_latex_are_written_too(fgrad: Command) -> None:
    assert fgrad("compile", "model.py:both", "-o", "both.c")[0] == 0
    assert "double" in Path("both.c").read_text()
    assert fgrad("compile", "model.py:both", "-o", "both.tex")[0] == 0
    assert "frac" in Path("both.tex").read_text()


def test_what_changed_is_told(fgrad: Command) -> None:
    fgrad("compile", "model.py:price", "-o", "old.json")
    Path("model.py").write_text(MODEL.replace("softplus", "relu"))
    fgrad("compile", "model.py:price", "-o", "new.json")
    status, out, _ = fgrad("diff", "old.json", "new.json")
    assert status == 0
    assert "softplus" in out
    assert "relu" in out
    assert "d output 0 / d spot: changed" in out
    assert fgrad("diff", "old.json", "old.json")[1].startswith("the same")


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["compile", "model.py:price"], 2, "-o"),
        (["compile", "model.py:price", "-o", "model.exe"], 2, ".json, .c, .tex"),
        (["compile", "model.py:price", "-o", "no/such/model.json"], 2, "cannot write"),
        (["compile", "model.py:prize", "-o", "m.json"], 2, "did you mean 'price'"),
        (["compile", "x*y", "-o", "m.json"], 2, "FILE.py:FUNCTION"),
        (["compile", "nothing.py:f", "-o", "m.json"], 2, "cannot read"),
        (["compile", "model.py:branches", "-o", "m.json"], 1, "model.py:10"),
        (["compile", "model.py:fails", "-o", "m.json"], 1, "no market"),
        (["run", "old.json", "spot=1"], 2, "add strike=NUMBER rate=NUMBER"),
        (["run", "old.json", "spot=1", "strik=2", "rate=0"], 2, "did you mean 'strike'"),
        (["run", "old.json", "spot=x"], 2, "not a number"),
        (["run", "missing.json"], 2, "cannot read"),
        (["run", "model.py"], 2, ""),
        (["show"], 2, "fgrad show model.json"),
        (["diff", "old.json"], 2, "fgrad diff old.json new.json"),
    ],
)
def test_whatever_is_wrong_is_one_clear_line(
    fgrad: Command, argv: list[str], status: int, said: str
) -> None:
    fgrad("compile", "model.py:price", "-o", "old.json")
    got, out, err = fgrad(*argv)
    assert (got, out) == (status, "")
    assert err.startswith("fgrad: ")
    assert said in err
    assert "Traceback" not in err


def test_help_names_the_commands(fgrad: Command) -> None:
    for argv in (["--help"], ["compile", "--help"]):
        out = io.StringIO(fgrad(*argv)[1]).read()
        for usage in ("fgrad compile", "fgrad run", "fgrad show", "fgrad diff"):
            assert usage in out
