"""Where each operation is: those of `scalar`, which is always there, and special functions beside it.

Special functions are in modules of their own, imported when one of them is asked for: all at once
they would add 7 % to what importing takes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

from fgrad.errors import UnknownName
from fgrad.ops import scalar
from fgrad.ops.primitive import Op

_GROUPS: Final = {
    "elementary": "sec csc cot sinpi cospi sinc sinc_slope exp10 trunc rem fma",
    "logarithms": "logit bernoulli log1mexp bose xlogy xlog1py entr entr_slope",
    "normal": (
        "erfcx erfc_integral ndtr normal_density log_ndtr erfinv erfinv_slope erfcinv"
        " erfcinv_slope ndtri ndtri_slope"
    ),
    "beta": (
        "gamma beta beta_slope betaln polygamma_gap gammainc gammaincc gamma_density zeta zeta_log"
    ),
    "bessel": "i0 i1 iv j0 j1 jv yv k0 k1 kv airyai airyaiprime airybi airybiprime",
    "integrals": ("expi exp1 ellipk ellipk_slope ellipe ellipe_slope lambertw lambertw_slope"),
}
MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {name: f"fgrad.ops.{group}" for group, names in _GROUPS.items() for name in names.split()}
)
"""The module of each special function."""


def is_ours(op: Op) -> bool:
    """Whether it is an operation of the library."""
    held = sys.modules.get(MODULES.get(op.name, ""), scalar)
    return getattr(held, op.name, None) is op


def named(name: str) -> Op:
    """The operation of the library of this name; UnknownName if there is none."""
    module = import_module(MODULES[name]) if name in MODULES else scalar
    found = getattr(module, name, None)
    if not isinstance(found, Op):
        raise UnknownName.among(name, (*vars(scalar), *MODULES), "operation")
    return found


def special() -> Mapping[str, Op]:
    """All special functions, by name."""
    return MappingProxyType({name: named(name) for name in MODULES})
