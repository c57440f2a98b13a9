"""Sections of methods that are read and checked but not computed yet.

They hold the values of the presets, so that a study file written today stays valid when the
method arrives; then its section moves to :mod:`bids_ketamine.study.spec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class CleaningSpec:
    """Cleaning of resting series beyond nuisance regression (B2)."""

    framewise_displacement: float = setting("Censoring threshold, mm", default=0.25, minimum=0.0)
    filter_respiration: bool = setting("Respiratory filter of motion first", default=False)
    minimum_minutes: float = setting("Usable time needed, min", default=5.0, minimum=0.0)
    interpolate_censored: bool = setting(
        "Interpolate censored volumes for the filter", default=True
    )
    local_neighbourhood: bool = setting(
        "Regress the local neighbourhood from subcortical regions", default=False
    )


@dataclass(frozen=True, kw_only=True)
class NetworksSpec:
    """Means over the edges of named networks (B4, B5)."""

    within: Mapping[str, tuple[str, ...]] = setting("Regions of each network", default=None)
    between: Mapping[str, tuple[str, ...]] = setting("Pairs of networks", default=None)
    seed_maps: tuple[str, ...] = setting("Networks whose seed maps are made", default=())


@dataclass(frozen=True, kw_only=True)
class BaselineSpec:
    """Several sessions averaged to one baseline (B6)."""

    sessions: tuple[str, ...] = setting("Sessions averaged; one suffices where others miss")


@dataclass(frozen=True, kw_only=True)
class ControlsSpec:
    """Comparison with a control group (B9)."""

    level: str = setting("Value of the arm column that marks controls")
    matching: tuple[str, ...] = setting("Covariates of the matching")


@dataclass(frozen=True, kw_only=True)
class VolumesSpec:
    """Regional volumes over intracranial volume (B10)."""

    structures: tuple[str, ...] = setting("FreeSurfer structures")
    outcome: str = setting("Outcome whose change is correlated")


@dataclass(frozen=True, kw_only=True)
class ClinicalCourseSpec:
    """Response and remission by visit (B11)."""

    outcome: str = setting("Outcome")
    response_fall: float = setting("Relative fall of response", default=0.5)
    remission_below: float = setting("Score below which a patient is in remission", default=10.0)
    visits: tuple[str, ...] = setting("Visits in order", default=())


@dataclass(frozen=True, kw_only=True)
class ReliabilitySpec:
    """Agreement of two baseline sessions, ICC(2,1) (B13)."""

    sessions: tuple[str, ...] = setting("The two sessions")


@dataclass(frozen=True, kw_only=True)
class PlannedSections:
    """One field per section, absent unless the study has it."""

    cleaning: CleaningSpec | None = setting("censoring and subcortical cleaning", default=None)
    networks: NetworksSpec | None = setting("network means and seed maps", default=None)
    baseline: BaselineSpec | None = setting("several baselines averaged", default=None)
    controls: ControlsSpec | None = setting("comparison with controls", default=None)
    volumes: VolumesSpec | None = setting("regional volumes", default=None)
    clinical_course: ClinicalCourseSpec | None = setting("response and remission", default=None)
    reliability: ReliabilitySpec | None = setting("reliability of two baselines", default=None)

    def requested(self) -> dict[str, str]:
        """Return section name and description of every section that is present."""
        return {
            each.name: str(each.metadata["description"])
            for each in fields(self)
            if getattr(self, each.name) is not None
        }
