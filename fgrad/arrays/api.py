"""What users call by `fg.<name>`: functions of arrays and of nodes of them, with their types."""

from __future__ import annotations

from fgrad.arrays import functions, linalg, order, parts, products, shapes, signatures, together
from fgrad.arrays.einstein import einsum as _einsum
from fgrad.arrays import methods as _methods  # noqa: F401  # nodes of arrays get theirs there

broadcast_to: signatures.ToShape = shapes.broadcast_to
cholesky: signatures.Plainly = linalg.cholesky
concatenate: signatures.Joining = together.concatenate
cumprod: signatures.AlongAny = functions.cumprod
cumsum: signatures.AlongAny = functions.cumsum
det: signatures.Determinant = linalg.det
diag: signatures.OnDiagonal = parts.diag
diagonal: signatures.Diagonal = parts.diagonal
einsum: signatures.Einsum = _einsum
expand_dims: signatures.Expanding = shapes.expand_dims
flip: signatures.AlongAxes = parts.flip
inner: signatures.Product = products.inner
inv: signatures.Plainly = linalg.inv
logsumexp: signatures.Reduction = functions.logsumexp
matmul: signatures.Product = products.matmul
max: signatures.Reduction = functions.max
mean: signatures.Reduction = functions.mean
min: signatures.Reduction = functions.min
moveaxis: signatures.Moving = shapes.moveaxis
norm: signatures.Norm = functions.norm
outer: signatures.Product = products.outer
pad: signatures.Padding = together.pad
ravel: signatures.Plainly = shapes.ravel
repeat: signatures.Repeating = parts.repeat
reshape: signatures.ToShape = shapes.reshape
roll: signatures.Rolling = parts.roll
slogdet: signatures.LogDeterminant = linalg.slogdet
softmax: signatures.AlongAxis = functions.softmax
solve: signatures.Product = linalg.solve
sort: signatures.AlongAxis = order.sort
split: signatures.Splitting = parts.split
squeeze: signatures.AlongAxes = shapes.squeeze
stack: signatures.Stacking = together.stack
std: signatures.Deviation = functions.std
swapaxes: signatures.Swapping = shapes.swapaxes
take: signatures.Taking = parts.take
take_along_axis: signatures.TakingAlong = parts.take_along_axis
tensordot: signatures.TensorProduct = products.tensordot
tile: signatures.ToShape = together.tile
transpose: signatures.Permuting = shapes.transpose
tril: signatures.OnDiagonal = parts.tril
triu: signatures.OnDiagonal = parts.triu
vdot: signatures.NumberProduct = products.vdot
