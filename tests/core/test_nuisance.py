"""Choice of nuisance regressors from confounds tables."""

import numpy as np
import pandas as pd
import pytest

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
    assert "1 missing values of `csf` filled" in nuisance.notes
