"""Tables of the group level: what their columns mean, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.arrays import write_arrays
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES, WITH_MEASURES
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES, COURSE_WITH_MEASURES
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.outputs.group_elastic_net_tables import PREFIX as ELASTIC_NET
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.group_peb_tables import PEB_TABLES, PREFIX, arrays_name
from bids_ketamine.outputs.group_seed_tables import SEED_TABLES
from bids_ketamine.outputs.group_tests_table import CHANGE, KEYS, TESTS_COLUMNS, UNIT_OF_MEASURE
from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.outputs.tables import replaced_whole, write_json, write_table

Columns = Mapping[str, Mapping[str, object]]

_UNIT_OF_SCORE = "points, or the unit that the study states for the outcome"

_PARTICIPANT: Columns = {
    "participant_id": {"Description": "Participant"},
    "arm": {"Description": "Treatment arm"},
}

_SESSION: Columns = {"session": MEASURE_COLUMNS["session"]}

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
    **KEYS,
    "value": {
        "Description": "The measure as the participant level computed it",
        "Units": UNIT_OF_MEASURE,
    },
    "adjusted": {
        "Description": "The measure after motion residualization (residual plus mean), as it "
        "went into group statistics",
        "Units": UNIT_OF_MEASURE,
    },
    "mean_fd": MEASURE_COLUMNS["mean_fd"],
    "included": {
        "Description": "Whether the value went into group statistics",
        "Levels": {"true": "It did", "false": "It did not"},
    },
    "reason": {"Description": "Why it did not"},
}

MOTION_COLUMNS: Columns = {
    **KEYS,
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
    **CHANGE,
    **KEYS,
    "first": {"Description": "Adjusted value, first session", "Units": UNIT_OF_MEASURE},
    "second": {"Description": "Adjusted value, second session", "Units": UNIT_OF_MEASURE},
    "difference": {"Description": "Second minus first", "Units": UNIT_OF_MEASURE},
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
    **KEYS,
    "n": {"Description": "Participants"},
    "mean": {"Description": "Mean of adjusted values", "Units": UNIT_OF_MEASURE},
    "sd": {"Description": "Standard deviation (n - 1)", "Units": UNIT_OF_MEASURE},
    "ci_low": {
        "Description": "Lower limit of the confidence interval of the mean",
        "Units": UNIT_OF_MEASURE,
    },
    "ci_high": {"Description": "Upper limit", "Units": UNIT_OF_MEASURE},
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

#: Tables that a run writes only if the study asks for what they hold.
OPTIONAL_TABLES: Mapping[str, Columns] = {
    **CLINICAL_TABLES,
    **COURSE_TABLES,
    **NETWORK_TABLES,
    **SEED_TABLES,
}

#: Those of them that come from the participant level's measures, or its files.
FROM_MEASURES = {*WITH_MEASURES, *COURSE_WITH_MEASURES, *NETWORK_TABLES, *SEED_TABLES}

#: Group maps of seeds.
SEED_MAPS = "seed-*_statmap.*"

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
    optional_tables: Mapping[str, pd.DataFrame] | None = None,
    images: Mapping[str, Callable[[Path], None]] | None = None,
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
    optional_tables : mapping of str to DataFrame, optional
        Any of :data:`OPTIONAL_TABLES`; others of an earlier run are removed.
    images : mapping of str to callable, optional
        By the name of each file what writes it to the path that it is given; maps of an earlier
        run are removed.

    Raises
    ------
    ValueError
        If a table is missing, not known, or has other columns than it should.
    CannotCreateError, ReadWriteError
        If a file cannot be written.
    """
    _require_columns(tables, GROUP_TABLES)
    if peb_tables is not None:
        _require_columns(peb_tables, PEB_TABLES)
    if elastic_net_tables is not None:
        _require_columns(elastic_net_tables, ELASTIC_NET_TABLES)
    optional = dict(optional_tables or {})
    unknown = sorted(set(optional) - set(OPTIONAL_TABLES))
    if unknown:
        raise ValueError(f"no tables of the group level: {unknown}")
    _require_columns(optional, {name: OPTIONAL_TABLES[name] for name in optional})
    folder = output_dir / "group"
    _remove_earlier(folder)
    extra = {"Sources": _sources(output_dir, "*_measures.tsv")}
    for name, table in tables.items():
        write_table(folder / f"{name}.tsv", table, columns=GROUP_TABLES[name], extra=extra)
    for name, table in (elastic_net_tables or {}).items():
        write_table(folder / f"{name}.tsv", table, columns=ELASTIC_NET_TABLES[name], extra=extra)
    for name, table in optional.items():
        sources = extra if name in FROM_MEASURES else None
        write_table(folder / f"{name}.tsv", table, columns=OPTIONAL_TABLES[name], extra=sources)
    for name, write in (images or {}).items():
        with replaced_whole(folder / name) as temporary:
            write(temporary)
    extra = {"Sources": _sources(output_dir, "*_desc-dcm_estimates.json")}
    for name, table in (peb_tables or {}).items():
        write_table(folder / f"{name}.tsv", table, columns=PEB_TABLES[name], extra=extra)
    for model, arrays in (peb_arrays or {}).items():
        write_arrays(folder / arrays_name(model), arrays)
    write_json(folder / RECORD, record)


def _remove_earlier(folder: Path) -> None:
    """Remove the record of an earlier run, then the tables that a run need not write again."""
    _remove(folder / RECORD)
    for pattern in (f"{PREFIX}*.*", arrays_name("*"), f"{ELASTIC_NET}*.*", SEED_MAPS):
        for stale in sorted(folder.glob(pattern)):
            _remove(stale)
    for name in OPTIONAL_TABLES:
        for suffix in (".tsv", ".json"):
            _remove(folder / f"{name}{suffix}")


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
