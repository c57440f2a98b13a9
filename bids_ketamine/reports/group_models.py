"""How the estimation of dynamic causal models ended, in a sentence for each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bids_ketamine.core.dcm.estimation import FLAT_VARIANCE
from bids_ketamine.outputs.collect_models import MODELS
from bids_ketamine.outputs.collected import named
from bids_ketamine.reports.words import counted, percent

#: Sessions named before the others are counted.
NAMED = 10

#: How an estimation may end other than well, by its key in ``group.json``.
ENDS = {
    "NotEstimated": "not estimated",
    "NotConverged": "not converged",
    "Stalled": "stalled",
    "Flat": f"flat, less than {percent(FLAT_VARIANCE)} of the variance explained",
}


def model_sentences(record: Mapping[str, Any], *, name_sessions: bool) -> list[str]:
    """Say of each model in how many sessions its estimation did not end well.

    Parameters
    ----------
    record : mapping
        Content of ``group.json``.
    name_sessions : bool
        Whether sessions are named, the first :data:`NAMED` of each kind.

    Examples
    --------
    >>> counts = {"Flat": {"Number": 1, "Names": ["sub-01 ses-pre"]}, "Stalled": {"Number": 0}}
    >>> model = {"Model": "m", "Task": "faces", "Sessions": 8, **counts}
    >>> print(*model_sentences({"DynamicCausalModels": [model]}, name_sessions=True))
    Dynamic causal model m (faces), 8 sessions: 1 flat, less than 10 % of the variance explained \
(sub-01 ses-pre). Values of such sessions are in the tests as they are.
    """
    entries = record.get(MODELS)
    models = (
        [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    )
    return [_sentence(each, name_sessions) for each in models]


def _sentence(model: Mapping[str, Any], name_sessions: bool) -> str:
    opening = (
        f"Dynamic causal model {model.get('Model')} ({model.get('Task')}), "
        f"{counted(_number(model.get('Sessions')), 'session')}"
    )
    found = {key: model.get(key) for key in ENDS}
    ends = {key: each for key, each in found.items() if isinstance(each, dict)}
    numbers = {key: n for key, each in ends.items() if (n := _number(each.get("Number")))}
    if not numbers:
        return f"{opening}: all were estimated and converged, none stalled or is flat."
    told = []
    for key, n in numbers.items():
        names = [str(each) for each in ends[key].get("Names") or ()] if name_sessions else []
        told.append(f"{n} {ENDS[key]}{f' ({named(names, NAMED)})' if names else ''}")
    kept = ""
    if set(numbers) != {"NotEstimated"}:
        which = " that were estimated" if "NotEstimated" in numbers else ""
        kept = f" Values of such sessions{which} are in the tests as they are."
    return f"{opening}: {'; '.join(told)}.{kept}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
