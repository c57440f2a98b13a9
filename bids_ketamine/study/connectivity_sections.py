"""Sections on connectivity: at rest, and generalized PPI of tasks."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.confound_sections import ConfoundsSpec
from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class RestSpec:
    """Resting connectivity between regions (A9)."""

    task: str = setting("`task` entity of the resting run", default="rest", entity=True)
    band_pass: tuple[float, ...] | None = setting(
        "Lower and upper frequency kept, Hz", default=(0.008, 0.09)
    )
    correlations: tuple[str, ...] = setting(
        "Correlations of region pairs: pearson, and partial (given all other regions)",
        default=("pearson",),
        choices=("pearson", "partial"),
    )
    pairs: bool = setting(
        "Give a measure for each pair of regions; large atlases have thousands, which the "
        "correlation matrix holds too",
        default=True,
    )
    minimum_residual_df: int = setting(
        "Fewest residual degrees of freedom for which a measure is given", default=20, minimum=1
    )
    confounds: ConfoundsSpec = setting(
        "Nuisance regressors; `cleaning`, where there is one, stands in their place",
        default=ConfoundsSpec(motion_without_aroma="12"),
    )


@dataclass(frozen=True, kw_only=True)
class GppiSpec:
    """Generalized psychophysiological interaction (A8)."""

    tasks: tuple[str, ...] = setting("Tasks, by name; all when absent", default=())
    method: str = setting(
        "Route: conn (CONN's: cleaned series, interaction at the level of the BOLD signal), joint "
        "(the same, but cleaning and interaction are fitted at once, so that cleaning does not "
        "make coefficients smaller), or spm (SPM's: seeds deconvolved, interaction at the level "
        "of neural activity)",
        default="conn",
        choices=("conn", "joint", "spm"),
    )
    measure: str = setting(
        "What a pair gives: correlation (semipartial correlation, Fisher z) or regression "
        "(coefficient of the interaction)",
        default="correlation",
        choices=("correlation", "regression"),
    )
    band_pass: tuple[float, ...] | None = setting(
        "Methods conn and joint: lower and upper frequency of the cleaned series, Hz; no filter if "
        "null",
        default=(0.008, 0.09),
    )
    minimum_residual_df: int = setting(
        "Fewest residual degrees of freedom for which a measure is given", default=20, minimum=1
    )
    confounds: ConfoundsSpec = setting(
        "Methods conn and joint: nuisance regressors",
        default=ConfoundsSpec(motion_without_aroma="12"),
    )

    @property
    def own_confounds(self) -> ConfoundsSpec | None:
        """Nuisance model of its own; None for method spm, which takes that of the GLM."""
        return None if self.method == "spm" else self.confounds
