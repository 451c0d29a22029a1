"""The shape of the source: how long modules may grow, and what is public.

What each room may import is a contract in pyproject.toml, which `lint-imports` checks.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fgrad as fg
from fgrad.ops import scalar
from fgrad.ops.primitive import Op

SOURCE = Path(fg.__file__).parent

LONG = {"_fold_floats"}  # the loop that every gradient waits for, written out

INTERNAL = {
    "acosh_slope", "atan_slope", "bell", "cbrt_slope", "complement", "cosine", "gauss", "identity",
    "inversion", "power_slope", "share",
}  # fmt: skip


ALIASES = {"expit"}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def test_no_module_and_no_function_grows_too_long() -> None:
    for path in modules():
        lines = path.read_text().splitlines()
        assert len(lines) <= 400, path.stem
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef) and node.name not in LONG:
                assert (node.end_lineno or 0) - node.lineno < 45, (path.stem, node.name)


def test_every_public_operation_is_exported_and_no_other() -> None:
    public = {name for name, op in vars(scalar).items() if isinstance(op, Op)} - INTERNAL
    exported = {name for name, op in vars(fg).items() if isinstance(op, Op)} - set(fg._LATER)
    assert exported - ALIASES == public


def test_every_room_has_a_sign_and_re_exports_nothing() -> None:
    rooms = [path for path in modules() if path.name == "__init__.py"][1:]
    for path in rooms:
        tree = ast.parse(path.read_text())
        assert len((ast.get_docstring(tree) or "").splitlines()) in range(1, 16), path
        assert len(tree.body) == 1 or path.parent.name == "trees", path


NAME = re.compile(r"\b(?:fgrad|tests)(?:\.[A-Za-z_]\w*)+|\b(?:fgrad|tests)(?:/\w+)+\.py\b")
"""A module of ours or what is in one, or a file."""


def is_there(name: str) -> bool:
    if "/" in name:
        return (SOURCE.parent / name).is_file()
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = SOURCE.parent.joinpath(*parts[:length])
        files = [f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()]
        if length == len(parts) and (files or path.is_dir()):
            return True
        if files:
            return parts[length] in bound(files[0])
    return False


def bound(file: Path) -> set[str]:
    """The names in a module."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_modules_that_prose_and_benches_name_are_there() -> None:
    root = SOURCE.parent
    texts = [root / "README.md", *root.glob("docs/**/*.md"), *root.glob("tests/bench/*.py")]
    past = {"changelog.md"}
    said = [
        (str(path.relative_to(root)), name)
        for path in texts
        if path.name not in past
        for name in NAME.findall(path.read_text())
    ]
    assert len(said) > 100
    assert [(path, name) for path, name in said if not is_there(name)] == []


def test_nothing_public_is_of_elsewhere() -> None:
    ours = {
        alias.name
        for node in ast.walk(ast.parse(Path(fg.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("fgrad")
        for alias in node.names
    }
    public = {name for name in dir(fg) if not name.startswith("_")}
    assert public - ALIASES <= ours


def test_everything_public_is_documented() -> None:
    for name in dir(fg):
        thing = getattr(fg, name)
        if not name.startswith("_") and not isinstance(thing, Op):
            assert thing.__doc__, name


def test_what_is_imported_later_is_what_type_checkers_are_told() -> None:
    block = next(n for n in ast.parse(Path(fg.__file__).read_text()).body if isinstance(n, ast.If))
    told = {
        alias.name: alias.name if n.module == "fgrad" else str(n.module).removeprefix("fgrad.")
        for n in block.body
        if isinstance(n, ast.ImportFrom)
        for alias in n.names
    }
    assert told == fg._LATER
    assert set(told) <= set(dir(fg))
    assert fg.compile is fg.compile
    with pytest.raises(AttributeError, match="nonsense"):
        _ = getattr(fg, "nonsense")  # noqa: B009  # as a mistyped name does


def test_importing_fgrad_imports_no_extra_and_no_command() -> None:
    program = "import sys, fgrad as fg; fg.lbfgs(); print(*sys.modules)"
    run = [sys.executable, "-c", program]
    loaded = set(subprocess.run(run, capture_output=True, text=True, check=True).stdout.split())
    assert "fgrad.autodiff.reverse" in loaded
    unwanted = {
        "numpy",
        "rich",
        "scipy",
        "argparse",
        "json",
        "sympy",
        "fgrad.cli.model",
        "fgrad.cli.expression",
    }
    assert not loaded & unwanted


@pytest.mark.parametrize("name", ["numpy", "rich", "mpmath", "scipy", "sympy"])
def test_the_core_needs_no_extra(name: str) -> None:
    program = f"import sys; sys.modules[{name!r}] = None; import fgrad as fg; fg.sin(fg.var(1.0))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_store_of_native_code_needs_attrs_and_the_standard_library_only() -> None:
    needed: set[str] = set()
    for node in ast.walk(ast.parse((SOURCE / "backends/native/runtime/cache.py").read_text())):
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            needed.add(str(node.module))
    assert {name.split(".")[0] for name in needed} - sys.stdlib_module_names == {"attrs"}
    program = (
        "import sys; sys.modules['llvmlite'] = sys.modules['numpy'] = None;"
        "from fgrad.backends.native.runtime.cache import Store; Store.usual().info()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
