"""Long programs: code grows as they do, no pass recurses, and LLVM is given nothing it takes for ever for."""

from __future__ import annotations

import functools
import importlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import fgrad as fg
from fgrad.backends.python import source
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program import passes
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Instruction, Program
from fgrad.program.schedule import by_depth, scheduled
from tests.samples.programs import bits

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fgrad.backends.native.codegen import masks  # noqa: E402  # they need extras
from fgrad.backends.native.codegen.masks import MAX_DEPTH, MAX_KNOWN, with_masked_factors  # noqa: E402  # likewise
from fgrad.backends.native.codegen.rows import INLINE, ROW_FUNCTION_SIZE  # noqa: E402  # likewise
from fgrad.backends.native.codegen.selection import FENCED_ACCESSES  # noqa: E402  # likewise
from fgrad.backends.native.codegen.sums import accumulating  # noqa: E402  # likewise
from fgrad.backends.native.codegen.tiling import tiled  # noqa: E402  # likewise
from fgrad.backends.native.math.fma import contracted  # noqa: E402  # likewise
from fgrad.backends.native.math.table import Target  # noqa: E402  # likewise
from fgrad.backends.native.rerolling.detect import Rerolled  # noqa: E402  # likewise
from fgrad.backends.native.runtime.batch import Batch  # noqa: E402  # likewise
from fgrad.backends.native.runtime.llvm import PLAIN, compiled, host  # noqa: E402  # likewise
from fgrad.backends.native.runtime.row_arguments import RowArguments  # noqa: E402  # likewise
from fgrad.program.hoist import Split  # noqa: E402  # likewise
from tests.bench.native_growth import MODELS  # noqa: E402  # likewise

DEEP = 5000
FUNCTION = re.compile(r"^define (.*?) @(\S+)\((.*?)\) (.*?)\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)

SHAPES: dict[str, Callable[[Sequence[Any], Any], Any]] = {
    "sines": lambda w, x: functools.reduce(lambda y, a: fg.sin(y * a), w, x),
    "minima": lambda w, x: functools.reduce(fg.minimum, [fg.square(x - a) for a in w]),
    "branches": lambda w, x: functools.reduce(
        lambda y, a: fg.where(y > a, y * a, y + x), w, x
    ),
    "products": lambda w, x: functools.reduce(lambda y, a: y * fg.relu(a - x), w, x),
    "a sum": lambda w, x: sum(fg.relu(a * x) for a in w),
}  # fmt: skip


@functools.cache
def traced(shape: str, length: int) -> Program:
    """The value and the gradient of a shape."""
    weights = [1.0 + k / length for k in range(length)]
    return simplified(fg.trace(fg.value_and_gradient(SHAPES[shape]))(weights, 0.5))


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"a sum"}))
def test_no_pass_recurses(shape: str) -> None:
    program = traced(shape, DEEP)
    size = len(program.inputs)
    row = [1.0 + k / size for k in range(size)]
    whole = accumulating(program)
    loose = with_masked_factors(whole, len(whole.inputs))
    given = [*row, 1.0, *[0.5] * len(program.outputs)]
    assert bits(loose.run(given)) == bits(whole.run(given))
    fused = contracted(loose)
    assert len(tiled(fused, 15)) == len(fused) == len(Rerolled.of(fused, (), 1).program)
    split = Split.of(fused, [k == DEEP for k in range(len(fused.inputs))])
    assert len(split.hoisted) + len(split.per_row) == len(fused)
    assert len(scheduled(inlined(program))) == len(program) == len(by_depth(program))
    assert bits(source(program).function()(*row)) == bits(program.run(row))


def test_calls_within_calls_are_put_in_their_place_without_recursion() -> None:
    program = fg.trace(fg.sin)(0.5)
    inner: Any = fg.compile(lambda x: fg.sin(x) * x, backend="reference")
    for _ in range(300):
        outer = lambda x, f=inner: f(x) + 1.0
        program = fg.trace(outer)(0.5)
        inner = fg.compile(outer, backend="reference")
    with limited(120):
        assert len(inlined(program)) == 2 + 300


@contextmanager
def limited(frames: int) -> Iterator[None]:
    """Few frames more than there are."""
    import inspect  # noqa: PLC0415  # here only
    import sys  # noqa: PLC0415  # likewise

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_a_program_that_is_called_often_is_put_in_place_from_one_copy() -> None:
    square = fg.compile(lambda x: x * x, backend="reference")
    program = fg.trace(lambda x: functools.reduce(lambda y, _: square(y), range(50), x))(0.9)
    with mock.patch("fgrad.program.passes._with_callees", wraps=passes._with_callees) as made:
        assert [op.name for op, _ in inlined(program).instructions] == ["mul"] * 50
    assert made.call_count == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_guards_on_factors_grow_with_the_program(shape: str) -> None:
    for length in (60, 240):
        whole = accumulating(traced(shape, length))
        assert len(with_masked_factors(whole, len(whole.inputs))) <= 1.3 * len(whole)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_known_of_guards_grows_with_the_program(shape: str) -> None:
    whole = accumulating(traced(shape, 240))
    found = masks._masks(whole, len(whole.inputs))
    zeros = masks._zeros(whole, found)
    assert max(map(len, zeros)) <= MAX_KNOWN
    moving = masks._MaskMover(whole, found, zeros, masks._finite(whole))
    moving.moved()
    assert len(moving.counted) <= (1 + masks.MAX_CONJUNCTS) * 2**MAX_DEPTH * len(whole)


@pytest.mark.parametrize("length", [900, 1100, 1500])
def test_a_loop_goes_on_behind_a_break(length: int) -> None:
    """What is left over by the lanes of one loop stands in the middle of what the next ones read."""
    order = random.Random(1).sample(range(length), length)
    terms = lambda w, x: fg.sum([fg.relu(w[k] * x - 0.5) for k in order])
    program = fg.trace(fg.value_and_gradient(terms))([1.0] * length, 0.5)
    rerolled = Rerolled.of(contracted(scheduled(simplified(program))), (), 8)
    inside = sum(loop.period * loop.trips for loop in rerolled.loops)
    assert inside >= 0.75 * len(rerolled.program)


def parts(texts: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The parts of a program in IR: what is said of them, and their lines."""
    return {
        name: (how, body)
        for text in texts
        for _, name, _, how, body in FUNCTION.findall(text)
        if name.startswith("part")
    }


def written(model: str, size: int, way: str) -> tuple[Program, list[str]]:
    """The program of a model, and its modules in IR."""
    shape = MODELS[model].shape(size)
    a, b = [0.7] * shape[0], [0.3] * shape[1]
    function: Any = fg.compile(fg.value_and_gradient(MODELS[model].of_size(size)), backend="native")
    kernel = function.specialisation(a, b).kernel
    if way == "point":
        return kernel.program, [kernel.entry.text]
    batch = Batch(kernel.program, exact=False)
    feed = RowArguments.of(kernel.program, [np.array([a]), np.array([b] * 32)], batch._lanes)
    rows = batch._rows(feed.pattern, batch._lanes)
    _, modules = rows.sums(masked=False) if way == "sum" else rows.columns(streaming=False)
    return kernel.program, list(modules)


@pytest.mark.parametrize("way", ["point", "map", "sum"])
@pytest.mark.parametrize("model", MODELS)
def test_code_grows_no_faster_than_the_program(model: str, way: str) -> None:
    sizes = [round(lines / MODELS[model].lines) for lines in (1200, 4800)]
    (short, before), (long, after) = (written(model, size, way) for size in sizes)
    grown = sum(map(len, after)) / sum(map(len, before))
    assert grown <= 1.3 * len(long) / len(short)


@pytest.mark.parametrize("way", ["map", "sum"])
@pytest.mark.parametrize("model", MODELS)
def test_code_over_rows_touches_little_memory_between_two_fences(model: str, way: str) -> None:
    _, texts = written(model, round(3000 / MODELS[model].lines), way)
    for _, body in parts(texts).values():
        for piece in re.split(r"^fence.*$", body, flags=re.MULTILINE):
            assert piece.count(" = load ") + piece.count("\nstore ") <= FENCED_ACCESSES


def test_code_over_rows_is_not_made_by_passes_that_take_longer_than_their_lines() -> None:
    function = fg.compile(lambda w, x: fg.sum([fg.relu(a * x) for a in w]), backend="native")
    levels = []

    def seen(text: str, machine: Any, level: int) -> bytes:
        if "@rows" in text:
            levels.append(level)
        return compiled(text, machine, level)

    with mock.patch("fgrad.backends.native.runtime.object_code.compiled", seen):
        for way in (function.map, function.sum):
            way(np.ones((1, 3)), np.arange(40.0))
    assert levels == [PLAIN, PLAIN]


@pytest.mark.parametrize("way", ["map", "sum"])
def test_functions_are_put_in_place_up_to_a_length(way: str) -> None:
    for size, inline in ((300, True), (3000, False)):
        program, texts = written("a random graph", size, way)
        target = Target(host().width, fma=host().fma, inline=True)
        assert (sum(target.size(op) for op, _ in program.instructions) <= INLINE) == inline
        found = [part for text in texts for part in FUNCTION.findall(text)]
        hows = [how for _, name, _, how, _ in found if name.startswith("fgrad.tanh")]
        assert [("alwaysinline" in how) for how in hows] == [inline]


def test_a_part_of_code_over_rows_has_so_many_lines() -> None:
    program, texts = written("a random graph", 4000, "map")
    assert len(parts(texts)) >= -(-len(program) // (2 * ROW_FUNCTION_SIZE))


@pytest.mark.parametrize("way", ["map", "sum"])
def test_a_table_is_turned_once(way: str) -> None:
    """However many parts need its columns: each turned table brought eight for one of them."""
    size = 200
    _, texts = written("least squares", size, way)
    rows = re.findall(r"^%x\d+h0_\d+ = load", "\n".join(texts), re.MULTILINE)
    assert len(parts(texts)) > 2
    assert len(rows) <= 11 * size + 32


def test_a_part_brings_what_was_turned_for_an_output_of_the_first_one() -> None:
    """Input 1 waits since input 0 was brought as an output; input 2 is brought by the second part."""
    lines: list[Instruction] = []
    choice = random.Random(0)

    def write(op: Op, *args: float) -> int:
        lines.append((op, args))
        return 8 + len(lines)

    def filled(last: int) -> int:
        """Lines without a pattern, about as many as a part has."""
        for _ in range(ROW_FUNCTION_SIZE):
            op = choice.choice((ops.add, ops.sub))
            last = write(op, last, choice.choice((8, max(8, last - choice.randrange(9)))))
            last = write(ops.mul, last, 0.5) if choice.random() < 0.3 else last
        return last

    last = write(ops.add, filled(write(ops.sin, 8)), 1)
    last = write(ops.add, filled(write(ops.mul, last, 2)), 1)
    names = tuple(f"x{k}" for k in range(9))
    program = Program(names, tuple(lines), (0, last)).check()
    table, column = np.linspace(0.0, 1.0, 8 * 33).reshape(33, 8), np.linspace(1.0, 2.0, 33)
    rows = [program.run((*x, y)) for x, y in zip(table.tolist(), column.tolist(), strict=True)]
    batch = Batch(program, exact=True)
    mapped = batch.map([table, column], threads=1)
    assert np.stack(mapped, axis=1) == pytest.approx(np.array(rows), rel=1e-9)
    assert batch.sum([table, column], threads=1) == pytest.approx(np.sum(rows, axis=0), rel=1e-9)


def test_the_benchmark_of_choices_patches_names_that_are_there() -> None:
    text = (Path(__file__).parents[2] / "bench" / "native_choices.py").read_text()
    names = set(re.findall(r"native__\w+", text))
    assert len(names) > 10
    for name in names:
        *module, attribute = name.split("__")
        found = importlib.import_module(".".join(["fgrad", "backends", *module]))
        assert hasattr(found, attribute), name
