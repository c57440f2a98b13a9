"""Sections on group statistics of networks and of brain structures."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class EdgeStatisticsSpec:
    """Test of every edge of the resting connectivity matrix (B8)."""

    changes: tuple[str, ...] = setting(
        "Changes that are tested; all of the study between sessions with images when empty",
        default=(),
    )
    arms: tuple[str, ...] = setting(
        "Arms, each tested by itself; when empty everybody together, without the controls that "
        "`controls` names",
        default=(),
    )
    shown_p: float = setting(
        "Edges with a smaller p, not corrected, are drawn", default=0.1, minimum=0.0, maximum=1.0
    )
    component_p: float = setting(
        "Network-based statistic: edges with a smaller p, not corrected, make components",
        default=0.001,
        minimum=0.0,
        maximum=1.0,
    )
    permutations: int = setting(
        "Network-based statistic: permutations; 0 leaves it out", default=5000, minimum=0
    )


@dataclass(frozen=True, kw_only=True)
class ControlsSpec:
    """Comparison of patients with controls who are scanned once or more (B9)."""

    level: str = setting("Arm of the controls")
    sessions: tuple[str, ...] = setting(
        "Sessions of the patients that are compared; those of the first change between sessions "
        "with images when empty",
        default=(),
    )
    control_sessions: tuple[str, ...] = setting(
        "Sessions of the controls, whose mean is taken; all that they have when empty", default=()
    )
    matching: tuple[str, ...] = setting(
        "Covariates, or variables of `table_one`, by which each patient is paired with a control; "
        "`mean_fd` and `minutes` are the session's motion and usable time; everybody is compared "
        "when empty",
        default=(),
    )
    exact: tuple[str, ...] = setting("Those of them that must be equal in a pair", default=())
    caliper: float | None = setting(
        "Largest distance of a pair, in standard deviations; no limit when absent",
        default=None,
        minimum=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class VolumesSpec:
    """Volumes of brain structures over intracranial volume (B10)."""

    structures: tuple[str, ...] = setting("FreeSurfer structures, such as Left-Hippocampus")
    outcome: str | None = setting(
        "Outcome whose change (second minus first session) is correlated with the volumes before "
        "treatment",
        default=None,
    )
    session: str | None = setting(
        "Session of the volumes; that where the outcome's change starts when absent", default=None
    )


@dataclass(frozen=True, kw_only=True)
class ReliabilitySpec:
    """Agreement of sessions without treatment between them, ICC(2,1) (B13)."""

    sessions: tuple[str, ...] = setting("Two sessions, or more")
    arms: tuple[str, ...] = setting("Arms that enter; everybody when empty", default=())
