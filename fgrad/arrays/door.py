"""What the rooms below ask of this one, by name, when an array comes (`fgrad.ops.operand.arrays`)."""

from fgrad.arrays import functions as functions
from fgrad.arrays import methods as _methods  # noqa: F401  # nodes of arrays get theirs there
from fgrad.arrays.nodes import computed as computed
from fgrad.arrays.nodes import constant_of as constant_of
from fgrad.arrays.nodes import held as held
from fgrad.arrays.nodes import held_truth as held_truth
from fgrad.arrays.nodes import leaf_of as leaf_of
from fgrad.arrays.nodes import sealed as sealed
from fgrad.arrays.nodes import variable_of as variable_of
from fgrad.arrays.products import dot as dot
from fgrad.arrays.protocols import function as function
from fgrad.arrays.protocols import ufunc as ufunc
from fgrad.arrays.together import stacked as stacked
from fgrad.arrays.values import are_plain as are_plain
from fgrad.arrays.values import array as array
from fgrad.arrays.values import as_leaf as as_leaf
from fgrad.arrays.values import is_leaf as is_leaf
from fgrad.arrays.values import is_truths as is_truths
from fgrad.arrays.values import owned as owned
from fgrad.arrays.values import plain as plain
from fgrad.arrays.values import quietly as quietly
from fgrad.arrays.values import shape_of as shape_of
from fgrad.arrays.values import truths as truths
from fgrad.arrays.values import zero_like as zero_like
from fgrad.arrays.values import zeros as zeros
from fgrad.arrays.vectors import Layout as Layout
from fgrad.arrays.vectors import joined as joined
