"""Drawings: DOT that Graphviz reads back as it was meant, and nodes as text."""

import json
import math
import re
import shutil
import subprocess
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.cli.expression import parse
from fgrad.display import number
from fgrad.formats.graphviz.writer import dot, spell


def drawing(*outputs: fg.Node[float]) -> str:
    graph = fg.Graph.of(*outputs)
    return dot(graph, fg.grad(graph, outputs[0]))


def graphviz(text: str, form: str) -> str:
    """What Graphviz itself makes of it, without a complaint."""
    program = shutil.which("dot")
    if program is None:
        pytest.skip("needs the program `dot` of Graphviz")
    run = [program, f"-T{form}"]
    done = subprocess.run(run, input=text, capture_output=True, check=True, encoding="utf-8")
    assert done.stderr == ""
    return done.stdout


def spelled(text: str) -> str:
    expression = parse(text)
    output = expression.evaluate(expression.variables(dict.fromkeys(expression.names, 0.5)))
    return spell(fg.Graph.of(output))[output]


def test_every_node_has_its_name_value_and_gradient() -> None:
    x, y = fg.var(2.0, "x"), fg.var(-3.0, "y")
    text = drawing((x * y).named("product") + 1)
    assert r'n0 [label="x\nvalue 2.0\ngradient -3.0", shape=ellipse' in text
    assert r'n1 [label="y\nvalue -3.0\ngradient 2.0", shape=ellipse' in text
    assert r'n2 [label="mul\nvalue -6.0\ngradient 1.0", shape=box]' in text
    assert r'n3 [label="product\nvalue -6.0\ngradient 1.0", shape=box]' in text
    assert r'n4 [label="add\nvalue -5.0\ngradient 1.0", shape=box, peripheries=2]' in text
    assert 'n4_1 [label="1.0", shape=plaintext]' in text


def test_an_argument_used_twice_has_two_edges_and_all_are_in_order() -> None:
    x, y = fg.var(2.0, "x"), fg.var(3.0, "y")
    lines = drawing((x + x) - y).splitlines()
    assert [line.strip() for line in lines if "->" in line] == [
        "n0 -> n1",
        "n0 -> n1",
        "n1 -> n3",
        "n2 -> n3",
    ]


def test_a_truth_value_is_a_diamond_without_gradient() -> None:
    x = fg.var(2.0, "x")
    assert r'[label="less\nvalue true", shape=diamond]' in drawing(fg.where(x < 3, x, 0.0))


def test_only_the_first_output_has_a_double_border() -> None:
    x, unused = fg.var(2.0, "x"), fg.var(1.0, "unused")
    text = drawing(x * x, unused)
    assert text.count("peripheries=2") == 1
    assert r'[label="unused\nvalue 1.0\ngradient 0.0", shape=ellipse, fillcolor=lightblue]' in text


@given(st.text(min_size=1, max_size=20))
def test_a_label_stays_inside_its_quotes(label: str) -> None:
    line = drawing(fg.var(1.0, label)).splitlines()[-2]
    inside = line[line.index('"') + 1 : line.rindex('"')]
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")
    assert line.isprintable()


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ('a"b', 'a"b'),
        ("a\\", "a\\"),
        ("a\\nb", "a\\nb"),
        ("\\G \\N", "\\G \\N"),
        ("a\nb", "a\\nb"),
        ("&lt;", "&lt;"),
        ("<b>x</b>", "<b>x</b>"),
        ("{x|y}", "{x|y}"),
        ("β₁ 中", "β₁ 中"),
        ("\x00\x1b\ud800", "\\x00\\x1b\\ud800"),
        ("]; evil [", "]; evil ["),
    ],
)
def test_graphviz_shows_a_label_as_it_is(label: str, shown: str) -> None:
    picture = graphviz(drawing(fg.var(1.0, label) * 2), "svg")
    assert shown in map(unescape, re.findall(">([^<]*)</text>", picture))


def test_graphviz_reads_a_model_with_every_kind_of_node() -> None:
    expression = parse("tanh(x1*w1 + 2) if 0 < x1 < 1 and not w1 > 3 else x1/0")
    variables = expression.variables({"x1": 0.5, "w1": math.nan})
    graph = fg.Graph.of(expression.evaluate(variables))
    layout = json.loads(graphviz(dot(graph, fg.grad(graph, graph.outputs[0])), "json0"))
    literals = [n for n in layout["objects"] if n["shape"] == "plaintext"]
    assert len(layout["objects"]) == len(graph) + len(literals)
    assert len(literals) == 5
    assert len(layout["edges"]) == sum(len(node.args) for node in graph.nodes)


def test_a_deep_graph_can_be_drawn_and_spelled() -> None:
    x = fg.var(1.0, "x")
    for _ in range(5_000):
        x = x * 1.0 + 0.0
    graph = fg.Graph.of(x)
    assert drawing(x).count("label=") == 5_000 * 2 * 2 + 1
    assert max(map(len, spell(graph).values())) == 48


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.0000000000000002, "1.0"),
        (0.7071067811865476, "0.707106781187"),
        (-1.4999999999999998, "-1.5"),
        (1e300, "1e+300"),
        (123456789.0, "123456789.0"),
        (5e-324, "5e-324"),
        (-0.0, "-0.0"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (True, "true"),
    ],
)
def test_numbers_are_shown_without_the_rounding_of_their_last_digits(x: float, text: str) -> None:
    assert number(x) == text


@given(st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300))
def test_a_number_shown_is_within_a_part_in_a_trillion(x: float) -> None:
    assert float(number(x)) == pytest.approx(x, rel=1e-11, abs=1e-320)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*y+z", "x*y + z"),
        ("x-(y-z)", "x - (y - z)"),
        ("(x-y)-z", "x - y - z"),
        ("(x+y)*z", "(x + y)*z"),
        ("x/(y*z)", "x/(y*z)"),
        ("-x**2", "-x**2"),
        ("(-x)**2", "(-x)**2"),
        ("x**-y", "x**(-y)"),
        ("x**y**z", "x**y**z"),
        ("(x**y)**z", "(x**y)**z"),
        ("(-2)**x", "(-2)**x"),
        ("x % 3", "x % 3"),
        ("atan2(x+1, y)", "atan2(x + 1, y)"),
        ("x if x<1 or y>=2 and z==3 else 1", "where(x < 1 or y >= 2 and z == 3, x, 1)"),
        ("x if not (x<1 or y>2) else z", "where(not (x < 1 or y > 2), x, z)"),
        ("1/0", "inf"),
    ],
)
def test_nodes_are_spelled_as_one_writes_them(text: str, expected: str) -> None:
    assert spelled(text) == expected


OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "%"])
TEXTS = st.recursive(
    st.sampled_from(["x", "y", "(2*x)", "(y**-3)"]),
    lambda inner: (
        st.builds("({}{}{})".format, inner, OPERATORS, inner)
        | st.builds("(-{})".format, inner)
        | st.builds("sin({})".format, inner)
    ),
    max_leaves=6,
)


@given(TEXTS)
def test_what_is_spelled_is_the_same_computation_when_it_is_read_again(text: str) -> None:
    def graph(text: str) -> fg.Graph:
        expression = parse(text)
        return fg.Graph.of(expression.evaluate(expression.variables({"x": 0.5, "y": 0.25})))

    shown = spelled(text)
    assert "…" in shown or graph(shown) == graph(text)


def test_nodes_without_a_label_are_spelled_by_what_they_are() -> None:
    x = fg.var(2.5)
    y = fg.Unary("own", lambda x: x, lambda out, x: 1.0)(x).named("y")
    z = fg.sum([y]) + fg.var(1.0, "")
    assert list(spell(fg.Graph.of(z)).values()) == [
        "var(2.5)",
        "own(var(2.5))",
        "y",
        "var(1)",
        "y + var(1)",
    ]
    assert next(iter(spell(fg.Graph.of(fg.var(1.0, "a\n\x1b"))).values())) == "a\\n\\x1b"
