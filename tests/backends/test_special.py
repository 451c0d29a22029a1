"""Special functions on every backend, and in the texts of programs."""

import itertools
import operator
from typing import Any

import pytest

import fgrad as fg
from fgrad.backends.native.installed import native_is_installed
from fgrad.backends.python import source
from fgrad.ops import library
from fgrad.ops.primitive import Op
from tests.samples.programs import AWKWARD, alone
from tests.samples.special_cases import SPECIAL

OPERATIONS = tuple(library.special().values())
each = pytest.mark.parametrize("op", OPERATIONS, ids=operator.attrgetter("name"))

# How far columns may be from the meaning on floats, in ulp, and native code: others have its bits.
COLUMNS = {
    "sec": 3, "csc": 3, "cot": 4, "sinpi": 2, "cospi": 2, "sinc": 3, "exp10": 2, "logit": 6,
    "log1mexp": 5, "bose": 4, "xlogy": 3, "xlog1py": 4, "entr": 3, "entr_slope": 4,
    "erfcx": 8, "ndtr": 10, "log_ndtr": 8, "normal_density": 4,
}  # fmt: skip
NATIVE = {
    "sec": 2, "csc": 2, "cot": 3, "exp10": 2, "logit": 3, "log1mexp": 3, "bose": 3, "xlogy": 2,
    "xlog1py": 3, "entr": 3, "entr_slope": 3, "ndtr": 4, "normal_density": 3,
}  # fmt: skip


def points(op: Op) -> list[tuple[float, ...]]:
    """Awkward points, and those of the case of this operation."""
    few = AWKWARD if op.arity < 3 else AWKWARD[::2]
    drawn = [p for case in SPECIAL if case.op is op for p in (*case.tame, *case.points(50))]
    if op.arity == 2:
        orders = (0.0, 0.5, 2.0, 2.5)
        drawn += [(n, x) for n in orders for x in (0.3, 0.7, 1.9, 4.2, 30.0)]
    return [*itertools.product(few, repeat=op.arity), *drawn]


def meant(op: Op) -> list[tuple[tuple[float, ...], float]]:
    known = alone(op)
    try:
        return [(x, known.run(x)[0]) for x in points(op)]
    except fg.MissingExtra as error:
        pytest.skip(str(error))


@each
def test_generated_python_has_every_bit(op: Op) -> None:
    function = source(alone(op)).function()
    for x, expected in meant(op):
        assert repr(function(*x)) == repr((expected,)), x


@each
def test_columns_are_near_the_meaning(op: Op) -> None:
    np: Any = pytest.importorskip("numpy")
    from fgrad.backends.numpy.columns import columns  # noqa: PLC0415  # needs numpy
    from tests.measures.nearness import ulps  # noqa: PLC0415  # likewise

    pairs = meant(op)
    column = columns(alone(op))(list(np.array([x for x, _ in pairs]).T))[0].tolist()
    for (x, expected), got in zip(pairs, column, strict=True):
        assert ulps(got, expected) <= COLUMNS.get(op.name, 0), (x, got, expected)


@pytest.mark.skipif(not native_is_installed(), reason="native code is an extra")
@each
def test_native_code_is_near_the_meaning(op: Op) -> None:
    from fgrad.backends.native.math.table import FUNCTIONS  # noqa: PLC0415  # an extra
    from fgrad.backends.native.runtime.entry import Entry  # noqa: PLC0415  # needs llvmlite
    from fgrad.backends.native.runtime.llvm import host  # noqa: PLC0415  # likewise
    from tests.measures.machines import without_fma  # noqa: PLC0415  # likewise
    from tests.measures.nearness import ulps  # noqa: PLC0415  # needs numpy

    pairs = meant(op)
    machines = (host(), without_fma()) if op in FUNCTIONS else (host(),)
    for machine in machines:
        entry = Entry.of(alone(op), exact=False, machine=machine)
        for x, expected in pairs:
            got = entry.run(*x)[0]
            assert ulps(got, expected) <= NATIVE.get(op.name, 0), (x, got, expected)


@each
def test_it_is_written_and_read_again(op: Op) -> None:
    known = alone(op)
    text = fg.dumps(known)
    assert fg.loads(text) == known
    assert f"{op.name}(" in fg.show(known)
    assert fg.to_latex(known).count("=") == 1
    assert r"\operatorname{" + op.name.replace("_", r"\_") not in fg.to_latex(known) or (
        op.name in {"sinc", "trunc", "rem", "fma", "logit", "erfcx"}
    )
    other: Any = type(op)(op.name, op.impl, *op.rules)
    assert alone(other).digest != known.digest
    with pytest.raises(fg.FormatError, match=f"'@{op.name}'"):
        fg.loads(fg.dumps(alone(other)))


@pytest.mark.parametrize("backend", ["reference", "python", "numpy", "native"])
def test_a_gradient_of_special_functions_is_compiled(backend: str) -> None:
    pytest.importorskip("scipy")
    pytest.importorskip("numpy")
    if backend == "native" and not native_is_installed():
        pytest.skip("native code is an extra")

    def model(x: Any) -> Any:
        return (
            fg.log_ndtr(x)
            + fg.jv(1.5, x) * fg.gammainc(2.5, x)
            - fg.betaln(x, 2.0) * fg.ndtri(0.3 * x)
        )

    slope: Any = fg.gradient(model)
    if backend == "numpy":
        np: Any = pytest.importorskip("numpy")
        got = fg.compile(slope).map(np.array([0.7, 1.3])).tolist()
        assert got == pytest.approx([slope(0.7), slope(1.3)], rel=1e-14)
    else:
        assert fg.compile(slope, backend=backend)(0.7) == pytest.approx(slope(0.7), rel=1e-14)  # type: ignore[call-overload]  # any backend
