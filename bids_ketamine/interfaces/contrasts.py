"""Contrasts of a task over its runs: combined, and written as maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine.core.glm.estimates import (
    ContrastMaps,
    PooledContrast,
    RunContrast,
    relative_noise,
)
from bids_ketamine.core.glm.task_fit import TaskFit
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.images.files import save_map
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.outputs.patterns import output_name, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_json
from bids_ketamine.study.spec import ContrastSpec

UNIT = "percent of the grand mean"
#: Events of zero duration have unit area, so their effect is the area of the response.
IMPULSE_UNIT = "percent of the grand mean x s"
#: Weights of derivatives and modulators have units of their own.
OTHER_UNIT = "arbitrary"


@dataclass(frozen=True)
class FittedRun:
    """What is kept of a fitted run.

    Attributes
    ----------
    run : RunInputs
        Its files.
    grid : Grid
        Its voxels.
    usable, modelled : ndarray of bool, shape (x, y, z)
        Voxels with signal, and those of them that are modelled (above the mask threshold).
    tsnr : ndarray of shape (x, y, z)
        Temporal signal-to-noise ratio; NaN where there is no signal.
    contrasts, region_contrasts : mapping of str to RunContrast
        Contrasts in the modelled voxels, and of the regions' mean series.
    marsbar : sequence of (mapping of str to RunContrast)
        MarsBaR's contrasts of each region.
    marsbar_problems : sequence of str
        Why a region has none.
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
    modelled: np.ndarray
    tsnr: np.ndarray
    contrasts: Mapping[str, RunContrast]
    region_contrasts: Mapping[str, RunContrast]
    marsbar: Sequence[Mapping[str, RunContrast]]
    marsbar_problems: Sequence[str]
    not_estimable: Mapping[str, str]
    facts: dict[str, Any]
    impulses: frozenset[str]


def fitted_run(
    run: RunInputs,
    image: RunImage,
    fit: TaskFit,
    *,
    facts: dict[str, Any],
    impulses: frozenset[str],
) -> FittedRun:
    """Keep of a fitted run what its contrasts over runs and regions need; the series may go."""
    modelled = np.zeros_like(image.usable)
    modelled[image.usable] = fit.kept
    return FittedRun(
        run=run,
        grid=image.grid,
        usable=image.usable,
        modelled=modelled,
        tsnr=image.tsnr,
        contrasts=fit.contrasts,
        region_contrasts=fit.regions.contrasts,
        marsbar=fit.regions.marsbar,
        marsbar_problems=fit.regions.marsbar_problems,
        not_estimable=fit.not_estimable,
        facts=facts,
        impulses=impulses,
    )


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
    maps : ContrastMaps or None
        Degrees of freedom, with the values of the maps.
    reason : str
        Why there are no maps.
    sources : list of str
        BIDS URIs of the runs' files.
    conditions : frozenset of str
        Conditions of the study, with events here or not; other regressors have other units.
    noise_levels : ndarray of shape (n_runs,) or None
        Relative noise of the runs, where one model holds for all voxels.
    """

    contrast: ContrastSpec
    runs: tuple[FittedRun, ...]
    volumes: dict[str, np.ndarray] | None
    maps: ContrastMaps | None
    reason: str
    sources: list[str]
    conditions: frozenset[str]
    noise_levels: np.ndarray | None = None

    @property
    def unit(self) -> str:
        """Unit of the effect: amplitude of blocks, area of the response to impulses."""
        impulses = frozenset[str]().union(*(each.impulses for each in self.runs))
        weighted = {name for row in self.contrast.rows for name, weight in row.items() if weight}
        if not weighted <= self.conditions:
            return OTHER_UNIT
        return IMPULSE_UNIT if weighted & impulses else UNIT


def combine(
    contrast: ContrastSpec,
    fitted: Sequence[FittedRun],
    datasets: Mapping[str, str],
    *,
    conditions: frozenset[str],
) -> CombinedContrast:
    """Combine the runs that could estimate a contrast, where all of them are modelled."""
    name = contrast.name
    runs = tuple(each for each in fitted if name in each.contrasts)
    sources = bids_uris([path for each in runs for path in each.run.files], datasets)
    if not runs:
        reasons = [
            f"run {each.run.run}: {each.not_estimable[name]}"
            if each.run.run is not None
            else each.not_estimable[name]
            for each in fitted
        ]
        reason = "; ".join(dict.fromkeys(reasons))
        return CombinedContrast(contrast, tuple(fitted), None, None, reason, sources, conditions)
    common = np.logical_and.reduce([each.modelled for each in runs])
    selected = [each.contrasts[name].select(common[each.modelled]) for each in runs]
    noise_levels = _noise_levels(selected)
    maps = mean_over_runs(selected, test=contrast.test, noise_levels=noise_levels)
    if maps.effect is None or maps.variance is None:
        values = {"F": maps.statistic, "z": maps.z}
    else:
        values = {
            "effect": maps.effect,
            "variance": maps.variance,
            "t": maps.statistic,
            "z": maps.z,
        }
    volumes = {stat: runs[0].grid.volume(value, common) for stat, value in values.items()}
    return CombinedContrast(contrast, runs, volumes, maps, "", sources, conditions, noise_levels)


def mean_over_runs(
    runs: Sequence[RunContrast], *, test: str, noise_levels: np.ndarray | None = None
) -> ContrastMaps:
    """Test the mean of a contrast over runs, which all have the same noise model."""
    return type(runs[0]).combine(runs, test=test, noise_levels=noise_levels)


def _noise_levels(runs: Sequence[RunContrast]) -> np.ndarray | None:
    pooled = [each for each in runs if isinstance(each, PooledContrast)]
    return relative_noise(pooled) if pooled else None


def write_maps(
    folder: Path, prefix: str, contrasts: Sequence[CombinedContrast], *, noise_model: str
) -> None:
    """Write the maps of every contrast that a run could estimate, with sidecars."""
    for combined in contrasts:
        if combined.volumes is None or combined.maps is None:
            continue
        name, first = combined.contrast.name, combined.runs[0]
        stem = task_stem(prefix, first.run.task, first.run.entities)
        units = {"effect": combined.unit, "variance": f"({combined.unit})^2"}
        rows = [dict(row) for row in combined.contrast.rows]
        for stat, volume in combined.volumes.items():
            path = folder / output_name(
                "statmap", task=stem, space=first.run.space, contrast=name, stat=stat
            )
            save_map(volume, first.grid.affine, path)
            write_json(
                path.with_name(path.name.replace(".nii.gz", ".json")),
                {
                    "Description": f"{stat} of the contrast {name}, runs combined",
                    "Weights": rows[0] if combined.contrast.test == "t" else rows,
                    "Units": units.get(stat, "arbitrary"),
                    "NoiseModel": noise_model,
                    "EffectDegreesOfFreedom": round(combined.maps.effect_df, 6),
                    "DegreesOfFreedom": round(combined.maps.residual_df, 6),
                    "Runs": len(combined.runs),
                    "Sources": combined.sources,
                },
            )
