"""fgrad: exact derivatives of immutable expressions; long, as names stand here for Python and for checkers.

An expression is a value, a derivative is a pure fold over it. Data flows one way:
`Node → Graph → Program → backend`. The documentation writes `import fgrad as fg`, since several names
(`abs`, `sum`, `round`, `compile`) are also builtins.

>>> import fgrad as fg
>>> a = fg.var(3.0, "a")
>>> b = a + a
>>> fg.grad(fg.Graph.of(b), b)[a]
2.0
"""

import types as _types
import typing as _typing

from fgrad.autodiff.gradients import Gradients as Gradients
from fgrad.autodiff.gradients import NodeGradients as NodeGradients
from fgrad.autodiff.reverse import grad as grad
from fgrad.autodiff.reverse import grad_nodes as grad_nodes
from fgrad.errors import CyclicTree as CyclicTree
from fgrad.errors import EmptyReduction as EmptyReduction
from fgrad.errors import FormatError as FormatError
from fgrad.errors import GradientMismatch as GradientMismatch
from fgrad.errors import MalformedProgram as MalformedProgram
from fgrad.errors import MissingExtra as MissingExtra
from fgrad.errors import MissingProgram as MissingProgram
from fgrad.errors import NotAValue as NotAValue
from fgrad.errors import NotConverged as NotConverged
from fgrad.errors import NotDifferentiable as NotDifferentiable
from fgrad.errors import NotPicklable as NotPicklable
from fgrad.errors import NotRegular as NotRegular
from fgrad.errors import OutOfBounds as OutOfBounds
from fgrad.errors import ShapeMismatch as ShapeMismatch
from fgrad.errors import SilentDetach as SilentDetach
from fgrad.errors import TracedNumber as TracedNumber
from fgrad.errors import TreeMismatch as TreeMismatch
from fgrad.errors import UnknownName as UnknownName
from fgrad.errors import UnknownNode as UnknownNode
from fgrad.errors import Untranslatable as Untranslatable
from fgrad.graph import operators as _operators  # noqa: F401  # nodes get theirs there
from fgrad.graph import refusals as _refusals  # noqa: F401  # likewise
from fgrad.graph.collector import relaxed_gc as relaxed_gc
from fgrad.graph.graph import Graph as Graph
from fgrad.graph.node import Condition as Condition
from fgrad.graph.node import Node as Node
from fgrad.graph.reduction import dot as dot
from fgrad.graph.reduction import prod as prod
from fgrad.graph.reduction import sum as sum
from fgrad.graph.variables import var as var
from fgrad.ops.operand import Partial as Partial
from fgrad.ops.operand import Real as Real
from fgrad.ops.operand import when as when
from fgrad.ops.primitive import Op as Op
from fgrad.ops.scalar import abs as abs
from fgrad.ops.scalar import acos as acos
from fgrad.ops.scalar import acosh as acosh
from fgrad.ops.scalar import add as add
from fgrad.ops.scalar import asin as asin
from fgrad.ops.scalar import asinh as asinh
from fgrad.ops.scalar import atan as atan
from fgrad.ops.scalar import atan2 as atan2
from fgrad.ops.scalar import atanh as atanh
from fgrad.ops.scalar import cbrt as cbrt
from fgrad.ops.scalar import ceil as ceil
from fgrad.ops.scalar import clip as clip
from fgrad.ops.scalar import copysign as copysign
from fgrad.ops.scalar import cos as cos
from fgrad.ops.scalar import cosh as cosh
from fgrad.ops.scalar import digamma as digamma
from fgrad.ops.scalar import div as div
from fgrad.ops.scalar import equal as equal
from fgrad.ops.scalar import erf as erf
from fgrad.ops.scalar import erfc as erfc
from fgrad.ops.scalar import exp as exp
from fgrad.ops.scalar import exp2 as exp2
from fgrad.ops.scalar import expm1 as expm1
from fgrad.ops.scalar import floor as floor
from fgrad.ops.scalar import greater as greater
from fgrad.ops.scalar import greater_equal as greater_equal
from fgrad.ops.scalar import hypot as hypot
from fgrad.ops.scalar import less as less
from fgrad.ops.scalar import less_equal as less_equal
from fgrad.ops.scalar import lgamma as lgamma
from fgrad.ops.scalar import log as log
from fgrad.ops.scalar import log1p as log1p
from fgrad.ops.scalar import log2 as log2
from fgrad.ops.scalar import log10 as log10
from fgrad.ops.scalar import logaddexp as logaddexp
from fgrad.ops.scalar import logical_and as logical_and
from fgrad.ops.scalar import logical_not as logical_not
from fgrad.ops.scalar import logical_or as logical_or
from fgrad.ops.scalar import maximum as maximum
from fgrad.ops.scalar import minimum as minimum
from fgrad.ops.scalar import mod as mod
from fgrad.ops.scalar import mul as mul
from fgrad.ops.scalar import neg as neg
from fgrad.ops.scalar import not_equal as not_equal
from fgrad.ops.scalar import polygamma as polygamma
from fgrad.ops.scalar import pow as pow
from fgrad.ops.scalar import reciprocal as reciprocal
from fgrad.ops.scalar import relu as relu
from fgrad.ops.scalar import round as round
from fgrad.ops.scalar import sigmoid as sigmoid
from fgrad.ops.scalar import sign as sign
from fgrad.ops.scalar import sin as sin
from fgrad.ops.scalar import sinh as sinh
from fgrad.ops.scalar import softplus as softplus
from fgrad.ops.scalar import sqrt as sqrt
from fgrad.ops.scalar import square as square
from fgrad.ops.scalar import stop_gradient as stop_gradient
from fgrad.ops.scalar import sub as sub
from fgrad.ops.scalar import tan as tan
from fgrad.ops.scalar import tanh as tanh
from fgrad.ops.scalar import where as where
from fgrad.ops.signatures import Binary as Binary
from fgrad.ops.signatures import Ternary as Ternary
from fgrad.ops.signatures import Unary as Unary

if _typing.TYPE_CHECKING:
    from fgrad import trees as trees
    from fgrad.arrays.api import at as at
    from fgrad.arrays.api import broadcast_to as broadcast_to
    from fgrad.arrays.api import cholesky as cholesky
    from fgrad.arrays.api import concatenate as concatenate
    from fgrad.arrays.api import convolve as convolve
    from fgrad.arrays.api import cross as cross
    from fgrad.arrays.api import cumprod as cumprod
    from fgrad.arrays.api import cumsum as cumsum
    from fgrad.arrays.api import det as det
    from fgrad.arrays.api import diag as diag
    from fgrad.arrays.api import diagonal as diagonal
    from fgrad.arrays.api import eigh as eigh
    from fgrad.arrays.api import eigvalsh as eigvalsh
    from fgrad.arrays.api import einsum as einsum
    from fgrad.arrays.api import expand_dims as expand_dims
    from fgrad.arrays.api import expm as expm
    from fgrad.arrays.api import flip as flip
    from fgrad.arrays.api import hstack as hstack
    from fgrad.arrays.api import inner as inner
    from fgrad.arrays.api import interp as interp
    from fgrad.arrays.api import inv as inv
    from fgrad.arrays.api import irfft as irfft
    from fgrad.arrays.api import kron as kron
    from fgrad.arrays.api import logsumexp as logsumexp
    from fgrad.arrays.api import lstsq as lstsq
    from fgrad.arrays.api import matmul as matmul
    from fgrad.arrays.api import matrix_power as matrix_power
    from fgrad.arrays.api import max as max
    from fgrad.arrays.api import mean as mean
    from fgrad.arrays.api import median as median
    from fgrad.arrays.api import min as min
    from fgrad.arrays.api import moveaxis as moveaxis
    from fgrad.arrays.api import multi_dot as multi_dot
    from fgrad.arrays.api import norm as norm
    from fgrad.arrays.api import outer as outer
    from fgrad.arrays.api import pad as pad
    from fgrad.arrays.api import pinv as pinv
    from fgrad.arrays.api import qr as qr
    from fgrad.arrays.api import quantile as quantile
    from fgrad.arrays.api import ravel as ravel
    from fgrad.arrays.api import repeat as repeat
    from fgrad.arrays.api import reshape as reshape
    from fgrad.arrays.api import rfft as rfft
    from fgrad.arrays.api import roll as roll
    from fgrad.arrays.api import searchsorted as searchsorted
    from fgrad.arrays.api import select as select
    from fgrad.arrays.api import slogdet as slogdet
    from fgrad.arrays.api import softmax as softmax
    from fgrad.arrays.api import solve as solve
    from fgrad.arrays.api import solve_triangular as solve_triangular
    from fgrad.arrays.api import sort as sort
    from fgrad.arrays.api import split as split
    from fgrad.arrays.api import spsolve as spsolve
    from fgrad.arrays.api import squeeze as squeeze
    from fgrad.arrays.api import stack as stack
    from fgrad.arrays.api import std as std
    from fgrad.arrays.api import svd as svd
    from fgrad.arrays.api import swapaxes as swapaxes
    from fgrad.arrays.api import take as take
    from fgrad.arrays.api import take_along_axis as take_along_axis
    from fgrad.arrays.api import tensordot as tensordot
    from fgrad.arrays.api import tile as tile
    from fgrad.arrays.api import transpose as transpose
    from fgrad.arrays.api import trapezoid as trapezoid
    from fgrad.arrays.api import tril as tril
    from fgrad.arrays.api import triu as triu
    from fgrad.arrays.api import vdot as vdot
    from fgrad.arrays.api import vstack as vstack
    from fgrad.arrays.nodes import ArrayCondition as ArrayCondition
    from fgrad.arrays.nodes import ArrayNode as ArrayNode
    from fgrad.compiled.compile import compile as compile
    from fgrad.compiled.compiled import Compiled as Compiled
    from fgrad.compiled.diff import Difference as Difference
    from fgrad.compiled.diff import diff as diff
    from fgrad.fitting.fit import Fit as Fit
    from fgrad.fitting.least_squares import least_squares as least_squares
    from fgrad.formats.c.writer import to_c as to_c
    from fgrad.formats.graphviz.drawing import Drawing as Drawing
    from fgrad.formats.graphviz.drawing import draw as draw
    from fgrad.formats.json.codec import dumps as dumps
    from fgrad.formats.json.codec import loads as loads
    from fgrad.formats.sympy.reader import from_sympy as from_sympy
    from fgrad.formats.sympy.writer import to_sympy as to_sympy
    from fgrad.nonlinear.problem import NLP as NLP
    from fgrad.nonlinear.problem import nlp as nlp
    from fgrad.nonlinear.solution import Iteration as Iteration
    from fgrad.nonlinear.solution import Solution as Solution
    from fgrad.nonlinear.solve import solve_nlp as solve_nlp
    from fgrad.ops.bessel import airy as airy
    from fgrad.ops.bessel import airyai as airyai
    from fgrad.ops.bessel import airyaiprime as airyaiprime
    from fgrad.ops.bessel import airybi as airybi
    from fgrad.ops.bessel import airybiprime as airybiprime
    from fgrad.ops.bessel import i0 as i0
    from fgrad.ops.bessel import i1 as i1
    from fgrad.ops.bessel import iv as iv
    from fgrad.ops.bessel import j0 as j0
    from fgrad.ops.bessel import j1 as j1
    from fgrad.ops.bessel import jv as jv
    from fgrad.ops.bessel import k0 as k0
    from fgrad.ops.bessel import k1 as k1
    from fgrad.ops.bessel import kv as kv
    from fgrad.ops.bessel import yv as yv
    from fgrad.ops.beta import beta as beta
    from fgrad.ops.beta import betaln as betaln
    from fgrad.ops.beta import gamma as gamma
    from fgrad.ops.beta import gammainc as gammainc
    from fgrad.ops.beta import gammaincc as gammaincc
    from fgrad.ops.beta import zeta as zeta
    from fgrad.ops.elementary import cospi as cospi
    from fgrad.ops.elementary import cot as cot
    from fgrad.ops.elementary import csc as csc
    from fgrad.ops.elementary import exp10 as exp10
    from fgrad.ops.elementary import fma as fma
    from fgrad.ops.elementary import rem as rem
    from fgrad.ops.elementary import sec as sec
    from fgrad.ops.elementary import sinc as sinc
    from fgrad.ops.elementary import sinpi as sinpi
    from fgrad.ops.elementary import trunc as trunc
    from fgrad.ops.integrals import ellipe as ellipe
    from fgrad.ops.integrals import ellipk as ellipk
    from fgrad.ops.integrals import exp1 as exp1
    from fgrad.ops.integrals import expi as expi
    from fgrad.ops.integrals import lambertw as lambertw
    from fgrad.ops.logarithms import entr as entr
    from fgrad.ops.logarithms import log1mexp as log1mexp
    from fgrad.ops.logarithms import logit as logit
    from fgrad.ops.logarithms import xlog1py as xlog1py
    from fgrad.ops.logarithms import xlogy as xlogy
    from fgrad.ops.normal import erfcinv as erfcinv
    from fgrad.ops.normal import erfcx as erfcx
    from fgrad.ops.normal import erfinv as erfinv
    from fgrad.ops.normal import log_ndtr as log_ndtr
    from fgrad.ops.normal import ndtr as ndtr
    from fgrad.ops.normal import ndtri as ndtri
    from fgrad.optimize.descent import Minimum as Minimum
    from fgrad.optimize.descent import Search as Search
    from fgrad.optimize.descent import minimize as minimize
    from fgrad.optimize.lbfgs import lbfgs as lbfgs
    from fgrad.optimize.methods import Method as Method
    from fgrad.optimize.methods import State as State
    from fgrad.optimize.methods import adam as adam
    from fgrad.optimize.methods import gradient_descent as gradient_descent
    from fgrad.optimize.methods import momentum as momentum
    from fgrad.program.latex.writer import to_latex as to_latex
    from fgrad.program.program import Program as Program
    from fgrad.program.text import show as show
    from fgrad.program.trace import trace as trace
    from fgrad.solvers.implicit import fixed_point as fixed_point
    from fgrad.solvers.implicit import root as root
    from fgrad.sparse.derivative import SparseDerivative as SparseDerivative
    from fgrad.sparse.derivative import Sparsity as Sparsity
    from fgrad.sparse.derivative import sparse_hessian as sparse_hessian
    from fgrad.sparse.derivative import sparse_jacobian as sparse_jacobian
    from fgrad.sparse.derivative import sparsity as sparsity
    from fgrad.sparse.nonzeros import Nonzeros as Nonzeros
    from fgrad.sparse.pattern import Pattern as Pattern
    from fgrad.sparse.problem import Derivatives as Derivatives
    from fgrad.sparse.problem import derivatives as derivatives
    from fgrad.transforms.check import check_gradient as check_gradient
    from fgrad.transforms.custom import custom as custom
    from fgrad.transforms.directional import hvp as hvp
    from fgrad.transforms.directional import jvp as jvp
    from fgrad.transforms.directional import vjp as vjp
    from fgrad.transforms.gradient import gradient as gradient
    from fgrad.transforms.gradient import value_and_gradient as value_and_gradient
    from fgrad.transforms.jacobian import Rows as Rows
    from fgrad.transforms.jacobian import hessian as hessian
    from fgrad.transforms.jacobian import jacobian as jacobian
    from fgrad.transforms.taylor import taylor as taylor

expit = sigmoid  # the name of SciPy, JAX and torch, beside that of the field

# The names imported above, without fgrad's modules, which Python binds here too.
_NAMES: _typing.Final = frozenset(
    name
    for name, value in globals().items()
    if not name.startswith("_") and not isinstance(value, _types.ModuleType)
)

# The names of each module that is imported on first use: all at once they would double the time that
# importing takes.
_NAMES_OF: _typing.Final = {
    "arrays.api": (
        "mean std max min logsumexp softmax norm cumsum cumprod matmul outer inner vdot "
        "tensordot einsum reshape ravel transpose moveaxis swapaxes squeeze expand_dims "
        "broadcast_to concatenate stack split flip roll repeat tile pad take take_along_axis "
        "sort spsolve diagonal diag tril triu solve inv det slogdet cholesky eigh eigvalsh "
        "expm kron lstsq matrix_power multi_dot pinv qr solve_triangular svd rfft irfft at "
        "convolve cross hstack interp median quantile searchsorted select trapezoid vstack"
    ),
    "arrays.nodes": "ArrayNode ArrayCondition",
    "compiled.compile": "compile",
    "compiled.compiled": "Compiled",
    "compiled.diff": "Difference diff",
    "fitting.fit": "Fit",
    "fitting.least_squares": "least_squares",
    "formats.c.writer": "to_c",
    "formats.graphviz.drawing": "Drawing draw",
    "formats.json.codec": "dumps loads",
    "formats.sympy.reader": "from_sympy",
    "formats.sympy.writer": "to_sympy",
    "nonlinear.problem": "NLP nlp",
    "nonlinear.solution": "Iteration Solution",
    "nonlinear.solve": "solve_nlp",
    "ops.bessel": "i0 i1 iv j0 j1 jv yv k0 k1 kv airy airyai airyaiprime airybi airybiprime",
    "ops.beta": "gamma beta betaln gammainc gammaincc zeta",
    "ops.elementary": "sec csc cot sinpi cospi sinc exp10 trunc rem fma",
    "ops.integrals": "expi exp1 ellipk ellipe lambertw",
    "ops.logarithms": "logit log1mexp xlogy xlog1py entr",
    "ops.normal": "erfcx ndtr log_ndtr erfinv erfcinv ndtri",
    "optimize.descent": "Minimum Search minimize",
    "optimize.lbfgs": "lbfgs",
    "optimize.methods": "Method State adam gradient_descent momentum",
    "program.latex.writer": "to_latex",
    "program.program": "Program",
    "program.text": "show",
    "program.trace": "trace",
    "solvers.implicit": "fixed_point root",
    "sparse.derivative": ("SparseDerivative Sparsity sparse_hessian sparse_jacobian sparsity"),
    "sparse.nonzeros": "Nonzeros",
    "sparse.pattern": "Pattern",
    "sparse.problem": "Derivatives derivatives",
    "transforms.check": "check_gradient",
    "transforms.custom": "custom",
    "transforms.directional": "hvp jvp vjp",
    "transforms.gradient": "gradient value_and_gradient",
    "transforms.jacobian": "Rows hessian jacobian",
    "transforms.taylor": "taylor",
    "trees": "trees",
}
_LATER: _typing.Final = _types.MappingProxyType(
    {name: module for module, names in _NAMES_OF.items() for name in names.split()}
)

# So that `from fgrad import *` and `help(fgrad)` have the latter too.
__all__ = [*_NAMES, *_LATER]  # noqa: PLE0604  # of names alone


def __getattr__(name: str) -> _typing.Any:
    """A name that is imported on first use."""
    if name not in _LATER:
        problem = f"module 'fgrad' has no attribute {name!r}"
        raise AttributeError(problem + _meant(name), name=name, obj=None)
    from importlib import import_module  # noqa: PLC0415  # so that it is no name of fgrad's

    module = import_module(f"fgrad.{_LATER[name]}")
    value = module if name == "trees" else getattr(module, name)
    globals()[name] = value
    return value


def _meant(name: str) -> str:
    """The hint for an unknown name: one of another library, or a typing error."""
    if name.startswith("_"):  # names that Python itself looks up
        return ""
    from fgrad.errors import nearest  # noqa: PLC0415  # so that they are no names of fgrad's
    from fgrad.vocabulary import OTHERS  # noqa: PLC0415  # likewise

    close = nearest(name, __dir__())
    meant = OTHERS.get(name) or (close and f"fg.{close}")
    return f"; did you mean {meant}?" if meant else ""


def __dir__() -> list[str]:
    """All names, with those that have not been imported yet."""
    return sorted({*_NAMES, *_LATER})
