"""Choice of nuisance regressors from confounds tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.confounds import power_displacement
from bids_ketamine.core.nuisance import select_nuisance
from bids_ketamine.errors import InputDataError


def table(n=6):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"csf": rng.normal(size=n), "white_matter": rng.normal(size=n)})
    frame["csf_derivative1"] = np.r_[np.nan, np.diff(frame["csf"])]
    frame["framewise_displacement"] = [np.nan, 0.1, 0.9, 0.1, 0.2, 0.1]
    frame["std_dvars"] = [np.nan, 1.0, 1.0, 1.0, 1.8, 1.0]
    frame["non_steady_state_outlier00"] = [1.0, 0, 0, 0, 0, 0]
    for k in range(8):
        frame[f"a_comp_cor_{k:02d}"] = rng.normal(size=n)
    return frame


METADATA = {f"a_comp_cor_{k:02d}": {"Mask": "WM" if k % 2 else "CSF"} for k in range(8)}


def choose(frame, **settings):
    defaults = {
        "metadata": METADATA,
        "columns": ["csf"],
        "derivatives": False,
        "compcor_components": 0,
        "motion": "none",
        "maximum_fd": 0.5,
        "maximum_std_dvars": 1.5,
        "non_steady_state": True,
    }
    return select_nuisance(frame, **(defaults | settings))


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


def test_compcor_components_come_by_mask_from_the_sidecar():
    names = list(choose(table(), compcor_components=2, columns=[]).regressors)
    assert names[:4] == ["a_comp_cor_01", "a_comp_cor_03", "a_comp_cor_00", "a_comp_cor_02"]


def test_compcor_without_a_sidecar_takes_the_combined_ones_and_says_so():
    nuisance = choose(table(), metadata={}, compcor_components=2)
    assert [name for name in nuisance.regressors if "comp_cor" in name] == [
        f"a_comp_cor_{k:02d}" for k in range(4)
    ]
    assert "unknown mask" in nuisance.notes[0]


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


def test_components_are_ordered_by_number_not_as_text():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"a_comp_cor_{k:02d}": rng.normal(size=5) for k in (98, 99, 100, 101)})
    metadata = {name: {"Mask": "WM"} for name in frame}
    nuisance = choose(
        frame, metadata=metadata, columns=[], compcor_components=3, non_steady_state=False
    )
    assert list(nuisance.regressors) == ["a_comp_cor_98", "a_comp_cor_99", "a_comp_cor_100"]
    assert "0 of 3 CompCor components in mask CSF" in nuisance.notes


def test_a_gap_inside_a_column_is_named():
    frame = table()
    frame.loc[3, "csf"] = np.nan
    nuisance = choose(frame)
    assert nuisance.regressors["csf"][3] == frame["csf"][4]
    assert "1 missing value of `csf` filled" in nuisance.notes


MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def real_tables():
    folder = SHARED / "aomic-piop2" / "derivatives" / "fmriprep"
    if not folder.is_dir():
        pytest.skip("the reference data `aomic-piop2` are not beside the repository")
    paths = sorted(folder.glob("sub-*/func/*_desc-confounds_regressors.tsv"))
    assert len(paths) == 8
    return [pd.read_csv(path, sep="\t", na_values="n/a") for path in paths]


def test_what_an_older_table_lacks_is_computed_as_fmriprep_does():
    """Real tables of fMRIPrep 1.4 have the columns: take them out, compare with what comes."""
    for full in real_tables():
        derived = [name for name in full if name.endswith(("_derivative1", "_power2"))]
        assert len(derived) == 27
        settings = {
            "columns": ["white_matter", "csf", "global_signal"],
            "derivatives": True,
            "motion": "24",
            "non_steady_state": False,
            "maximum_fd": None,
            "maximum_std_dvars": None,
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
    for full in real_tables():
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


def test_missing_std_dvars_are_noted():
    nuisance = choose(table().drop(columns="std_dvars"))
    assert nuisance.notes == ("no column `std_dvars`: no outlier volumes by it",)


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


def test_numbers_may_be_padded_otherwise_and_start_at_one():
    frame = table()
    renamed = {f"a_comp_cor_{k:02d}": f"a_comp_cor_{k + 1}" for k in range(8)}
    frame = frame.rename(columns=renamed)
    padded = {f"a_comp_cor_{k + 1:02d}": {"Mask": "WM" if k % 2 else "CSF"} for k in range(8)}
    names = list(choose(frame, metadata=padded, compcor_components=2, columns=[]).regressors)
    assert names[:4] == ["a_comp_cor_2", "a_comp_cor_4", "a_comp_cor_1", "a_comp_cor_3"]
    assert next(iter(choose(frame, columns=["a_comp_cor_03"]).regressors)) == "a_comp_cor_3"


def test_a_component_that_is_named_and_counted_enters_once():
    names = list(choose(table(), columns=["a_comp_cor_01"], compcor_components=1).regressors)
    assert names[:2] == ["a_comp_cor_01", "a_comp_cor_00"]
    assert len(names) == len(set(names))
