"""Readers of the events given to SPM: trials of a condition, errors at the response."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.events import ERROR_CONDITION, model_events
from bids_ketamine.study.model_sections import ConditionSpec, ErrorTrialsSpec
from tests.parity.evaluation import Context
from tests.parity.readers import reader


@reader("condition_timing")
def condition_timing(case: Context) -> dict[str, object]:
    """Read onsets and durations of a condition, or those of all conditions' error trials."""
    options = case.options
    at_the_response = options.get("onset") == "response"
    name = ERROR_CONDITION if at_the_response else "condition"
    rule = None
    if options.get("accuracy") is not None:
        delay = options["onset_delay_if_no_response"]
        rule = ErrorTrialsSpec(correct=("1",), delay_if_no_response=delay)
    modelled = model_events(
        case["events"],
        trial_type_column="trial_type",
        conditions=[
            ConditionSpec(
                name="condition",
                trial_type=tuple(options["trial_type"]),
                duration=options.get("duration"),
            )
        ],
        error_trials=rule,
        scan_duration=np.inf,
    )
    events = modelled.table[modelled.table["trial_type"] == name]
    return {"onset": events["onset"].to_numpy(), "duration": events["duration"].to_numpy()}
