"""Contrasts of a task over its runs: combined, written as maps, averaged over regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.glm.regression import ContrastEstimate, combine_runs
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.images.files import save_map
from bids_ketamine.images.grid import Grid
from bids_ketamine.interfaces.runs import mean_in, runs_summary
from bids_ketamine.outputs.patterns import output_name, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_json
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import ContrastSpec

STATISTICS = ("effect", "variance", "t", "z")
UNIT = "percent of the grand mean"
#: Events of zero duration have unit area, so their effect is the area of the response.
IMPULSE_UNIT = "percent of the grand mean x s"


@dataclass(frozen=True)
class FittedRun:
    """What is kept of a fitted run.

    Attributes
    ----------
    run : RunInputs
        Its files.
    grid : Grid
        Its voxels.
    usable : ndarray of bool, shape (x, y, z)
        Voxels with signal.
    tsnr : ndarray of shape (x, y, z)
        Temporal signal-to-noise ratio; NaN where there is no signal.
    estimates : mapping of str to ContrastEstimate
        Contrasts in the usable voxels.
    not_estimable : mapping of str to str
        Why others could not be estimated.
    facts : dict
        What the sidecar says of the run.
    impulses : frozenset of str
        Conditions whose events all have zero duration.
    """

    run: RunInputs
    grid: Grid
    usable: np.ndarray
    tsnr: np.ndarray
    estimates: Mapping[str, ContrastEstimate]
    not_estimable: Mapping[str, str]
    facts: dict[str, Any]
    impulses: frozenset[str]


@dataclass(frozen=True)
class CombinedContrast:
    """A contrast over the runs that could estimate it.

    Attributes
    ----------
    contrast : ContrastSpec
        Name and weights.
    runs : tuple of FittedRun
        Runs that went in; all of them if none could estimate it.
    volumes : dict of str to ndarray, or None
        Maps by statistic, NaN outside; None if no run could estimate it.
    reason : str
        Why there are no maps.
    sources : list of str
        BIDS URIs of the runs' files.
    """

    contrast: ContrastSpec
    runs: tuple[FittedRun, ...]
    volumes: dict[str, np.ndarray] | None
    reason: str
    sources: list[str]

    @property
    def unit(self) -> str:
        """Unit of the effect: amplitude of blocks, area of the response to impulses."""
        impulses = frozenset[str]().union(*(each.impulses for each in self.runs))
        weighted = {name for name, weight in self.contrast.weights.items() if weight}
        return IMPULSE_UNIT if weighted & impulses else UNIT


def combine(
    contrast: ContrastSpec, fitted: Sequence[FittedRun], datasets: Mapping[str, str]
) -> CombinedContrast:
    """Combine the runs that could estimate a contrast, where all of them have signal."""
    name = contrast.name
    runs = tuple(each for each in fitted if name in each.estimates)
    sources = bids_uris([path for each in runs for path in each.run.files], datasets)
    if not runs:
        reasons = [
            f"run {each.run.run}: {each.not_estimable[name]}"
            if each.run.run is not None
            else each.not_estimable[name]
            for each in fitted
        ]
        return CombinedContrast(contrast, tuple(fitted), None, "; ".join(reasons), sources)
    common = np.logical_and.reduce([each.usable for each in runs])
    estimate = combine_runs(
        [
            ContrastEstimate(
                each.estimates[name].effect[common[each.usable]],
                each.estimates[name].variance[common[each.usable]],
                each.estimates[name].residual_df,
            )
            for each in runs
        ]
    )
    values = (estimate.effect, estimate.variance, estimate.t, estimate.z)
    volumes = {
        statistic: runs[0].grid.volume(value, common)
        for statistic, value in zip(STATISTICS, values, strict=True)
    }
    return CombinedContrast(contrast, runs, volumes, "", sources)


def write_maps(
    folder: Path, prefix: str, contrasts: Sequence[CombinedContrast], *, noise_model: str
) -> None:
    """Write the maps of every contrast that a run could estimate, with sidecars."""
    for combined in contrasts:
        if combined.volumes is None:
            continue
        name, first = combined.contrast.name, combined.runs[0]
        stem = task_stem(prefix, first.run.task, first.run.entities)
        for stat, volume in combined.volumes.items():
            path = folder / output_name(
                "statmap", task=stem, space=first.run.space, contrast=name, stat=stat
            )
            save_map(volume, first.grid.affine, path)
            write_json(
                path.with_name(path.name.replace(".nii.gz", ".json")),
                {
                    "Description": f"{stat} of the contrast {name}, runs combined",
                    "Weights": dict(combined.contrast.weights),
                    "Units": {"effect": combined.unit, "variance": f"({combined.unit})^2"}.get(
                        stat, "arbitrary"
                    ),
                    "NoiseModel": noise_model,
                    "DegreesOfFreedom": runs_summary([each.facts for each in combined.runs])[
                        "residual_df"
                    ],
                    "Runs": len(combined.runs),
                    "Sources": combined.sources,
                },
            )


def contrast_rows(
    contrasts: Sequence[CombinedContrast],
    regions: Sequence[Region],
    *,
    task: str,
    method: str,
    minimum_coverage: float,
) -> pd.DataFrame:
    """Return a row of the measures table for each contrast and region.

    Parameters
    ----------
    contrasts : sequence of CombinedContrast
        Contrasts of the task.
    regions : sequence of Region
        Regions on the runs' grid.
    task : str
        Name of the task in the study.
    method : str
        How contrasts were estimated.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.
    """
    rows = []
    for combined in contrasts:
        usable = np.logical_and.reduce([each.usable for each in combined.runs])
        tsnr = np.mean([each.tsnr for each in combined.runs], axis=0)
        shared = {
            "measure": "activation",
            "task": task,
            "contrast": combined.contrast.name,
            "unit": combined.unit,
            "method": method,
            "version": __version__,
            **runs_summary([each.facts for each in combined.runs]),
        }
        for region in regions:
            coverage = region.coverage(usable)
            value, reason = float("nan"), combined.reason
            if combined.volumes is not None and region.problem:
                reason = region.problem
            elif combined.volumes is not None and coverage < minimum_coverage:
                reason = f"coverage {coverage:.0%} is under {minimum_coverage:.0%}"
            elif combined.volumes is not None:
                value = mean_in(combined.volumes["effect"], region)
                reason = "" if np.isfinite(value) else "no voxel of the region has signal"
            rows.append(
                {
                    **shared,
                    "regions": region.name,
                    "value": value,
                    "coverage": coverage,
                    "tsnr": mean_in(tsnr, region),
                    "reason": reason,
                }
            )
    return pd.DataFrame(rows)
