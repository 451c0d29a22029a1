"""Documents with something wrong: reading one gives a FormatError or a value that is sound.

    python -m tests.bench.fuzz [documents]

Prints how many were read and refused, and the peak of the memory that reading them took.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
import tracemalloc
from collections import Counter
from typing import Any

import fgrad as fg
from fgrad.graph.node import variable
from fgrad.program.program import Program
from fgrad.program.text import parse
from tests.samples.programs import program

OWN = fg.Unary("own", lambda x: 1.0 / x, lambda out, x: -out * out)

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 2**31, 2**63, -(2**62), 10**30, 1.0, -0.0, 1e308, 0.5, 1e-320,
    float("nan"), float("inf"), "", "x", "sin", "inf", "nan", "nan:fff8000000000000", "@own", "add",
    "item[0]", "item[999999999]", "variable", "where", "\ud800", [], {}, [[]], [0], [1.0], ["inf"],
    ["nan:7ff0000000000000"], ["sin", 0], ["own", 0], ["variable", [1.0]], {"a": [1]}, [0, "x"],
)  # fmt: skip
PIECES = (
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"0", b"9", b"-", b"e9", b".", b"NaN", b"-Infinity",
    b"null", b"true", b"\xff", b"\x00", b"\xc3", b"[" * 3000, b"9" * 6000, b"9" * 25, b"1e400",
    b'{"a":' * 2000, b'"\\ud800"', b"\xef\xbb\xbf", b" ", b"\n", b"%1", b"(", b")", b"=", b"@own",
)  # fmt: skip


def documents() -> list[str]:
    """Sound documents of both formats, with the user's own operation among them."""
    made = [fg.dumps(program(seed)) for seed in range(60)]
    for seed in range(60):
        one = program(seed)
        inputs = [fg.var(0.5 + i, f"x{i}" if i % 2 else None) for i in range(len(one.inputs))]
        made.append(fg.dumps(fg.Graph.of(*one.nodes(inputs), OWN(inputs[0]))))
    return made


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Each place in a JSON value: what it stands in, and its key there."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        keys: Any = part if isinstance(part, dict) else range(len(part))
        for key in keys:
            found.append((part, key))
            if isinstance(part[key], (list, dict)):
                waiting.append(part[key])
    return found


def changed(text: str, rng: random.Random) -> bytes:
    """The document with something done to its JSON value."""
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = spots(value)
        if not places:
            break
        part, key = rng.choice(places)
        other, other_key = rng.choice(places)
        do = rng.randrange(7)
        if do == 0:
            del part[key]
        elif do == 1 and isinstance(part, list):
            part.insert(key, rng.choice(STRANGE))
        elif do == 2 and type(part[key]) is int:
            part[key] += rng.choice((-1, 1, 2, -5, 100))
        elif do == 3 and not isinstance(part[key], (list, dict)):
            part[key], other[other_key] = json.loads(json.dumps(other[other_key])), part[key]
        elif do == 4 and isinstance(part, dict):
            part[rng.choice(("x", "lines", "nodes", "format"))] = part[key]
        else:
            part[key] = json.loads(json.dumps(rng.choice(STRANGE)))
    return json.dumps(value).encode()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them flipped, cut out, put in or repeated."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        i = rng.randrange(len(data) + 1)
        j = min(len(data), i + rng.choice((1, 1, 2, 10, 100)))
        do = rng.randrange(4)
        if do == 0 and i < len(data):
            data = data[:i] + bytes([data[i] ^ 1 << rng.randrange(8)]) + data[i + 1 :]
        elif do == 1:
            data = data[:i] + data[j:]
        elif do == 2:
            data = data[:i] + data[i:j] + data[i:]
        else:
            data = data[:i] + rng.choice(PIECES) + data[i:]
    return data


def mutant(seed: int, sound: list[str]) -> bytes:
    """One document with something wrong, the same for the same seed."""
    rng = random.Random(seed)
    text = rng.choice(sound)
    return changed(text, rng) if rng.random() < 0.5 else damaged(text.encode(), rng)


def refused(error: Exception) -> str:
    """That it was, with a short message and a place in the text."""
    assert len(str(error)) < 2000
    if isinstance(error, fg.FormatError):
        assert 0 <= error.column <= len(error.text)
    return "refused"


def outcome(data: bytes) -> str:
    """What reading came to; whatever else is raised, or not sound, is a fault."""
    try:
        value = fg.loads(data, (OWN,))
    except fg.FormatError as error:
        return refused(error)
    if isinstance(value, Program):
        value.check()
    else:
        for node in value.nodes:
            assert node.op is variable or len(node.args) == node.op.arity
    again = fg.dumps(value)
    assert fg.loads(again, (OWN,)) == value
    assert fg.dumps(fg.loads(again, (OWN,))) == again
    return "read"


def garbled(seed: int, sound: list[str]) -> str:
    """A listing with something wrong."""
    rng = random.Random(seed)
    return damaged(rng.choice(sound).encode(), rng).decode(errors="replace")


def outcome_of_listing(text: str) -> str:
    """As `outcome`, for `parse`."""
    try:
        value = parse(text, (OWN,)).check()
    except (fg.FormatError, fg.UnknownName, fg.MalformedProgram) as error:
        return refused(error)
    assert parse(fg.show(value), (OWN,)) == value
    return "read"


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    sound = documents()
    begin = time.perf_counter()
    print(count, dict(Counter(outcome(mutant(seed, sound)) for seed in range(count))), end=" ")
    print(f"{time.perf_counter() - begin:.0f} s")
    shown = [fg.show(program(seed)) for seed in range(60)]
    seen = Counter(outcome_of_listing(garbled(seed, shown)) for seed in range(count // 10))
    print(f"listings: {count // 10} {dict(seen)}")
    print(f"peak of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    tracemalloc.start()
    worst = 0.0
    for seed in range(count // 50):
        data = mutant(seed, sound)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        outcome(data)
        worst = max(worst, (tracemalloc.get_traced_memory()[1] - before) / (len(data) + 2000))
    print(
        f"at most {worst:.0f} bytes for a byte of text (and 2,000 for all), {count // 50} documents"
    )


if __name__ == "__main__":
    main()
