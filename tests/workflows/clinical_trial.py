"""A trial of clinical scores, made cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.group.adjustment import adjust_for_motion
from bids_ketamine.core.group.exclusions import ListedExclusion
from bids_ketamine.core.group.measures import arrange_measures
from bids_ketamine.core.group.outcomes import outcomes_table
from bids_ketamine.dataset.names import natural_order
from bids_ketamine.dataset.outcomes import outcome_scores
from bids_ketamine.dataset.participants import participant_arms
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group_clinical import ClinicalOutputs, group_clinical
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_sources import People

NAN = float("nan")

STUDY = """
name: tiny
sessions: {pre: {label: pre}, post: {label: post}}
changes: {change: {first: pre, second: post}}
arms: {column: arm, levels: [placebo, drug]}
outcomes:
  caps: {table: caps, column: total}
"""

#: Arm, and the scores before and after, of six participants.
ARMS = ("placebo", "drug", "placebo", "drug", "placebo", "drug")
BEFORE = (40.0, 44.0, 36.0, 38.0, 41.0, 47.0)
AFTER = (38.0, 30.0, 35.0, 27.0, 36.0, 36.0)

CELLS = "resting_connectivity", "rest", None, "amygdala~insula", "Fisher z"
MEASURE = "resting_connectivity rest amygdala~insula"


class ClinicalFolder:
    """A dataset of tables alone and a study of scores."""

    def __init__(self, folder: Path, study: str = STUDY) -> None:
        self.bids = folder / "bids"
        (self.bids / "phenotype").mkdir(parents=True)
        (self.bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
        self.study = folder / "study.yml"
        self.study.write_text(study)

    def participants(self, n: int = len(ARMS), **columns: Sequence[object]) -> None:
        """Write participants.tsv; the arms are the usual ones unless given."""
        names = [f"sub-{number:02d}" for number in range(1, n + 1)]
        table = pd.DataFrame({"participant_id": names, "arm": list(ARMS * n)[:n]})
        table = table.assign(**{name: list(cells) for name, cells in columns.items()})
        table.to_csv(self.bids / "participants.tsv", sep="\t", index=False, na_rep="n/a")

    def scores(
        self,
        sessions: Mapping[str, Sequence[Any]],
        *,
        table: str = "caps",
        column: str = "total",
    ) -> None:
        """Write a table of scores: by session, the score of each participant."""
        rows = [
            {"participant_id": f"sub-{one:02d}", "session_id": f"ses-{session}", column: score}
            for session, scores in sessions.items()
            for one, score in enumerate(scores, start=1)
        ]
        self.write(pd.DataFrame(rows), table)

    def write(self, rows: pd.DataFrame, table: str) -> None:
        rows.to_csv(self.bids / "phenotype" / f"{table}.tsv", sep="\t", index=False, na_rep="n/a")

    def results(self, measures: Mapping[str, Sequence[float]] | None = None) -> ClinicalOutputs:
        """Return what the clinical part of the group level makes of it."""
        spec = load_study(str(self.study)).spec
        people = self.people()
        outcomes = outcomes_table(
            scores=outcome_scores(self.bids, spec),
            participants=people.participants,
            arms=people.arms,
        )
        data = None if measures is None else imaging(people.participants, measures)
        return group_clinical(spec, bids_dir=self.bids, people=people, outcomes=outcomes, data=data)

    def people(self) -> People:
        arms = participant_arms(self.bids, load_study(str(self.study)).spec)
        names = tuple(natural_order(arms.index))
        return People(
            participants=names,
            arms=tuple(arms["arm"].astype(object).fillna("")[list(names)]),
            without_arm=tuple(
                ListedExclusion(participant=str(name), session=None, task=None, reason=str(why))
                for name, why in arms["reason"].dropna().items()
            ),
        )


def six(folder: Path, study: str = STUDY) -> ClinicalFolder:
    """Return the usual six participants."""
    trial = ClinicalFolder(folder, study)
    trial.participants()
    trial.scores({"pre": BEFORE, "post": AFTER})
    return trial


def imaging(participants: Sequence[str], measures: Mapping[str, Sequence[float]]) -> GroupData:
    """Return one imaging measure by session, without motion; NaN is left out."""
    names = ("measure", "task", "contrast", "regions", "unit")
    rows = pd.DataFrame(
        [
            {"participant_id": who, "session": session, "value": value}
            | dict(zip(names, CELLS, strict=True))
            for session, values in measures.items()
            for who, value in zip(participants, values, strict=True)
        ]
    )
    for name in ("participant_id", "session", *names):
        rows[name] = pd.Categorical(rows[name])
    rows["reason"] = pd.Categorical(
        ["no voxels" if np.isnan(each) else None for each in rows["value"]]
    )
    for name in ("mean_fd", "n_volumes_kept", "coverage", "coverage_second"):
        rows[name] = NAN
    arranged = arrange_measures(rows=rows, participants=participants, sessions=list(measures))
    motion = adjust_for_motion(
        measures=arranged,
        included=np.isfinite(arranged.value),
        reason=arranged.reason,
        residualize=False,
    )
    exclusions = np.full((len(participants), len(measures), 1), "", dtype=object)
    return GroupData(measures=arranged, tasks=("rest",), exclusions=exclusions, motion=motion)


def only(table: pd.DataFrame, **cells: object) -> pd.Series:
    """Return the one row with these cells."""
    for name, cell in cells.items():
        table = table[table[name] == cell]
    assert len(table) == 1, table
    return table.iloc[0]
