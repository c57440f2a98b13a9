"""Who clinical statistics are about, their scores, and what a part of them returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import arm_members
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.core.group.outcomes import WITHOUT_SCORES
from bids_ketamine.dataset.exclusions import listed_exclusions
from bids_ketamine.dataset.outcomes import session_scores
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.study.baseline import baseline_session
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_outcomes import outcome_of
from bids_ketamine.workflows.group_sources import People


@dataclass(frozen=True, kw_only=True)
class ClinicalPeople:
    """Participants of clinical statistics.

    Attributes
    ----------
    everybody : tuple of str
        Participants of the dataset.
    arm_of : mapping of str to str
        Arm of each; empty for none.
    levels : tuple of str
        Arms of the study in order; none for a study without arms.
    left_out : mapping of str to str
        Those who are not in clinical statistics, and why.
    """

    everybody: tuple[str, ...]
    arm_of: Mapping[str, str]
    levels: tuple[str, ...]
    left_out: Mapping[str, str]

    @property
    def included(self) -> tuple[str, ...]:
        """Those who are."""
        return tuple(each for each in self.everybody if each not in self.left_out)

    def members(self) -> dict[str, BoolArray]:
        """Return which of the included belong to everybody, and to each arm."""
        arms = [self.arm_of[each] for each in self.included]
        return arm_members(arms=arms, levels=self.levels)


@dataclass(frozen=True, kw_only=True)
class ClinicalTrial:
    """What all parts of the clinical statistics are computed from.

    Attributes
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset.
    people : ClinicalPeople
        Who takes part.
    scores : DataFrame
        ``participant_id``, ``outcome``, ``session``, ``score`` and ``reason`` of everybody, for
        the sessions that each outcome can have.
    outcomes : DataFrame
        Table of clinical improvement.
    data : GroupData or None
        Imaging measures; None in a study of scores alone.
    random_seed : int
        Seed of bootstraps.
    """

    spec: StudySpec
    bids_dir: Path
    people: ClinicalPeople
    scores: pd.DataFrame
    outcomes: pd.DataFrame
    data: GroupData | None
    random_seed: int

    def sessions_of(self, outcome: str) -> tuple[str, ...]:
        """Return the sessions that an outcome can have, in the order of the study."""
        found = set(self.scores.loc[self.scores["outcome"] == outcome, "session"])
        return tuple(each.name for each in self.spec.sessions if each.name in found)

    def baseline_session(self, outcome: str) -> str | None:
        """Return the session of an outcome that is before all treatment; None if it has none."""
        return baseline_session(self.spec, outcome_of(self.spec, outcome))

    def scores_of(
        self, outcome: str, participants: Sequence[str], sessions: Sequence[str]
    ) -> tuple[FloatArray, np.ndarray]:
        """Return scores of an outcome and why they are missing.

        Parameters
        ----------
        outcome : str
            Name of the outcome.
        participants, sessions : sequence of str
            Whose scores and when, in this order.

        Returns
        -------
        scores : ndarray of shape (n_participants, n_sessions)
            Unit of the outcome; NaN where missing.
        reasons : ndarray of object, the same shape
            Empty where a score is there.
        """
        rows = self.scores[self.scores["outcome"] == outcome]
        wanted = pd.MultiIndex.from_product([list(participants), list(sessions)])
        found = rows.set_index(["participant_id", "session"]).reindex(wanted)
        scores = found["score"].to_numpy(dtype=np.float64)
        told = found["reason"].to_numpy(dtype=object)
        reasons = np.where(pd.isna(told), WITHOUT_SCORES, told)
        reasons[np.isfinite(scores)] = ""
        shape = (len(participants), len(sessions))
        return scores.reshape(shape), reasons.reshape(shape)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a part of the clinical statistics found.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        By the stem of the file's name.
    notes : tuple of str
        Sentences on what was left out and why; they name no participant.
    absent : tuple of str
        Variables of participants that the part wants and that are not in the dataset.
    """

    tables: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def clinical_people(spec: StudySpec, bids_dir: Path, people: People) -> ClinicalPeople:
    """Tell who is in clinical statistics: whoever has an arm, whatever their images are like.

    Parameters
    ----------
    spec : StudySpec
        The study; its table of exclusions leaves out those whom it excludes as a whole.
    bids_dir : Path
        Raw dataset.
    people : People
        Participants of the dataset, with arms.

    Raises
    ------
    InputDataError, InputMissingError
        If the table of exclusions is damaged or not there.
    """
    levels = spec.arms.levels if spec.arms is not None else ()
    left_out = {each.participant: f"no arm: {each.reason}" for each in people.without_arm}
    if spec.exclusions.file is not None:
        listed = listed_exclusions(
            Path(spec.exclusions.file),
            bids_dir=bids_dir,
            spec=spec,
            participants=people.participants,
        )
        left_out |= {
            each.participant: f"excluded: {each.reason}"
            for each in listed
            if each.session is None and each.task is None
        }
    return ClinicalPeople(
        everybody=people.participants,
        arm_of=dict(zip(people.participants, people.arms, strict=True)),
        levels=levels,
        left_out=left_out,
    )


def clinical_scores(spec: StudySpec, bids_dir: Path, people: ClinicalPeople) -> pd.DataFrame:
    """Return the scores of everybody, by participant, outcome and session.

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset.
    people : ClinicalPeople
        Participants.

    Returns
    -------
    DataFrame
        ``participant_id``, ``outcome``, ``session``, ``score``, ``reason``.

    Raises
    ------
    InputDataError, InputMissingError
        If a table of scores is damaged or not there.
    """
    keys = ["participant_id", "outcome", "session"]
    found = session_scores(bids_dir, spec)
    pairs = list(dict.fromkeys(zip(found["outcome"], found["session"], strict=True)))
    order = {each.name: place for place, each in enumerate(spec.sessions)}
    pairs.sort(key=lambda pair: order[pair[1]])
    names = [each.name for each in spec.outcomes]
    wanted = [
        (participant, outcome, session)
        for participant in people.everybody
        for outcome in names
        for own, session in pairs
        if own == outcome
    ]
    rows = found.set_index(keys).reindex(pd.MultiIndex.from_tuples(wanted, names=keys))
    told = rows["reason"].to_numpy(dtype=object)
    known = rows["score"].notna().to_numpy()
    rows["reason"] = np.where(known, "", np.where(pd.isna(told), WITHOUT_SCORES, told))
    return rows.reset_index()[[*keys, "score", "reason"]]


def clinical_table(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a table from its rows, cells that a row does not have missing.

    Parameters
    ----------
    name : str
        Stem of the file's name.
    rows : sequence of mapping
        Cells by column.
    """
    return pd.DataFrame(list(rows), columns=list(CLINICAL_TABLES[name]))
