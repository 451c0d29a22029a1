"""How operations, numbers and names are written in LaTeX.

A form holds `#1`, `#2` and `#3` for its arguments. Each place has a precedence; an argument that
binds less strongly, or has a minus sign after something else, is put in parentheses there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from fgrad.ops import beta, elementary, logarithms, normal
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.primitive import Op
from fgrad.program.latex import special

Text: TypeAlias = tuple[str, int]
"""A formula and how strongly it binds."""

OPEN: Final = 0  # a place with delimiters of its own
OR: Final = 1
AND: Final = 2
NOT: Final = 3
RELATION: Final = 4
SUM: Final = 5
PRODUCT: Final = 6
POWER: Final = 7
ATOM: Final = 8

_PLACE: Final = re.compile(r"#(\d)")


@attrs.frozen
class Form:
    """A formula with places for arguments, how strongly it binds, and what each place needs."""

    text: str
    strength: int
    needed: tuple[int, ...]

    def filled(self, args: Sequence[Text]) -> Text:
        r"""The formula with these arguments.

        >>> Form("#1 - #2", SUM, (SUM, PRODUCT)).filled([("a", ATOM), ("b + c", SUM)])[0]
        'a - \\left(b + c\\right)'
        """
        pieces: list[str] = []
        end = 0
        for place, needed in zip(_PLACE.finditer(self.text), self.needed, strict=True):
            text, strength = args[int(place[1]) - 1]
            behind = place.start() > 0 and needed > OPEN and text.startswith("-")
            if strength < needed or behind:
                text = rf"\left({text}\right)"
            pieces += (self.text[end : place.start()], text)
            end = place.end()
        return "".join([*pieces, self.text[end:]]), self.strength


def _infix(sign: str, strength: int, left: int, right: int) -> Form:
    return Form(f"#1 {sign} #2", strength, (left, right))


def _call(function: str, arity: int = 1) -> Form:
    places = ", ".join(f"#{i + 1}" for i in range(arity))
    return Form(rf"{function}\left({places}\right)", ATOM, (OPEN,) * arity)


def _named(name: str, arity: int = 1) -> Form:
    return _call(rf"\operatorname{{{name}}}", arity)


FORMS: Final[Mapping[Op, Form]] = MappingProxyType({
    ops.less: _infix("<", RELATION, SUM, SUM),
    ops.less_equal: _infix(r"\leq", RELATION, SUM, SUM),
    ops.greater: _infix(">", RELATION, SUM, SUM),
    ops.greater_equal: _infix(r"\geq", RELATION, SUM, SUM),
    ops.equal: _infix("=", RELATION, SUM, SUM),
    ops.not_equal: _infix(r"\neq", RELATION, SUM, SUM),
    ops.logical_and: _infix(r"\land", AND, AND, AND),
    ops.logical_or: _infix(r"\lor", OR, OR, OR),
    ops.logical_not: Form(r"\lnot #1", NOT, (ATOM,)),
    ops.where: Form(
        r"\begin{cases} #2 & \text{if } #1 \\ #3 & \text{otherwise} \end{cases}",
        OPEN,
        (OPEN, OPEN, OPEN),
    ),
    ops.add: _infix("+", SUM, SUM, SUM),
    ops.sub: _infix("-", SUM, SUM, PRODUCT),
    ops.mul: _infix(r"\cdot", PRODUCT, PRODUCT, PRODUCT),
    ops.div: Form(r"\frac{#1}{#2}", PRODUCT, (OPEN, OPEN)),
    ops.neg: Form("-#1", PRODUCT, (PRODUCT,)),
    ops.reciprocal: Form(r"\frac{1}{#1}", PRODUCT, (OPEN,)),
    ops.square: Form("#1^{2}", POWER, (ATOM,)),
    ops.identity: Form("#1", ATOM, (ATOM,)),
    ops.stop_gradient: _named(r"stop\_gradient"),
    ops.pow: Form("#1^{#2}", POWER, (ATOM, OPEN)),
    ops.power_slope: Form(r"#2 \cdot #1^{#2 - 1}", PRODUCT, (PRODUCT, ATOM, SUM)),
    ops.sqrt: Form(r"\sqrt{#1}", ATOM, (OPEN,)),
    ops.cbrt: Form(r"\sqrt[3]{#1}", ATOM, (OPEN,)),
    ops.hypot: Form(r"\sqrt{#1^{2} + #2^{2}}", ATOM, (ATOM, ATOM)),
    ops.cbrt_slope: Form(r"\frac{1}{3 \cdot \sqrt[3]{#1^{2}}}", PRODUCT, (ATOM,)),
    ops.cosine: Form(r"\frac{#1}{#3}", PRODUCT, (OPEN, OPEN)),
    ops.exp: _call(r"\exp"),
    ops.exp2: Form("2^{#1}", POWER, (OPEN,)),
    ops.expm1: Form(r"\exp\left(#1\right) - 1", SUM, (OPEN,)),
    ops.log: _call(r"\ln"),
    ops.log2: _call(r"\log_{2}"),
    ops.log10: _call(r"\log_{10}"),
    ops.log1p: Form(r"\ln\left(1 + #1\right)", ATOM, (SUM,)),
    ops.logaddexp: Form(
        r"\ln\left(\exp\left(#1\right) + \exp\left(#2\right)\right)", ATOM, (OPEN, OPEN)
    ),
    ops.share: Form(r"\frac{1}{1 + \exp\left(#2 - #1\right)}", PRODUCT, (SUM, PRODUCT)),
    ops.sin: _call(r"\sin"),
    ops.cos: _call(r"\cos"),
    ops.tan: _call(r"\tan"),
    ops.asin: _call(r"\arcsin"),
    ops.acos: _call(r"\arccos"),
    ops.atan: _call(r"\arctan"),
    ops.atan2: _named("atan2", 2),
    ops.complement: Form("1 - #1^{2}", SUM, (ATOM,)),
    ops.atan_slope: Form(r"\frac{1}{1 + #1^{2}}", PRODUCT, (ATOM,)),
    ops.acosh_slope: Form(r"\frac{1}{\sqrt{#1^{2} - 1}}", PRODUCT, (ATOM,)),
    ops.inversion: Form(r"\frac{#1}{#1^{2} + #2^{2}}", PRODUCT, (OPEN, ATOM, ATOM)),
    ops.sinh: _call(r"\sinh"),
    ops.cosh: _call(r"\cosh"),
    ops.tanh: _call(r"\tanh"),
    ops.asinh: _named("arsinh"),
    ops.acosh: _named("arcosh"),
    ops.atanh: _named("artanh"),
    ops.sigmoid: Form(r"\frac{1}{1 + \exp\left(-#1\right)}", PRODUCT, (PRODUCT,)),
    ops.bell: Form(r"\frac{1}{4 \cosh^{2}\left(\frac{#1}{2}\right)}", PRODUCT, (OPEN,)),
    ops.softplus: Form(r"\ln\left(1 + \exp\left(#1\right)\right)", ATOM, (OPEN,)),
    ops.relu: Form(r"\max\left(0, #1\right)", ATOM, (OPEN,)),
    ops.erf: _named("erf"),
    ops.erfc: _named("erfc"),
    ops.gauss: Form(r"\exp\left(-#1^{2}\right)", ATOM, (ATOM,)),
    ops.lgamma: Form(r"\ln\left|\Gamma\left(#1\right)\right|", ATOM, (OPEN,)),
    ops.digamma: _call(r"\psi"),
    ops.polygamma: Form(r"\psi^{\left(#1\right)}\left(#2\right)", ATOM, (OPEN, OPEN)),
    ops.abs: Form(r"\left|#1\right|", ATOM, (OPEN,)),
    ops.sign: _named("sign"),
    ops.maximum: _call(r"\max", 2),
    ops.minimum: _call(r"\min", 2),
    ops.clip: Form(r"\min\left(\max\left(#1, #2\right), #3\right)", ATOM, (OPEN, OPEN, OPEN)),
    ops.floor: Form(r"\left\lfloor #1 \right\rfloor", ATOM, (OPEN,)),
    ops.ceil: Form(r"\left\lceil #1 \right\rceil", ATOM, (OPEN,)),
    ops.round: _named("round"),
    ops.mod: _infix(r"\bmod", RELATION, ATOM, ATOM),
    ops.copysign: _named("copysign", 2),
    elementary.sinpi: Form(r"\sin\left(\pi \cdot #1\right)", ATOM, (PRODUCT,)),
    elementary.cospi: Form(r"\cos\left(\pi \cdot #1\right)", ATOM, (PRODUCT,)),
    elementary.exp10: Form("10^{#1}", POWER, (OPEN,)),
    logarithms.bernoulli: Form(r"#1 \cdot \left(1 - #1\right)", PRODUCT, (PRODUCT, PRODUCT)),
    logarithms.log1mexp: Form(
        r"\ln\left(1 - \exp\left(-#1\right)\right)", ATOM, (PRODUCT,)
    ),
    logarithms.bose: Form(r"\frac{1}{\exp\left(#1\right) - 1}", PRODUCT, (OPEN,)),
    logarithms.xlogy: Form(r"#1 \cdot \ln\left(#2\right)", PRODUCT, (PRODUCT, OPEN)),
    logarithms.xlog1py: Form(r"#1 \cdot \ln\left(1 + #2\right)", PRODUCT, (PRODUCT, SUM)),
    logarithms.entr: Form(r"-#1 \cdot \ln\left(#1\right)", PRODUCT, (PRODUCT, OPEN)),
    logarithms.entr_slope: Form(r"-1 - \ln\left(#1\right)", SUM, (OPEN,)),
    normal.log_ndtr: Form(r"\ln\left(\Phi\left(#1\right)\right)", ATOM, (OPEN,)),
    normal.erfc_integral: Form(
        r"\exp\left(#2^{2}\right) \cdot \operatorname{i}^{#1}\operatorname{erfc}\left(#2\right)",
        PRODUCT,
        (ATOM, OPEN, OPEN),
    ),
    beta.betaln: Form(r"\ln\left|\mathrm{B}\left(#1, #2\right)\right|", ATOM, (OPEN, OPEN)),
    beta.beta_slope: Form(
        r"\mathrm{B}^{\left(#1\right)}\left(#2, #3\right)", ATOM, (OPEN, OPEN, OPEN)
    ),
    beta.polygamma_gap: Form(
        r"\psi^{\left(#1\right)}\left(#2 + #3\right) - \psi^{\left(#1\right)}\left(#2\right)",
        SUM,
        (OPEN, SUM, SUM, OPEN, OPEN),
    ),
    beta.gamma_density: Form(
        r"\frac{#2^{#1 - 1} \cdot \exp\left(-#2\right)}{\Gamma\left(#1\right)}",
        PRODUCT,
        (ATOM, SUM, PRODUCT, OPEN),
    ),
    beta.zeta_log: Form(
        r"\sum_{k \geq 0} \frac{\ln^{#1}\left(#3 + k\right)}{\left(#3 + k\right)^{#2}}",
        SUM,
        (OPEN, SUM, SUM, OPEN),
    ),
    **{op: _call(name, op.arity) for op, name in special.CALLS.items()},
    **{
        op: Form(name + r"\left(#2\right)", ATOM, (OPEN, OPEN))
        for op, name in special.INDEXED.items()
    },
})  # fmt: skip


def form(op: Op) -> Form:
    """The form of an operation; one's own is a function of its name, an item a subscript."""
    known = FORMS.get(op)
    if known is not None:
        return known
    if isinstance(op, Item):
        return Form(f"{{#1}}_{{{op.index + 1}}}", ATOM, (ATOM,))
    return _named(_escaped(op.name), op.arity)


def number(value: float | bool) -> Text:
    """A literal: a truth value, or the shortest digits that are this number.

    >>> number(2.0), number(-0.5), number(1e-20)
    (('2', 8), ('-0.5', 6), ('10^{-20}', 7))
    """
    if isinstance(value, bool):
        return rf"\mathrm{{{str(value).lower()}}}", ATOM
    text = repr(value).removesuffix(".0").replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
    digits, _, exponent = text.partition("e")
    if exponent and "infty" not in text:
        power = f"10^{{{int(exponent)}}}"
        if digits in ("1", "-1"):
            return digits[:-1] + power, POWER if digits == "1" else PRODUCT
        return rf"{digits} \cdot {power}", PRODUCT
    return text, PRODUCT if text.startswith("-") else ATOM


_LETTERS: Final = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
_GREEK: Final = frozenset(_LETTERS.split())
_ESCAPES: Final = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#{}",
    "%": r"\%", "_": r"\_", "^": r"\hat{}", "~": r"\sim{}", " ": r"\ ",
}  # fmt: skip


def names(inputs: Sequence[str]) -> tuple[str, ...]:
    r"""Names in LaTeX: Greek letters as such, and what follows the first word as subscripts.

    >>> names(["x", "sigma_1", "params.weights[0]", "p['rate']"])
    ('x', '\\sigma_{1}', '\\mathrm{params}_{\\mathrm{weights}, 0}', 'p_{\\mathrm{rate}}')

    Names that would look the same are written as they are.

    >>> names(["x1", "x[1]"])
    ('\\mathtt{x1}', '\\mathtt{x[1]}')
    """
    texts = [_name(label) for label in inputs]
    seen = Counter(texts)
    return tuple(
        [
            text if text and seen[text] == 1 else rf"\mathtt{{{_escaped(label)}}}"
            for text, label in zip(texts, inputs, strict=True)
        ]
    )


def _name(label: str) -> str:
    words = [_word(word) for word in re.findall(r"[^\W\d_]+|\d+", label)]
    if len(words) < 2:
        return "".join(words)
    return f"{words[0]}_{{{', '.join(words[1:])}}}"


def _word(word: str) -> str:
    if word in _GREEK:
        return f"\\{word}"
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c if c.isprintable() else "?") for c in text)
