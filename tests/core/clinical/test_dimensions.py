"""Symptom dimensions: pro-rated sums by hand, and correlations with known answers."""

import math
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.clinical.dimension_pairs import dimension_pairs
from bids_ketamine.core.clinical.dimensions import (
    COVARIATE_COLUMNS,
    DIMENSION_COLUMNS,
    covariate_correlations,
    dimension_correlations,
    dimension_scores,
)
from bids_ketamine.core.clinical.rank_correlation import spearman_correlation

NAN = float("nan")
#: The hybrid model of the 20 items of the CAPS-5.
HYBRID = {
    "re-experiencing": (1, 2, 3, 4, 5),
    "avoidance": (6, 7),
    "negative affect": (8, 9, 10, 11),
    "anhedonia": (12, 13, 14),
    "externalizing behaviour": (15, 16),
    "anxious arousal": (17, 18),
    "dysphoric arousal": (19, 20),
}


def test_complete_items_are_summed():
    items = np.arange(40.0).reshape(2, 20)
    found = dimension_scores(items, dimensions=HYBRID, minimum_items=0.5)
    assert found.names == tuple(HYBRID)
    assert found.scores[0].tolist() == [10.0, 11.0, 34.0, 36.0, 29.0, 33.0, 37.0]
    assert found.scores.sum(axis=1).tolist() == items.sum(axis=1).tolist()
    assert not found.missing.any()


@pytest.mark.parametrize(
    ("minimum_items", "scores"),
    [
        (0.0, [5.0, 4.0, NAN]),
        (0.2, [5.0, 4.0, NAN]),
        (0.6, [5.0, NAN, NAN]),
        (0.61, [NAN, NAN, NAN]),
        (1.0, [NAN, NAN, NAN]),
    ],
)
def test_missing_items_are_replaced_by_the_mean_of_the_others(minimum_items, scores):
    # Three, one and none of five: 3 x 5 / 3; 0.8 x 5; nothing.
    items = [[0.5, 1.5, NAN, 1.0, NAN], [NAN, 0.8, NAN, NAN, NAN], [NAN] * 5]
    found = dimension_scores(
        items, dimensions={"all": (1, 2, 3, 4, 5)}, minimum_items=minimum_items
    )
    np.testing.assert_allclose(found.scores[:, 0], scores, rtol=1e-14)
    assert found.missing[:, 0].tolist() == [2, 4, 5]


@pytest.mark.parametrize(
    ("dimensions", "minimum_items", "message"),
    [
        ({"a": (0, 1)}, 0.5, "the dimension a names item 0; there are 3 items"),
        ({"a": (1, 4)}, 0.5, "the dimension a names item 4"),
        ({"a": ()}, 0.5, "the dimension a must name items"),
        ({"a": (1, 1)}, 0.5, "each once"),
        ({"a": (1,)}, 1.5, "minimum_items"),
    ],
)
def test_wrong_dimensions_are_refused(dimensions, minimum_items, message):
    with pytest.raises(ValueError, match=message):
        dimension_scores(np.ones((2, 3)), dimensions=dimensions, minimum_items=minimum_items)


def test_one_row_of_items_is_refused():
    with pytest.raises(ValueError, match="n_participants, n_items"):
        dimension_scores([1.0, 2.0], dimensions={"a": (1,)}, minimum_items=0.5)


class TestCorrelations:
    people = tuple(f"sub-{number:02d}" for number in range(1, 25))
    arms = pd.Series(["midazolam"] * 12 + ["ketamine"] * 12, index=people)
    generator = np.random.default_rng(3)
    change = pd.Series(generator.normal(size=24), index=people)
    values = pd.DataFrame(
        {"anhedonia": 0.8 * change + generator.normal(size=24), "flat": 2.0}, index=people
    )
    settings = MappingProxyType(
        {
            "arms": arms,
            "levels": ["midazolam", "ketamine"],
            "confidence_level": 0.9,
            "minimum_participants": 5,
        }
    )

    def test_each_arm_equals_scipy(self):
        table = dimension_correlations(self.values, measure_change=self.change, **self.settings)
        assert tuple(table.columns) == DIMENSION_COLUMNS
        rows = table[table["dimension"] == "anhedonia"].set_index("arm")
        parts = {"all": slice(None), "midazolam": slice(12), "ketamine": slice(12, 24)}
        assert list(rows.index) == list(parts)
        for arm, part in parts.items():
            x, y = self.values["anhedonia"].iloc[part], self.change.iloc[part]
            linear, ranked = stats.pearsonr(x, y), stats.spearmanr(x, y)
            interval = linear.confidence_interval(0.9)
            expected = [
                len(x),
                linear.statistic,
                interval.low,
                interval.high,
                linear.pvalue,
                ranked.statistic,
                spearman_correlation(first=x, second=y).p_value,
            ]
            found = rows.loc[arm, ["n", "r", "ci_low", "ci_high", "p_value", "rho", "rho_p_value"]]
            np.testing.assert_allclose(found.to_numpy(float), expected, rtol=1e-10)
        assert (rows["reason"] == "").all()

    def test_what_cannot_be_correlated_has_a_reason(self):
        values = self.values.copy()
        values.loc[list(self.people[:9]), "anhedonia"] = np.nan
        table = dimension_correlations(values, measure_change=self.change, **self.settings)
        rows = table.set_index(["dimension", "arm"])
        assert rows.loc[("flat", "all"), "reason"] == "all values equal"
        few = rows.loc[("anhedonia", "midazolam")]
        assert (few["n"], few["reason"]) == (3, "fewer than 5 participants")
        assert few[["r", "ci_low", "ci_high", "p_value", "rho", "rho_p_value"]].isna().all()
        assert rows.loc[("anhedonia", "all"), "n"] == 15

    def test_covariates_carry_the_p_of_rho(self):
        table = covariate_correlations(
            self.values[["anhedonia"]], measure_change=self.change, **self.settings
        )
        assert tuple(table.columns) == COVARIATE_COLUMNS
        beside = dimension_correlations(
            self.values[["anhedonia"]], measure_change=self.change, **self.settings
        )
        assert table["covariate"].tolist() == ["anhedonia"] * 3
        assert table["p_value"].tolist() == beside["rho_p_value"].tolist()
        assert table["r"].tolist() == beside["r"].tolist()

    def test_participants_are_matched_by_label(self):
        turned = self.change.iloc[::-1]
        pd.testing.assert_frame_equal(
            dimension_correlations(self.values, measure_change=turned, **self.settings),
            dimension_correlations(self.values, measure_change=self.change, **self.settings),
        )


def test_rank_correlation_with_ties_equals_r():
    """cor.test(method = "spearman", exact = FALSE) of R 4.2.2."""
    result = spearman_correlation(
        first=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3], second=[2, 7, 1, 8, 2, 8, 1, 8, 2, 8]
    )
    assert result.rho == pytest.approx(0.134715062810913, rel=1e-12)
    assert result.p_value == pytest.approx(0.710600880522383, rel=1e-10)


def test_few_participants_are_counted_as_r_does():
    """cor.test(method = "spearman", exact = TRUE) of R 4.2.2."""
    result = spearman_correlation(first=[1, 2, 3, 4, 5, 6, 7], second=[2, 1, 4, 3, 7, 6, 5])
    assert result.rho == pytest.approx(0.785714285714285, rel=1e-12)
    assert result.p_value == pytest.approx(0.048015873015873, rel=1e-10)


def test_a_perfect_order_of_three_is_no_evidence():
    assert spearman_correlation(first=[1, 2, 3], second=[9, 5, 1]).p_value == pytest.approx(2 / 6)
    assert spearman_correlation(first=[1, 2, 3, NAN], second=[9, 5, 1, 2]).n == 3


@pytest.mark.parametrize(
    ("second", "reason"),
    [([1.0, NAN, NAN], "fewer than 3 participants"), ([2.0] * 3, "all values equal")],
)
def test_ranks_that_cannot_be_correlated_have_a_reason(second, reason):
    result = spearman_correlation(first=[1.0, 2.0, 3.0], second=second)
    assert result.reason == reason
    assert np.isnan([result.rho, result.p_value]).all()


#: cor.test(method = "spearman") of R 4.2.2 for the ranks 1 ... n and these: exact for 9
#: participants, Edgeworth's series beyond.
R_RANKS = {
    "2,3,5,4,6,1,8,7,9": 0.0368661816578,
    "2,1,4,3,6,7,5,9,8": 0.0020282186948854,
    "2,1,3,4,9,7,10,6,11,8,5,13,12": 0.00234053510809,
    "6,3,7,5,4,2,8,1,9,10,13,15,12,14,11": 0.00190680714071,
    "4,12,3,7,1,2,6,14,11,8,10,5,9,13,17,15,16,18": 0.000998485119499,
    "17,3,16,2,20,12,6,9,8,7,1,13,15,10,4,18,14,5,11,19": 0.662617486247,
    "5,10,3,19,4,9,2,20,8,11,22,1,7,25,21,14,23,6,13,18,24,16,15,17,12": 0.0313398550995,
    "5,3,6,4,7,2,11,14,13,9,15,1,22,12,21,17,10,27,26,20,19,16,24,18,8,23,25": 4.38979670008e-05,
    "13,11,4,2,22,10,1,18,12,21,8,3,7,5,15,16,26,20,6,14,19,29,17,24,9,23,30,28,27,25": (
        0.000308265830993
    ),
}


@pytest.mark.parametrize(("ranks", "p_value"), R_RANKS.items())
def test_ranks_without_ties_equal_r(ranks, p_value):
    second = np.array(ranks.split(","), dtype=float)
    result = spearman_correlation(first=np.arange(len(second)), second=second)
    assert result.p_value == pytest.approx(p_value, rel=1e-10)
    assert result.method == ("exact" if len(second) == 9 else "edgeworth")
    turned = spearman_correlation(first=np.arange(len(second)), second=-second)
    assert turned.p_value == result.p_value


def test_nine_to_twelve_participants_are_exact():
    nine = spearman_correlation(first=range(9), second=[1, 3, 2, 5, 8, 4, 6, 9, 7])
    # cor.test of R; t would say .00722.
    assert (nine.rho, nine.p_value) == pytest.approx((1 - 6 * 22 / 720, 0.010769400353), rel=1e-9)
    # 10! orders, two of which are as far out as a perfect one.
    ten = spearman_correlation(first=range(10), second=range(10))
    assert ten.p_value == pytest.approx(2 / 3628800, rel=1e-12)
    # Every neighbouring pair may be exchanged: n - 1 orders have a sum of squares of 2.
    second = np.arange(12)
    second[:2] = [1, 0]
    twelve = spearman_correlation(first=range(12), second=second)
    assert twelve.p_value == pytest.approx(2 * 12 / 479001600, rel=1e-12)


def test_far_out_the_series_gives_way_to_t():
    """R's series is below 0 here, and R says p = 0."""
    ranks = [2, 5, 4, 6, 3, 1, 7, 10, 8, 9, 12, 11, 13, 14]
    result = spearman_correlation(first=range(14), second=ranks)
    t = result.rho * math.sqrt(12 / (1 - result.rho**2))
    assert result.p_value == pytest.approx(2 * stats.t.sf(t, 12), rel=1e-10)
    assert result.method == "t"


def test_ties_are_counted_up_to_eight_and_then_t():
    ties = [1, 1, 2, 3, 4, 5, 6, 7, 8]
    assert spearman_correlation(first=ties[:8], second=range(8)).method == "exact"
    nine = spearman_correlation(first=ties, second=range(9))
    assert nine.method == "t"
    assert nine.p_value == pytest.approx(stats.spearmanr(ties, range(9)).pvalue, rel=1e-9)


def test_pairs_are_of_those_who_have_everything():
    better = pd.DataFrame({"a": [1.0, 2.0, 4.0, 3.0, 9.0], "b": [2.0, 1.0, 3.0, 4.0, NAN]})
    change = pd.Series([0.1, 0.4, 0.2, 0.3, 0.5])
    table = dimension_pairs(better, measure_change=change, minimum_participants=4)
    r = table.set_index(["dimension", "other"])["r"]
    assert r["a", "b"] == r["b", "a"] == pytest.approx(0.6)
    assert r["a", "change of the measure"] == pytest.approx(
        np.corrcoef(better["a"][:4], change[:4])[0, 1]
    )
    assert r["a", "a"] == pytest.approx(1.0)
    assert set(table["n"]) == {4}
    few = dimension_pairs(better, measure_change=change, minimum_participants=5)
    assert few["r"].isna().all()
    flat = dimension_pairs(better.assign(b=1.0), measure_change=change, minimum_participants=4)
    assert flat.set_index(["dimension", "other"])["r"].isna()["a", "b"]
