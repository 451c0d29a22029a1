"""Calls of native code with something wrong: each gives the right numbers, or a clear error.

    python -m tests.bench.hostile [calls]

Prints how many calls were answered and refused, and by what. Functions of random programs are
called with floats and what is none, mapped and summed over columns of every kind, and written to
arrays of every kind; an answer is compared with the program's own, which is what it means.
"""

from __future__ import annotations

import decimal
import fractions
import gc
import math
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.lib.stride_tricks import as_strided

import fgrad as fg
from fgrad.ops.operand import is_real, literal
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from tests.laws.native_laws import exact_program
from tests.measures.nearness import NATIVE, ulps
from tests.samples.programs import AWKWARD, OPERATIONS, alone, bits

CLEAR: Final = (TypeError, ValueError, OverflowError, MemoryError)
"""What a refusal may be, fgrad's own among them; the last is for arrays that claim to be huge."""


class Refused(Exception):
    """That arrays for results were refused, by an error of the class named."""


class Number(float):
    """A float that is of another class."""


class Angry:
    """What says that it is a number, and is none."""

    def __float__(self) -> float:
        raise ValueError("this is no number after all")


class Quiet(np.ndarray[Any, Any]):
    """An array of another class."""


class Convertible:
    """What says itself which array it is."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array


@attrs.frozen(eq=False)
class Subject:
    """A program as a compiled function; `op` if it is one operation, and then digits may differ."""

    program: Program
    op: Op | None
    shape: str
    compiled: Any
    memory: dict[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, program: Program, op: Op | None, shape: str) -> Subject:
        size, many = len(program.inputs), len(program.outputs) > 1

        def values(xs: Sequence[Any]) -> Any:
            if len(xs) != size or not all(isinstance(x, (float, fg.Node)) for x in xs):
                raise TypeError(f"this function is of {size} numbers, not of {len(xs)}")
            known = list(xs)
            for operation, args in program.instructions:
                given: list[Any] = [known[a] if type(a) is int else a for a in args]
                known.append(operation(*given))  # type: ignore[operator]  # operations are called
            out = [known[i] for i in program.outputs]
            return out if many else out[0]

        def of_floats(*xs: Any) -> Any:
            out = values(xs)
            return tuple(out) if many else out

        def of_tree(tree: dict[str, Any]) -> Any:
            return {"out": values([tree["first"], *tree["rest"]])}

        f: Any = {"floats": of_floats, "list": values, "tree": of_tree}[shape]
        return cls(program, op, shape, fg.compile(f, backend="native", exact=op is None))

    @property
    def size(self) -> int:
        return len(self.program.inputs)

    def arguments(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        if self.shape == "floats":
            return tuple(leaves)
        return (list(leaves) if self.shape == "list" else tree(leaves),)

    def builtin(self, kind: str) -> Any:
        """The function of floats, or of an array, when it has been asked for before."""
        if kind not in self.memory:
            floats = [1.0] * self.size
            given = (np.ones(self.size),) if kind == "array" else self.arguments(floats)
            self.memory[kind] = self.compiled.specialise(*given)
        return self.memory[kind]

    def meant(self, xs: Sequence[float]) -> tuple[Any, ...]:
        return self.program.run(xs)

    def agrees(self, got: Sequence[Any], meant: Sequence[Any]) -> bool:
        if self.op is None:
            return bits(got) == bits(meant)
        bound = NATIVE.get(self.op.name, 0)
        return len(got) == len(meant) and all(
            ulps(float(x), float(y)) <= bound for x, y in zip(got, meant, strict=True)
        )


def tree(leaves: Sequence[Any]) -> dict[str, Any]:
    return {"first": leaves[0] if leaves else 0.0, "rest": list(leaves[1:])}


def subjects(count: int) -> list[Subject]:
    """Random programs that are rounded correctly, and single operations, in all shapes."""
    shapes = ("floats", "list", "tree")
    made = [Subject.of(exact_program(k), None, shapes[k % 3]) for k in range(count)]
    step = max(1, len(OPERATIONS) // count)
    ops = OPERATIONS[::step]
    return made + [Subject.of(alone(op), op, shapes[k % 3]) for k, op in enumerate(ops)]


def numbers(rng: random.Random, size: int) -> list[float]:
    return [rng.choice(AWKWARD) if rng.random() < 0.5 else rng.uniform(-3, 3) for _ in range(size)]


# Numbers that are no floats but are taken for such, and what is no number.
SOUND: tuple[Callable[[float], Any], ...] = (
    float, lambda x: int(x) if math.isfinite(x) else 3, np.float64, fg.var,
    lambda x: fractions.Fraction(x) if math.isfinite(x) else np.float16(3),
)  # fmt: skip
STRANGE: tuple[Callable[[float], Any], ...] = (
    Number, np.float32, lambda x: x > 0.0, np.bool_, np.array, lambda x: np.array([x]), str, complex,
    lambda x: np.array([x, x]), lambda x: None, lambda x: [x], lambda x: (), lambda x: {"x": x},
    lambda x: b"1.0", lambda x: 10**400, lambda x: -(2**70), lambda x: decimal.Decimal("1.5"),
    lambda x: fractions.Fraction(1, 3), lambda x: Angry(), lambda x: float, lambda x: math.sin,
    lambda x: iter([x]), lambda x: "nan", lambda x: bytearray(8), lambda x: object(), np.int8,
    np.longdouble, lambda x: np.datetime64("2020-01-01"), lambda x: ..., lambda x: {1.0},
)  # fmt: skip


def misaligned(x: Any) -> Any:
    return np.frombuffer(b"x" + x.tobytes(), np.float64, offset=1, count=x.size).reshape(x.shape)


def locked(x: Any) -> Any:
    x.flags.writeable = False
    return x


def spaced(x: Any) -> Any:
    wide = np.zeros(tuple([2 * n + 1 for n in x.shape]))
    view = wide[tuple([slice(1, None, 2)] * x.ndim)]
    view[...] = x
    return view


def backward(x: Any) -> Any:
    turn = tuple([slice(None, None, -1)] * x.ndim)
    return x[turn].copy()[turn]


def on_disk(x: Any) -> Any:
    if not x.size:
        return x
    with tempfile.TemporaryDirectory() as directory:
        file = np.memmap(Path(directory) / "x", np.float64, "w+", shape=x.shape)
        file[...] = x
        return file


def repeated(x: Any) -> Any:
    return np.broadcast_to(x[:1], x.shape) if len(x) else x


SOUND_ARRAYS: tuple[Callable[[Any], Any], ...] = (
    np.array, np.array, spaced, backward, repeated, locked, misaligned, on_disk, np.asfortranarray,
    lambda x: x.astype(">f8"), lambda x: x.astype(np.float32), lambda x: x.astype(np.float16),
    lambda x: np.nan_to_num(x, posinf=9, neginf=-9).clip(-99, 99).astype(np.int64), Convertible,
    lambda x: np.nan_to_num(x, posinf=9, neginf=-9).clip(0, 99).astype(np.uint8),
    lambda x: x.view(Quiet), lambda x: np.repeat(x, 2, axis=0)[::2], lambda x: x.astype(np.longdouble),
)  # fmt: skip
STRANGE_ARRAYS: tuple[Callable[[Any], Any], ...] = (
    lambda x: x > 0.0, lambda x: x.astype(object), lambda x: x.astype(complex), lambda x: x.astype(str),
    lambda x: np.zeros(x.shape, "M8[s]"), lambda x: np.zeros(x.shape, "V8"), lambda x: x[:-1],
    lambda x: np.zeros(x.shape, [("a", "f8")]), lambda x: np.ma.masked_array(x, x > 0.0), np.ma.array,
    lambda x: x.reshape(-1), lambda x: x[..., None], lambda x: x[None], lambda x: x[:0], lambda x: x[:1],
    lambda x: x.tolist(), lambda x: tuple(x.tolist()), lambda x: None, lambda x: "column", memoryview,
    lambda x: np.float64(2.0), lambda x: np.array(2.0), lambda x: np.zeros((2, 2, 2)), np.matrix,
    lambda x: np.array([None] * len(x)), lambda x: Convertible(5), lambda x: x.tobytes(), iter,
    lambda x: as_strided(np.zeros(1), (2**44,), (0,)), lambda x: np.array([x, None, "x"], object),
    lambda x: as_strided(np.zeros(1), (len(x), 1000), (0, 0)), lambda x: np.zeros((len(x), 0)),
    lambda x: np.zeros((0, 3)), lambda x: np.float64, lambda x: np.ones((1, max(1, x.ndim))),
)  # fmt: skip


def oddity(make: Callable[[Any], Any], x: Any) -> Any:
    """What is made of a number or an array, or nothing where it cannot be made."""
    try:
        return make(x)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def altered(rng: random.Random, given: list[Any], sound: Any, strange: Any, often: float) -> bool:
    """Make each of what is given something else; whether all that came of it is sound."""
    right = True
    for k, x in enumerate(given):
        if rng.random() < often:
            right = False
            given[k] = oddity(rng.choice(strange), x)
        else:
            given[k] = rng.choice(sound)(x)
    if rng.random() < 0.05:
        right = False
        if given and rng.random() < 0.5:
            given.pop()
        else:
            given.append(1.0)
    return right


def flat(result: Any) -> list[Any]:
    """The leaves of a result."""
    if isinstance(result, dict):
        return [y for part in result.values() for y in flat(part)]
    if isinstance(result, (list, tuple)):
        return [y for part in result for y in flat(part)]
    return [result]


def plain(x: Any) -> float:
    """The number that something taken for one is."""
    if isinstance(x, fg.Node):
        x = x.value
    assert isinstance(x, (Real, np.ndarray, Convertible)), x
    return float(np.asarray(x.array) if isinstance(x, Convertible) else x)


def is_truth(x: Any) -> bool:
    """Whether it is a truth value, or a column of them."""
    known = x.array if isinstance(x, Convertible) else x
    return isinstance(known, (bool, fg.Condition)) or getattr(known, "dtype", None) == np.bool_


def leaves_of(given: Any) -> list[Any]:
    found = []
    for x in given:
        found += leaves_of(x) if isinstance(x, (list, tuple)) else [x]
    return found


def at_a_point(subject: Subject, rng: random.Random) -> tuple[bool, Callable[[], bool]]:
    """A call with floats or what is none, and whether it must be answered."""
    given: list[Any] = list(numbers(rng, subject.size))
    if rng.random() < 0.3:
        sound = len(given) == subject.size
    else:
        sound = altered(rng, given, SOUND, STRANGE, rng.choice((0.0, 0.1, 0.6)))
    function = subject.builtin("floats") if rng.random() < 0.6 else subject.compiled

    def called() -> bool:
        got = [
            y.value if isinstance(y, fg.Node) else y
            for y in flat(function(*subject.arguments(given)))
        ]
        leaves = leaves_of(given)
        if any(map(is_truth, leaves)):
            return True  # to a truth value the function is another program, which has answered
        return subject.agrees(got, subject.meant([plain(x) for x in leaves]))

    return sound, called


def on_an_array(subject: Subject, rng: random.Random) -> tuple[bool, Callable[[], bool]]:
    """A call of the builtin of one array."""
    array: list[Any] = [np.array(numbers(rng, subject.size))]
    # Whatever converts itself is for columns alone.
    arrays = [make for make in SOUND_ARRAYS if make is not Convertible]
    sound = altered(rng, array, arrays, STRANGE_ARRAYS, rng.choice((0.0, 0.5)))
    function = subject.builtin("array")

    def called() -> bool:
        result = function(*array)
        got = result.tolist() if isinstance(result, np.ndarray) else flat(result)
        given = array[0] if isinstance(array[0], (list, tuple)) else np.asarray(array[0]).tolist()
        return subject.agrees(got, subject.meant([float(x) for x in given]))

    return sound, called


def columns(subject: Subject, rng: random.Random) -> tuple[list[Any], bool]:
    """Columns, numbers and tables for a function, and whether they are sound."""
    rows = rng.choice((0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 40, rng.randrange(41), 3000))
    if rows == 3000 and rng.random() < 0.9:
        rows = 12
    if subject.shape == "list" and rng.random() < 0.5:
        table = np.array([numbers(rng, subject.size) for _ in range(rows)]).reshape(
            rows, subject.size
        )
        given: list[Any] = [table]
    else:
        wide = [rng.random() < 0.7 for _ in range(subject.size)]
        wide[0] = True
        given = [np.array(numbers(rng, rows)) if w else numbers(rng, 1)[0] for w in wide]
    often = rng.choice((0.0, 0.0, 0.3))
    sound = True
    for k, x in enumerate(given):
        strange = rng.random() < often
        sound = sound and not strange
        if isinstance(x, float):
            given[k] = oddity(rng.choice(STRANGE), x) if strange else x
        else:
            given[k] = (
                oddity(rng.choice(STRANGE_ARRAYS), x) if strange else rng.choice(SOUND_ARRAYS)(x)
            )
    return given, sound


def over_rows(subject: Subject, given: Any) -> list[tuple[Any, ...]]:
    """What the results of each row must be, as a list of rows."""
    parts: list[Any] = []
    for x in leaves_of([given] if isinstance(given, np.ndarray) else given):
        known: Any = literal(x, "x") if is_real(x) else x
        array = np.asarray(known.array if isinstance(known, Convertible) else known)
        assert array.dtype.kind in "iuf", array.dtype
        assert not np.ma.isMaskedArray(x)
        array = array.astype(np.float64)
        parts += [array] if array.ndim < 2 else list(array.T)
    rows = {len(x) for x in parts if x.ndim}
    length = max(rows - {1}, default=1) if 0 not in rows else 0
    wide = [np.broadcast_to(x, length).tolist() for x in parts]
    return [subject.meant(point) for point in zip(*wide, strict=True)]


def argued(subject: Subject, given: list[Any]) -> tuple[Any, ...]:
    """The arguments of these: a table is the whole list."""
    first = given[0] if given else None
    array = first.array if isinstance(first, Convertible) else first
    if subject.shape == "list" and len(given) == 1 and getattr(array, "ndim", 2) == 2:
        return (given[0],)
    return subject.arguments(given)


THREADS: tuple[Any, ...] = (1, 1, 1, 1, 2, 3, 8, 0, -1, 10**9, True)
NO_THREADS: tuple[Any, ...] = (None, "2", 2.5, [1], math.nan)


def threads(rng: random.Random) -> tuple[Any, bool]:
    wrong = rng.random() < 0.03
    return rng.choice(NO_THREADS if wrong else THREADS), not wrong


def mapped(subject: Subject, rng: random.Random) -> tuple[bool, Callable[[], bool]]:
    """A map over rows."""
    given, sound = columns(subject, rng)
    many, right = threads(rng)
    wanted = rng.choice((True, False, False))

    def called() -> bool:
        args = argued(subject, given)
        result = subject.compiled.map(*args, threads=many)
        if any(map(is_truth, leaves_of(given))):
            return True  # likewise
        rows = over_rows(subject, args if subject.shape != "tree" else given)
        if wanted and rows and sound:
            return written(subject, rng, args, rows)
        got = flat(result)
        assert {len(column) for column in got} == {len(rows)}
        return all(subject.agrees([c[k] for c in got], row) for k, row in enumerate(rows))

    return sound and right, called


TABLES: tuple[Callable[[int, int, bool], Any], ...] = (
    lambda n, k, odd: np.empty((n, k), bool if odd else float), lambda n, k, odd: np.empty((k, n)).T,
    lambda n, k, odd: np.empty((n, 2 * k))[:, ::2], lambda n, k, odd: np.empty((k + odd, n))[::-1].T,
    lambda n, k, odd: np.empty((k, n), bool if odd else float).T, lambda n, k, odd: np.empty((k, n), bool).T,
    lambda n, k, odd: np.empty((n, k), bool)[::-1],
)  # fmt: skip


def written(subject: Subject, rng: random.Random, args: Any, rows: list[tuple[Any, ...]]) -> bool:
    """A map to arrays that are given, which are refused if they must be."""
    truth = [type(y) is bool for y in rows[0]]
    many = len(truth) > 1
    size = len(rows)
    makes: tuple[Callable[[int, Any], Any], ...] = (
        np.empty, lambda n, kind: np.empty(2 * n, kind)[::2],
        lambda n, kind: np.empty(n, kind)[::-1], lambda n, kind: np.empty((n, 3), kind, "F")[:, 1],
        lambda n, kind: locked(np.empty(n)), lambda n, kind: np.empty(n + 1, kind), lambda n, kind: "out",
        lambda n, kind: np.empty(n, np.float32), lambda n, kind: np.empty(n, kind).view(Quiet),
        lambda n, kind: as_strided(np.empty(1), (n,), (0,)), lambda n, kind: [0.0] * n,
        lambda n, kind: np.frombuffer(bytearray(8 * n + 1), np.float64, n, 1),
    )  # fmt: skip
    usual = rng.random() < 0.5
    arrays = [rng.choice(makes[:4] if usual else makes)(size, bool if t else float) for t in truth]
    own = [x for x in leaves_of(args) if type(x) is np.ndarray and x.ndim == 1 and len(x) == size]
    if own and rng.random() < 0.3:
        arrays[0], usual = rng.choice(own), False  # what is read is written, if it may be
    if many and rng.random() < 0.1:
        arrays[0], usual = arrays[1], False
    whole: Any = arrays if many else arrays[0]
    if many and subject.shape != "floats" and rng.random() < 0.4:
        whole, mixed = rng.choice(TABLES)(size, len(truth), rng.random() < 0.1), len(set(truth)) > 1
        usual = whole.dtype == (bool if truth[0] else float) and not mixed
        usual = usual and whole.shape == (size, len(truth))
        arrays = list(whole.T)
    if subject.shape == "floats" and many:
        whole = tuple(arrays)
    elif subject.shape == "tree":
        whole = {"out": whole}
    try:
        result = subject.compiled.map(*args, threads=2, out=whole)
    except CLEAR as error:
        if usual:
            raise AssertionError(f"what is sound was refused: {error}") from error
        raise Refused(type(error).__name__) from error
    assert result is whole
    return all(subject.agrees([c[k] for c in arrays], row) for k, row in enumerate(rows))


def summed(subject: Subject, rng: random.Random) -> tuple[bool, Callable[[], bool]]:
    """A sum over rows."""
    given, sound = columns(subject, rng)
    many, right = threads(rng)

    def called() -> bool:
        args = argued(subject, given)
        got = flat(subject.compiled.sum(*args, threads=many))
        if any(map(is_truth, leaves_of(given))):
            return True  # likewise
        rows = over_rows(subject, args if subject.shape != "tree" else given)
        meant = list(zip(*rows, strict=True)) if rows else [()] * len(subject.program.outputs)
        return all(
            is_sum(subject, y, [float(x) for x in xs]) for y, xs in zip(got, meant, strict=True)
        )

    return sound and right, called


def is_sum(subject: Subject, got: Any, xs: Sequence[float]) -> bool:
    """Whether it is the sum, in whatever order; where that overflows or digits differ, about."""
    assert type(got) is float, type(got)
    if not all(map(math.isfinite, xs)):
        infinite = {x for x in xs if math.isinf(x)}
        wanted = math.nan if len(infinite) == 2 or any(map(math.isnan, xs)) else infinite.pop()
        overflows = sum(abs(x) for x in xs if math.isfinite(x)) == math.inf
        return overflows or str(got) == str(wanted)
    size = sum(map(abs, xs))
    if math.isinf(size):
        return True
    bound = len(xs) + (NATIVE.get(subject.op.name, 0) if subject.op else 0)
    return abs(got - math.fsum(xs)) <= bound * math.ulp(size)


def outcome(seed: int, pool: Sequence[Subject]) -> str:
    """What a call came to; anything but an answer that is right and a clear error is a fault."""
    rng = random.Random(seed)
    subject = rng.choice(pool)
    single = on_an_array if subject.shape == "list" else at_a_point
    kind = rng.choice((at_a_point, single, mapped, mapped, summed))
    sound, called = kind(subject, rng)
    where = f"call {seed}, {kind.__name__}, {subject.shape} {subject.op or subject.program}"
    try:
        right = called()
    except Refused as refused:
        return f"refused by {refused}"
    except CLEAR as error:
        if sound or not (str(error) or isinstance(error, MemoryError)):
            raise AssertionError(
                f"{where}: what is sound was refused, or without a word"
            ) from error
        return f"refused by {type(error).__name__.strip('_')}"
    except Exception as error:
        raise AssertionError(f"{where}: {error!r}") from error
    assert right, where
    return "right"


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    warnings.simplefilter("ignore")  # numpy's, about what it converts
    begin = time.perf_counter()
    seen: Counter[str] = Counter()
    pool = subjects(40)
    for seed in range(count):
        seen[outcome(seed, pool)] += 1
        if seed % 20_000 == 19_999:
            pool = subjects(40)  # what was there goes, code and all
            gc.collect()
    for name, times in seen.most_common():
        print(f"{times:7} {name}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} calls in {time.perf_counter() - begin:.0f} s, {peak:.0f} MB at most")


if __name__ == "__main__":
    main()
