"""Motion of runs whose region time series were made before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.interfaces.resting_runs import motion_of

MOTION = "trans_x\ttrans_y\ttrans_z\trot_x\trot_y\trot_z"
ROWS = "0\t0\t0\t0\t0\t0\n0.1\t0\t-0.2\t0\t0.01\t0\n0.1\t0\t0\t0\t0.01\t0\n"


@pytest.fixture
def run(tmp_path: Path) -> RunInputs:
    """A run with region time series and a confounds table."""
    return RunInputs(
        task="rest",
        run=None,
        bold=None,
        mask=None,
        confounds=tmp_path / "confounds.tsv",
        events=None,
        timeseries=tmp_path / "series.tsv",
        description="",
        space="",
        t_r=2.0,
        start_time=None,
        slice_timing_corrected=None,
        entities=(),
    )


def test_displacement_of_the_table(run: RunInputs) -> None:
    run.confounds.write_text("framewise_displacement\nn/a\n0.5\n0.25\n")
    notes: list[str] = []
    nuisance = motion_of(run, 3, notes)
    np.testing.assert_array_equal(nuisance.framewise_displacement, [np.nan, 0.5, 0.25])
    assert (nuisance.mean_fd, notes) == (0.375, [])


def test_displacement_is_computed_where_the_table_has_none(run: RunInputs) -> None:
    run.confounds.write_text(f"{MOTION}\n{ROWS}")
    notes: list[str] = []
    nuisance = motion_of(run, 3, notes)
    # 0.1 + 0.2 mm and 0.01 rad on a sphere of 50 mm; then 0.2 mm.
    np.testing.assert_allclose(nuisance.framewise_displacement, [np.nan, 0.8, 0.2])
    assert notes == [
        "no column `framewise_displacement`: computed from the six motion parameters",
    ]


def test_motion_that_nothing_tells(run: RunInputs) -> None:
    run.confounds.write_text("csf\n1\n2\n3\n")
    notes: list[str] = []
    assert np.isnan(motion_of(run, 3, notes).framewise_displacement).tolist() == [True] * 3
    assert notes == ["no column `framewise_displacement`: motion is unknown"]
    notes = []
    assert np.isnan(motion_of(replace(run, confounds=None), 3, notes).mean_fd)
    assert notes == []
