"""Posterior predictive check: even where the model holds, small where it does not."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.predictive_check import predictive_check
from bids_ketamine.core.peb.student_t import estimate_student_t_peb
from bids_ketamine.errors import InputDataError
from tests.core.peb.simulated_groups import information, models_of_scores

N = 21
#: Variance between models that the group level expects: a sixteenth of the prior's.
BETWEEN = 1.0 / 16.0
SEEDS = 200


def group(seed, *, between=BETWEEN, shared=0.0, outlier=0.0, n_sessions=2):
    """Return models of participants' sessions around known effects, design and participants."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(N)
    x = np.tile((x - x.mean()) / x.std(ddof=1), n_sessions)
    columns = {"mean": np.ones(len(x)), "improvement": x}
    if n_sessions == 2:
        columns["session"] = np.repeat([-0.5, 0.5], N)
        columns["session x improvement"] = columns["session"] * x
    matrix = np.column_stack(list(columns.values()))
    common = np.tile(generator.standard_normal((N, 2)), (n_sessions, 1))
    own = generator.standard_normal((len(x), 2))
    effects = generator.normal(0.0, 0.3, (len(columns), 2))
    scatter = np.sqrt(shared) * common + np.sqrt(1.0 - shared) * own
    scatter[3, 0] += outlier
    names = [f"sub-{place:02d}" for place in range(N)] * n_sessions
    models = models_of_scores(
        matrix @ effects + np.sqrt(between) * scatter,
        information=information(len(x), k=2, generator=generator),
        generator=generator,
        labels=names,
    )
    return models, group_design(columns, rows=names), names


def estimated(seed, **changed):
    models, design, names = group(seed, **changed)
    found = estimate_peb(models, design=design, fields=["modulation"], precision_components="all")
    return found, names


def checked(seed, *, n_draws=300, **changed):
    found, names = estimated(seed, **changed)
    return predictive_check(found, participants=names, n_draws=n_draws, seed=seed)


def p_values(checks):
    return np.array([(c.spread_p, c.outlier_p, c.session_correlation_p) for c in checks])


@pytest.fixture(scope="module")
def from_the_model():
    return [checked(seed) for seed in range(SEEDS)]


def test_p_values_are_even_where_the_model_holds(from_the_model):
    p = p_values(from_the_model)
    # 0.05 of 200 lies within 0.02 and 0.08; what served for the fit is more even than that.
    assert (p < 0.05).mean(axis=0) == pytest.approx([0.0, 0.02, 0.05], abs=0.035)
    assert np.all(np.median(p, axis=0) > 0.4)
    assert np.all(np.median(p, axis=0) < 0.8)
    # The correlation has not served for the fit: quartiles of an even distribution.
    assert np.quantile(p[:, 2], [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.1)


def test_statistics_have_their_expectation_where_the_model_holds(from_the_model):
    assert np.mean([c.spread for c in from_the_model]) == pytest.approx(1.0, abs=0.05)
    assert np.mean([c.spread_expected for c in from_the_model]) == pytest.approx(1.0, abs=0.05)
    observed = np.mean([c.outlier for c in from_the_model])
    assert observed == pytest.approx(np.mean([c.outlier_expected for c in from_the_model]), rel=0.1)
    assert np.mean([c.session_correlation for c in from_the_model]) == pytest.approx(0, abs=0.05)


def test_the_marginal_block_is_the_information_of_selected_parameters():
    # The block of the whole information is larger: it takes the other parameter as known.
    found, names = estimated(0)
    models = found.models
    whole = np.linalg.inv(models.posterior_covariance) - np.linalg.inv(models.prior_covariance)
    own = np.linalg.inv(models.posterior_covariance[:, :2, :2]) - np.eye(2)
    assert np.all(np.linalg.eigvalsh(whole[:, :2, :2] - own) > -1e-9)
    assert np.linalg.eigvalsh(whole[:, :2, :2] - own).max() > 1.0
    # Expected over draws of the effects: z squared at their mean, and what their covariance adds.
    check = predictive_check(found, participants=names, n_draws=2000, seed=0)
    variance = np.linalg.inv(own) + found.between_covariance
    score = np.linalg.solve(
        models.posterior_covariance[:, :2, :2], models.posterior_mean[:, :2, None]
    )
    departure = np.linalg.solve(own, score)[..., 0] - found.design.matrix @ found.posterior_mean.T
    at_mean = np.einsum("ni,nij,nj->", departure, np.linalg.inv(variance), departure)
    spread = np.kron(found.design.matrix, np.eye(2))
    of_effects = spread @ found.posterior_covariance @ spread.T
    blocks = of_effects.reshape(2 * N, 2, 2 * N, 2)[np.arange(2 * N), :, np.arange(2 * N)]
    expected = at_mean + np.einsum("nij,nji->", np.linalg.inv(variance), blocks)
    assert check.spread == pytest.approx(expected / (4 * N), rel=0.01)


def test_a_planted_outlier_is_found_and_named():
    found = [checked(seed, outlier=10.0) for seed in range(20)]
    assert np.mean([c.outlier_p < 0.05 for c in found]) >= 0.95
    assert all(c.outlier_participant == "sub-03" for c in found)


def test_correlated_sessions_are_found():
    found = [checked(seed, shared=0.9) for seed in range(20)]
    assert np.mean([c.session_correlation_p < 0.05 for c in found]) >= 0.8
    assert np.mean([c.session_correlation for c in found]) > 0.4
    assert np.mean([c.spread_p < 0.05 for c in found]) <= 0.1


@pytest.mark.parametrize("between", [BETWEEN * 4.0, BETWEEN / 100.0])
def test_another_spread_than_the_priors_is_found(between):
    found = [checked(seed, between=between) for seed in range(20)]
    assert np.mean([c.spread_p < 0.05 for c in found]) >= 0.9
    above = np.mean([c.spread for c in found]) > 1.0
    assert above == (between > BETWEEN)


def test_one_row_a_participant_has_no_correlation():
    check = checked(1, n_sessions=1)
    assert np.isnan([check.session_correlation, check.session_correlation_p]).all()
    assert 0.0 < check.spread_p <= 1.0


@pytest.mark.parametrize("seed", range(2, 5))
def test_a_student_t_level_expects_outliers(seed):
    models, design, names = group(seed, outlier=10.0)
    common = {"design": design, "fields": ["modulation"], "precision_components": "all"}
    heavy = estimate_student_t_peb(models, participants=names, degrees_of_freedom=4.0, **common)
    plain = estimate_peb(models, **common)
    settings = {"participants": names, "n_draws": 500, "seed": 0}
    assert predictive_check(plain, **settings).outlier_p < 0.01
    assert predictive_check(heavy, **settings).outlier_p > 0.05
    # Random effects have variance nu / (nu - 2) = 2 times the Gaussian's.
    wide = predictive_check(plain._replace(degrees_of_freedom=4.0), **settings).spread_expected
    assert 1.3 < wide < 2.0


def test_the_seed_decides_and_draws_bound_p():
    assert checked(3) == checked(3)
    assert checked(3, outlier=30.0, n_draws=99).outlier_p == pytest.approx(0.01)


def test_uninformative_data_are_no_outliers():
    models, design, names = group(4)
    posterior = models.posterior_covariance.copy()
    posterior[5] = models.prior_covariance[5]
    mean = models.posterior_mean.copy()
    mean[5] = models.prior_mean[5]
    flat = models._replace(posterior_covariance=posterior, posterior_mean=mean)
    found = estimate_peb(flat, design=design, fields=["modulation"], precision_components="all")
    check = predictive_check(found, participants=names, n_draws=300, seed=0)
    assert np.isfinite(check.spread)
    assert check.outlier_participant != "sub-05"


def test_a_participant_for_each_row():
    found, names = estimated(0)
    with pytest.raises(InputDataError, match="41 participants are given for 42 rows"):
        predictive_check(found, participants=names[1:], n_draws=10, seed=0)
