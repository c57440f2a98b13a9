"""Memory that a step claims, from the headers of its runs."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.regions.transform import FIELD_GB
from bids_ketamine.study.spec import CleaningSpec, RestSpec
from bids_ketamine.workflows import step_memory as steps


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
        return steps.memory_gb_of(session, "faces", (source,))

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


def test_a_run_of_cifti_is_read_in_blocks(tmp_path, claimed):
    """Two runs of 1000 volumes, 365 MB each: far less than a volume's grid is claimed."""
    path = tmp_path / "a_bold.dtseries.nii"
    with path.open("wb") as stream:
        stream.truncate(4 * 91_282 * 1000)
    run = RunInputs(
        *("rest", None, path, None, None, None, None, "", "fsLR", 2.0, None, None),
    )
    session = SessionInputs("01", "pre", "pre", (run, run), ())
    sources = (SimpleNamespace(transform=None),) * 400
    base = claimed(None)
    assert steps.memory_gb_of(session, "rest", sources) - base == pytest.approx(0.075, abs=0.001)
    path.unlink()
    assert steps.memory_gb_of(session, "rest", sources) == base


def study(seed_maps=("limbic",), band_pass=(0.009, 0.08)):
    return SimpleNamespace(
        rest=RestSpec(task="rest", band_pass=band_pass),
        cleaning=CleaningSpec(),
        networks=SimpleNamespace(seed_maps=seed_maps),
    )


def test_seed_maps_keep_a_part_of_every_run(tmp_path, monkeypatch):
    """Of 142 frequencies in the band of 1000 s, 4 bytes each; of all volumes without a band."""
    path = tmp_path / "a_bold.dtseries.nii"
    with path.open("wb") as stream:
        stream.truncate(4 * 91_282 * 1000)
    dense = RunInputs(
        *("rest", None, path, None, None, None, None, "", "fsLR", 1.0, None, None),
    )
    volume = replace(dense, bold=Path("bold.nii.gz"), space="MNI152NLin6Asym")
    monkeypatch.setattr(steps, "load_image", lambda _: SimpleNamespace(shape=(100, 100, 80, 1000)))
    for run, n_places in ((dense, 91_282), (volume, 200_000)):
        session = SessionInputs("01", "pre", "pre", (run, run), ())
        base = steps.rest_memory_gb(session, study(seed_maps=()), ())
        assert base == steps.memory_gb_of(session, "rest", ())
        claimed = steps.rest_memory_gb(session, study(), ()) - base
        assert claimed == pytest.approx(2 * n_places * 143 * 4 / 1e9)
        claimed = steps.rest_memory_gb(session, study(band_pass=None), ()) - base
        assert claimed == pytest.approx(2 * n_places * 1000 * 4 / 1e9)
