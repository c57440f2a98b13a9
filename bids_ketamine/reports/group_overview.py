"""The summary strip of the group report, and the remarks that close it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_data import GroupOutput
from bids_ketamine.reports.group_models import model_sentences
from bids_ketamine.reports.group_people import session_order
from bids_ketamine.reports.group_results import GroupResults
from bids_ketamine.reports.repeated_tests import without_repeats
from bids_ketamine.reports.rows import in_order
from bids_ketamine.reports.views import Column, TableView, Tile
from bids_ketamine.reports.words import counted, is_number, listed, text
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec


def arm_sizes(group: GroupOutput) -> dict[str, int]:
    """Count the participants of each arm with anything in group statistics.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    """
    included = group.participants[group.participants["included"].astype(bool)]
    counts = included.groupby("arm")["participant_id"].nunique()
    everybody = {"all": int(included["participant_id"].nunique())}
    return everybody | {str(arm): int(n) for arm, n in counts.items()}


def tiles(results: GroupResults, spec: StudySpec) -> list[Tile]:
    """Return the figures of the summary strip.

    Parameters
    ----------
    results : GroupResults
        The tables.
    spec : StudySpec
        Order of sessions and outcomes.
    """
    group = results.group
    strip = [_people(results, spec)]
    sessions = session_order(group, spec)
    course = results.clinical.tables["group_course"]
    sessions = sessions or in_order(course["session"], [each.name for each in spec.sessions])
    strip.append(Tile("Sessions", str(len(sessions)), ", ".join(sessions)))
    outcomes = in_order(
        pd.concat([group.outcomes["outcome"], course["outcome"]]),
        [each.name for each in spec.outcomes],
    )
    if outcomes:
        strip.append(Tile("Outcomes", str(len(outcomes)), ", ".join(outcomes)))
    if spec.has_imaging:
        strip += _tests(group)
    return strip


def _people(results: GroupResults, spec: StudySpec) -> Tile:
    """Return how many statistics count, as ``group.json`` and Methods have it."""
    group = results.group
    n, sizes = group.record.get("Participants"), group.record.get("Arms")
    if not is_number(n):  # a record of an earlier version, or none
        counts = arm_sizes(group)
        n, sizes = counts.pop("all"), counts
    flow = results.clinical.tables["group_flow"]
    entered = flow[flow["arm"] == "all"]["n"].dropna()
    total = text(entered.iloc[0]) if len(entered) else ""
    if not total and not group.participants.empty:
        total = str(group.participants["participant_id"].nunique())
    note = f"of {total} in the dataset, " if total else ""
    note += f"with {counted_as(spec)}"
    if isinstance(sizes, Mapping) and sizes:
        note += f": {listed([f'{arm} {text(size)}' for arm, size in sizes.items()])}"
    return Tile("Participants", text(n), note)


def counted_as(spec: StudySpec) -> str:
    """Say what a participant has who is counted in statistics."""
    held = "an imaging measure" if spec.has_imaging else "a score"
    return f"an arm and {held}" if spec.arms is not None and not spec.has_imaging else held


def counted_words(record: Mapping[str, Any], spec: StudySpec) -> str:
    """Say whom the summary and Methods count, in a sentence; empty where it is not recorded.

    Parameters
    ----------
    record : mapping
        ``group.json``.
    spec : StudySpec
        The study.
    """
    n = record.get("Participants")
    if not is_number(n):
        return ""
    return f"Summary and Methods count the {text(n)} who have {counted_as(spec)} of any session."


def _tests(group: GroupOutput) -> list[Tile]:
    n_measures = len(group.summary[["measure", "task", "contrast", "regions"]].drop_duplicates())
    tests = without_repeats(group.tests)
    p = tests["p_value"].dropna()
    n_small, n_false = int((p < 0.05).sum()), int((tests["q_value"] < 0.05).sum())
    return [
        Tile("Measures", f"{n_measures:,}"),
        Tile("Tests of measures", f"{len(p):,}", f"{0.05 * len(p):,.1f} with p < .05 by chance"),
        Tile("p < .05", f"{n_small:,}", "not corrected"),
        Tile("q < .05", f"{n_false:,}", "false discovery rate"),
    ]


def motion_notes(motion: pd.DataFrame) -> list[str]:
    """Say which measures were not adjusted for head motion.

    Parameters
    ----------
    motion : DataFrame
        ``group_motion``.
    """
    if motion.empty:
        return []
    reasons = motion[~motion["applied"].astype(bool)]["reason"].fillna("no reason is given")
    return [
        f"Not adjusted: {counted(int(n), 'measure')} ({reason})."
        for reason, n in reasons.value_counts().head(10).items()
    ]


def notes(record: Mapping[str, Any], study: Study, *, individual_data: bool) -> list[str]:
    """Return what else is to be known, each once.

    Parameters
    ----------
    record : mapping
        ``group.json``.
    study : Study
        The study that was run.
    individual_data : bool
        Whether sessions of participants may be named.
    """
    models = model_sentences(record, name_sessions=individual_data)
    clinical = record.get("Clinical")
    of_scores = clinical.get("Notes") if isinstance(clinical, Mapping) else None
    told: list[Any] = [models, record.get("Notes"), of_scores]
    told += [study.notices, record.get("Notices")]
    found = dict.fromkeys(str(note) for notes in told for note in notes or ())
    return [f"{note[:1].upper()}{note[1:]}" for note in found]


def rules(spec: StudySpec) -> list[str]:
    """Say by which rules participants, sessions and regions are left out.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    limits, sentences = spec.exclusions, []
    if spec.arms is not None:
        sentences.append(f"Who has no arm of the study in `{spec.arms.column}` is out.")
    if limits.maximum_mean_fd is not None:
        sentences.append(
            f"A task with a mean FD above {limits.maximum_mean_fd:g} mm over its runs is out."
        )
    if limits.minimum_volumes is not None:
        sentences.append(f"A task with fewer than {limits.minimum_volumes} volumes kept is out.")
    if limits.minimum_coverage is not None:
        sentences.append(
            f"A measure of a region covered under {100 * limits.minimum_coverage:g} % is out."
        )
    if limits.file is not None:
        sentences.append(f"What the table `{Path(limits.file).name}` lists is out.")
    if limits == type(limits)():
        limit = "sets no limit of motion or volumes and " if spec.has_imaging else ""
        sentences.append(f"The study {limit}gives no list.")
    if spec.regions is not None:
        sentences.append(
            f"A region of which less than {100 * spec.regions.minimum_coverage:g} % is covered has "
            "no value."
        )
    if spec.changes and spec.has_imaging:
        sentences.append(
            "What is out in one session is out of the sessions it is compared with, so that both "
            "ends of a change have the same participants."
        )
    return sentences


def provenance(record: Mapping[str, Any]) -> TableView:
    """Return what the group level was made from.

    Parameters
    ----------
    record : mapping
        ``group.json``.
    """
    names = ("GroupStudy", "StudyHash", "SoftwareVersion")
    rows = tuple((name, text(record.get(name))) for name in names)
    return TableView("What the group level was made from", (Column("What"), Column("Value")), rows)
