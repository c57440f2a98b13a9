"""Two arms compared at the second level, where they are fixed effects, and at the third."""

import numpy as np
import pytest

from bids_ketamine.core.peb.trial_effects import effect_positions
from tests.core.peb.gaussian_groups import Gaussian, effects_of_known_precision
from tests.core.peb.simulated_trials import simulated_trial
from tests.core.peb.trial_results import (
    ARMS,
    BETWEEN_ARMS,
    FIRST,
    FULL,
    SECOND,
    fit,
    of_one,
    row,
    rows,
)

LEVELS = ("second", "third")
ROUTES = (False, True)
DIFFERENCES = ("arm", "session x arm", "improvement x arm", "session x improvement x arm")

#: In standard deviations: SPM12's scheme, in which the third level is estimated, ends when it gains
#: less than 1e-4 nats; Newton's, of two arms at the second level, at the maximum.
OF_SCHEME, AT_THE_MAXIMUM = 0.01, 1e-6


@pytest.fixture(scope="module")
def trial():
    return simulated_trial(
        11,
        sizes={"midazolam": 7, "ketamine": 6},
        session=0.4,
        improvement={"midazolam": 0.03},
        change={"ketamine": -0.15},
    )


@pytest.fixture(scope="module")
def by_route(trial):
    """The analysis `change`, in either route."""
    return {each: of_one("change", trial, within_participant_first=each) for each in ROUTES}


def parameters_turned_round(data):
    """Return the same trial, in which parameters that enter do not come first."""
    models, order = data.models, np.array([2, 0, 1])
    return data._replace(
        models=models._replace(
            posterior_mean=models.posterior_mean[:, order],
            posterior_covariance=models.posterior_covariance[:, order][:, :, order],
            parameters=tuple(models.parameters[each] for each in order),
            fields=tuple(models.fields[each] for each in order),
        )
    )


def twins(data, size):
    """Return a trial whose second arm has the models and improvement of the first."""
    half, n = np.arange(size), len(data.participants)
    chosen = np.concatenate([half, half, n + half, n + half])
    return data._replace(
        models=data.models.rows(chosen),
        participants=tuple(f"sub-{place:02d}" for place in range(2 * size)),
        arms=tuple(arm for arm in ARMS for _ in half),
        improvement=np.tile(data.improvement[half], 2),
        first=np.arange(2 * size),
        second=np.arange(2 * size, 4 * size),
    )


# Which effect is which ------------------------------------------------------------------------


@pytest.mark.parametrize("within", ROUTES)
def test_differences_stand_behind_what_arms_have_in_common(by_route, within):
    found = by_route[within]
    for level in LEVELS:
        one = fit(found, "change", BETWEEN_ARMS, "gaussian", level=level)
        np.testing.assert_array_equal(
            effect_positions(one), 8 + np.arange(8).reshape(len(FULL), 2), err_msg=level
        )
    own = fit(found, "change", "ketamine", "gaussian")
    np.testing.assert_array_equal(effect_positions(own), np.arange(8).reshape(len(FULL), 2))
    pair = fit(found, "change", BETWEEN_ARMS, "gaussian").estimate
    names = {
        False: (*FULL, *DIFFERENCES),
        True: ("mean", "improvement", "arm", "improvement x arm"),
    }
    assert pair.design.columns == names[within]


@pytest.mark.usefixtures("nobody_left_out")
def test_parameters_that_enter_need_not_come_first(trial):
    one, other = (of_one("prediction", each) for each in (trial, parameters_turned_round(trial)))
    pair = fit(other, "prediction", BETWEEN_ARMS, "gaussian")
    assert pair.estimate.positions.tolist() == [1, 2]
    np.testing.assert_array_equal(effect_positions(pair), [[4, 5], [6, 7]])
    for mine, theirs in zip(one.effects, other.effects, strict=True):
        assert mine[:6] == theirs[:6]
        assert theirs.estimate == pytest.approx(mine.estimate, rel=1e-9)
        assert theirs.standard_deviation == pytest.approx(mine.standard_deviation, rel=1e-9)


# What differences are -------------------------------------------------------------------------


def test_fixed_arms_have_the_answer_that_known_precision_gives(trial, by_route):
    pair = fit(by_route[False], "change", BETWEEN_ARMS, "gaussian")
    of_arm = np.repeat([-0.5, 0.5], (7, 6))
    better = trial.improvement.copy()
    for arm in (slice(7), slice(7, 13)):
        better[arm] -= better[arm].mean()
    better /= trial.improvement.std(ddof=1)
    session, better, arm = np.repeat([-0.5, 0.5], 13), np.tile(better, 2), np.tile(of_arm, 2)
    own = np.stack([np.ones(26), session, better, session * better], axis=1)
    matrix = np.hstack([own, own * arm[:, None]])
    np.testing.assert_allclose(pair.design.matrix, matrix, rtol=0, atol=1e-14)
    assert pair.design.rows == trial.models.labels
    entering = trial.models._replace(
        posterior_mean=trial.models.posterior_mean[:, :2],
        posterior_covariance=trial.models.posterior_covariance[:, :2, :2],
        prior_mean=trial.models.prior_mean[:, :2],
        prior_covariance=trial.models.prior_covariance[:, :2, :2],
        parameters=trial.models.parameters[:2],
    )
    prior = Gaussian(np.zeros(16), np.diag(np.repeat(26.0 / (matrix**2).sum(axis=0), 2)))
    expected = effects_of_known_precision(entering, matrix, pair.estimate.between_covariance, prior)
    deviation = np.sqrt(np.diagonal(expected.covariance))
    found = pair.estimate.posterior_mean.ravel(order="F")
    assert np.abs((found - expected.mean) / deviation).max() < AT_THE_MAXIMUM
    np.testing.assert_allclose(
        pair.estimate.posterior_deviation.ravel(order="F"), deviation, rtol=1e-5
    )
    # SPM12's estimates of one arm and of everybody are not touched.
    assert np.isfinite(pair.estimate.trace[0, 3]) != np.isfinite(
        fit(by_route[False], "change", "all", "gaussian").estimate.trace[0, 3]
    )


@pytest.mark.parametrize("within", ROUTES)
@pytest.mark.parametrize("level", LEVELS)
def test_a_difference_is_that_of_the_arms(by_route, within, level):
    found = by_route[within]
    for effect in FULL:
        for parameter in (FIRST, SECOND):
            wanted = {"effect": effect, "parameter": parameter}
            low, high = (row(found, arm=arm, **wanted) for arm in ARMS)
            both = row(found, arm=BETWEEN_ARMS, level=level, **wanted)
            apart = np.hypot(low.standard_deviation, high.standard_deviation)
            # Drawn a little to 0, or away from it, as the level before was drawn to 0 as well.
            assert both.estimate == pytest.approx(high.estimate - low.estimate, abs=0.2 * apart)
            # The third level adds what its prior says of arms.
            ratio = both.standard_deviation / apart
            assert 0.95 < ratio < 1.0 if level == "second" else ratio > 2.0


@pytest.mark.parametrize("within", ROUTES)
def test_a_planted_difference_is_found_with_fixed_arms_alone(by_route, within):
    wanted = {"arm": BETWEEN_ARMS, "effect": FULL[3], "parameter": FIRST}
    fixed, third = (row(by_route[within], level=each, **wanted) for each in LEVELS)
    assert fixed.interval_low < -0.15 < fixed.interval_high < 0.0
    assert fixed.posterior_probability > 0.99
    assert fixed.log_bayes_factor > 1.0
    # With two arms, the prior of how arms vary is all there is.
    assert third.interval_low < fixed.interval_low < fixed.interval_high < 0.0 < third.interval_high


def test_the_third_level_has_a_row_of_each_arm(by_route):
    third = fit(by_route[False], "change", BETWEEN_ARMS, "gaussian", level="third")
    assert third.design.matrix.tolist() == [[1.0, -0.5], [1.0, 0.5]]
    assert third.design.rows == ARMS
    assert third.check is None
    assert fit(by_route[False], "change", BETWEEN_ARMS, "gaussian").check.n_draws > 0


# What must be so ------------------------------------------------------------------------------


@pytest.mark.usefixtures("nobody_left_out")
@pytest.mark.parametrize("within", ROUTES)
def test_two_identical_arms_differ_by_nothing(trial, within):
    found = of_one("change", twins(trial, 5), within_participant_first=within)
    for distribution in ("gaussian", "student_t"):
        for level in LEVELS:
            own = rows(found, arm=BETWEEN_ARMS, level=level, distribution=distribution)
            assert len(own) == 8
            for each in own:
                assert abs(each.estimate) < 1e-14
                assert each.posterior_probability == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("within", ROUTES)
def test_exchanged_arms_differ_the_other_way(trial, by_route, within):
    turned = of_one("change", trial, levels=ARMS[::-1], within_participant_first=within)
    for level in LEVELS:
        for distribution in ("gaussian", "student_t"):
            same = {"level": level, "distribution": distribution}
            there = rows(by_route[within], arm=BETWEEN_ARMS, **same)
            back = rows(turned, arm="midazolam - ketamine", **same)
            for one, other in zip(there, back, strict=True):
                assert other.estimate == pytest.approx(-one.estimate, rel=1e-8, abs=1e-10)
                assert other.standard_deviation == pytest.approx(one.standard_deviation, rel=1e-8)
                if distribution == "gaussian":
                    assert other.estimate_lowest == pytest.approx(-one.estimate_highest, rel=1e-6)
                    assert other.most_influential == one.most_influential


@pytest.mark.parametrize("within", ROUTES)
def test_leaving_out_a_participant_is_a_trial_without_them(trial, by_route, within):
    second = trial.second.copy()
    second[2] = -1
    less = of_one("change", trial._replace(second=second), within_participant_first=within)
    for level, near in zip(LEVELS, (AT_THE_MAXIMUM, OF_SCHEME), strict=True):
        own = [
            each
            for each in by_route[within].left_out
            if (each.arm, each.level, each.left_out) == (BETWEEN_ARMS, level, "sub-03")
        ]
        expected = rows(less, arm=BETWEEN_ARMS, level=level)
        assert len(own) == 8
        for mine, theirs in zip(own, expected, strict=True):
            assert (mine.effect, mine.parameter) == (theirs.effect, theirs.parameter)
            deviation = theirs.standard_deviation
            assert mine.estimate == pytest.approx(theirs.estimate, abs=near * deviation)
            assert mine.standard_deviation == pytest.approx(deviation, rel=near)


@pytest.mark.usefixtures("nobody_left_out")
def test_weights_of_two_arms_go_by_participant(trial):
    far = trial.models.posterior_mean.copy()
    far[[11, 24], 0] += 6.0
    data = trial._replace(models=trial.models._replace(posterior_mean=far))
    # The reference comes later in the order of names.
    found = of_one("change", data, levels=ARMS[::-1])
    robust = fit(found, "change", "midazolam - ketamine", "student_t")
    assert robust.participant_weights.shape == (13,)
    assert robust.participants[np.argmin(robust.participant_weights)] == "sub-12"
    assert robust.participant_weights.min() < 0.05 < np.sort(robust.participant_weights)[1]
    check = fit(found, "change", "midazolam - ketamine", "gaussian").check
    assert check.outlier_participant == "sub-12"


@pytest.mark.usefixtures("nobody_left_out")
@pytest.mark.parametrize("within", ROUTES)
def test_several_arms_are_compared_with_the_reference(within):
    data = simulated_trial(8, sizes={"a": 5, "b": 5, "c": 5})
    settings = {"within_participant_first": within}
    found = of_one("change", data, levels=("b", "a", "c"), **settings)
    told = [each[1:3] for each in found.fits if each.distribution == "gaussian"]
    pairs = [(pair, level) for pair in ("a - b", "c - b") for level in LEVELS]
    assert told == [(each, "second") for each in ("all", "b", "a", "c")] + pairs
    # A comparison is of its two arms alone.
    two = of_one("change", data, levels=("b", "c"), **settings)
    for level in LEVELS:
        wanted = {"arm": "c - b", "level": level}
        for mine, theirs in zip(rows(found, **wanted), rows(two, **wanted), strict=True):
            assert mine.n == 10
            assert mine[:9] == theirs[:9]
