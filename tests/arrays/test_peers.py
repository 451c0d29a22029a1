"""Agreement with JAX, in a process of its own: it starts threads, and warns of every fork from then on."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_values_and_derivatives_of_both_orders_are_those_of_jax() -> None:
    run = [sys.executable, "-m", "tests.laws.array_peers", "4"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 140
