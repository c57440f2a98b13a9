"""Why generalized PPI gives no value: degrees of freedom, and regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.connectivity.ppi_runs import SPM
from bids_ketamine.core.connectivity.regions import pair_reasons, weak_regions
from bids_ketamine.core.connectivity.task_cleaning import frequency_band
from bids_ketamine.interfaces.contrasts import FittedRun
from bids_ketamine.interfaces.gppi_runs import InteractionRun
from bids_ketamine.interfaces.region_reasons import (
    below_threshold_words,
    no_eigenvariate,
    region_reason,
)
from bids_ketamine.interfaces.runs import region_quality
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import GppiSpec, TaskSpec


def few_degrees_of_freedom(
    runs: Sequence[InteractionRun],
    *,
    fitted: Sequence[FittedRun],
    gppi: GppiSpec,
    n_columns: int,
) -> str:
    """Say that too few residual degrees of freedom are left, and what took them.

    Parameters
    ----------
    runs : sequence of InteractionRun
        Runs that have series.
    fitted : sequence of FittedRun
        The same runs after their GLM.
    gppi : GppiSpec
        Section of the study.
    n_columns : int
        Columns of a seed's model.

    Returns
    -------
    str
        Empty where enough are left.
    """
    series = [run.run for run in runs if run.run is not None]
    left = sum(run.residual_df for run in series) - n_columns
    if left >= gppi.minimum_residual_df:
        return ""
    whole = int(np.floor(left))  # what a band leaves is no whole number
    few = f"{whole} residual degrees of freedom, fewer than {gppi.minimum_residual_df}"
    if whole <= 0:
        few = f"no residual degrees of freedom (fewer than {gppi.minimum_residual_df})"
    lengths = [len(run.targets) for run in series]
    kept, filtered = float(sum(lengths)), ""
    if gppi.method == SPM:
        kept, filtered = sum(run.filtered_df for run in series), "high-pass filter"
    elif gppi.band_pass is not None:
        low, high = gppi.band_pass
        times = [each.run.t_r or np.nan for each in fitted]
        of_runs = [
            frequency_band(n_scans=n_scans, t_r=t_r, band_pass=(low, high)).kept.shape[1]
            for n_scans, t_r in zip(lengths, times, strict=True)
        ]
        if not all(of_runs):
            return (
                f"{few}: the band {low:g} to {high:g} Hz keeps no frequency of a run with a "
                f"repetition time of {times[of_runs.index(0)]:g} s"
            )
        kept, filtered = sum(of_runs), "band"
    taken, dimensions = int(kept) - whole, f"{sum(lengths)} dimensions"
    cause = f"nuisance and model take {taken}"
    cause = (
        f"the {filtered} keeps {int(kept)} of {dimensions}, {cause}"
        if filtered
        else f"{cause} of {dimensions}"
    )
    return "; ".join([f"{few}: {cause}", *(run.lost for run in runs if run.lost)])


def reasons_of_pairs(
    runs: Sequence[InteractionRun],
    *,
    fitted: Sequence[FittedRun],
    regions: Sequence[Region],
    task: TaskSpec,
    gppi: GppiSpec,
    minimum_coverage: float,
) -> np.ndarray:
    """Say for each pair of regions why it has no value.

    Parameters
    ----------
    runs : sequence of InteractionRun
        Runs that have series.
    fitted : sequence of FittedRun
        The same runs after their GLM.
    regions : sequence of Region
        Regions on the runs' grid.
    task, gppi : TaskSpec, GppiSpec
        Sections of the study.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.

    Returns
    -------
    ndarray of str, shape (n_regions, n_regions)
        Empty where the pair has one.
    """
    names = [region.name for region in regions]
    reasons = np.full((len(names), len(names)), "", dtype=object)
    series = np.concatenate([run.run.targets for run in runs if run.run is not None])
    usable = np.logical_and.reduce([run.usable for run in runs])
    modelled = [each.modelled for each in fitted]
    quality = region_quality(regions, modelled, [each.tsnr for each in fitted])
    everywhere = np.logical_and.reduce(modelled)
    problems = []
    for number, region in enumerate(regions):
        problem = region_reason(
            region.problem,
            float(quality.coverage[number]),
            minimum_coverage=minimum_coverage,
            below_threshold=below_threshold_words(
                region, [each.usable for each in fitted], everywhere
            ),
        )
        if not problem and not usable[number] and gppi.method == SPM:
            problem = no_eigenvariate(task, fitted)
        problems.append(problem)
    first, second = pair_indices(len(names))
    told = pair_reasons(
        first,
        second,
        names=names,
        quality=quality._replace(problems=tuple(problems)),
        weak=weak_regions(np.where(usable, series, np.nan)),
        minimum_coverage=minimum_coverage,
    )
    reasons[first, second] = reasons[second, first] = told
    return reasons
