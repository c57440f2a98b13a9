"""Tables of counts: known answers, R, and tables that cannot be tested."""

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.core.clinical.contingency import chi_square, fisher_exact

#: Counts row by row; odds ratio and p of R 4.2.2's fisher.test.
FISHER_BY_R = [
    ((3, 1, 1, 3), 6.40830886700579, 0.485714285714286),
    ((10, 2, 3, 15), 21.3053312750167, 0.000536724119143436),
    ((0, 5, 4, 6), 0.0, 0.230769230769231),
    ((7, 0, 2, 5), np.inf, 0.020979020979021),
    ((12, 5, 29, 2), 0.172669195228156, 0.0802685520741047),
    ((120, 80, 95, 140), 2.2063971385866, 5.25841587326756e-05),
]


def test_chi_square_by_hand():
    # Margins 20 and 20, 10 and 30: expected 5, 15, 5, 15; every deviation is 3.
    plain = chi_square([[8, 12], [2, 18]], yates=False)
    assert plain.expected.tolist() == [[5.0, 15.0], [5.0, 15.0]]
    assert plain.statistic == pytest.approx(9 / 5 + 9 / 15 + 9 / 5 + 9 / 15)
    assert (plain.df, plain.corrected, plain.n_small, plain.reason) == (1.0, False, 0, "")
    corrected = chi_square([[8, 12], [2, 18]], yates=True)
    assert corrected.statistic == pytest.approx(6.25 * (2 / 5 + 2 / 15))
    assert corrected.p_value == pytest.approx(stats.chi2.sf(6.25 * (2 / 5 + 2 / 15), 1))
    assert corrected.corrected


def test_the_correction_is_no_larger_than_the_deviation():
    # Every deviation is 0.25: a correction by 0.5 would turn its sign.
    result = chi_square([[3, 2], [6, 5]], yates=True)
    assert np.abs(np.array([[3, 2], [6, 5]]) - result.expected).max() < 0.5
    assert (result.statistic, result.p_value) == (0.0, 1.0)


def test_a_larger_table_is_not_corrected():
    result = chi_square([[10, 20, 30], [30, 20, 10]], yates=True)
    assert (result.statistic, result.df, result.corrected) == (20.0, 2.0, False)
    assert result.expected.tolist() == [[20.0] * 3] * 2


def test_small_expected_counts_are_counted():
    assert chi_square([[1, 9], [2, 8], [0, 10]], yates=False).n_small == 3


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([[3, 4], [0, 0]], "a row or column without participants"),
        ([[3, 0], [4, 0]], "a row or column without participants"),
        ([[3, 4]], "fewer than 2 rows or columns"),
    ],
)
def test_a_table_without_variation_has_a_reason(counts, reason):
    result = chi_square(counts, yates=True)
    assert result.reason == reason
    assert np.isnan([result.statistic, result.df, result.p_value]).all()
    assert (result.n_small, result.corrected) == (0, False)


@pytest.mark.parametrize("counts", [[[1, -1], [2, 3]], [[1.5, 1], [2, 3]], [[np.nan, 1], [2, 3]]])
def test_what_is_no_count_is_refused(counts):
    with pytest.raises(ValueError, match="counts"):
        chi_square(counts, yates=False)
    with pytest.raises(ValueError, match="counts"):
        fisher_exact(counts)


@pytest.mark.parametrize(("cells", "odds_ratio", "p_value"), FISHER_BY_R)
def test_fisher_equals_r(cells, odds_ratio, p_value):
    result = fisher_exact(np.reshape(cells, (2, 2)))
    # R stops its search for the odds ratio early.
    assert result.odds_ratio == pytest.approx(odds_ratio, rel=1e-4)
    assert result.p_value == pytest.approx(p_value, rel=1e-9)
    assert result.reason == ""


@pytest.mark.parametrize(("cells", "odds_ratio", "p_value"), FISHER_BY_R)
def test_fisher_equals_scipy(cells, odds_ratio, p_value):
    table = np.reshape(cells, (2, 2))
    result = fisher_exact(table)
    expected = stats.contingency.odds_ratio(table, kind="conditional").statistic
    assert result.odds_ratio == pytest.approx(expected, rel=1e-9)
    assert result.p_value == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_fisher_by_hand():
    # Margins 2, 2, 2, 2: x is 0, 1, 2 with weights 1, 4, 1; the mean at psi is
    # (4 psi + 2 psi^2) / (1 + 4 psi + psi^2), which is 1 at psi = 1.
    result = fisher_exact([[1, 1], [1, 1]])
    assert result.odds_ratio == pytest.approx(1.0, abs=1e-12)
    assert result.p_value == pytest.approx(1.0, abs=1e-12)
    assert fisher_exact([[2, 0], [0, 2]]).p_value == pytest.approx(1 / 3)


def test_fisher_turns_with_the_table():
    one, other = fisher_exact([[12, 5], [29, 2]]), fisher_exact([[5, 12], [2, 29]])
    assert one.odds_ratio * other.odds_ratio == pytest.approx(1.0, rel=1e-10)
    assert one.p_value == pytest.approx(other.p_value, rel=1e-12)


def test_fisher_without_a_margin_has_a_reason():
    result = fisher_exact([[0, 0], [3, 4]])
    assert result.reason == "a row or column without participants"
    assert np.isnan([result.odds_ratio, result.p_value]).all()
    with pytest.raises(ValueError, match="2 x 2"):
        fisher_exact([[1, 2, 3], [4, 5, 6]])
