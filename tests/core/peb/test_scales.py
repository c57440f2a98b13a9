"""Parameters and effects whose prior variances differ much: nothing is fixed without a word."""

import numpy as np
import pytest
from scipy.stats import norm

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb, models_of_pebs
from bids_ketamine.core.peb.reduction import reduce_model, switched_off_priors
from bids_ketamine.core.peb.search import search_models, search_peb
from bids_ketamine.core.peb.trial_data import TrialData
from tests.core.peb.gaussian_groups import Gaussian, Regression, group_of_regressions, without
from tests.core.peb.trial_results import ARMS, BETWEEN_ARMS, fit, of_one, rows

#: Of log evidences, as a share and in nats: SPM12's ridge of 1e-7 beside variances of 1e-6, and
#: half of it times prior variances of 2e6.
OF_RIDGE, OF_TRACES = 0.1, 0.3

TRUE = np.array([1.5, 0.0, 0.3, 1.0])
SCALES = [
    (1.0, 1.0, 1.0, 1.0),
    (1e-2, 1.0, 1e2, 1e2),
    (1e-4, 1.0, 1.0, 1e4),
    (1.0, 1e3, 1e6, 1e6),
    (1e-3, 1e6, 1.0, 1e6),
]

#: A connection beside a modulation, as the first level has them.
CONNECTION_AND_MODULATION = Gaussian(np.array([1 / 128, 0.0]), np.diag([1 / 64, 1.0]))
KINDS = ("connection", "modulation")


def moments(variance):
    """Return a regression whose parameters have these prior variances, and its closed form."""
    rng = np.random.default_rng(0)
    scale = np.sqrt(np.asarray(variance))
    columns = rng.normal(size=(30, 4))
    task = Regression(columns / scale, columns @ TRUE + rng.normal(size=30), 1.0)
    prior = Gaussian(np.zeros(4), np.diag(scale**2))
    posterior = task.posterior(prior)
    given = {
        "posterior_mean": posterior.mean,
        "posterior_covariance": posterior.covariance,
        "prior_mean": prior.mean,
        "prior_covariance": prior.covariance,
    }
    return given, posterior, prior


def sessions(seed, *, ratio, scheme="spm12", n=10):
    """Return the level of one arm whose improvement varies by one over ratio."""
    better, session = np.tile(np.linspace(-1.5, 1.5, n), 2) / ratio, np.repeat([-0.5, 0.5], n)
    models = group_of_regressions(
        seed,
        means=np.tile([0.3, 0.5], (2 * n, 1)),
        prior=CONNECTION_AND_MODULATION,
        between_deviation=0.02,
        fields=KINDS,
    )
    columns = {
        "mean": np.ones(2 * n),
        "session": session,
        "improvement": better,
        "session x improvement": session * better,
    }
    design = group_design(columns, rows=models.labels)
    settings = {"fields": KINDS, "precision_components": "all", "scheme": scheme}
    return estimate_peb(models, design=design, **settings)


# Reduction and search -------------------------------------------------------------------------


@pytest.mark.parametrize("variance", SCALES)
def test_evidence_for_each_parameter_does_not_depend_on_scales(variance):
    given, posterior, prior = moments(variance)
    off = np.eye(4, dtype=bool)
    mean, covariance = switched_off_priors(
        prior_mean=prior.mean, prior_covariance=prior.covariance, off=off
    )
    found = reduce_model(**given, reduced_mean=mean, reduced_covariance=covariance)
    expected = [without(each, posterior=posterior, prior=prior) for each in off]
    scale = np.sqrt(np.asarray(variance))
    for place, (change, mean, deviation) in enumerate(expected):
        near = 0.01 * abs(change) + 1e-4
        assert found.free_energy_change[place] == pytest.approx(change, abs=near)
        np.testing.assert_allclose(found.mean[place] / scale, mean / scale, rtol=0, atol=0.01)
        own = np.diagonal(found.covariance[place]) / scale**2
        np.testing.assert_allclose(own, deviation / scale**2, rtol=0.01, atol=2e-4)


@pytest.mark.parametrize("variance", SCALES)
def test_a_search_does_not_depend_on_scales(variance):
    given, posterior, prior = moments(variance)
    found, plain = search_models(**given), search_models(**moments(SCALES[0])[0])
    np.testing.assert_array_equal(found.candidates, np.arange(4))
    np.testing.assert_array_equal(found.kept, plain.kept)
    energies = [without(off, posterior=posterior, prior=prior)[0] for off in found.removed]
    np.testing.assert_allclose(found.free_energy, energies, rtol=OF_RIDGE, atol=OF_TRACES)
    np.testing.assert_allclose(found.parameter_probability, plain.parameter_probability, atol=0.02)
    scale = np.sqrt(np.asarray(variance))
    np.testing.assert_allclose(found.averaged_mean / scale, plain.averaged_mean, rtol=0, atol=0.02)
    np.testing.assert_allclose(
        np.sqrt(found.averaged_variance) / scale, np.sqrt(plain.averaged_variance), atol=0.02
    )
    assert (found.averaged_variance[found.kept] > 0.0).all()


# A second level -------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1, 2, 3, 4, 6, 30, 100])
def test_a_connection_beside_modulations_stays_as_it_is(ratio):
    """Its mean is six deviations from 0, whatever the prior variance of other effects."""
    found = sessions(5, ratio=ratio, scheme="newton")
    assert found.prior_covariance.diagonal().max() / found.prior_covariance[0, 0] > 25 * ratio**2
    assert found.posterior_mean[0, 0] == pytest.approx(0.223, abs=0.002)
    assert found.posterior_deviation[0, 0] == pytest.approx(0.0388, abs=0.0005)
    searched = search_peb(found)
    assert searched.compared_probability[0] > 0.999
    assert searched.kept[0]
    assert searched.averaged_mean[0] == pytest.approx(found.posterior_mean[0, 0], abs=0.002)
    deviation = np.sqrt(searched.averaged_variance[0])
    assert deviation == pytest.approx(found.posterior_deviation[0, 0], rel=0.02)
    # Savage and Dickey.
    off = np.arange(8) == 0
    mean, covariance = switched_off_priors(
        prior_mean=found.prior_mean, prior_covariance=found.prior_covariance, off=off
    )
    reduced = reduce_model(
        posterior_mean=found.posterior_mean.ravel(order="F"),
        posterior_covariance=found.posterior_covariance,
        prior_mean=found.prior_mean,
        prior_covariance=found.prior_covariance,
        reduced_mean=mean,
        reduced_covariance=covariance,
    )
    expected = norm.logpdf(0.0, 1 / 128, 1 / 8)
    expected -= norm.logpdf(0.0, found.posterior_mean[0, 0], found.posterior_deviation[0, 0])
    assert -reduced.free_energy_change == pytest.approx(expected, abs=0.01)
    assert expected == pytest.approx(15.3, abs=0.2)


# A third level --------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1, 10, 14, 20, 100])
def test_all_effects_of_arms_enter_a_third_level(ratio):
    lower = [sessions(5, ratio=1), sessions(6, ratio=ratio)]
    models = models_of_pebs(lower, labels=ARMS)
    design = group_design({"mean": [1, 1], "arm": [-0.5, 0.5]}, rows=models.labels)
    found = estimate_peb(models, design=design, fields=None, precision_components="all")
    assert found.parameters == models.parameters
    np.testing.assert_array_equal(found.positions, np.arange(8))
    # The mean of the connection is as known as in arms of like improvement.
    assert "p1 [mean]" in found.parameters
    plain = sessions(6, ratio=1)
    both = np.mean([lower[0].posterior_mean[0, 0], plain.posterior_mean[0, 0]])
    assert found.posterior_mean[0, 0] == pytest.approx(both, abs=found.posterior_deviation[0, 0])
    assert found.posterior_deviation[0, 0] < 1 / 16


def test_of_kinds_that_are_named_what_is_negligible_stays_out():
    """SPM12's rule, on a first level."""
    prior = Gaussian(np.zeros(3), np.diag([1.0, 1.0, 6e-4]))
    models = group_of_regressions(1, means=np.zeros((6, 3)), prior=prior, between_deviation=0.01)
    design = group_design({"mean": np.ones(6)}, rows=models.labels)
    settings = {"design": design, "precision_components": "all"}
    assert estimate_peb(models, fields=["modulation"], **settings).parameters == ("p1", "p2")
    assert estimate_peb(models, fields=None, **settings).parameters == ("p1", "p2", "p3")


# A trial --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def far():
    """Return a trial of connection and modulation; in one arm, one has a far improvement."""
    n = 7
    models = group_of_regressions(
        5,
        means=np.tile([0.3, 0.5], (4 * n, 1)),
        prior=CONNECTION_AND_MODULATION,
        between_deviation=0.02,
        fields=KINDS,
    )
    improvement = np.concatenate(
        [np.linspace(0.0, 30.0, n), [9.8, 10.0, 10.2, 10.1, 9.9, 10.0, 60.0]]
    )
    names = tuple(f"sub-{place + 1:02d}" for place in range(2 * n))
    arms = tuple(arm for arm in ARMS for _ in range(n))
    rows_of = np.arange(2 * n)
    return TrialData(models, names, arms, improvement, rows_of, 2 * n + rows_of)


@pytest.mark.parametrize(
    ("analysis", "within"), [("prediction", False), ("change", False), ("change", True)]
)
def test_a_far_improvement_is_no_error(far, analysis, within):
    found = of_one(analysis, far, fields=KINDS, within_participant_first=within)
    for level in ("second", "third"):
        own = rows(found, arm=BETWEEN_ARMS, level=level)
        assert len(own) == {"prediction": 4, "change": 8}[analysis]
        assert not [each.reason for each in own if each.reason]
        pair = fit(found, analysis, BETWEEN_ARMS, "gaussian", level=level)
        whole, left_out = pair.estimate, pair.sensitivity
        assert left_out.left_out == far.participants
        assert left_out.mean.shape == (14, *whole.posterior_mean.shape)
        # Who is not far changes no mean of arms by as much as a deviation.
        moved = np.abs(left_out.mean[:13, :, 0] - whole.posterior_mean[:, 0])
        moved = moved[np.isfinite(moved).all(axis=1)]
        assert len(moved) > 6
        assert (moved < whole.posterior_deviation[:, 0]).all()
