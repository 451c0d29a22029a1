"""The shape of the source: what each module may import, how long it may grow, what is public."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fgrad as fg
from fgrad import operations
from fgrad.op import Op

SOURCE = Path(fg.__file__).parent

# Data flows one way: a module may import only what stands before it.
ORDER = [
    "vocabulary", "descriptions", "documented", "calm", "errors", "sameness", "ieee", "special", "gammas", "operand", "floats", "op", "several", "operations", "node", "operators", "refusals", "waiting", "abstract", "flow", "joint", "flat", "graph", "extras", "container", "structure", "trees", "parameters", "reduction",
    "reach", "levels", "wide", "reverse", "forward", "series", "argument", "derivatives", "directional", "expansion", "matrix", "methods", "ways", "descent", "linesearch", "linear", "dogleg", "foreign",
    "program", "tracing", "algebra", "passes", "schedule", "straight", "implicit", "vectors", "block", "column", "native.interpreter", "pool", "targets", "columns", "spelling", "listing",
    "native.ir", "native.function", "native.turns", "native.machine", "native.store",
    "native.double", "native.exponential", "native.logarithm", "native.power", "native.root", "native.plane", "native.activation", "native.piecewise", "native.modulo",
    "native.reduction", "native.trigonometry", "native.arcs", "native.hyperbolic", "native.areas", "native.errorfunction",
    "native.meaning", "native.contraction", "native.summing", "native.guards", "native.table", "native.windows", "native.together", "native.wording", "native.lineup", "native.operands", "native.lanework", "native.repeats", "native.rolled", "native.layout", "native.places", "native.bindings", "native.loop", "native.scratch", "native.registers", "native.tiles", "native.parts", "native.point",
    "native.transpose", "native.rows", "native.sums", "native.split", "native.objects", "native.later", "native.flow", "native.arguments", "native.wrapper", "native.rowwrapper", "native.sumwrapper", "native.forms", "native.reading", "native.building", "native.treewrapper", "native.entry", "native.feed", "native.shares", "native.lanes", "native.rowcode", "native.sumcode", "native.rowmodules", "native.few", "native.batch",
    "kernel", "rows", "direct", "specialisation", "reference", "specialised", "bound", "compiled", "compiling", "difference", "symbolic", "fromsympy", "document", "wire",
    "cgamma", "ctext", "ccode", "latexrows", "latex",
    "check", "alphabet", "expression", "drawing", "model", "shipping", "housekeeping", "__main__",
]  # fmt: skip

LONG = {"_fold_floats"}  # the loop that every gradient waits for, written out

INTERNAL = {
    "acosh_slope", "atan_slope", "bell", "cbrt_slope", "complement", "cosine", "gauss", "identity",
    "inversion", "power_slope", "share",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in ("fgrad", "fgrad.native"):
            package = node.module.removeprefix("fgrad").removeprefix(".")
            found |= {f"{package}.{alias.name}".lstrip(".") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fgrad."):
            found.add(str(node.module).removeprefix("fgrad."))
    return found


def test_modules_import_only_what_stands_before_them() -> None:
    for path in modules():
        if path.stem != "__init__":
            allowed = set(ORDER[: ORDER.index(name_of(path))])
            assert imported(path) <= allowed, path.stem


def test_no_module_and_no_function_grows_too_long() -> None:
    for path in modules():
        lines = path.read_text().splitlines()
        assert len(lines) <= 400, path.stem
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef) and node.name not in LONG:
                assert (node.end_lineno or 0) - node.lineno < 45, (path.stem, node.name)


def test_every_public_operation_is_exported_and_no_other() -> None:
    public = {name for name, op in vars(operations).items() if isinstance(op, Op)} - INTERNAL
    exported = {name for name, op in vars(fg).items() if isinstance(op, Op)}
    assert exported == public


def test_nothing_public_is_of_elsewhere() -> None:
    ours = {
        alias.name
        for node in ast.walk(ast.parse(Path(fg.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("fgrad")
        for alias in node.names
    }
    public = {name for name in dir(fg) if not name.startswith("_")}
    assert public <= ours | {path.stem for path in modules()} | {"native"}


def test_everything_public_is_documented() -> None:
    for name in dir(fg):
        thing = getattr(fg, name)
        if not name.startswith("_") and not isinstance(thing, Op):
            assert thing.__doc__, name


def test_what_is_imported_later_is_what_type_checkers_are_told() -> None:
    block = next(n for n in ast.parse(Path(fg.__file__).read_text()).body if isinstance(n, ast.If))
    told = {
        alias.name: str(n.module).removeprefix("fgrad.")
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
    assert "fgrad.reverse" in loaded
    unwanted = {
        "numpy",
        "rich",
        "scipy",
        "argparse",
        "json",
        "sympy",
        "fgrad.model",
        "fgrad.expression",
    }
    assert not loaded & unwanted


@pytest.mark.parametrize("name", ["numpy", "rich", "mpmath", "scipy", "sympy"])
def test_the_core_needs_no_extra(name: str) -> None:
    program = f"import sys; sys.modules[{name!r}] = None; import fgrad as fg; fg.sin(fg.var(1.0))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_store_of_native_code_needs_attrs_and_the_standard_library_only() -> None:
    needed: set[str] = set()
    for node in ast.walk(ast.parse((SOURCE / "native" / "store.py").read_text())):
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            needed.add(str(node.module))
    assert {name.split(".")[0] for name in needed} - sys.stdlib_module_names == {"attrs"}
    program = (
        "import sys; sys.modules['llvmlite'] = sys.modules['numpy'] = None;"
        "from fgrad.native.store import Store; Store.usual().info()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
