"""What a terminal and a notebook show of values: bounded, escaped, and on one line in errors."""

import math
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.display import Table, ends, joined, preformatted, shorten
from fgrad.program.program import Program

LABELS = ["<b>bold</b>", "a & b", "$x^2$", '"quoted"', "a\nb", "\x1b[31m", "\ud800", "x" * 3_000, "é", "</pre>"]  # fmt: skip


class Read(HTMLParser):
    """The text of HTML, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data + " "

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def values(label: str, size: int = 3) -> list[Any]:
    """One value of each kind that is shown, with that label in it and of that size."""
    xs = [fg.var(0.5, f"{label}{i}") for i in range(size)]
    y = fg.sum([x * x for x in xs])
    graph = fg.Graph.of(y)
    start = {f"{label}{i}": 1.0 for i in range(size)}
    program = fg.trace(lambda p: fg.sum([fg.square(x) for x in p.values()]))(start)
    found = fg.minimize(
        lambda p: fg.sum([fg.square(x) for x in p.values()]), start, fg.gradient_descent(0.25), 30
    )
    return [graph, fg.grad(graph, y), fg.grad_nodes(graph, y), program, found]


@pytest.mark.parametrize("label", LABELS, ids=ascii)
def test_labels_stay_text(label: str) -> None:
    tags = {"pre", "div", "table", "thead", "tbody", "tr", "th", "td"}
    for value in values(label):
        assert set(Read(value._repr_html_()).tags) <= tags
        text = repr(value)
        assert all(line.isprintable() for line in text.split("\n"))
        assert all(len(line) < 160 for line in text.split("\n"))


@pytest.mark.parametrize("size", [1, 12, 13, 3_000])
def test_what_is_shown_is_bounded_and_says_what_it_leaves_out(size: int) -> None:
    for value in values("x", size):
        text = repr(value)
        assert len(text.split("\n")) <= 17
        assert len(value._repr_html_()) < 5_000
        assert (size > 12) <= ("hidden" in text)


def test_a_table_says_how_many_nodes_it_hides() -> None:
    graph, gradients, nodes, _, found = values("x", 3_000)
    assert len(graph) == 3_000 + 3_000 + 2_999
    assert repr(gradients).split("\n")[0] == "Gradients(of 8,999 nodes):"
    hidden = "  8,987 nodes hidden, 5,999 without a label"
    assert repr(gradients).endswith(hidden)
    assert repr(nodes).endswith(hidden)
    assert "8987 nodes hidden" in repr(graph).replace(",", "")
    assert repr(found).endswith("  2,988 parameters hidden")


def test_gradients_show_what_is_labelled() -> None:
    x, y, w = fg.var(2.0, "x"), fg.var(3.0), fg.var(0.1)
    z = (x * y).named("product") + w
    low = (z < 3.0).named("low")
    out = fg.where(low, z, 1.0 / 3.0 * z)
    graph = fg.Graph.of(out)
    assert repr(fg.grad(graph, out)) == (
        "Gradients(of 10 nodes):\n"
        "  label    value      derivative\n"
        "  x          2.0             1.0\n"
        "  product    6.0  0.333333333333\n"
        "  low      false\n"
        "  7 nodes hidden, without a label"
    )
    assert repr(fg.grad_nodes(graph, out).only(y, x)) == (
        "NodeGradients(of 2 nodes):\n"
        "  label  value      derivative      node\n"
        "  %0       3.0  0.666666666667  where(…)\n"
        "  x        2.0             1.0  where(…)"
    )


def test_gradients_without_a_label_show_the_variables() -> None:
    x, y = fg.var(2.0), fg.var(3.0)
    z = x * y
    graph = fg.Graph.of(z)
    assert repr(fg.grad(graph, z)) == (
        "Gradients(of 3 nodes):\n"
        "  variable  value  derivative\n"
        "  %0          2.0         3.0\n"
        "  %1          3.0         2.0\n"
        "  1 node hidden; none has a label, so variables are shown"
    )
    assert "%0 = variable()" in repr(graph)
    some = fg.grad(graph, z).only()
    assert repr(some) == "Gradients(of 0 nodes)"
    assert set(Read(some._repr_html_()).tags) == {"div", "table", "tbody"}


def test_two_of_one_label_are_told_apart() -> None:
    one, two = fg.var(1.0, "w"), fg.var(2.0, "w")
    y = one * two
    text = repr(fg.grad(fg.Graph.of(y), y))
    assert "  w (%0)" in text
    assert "  w (%1)" in text


def test_gradients_with_several_results_and_of_traced_numbers_are_shown() -> None:
    a = fg.var(4.0, "a")

    def system(u: Any, k: Any) -> Any:
        return u[0] * u[0] - k, u[1] * u[0] - 1.0

    solution: Any = fg.root(system, (1.0, 1.0))(a)
    gradients = fg.grad(fg.Graph.of(*solution), solution[0])
    assert "(2.0, 0.5)" in repr(gradients.only(solution[0].args[0]))
    seen = []

    def traced(x: Any) -> Any:
        y = fg.sin(x).named("y")
        graph = fg.Graph.of(y * y)
        seen.append((repr(graph), repr(fg.grad_nodes(graph, graph.outputs[0]))))
        return y

    fg.trace(traced)(1.0)
    ((listing, table),) = seen
    assert "y = identity" in listing
    assert "  y" in table


def test_short_programs_are_shown_as_they_are_printed() -> None:
    program = fg.trace(lambda x, y: fg.exp(x) * y + 1.0)(2.0, 3.0)
    assert repr(program) == fg.show(program)
    assert program._repr_html_() == f"<pre>{fg.show(program)}</pre>"
    assert program._repr_latex_() == fg.to_latex(program)
    graph = fg.Graph.of(fg.var(1.0, "x") * 2.0)
    assert repr(graph).split("\n")[1:] == fg.show(graph).split("\n")[1:]


def test_long_programs_have_their_ends_and_no_formulas() -> None:
    program = fg.trace(lambda *xs: [fg.sin(x) for x in xs])(*[0.5] * 1_000)
    lines = repr(program).split("\n")
    assert lines[1] == "  %1000 = sin(xs[0])"
    assert lines[9] == "  … 988 instructions hidden"
    assert lines[-2] == "  %1999 = sin(xs[999])"
    assert "more …" in lines[0]
    assert "more …" in lines[-1]
    assert program._repr_latex_() is None
    inner = fg.compile(lambda x: fg.sum([fg.sin(x * i) for i in range(100)]))
    assert fg.trace(lambda x: inner(x) + 1.0)(0.5)._repr_latex_() is None


def test_programs_that_cannot_be_are_shown_too() -> None:
    from fgrad.ops import scalar as ops  # noqa: PLC0415  # of this test alone

    wrong = Program(("x",), ((ops.sin, (7,)), (ops.add, (0,))), (9,))
    assert repr(wrong) == "program(x):\n  %1 = sin(%7)\n  %2 = add(x)\n  return %9"
    assert repr(Program((), (), ())) == "program():\n  return"
    assert repr(Program(("x", "x"), (), (1,))) == "program(%0, %1):\n  return %1"


def test_a_minimum_shows_its_summary_and_no_history() -> None:
    found = fg.minimize(lambda p: fg.square(p[0] - 1.0), [0.0, 3.0], fg.gradient_descent(0.5))
    assert repr(found) == (
        "Minimum(value 0.0, converged after 1 step):\n"
        "  parameter  value  gradient\n"
        "  [0]          1.0       0.0\n"
        "  [1]          3.0       0.0"
    )
    slow = fg.minimize(lambda x: x * x, 1.0, fg.gradient_descent(0.001), 500)
    assert "not converged after 500 steps" in repr(slow)
    assert "the number" in repr(slow)
    assert len(repr(slow)) < 200
    lost = fg.minimize(lambda x: x * x * x, -1.0, fg.gradient_descent(10.0), 50)
    assert "not converged" in repr(lost)


def test_a_minimum_pairs_parameters_and_gradients_by_their_place() -> None:
    def given(p: dict[str, float]) -> tuple[float, dict[str, float]]:
        return p["a"] + 2.0 * p["b"], {"b": 2.0, "a": 1.0}

    found = fg.minimize(given, {"a": 0.0, "b": 0.0}, fg.gradient_descent(0.0), 1, has_gradient=True)
    assert repr(found).split("\n")[2:] == [
        "  ['a']        0.0       1.0",
        "  ['b']        0.0       2.0",
    ]


@pytest.mark.parametrize(
    "place", range(5), ids=["graph", "gradients", "nodes", "program", "minimum"]
)
def test_errors_say_it_on_one_line(place: int) -> None:
    value = values("x")[place]
    output = fg.var(1.0)
    acts: list[Callable[[], object]] = [
        lambda: fg.sin(value),
        lambda: fg.Graph.of(value),
        lambda: fg.gradient(lambda x: value)(1.0),
        lambda: fg.draw(value, value),
    ]
    if not isinstance(value, fg.Graph):
        acts.append(lambda: fg.grad(value, output))
    if not isinstance(value, (fg.Graph, Program)):
        acts.append(lambda: fg.dumps(value))
    for act in acts:
        with pytest.raises((fg.NotAValue, fg.NotDifferentiable)) as caught:
            act()
        assert "\n" not in str(caught.value)


@given(st.integers(0, 40))
def test_the_ends_and_what_is_hidden_are_all(size: int) -> None:
    first, hidden, last = ends(range(size))
    assert [*first, *last] == [*range(size - hidden - len(last)), *range(size - len(last), size)]
    assert len(first) + hidden + len(last) == size
    assert len(first) + len(last) <= 12
    assert (hidden == 0) == (size <= 12)
    assert joined(range(size), str).count(", ") == min(size - 1, 12) if size else True


def test_html_is_read_back_as_the_text() -> None:
    assert Read(preformatted("a < b & c")).text.strip() == "a < b & c"
    table = Table("t <", ("a", "b"), (("x > y", "1.0"),), "& more")
    assert Read(table.html()).text.split() == [
        "t",
        "<",
        "a",
        "b",
        "x",
        ">",
        "y",
        "1.0",
        "&",
        "more",
    ]
    assert "color" not in table.html()


def test_numbers_in_tables_are_short() -> None:
    x = fg.var(0.1 + 0.2, "x")
    y = x * math.pi
    assert repr(fg.grad(fg.Graph.of(y), y)).split("\n")[2] == "  x        0.3  3.14159265359"


@given(st.text(max_size=40), st.integers(4, 40))
def test_a_short_text_is_itself_and_a_long_one_keeps_both_ends(text: str, width: int) -> None:
    short = shorten(text, width)
    if len(text) <= width:
        assert short == text
    else:
        head, _, tail = short.partition("…") if "…" not in text else (short[:1], "", short[-1:])
        assert len(short) == width
        assert text.startswith(head)
        assert text.endswith(tail)
