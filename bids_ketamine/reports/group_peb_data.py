"""Tables of parametric empirical Bayes (PEB), with or without what tells of one person."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.words import is_absent, text, without_labels, without_numbers
from bids_ketamine.reports.written_tables import read_written_table

#: Key of ``group.json``.
RECORD = "ParametricEmpiricalBayes"
#: The level that equals SPM's, and the one that outlying participants cannot drive.
GAUSSIAN, STUDENT = "gaussian", "student_t"
#: Arms compared over the participants of both, and over the PEBs of each as SPM12 can do it.
SECOND, THIRD = "second", "third"
#: What tells one PEB from another, beside its level.
SCOPE = ("model", "task", "analysis", "arm")

_TEXTS = (
    *SCOPE,
    *(
        "level",
        "distribution",
        "effect",
        "parameter",
        "field",
        "source",
        "target",
        "modulator",
        "unit",
    ),
    *("participant_id", "session", "columns", "left_out", "most_influential", "reason", "doubts"),
)
_TRUTHS = ("included", "converged")
#: What leaving out each participant gave.
_RANGE = ("estimate_lowest", "estimate_highest", "probability_lowest")
_EFFECT = (
    *("estimate", "standard_deviation", "interval_low", "interval_high", "posterior_probability"),
    *("model_probability", "averaged_estimate", "averaged_standard_deviation"),
    *("log_bayes_factor", *_RANGE),
)
_FIT = (
    *("free_energy", "iterations", "improvement_mean", "improvement_standard_deviation"),
    *("spread_p", "outlier_p", "session_correlation_p"),
)
_PERSON = ("improvement", "weight", "explained_variance_first", "explained_variance_second")

#: What the report reads of each table.
PEB_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "group_peb": (
        *(*SCOPE, "level", "distribution", "effect", "parameter", "field", "source", "target"),
        *("modulator", "unit", "n", *_EFFECT, "most_influential", "reason"),
    ),
    "group_peb_fits": (*SCOPE, "level", "distribution", "n", "n_models", "columns", *_FIT,
                       "converged", "reason"),
    "group_peb_participants": ("participant_id", "arm", "model", "task", "analysis", "included",
                               "reason", *_PERSON, "doubts"),
    "group_peb_estimates": (
        *("participant_id", "arm", "model", "task", "analysis", "session", "parameter", "unit"),
        *("estimate", "reevaluated", "improvement"),
    ),
    "group_peb_sensitivity": (*SCOPE, "level", "effect", "parameter", "left_out", "estimate",
                              "standard_deviation", "posterior_probability"),
}  # fmt: skip

#: A number that is no part of a name.
NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.]*\w)")

FEW = f"withheld: fewer than {FEWEST_WITHOUT_INDIVIDUALS} participants"


@dataclass(frozen=True)
class PebOutput:
    """Tables of PEB in ``group/``; one that is missing is empty.

    Attributes
    ----------
    effects, fits, participants, estimates, sensitivity : DataFrame
        ``group_peb``, ``group_peb_fits`` and so on.
    missing : tuple of str
        Files that are not there, or hold nothing, while others do.
    unreadable : tuple of str
        Files that are there and cannot be read, with the reason.
    """

    effects: pd.DataFrame
    fits: pd.DataFrame
    participants: pd.DataFrame
    estimates: pd.DataFrame
    sensitivity: pd.DataFrame
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def models(self) -> list[tuple[str, str]]:
        """Name and task of each model that a table knows."""
        tables = (self.effects, self.fits, self.participants)
        found = pd.concat([each[["model", "task"]] for each in tables]).drop_duplicates()
        pairs = found.itertuples(index=False, name=None)
        return list(dict.fromkeys((str(name), text(task, "")) for name, task in pairs))

    def of(self, model: str, task: str) -> PebOutput:
        """Return the tables of one model."""

        def own(table: pd.DataFrame) -> pd.DataFrame:
            here = (table["model"] == model) & (table["task"].fillna("") == task)
            return table[here].reset_index(drop=True)

        return replace(
            self,
            effects=own(self.effects),
            fits=own(self.fits),
            participants=own(self.participants),
            estimates=own(self.estimates),
            sensitivity=own(self.sensitivity),
        )

    @property
    def labels(self) -> list[str]:
        """Every participant that a table names."""
        columns = (
            self.participants["participant_id"],
            self.estimates["participant_id"],
            self.sensitivity["left_out"],
            self.effects["most_influential"],
        )
        return sorted({str(each) for column in columns for each in column.dropna()})


def read_peb(output_dir: Path) -> PebOutput:
    """Read the tables of PEB; none has to be there.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    """
    folder = output_dir / "group"
    unreadable: list[str] = []
    tables = {name: _read(folder / f"{name}.tsv", name, unreadable) for name in PEB_COLUMNS}
    damaged = " ".join(unreadable)
    empty = [f"{name}.tsv" for name, table in tables.items() if table.empty]
    missing = tuple(name for name in empty if name not in damaged)
    effects, fits, participants, estimates, sensitivity = tables.values()
    return PebOutput(
        effects, fits, participants, estimates, sensitivity, missing, tuple(unreadable)
    )


def _read(path: Path, name: str, unreadable: list[str]) -> pd.DataFrame:
    return read_written_table(
        path,
        columns=list(PEB_COLUMNS[name]),
        texts=_TEXTS,
        truths=_TRUTHS,
        key="model",
        unreadable=unreadable,
    )


def compared_arms(arm: str, arms: Collection[str]) -> tuple[str, str] | None:
    """Return the two arms of a difference, None where the name is no difference.

    Parameters
    ----------
    arm : str
        As tables name it.
    arms : collection of str
        Arms of the study.

    Examples
    --------
    >>> compared_arms("ketamine - midazolam", ["midazolam", "ketamine"])
    ('ketamine', 'midazolam')
    >>> compared_arms("ketamine", ["midazolam", "ketamine"]) is None
    True
    """
    pairs = ((one, other) for one in arms for other in arms if one != other)
    return next((pair for pair in pairs if " - ".join(pair) == arm), None)


def known_arms(peb: PebOutput, arms: Sequence[str]) -> list[str]:
    """Return the arms of the study, then others that the tables have results of.

    Parameters
    ----------
    peb : PebOutput
        The tables.
    arms : sequence of str
        Arms of the study.
    """
    names = [str(each) for each in dict.fromkeys(peb.effects["arm"].dropna()) if each != "all"]
    single = [name for name in names if compared_arms(name, [*arms, *names]) is None]
    return list(dict.fromkeys([*arms, *single]))


def without_persons(peb: PebOutput, *, arms: Sequence[str], labels: Collection[str]) -> PebOutput:
    """Take out labels, values of one person, and what rests on fewer than three.

    What was found when each participant was left out goes where that leaves fewer than three.
    A difference of arms rests on the smaller of them.

    Parameters
    ----------
    peb : PebOutput
        The tables as they are.
    arms : sequence of str
        Arms of the study.
    labels : collection of str
        Participants that other tables name.
    """
    known, arms = {*labels, *peb.labels}, known_arms(peb, arms)
    names = {label: str(place) for place, label in enumerate(sorted(known))}

    def plain(reason: Any) -> str | None:
        if not isinstance(reason, str):
            return None
        return without_numbers(without_labels(reason, known))

    people = peb.participants.copy()
    people["participant_id"] = people["participant_id"].map(names).astype(object)
    bare = [NUMBER.sub("…", each) if each else None for each in map(plain, people["reason"])]
    people["reason"] = pd.Series(bare, people.index, dtype=object)
    people[list(_PERSON)] = np.nan
    people["doubts"] = None
    effects, fits = _withheld(peb.effects, _EFFECT, arms), _withheld(peb.fits, _FIT, arms)
    effects["most_influential"] = None
    for table in (effects, fits):
        table["reason"] = pd.Series(map(plain, table["reason"]), table.index, dtype=object)
    return replace(
        peb,
        effects=effects,
        fits=fits,
        participants=people,
        estimates=peb.estimates.iloc[:0],
        sensitivity=peb.sensitivity.iloc[:0],
        unreadable=tuple(without_labels(each, known) for each in peb.unreadable),
    )


def _withheld(table: pd.DataFrame, columns: Sequence[str], arms: Sequence[str]) -> pd.DataFrame:
    table = table.copy()
    sizes: dict[tuple[Any, ...], float] = {}
    for row in table[[*SCOPE, "n"]].itertuples(index=False, name=None):
        sizes[tuple(map(text, row[:-1]))] = row[-1]

    def smallest(row: tuple[Any, ...]) -> float:
        key = tuple(map(text, row[:-1]))
        pair = compared_arms(key[-1], arms) or ()
        own = [row[-1], *(sizes.get((*key[:-1], arm), 0.0) for arm in pair)]
        return float(min(np.nan_to_num(own)))  # a size that is not known is none

    found = [smallest(row) for row in table[[*SCOPE, "n"]].itertuples(index=False, name=None)]
    n = pd.Series(found, index=table.index, dtype=np.float64)
    few = n < FEWEST_WITHOUT_INDIVIDUALS
    table.loc[few, list(columns)] = np.nan
    table.loc[few & table["reason"].map(is_absent).astype(bool), "reason"] = FEW
    if _RANGE[0] in table:
        table.loc[n - 1 < FEWEST_WITHOUT_INDIVIDUALS, list(_RANGE)] = np.nan
    return table
