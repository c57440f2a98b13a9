"""Changes from the baseline to each visit, and Cohen's d of paired visits by name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.clinical.visit_changes import paired_effect_size, visit_changes
from bids_ketamine.core.group.t_tests import paired_t_test

BEFORE, AFTER = [30.0, 28, 33, 25, 31], [12.0, 8, 17, 11, 20]


def test_both_effect_sizes_by_hand():
    """Changes -18, -20, -16, -14, -11: mean -15.8, variance 12.2; visits 9.3 and 23.3."""
    found = paired_effect_size(first=BEFORE, second=AFTER)
    assert found.d_z == pytest.approx(-15.8 / np.sqrt(12.2), rel=1e-14)
    assert found.d_av == pytest.approx(-15.8 / np.sqrt((9.3 + 23.3) / 2), rel=1e-14)
    assert (found.n, found.reason) == (5, "")


def test_d_z_is_t_over_the_root_of_n():
    found = paired_effect_size(first=BEFORE, second=AFTER)
    t = paired_t_test(first=AFTER, second=BEFORE, confidence_level=0.95)
    assert found.d_z == pytest.approx(float(t.statistic) / np.sqrt(5), rel=1e-12)


def test_d_av_does_not_depend_on_the_pairing():
    shuffled = paired_effect_size(first=BEFORE, second=AFTER[::-1])
    assert shuffled.d_av == pytest.approx(paired_effect_size(first=BEFORE, second=AFTER).d_av)
    assert shuffled.d_z != pytest.approx(paired_effect_size(first=BEFORE, second=AFTER).d_z)


def test_pairs_without_a_value_are_left_out():
    found = paired_effect_size(first=[*BEFORE, np.nan, 40], second=[*AFTER, 10, np.nan])
    assert found == paired_effect_size(first=BEFORE, second=AFTER)


@pytest.mark.parametrize(
    ("first", "second", "reason", "d_av_is_known"),
    [
        ([30.1, 28.1, 33.1], [20.1, 18.1, 23.1], "all changes equal", True),
        ([30.1, 30.1], [20.1, 20.1], "all values equal", False),
        ([30.0], [20.0], "fewer than 2 participants", False),
    ],
)
def test_what_has_no_deviation_has_a_reason(first, second, reason, d_av_is_known):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = paired_effect_size(first=first, second=second)
    assert found.reason == reason
    assert np.isnan(found.d_z)
    assert np.isfinite(found.d_av) == d_av_is_known


def test_visits_are_compared_with_the_baseline():
    scores = pd.DataFrame(
        {
            "screening": [31.0, 29, 33, 26, 30],
            "pre": BEFORE,
            "day 1": AFTER,
            "week 8": [15.0, np.nan, np.nan, np.nan, 20],
        }
    )
    table = visit_changes(
        scores, baseline="pre", confidence_level=0.95, minimum_participants=3
    ).set_index("visit")
    assert table.index.tolist() == ["screening", "day 1", "week 8"]
    expected = paired_t_test(first=AFTER, second=BEFORE, confidence_level=0.95)
    row = table.loc["day 1"]
    for name in ("estimate", "statistic", "df", "p_value", "ci_low", "ci_high"):
        assert row[name] == pytest.approx(float(getattr(expected, name)), rel=1e-12)
    assert (row["n"], row["mean_baseline"], row["mean_visit"]) == (5, 29.4, 13.6)
    assert row["d_av"] == pytest.approx(-15.8 / np.sqrt(16.3), rel=1e-12)
    few = table.loc["week 8"]
    assert (few["n"], few["estimate"]) == (2, -13.0)
    assert few["reason"] == "fewer than 3 participants"
    assert np.isnan(few[["statistic", "p_value", "d_z", "d_av"]].astype(float)).all()


def test_the_baseline_must_be_a_visit():
    with pytest.raises(ValueError, match="baseline pre is none"):
        visit_changes(
            pd.DataFrame({"day 1": [1.0]}),
            baseline="pre",
            confidence_level=0.95,
            minimum_participants=2,
        )


def test_visits_of_different_length_are_an_error():
    with pytest.raises(ValueError, match="differ in shape"):
        paired_effect_size(first=[1.0, 2.0], second=[1.0])
