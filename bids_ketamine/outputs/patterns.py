"""BIDS names of every derivative: one table."""

from __future__ import annotations

from collections.abc import Sequence

#: Suffixes and places that BIDS does not have yet; the validator is told to pass over them.
BEYOND_BIDS = (
    "*_measures.tsv",
    "*_measures.json",
    "*_statmap.nii.gz",
    "*_statmap.json",
    "*_relmat.tsv",
    "*_relmat.json",
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


def output_name(kind: str, **values: str) -> str:
    """Return the path of a derivative below its session's folder.

    Parameters
    ----------
    kind : str
        A key of :data:`PATTERNS`.
    **values : str
        Parts of the name; ``space`` may be empty.

    Examples
    --------
    >>> output_name("design", run="sub-01_task-faces")
    'func/sub-01_task-faces_design.tsv'
    """
    if "space" in values:
        values["space"] = f"_space-{values['space']}" if values["space"] else ""
    return PATTERNS[kind].format(**values)
