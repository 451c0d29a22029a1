"""A part of the laws of sparse derivatives; all of them by `python -m tests.laws.sparse_laws`."""

import pytest

pytest.importorskip("numpy")
pytest.importorskip("scipy")
pytest.importorskip("llvmlite")

from tests.laws import sparse_laws as laws  # they need all three


@pytest.mark.parametrize("seed", range(1, 33))
def test_patterns_and_nonzeros_are_those_of_the_dense_derivatives(seed: int) -> None:
    assert laws.check(seed) is None


@pytest.mark.parametrize("seed", range(1, 21))
def test_tables_over_blocks_give_what_instructions_give(seed: int) -> None:
    assert laws.check_blocks(seed) is None


@pytest.mark.parametrize("seed", [0, 20])
def test_so_does_machine_code(seed: int) -> None:
    assert laws.check(seed) is None
    assert laws.check_blocks(seed) is None
