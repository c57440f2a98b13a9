"""Dissimilarities of a region's patterns over all runs, with what their noise makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.filtered_model import FilteredModel
from bids_ketamine.core.rsa.discriminant_contrast import Dissimilarities, dissimilarities
from bids_ketamine.core.rsa.noise_covariance import NoiseCovariance, noise_covariance
from bids_ketamine.core.rsa.noise_level import NoiseLevel, noise_level
from bids_ketamine.core.rsa.pattern_weights import PatternWeights, pair_weights
from bids_ketamine.core.rsa.reliability import (
    HalfWeights,
    SplitReliability,
    half_splits,
    half_weights,
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
    weights : PatternWeights
        Of all pairs.
    halves : tuple of HalfWeights
        Of all pairs in both halves of each split.
    estimates_covariance : ndarray of shape (n_columns, n_columns)
        Covariance of the estimates for unit noise, of all runs.
    trace_rv : float
        Degrees of freedom of the residuals, of all runs.
    n_partitions : int
        Partitions of all runs.
    partition_labels : tuple of str
        Name of each: its number, with that of the run where there are several of both.
    """

    weights: PatternWeights
    halves: tuple[HalfWeights, ...]
    estimates_covariance: np.ndarray
    trace_rv: float
    n_partitions: int
    partition_labels: tuple[str, ...]


class RegionSimilarity(NamedTuple):
    """What a region gives.

    Attributes
    ----------
    dissimilarities : Dissimilarities
        Of all pairs.
    reliability : tuple of SplitReliability
        Of every split of the partitions in halves.
    noise : NoiseCovariance
        Noise covariance of its voxels.
    level : NoiseLevel
        Noise of its normalised patterns.
    """

    dissimilarities: Dissimilarities
    reliability: tuple[SplitReliability, ...]
    noise: NoiseCovariance
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
    conditions = np.concatenate([run.conditions for run in runs])
    partitions, labels, n_before = [], [], 0
    within = max(int(run.partitions.max(initial=0)) for run in runs)
    for number, run in enumerate(runs, start=1):
        own = np.unique(run.partitions[run.partitions > 0])
        # Partitions are numbered without gaps over all runs.
        renumbered = np.zeros_like(run.partitions)
        for place, each in enumerate(own, start=1):
            renumbered[run.partitions == each] = n_before + place
            if len(runs) == 1:
                labels.append(str(each))
            else:
                labels.append(str(number) if within == 1 else f"{number}.{each}")
        partitions.append(renumbered)
        n_before += len(own)
    together = np.concatenate(partitions)
    design = linalg.block_diag(*(run.model.design for run in runs)) if training == "gls" else None
    return SimilarityModel(
        weights=pair_weights(conditions, together, pairs=pairs, training=training, design=design),
        halves=half_weights(
            conditions,
            together,
            pairs=pairs,
            splits=half_splits(n_before, maximum=MOST_SPLITS),
            training=training,
            design=design,
        ),
        estimates_covariance=linalg.block_diag(*(run.model.covariance for run in runs)),
        trace_rv=sum(run.model.trace_rv for run in runs),
        n_partitions=n_before,
        partition_labels=tuple(labels),
    )


def region_similarity(
    estimates: np.ndarray,
    residuals: np.ndarray,
    independent_residuals: np.ndarray,
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
    independent_residuals : ndarray of shape (n_independent, n_voxels)
        The same in the space that the models leave
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
        If the noise covariance cannot be estimated.
    """
    noise = noise_covariance(residuals, df=model.trace_rv, estimator=covariance)
    level = noise_level(independent_residuals, noise)
    products = normalised_products(estimates, noise.covariance)
    found = dissimilarities(
        products,
        model.weights,
        estimates_covariance=model.estimates_covariance,
        noise_level=level.level,
        effective_voxels=level.effective_voxels,
    )
    reliability = split_half_reliability(
        products,
        model.halves,
        estimates_covariance=model.estimates_covariance,
        noise_level=level.level,
    )
    return RegionSimilarity(found, reliability, noise, level)


def normalised_products(estimates: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    r"""Return the products of normalised patterns, :math:`B \Sigma^{-1} B' / v`.

    By Cholesky's factor: the symmetric root of the covariance gives the same products and takes
    ten times longer.

    Parameters
    ----------
    estimates : ndarray of shape (n_columns, n_voxels)
        B.
    covariance : ndarray of shape (n_voxels, n_voxels)
        Sigma.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Squared distance / voxel.

    Raises
    ------
    ProcessingError
        If the covariance is singular.
    """
    factor = linalg.cholesky(covariance, lower=True, check_finite=False)
    normalised = linalg.solve_triangular(factor, estimates.T, lower=True, check_finite=False)
    return np.asarray(normalised.T @ normalised / estimates.shape[1])
