"""Repeated-measures analysis of variance: known t tests, hand-made numbers, bad input.

R's own tables are compared in test_reference.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.clinical.repeated_measures import COLUMNS, repeated_measures_anova
from bids_ketamine.core.clinical.sphericity import greenhouse_geisser_epsilon

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "group_stats"
STRATA = ("participant", "stratified")


def trial(values, arms):
    """Return a long table of values (n_participants, n_sessions[, n_measures])."""
    values = np.asarray(values, dtype=float)
    cube = values[..., np.newaxis] if values.ndim == 2 else values
    rows = [
        (f"sub-{one:02d}", arms[one], f"ses-{two}", f"measure-{three}", cube[one, two, three])
        for one, two, three in product(*map(range, cube.shape))
    ]
    return pd.DataFrame(rows, columns=["who", "arm", "session", "measure", "y"])


def analysed(data, *, between=("arm",), within=("session",), error_strata="stratified"):
    return repeated_measures_anova(
        data,
        value="y",
        participant="who",
        between=between,
        within=within,
        error_strata=error_strata,
    )


def rows_of(table):
    return {row.term: row for row in table[table["term"] != "Residuals"].itertuples()}


@pytest.fixture
def drawn():
    generator = np.random.default_rng(5)
    arms = ["ketamine"] * 6 + ["midazolam"] * 4
    values = generator.normal(size=(10, 3, 2)) + generator.normal(size=(10, 1, 1))
    return values, arms


def test_two_groups_give_the_square_of_student_t(drawn):
    values, arms = drawn[0][:, 0, :1], drawn[1]
    table = analysed(trial(values, arms), within=())
    t = stats.ttest_ind(values[:6, 0], values[6:, 0])
    row = rows_of(table)["arm"]
    assert row.f_value == pytest.approx(t.statistic**2, rel=1e-12)
    assert (row.df, row.df_residual, row.stratum) == (1, 8, "participant")
    assert row.p_value == pytest.approx(t.pvalue, rel=1e-12)
    assert tuple(table.columns) == COLUMNS


@pytest.mark.parametrize("error_strata", STRATA)
def test_two_sessions_give_the_squares_of_t_tests(drawn, error_strata):
    values, arms = drawn[0][:, :2, 0], drawn[1]
    change = values[:, 1] - values[:, 0]
    one_arm = analysed(trial(values, ["ketamine"] * 10), between=(), error_strata=error_strata)
    paired = stats.ttest_1samp(change, 0.0)
    assert rows_of(one_arm)["session"].f_value == pytest.approx(paired.statistic**2, rel=1e-12)
    assert rows_of(one_arm)["session"].p_value == pytest.approx(paired.pvalue, rel=1e-12)
    two_arms = rows_of(analysed(trial(values, arms), error_strata=error_strata))
    of_change = stats.ttest_ind(change[:6], change[6:])
    assert two_arms["arm:session"].f_value == pytest.approx(of_change.statistic**2, rel=1e-12)
    assert two_arms["arm:session"].df_residual == 8
    of_mean = stats.ttest_ind(values[:6].mean(axis=1), values[6:].mean(axis=1))
    assert two_arms["arm"].f_value == pytest.approx(of_mean.statistic**2, rel=1e-12)


def test_several_arms_give_the_one_way_analysis_of_change(drawn):
    values = drawn[0][:, :2, 0]
    arms = [*"aaabbbbccc"]
    change = values[:, 1] - values[:, 0]
    expected = stats.f_oneway(change[:3], change[3:7], change[7:])
    row = rows_of(analysed(trial(values, arms)))["arm:session"]
    assert row.f_value == pytest.approx(expected.statistic, rel=1e-12)
    assert (row.df, row.df_residual) == (2, 7)


def test_by_hand():
    # Three participants, scores before and after: changes -2, -1, -3.
    table = analysed(trial([[3, 1], [4, 3], [6, 3]], [*"aaa"]), between=())
    assert table["stratum"].tolist() == [
        "participant",
        "participant:session",
        "participant:session",
    ]
    assert table["term"].tolist() == ["Residuals", "session", "Residuals"]
    # Means 2, 3.5, 4.5 around 10 / 3, two scores each; 3 x 2 x 1^2; half the changes' squares.
    np.testing.assert_allclose(table["sum_sq"], [19 / 3, 6.0, 1.0], rtol=1e-12)
    assert table["df"].tolist() == [2, 1, 2]
    np.testing.assert_allclose(table["mean_sq"], [19 / 6, 6.0, 0.5], rtol=1e-12)
    assert table["f_value"].iloc[1] == pytest.approx(12.0)
    assert table[["epsilon_gg", "p_value_gg"]].isna().all(axis=None)


@pytest.mark.parametrize("error_strata", STRATA)
def test_sums_of_squares_add_up(drawn, error_strata):
    values, arms = drawn
    table = analysed(trial(values, arms), within=("session", "measure"), error_strata=error_strata)
    assert table["sum_sq"].sum() == pytest.approx(((values - values.mean()) ** 2).sum())
    assert table["df"].sum() == values.size - 1


def test_the_one_error_of_the_trial_has_57_degrees_of_freedom():
    data = pd.read_csv(REFERENCE / "trial_rm.tsv", sep="\t", skipinitialspace=True)
    data = data.rename(columns={"subject": "who", "drug": "arm", "score": "y"})
    pooled = analysed(data, within=("session", "measure"), error_strata="participant")
    row = rows_of(pooled)["arm:session"]
    assert (row.stratum, row.df, row.df_residual) == ("within", 1, 57)
    assert row.f_value == pytest.approx(5.495486137878710, rel=1e-10)
    assert pooled["stratum"].drop_duplicates().tolist() == ["participant", "within"]
    assert pooled["epsilon_gg"].isna().all()
    stratified = rows_of(analysed(data, within=("session", "measure")))["arm:session"]
    assert (stratified.stratum, stratified.df_residual) == ("participant:session", 19)
    assert stratified.f_value == pytest.approx(5.234143193350051, rel=1e-10)


def test_greenhouse_and_geisser_equal_r():
    data = pd.read_csv(REFERENCE / "rm.csv").rename(columns={"subject": "who"})
    found = rows_of(analysed(data, between=["drug"], within=["session", "measure"]))
    corrected = pd.read_csv(REFERENCE / "out_afex_eps.tsv", sep="\t").set_index("term")
    type_three = pd.read_csv(REFERENCE / "out_afex_GG_type3.tsv", sep="\t").set_index("term")
    for term, row in corrected.iterrows():
        assert found[term].epsilon_gg == pytest.approx(row["GG eps"], rel=1e-12)
        assert found[term].p_value_gg == pytest.approx(row["Pr(>F[GG])"], rel=1e-10)
    for term, row in type_three.iterrows():
        assert found[term].f_value == pytest.approx(row["F"], rel=1e-10)
        epsilon = 1.0 if np.isnan(found[term].epsilon_gg) else found[term].epsilon_gg
        assert epsilon * found[term].df_residual == pytest.approx(row["den Df"], rel=1e-12)
    assert np.isnan([found[term].epsilon_gg for term in ("session", "drug:session", "drug")]).all()


def test_epsilon_has_known_limits():
    assert greenhouse_geisser_epsilon(np.eye(4) * 1e-200) == pytest.approx(1.0)
    assert greenhouse_geisser_epsilon(np.ones((4, 4))) == pytest.approx(1 / 4)
    assert greenhouse_geisser_epsilon([[5.0]]) == 1.0
    assert np.isnan(greenhouse_geisser_epsilon(np.zeros((2, 2))))


def test_neither_order_nor_units_matter(drawn):
    data = trial(*drawn)
    expected = analysed(data, within=("session", "measure"))
    shuffled = data.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(analysed(shuffled, within=("session", "measure")), expected)
    scaled = analysed(data.assign(y=1e6 + 1e-3 * data["y"]), within=("session", "measure"))
    np.testing.assert_allclose(scaled["f_value"], expected["f_value"], rtol=1e-5)
    categories = data.assign(arm=pd.Categorical(data["arm"], ["none", "midazolam", "ketamine"]))
    found = analysed(categories, within=("session", "measure"))
    np.testing.assert_allclose(found["p_value"], expected["p_value"], rtol=1e-9)


@pytest.mark.parametrize("error_strata", STRATA)
@pytest.mark.parametrize("score", [0.0, 0.1, 1e9 / 3])
def test_equal_scores_have_a_reason(error_strata, score):
    table = analysed(trial(np.full((6, 3), score), [*"aaabbb"]), error_strata=error_strata)
    effects = table[table["term"] != "Residuals"]
    assert effects["reason"].tolist() == ["all values equal"] * 3
    assert effects[["f_value", "p_value"]].isna().all(axis=None)
    assert (table["sum_sq"] == 0.0).all()


def test_an_error_of_rounding_alone_has_a_reason():
    # Everybody changes by the same 0.1: no error in the stratum of sessions.
    first = np.array([0.3, 1.7, 2.9, 4.1])
    table = analysed(trial(np.column_stack([first, first + 0.1]), [*"aabb"]))
    found = rows_of(table)
    assert found["session"].reason == "nothing is left for the error"
    assert found["session"].sum_sq == pytest.approx(4 * 2 * 0.05**2)
    assert found["arm:session"].sum_sq == 0.0
    assert np.isnan(found["session"].p_value)
    assert found["arm"].reason == ""


def test_no_degrees_of_freedom_have_a_reason():
    table = analysed(trial([[1.0, 2.0], [3.0, 7.0]], [*"ab"]))
    found = rows_of(table)
    assert {row.reason for row in found.values()} == {
        "no degrees of freedom are left for the error"
    }
    assert np.isnan([row.p_value for row in found.values()]).all()
    assert table.loc[table["term"] == "Residuals", "df"].tolist() == [0, 0]


def test_an_arm_of_one_participant_is_analysed():
    values = [[1.0, 2.0], [3.0, 7.0], [2.0, 2.5], [5.0, 1.0]]
    row = rows_of(analysed(trial(values, [*"aaab"])))["arm:session"]
    expected = stats.ttest_ind([1.0, 4.0, 0.5], [-4.0])
    assert row.f_value == pytest.approx(expected.statistic**2, rel=1e-12)
    assert row.df_residual == 2


def test_between_factors_that_say_the_same_leave_nothing():
    data = trial([[1.0, 2.0], [3.0, 7.0], [2.0, 2.5], [5.0, 1.0]], [*"aabb"])
    data["site"] = data["arm"].map({"a": "here", "b": "there"})
    found = rows_of(analysed(data, between=["arm", "site"]))
    assert (found["site"].df, found["arm:site"].df) == (0, 0)
    assert found["site:session"].reason == "no participants to estimate it from"
    assert found["arm"].df_residual == 2


class TestRefusals:
    data = trial([[1.0, 2.0], [3.0, 7.0], [2.0, 2.5]], [*"aab"])

    def test_a_participant_without_a_cell_is_named(self):
        with pytest.raises(ValueError, match=r"fewer scores than the 2 cells of session: sub-01$"):
            analysed(self.data.drop(index=3))

    def test_a_missing_score_is_named(self):
        with pytest.raises(ValueError, match=r"without a score or a factor: sub-00$"):
            analysed(self.data.assign(y=[np.nan, *self.data["y"][1:]]))

    def test_many_participants_are_named_in_part(self):
        data = trial(np.full((9, 2), np.nan), [*"aaaaabbbb"])
        with pytest.raises(ValueError, match=r"sub-00, .*sub-04 and 4 more$"):
            analysed(data)

    def test_a_cell_twice_is_named(self):
        twice = pd.concat([self.data, self.data.iloc[[4]]])
        with pytest.raises(ValueError, match=r"twice in one cell: sub-02$"):
            analysed(twice)

    def test_two_arms_of_one_participant_are_named(self):
        with pytest.raises(ValueError, match=r"two levels of arm: sub-00$"):
            analysed(self.data.assign(arm=[*"abaabb"]))

    def test_a_factor_needs_two_levels(self):
        with pytest.raises(ValueError, match="only one level of arm"):
            analysed(self.data.assign(arm="a"))

    def test_columns_must_be_there(self):
        with pytest.raises(ValueError, match="there is no column measures"):
            analysed(self.data, within=("session", "measures"))
        with pytest.raises(ValueError, match="a column is named twice"):
            analysed(self.data, within=("session", "session"))

    def test_there_must_be_scores(self):
        with pytest.raises(ValueError, match="there are no scores"):
            analysed(self.data.iloc[:0])
        with pytest.raises(ValueError, match="not finite"):
            analysed(self.data.assign(y=[np.inf, 1, 2, 3, 4, 5]))

    def test_error_strata_are_named(self):
        with pytest.raises(ValueError, match="participant, stratified"):
            analysed(self.data, error_strata="pooled")
