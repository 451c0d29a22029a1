"""The modulo, exact before its one rounding."""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import (
    absolute,
    by_lane,
    copysign,
    nearest,
    rarely,
    residual,
    select,
)
from fgrad.backends.native.ir.builder import Value

# Below it the quotient is rounded to the right integer or to one beside it.
_ONE_STEP: Final = 2.0**50

# Above it Dekker's splitting could overflow.
_SPLITS: Final = 2.0**990

# a modulo b for finite a >= 0 and b > 0, by doubling b and halving it again: every step is exact.
_LONG_DIVISION: Final = """\
define internal double @fgrad_long_division(double %a, double %b) noinline nounwind memory(none) {
entry:
%half = fmul double %a, 0.5
br label %up
up:
%multiple = phi double [%b, %entry], [%double, %up]
%double = fmul double %multiple, 2.0
%small = fcmp ole double %multiple, %half
br i1 %small, label %up, label %down
down:
%rest = phi double [%a, %up], [%less, %down]
%step = phi double [%multiple, %up], [%next, %down]
%fits = fcmp oge double %rest, %step
%taken = select i1 %fits, double %step, double 0.0
%less = fsub double %rest, %taken
%next = fmul double %step, 0.5
%last = fcmp ule double %step, %b
br i1 %last, label %end, label %down
end:
ret double %less
}"""


def mod(x: Value, y: Value) -> Value:
    """x modulo y with the sign of y; nan where y is 0 or x is infinite."""
    quotient = x / y
    usual = residual(x, nearest(quotient), y)  # exact, since it is a double
    far = absolute(quotient) >= _ONE_STEP
    if not x.block.fma:
        far = far | (absolute(x) > _SPLITS) | (absolute(y) > _SPLITS)
    finite = absolute(x) < math.inf
    far = far & finite & (absolute(y) > 0.0)
    (rest,) = rarely(far, [usual], lambda: [_far_rest(x, y, far, usual)])
    rest = select(absolute(y).eq(math.inf), x, rest)
    turned = (rest.bits ^ y.bits) < 0
    moved = select(rest.eq(0.0), copysign(0.0, y), select(turned, rest + y, rest))
    return select(finite, moved, math.nan)


def _far_rest(x: Value, y: Value, far: Value, usual: Value) -> Value:
    """The remainder where `far`, lane by lane; other lanes keep the usual one."""
    x.block.require(_LONG_DIVISION)
    a, b = select(far, absolute(x), 0.0), select(far, absolute(y), 1.0)
    (rest,) = by_lane("@fgrad_long_division", a, b)
    return select(far, copysign(rest, x), usual)
