"""Trees (pytrees): containers of parameters, taken apart and rebuilt.

Read `tree` (`flatten`, `map`, `leaves`, `register`), then `containers` (what counts as a container),
`leaf` (what else may stand in a tree) and `structure` (a tree without its leaves). `vector` has a tree
as one array, `attributes` restores what `__post_init__` adds, `sameness` asks whether a function could
distinguish two values, `parameters` names arguments.

This package alone re-exports, since users type `fg.trees.map`. Imports `fgrad.graph`.
"""

from fgrad.trees.containers import STATIC as STATIC
from fgrad.trees.leaf import Leaf as Leaf
from fgrad.trees.structure import LEAF as LEAF
from fgrad.trees.structure import Structure as Structure
from fgrad.trees.structure import tupled as tupled
from fgrad.trees.tree import Registry as Registry
from fgrad.trees.tree import arguments as arguments
from fgrad.trees.tree import flatten as flatten
from fgrad.trees.tree import leaves as leaves
from fgrad.trees.tree import map as map
from fgrad.trees.tree import mapped as mapped
from fgrad.trees.tree import matched as matched
from fgrad.trees.tree import matched_results as matched_results
from fgrad.trees.tree import paths as paths
from fgrad.trees.tree import ravel as ravel
from fgrad.trees.tree import register as register
from fgrad.trees.tree import results as results
from fgrad.trees.vector import Unravel as Unravel
