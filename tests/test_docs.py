"""The documentation: every public name has its place, and every link leads somewhere."""

import re
from pathlib import Path
from types import ModuleType

import pytest

import fgrad as fg
from fgrad import trees
from fgrad.ops.primitive import Op
from tests import operations

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs/reference"
ROOMS = [
    "ops", "graph", "arrays", "autodiff", "trees", "transforms", "program", "compiled", "backends", "solvers",
    "sparse", "fitting", "nonlinear", "formats", "optimize", "cli", "errors",
]  # fmt: skip

# What other rooms use of trees, under names that users need not know.
OF_ROOMS = {"LEAF", "Leaf", "arguments", "mapped", "matched_results", "results", "tupled"}

# Examples of these are on the page of operations, or in `Unary`, `minimize` and `lbfgs`.
ELSEWHERE = {"ArrayCondition", "Binary", "Minimum", "Op", "Partial", "Search", "Ternary"}


def documented() -> set[str]:
    """The names that the pages of the reference describe: as a directive, or in a table."""
    pages = [(REFERENCE / f"{room}.md").read_text() for room in ROOMS]
    text = "\n".join(pages)
    names = re.findall(r"^\.\. (?:auto\w+|py:data):: fgrad\.([\w.]+)$", text, re.MULTILINE)
    return {*names, *re.findall(r"^\| `(\w+)\([xyz, ]+\)` \|", text, re.MULTILINE)}


def test_every_public_name_is_in_the_reference() -> None:
    assert set(dir(fg)) - documented() == set()
    public = {name for name in vars(trees) if not name.startswith("_")} - OF_ROOMS
    functions = {name for name in public if not isinstance(getattr(trees, name), ModuleType)}
    assert functions - {name.removeprefix("trees.") for name in documented()} == set()


def test_every_room_has_a_page() -> None:
    source = Path(fg.__file__).parent
    rooms = {p.parent.name for p in source.glob("*/__init__.py")}
    assert rooms | {"errors"} == set(ROOMS)
    for room in ROOMS:
        assert f".. automodule:: fgrad.{room}\n" in (REFERENCE / f"{room}.md").read_text(), room


def test_the_tables_of_operations_are_what_help_shows() -> None:
    page = operations.PAGE.read_text()
    assert page == operations.written(page), "python -m tests.operations"


def test_everything_in_the_reference_shows_an_example() -> None:
    things = [(name, getattr(fg, name)) for name in dir(fg)]
    things += [(name, getattr(trees, name)) for name in ("flatten", "leaves", "map", "paths")]
    arrays = (REFERENCE / "arrays.md").read_text()
    for name, thing in things:
        module = getattr(thing, "__module__", "")
        if module.startswith("fgrad.arrays.") and not isinstance(thing, type):
            assert re.search(rf"^(>>>|\.\.\.) .*\bfg\.{name}\(", arrays, re.MULTILINE), name
            continue
        error = isinstance(thing, type) and issubclass(thing, BaseException)
        if not (error or isinstance(thing, (Op, ModuleType)) or name in ELSEWHERE):
            assert ">>>" in (thing.__doc__ or ""), name


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=str
)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_no_page_has_a_place_that_waits_for_a_figure() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        waiting = re.findall(r"\b(?:TABLE|SECOND|TODO|FIXME|XXX)\b", page.read_text())
        assert not waiting, page
