"""Memory that a step claims, from the headers of its runs."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.regions.transform import FIELD_GB
from bids_ketamine.workflows import session as steps


@pytest.fixture
def claimed(monkeypatch):
    """Return the claim of a task with a run of some shape, and of regions that are moved or not."""

    def claimed(shape, *, moved=False):
        monkeypatch.setattr(steps, "load_image", lambda path: SimpleNamespace(shape=shape))
        run = RunInputs(
            task="faces",
            run=None,
            bold=None if shape is None else Path("bold.nii.gz"),
            mask=None,
            confounds=None,
            events=None,
            timeseries=None,
            description="preproc",
            space="MNI152NLin6Asym",
            t_r=2.0,
            start_time=None,
            slice_timing_corrected=None,
        )
        session = SessionInputs("01", "pre", "pre", (run,), ())
        source = SimpleNamespace(transform=Path("x.h5") if moved else None)
        return steps._memory_gb(session, "faces", (source,))

    return claimed


def test_a_run_at_full_resolution(claimed):
    assert claimed((97, 115, 97, 215)) == pytest.approx(0.75, abs=0.01)


def test_the_claim_grows_with_the_series(claimed):
    base = claimed(None)
    assert base == steps.BASE_GB
    once, twice = claimed((97, 115, 97, 430)) - base, claimed((97, 115, 97, 860)) - base
    assert twice == pytest.approx(2 * once)


def test_regions_are_moved_before_a_series_is_read(claimed):
    small, large = (9, 9, 9, 100), (97, 115, 97, 4000)
    assert claimed(small, moved=True) == pytest.approx(steps.BASE_GB + FIELD_GB)
    assert claimed(large, moved=True) == claimed(large)
