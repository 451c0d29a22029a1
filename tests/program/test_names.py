"""A name may be any text: of an operation, of an input and of a label, in every form a program has."""

import itertools
import math
import re
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.backends.python import source
from fgrad.compiled.kernel import Backend, Kernel
from fgrad.errors import Untranslatable
from fgrad.formats.graphviz.writer import dot, spell
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Binary, Unary
from fgrad.program.program import Program
from fgrad.program.text import parse
from tests.formats.test_c import CC, FLAGS, needs_compiler

NAMES = (
    "my-op", "<lambda>", "1op", "a.b", "a[0]", "a['b']", "item[0]", "class", "None", "True", "inf", "nan", "x0", "v0",
    "a0", "m", "f", "f0", "sin", "add", "item0", "operation_0", "program", "return", "variable", "", " ", "a b",
    '"a b"', "é", "a\nb", "a\rb", "a\x00b", "a\u2028b", "\u200b", "\ud800", "a'b", 'a"b', "\\", "%1", "@", "@f",
    "a,b", "a)", "# x", "#1", "{0}", "@7@", "$x$", "*/", "_", "__builtins__", "print", "double", "y",
    "def f(x): pass", "x" * 3000,
)  # fmt: skip


NATIVE: tuple[Backend, ...] = ("native",) if find_spec("llvmlite") else ()


def unary(name: str, by: float = 2.0) -> Unary:
    return Unary(name, lambda x: by * x + 1.0, lambda out, x: by)


def binary(name: str) -> Binary:
    return Binary(name, lambda x, y: x - 2.0 * y, lambda out, x, y: 1.0, lambda out, x, y: -2.0)


def program(first: Op, second: Op) -> Program:
    """Two of a user's operations among ours, both used where it is a local and where it is not."""
    lines = (
        (ops.sin, (0,)), (first, (2, 0)[: first.arity]), (ops.mul, (3, 1)),
        (second, (4, 3)[: second.arity]), (ops.add, (5, 3)),
    )  # fmt: skip
    return Program(("x", "y"), lines, (6, 3)).check()


def computed_everywhere(known: Program, *backends: Backend) -> None:
    x = (0.3, 0.7)
    expected = known.run(x)
    slopes = Kernel(known, "reference").slope((0, 1))[1]
    assert slopes is not None
    at = (*x, *[0.5] * (len(slopes.program.inputs) - 2))
    for backend in backends:
        kernel = Kernel(known, backend, exact=True)
        assert kernel(*x) == expected
        assert [
            float(y[0]) for y in kernel.rows.map((np.array([x[0]]), np.array([x[1]])), threads=1)
        ] == list(expected)
        got = kernel.slope((0, 1))[1]
        assert got is not None
        assert got(*at) == slopes(*at)


def written_and_read(known: Program, operations: Sequence[Op]) -> None:
    assert parse(fg.show(known), operations) == known
    assert len(fg.show(known).split("\n")) == len(known) + 2
    assert fg.loads(fg.dumps(known), operations) == known
    changed = Program(known.inputs, known.instructions, known.outputs[::-1])
    assert len(str(fg.diff(known, changed)).split("\n")) < 9
    assert not fg.diff(known, known)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_operation_may_have_any_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FGRAD_CACHE", "off")
    for op in (unary(name), binary(name)):
        known = program(op, op)
        computed_everywhere(known, "python", *NATIVE[: name in NAMES[:3]])
        written_and_read(known, [op])
        assert "fgrad" not in source(known).text
        assert fg.to_latex(known).startswith(r"\begin{align*}")
        nodes = [op(*[fg.var(0.3)] * op.arity)]
        graph = fg.Graph.of(*nodes)
        assert fg.loads(fg.dumps(graph), [op]) == graph
        assert len(fg.show(graph).split("\n")) == len(graph) + 2
        assert all("\n" not in text for text in spell(graph).values())
        assert 'label="' in dot(graph, fg.grad(graph, *nodes))


def test_two_operations_of_one_name_are_two() -> None:
    one, two = unary("f", 2.0), unary("f", 3.0)
    known = program(one, two)
    assert known.run((0.3, 0.7)) != program(one, one).run((0.3, 0.7))
    computed_everywhere(known, "python", *NATIVE)
    for write in (fg.dumps, lambda p: parse(fg.show(p), [one, two])):
        with pytest.raises(fg.NotAValue, match="give them different names"):
            write(known)


@pytest.mark.parametrize("backend", ["reference", "python", *NATIVE])
def test_calls_of_programs_with_operations_of_one_name_are_two(backend: Backend) -> None:
    """Their digests are the same, for what a user's operation computes has no name."""
    one, two = unary("f", 2.0), unary("f", 3.0)
    first, second = fg.compile(lambda x: one(x) * x), fg.compile(lambda x: two(x) * x)
    both: Any = fg.compile(lambda x: (first(x), second(x)), backend=backend)
    assert both(0.5) == (1.0, 1.25)


@given(st.lists(st.sampled_from(NAMES) | st.text(max_size=5), min_size=2, max_size=2, unique=True))
def test_two_names_are_told_apart_in_text(names: list[str]) -> None:
    one, two = (unary(name, by) for name, by in zip(names, (2.0, 3.0), strict=True))
    written_and_read(program(one, two), [one, two])
    known = Program(tuple(names), ((ops.sub, (0, 1)), (one, (2,)), (two, (1,))), (3, 4))
    assert parse(fg.show(known), [two, one]).inputs == known.inputs
    written_and_read(known, [two, one])


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_input_may_have_any_name(name: str) -> None:
    known = Program((name, "other"), ((ops.sub, (0, 1)), (ops.sin, (0,))), (2, 3))
    written_and_read(known, [])
    assert source(known).function()(0.5, 0.25) == known.run((0.5, 0.25))
    assert "*/" not in fg.to_c(known).split("/*", 1)[1].split("\n */", 1)[0]
    assert fg.to_latex(known)
    sympy = pytest.importorskip("sympy")
    symbols = [sympy.Symbol(n, real=True) for n in known.inputs]
    assert fg.from_sympy(fg.to_sympy(known), symbols).run((0.5, 0.25)) == known.run((0.5, 0.25))


def test_a_word_in_quotes_is_the_name_that_it_spells() -> None:
    """And not an operation whose name has quotes in it."""
    plain, quoted = unary("a b", 2.0), unary('"a b"', 3.0)
    text = 'program(x):\n  %1 = @"a b"(x)\n  return %1'
    assert parse(text, [plain, quoted]).run((1.0,)) == (3.0,)
    escaped = text.replace("a b", "a\\u0020b")
    assert parse(escaped, [quoted, plain]).run((1.0,)) == (3.0,)


IN_C = {
    "class", "None", "True", "inf", "x0", "a0", "m", "f", "f0", "add", "item0", "operation_0", "program",
    "variable", "print", NAMES[-1],
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_c_has_the_name_or_refuses_it(name: str) -> None:
    known = program(unary(name), ops.cos)
    if name in IN_C:
        assert f"extern double {name}(double);" in fg.to_c(known, "model")
        return
    with pytest.raises(Untranslatable, match="its name cannot be"):
        fg.to_c(known, "model")


MACROS = "DBL_MAX DBL_DIG FLT_RADIX LDBL_MIN DECIMAL_DIG FP_NAN M_PI HUGE_VAL MATH_ERRNO linux unix float_t isunordered"


@needs_compiler
def test_what_c_is_given_compiles(tmp_path: Path) -> None:
    """With the words of the language and its headers as names too."""
    names = [
        *NAMES,
        *MACROS.split(),
        *itertools.chain.from_iterable((n, n + "f", n + "l") for n in ("erf", "exp10")),
    ]
    listed = subprocess.run(
        [str(CC), "-std=c99", "-dM", "-E", "-include", "math.h", "-include", "float.h", "-x", "c", "/dev/null"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    names += re.findall(r"#define ([A-Za-z]\w*)", listed.stdout)
    lines, taken = [], []
    for name in dict.fromkeys(names):
        try:
            fg.to_c(program(unary(name), ops.cos), "model")
        except Untranslatable:
            continue
        lines.append((unary(name), (0,)))
        taken.append(name)
    file = tmp_path / "model.c"
    file.write_text(
        fg.to_c(Program(("x",), tuple(lines), tuple(range(1, len(lines) + 1))), "model")
    )
    subprocess.run([str(CC), *FLAGS, "-c", str(file), "-o", str(tmp_path / "model.o")], check=True)
    assert "print" in taken
    assert not {"M_PI", "DBL_MAX", "float_t"} & set(taken)


def test_sympy_refuses_it_in_words() -> None:
    pytest.importorskip("sympy")
    for name in NAMES:
        with pytest.raises(fg.NotAValue, match="operations that SymPy has"):
            fg.to_sympy(program(unary(name), ops.cos))


def test_python_source_is_the_same_for_the_same_program() -> None:
    texts = {source(program(unary("my-op"), unary("op"))).text for _ in range(3)}
    assert len(texts) == 1
    assert "operation_" in texts.pop()
    assert math.isfinite(source(program(unary("my-op"), unary("op"))).function()(0.1, 0.2)[0])
