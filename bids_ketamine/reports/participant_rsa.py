"""Representational similarity of a task: matrices, measures, reliability."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from bids_ketamine.reports.figures.dissimilarity import dissimilarity_figure
from bids_ketamine.reports.figures.matrix import common_limit
from bids_ketamine.reports.figures.reliability import reliability_figure
from bids_ketamine.reports.participant_regions import estimate_of
from bids_ketamine.reports.participant_rsa_files import RsaSession, read_rsa
from bids_ketamine.reports.participant_rsa_sentences import (
    FEWEST_DRAWN,
    bias_warnings,
    mean_reliabilities,
    opening_words,
    reliability_table,
    rsa_sentences,
)
from bids_ketamine.reports.participant_tables import read_sessions
from bids_ketamine.reports.tree import ParticipantOutput, TaskFile
from bids_ketamine.reports.views import Column, Picture, PictureGroup, TableView, picture
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    decimals_for,
    interval,
    listed,
    number,
    region_words,
)

#: More rows than this are not readable; the tables hold the rest.
MOST_ROWS = 60
#: Regions whose matrices are drawn.
MOST_MATRICES = 30


def rsa_groups(
    found: ParticipantOutput, task: str, *, names: Collection[str]
) -> list[PictureGroup]:
    """Return matrices, measures and reliability; nothing where no dissimilarities are.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    task : str
        Label of the task.
    names : collection of str
        Names under which its measures are recorded.
    """
    files = [(s, file) for s in found.sessions for file in s.dissimilarities if file.task == task]
    sessions, unreadable = read_sessions(files, partial(read_rsa, names=names))
    if not sessions and not unreadable:
        return []
    return [
        PictureGroup(
            "Representational similarity",
            opening_words(sessions),
            (*_matrices(sessions, task), *_reliabilities(sessions)),
            tables=(_table(sessions),) if sessions else (),
            sentences=tuple(rsa_sentences(sessions)) if sessions else (),
            warnings=(*unreadable, *bias_warnings(sessions)),
        )
    ]


def _matrices(sessions: Sequence[RsaSession], task: str) -> list[Picture]:
    by_session = [
        {region_words(region): matrix for region, matrix in session.matrices().items()}
        for session in sessions
    ]
    limit = common_limit([m for each in by_session for m in each.values()], bounded=False)
    pictures = []
    for session, matrices in zip(sessions, by_session, strict=True):
        shown = dict(list(matrices.items())[:MOST_MATRICES])
        caption = f"{session.name}: dissimilarity of trial types in each region"
        if len(shown) < len(matrices):
            caption += f", the first {MOST_MATRICES} of {len(matrices)}"
        draw = partial(
            dissimilarity_figure,
            shown,
            name=f"dissimilarity-{task}-{session.name}",
            description=f"Matrices of dissimilarity of trial types, {session.name}: "
            f"{', '.join(shown)}",
            limit=limit,
            label=session.unit,
        )
        pictures.append(picture(caption, draw))
    return pictures


def _reliabilities(sessions: Sequence[RsaSession]) -> list[Picture]:
    return [
        picture(
            f"{session.name}: split-half reliability, the correlation of two halves' "
            f"dissimilarities over {counted(session.n_pairs, 'pair')} of trial types",
            partial(_draw_reliability, session.reliability, session.name),
        )
        for session in sessions
        if session.reliability is not None and session.n_pairs >= FEWEST_DRAWN
    ]


def _draw_reliability(file: TaskFile, session: str) -> Markup:
    table = reliability_table(file)
    return reliability_figure(
        table,
        name=file.path.name,
        description=f"Split-half reliability, {session}, mean of all splits: "
        f"{mean_reliabilities(table)}",
    )


def _table(sessions: Sequence[RsaSession]) -> TableView:
    """Return a row for each region and pair of trial types that is a measure."""
    contrasts = list(dict.fromkeys(name for each in sessions for name in each.contrasts))
    regions = list(dict.fromkeys(name for each in sessions for name in each.regions))
    keys = [(region, contrast) for contrast in contrasts for region in regions]
    estimates = [session.estimates() for session in sessions]
    measured = [session.measured() for session in sessions]
    note = "Intervals are within each session."
    if len(keys) > MOST_ROWS:
        where = listed([f"{session.file.path.name}" for session in sessions])
        note += f" Shown are the first {MOST_ROWS} of {len(keys):,} rows; all stand in {where}."
    values = [row["value"] for each in estimates for row in each.values()]
    decimals = decimals_for(values)
    rows = []
    for key in keys[:MOST_ROWS]:
        cells: list[str] = [region_words(key[0])]
        cells += [key[1]] if len(contrasts) > 1 else []
        for own, means in zip(estimates, measured, strict=True):
            cells += _cells(own.get(key), means.get(key), decimals)
        rows.append(tuple(cells))
    columns = [Column("Region")]
    columns += [Column("Trial types")] if len(contrasts) > 1 else []
    for session in sessions:
        names = ("value", "95 % interval", "raw", "predicted bias", "voxels")
        columns += [Column(name, numeric=True, group=session.name) for name in names]
    which = f" of {contrasts[0]}" if len(contrasts) == 1 else ""
    units = listed(list(dict.fromkeys(session.unit for session in sessions)), "or")
    caption = f"Linear discriminant contrast{which} ({units})"
    return TableView(caption, tuple(columns), tuple(rows), note=note)


Row = Mapping[str, Any] | None


def _cells(row: Row, mean: Row, decimals: int) -> tuple[str, ...]:
    if row is None:
        return (ABSENT,) * 5
    within = ABSENT
    if mean is not None:
        estimate = estimate_of(mean)
        within = interval(estimate.low, estimate.high, decimals)
    return (
        number(row["value"], decimals),
        within,
        number(row["raw"], decimals),
        number(row["predicted_bias"], decimals),
        number(row["n_voxels"], 0),
    )
