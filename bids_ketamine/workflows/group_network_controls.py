"""Patients against controls in the connectivity of networks (methods row B9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import ALL
from bids_ketamine.core.group.measures import KEY_COLUMNS
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.group.t_tests import student_t_test
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.study.measure_names import network_measures
from bids_ketamine.study.spec import ControlsSpec, StudySpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_sources import People

CONTROLS = "group_controls"
EVERYBODY, MATCHED = "everybody", "matched"

#: Columns of a test that are numbers, by the name of its field.
_FIELDS = {
    **{name: name for name in ("estimate", "ci_low", "ci_high", "statistic", "df", "p_value")},
    "hedges_g": "effect_size",
}


@dataclass(frozen=True)
class Compared:
    """Patients and controls of a study.

    Attributes
    ----------
    patients : mapping of str to tuple of str
        Patients by arm; ``all`` first where there are several arms.
    controls : tuple of str
        Controls.
    sessions : tuple of str
        Sessions of the patients.
    control_sessions : tuple of str
        Sessions of the controls, of which they have the mean.
    """

    patients: Mapping[str, tuple[str, ...]]
    controls: tuple[str, ...]
    sessions: tuple[str, ...]
    control_sessions: tuple[str, ...]

    @property
    def every_patient(self) -> tuple[str, ...]:
        """Patients of all arms."""
        return next(iter(self.patients.values()), ())


def compared_groups(spec: StudySpec, section: ControlsSpec, people: People) -> Compared:
    """Return who is compared with whom, and when.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : ControlsSpec
        Its section on controls.
    people : People
        Participants of the dataset, with arms.
    """
    levels = spec.arms.levels if spec.arms is not None else ()
    of_arm = {
        level: tuple(
            who for who, arm in zip(people.participants, people.arms, strict=True) if arm == level
        )
        for level in levels
    }
    controls = of_arm.pop(section.level, ())
    if len(of_arm) > 1:
        together = {who for members in of_arm.values() for who in members}
        everybody = tuple(who for who in people.participants if who in together)
        of_arm = {ALL: everybody, **of_arm}
    # Of the first change that has images: others may be between visits with scores alone.
    change = spec.imaged_changes[:1]
    first = [session for each in change for session in (each.first, each.second)]
    return Compared(
        patients=of_arm,
        controls=controls,
        sessions=section.sessions or tuple(first),
        control_sessions=section.control_sessions
        or tuple(session.name for session in spec.scanned_sessions),
    )


def network_columns(spec: StudySpec, data: GroupData) -> np.ndarray:
    """Return the positions of the means of networks among the measures, in the study's order.

    Parameters
    ----------
    spec : StudySpec
        The study.
    data : GroupData
        Measures.
    """
    kinds = data.measures.keys["measure"].astype(object)
    return np.concatenate(
        [np.flatnonzero((kinds == name).to_numpy()) for name in network_measures(spec)]
    ).astype(np.intp)


def control_table(
    spec: StudySpec, compared: Compared, *, data: GroupData, pairs: pd.DataFrame | None
) -> pd.DataFrame:
    """Test patients against controls, every network, session and arm.

    Parameters
    ----------
    spec : StudySpec
        The study.
    compared : Compared
        Who and when.
    data : GroupData
        Measures, adjusted, of what went in.
    pairs : DataFrame or None
        ``patient`` and ``control`` of each pair, for the second comparison; None for the first
        alone.

    Returns
    -------
    DataFrame
        Table ``group_controls``.
    """
    columns = network_columns(spec, data)
    names = list(NETWORK_TABLES[CONTROLS])
    keys = data.measures.keys.loc[columns, list(KEY_COLUMNS)].reset_index(drop=True)
    parts: list[pd.DataFrame] = []
    for session in compared.sessions if columns.size else ():
        for arm, patients in compared.patients.items():
            groups = {EVERYBODY: _everybody(data, compared, patients, session, columns)}
            if pairs is not None:
                own = pairs[pairs["patient"].isin(patients)]
                groups[MATCHED] = _matched(data, compared, own, session, columns)
            for kind, (first, second) in groups.items():
                table = keys.assign(session=session, arm=arm, compared=kind)
                parts.append(pd.concat([table, _tests(spec, first, second)], axis="columns"))
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def _everybody(
    data: GroupData,
    compared: Compared,
    patients: Sequence[str],
    session: str,
    columns: np.ndarray,
) -> tuple[FloatArray, FloatArray]:
    """Return the values of all patients and all controls."""
    return (
        session_values(data, patients, (session,), columns),
        session_values(data, compared.controls, compared.control_sessions, columns),
    )


def _matched(
    data: GroupData,
    compared: Compared,
    pairs: pd.DataFrame,
    session: str,
    columns: np.ndarray,
) -> tuple[FloatArray, FloatArray]:
    """Return the values of pairs, row by row; NaN where either has none."""
    first = session_values(data, list(pairs["patient"]), (session,), columns)
    second = session_values(data, list(pairs["control"]), compared.control_sessions, columns)
    both = np.isfinite(first) & np.isfinite(second)
    return np.where(both, first, np.nan), np.where(both, second, np.nan)


def session_values(
    data: GroupData, participants: Sequence[str], sessions: Sequence[str], columns: np.ndarray
) -> FloatArray:
    """Return measures of participants, the mean over those of some sessions that they have.

    Parameters
    ----------
    data : GroupData
        Measures, adjusted, of what went in.
    participants, sessions : sequence of str
        Whose, and of when.
    columns : ndarray of int
        Positions of the measures.

    Returns
    -------
    ndarray of shape (n_participants, n_measures)
        NaN where no session has a value.
    """
    people, times = data.measures.participants, data.measures.sessions
    rows = np.array([people.index(who) for who in participants], dtype=np.intp)
    when = np.array([times.index(each) for each in sessions if each in times], dtype=np.intp)
    values = data.motion.adjusted[np.ix_(rows, when, columns)]
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _tests(spec: StudySpec, first: FloatArray, second: FloatArray) -> pd.DataFrame:
    """Return the columns of a comparison; a test of few participants is left out."""
    found = student_t_test(first=first, second=second, confidence_level=spec.group.confidence_level)
    fewest = spec.group.minimum_participants
    few = np.minimum(found.n_first, found.n_second) < fewest
    numbers = {
        name: np.where(few, np.nan, getattr(found, field)) for name, field in _FIELDS.items()
    }
    described = {
        f"{what}_{who}": np.array([summarize(column) for column in group.T])
        for who, group in (("patients", first), ("controls", second))
        for what, summarize in (("mean", _mean), ("sd", _deviation))
    }
    reason = np.where(few, f"fewer than {fewest} participants", found.reason)
    counts = {"n_patients": found.n_first, "n_controls": found.n_second}
    return pd.DataFrame({**counts, **described, **numbers, "reason": reason})


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def _deviation(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if known.size > 1 else np.nan
