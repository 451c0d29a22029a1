"""fgrad: exact derivatives of immutable expressions.

An expression is a value, a derivative is a pure fold over it. Data flows one way:
`Node → Graph → grad`. `import fgrad as fg` is the style of the documentation, since several names
(`abs`, `sum`, `round`, `pow`) are also builtins.

>>> import fgrad as fg
>>> a = fg.var(3.0, "a")
>>> b = a + a
>>> fg.grad(fg.Graph.of(b), b)[a]
2.0
"""

from fgrad import trees as trees
from fgrad.check import check_gradient as check_gradient
from fgrad.derivative import gradient as gradient
from fgrad.derivative import value_and_gradient as value_and_gradient
from fgrad.directional import hvp as hvp
from fgrad.directional import jvp as jvp
from fgrad.directional import vjp as vjp
from fgrad.errors import CyclicTree as CyclicTree
from fgrad.errors import EmptyReduction as EmptyReduction
from fgrad.errors import FormatError as FormatError
from fgrad.errors import GradientMismatch as GradientMismatch
from fgrad.errors import NotAValue as NotAValue
from fgrad.errors import NotDifferentiable as NotDifferentiable
from fgrad.errors import NotPicklable as NotPicklable
from fgrad.errors import SilentDetach as SilentDetach
from fgrad.errors import TreeMismatch as TreeMismatch
from fgrad.errors import UnknownName as UnknownName
from fgrad.errors import UnknownNode as UnknownNode
from fgrad.graph import Graph as Graph
from fgrad.matrix import Rows as Rows
from fgrad.matrix import hessian as hessian
from fgrad.matrix import jacobian as jacobian
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
