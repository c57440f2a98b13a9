"""Files of one task run: design, region series, eigenvariates, quality."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.core.glm.task_fit import TaskFit
from bids_ketamine.core.nuisance import Nuisance
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.interfaces.contrasts import UNIT
from bids_ketamine.interfaces.runs import write_quality
from bids_ketamine.outputs.patterns import output_name, run_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import GlmSpec, TaskSpec


def write_run(
    folder: Path,
    prefix: str,
    run: RunInputs,
    fit: TaskFit,
    *,
    nuisance: Nuisance,
    regions: tuple[Region, ...],
    task: TaskSpec,
    glm: GlmSpec,
    atlas: str,
    datasets: Mapping[str, str],
    reference_time: float,
) -> None:
    """Write what belongs to a run alone.

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    prefix : str
        Start of file names.
    run : RunInputs
        The run.
    fit : TaskFit
        Its model.
    nuisance : Nuisance
        State of its volumes.
    regions : tuple of Region
        Regions on its grid.
    task, glm : TaskSpec, GlmSpec
        Sections of the study.
    atlas : str
        Name of the regions in file names.
    datasets : mapping of str to str
        Dataset name of each input folder.
    reference_time : float
        Time within a volume to which its slices refer, s.
    """
    stem = run_stem(prefix, run.task, run.entities, run.run)
    sources = bids_uris(run.files, datasets)
    shared = {
        "RepetitionTime": run.t_r,
        "ReferenceTime": reference_time,
        "SamplingTime": fit.sampling.time,
        "Sources": sources,
    }
    write_quality(folder / output_name("quality", run=stem), nuisance, run.t_r, sources)
    matrix = fit.design.matrix
    write_table(
        folder / output_name("design", run=stem),
        matrix,
        columns={str(name): {"Description": _column_words(str(name), fit)} for name in matrix},
        extra={**_design_facts(fit, task, glm), **shared},
    )
    if not regions:
        return
    names = [region.name for region in regions]
    where = {"run": stem, "space": run.space, "atlas": atlas}
    write_table(
        folder / output_name("timeseries", **where),
        pd.DataFrame(fit.regions.series, columns=names),
        columns={
            region.name: {"Description": f"Mean over {region.origin}", "Units": UNIT}
            for region in regions
        },
        extra=shared,
    )
    _write_eigenvariates(folder / output_name("eigenvariate", **where), regions, fit, shared)


def _column_words(name: str, fit: TaskFit) -> str:
    if name == ERROR_CONDITION:
        return "Wrong and missing answers, convolved with the haemodynamic response"
    if name in fit.events.conditions:
        return "Condition: its events convolved with the haemodynamic response"
    if name in fit.design.task_columns:
        return "Modulator or derivative of a condition's response, or of the error trials'"
    if name in fit.design.drift_columns:
        return "Drift: cosine of the high-pass filter"
    return "Constant" if name == "constant" else "Nuisance regressor, without its mean"


def _design_facts(fit: TaskFit, task: TaskSpec, glm: GlmSpec) -> dict[str, Any]:
    noise = fit.noise
    return {
        "Conditions": list(fit.events.conditions),
        "Contrasts": {each.name: dict(each.rows[0]) for each in task.contrasts if each.test == "t"},
        "FContrasts": {
            each.name: [dict(row) for row in each.rows]
            for each in task.contrasts
            if each.test == "F"
        },
        "NotEstimable": dict(fit.not_estimable),
        "Dropped": [*fit.events.dropped, *fit.design.dropped],
        "NoiseModel": glm.noise_model,
        "Autocorrelation": list(noise.weights),
        "AutocorrelationAtLagOne": noise.lag_one if np.isfinite(noise.lag_one) else None,
        "VoxelsPooled": noise.n_pooled,
        "MaskThreshold": glm.mask_threshold if glm.noise_model == "spm" else None,
        "VoxelsModelled": int(fit.kept.sum()),
        "VoxelsBelowThreshold": int((~fit.kept).sum()),
        "EffectiveDegreesOfFreedom": round(noise.residual_df, 6),
        "GrandMeanScaling": noise.factor,
        "Diagnostics": None if fit.diagnostics is None else fit.diagnostics.as_metadata(),
    }


def _write_eigenvariates(
    path: Path, regions: tuple[Region, ...], fit: TaskFit, shared: Mapping[str, Any]
) -> None:
    whitened = "whitened, " if fit.noise.weights else ""
    columns, described = {}, {}
    for region, found in zip(regions, fit.regions.eigenvariates, strict=True):
        if found is None:
            continue
        columns[region.name] = found.series
        described[region.name] = {
            "Description": f"First eigenvariate of {region.origin}, {whitened}high-pass filtered "
            "and adjusted for all but the conditions",
            "Units": UNIT,
            "Voxels": len(found.weights),
            "VarianceExplained": found.explained,
        }
    if columns:
        write_table(path, pd.DataFrame(columns), columns=described, extra=dict(shared))
