"""Runs of the app that several cases share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.cases import CASES
from tests.fuzz.harness import Run, batches, only_once, run_batch, run_trial


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of all processes of one test run."""
    base = tmp_path_factory.getbasetemp()
    # With pytest-xdist each worker has a folder of its own inside the common one.
    return (base.parent if base.name.startswith("popen-") else base) / "fuzz"


@pytest.fixture(scope="session")
def batch(shared: Path) -> Callable[[str], Run]:
    """Return a function that gives the run of a batch; each is made once."""

    def get(key: str) -> Run:
        folder = shared / key
        with only_once(folder) as mine:
            if mine:
                return run_batch(folder, key.split("-")[0], batches(CASES).get(key, ()))
            return Run.load(folder)

    return get


@pytest.fixture(scope="session")
def group_level(shared: Path) -> Callable[[], Run]:
    """Return a function that gives the group level of an undamaged trial; it is made once."""

    def get() -> Run:
        folder = shared / "group"
        with only_once(folder) as mine:
            return run_trial(shared / "group-inputs", folder) if mine else Run.load(folder)

    return get
