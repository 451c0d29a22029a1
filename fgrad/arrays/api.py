"""What users call by `fg.<name>`: functions of arrays and of nodes of them, with their types."""

from __future__ import annotations

from fgrad.arrays import functions, linalg, shapes, signatures
from fgrad.arrays import methods as _methods  # noqa: F401  # nodes of arrays get theirs there

broadcast_to: signatures.ToShape = shapes.broadcast_to
cholesky: signatures.Plainly = linalg.cholesky
concatenate: signatures.Joining = shapes.concatenate
cumprod: signatures.AlongAny = functions.cumprod
cumsum: signatures.AlongAny = functions.cumsum
det: signatures.Determinant = linalg.det
diag: signatures.OnDiagonal = shapes.diag
diagonal: signatures.Diagonal = shapes.diagonal
einsum: signatures.Einsum = functions.einsum
expand_dims: signatures.Expanding = shapes.expand_dims
flip: signatures.AlongAxes = shapes.flip
inner: signatures.Product = functions.inner
inv: signatures.Plainly = linalg.inv
logsumexp: signatures.Reduction = functions.logsumexp
matmul: signatures.Product = functions.matmul
max: signatures.Reduction = functions.max
mean: signatures.Reduction = functions.mean
min: signatures.Reduction = functions.min
moveaxis: signatures.Moving = shapes.moveaxis
norm: signatures.Norm = functions.norm
outer: signatures.Product = functions.outer
pad: signatures.Padding = shapes.pad
ravel: signatures.Plainly = shapes.ravel
repeat: signatures.Repeating = shapes.repeat
reshape: signatures.ToShape = shapes.reshape
roll: signatures.Rolling = shapes.roll
slogdet: signatures.LogDeterminant = linalg.slogdet
softmax: signatures.AlongAxis = functions.softmax
solve: signatures.Product = linalg.solve
sort: signatures.AlongAxis = shapes.sort
split: signatures.Splitting = shapes.split
squeeze: signatures.AlongAxes = shapes.squeeze
stack: signatures.Stacking = shapes.stack
std: signatures.Deviation = functions.std
swapaxes: signatures.Swapping = shapes.swapaxes
take: signatures.Taking = shapes.take
take_along_axis: signatures.TakingAlong = shapes.take_along_axis
tensordot: signatures.TensorProduct = functions.tensordot
tile: signatures.ToShape = shapes.tile
transpose: signatures.Permuting = shapes.transpose
tril: signatures.OnDiagonal = shapes.tril
triu: signatures.OnDiagonal = shapes.triu
vdot: signatures.NumberProduct = functions.vdot
