"""Sections on what is computed in each session: task models, rest, nuisance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class ConditionSpec:
    """Trials that share one regressor."""

    name: str = setting("Name of the condition; contrasts refer to it")
    trial_type: tuple[str, ...] = setting(
        "Values of the trial-type column; the name when absent", default=()
    )
    duration: float | None = setting(
        "Duration given to every trial, s; the table's when absent", default=None, minimum=0.0
    )
    blocks: bool = setting(
        "Join consecutive trials into one block, kept whole whatever the answers", default=False
    )
    longest_gap: float = setting(
        "Rest between two trials above which a block ends, s", default=10.0, minimum=0.0
    )


@dataclass(frozen=True, kw_only=True)
class ErrorTrialsSpec:
    """Trials with a wrong or no answer, a regressor of no interest at the response (A4)."""

    column: str = setting("Column that tells right answers", default="accuracy")
    correct: tuple[str, ...] = setting("Values that mean a right answer", default=("1", "correct"))
    response_time_column: str = setting("Column with the response time, s", default="response_time")
    delay_if_no_response: float = setting(
        "Time after the onset given to trials without a response, s", default=1.0, minimum=0.0
    )
    not_applicable: tuple[str, ...] = setting(
        "Trial types that need no answer and are never errors", default=()
    )
    remove_from_conditions: bool = setting(
        "Take error trials out of their condition (conditions modelled as blocks keep them)",
        default=True,
    )


@dataclass(frozen=True, kw_only=True)
class ContrastSpec:
    """A weighted sum of conditions."""

    name: str = setting("Name of the contrast in file names and tables", entity=True)
    weights: Mapping[str, float] = setting(
        "Formula over condition names, such as `faces - shapes`, or a weight per condition"
    )


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A task modelled with a GLM."""

    name: str = setting("Name of the task in measures", entity=True)
    task: str | None = setting(
        "`task` entity in the dataset; the name when absent", default=None, entity=True
    )
    trial_type_column: str = setting("Column that names conditions", default="trial_type")
    conditions: tuple[ConditionSpec, ...] = setting("Conditions, by name")
    error_trials: ErrorTrialsSpec | None = setting("How errors are modelled", default=None)
    contrasts: tuple[ContrastSpec, ...] = setting("Contrasts, by name")

    @property
    def label(self) -> str:
        """The `task` entity in the dataset."""
        return self.task or self.name


@dataclass(frozen=True, kw_only=True)
class OutliersSpec:
    """Volumes that get a regressor of their own (Power 2012)."""

    framewise_displacement: float | None = setting(
        "Threshold of framewise displacement, mm", default=0.5, minimum=0.0
    )
    std_dvars: float | None = setting("Threshold of standardized DVARS", default=1.5, minimum=0.0)


@dataclass(frozen=True, kw_only=True)
class ConfoundsSpec:
    """Nuisance regressors (A5)."""

    columns: tuple[str, ...] = setting(
        "Columns of the confounds table", default=("csf", "white_matter")
    )
    derivatives: bool = setting("Add the temporal derivatives of `columns`", default=False)
    compcor_components: int = setting(
        "Components of each anatomical CompCor mask (white matter, CSF)", default=5, minimum=0
    )
    motion: str = setting(
        "Motion parameters: none, 6, 12 with derivatives, 24 with squares",
        default="none",
        choices=("none", "6", "12", "24"),
    )
    motion_without_aroma: str = setting(
        "The same for series without AROMA denoising",
        default="none",
        choices=("none", "6", "12", "24"),
    )
    outliers: OutliersSpec | None = setting(
        "Volumes that get a regressor of their own", default=OutliersSpec()
    )
    non_steady_state: bool = setting("A regressor for each non-steady-state volume", default=True)


@dataclass(frozen=True, kw_only=True)
class GlmSpec:
    """First-level GLM (A5)."""

    noise_model: str = setting(
        "Autocorrelation model: ar1 (nilearn's, voxel by voxel), ols, or spm (pooled AR)",
        default="ar1",
        choices=("ar1", "ols", "spm"),
    )
    hrf_model: str = setting(
        "Haemodynamic response",
        default="spm",
        choices=("spm", "spm + derivative", "glover", "glover + derivative"),
    )
    high_pass_period: float = setting(
        "Longest period that is not filtered out, s", default=128.0, minimum=1.0
    )
    minimum_residual_df: int = setting(
        "Fewest residual degrees of freedom for which a measure is given", default=20, minimum=1
    )
    confounds: ConfoundsSpec = setting("Nuisance regressors", default=ConfoundsSpec())


@dataclass(frozen=True, kw_only=True)
class RestSpec:
    """Resting connectivity between regions (A9)."""

    task: str = setting("`task` entity of the resting run", default="rest", entity=True)
    band_pass: tuple[float, ...] | None = setting(
        "Lower and upper frequency kept, Hz", default=(0.008, 0.09)
    )
    minimum_residual_df: int = setting(
        "Fewest residual degrees of freedom for which a measure is given", default=20, minimum=1
    )
    confounds: ConfoundsSpec = setting(
        "Nuisance regressors", default=ConfoundsSpec(motion_without_aroma="12")
    )
