"""Resting runs before cleaning, and why too few degrees of freedom are left of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.interfaces.resting_pairs import too_few as _too_few
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_runs import read_raw_run
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.study.spec import InputsSpec, RegionsSpec, RestSpec


@pytest.mark.parametrize(
    ("residual_df", "lost", "reason"),
    [
        (20, ("359 of 360 volumes are outliers",), ""),
        (19, ("",), "19 residual degrees of freedom, fewer than 20"),
        (
            0,
            ("359 of 360 volumes are outliers",),
            "0 residual degrees of freedom, fewer than 20: 359 of 360 volumes are outliers",
        ),
        (
            3,
            ("", "9 of 9 volumes are outliers", "1 of 9 volumes are before the steady state"),
            "3 residual degrees of freedom, fewer than 20: run 2: 9 of 9 volumes are outliers; "
            "run 3: 1 of 9 volumes are before the steady state",
        ),
    ],
    ids=["enough", "no cause", "one run", "several runs"],
)
def test_what_took_the_degrees_of_freedom(residual_df, lost, reason):
    assert _too_few(residual_df, 20, lost) == reason


@pytest.fixture
def read(tmp_path: Path):
    """Read a run whose region time series are a table."""

    def read(text: str):
        table = tmp_path / "series.tsv"
        table.write_text(text)
        run = RunInputs(
            task="rest",
            run=None,
            bold=None,
            mask=None,
            confounds=None,
            events=None,
            timeseries=table,
            description="",
            space="",
            t_r=2.0,
            start_time=None,
            slice_timing_corrected=None,
        )
        session = SessionInputs("01", "pre", "pre", (run,), ())
        settings = RestSettings(
            RestSpec(), RegionsSpec(atlas="table", all_columns=True), (), InputsSpec(), {}
        )
        return read_raw_run(run, SessionRegions(session, settings))

    return read


def test_time_series_are_taken_as_they_are(read):
    raw = read("a\tb\tc\n1\t2\tn/a\nn/a\tn/a\tn/a\n3\t5\t1\n")
    assert raw.names == ["a", "b", "c"]
    np.testing.assert_array_equal(raw.series, [[1, 2, 0], [3, 5, 0]])
    assert raw.finite.tolist() == [True, True, False]
    assert raw.nuisance.outlier.tolist() == [False, True, False]
    assert (raw.band, raw.unit, raw.image, raw.fwhm) == (None, "arbitrary", None, None)
    assert raw.lost == "1 of 3 volumes have no values (censored)"
    assert raw.notes == [
        "time series are used as they are: no nuisance regression, no band-pass here",
        "1 volumes without values are left out (censored)",
    ]


def test_whole_time_series_lose_nothing(read):
    raw = read("a\tb\n1\t2\n3\t5\n")
    assert (raw.lost, raw.finite.all(), len(raw.notes)) == ("", True, 1)
