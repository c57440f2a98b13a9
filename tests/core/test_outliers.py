"""Rules for volumes that get a regressor of their own."""

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.outliers import global_signal_change, single_volume_regressors
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.spec import OutliersSpec
from tests.core.confound_tables import aomic, choose, real, table

ART = OutliersSpec(rule="art")
FMRIPREP = OutliersSpec(rule="fmriprep")


def jumps(n=60):
    """A global signal that alternates by 1 and jumps at volumes 20 (up) and 40 (down)."""
    signal = 100.0 + np.arange(n) % 2
    signal[20:40] += 50.0
    frame = pd.DataFrame({"global_signal": signal, "csf": np.random.default_rng(0).normal(size=n)})
    frame["framewise_displacement"] = np.r_[np.nan, np.full(n - 1, 0.1)]
    return frame


def test_a_volume_that_exceeds_several_thresholds_has_one_regressor():
    frame = table()
    frame.loc[2, "std_dvars"] = 5.0
    nuisance = choose(frame)
    assert np.flatnonzero(nuisance.outlier).tolist() == [2, 4]
    assert [name for name in nuisance.regressors if "outlier" in name] == [
        "outlier_0002",
        "outlier_0004",
    ]


def test_a_threshold_itself_is_not_above_it_and_none_leaves_it_out():
    frame = table()
    frame["framewise_displacement"] = [np.nan, 0.5, 0.50001, 0.1, 0.1, 0.1]
    assert np.flatnonzero(choose(frame).outlier).tolist() == [2, 4]
    only = choose(frame, outliers=OutliersSpec(std_dvars=None))
    assert np.flatnonzero(only.outlier).tolist() == [2]
    neither = choose(frame, outliers=OutliersSpec(std_dvars=None, framewise_displacement=None))
    assert not neither.outlier.any()
    assert not choose(frame, outliers=None).outlier.any()


def test_missing_std_dvars_are_noted():
    nuisance = choose(table().drop(columns="std_dvars"))
    assert nuisance.notes == ("no column `std_dvars`: no outlier volumes by it",)


def test_change_of_the_global_signal_in_standard_deviations():
    signal = np.array([10.0, 12.0, 11.0, 15.0])
    # Changes 2, -1, 4: mean 5/3, standard deviation sqrt(19/3).
    expected = (np.array([2.0, -1.0, 4.0]) - 5 / 3) / np.sqrt(19 / 3)
    change = global_signal_change(signal)
    assert np.isnan(change[0])
    np.testing.assert_allclose(change[1:], expected, rtol=1e-14)
    np.testing.assert_allclose(global_signal_change(3.0 * signal + 7.0)[1:], expected, rtol=1e-12)
    gap = global_signal_change(np.array([1.0, 2.0, np.nan, 4.0, 3.0]))
    assert np.isnan(gap).tolist() == [True, False, True, True, False]
    assert gap[[1, 4]] == pytest.approx([np.sqrt(0.5), -np.sqrt(0.5)])


def test_art_marks_the_volume_at_the_end_of_a_jump_either_way():
    frame = jumps()
    frame.loc[[7, 8], "framewise_displacement"] = [0.9, 0.95]
    nuisance = choose(frame, outliers=ART)
    assert np.flatnonzero(nuisance.outlier).tolist() == [8, 20, 40]
    change = np.diff(frame["global_signal"])
    z = (change[19] - change.mean()) / change.std(ddof=1)
    for threshold, marked in ((z - 1e-6, [20, 40]), (z + 1e-6, [40])):
        rule = OutliersSpec(
            rule="art", art_global_signal=threshold, art_framewise_displacement=None
        )
        assert np.flatnonzero(choose(frame, outliers=rule).outlier).tolist() == marked


def test_art_does_not_read_the_other_rule_s_thresholds():
    frame = jumps().assign(std_dvars=9.0)
    frame["framewise_displacement"] = 0.6
    assert np.flatnonzero(choose(frame, outliers=ART).outlier).tolist() == [20, 40]


@pytest.mark.parametrize("absent", [True, False])
def test_art_without_a_global_signal_is_an_error_with_its_cure(absent):
    frame = jumps().assign(global_signal=np.nan)
    if absent:
        frame = frame.drop(columns="global_signal")
    with pytest.raises(InputDataError, match="`global_signal`, which the ART-like rule") as error:
        choose(frame, outliers=ART)
    assert "`art_global_signal: null`" in error.value.cure
    alone = OutliersSpec(rule="art", art_global_signal=None, art_framewise_displacement=0.05)
    assert choose(frame, outliers=alone).outlier.sum() == 59


def test_a_global_signal_that_does_not_change_is_noted():
    for signal in (np.full(60, 7.3), 0.1 * np.arange(60)):
        nuisance = choose(jumps().assign(global_signal=signal), outliers=ART)
        assert not nuisance.outlier.any()
        assert nuisance.notes == ("`global_signal` does not change: no outlier volumes by it",)


def test_fmriprep_s_own_outliers_are_its_columns_whatever_the_displacement():
    frame = table()
    frame["motion_outlier00"] = [0.0, 0, 0, 1, 0, 0]
    frame["motion_outlier01"] = [1.0, 0, 0, 0, 0, 0]
    nuisance = choose(frame, outliers=FMRIPREP)
    # The first volume is before the steady state, and no outlier then.
    assert np.flatnonzero(nuisance.outlier).tolist() == [3]
    assert list(nuisance.regressors)[1:] == ["non_steady_state_0000", "outlier_0003"]


def test_fmriprep_s_own_outliers_need_a_table_that_may_have_them():
    clean = choose(table(), outliers=FMRIPREP)
    assert not clean.outlier.any()  # its derivatives show that it is not older than 1.4
    with pytest.raises(InputDataError, match="no `motion_outlier` columns") as error:
        choose(table().drop(columns="csf_derivative1"), outliers=FMRIPREP)
    assert "another `rule`" in error.value.cure


def test_real_tables_mark_what_the_thresholds_of_fmriprep_mark():
    """fMRIPrep's defaults are 0.5 mm and 1.5, as the study's."""
    marked = 0
    for frame, _ in aomic():
        own = choose(frame, outliers=FMRIPREP)
        ours = choose(frame)
        assert own.outlier.tolist() == ours.outlier.tolist()
        assert own.outlier.sum() == sum(name.startswith("motion_outlier") for name in frame)
        marked += int(own.outlier.sum())
    assert marked > 50
    ((frame, _),) = real("fmriprep-confounds-versions/nilearn/test-v21_*.tsv", 1)
    own = choose(frame, outliers=FMRIPREP)
    assert own.non_steady_state.sum() == 3
    assert not (own.outlier & own.non_steady_state).any()
    names = [name for name in frame if name.startswith("motion_outlier")]
    assert own.outlier.sum() == (frame[names].any(axis=1) & ~own.non_steady_state).sum()


def test_real_tables_have_few_art_like_outliers():
    for frame, _ in aomic():
        art = choose(frame, outliers=ART, non_steady_state=False)
        change = frame["global_signal"].diff()
        z = (change - change.mean()) / change.std()
        expected = (z.abs() > 5) | (frame["framewise_displacement"] > 0.9)
        assert art.outlier.tolist() == expected.tolist()
        assert not (art.outlier & ~choose(frame).outlier).sum() > 3


def test_regressors_of_single_volumes():
    first, second = np.array([True, False, False, False]), np.array([False, True, False, True])
    found = single_volume_regressors({"a": first, "b": second}, 4)
    assert list(found) == ["a_0000", "b_0001", "b_0003"]
    assert found.to_numpy().tolist() == np.eye(4)[:, [0, 1, 3]].tolist()
    assert single_volume_regressors({"a": np.zeros(4, dtype=bool)}, 4).shape == (4, 0)
