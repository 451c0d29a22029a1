"""Programs in C: every operation has its text, and a compiler's values are those of `run`, bit for bit."""

import ctypes
import itertools
import math
import random
import shutil
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import fgrad as fg
from fgrad.formats.c import special, writer
from fgrad.formats.c.table import HELPERS, ROWS
from fgrad.ops import library as known_operations
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from tests.samples.cases import EXCEPTIONS, SMOOTH, all_operations
from tests.samples.programs import AWKWARD, OPERATIONS, alone, bits, point, program
from tests.samples.special_cases import SPECIAL

CC = shutil.which("cc") or shutil.which("gcc")
FLAGS = (
    "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-ffp-contract=off", "-shared",
    "-fPIC",
)  # fmt: skip
needs_compiler = pytest.mark.skipif(CC is None, reason="needs a C compiler")


def compiled(text: str, folder: Path) -> ctypes.CDLL:
    source, library = folder / "f.c", folder / "f.so"
    source.write_text(text, encoding="ascii")
    subprocess.run([str(CC), *FLAGS, str(source), "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def called(library: ctypes.CDLL, name: str, known: Program, xs: Sequence[float]) -> list[float]:
    x = (ctypes.c_double * (len(xs) + 1))(*xs)
    y = (ctypes.c_double * (len(known.outputs) + 1))()
    getattr(library, name)(x, y)
    return list(y)[:-1]


def points(op: Op) -> list[tuple[float, ...]]:
    rng = random.Random(op.name)
    drawn = [
        tuple(struct.unpack("d", rng.randbytes(8))[0] for _ in range(op.arity)) for _ in range(200)
    ]
    drawn += [tuple(rng.uniform(-40.0, 40.0) for _ in range(op.arity)) for _ in range(200)]
    for case in SMOOTH + EXCEPTIONS + SPECIAL:
        order = case.op.name.removeprefix("polygamma ")
        if case.op is op:
            drawn += [*case.tame, *case.points(100)]
        elif op is ops.polygamma and order != case.op.name:
            drawn += [(float(order), *x) for x in (*case.tame, *case.points(100))]
    if op is ops.polygamma:
        drawn += [(float(n), rng.uniform(-90.0, 30.0)) for n in range(152)]
    return [*itertools.product(AWKWARD, repeat=op.arity), *drawn]


def test_every_operation_has_its_text_and_every_helper_is_used() -> None:
    assert set(ROWS) == {*OPERATIONS, *special.ROWS}
    assert tuple(writer.helpers(ROWS.values())) == tuple(HELPERS.values())


@needs_compiler
def test_every_operation_alone_gives_every_bit(tmp_path: Path) -> None:
    operations = [op for op in (*all_operations().values(), *special.ROWS) if op.arity]
    programs = {f"test_{op.name}": alone(op) for op in operations}
    library = compiled(writer.unit(programs), tmp_path)
    for name, known in programs.items():
        for xs in points(known.instructions[-1][0]):
            expected = bits(map(float, known.run(xs)))
            assert bits(called(library, name, known, xs)) == expected, (name, xs)


@pytest.mark.parametrize("name", known_operations.MODULES)
def test_what_has_no_c_is_refused_in_words(name: str) -> None:
    op = known_operations.named(name)
    if op in ROWS:
        assert "extern" not in fg.to_c(alone(op))
    else:
        with pytest.raises(fg.Untranslatable, match=f"^{name} cannot be written in C: it"):
            fg.to_c(alone(op))


def random_programs(count: int, size: int) -> dict[str, Program]:
    """Programs without `copysign`, which shows the sign of a nan: that is the machine's."""
    return {f"test_{seed}": without_copysign(program(seed, size)) for seed in range(count)}


def without_copysign(known: Program) -> Program:
    lines = [(ops.hypot if op is ops.copysign else op, args) for op, args in known.instructions]
    return Program(known.inputs, tuple(lines), known.outputs)


@needs_compiler
def test_random_programs_give_every_bit(tmp_path: Path) -> None:
    programs = random_programs(150, 25)
    library = compiled(writer.unit(programs), tmp_path)
    for name, known in programs.items():
        for where in range(20):
            xs = point(where, len(known.inputs))
            assert bits(called(library, name, known, xs)) == bits(known.run(xs)), (name, xs)


@needs_compiler
def test_long_random_programs_in_parts_give_every_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHUNK", 7)
    programs = {}
    for name, known in random_programs(20, 200).items():
        size = len(known.inputs)
        numbers = range(size, size + len(known), 3)  # many outputs keep many lines
        programs[name] = Program(known.inputs, known.instructions, tuple(numbers)).check()
    text = writer.unit(programs)
    assert "_part9(" in text
    library = compiled(text, tmp_path)
    for name, known in programs.items():
        for where in range(20):
            xs = point(where, len(known.inputs))
            assert bits(called(library, name, known, xs)) == bits(known.run(xs)), (name, xs)


def rosenbrock(x: Any) -> Any:
    return fg.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)])


def call_price(p: dict[str, Any]) -> Any:
    width = p["sigma"] * fg.sqrt(p["t"])
    d1 = (fg.log(p["s"] / p["k"]) + (p["r"] + 0.5 * p["sigma"] ** 2) * p["t"]) / width
    discount = fg.exp(-p["r"] * p["t"])
    return p["s"] * normal(d1) - p["k"] * discount * normal(d1 - width)


def normal(x: Any) -> Any:
    return 0.5 * fg.erfc(-x / 2.0**0.5)


def network(p: dict[str, list[Any]]) -> Any:
    hidden = [fg.tanh(fg.dot(p["w"][4 * i : 4 * i + 4], p["x"]) + p["b"][i]) for i in range(5)]
    return fg.softplus(fg.dot(hidden, p["v"])) + 0.5 * fg.sigmoid(fg.sum(hidden))


MODELS: Mapping[str, tuple[Any, Any]] = {
    "rosenbrock": (rosenbrock, [0.0] * 50),
    "call_price": (call_price, dict.fromkeys(("s", "k", "r", "t", "sigma"), 1.0)),
    "network": (network, {"w": [0.0] * 20, "x": [0.0] * 4, "b": [0.0] * 5, "v": [0.0] * 5}),
}


@needs_compiler
def test_gradients_of_models_give_every_bit(tmp_path: Path) -> None:
    programs = {
        name: fg.trace(fg.value_and_gradient(f))(start) for name, (f, start) in MODELS.items()
    }
    library = compiled(writer.unit(programs), tmp_path)
    rng = random.Random(0)
    for name, known in programs.items():
        for _ in range(50):
            xs = [rng.uniform(0.1, 2.0) for _ in known.inputs]
            assert bits(called(library, name, known, xs)) == bits(known.run(xs)), name


@needs_compiler
def test_compilers_round_no_power_and_no_constant_their_own_way(tmp_path: Path) -> None:
    programs = {
        "test_square": fg.trace(lambda x: x**2.0)(1.0),
        "test_inverse": fg.trace(lambda x: x**-1.0)(1.0),
        "test_power": fg.trace(lambda x: x ** fg.round(x))(1.0),
        "test_sines": fg.trace(lambda x: [x + fg.sin(0.001 * i) for i in range(3000)])(1.0),
    }
    library = compiled(writer.unit(programs), tmp_path)
    rng = random.Random(0)
    for name, known in programs.items():
        for x in [-0.0, *(rng.uniform(1.0, 2.0) for _ in range(10_000 // len(known)))]:
            assert bits(called(library, name, known, (x,))) == bits(known.run((x,))), x


@needs_compiler
def test_compilers_do_not_warn_of_powers_of_a_nan(tmp_path: Path) -> None:
    """gcc 12 thinks that frexp of a nan leaves its exponent open, where it stands in place."""
    known = Program(("x",), ((ops.power_slope, (0, math.nan)),), (1,)).check()
    library = compiled(fg.to_c(known, "f"), tmp_path)
    assert bits(called(library, "f", known, (2.0,))) == bits(known.run((2.0,)))


@needs_compiler
def test_fast_arithmetic_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "f.c"
    source.write_text(fg.to_c(fg.trace(fg.sin)(1.0)), encoding="ascii")
    run = [str(CC), "-std=c99", "-ffast-math", "-fsyntax-only", str(source)]
    tried = subprocess.run(run, capture_output=True, text=True, check=False)
    assert tried.returncode != 0
    assert "compile without -ffast-math" in tried.stderr


@needs_compiler
def test_ones_own_operation_is_a_function_of_its_name(tmp_path: Path) -> None:
    half = fg.Unary("my_half", lambda x: 0.5 * x, lambda out, x: 0.5)
    known = fg.trace(lambda x: half(x) + 1.0)(2.0)
    text = fg.to_c(known, "g")
    assert "extern double my_half(double);" in text
    library = compiled(text + "\ndouble my_half(double x)\n{\n    return 0.5 * x;\n}\n", tmp_path)
    assert called(library, "g", known, (3.0,)) == [2.5]


@needs_compiler
def test_inputs_outputs_and_names_may_be_odd(tmp_path: Path) -> None:
    labels = ("*/", "/* a", "??/", "p['ü\n']", "b\\")
    known = Program(labels, ((ops.identity, (2.5,)),), (5, 0, 0))
    text = writer.unit({"odd": known, "empty": Program((), (), ()), "unread": alone(ops.sin)})
    library = compiled(text, tmp_path)
    assert called(library, "odd", known, (1.0, 2.0, 3.0, 4.0, 5.0)) == [2.5, 1.0, 1.0]


def test_a_file_says_what_it_is_and_has_only_the_functions_it_needs() -> None:
    known = fg.trace(lambda p: fg.sigmoid(p["rate"]) * 0.1)({"rate": 1.0})
    text = fg.to_c(known, "slope")
    for part in (
        "void slope(const double *x, double *y);",
        known.digest,
        "x[0] is p['rate']",
        "y[0] is the result of mul",
        "-ffp-contract=off",
        "fgrad_sigmoid(x[0])",
        "* 0x1.999999999999ap-4",
    ):
        assert part in text
    assert text.count("static") == 1
    assert text == fg.to_c(known, "slope")


@pytest.mark.parametrize("name", ["", "2f", "a b", "double", "sin", "sinf", "fgrad_x", "f;", "f\n"])
def test_a_name_that_is_none_in_c_is_refused(name: str) -> None:
    with pytest.raises(fg.NotAValue, match="a name for a C function"):
        fg.to_c(fg.trace(lambda x: x)(1.0), name)


@pytest.mark.parametrize("name", ["f", "sin", "v12", "f_part0", "while", "my-op", "x"])
def test_an_operation_whose_name_cannot_be_a_function_is_refused(name: str) -> None:
    op = fg.Unary(name, lambda x: x, lambda out, x: 1.0)
    with pytest.raises(fg.Untranslatable, match="its name"):
        fg.to_c(fg.trace(lambda x: op(x))(1.0))  # noqa: PLW0108  # a function is wanted


def test_several_results_are_refused_by_name() -> None:
    both = MultiOp("both", lambda x: (x, -x), 1, 2, lambda outs, args, flows: flows[:1])
    solved = Program(("x",), ((both, (0,)), (Item.at(1), (1,))), (2,)).check()
    with pytest.raises(fg.Untranslatable, match="both cannot be written in C") as refused:
        fg.to_c(solved)
    assert refused.value.language == "C"
