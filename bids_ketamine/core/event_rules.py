"""What a study says about trials: which make a condition, and which are errors."""

from __future__ import annotations

from typing import Protocol


class ConditionRule(Protocol):
    """Which trials make a condition."""

    @property
    def name(self) -> str:
        """Name of the regressor."""

    @property
    def trial_type(self) -> tuple[str, ...]:
        """Values of the trial-type column; empty for the name itself."""

    @property
    def duration(self) -> float | None:
        """Duration given to every trial, s; None for the table's."""

    @property
    def blocks(self) -> bool:
        """Whether consecutive trials are joined."""

    @property
    def longest_gap(self) -> float:
        """Rest between two trials above which a block ends, s."""


class ErrorRule(Protocol):
    """Which trials are errors, and where they are modelled."""

    @property
    def column(self) -> str:
        """Column that tells right answers."""

    @property
    def correct(self) -> tuple[str, ...]:
        """Values that mean a right answer."""

    @property
    def response_time_column(self) -> str:
        """Column with the response time, s."""

    @property
    def delay_if_no_response(self) -> float:
        """Time after the onset where there is no response, s."""

    @property
    def not_applicable(self) -> tuple[str, ...]:
        """Trial types that are never errors."""

    @property
    def remove_from_conditions(self) -> bool:
        """Whether error trials leave their condition."""
