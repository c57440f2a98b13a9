"""A small simulated trial and its results, made once."""

import shutil
from pathlib import Path

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.demo.dataset import write_demo_trial


@pytest.fixture(scope="session")
def trial(tmp_path_factory) -> Path:
    """Three participants, all tasks, coarse voxels; a name with a space and an umlaut."""
    out = tmp_path_factory.mktemp("demo") / "trial übung"
    write_demo_trial(out, n_participants=3, seed=1, effect=True, resolution=12.0)
    return out


@pytest.fixture(scope="session")
def results(trial, tmp_path_factory) -> Path:
    """Output of both levels over the undamaged trial."""
    folder = tmp_path_factory.mktemp("results")
    output = folder / "output"
    study = ["--study", "norbury2021"]
    work = ["-w", str(folder / "work"), "--nprocs", "2"]
    assert main([str(trial), str(output), "participant", *study, *work]) == 0
    assert main([str(trial), str(output), "group", *study]) == 0
    return output


@pytest.fixture
def copy_of_trial(trial, tmp_path) -> Path:
    """A copy to be damaged."""
    target = tmp_path / "trial"
    shutil.copytree(trial, target)
    return target
