"""Runs, models, regions and sessions that give no value, and why."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.errors import InputDataError, InputMissingError
from tests.interfaces.resting_session import CLEANING, REST, confounds_table, connect, rest_run
from tests.interfaces.task_session import N_SCANS, series_of_run

#: Of a session that is not cleaned: no nuisance regressors.
WITHOUT = replace(
    REST,
    confounds=replace(REST.confounds, columns=(), compcor_components=0, outliers=None),
)


def test_a_model_without_its_columns_leaves_the_others(tmp_path):
    found = connect(
        tmp_path / "out", rest_run(tmp_path), cleaning=replace(CLEANING, models=("30P", "AROMA"))
    )
    reason = "the confounds table lacks `aroma_motion`, which AROMA needs"
    row = found.row("network_connectivity_AROMA", "a")
    assert np.isnan(row["value"])
    assert row["reason"] == reason
    assert found.record["Runs"][0]["Cleaning"]["Reasons"] == {"AROMA": reason}
    assert found.row("network_connectivity", "a")["reason"] == ""


def test_a_run_without_volumes_is_dropped(tmp_path):
    """The head never rests in the first run; the other one is used alone."""
    still = rest_run(tmp_path, number="2", seed=2)
    moving = rest_run(
        tmp_path, number="1", seed=1, confounds=confounds_table(1, moved=range(1, N_SCANS))
    )
    limit = replace(CLEANING, minimum_segment=2)
    found = connect(tmp_path / "both", moving, still, cleaning=limit)
    alone = connect(tmp_path / "alone", still, cleaning=limit)
    reason = f"all {N_SCANS} volumes are censored"
    facts = found.record["Runs"]
    assert facts[0]["Cleaning"]["Reasons"] == {"30P": reason}
    assert facts[0]["Cleaning"]["Kept"] == 0
    assert facts[1]["Cleaning"]["Reasons"] == {}
    assert found.record["Cleaning"]["Notes"] == [f"1 of 2 runs are used (run 1: {reason})"]
    for name in ("a", "b"):
        assert found.row("network_connectivity", name)["value"] == pytest.approx(
            alone.row("network_connectivity", name)["value"], abs=1e-12
        )
    nobody = connect(tmp_path / "nobody", moving, cleaning=limit)
    assert nobody.rows["value"].isna().all()
    assert (nobody.rows["reason"] == reason).all()
    assert nobody.record["Cleaning"]["Reason"] == reason
    assert nobody.table("_relmat").set_index("Node").isna().all(axis=None)
    assert nobody.sidecar("_relmat")["Reason"] == reason
    assert not list(nobody.folder.rglob("*_atlas-five_timeseries.tsv"))


def test_too_little_time_leaves_no_measure(tmp_path):
    run = rest_run(tmp_path)
    found = connect(tmp_path / "out", run, cleaning=replace(CLEANING, minimum_minutes=5.0))
    assert found.rows["value"].isna().all()
    assert set(found.rows["reason"]) == {"4 min usable < 5 min"}
    assert found.record["Cleaning"]["Reason"] == "4 min usable < 5 min"
    assert found.table("_relmat").set_index("Node").isna().all(axis=None)
    enough = connect(tmp_path / "enough", run, cleaning=replace(CLEANING, minimum_minutes=4.0))
    assert enough.rows["reason"].eq("").all()


def test_too_few_degrees_of_freedom_leave_no_measure(tmp_path):
    found = connect(
        tmp_path / "out", rest_run(tmp_path), rest=replace(REST, minimum_residual_df=30)
    )
    df = found.record["Runs"][0]["ResidualDegreesOfFreedom"]
    assert set(found.rows["reason"]) == {f"{df} residual degrees of freedom, fewer than 30"}
    assert found.rows["value"].isna().all()


def test_no_degree_of_freedom_is_a_reason(tmp_path):
    band = replace(REST, band_pass=(0.02, 0.04))
    found = connect(tmp_path / "out", rest_run(tmp_path), rest=band)
    (facts,) = found.record["Runs"]
    assert facts["Cleaning"]["Reasons"]["30P"].startswith("no degree of freedom is left by 30")
    assert found.rows["value"].isna().all()


def test_a_region_without_signal_is_left_out(tmp_path):
    data = series_of_run(0)
    data[0:3, 2, 2] = data[1, 1:4, 2] = 100.0  # flat around the centre of a1
    data[1, 2, 1:4] = 100.0
    found = connect(tmp_path / "out", rest_run(tmp_path, data=data))
    reason = "no voxel of the region has signal inside the brain mask"
    row = found.row("network_connectivity", "a")
    assert row["reason"] == "none of 1 edges has a value"
    assert row["coverage"] == 0.0
    half = found.row("network_connectivity", "a_b")
    assert (half["coverage"], half["reason"]) == (0.5, "")
    networks = found.table("_networks").set_index("network")
    assert networks.loc["a_b", "left_out"] == f"a1: {reason}"
    regions = found.table("_atlas-five_regions").set_index("region")
    assert regions.loc["a1", "reason"] == reason
    matrix = found.table("_relmat").set_index("Node")
    assert matrix.loc["a1"].isna().all()
    assert matrix.loc["a2", "b1"] < 1
    assert found.sidecar("_relmat")["LeftOut"] == {"a1": reason}


def test_a_repetition_time_is_needed_for_a_band(tmp_path):
    run = replace(rest_run(tmp_path), t_r=None)
    with pytest.raises(InputDataError, match="repetition time is not known, which the band-pass"):
        connect(tmp_path / "out", run)
    filtered = replace(CLEANING, motion_filter="low_pass")
    with pytest.raises(InputDataError, match="which a filter of motion parameters needs"):
        connect(tmp_path / "two", run, cleaning=filtered, rest=replace(REST, band_pass=None))
    found = connect(
        tmp_path / "three",
        run,
        cleaning=replace(CLEANING, minimum_minutes=5.0),
        rest=replace(REST, band_pass=None),
    )
    assert found.record["Cleaning"]["Minutes"] is None
    assert found.record["Cleaning"]["Notes"][-1] == (
        "the repetition time is not known: `minimum_minutes` could not be applied"
    )


def test_confounds_are_needed(tmp_path):
    run = replace(rest_run(tmp_path), confounds=None)
    with pytest.raises(InputMissingError, match="no confounds table"):
        connect(tmp_path / "out", run)


def test_a_repetition_time_at_odds_with_the_header_is_refused(tmp_path):
    run = rest_run(tmp_path)
    (wrong,) = tmp_path.rglob("*_bold.nii*")
    image = nib.load(wrong)
    data = np.asarray(image.dataobj)
    image = nib.Nifti1Image(data, image.affine)
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 3.0
    nib.save(image, wrong)
    with pytest.raises(InputDataError, match="repetition time of 3 s, its sidecar 2 s") as told:
        connect(tmp_path / "out", run)
    assert told.value.path == run.bold
    assert connect(tmp_path / "plain", run, cleaning=None, rest=WITHOUT).record["Runs"]
