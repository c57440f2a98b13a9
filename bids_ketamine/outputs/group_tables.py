"""Tables of the group level: what their columns mean, and writing them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.arrays import write_arrays
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.outputs.group_elastic_net_tables import PREFIX as ELASTIC_NET
from bids_ketamine.outputs.group_peb_tables import PEB_TABLES, PREFIX, arrays_name
from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.outputs.tables import write_json, write_table

Columns = Mapping[str, Mapping[str, object]]

_UNIT_OF_MEASURE = "see the column unit"
_UNIT_OF_SCORE = "points, or the unit that the study states for the outcome"

_PARTICIPANT: Columns = {
    "participant_id": {"Description": "Participant"},
    "arm": {"Description": "Treatment arm"},
}

#: What tells one measure from another.
_KEYS: Columns = {
    "measure": MEASURE_COLUMNS["measure"],
    "task": MEASURE_COLUMNS["task"],
    "contrast": MEASURE_COLUMNS["contrast"],
    "regions": MEASURE_COLUMNS["regions"],
    "unit": {"Description": "Unit of the measure"},
}

_SESSION: Columns = {"session": MEASURE_COLUMNS["session"]}
_CHANGE: Columns = {"change": {"Description": "Difference between two sessions in the study"}}

PARTICIPANTS_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_SESSION,
    "task": MEASURE_COLUMNS["task"],
    "included": {
        "Description": "Whether any measure of this participant, session and task went into "
        "group statistics",
        "Levels": {"true": "It did", "false": "It did not"},
    },
    "reason": {
        "Description": "Why nothing went in; of what went in, how many values are excluded and "
        "why, and the changes that lack the other session"
    },
}

MEASURES_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_SESSION,
    **_KEYS,
    "value": {
        "Description": "The measure as the participant level computed it",
        "Units": _UNIT_OF_MEASURE,
    },
    "adjusted": {
        "Description": "The measure after motion residualization (residual plus mean), as it "
        "went into group statistics",
        "Units": _UNIT_OF_MEASURE,
    },
    "mean_fd": MEASURE_COLUMNS["mean_fd"],
    "included": {
        "Description": "Whether the value went into group statistics",
        "Levels": {"true": "It did", "false": "It did not"},
    },
    "reason": {"Description": "Why it did not"},
}

MOTION_COLUMNS: Columns = {
    **_KEYS,
    "n": {
        "Description": "Included values with a mean framewise displacement, sessions together, "
        "whether the step is switched on or off"
    },
    "slope": {
        "Description": "Slope of the regression of the measure on mean framewise displacement",
        "Units": "unit of the measure per mm",
    },
    "applied": {
        "Description": "Whether the regression was taken out of the measure",
        "Levels": {"true": "It was", "false": "Values went on as they are"},
    },
    "reason": {"Description": "Why it was not"},
}

CHANGES_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_CHANGE,
    **_KEYS,
    "first": {"Description": "Adjusted value, first session", "Units": _UNIT_OF_MEASURE},
    "second": {"Description": "Adjusted value, second session", "Units": _UNIT_OF_MEASURE},
    "difference": {"Description": "Second minus first", "Units": _UNIT_OF_MEASURE},
}

OUTCOMES_COLUMNS: Columns = {
    **_PARTICIPANT,
    "outcome": {"Description": "Clinical outcome in the study"},
    "change": {"Description": "The change over whose two sessions improvement is computed"},
    "first": {"Description": "Score in the first session", "Units": _UNIT_OF_SCORE},
    "second": {"Description": "Score in the second session", "Units": _UNIT_OF_SCORE},
    "improvement": {
        "Description": "Change of the score, positive where the participant got better",
        "Units": _UNIT_OF_SCORE,
    },
    "reason": {"Description": "Why there is no improvement"},
}

_ARM: Columns = {"arm": {"Description": "Treatment arm, or `all` for all participants"}}

SUMMARY_COLUMNS: Columns = {
    **_SESSION,
    **_ARM,
    **_KEYS,
    "n": {"Description": "Participants"},
    "mean": {"Description": "Mean of adjusted values", "Units": _UNIT_OF_MEASURE},
    "sd": {"Description": "Standard deviation (n - 1)", "Units": _UNIT_OF_MEASURE},
    "ci_low": {
        "Description": "Lower limit of the confidence interval of the mean",
        "Units": _UNIT_OF_MEASURE,
    },
    "ci_high": {"Description": "Upper limit", "Units": _UNIT_OF_MEASURE},
}

TESTS_COLUMNS: Columns = {
    "test": {
        "Description": "Kind of test, of adjusted values",
        "Levels": {
            "one_sample": "t test of a session's mean against 0 (contrasts: activation, "
            "generalized PPI, linear discriminant contrast; and modulations of dynamic causal "
            "models, not their connections and drives)",
            "paired": "Paired t test, second minus first session",
            "welch": "Welch's t test of the change, one arm minus the reference arm",
            "correlation": "Pearson correlation of the change with clinical improvement",
        },
    },
    "session": {"Description": "Meaning of the session in the study (one_sample)"},
    **_CHANGE,
    "arm": {"Description": "Treatment arm, `all`, or the two arms that are compared"},
    "outcome": {"Description": "Clinical outcome in the study (correlation)"},
    **_KEYS,
    "n": {"Description": "Participants; of the first arm where two are compared"},
    "n_second": {"Description": "Participants of the second arm"},
    "estimate": {
        "Description": "Mean, difference of means, or Pearson's r (correlation)",
        "Units": f"{_UNIT_OF_MEASURE}; none for r",
    },
    "ci_low": {"Description": "Lower limit of the estimate's confidence interval"},
    "ci_high": {"Description": "Upper limit of the estimate's confidence interval"},
    "statistic": {"Description": "t"},
    "df": {"Description": "Degrees of freedom of t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "q_value": {
        "Description": "p value adjusted for the false discovery rate (Benjamini-Hochberg) among "
        "the same measure's regions and contrasts in the same task and test; for dcm among the "
        "connections, the modulations (by all inputs together), or the drives of one model"
    },
    "effect_size": {"Description": "Hedges' g, or r (correlation)"},
    "reason": {"Description": "Why there is no test"},
}

#: Columns of each table by the stem of its name.
GROUP_TABLES: Mapping[str, Columns] = {
    "group_participants": PARTICIPANTS_COLUMNS,
    "group_measures": MEASURES_COLUMNS,
    "group_motion": MOTION_COLUMNS,
    "group_changes": CHANGES_COLUMNS,
    "group_outcomes": OUTCOMES_COLUMNS,
    "group_summary": SUMMARY_COLUMNS,
    "group_tests": TESTS_COLUMNS,
}

#: Name of the file that is written last and speaks of the whole.
RECORD = "group.json"


def write_group(
    output_dir: Path,
    *,
    tables: Mapping[str, pd.DataFrame],
    record: Mapping[str, object],
    peb_tables: Mapping[str, pd.DataFrame] | None = None,
    peb_arrays: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    elastic_net_tables: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write the group folder: the record of an earlier run goes first and the new one comes last.

    Parameters
    ----------
    output_dir : Path
        Output folder; the tables go to its folder ``group``.
    tables : mapping of str to DataFrame
        One for each of :data:`GROUP_TABLES`.
    record : mapping
        Content of ``group.json``.
    peb_tables : mapping of str to DataFrame, optional
        One for each of :data:`~bids_ketamine.outputs.group_peb_tables.PEB_TABLES`; without them
        those of an earlier run are removed.
    peb_arrays : mapping of str to mapping of str to ndarray, optional
        Arrays of each dynamic causal model by name; files of other models are removed.
    elastic_net_tables : mapping of str to DataFrame, optional
        One for each of
        :data:`~bids_ketamine.outputs.group_elastic_net_tables.ELASTIC_NET_TABLES`; without them
        those of an earlier run are removed.

    Raises
    ------
    ValueError
        If a table is missing or has other columns than it should.
    CannotCreateError, ReadWriteError
        If a file cannot be written.
    """
    _require_columns(tables, GROUP_TABLES)
    if peb_tables is not None:
        _require_columns(peb_tables, PEB_TABLES)
    if elastic_net_tables is not None:
        _require_columns(elastic_net_tables, ELASTIC_NET_TABLES)
    folder = output_dir / "group"
    _remove(folder / RECORD)
    for pattern in (f"{PREFIX}*.*", arrays_name("*"), f"{ELASTIC_NET}*.*"):
        for stale in sorted(folder.glob(pattern)):
            _remove(stale)
    extra = {"Sources": _sources(output_dir, "*_measures.tsv")}
    for name, table in tables.items():
        write_table(folder / f"{name}.tsv", table, columns=GROUP_TABLES[name], extra=extra)
    for name, table in (elastic_net_tables or {}).items():
        write_table(folder / f"{name}.tsv", table, columns=ELASTIC_NET_TABLES[name], extra=extra)
    extra = {"Sources": _sources(output_dir, "*_desc-dcm_estimates.json")}
    for name, table in (peb_tables or {}).items():
        write_table(folder / f"{name}.tsv", table, columns=PEB_TABLES[name], extra=extra)
    for model, arrays in (peb_arrays or {}).items():
        write_arrays(folder / arrays_name(model), arrays)
    write_json(folder / RECORD, record)


def _require_columns(tables: Mapping[str, pd.DataFrame], wanted: Mapping[str, Columns]) -> None:
    if set(tables) != set(wanted):
        raise ValueError(f"tables must be {sorted(wanted)}, got {sorted(tables)}")
    for name, columns in wanted.items():
        if list(tables[name].columns) != list(columns):
            raise ValueError(f"{name} must have the columns {list(columns)}")


def _sources(output_dir: Path, pattern: str) -> list[str]:
    paths = sorted(output_dir.glob(f"sub-*/**/{pattern}"))
    return [f"bids::{path.relative_to(output_dir).as_posix()}" for path in paths]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotCreateError(
            f"The file cannot be replaced: {error.strerror}.",
            path=path,
            cure="Check the folder's permissions or choose another output folder.",
        ) from error
