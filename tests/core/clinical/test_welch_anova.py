"""Welch's analysis of variance: R, the t test it contains, and groups that cannot be tested."""

import numpy as np
import pytest

from bids_ketamine.core.clinical.welch_anova import welch_anova
from bids_ketamine.core.group.t_tests import welch_t_test

GROUPS = ([3.1, 4.5, 2.2, 5.0, 4.1], [6.2, 8.9, 5.5, 7.7], [1.0, 9.5, 4.4, 3.3, 7.2, 2.8])


def test_three_groups_equal_r():
    """oneway.test of R 4.2.2."""
    result = welch_anova(GROUPS)
    found = (result.f_value, result.df, result.df_second, result.p_value)
    expected = (5.95533405082558, 2.0, 7.14958024463172, 0.0300388111072193)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert result.reason == ""


def test_two_groups_give_the_square_of_welch_t():
    t = welch_t_test(first=GROUPS[0], second=GROUPS[1], confidence_level=0.95)
    result = welch_anova(GROUPS[:2])
    assert result.f_value == pytest.approx(float(t.statistic) ** 2, rel=1e-12)
    assert (result.df, result.df_second) == (1.0, pytest.approx(float(t.df), rel=1e-12))
    assert result.p_value == pytest.approx(float(t.p_value), rel=1e-12)


def test_missing_values_are_left_out():
    padded = [*GROUPS[0], np.nan], GROUPS[1], [np.inf, *GROUPS[2]]
    assert welch_anova(padded) == welch_anova(GROUPS)


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ([[1.0, 2.0], [3.0, 5.0], [4.0]], "fewer than 2 participants in an arm"),
        ([[1.0, 2.0], [3.0, 5.0], [np.nan]], "fewer than 2 participants in an arm"),
        ([[1.0, 2.0], [3.0, 5.0], [0.3, 0.3]], "all values equal in an arm"),
        ([[1.0, 1.0], [3.0, 3.0], [0.3, 0.3]], "all values equal in each group"),
        ([[1.0, 2.0]], "fewer than 2 groups"),
    ],
)
def test_groups_that_cannot_be_compared_have_a_reason(groups, reason):
    result = welch_anova(groups)
    assert result.reason == reason
    assert np.isnan([result.f_value, result.df, result.df_second, result.p_value]).all()
