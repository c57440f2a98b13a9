"""Arms without their labels, until the labels are asked for.

A frozen plan holds the arms in an order drawn once. While it blinds, everything behind the reading
of the arm column sees ``arm A``, ``arm B``, ... in that order: tables, record, notes and report
follow of themselves, and the reference arm is the first of the drawn order. Variables that would
tell arms are withheld.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import pandas as pd

from bids_ketamine.outputs.plan import Plan, deviations, read_plan
from bids_ketamine.study.blinded_arms import (
    WITHHELD,
    label_pattern,
    visible_labels,
    with_blinded_arms,
    without_variables,
)
from bids_ketamine.study.load import Study
from bids_ketamine.workflows.group_sources import People
from bids_ketamine.workflows.telling_variables import NAMES, names_tell_arms, telling_variables

#: Stands for the label of an arm in a sentence, without telling which arm.
HIDDEN = "(hidden)"

#: Columns of sentences in the tables of the group level.
SENTENCES = ("reason", "reasons", "note", "notes")

#: What a sentence says of a participant whose arm column cannot be used.
NO_ARM = "`{column}` holds no arm of the study in participants.tsv"


@dataclass(frozen=True)
class Blinding:
    """What stands for the labels of arms in one run; nothing where arms are not blinded.

    Attributes
    ----------
    plan : Plan or None
        The plan of the output folder.
    own : Study
        The study with its own labels.
    labels : mapping of str to str
        What stands for each arm, in the order drawn; empty where arms are not blinded.
    withheld : tuple of str
        Variables that would tell arms.
    named : bool
        Whether the labels of participants tell arms.
    """

    plan: Plan | None
    own: Study
    labels: Mapping[str, str]
    withheld: tuple[str, ...] = ()
    named: bool = False

    @property
    def study(self) -> Study:
        """The study, with blinded arms wherever it names one, without what would tell them."""
        if not self.labels:
            return self.own
        spec = with_blinded_arms(without_variables(self.own.spec, self.withheld), self.labels)
        return replace(
            self.own,
            spec=spec,
            notices=tuple(map(self.sentence, self.own.notices)),
        )

    def arms(self, arms: Iterable[str]) -> tuple[str, ...]:
        """Return blinded arms for those of participants (empty for none).

        Parameters
        ----------
        arms : iterable of str
            As participants.tsv has them.
        """
        return tuple(self.labels.get(each, each) for each in arms)

    def people(self, people: People) -> People:
        """Return participants with blinded arms; why somebody has none does not quote the cell.

        Parameters
        ----------
        people : People
            As they were found.
        """
        arms = self.own.spec.arms
        if not self.labels or arms is None:
            return people
        unknown = f"`{arms.column}` is n/a in participants.tsv"
        reasons = {unknown: unknown}
        other = NO_ARM.format(column=arms.column)
        without = [
            replace(each, reason=reasons.get(each.reason, other)) for each in people.without_arm
        ]
        return replace(people, arms=self.arms(people.arms), without_arm=tuple(without))

    def withholding(self, bids_dir: Path, people: People) -> Blinding:
        """Return a blinding that withholds the variables of the dataset that tell arms.

        Parameters
        ----------
        bids_dir : Path
            Raw dataset.
        people : People
            Its participants, with arms of either kind.

        Raises
        ------
        InputDataError
            If a table of variables or of exclusions is damaged.
        InputMissingError
            If the table of exclusions is not there.
        """
        if not self.labels:
            return self
        withheld = telling_variables(bids_dir, self.own.spec, people, self._known)
        return replace(self, withheld=withheld, named=names_tell_arms(people, self._known))

    def sentence(self, sentence: str) -> str:
        """Return a sentence in which no arm is named.

        Parameters
        ----------
        sentence : str
            For a reader; a label of one word (`placebo`) is no sentence and stays.
        """
        arms = self.own.spec.arms
        if not self.labels or arms is None or not re.search(r"\s", sentence):
            return sentence
        column = re.escape(arms.column)
        # The cell of the arm column, however it is spelt.
        sentence = re.sub(rf"(`{column}`(?:(?!`| is ).)* is )`[^`]*`", rf"\1{HIDDEN}", sentence)
        return self._pattern.sub(HIDDEN, sentence)

    @property
    def _known(self) -> tuple[str, ...]:
        """Labels of the study's arms, and of those of the plan."""
        return (*self.labels, *(self.plan.order if self.plan is not None else ()))

    @property
    def _pattern(self) -> re.Pattern[str]:
        return label_pattern(self._known)

    @overload
    def tables(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]: ...

    @overload
    def tables(self, tables: None) -> None: ...

    def tables(self, tables: Mapping[str, pd.DataFrame] | None) -> dict[str, pd.DataFrame] | None:
        """Return tables whose sentences name no arm.

        Parameters
        ----------
        tables : mapping of str to DataFrame, or None
            Any tables of the group level; ``None`` for a method that was not run.
        """
        if tables is None:
            return None
        return {name: self._table(table) for name, table in tables.items()}

    def _table(self, table: pd.DataFrame) -> pd.DataFrame:
        columns = [each for each in SENTENCES if self.labels and each in table]
        hidden = {}
        for name in columns:
            told = {each: self.sentence(each) for each in table[name].unique() if _is_text(each)}
            if any(before != after for before, after in told.items()):
                cells = [told.get(cell, cell) for cell in table[name]]
                hidden[name] = pd.Series(cells, index=table.index, dtype=object)
        return table.assign(**hidden) if hidden else table

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what ``group.json`` holds: no arm is named, and the plan is told.

        Parameters
        ----------
        record : mapping
            What the group level did.

        Returns
        -------
        dict
            With ``Plan`` and ``Blinded`` where there is a plan.
        """
        if self.plan is None:
            return dict(record)
        hidden: dict[str, Any] = self._hidden(record)
        return hidden | {"Blinded": bool(self.labels), "Plan": self._planned()}

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.sentence(value)
        if isinstance(value, Mapping):
            return {key: self._hidden(each) for key, each in value.items()}
        return [self._hidden(each) for each in value] if isinstance(value, list | tuple) else value

    def _planned(self) -> dict[str, Any]:
        """Say what was planned and what differs, for ``group.json``."""
        plan, spec = self.plan, self.own.spec
        if plan is None:
            return {}
        return {
            "Hash": plan.hash,
            "Date": plan.date,
            "SoftwareVersion": plan.software_version,
            "ResultsBefore": plan.results_before,
            "Unblinded": plan.unblinded,
            "Differences": [
                {
                    "Path": self._word(each.path),
                    "Planned": self._without_labels(each.planned),
                    "Present": self._without_labels(each.present),
                    "AfterUnblinding": None
                    if plan.unblinded is None
                    else each not in plan.decided_blind,
                }
                for each in deviations(plan, spec)
            ],
            "Withheld": [{"Variable": each, "Reason": WITHHELD} for each in self.withheld],
            "Visible": visible_labels(spec, self.labels) + ([NAMES] if self.named else []),
        }

    def _without_labels(self, value: Any) -> Any:
        """Hide every label: even the order of arms in the study would tell who is who."""
        if isinstance(value, Mapping):
            return {self._word(str(k)): self._without_labels(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self._without_labels(each) for each in value]
        return self._word(value) if isinstance(value, str) else value

    def _word(self, word: str) -> str:
        if not self.labels or self.plan is None:
            return word
        if word in self.labels or word in self.plan.order:
            return HIDDEN
        return self._pattern.sub(HIDDEN, word)


def open_blinding(output_dir: Path, study: Study) -> Blinding:
    """Return what stands for the labels of arms in a run on an output folder.

    Parameters
    ----------
    output_dir : Path
        Output folder; its plan decides.
    study : Study
        The study of this run, with its own labels.

    Raises
    ------
    InputDataError
        If the plan is damaged.
    ReadWriteError
        If it cannot be read.
    """
    return blinding(study, read_plan(output_dir))


def blinding(study: Study, plan: Plan | None) -> Blinding:
    """Return what stands for the labels of a study's arms.

    Parameters
    ----------
    study : Study
        The study of this run.
    plan : Plan or None
        The plan; without one nothing is blinded.
    """
    arms = study.spec.arms
    blinded = plan is not None and plan.blinds and arms is not None
    labels = plan.arm_labels(arms.levels) if blinded and plan and arms else {}
    return Blinding(plan=plan, own=study, labels=labels)


def blinded_study(study: Study, plan: Plan | None) -> Study:
    """Return a study with blinded arms wherever it names one; as it is where nothing is blinded.

    Parameters
    ----------
    study : Study
        The study with its own labels.
    plan : Plan or None
        The plan.
    """
    return blinding(study, plan).study


def blinded_arms(arms: Sequence[str], study: Study, plan: Plan | None) -> tuple[str, ...]:
    """Return blinded arms of participants; as they are where nothing is blinded.

    Parameters
    ----------
    arms : sequence of str
        Arm of each participant, empty for none.
    study : Study
        The study with its own labels.
    plan : Plan or None
        The plan.
    """
    return blinding(study, plan).arms(arms)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
