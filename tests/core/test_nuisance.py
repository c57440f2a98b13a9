"""Choice of nuisance regressors from confounds tables."""

import time

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.confounds import power_displacement
from bids_ketamine.core.nuisance import no_nuisance
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.spec import OutliersSpec
from tests.core.confound_tables import aomic, choose, table


def test_outliers_are_single_volumes_and_volumes_kept_are_the_rest():
    nuisance = choose(table())
    assert list(nuisance.regressors) == [
        "csf",
        "non_steady_state_0000",
        "outlier_0002",
        "outlier_0004",
    ]
    assert nuisance.regressors["outlier_0002"].tolist() == [0, 0, 1, 0, 0, 0]
    assert nuisance.n_volumes_kept == 3
    assert nuisance.mean_fd == pytest.approx(np.mean([0.1, 0.9, 0.1, 0.2, 0.1]))


def test_the_first_missing_derivative_takes_the_next_value():
    frame = table()
    filled = choose(frame, derivatives=True).regressors["csf_derivative1"]
    assert filled[0] == filled[1] == frame["csf_derivative1"][1]


def test_a_missing_column_is_an_error_that_names_it():
    with pytest.raises(InputDataError, match="`trans_x`, `trans_y`"):
        choose(table(), motion="6")


def test_constant_columns_are_left_out_and_named():
    frame = table()
    frame["csf"] = 1.0
    nuisance = choose(frame, columns=["csf", "white_matter"])
    assert "csf" not in nuisance.regressors
    assert nuisance.notes == ("constant confounds left out: csf",)


def test_a_gap_inside_a_column_is_named():
    frame = table()
    frame.loc[3, "csf"] = np.nan
    nuisance = choose(frame)
    assert nuisance.regressors["csf"][3] == frame["csf"][4]
    assert "1 missing value of `csf` filled" in nuisance.notes


def test_what_an_older_table_lacks_is_computed_as_fmriprep_does():
    """Real tables of fMRIPrep 1.4 have the columns: take them out, compare with what comes."""
    for full, _ in aomic():
        derived = [name for name in full if name.endswith(("_derivative1", "_power2"))]
        assert len(derived) == 27
        settings = {
            "columns": ["white_matter", "csf", "global_signal"],
            "derivatives": True,
            "motion": "24",
            "non_steady_state": False,
            "outliers": None,
        }
        expected = choose(full, **settings)
        computed = choose(full.drop(columns=derived), **settings)
        assert list(computed.regressors) == list(expected.regressors)
        assert computed.regressors.shape[1] == 30
        np.testing.assert_allclose(computed.regressors, expected.regressors, rtol=1e-9, atol=1e-9)
        note = next(note for note in computed.notes if note.startswith("computed as fMRIPrep"))
        assert "csf_derivative1" in note
        assert "rot_z_derivative1_power2" in note
        assert not any("computed" in note for note in expected.notes)


def test_displacement_is_computed_from_motion_parameters():
    for full, _ in aomic():
        nuisance = choose(full.drop(columns="framewise_displacement"))
        np.testing.assert_allclose(
            nuisance.framewise_displacement, full["framewise_displacement"], rtol=0, atol=1e-12
        )
        assert nuisance.outlier.tolist() == choose(full).outlier.tolist()
        note = "no column `framewise_displacement`: computed from the six motion parameters"
        assert note in nuisance.notes


def test_displacement_counts_rotations_on_a_sphere_of_50_mm():
    motion = np.zeros((4, 6))
    motion[1] = [1.0, -2.0, 0.5, 0.01, 0.0, -0.02]
    motion[2] = motion[1]
    np.testing.assert_allclose(power_displacement(motion), [np.nan, 5.0, 0.0, 5.0])
    assert np.isnan(power_displacement(motion[:1])).tolist() == [True]


@pytest.mark.parametrize("absent", [True, False])
def test_motion_is_unknown_without_displacement_and_parameters(absent):
    frame = table()
    frame["framewise_displacement"] = np.nan
    why = "no value of"
    if absent:
        frame, why = frame.drop(columns="framewise_displacement"), "no column"
    nuisance = choose(frame)
    assert np.isnan(nuisance.mean_fd)
    assert nuisance.outlier.tolist() == [False, False, False, False, True, False]
    assert nuisance.notes == (
        f"{why} `framewise_displacement`: motion is unknown",
        f"{why} `framewise_displacement`: no outlier volumes by it",
    )


def test_all_missing_columns_are_named_at_once_with_near_names():
    frame = table().rename(columns={"csf": "CSF", "white_matter": "whitematter"})
    frame = frame.drop(columns="csf_derivative1")
    with pytest.raises(InputDataError) as error:
        choose(frame, columns=["csf", "white_matter", "gsr"], derivatives=True, motion="24")
    assert error.value.message == (
        "The confounds table has no column `csf`, `white_matter`, `gsr`, "
        "`trans_x`, `trans_y`, `trans_z`, `rot_x`, `rot_y`, `rot_z`."
    )
    assert error.value.cure == (
        "Did you mean `CSF` instead of `csf`, `whitematter` instead of `white_matter`? "
        "Name the columns it has under `confounds` in the study file."
    )


def test_columns_without_any_value_are_an_error_that_names_them():
    frame = table()
    frame["csf"] = frame["white_matter"] = np.nan
    with pytest.raises(InputDataError, match="has no value in `csf`, `white_matter`"):
        choose(frame, columns=["csf", "white_matter"])


def test_several_missing_first_values_take_the_next_one():
    frame = table()
    frame.loc[:2, "csf"] = np.nan
    nuisance = choose(frame, columns=["csf", "white_matter"])
    assert nuisance.regressors["csf"][:4].tolist() == [frame["csf"][3]] * 4
    assert nuisance.notes == (
        "the first 3 values of `csf` are missing; the next one stands for them",
    )


def test_missing_last_values_take_the_last_known_one():
    frame = table()
    frame.loc[4:, "csf"] = np.nan
    nuisance = choose(frame)
    assert nuisance.regressors["csf"][4:].tolist() == [frame["csf"][3]] * 2
    assert nuisance.notes == ("2 missing values of `csf` filled",)


@pytest.mark.parametrize("rule", ["thresholds", "art"])
def test_a_run_in_which_every_volume_is_an_outlier_says_so(rule):
    n = 600
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(n, 2)), columns=["csf", "other"])
    frame["framewise_displacement"] = np.r_[np.nan, np.full(n - 1, 2.0)]
    frame["std_dvars"] = 3.0
    frame["global_signal"] = frame["other"]
    start = time.perf_counter()
    nuisance = choose(frame, outliers=OutliersSpec(rule=rule))
    assert time.perf_counter() - start < 0.5
    if rule == "thresholds":
        assert nuisance.n_volumes_kept == 0
        assert nuisance.lost_volumes == "600 of 600 volumes are outliers"
        np.testing.assert_array_equal(nuisance.regressors.to_numpy()[:, 1:], np.eye(n))
    else:  # the first volume has no displacement
        assert nuisance.n_volumes_kept == 1
        assert nuisance.lost_volumes == "599 of 600 volumes are outliers"
    assert nuisance.regressors.notna().all(axis=None)


def test_lost_volumes_are_told_in_words():
    assert no_nuisance(4).lost_volumes == ""
    assert choose(table()).lost_volumes == (
        "2 of 6 volumes are outliers, 1 of 6 volumes are before the steady state"
    )
    assert choose(table(), non_steady_state=False).lost_volumes == "2 of 6 volumes are outliers"
