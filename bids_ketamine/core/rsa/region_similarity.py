"""Dissimilarities of a region's patterns over all runs, with what their noise makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.filtered_model import FilteredModel
from bids_ketamine.core.rsa.contrast_errors import ErrorTerms, error_terms
from bids_ketamine.core.rsa.discriminant_contrast import Dissimilarities, dissimilarities
from bids_ketamine.core.rsa.noise_covariance import noise_covariance, refuse_too_many_voxels
from bids_ketamine.core.rsa.noise_level import NoiseLevel, noise_level
from bids_ketamine.core.rsa.pattern_weights import PatternWeights, pair_weights
from bids_ketamine.core.rsa.reliability import (
    Half,
    SplitReliability,
    half_splits,
    partition_products,
    split_half_reliability,
)

#: Most ways to halve the partitions that reliability looks at.
MOST_SPLITS = 100


class RunPatterns(NamedTuple):
    """Model of patterns in one run.

    Attributes
    ----------
    model : FilteredModel
        Whitened, filtered design; columns other than patterns among them.
    conditions : ndarray of int, shape (n_columns,)
        Trial type of each column, from 1; 0 for columns of no interest.
    partitions : ndarray of int, shape (n_columns,)
        Partition of each column within the run, from 1; 0 for columns of no interest.
    """

    model: FilteredModel
    conditions: np.ndarray
    partitions: np.ndarray


class SimilarityModel(NamedTuple):
    """What all regions of a session share.

    Attributes
    ----------
    columns : ndarray of int, shape (n_regressors,)
        Which columns of all runs the weights are of: with means as training patterns those of
        trial types, else all.
    weights : PatternWeights
        Of all pairs.
    terms : ErrorTerms
        What unit noise makes of their contrasts.
    error_products : ndarray of shape (n_pairs, n_partitions, n_partitions)
        :func:`~bids_ketamine.core.rsa.reliability.partition_products` of the covariance of the
        estimates for unit noise.
    splits : tuple of (tuple of int, tuple of int)
        Halves of the partitions.
    run_of_partition : ndarray of int, shape (n_partitions,)
        Run of each partition, from 0.
    trace_rv_of_runs : tuple of float
        Degrees of freedom of the residuals of each run.
    partition_labels : tuple of str
        Name of each: its number, with that of the run where there are several of both.
    """

    columns: np.ndarray
    weights: PatternWeights
    terms: ErrorTerms
    error_products: np.ndarray
    splits: tuple[tuple[Half, Half], ...]
    run_of_partition: np.ndarray
    trace_rv_of_runs: tuple[float, ...]
    partition_labels: tuple[str, ...]

    @property
    def n_partitions(self) -> int:
        """Partitions of all runs."""
        return len(self.partition_labels)

    @property
    def trace_rv(self) -> float:
        """Degrees of freedom of the residuals, of all runs."""
        return sum(self.trace_rv_of_runs)


class RegionSimilarity(NamedTuple):
    """What a region gives.

    Attributes
    ----------
    dissimilarities : Dissimilarities
        Of all pairs.
    reliability : tuple of SplitReliability
        Of every split of the partitions in halves.
    shrinkage : float
        Weight of the diagonal in the noise covariance of its voxels; NaN for the identity.
    level : NoiseLevel
        Noise of its normalised patterns.
    """

    dissimilarities: Dissimilarities
    reliability: tuple[SplitReliability, ...]
    shrinkage: float
    level: NoiseLevel


def similarity_model(
    runs: Sequence[RunPatterns], *, pairs: Sequence[tuple[int, int]], training: str
) -> SimilarityModel:
    """Join the runs: partitions of different runs are different partitions.

    Parameters
    ----------
    runs : sequence of RunPatterns
        At least one.
    pairs : sequence of (int, int)
        Pairs of trial types.
    training : {"mean", "gls"}
        How patterns of the other partitions are put together.

    Returns
    -------
    SimilarityModel
        Weights, and what is known of the noise of the estimates.
    """
    least_squares = training == "gls"
    conditions = np.concatenate([run.conditions for run in runs])
    partitions, labels, run_of_partition = _joined_partitions(runs)
    # Means do not need the columns of no interest.
    used = (partitions > 0) | least_squares
    ends = np.cumsum([len(run.conditions) for run in runs])
    of_runs = np.split(used, ends[:-1])
    covariances = [
        run.model.covariance[np.ix_(own, own)] for run, own in zip(runs, of_runs, strict=True)
    ]
    weights = pair_weights(
        conditions[used],
        partitions[used],
        pairs=pairs,
        training=training,
        design=linalg.block_diag(*(run.model.design for run in runs)) if least_squares else None,
    )
    splits = half_splits(len(labels), maximum=MOST_SPLITS)
    return SimilarityModel(
        columns=np.flatnonzero(used),
        weights=weights,
        terms=error_terms(weights, estimates_covariances=covariances),
        error_products=partition_products(weights, linalg.block_diag(*covariances)),
        splits=splits,
        run_of_partition=run_of_partition,
        trace_rv_of_runs=tuple(float(run.model.trace_rv) for run in runs),
        partition_labels=labels,
    )


def _joined_partitions(
    runs: Sequence[RunPatterns],
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Return partitions numbered without gaps over all runs, their names and their runs."""
    partitions, labels, run_of_partition = [], [], []
    within = max(int(run.partitions.max(initial=0)) for run in runs)
    for number, run in enumerate(runs, start=1):
        renumbered = np.zeros_like(run.partitions)
        interest = (run.conditions > 0) & (run.partitions > 0)
        for each in np.unique(run.partitions[interest]):
            run_of_partition.append(number - 1)
            renumbered[interest & (run.partitions == each)] = len(run_of_partition)
            if len(runs) == 1:
                labels.append(str(each))
            else:
                labels.append(str(number) if within == 1 else f"{number}.{each}")
        partitions.append(renumbered)
    return np.concatenate(partitions), tuple(labels), np.array(run_of_partition, dtype=int)


def region_similarity(
    estimates: np.ndarray,
    residuals: np.ndarray,
    independent_residuals: Sequence[np.ndarray],
    *,
    model: SimilarityModel,
    covariance: str,
) -> RegionSimilarity:
    """Return the dissimilarities of a region.

    Parameters
    ----------
    estimates : ndarray of shape (n_columns, n_voxels)
        Estimates of all columns of all runs.
    residuals : ndarray of shape (n_scans, n_voxels)
        Whitened, filtered residuals of all runs.
    independent_residuals : sequence of ndarray of shape (n_independent, n_voxels)
        Those of each run in the space that its model leaves
        (:func:`~bids_ketamine.core.rsa.noise_level.residual_basis`).
    model : SimilarityModel
        What regions share.
    covariance : str
        Estimator of the noise covariance.

    Returns
    -------
    RegionSimilarity
        Dissimilarities, reliability, noise.

    Raises
    ------
    ProcessingError
        If the noise covariance or its level cannot be estimated.
    """
    refuse_too_many_voxels(
        residuals.shape[1],
        n_residuals=sum(len(each) for each in independent_residuals),
        estimator=covariance,
    )
    noise = noise_covariance(residuals, df=model.trace_rv, estimator=covariance)
    level = noise_level(independent_residuals, noise, trace_rv=model.trace_rv_of_runs)
    products = normalised_products(estimates[model.columns], noise.factor)
    found = dissimilarities(products, model.weights, terms=model.terms, level=level)
    reliability: tuple[SplitReliability, ...] = ()
    if model.splits:
        between = unbiased_products(products, model, level)
        reliability = split_half_reliability(between, model.weights.held, splits=model.splits)
    return RegionSimilarity(found, reliability, float(noise.shrinkage), level)


def unbiased_products(
    products: np.ndarray, model: SimilarityModel, level: NoiseLevel
) -> np.ndarray:
    """Return products of differences in two partitions, minus those of errors of one run.

    Parameters
    ----------
    products : ndarray of shape (n_regressors, n_regressors)
        Of normalised patterns.
    model : SimilarityModel
        What regions share.
    level : NoiseLevel
        Noise of the normalised patterns.

    Returns
    -------
    ndarray of shape (n_pairs, n_partitions, n_partitions)
        Squared distance / voxel.
    """
    # Errors are shared within runs alone: entries that are not 0 have one run in row and column.
    of_rows = level.levels[model.run_of_partition][:, None]
    return partition_products(model.weights, products) - of_rows * model.error_products


def normalised_products(estimates: np.ndarray, factor: np.ndarray) -> np.ndarray:
    r"""Return the products of normalised patterns, :math:`B \Sigma^{-1} B' / v`.

    By Cholesky's factor: the symmetric root of the covariance gives the same products and takes
    ten times longer.

    Parameters
    ----------
    estimates : ndarray of shape (n_columns, n_voxels)
        B.
    factor : ndarray of shape (n_voxels, n_voxels)
        Lower factor of Sigma (:attr:`NoiseCovariance.factor`).

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Squared distance / voxel.
    """
    normalised = linalg.solve_triangular(factor, estimates.T, lower=True, check_finite=False)
    return np.asarray(normalised.T @ normalised / estimates.shape[1])
