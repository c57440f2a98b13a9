"""Newton steps to the maximum of a second level, where SPM12's scheme ends before it."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.errors import InputDataError
from tests.core.peb.gaussian_groups import (
    Gaussian,
    effects_of_known_precision,
    group_of_regressions,
)

#: Ridges of 1e-8 in what SPM12 inverts, for effects of up to 2 and variances of 0.01.
OF_RIDGE = 5e-8

SIZES = (7, 6)
PRIOR = Gaussian(np.zeros(2), np.eye(2))


def two_arms(seed):
    """Return sessions of two arms, the arm in the design times every column."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([-0.5, 0.5], SIZES)
    better = rng.normal(size=len(arm))
    for each in (-0.5, 0.5):
        better[arm == each] -= better[arm == each].mean()
    session, better, arm = np.repeat([-0.5, 0.5], len(arm)), np.tile(better, 2), np.tile(arm, 2)
    own = {
        "mean": np.ones(len(arm)),
        "session": session,
        "improvement": better,
        "session x improvement": session * better,
    }
    columns = own | {f"{name} x arm": values * arm for name, values in own.items()}
    matrix = np.stack(list(columns.values()), axis=1)
    models = group_of_regressions(
        seed, means=matrix @ rng.normal(0.0, 0.4, (8, 2)), prior=PRIOR, between_deviation=0.25
    )
    return models, group_design(columns, rows=[str(each) for each in range(len(arm))])


def estimated(models, design, **changed):
    settings = {"fields": None, "precision_components": "all"} | changed
    return estimate_peb(models, design=design, **settings)


def closed_form(models, estimate):
    prior = Gaussian(estimate.prior_mean, estimate.prior_covariance)
    return effects_of_known_precision(
        models, estimate.design.matrix, estimate.between_covariance, prior
    )


def vector(estimate):
    return estimate.posterior_mean.ravel(order="F")


@pytest.mark.parametrize("variance", [1.0 / 16.0, 4.0], ids=["firm", "wide"])
@pytest.mark.parametrize("components", ["single", "all"])
@pytest.mark.parametrize("seed", range(3))
def test_newton_ends_at_the_maximum_of_two_arms(seed, components, variance):
    models, design = two_arms(seed)
    settings = {"precision_components": components, "log_precision_variance": variance}
    found = estimated(models, design, scheme="newton", **settings)
    assert found.converged
    assert found.n_iterations < 12
    assert np.abs(found.state.gradient).max() < 1e-6
    assert np.linalg.eigvalsh(found.state.curvature).max() < 0.0
    expected = closed_form(models, found)
    np.testing.assert_allclose(vector(found), expected.mean, rtol=0, atol=OF_RIDGE)
    # Ridges over the variance between models, 1e-8 over 0.003 or more, twice.
    deviation = np.sqrt(np.diagonal(expected.covariance))
    apart = (found.posterior_covariance - expected.covariance) / np.outer(deviation, deviation)
    assert np.abs(apart).max() < 1e-5


@pytest.mark.parametrize("seed", range(3))
def test_at_its_own_precisions_nothing_moves_the_effects(seed):
    """With the precisions held where they ended, the density is a parabola: this is its top."""
    models, design = two_arms(seed)
    found = estimated(models, design, scheme="newton")
    state, n_effects = found.state, found.posterior_mean.size
    own = slice(0, n_effects)
    step = np.linalg.solve(-state.curvature[own, own], state.gradient[own])
    np.testing.assert_allclose(step, 0.0, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(found.log_precision, state.log_precision)
    np.testing.assert_array_equal(found.trace[:, 0], np.arange(1, found.n_iterations + 1))
    assert found.trace[-1, 1] == pytest.approx(found.free_energy, abs=1e-6)
    # SPM12's ends elsewhere; from there, too, one step leads to the top.
    early = estimated(models, design).state
    step = np.linalg.solve(-early.curvature[own, own], early.gradient[own])
    expected = closed_form(models, estimated(models, design)).mean
    turned = np.kron(np.eye(8), found.directions)
    np.testing.assert_allclose(turned @ (early.effects + step), expected, rtol=0, atol=OF_RIDGE)


@pytest.mark.parametrize("seed", range(6))
def test_newton_goes_higher_than_spm12s_scheme(seed):
    models, design = two_arms(seed)
    spm, newton = (estimated(models, design, scheme=each) for each in ("spm12", "newton"))
    assert newton.state.log_joint > spm.state.log_joint - 1e-9
    # Free energies have log-determinants beside the density that is climbed.
    assert newton.free_energy == pytest.approx(spm.free_energy, abs=0.3)
    np.testing.assert_allclose(newton.posterior_deviation, spm.posterior_deviation, rtol=0.03)


def test_spm12s_scheme_ends_early_in_the_design_of_two_arms():
    models, design = two_arms(5)
    apart = []
    for scheme in ("spm12", "newton"):
        found = estimated(models, design, scheme=scheme)
        assert found.converged
        distance = vector(found) - closed_form(models, found).mean
        deviation = np.sqrt(np.diagonal(found.posterior_covariance))
        apart.append(np.abs(distance / deviation).max())
    assert 0.1 < apart[0] < 0.5
    assert apart[1] < 1e-6


def test_where_spm12s_scheme_arrives_both_are_the_same():
    models, _ = two_arms(2)
    design = group_design({"mean": np.ones(26)}, rows=models.labels)
    spm, newton = (estimated(models, design, scheme=each) for each in ("spm12", "newton"))
    np.testing.assert_allclose(newton.posterior_mean, spm.posterior_mean, rtol=0, atol=1e-4)
    assert newton.free_energy == pytest.approx(spm.free_energy, abs=1e-3)
    assert newton.n_iterations < spm.n_iterations


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 50.0, 1e4])
def test_the_unit_of_a_covariate_is_no_more_than_a_unit_to_newton(scale):
    values = np.linspace(-1.0, 1.0, 12)
    means = np.array([0.9, -0.4]) + values[:, None] * np.array([0.5, 0.0])
    models = group_of_regressions(3, means=means, prior=PRIOR, between_deviation=0.2)

    def found(unit):
        columns = {"mean": np.ones(12), "dose": unit * values}
        return estimated(models, group_design(columns, rows=models.labels), scheme="newton")

    one, other, units = found(1.0), found(scale), np.array([1.0, scale])
    assert other.converged
    np.testing.assert_allclose(other.posterior_mean * units, one.posterior_mean, atol=1e-8)
    np.testing.assert_allclose(
        other.posterior_deviation * units, one.posterior_deviation, rtol=1e-8
    )
    assert other.free_energy == pytest.approx(one.free_energy, abs=1e-8)


@pytest.mark.parametrize("variance", [1e-2, 1e-6, 1e-10])
def test_precisions_that_are_known_leave_the_effects_right(variance):
    """However firm the prior of the log precisions, the effects are those that it implies."""
    models, design = two_arms(1)
    found = estimated(models, design, scheme="newton", log_precision_variance=variance)
    assert found.converged
    # At the prior, a log precision is pulled by a slope of no more than 100 nats.
    assert np.abs(found.log_precision).max() < 100.0 * variance
    expected = closed_form(models, found)
    np.testing.assert_allclose(vector(found), expected.mean, rtol=0, atol=OF_RIDGE)


def test_iterations_that_are_spent_are_told():
    models, design = two_arms(0)
    assert not estimated(models, design, scheme="newton", maximum_iterations=2).converged
    assert estimated(models, design, scheme="newton", maximum_iterations=20).converged


def test_schemes_and_components_that_are_not_known():
    models, design = two_arms(0)
    with pytest.raises(InputDataError, match="scheme `gradient` is not known") as raised:
        estimated(models, design, scheme="gradient")
    assert raised.value.cure == "Choose among spm12, newton."
    with pytest.raises(InputDataError, match="components `each` are not known") as raised:
        estimated(models, design, precision_components="each")
    assert raised.value.cure == "Choose among single, all, fields."
