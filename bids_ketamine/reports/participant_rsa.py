"""Representational similarity of a task: matrices, measures, reliability."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import count_of, sentences_of
from bids_ketamine.reports.figures.dissimilarity import dissimilarity_figure
from bids_ketamine.reports.figures.matrix import common_limit
from bids_ketamine.reports.figures.reliability import reliability_figure
from bids_ketamine.reports.participant_regions import estimate_of, without_value
from bids_ketamine.reports.participant_rsa_files import RsaSession, read_rsa
from bids_ketamine.reports.tree import ParticipantOutput, TaskFile
from bids_ketamine.reports.views import Column, Picture, PictureGroup, TableView, picture
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    decimals_for,
    interval,
    is_number,
    listed,
    number,
    percent,
    region_words,
    text,
)

#: More rows than this are not readable; the tables hold the rest.
MOST_ROWS = 60
#: Regions whose matrices are drawn.
MOST_MATRICES = 30
#: Fewest partitions that can be split into halves of two.
FEWEST_FOR_HALVES = 4

WORDS = (
    "How far apart the patterns of two trial types are: linear discriminant contrasts, "
    "crossvalidated between partitions, per voxel, less the predicted bias. Where patterns do not "
    "differ they scatter around zero, so values below zero are no error. The bias: partitions of "
    "one run share its noise through the design, so that the raw contrast is not zero on average "
    "where patterns are equal; the design tells by how much. Nothing is corrected for the number "
    "of regions. Colours are the same in all sessions."
)


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
    sessions: list[RsaSession] = []
    unreadable: list[str] = []
    for session in found.sessions:
        for file in (each for each in session.dissimilarities if each.task == task):
            try:
                sessions.append(read_rsa(session, file, names))
            except (BidsKetamineError, ValueError) as error:
                reason = getattr(error, "message", None) or str(error)
                unreadable.append(f"{file.path.name} cannot be read: {reason}")
    if not sessions and not unreadable:
        return []
    return [
        PictureGroup(
            "Representational similarity",
            WORDS,
            (*_matrices(sessions, task), *_reliabilities(sessions)),
            tables=(_table(sessions),) if sessions else (),
            sentences=tuple(_sentences(sessions)) if sessions else (),
            warnings=tuple(unreadable),
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
        )
        pictures.append(picture(caption, draw))
    return pictures


def _reliabilities(sessions: Sequence[RsaSession]) -> list[Picture]:
    return [
        picture(
            f"{session.name}: split-half reliability, the correlation of two halves' "
            "dissimilarities over all pairs of trial types",
            partial(_draw_reliability, session.reliability, session.name),
        )
        for session in sessions
        if session.reliability is not None
    ]


def _draw_reliability(file: TaskFile, session: str) -> Markup:
    table = read_table(file.path, text=("region", "first_half", "second_half"))
    table["correlation"] = pd.to_numeric(table["correlation"], errors="coerce")
    means = table.groupby("region", sort=False)["correlation"].mean()
    told = [f"{region_words(region)} {number(mean, 2)}" for region, mean in means.items()]
    return reliability_figure(
        table,
        name=file.path.name,
        description=f"Split-half reliability, {session}, mean of all splits: {', '.join(told)}",
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
    caption = f"Linear discriminant contrast{which} (squared distance / voxel)"
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


def _sentences(sessions: Sequence[RsaSession]) -> list[str]:
    """Tell partitions, bias, smoothing, what is not there, and notes, what is shared once."""
    sentences: list[str] = []
    for tell in (_partitions, _bias, _smoothness, _no_halves, _notes):
        places: dict[str, list[str]] = {}
        for session in sessions:
            for sentence in tell(session):
                places.setdefault(sentence, []).append(session.name)
        sentences += [f"{listed(names)}: {sentence}" for sentence, names in places.items()]
    measures = [each.measures.assign(session=each.name) for each in sessions]
    rows = pd.concat(measures, ignore_index=True)
    for contrast, part in rows.groupby("contrast", sort=False):
        several = rows["contrast"].nunique() > 1
        sentences += without_value(part, prefix=f"No value{f' ({contrast})' if several else ''}")
    return sentences


def _notes(session: RsaSession) -> list[str]:
    return list(dict.fromkeys(sentences_of(session.facts, "Notes")))


def _partitions(session: RsaSession) -> list[str]:
    n_partitions = count_of(session.facts, "Partitions")
    rule = text(session.facts.get("Partition"), "")
    if not n_partitions:
        return []
    return [counted(n_partitions, "partition") + (f", {rule}" if rule else "")]


def _bias(session: RsaSession) -> list[str]:
    """Say how large the predicted bias is beside the raw contrasts of all regions and pairs."""
    table = session.table.dropna(subset=["raw", "predicted_bias"])
    if table.empty:
        return []
    if not table["predicted_bias"].any():
        return ["no bias is predicted, so that values are the raw contrasts"]
    bias, raw = (float(table[name].abs().median()) for name in ("predicted_bias", "raw"))
    share = f", {percent(bias / raw)} of it," if raw > 0 else ""
    return [
        f"the predicted bias, {number(bias)} beside a raw contrast of {number(raw)} (sizes, "
        f"medians over regions and pairs){share} was subtracted"
    ]


def _smoothness(session: RsaSession) -> list[str]:
    """Tell how smooth the series were: patterns of neighbouring voxels mix."""
    found = session.facts.get("Smoothness")
    widths = (
        [number(each, 1) for each in found if is_number(each)] if isinstance(found, list) else []
    )
    if not widths:
        return []
    shown = " \u00d7 ".join(widths)
    return [
        f"the series had an estimated smoothness of {shown} mm, which blurs "
        "patterns over neighbouring voxels"
    ]


def _no_halves(session: RsaSession) -> list[str]:
    """Say why there is no reliability, where the notes do not."""
    notes = " ".join(_notes(session)).lower()
    if session.reliability is not None or "reliab" in notes or "half" in notes:
        return []
    n_partitions = count_of(session.facts, "Partitions")
    if 0 < n_partitions < FEWEST_FOR_HALVES:
        return [
            f"no split-half reliability: it needs {FEWEST_FOR_HALVES} partitions, and there are "
            f"{n_partitions}"
        ]
    return ["no split-half reliability was written"]
