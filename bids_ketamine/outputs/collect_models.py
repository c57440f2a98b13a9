"""What sidecars of the participant level say of the estimation of dynamic causal models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Key of the session's sidecar, and of the record of the group level.
MODELS = "DynamicCausalModels"


@dataclass(frozen=True, kw_only=True)
class ModelOutcome:
    """How the estimation of a dynamic causal model of one session ended.

    Attributes
    ----------
    model, task : str
        Names in the study.
    estimated : bool
        Whether it has parameters; where it has none, nothing else is true.
    converged : bool
        Whether the scheme ended before its iterations were spent.
    stalled : bool
        Whether it ended because its last steps were all rejected.
    flat : bool
        Whether the model explains next to nothing of the series.
    reason : str
        Why it was not estimated; empty where it was.
    """

    model: str
    task: str
    estimated: bool
    converged: bool
    stalled: bool
    flat: bool
    reason: str = ""


def model_outcomes(sidecar: Mapping[str, Any]) -> tuple[ModelOutcome, ...]:
    """Return how the models of a session ended.

    Parameters
    ----------
    sidecar : mapping
        Content of ``*_measures.json``.

    Examples
    --------
    >>> facts = {"Model": "m", "Task": "faces", "Reason": "", "Flat": True, "Converged": True}
    >>> (found,) = model_outcomes({"DynamicCausalModels": [facts]})
    >>> found.estimated, found.converged, found.stalled, found.flat
    (True, True, False, True)
    """
    entries = sidecar.get(MODELS)
    facts = (
        [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    )
    return tuple(_outcome(each) for each in facts)


def _outcome(facts: Mapping[str, Any]) -> ModelOutcome:
    is_estimated = not facts.get("Reason")
    return ModelOutcome(
        model=str(facts.get("Model")),
        task=str(facts.get("Task")),
        estimated=is_estimated,
        converged=is_estimated and facts.get("Converged") is True,
        stalled=is_estimated and facts.get("Stalled") is True,
        flat=is_estimated and facts.get("Flat") is True,
        reason=str(facts.get("Reason") or ""),
    )
