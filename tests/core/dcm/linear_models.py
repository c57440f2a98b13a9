"""Linear models, whose posterior and evidence have closed forms, for variational Laplace."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import block_diag

from bids_ketamine.core.dcm.laplace_model import CONFOUND_VARIANCE, LaplaceModel, laplace_model
from bids_ketamine.core.dcm.priors import DcmPriors

#: Prior variance of a log precision that nothing can move.
KNOWN = 1e-14


class ConjugateResult(NamedTuple):
    """Posterior of parameters and effects of confounds, and log evidence."""

    mean: np.ndarray
    covariance: np.ndarray
    log_evidence: float


class LinearTask(NamedTuple):
    """A linear regression of two columns that share parameters.

    Attributes
    ----------
    design : ndarray of shape (n_columns, n_rows, n_parameters)
        What the parameters do to each column.
    confounds : ndarray of shape (n_rows, k)
        Linear effects in every column.
    data : ndarray of shape (n_rows, n_columns)
        Observations.
    prior_mean, prior_covariance : ndarray
        Of the parameters.
    log_precision : ndarray of shape (n_columns,)
        Of the noise.
    """

    design: np.ndarray
    confounds: np.ndarray
    data: np.ndarray
    prior_mean: np.ndarray
    prior_covariance: np.ndarray
    log_precision: np.ndarray

    def model(
        self, *, log_precision_variance: float = KNOWN, component: np.ndarray | None = None
    ) -> LaplaceModel:
        """Return the task for :func:`variational_laplace`."""
        component = np.arange(self.data.shape[1]) if component is None else component
        n_components = component.max() + 1
        return laplace_model(
            self.data,
            confounds=self.confounds,
            predict=self.predict,
            priors=DcmPriors(
                self.prior_mean,
                self.prior_covariance,
                self.log_precision[:n_components],
                log_precision_variance * np.eye(n_components),
            ),
            component=component,
        )

    def predict(self, parameters: np.ndarray) -> np.ndarray:
        """Return predictions of shape (n_models, n_rows, n_columns)."""
        return np.einsum("crp,mp->mrc", self.design, parameters)

    def closed_form(self, log_precision: np.ndarray) -> ConjugateResult:
        """Return conjugate posterior and log evidence of a known noise precision, column by column.

        Vectors have the parameters, then the effects of confounds of each column.
        """
        n_rows, n_columns = self.data.shape
        design = np.concatenate(
            [
                np.hstack([own, np.kron(np.eye(n_columns)[column], self.confounds)])
                for column, own in enumerate(self.design)
            ]
        )
        n_effects = design.shape[1] - len(self.prior_mean)
        mean = np.append(self.prior_mean, np.zeros(n_effects))
        prior = block_diag(self.prior_covariance, CONFOUND_VARIANCE * np.eye(n_effects))
        weights = np.repeat(np.exp(log_precision), n_rows)
        departure = self.data.ravel(order="F") - design @ mean
        # With prior = root root' a prior of low rank needs no inverse.
        values, vectors = np.linalg.eigh(prior)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        inner = np.eye(len(mean)) + root.T @ design.T @ (weights[:, None] * design) @ root
        covariance = root @ np.linalg.solve(inner, root.T)
        moved = covariance @ design.T @ (weights * departure)
        log_evidence = 0.5 * (
            np.log(weights).sum()
            - np.linalg.slogdet(inner)[1]
            - departure @ (weights * (departure - design @ moved))
            - len(departure) * np.log(2.0 * np.pi)
        )
        return ConjugateResult(mean + moved, covariance, float(log_evidence))


def linear_task(
    *,
    seed: int,
    n_rows: int = 40,
    n_parameters: int = 3,
    n_confounds: int = 0,
    noise: tuple[float, ...] = (0.5, 1.0),
) -> LinearTask:
    """Return a seeded regression with noise of known standard deviation in each column."""
    rng = np.random.default_rng(seed)
    n_columns = len(noise)
    design = rng.normal(size=(n_columns, n_rows, n_parameters))
    time = np.linspace(-1.0, 1.0, n_rows)
    confounds = time[:, None] ** np.arange(n_confounds)
    prior_mean = rng.normal(size=n_parameters)
    prior_covariance = np.diag(rng.uniform(0.5, 2.0, size=n_parameters))
    parameters = prior_mean + np.sqrt(np.diagonal(prior_covariance)) * rng.normal(size=n_parameters)
    effects = rng.normal(size=(n_confounds, n_columns))
    data = np.einsum("crp,p->rc", design, parameters) + confounds @ effects
    data += np.array(noise) * rng.normal(size=data.shape)
    return LinearTask(
        design, confounds, data, prior_mean, prior_covariance, -2.0 * np.log(np.array(noise))
    )
