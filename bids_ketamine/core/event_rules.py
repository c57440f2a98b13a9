"""What a study says about trials: which make a condition, and which are errors."""

from __future__ import annotations

from typing import Protocol

#: Condition of the regressor of no interest for wrong and missing answers.
ERROR_CONDITION = "error_trials"


def modulator_name(condition: str, column: str) -> str:
    """Return the name of a parametric modulator's regressor in designs and contrasts.

    Examples
    --------
    >>> modulator_name("incongruent", "response_time")
    'incongruent_by_response_time'
    """
    return f"{condition}_by_{column}"


def derivative_names(name: str, hrf_model: str) -> tuple[str, ...]:
    """Return the names of the further regressors that a response's derivatives give.

    Parameters
    ----------
    name : str
        Condition, modulator's regressor or ``error_trials``.
    hrf_model : str
        nilearn's name of the haemodynamic response.

    Examples
    --------
    >>> derivative_names("faces", "spm + derivative + dispersion")
    ('faces_derivative', 'faces_dispersion')
    >>> derivative_names("faces", "spm")
    ()
    """
    return tuple(f"{name}_{each}" for each in hrf_model.split(" + ")[1:])


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

    @property
    def modulators(self) -> tuple[str, ...]:
        """Columns that scale the response trial by trial; none with ``blocks``."""


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
