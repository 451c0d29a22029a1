"""What users call by `fg.<name>`: functions of arrays and of nodes of them, with their types."""

from __future__ import annotations

from fgrad.arrays import at as _at
from fgrad.arrays import (
    choices,
    convolution,
    determinants,
    factors,
    fourier,
    functions,
    linalg,
    linear_signatures,
    lines,
    norms,
    order,
    parts,
    products,
    shapes,
    signatures,
    singular,
    sparse_functions,
    sparse_signatures,
    spectra,
    systems,
    together,
)
from fgrad.arrays import composed_signatures as composed
from fgrad.arrays import einstein as _einstein
from fgrad.arrays import methods as _methods  # noqa: F401  # nodes of arrays get theirs there
from fgrad.arrays import reduction_signatures as reducing

at: composed.AtPlaces = _at.at
broadcast_to: signatures.ToShape = shapes.broadcast_to
cholesky: linear_signatures.Cholesky = factors.cholesky
concatenate: signatures.Joining = together.concatenate
convolve: composed.Convolving = convolution.convolve
cross: signatures.Product = products.cross
cumprod: signatures.AlongAny = functions.cumprod
cumsum: signatures.AlongAny = functions.cumsum
det: signatures.Determinant = determinants.det
diag: signatures.OnDiagonal = parts.diag
diagonal: signatures.Diagonal = parts.diagonal
eigh: linear_signatures.Eigh = spectra.eigh
eigvalsh: linear_signatures.Eigenvalues = spectra.eigvalsh
einsum: signatures.Einsum = _einstein.einsum
expand_dims: signatures.Expanding = shapes.expand_dims
expm: signatures.Plainly = linalg.expm
flip: signatures.AlongAxes = parts.flip
hstack: composed.Rows = together.hstack
inner: signatures.Product = products.inner
interp: composed.Interpolating = lines.interp
inv: signatures.Plainly = systems.inv
irfft: linear_signatures.Signal = fourier.irfft
kron: signatures.Product = linalg.kron
logsumexp: reducing.Plain = functions.logsumexp
lstsq: linear_signatures.LeastSquares = systems.lstsq
matmul: sparse_signatures.MatrixProduct = products.matmul
matrix_power: linear_signatures.Power = linalg.matrix_power
max: reducing.Reduction = functions.max
mean: reducing.Mean = functions.mean
median: reducing.Plain = order.median
min: reducing.Reduction = functions.min
moveaxis: signatures.Moving = shapes.moveaxis
multi_dot: linear_signatures.Products = linalg.multi_dot
norm: reducing.Norm = norms.norm
outer: signatures.Product = products.outer
pad: signatures.Padding = together.pad
pinv: linear_signatures.PseudoInverse = systems.pinv
qr: linear_signatures.QR = factors.qr
quantile: reducing.Quantile = order.quantile
ravel: signatures.Ravelling = shapes.ravel
repeat: signatures.Repeating = parts.repeat
reshape: signatures.Reshaping = shapes.reshape
rfft: linear_signatures.Frequencies = fourier.rfft
roll: signatures.Rolling = parts.roll
searchsorted: composed.Searching = order.searchsorted
select: composed.Selecting = choices.select
slogdet: signatures.LogDeterminant = determinants.slogdet
softmax: signatures.AlongAxis = functions.softmax
solve: signatures.Product = systems.solve
solve_triangular: linear_signatures.Triangular = systems.solve_triangular
sort: signatures.AlongAny = order.sort
spsolve: sparse_signatures.SparseSolve = sparse_functions.spsolve
split: signatures.Splitting = parts.split
squeeze: signatures.AlongAxes = shapes.squeeze
stack: signatures.Stacking = together.stack
std: reducing.Deviation = functions.std
svd: linear_signatures.SVD = singular.svd
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
