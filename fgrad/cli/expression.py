"""Expressions as text: parsed with `ast`, and read as steps that compute nodes.

An expression is made of numbers, names, `+ - * / % **`, comparisons (`0 < x < 1` means both),
`and or not`, `a if c else b` and calls of the operations that fgrad exports. Python evaluates
nothing: `ast` parses a tree, from which a loop makes steps. Both sides of `a if c else b` are
computed, and the inactive branch has no derivative. Numbers follow IEEE 754 (`1/0` is inf).
`pi`, `e`, `inf` and `nan` are constants unless a value is given for the name.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

import fgrad
from fgrad.cli.alphabet import READ_HERE, WORD, require_readable
from fgrad.errors import FormatError, NotAValue, UnknownName
from fgrad.graph.node import Node, constant
from fgrad.graph.variables import var
from fgrad.ops import library
from fgrad.ops import scalar as ops
from fgrad.ops.operand import literal
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Choice, Connective, Negation

LONGEST: Final = 20_000
DEEPEST: Final = 1_500  # Python 3.11 and 3.12 parse no deeper than about 2,000

CONSTANTS: Final[Mapping[str, float]] = MappingProxyType(
    {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
)
OPERATIONS: Final = frozenset(
    {name for name, op in vars(ops).items() if isinstance(op, Op) and name in fgrad.__all__}
    | {name for name in library.MODULES if name in fgrad.__all__}
)
"""The names of the operations that may be called."""
_OPERATORS: Final[Mapping[type[ast.AST], Op]] = MappingProxyType({
    ast.Add: ops.add, ast.Sub: ops.sub, ast.Mult: ops.mul, ast.Div: ops.div, ast.Mod: ops.mod,
    ast.Pow: ops.pow, ast.USub: ops.neg,
    ast.Lt: ops.less, ast.LtE: ops.less_equal, ast.Gt: ops.greater, ast.GtE: ops.greater_equal,
    ast.Eq: ops.equal, ast.NotEq: ops.not_equal,
    ast.And: ops.logical_and, ast.Or: ops.logical_or, ast.Not: ops.logical_not,
})  # fmt: skip

_SAID_HERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "expit": "sigmoid",
        "ln": "log",
        "max": "maximum",
        "min": "minimum",
        "sum": "add",
        "prod": "mul",
    }
)


@attrs.frozen
class Step:
    """A number, a name, or an operation on earlier steps, with its place in the text."""

    what: float | str | Op
    args: tuple[int, ...]
    start: int
    end: int

    @property
    def truth(self) -> bool:
        """Whether it gives a truth value."""
        return isinstance(self.what, Op) and self.what.truth


@attrs.frozen
class Expression:
    """A text that has been read: steps in an order in which each comes after its arguments.

    >>> parse("x * w + pi").names
    ('x', 'w', 'pi')
    """

    text: str
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of appearance, constants among them."""
        found = {step.what: None for step in self.steps if isinstance(step.what, str)}
        return tuple(found)

    def variables(self, values: Mapping[str, float]) -> dict[str, Node[float]]:
        """A variable for each name that has a value, in the order of appearance.

        Raises UnknownName for a name that has no value and is no constant.
        """
        for name in self.names:
            if name not in values and name not in CONSTANTS:
                raise UnknownName.among(name, (*values, *CONSTANTS), "value")
        return {name: var(values[name], name) for name in self.names if name in values}

    def evaluate(self, variables: Mapping[str, Node[float]]) -> Node[float]:
        """The node of the whole; a name that is none of `variables` is a constant.

        >>> expression = parse("x*y if x > 0 else 0")
        >>> expression.evaluate(expression.variables({"x": 2.0, "y": 3.0}))
        Node(where(greater(…), mul(…), 0.0), value=6.0)
        """
        results: list[Any] = []
        for step in self.steps:
            if isinstance(step.what, float):
                results.append(step.what)
            elif isinstance(step.what, str):
                found = variables.get(step.what)
                results.append(CONSTANTS[step.what] if found is None else found)
            else:
                operation: Any = step.what
                results.append(operation(*[results[i] for i in step.args]))
        output = results[-1]
        return output if isinstance(output, Node) else constant(output)


def parse(text: str) -> Expression:
    """Read an expression of at most LONGEST characters and DEEPEST levels.

    Raises FormatError where the text is no expression, UnknownName for a call of something that
    is no operation, NotAValue for a truth value where a number is needed or the reverse.
    """
    text = re.sub(r"[ \t\r\n\f\v]", " ", text)
    if len(text) > LONGEST:
        raise FormatError(text, LONGEST, f"an expression has at most {LONGEST:,} characters")
    if not text.strip(" "):
        raise FormatError(text, 0, "the expression is empty")
    require_readable(text)
    return Expression(text, _Reader(text).read(_tree(text)))


def _tree(text: str) -> ast.expr:
    indent = len(text) - len(text.lstrip(" "))
    try:
        return ast.parse(text[indent:], mode="eval").body
    except (RecursionError, MemoryError):
        raise FormatError(text, 0, "the expression is nested too deeply") from None
    except SyntaxError as error:
        end = len(text.rstrip(" "))
        # Python places an error at the end of the text at offset 0.
        column = min(indent + error.offset - 1, end) if error.offset else end
        raise FormatError(text, column, _problem(error.msg, text[column:end])) from None


def _problem(message: str, rest: str) -> str:
    if message.startswith("invalid syntax. Perhaps you forgot a comma"):
        return "an operator or a comma is missing"
    if message.startswith("Missing parentheses in call"):
        return "parentheses are missing"
    if message != "invalid syntax":
        return message.partition(";")[0]
    if not rest:
        return "the expression ends too early"
    word = WORD.match(rest)
    return f"{word[0] if word else rest[0]} is not expected here"


class _Reader:
    """The walk from a tree to steps: a loop, so that Python's recursion limit is never met."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: list[Step] = []
        indent = len(text) - len(text.lstrip(" "))
        # `ast` counts bytes of UTF-8 after the indent; a place here is a character of the text.
        self.places = [i for i in range(indent, len(text)) for _ in text[i].encode()]
        self.places.append(len(text))

    def read(self, tree: ast.expr) -> tuple[Step, ...]:
        """The steps of `tree`, the last of which gives the value of the text."""
        done: list[int] = []
        stack: list[tuple[ast.expr, int, Sequence[ast.expr] | None]] = [(tree, 1, None)]
        while stack:
            node, depth, parts = stack.pop()
            if depth > DEEPEST:
                raise self.refusal(node, "the expression is nested too deeply")
            if parts is None:
                parts = self.parts(node)
                stack.append((node, depth, parts))
                stack += [(part, depth + 1, None) for part in reversed(parts)]
            else:
                first = len(done) - len(parts)
                done[first:] = [self.join(node, done[first:])]
        self.require("an expression", done[0], truth=False)
        return tuple(self.steps)

    def parts(self, node: ast.expr) -> Sequence[ast.expr]:
        """The expressions that `node` is made of, in the order of the text."""
        match node:
            case ast.Constant(value=int() | float()) | ast.Name():
                return ()
            case ast.UnaryOp(operand=x):
                return (x,)
            case ast.BinOp(left=x, right=y):
                return (x, y)
            case ast.Compare(left=x, comparators=others):
                return (x, *others)
            case ast.BoolOp(values=values):
                return values
            case ast.IfExp(test=condition, body=x, orelse=y):
                return (x, condition, y)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                self.require_call(node, name, len(args), bool(keywords))
                return args
            case ast.Attribute(attr=name) | ast.Call(func=ast.Attribute(attr=name)):
                advice = f"write {name}(...)" if name in OPERATIONS else f"{READ_HERE} read here"
                raise self.refusal(node, f"attributes are not read: {advice}")
            case ast.Call():
                raise self.refusal(node, "only operations are called; multiplication is written *")
            case ast.Tuple():
                raise self.refusal(node, "a comma stands only between the arguments of a call")
            case _:
                raise self.refusal(node, f"{READ_HERE} read here")

    def join(self, node: ast.expr, args: Sequence[int]) -> int:
        """Add the steps of `node` on its parts; the index of the one that gives its value."""
        match node:
            case ast.Constant(value=int() | float() as value):
                return self.add(node, literal(value, "an expression"))
            case ast.Name(id=name):
                return self.add(node, name)
            case ast.UnaryOp(op=ast.UAdd()):
                self.require("+", args[0], truth=False)
                return args[0]
            case ast.UnaryOp(op=operator) | ast.BinOp(op=operator):
                return self.add(node, self.operation(node, operator), *args)
            case ast.Compare(ops=operators):
                pairs = zip(operators, args, args[1:], strict=False)
                each = [self.add(node, self.operation(node, o), x, y) for o, x, y in pairs]
                return self.chain(node, ops.logical_and, each)
            case ast.BoolOp(op=operator):
                return self.chain(node, self.operation(node, operator), args)
            case ast.IfExp():
                return self.add(node, ops.where, args[1], args[0], args[2])
            case ast.Call(func=ast.Name(id=name)):
                return self.add(node, library.named(name), *args)
            case _:
                raise self.refusal(node, f"{READ_HERE} read here")

    def operation(self, node: ast.expr, operator: ast.AST) -> Op:
        """The operation for an operator of Python's; FormatError if there is none."""
        op = _OPERATORS.get(type(operator))
        if op is None:
            raise self.refusal(node, f"{READ_HERE} read here")
        return op

    def chain(self, node: ast.expr, op: Op, args: Sequence[int]) -> int:
        """`op` on the first two, on that and the third, and so on."""
        result = args[0]
        for arg in args[1:]:
            result = self.add(node, op, result, arg)
        return result

    def add(self, node: ast.expr, what: float | str | Op, *args: int) -> int:
        """Add a step whose arguments are of the kind that it needs; its index."""
        for i, arg in enumerate(args):
            truth = isinstance(what, (Connective, Negation)) or (
                isinstance(what, Choice) and i == 0
            )
            self.require(what.name if isinstance(what, Op) else "", arg, truth=truth)
        self.steps.append(Step(what, args, *self.place(node)))
        return len(self.steps) - 1

    def require(self, where: str, index: int, *, truth: bool) -> None:
        """Raise NotAValue unless the step gives a truth value, or a number, as is needed."""
        step = self.steps[index]
        if step.truth is truth:
            return
        source = f"`{self.text[step.start : step.end]:.60}`"
        if truth:
            advice = "Compare it with something, as in `x > 0`."
            raise NotAValue(where, "a truth value", f"the number {source}", advice)
        advice = "Choose a number by it, as in `1 if x > 0 else 0`."
        raise NotAValue(where, "a number", f"the truth value {source}", advice)

    def require_call(self, node: ast.expr, name: str, count: int, keywords: bool) -> None:
        """Refuse a call of anything but an operation on as many arguments as it takes."""
        if name not in OPERATIONS:
            raise UnknownName.among(name, sorted(OPERATIONS), "operation", _SAID_HERE.get(name))
        if keywords:
            raise self.refusal(node, f"the arguments of {name} are given by place, not by name")
        arity = library.named(name).arity
        if count != arity:
            takes = f"{arity} argument{'s' if arity > 1 else ''}"
            raise self.refusal(node, f"{name} takes {takes}, and {count} are given")

    def place(self, node: ast.expr) -> tuple[int, int]:
        """The first character of `node` and the one after its last."""
        return self.places[node.col_offset], self.places[node.end_col_offset or node.col_offset]

    def refusal(self, node: ast.expr, problem: str) -> FormatError:
        """The error that shows where `node` stands."""
        return FormatError(self.text, self.place(node)[0], problem)
