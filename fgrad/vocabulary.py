"""Names of other libraries and their equivalents here, for errors about unknown names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

# For each of ours the names elsewhere: numpy, scipy, math, and the operations of JAX, torch, CasADi, SymPy.
_OPERATIONS: Final = {
    "abs": "absolute fabs",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "betaln": "lbeta",
    "clip": "clamp",
    "digamma": "psi",
    "div": "divide true_divide",
    "dot": "sumprod",
    "equal": "eq",
    "erfinv": "erf_inv",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "greater": "gt",
    "greater_equal": "ge",
    "jv": "jn",
    "kv": "kn",
    "less": "lt",
    "less_equal": "le",
    "lgamma": "gammaln loggamma",
    "log": "ln",
    "max": "amax",
    "maximum": "fmax",
    "min": "amin",
    "minimum": "fmin",
    "mod": "remainder",
    "mul": "multiply",
    "neg": "negative",
    "not_equal": "ne",
    "pow": "power",
    "prod": "product",
    "rem": "fmod",
    "round": "around rint",
    "sigmoid": "logistic",
    "sign": "sgn signum",
    "square": "sq sqr",
    "sub": "subtract",
    "sum": "fsum",
    "trunc": "fix",
    "where": "Piecewise cond if_else",
    "yv": "yn",
}
# Names of the array API that are others than numpy's first ones.
_ARRAYS: Final = {
    "concatenate": "concat",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "quantile": "percentile",
    "swapaxes": "matrix_transpose",
    "transpose": "permute_dims",
    "trapezoid": "trapz",
    "vstack": "row_stack",
}
_TRANSFORMS: Final = {
    "adam": "Adam",
    "check_gradient": "check_grad check_grads gradcheck",
    "compile": "Function jit lambdify njit",
    "compile(f).map": "pmap vectorize vmap",
    "compile(fg.gradient(f)).map": "elementwise_grad",
    "custom": "custom_gradient custom_jvp custom_vjp primitive",
    "from_sympy": "sympify",
    "grad": "backward",
    "gradient": "deriv derivative",
    "gradient_descent": "SGD sgd",
    "hessian": "hess",
    "hvp": "hessian_vector_product make_hvp",
    "jacobian": "jac",
    "jacobian(f, mode='forward')": "jacfwd",
    "jacobian(f, mode='reverse')": "jacrev",
    "jvp": "jtimes linearize make_jvp",
    "lbfgs": "LBFGS",
    "root": "custom_root fsolve newton nsolve rootfinder",
    "stop_gradient": "detach no_grad",
    "taylor": "jet series",
    "to_c": "ccode codegen",
    "to_latex": "latex",
    "trace": "make_jaxpr",
    "trees": "tree_util",
    "trees.flatten": "tree_flatten",
    "trees.leaves": "tree_leaves",
    "trees.map": "tree_map",
    "trees.ravel": "ravel_pytree",
    "value_and_gradient": "grad_and_value value_and_grad",
    "var": "MX SX Symbol Tensor Value Variable symbol symbols tensor variable",
    "vjp": "make_vjp",
}
# Formulas of several operations: of numbers x and y, a sequence xs, and truth values a and b.
_FORMULAS: Final = {
    "-fg.softplus(-x)": "log_expit log_sigmoid logsigmoid",
    "a ^ b": "logical_xor",
    "fg.dot(xs, xs)": "sumsqr",
    "fg.floor(x / y)": "floor_divide",
    "fg.pow(x, y)": "float_power",
    "fg.reciprocal(fg.sqrt(x))": "rsqrt",
    "math.e": "e",
    "math.inf": "inf",
    "math.nan": "nan",
    "math.pi": "pi",
    "x * (180.0 / math.pi)": "degrees rad2deg",
    "x * (math.pi / 180.0)": "deg2rad radians",
    "x - functools.reduce(fg.logaddexp, xs)": "log_softmax",
}
# Functions of numpy that take nodes and have no name of ours.
_OF_NUMPY: Final = (
    "all", "any", "append", "apply_along_axis", "argmax", "argmin", "argpartition", "argsort",
    "argwhere", "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "average", "bincount",
    "block", "broadcast_arrays", "choose", "column_stack", "compress", "corrcoef", "correlate",
    "count_nonzero", "cov", "delete", "diagflat", "digitize", "dsplit", "dstack", "ediff1d",
    "extract", "flatnonzero", "fliplr", "flipud", "full_like", "heaviside", "hsplit",
    "insert", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf",
    "lexsort", "linspace", "meshgrid", "nan_to_num", "nanargmax", "nanargmin", "nancumprod",
    "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod",
    "nanquantile", "nanstd", "nansum", "nanvar", "nonzero", "ones_like", "partition",
    "piecewise", "polyval", "ptp", "resize", "rollaxis", "rot90", "signbit", "tril_indices_from",
    "triu_indices_from", "unstack", "vander", "vecdot", "vsplit", "zeros_like",
)  # fmt: skip


def _by_their_name(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for ours, theirs in names.items():
        yield from ((name, ours) for name in theirs.split())


OTHERS: Final[Mapping[str, str]] = MappingProxyType({
    **{name: f"fg.{ours}" for name, ours in _by_their_name(_OPERATIONS | _TRANSFORMS | _ARRAYS)},
    **{name: f"np.{name}" for name in _OF_NUMPY},
    **dict(_by_their_name(_FORMULAS)),
})  # fmt: skip
"""For a name of another library, its equivalent here."""
