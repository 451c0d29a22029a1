"""fgrad: exact derivatives of immutable expressions.

An expression is a value, a derivative is a pure fold over it. Data flows one way:
`Node → Graph → Program → backend`. `import fgrad as fg` is the style of the documentation, since several names
(`abs`, `sum`, `round`, `compile`) are also builtins.

>>> import fgrad as fg
>>> a = fg.var(3.0, "a")
>>> b = a + a
>>> fg.grad(fg.Graph.of(b), b)[a]
2.0
"""

import types as _types
import typing as _typing

from fgrad import operators as _operators  # noqa: F401  # nodes get theirs there
from fgrad import refusals as _refusals  # noqa: F401  # likewise
from fgrad import trees as trees
from fgrad import waiting as _waiting
from fgrad.derivatives import gradient as gradient
from fgrad.derivatives import value_and_gradient as value_and_gradient
from fgrad.errors import CyclicTree as CyclicTree
from fgrad.errors import EmptyReduction as EmptyReduction
from fgrad.errors import FormatError as FormatError
from fgrad.errors import GradientMismatch as GradientMismatch
from fgrad.errors import MalformedProgram as MalformedProgram
from fgrad.errors import MissingExtra as MissingExtra
from fgrad.errors import NotAValue as NotAValue
from fgrad.errors import NotConverged as NotConverged
from fgrad.errors import NotDifferentiable as NotDifferentiable
from fgrad.errors import NotPicklable as NotPicklable
from fgrad.errors import SilentDetach as SilentDetach
from fgrad.errors import TracedNumber as TracedNumber
from fgrad.errors import TreeMismatch as TreeMismatch
from fgrad.errors import UnknownName as UnknownName
from fgrad.errors import UnknownNode as UnknownNode
from fgrad.errors import Untranslatable as Untranslatable
from fgrad.graph import Graph as Graph
from fgrad.node import Condition as Condition
from fgrad.node import Node as Node
from fgrad.node import var as var
from fgrad.op import Binary as Binary
from fgrad.op import Op as Op
from fgrad.op import Ternary as Ternary
from fgrad.op import Unary as Unary
from fgrad.operand import Partial as Partial
from fgrad.operand import Real as Real
from fgrad.operand import when as when
from fgrad.operations import abs as abs
from fgrad.operations import acos as acos
from fgrad.operations import acosh as acosh
from fgrad.operations import add as add
from fgrad.operations import asin as asin
from fgrad.operations import asinh as asinh
from fgrad.operations import atan as atan
from fgrad.operations import atan2 as atan2
from fgrad.operations import atanh as atanh
from fgrad.operations import cbrt as cbrt
from fgrad.operations import ceil as ceil
from fgrad.operations import clip as clip
from fgrad.operations import copysign as copysign
from fgrad.operations import cos as cos
from fgrad.operations import cosh as cosh
from fgrad.operations import digamma as digamma
from fgrad.operations import div as div
from fgrad.operations import equal as equal
from fgrad.operations import erf as erf
from fgrad.operations import erfc as erfc
from fgrad.operations import exp as exp
from fgrad.operations import exp2 as exp2
from fgrad.operations import expm1 as expm1
from fgrad.operations import floor as floor
from fgrad.operations import greater as greater
from fgrad.operations import greater_equal as greater_equal
from fgrad.operations import hypot as hypot
from fgrad.operations import less as less
from fgrad.operations import less_equal as less_equal
from fgrad.operations import lgamma as lgamma
from fgrad.operations import log as log
from fgrad.operations import log1p as log1p
from fgrad.operations import log2 as log2
from fgrad.operations import log10 as log10
from fgrad.operations import logaddexp as logaddexp
from fgrad.operations import logical_and as logical_and
from fgrad.operations import logical_not as logical_not
from fgrad.operations import logical_or as logical_or
from fgrad.operations import maximum as maximum
from fgrad.operations import minimum as minimum
from fgrad.operations import mod as mod
from fgrad.operations import mul as mul
from fgrad.operations import neg as neg
from fgrad.operations import not_equal as not_equal
from fgrad.operations import polygamma as polygamma
from fgrad.operations import pow as pow
from fgrad.operations import reciprocal as reciprocal
from fgrad.operations import relu as relu
from fgrad.operations import round as round
from fgrad.operations import sigmoid as sigmoid
from fgrad.operations import sign as sign
from fgrad.operations import sin as sin
from fgrad.operations import sinh as sinh
from fgrad.operations import softplus as softplus
from fgrad.operations import sqrt as sqrt
from fgrad.operations import square as square
from fgrad.operations import stop_gradient as stop_gradient
from fgrad.operations import sub as sub
from fgrad.operations import tan as tan
from fgrad.operations import tanh as tanh
from fgrad.operations import where as where
from fgrad.reduction import dot as dot
from fgrad.reduction import prod as prod
from fgrad.reduction import sum as sum
from fgrad.reverse import Gradients as Gradients
from fgrad.reverse import NodeGradients as NodeGradients
from fgrad.reverse import grad as grad
from fgrad.reverse import grad_nodes as grad_nodes

if _typing.TYPE_CHECKING:
    from fgrad.ccode import to_c as to_c
    from fgrad.check import check_gradient as check_gradient
    from fgrad.compiled import Compiled as Compiled
    from fgrad.compiling import compile as compile
    from fgrad.descent import Minimum as Minimum
    from fgrad.descent import Search as Search
    from fgrad.descent import minimise as minimise
    from fgrad.difference import Difference as Difference
    from fgrad.difference import diff as diff
    from fgrad.directional import hvp as hvp
    from fgrad.directional import jvp as jvp
    from fgrad.directional import vjp as vjp
    from fgrad.expansion import taylor as taylor
    from fgrad.foreign import custom as custom
    from fgrad.fromsympy import from_sympy as from_sympy
    from fgrad.implicit import fixed_point as fixed_point
    from fgrad.implicit import root as root
    from fgrad.latex import to_latex as to_latex
    from fgrad.linesearch import lbfgs as lbfgs
    from fgrad.listing import show as show
    from fgrad.matrix import Rows as Rows
    from fgrad.matrix import hessian as hessian
    from fgrad.matrix import jacobian as jacobian
    from fgrad.methods import Method as Method
    from fgrad.methods import State as State
    from fgrad.methods import adam as adam
    from fgrad.methods import gradient_descent as gradient_descent
    from fgrad.methods import momentum as momentum
    from fgrad.program import Program as Program
    from fgrad.symbolic import to_sympy as to_sympy
    from fgrad.tracing import trace as trace
    from fgrad.wire import dumps as dumps
    from fgrad.wire import loads as loads

# What is imported above: not fgrad's modules, which Python binds here too.
_NAMES: _typing.Final = frozenset(
    name
    for name, value in globals().items()
    if not name.startswith("_") and (value is trees or not isinstance(value, _types.ModuleType))
)

# Imported when they are asked for: all at once they would double the time that importing takes.
_LATER: _typing.Final = _types.MappingProxyType({
    "to_c": "ccode",
    "check_gradient": "check",
    "Compiled": "compiled",
    "compile": "compiling",
    "Minimum": "descent",
    "Search": "descent",
    "minimise": "descent",
    "Difference": "difference",
    "diff": "difference",
    "hvp": "directional",
    "jvp": "directional",
    "vjp": "directional",
    "taylor": "expansion",
    "custom": "foreign",
    "from_sympy": "fromsympy",
    "fixed_point": "implicit",
    "root": "implicit",
    "to_latex": "latex",
    "lbfgs": "linesearch",
    "show": "listing",
    "Rows": "matrix",
    "hessian": "matrix",
    "jacobian": "matrix",
    "Method": "methods",
    "State": "methods",
    "adam": "methods",
    "gradient_descent": "methods",
    "momentum": "methods",
    "Program": "program",
    "to_sympy": "symbolic",
    "trace": "tracing",
    "dumps": "wire",
    "loads": "wire",
})  # fmt: skip

_waiting.begin()


def __getattr__(name: str) -> _typing.Any:
    """What is imported when it is asked for."""
    if name not in _LATER:
        problem = f"module 'fgrad' has no attribute {name!r}"
        raise AttributeError(problem + _meant(name), name=name, obj=None)
    from importlib import import_module  # noqa: PLC0415  # so that it is no name of fgrad's

    value = getattr(import_module(f"fgrad.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def _meant(name: str) -> str:
    """What an unknown name is here: a name of other libraries, or one mistyped."""
    if name.startswith("_"):  # Python's own questions
        return ""
    from fgrad.errors import nearest  # noqa: PLC0415  # so that they are no names of fgrad's
    from fgrad.vocabulary import OTHERS  # noqa: PLC0415  # likewise

    close = nearest(name, __dir__())
    meant = OTHERS.get(name) or (close and f"fg.{close}")
    return f"; did you mean {meant}?" if meant else ""


def __dir__() -> list[str]:
    """All names, those that have not been asked for too."""
    return sorted({*_NAMES, *_LATER})
