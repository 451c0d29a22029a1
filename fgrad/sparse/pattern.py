"""Patterns: where a matrix has numbers that are not structurally zero."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final

import attrs

from fgrad.display import plural
from fgrad.errors import MissingExtra, NotAValue

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array

_WIDTH: Final = 64
_HEIGHT: Final = 24
_SHADES: Final = "·░▒▓█"


@attrs.frozen(repr=False)
class Pattern:
    """The places of the nonzeros of a matrix, row by row and each row by columns.

    >>> pattern = Pattern((2, 3), (0, 1, 1), (2, 0, 1))
    >>> pattern
    Pattern of 2 x 3 with 3 nonzeros:
      ··×
      ××·
    >>> pattern.density, (1, 1) in pattern
    (0.5, True)
    """

    shape: tuple[int, int]
    rows: tuple[int, ...]
    """The row of each nonzero."""
    columns: tuple[int, ...]
    """The column of each nonzero."""

    @classmethod
    def of(cls, shape: tuple[int, int], places: Iterable[tuple[int, int]]) -> Pattern:
        """The pattern with nonzeros at these places, in any order."""
        ordered = sorted(set(places))
        return cls(shape, tuple([i for i, _ in ordered]), tuple([j for _, j in ordered]))

    @property
    def density(self) -> float:
        """The share of nonzeros; 0 for a matrix without elements."""
        size = self.shape[0] * self.shape[1]
        return len(self) / size if size else 0.0

    def __len__(self) -> int:
        """The number of nonzeros."""
        return len(self.rows)

    def __contains__(self, place: object) -> bool:
        """Whether the place `(row, column)` may hold a number that is not 0."""
        return place in self._places

    @cached_property
    def _places(self) -> frozenset[tuple[int, int]]:
        return frozenset(zip(self.rows, self.columns, strict=True))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where the nonzeros of each row begin, and their number: the row pointers of CSR."""
        counts = [0] * self.shape[0]
        for row in self.rows:
            counts[row] += 1
        return tuple(accumulate(counts, initial=0))

    @property
    def transposed(self) -> Pattern:
        """The pattern of the transposed matrix."""
        places = zip(self.columns, self.rows, strict=True)
        return Pattern.of((self.shape[1], self.shape[0]), places)

    def matrix(self, values: np.ndarray[Any, np.dtype[np.float64]]) -> csr_array:
        """The matrix with these nonzeros, as an array of `scipy.sparse`; MissingExtra without scipy.

        The values are not copied.
        """
        try:
            from scipy.sparse import csr_array as array  # noqa: PLC0415  # an extra
        except ImportError as error:
            raise MissingExtra("a sparse array", "scipy", "optimize") from error
        if values.shape != (len(self),):
            needed, got = f"an array of {len(self)} numbers", f"one of shape {values.shape}"
            raise NotAValue("matrix", needed, got, "Give one for each nonzero, row by row.")
        places, starts = self._indices
        # Copies, since a matrix may be changed in place.
        return array((values, places.copy(), starts.copy()), shape=self.shape)

    @cached_property
    def _indices(self) -> tuple[Any, Any]:
        """The columns and the starts of rows as arrays."""
        import numpy as np  # noqa: PLC0415  # an extra

        return np.array(self.columns, np.int32), np.array(self.starts, np.int32)

    def __str__(self) -> str:
        """The picture: a character for each element, or for a block of them by how full it is."""
        height, width = (
            min(n, most) for n, most in zip(self.shape, (_HEIGHT, _WIDTH), strict=True)
        )
        if (height, width) == self.shape:
            places = self._places
            picture = [
                ["×" if (i, j) in places else "·" for j in range(width)] for i in range(height)
            ]
            return "\n".join(map("".join, picture))
        counts = [[0] * width for _ in range(height)]
        for i, j in zip(self.rows, self.columns, strict=True):
            counts[i * height // self.shape[0]][j * width // self.shape[1]] += 1
        tall, wide = _sizes(self.shape[0], height), _sizes(self.shape[1], width)
        shades = [
            [_shade(n, h * w) for n, w in zip(row, wide, strict=True)]
            for row, h in zip(counts, tall, strict=True)
        ]
        return "\n".join(map("".join, shades))

    def __repr__(self) -> str:
        """The shape, the number of nonzeros and the picture."""
        head = f"Pattern of {self.shape[0]} x {self.shape[1]} with {plural(len(self), 'nonzero')}"
        if not all(self.shape):
            return head
        return "\n".join([f"{head}:", *[f"  {line}" for line in str(self).splitlines()]])

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from fgrad.display import preformatted  # noqa: PLC0415  # only who looks waits for it

        return preformatted(repr(self))

    def spy(self, axes: Any = None) -> Any:
        """The picture by matplotlib, on new axes unless some are given; MissingExtra without it."""
        if axes is None:
            try:
                from matplotlib.figure import Figure  # noqa: PLC0415  # an extra
            except ImportError as error:
                raise MissingExtra("a picture of a pattern", "matplotlib", "examples") from error
            axes = Figure().subplots()
        size = max(1.0, min(8.0, 200.0 / max(*self.shape, 1)))
        axes.plot(self.columns, self.rows, "s", markersize=size)
        axes.set(xlim=(-0.5, self.shape[1] - 0.5), ylim=(self.shape[0] - 0.5, -0.5), aspect="equal")
        axes.set_title(f"{plural(len(self), 'nonzero')}, density {self.density:.2g}")
        return axes


def _sizes(count: int, blocks: int) -> list[int]:
    """The size of each of so many blocks that are nearly equal."""
    starts = [-(-block * count // blocks) for block in range(blocks + 1)]
    return [end - start for start, end in pairwise(starts)]


def _shade(count: int, size: int) -> str:
    """The character of a block of `size` elements with so many nonzeros."""
    if not count:
        return _SHADES[0]
    return _SHADES[1 + (len(_SHADES) - 2) * count // size]
