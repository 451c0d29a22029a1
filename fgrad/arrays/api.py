"""What users call by `fg.<name>`: functions of arrays and of nodes of them, with their types."""

from __future__ import annotations

from fgrad.arrays import at as _at
from fgrad.arrays import (
    choices,
    convolution,
    functions,
    linalg,
    lines,
    order,
    parts,
    products,
    shapes,
    signatures,
    together,
)
from fgrad.arrays import composed_signatures as composed
from fgrad.arrays import einstein as _einstein
from fgrad.arrays import methods as _methods  # noqa: F401  # nodes of arrays get theirs there
from fgrad.arrays import reduction_signatures as reducing

at: composed.AtPlaces = _at.at
broadcast_to: signatures.ToShape = shapes.broadcast_to
cholesky: signatures.Plainly = linalg.cholesky
concatenate: signatures.Joining = together.concatenate
convolve: composed.Convolving = convolution.convolve
cross: signatures.Product = products.cross
cumprod: signatures.AlongAny = functions.cumprod
cumsum: signatures.AlongAny = functions.cumsum
det: signatures.Determinant = linalg.det
diag: signatures.OnDiagonal = parts.diag
diagonal: signatures.Diagonal = parts.diagonal
einsum: signatures.Einsum = _einstein.einsum
expand_dims: signatures.Expanding = shapes.expand_dims
flip: signatures.AlongAxes = parts.flip
hstack: composed.Rows = together.hstack
inner: signatures.Product = products.inner
interp: composed.Interpolating = lines.interp
inv: signatures.Plainly = linalg.inv
logsumexp: reducing.Plain = functions.logsumexp
matmul: signatures.Product = products.matmul
max: reducing.Reduction = functions.max
mean: reducing.Mean = functions.mean
median: reducing.Plain = order.median
min: reducing.Reduction = functions.min
moveaxis: signatures.Moving = shapes.moveaxis
norm: reducing.Norm = functions.norm
outer: signatures.Product = products.outer
pad: signatures.Padding = together.pad
quantile: reducing.Quantile = order.quantile
ravel: signatures.Ravelling = shapes.ravel
repeat: signatures.Repeating = parts.repeat
reshape: signatures.Reshaping = shapes.reshape
roll: signatures.Rolling = parts.roll
searchsorted: composed.Searching = order.searchsorted
select: composed.Selecting = choices.select
slogdet: signatures.LogDeterminant = linalg.slogdet
softmax: signatures.AlongAxis = functions.softmax
solve: signatures.Product = linalg.solve
sort: signatures.AlongAny = order.sort
split: signatures.Splitting = parts.split
squeeze: signatures.AlongAxes = shapes.squeeze
stack: signatures.Stacking = together.stack
std: reducing.Deviation = functions.std
swapaxes: signatures.Swapping = shapes.swapaxes
take: signatures.Taking = parts.take
take_along_axis: signatures.TakingAlong = parts.take_along_axis
tensordot: signatures.TensorProduct = products.tensordot
tile: signatures.ToShape = together.tile
transpose: signatures.Permuting = shapes.transpose
trapezoid: composed.Area = lines.trapezoid
tril: signatures.OnDiagonal = parts.tril
triu: signatures.OnDiagonal = parts.triu
vdot: signatures.NumberProduct = products.vdot
vstack: composed.Rows = together.vstack
