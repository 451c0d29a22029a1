"""How special functions are written in LaTeX."""

from __future__ import annotations

from typing import Final

from fgrad.ops import bessel, beta, elementary, integrals, logarithms, normal
from fgrad.ops.primitive import Op

CALLS: Final[dict[Op, str]] = {
    elementary.sec: r"\sec", elementary.csc: r"\csc", elementary.cot: r"\cot",
    elementary.sinc: r"\operatorname{sinc}", elementary.trunc: r"\operatorname{trunc}",
    elementary.rem: r"\operatorname{rem}", elementary.fma: r"\operatorname{fma}",
    logarithms.logit: r"\operatorname{logit}", normal.erfcx: r"\operatorname{erfcx}",
    normal.ndtr: r"\Phi", normal.normal_density: r"\varphi", normal.ndtri: r"\Phi^{-1}",
    normal.erfinv: r"\operatorname{erf}^{-1}", normal.erfcinv: r"\operatorname{erfc}^{-1}",
    normal.erfinv_slope: r"{\operatorname{erf}^{-1}}'",
    normal.erfcinv_slope: r"{\operatorname{erfc}^{-1}}'", normal.ndtri_slope: r"{\Phi^{-1}}'",
    beta.gamma: r"\Gamma", beta.beta: r"\mathrm{B}", beta.gammainc: "P", beta.gammaincc: "Q",
    beta.zeta: r"\zeta",
    bessel.i0: "I_{0}", bessel.i1: "I_{1}", bessel.j0: "J_{0}", bessel.j1: "J_{1}",
    bessel.k0: "K_{0}", bessel.k1: "K_{1}",
    bessel.airyai: r"\operatorname{Ai}", bessel.airyaiprime: r"\operatorname{Ai}'",
    bessel.airybi: r"\operatorname{Bi}", bessel.airybiprime: r"\operatorname{Bi}'",
    integrals.expi: r"\operatorname{Ei}", integrals.exp1: r"\operatorname{E}_{1}",
    integrals.ellipk: "K", integrals.ellipe: "E",
    integrals.lambertw: "W", integrals.lambertw_slope: "W'",
}  # fmt: skip
"""Functions that are called by a name."""

INDEXED: Final[dict[Op, str]] = {
    bessel.iv: "I_{#1}", bessel.jv: "J_{#1}", bessel.yv: "Y_{#1}", bessel.kv: "K_{#1}",
    elementary.sinc_slope: r"\operatorname{sinc}^{\left(#1\right)}",
    integrals.ellipk_slope: r"K^{\left(#1\right)}",
    integrals.ellipe_slope: r"E^{\left(#1\right)}",
}  # fmt: skip
"""Functions of the second argument, with the first as an index."""
