"""Participants and sessions of a dataset: which exist, which are wanted."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.clinical import PARTICIPANTS, ClinicalTable, read_clinical_table
from bids_ketamine.dataset.names import listed, natural_order, strip_prefix
from bids_ketamine.dataset.spelling import near_text, nearest, nearest_label, shown
from bids_ketamine.errors import InputDataError, InputMissingError, NothingSelectedError
from bids_ketamine.study.spec import SessionSpec

LOGGER = logging.getLogger("bids_ketamine")

#: What BIDS lets a label be made of.
LABEL = re.compile(r"[A-Za-z0-9+]+")


def folder_labels(folder: Path, prefix: str) -> set[str]:
    """Return the labels of the sub-folders whose names start with `sub-` or `ses-`.

    A label becomes part of file names, pages and paths: one that BIDS does not allow is passed
    over, and told.
    """
    try:
        with os.scandir(folder) as entries:
            labels = {
                entry.name.removeprefix(f"{prefix}-")
                for entry in entries
                if entry.name.startswith(f"{prefix}-") and entry.is_dir()
            }
    except (FileNotFoundError, NotADirectoryError):
        return set()
    odd = {label for label in labels if not LABEL.fullmatch(label)}
    if odd:
        LOGGER.warning(
            "Passed over in `%s`: %s. BIDS labels are made of letters and digits.",
            *(folder.name, listed(f"{prefix}-{shown(label)}" for label in natural_order(odd))),
        )
    return labels - odd


def select_participants(roots: Iterable[Path], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the participants to work on, in natural order.

    Parameters
    ----------
    roots : iterable of Path
        Roots of the raw dataset and of the derivatives; their `sub-` folders count.
    wanted : sequence of str or None
        Labels with or without ``sub-``; everybody where ``None``.

    Raises
    ------
    NothingSelectedError
        If there are no participants, or a wanted one is unknown.
    """
    places = tuple(roots)
    known = set().union(*(folder_labels(root, "sub") for root in places))
    if not known:
        raise NothingSelectedError(
            "The dataset has no participants: no folder starts with `sub-`.", path=places[0]
        )
    if wanted is None:
        return tuple(natural_order(known))
    labels = {strip_prefix(label, "sub") for label in wanted}
    unknown = natural_order(labels - known)
    if unknown:
        near = near_text(nearest_label(unknown[0], natural_order(known)))
        raise NothingSelectedError(
            f"There is no participant {_quoted(unknown)}{near}; "
            f"participants: {listed(natural_order(known))}.",
            path=places[0],
        )
    return tuple(natural_order(labels))


@dataclass(frozen=True)
class SessionLabel:
    """Label of a session for one participant, or the reason why there is none.

    Attributes
    ----------
    label : str or None
        Label without ``ses-``; ``None`` where there are no session folders, and where the
        label cannot be told.
    reason : str or None
        Why the label cannot be told.
    """

    label: str | None
    reason: str | None = None


class SessionRules:
    """How the label of a session is found: stated, absent, or from participants.tsv.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    sessions : sequence of SessionSpec
        Sessions of the study.

    Raises
    ------
    InputMissingError
        If a session depends on participants.tsv and it is not there.
    InputDataError
        If that table lacks a column, or names a participant twice.
    """

    def __init__(self, bids_dir: Path, sessions: Sequence[SessionSpec]) -> None:
        self.clinical: ClinicalTable | None = None
        depending = [session for session in sessions if session.column]
        if not depending:
            return
        path = bids_dir / "participants.tsv"
        if not path.exists():
            raise InputMissingError(
                f"The session `{depending[0].name}` depends on the column "
                f"`{depending[0].column}` of participants.tsv, which is not there.",
                path=path,
                cure="Add the table, or state `label` for the session in the study file.",
            )
        self.clinical = read_clinical_table(bids_dir, PARTICIPANTS)
        if self.clinical.has_sessions:
            raise InputDataError(
                f"The session `{depending[0].name}` depends on the column "
                f"`{depending[0].column}`, one value a participant; the table has a column "
                "`session_id`.",
                path=path,
                cure="Keep one row for each participant, or state `label` for the session.",
            )
        for session in depending:
            self.clinical.table.position(
                session.column or "", purpose=f", which decides the session `{session.name}`"
            )

    def label(self, session: SessionSpec, participant: str) -> SessionLabel:
        """Return the label of a session for a participant (without ``sub-``)."""
        if session.unlabelled:
            return SessionLabel(None)
        if not session.column or self.clinical is None:
            return SessionLabel(session.label or session.name)
        row = self.clinical.rows.get((participant, None))
        if row is None:
            near = self.clinical.near(participant, None)
            return SessionLabel(None, f"sub-{participant} has no row in participants.tsv{near}")
        table = self.clinical.table
        value = table.text(row, table.position(session.column))
        where = f"of sub-{participant} in participants.tsv"
        if value is None:
            return SessionLabel(None, f"`{session.column}` {where} is n/a")
        label = session.labels.get(value)
        if label is None:
            near = near_text(nearest(value, session.labels))
            return SessionLabel(
                None,
                f"`{session.column}` {where} is `{shown(value)}`; the study knows "
                f"{listed(f'`{known}`' for known in session.labels)}{near}",
            )
        return SessionLabel(label)


def _quoted(labels: Iterable[str]) -> str:
    return listed(f"`{label}`" for label in labels)
