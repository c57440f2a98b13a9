"""Section on parametric empirical Bayes."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.fields import setting

#: Fields of a dynamic causal model that a group level may be about.
FIELDS = ("connection", "modulation", "driving")


@dataclass(frozen=True, kw_only=True)
class PebSpec:
    """Parametric empirical Bayes: the group level of every dynamic causal model (A19)."""

    outcome: str = setting("Outcome whose improvement enters; its change gives the two sessions")
    level: float = setting(
        "Level of the intervals of parameters", default=0.9, minimum=0.5, maximum=0.999
    )
    within_participant_first: bool = setting(
        "Estimate a level of each participant first, over the two sessions, then the group over "
        "participants; else one level over all sessions of all participants",
        default=False,
    )
    fields: tuple[str, ...] = setting(
        "Parameters that enter: connections (those of a region to itself too), modulations, "
        "driving inputs",
        default=("modulation",),
        choices=FIELDS,
    )
    precision_components: str = setting(
        "What differences between participants have a precision of their own: each parameter "
        "(all), each kind of parameter (fields), or all parameters together (single)",
        default="all",
        choices=("single", "all", "fields"),
    )
    degrees_of_freedom: float = setting(
        "Degrees of freedom of the Student-t group level beside the Gaussian one; the fewer, the "
        "less an outlying participant counts",
        default=4.0,
        minimum=1.0,
    )
    minimum_explained_variance: float = setting(
        "Share of variance that a model must explain in a session to enter; 0 lets all enter",
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        hint="it is a share (10 percent are 0.1)",
    )
