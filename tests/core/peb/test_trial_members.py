"""Who enters which analysis of a trial, and what makes no difference to it."""

import numpy as np
import pytest

from bids_ketamine.core.peb.trial_data import TrialData
from bids_ketamine.errors import InputDataError
from tests.core.peb.conftest import nobody
from tests.core.peb.simulated_trials import simulated_trial
from tests.core.peb.trial_results import (
    BETWEEN_ARMS,
    FIRST,
    analysed,
    fit,
    numbers,
    of_one,
    row,
    rows,
)


def reordered(data, seed):
    """Return the same trial, participants and models in another order."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(data.participants))
    models = generator.permutation(data.models.n_models)
    place = np.append(np.argsort(models), -1)
    return TrialData(
        data.models.rows(models),
        tuple(data.participants[each] for each in order),
        tuple(data.arms[each] for each in order),
        data.improvement[order],
        place[data.first[order]],
        place[data.second[order]],
    )


@pytest.fixture(scope="module")
def small():
    return simulated_trial(6, sizes={"midazolam": 6, "ketamine": 6}, change={"ketamine": -0.1})


@pytest.fixture(scope="module")
def smallest():
    return simulated_trial(7, sizes={"midazolam": 5, "ketamine": 5}, change={"ketamine": -0.1})


@pytest.fixture(scope="module")
def smallest_result(smallest):
    return analysed(smallest)


@pytest.fixture(scope="module")
def smallest_result_within(smallest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bids_ketamine.core.peb.trial_fits.estimates_without_each", nobody)
        return analysed(smallest, within_participant_first=True)


# Who enters -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("nobody_left_out")
def test_a_missing_session_or_improvement_keeps_out_of_what_needs_it(small):
    second = small.second.copy()
    second[1] = -1
    first = small.first.copy()
    first[2] = -1
    improvement = small.improvement.copy()
    improvement[7] = np.nan
    found = analysed(small._replace(first=first, second=second, improvement=improvement))
    reasons = {each[:2]: each.reason for each in found.inclusions}
    assert reasons["baseline", "sub-02"] == ""
    assert reasons["prediction", "sub-02"] == ""
    assert reasons["change", "sub-02"] == "no model of the second session"
    assert reasons["baseline", "sub-03"] == "no model of the first session"
    assert reasons["baseline", "sub-08"] == ""
    assert reasons["change", "sub-08"] == "improvement is not known"
    assert len(reasons) == 36
    for analysis, missing in (
        ("baseline", {"sub-03"}),
        ("change", {"sub-02", "sub-03", "sub-08"}),
        ("prediction", {"sub-03", "sub-08"}),
    ):
        entered = fit(found, analysis, "all", "gaussian").participants
        assert set(small.participants) - set(entered) == missing
        assert row(found, analysis=analysis, arm="all", effect="mean", parameter=FIRST).n == len(
            entered
        )
    # Four of six in the first arm: fewer than its columns and one more.
    short = fit(found, "change", "midazolam", "gaussian")
    assert short.reason == "4 of at least 5 participants"
    assert short.estimate is None
    for level in ("second", "third"):
        pair = fit(found, "change", BETWEEN_ARMS, "student_t", level=level)
        assert pair.reason == "midazolam: 4 of at least 5 participants"
        assert np.isnan([pair.improvement_mean, pair.improvement_standard_deviation]).all()
        wanted = {"arm": BETWEEN_ARMS, "level": level, "effect": "session", "parameter": FIRST}
        own = row(found, analysis="change", **wanted)
        assert own.reason == pair.reason
        assert np.isnan(own.estimate)
    assert not fit(found, "prediction", "midazolam", "gaussian").reason


@pytest.mark.usefixtures("nobody_left_out")
def test_the_studys_minimum_counts(small):
    found = of_one("prediction", small, minimum_participants=7)
    assert fit(found, "prediction", "ketamine", "gaussian").reason == "6 of at least 7 participants"
    assert not fit(found, "prediction", "all", "gaussian").reason


@pytest.mark.usefixtures("nobody_left_out")
def test_nobody_with_a_second_session(small):
    found = analysed(small._replace(second=np.full(12, -1)))
    assert fit(found, "change", "all", "gaussian").reason == "0 of at least 5 participants"
    assert not fit(found, "baseline", "all", "gaussian").reason
    assert {each.analysis for each in found.estimates} == {"prediction"}


@pytest.mark.usefixtures("nobody_left_out")
def test_improvement_that_is_the_same_in_an_arm(small):
    same = np.where(np.array(small.arms) == "ketamine", 5.0, small.improvement)
    found = of_one("prediction", small._replace(improvement=same))
    reason = "improvement is the same in all participants"
    assert fit(found, "prediction", "ketamine", "gaussian").reason == reason
    for level in ("second", "third"):
        pair = fit(found, "prediction", BETWEEN_ARMS, "gaussian", level=level)
        assert pair.reason == f"ketamine: {reason}"
    assert not fit(found, "prediction", "midazolam", "gaussian").reason


@pytest.mark.usefixtures("nobody_left_out")
@pytest.mark.parametrize("within", [False, True])
def test_improvement_that_is_the_same_up_to_rounding(small, within):
    """As percentages are: a tenth and two tenths are not three tenths to the last bit."""
    same = small.improvement.copy()
    same[np.array(small.arms) == "ketamine"] = [0.3, 0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2, 0.3]
    assert np.ptp(same[6:]) > 0.0
    data = small._replace(improvement=same)
    reason = "improvement is the same in all participants"
    for analysis in ("prediction", "change"):
        found = of_one(analysis, data, within_participant_first=within)
        for distribution in ("gaussian", "student_t"):
            one = fit(found, analysis, "ketamine", distribution)
            assert (one.reason, one.estimate) == (reason, None)
            for level in ("second", "third"):
                pair = fit(found, analysis, BETWEEN_ARMS, distribution, level=level)
                assert (pair.reason, pair.estimate) == (f"ketamine: {reason}", None)
        assert np.isnan([each.estimate for each in rows(found, arm="ketamine")]).all()
        assert np.isfinite([each.estimate for each in rows(found, arm="midazolam")]).all()
    # In all of them: nothing but the first session's mean is left.
    everybody = data._replace(improvement=np.tile([0.3, 0.1 + 0.2], 6))
    found = analysed(everybody, within_participant_first=within)
    assert {each.analysis for each in found.fits if not each.reason} == {"baseline"}
    assert reason in fit(found, "change", "all", "gaussian").reason


@pytest.mark.usefixtures("nobody_left_out")
def test_arms_that_are_not_compared_enter_over_all(smallest):
    found = analysed(smallest, levels=())
    assert {each.arm for each in found.fits} == {"all"}
    assert len(fit(found, "change", "all", "gaussian").participants) == 10


# What does not matter -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("within", "known"), [(False, "smallest_result"), (True, "smallest_result_within")]
)
def test_order_does_not_matter(smallest, within, known, request):
    one = request.getfixturevalue(known)
    if within:
        request.getfixturevalue("nobody_left_out")
    other = analysed(reordered(smallest, seed=1), within_participant_first=within)
    assert [each[:8] for each in one.effects] == [each[:8] for each in other.effects]
    np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-9, atol=1e-12)
    assert [each.most_influential for each in one.effects] == [
        each.most_influential for each in other.effects
    ]
    assert one.inclusions == other.inclusions
    assert [each[:4] for each in one.estimates] == [each[:4] for each in other.estimates]
    for mine, theirs in zip(one.fits, other.fits, strict=True):
        if mine.check is not None:
            assert mine.check.outlier_participant == theirs.check.outlier_participant
            assert mine.check.outlier == pytest.approx(theirs.check.outlier, rel=1e-9)
            assert mine.check.outlier_p == pytest.approx(theirs.check.outlier_p)


@pytest.mark.usefixtures("nobody_left_out")
def test_the_unit_of_improvement_is_only_a_unit(smallest, smallest_result):
    one = [each for each in smallest_result.effects if each.analysis == "change"]
    told = smallest._replace(improvement=1000.0 * smallest.improvement + 7.0)
    for mine, theirs in zip(one, of_one("change", told).effects, strict=True):
        unit = 1000.0 if mine.per_point else 1.0
        assert theirs.estimate * unit == pytest.approx(mine.estimate, rel=1e-6, abs=1e-9)
        assert theirs.standard_deviation * unit == pytest.approx(mine.standard_deviation, rel=1e-6)
        assert theirs.posterior_probability == pytest.approx(mine.posterior_probability, abs=1e-6)


def test_both_routes_estimate_the_same_effects(smallest_result, smallest_result_within):
    stacked, first = smallest_result, smallest_result_within
    own, other = (
        [*rows(each, analysis="change"), *rows(each, analysis="change", level="third")]
        for each in (stacked, first)
    )
    assert len(own) == 40
    assert [each[:7] for each in own] == [each[:7] for each in other]
    for one, two in zip(own, other, strict=True):
        assert one.estimate == pytest.approx(two.estimate, abs=0.2 * one.standard_deviation)
    before = {each[:4]: each for each in first.estimates}
    for each in stacked.estimates:
        twin = before[each[:4]]
        assert twin.estimate == each.estimate
        assert twin.reevaluated == pytest.approx(each.reevaluated, abs=0.25)


# Bad input ------------------------------------------------------------------------------------


def test_errors_name_what_does_not_fit(small):
    with pytest.raises(InputDataError, match="11 arms for 12 participants"):
        analysed(small._replace(arms=small.arms[1:]))
    with pytest.raises(InputDataError, match="sub-01 given more than once"):
        analysed(small._replace(participants=("sub-01", *small.participants[:-1])))
    with pytest.raises(InputDataError, match="row 24 of 24 models"):
        analysed(small._replace(second=small.second + 1))
    with pytest.raises(InputDataError, match="a model that is of two sessions"):
        analysed(small._replace(second=small.first))
    with pytest.raises(InputDataError, match="driving"):
        analysed(small, fields=("driving",))


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("row_given", [-2, -24])
def test_a_row_below_that_of_the_missing_is_none(small, which, row_given):
    rows_given = getattr(small, which).copy()
    rows_given[0] = row_given
    with pytest.raises(InputDataError, match=f"fit each other: row {row_given}") as raised:
        analysed(small._replace(**{which: rows_given}))
    assert raised.value.cure


def test_an_arm_has_not_the_name_of_everybody(small):
    arms = tuple("all" if each == "midazolam" else each for each in small.arms)
    with pytest.raises(InputDataError, match="an arm of the name `all`") as raised:
        analysed(small._replace(arms=arms), levels=("all", "ketamine"))
    assert raised.value.cure
