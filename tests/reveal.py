"""What type checkers reveal of each transform of ten functions, as a page of the documentation.

    python -m tests.reveal

writes `docs/reference/types.md`; a test asks again and compares.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/reference/types.md"

NUMBERS = ["drag", "softened", "potential", "spring.force"]
SCALAR = [*NUMBERS, "loss", "neuron", "clearance", "energy", "present_value"]
ANY = [*SCALAR, "polar"]

# A transform, and the functions it takes: some ask for one number as the result or the argument.
ROWS: dict[str, list[str]] = {
    "gradient({})": SCALAR,
    "value_and_gradient({})": SCALAR,
    "jvp({})": ANY,
    "vjp({})": ANY,
    "jacobian({})": ANY,
    "hessian({})": SCALAR,
    "hvp({})": SCALAR,
    "taylor({}, 4)": NUMBERS,
    "gradient({}, argnums=(0, 1))": ["drag", "softened", "spring.force", "clearance"],
    "root({}, 1.0)": ["drag", "softened", "spring.force"],
}

HEAD = """# What type checkers see

What `mypy --strict` and pyright reveal of each transform, for ten functions as users write them (`tests/typing/ten.py`).
Names, defaults and keywords of the arguments after the first are kept (the first is by place), the result has the type of the argument it is taken in, and no `Any` or `Unknown` appears.
The page is written by `python -m tests.reveal`, and a test asks both again and compares.

| function | as declared |
| --- | --- |
"""


def cells() -> list[str]:
    """The expressions that are asked about: the functions, then every transform of them."""
    return ANY + [f"fg.{row.format(f)}" for row, functions in ROWS.items() for f in functions]


def program() -> str:
    """A program that reveals them, one a line."""
    names = sorted({f.split(".")[0] for f in ANY} | {"spring"})
    head = [f"from tests.typing.ten import {', '.join(names)}", "import fgrad as fg"]
    return "\n".join(
        ["from typing import reveal_type", *head, *[f"reveal_type({c})" for c in cells()]]
    )


def by_mypy(path: Path) -> list[str]:
    """What mypy reveals of each cell."""
    config = f"--config-file={ROOT / 'pyproject.toml'}"
    run = [sys.executable, "-m", "mypy", config, "--no-pretty", str(path)]
    said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [short(t) for t in re.findall(r'Revealed type is "(.*)"', said)]


def by_pyright(path: Path) -> list[str]:
    """What pyright (as basedpyright, which comes from PyPI whole) reveals of each cell."""
    config = path.with_name("pyrightconfig.json")
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    config.write_text(json.dumps(settings))
    found = [d["message"] for d in pyright(config)]
    return [short(t) for m in found for t in re.findall(r'Type of ".*" is "(.*)"', m)]


def pyright(config: Path) -> list[dict[str, Any]]:
    """What pyright says of the folder of `config`, as it would in this environment."""
    # Without being told, it would take the first Python on the path.
    here = ["--pythonpath", sys.executable, "--outputjson", "-p", str(config)]
    run = [sys.executable, "-m", "basedpyright", *here]
    said = subprocess.run(
        run, cwd=config.parent, capture_output=True, text=True, check=False
    ).stdout
    diagnostics: list[dict[str, Any]] = json.loads(said)["generalDiagnostics"]
    return diagnostics


def short(revealed: str) -> str:
    """A revealed type without the paths of its modules, and in one notation for both checkers."""
    plain = re.sub(r"\b(?:builtins|fgrad(?:\.\w+)*|tests\.typing\.ten|ten|typing)\.", "", revealed)
    return re.sub(r"^def ", "", plain).replace("|", "\\|").strip()


def asked(checker: Callable[[Path], list[str]]) -> list[str]:
    """The answers of one checker, a cell each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "revealed.py"
        path.write_text(program())
        answers = checker(path)
    if len(answers) != len(cells()):
        message = f"{len(answers)} answers to {len(cells())} questions"
        raise RuntimeError(message)
    return answers


def page(mypy: list[str], pyright: list[str]) -> str:
    """The whole page."""
    count = len(ANY)
    lines = [f"| `{f}` | `{t}` |" for f, t in zip(ANY, mypy[:count], strict=True)]
    text = HEAD + "\n".join(lines) + "\n"
    at = count
    for row, functions in ROWS.items():
        text += f"\n## `{row.format('f')}`\n\n| f | mypy | pyright |\n| --- | --- | --- |\n"
        for i, f in enumerate(functions, at):
            text += f"| `{f}` | `{mypy[i]}` | `{pyright[i]}` |\n"
        at += len(functions)
    return text


def has_pyright() -> bool:
    """Whether it is installed."""
    return importlib.util.find_spec("basedpyright") is not None


if __name__ == "__main__":
    PAGE.write_text(page(asked(by_mypy), asked(by_pyright)))
