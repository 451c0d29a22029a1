"""What a fit by least squares found, and how well the data determine it."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from fgrad.display import Table, cell, number, plural
from fgrad.program.spread import spread
from fgrad.trees.listing import listing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

A = TypeVar("A")
_MOST: Final = 1000
"""Parameters up to which a table shows the errors."""


@attrs.frozen(repr=False, eq=False)
class Fit(Generic[A]):
    """The result of `least_squares`: the parameters, and half of the sum of squares there.

    With a robust loss `cost` is half of the sum of what it makes of the squares.

    >>> import fgrad as fg
    >>> fit = fg.least_squares(lambda x: [x - 1.0, x - 2.0, x - 6.0], 0.0)
    >>> round(fit.params, 6), round(fit.cost, 6), fit.converged
    (3.0, 7.0, True)
    """

    params: A
    cost: float
    converged: bool
    message: str
    count: int
    """The number of residuals."""
    evaluations: int
    _normal: Any
    """The Gauss-Newton matrix at the parameters: J^T J without a robust loss."""
    _spread: Any

    @cached_property
    def covariance(self) -> Matrix:
        """The covariance of the parameters, in the order of their leaves: s^2 (J^T J)^-1.

        s^2 is the sum of squares over the number of residuals less that of parameters, so the errors
        of the data need not be known. With a robust loss it is that of an M-estimator, the sandwich
        H^-1 (sum of g g^T) H^-1 of the Gauss-Newton matrix H and what each residual adds to the
        gradient, g, with the same correction (Huber 1981, section 7.6). It is inf where the data do not
        determine the parameters, or there are no more residuals than parameters. The matrix is dense,
        also where the fit was sparse: n parameters take n^3 operations.
        """
        import numpy as np  # noqa: PLC0415  # there is one only where numpy is

        normal, spread = (_dense(m) for m in (self._normal, self._spread))
        size = len(normal)
        scale = np.sqrt(np.diag(normal))
        scale[scale == 0.0] = 1.0
        values, vectors = np.linalg.eigh(normal / np.outer(scale, scale))
        found = np.full((size, size), math.inf)
        if self.count > size and values[0] > size * np.finfo(float).eps * values[-1]:
            inverse = (vectors / values) @ vectors.T / np.outer(scale, scale)
            if spread is None:
                found = 2.0 * self.cost / (self.count - size) * inverse
            else:
                found = self.count / (self.count - size) * inverse @ spread @ inverse
        found.flags.writeable = False
        return found

    @cached_property
    def errors(self) -> A:
        """The standard error of each parameter: the square roots of the diagonal of the covariance."""
        known = spread(self.params, "params")[1]
        return known.tree([math.sqrt(v) for v in self.covariance.diagonal().tolist()])

    def __repr__(self) -> str:
        """A table of the parameters, of a screen at most; its first line is a summary.

        The errors of very many are left out, as they would take minutes: `errors` computes them.
        """
        return self._table().text()

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return self._table().html()

    def _table(self) -> Table:
        head = "parameter", "value", "error"
        if self._normal.shape[0] > _MOST:
            rows = listing(self.params, self.params, head, "the number", lambda _: "…")
        else:
            rows = listing(self.params, self.errors, head, "the number", _error)
        how = "converged" if self.converged else "not converged"
        count, after = plural(self.count, "residual"), plural(self.evaluations, "evaluation")
        title = f"Fit(cost {number(self.cost)} of {count}, {how} after {after}):"
        return attrs.evolve(rows, title=title)


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


def _error(error: Any) -> str:
    """A standard error, or those of an array, in a table."""
    return f"{error:.3g}" if isinstance(error, float) else cell(error)
