"""Posteriors of first-level models, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.core.dcm.estimation import DcmEstimate
from bids_ketamine.core.dcm.structure import ParameterLabel
from bids_ketamine.errors import InputDataError


class FirstLevelModels(NamedTuple):
    """Models with the same parameters, each with a Gaussian prior and posterior.

    Made by :func:`first_level_models`, which checks them.

    Attributes
    ----------
    posterior_mean : ndarray of shape (n_models, n_parameters)
        Each parameter in its own unit (Hz, or log scale).
    posterior_covariance : ndarray of shape (n_models, n_parameters, n_parameters)
        Its covariance.
    prior_mean : ndarray of shape (n_models, n_parameters)
        As the models were estimated with.
    prior_covariance : ndarray of shape (n_models, n_parameters, n_parameters)
        Its covariance; rows of fixed parameters are zero.
    free_energy : ndarray of shape (n_models,)
        Approximate log evidence, nats.
    parameters : tuple of str
        Name of each parameter.
    fields : tuple of str
        Kind of each parameter: connection, modulation, driving, ...
    labels : tuple of str
        Whose each model is.
    """

    posterior_mean: np.ndarray
    posterior_covariance: np.ndarray
    prior_mean: np.ndarray
    prior_covariance: np.ndarray
    free_energy: np.ndarray
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def n_models(self) -> int:
        """Number of models."""
        return len(self.labels)

    @property
    def n_parameters(self) -> int:
        """Number of parameters of each model."""
        return len(self.parameters)

    def rows(self, positions: ArrayLike) -> FirstLevelModels:
        """Return some of the models.

        Parameters
        ----------
        positions : array_like of int, shape (n,)
            Which, in the order wanted.
        """
        chosen = np.asarray(positions, dtype=np.intp)
        return self._replace(
            posterior_mean=self.posterior_mean[chosen],
            posterior_covariance=self.posterior_covariance[chosen],
            prior_mean=self.prior_mean[chosen],
            prior_covariance=self.prior_covariance[chosen],
            free_energy=self.free_energy[chosen],
            labels=tuple(self.labels[each] for each in chosen),
        )

    def joined(self, other: FirstLevelModels) -> FirstLevelModels:
        """Return these models and others of the same parameters.

        Parameters
        ----------
        other : FirstLevelModels
            With the same parameters in the same order.
        """
        return FirstLevelModels(
            posterior_mean=np.concatenate([self.posterior_mean, other.posterior_mean]),
            posterior_covariance=np.concatenate(
                [self.posterior_covariance, other.posterior_covariance]
            ),
            prior_mean=np.concatenate([self.prior_mean, other.prior_mean]),
            prior_covariance=np.concatenate([self.prior_covariance, other.prior_covariance]),
            free_energy=np.concatenate([self.free_energy, other.free_energy]),
            parameters=self.parameters,
            fields=self.fields,
            labels=self.labels + other.labels,
        )


def first_level_models(
    *,
    posterior_mean: Sequence[ArrayLike],
    posterior_covariance: Sequence[ArrayLike],
    prior_mean: Sequence[ArrayLike],
    prior_covariance: Sequence[ArrayLike],
    free_energy: ArrayLike,
    parameters: Sequence[str],
    fields: Sequence[str],
    labels: Sequence[str],
) -> FirstLevelModels:
    """Check models and put them side by side.

    Parameters
    ----------
    posterior_mean, prior_mean : sequence of array_like of shape (n_parameters,)
        One of each model, in the unit of each parameter.
    posterior_covariance, prior_covariance : sequence of array_like, (n_parameters, n_parameters)
        One of each model; zero rows of the prior mark fixed parameters.
    free_energy : array_like of shape (n_models,)
        Of each model, nats.
    parameters, fields : sequence of str
        Name and kind of each parameter.
    labels : sequence of str
        Whose each model is; errors name it.

    Raises
    ------
    InputDataError
        If there is no model, an array has another shape than names and labels ask for or holds
        what is not finite, a model has other free parameters than the first, or its posterior is
        certain of one: all models that are wrong are named.
    """
    n, size = len(labels), len(parameters)
    if n == 0:
        raise InputDataError(
            "There are no first-level models.", cure="Give one model of each participant."
        )
    if len(fields) != size:
        raise InputDataError(
            f"{len(fields)} fields are given for {size} parameters.",
            cure="Name the field of each parameter.",
        )
    given = {
        "posterior mean": (posterior_mean, (size,)),
        "posterior covariance": (posterior_covariance, (size, size)),
        "prior mean": (prior_mean, (size,)),
        "prior covariance": (prior_covariance, (size, size)),
        "free energy": (np.atleast_1d(np.asarray(free_energy, dtype=np.float64)), ()),
    }
    arrays = {
        what: _side_by_side(what, list(each), shape=shape, labels=labels)
        for what, (each, shape) in given.items()
    }
    variances = np.diagonal(arrays["prior covariance"], axis1=1, axis2=2)
    free = variances > 0.0
    others = [label for label, own in zip(labels, free, strict=True) if (own != free[0]).any()]
    if others:
        differing = np.flatnonzero((free != free[0]).any(axis=0))
        raise InputDataError(
            f"Models have other free parameters than that of {labels[0]}: {_named(others)} "
            f"({_named([parameters[place] for place in differing.tolist()])}).",
            cure="A group needs one model structure: estimate all with the same connections.",
        )
    _require_variance(arrays["posterior covariance"], free[0], labels)
    return FirstLevelModels(
        posterior_mean=arrays["posterior mean"],
        posterior_covariance=arrays["posterior covariance"],
        prior_mean=arrays["prior mean"],
        prior_covariance=arrays["prior covariance"],
        free_energy=arrays["free energy"],
        parameters=tuple(parameters),
        fields=tuple(fields),
        labels=tuple(labels),
    )


def models_of_dcms(
    estimates: Sequence[DcmEstimate],
    *,
    parameter_labels: Sequence[ParameterLabel],
    labels: Sequence[str],
) -> FirstLevelModels:
    """Put estimated dynamic causal models side by side.

    Parameters
    ----------
    estimates : sequence of DcmEstimate
        One of each participant or session.
    parameter_labels : sequence of ParameterLabel
        Result of :func:`bids_ketamine.core.dcm.structure.parameter_labels`.
    labels : sequence of str
        Whose each model is.

    Raises
    ------
    InputDataError
        If the models differ in structure, or labels are of another number.
    """
    return first_level_models(
        posterior_mean=[each.posterior_mean for each in estimates],
        posterior_covariance=[each.posterior_covariance for each in estimates],
        prior_mean=[each.prior_mean for each in estimates],
        prior_covariance=[each.prior_covariance for each in estimates],
        free_energy=[each.free_energy for each in estimates],
        parameters=[each.name for each in parameter_labels],
        fields=[each.field for each in parameter_labels],
        labels=labels,
    )


def _side_by_side(
    what: str, arrays: list[ArrayLike], *, shape: tuple[int, ...], labels: Sequence[str]
) -> np.ndarray:
    """Stack an array of each model, refusing other shapes and what is not finite."""
    if len(arrays) != len(labels):
        raise InputDataError(
            f"There are {len(arrays)} of `{what}` for {len(labels)} models.",
            cure="Give one for each model, in the order of the labels.",
        )
    plain = [np.asarray(each, dtype=np.float64) for each in arrays]
    misshapen = [
        f"{label} {each.shape}"
        for label, each in zip(labels, plain, strict=True)
        if each.shape != shape
    ]
    if misshapen:
        raise InputDataError(
            f"Models have other parameters than the {shape[0] if shape else 1} that are named: "
            f"the {what} of {_named(misshapen)} is not of shape {shape}.",
            cure="A group needs one model structure: estimate all with the same connections.",
        )
    stacked = np.stack(plain)
    infinite = [
        label for label, each in zip(labels, stacked, strict=True) if not np.isfinite(each).all()
    ]
    if infinite:
        raise InputDataError(
            f"The {what} of {_named(infinite)} holds values that are not finite.",
            cure="Leave these models out, or estimate them again.",
        )
    return stacked


def _require_variance(
    posterior_covariance: np.ndarray, free: np.ndarray, labels: Sequence[str]
) -> None:
    """Refuse posteriors that are certain of a free parameter."""
    block = posterior_covariance[:, free][:, :, free]
    least = np.linalg.eigvalsh(block).min(axis=-1) if free.any() else np.ones(len(labels))
    certain = [label for label, value in zip(labels, least, strict=True) if not value > 0.0]
    if certain:
        raise InputDataError(
            f"The posterior covariance of {_named(certain)} is not positive definite on the free "
            "parameters.",
            cure="Leave these models out, or estimate them again.",
        )


def _named(names: Sequence[str], most: int = 5) -> str:
    told = ", ".join(names[:most])
    return told if len(names) <= most else f"{told} and {len(names) - most} more"
