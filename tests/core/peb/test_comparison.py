"""Predefined models and families of a second level, against enumeration by hand."""

import itertools

import numpy as np
import pytest
from scipy.special import softmax

from bids_ketamine.core.peb.comparison import compare_families, compare_models
from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import Gaussian, group_of_regressions, without

N_MODELS = 14
COVARIATE = np.linspace(-1.0, 1.0, N_MODELS)
MEANS = np.array([0.5, 0.0, -0.3]) + COVARIATE[:, None] * np.array([0.0, 0.6, 0.0])

#: Full, without the first, without the last two, and none.
KEPT = np.array([[1, 1, 1], [0, 1, 1], [1, 0, 0], [0, 0, 0]], dtype=bool)

#: SPM12's ridge of 1e-8, times z^2 / (2 variance) of these effects.
OF_RIDGE = 1e-4


def second_level(*, with_covariate, prior_mean=0.0):
    prior = Gaussian(np.full(3, prior_mean), np.diag([1.0, 0.5, 0.5]))
    models = group_of_regressions(4, means=MEANS, prior=prior, between_deviation=0.2)
    columns = {"mean": np.ones(N_MODELS)}
    if with_covariate:
        columns |= {"dose": COVARIATE, "dose squared": COVARIATE**2}
    design = group_design(columns, rows=models.labels)
    return estimate_peb(models, design=design, fields=None, precision_components="single")


def reduced(estimate, off):
    """Return change of the log evidence, mean and variance without some effects."""
    return without(
        off,
        posterior=Gaussian(estimate.posterior_mean.ravel(order="F"), estimate.posterior_covariance),
        prior=Gaussian(estimate.prior_mean, estimate.prior_covariance),
    )


def pair(estimate, first, second):
    return reduced(estimate, ~np.concatenate([KEPT[first], KEPT[second], [True] * 3]))


def test_models_of_a_mean():
    estimate = second_level(with_covariate=False, prior_mean=0.1)
    found = compare_models(estimate, kept=KEPT)
    energies = np.array([reduced(estimate, ~own)[0] for own in KEPT])
    np.testing.assert_allclose(found.free_energy, energies, rtol=0, atol=OF_RIDGE)
    np.testing.assert_allclose(found.probability, softmax(energies), rtol=0, atol=OF_RIDGE)
    assert found.free_energy[0] == pytest.approx(0.0, abs=1e-6)
    assert found.second_probability.size == 0
    assert found.best == (int(np.argmax(energies)),)


def test_pairs_of_models_are_of_the_mean_and_the_first_covariate():
    """Later covariates keep all."""
    estimate = second_level(with_covariate=True)
    found = compare_models(estimate, kept=KEPT)
    assert found.free_energy.shape == (4, 4)
    energies = np.empty((4, 4))
    for first, second in itertools.product(range(4), repeat=2):
        energies[first, second] = pair(estimate, first, second)[0]
    np.testing.assert_allclose(found.free_energy, energies, rtol=0, atol=OF_RIDGE)
    assert found.probability.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found.probability, softmax(energies), rtol=0, atol=OF_RIDGE)
    assert found.best == np.unravel_index(np.argmax(energies), (4, 4))


def test_parameters_are_weighed_by_the_models_that_have_them():
    """Kinds of models of unequal number are compared by their means, not their sums."""
    estimate = second_level(with_covariate=True)
    kept = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1]], dtype=bool)
    found = compare_models(estimate, kept=kept)
    np.testing.assert_array_equal(found.differing, [0, 1])
    for margin, own in (
        (found.probability.sum(axis=1), found.first_probability),
        (found.probability.sum(axis=0), found.second_probability),
    ):
        first = margin[0] / (margin[0] + margin[1:].mean())
        second = margin[:2].mean() / (margin[:2].mean() + margin[2])
        np.testing.assert_allclose(own, [first, second], rtol=1e-12)


def test_the_average_is_the_mixture_of_likely_models():
    estimate = second_level(with_covariate=True)
    found = compare_models(estimate, kept=KEPT)
    likely = found.free_energy > found.free_energy.max() - 8.0
    assert 1 < likely.sum() < 16
    np.testing.assert_array_equal(np.sort(found.averaged, axis=0), np.sort(np.argwhere(likely), 0))
    each = [pair(estimate, *own) for own in np.argwhere(likely)]
    energies, means, variances = (np.array(own) for own in zip(*each, strict=True))
    weights = softmax(energies)
    mean = weights @ means
    variance = weights @ (variances + (means - mean) ** 2)
    found_mean = found.averaged_mean.ravel(order="F")
    np.testing.assert_allclose(found_mean, mean, rtol=0, atol=OF_RIDGE)
    found_variance = found.averaged_variance.ravel(order="F")
    np.testing.assert_allclose(found_variance, variance, rtol=0, atol=OF_RIDGE)


def test_the_best_model_has_its_own_estimates():
    estimate = second_level(with_covariate=True)
    found = compare_models(estimate, kept=KEPT)
    _, mean, variance = pair(estimate, *found.best)
    np.testing.assert_allclose(found.best_mean.ravel(order="F"), mean, rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.diagonal(found.best_covariance), variance, rtol=0, atol=1e-6)


# Families ---------------------------------------------------------------------------------------


def test_families_share_probability_whatever_their_size():
    """With equal evidence, three models of one family weigh as much as one of another."""
    found = compare_families(free_energy=np.zeros(4), kept=KEPT, families=[1, 1, 1, 2])
    np.testing.assert_allclose(found.family_probability, [0.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(found.probability, [1 / 6, 1 / 6, 1 / 6, 0.5], rtol=1e-12)


@pytest.mark.parametrize("n_axes", [1, 2])
def test_families_are_sums_over_their_models(n_axes):
    energies = np.random.default_rng(5).normal(size=(4,) * n_axes)
    names = np.array(["task", "none", "task", "rest"])
    found = compare_families(free_energy=energies, kept=KEPT, families=names)
    # Families in the order of their names; task has two models.
    sizes = np.array([2, 1, 2, 1])
    prior = 1.0 / (3 * sizes)
    joint = np.exp(energies) * (prior if n_axes == 1 else np.outer(prior, prior))
    joint /= joint.sum()
    np.testing.assert_allclose(found.probability, joint, rtol=1e-12)
    members = np.array([names == each for each in ("none", "rest", "task")], dtype=float)
    expected = members @ joint if n_axes == 1 else members @ joint @ members.T
    np.testing.assert_allclose(found.family_probability, expected, rtol=1e-12)
    assert found.family_probability.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.probability.sum() == pytest.approx(1.0, abs=1e-12)


def test_a_family_of_each_model_is_the_comparison_of_models():
    estimate = second_level(with_covariate=True)
    models = compare_models(estimate, kept=KEPT)
    found = compare_families(
        free_energy=models.free_energy, kept=KEPT, families=np.arange(len(KEPT))
    )
    np.testing.assert_allclose(found.probability, models.probability, rtol=1e-10)
    np.testing.assert_allclose(found.family_probability, models.probability, rtol=1e-10)
    np.testing.assert_allclose(found.first_probability, models.first_probability, rtol=1e-10)
    np.testing.assert_allclose(found.second_probability, models.second_probability, rtol=1e-10)


# Mistakes ---------------------------------------------------------------------------------------


def test_models_of_other_parameters():
    with pytest.raises(InputDataError, match="Models of 2 parameters") as raised:
        compare_models(second_level(with_covariate=False), kept=KEPT[:, :2])
    assert "p1, p2, p3" in raised.value.message
    assert raised.value.cure


@pytest.mark.parametrize("families", [[1, 2], [1, 2, 3, 4, 5]])
def test_each_model_needs_its_family(families):
    with pytest.raises(InputDataError, match=f"{len(families)} families for 4 models"):
        compare_families(free_energy=np.zeros(4), kept=KEPT, families=families)
