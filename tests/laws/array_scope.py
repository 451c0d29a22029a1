"""What is known where a random line is made: the variables in sight with their values, and chances."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from tests.laws.array_programs import Function, Lengths, Line, Operand, literal

LARGEST = 36
"""Elements of an array at most."""


@attrs.frozen(eq=False)
class Known:
    """A variable with its value at the point."""

    number: int
    value: Any
    padding: Any = None
    """Of an argument that has rows which must not be used: where it may be."""

    @property
    def shape(self) -> Lengths:
        return np.shape(self.value)

    @property
    def truth(self) -> bool:
        return np.asarray(self.value).dtype.kind == "b"


class Scope:
    """Variables in sight, those around come first; a line that is put in is evaluated at once."""

    def __init__(self, rng: random.Random, names: dict[str, Any], known: Sequence[Known]) -> None:
        self.rng, self.names, self.known = rng, dict(names), list(known)

    def inner(self) -> Scope:
        """The same for a function inside."""
        return Scope(self.rng, self.names, self.known)

    def bind(self, known: Known) -> Known:
        self.known.append(known)
        self.names[f"v{known.number}"] = known.value
        return known

    def evaluated(self, line: Line) -> Any:
        """What the line gives here."""
        space = dict(self.names)
        exec("\n".join(line.written(oracle=False)), space)  # noqa: S102  # it is ours
        return space[f"v{line.out}"]

    def tried(self, text: str, known: Any) -> Any:
        """An expression of `known`, None if that does not go."""
        try:
            return eval(text, {**self.names, "known": known})  # noqa: S307  # it is ours
        except ValueError:
            return None

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def choice(self, things: Sequence[Any]) -> Any:
        return things[self.rng.randrange(len(things))]

    def number(self) -> float:
        return self.rng.randint(-12, 12) / 8.0 or 0.5

    def constant(self, shape: Lengths) -> str:
        """The text of an array of that shape, or of a number."""
        flat = [self.number() for _ in range(int(np.prod(shape)))]
        return literal(np.array(flat).reshape(shape)) if shape else literal(flat[0])

    def numbers(self, accept: Callable[[Known], bool] = lambda x: True) -> list[Known]:
        """The variables that are no conditions, and may be used everywhere."""
        return [x for x in self.known if not x.truth and x.padding is None and accept(x)]

    def pick(self, accept: Callable[[Known], bool] = lambda x: True) -> Known | None:
        """One of them, of late ones more often."""
        found = self.numbers(accept)
        if not found:
            return None
        late = found[-4:] if self.chance(0.6) else found
        return late[self.rng.randrange(len(late))]

    def array(self, least: int = 1, accept: Callable[[Known], bool] = lambda x: True) -> Any:
        """One of at least so many axes."""
        return self.pick(lambda x: len(x.shape) >= least and accept(x))

    def beside(self, shape: Lengths) -> Operand:
        """Something that broadcasts with a shape: a variable, or a constant."""
        found = self.pick(lambda x: _fits(x.shape, shape))
        if found is not None and self.chance(0.75):
            return found.number
        cut = shape[self.rng.randint(0, len(shape)) :]
        wide = tuple([1 if self.chance(0.3) else n for n in cut])
        return self.constant(wide)

    def of_shape(self, shape: Lengths) -> Operand:
        """A variable or a constant of that very shape."""
        found = self.pick(lambda x: x.shape == shape)
        return found.number if found is not None and self.chance(0.8) else self.constant(shape)

    def axes(self, ndim: int) -> tuple[int, ...] | int | None:
        """None, an axis, or some."""
        if ndim == 0 or self.chance(0.25):
            return None
        if ndim > 1 and self.chance(0.25):
            return tuple(self.rng.sample(range(ndim), self.rng.randint(1, ndim)))
        return self.axis(ndim)

    def axis(self, ndim: int) -> int:
        return self.rng.randrange(-ndim, ndim)


def _fits(a: Lengths, b: Lengths) -> bool:
    try:
        return int(np.prod(np.broadcast_shapes(a, b))) <= LARGEST
    except ValueError:
        return False


class Draft:
    """A line before it has a number: `styles` are what users write, the oracle's text among them."""

    def __init__(
        self,
        name: str,
        oracle: str,
        args: Sequence[Operand] = (),
        styles: Sequence[str] = (),
        functions: Sequence[Function] = (),
        *,
        own: bool = True,
    ) -> None:
        self.name, self.oracle, self.args = name, oracle, tuple(args)
        self.styles = (*((oracle,) if own else ()), *styles)
        self.functions = tuple(functions)

    def line(self, rng: random.Random, out: int) -> Line:
        text = self.styles[rng.randrange(len(self.styles))]
        return Line(self.name, text, self.oracle, self.args, self.functions, out)
