"""Programs as formulas: what people would write, and braces that balance."""

import re
from typing import Any

import pytest

import fgrad as fg
from fgrad.ops import library
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.program.latex.table import FORMS, names
from fgrad.program.program import Program
from tests.samples.programs import OPERATIONS, program


def body(f: Any, *args: Any) -> str:
    lines = fg.to_latex(fg.trace(f)(*args)).split("\n")
    assert lines[0] == r"\begin{align*}"
    assert lines[-1] == r"\end{align*}"
    return "\n".join(lines[1:-1])


def test_every_operation_has_its_form() -> None:
    assert set(FORMS) == {*OPERATIONS, *library.special().values()}
    for op, form in FORMS.items():
        shown = {1, 3} if op is ops.cosine else set(range(1, op.arity + 1))
        assert set(map(int, re.findall(r"#(\d)", form.text))) == shown


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda a, b: a + b * a, r"y &= a + a \cdot b"),
        (lambda a, b: (a + b) * a, r"y &= a \cdot \left(a + b\right)"),
        (lambda a, b: a - (b - a), r"y &= a - \left(b - a\right)"),
        (lambda a, b: a - b - a, r"y &= a - b - a"),
        (lambda a, b: (a + b) / (a * b), r"y &= \frac{a + b}{a \cdot b}"),
        (lambda a, b: (a / b) ** 2.0, r"y &= \left(\frac{a}{b}\right)^{2}"),
        (lambda a, b: a ** (b + 1.0), r"y &= a^{b + 1}"),
        (lambda a, b: (a**b) ** a, r"y &= \left(a^{b}\right)^{a}"),
        (lambda a, b: a * -b, r"y &= a \cdot \left(-b\right)"),
        (lambda a, b: -(a + b), r"y &= -\left(a + b\right)"),
        (lambda a, b: a * -2.0 - b * 1e-9, r"y &= a \cdot \left(-2\right) - b \cdot 10^{-9}"),
        (lambda a, b: (a - b) * (a - b), r"y &= \left(a - b\right)^{2}"),
        (lambda a, b: fg.exp(-(a * a) / 2.0), r"y &= \exp\left(\frac{-a^{2}}{2}\right)"),
        (lambda a, b: fg.sqrt(abs(a)) * fg.sin(b) ** 2.0,
         r"y &= \sqrt{\left|a\right|} \cdot \sin\left(b\right)^{2}"),
        (lambda a, b: fg.where(fg.logical_and(a < b, a > 0.0), a, -b),
         r"y &= \begin{cases} a & \text{if } a < b \land a > 0 \\ -b & \text{otherwise} \end{cases}"),
        (lambda a, b: fg.where(a < b, a, b) * 2.0,
         r"y &= \left(\begin{cases} a & \text{if } a < b \\ b & \text{otherwise} \end{cases}\right) \cdot 2"),
        (lambda a, b: fg.sigmoid(a - b), r"y &= \frac{1}{1 + \exp\left(-\left(a - b\right)\right)}"),
        (lambda a, b: fg.floor(a) + fg.log(b), r"y &= \left\lfloor a \right\rfloor + \ln\left(b\right)"),
        (lambda a, b: fg.polygamma(1.0, a + b), r"y &= \psi^{\left(1\right)}\left(a + b\right)"),
        (lambda a, b: fg.hypot(a, b + 1.0), r"y &= \sqrt{a^{2} + \left(b + 1\right)^{2}}"),
    ],
)  # fmt: skip
def test_formulas_are_what_people_write(f: Any, expected: str) -> None:
    assert body(f, 1.0, 2.0) == expected


def test_what_is_used_more_than_once_has_a_name() -> None:
    def f(x: Any) -> Any:
        e = fg.exp(x)
        return [e * x, fg.sin(e) + 1.0, e * x]

    rows = (
        r"t_{1} &= \exp\left(x\right) \\",
        r"y_{1} &= x \cdot t_{1} \\",
        r"y_{2} &= \sin\left(t_{1}\right) + 1 \\",
        r"y_{3} &= y_{1}",
    )
    assert body(f, 1.0) == "\n".join(rows)


def test_names_of_results_are_not_those_of_inputs() -> None:
    assert body(lambda y, t: [y, fg.exp(t) * fg.exp(t) * y], 1.0, 1.0).split("\n") == [
        r"f_{1} &= y \\",
        r"f_{2} &= y \cdot \exp\left(t\right)^{2}",
    ]
    shared = body(lambda t: fg.exp(t) - fg.sin(fg.exp(t)), 1.0)
    assert shared.startswith(r"u_{1} &= \exp\left(t\right)")


def test_inputs_are_named_by_what_they_are() -> None:
    known = (
        "x",
        "x1",
        "sigma_1",
        "params.weights[0]",
        "p['rate']",
        "alpha",
        "Theta",
        "learning_rate",
    )
    assert names(known) == (
        "x", "x_{1}", r"\sigma_{1}", r"\mathrm{params}_{\mathrm{weights}, 0}", r"p_{\mathrm{rate}}",
        r"\alpha", r"\Theta", r"\mathrm{learning}_{\mathrm{rate}}",
    )  # fmt: skip
    assert names(("a_1", "a[1]", "{}")) == (r"\mathtt{a\_1}", r"\mathtt{a[1]}", r"\mathtt{\{\}}")


def test_ones_own_operations_and_several_results_have_their_names() -> None:
    half = fg.Unary("my_half", lambda x: 0.5 * x, lambda out, x: 0.5)
    assert body(lambda x: half(x) + 1.0, 1.0) == r"y &= \operatorname{my\_half}\left(x\right) + 1"
    both = MultiOp("both", lambda x: (x, -x), 1, 2, lambda outs, args, flows: flows[:1])
    known = Program(("x",), ((both, (0,)), (Item.at(1), (1,))), (2,)).check()
    assert r"y &= {\operatorname{both}\left(x\right)}_{2}" in fg.to_latex(known)


def unbalanced(text: str) -> int:
    plain = re.sub(r"\\[{}]", "", text)
    depth = 0
    for c in plain:
        depth += {"{": 1, "}": -1}.get(c, 0)
        assert depth >= 0
    begins, ends = re.findall(r"\\begin\{(.*?)\}", text), re.findall(r"\\end\{(.*?)\}", text)
    assert sorted(begins) == sorted(ends)
    return depth + text.count(r"\left(") - text.count(r"\right)")


def test_every_random_program_gives_balanced_braces_and_all_outputs() -> None:
    for seed in range(400):
        known = program(seed)
        text = fg.to_latex(known)
        assert unbalanced(text) == 0, seed
        assert "#" not in text
        for k in range(len(known.outputs)):
            name = "y" if len(known.outputs) == 1 else f"y_{{{k + 1}}}"
            assert re.search(rf"^{re.escape(name)} &", text, re.MULTILINE), seed


def test_a_long_chain_is_broken_into_rows() -> None:
    lines: Any = tuple((ops.sin, (i,)) for i in range(20_000))
    text = fg.to_latex(Program(("x",), lines, (20_000,)))
    assert max(len(row) for row in text.split("\n")) < 400
    assert unbalanced(text) == 0
