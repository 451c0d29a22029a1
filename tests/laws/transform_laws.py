"""The laws of transforms on as many random programs as are asked for.

    python -m tests.laws.transform_laws [programs] [first] [features left out ...]

A program is a function that puts transforms, compiled functions, solvers, functions of users,
branches and loops together. Its value and its derivatives are taken in every way there is, and each
must agree with nested dual numbers, which know nothing of fgrad, or with differences of the function
on floats; on plain numbers the results are plain floats, in the tree of the argument. What fails is
made smaller and shown as Python. The suite tries the same laws on some hundreds.
"""

from __future__ import annotations

import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

import fgrad as fg
from tests.laws.transform_case import Case, Failed, agree, like
from tests.laws.transform_duals import Rejected
from tests.laws.transform_functions import Program
from tests.laws.transform_generator import BACKENDS, FEATURES
from tests.laws.transform_kit import flat
from tests.laws.transform_operations import number
from tests.laws.transform_programs import Oracle
from tests.laws.transform_samples import function, program
from tests.laws.transform_shrinking import shrunk

DIFFERENCES = 1e-5
STEP = 2.0**-9
SHOWN = 3
"""Failures of each kind that are made smaller and printed."""
MADE = "made"
"""The law that what stands before a program is made without an error."""


Law = Callable[[Case], None]

# Values.


def on_floats(case: Case) -> None:
    value = case.f(case.point, case.exponent)
    if isinstance(value, fg.Node):
        raise Failed(f"not a plain number: {value!r}")
    agree(float(value), case.value)


def on_nodes(case: Case) -> None:
    value = case.f(case.tree(case.variables), case.exponent)
    agree(value.value if isinstance(value, fg.Node) else float(value), case.value)


def traced(case: Case) -> None:
    known = fg.trace(case.f)(case.point, case.exponent).check()
    leaves: Any = fg.trees.leaves(case.point)
    agree(known.run((*leaves, case.exponent)), case.value)


def compiled(backend: Any) -> Law:
    def on_tier(case: Case) -> None:
        fast = fg.compile(case.f, backend=backend)
        agree(fast(case.typed_point, case.exponent), case.value)
        agree(fast(case.turned(case.program.point), case.exponent), case.value)
        agree(fast(case.point, case.exponent), case.value)

    return on_tier


def mapped(backend: Any) -> Law:
    def on_columns(case: Case) -> None:
        columns = case.tree([np.array([x, x, x]) for x in case.program.point])
        fast = fg.compile(fg.value_and_gradient(case.f), backend=backend)
        value, slopes = fast.map(columns, case.exponent)
        for got, wanted in zip([value, *flat(slopes)], [*case.value, *case.slopes], strict=True):
            agree([float(y) for y in got], [wanted] * 3)
        total, slopes = fast.sum(columns, case.exponent)
        agree([total, *flat(slopes)], [3.0 * y for y in (*case.value, *case.slopes)])

    return on_columns


# First derivatives.


def gradients(case: Case) -> None:
    value, slopes = fg.value_and_gradient(case.f)(case.typed_point, case.exponent)
    agree(value, case.value)
    agree(like(case.point, slopes), case.slopes)
    agree(fg.gradient(case.f)(case.point, case.exponent), case.slopes)


def folded(case: Case) -> None:
    """By variables of our own, where one may stand in two places."""
    variables = case.variables
    output = case.f(case.tree(variables), case.exponent)
    if not isinstance(output, fg.Node):
        return
    slopes = list(case.slopes)
    if case.program.together:
        first, second = case.program.together
        slopes[first] += slopes[second]
        slopes[second] = slopes[first]
    graph = fg.Graph.of(output, *variables)
    found = fg.grad(graph, output)
    agree([found[x] for x in variables], slopes)
    if not case.program.first_order:
        nodes = fg.grad_nodes(graph, output)
        agree([nodes[x].value for x in variables], slopes)


def gradients_at_nodes(case: Case) -> None:
    """Places are variables, whatever nodes stand there."""
    if case.program.first_order:
        return
    slopes = fg.gradient(case.f)(case.tree(case.variables), case.exponent)
    agree([y.value if isinstance(y, fg.Node) else y for y in flat(slopes)], case.slopes)


def pushed(case: Case) -> None:
    value, moved = fg.jvp(case.f)(case.typed_point, case.tangent, case.exponent)
    agree(value, case.value)
    agree(moved, [case.slope])


def pulled(case: Case) -> None:
    value, pull = fg.vjp(case.f)(case.typed_point, case.exponent)
    agree(value, case.value)
    for bar in (number(2.0, kind) for kind in (*case.program.kinds, "float")):
        agree(like(case.point, pull(bar)), [2.0 * s for s in case.slopes])


def jacobians(case: Case) -> None:
    for mode in ("forward", "reverse"):
        rows: Any = fg.jacobian(case.f, mode=mode)(case.typed_point, case.exponent)
        agree(like(case.point, rows[0]), case.slopes)


def differences(case: Case) -> None:
    """Of the function on floats, which is compared at the points around as well."""
    if "stop_gradient" in case.text:
        return
    f, size = case.line(case.f), max(1.0, abs(case.slope))
    values = []
    for k in (-2, -1, 1, 2):
        pairs = zip(case.program.point, case.program.tangent, strict=True)
        around = function(case.program, Oracle())
        try:
            wanted = around([x + k * STEP * dx for x, dx in pairs])
        except Rejected:  # it may be nearer to a kink than the point
            return
        values.append(float(f(k * STEP)))
        agree(values[-1], wanted)
    a, b, c, d = values
    found = (8.0 * (c - b) - (d - a)) / (12.0 * STEP)
    if abs(found - case.slope) > DIFFERENCES * max(size, *map(abs, case.series)):
        raise Failed(f"differences {found}, derivative {case.slope}")


def compiled_derivatives(backend: Any) -> Law:
    def on_tier(case: Case) -> None:
        x, dx, k = case.typed_point, case.tangent, case.exponent
        slopes = fg.compile(fg.gradient(case.f), backend=backend)
        for tree in (x, case.turned(case.program.point), case.point):
            agree(like(tree, slopes(tree, k)), case.slopes)
        agree(fg.compile(fg.jvp(case.f), backend=backend)(x, dx, k), [*case.value, case.slope])
        fixed = fg.compile(lambda x, k: fg.jvp(case.f)(x, dx, k), backend=backend)
        agree(fixed(x, k), [*case.value, case.slope])

    return on_tier


def derivatives_of_compiled(backend: Any) -> Law:
    def on_tier(case: Case) -> None:
        fast = fg.compile(case.f, backend=backend)
        x, dx, k = case.typed_point, case.tangent, case.exponent
        agree(like(case.point, fg.gradient(fast)(x, k)), case.slopes)
        agree(fg.jvp(fast)(x, dx, k), [*case.value, case.slope])
        agree(fg.taylor(case.line(fast), 1)(0), [*case.value, case.slope])

    return on_tier


# Second and third derivatives.


def products(case: Case) -> None:
    agree(
        like(case.point, fg.hvp(case.f)(case.typed_point, case.tangent, case.exponent)), case.bent
    )


def hessians(case: Case) -> None:
    rows = fg.hessian(case.f)(case.typed_point, case.exponent)
    agree(list(rows), case.second)
    like(case.point, rows[0])
    forward: Any = fg.jacobian(fg.gradient(case.f), mode="forward")
    agree(list(forward(case.point, case.exponent)), case.second)


def nested(case: Case) -> None:
    """The gradient of a derivative, and the derivative of a gradient."""

    def moved(x: Any, k: float) -> Any:
        return fg.jvp(case.f)(x, case.tangent, k)[1]

    agree(like(case.point, fg.gradient(moved)(case.point, case.exponent)), case.bent)
    slopes = fg.jvp(fg.gradient(case.f))(case.point, case.tangent, case.exponent)
    agree(slopes, [*case.slopes, *case.bent])


def expanded(case: Case) -> None:
    along = case.line(case.f)
    agree(fg.taylor(along, 3)(0.0), case.series)
    agree(fg.gradient(fg.gradient(along))(0), [2.0 * case.series[2]])
    agree(fg.taylor(fg.gradient(along), 1)(0), [case.series[1], 2.0 * case.series[2]])


def compiled_second(backend: Any) -> Law:
    def on_tier(case: Case) -> None:
        x, dx, k = case.typed_point, case.tangent, case.exponent
        agree(fg.compile(fg.hvp(case.f), backend=backend)(x, dx, k), case.bent)
        fixed = fg.compile(lambda x, k: fg.hvp(case.f)(x, dx, k), backend=backend)
        agree(like(case.point, fixed(x, k)), case.bent)
        agree(list(fg.compile(fg.hessian(case.f), backend=backend)(x, k)), case.second)

    return on_tier


def second_of_compiled(backend: Any) -> Law:
    def on_tier(case: Case) -> None:
        fast = fg.compile(case.f, backend=backend)
        x, dx, k = case.typed_point, case.tangent, case.exponent
        agree(fg.hvp(fast)(x, dx, k), case.bent)
        agree(fg.gradient(lambda x: fg.jvp(fast)(x, dx, k)[1])(x), case.bent)
        agree(fg.taylor(case.line(fast), 3)(0.0), case.series)

    return on_tier


def compiled_series(backend: Any) -> Law:
    def on_tier(case: Case) -> None:
        agree(fg.compile(fg.taylor(case.line(case.f), 3), backend=backend)(0.0), case.series)

    return on_tier


ONCE: Final[dict[str, Law]] = {
    "on floats": on_floats,
    "on nodes": on_nodes,
    "gradient": gradients,
    "fold": folded,
    "jvp": pushed,
    "vjp": pulled,
    "jacobian": jacobians,
    "differences": differences,
}
"""Laws of the value and first derivatives, without compiling."""
TWICE: Final[dict[str, Law]] = {
    "gradient at nodes": gradients_at_nodes,
    "hvp": products,
    "hessian": hessians,
    "nested": nested,
    "taylor": expanded,
}
"""Laws of higher derivatives."""
COMPILED: Final[dict[str, Law]] = {
    "trace": traced,
    **{f"compiled {backend}": compiled(backend) for backend in BACKENDS},
}
MORE: Final[dict[str, Law]] = {
    f"{name} {backend}": law(backend)
    for backend in BACKENDS
    for name, law in (
        ("compiled derivatives", compiled_derivatives),
        ("derivatives of compiled", derivatives_of_compiled),
        ("compiled hvp", compiled_second),
        ("hvp of compiled", second_of_compiled),
        ("compiled taylor", compiled_series),
        ("mapped", mapped),
    )
}


def laws_of(program: Program) -> dict[str, Law]:
    """Those that hold for it: a rule of the first order serves the first order, on numbers."""
    if program.first_order:
        return {**ONCE, **COMPILED}
    return {**ONCE, **TWICE, **COMPILED, **MORE}


def failure(case: Case, law: Law) -> str | None:
    """What is wrong, if something is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            law(case)
    except Failed as found:
        return str(found)
    except Exception as error:  # noqa: BLE001  # whatever is raised is a fault
        return f"{type(error).__name__}: {error!s:.400}"
    return None


def failures(program: Program, chosen: Sequence[str] | None = None) -> dict[str, str]:
    """What is wrong, by the name of the law."""
    try:
        case = Case(program)
    except Exception as error:  # noqa: BLE001  # what is made before the function
        return {MADE: f"{type(error).__name__}: {error!s:.400}"}
    found = {}
    for name, law in laws_of(program).items():
        if chosen is None or name in chosen:
            wrong = failure(case, law)
            if wrong is not None:
                found[name] = wrong
    return found


def some(seed: int, program: Program, count: int = 4) -> list[str]:
    """The laws that the suite tries: the cheap ones, and some of the others."""
    others = [name for name in laws_of(program) if name not in ONCE]
    return [*ONCE, *random.Random(seed).sample(others, min(count, len(others)))]


def report(seed: int, program: Program, law: str, wrong: str) -> str:
    """The failure on as small a program as was found."""
    kind = _kind(wrong)
    small = shrunk(program, lambda p: _kind(failures(p, [law]).get(law, "")) == kind)
    wrong = failures(small, [law]).get(law, wrong)
    made = Case(small) if law != MADE else None
    where = f"at {made.point!r}, {small.whole}; tangent {small.tangent}" if made else ""
    together = f"; places {small.together} are one node" if small.together else ""
    text = made.text if made else ""
    return f"seed {seed}, {law}: {wrong}\n{text}\n{where}, as {small.kinds}{together}\n"


def _kind(wrong: str) -> str:
    return "wrong" if wrong.startswith(("got [", "differences")) else wrong[:25]


def main() -> None:
    """Try the laws."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    features = FEATURES - set(sys.argv[3:])
    begin, failed, shown = time.perf_counter(), 0, Counter[tuple[str, str]]()
    for seed in range(first, first + count):
        made = program(seed, features)
        found = failures(made)
        failed += bool(found)
        for law, wrong in list(found.items())[:1]:
            key = (law, _kind(wrong))
            shown[key] += 1
            if shown[key] <= SHOWN:
                print(report(seed, made, law, wrong), flush=True)
        if (seed + 1) % 500 == 0:
            took = time.perf_counter() - begin
            print(f"{seed + 1 - first:,} programs, {failed} failed, {took:.0f} s", flush=True)
    print(f"{count:,} programs, {failed} failed, {time.perf_counter() - begin:.0f} s")
    for (law, kind), times in shown.most_common():
        print(f"{times:6} {law}: {kind}")


if __name__ == "__main__":
    main()
