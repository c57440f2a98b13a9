"""What is told of dissimilarities beside their pictures: bias, smoothness, reliability."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import count_of, sentences_of
from bids_ketamine.reports.methods_routes import smoothing_words, smoothness_words
from bids_ketamine.reports.participant_regions import without_value
from bids_ketamine.reports.participant_rsa_files import RsaSession
from bids_ketamine.reports.participant_tables import told_once
from bids_ketamine.reports.tree import TaskFile
from bids_ketamine.reports.words import (
    counted,
    is_number,
    listed,
    number,
    region_words,
    signed,
    spread,
    text,
)

#: A correlation of halves over fewer pairs of trial types than this is not drawn.
FEWEST_DRAWN = 6

WORDS = (
    "How far apart the patterns of two trial types are: linear discriminant contrasts, "
    "cross-validated between partitions, per voxel{minus}. Where patterns do not differ they "
    "scatter around zero, so values below zero are no error.{bias} Nothing is corrected for the "
    "number of regions. Colours are the same in all sessions."
)
MINUS_BIAS = ", minus the predicted bias"
BIAS_WORDS = (
    " The bias: partitions of one run share its noise through the design, so that the raw contrast "
    "is not zero on average where patterns are equal; the design and the serial correlation of the "
    "noise tell by how much."
)
ALARM_WORDS = (
    "The predicted bias is larger in size than the standard error in most regions and pairs: "
    "values then hang on the model of the noise, from which the bias is computed. More runs, or "
    "blocks that are further apart, are the cure."
)


def opening_words(sessions: Sequence[RsaSession]) -> str:
    """Return what is shown; of a bias only where one was predicted.

    Parameters
    ----------
    sessions : sequence of RsaSession
        Dissimilarities of each session.
    """
    if any(session.biases.any() for session in sessions):
        return WORDS.format(minus=MINUS_BIAS, bias=BIAS_WORDS)
    return WORDS.format(minus="", bias="")


def bias_warnings(sessions: Sequence[RsaSession]) -> list[str]:
    """Name the sessions where most predicted biases are larger than their standard errors.

    Parameters
    ----------
    sessions : sequence of RsaSession
        Dissimilarities of each session.
    """
    told = []
    for session in sessions:
        errors = session.table["standard_error"].reindex(session.biases.index).dropna()
        n_larger = int((session.biases[errors.index].abs() > errors).sum())
        if 2 * n_larger > len(errors):
            told.append(f"{session.name}: {n_larger:,} of {len(errors):,} regions and pairs.")
    return [ALARM_WORDS, *told] if told else []


def rsa_sentences(sessions: Sequence[RsaSession]) -> list[str]:
    """Tell partitions, bias, smoothing, reliability, notes and gaps, what is shared once.

    Parameters
    ----------
    sessions : sequence of RsaSession
        Dissimilarities of each session.
    """
    sentences = told_once(sessions, _partitions, _bias, _smoothness, _reliability, _notes)
    measures = [each.measures.assign(session=each.name) for each in sessions]
    return sentences + without_value(pd.concat(measures, ignore_index=True))


def reliability_table(file: TaskFile) -> pd.DataFrame:
    """Read the correlations of halves of the partitions.

    Parameters
    ----------
    file : TaskFile
        The table.

    Raises
    ------
    ValueError
        If a column is missing.
    BidsKetamineError
        If it cannot be read.
    """
    table = read_table(file.path, text=("region", "first_half", "second_half"))
    absent = [f"`{name}`" for name in ("region", "correlation") if name not in table]
    if absent:
        raise ValueError(f"there is no column {', '.join(absent)}.")
    table["correlation"] = pd.to_numeric(table["correlation"], errors="coerce")
    return table


def mean_reliabilities(table: pd.DataFrame) -> str:
    """Return the mean correlation of halves of each region.

    Parameters
    ----------
    table : DataFrame
        ``region`` and ``correlation``.
    """
    means = table.groupby("region", sort=False)["correlation"].mean()
    return ", ".join(f"{region_words(region)} {number(mean, 2)}" for region, mean in means.items())


def _notes(session: RsaSession) -> list[str]:
    return sentences_of(session.facts, "Notes")


def _partitions(session: RsaSession) -> list[str]:
    n_partitions = count_of(session.facts, "Partitions")
    rule = text(session.facts.get("Partition"), "")
    if not n_partitions:
        return []
    return [counted(n_partitions, "partition") + (f", {rule}" if rule else "")]


def _bias(session: RsaSession) -> list[str]:
    """Say how large the predicted bias is, with its sign, beside the standard errors."""
    biases = session.biases
    if biases.empty:
        return []
    if not biases.any():
        return ["no bias is predicted, so that values are the raw contrasts"]
    error = session.table["standard_error"].reindex(biases.index).median()
    beside = f", beside a standard error of {number(error)}" if is_number(error) else ""
    return [
        f"the predicted bias is {signed(biases.median())}{beside} (medians over regions and "
        "pairs); it was subtracted"
    ]


def _smoothness(session: RsaSession) -> list[str]:
    """Tell how the series were smoothed, and how smooth they are."""
    runs = session.runs
    told = dict.fromkeys(smoothing_words(run) for run in runs)
    smoothed = [words for words in told if words]
    found = dict.fromkeys(smoothness_words(run) for run in runs)
    if not runs:
        found = dict.fromkeys(
            [smoothness_words({"SmoothnessAfter": session.facts.get("Smoothness")})]
        )
    known = next((words for words in found if words), "")
    parts = [known] if known else []
    if smoothed:
        which = "the series were" if len(told) == len(smoothed) else "some series were"
        parts.insert(
            0, f"{which} {listed(smoothed, 'or')}, which blurs patterns over neighbouring voxels"
        )
    elif runs:
        parts.insert(0, "the series were not smoothed")
    return ["; ".join(parts)] if parts else []


def _reliability(session: RsaSession) -> list[str]:
    """Tell the mean correlation of halves where there are too few pairs to draw it."""
    if session.reliability is None or session.n_pairs >= FEWEST_DRAWN:
        return []
    try:
        table = reliability_table(session.reliability)
    except (BidsKetamineError, ValueError) as error:
        reason = getattr(error, "message", None) or str(error)
        return [f"{session.reliability.path.name} cannot be read: {reason}"]
    n_splits = spread(table.groupby("region", sort=False).size(), 0, "\u2013")
    return [
        "split-half reliability, mean r of "
        f"{n_splits} {'split' if n_splits == '1' else 'splits'} over only "
        f"{counted(session.n_pairs, 'pair')} of trial types: {mean_reliabilities(table)}"
    ]
