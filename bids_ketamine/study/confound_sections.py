"""Sections on nuisance regressors."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class OutliersSpec:
    """Volumes that get a regressor of their own (Power 2012)."""

    rule: str = setting(
        "What makes a volume an outlier: thresholds (`framewise_displacement`, `std_dvars`), "
        "fmriprep (its own `motion_outlierXX` columns), or art (ART-like: a jump of the global "
        "signal, or displacement)",
        default="thresholds",
        choices=("thresholds", "fmriprep", "art"),
    )
    framewise_displacement: float | None = setting(
        "Rule thresholds: threshold of framewise displacement, mm", default=0.5, minimum=0.0
    )
    std_dvars: float | None = setting(
        "Rule thresholds: threshold of standardized DVARS", default=1.5, minimum=0.0
    )
    art_global_signal: float | None = setting(
        "Rule art: threshold of the volume-to-volume change of the global signal, absolute z",
        default=5.0,
        minimum=0.0,
    )
    art_framewise_displacement: float | None = setting(
        "Rule art: threshold of framewise displacement, mm", default=0.9, minimum=0.0
    )

    @property
    def thresholds(self) -> dict[str, float]:
        """Thresholds in force by the column they hold for; none for fMRIPrep's own rule."""
        asked = {
            "thresholds": {
                "framewise_displacement": self.framewise_displacement,
                "std_dvars": self.std_dvars,
            },
            "art": {
                "framewise_displacement": self.art_framewise_displacement,
                "global_signal": self.art_global_signal,
            },
        }.get(self.rule, {})
        return {column: value for column, value in asked.items() if value is not None}

    @property
    def reads_columns(self) -> bool:
        """Whether the rule reads columns of the confounds table."""
        return self.rule == "fmriprep" or bool(self.thresholds)


@dataclass(frozen=True, kw_only=True)
class ConfoundsSpec:
    """Nuisance regressors (A5)."""

    columns: tuple[str, ...] = setting(
        "Columns of the confounds table", default=("csf", "white_matter")
    )
    derivatives: bool = setting("Add the temporal derivatives of `columns`", default=False)
    compcor_mask: str = setting(
        "Anatomical CompCor masks: split (white matter and CSF apart) or combined (one of both)",
        default="split",
        choices=("split", "combined"),
    )
    compcor_components: int = setting(
        "First components of each of these masks; 0 for none", default=5, minimum=0
    )
    compcor_variance: float | None = setting(
        "In place of a number: as many first components of each mask as explain this share of "
        "its variance (0.5 for half)",
        default=None,
        minimum=0.0,
        maximum=1.0,
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
