"""A small simulated trial and its results, made once."""

import shutil
from pathlib import Path

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.demo.dataset import write_demo_trial
from tests.fuzz.harness import only_once


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder of all processes of one test run, for what takes long to make."""
    base = tmp_path_factory.getbasetemp()
    # With pytest-xdist each worker has a folder of its own inside the common one.
    return (base.parent if base.name.startswith("popen-") else base) / "integration"


@pytest.fixture(scope="session")
def trial(shared) -> Path:
    """Three participants, all tasks, coarse voxels; a name with a space and an umlaut."""
    folder = shared / "demo"
    out = folder / "trial übung"
    with only_once(folder) as mine:
        if mine:
            write_demo_trial(out, n_participants=3, seed=1, effect=True, resolution=12.0)
            (folder / "run.json").touch()
    return out


@pytest.fixture(scope="session")
def results(trial, shared) -> Path:
    """Output of both levels over the undamaged trial; other processes read it too."""
    folder = shared / "results"
    output = folder / "output"
    study = ["--study", "norbury2021"]
    work = ["-w", str(folder / "work"), "--nprocs", "2"]
    with only_once(folder) as mine:
        if mine:
            assert main([str(trial), str(output), "participant", *study, *work]) == 0
            assert main([str(trial), str(output), "group", *study]) == 0
            (folder / "run.json").touch()
    return output


@pytest.fixture
def copy_of_trial(trial, tmp_path) -> Path:
    """A copy to be damaged."""
    target = tmp_path / "trial"
    shutil.copytree(trial, target)
    return target
