"""Small tables of events and rules on them, for tests."""

from types import SimpleNamespace as Rule

import pandas as pd

from bids_ketamine.core.events import model_events

COLUMNS = ["onset", "duration", "trial_type", "response_time", "accuracy", "load"]


def condition(name, trial_type=(), duration=None, blocks=False, longest_gap=10.0, modulators=()):
    return Rule(
        name=name,
        trial_type=trial_type,
        duration=duration,
        blocks=blocks,
        longest_gap=longest_gap,
        modulators=modulators,
    )


ERRORS = Rule(
    column="accuracy",
    correct=("1", "correct"),
    response_time_column="response_time",
    delay_if_no_response=1.0,
    not_applicable=(),
    remove_from_conditions=True,
)


def trials(*rows):
    return pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])])


def run(events, conditions, errors=None, scan_duration=1000.0):
    return model_events(
        events,
        trial_type_column="trial_type",
        conditions=conditions,
        error_trials=errors,
        scan_duration=scan_duration,
    )
