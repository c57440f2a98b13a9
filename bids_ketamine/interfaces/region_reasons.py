"""Why a region has no value: one sentence for every method that averages over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.interfaces.contrasts import FittedRun
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import TaskSpec


def region_reason(
    problem: str, coverage: float, *, minimum_coverage: float, below_threshold: str = ""
) -> str:
    """Say why a region has no value; empty where it may have one.

    Parameters
    ----------
    problem : str
        Why it has no voxels, where coverage does not say it.
    coverage : float
        Share of its voxels that count; NaN if unknown, which is no reason.
    minimum_coverage : float
        Smallest share with a value.
    below_threshold : str
        What the mask threshold took from it, in words.

    Examples
    --------
    >>> region_reason("", 0.25, minimum_coverage=0.5)
    'coverage 25% is under 50%'
    >>> region_reason("", 0.0, minimum_coverage=0.5)
    'no voxel of the region has signal inside the brain mask'
    """
    if problem:
        return problem
    after = f": {below_threshold}" if below_threshold else ""
    if coverage == 0.0:
        return f"no voxel of the region has signal inside the brain mask{after}"
    if coverage < minimum_coverage:
        return f"coverage {coverage:.0%} is under {minimum_coverage:.0%}{after}"
    return ""


def below_threshold_words(region: Region, signal: Sequence[np.ndarray], usable: np.ndarray) -> str:
    """Say how many voxels with signal the mask threshold took from a region; empty for none.

    Parameters
    ----------
    region : Region
        The region.
    signal : sequence of ndarray of bool, shape (x, y, z)
        Voxels with signal in each run.
    usable : ndarray of bool, shape (x, y, z)
        Voxels that count in every run.
    """
    in_every_run = np.logical_and.reduce(list(signal))
    n_below = int((in_every_run & ~usable).reshape(-1)[region.voxels].sum())
    if not n_below:
        return ""
    return f"{n_below} of {region.n_voxels} voxels are under the mask threshold"


def no_eigenvariate(task: TaskSpec, fitted: Sequence[FittedRun]) -> str:
    """Say why a region with voxels has no eigenvariate; empty where no contrast chooses them.

    Parameters
    ----------
    task : TaskSpec
        Section of the study.
    fitted : sequence of FittedRun
        Runs after their GLM.
    """
    contrast = task.eigenvariate_contrast
    if contrast is None:
        return ""
    if any(contrast in each.not_estimable for each in fitted):
        return f"no eigenvariate, since `{contrast}`, which chooses voxels, is not estimated"
    return f"no eigenvariate, since no voxel passes `{contrast}` at p < {task.eigenvariate_p:g}"
