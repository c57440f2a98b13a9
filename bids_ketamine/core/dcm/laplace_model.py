"""A nonlinear model of data with confounds, and its linearisation at a point."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.bilinear import DIFFERENCE_STEP
from bids_ketamine.core.dcm.matrix_functions import principal_directions
from bids_ketamine.core.dcm.priors import DcmPriors

#: Variances of a prior so small against the others that a direction is fixed.
FIXED_VARIANCE = 1e-32

#: Row sum of a Jacobian above which a model has diverged.
LARGEST_JACOBIAN = float(np.exp(32.0))

#: Prior variance of the effects of confounds: none to speak of.
CONFOUND_VARIANCE = 1e8


class LaplaceModel(NamedTuple):
    """Data, prediction and priors.

    Attributes
    ----------
    data : ndarray of shape (n_rows, n_columns)
        Observations; columns are regions.
    confounds : ndarray of shape (n_rows, n_confounds)
        Linear effects X in every column.
    predict : callable
        Takes parameters of shape (n_models, n_parameters), gives predictions of shape
        (n_models, n_rows, n_columns).
    prior_mean : ndarray of shape (n_parameters,)
        Means.
    directions : ndarray of shape (n_parameters, n_free)
        V: what the free parameters do to all.
    prior_precision : ndarray of shape (q,)
        Of the free parameters, then of the effects of confounds, column by column; q = n_free +
        n_columns n_confounds.
    component : ndarray of int, shape (n_columns,)
        Noise component of each column.
    log_precision_mean : ndarray of shape (n_components,)
        Prior mean of h.
    log_precision_precision : ndarray of shape (n_components,)
        Inverse of its prior variance.
    step : float
        Step of the forward differences.
    """

    data: np.ndarray
    confounds: np.ndarray
    predict: Callable[[np.ndarray], np.ndarray]
    prior_mean: np.ndarray
    directions: np.ndarray
    prior_precision: np.ndarray
    component: np.ndarray
    log_precision_mean: np.ndarray
    log_precision_precision: np.ndarray
    step: float

    @property
    def n_free(self) -> int:
        """Number of free parameters."""
        return self.directions.shape[1]

    def parameters(self, point: np.ndarray) -> np.ndarray:
        """Return all parameters of a point, shape (n_parameters,)."""
        return self.prior_mean + self.directions @ point[: self.n_free]

    def effects(self, point: np.ndarray) -> np.ndarray:
        """Return the effects of confounds of a point, shape (n_confounds, n_columns)."""
        shape = (self.confounds.shape[1], self.data.shape[1])
        return point[self.n_free :].reshape(shape, order="F")


def laplace_model(
    data: np.ndarray,
    *,
    confounds: np.ndarray,
    predict: Callable[[np.ndarray], np.ndarray],
    priors: DcmPriors,
    component: np.ndarray,
) -> LaplaceModel:
    """Put data, prediction and priors together.

    Parameters
    ----------
    data : ndarray of shape (n_rows, n_columns)
        Observations.
    confounds : ndarray of shape (n_rows, n_confounds)
        Linear effects in every column.
    predict : callable
        From parameters (n_models, n_parameters) to predictions (n_models, n_rows, n_columns).
    priors : DcmPriors
        Priors of parameters and of each component's log precision.
    component : ndarray of int, shape (n_columns,)
        Noise component of each column.

    Returns
    -------
    LaplaceModel
        For :func:`variational_laplace`.
    """
    directions = principal_directions(priors.covariance, tolerance=FIXED_VARIANCE)
    variance = np.einsum("pf,pq,qf->f", directions, priors.covariance, directions)
    n_effects = data.shape[1] * confounds.shape[1]
    return LaplaceModel(
        data=data,
        confounds=confounds,
        predict=predict,
        prior_mean=priors.mean,
        directions=directions,
        prior_precision=np.append(1.0 / variance, np.full(n_effects, 1.0 / CONFOUND_VARIANCE)),
        component=component,
        log_precision_mean=priors.log_precision_mean,
        log_precision_precision=1.0 / np.diagonal(priors.log_precision_covariance),
        step=DIFFERENCE_STEP,
    )


class LinearModel(NamedTuple):
    """A model linearised at a point, summed up for each noise component.

    With white noise everything that the scheme needs of the data are products within components.

    Attributes
    ----------
    predicted : ndarray of shape (n_rows, n_columns)
        Prediction without confounds.
    jacobian : ndarray of shape (n_columns, n_rows, n_free)
        Change of the prediction with the free parameters.
    products : ndarray of shape (n_components, q, q)
        Products of the design, J'J.
    correlations : ndarray of shape (n_components, q)
        Products of design and error, J'e.
    squared_errors : ndarray of shape (n_components,)
        e'e.
    n_samples : ndarray of shape (n_components,)
        Observations.
    """

    predicted: np.ndarray
    jacobian: np.ndarray
    products: np.ndarray
    correlations: np.ndarray
    squared_errors: np.ndarray
    n_samples: np.ndarray

    def information(self, precision: np.ndarray) -> np.ndarray:
        """Return J' S^-1 J for the precision of each component."""
        size = self.products.shape[-1]
        return (precision @ self.products.reshape(len(precision), -1)).reshape(size, size)

    def correlation(self, precision: np.ndarray) -> np.ndarray:
        """Return J' S^-1 e for the precision of each component."""
        return precision @ self.correlations

    def traces(self, covariance: np.ndarray) -> np.ndarray:
        """Return tr(C J'J) of each component."""
        return self.products.reshape(len(self.products), -1) @ covariance.ravel()


def linearise(model: LaplaceModel, point: np.ndarray) -> LinearModel | None:
    """Linearise a model by forward differences along its free directions, all in one call.

    Parameters
    ----------
    model : LaplaceModel
        The model.
    point : ndarray of shape (q,)
        Where.

    Returns
    -------
    LinearModel or None
        None where the prediction diverges.
    """
    at = model.parameters(point)
    with np.errstate(over="ignore", invalid="ignore"):
        predictions = model.predict(np.vstack([at, at + model.step * model.directions.T]))
        predicted = predictions[0]
        jacobian = (predictions[1:] - predicted) / model.step
        jacobian = np.ascontiguousarray(jacobian.transpose(2, 1, 0))
        if not np.abs(jacobian).sum(axis=-1).max(initial=0.0) <= LARGEST_JACOBIAN:
            return None  # NaN as well
    errors = model.data - predicted - model.confounds @ model.effects(point)
    n_columns, n_free = len(jacobian), model.n_free
    n_confounds = model.confounds.shape[1]
    size = n_free + n_columns * n_confounds
    n_components = len(model.log_precision_mean)
    products = np.zeros((n_components, size, size))
    correlations = np.zeros((n_components, size))
    of_confounds = model.confounds.T @ model.confounds
    own = jacobian.transpose(0, 2, 1) @ jacobian
    mixed = model.confounds.T @ jacobian
    for column, component in enumerate(model.component):
        place = slice(n_free + column * n_confounds, n_free + (column + 1) * n_confounds)
        products[component, :n_free, :n_free] += own[column]
        products[component, place, :n_free] = mixed[column]
        products[component, :n_free, place] = mixed[column].T
        products[component, place, place] = of_confounds
        correlations[component, :n_free] += errors[:, column] @ jacobian[column]
        correlations[component, place] = errors[:, column] @ model.confounds
    squared = np.bincount(model.component, (errors**2).sum(axis=0), minlength=n_components)
    counts = np.bincount(model.component, minlength=n_components) * float(len(errors))
    return LinearModel(predicted, jacobian, products, correlations, squared, counts)
