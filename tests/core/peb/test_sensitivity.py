"""Leaving out each participant: the same as estimating the others."""

import numpy as np
import pytest
from scipy.stats import norm

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.sensitivity import (
    design_without,
    estimates_without_each,
    leave_out_each,
)
from bids_ketamine.errors import InputDataError
from tests.core.peb.simulated_trials import simulated_trial

RECENTRE = {"improvement": ("mean",), "session x improvement": ("session",)}


def stacked(participants, values):
    """Return the stacked design of two sessions, improvement centred."""
    centred = np.tile(np.asarray(values) - np.mean(values), 2)
    session = np.repeat([-0.5, 0.5], len(values))
    columns = {
        "mean": np.ones(len(session)),
        "session": session,
        "improvement": centred,
        "session x improvement": session * centred,
    }
    return group_design(columns, rows=[*participants, *participants])


@pytest.fixture(scope="module")
def trial():
    return simulated_trial(3, sizes={"a": 8}, session=0.5, change={"a": -0.1})


def test_improvement_is_centred_in_who_remains(trial):
    scaled = trial.improvement / 8.0
    whole = stacked(trial.participants, scaled)
    kept = np.tile(np.arange(8) != 2, 2)
    less = design_without(whole, kept=kept, recentre=RECENTRE)
    names = [name for place, name in enumerate(trial.participants) if place != 2]
    assert less.rows == (*names, *names)
    np.testing.assert_allclose(less.matrix, stacked(names, np.delete(scaled, 2)).matrix, atol=1e-14)


def test_improvement_is_centred_in_each_arm_of_who_remains():
    values = np.array([3.0, 9.0, 4.0, 1.0, 8.0, 30.0, 22.0])

    def design(kept):
        arm, better = np.repeat([-0.5, 0.5], (4, 3))[kept], values[kept]
        for each in (-0.5, 0.5):
            better[arm == each] -= better[arm == each].mean()
        columns = {"mean": np.ones(len(arm)), "improvement": better}
        columns |= {"arm": arm, "improvement x arm": better * arm}
        return group_design(columns, rows=[f"sub-{place}" for place in kept])

    along = ("mean", "arm")
    recentre = {"improvement": along, "improvement x arm": along}
    for gone in range(7):
        less = design_without(design(np.arange(7)), kept=np.arange(7) != gone, recentre=recentre)
        expected = design(np.delete(np.arange(7), gone))
        assert less.rows == expected.rows
        np.testing.assert_allclose(less.matrix, expected.matrix, rtol=0, atol=1e-13)


def test_leaving_out_is_estimating_the_others(trial):
    scaled = trial.improvement / 8.0
    names = trial.participants
    settings = {"fields": ["modulation"], "precision_components": "all"}
    found = leave_out_each(
        trial.models,
        design=stacked(names, scaled),
        participants=[*names, *names],
        recentre=RECENTRE,
        **settings,
    )
    assert found.left_out == tuple(sorted(names))
    assert found.mean.shape == (8, 2, 4)
    for place in (0, 5):
        others = np.delete(np.arange(8), place)
        alone = estimate_peb(
            trial.models.rows(np.concatenate([others, 8 + others])),
            design=stacked([names[each] for each in others], scaled[others]),
            **settings,
        )
        # Designs agree to rounding, and the scheme ends in the same iteration.
        np.testing.assert_allclose(found.mean[place], alone.posterior_mean, atol=1e-9)
        np.testing.assert_allclose(found.deviation[place], alone.posterior_deviation, atol=1e-9)
        np.testing.assert_allclose(
            found.probability[place],
            norm.cdf(np.abs(alone.posterior_mean) / alone.posterior_deviation),
            atol=1e-8,
        )


def test_an_influential_participant_is_seen(trial):
    mean = trial.models.posterior_mean.copy()
    mean[4, 0] -= 6.0
    far = trial.models._replace(posterior_mean=mean)
    rows = [*trial.participants, *trial.participants]
    arguments = {
        "design": stacked(trial.participants, trial.improvement / 8.0),
        "fields": ["modulation"],
        "precision_components": "all",
        "participants": rows,
        "recentre": RECENTRE,
    }
    plain, moved = (leave_out_each(each, **arguments) for each in (trial.models, far))
    # Without that participant, nothing is different; without any other, the mean is.
    np.testing.assert_allclose(moved.mean[4], plain.mean[4], atol=1e-12)
    assert np.all(np.delete(plain.mean[:, 0, 0] - moved.mean[:, 0, 0], 4) > 0.1)


def test_where_the_others_have_no_design_there_is_no_estimate(trial):
    improvement = np.array([7.0, 1, 1, 1, 1, 1, 1, 1])
    rows = [*trial.participants, *trial.participants]
    arguments = {
        "design": stacked(trial.participants, improvement),
        "fields": ["modulation"],
        "precision_components": "single",
        "participants": rows,
        "recentre": RECENTRE,
    }
    found = leave_out_each(trial.models, **arguments)
    assert np.isnan(found.mean[0]).all()
    assert np.isfinite(found.mean[1:]).all()
    assert estimates_without_each(trial.models, **arguments)["sub-01"] is None


def test_what_did_not_converge_is_no_estimate(trial, monkeypatch):
    """Half way, it would pass for influence of the one left out."""

    def without_the_third(models, **given):
        found = estimate_peb(models, **given)
        there = {each.split()[0] for each in models.labels}
        return found._replace(converged="sub-03" in there)

    monkeypatch.setattr("bids_ketamine.core.peb.sensitivity.estimate_peb", without_the_third)
    rows = [*trial.participants, *trial.participants]
    arguments = {
        "design": stacked(trial.participants, trial.improvement / 8.0),
        "fields": ["modulation"],
        "precision_components": "all",
        "participants": rows,
        "recentre": RECENTRE,
    }
    estimates = estimates_without_each(trial.models, **arguments)
    assert [name for name, each in estimates.items() if each is None] == ["sub-03"]
    found = leave_out_each(trial.models, **arguments)
    for each in (found.mean, found.deviation, found.probability):
        assert np.isnan(each[2]).all()
        assert np.isfinite(np.delete(each, 2, axis=0)).all()


def test_a_covariate_of_an_unusual_size(trial):
    """SPM12's scheme does not arrive with one of a hundredth; Newton's does."""
    rows = [*trial.participants, *trial.participants]
    arguments = {
        "fields": ["modulation"],
        "precision_components": "all",
        "participants": rows,
        "recentre": RECENTRE,
    }
    small = stacked(trial.participants, trial.improvement / 800.0)
    assert set(estimates_without_each(trial.models, design=small, **arguments).values()) == {None}
    with pytest.raises(InputDataError, match="Without any one participant"):
        leave_out_each(trial.models, design=small, **arguments)
    usual = stacked(trial.participants, trial.improvement / 8.0)
    one, other = (
        leave_out_each(trial.models, design=each, scheme="newton", **arguments)
        for each in (small, usual)
    )
    units = np.array([1.0, 1.0, 100.0, 100.0])
    np.testing.assert_allclose(one.mean, other.mean * units, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.deviation, other.deviation * units, rtol=1e-6)


def test_a_participant_for_each_row(trial):
    with pytest.raises(InputDataError, match="8 participants are given for 16 rows"):
        leave_out_each(
            trial.models,
            design=stacked(trial.participants, trial.improvement),
            fields=None,
            precision_components="all",
            participants=trial.participants,
            recentre={},
        )
