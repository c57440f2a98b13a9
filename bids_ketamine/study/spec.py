"""The study specification: what is computed, from what, and with which settings.

Every scientific default of the app is written here and nowhere else. A study file (YAML) has
one key per field; :mod:`bids_ketamine.study.load` reads it. Sections of methods that are not
built yet stand in :mod:`bids_ketamine.study.planned`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bids_ketamine.study.fields import setting
from bids_ketamine.study.planned import PlannedSections


@dataclass(frozen=True, kw_only=True)
class InputsSpec:
    """Which derivatives are read."""

    space: str = setting(
        "Template or space entity of the images", default="MNI152NLin2009cAsym", entity=True
    )
    resolution: str | None = setting("`res` entity of the images", default=None, entity=True)
    bold_descriptions: tuple[str, ...] = setting(
        "`desc` entities of BOLD series in order of preference; smoothAROMAnonaggr is denoised "
        "and smoothed already",
        default=("smoothAROMAnonaggr", "preproc"),
        entity=True,
    )
    smoothing_fwhm: float | None = setting(
        "Gaussian smoothing of series that are not smoothed yet, mm", default=6.0, minimum=0.0
    )
    timeseries_atlas: str | None = setting(
        "`atlas` (or `seg`) entity of region time series to use instead of images at rest",
        default=None,
        entity=True,
    )


@dataclass(frozen=True, kw_only=True)
class SessionSpec:
    """A session by its meaning in the trial, and how to find its label."""

    name: str = setting("Meaning of the session in the trial, such as `pre`", entity=True)
    label: str | None = setting(
        "Session label (`ses-` entity) in the dataset; the name when absent",
        default=None,
        entity=True,
    )
    column: str | None = setting(
        "Column of participants.tsv that decides the label (crossover trials)", default=None
    )
    labels: Mapping[str, str] = setting(
        "Session label for each value of `column`", default=None, entity=True
    )
    unlabelled: bool = setting("The dataset has no session folders", default=False)


@dataclass(frozen=True, kw_only=True)
class ChangeSpec:
    """A difference between two sessions."""

    name: str = setting("Name of the change")
    first: str = setting("Session that is subtracted")
    second: str = setting("Session from which it is subtracted")


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


@dataclass(frozen=True, kw_only=True)
class RegionSpec:
    """One region: spheres, a mask, labels of an atlas image, or columns of time series."""

    name: str = setting("Name of the region")
    spheres: tuple[tuple[float, ...], ...] = setting(
        "Centres in mm of the images' space; several make one region", default=()
    )
    radius: float = setting("Radius of the spheres, mm", default=8.0, minimum=0.1)
    mask: str | None = setting("NIfTI file, non-zero inside the region", default=None, path=True)
    dseg: str | None = setting("NIfTI file of integer labels", default=None, path=True)
    labels: tuple[int, ...] = setting("Labels of `dseg` that make the region", default=())
    columns: tuple[str, ...] = setting(
        "Columns of region time series that make the region (their mean)", default=()
    )


@dataclass(frozen=True, kw_only=True)
class RegionsSpec:
    """The regions of interest."""

    atlas: str = setting("Name of the set in output file names (`atlas-`)", entity=True)
    minimum_coverage: float = setting(
        "Smallest share of a region inside the brain mask for which a measure is given",
        default=0.5,
        minimum=0.0,
        maximum=1.0,
    )
    all_columns: bool = setting("Use every column of region time series as a region", default=False)
    definitions: tuple[RegionSpec, ...] = setting("Regions, by name", default=())


@dataclass(frozen=True, kw_only=True)
class ArmsSpec:
    """Treatment arms."""

    column: str = setting("Column of participants.tsv", default="arm")
    levels: tuple[str, ...] = setting("Arms in order; the first is the reference")


@dataclass(frozen=True, kw_only=True)
class OutcomeSpec:
    """A clinical score and the improvement computed from it."""

    name: str = setting("Name of the outcome")
    table: str = setting(
        "`participants`, or the name of a table in phenotype/", default="participants"
    )
    column: str | None = setting(
        "Column of the score (long table, one row a session)", default=None
    )
    items: tuple[str, ...] = setting("Columns that are summed to the score", default=())
    columns: Mapping[str, str] = setting("Column for each session (wide table)", default=None)
    change_column: str | None = setting(
        "Column that holds the change itself (second minus first)", default=None
    )
    change: str | None = setting(
        "The change over whose two sessions improvement is computed; the first when absent",
        default=None,
    )
    improvement: str = setting(
        "Direction of improvement: a decrease or an increase of the score",
        default="decrease",
        choices=("decrease", "increase"),
    )
    unit: str = setting("Unit of the score", default="points")


@dataclass(frozen=True, kw_only=True)
class CovariateSpec:
    """A participant-level covariate (A15)."""

    name: str = setting("Name of the covariate")
    table: str = setting(
        "`participants`, or the name of a table in phenotype/", default="participants"
    )
    column: str | None = setting("Column; the name when absent", default=None)
    kind: str = setting(
        "How the values are read",
        default="numeric",
        choices=("numeric", "categorical", "ordered"),
    )
    levels: tuple[str, ...] = setting("Levels in order, for ordered covariates", default=())
    optional: bool = setting("Go on without it when the column is missing", default=False)


@dataclass(frozen=True, kw_only=True)
class ExclusionsSpec:
    """Who is left out of group statistics; applied alike to both sessions of a change."""

    maximum_mean_fd: float | None = setting(
        "Largest mean framewise displacement of a task, over all its runs, mm",
        default=None,
        minimum=0.0,
    )
    minimum_volumes: int | None = setting(
        "Fewest volumes kept of a task, all its runs together", default=None, minimum=1
    )
    minimum_coverage: float | None = setting(
        "Smallest coverage of a measure's regions, beside `regions.minimum_coverage`",
        default=None,
        minimum=0.0,
        maximum=1.0,
    )
    file: str | None = setting(
        "Table of exclusions: participant_id, reason; optional session_id, task",
        default=None,
        path=True,
    )


@dataclass(frozen=True, kw_only=True)
class GroupSpec:
    """Group statistics."""

    residualize_motion: bool = setting(
        "Regress every measure on the mean framewise displacement of its own run (A11)",
        default=True,
    )
    confidence_level: float = setting(
        "Level of confidence intervals", default=0.95, minimum=0.5, maximum=0.999
    )
    minimum_participants: int = setting(
        "Fewest participants in a test (in each arm, for arms)", default=3, minimum=2
    )


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """A whole study."""

    name: str = setting("Short name", entity=True)
    title: str = setting("One line for the report", default="")
    references: tuple[str, ...] = setting("Papers the study follows", default=())
    inputs: InputsSpec = setting("Which derivatives are read", default=InputsSpec())
    sessions: tuple[SessionSpec, ...] = setting("Sessions by their meaning in the trial")
    changes: tuple[ChangeSpec, ...] = setting("Differences between sessions", default=())
    regions: RegionsSpec | None = setting("Regions of interest", default=None)
    tasks: tuple[TaskSpec, ...] = setting("Tasks modelled with a GLM, by name", default=())
    glm: GlmSpec = setting("First-level GLM", default=GlmSpec())
    rest: RestSpec | None = setting("Resting connectivity", default=None)
    arms: ArmsSpec | None = setting("Treatment arms", default=None)
    outcomes: tuple[OutcomeSpec, ...] = setting("Clinical scores, by name", default=())
    covariates: tuple[CovariateSpec, ...] = setting(
        "Participant-level covariates, by name", default=()
    )
    exclusions: ExclusionsSpec = setting("Who is left out", default=ExclusionsSpec())
    group: GroupSpec = setting("Group statistics", default=GroupSpec())
    planned: PlannedSections = field(default=PlannedSections())

    def session(self, name: str) -> SessionSpec:
        """Return the session of that name."""
        return next(session for session in self.sessions if session.name == name)
