"""What users call by `fg.<name>`: functions of arrays and of nodes of them, with their types."""

from __future__ import annotations

from fgrad.arrays import (
    determinants,
    factors,
    fourier,
    functions,
    linalg,
    linear_signatures,
    shapes,
    signatures,
    singular,
    spectra,
    systems,
)
from fgrad.arrays import methods as _methods  # noqa: F401  # nodes of arrays get theirs there

broadcast_to: signatures.ToShape = shapes.broadcast_to
cholesky: linear_signatures.Cholesky = factors.cholesky
concatenate: signatures.Joining = shapes.concatenate
cumprod: signatures.AlongAny = functions.cumprod
cumsum: signatures.AlongAny = functions.cumsum
det: signatures.Determinant = determinants.det
diag: signatures.OnDiagonal = shapes.diag
diagonal: signatures.Diagonal = shapes.diagonal
eigh: linear_signatures.Eigh = spectra.eigh
eigvalsh: linear_signatures.Eigenvalues = spectra.eigvalsh
einsum: signatures.Einsum = functions.einsum
expand_dims: signatures.Expanding = shapes.expand_dims
expm: signatures.Plainly = linalg.expm
flip: signatures.AlongAxes = shapes.flip
inner: signatures.Product = functions.inner
inv: signatures.Plainly = systems.inv
irfft: linear_signatures.Signal = fourier.irfft
kron: signatures.Product = linalg.kron
logsumexp: signatures.Reduction = functions.logsumexp
lstsq: linear_signatures.LeastSquares = systems.lstsq
matmul: signatures.Product = functions.matmul
matrix_power: linear_signatures.Power = linalg.matrix_power
max: signatures.Reduction = functions.max
mean: signatures.Reduction = functions.mean
min: signatures.Reduction = functions.min
moveaxis: signatures.Moving = shapes.moveaxis
multi_dot: linear_signatures.Products = linalg.multi_dot
norm: signatures.Norm = functions.norm
outer: signatures.Product = functions.outer
pad: signatures.Padding = shapes.pad
pinv: linear_signatures.PseudoInverse = systems.pinv
qr: linear_signatures.QR = factors.qr
ravel: signatures.Plainly = shapes.ravel
repeat: signatures.Repeating = shapes.repeat
reshape: signatures.ToShape = shapes.reshape
rfft: linear_signatures.Frequencies = fourier.rfft
roll: signatures.Rolling = shapes.roll
slogdet: signatures.LogDeterminant = determinants.slogdet
softmax: signatures.AlongAxis = functions.softmax
solve: signatures.Product = systems.solve
solve_triangular: linear_signatures.Triangular = systems.solve_triangular
sort: signatures.AlongAxis = shapes.sort
split: signatures.Splitting = shapes.split
squeeze: signatures.AlongAxes = shapes.squeeze
stack: signatures.Stacking = shapes.stack
std: signatures.Deviation = functions.std
svd: linear_signatures.SVD = singular.svd
swapaxes: signatures.Swapping = shapes.swapaxes
take: signatures.Taking = shapes.take
take_along_axis: signatures.TakingAlong = shapes.take_along_axis
tensordot: signatures.TensorProduct = functions.tensordot
tile: signatures.ToShape = shapes.tile
transpose: signatures.Permuting = shapes.transpose
tril: signatures.OnDiagonal = shapes.tril
triu: signatures.OnDiagonal = shapes.triu
vdot: signatures.NumberProduct = functions.vdot
