"""BIDS names of every derivative: one table."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Suffixes and places that BIDS does not have yet; the validator is told to pass over them.
BEYOND_BIDS = (
    "*_measures.tsv",
    "*_measures.json",
    "*_statmap.nii.gz",
    "*_statmap.dscalar.nii",
    "*_statmap.json",
    "*_relmat.tsv",
    "*_relmat.json",
    "*_networks.tsv",
    "*_networks.json",
    "*_regions.tsv",
    "*_regions.json",
    "*_gppi.tsv",
    "*_gppi.json",
    "*_dissimilarity.tsv",
    "*_dissimilarity.json",
    "*_reliability.tsv",
    "*_reliability.json",
    "*_estimates.json",
    "*_estimates.npz",
    "*_timeseries.tsv",
    "*_timeseries.json",
    "*_design.tsv",
    "*_design.json",
    "*.html",
    "group",
    "plan/",
    "logs/",
)

PATTERNS = {
    "quality": "func/{run}_desc-quality_timeseries.tsv",
    "design": "func/{run}_design.tsv",
    "statmap": "func/{task}{space}_contrast-{contrast}_stat-{stat}_statmap.nii.gz",
    "timeseries": "func/{run}{space}_atlas-{atlas}_timeseries.tsv",
    "eigenvariate": "func/{run}{space}_atlas-{atlas}_desc-eigenvariate_timeseries.tsv",
    "relmat": "func/{task}{space}_atlas-{atlas}_stat-pearsoncorrelation_relmat.tsv",
    "partial_relmat": "func/{task}{space}_atlas-{atlas}_stat-partialcorrelation_relmat.tsv",
    "networks": "func/{task}{space}_atlas-{atlas}_networks.tsv",
    "region_quality": "func/{task}{space}_atlas-{atlas}_regions.tsv",
    "seed_map": "func/{task}{space}_seed-{seed}_stat-fisherz_statmap.nii.gz",
    "seed_map_grayordinates": "func/{task}{space}_seed-{seed}_stat-fisherz_statmap.dscalar.nii",
    "gppi": "func/{task}{space}_atlas-{atlas}_gppi.tsv",
    "gppi_relmat": "func/{task}{space}_atlas-{atlas}_contrast-{contrast}_stat-gppi_relmat.tsv",
    "dissimilarity": "func/{task}{space}_atlas-{atlas}_stat-ldc_dissimilarity.tsv",
    "reliability": "func/{task}{space}_atlas-{atlas}_stat-ldc_reliability.tsv",
    "dcm": "func/{task}{space}_atlas-{atlas}_model-{model}_desc-dcm_estimates.json",
    "dcm_arrays": "func/{task}{space}_atlas-{atlas}_model-{model}_desc-dcm_estimates.npz",
    "measures": "{prefix}_measures.tsv",
}


def task_stem(prefix: str, task: str, entities: Sequence[tuple[str, str]]) -> str:
    """Return the start of names that belong to all runs of a task.

    Examples
    --------
    >>> task_stem("sub-01_ses-pre", "faces", [("acq", "mb")])
    'sub-01_ses-pre_task-faces_acq-mb'
    """
    further = "".join(f"_{key}-{value}" for key, value in entities)
    return f"{prefix}_task-{task}{further}"


def run_stem(prefix: str, task: str, entities: Sequence[tuple[str, str]], run: str | None) -> str:
    """Return the start of names that belong to one run."""
    return task_stem(prefix, task, entities) + ("" if run is None else f"_run-{run}")


def seed_label(network: str) -> str:
    """Return the name of a network as file names can hold it: letters and digits alone.

    Examples
    --------
    >>> seed_label("default_mode"), seed_label("sgACC")
    ('defaultMode', 'sgACC')
    """
    first, *further = re.split(r"[^0-9A-Za-z]+", network)
    return first + "".join(each[:1].upper() + each[1:] for each in further)


def output_name(kind: str, **values: str) -> str:
    """Return the path of a derivative below its session's folder.

    Parameters
    ----------
    kind : str
        A key of :data:`PATTERNS`.
    **values : str
        Parts of the name; ``space`` may be empty, ``seed`` is the name of a network.

    Examples
    --------
    >>> output_name("design", run="sub-01_task-faces")
    'func/sub-01_task-faces_design.tsv'
    """
    if "space" in values:
        values["space"] = f"_space-{values['space']}" if values["space"] else ""
    if "seed" in values:
        values["seed"] = seed_label(values["seed"])
    return PATTERNS[kind].format(**values)
