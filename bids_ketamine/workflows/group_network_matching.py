"""Pairs of patients and controls who are alike in covariates, motion and usable time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.matching.assignment import match_pairs
from bids_ketamine.core.matching.balance import balance
from bids_ketamine.core.matching.covariates import Covariate, Kind, known
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.errors import InputMissingError
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.measures_files import read_json
from bids_ketamine.study.spec import ControlsSpec, StudySpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_network_sessions import RestingSessions, parts_of_sessions

MATCHING, BALANCE = "group_matching", "group_balance"

#: Covariates that the scans tell.
MEAN_FD, MINUTES = "mean_fd", "minutes"

NO_SCAN = "no session with network connectivity in group statistics"


@dataclass(frozen=True, kw_only=True)
class MatchedGroups:
    """Who is paired with whom.

    Attributes
    ----------
    pairs : DataFrame or None
        ``patient``, ``control``, ``distance``; None where there is nothing to match on.
    tables : mapping of str to DataFrame
        ``group_matching`` and ``group_balance``.
    notes : tuple of str
        What a reader should know.
    """

    pairs: pd.DataFrame | None
    tables: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Scans:
    """Scans that the matching is about.

    Attributes
    ----------
    data : GroupData
        Measures.
    collected : CollectedOutputs
        Outputs of the participant level, with their sidecars.
    resting : RestingSessions
        Sessions that go in.
    patients, controls : tuple of str
        Participants.
    patient_sessions, control_sessions : tuple of str
        Sessions of which motion and usable time are meant, the mean of them.
    compared_sessions : tuple of str
        Sessions of the patients of which any must go in.
    """

    data: GroupData
    collected: CollectedOutputs
    resting: RestingSessions
    patients: tuple[str, ...]
    controls: tuple[str, ...]
    patient_sessions: tuple[str, ...]
    control_sessions: tuple[str, ...]
    compared_sessions: tuple[str, ...]


def matched_groups(
    spec: StudySpec, section: ControlsSpec, *, bids_dir: Path, scans: Scans
) -> MatchedGroups | None:
    """Pair each patient with one control so that they differ least in sum.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : ControlsSpec
        Its section on controls.
    bids_dir : Path
        Raw dataset.
    scans : Scans
        Who was scanned, and when.

    Returns
    -------
    MatchedGroups or None
        None where the study names no covariate.

    Raises
    ------
    InputDataError
        If the table of a covariate is damaged.
    """
    if not section.matching:
        return None
    table, kinds, notes = _covariates(spec, section, bids_dir, scans)
    scanned = {
        "patients": _scanned(scans, scans.patients, scans.compared_sessions),
        "controls": _scanned(scans, scans.controls, scans.control_sessions),
    }
    groups = {name: table.reindex(list(who)) for name, who in scanned.items()}
    # A covariate that nobody of a group has would leave everybody without a partner.
    unknown = [
        name
        for name, kind in kinds.items()
        if not all(known(group, name, kind).any() for group in groups.values() if len(group))
    ]
    if unknown:
        notes.append(f"Nobody is matched on {listed(unknown)}: not known in patients or controls.")
    covariates = {
        name: Covariate(kind=kind, exact=name in section.exact)
        for name, kind in kinds.items()
        if name not in unknown
    }
    if not covariates:
        notes.append("Patients and controls are not matched: no covariate of it is known.")
        return MatchedGroups(pairs=None, tables={}, notes=tuple(notes))
    found = match_pairs(
        groups["patients"],
        groups["controls"],
        covariates=covariates,
        metric="standardized",
        caliper=section.caliper,
    )
    described = balance(
        groups["patients"],
        groups["controls"],
        covariates=covariates,
        matching=found,
        with_tests=False,
        yates=False,
    )
    unscanned = [
        {"participant": who, "group": name, "reason": NO_SCAN}
        for name, everybody in (("patients", scans.patients), ("controls", scans.controls))
        for who in everybody
        if who not in scanned[name]
    ]
    unmatched = pd.concat([found.unmatched, pd.DataFrame(unscanned)], ignore_index=True)
    notes.append(
        f"{len(found.pairs)} pairs of a patient and a control were matched on "
        f"{listed(covariates)}; {len(groups['patients'])} patients and {len(groups['controls'])} "
        "controls have network connectivity in group statistics."
    )
    return MatchedGroups(
        pairs=found.pairs,
        tables={
            MATCHING: _matching_table(found.pairs, unmatched),
            BALANCE: described.rows[list(NETWORK_TABLES[BALANCE])],
        },
        notes=tuple(notes),
    )


def _matching_table(pairs: pd.DataFrame, unmatched: pd.DataFrame) -> pd.DataFrame:
    """Return pairs, then patients and controls in none of them."""
    rows = pairs.to_dict("records")
    columns = {"patients": "patient", "controls": "control"}
    for group, column in columns.items():
        rows += [
            {column: row["participant"], "reason": row["reason"]}
            for row in unmatched.to_dict("records")
            if row["group"] == group
        ]
    return pd.DataFrame(rows, columns=list(NETWORK_TABLES[MATCHING]))


def _scanned(scans: Scans, participants: Sequence[str], sessions: Sequence[str]) -> tuple[str, ...]:
    """Return the participants of whom any of the sessions goes in.

    A mean of sessions may be out where a part of it is in: with the session after treatment, its
    only comparison, while two baselines are still compared with each other.
    """
    return tuple(
        who for who in participants if any(scans.resting.enters(who, each) for each in sessions)
    )


def _places(scans: Scans, sessions: Sequence[str], spec: StudySpec) -> list[int]:
    """Return the positions of sessions of the dataset: of parts, where one is their mean."""
    parts = parts_of_sessions(spec)
    own = dict.fromkeys(part for session in sessions for part in parts[session])
    times = scans.data.measures.sessions
    return [times.index(each) for each in own if each in times]


def _covariates(
    spec: StudySpec, section: ControlsSpec, bids_dir: Path, scans: Scans
) -> tuple[pd.DataFrame, dict[str, Kind], list[str]]:
    """Return the covariates of everybody, the kind of each, and what is not there."""
    people = [*scans.patients, *scans.controls]
    table = pd.DataFrame(index=pd.Index(people, name="participant_id"))
    kinds: dict[str, Kind] = {}
    notes: list[str] = []
    variables = {each.name: each for each in spec.participant_variables}
    for name in section.matching:
        if name in variables:
            try:
                found = variable_table(bids_dir, spec, (variables[name],))
            except InputMissingError as error:
                notes.append(f"Nobody is matched on {name}: {error.message}")
                continue
            if name not in found.values:
                why = "; ".join(each.reason.rstrip(".") for each in found.skipped)
                notes.append(f"Nobody is matched on {name}: {why}.")
                continue
            table[name] = found.values[name].reindex(people)
            kinds[name] = "categorical" if variables[name].kind == "categorical" else "numeric"
        elif name in (MEAN_FD, MINUTES):
            of_session, note = _displacement(spec, scans), ""
            if name == MINUTES:
                of_session, note = _usable_time(spec, scans)
            notes += [note] if note else []
            table[name] = [
                *_means(of_session, scans, scans.patients, scans.patient_sessions, spec),
                *_means(of_session, scans, scans.controls, scans.control_sessions, spec),
            ]
            kinds[name] = "numeric"
    return table, kinds, notes


def _means(
    of_session: FloatArray,
    scans: Scans,
    participants: Sequence[str],
    sessions: Sequence[str],
    spec: StudySpec,
) -> list[float]:
    """Return the mean over those of some sessions that go in, for each participant."""
    places = _places(scans, sessions, spec)
    found = []
    for who in participants:
        row = scans.data.measures.participants.index(who)
        values = of_session[row, places][scans.resting.included[row, places]]
        finite = values[np.isfinite(values)]
        found.append(float(finite.mean()) if finite.size else np.nan)
    return found


def _usable_time(spec: StudySpec, scans: Scans) -> tuple[FloatArray, str]:
    """Return usable minutes, participants x sessions; volumes where not all sessions tell them."""
    measures = scans.data.measures
    minutes = np.full(measures.value.shape[:2], np.nan)
    is_told = True
    for each in scans.collected.sessions:
        if (
            each.session not in measures.sessions
            or each.participant_id not in measures.participants
        ):
            continue
        cell = (
            measures.participants.index(each.participant_id),
            measures.sessions.index(each.session),
        )
        if scans.resting.included[cell]:
            cleaning = read_json(each.path.with_suffix(".json")).get("Cleaning")
            told = cleaning.get("Minutes") if isinstance(cleaning, dict) else None
            minutes[cell] = told if isinstance(told, int | float) else np.nan
            is_told = is_told and bool(np.isfinite(minutes[cell]))
    if is_told:
        return minutes, ""
    kept = measures.n_volumes_kept[:, :, _of_rest(spec, scans)]
    return np.fmin.reduce(kept, axis=2, initial=np.nan), (
        "Usable time is the number of volumes kept: not every session tells its minutes."
    )


def _displacement(spec: StudySpec, scans: Scans) -> FloatArray:
    """Return mean framewise displacement, participants x sessions."""
    displacement = scans.data.measures.mean_fd[:, :, _of_rest(spec, scans)]
    return np.fmax.reduce(displacement, axis=2, initial=np.nan)


def _of_rest(spec: StudySpec, scans: Scans) -> np.ndarray:
    return scans.data.measures.of_task(spec.rest.task if spec.rest is not None else "")
