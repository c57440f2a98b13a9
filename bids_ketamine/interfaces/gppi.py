"""Generalized PPI of a task in a participant-session: estimate, save, and rows of measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.connectivity.gppi import PpiEstimates, generalized_ppi
from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.connectivity.ppi_runs import SPM, selected
from bids_ketamine.interfaces.contrasts import FittedRun
from bids_ketamine.interfaces.gppi_effects import Effects, effects_of
from bids_ketamine.interfaces.gppi_files import (
    InteractionTable,
    Place,
    write_matrices,
    write_pairs,
)
from bids_ketamine.interfaces.gppi_reasons import few_degrees_of_freedom, reasons_of_pairs
from bids_ketamine.interfaces.gppi_runs import InteractionRun
from bids_ketamine.interfaces.runs import region_quality, runs_summary
from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import GppiSpec, TaskSpec

#: Lags over which residuals are taken to hang together, s.
NOISE_REACH = 60.0
#: Time over which the response spreads what both directions of a pair have in common, s.
RESPONSE_REACH = 8.0

#: Regions above which single conditions, which are no measures, are left out.
MOST_REGIONS = 100

#: How the measure is told in the table.
MEASURE_WORDS = {
    "correlation": "semipartial correlation, Fisher z",
    "regression": "regression coefficient",
}
METHOD_WORDS = {"conn": "as CONN", "joint": "fitted with cleaning at once", "spm": "as SPM12"}
UNITS = {"correlation": "Fisher z", "regression": "arbitrary"}


def gppi_rows(
    folder: Path,
    prefix: str,
    runs: Sequence[InteractionRun],
    *,
    fitted: Sequence[FittedRun],
    regions: Sequence[Region],
    task: TaskSpec,
    gppi: GppiSpec,
    empty: Mapping[str, str],
    atlas: str,
    minimum_coverage: float,
    datasets: Mapping[str, str],
) -> pd.DataFrame:
    """Estimate generalized PPI over the runs of a task, write its files and return its measures.

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    prefix : str
        Start of file names.
    runs : sequence of InteractionRun
        The runs, ready.
    fitted : sequence of FittedRun
        The same runs after their GLM.
    regions : sequence of Region
        Regions on the runs' grid.
    task, gppi : TaskSpec, GppiSpec
        Sections of the study.
    empty : mapping of str to str
        Conditions that no run has, and why.
    atlas : str
        Name of the regions in file names.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.
    datasets : mapping of str to str
        Dataset name of each input folder.

    Returns
    -------
    DataFrame
        A row for each contrast and pair of regions.
    """
    effects, notes = effects_of(task, empty)
    if len(regions) > MOST_REGIONS:
        effects = effects.contrasts
        notes.append(f"{len(regions)} regions: single conditions are left out, contrasts are not")
    ready = [(each, run) for each, run in zip(fitted, runs, strict=True) if run.run is not None]
    used = [each for each, _ in ready] or list(fitted)
    notes += [
        f"run {each.run.run or 1} is left out of generalized PPI: {run.reason}"
        for each, run in zip(fitted, runs, strict=True)
        if run.run is None
    ]
    notes += [note for run in runs for note in run.notes]
    with_series = [run for _, run in ready]
    estimates, few = _estimate(with_series, used, effects, gppi, len(regions))
    if not ready:
        few = "; ".join(dict.fromkeys(run.reason for run in runs))
    reasons = np.full((len(regions), len(regions)), few, dtype=object)
    if ready and not few:
        reasons = reasons_of_pairs(
            with_series,
            fitted=used,
            regions=regions,
            task=task,
            gppi=gppi,
            minimum_coverage=minimum_coverage,
        )
    table = InteractionTable(
        regions=regions,
        effects=effects,
        estimates=estimates,
        reasons=reasons,
        gppi=gppi,
        task=task,
        unit=UNITS[gppi.measure],
        notes=tuple(dict.fromkeys(notes)),
        confounds=tuple(run.confounds for run in with_series),
        condition_volumes=_condition_volumes(with_series, task, gppi),
    )
    place = Place(folder, prefix, tuple(used), atlas, datasets)
    write_pairs(place, table)
    write_matrices(place, table)
    kept = sum(run.n_volumes_kept for _, run in ready) if ready else None
    return _rows(table, used, kept)


def _estimate(
    runs: Sequence[InteractionRun],
    fitted: Sequence[FittedRun],
    effects: Effects,
    gppi: GppiSpec,
    n_regions: int,
) -> tuple[PpiEstimates, str]:
    """Estimate what the runs' common regions give; NaN elsewhere, and why nothing is given."""
    nothing = _nothing(n_regions, len(effects.names))
    t_r = fitted[0].run.t_r
    if not runs or t_r is None:
        return nothing, ""
    n_columns = 1 + 2 * effects.weights.shape[1]
    few = few_degrees_of_freedom(runs, fitted=fitted, gppi=gppi, n_columns=n_columns)
    usable = np.logical_and.reduce([run.usable for run in runs])
    chosen = np.flatnonzero(usable).tolist()
    if few or len(chosen) < 2:
        return nothing, few
    found = generalized_ppi(
        [selected(run.run, chosen) for run in runs if run.run is not None],
        effects=effects.weights,
        measure=gppi.measure,
        noise_reach=max(round(NOISE_REACH / t_r), 1),
        response_reach=round(RESPONSE_REACH / t_r),
    )
    return _placed(found, nothing, chosen), ""


def _nothing(n_regions: int, n_effects: int) -> PpiEstimates:
    pairs = np.full((n_regions, n_regions, n_effects), np.nan)
    seeds = np.full((n_regions, n_effects), np.nan)
    return PpiEstimates(
        value=pairs,
        standard_error=pairs,
        mean=pairs,
        mean_standard_error=pairs,
        residual_df=np.full(n_regions, np.nan),
        variance_inflation=seeds,
        task_correlation=seeds,
    )


def _placed(found: PpiEstimates, nothing: PpiEstimates, chosen: list[int]) -> PpiEstimates:
    """Put the estimates of some regions in their places among all."""
    placed = []
    for part, whole in zip(found, nothing, strict=True):
        whole = whole.copy()
        places = np.ix_(chosen, chosen) if whole.ndim == 3 else chosen
        whole[places] = part
        placed.append(whole)
    return PpiEstimates(*placed)


def _condition_volumes(
    runs: Sequence[InteractionRun], task: TaskSpec, gppi: GppiSpec
) -> dict[str, float] | None:
    """Sum each condition's regressor over the volumes of all runs; None where it is filtered."""
    if gppi.method == SPM:
        return None
    sums = np.zeros(len(task.conditions))
    for run in runs:
        if run.run is not None:
            sums = sums + run.run.conditions.sum(axis=0)
    names = [each.name for each in task.conditions]
    return dict(zip(names, np.round(sums, 6).tolist(), strict=True))


def _rows(
    table: InteractionTable, fitted: Sequence[FittedRun], n_volumes_kept: int | None
) -> pd.DataFrame:
    """Return the measures: the mean of both directions of each pair, contrast by contrast."""
    regions, estimates = table.regions, table.estimates
    first, second = pair_indices(len(regions))
    summary = runs_summary([each.facts for each in fitted])
    if n_volumes_kept is not None:  # confounds of its own may lose other volumes than the GLM's
        summary["n_volumes_kept"] = n_volumes_kept
    quality = region_quality(
        regions, [each.modelled for each in fitted], [each.tsnr for each in fitted]
    )
    labels = np.array([region.name for region in regions], dtype=object)
    method = f"generalized PPI {METHOD_WORDS[table.gppi.method]}"
    parts = []
    for position in range(table.effects.n_contrasts):
        value, reasons = table.pair_values(position, first, second)
        df = np.minimum(estimates.residual_df[first], estimates.residual_df[second])
        error = estimates.mean_standard_error[first, second, position]
        parts.append(
            pd.DataFrame(
                {
                    "measure": "gppi",
                    "task": table.task.name,
                    "contrast": table.effects.names[position],
                    "regions": labels[first] + PAIR + labels[second],
                    "value": value,
                    "unit": table.unit,
                    **summary,
                    "standard_error": np.where(np.isfinite(value), error, np.nan),
                    "residual_df": np.where(np.isfinite(value), df, np.nan),
                    "coverage": quality.coverage[first],
                    "coverage_second": quality.coverage[second],
                    "tsnr": quality.tsnr[first],
                    "tsnr_second": quality.tsnr[second],
                    "method": f"{method}, {MEASURE_WORDS[table.gppi.measure]}, mean of both "
                    "directions",
                    "version": __version__,
                    "reason": reasons,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
