"""Examples of documents and docstrings that need an extra which is not there are skipped, by its name."""

from __future__ import annotations

import doctest
from collections.abc import Generator

import pytest

import fgrad as fg


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Skip an example that fails by MissingExtra alone."""
    try:
        yield
    except doctest.UnexpectedException as failure:
        missing = failure.exc_info[1]
        if not isinstance(missing, fg.MissingExtra):
            raise
        pytest.skip(str(missing))
