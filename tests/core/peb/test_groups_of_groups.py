"""Second levels as the first level of another one."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb, models_of_pebs
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import Gaussian, group_of_regressions

PRIOR = Gaussian(np.array([0.2, 0.0, -0.1]), np.diag([1.0, 0.5, 0.25]))
N_MODELS = 12
COVARIATE = np.linspace(-1.5, 1.5, N_MODELS)
MEANS = np.array([0.9, -0.4, 0.3]) + COVARIATE[:, None] * np.array([0.0, 0.5, 0.0])


def group(seed=0, **changed):
    arguments = {"means": MEANS, "prior": PRIOR, "between_deviation": 0.15} | changed
    return group_of_regressions(seed, **arguments)


def with_covariate(models):
    return group_design({"mean": np.ones(N_MODELS), "dose": COVARIATE}, rows=models.labels)


def estimated(models, design=None, **changed):
    if design is None:
        design = group_design({"mean": np.ones(models.n_models)}, rows=models.labels)
    settings = {"fields": None, "precision_components": "all"} | changed
    return estimate_peb(models, design=design, **settings)


def arms(lower, **changed):
    models = models_of_pebs(lower, labels=["midazolam", "ketamine"])
    design = group_design({"mean": np.ones(2), "arm": [-0.5, 0.5]}, rows=models.labels)
    return estimated(models, design, **changed)


@pytest.mark.parametrize("components", ["single", "all"])
def test_identical_groups_do_not_differ(components):
    models = group(7)
    lower = estimated(models, with_covariate(models))
    third = arms([lower, lower], precision_components=components)
    assert third.posterior_mean.shape == (6, 2)
    np.testing.assert_allclose(third.posterior_mean[:, 1], 0.0, rtol=0, atol=1e-14)
    np.testing.assert_allclose(third.posterior_probability[:, 1], 0.5, rtol=0, atol=1e-14)
    assert np.abs(third.posterior_mean[:, 0]).min() > 0.0


def test_exchanged_groups_differ_the_other_way():
    one, other = (estimated(each, with_covariate(each)) for each in (group(8), group(9)))
    there, back = arms([one, other]), arms([other, one])
    np.testing.assert_allclose(back.posterior_mean, there.posterior_mean * [1, -1], atol=1e-11)
    assert back.free_energy == pytest.approx(there.free_energy, abs=1e-9)
    assert np.abs(there.posterior_mean[:, 1]).max() > 0.01


def test_a_second_level_is_a_first_level_of_the_next():
    models = group(7)
    lower = [estimated(each, with_covariate(each)) for each in (models, group(8))]
    upper = models_of_pebs(lower, labels=["midazolam", "ketamine"])
    assert upper.labels == ("midazolam", "ketamine")
    assert upper.parameters[:4] == ("p1 [mean]", "p2 [mean]", "p3 [mean]", "p1 [dose]")
    assert upper.fields == ("modulation",) * 6
    np.testing.assert_array_equal(upper.posterior_mean[0, 3:], lower[0].posterior_mean[:, 1])
    np.testing.assert_array_equal(upper.posterior_covariance[1], lower[1].posterior_covariance)
    np.testing.assert_array_equal(upper.prior_mean[1], lower[1].prior_mean)
    np.testing.assert_array_equal(upper.prior_covariance[0], lower[0].prior_covariance)
    np.testing.assert_array_equal(upper.free_energy, [each.free_energy for each in lower])


def test_second_levels_of_other_columns_are_named():
    models = group()
    one, other = estimated(models, with_covariate(models)), estimated(models)
    with pytest.raises(InputDataError, match="ketamine") as raised:
        models_of_pebs([one, other], labels=["midazolam", "ketamine"])
    assert "midazolam" in raised.value.message
    assert raised.value.cure


def test_second_levels_of_other_parameters_are_named():
    models = group(fields=("connection", "modulation", "modulation"))
    lower = [estimated(models, fields=each) for each in (["modulation"], ["modulation"], None)]
    with pytest.raises(InputDataError, match="than that of placebo: ketamine"):
        models_of_pebs(lower, labels=["placebo", "midazolam", "ketamine"])
