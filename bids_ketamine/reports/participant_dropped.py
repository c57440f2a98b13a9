"""What was dropped at a task and why, and notes on its runs: one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from bids_ketamine.reports.facts import count_of, mapping_of, sentences_of
from bids_ketamine.reports.tree import RunOutput, SessionOutput
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import counted, is_absent, listed, number

Runs = Sequence[tuple[SessionOutput, RunOutput]]

#: How a note begins that tells why a contrast lacks a run.
NOT_IN_CONTRAST = "not in contrast"

#: What rows are about, in their order.
KINDS = ("Contrast", "Design", "Volumes", "Voxels", "Note")


def dropped_table(runs: Runs, rows: pd.DataFrame) -> TableView | None:
    """Gather what was left out of a task's runs; what several runs share is told once.

    Parameters
    ----------
    runs : sequence of (SessionOutput, RunOutput)
        Runs of the task.
    rows : DataFrame
        Its region means: they tell contrasts that no run could estimate.

    Returns
    -------
    TableView or None
        None if nothing was dropped or noted.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for session, run in runs:
        where = f"{session.name} run {run.run}" if run.run else session.name
        for entry in _entries(run):
            at = places.setdefault(entry, [])
            if where not in at:
                at.append(where)
    noted = " ".join(sentence for kind, sentence in places if kind == "Contrast")
    for sentence, sessions in _not_estimated(rows, noted).items():
        places.setdefault(("Contrast", sentence), []).extend(sessions)
    if not places:
        return None
    n_runs = len(runs)
    ordered = sorted(places.items(), key=lambda each: KINDS.index(each[0][0]))
    return TableView(
        "What was dropped, and notes",
        (Column("What"), Column("Where"), Column("Why, or what is to be known", wide=True)),
        tuple((kind, _where(at, n_runs), sentence) for (kind, sentence), at in ordered),
    )


def _where(places: Sequence[str], n_runs: int) -> str:
    """Return where a sentence holds, all of many runs in two words.

    >>> _where(["pre", "post"], 2), _where(["pre", "mid", "post"], 3)
    ('pre and post', 'all runs')
    """
    return "all runs" if len(places) == n_runs > 2 else listed(places)


def _entries(run: RunOutput) -> Iterator[tuple[str, str]]:
    """Yield kind and sentence of all that a run lacks."""
    design = run.design_facts()
    dropped = sentences_of(design, "Dropped")
    notes = sentences_of(run.facts, "Notes")
    for note in dict.fromkeys([*dropped, *notes]):
        if note.startswith(NOT_IN_CONTRAST):
            yield "Contrast", note
        else:
            yield ("Design" if note in dropped else "Note"), note
    yield from (("Volumes", sentence) for sentence in _volumes(run))
    below, threshold = count_of(design, "VoxelsBelowThreshold"), design.get("MaskThreshold")
    if below and not is_absent(threshold):
        yield (
            "Voxels",
            f"{counted(below, 'voxel')} inside the brain mask left out: the signal does not "
            f"exceed {number(threshold)} of the volume's global mean in every volume",
        )


def _volumes(run: RunOutput) -> Iterator[str]:
    total = count_of(run.facts, "Volumes")
    outliers = count_of(run.facts, "OutlierVolumes")
    if mapping_of(run.facts, "Cleaning"):  # volumes left out are told with the cleaning
        return
    if outliers:
        yield f"outliers, a regressor of its own each: {outliers} of {counted(total, 'volume')}"
    unsteady = count_of(run.facts, "NonSteadyStateVolumes")
    if unsteady:
        yield (
            "before the steady state, a regressor of its own each: "
            f"{unsteady} of {counted(total, 'volume')}"
        )


def _not_estimated(rows: pd.DataFrame, noted: str) -> dict[str, list[str]]:
    """Return contrasts of which no region has a value, all for one reason, by sentence."""
    found: dict[str, list[str]] = {}
    if rows.empty:
        return found
    main = rows[rows["measure"] == "activation"]
    for (contrast, session), own in main.groupby(["contrast", "session"], sort=False):
        reasons = own["reason"].dropna().unique()
        told = f"{NOT_IN_CONTRAST} `{contrast}`" in noted
        if own["value"].isna().all() and len(own) > 1 and len(reasons) == 1 and not told:
            found.setdefault(f"`{contrast}` has no values: {reasons[0]}", []).append(str(session))
    return found
