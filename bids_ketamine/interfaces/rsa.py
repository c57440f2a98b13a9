"""Representational similarity of a task in a participant-session: estimate, save, measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.rsa.region_similarity import (
    RegionSimilarity,
    SimilarityModel,
    region_similarity,
    similarity_model,
)
from bids_ketamine.errors import ProcessingError
from bids_ketamine.interfaces.contrasts import FittedRun
from bids_ketamine.interfaces.rsa_files import SimilarityTable, write_dissimilarity
from bids_ketamine.interfaces.rsa_runs import PatternRun, RegionPatterns
from bids_ketamine.interfaces.runs import region_quality, runs_summary
from bids_ketamine.outputs.patterns import task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import RsaSpec, TaskSpec
from bids_ketamine.study.task_names import trial_types_of_matrix

#: Unit of a distance by the estimator of the noise covariance.
UNIT = "squared distance / voxel"
UNITS = {"identity": "squared percent of the grand mean / voxel"}

#: Voxels of a region above which a covariance between all of them is not estimated.
MOST_VOXELS = 6000

COVARIANCE_WORDS = {
    "shrinkage_to_diagonal": "covariance shrunk to its diagonal",
    "diagonal": "variances of voxels",
    "full": "covariance without shrinkage",
    "identity": "no noise normalisation",
}


class _Shared(NamedTuple):
    """What the regions share: pairs, model, runs that went in."""

    pairs: list[tuple[int, int]]
    model: SimilarityModel | None
    runs: list[PatternRun]
    reason: str


def rsa_rows(
    folder: Path,
    prefix: str,
    runs: Sequence[PatternRun],
    *,
    fitted: Sequence[FittedRun],
    regions: Sequence[Region],
    task: TaskSpec,
    rsa: RsaSpec,
    atlas: str,
    minimum_coverage: float,
    datasets: Mapping[str, str],
) -> pd.DataFrame:
    """Estimate dissimilarities over the runs of a task, write their files, return measures.

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    prefix : str
        Start of file names.
    runs : sequence of PatternRun
        Patterns of each run.
    fitted : sequence of FittedRun
        The same runs after their GLM.
    regions : sequence of Region
        Regions on the runs' grid.
    task, rsa : TaskSpec, RsaSpec
        Sections of the study.
    atlas : str
        Name of the regions in file names.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.
    datasets : mapping of str to str
        Dataset name of each input folder.

    Returns
    -------
    DataFrame
        A row for each of the study's pairs and each region.
    """
    unit = UNITS.get(rsa.covariance, UNIT)
    trial_types = trial_types_of_matrix(rsa, task)
    shared = _shared(runs, len(trial_types), rsa)
    used = [each for each, run in zip(fitted, runs, strict=True) if run.patterns is not None]
    used = used or list(fitted)
    quality = region_quality(regions, [e.modelled for e in used], [e.tsnr for e in used])
    found: list[RegionSimilarity | None] = []
    reasons: list[str] = []
    n_voxels: list[int] = []
    for number, region in enumerate(regions):
        patterns = _common(shared.runs, number)
        n_voxels.append(patterns[0].shape[1])
        reason = shared.reason or _unusable(
            region, quality.coverage[number], minimum_coverage, n_voxels[-1]
        )
        similarity = None
        if not reason and shared.model is not None:
            try:
                similarity = region_similarity(
                    *patterns, model=shared.model, covariance=rsa.covariance
                )
            except ProcessingError as error:  # the other regions stay
                reason = f"{error.message} {error.cure}" if error.cure else error.message
        found.append(similarity)
        reasons.append(reason)
    notes = [
        f"run {each.run.run or 1} gives no patterns: {run.reason}"
        for each, run in zip(fitted, runs, strict=True)
        if run.patterns is None
    ]
    notes += [note for run in runs for note in run.notes]
    first = fitted[0].run
    table = SimilarityTable(
        names=tuple(region.name for region in regions),
        trial_types=trial_types,
        pairs=tuple(shared.pairs),
        found=tuple(found),
        reasons=tuple(reasons),
        n_voxels=tuple(n_voxels),
        model=shared.model,
        rules=tuple(dict.fromkeys(run.rule for run in shared.runs)),
        rsa=rsa,
        notes=tuple(dict.fromkeys(notes)),
        smoothing=used[0].facts["SmoothnessAfter"],
    )
    write_dissimilarity(
        folder,
        table,
        names={
            "task": task_stem(prefix, first.task, first.entities),
            "space": first.space,
            "atlas": atlas,
        },
        sources=bids_uris([path for each in used for path in each.run.files], datasets),
        n_runs=len(shared.runs),
        unit=unit,
    )
    summary = runs_summary([each.facts for each in used])
    words = f"LDC, {COVARIANCE_WORDS[rsa.covariance]}, minus the predicted bias"
    extra = {"task": task.name, "unit": unit, "method": words, "version": __version__, **summary}
    if shared.model is not None:
        extra["residual_df"] = shared.model.trace_rv
    return _rows(table, quality.coverage, quality.tsnr, extra)


def _shared(runs: Sequence[PatternRun], n_types: int, rsa: RsaSpec) -> _Shared:
    """Join the runs' models, or say why they give nothing."""
    pairs = list(combinations(range(1, n_types + 1), 2))
    ready = [run for run in runs if run.patterns is not None]
    if not ready:
        reason = "; ".join(dict.fromkeys(run.reason for run in runs))
        return _Shared(pairs, None, [], reason or "no run has patterns")
    patterns = [run.patterns for run in ready if run.patterns is not None]
    model = similarity_model(patterns, pairs=pairs, training=rsa.training)
    if model.n_partitions < 2:
        few = "one partition in all: cross-validation needs two at least"
        return _Shared(
            pairs,
            None,
            ready,
            few if model.n_partitions else "no run has trials of its trial types",
        )
    return _Shared(pairs, model, ready, "")


def _common(
    runs: Sequence[PatternRun], number: int
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return estimates, residuals and each run's independent residuals in voxels of all runs."""
    parts: list[RegionPatterns] = [run.regions[number] for run in runs]
    if not parts:
        return np.empty((0, 0)), np.empty((0, 0)), []
    voxels = parts[0].voxels
    for part in parts[1:]:
        voxels = np.intersect1d(voxels, part.voxels)
    estimates, residuals, independent = [], [], []
    for run, part in zip(runs, parts, strict=True):
        order = np.argsort(part.voxels, kind="stable")
        places = order[np.searchsorted(part.voxels, np.sort(voxels), sorter=order)]
        estimates.append(part.estimates[:, places])
        residuals.append(part.residuals[:, places])
        independent.append(run.basis.T @ residuals[-1])
    return np.concatenate(estimates), np.concatenate(residuals), independent


def _unusable(region: Region, coverage: float, minimum: float, n_voxels: int) -> str:
    if region.problem:
        return region.problem
    if not n_voxels:
        return "no voxel of the region has signal inside the brain mask"
    if coverage < minimum:
        return f"coverage {coverage:.0%} is under {minimum:.0%}"
    if n_voxels > MOST_VOXELS:
        return (
            f"{n_voxels} voxels: a noise covariance of more than {MOST_VOXELS} is not estimated; "
            "make the region smaller"
        )
    return ""


def _rows(
    table: SimilarityTable,
    coverage: np.ndarray,
    tsnr: np.ndarray,
    extra: Mapping[str, object],
) -> pd.DataFrame:
    """Return a row for each of the study's pairs and each region."""
    rows = []
    for pair, names in table.measures():
        for number, region in enumerate(table.names):
            value, error, reason = table.value(number, pair)
            rows.append(
                {
                    "measure": "ldc",
                    "contrast": " vs ".join(names),
                    "regions": region,
                    "value": value,
                    "standard_error": error,
                    "coverage": coverage[number],
                    "tsnr": tsnr[number],
                    "reason": reason,
                    **extra,
                }
            )
    return pd.DataFrame(rows)
