"""Sections of the group level: arms, outcomes, covariates, who is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting


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
        "Regress every measure on the mean framewise displacement of its own run",
        default=True,
    )
    confidence_level: float = setting(
        "Level of confidence intervals", default=0.95, minimum=0.5, maximum=0.999
    )
    minimum_participants: int = setting(
        "Fewest participants in a test (in each arm, for arms)", default=3, minimum=2
    )
