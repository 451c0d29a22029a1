"""Every example runs as a user runs it, and prints what it promises."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"


def run(name: str, cwd: Path, *args: str) -> str:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        (sys.executable, str(EXAMPLES / f"{name}.py"), *args),
        capture_output=True,
        check=False,
        cwd=cwd,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(text: str) -> dict[str, list[float]]:
    """The numbers of each line, under the words that stand before them."""
    number = re.compile(r"\s+(-?\d+(?:\.\d+)?)(?=\s|$)")
    lines = (line for line in text.splitlines() if number.search(line))
    return {number.split(line)[0].strip(): [*map(float, number.findall(line))] for line in lines}


def test_every_example_is_tested() -> None:
    tested = re.findall(r'run\("(\w+)"', Path(__file__).read_text(encoding="utf-8"))
    assert sorted(tested) == sorted(path.stem for path in EXAMPLES.glob("*.py"))


def test_the_neuron_has_the_known_gradients(tmp_path: Path) -> None:
    text = run("neuron", tmp_path)
    assert text.startswith("output = 0.7071")
    gradients = {name: numbers[1] for name, numbers in table(text).items() if len(numbers) == 2}
    assert gradients == {
        "x1": -1.5,
        "x2": 0.5,
        "w1": 1.0,
        "w2": 0.0,
        "b": 0.5,
        "activation": 0.5,
    }


def test_the_bug_is_shown_and_the_fold_is_right(tmp_path: Path) -> None:
    doubled, crossed = map(table, run("the_bug", tmp_path).split("\n\n"))
    assert doubled["the truth"] == doubled["fold"] == doubled["fold, called twice"] == [2.0, 0.0]
    assert crossed["the truth"] == crossed["fold"] == crossed["fold, called twice"] == [-3.0, -8.0]
    assert doubled["tape that assigns"] == [1.0, 0.0]
    assert crossed["tape that assigns"] == [3.0, -2.0]
    assert doubled["tape that adds"] == [2.0, 0.0]
    assert doubled["tape that adds, called twice"] == [4.0, 0.0]


def test_the_pipelines_agree(tmp_path: Path) -> None:
    assert table(run("pipelines", tmp_path)) == {
        "trees of batches": [-195.0, -57.0],
        "outputs of a graph": [-195.0, -57.0],
        "models, a penalty": [-194.0, -58.0],
    }


def test_the_greeks_agree_with_the_closed_forms(tmp_path: Path) -> None:
    text = run("black_scholes", tmp_path)
    assert "All agree to 12 digits." in text
    greeks = {name: numbers[:2] for name, numbers in table(text).items() if len(numbers) >= 2}
    for name in ("price", "delta", "dual delta", "vega", "theta", "rho", "gamma"):
        ours, theirs = greeks[name]
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-14)
    assert greeks["price"][0] == pytest.approx(11.192138178992)


def need_the_extra() -> None:
    missing = [name for name in ("matplotlib", "rich", "sklearn") if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs the extra `examples`: {', '.join(missing)} missing")


def is_drawn(picture: Path) -> bool:
    return picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000


def test_the_regression_descends_and_draws(tmp_path: Path) -> None:
    need_the_extra()
    picture = tmp_path / "loss.png"
    text = run("diabetes", tmp_path, "--steps", "20", "--plot", str(picture))
    losses = [float(loss) for loss in re.findall(r"step +\d+: loss (\S+)", text)]
    (best,) = map(float, re.findall(r"scikit-learn: loss ([\d.]+)", text))
    assert losses[0] > 0.37
    assert best <= losses[-1] < 1.15 * best
    assert is_drawn(picture)


def test_the_digits_are_read(tmp_path: Path) -> None:
    need_the_extra()
    picture = tmp_path / "digits.png"
    text = run("digits", tmp_path, "--plot", str(picture))
    losses = [float(loss) for loss in re.findall(r"epoch +\d+: loss (\S+),", text)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.05
    assert "4810 parameters, 1437 pictures" in text
    (read,) = map(float, re.findall(r"read right: ([\d.]+)% of 360 held out", text))
    assert read >= 97.0
    assert is_drawn(picture)


def test_the_gaussian_process_is_as_likely_as_that_of_scikit_learn(tmp_path: Path) -> None:
    need_the_extra()
    picture = tmp_path / "heights.png"
    text = run("gaussian_process", tmp_path, "--plot", str(picture))
    start, found = re.findall(r"log likelihood: (\S+) at the start, (\S+) found", text)[0]
    (theirs,) = map(float, re.findall(r"scikit-learn: log likelihood (\S+)", text))
    assert float(start) < theirs - 50.0
    assert float(found) == pytest.approx(theirs, abs=2e-4)
    (within,) = map(float, re.findall(r"within the band: ([\d.]+)%", text))
    assert within > 90.0
    assert is_drawn(picture)


def test_the_smiles_are_calibrated(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    pytest.importorskip("matplotlib")
    picture = tmp_path / "smiles.png"
    text = run("calibration", tmp_path, "--plot", str(picture))
    assert text.startswith("40 quotes, 24 parameters")
    (off,) = map(float, re.findall(r"the truth is ([\d.]+) standard errors away", text))
    assert off < 4.0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_bundle_is_adjusted_to_the_noise(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    text = run("bundle", tmp_path)
    errors = {name: numbers[-1] for name, numbers in table(text).items()}
    assert errors["start"] > 5.0
    assert errors["fit"] < errors["truth"] < 0.55  # it fits the noise too


def test_the_pendulum_swings_up(tmp_path: Path) -> None:
    pytest.importorskip("ipyopt")
    pytest.importorskip("matplotlib")
    strip, film = tmp_path / "strip.png", tmp_path / "film.gif"
    text = run("pendulum", tmp_path, "--frames", str(strip), "--gif", str(film))
    efforts = [float(effort) for effort in re.findall(r"optimal .* effort ([\d.]+)", text)]
    assert efforts == pytest.approx([29.3189, 29.3189], abs=1e-3)
    assert strip.read_bytes().startswith(b"\x89PNG")
    assert film.read_bytes().startswith(b"GIF8")
