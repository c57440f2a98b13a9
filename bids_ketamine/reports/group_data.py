"""The tables of the group level as the report needs them, with or without individual rows."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.errors import BidsKetamineError, InputMissingError
from bids_ketamine.outputs.group_tables import GROUP_TABLES
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import read_json
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.words import without_labels, without_numbers
from bids_ketamine.study.spec import StudySpec

LOGGER = logging.getLogger("bids_ketamine")

#: What tells one measure from another.
KEYS = ["measure", "task", "contrast", "regions", "unit"]
#: Columns that are text whatever they hold.
TEXTS = (
    *("participant_id", "arm", "session", "change", "outcome", "test"),
    *KEYS,
    "reason",
)
#: Rows of the two long tables that are held at once.
ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class GroupOutput:
    """Tables of ``group/``; one that is missing is empty.

    Attributes
    ----------
    folder : Path
        Where they are.
    participants, motion, outcomes, summary, tests : DataFrame
        The tables of the same names.
    record : mapping
        ``group.json``.
    arms : tuple of str
        Arms with participants: those of the study in its order, then others.
    unreadable : tuple of str
        Tables that are there and cannot be read, with the reason.
    """

    folder: Path
    participants: pd.DataFrame
    motion: pd.DataFrame
    outcomes: pd.DataFrame
    summary: pd.DataFrame
    tests: pd.DataFrame
    record: Mapping[str, Any]
    arms: tuple[str, ...]
    unreadable: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """Every participant that a table names."""
        tables = (self.participants, self.outcomes)
        return sorted({str(each) for table in tables for each in table["participant_id"].dropna()})


def read_group(output_dir: Path, *, spec: StudySpec) -> GroupOutput:
    """Read the group tables but for the two long ones.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    spec : StudySpec
        Gives the order of arms.

    Raises
    ------
    InputMissingError
        If the group level has left nothing.
    """
    folder = output_dir / "group"
    if not any(folder.glob("group*")):
        raise InputMissingError(
            "The output folder holds no group level.",
            path=folder,
            cure="Run the group level first.",
        )
    unreadable: list[str] = []
    record = read_json(folder / "group.json", unreadable)
    names = ("participants", "motion", "outcomes", "summary", "tests")
    tables = {name: _read(folder, name, unreadable) for name in names}
    return GroupOutput(
        folder=folder,
        **tables,
        record=record,
        arms=known_arms(
            [tables[name]["arm"] for name in ("participants", "summary", "outcomes")], spec
        ),
        unreadable=tuple(unreadable),
    )


def _read(folder: Path, name: str, unreadable: list[str]) -> pd.DataFrame:
    columns = list(GROUP_TABLES[f"group_{name}"])
    path = folder / f"group_{name}.tsv"
    try:
        table = read_table(path, text=[each for each in TEXTS if each in columns])
    except InputMissingError:
        table = pd.DataFrame(columns=columns)
    except BidsKetamineError as error:
        unreadable.append(f"{path.name} cannot be read: {error.message}")
        table = pd.DataFrame(columns=columns)
    return _typed(table.reindex(columns=columns))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Make every column that is not text or a truth value one of numbers."""
    for name in table.columns:
        if name in ("included", "applied"):
            table[name] = table[name].isin([True, "true", 1])
        elif name in TEXTS:
            table[name] = table[name].astype(object)
        else:
            table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def known_arms(found: Sequence[pd.Series], spec: StudySpec) -> tuple[str, ...]:
    """Return the arms of some columns: those of the study in its order, then others.

    Parameters
    ----------
    found : sequence of Series
        Arms in any order, with ``all`` and missing ones.
    spec : StudySpec
        Gives the order.
    """
    present = dict.fromkeys(str(each) for arms in found for each in arms.dropna())
    levels = spec.arms.levels if spec.arms is not None else ()
    ordered = [arm for arm in levels if arm in present]
    return (*ordered, *(arm for arm in present if arm not in (*ordered, "all")))


def read_long(group: GroupOutput, name: str, *, keys: pd.DataFrame | None) -> pd.DataFrame:
    """Read the rows of some measures from ``group_measures`` or ``group_changes``.

    These tables have a row for each participant and measure: millions with many regions.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    name : str
        ``measures`` or ``changes``.
    keys : DataFrame or None
        Key columns of the measures wanted; ``None`` for all.
    """
    columns = list(GROUP_TABLES[f"group_{name}"])
    path = group.folder / f"group_{name}.tsv"
    wanted = None if keys is None else set(_key_tuples(keys))
    kept = []
    for part in _parts(path, columns):
        chosen = part if wanted is None else part[[key in wanted for key in _key_tuples(part)]]
        kept.append(chosen)
    table = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)
    return _typed(table.reindex(columns=columns))


def read_motion(group: GroupOutput) -> pd.DataFrame:
    """Return mean framewise displacement: one row per participant, session and task.

    Parameters
    ----------
    group : GroupOutput
        The tables.

    Returns
    -------
    DataFrame
        ``participant_id``, ``arm``, ``session``, ``task``, ``mean_fd`` (mm).
    """
    columns = ["participant_id", "arm", "session", "task", "mean_fd"]
    path = group.folder / "group_measures.tsv"
    kept = [part.dropna(subset="mean_fd").drop_duplicates() for part in _parts(path, columns)]
    if not kept:
        return pd.DataFrame(columns=columns)
    table = pd.concat(kept, ignore_index=True)
    table["mean_fd"] = pd.to_numeric(table["mean_fd"], errors="coerce")
    return table.drop_duplicates(["participant_id", "session", "task"]).reset_index(drop=True)


def _parts(path: Path, columns: list[str]) -> Iterator[pd.DataFrame]:
    """Yield a long table in pieces; nothing more from where it is missing or damaged."""
    try:
        with pd.read_csv(
            path,
            sep="\t",
            usecols=lambda name: name in columns,
            dtype=dict.fromkeys(TEXTS, str),
            keep_default_na=False,
            na_values=["n/a"],
            quoting=csv.QUOTE_NONE,
            encoding="utf-8-sig",
            chunksize=ROWS_AT_ONCE,
        ) as pieces:
            for piece in pieces:
                yield piece.reindex(columns=columns)
    except (OSError, ValueError) as error:
        LOGGER.warning("report: %s cannot be read: %s", path, error)


def _key_tuples(table: pd.DataFrame) -> list[tuple[str, ...]]:
    filled = table[KEYS].astype(object).where(table[KEYS].notna(), "n/a")
    return list(filled.itertuples(index=False, name=None))


def without_individuals(group: GroupOutput, *, labels: Sequence[str] = ()) -> GroupOutput:
    """Take out what tells of one person: labels, their values in reasons, means of few.

    Participants get running numbers so that they can be counted.

    Parameters
    ----------
    group : GroupOutput
        The tables as they are.
    labels : sequence of str, optional
        Participants that only other tables name.
    """
    labels = sorted({*group.labels, *labels})
    numbers = {label: str(place) for place, label in enumerate(labels)}

    def scrubbed(value: Any) -> Any:
        if isinstance(value, str):
            return without_labels(value, labels)
        if isinstance(value, Mapping):
            return {without_labels(str(key), labels): scrubbed(each) for key, each in value.items()}
        return [scrubbed(each) for each in value] if isinstance(value, list) else value

    def plain(table: pd.DataFrame) -> pd.DataFrame:
        table = table.copy()
        if "participant_id" in table:
            table["participant_id"] = table["participant_id"].map(numbers).astype(object)
        if "reason" in table:
            reasons = [
                without_numbers(without_labels(each, labels)) if isinstance(each, str) else None
                for each in table["reason"]
            ]
            table["reason"] = pd.Series(reasons, index=table.index, dtype=object)
        if "n" in table:
            few = table["n"].lt(FEWEST_WITHOUT_INDIVIDUALS) & table["n"].gt(0)
            if "n_second" in table:
                few |= table["n_second"].lt(FEWEST_WITHOUT_INDIVIDUALS)
            table.loc[few, [each for each in _STATISTICS if each in table]] = float("nan")
            if "reason" in table:
                table.loc[few & table["reason"].isna(), "reason"] = FEW
        return table

    return replace(
        group,
        participants=plain(group.participants),
        motion=plain(group.motion),
        outcomes=plain(group.outcomes),
        summary=plain(group.summary),
        tests=plain(group.tests),
        record=scrubbed(dict(group.record)),
        unreadable=tuple(without_labels(each, labels) for each in group.unreadable),
    )


_STATISTICS = (
    *("mean", "sd", "ci_low", "ci_high", "estimate", "statistic", "df"),
    *("p_value", "q_value", "effect_size", "slope"),
)
FEW = f"withheld: fewer than {FEWEST_WITHOUT_INDIVIDUALS} participants"
