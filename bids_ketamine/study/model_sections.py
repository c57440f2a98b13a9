"""Sections on the models of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bids_ketamine.study.confound_sections import ConfoundsSpec
from bids_ketamine.study.fields import setting

#: Haemodynamic responses, by nilearn's names.
HRF_MODELS = tuple(
    f"{response}{derivatives}"
    for response in ("spm", "glover")
    for derivatives in ("", " + derivative", " + derivative + dispersion")
)


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
    modulators: tuple[str, ...] = setting(
        "Numeric columns of the events table, such as the response time, that scale the response "
        "trial by trial (parametric modulators); each gives a regressor `CONDITION_by_COLUMN`",
        default=(),
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
    """A weighted sum of regressors (T contrast), or several of them at once (F contrast)."""

    name: str = setting("Name of the contrast in file names and tables", entity=True)
    weights: Mapping[str, float] | None = setting(
        "T contrast: formula over names of regressors, such as `faces - shapes`, or a weight for "
        "each name",
        default=None,
    )
    f_test: tuple[Mapping[str, float], ...] = setting(
        "F contrast, in place of `weights`: formulas that are tested together, such as "
        "`[fearful, neutral, angry - shapes]`",
        default=(),
    )

    @property
    def test(self) -> Literal["t", "F"]:
        """Statistic of the contrast."""
        return "F" if self.f_test else "t"

    @property
    def rows(self) -> tuple[Mapping[str, float], ...]:
        """Weights of each row: one for a T contrast, one or more for an F contrast."""
        return self.f_test or (self.weights or {},)


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
    eigenvariate_contrast: str | None = setting(
        "Contrast that a voxel must pass to count for its region's first eigenvariate; every "
        "voxel counts when absent",
        default=None,
    )
    eigenvariate_p: float = setting(
        "Tail probability below which it passes, not corrected",
        default=0.05,
        minimum=0.0,
        maximum=1.0,
    )

    @property
    def label(self) -> str:
        """The `task` entity in the dataset."""
        return self.task or self.name


@dataclass(frozen=True, kw_only=True)
class GlmSpec:
    """First-level GLM (A5)."""

    noise_model: str = setting(
        "Autocorrelation model: ar1 (nilearn's, voxel by voxel), ols (nilearn's, without one), or "
        "spm (SPM's, pooled over voxels, with its design, scaling and mask)",
        default="ar1",
        choices=("ar1", "ols", "spm"),
    )
    hrf_model: str = setting(
        "Haemodynamic response; with derivatives in time and in dispersion, each condition also "
        "gives the regressors `CONDITION_derivative` and `CONDITION_dispersion`; the noise model "
        "spm takes the responses of SPM alone",
        default="spm",
        choices=HRF_MODELS,
    )
    orthogonalize: bool = setting(
        "Make each further regressor of a condition (modulators, derivatives) orthogonal to those "
        "before it; derivatives are in any case with the noise models of nilearn",
        default=True,
    )
    microtime_resolution: int = setting(
        "Noise model spm: bins a repetition time in which regressors are built; dynamic causal "
        "models: bins in which inputs are, with any noise model",
        default=16,
        minimum=1,
        maximum=256,
    )
    reference_bin: int | None = setting(
        "Noise model spm: bin (from 1) at which regressors are sampled; the bin of the slices' "
        "reference time when absent",
        default=None,
        minimum=1,
    )
    mask_threshold: float | None = setting(
        "Noise model spm: share of each volume's global mean that a voxel must exceed in every "
        "volume; no such rule if null",
        default=0.8,
        minimum=0.0,
        maximum=1.0,
    )
    high_pass_period: float = setting(
        "Longest period that is not filtered out, s", default=128.0, minimum=1.0
    )
    minimum_residual_df: int = setting(
        "Fewest residual degrees of freedom for which a measure is given", default=20, minimum=1
    )
    region_methods: tuple[str, ...] = setting(
        "How a contrast is summed up over a region: mean of the map, and MarsBaR's re-whitened "
        "mean series",
        default=("mean",),
        choices=("mean", "marsbar"),
    )
    confounds: ConfoundsSpec = setting("Nuisance regressors", default=ConfoundsSpec())
