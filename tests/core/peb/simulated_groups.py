"""Groups of models that are drawn from a second level with known effects."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models

PARAMETERS = ("vmPFC > amygdala by faces", "amygdala > vmPFC by faces")


def models_of_scores(
    parameters: np.ndarray,
    *,
    information: np.ndarray,
    generator: np.random.Generator,
    labels: list[str],
    prior_variance: float = 1.0,
) -> FirstLevelModels:
    """Return posteriors of linear models: parameters seen with noise of known information.

    Beside the parameters there is one of another field, correlated with them in the posterior.

    Parameters
    ----------
    parameters : ndarray of shape (n_models, k)
        The truth.
    information : ndarray of shape (n_models, k, k)
        Of the data about the parameters.
    """
    k = parameters.shape[1]
    prior = np.eye(k + 1) * prior_variance
    means, covariances = [], []
    for truth, known in zip(parameters, information, strict=True):
        whole = np.zeros((k + 1, k + 1))
        whole[:k, :k] = known
        whole[k, k] = 30.0
        whole[:k, k] = whole[k, :k] = 0.3 * np.sqrt(30.0 * np.diagonal(known))
        nuisance = generator.normal(0.0, np.sqrt(prior_variance))
        everything = np.append(truth, nuisance)
        score = whole @ everything + np.linalg.cholesky(whole) @ generator.standard_normal(k + 1)
        covariance = np.linalg.inv(whole + np.linalg.inv(prior))
        covariances.append(covariance)
        means.append(covariance @ score)
    n = len(parameters)
    return first_level_models(
        posterior_mean=means,
        posterior_covariance=covariances,
        prior_mean=[np.zeros(k + 1)] * n,
        prior_covariance=[prior] * n,
        free_energy=np.zeros(n),
        parameters=[*PARAMETERS[:k], "vmPFC > amygdala"],
        fields=["modulation"] * k + ["connection"],
        labels=labels,
    )


def information(n_models: int, *, k: int, generator: np.random.Generator) -> np.ndarray:
    """Return information matrices of well to poorly known models, correlated parameters."""
    level = generator.uniform(10.0, 60.0, size=(n_models, 1, 1))
    return level * (np.eye(k) + 0.4 * (np.ones((k, k)) - np.eye(k)))
