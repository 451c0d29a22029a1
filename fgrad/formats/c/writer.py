"""Programs written as C99: one file without dependencies, whose values are those of `run`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from fgrad.errors import NotAValue, Untranslatable
from fgrad.formats.c.special import missing
from fgrad.formats.c.table import HELPERS, ROWS
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Binary, Ternary, Unary
from fgrad.program.algebra import Arg
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Program, given_program
from fgrad.program.schedule import last_uses

# Compilers take time that grows faster than a function, so a long program is written as several.
CHUNK: Final = 500

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_WORDS: Final = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while asm typeof main x y s i parts NAN INFINITY DBL_MIN abs labs llabs exit abort malloc
free calloc realloc printf puts putchar scanf strlen index rindex finite scalb signgam acos asin
atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10
log1p log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor
nearbyint rint lrint llrint round lround llround trunc fmod remainder remquo copysign nan nextafter
nexttoward fdim fmax fmin fma isnan isinf isfinite isnormal signbit fpclassify isgreater isless j0
j1 jn y0 y1 yn gamma drem significand lgamma_r lgammaf_r lgammal_r exp10 sincos roundeven ffs memcpy
memmove memset memcmp isgreaterequal islessequal islessgreater isunordered math_errhandling float_t
double_t linux unix bool true false
"""
_MACRO: Final = re.compile(r"(DBL|FLT|LDBL|DECIMAL|FP|M|MATH|HUGE)_")  # as float.h and math.h have
_TAKEN: Final = frozenset(_WORDS.split())
_HEAD: Final = """\
/*
{about}
 *
 * Compile as C99, without contracting a product and a sum, and without -ffast-math:
 *     cc -std=c99 -O2 -ffp-contract=off -c FILE.c
 * and link with -lm.
 */
#include <float.h>
#include <math.h>

#ifdef __FAST_MATH__
#error "the values need IEEE 754 arithmetic: compile without -ffast-math"
#endif
#if !defined(__GNUC__) || defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif
"""


def to_c(program: Program, name: str = "f") -> str:
    """A C99 file that defines `void name(const double *x, double *y)`, which computes the program.

    Its values are those of `Program.run`, special values included. An operation of one's own is
    declared as an `extern` function of its name. Raises Untranslatable for an operation with
    multiple results, or whose name cannot be one in C, and NotAValue for such a `name`.

    >>> import fgrad as fg
    >>> print(fg.to_c(fg.trace(lambda r: 3.0 * r * r)(0.0)).partition("OFF")[2])
    <BLANKLINE>
    #endif
    <BLANKLINE>
    void f(const double *x, double *y)
    {
        const double v1 = 3.0 * x[0];
        const double v2 = x[0] * v1;
        y[0] = v2;
    }
    <BLANKLINE>
    """
    return unit({name: program})


def unit(programs: Mapping[str, Program]) -> str:
    """One C file with a function for each program, by its name."""
    short = {
        _identifier(name): simplified(inlined(given_program(program, "to_c")))
        for name, program in programs.items()
    }
    used = dict.fromkeys(op for program in short.values() for op, _ in program.instructions)
    foreign = [op for op in used if op not in ROWS]
    _check_foreign(foreign, short)
    functions = [text for name, program in short.items() for text in _functions(name, program)]
    texts = [*(_declared(op) for op in foreign), *helpers(ROWS[op] for op in used if op in ROWS)]
    about = "\n *\n".join(_about(name, program) for name, program in programs.items())
    return "\n".join([_HEAD.format(about=about), *texts, *functions])


def _identifier(name: str) -> str:
    if not _usable(name):
        advice = "Take letters, digits and _, and no name that C or its libraries use."
        raise NotAValue("to_c", "a name for a C function", repr(name), advice)
    return name


def _usable(name: str) -> bool:
    known = name in _TAKEN or (
        name[-1:] in ("f", "l") and name[:-1] in _TAKEN - {"x", "y", "s", "i"}
    )
    ours = name.startswith("fgrad_") or _MACRO.match(name)
    return bool(_NAME.match(name)) and not known and not ours


def _check_foreign(foreign: Sequence[Op], names: Iterable[str]) -> None:
    taken = set(names)
    local = re.compile(rf"(v|({'|'.join(taken)})_part)\d+\Z")
    for op in foreign:
        if problem := missing(op):
            raise Untranslatable(op.name, "C", problem)
        if not isinstance(op, (Unary, Binary, Ternary)):
            raise Untranslatable(op.name, "C", "it is not a function of numbers with one result")
        if not _usable(op.name) or op.name in taken or local.match(op.name):
            raise Untranslatable(op.name, "C", "its name cannot be that of a function there")
        taken.add(op.name)


def _declared(op: Op) -> str:
    return f"extern double {op.name}({', '.join(['double'] * op.arity)});\n"


def helpers(texts: Iterable[str]) -> Iterator[str]:
    """The C functions that these texts name, and those that they need."""
    needed: set[str] = set()
    stack = list(texts)
    while stack:
        found = set(re.findall(r"fgrad_\w+", stack.pop())) & set(HELPERS) - needed
        needed |= found
        stack += [HELPERS[name] for name in found]
    return (text for name, text in HELPERS.items() if name in needed)


def _about(name: str, program: Program) -> str:
    counts = f"{len(program.inputs)} inputs, {len(program.outputs)} outputs"
    rows = [
        f"void {name}(const double *x, double *y);",
        "",
        f"Written by fgrad: {counts}; x and y must not overlap.",
        f"digest {program.digest}",
        *(f"x[{i}] is {_plain(label)}" for i, label in enumerate(program.inputs)),
        *(f"y[{i}] is {_origin(program, number)}" for i, number in enumerate(program.outputs)),
    ]
    return "\n".join(f" * {row}".rstrip() for row in rows)


def _origin(program: Program, number: int) -> str:
    inputs = len(program.inputs)
    if number < inputs:
        return _plain(program.inputs[number])
    return f"the result of {_plain(program.instructions[number - inputs][0].name)}"


def _plain(text: str) -> str:
    """Text that can stand in a comment."""
    safe = text.encode("ascii", "backslashreplace").decode()
    safe = "".join(c if c.isprintable() else " " for c in safe)
    return safe.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").rstrip("\\")


def literal(value: float | bool) -> str:
    """A literal with exactly this value: decimal where that is short and exact, else hexadecimal.

    >>> literal(2.5), literal(-0.1), literal(float("inf")), literal(True)
    ('2.5', '-0x1.999999999999ap-4', 'INFINITY', '1')
    """
    if isinstance(value, bool):
        return str(int(value))
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0.0 else "-INFINITY"
    if abs(value) < 1e6 and value * 1024.0 % 1.0 == 0.0:
        return repr(value)
    mantissa, _, exponent = value.hex().partition("p")
    return f"{mantissa.rstrip('0')}p{exponent}"


@attrs.frozen
class _Part:
    """Instructions `start` to `stop` of a program, which read and write values in slots of `s`."""

    program: Program
    start: int
    stop: int
    slots: Mapping[int, int]

    def arg(self, a: Arg) -> str:
        """The text of an argument in this part."""
        inputs = len(self.program.inputs)
        if type(a) is not int:
            return literal(a)
        if a < inputs:
            return f"x[{a}]"
        if self.start <= a - inputs < self.stop:
            return f"v{a}"
        return f"s[{self.slots[a]}]"

    def statements(self) -> Iterator[str]:
        """One constant for each instruction."""
        inputs = len(self.program.inputs)
        for i in range(self.start, self.stop):
            op, args = self.program.instructions[i]
            texts = [self.arg(a) for a in args]
            row = ROWS.get(op)
            value = row.format(*texts) if row else f"{op.name}({', '.join(texts)})"
            yield f"const {'int' if op.truth else 'double'} v{inputs + i} = {value};"

    def kept(self) -> Iterator[str]:
        """The statements that store values of this part in their slots."""
        inputs = len(self.program.inputs)
        for i in range(inputs + self.start, inputs + self.stop):
            if i in self.slots:
                yield f"s[{self.slots[i]}] = v{i};"


def _functions(name: str, program: Program) -> Iterator[str]:
    """The function `name`, behind its parts if it has more than one."""
    size = len(program.instructions)
    if size <= CHUNK:
        part = _Part(program, 0, size, {})
        body = [*part.statements(), *_written(part)]
        yield _function(f"void {name}(const double *x, double *y)", body, "xy")
        return
    slots, room = _slots(program)
    starts = range(0, size, CHUNK)
    for k, start in enumerate(starts):
        part = _Part(program, start, min(start + CHUNK, size), slots)
        head = f"static void {name}_part{k}(const double *x, double *s)"
        yield _function(head, [*part.statements(), *part.kept()], "xs")
    # Pointers keep compilers from writing the parts into one long function again.
    parts = ", ".join(f"{name}_part{k}" for k in range(len(starts)))
    body = [
        f"static void (*const parts[])(const double *, double *) = {{{parts}}};",
        f"double s[{room}];",
        "int i;",
        f"for (i = 0; i < {len(starts)}; i++) parts[i](x, s);",
        *_written(_Part(program, size, size, slots)),
    ]
    yield _function(f"void {name}(const double *x, double *y)", body, "xy")


def _written(part: _Part) -> Iterator[str]:
    return (f"y[{i}] = {part.arg(a)};" for i, a in enumerate(part.program.outputs))


def _function(head: str, body: Sequence[str], parameters: str) -> str:
    text = "\n".join(f"    {row}" for row in body)
    unused = "".join(f"\n    (void){p};" for p in parameters if not re.search(rf"\b{p}\b", text))
    return f"{head}\n{{\n{text}{unused}\n}}\n"


def _slots(program: Program) -> tuple[dict[int, int], int]:
    """A slot for each value that another part reads, and the number of slots.

    A part reads before it writes, so it may reuse the slots of values that it reads last.
    """
    inputs = len(program.inputs)
    ends = [use // CHUNK for use in last_uses(program)]
    for i in program.outputs:
        ends[i] = len(program.instructions)  # behind all parts
    slots: dict[int, int] = {}
    ending: dict[int, list[int]] = {}
    free: list[int] = []
    room = 0
    for i in range(len(program.instructions)):
        if i % CHUNK == 0:
            free += ending.pop(i // CHUNK, [])
        end = ends[inputs + i]
        if end > i // CHUNK:
            if not free:
                free.append(room)
                room += 1
            slots[inputs + i] = free.pop()
            ending.setdefault(end, []).append(slots[inputs + i])
    return slots, room
