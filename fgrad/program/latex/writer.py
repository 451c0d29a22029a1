"""Programs as formulas for people, in LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fgrad.ops import scalar as ops
from fgrad.program.latex.table import ATOM, Text, form, names, number
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Program, given_program

_LONG: Final = 240  # a formula of more characters is broken, however often it is used
_READ: Final = 60
"""Instructions of the longest program that is shown as formulas without being asked for them."""
_PLAIN: Final = frozenset({ops.neg, ops.identity})


def to_latex(program: Program) -> str:
    r"""The outputs as formulas in an `align*`, one row each, of the simplified program.

    A quantity has a row and a name of its own if it is used more than once, or if its formula would
    be too long to read.

    >>> import fgrad as fg
    >>> print(fg.to_latex(fg.trace(lambda x, sigma_1: fg.exp(-x / sigma_1) * (x + 1.0))(1.0, 1.0)))
    \begin{align*}
    y &= \exp\left(\frac{-x}{\sigma_{1}}\right) \cdot \left(x + 1\right)
    \end{align*}
    """
    short = _squared(simplified(inlined(given_program(program, "to_latex"))))
    rows = " \\\\\n".join(_rows(short, names(short.inputs)))
    return f"\\begin{{align*}}\n{rows}\n\\end{{align*}}"


def readable(program: Program) -> str | None:
    """What `to_latex` gives of a program that is short with all that it calls; None of others."""
    short = len(program) <= _READ and len(inlined(program)) <= _READ
    return to_latex(program) if short else None


def _rows(program: Program, inputs: Sequence[str]) -> Iterator[str]:
    size, uses, outputs = len(inputs), program.uses, _outputs(program, inputs)
    letter = _letter("tuvwsq", inputs)
    texts: list[Text] = [(name, ATOM) for name in inputs]
    late: dict[int, str] = {}  # outputs that no other row uses come at the end, in their order
    count = 0
    for i, (op, args) in enumerate(program.instructions, size):
        text = form(op).filled([texts[a] if type(a) is int else number(a) for a in args])
        plain = op in _PLAIN and all(type(a) is not int or a < size for a in args)
        sign = r"&\iff" if op.truth else "&="
        name = outputs.get(i)
        if name is not None and not uses[i]:
            late[i] = f"{name} {sign} {text[0]}"
        elif name is not None or (uses[i] > 1 and not plain) or len(text[0]) > _LONG:
            if name is None:
                count += 1
                name = f"{letter}_{{{count}}}"
            yield f"{name} {sign} {text[0]}"
            text = (name, ATOM)
        texts.append(text)
    said: set[int] = set()
    for k, i in enumerate(program.outputs):
        if i in late and i not in said:
            yield late[i]
        elif i < size or i in said:
            yield f"{_output(k, program, inputs)} &= {inputs[i] if i < size else outputs[i]}"
        said.add(i)


def _squared(program: Program) -> Program:
    """The program with squares for products of a value with itself, as people write them."""
    instructions = [
        (ops.square, args[:1])
        if op is ops.mul and type(args[0]) is int and args[0] == args[1]
        else (op, args)
        for op, args in program.instructions
    ]
    return Program(program.inputs, tuple(instructions), program.outputs)


def _outputs(program: Program, inputs: Sequence[str]) -> dict[int, str]:
    """The name of each instruction that is an output, as the first output that it is."""
    named: dict[int, str] = {}
    for k, i in enumerate(program.outputs):
        if i >= len(inputs):
            named.setdefault(i, _output(k, program, inputs))
    return named


def _output(k: int, program: Program, inputs: Sequence[str]) -> str:
    letter = _letter("yfzgh", inputs)
    return letter if len(program.outputs) == 1 else f"{letter}_{{{k + 1}}}"


def _letter(choices: str, inputs: Sequence[str]) -> str:
    """The first of these letters that no input has."""
    taken = {name[0] for name in inputs if len(name) == 1 or name[1] == "_"}
    return next((c for c in choices if c not in taken), rf"\mathbf{{{choices[0]}}}")
