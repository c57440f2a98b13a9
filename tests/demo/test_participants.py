from collections import Counter

import numpy as np
import pytest

from bids_ketamine.demo.coupling import CHANGED_PAIR, correlation_matrix
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import (
    SESSIONS,
    arm_of,
    change_of_items,
    plan_participant,
)

MODEL = ForwardModel()
N = 800


@pytest.fixture(scope="module")
def planted():
    return [plan_participant(i, seed=3, effect=True, model=MODEL) for i in range(N)]


@pytest.fixture(scope="module")
def null():
    return [plan_participant(i, seed=3, effect=False, model=MODEL) for i in range(N)]


def improvement(participant):
    totals = {key: items.sum() for key, items in participant.caps5_items.items()}
    return totals["pre"] - totals["post"]


def of_arm(participants, arm):
    return [person for person in participants if person.arm == arm]


@pytest.mark.parametrize("seed", range(5))
def test_arms_are_balanced_for_every_even_number(seed):
    arms = [arm_of(i, seed=seed) for i in range(20)]
    for n in range(2, 21, 2):
        assert Counter(arms[:n]) == {"midazolam": n // 2, "ketamine": n // 2}


def test_arms_differ_between_seeds():
    orders = {tuple(arm_of(i, seed=seed) for i in range(12)) for seed in range(10)}
    assert len(orders) > 5


def test_coupling_changes_in_ketamine_alone(planted):
    assert all(person.coupling_change == 0.0 for person in of_arm(planted, "midazolam"))
    changes = np.array([person.coupling_change for person in of_arm(planted, "ketamine")])
    assert changes.mean() == pytest.approx(0.12, abs=0.01)
    assert 0.0 < changes.min() < changes.max() <= 0.2
    person = of_arm(planted, "ketamine")[0]
    added = person.coupling_in("post")[CHANGED_PAIR] - person.coupling_in("pre")[CHANGED_PAIR]
    assert added == pytest.approx(person.coupling_change)


def test_every_correlation_matrix_is_positive_definite(planted):
    smallest = [
        np.linalg.eigvalsh(correlation_matrix(person.coupling_in(session))).min()
        for person in planted[:200]
        for session in SESSIONS
    ]
    assert min(smallest) > 0.1


def test_improvement_goes_with_the_change_at_most_as_planted(planted):
    ketamine = of_arm(planted, "ketamine")
    changes = [person.coupling_change for person in ketamine]
    r = np.corrcoef(changes, [improvement(person) for person in ketamine])[0, 1]
    assert r == pytest.approx(0.55, abs=0.08)  # 2.3 standard errors of 400 participants
    everyone = [person.coupling_change for person in planted]
    pooled = np.corrcoef(everyone, [improvement(person) for person in planted])[0, 1]
    assert pooled < 0.55


def test_ketamine_improves_more(planted):
    means = {
        arm: np.mean([improvement(person) for person in of_arm(planted, arm)])
        for arm in ("midazolam", "ketamine")
    }
    assert means["midazolam"] == pytest.approx(7.0, abs=1.5)
    assert means["ketamine"] == pytest.approx(15.0, abs=1.5)


def test_without_effect_nothing_is_planted(null):
    for person in null:
        assert person.coupling_change == 0.0
        assert all(value == 0.0 for task in person.activation.values() for value in task.values())
    gains = {
        arm: np.array([improvement(person) for person in of_arm(null, arm)])
        for arm in ("midazolam", "ketamine")
    }
    assert gains["ketamine"].mean() - gains["midazolam"].mean() == pytest.approx(0.0, abs=2.0)


def test_activation_stays_within_half_a_percent(planted):
    values = np.array(
        [
            value
            for person in planted
            for task in person.activation.values()
            for value in task.values()
        ]
    )
    assert values.mean() == pytest.approx(0.375, abs=0.005)
    assert 0.25 <= values.min() < values.max() <= 0.5


def test_motion_knows_no_effect_arm_or_session(planted, null):
    assert [person.mean_fd for person in planted] == [person.mean_fd for person in null]
    log_fd = np.log([[person.mean_fd[key] for key in person.mean_fd] for person in planted])
    ketamine = np.array([person.arm == "ketamine" for person in planted])
    assert log_fd[ketamine].mean() == pytest.approx(log_fd[~ketamine].mean(), abs=0.07)
    assert log_fd[:, :3].mean() == pytest.approx(log_fd[:, 3:].mean(), abs=0.02)
    assert np.exp([log_fd.min(), log_fd.max()]) == pytest.approx([0.08, 0.35])


def test_baseline_symptoms(planted):
    totals = np.array([person.caps5_items["pre"].sum() for person in planted])
    assert totals.mean() == pytest.approx(37.0, abs=0.7)
    assert totals.std() == pytest.approx(6.0, abs=0.5)
    madrs = np.array([person.madrs["pre"] for person in planted])
    assert madrs.mean() == pytest.approx(27.0, abs=0.8)
    items = np.array([person.caps5_items[session] for person in planted for session in SESSIONS])
    assert items.min() == 0
    assert items.max() == 4


@pytest.mark.parametrize("decrease", [-15, -3, 0, 4, 11, 50])
def test_items_change_by_the_wanted_total(decrease):
    items = np.array([4, 0, 1, 2, 4, 0, 3, 1])
    changed = change_of_items(items, decrease, np.random.default_rng(0))
    assert items.sum() - changed.sum() == min(decrease, items.sum())
    assert changed.min() >= 0
    assert changed.max() <= 4
    assert np.all((items - changed) * np.sign(decrease) >= 0)


def test_some_cells_were_not_recorded(planted):
    assert "days_between_scans" not in planted[1].covariates
    assert "education" not in planted[2].covariates
    assert "ptsd_duration" not in planted[3].covariates
    assert [len(person.covariates) for person in planted[:5]] == [12, 11, 11, 11, 12]


def test_variables_of_table_one_know_no_arm(planted, null):
    assert [person.covariates for person in planted] == [person.covariates for person in null]
    arms = {arm: of_arm(planted, arm) for arm in ("midazolam", "ketamine")}
    shares = {
        arm: np.mean([person.covariates["cannabis"] == "yes" for person in people])
        for arm, people in arms.items()
    }
    assert shares["midazolam"] == pytest.approx(0.3, abs=0.07)
    assert shares["ketamine"] == pytest.approx(0.3, abs=0.07)
    years = [person.covariates["ptsd_duration"] for person in planted[4:]]
    assert np.mean(years) == pytest.approx(14.0, abs=1.5)
    assert 1 <= min(years) < max(years) <= 50
    races = Counter(person.covariates["race"] for person in planted)
    assert races["white"] / N == pytest.approx(0.45, abs=0.06)


def test_older_columns_are_what_they_were(planted):
    """Variables that came later have a random stream of their own."""
    assert list(planted[0].covariates.values())[:6] == [39, "male", "graduate", "no", 12, 6]
