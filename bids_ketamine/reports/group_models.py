"""How the estimation of dynamic causal models ended, in a sentence for each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bids_ketamine.core.dcm.estimation import FLAT_VARIANCE
from bids_ketamine.outputs.collect_models import MODELS
from bids_ketamine.outputs.collected import named
from bids_ketamine.reports.words import counted, listed, percent

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
    told, has_values = [], False
    for key, words in ENDS.items():
        found = model.get(key)
        found = found if isinstance(found, dict) else {}
        n, names = _number(found.get("Number")), found.get("Names")
        if not n:
            continue
        has_values = has_values or key != "NotEstimated"
        which = named([str(each) for each in names or ()], NAMED) if name_sessions else ""
        told.append(f"{n} {words}{f' ({which})' if which else ''}")
    if not told:
        return f"{opening}: all were estimated and converged, none stalled or is flat."
    kept = " Values of such sessions are in the tests as they are." if has_values else ""
    if has_values and _number((model.get("NotEstimated") or {}).get("Number")):
        kept = " Values of such sessions that were estimated are in the tests as they are."
    return f"{opening}: {listed(told) if len(told) < 2 else '; '.join(told)}.{kept}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
