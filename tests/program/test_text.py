"""Listings: what is printed is read again, and what is not so printed is refused with its place."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.program.program import Program
from fgrad.program.text import parse
from tests.bench import fuzz
from tests.samples.programs import program

SEEDS = st.integers(0, 10**9)
OWN = fg.Unary("own", lambda x: 2.0 * x, lambda out, x: 2.0)
SPLIT = MultiOp("two halves", lambda x, y: (x / 2, y / 2), 2, 2, lambda outs, args, bars: bars)
PAIR: Any = (SPLIT, (0, 1))


@settings(max_examples=300)
@given(SEEDS)
def test_a_program_is_what_its_listing_says(seed: int) -> None:
    before = program(seed)
    after = parse(fg.show(before))
    assert after == before
    assert after.inputs == before.inputs
    assert fg.show(after) == fg.show(before)


@given(st.lists(st.text() | st.sampled_from(["True", "nan", "%0", "x", "x y", "p['a b'].c[0]"])))
def test_an_input_may_have_any_name(names: list[str]) -> None:
    lines: list[Any] = [(ops.sin, (i,)) for i in range(len(names))]
    before = Program(tuple(names), tuple(lines), tuple(range(len(names))))
    after = parse(fg.show(before))
    assert after == before
    assert after.inputs == before.inputs
    assert len(fg.show(before).split("\n")) == len(names) + 2


@given(st.floats() | st.integers(0, 2**52 - 2).map(lambda k: 0xFFF0000000000001 + k))
def test_a_literal_keeps_every_bit(value: Any) -> None:
    if isinstance(value, int):
        value = struct.unpack("<d", struct.pack("<Q", value))[0]
    before = Program(("x",), ((ops.add, (0, value)),), (1,))
    assert parse(fg.show(before)) == before
    assert fg.loads(fg.dumps(before)) == before


def test_it_reads_well() -> None:
    def loss(p: Any, x: Any) -> Any:
        return fg.where(x > 1, p["w"][0] * x, math.inf)

    assert fg.show(fg.trace(loss)({"w": [1.0]}, 2.0)) == (
        "program(p['w'][0], x):\n"
        "  %2 = greater(x, 1.0)\n"
        "  %3 = mul(p['w'][0], x)\n"
        "  %4 = where(%2, %3, inf)\n"
        "  return %4"
    )
    assert fg.show(Program(("my x",), (), (0,))) == 'program("my x"):\n  return "my x"'
    assert fg.show(Program((), (), ())) == "program():\n  return"
    assert parse("program():\n  return") == Program((), (), ())


def test_a_graph_is_shown_with_its_values_and_labels() -> None:
    a, b = fg.var(-2.0, "a"), fg.var(3.0, "my b")
    f = (a * b + fg.where(a < b, 1.0, b)).named("f")
    assert fg.show(fg.Graph.of(f)) == (
        "graph:\n"
        "  a = variable()  # -2.0\n"
        '  %1 = variable()  # "my b" 3.0\n'
        "  %2 = mul(a, %1)  # -6.0\n"
        "  %3 = less(a, %1)  # True\n"
        "  %4 = where(%3, 1.0, %1)  # 1.0\n"
        "  %5 = add(%2, %4)  # -5.0\n"
        "  f = identity(%5)  # -5.0\n"
        "  return f"
    )
    same = fg.Graph.of(fg.var(1.0, "x") + fg.var(2.0, "x"))
    assert "%2 = add(%0, %1)" in fg.show(same)

    def looked_into(x: Any) -> Any:
        assert fg.show(fg.Graph.of(fg.sin(x))) == (
            "graph:\n  x = variable()\n  %1 = sin(x)\n  return %1"
        )
        return x

    assert len(fg.trace(looked_into)(1.0)) == 0


def test_operations_of_the_users_own_are_given_not_looked_up() -> None:
    shown = fg.show(fg.trace(lambda x: OWN(x) + 1.0)(1.0))
    assert "%1 = @own(x)" in shown
    assert parse(shown, (OWN,)).run((3.0,)) == (7.0,)
    with pytest.raises(fg.UnknownName, match="'@own'"):
        parse(shown)
    with pytest.raises(fg.UnknownName, match="did you mean '@own'"):
        parse(shown.replace("@own", "own"), (OWN,))
    mine = fg.Unary("sin", lambda x: 0.0, lambda out, x: 0.0)
    assert parse(fg.show(fg.trace(mine)(1.0)), (mine,)).run((1.0,)) == (0.0,)
    with pytest.raises(fg.NotAValue, match="one of each name"):
        parse(shown, (OWN, fg.Unary("own", lambda x: x, lambda out, x: 1.0)))
    not_one: Any = math.sin
    with pytest.raises(fg.NotAValue, match="the operation itself"):
        parse(shown, (not_one,))


def test_several_results_are_read_by_their_index() -> None:
    before = Program(("x", "y"), (PAIR, (Item.at(1), (2,)), (Item.at(0), (2,))), (3, 4))
    assert '%2 = @"two halves"(x, y)\n  %3 = item[1](%2)' in fg.show(before)
    after = parse(fg.show(before), (SPLIT,))
    assert after == before == fg.loads(fg.dumps(before), (SPLIT,))
    assert after.run((2.0, 6.0)) == (3.0, 1.0)
    with pytest.raises(fg.MalformedProgram, match="two halves has no number as result 2"):
        parse(fg.show(before).replace("item[1]", "item[2]"), (SPLIT,))


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("", r"line 1: program\( is needed", 0),
        ("graph:\n  return", r"line 1: program\( is needed", 0),
        ("program(x", "a comma, an argument", 9),
        ("program(x)\n  return x", "line 1: : is needed", 10),
        ("program(x):", "line 1: the text ends before return", 11),
        ("program(x):\n  %1 = sin(x)", "line 2: the text ends before return", 13),
        ("program(3):\n  return %0", "3 is no plain name", 8),
        ("program(inf):\n  return %0", "inf is no plain name", 8),
        ("program(x):\n  %1 = sin(y)\n  return %1", "line 2: no value is named y", 11),
        ("program(x):\n  %1 = sin(%1)\n  return %1", "%1 is not defined yet", 11),
        ("program(x):\n  %2 = sin(x)\n  return %1", "the next value is %1", 2),
        ("program(x):\n  %1 = sin x\n  return %1", r"\( is needed here", 11),
        ("program(x):\n\n  %1 = sin(x))\n  return %1", "line 3: the end of the line", 13),
        ("program(x):\n  %1 = add(x x)\n  return %1", "a comma", 13),
        ("program(x):\n  %1 = sin(1e999)\n  return %1", "no value is named 1e999", 11),
        ("program(x):\n  %1 = sin(1_0)\n  return %1", "no value is named 1_0", 11),
        ("program(x):\n  return x\n  %1 = sin(x)\n  return x", "line 2: return, or %", 2),
        ("program(x):\n  return 1.0", "a value is returned", 9),
        ('program("\\q"):\n  return %0', "as JSON writes it", 9),
        ("program(x, x):\n  return x", "no value is named x", 9),
    ],
)
def test_what_is_no_listing_is_refused_with_its_place(text: str, problem: str, column: int) -> None:
    with pytest.raises(fg.FormatError, match=problem) as refused:
        parse(text)
    assert refused.value.column == column


def test_space_and_other_spellings_do_not_matter() -> None:
    assert parse(
        '\r\nprogram( "x" ,y ) :\n\n %2=add("x",%1)\r\n return  %2 , "\\u0078"\n '
    ).inputs == (
        "x",
        "y",
    )


def test_a_line_that_cannot_be_is_refused() -> None:
    with pytest.raises(fg.MalformedProgram, match="add takes 2 arguments"):
        parse("program(x):\n  %1 = add(x)\n  return %1")
    with pytest.raises(fg.UnknownName, match="did you mean 'sin'"):
        parse("program(x):\n  %1 = sni(x)\n  return %1")


def test_damaged_listings_raise_nothing_else() -> None:
    shown = [fg.show(program(seed)) for seed in range(40)]
    seen = {fuzz.outcome_of_listing(fuzz.garbled(seed, shown)) for seed in range(1000)}
    assert seen == {"read", "refused"}


def test_long_programs_are_printed_and_read_in_loops() -> None:
    def chain(x: Any) -> Any:
        for _ in range(50_000):
            x = fg.sin(x) * 1.5
        return x

    long = fg.trace(chain)(1.0)
    assert parse(fg.show(long)) == long
    assert fg.loads(fg.dumps(long)) == long
    assert len(fg.show(fg.Graph.of(chain(fg.var(1.0)))).split("\n")) == 100_003
