"""JSON: one text for each value, all of it comes back, and what is wrong is refused with its place."""

import enum
import json
import math
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.graph.node import _seal, variable
from fgrad.ops import scalar as ops
from fgrad.ops.choices import Comparison
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Program
from fgrad.program.text import parse
from tests.bench import fuzz
from tests.samples.programs import bits, point, program

SEEDS = st.integers(0, 10**9)
loose: Any = fg
OWN = fg.Unary("own", lambda x: 1.0 / x, lambda out, x: -out * out)


def graph(seed: int, where: int) -> fg.Graph:
    one = program(seed)
    xs = point(where, len(one.inputs))
    inputs = [fg.var(x, None if i == 2 else f"x{i}") for i, x in enumerate(xs)]
    first, *others = one.nodes(inputs)
    return fg.Graph.of(first.named("first"), *others)


@settings(max_examples=300)
@given(SEEDS)
def test_a_program_comes_back(seed: int) -> None:
    before = program(seed)
    text = fg.dumps(before)
    after = fg.loads(text, kind=fg.Program)
    assert after == before
    assert after.inputs == before.inputs
    assert fg.dumps(after) == text
    assert fg.loads(text.encode()) == before


@settings(max_examples=300)
@given(SEEDS, SEEDS)
def test_a_graph_comes_back_with_labels_and_every_bit_of_its_values(seed: int, where: int) -> None:
    before = graph(seed, where)
    text = fg.dumps(before)
    after = fg.loads(text, kind=fg.Graph)
    assert after == before
    assert after.digest == before.digest
    assert [node.label for node in after.nodes] == [node.label for node in before.nodes]
    assert [type(node) for node in after.nodes] == [type(node) for node in before.nodes]
    assert bits(node.value for node in after.nodes) == bits(node.value for node in before.nodes)
    assert fg.dumps(after) == text


@given(st.text(), st.text())
def test_names_and_labels_may_be_any_text(name: str, label: str) -> None:
    one = Program((name, name), ((ops.add, (0, 1)),), (2,))
    assert fg.loads(fg.dumps(one), kind=fg.Program).inputs == (name, name)
    x = fg.var(1.0, label)
    assert fg.loads(fg.dumps(fg.Graph.of(x)), kind=fg.Graph).variables[0].label == label
    assert fg.dumps(fg.Graph.of(x)).isascii()


def test_the_text_is_json_that_other_readers_read() -> None:
    def refused(word: str) -> None:
        raise AssertionError(word)

    awkward = (math.inf, -math.inf, math.nan, -0.0, 5e-324, 1e22)
    values = [fg.var(x) for x in awkward]
    text = fg.dumps(fg.Graph.of(*values))
    nodes = json.loads(text, parse_constant=refused)["nodes"]
    assert nodes == [["variable", [x]] for x in ("inf", "-inf", "nan", -0.0, 5e-324, 1e22)]
    back = fg.loads(text, kind=fg.Graph)
    assert bits(x.value for x in back.variables) == bits(awkward)
    # A writer that has one kind of number drops the point: a literal is one all the same.
    assert fg.loads(text.replace("1e+22", "10000000000000000000000")) == back
    assert fg.loads(json.dumps(json.loads(text), indent=2)) == back


def test_the_gradient_of_what_came_back_is_the_gradient() -> None:
    x, y = fg.var(2.0, "x"), fg.var(3.0, "y")
    before = fg.Graph.of(fg.sin(x * y) + x)
    after = fg.loads(fg.dumps(before), kind=fg.Graph)
    known, got = (fg.grad(g, g.outputs[0]) for g in (before, after))
    assert [got[v] for v in after.variables] == [known[v] for v in before.variables]


def test_operations_of_the_users_own_are_given_never_imported() -> None:
    text = fg.dumps(fg.Graph.of(OWN(fg.var(4.0))))
    assert '["@own",0]' in text
    assert fg.loads(text, (OWN,), kind=fg.Graph).outputs[0].value == 0.25
    with pytest.raises(fg.FormatError, match="no operation is named '@own'"):
        fg.loads(text)
    with pytest.raises(fg.FormatError, match="own raises ZeroDivisionError") as refused:
        fg.loads(text.replace("4.0", "0.0"), (OWN,))
    assert isinstance(refused.value.__cause__, ZeroDivisionError)
    for word in ("os:system", "os.system", "fgrad.ops.scalar:sin", "__class__", "_LN2", "math"):
        with pytest.raises(fg.FormatError, match="no operation is named"):
            fg.loads(text.replace("@own", word), (OWN,))
    twice = fg.Unary("own", lambda x: x, lambda out, x: 1.0)
    with pytest.raises(fg.NotAValue, match="name them apart"):
        fg.dumps(fg.Graph.of(OWN(twice(fg.var(1.0)))))


def test_what_is_no_value_is_not_written() -> None:
    node: Any = fg.var(1.0)
    with pytest.raises(fg.NotAValue, match=r"Graph.of\(node\)"):
        fg.dumps(node)
    with pytest.raises(fg.TracedNumber):
        fg.trace(lambda x: fg.dumps(fg.Graph.of(x)))(1.0)
    source: Any = 3
    with pytest.raises(fg.NotAValue, match="a str or bytes"):
        fg.loads(source)


PROGRAM = '{"format":"fgrad program","version":1,"inputs":["x"],"lines":[["less",0,[1.0]],["where",1,0,[2.0]]],"outputs":[2]}'
GRAPH = '{"format":"fgrad graph","version":1,"nodes":[["variable",[1.0]],["sin",0]],"labels":[[0,"x"]],"outputs":[1]}'


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        ('"version":1', '"version":2', "version", "only 1"),
        ('"version":1', '"version":true', "version", "version true"),
        ("fgrad program", "fgrad", "format", '"fgrad program" or "fgrad graph" is needed'),
        ('"version":1,', "", "the top", "'version' is missing"),
        ('"inputs":["x"],', "", "the top", "'inputs' is missing"),
        ('"version":1', '"version":1,"x":[]', "x", "none of format, version"),
        ('["x"]', "[3]", "inputs[0]", "a name is needed, not 3"),
        ('["x"]', '"x"', "inputs", "a list is needed here, not 'x'"),
        ('["less",0,[1.0]]', "{}", "lines[0]", "a list such as"),
        ('["less",0,[1.0]]', "[]", "lines[0]", "a list such as"),
        ("less", "les", "lines[0][0]", "did you mean 'less'"),
        ('["less",0,[1.0]]', '["less",0]', "lines[0]", "less takes 2 arguments"),
        ("[1.0]", "1.0", "lines[0][2]", "not 1.0"),
        ("[1.0]", "[1.0,1.0]", "lines[0][2]", "not a list"),
        ("[1.0]", '["1.0"]', "lines[0][2]", "not '1.0'"),
        ("[1.0]", "[1e999]", "lines[0][2]", "not inf"),
        ("[1.0]", "[NaN]", "lines[0][2]", 'not NaN; write "nan"'),
        ("[1.0]", "true", "lines[0]", "needs a float"),
        ("[1.0]", "1", "lines[0]", "value 1, which is not there yet"),
        ("[1.0]", "-1", "lines[0]", "value -1, which is not there yet"),
        ("[1.0]", "9" * 9999, "lines[0][2]", "not inf"),
        ("1,0,[2.0]", "0,0,[2.0]", "lines[1]", "where needs a bool"),
        ('"outputs":[2]', '"outputs":[3]', "outputs[0]", "3 is the number of no value"),
        ('"outputs":[2]', '"outputs":[null]', "outputs[0]", "null is the number"),
    ],
)
def test_what_is_wrong_in_a_program_is_shown(old: str, new: str, place: str, problem: str) -> None:
    _refused(PROGRAM, old, new, place, problem)


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        ("[1.0]", "0", "nodes[0]", "a variable takes one literal"),
        ('["sin",0]', '["sin",1]', "nodes[1]", "value 1, which is not there yet"),
        ('["sin",0]', '["sin",[0]]', "nodes[0]", "no output uses this node"),
        ("[[0,", "[[2,", "labels[0]", "2 is the number of no node"),
        ('"x"]', '"x"],[0,"y"]', "labels[1]", "out of order"),
        ('[0,"x"]', '[0,"x",1]', "labels[0]", "a pair such as"),
        ('["sin",0]', '["sin",0],["cos",0]', "nodes[2]", "no output uses this node"),
        ('"sin",0', '"@lost",0', "nodes[1][0]", "no operation is named '@lost'"),
    ],
)
def test_what_is_wrong_in_a_graph_is_shown(old: str, new: str, place: str, problem: str) -> None:
    _refused(GRAPH, old, new, place, problem)


def _refused(text: str, old: str, new: str, place: str, problem: str) -> None:
    fg.loads(text)
    text = text.replace(old, new, 1)
    for spaced in (text, text.replace(",", " ,\n ").replace(":", " : ")):
        with pytest.raises(fg.FormatError) as refused:
            fg.loads(spaced)
        error = refused.value
        assert error.problem.startswith(f"{place}: "), error.problem
        assert problem in error.problem
        decoder = json.JSONDecoder(parse_int=float)
        part = decoder.decode(spaced)
        for step in re.findall(r"\w+", place.removeprefix("the top")):
            part = part[int(step) if step.isdecimal() else step]
        assert repr(decoder.raw_decode(spaced, error.column)[0]) == repr(part)


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("", "no JSON", 0),
        ("[1", "no JSON", 2),
        (b"\xc3\xa4\xff", "not UTF-8", 1),
        ("\ufeff{}", "no JSON", 0),
        ("[" * 100_000, "nested too deeply", 100),
        ('{"a":' * 100_000, "nested too deeply", 500),
        ("3", "an object is needed here, not 3", 0),
        ("null", "not null", 0),
        ('{"a":1,"a":2}', "'a' stands in one object twice", 7),
        ('{"format":"fgrad graph","format":3}', "twice", 24),
    ],
)
def test_what_is_no_document_is_refused(text: str | bytes, problem: str, column: int) -> None:
    with pytest.raises(fg.FormatError, match=problem) as refused:
        fg.loads(text)
    assert refused.value.column == column


def test_a_strange_key_is_shown_in_short() -> None:
    key = "\n" * 1000
    with pytest.raises(fg.FormatError) as refused:
        fg.loads(PROGRAM[:-1] + f",{json.dumps(key)}:[]}}")
    assert refused.value.column == len(PROGRAM) + len(json.dumps(key)) + 1
    assert len(refused.value.problem) < 200
    assert "\n" not in refused.value.problem


def test_a_kind_that_is_asked_for_is_what_comes() -> None:
    with pytest.raises(fg.FormatError, match="a Graph is needed, not a Program"):
        fg.loads(PROGRAM, kind=fg.Graph)
    with pytest.raises(fg.FormatError, match="a Program is needed, not a Graph"):
        fg.loads(GRAPH, kind=fg.Program)


def test_a_caller_without_room_hears_of_it_and_not_of_the_text() -> None:
    def deep() -> object:
        fg.loads(PROGRAM)
        return deep()

    with pytest.raises(RecursionError):
        deep()


def test_depth_is_refused_whatever_the_recursion_limit_is() -> None:
    code = (
        "import sys, fgrad as fg; sys.setrecursionlimit(10**8)\n"
        "for text in ('[' * 10**6, '[0,\"[\",' * 10**6, '{\"a\":' * 10**6, '[{\"a\":' * 10**6):\n"
        "    try: fg.loads(text)\n"
        "    except fg.FormatError as error: print(error.problem)"
    )
    run = [sys.executable, "-c", code]
    env = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(run, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "this is nested too deeply\n" * 4


def test_three_thousand_mutants_raise_nothing_but_format_errors() -> None:
    sound = fuzz.documents()
    assert all(fuzz.outcome(text.encode()) == "read" for text in sound)
    seen = [fuzz.outcome(fuzz.mutant(seed, sound)) for seed in range(3000)]
    assert set(seen) == {"read", "refused"}


def test_small_documents_survive_every_change_at_every_place() -> None:
    for text in (PROGRAM, GRAPH):
        for strange in (*fuzz.STRANGE, {}):
            for i in range(len(fuzz.spots(json.loads(text)))):
                value = json.loads(text)
                part, key = fuzz.spots(value)[i]
                part[key] = strange
                fuzz.outcome(json.dumps(value).encode())
        data = text.encode()
        for i in range(len(data)):
            fuzz.outcome(data[:i])
            fuzz.outcome(data[:i] + data[i + 1 :])
            for bit in range(8):
                fuzz.outcome(data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :])


def test_long_graphs_take_loops_and_digits_take_linear_time() -> None:
    y = fg.var(0.5)
    for _ in range(50_000):
        y = fg.sin(y)
    before = fg.Graph.of(y)
    assert fg.loads(fg.dumps(before)) == before
    with pytest.raises(fg.FormatError):
        fg.loads(PROGRAM.replace("[1.0]", "9" * 2_000_000))


def test_texts_are_the_same_in_every_process() -> None:
    code = (
        "import fgrad as fg; f = lambda p, x: fg.sin(p['a'] * x) + fg.where(x > 1, p['b'], 2.5);"
        "print(fg.dumps(fg.trace(fg.gradient(f))({'b': 1.0, 'a': 2.0}, 3.0)))"
    )
    seen = set()
    for seed in "012":
        run = [sys.executable, "-c", code]
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        seen.add(subprocess.run(run, env=env, capture_output=True, check=True).stdout)
    assert len(seen) == 1


class Metres(float):
    """A float of another class, which writes itself otherwise."""

    def __repr__(self) -> str:
        return f"{float(self)} m"


class Level(enum.IntEnum):
    LOW = 0


NUMBERS: tuple[Any, ...] = (0, 2, Level.LOW, Metres(0.1), np.float64(0.1), np.float64("inf"), -0.0)


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_a_number_of_another_class_is_written_as_the_literal_that_it_is(number: Any) -> None:
    """Nodes do not keep such numbers; if one has come to hold one, it is not read as another value."""
    x = fg.var(3.0, "x")
    node = _seal(ops.mul, (x, number), 3.0 * float(number), 1, None)
    start = _seal(variable, (), number, 0, "y")
    after = fg.loads(fg.dumps(fg.Graph.of(node, start)), kind=fg.Graph)
    assert [type(a) for a in after.outputs[0].args[1:]] == [float]
    assert bits([after.outputs[0].value, after.outputs[1].value]) == bits(
        [3.0 * float(number), float(number)]
    )


@pytest.mark.parametrize("number", [Metres(0.1), np.float64(-0.0)], ids=repr)
def test_a_literal_of_a_program_may_be_a_float_of_another_class(number: Any) -> None:
    known = Program(("x",), ((ops.add, (0, number)),), (1,))
    assert fg.loads(fg.dumps(known)) == Program(("x",), ((ops.add, (0, float(number))),), (1,))


@pytest.mark.parametrize("thing", [1j, "1", np.bool_(True), [1.0]], ids=repr)
def test_what_is_no_number_is_refused_in_words(thing: Any) -> None:
    node = _seal(ops.mul, (fg.var(3.0), thing), 1.0, 1, None)
    for write in (
        lambda: fg.Graph.of(node),
        lambda: Program(("x",), ((ops.mul, (0, thing)),), (1,)),
    ):
        with pytest.raises(fg.NotAValue, match="dumps needs"):
            fg.dumps(write())


def constantly(value: Any) -> Any:
    return lambda *xs: value


def test_what_an_operation_gives_is_kept_as_a_float_or_a_truth_value() -> None:
    made: list[tuple[Any, Any]] = [(2, 2.0), (np.float64(0.5), 0.5), (Metres(3.0), 3.0)]
    for result, kept in made:
        op = fg.Unary("own", constantly(result), None)
        (output,) = fg.loads(fg.dumps(fg.Graph.of(op(fg.var(1.0)))), [op], kind=fg.Graph).outputs
        assert type(output.value) is float
        assert output.value == kept
    compare = Comparison("own", constantly(np.bool_(True)))
    node: Any = compare(fg.var(1.0), 2.0)
    (output,) = fg.loads(fg.dumps(fg.Graph.of(node)), [compare], kind=fg.Graph).outputs
    assert repr(output.value) == "True"
    root: Any = fg.Unary("own", lambda x: x**0.5, None)
    text = fg.dumps(fg.Graph.of(root(fg.var(4.0)))).replace("4.0", "-4.0")
    with pytest.raises(fg.FormatError, match=r"own gives .*j.*, which is no real number"):
        fg.loads(text, [root])


@pytest.mark.parametrize(
    "given_back", [3, np.float64(0.1), Metres(0.1), np.float64("nan")], ids=repr
)
def test_what_an_operation_gives_of_literals_is_a_literal_in_every_form(given_back: Any) -> None:
    """An int was read as the number of a value where lines of literals are computed beforehand."""
    op = fg.Unary("own", constantly(given_back), None)
    inner = fg.compile(lambda a, b: op(a) + b)
    known = inlined(fg.trace(lambda x: inner(2.0, x) * x)(1.0))
    short = simplified(known)
    assert [type(a) for _, args in short.instructions for a in args].count(float) == 1
    for x in (0.5, 5.0):
        assert bits(short.run((x,))) == bits(known.run((x,))) == bits([(given_back + x) * x])
    for text in (fg.show(short), fg.to_c(short), fg.to_latex(short), fg.dumps(short)):
        assert "np." not in text
        assert "0.1 m" not in text
    assert parse(fg.show(short)) == short


def test_listings_write_floats_of_another_class_as_floats() -> None:
    known = Program(("x",), ((ops.add, (0, Metres(0.1))), (ops.add, (1, np.float64(2.0)))), (2,))
    assert parse(fg.show(known)) == known
    call: Any = fg.compile(lambda x, y: (x * y, x < y))(fg.var(1.0), fg.var(2.0))
    assert "(2.0, True)" in fg.show(fg.Graph.of(call[0]))


def conditions(x: Any, y: Any) -> tuple[Any, ...]:
    less = x < y
    both = fg.logical_and(less, fg.logical_not(y > 2.0))
    return less, x * y, both, fg.where(both, x, y), less, fg.logical_or(both, True), both


def test_outputs_that_are_truth_values_keep_their_kind() -> None:
    known = fg.trace(conditions)(1.0, 2.0)
    after = fg.loads(fg.dumps(known), kind=fg.Program)
    assert after == known
    assert after.truths == known.truths
    for x in ((1.0, 2.0), (3.0, 2.0), (1.0, 3.0), (math.nan, 1.0)):
        got = after.run(x)
        assert [type(y) for y in got] == [bool, float, bool, float, bool, bool, bool]
        assert repr(got) == repr(known.run(x))
    assert fg.dumps(after) == fg.dumps(known)


def test_nodes_that_are_truth_values_keep_their_kind() -> None:
    outputs = conditions(fg.var(1.0, "x"), fg.var(2.0, "y"))
    named = outputs[0].named("whether")
    before = fg.Graph.of(*outputs, named, fg.logical_and(named, True))
    after = fg.loads(fg.dumps(before), kind=fg.Graph)
    assert after == before
    assert [type(y) for y in after.outputs] == [type(y) for y in before.outputs]
    assert [y.value for y in after.outputs] == [y.value for y in before.outputs]
    assert [y.label for y in after.outputs] == [y.label for y in before.outputs]
    chosen: Any = loose.where(after.outputs[0], after.outputs[1], 0.0)
    assert chosen.value == 2.0
