"""Typing is behaviour: what is accepted, what is rejected, and that all of fgrad is strict."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import reveal

ROOT = Path(__file__).parent.parent


def mypy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mypy", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_accepted_and_rejected_programs_and_fgrad_itself_pass_strict_mypy() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    result = mypy("fgrad", "tests/typing")
    assert result.returncode == 0, result.stdout


def test_a_rejected_program_is_an_error_without_its_ignore(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    program = (ROOT / "tests/typing/rejected.py").read_text()
    bare = tmp_path / "bare.py"
    bare.write_text("\n".join(line.split("  # type: ignore")[0] for line in program.splitlines()))
    result = mypy(f"--config-file={ROOT / 'pyproject.toml'}", str(bare))
    wrong = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line}
    expected = {i for i, line in enumerate(program.splitlines(), 1) if "# type: ignore" in line}
    assert wrong == expected, result.stdout


def test_what_users_see_holds_no_any(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    program = tmp_path / "reveal.py"
    shown = ["x * 2.0", "fg.sin(x)", "graph.nodes[0]", "gradients[x]", "gradients.pmap", "gradients + 0.5 * gradients", "gradients.only(x)", "fg.grad",
             "fg.grad_nodes(graph, x)[x]", "fg.where(x < 1, x, 0.0)", "fg.var", "fg.sum([x])"]  # fmt: skip
    lines = ["import fgrad as fg", "from typing import reveal_type", "x = fg.var(1.0)"]
    lines += ["graph = fg.Graph.of(x)", "gradients = fg.grad(graph, x)"]
    program.write_text("\n".join(lines + [f"reveal_type({s})" for s in shown]))
    result = mypy(f"--config-file={ROOT / 'pyproject.toml'}", str(program))
    revealed = [line for line in result.stdout.splitlines() if "Revealed type" in line]
    assert len(revealed) == len(shown)
    shapeless = [line.replace("tuple[Any, ...]", "") for line in revealed]  # as numpy has arrays
    assert not [line for line in shapeless if "Any" in line]


def test_the_page_says_what_mypy_reveals_of_each_transform_of_ten_functions() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    answers = reveal.asked(reveal.by_mypy)
    assert not [answer for answer in answers if re.search("Any|Unknown|object|Never", answer)]
    shown = reveal.PAGE.read_text()
    assert all(f"| `{answer}` |" in shown for answer in answers)


@pytest.mark.skipif(not reveal.has_pyright(), reason="basedpyright is not installed")
def test_the_page_is_what_both_checkers_reveal() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    answers = reveal.asked(reveal.by_pyright)
    assert not [answer for answer in answers if re.search("Any|Unknown|object|Never", answer)]
    assert reveal.page(reveal.asked(reveal.by_mypy), answers) == reveal.PAGE.read_text()


@pytest.mark.skipif(not reveal.has_pyright(), reason="basedpyright is not installed")
def test_pyright_accepts_and_rejects_the_same_programs(tmp_path: Path) -> None:
    rejected = (ROOT / "tests/typing/rejected.py").read_text()
    bare = "\n".join(line.split("  # type: ignore")[0] for line in rejected.splitlines())
    (tmp_path / "rejected.py").write_text(bare)
    for name in ("accepted.py", "arrays.py"):
        (tmp_path / name).write_text((ROOT / "tests/typing" / name).read_text())
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    config = tmp_path / "pyrightconfig.json"
    config.write_text(json.dumps(settings))
    wrong: dict[str, set[int]] = {"accepted.py": set(), "arrays.py": set(), "rejected.py": set()}
    for found in reveal.pyright(config):
        if found["severity"] == "error":
            wrong[Path(found["file"]).name].add(found["range"]["start"]["line"] + 1)
    expected = {i for i, line in enumerate(rejected.splitlines(), 1) if "# type: ignore" in line}
    assert expected <= wrong["rejected.py"], expected - wrong["rejected.py"]
    assert not wrong["accepted.py"]
    assert not wrong["arrays.py"]


def pipelines(page: Path) -> Path:
    """The examples of the page of pipelines as one program."""
    lines = (ROOT / "docs/how-to/pipelines.md").read_text().splitlines()
    page.write_text("\n".join([x[4:] for x in lines if x.startswith((">>> ", "... "))]) + "\n")
    return page


def test_the_page_of_pipelines_passes_mypy(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    program = pipelines(tmp_path / "page.py")
    result = mypy(f"--config-file={ROOT / 'pyproject.toml'}", str(program))
    assert result.returncode == 0, result.stdout
    assert len(program.read_text().splitlines()) > 40


@pytest.mark.skipif(not reveal.has_pyright(), reason="basedpyright is not installed")
def test_the_page_of_pipelines_and_its_script_pass_pyright(tmp_path: Path) -> None:
    for mode, name in (("standard", "page.py"), ("strict", "script.py")):
        place = tmp_path / mode
        place.mkdir()
        pipelines(place / name)
        if mode == "strict":
            script = (ROOT / "docs/examples/pipelines.py").read_text()
            (place / name).write_text(script)
        config = place / "pyrightconfig.json"
        # In its standard mode, since toolz has no types.
        config.write_text(json.dumps({"typeCheckingMode": mode, "extraPaths": [str(ROOT)]}))
        found = [x for x in reveal.pyright(config) if x["severity"] == "error"]
        assert not found


def test_the_page_of_pipelines_shows_functions_of_its_script() -> None:
    page = (ROOT / "docs/how-to/pipelines.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shown = [block for block in blocks if not block.startswith(">>> ")]
    assert len(shown) == 2
    assert all(block in (ROOT / "docs/examples/pipelines.py").read_text() for block in shown)


@pytest.mark.skipif(not reveal.has_pyright(), reason="basedpyright is not installed")
def test_all_that_is_public_has_a_known_type(tmp_path: Path) -> None:
    here = ["--pythonpath", sys.executable, "--ignoreexternal", "--outputjson"]
    run = [sys.executable, "-m", "basedpyright", "--verifytypes", "fgrad", *here]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["typeCompleteness"]
    assert found["completenessScore"] == 1, [
        (symbol["name"], symbol["diagnostics"])
        for symbol in found["symbols"]
        if not symbol["isTypeKnown"]
    ][:10]
    assert found["exportedSymbolCounts"]["withKnownType"] > 100
