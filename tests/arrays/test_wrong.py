"""What is refused says in one sentence what came and what to do."""

from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
W = np.arange(6.0).reshape(2, 3) + 1.0


def written(action: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: action(fg.var(W, "w"))


def _added(w: Any) -> None:
    z = np.zeros((2, 3))
    z += w


def _set(w: Any) -> None:
    w[0] = 1.0


def _element(w: Any) -> None:
    z = np.zeros(3)
    z[0] = w[0, 0]


def _row(w: Any) -> None:
    z = np.zeros((2, 3))
    z[0] = w[0]


def _value(w: Any) -> None:
    w.value[0, 0] = 1.0


WRONG: list[tuple[str, Callable[[], Any], type[Exception], tuple[str, ...]]] = [
    ("float32", lambda: fg.var(W.astype(np.float32)), fg.NotAValue, ("float32", "(2, 3)", "astype")),
    ("complex", lambda: fg.sin(W * 1j), fg.NotAValue, ("complex128", "array.real")),
    ("strings", lambda: fg.var(np.array(["a"])), fg.NotAValue, ("<U1",)),
    ("objects", lambda: fg.sin(np.array([None, 1.0])), fg.NotAValue, ("object", "fg.stack")),
    ("truths", lambda: fg.var(W > 2.0), fg.NotAValue, ("bool", "where")),
    ("numbers as truths", lambda: fg.where(W, W, 0.0), fg.NotAValue, ("truth values", "float64")),
    ("masked", lambda: fg.sin(np.ma.masked_less(W, 2.0)), fg.NotAValue, ("MaskedArray", "filled")),
    ("matrix", lambda: fg.gradient(fg.sum)(_matrix()), fg.NotAValue, ("matrix", "np.asarray")),
    ("subclass", lambda: fg.var(W.view(_Sub)), fg.NotAValue, ("_Sub", "np.asarray")),
    ("lists", lambda: fg.var([1.0, 2.0]), fg.NotAValue, ("[1.0, 2.0]",)),
    ("shapes", written(lambda w: w * np.ones(2)), fg.ShapeMismatch, ("(2, 3) and (2,)", "mul")),
    ("shapes of operations", written(lambda w: fg.hypot(w, np.ones(2))), fg.ShapeMismatch, ("hypot",)),
    ("matmul", written(lambda w: w @ w), fg.ShapeMismatch, ("matmul", "(2, 3) and (2, 3)")),
    ("axis of a mean", written(lambda w: w.mean(3)), fg.ShapeMismatch, ("mean", "axis 3")),
    ("axis of a variance", written(lambda w: w.var(3)), fg.ShapeMismatch, ("var", "axis 3")),
    ("axis of a mean of some", written(lambda w: np.mean(w, 3, where=W > 1.0)), fg.ShapeMismatch, ("mean", "axis 3")),
    ("axis", written(lambda w: w.sum(2)), fg.ShapeMismatch, ("axis 2", "2 axes")),
    ("reshape", written(lambda w: w.reshape(4)), fg.ShapeMismatch, ("(4,)", "6 elements")),
    ("concatenate", written(lambda w: fg.concatenate([w, w.T])), fg.ShapeMismatch, ("(3, 2)", "axis 0")),
    ("stack", written(lambda w: fg.stack([w, w.T])), fg.ShapeMismatch, ("(3, 2)",)),
    ("broadcast_to", written(lambda w: fg.broadcast_to(w, (3, 3))), fg.ShapeMismatch, ("(3, 3)",)),
    ("einsum", written(lambda w: fg.einsum("ij,jk->ik", w, w)), fg.ShapeMismatch, ("one length for j",)),
    ("max of none", lambda: fg.max(np.zeros((0, 3))), fg.ShapeMismatch, ("no elements",)),
    ("solve", written(lambda w: fg.solve(w, w)), fg.ShapeMismatch, ("square",)),
    ("index out of bounds", written(lambda w: w[5]), fg.ShapeMismatch, ("out of bounds",)),
    ("index by a number that is none", written(lambda w: w[0.5]), fg.NotAValue, ("whole numbers",)),
    ("index out of bounds as Python has it", written(lambda w: w[5]), IndexError, ("out of bounds",)),
    ("set out of bounds as Python has it", written(lambda w: w.at[5].set(1.0)), IndexError, ("out of bounds",)),
    ("an index among parameters", written(lambda w: w[w]), fg.NotAValue, ("trees.STATIC", "argument of their own")),
    ("a condition as a number", written(lambda w: w * (w > 2.0)), fg.NotAValue, ("where(condition, 1.0, 0.0)", "np.count_nonzero(condition)")),
    ("the sum of a condition", written(lambda w: np.sum(w > 2.0)), fg.NotAValue, ("where(condition, 1.0, 0.0)", "np.count_nonzero(condition)")),
    ("the method of a condition", written(lambda w: (w > 2.0).mean()), AttributeError, ("np.where(condition, 1.0, 0.0).mean()",)),
    ("a mask as numbers", written(lambda w: w * (W > 2.0)), fg.NotAValue, ("where(condition, 1.0, 0.0)", "np.count_nonzero(condition)")),
    ("a mask from the left", written(lambda w: (W > 2.0) * w), fg.NotAValue, ("where(condition, 1.0, 0.0)",)),
    ("gradient of one in an array", lambda: fg.gradient(lambda v: v[:1])(W[0]), fg.NotDifferentiable, ("y[0]", "y.sum()")),
    ("gradient of one in a matrix", lambda: fg.gradient(lambda v: v[:1, :1])(W), fg.NotDifferentiable, ("y[0, 0]",)),
    ("gradient of several", lambda: fg.gradient(lambda v: v * v)(W), fg.NotDifferentiable, ("y.sum()", "fg.jacobian(f)")),
    ("index by a node", written(lambda w: w[w]), fg.NotAValue, ("node.value",)),
    ("out=", written(lambda w: np.exp(w, out=np.zeros((2, 3)))), fg.NotAValue, ("out=", "immutable")),
    ("in place", written(_added), fg.NotAValue, ("z = z + x",)),
    ("np.add.at", written(lambda w: np.add.at(w, 0, 1.0)), fg.NotAValue, ("add.at", "immutable", "fg.at")),
    ("np.add.at of an array", written(lambda w: np.add.at(np.zeros(3), [0], w[0])), fg.NotAValue, ("add.at", "fg.at")),
    ("np.subtract.at", written(lambda w: np.subtract.at(w, 0, 1.0)), fg.NotAValue, ("[key].add(-values)",)),
    ("np.multiply.at", written(lambda w: np.multiply.at(w, 0, 1.0)), fg.NotAValue, ("twice", "[key].set(np.multiply(x[key], values))")),
    ("at multiply", written(lambda w: w.at[0].multiply(2.0)), AttributeError, ("'multiply'", "x.at[key].get()", "x.at[key].set(")),
    ("at min", written(lambda w: w.at[0].min(2.0)), AttributeError, ("'min'", "get, set and add")),
    ("where= of log", written(lambda w: np.log(w, where=W > 1.0)), fg.NotAValue, ("fg.where(mask, np.log(x), other)",)),
    ("where= and out=", written(lambda w: np.divide(1.0, w, out=np.zeros((2, 3)), where=W > 1.0)), fg.NotAValue, ("fg.where(mask, np.divide(x, y), other)",)),
    ("maximum.accumulate", written(np.maximum.accumulate), fg.NotAValue, ("np.maximum(y[-1], v)", "fg.stack(y)")),
    ("logaddexp.reduce", written(np.logaddexp.reduce), fg.NotAValue, ("fg.logsumexp(x, axis)",)),
    ("hypot.reduce", written(np.hypot.reduce), fg.NotAValue, ("functools.reduce(np.hypot, list(x))",)),
    ("add.reduceat", written(lambda w: np.add.reduceat(w, [0])), fg.NotAValue, ("np.bincount",)),
    ("np.asarray", written(np.asarray), fg.SilentDetach, ("Leave np.asarray", "nodes have numpy's functions", "fg.stack")),
    ("np.float64", written(lambda w: np.float64(w[0, 0])), fg.SilentDetach, ("np.float64 out",)),
    ("the method dot of an array", written(lambda w: W.dot(w.T)), fg.SilentDetach, ("A @ x",)),
    ("np.c_", written(lambda w: np.c_[w, w]), fg.SilentDetach, ("np.column_stack",)),
    ("np.r_", written(lambda w: np.r_[w[0], 1.0]), fg.SilentDetach, ("np.hstack",)),
    ("np.full of a number", written(lambda w: np.full(3, w[0, 0])), fg.SilentDetach, ("s * np.ones(shape)",)),
    ("np.vectorize", written(np.vectorize(lambda v: v * 2.0)), fg.SilentDetach, ("np.vectorize", "fg.stack")),
    ("np.frompyfunc", written(np.frompyfunc(lambda v: v * 2.0, 1, 1)), fg.NotAValue, ("np.frompyfunc's", "whole arrays")),
    ("np.copyto", written(lambda w: np.copyto(np.zeros((2, 3)), w)), fg.NotAValue, ("copyto", "fg.at(x)[key].set")),
    ("np.put", written(lambda w: np.put(np.zeros(3), 0, w[0, 0])), fg.NotAValue, ("put", "fg.at(x)[key].set")),
    ("a row of an array", written(_row), fg.SilentDetach, ("fg.at(array)[key].set(node)",)),
    ("np.full", written(lambda w: np.full(3, w[0, 0])), fg.SilentDetach, ("np.full_like",)),
    ("an array of objects", written(lambda w: np.array([w[0, 0]], dtype=object)), fg.SilentDetach, ("fg.stack",)),
    ("fill", written(lambda w: w.fill(0.0)), fg.SilentDetach, ("fill()", "full_like")),
    ("sort in place", written(lambda w: w.sort()), fg.SilentDetach, ("sort()", "fg.sort(x)")),
    ("tolist", written(lambda w: w.tolist()), fg.SilentDetach, ("node.value.tolist()", "list(node)")),
    ("an attribute of arrays", written(lambda w: w.strides), AttributeError, ("node.value.strides",)),
    ("out= of a sum", written(lambda w: np.sum(w, out=np.zeros(()))), fg.NotAValue, ("sum with out=", "immutable")),
    ("out= of a method", written(lambda w: w.sum(0, None, np.zeros(3))), fg.NotAValue, ("sum with out=",)),
    ("where= of an elementwise function", written(lambda w: np.exp(w, where=W > 1.0)), fg.NotAValue, ("exp with where=",)),
    ("where= without initial=", written(lambda w: np.max(w, where=W > 1.0)), fg.NotAValue, ("initial=", "-np.inf")),
    ("an order of memory", written(lambda w: np.ravel(w, order="K")), fg.NotAValue, ("'C' or 'F'",)),
    ("a mode of pad", written(lambda w: np.pad(w, 1, mode="linear_ramp")), fg.NotAValue, ("linear_ramp", "'edge'")),
    ("a method of quantile", written(lambda w: np.quantile(w, 0.5, method="hazen")), fg.NotAValue, ("hazen", "'linear'")),
    ("a share beyond 1", written(lambda w: fg.quantile(w, 50.0)), fg.NotAValue, ("0 to 1", "Percentiles")),
    ("histogram", written(np.histogram), fg.NotAValue, ("histogram", "node.value")),
    ("unique", written(np.unique), fg.NotAValue, ("return_index",)),
    ("allclose", written(lambda w: np.allclose(w, W)), fg.NotAValue, ("Compare node.value", "isclose")),
    ("any of numbers", written(np.any), fg.NotAValue, ("any", "condition")),
    ("astype", written(lambda w: w.astype(np.float32)), fg.NotAValue, ("float32", "float64")),
    ("einsum by numbers", written(lambda w: np.einsum(w, [0, 1])), fg.NotAValue, ("by letters",)),
    ("einsum without ...", written(lambda w: fg.einsum("i...->i", w)), fg.ShapeMismatch, ("... in the result",)),
    ("an axis that is no number", written(lambda w: w.sum(1.5)), fg.ShapeMismatch, ("axis 1.5",)),
    ("set of too many", written(lambda w: w.at[0].set(np.ones(2))), fg.ShapeMismatch, ("at[].set", "(2,)", "(3,)")),
    ("set out of bounds", written(lambda w: w.at[5].set(1.0)), fg.ShapeMismatch, ("out of bounds",)),
    ("at of a list", lambda: fg.at(["a"]), fg.NotAValue, ("'a'",)),
    ("interp of other lengths", written(lambda w: fg.interp(w, np.arange(3.0), np.arange(4.0))), fg.ShapeMismatch, ("(3,) and (4,)",)),
    ("a list as an operand", written(lambda w: w * [1.0, 2.0, 3.0]), fg.NotAValue, ("np.array(numbers)",)),
    ("masked on the left", written(lambda w: np.ma.masked_less(W, 2.0) + w), fg.SilentDetach, ("node.value",)),
    ("masked on the right", written(lambda w: w + np.ma.masked_less(W, 2.0)), fg.NotAValue, ("MaskedArray", "filled")),
    ("matrix on the left", written(lambda w: _matrix() + w), fg.NotAValue, ("matrix", "np.asarray")),
    ("matrix on the right", written(lambda w: w * _matrix()), fg.NotAValue, ("matrix", "np.asarray")),
    ("subclass on the left", written(lambda w: W.view(_Sub) * w), fg.NotAValue, ("_Sub", "np.asarray")),
    ("dtype=", written(lambda w: np.sum(w, dtype=np.float32)), fg.NotAValue, ("dtype=",)),
    ("a function without a rule", written(np.unwrap), fg.NotAValue, ("unwrap", "node.value")),
    ("item assignment", written(_set), fg.SilentDetach, ("where",)),
    ("an element of an array", written(_element), fg.SilentDetach, ("node.value",)),
    ("an array of a node", written(np.array), fg.SilentDetach, ("node.value", "fg.stack")),
    ("an array of nodes", written(lambda w: np.array([w[0, 0], 1.0])), fg.SilentDetach, ("fg.stack",)),
    ("a branch", written(lambda w: bool(w > 0.0)), fg.SilentDetach, ("where",)),
    ("float()", written(lambda w: float(w.sum())), fg.SilentDetach, ("node.value",)),
    ("in", written(lambda w: 1.0 in w), fg.SilentDetach, ("node.value",)),
    ("==", written(lambda w: w == W), fg.SilentDetach, ("equal(x, y)",)),
    ("== from the left", written(lambda w: w == W), fg.SilentDetach, ("equal(x, y)",)),
    ("gradient of an array", lambda: fg.gradient(fg.sin)(W), fg.NotDifferentiable, ("one real number",)),
    ("grad of an array", written(lambda w: fg.grad(fg.Graph.of(w), w)), fg.NotDifferentiable, ("sum",)),
    ("tangent", lambda: fg.jvp(fg.sin)(W, np.ones(3)), fg.ShapeMismatch, ("(3,)", "(2, 3)")),
    ("cotangent", lambda: fg.vjp(fg.sin)(W)[1](np.ones(3)), fg.ShapeMismatch, ("(3,)", "(2, 3)")),
    ("compile", lambda: fg.compile(fg.sum)(W), fg.NotAValue, ("(2, 3)", "fg.compile(f).map")),
    ("compile of a node", written(fg.compile(fg.sin)), fg.NotAValue, ("numbers alone",)),
    ("compile that gives an array", lambda: fg.compile(lambda x: x * W)(1.0), fg.NotAValue, ("(2, 3)", "list(array)")),
    ("compile of a tree", lambda: fg.compile(lambda p: fg.sum(p["w"]))({"w": W}), fg.NotAValue, ("p['w']", "(2, 3)", "call the function itself with arrays")),
    ("a program", lambda: fg.trace(lambda x: x * x)(1.0).run((W,)), fg.NotAValue, ("x needs", "(2, 3)")),
    ("trace", lambda: fg.trace(lambda x: (x, W))(1.0), fg.NotAValue, ("result", "(2, 3)")),
    ("trace of stack", lambda: fg.trace(lambda x: fg.stack([x, x]))(1.0), fg.NotAValue, ("numbers alone",)),
    ("compile of custom", lambda: fg.compile(_spread())(1.0), fg.NotAValue, ("numbers alone", "result")),
    ("taylor of a tuple", lambda: fg.taylor(lambda x: (x, x), 2)(W), fg.NotDifferentiable, ("taylor",)),
    ("taylor in a list", lambda: fg.taylor(fg.sin, 2)([W]), fg.NotAValue, ("taylor", "along a line")),
    ("taylor of truths", lambda: fg.taylor(lambda x: x > 0.0, 2)(W), fg.NotDifferentiable, ("taylor",)),
    ("root of another shape", fg.root(lambda x: x[0], W), fg.ShapeMismatch, ("root", "(3,)", "(2, 3)")),
    ("root from truths", lambda: fg.root(lambda x: x, W > 0.0), fg.NotAValue, ("start", "truth values")),
    ("root that holds a node", written(lambda w: fg.root(lambda x: x * x - w, W)()), fg.NotAValue, ("root", "from outside")),
    ("fixed_point that holds one", written(lambda w: fg.fixed_point(lambda x: x * w, W)()), fg.NotAValue, ("fixed_point", "from outside")),
    ("root without a solution", fg.root(lambda x: x * x + 1.0, W), fg.NotConverged, ("root", "Start nearer")),
    ("root in a compiled function", lambda: fg.compile(fg.root(lambda x, a: x * x - a, W))(2.0), fg.NotAValue, ("root", "numbers alone")),
    ("an axis of no array", lambda: fg.sum([1.0, 2.0], 0), fg.NotAValue, ("axis=0", "fg.stack")),
]  # fmt: skip


_Sub: Any = type("_Sub", (np.ndarray,), {})


def _spread() -> Any:
    return fg.custom(lambda x: x * W, vjp=lambda x, y, bar: fg.sum(bar * W))


def _matrix() -> Any:
    with pytest.warns(PendingDeprecationWarning):
        return np.matrix(W)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[0])
def test_it_is_refused_with_what_came_and_what_to_do(case: Any) -> None:
    _, action, error, said = case
    with pytest.raises(error) as caught:
        action()
    text = str(caught.value)
    for part in said:
        assert part in text, text
    assert "\n" not in text
    assert "Held" not in text


@pytest.mark.parametrize(
    ("name", "said"),
    [("softmax", "fg.softmax(x, axis)"), ("logsumexp", "fg.logsumexp(x, axis)"), ("log_softmax", "x - fg.logsumexp(x, axis, keepdims=True)")],
)  # fmt: skip
def test_functions_of_scipy_in_python_are_refused_with_ours(name: str, said: str) -> None:
    special = pytest.importorskip("scipy.special")
    with pytest.raises(fg.SilentDetach) as caught:
        getattr(special, name)(fg.var(W, "w"))
    assert said in str(caught.value)


TABLES: list[tuple[str, Callable[[Any, Any], Any], str]] = [
    ("pandas", lambda t, w: t.Series(W[0]) * w[0], "Series"),
    ("pandas", lambda t, w: w[0] - t.Series(W[0]), "Series"),
    ("pandas", lambda t, w: t.Series(W[0]) * w[0, 0], "Series"),
    ("pandas", lambda t, w: w[0, 0] * t.DataFrame(W), "DataFrame"),
    ("pandas", lambda t, w: t.DataFrame(W) > w[0, 0], "DataFrame"),
    ("pandas", lambda t, w: fg.sin(t.Series(W[0])), "Series"),
    ("xarray", lambda t, w: w[0] + t.DataArray(W[0]), "DataArray"),
    ("xarray", lambda t, w: fg.sum(t.DataArray(W[0]) * w[0]), "DataArray"),
]


@pytest.mark.parametrize(("library", "action", "named"), TABLES)
def test_tables_on_either_side_are_refused_by_name(library: str, action: Any, named: str) -> None:
    module = pytest.importorskip(library)
    with pytest.raises(fg.NotAValue, match=rf"{named} of shape .*to_numpy"):
        action(module, fg.var(W, "w"))


def test_the_value_of_a_node_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        _value(fg.var(W.copy()))


def test_arrays_of_whole_numbers_are_data() -> None:
    x = fg.var(np.arange(3))
    assert x.value.dtype == np.float64
    assert fg.gradient(lambda v: fg.sum(v * v))(np.arange(3)).tolist() == [0.0, 2.0, 4.0]
    assert fg.sin(np.arange(2)).tolist() == [0.0, fg.sin(1.0)]
    assert isinstance(fg.var(np.array(2)).value, float)
    assert fg.var(W.astype(">f8")).value.dtype.isnative


def test_fgrad_is_imported_without_numpy_and_runs_on_numbers_without_it() -> None:
    import subprocess  # noqa: PLC0415  # for this one
    import sys  # noqa: PLC0415  # likewise

    program = (
        "import sys, fgrad as fg; x = fg.var(2.0); y = fg.where(x > 1, x * x, 0.0) + fg.sum([x, 1.0]);"
        "fg.grad(fg.Graph.of(y), y)[x]; fg.gradient(lambda p: p[0] * fg.sin(p[1]))((1.0, 2.0));"
        "fg.hessian(lambda x: x * x)(1.0); fg.jvp(fg.sin)(1.0, 1.0); fg.vjp(fg.sin)(1.0)[1](1.0);"
        "print('numpy' in sys.modules, 'fgrad.arrays' in sys.modules)"
    )
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    missing = f"import sys; sys.modules['numpy'] = None; {program}"
    subprocess.run([sys.executable, "-c", missing], capture_output=True, check=True)
