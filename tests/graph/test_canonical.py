"""The bytes that a digest is of: they can be read in one way only, so no two programs share them."""

import ast
import itertools
import pickle
import random
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.autodiff.multiple import gathering
from fgrad.compiled.kernel import Kernel
from fgrad.graph.canonical import Flat, _qualified
from fgrad.graph.node import variable
from fgrad.ops import scalar as ops
from fgrad.ops.choices import Choice, Comparison
from fgrad.ops.multiple import Item
from fgrad.ops.primitive import Binary, Op, Ternary, Unary
from fgrad.program.program import Program
from tests.formats.test_json import graph
from tests.samples.programs import OPERATIONS, program


def meaning(module: Any) -> Callable[..., float]:
    def f(*xs: float) -> float:
        return 1.5 * xs[0]

    f.__module__ = module
    return f


NAMES = (
    "f",
    "g",
    "sin",
    "item",
    "item 0",
    "a:f",
    "f f",
    "variable",
    "', 2, '",
    "",
    "f\n",
    "\ud800",
)
MODULES = ("m", "m:a", "fgrad", "fgrad.ops.scalar", "m:", "", None)


def users(names: Iterable[str] = NAMES, modules: Iterable[Any] = MODULES) -> list[Op]:
    """Operations of a user's that share names, modules, or one when both are written in a row."""
    made: list[Op] = []
    for module, name in itertools.product(modules, names):
        f: Any = meaning(module)
        rule: Any = None
        made += [
            Unary(name, f, None), Binary(name, f, None, None), Ternary(name, f, None, None, None),
            Comparison(name, f), Choice(name, f, rule, rule),
        ]  # fmt: skip
    return made


def vocabulary(operations: Iterable[Op]) -> dict[Any, Op]:
    known = {_qualified(op): op for op in operations}
    known[_qualified(variable)] = variable
    return known


def read(data: bytes, known: dict[Any, Op]) -> Flat:
    """What `canonical` wrote; the operations are told by what is written of them."""
    end = next(end for end, byte in enumerate(data, 1) if byte == ord(")") and is_whole(data[:end]))
    form, names, sizes, labels, outputs = ast.literal_eval(data[:end].decode())
    assert form == "fgrad flat 2"
    parts = []
    for size in sizes:
        parts.append(data[end : end + size])
        end += size
    assert end == len(data)
    operations = tuple(known[name] for name in names)
    codes = array("I", parts[0])
    assert sum(operations[code].arity for code in codes) == len(array("q", parts[1]))
    return Flat(operations, parts[0], parts[1], parts[2], labels, outputs)


def is_whole(head: bytes) -> bool:
    try:
        ast.literal_eval(head.decode())
    except (SyntaxError, UnicodeDecodeError):
        return False
    return True


OURS = [*OPERATIONS, *map(Item.at, range(3))]
OTHERS = users()


def varied(seed: int) -> Program:
    """A random program in which some operations are a user's, of awkward names."""
    rng = random.Random(seed)
    known = program(seed)
    instead: dict[Op, Op] = {}
    for op in {op for op, _ in known.instructions}:
        same = [o for o in OTHERS if o.kinds == op.kinds and o.truth == op.truth]
        if same and rng.random() < 0.5:
            instead[op] = rng.choice(same)
    lines = tuple((instead.get(op, op), args) for op, args in known.instructions)
    return Program(known.inputs, lines, known.outputs)


@given(st.integers(0, 10**9))
def test_what_is_written_of_a_program_is_read_as_that_program(seed: int) -> None:
    known = varied(seed)
    data = b"".join(known._flat.canonical())
    assert read(data, vocabulary([*OURS, *OTHERS])) == known._flat


@given(st.integers(0, 10**9), st.text())
def test_what_is_written_of_a_graph_is_read_as_that_graph(seed: int, label: str) -> None:
    known = graph(seed, seed)
    known = fg.Graph.of(*known.outputs, fg.var(1.0, label), fg.var(2.0, "x"))
    data = b"".join(known._flat.canonical())
    assert read(data, vocabulary(OURS)) == known._flat


def test_every_operation_is_told_from_every_other() -> None:
    calls = [fg.compile(f) for f in (lambda x: x * x, lambda x: x + x, lambda x, y: x * y)]
    called = [
        fg.Graph.of(c(*[fg.var(2.0)] * n)).nodes for c, n in zip(calls, (1, 1, 2), strict=True)
    ]
    joint = [node.op for nodes in called for node in nodes if node.op.joint]
    assert len(joint) == 3
    everything = [*OURS, *OTHERS, variable, *joint]
    assert len({_qualified(op) for op in everything}) == len(everything)


def small(vocabulary: list[Op], most: int) -> Iterable[Program]:
    """All programs of one input with so many lines at most, each of operations on earlier values."""
    for size in range(1, most + 1):
        for chosen in itertools.product(vocabulary, repeat=size):
            places = [range(-1, i + 1) for i, op in enumerate(chosen) for _ in range(op.arity)]
            for flat in itertools.product(*places):
                at, lines = iter(flat), []
                for op in chosen:
                    args = tuple(0.5 if k < 0 else k for k in itertools.islice(at, op.arity))
                    lines.append((op, args))
                yield Program(("x",), tuple(lines), (size,))


def test_no_two_small_programs_have_one_digest() -> None:
    f, g = meaning("m"), meaning("m:a")
    vocabulary: list[Op] = [
        Unary("f", f, None), Binary("f", f, None, None), Unary("g", f, None), Binary("g", f, None, None),
        Unary("a:f", f, None), Unary("f", g, None), ops.sin,
    ]  # fmt: skip
    seen: dict[str, Program] = {}
    for known in small(vocabulary, 2):
        assert seen.setdefault(known.digest, known) is known
    for known in itertools.islice(small(vocabulary[:4], 3), 0, None, 7):
        assert seen.setdefault(known.digest, known) == known
    assert len(seen) > 2000


def test_the_arities_of_two_operations_are_not_exchanged() -> None:
    """One stream of arguments, cut in two ways: the second got the code of the first from the cache."""
    f1, f2 = Unary("f", meaning("m"), None), Binary("f", meaning("m"), None, None)
    g1, g2 = Unary("g", meaning("m"), None), Binary("g", meaning("m"), None, None)
    one = Program(("x", "y"), ((f1, (0,)), (g2, (1, 1))), (2, 3))
    two = Program(("x", "y"), ((f2, (0, 1)), (g1, (1,))), (2, 3))
    assert one.digest != two.digest
    assert one != two


def test_code_in_the_cache_is_not_taken_for_another_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path))
    add: Any = lambda *xs: xs[0] + 2.0 * xs[-1]  # of one number or two
    f1, f2 = Unary("f", add, None), Binary("f", add, None, None)
    g1, g2 = Unary("g", add, None), Binary("g", add, None, None)
    for lines in (((f1, (0,)), (g2, (1, 1))), ((f2, (0, 1)), (g1, (1,)))):
        known = Program(("x", "y"), lines, (2, 3))
        assert Kernel(known, "native")(2.0, 3.0) == known.run((2.0, 3.0))
    assert list(tmp_path.iterdir())


def test_results_of_several_count_by_their_number() -> None:
    def call(size: int) -> Any:
        gather = gathering(2)
        return type(gather)("gather", gather.impl, 2, size, gather.pull)

    with pytest.raises(fg.NotPicklable):
        _ = Program(("x",), ((call(2), (0, 0)),), (1,)).digest
    twice = fg.compile(lambda x: (x * x, x + x))
    once = fg.compile(lambda x: (x * x,))
    digests = {fg.Graph.of(c(fg.var(2.0))[0]).digest for c in (twice, once)}
    assert len(digests) == 2


@pytest.mark.parametrize(
    "wrong", [((ops.sin, (0, 0)), (ops.cos, ())), ((ops.add, (0,)),), ((ops.sin, ()),)]
)
def test_what_is_malformed_has_no_bytes(wrong: Any) -> None:
    malformed = Program(("x",), wrong, (1,))
    for ask in (lambda p: p.digest, hash, pickle.dumps):
        with pytest.raises(fg.errors.MalformedProgram, match="arguments, not"):
            ask(malformed)


def test_a_literal_of_another_class_is_the_literal() -> None:
    literal: Any = np.float64(0.1)
    known = Program(("x",), ((ops.add, (0, literal)), (ops.mul, (1, 2.0))), (2,))
    plain = Program(("x",), ((ops.add, (0, 0.1)), (ops.mul, (1, 2.0))), (2,))
    assert known == plain
    assert known.digest == plain.digest
    assert pickle.loads(pickle.dumps(known)).instructions == plain.instructions


def test_a_meaning_need_not_say_its_module() -> None:
    ufunc: Any = np.sin
    made = Unary("sine", ufunc, None)
    assert fg.Graph.of(made(fg.var(1.0))).digest
