"""Graphs of arrays as JSON: all of it comes back, and no text asks for more than it holds."""

import math
import tracemalloc
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays.makers import MAKERS  # noqa: E402
from tests.bench import fuzz  # noqa: E402
from tests.samples.arrays import ELEMENTWISE, WHOLE, Case  # noqa: E402  # they need numpy
from tests.samples.numpy_cases import NUMPY  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing


def same(x: Any, y: Any) -> bool:
    if isinstance(x, tuple):
        return all(map(same, x, y))
    alike = np.asarray(x).tobytes() == np.asarray(y).tobytes()
    # What BLAS gives depends on where its arguments lie in memory.
    return bool(alike or np.allclose(x, y, rtol=1e-13, equal_nan=True))


def graph(case: Case) -> Any:
    """A function and its gradient, in which there are the operations of its pull."""
    args = [fg.var(a, f"x{i}") for i, a in enumerate(case.arguments())]
    y = case.f(*args)
    total = fg.sum(fg.sin(y)) if getattr(y, "shape", ()) else fg.sin(y)
    slopes = fg.grad_nodes(fg.Graph.of(total, *args), total)
    return fg.Graph.of(y, total, *[slopes[x] for x in args])


@pytest.mark.parametrize("case", WHOLE + NUMPY + ELEMENTWISE[::4], ids=str)
def test_a_graph_and_its_gradient_come_back(case: Case) -> None:
    before = graph(case)
    text = fg.dumps(before)
    after = fg.loads(text, kind=fg.Graph)
    assert after == before
    assert after.digest == before.digest
    assert fg.dumps(after) == text
    assert [type(node) for node in after.nodes] == [type(node) for node in before.nodes]
    for node, known in zip(after.nodes, before.nodes, strict=True):
        assert same(node.value, known.value)
        assert not isinstance(node.value, np.ndarray) or not node.value.flags.writeable


def test_every_bit_of_a_value_is_kept() -> None:
    awkward = np.array([math.inf, -math.inf, math.nan, -0.0, 5e-324, 1e22])
    awkward.view(np.uint64)[2] = 0xFFF8_0000_0000_0001
    for given in (awkward, awkward.reshape(2, 3).T, awkward[::-2], np.zeros((2, 0, 3))):
        (x,) = fg.loads(fg.dumps(fg.Graph.of(fg.var(given, "x")))).variables
        assert x.value.shape == given.shape
        assert x.value.tobytes() == given.tobytes()
        assert x.label == "x"


def test_what_came_back_is_differentiated_as_before() -> None:
    w, x = fg.var(np.arange(6.0).reshape(2, 3), "w"), fg.var(0.5, "x")
    before = fg.Graph.of(fg.sum(fg.where(w > 2.0, fg.tanh(w * x), w)[:, [0, 0, 1]]))
    after = fg.loads(fg.dumps(before), kind=fg.Graph)
    known, got = (fg.grad(g, g.outputs[0]) for g in (before, after))
    for a, b in zip(before.variables, after.variables, strict=True):
        assert np.array_equal(known[a], got[b])


def test_the_text_is_the_same_whatever_the_memory_looks_like() -> None:
    a = np.arange(6.0).reshape(2, 3)
    texts = {fg.dumps(fg.Graph.of(fg.var(x))) for x in (a, np.asfortranarray(a), a[::1].copy())}
    assert len(texts) == 1
    assert '["variable",{"shape":[2,3],"float64":"AAAAAAAA' in texts.pop()


def test_every_operation_that_has_a_name_is_written_somewhere() -> None:
    written = {
        node.op.name
        for case in WHOLE + NUMPY
        for node in graph(case).nodes
        if not node.op.elementwise
    }
    assert written <= MAKERS.keys()


TEXT = (
    '{"format":"fgrad graph","version":1,"nodes":[["variable",{"shape":[2],"float64":'
    '"AAAAAAAA8D8AAAAAAAAAQA=="}],["array.sum",[[0]],0]],"labels":[],"outputs":[1]}'
)
INDEX = (
    '{"format":"fgrad graph","version":1,"nodes":[["variable",{"shape":[2],"float64":'
    '"AAAAAAAA8D8AAAAAAAAAQA=="}],["array.index",[{"index":[{"shape":[1],"int8":"AA=="},'
    'null,{"slice":[null,null,-1]}]}],0]],"labels":[],"outputs":[1]}'
).replace("[2]", "[1,2]")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[2]", "[3]", "no float64 of shape [3] in base64"),
        ("[2]", "[2,1,-1]", "whole numbers from 0"),
        ("[2]", "[2.0]", "whole numbers from 0"),
        ("[2]", "[true,2]", "whole numbers from 0"),
        ("[2]", "[]", "a literal"),
        ("[2]", "2", "a list is needed"),
        ("[2]", "[3000000000000,3000000000000]", "no float64 of shape"),
        ("[2]", f"[{','.join('1' * 70)}]", "at most "),
        ("float64", "float32", "an array is"),
        ("float64", "int64", "an array is"),
        ('"float64"', '"x":1,"float64"', "an array is"),
        ("AQA==", "AQA=", "no float64"),
        ("AQA==", "AQA== ", "no float64"),
        ("AQA==", "AQB==", "no float64"),
        ("AAAA8D8A", "ÄÄÄÄ8D8A", "no float64"),
        ('"AAAAAAAA8D8AAAAAAAAAQA=="', "null", "no float64"),
        ("array.sum", "array.sun", "no operation is named"),
        ("array.sum", "array.__class__", "no operation is named"),
        ("array.sum", "sum", "no operation is named 'sum'"),
        ("[[0]],0", "[[0],[1]],0", "sum is made of 1 parts"),
        ("[[0]],0", "[[true]],0", "sum is made of axes here"),
        ("[[0]],0", "[[0,0]],0", "sum is made of axes here"),
        ("[[0]],0", "[[-1]],0", "sum is made of axes here"),
        ("[[0]],0", "[0],0", "sum is made of axes here"),
        ("[[0]],0", "[[7]],0", "sum raises"),
        ("[[0]],0", "[[0]],0,0", "sum takes 1 arguments"),
        ("[[0]],0", "[[0]]", "sum takes 1 arguments"),
        ('"array.sum",[[0]],0', '"array.sum"', "needs the list"),
        ('"array.sum",[[0]],0', '"array.sum_support",[[0]],0', "sum_support needs a bool"),
        ('"array.sum",[[0]],0', '"array.max",["min",[0]],0', "max is made of name here"),
        ('"array.sum",[[0]],0', '"array.contract",["a,a"],0,0', "contract is made of spec"),
        ('"array.sum",[[0]],0', '"array.contract",["a,b->c"],0,0', "contract is made of spec"),
        ('"array.sum",[[0]],0', '"array.contract",["ab,b->a"],0,0', "contract raises ValueError"),
        ('"array.sum",[[0]],0', '"array.reshape",[[3]],0', "reshape raises ValueError"),
        ('"array.sum",[[0]],0', '"array.broadcast_to",[[99999999,2]],0', "far more memory"),
        ('"array.sum",[[0]],0', '"array.place",[{"index":[0]},[999999999]],0', "far more memory"),
        ('"array.sum",[[0]],0', '"array.place",[[0],[2]],0', "place is made of index"),
        ('"array.sum",[[0]],0', '"mul",0,{"shape":[3],"float64":"' + "A" * 32 + '"}', "mul raises"),
        ('"array.sum",[[0]],0', '"where",{"shape":[1],"bool":"Ag=="},0,0', "no bool of shape"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(old: str, new: str, problem: str) -> None:
    fg.loads(TEXT)
    with pytest.raises(fg.FormatError) as refused:
        fg.loads(TEXT.replace(old, new, 1))
    assert problem in refused.value.problem, refused.value.problem
    assert refused.value.problem.startswith("nodes[")
    assert 0 < refused.value.column < len(TEXT) + 100


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AA==", "Ag=="), ("null,{", '"x",{'), ("null,{", '{"slice":[0,1]},{'), (",-1]", ",0]"),
        (",-1]", ",0.5]"), ('{"index":[', '{"indices":['), ("int8", "float64"), ("int8", "object"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_an_index_is_refused(old: str, new: str) -> None:
    assert fg.loads(INDEX).outputs[0].value.size
    with pytest.raises(fg.FormatError):
        fg.loads(INDEX.replace(old, new, 1))


def test_memory_stays_in_proportion_to_the_text() -> None:
    """One line after the other doubles an array: it ends where the text no longer pays for it."""
    lines = ['["variable",{"shape":[1],"float64":"AAAAAAAA8D8="}]']
    lines += [f'["array.concatenate",[0,2],{i},{i}]' for i in range(60)]
    text = TEXT[: TEXT.index("[[")] + f'[{",".join(lines)}],"labels":[],"outputs":[60]}}'
    tracemalloc.start()
    try:
        with pytest.raises(fg.FormatError, match="far more memory than the text"):
            fg.loads(text)
        assert tracemalloc.get_traced_memory()[1] < 300e6
    finally:
        tracemalloc.stop()


def test_an_operation_without_a_name_is_said_to_have_none() -> None:
    x = fg.root(lambda x, a: x * x - a, np.ones(2))(fg.var(np.full(2, 2.0)))
    with pytest.raises(fg.Untranslatable, match="root"):
        fg.dumps(fg.Graph.of(x))


def test_mutants_raise_nothing_but_format_errors() -> None:
    sound = [fg.dumps(graph(case)) for case in WHOLE[::7]]
    assert all(fuzz.outcome(text.encode()) == "read" for text in sound)
    seen = [fuzz.outcome(fuzz.mutant(seed, sound)) for seed in range(1000)]
    assert set(seen) == {"read", "refused"}


def test_an_array_of_as_many_axes_as_numpy_has_comes_back() -> None:
    most = 32 if np.lib.NumpyVersion(np.__version__) < "2.0.0" else 64
    x = fg.var(np.full((1,) * most, 2.0))
    graph = fg.Graph.of(fg.sum(x * x), x)
    assert fg.loads(fg.dumps(graph), kind=fg.Graph) == graph
