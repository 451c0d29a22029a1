"""How Sphinx builds the site: `python -m sphinx -n -W --keep-going docs DIRECTORY`."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

project = "fgrad"
author = "the authors of fgrad"
copyright = author
version = release = installed("fgrad")
html_title = f"fgrad {release}"
html_theme = "furo"
html_copy_source = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["examples"]

myst_heading_anchors = 3  # links to headings, as a git web view has them
default_role = "code"  # docstrings write `x` for code, as Markdown does

autodoc_member_order = "bysource"
# Overloads are for type checkers: reference/types.md shows what these make of them.
autodoc_typehints = "none"

# Users get these from functions, and a signature would be of what is inside.
_NOT_CALLED: Final = frozenset({
    "Columns", "Compiled", "Condition", "Difference", "Drawing", "Gradients", "Graph", "Method", "Minimum", "Node",
    "NodeGradients", "Op", "Real", "Registry", "Rows", "Search", "Structure", "Unravel",
})  # fmt: skip


def _signature(app: Sphinx, what: str, name: str, *others: object) -> tuple[str, str] | None:
    """No signature of a class that is not called."""
    return ("", "") if what == "class" and name.rpartition(".")[2] in _NOT_CALLED else None


def _public(app: Sphinx, name: str, kind: type, options: object, bases: list[type]) -> None:
    """The builtin that an error derives from, without a class of ours that words it."""
    bases[:] = [base for base in bases if not base.__name__.startswith("_")]


def _trimmed(app: Sphinx, document: nodes.document) -> None:
    """No empty line at the end of an example, where doctest needs one before the closing fence."""
    from docutils import nodes  # noqa: PLC0415  # pytest, which reads this for examples, may lack it

    for block in document.findall(nodes.literal_block):
        block[:] = [nodes.Text(block.astext().rstrip("\n"))]
        block.rawsource = block.astext()  # what is not so is not highlighted


def setup(app: Sphinx) -> None:
    """Connect the two."""
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-bases", _public)
    app.connect("doctree-read", _trimmed)
