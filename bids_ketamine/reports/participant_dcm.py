"""Dynamic causal models of a task: circuits, series, parameters, sessions beside each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import numpy as np
import pandas as pd
from markupsafe import Markup

from bids_ketamine.reports.figures.canvas import shortened
from bids_ketamine.reports.figures.circuit import circuit_figure
from bids_ketamine.reports.figures.circuit_plan import Coupling, left_out
from bids_ketamine.reports.figures.matrix import LONGEST, matrix_figure
from bids_ketamine.reports.figures.series_fit import (
    explained_words,
    series_fit_figure,
    series_limit,
)
from bids_ketamine.reports.participant_dcm_files import MEASURE, DcmSession, model_of, read_dcm
from bids_ketamine.reports.participant_dcm_parameters import COUPLINGS, DcmParameter
from bids_ketamine.reports.participant_dcm_sentences import (
    dcm_sentences,
    fit_words,
    missing_words,
    model_words,
    opening_words,
    warnings_of,
)
from bids_ketamine.reports.participant_dcm_tables import parameter_table, region_table
from bids_ketamine.reports.participant_tables import read_sessions
from bids_ketamine.reports.tree import ParticipantOutput, SessionOutput
from bids_ketamine.reports.views import Picture, PictureGroup, picture
from bids_ketamine.reports.words import number, region_words

UNIT = "percent of the grand mean"
#: Couplings told to those who do not see the picture.
MOST_TOLD = 8
#: Size, Hz, that an arrow needs at least to be drawn with full width and colour.
SMALLEST_FULL = 1.0
#: Letters of a region or input in the labels of a matrix, the first with which all labels fit.
SHORT = (12, 10, 9, 8, 7, 6)


def dcm_groups(
    found: ParticipantOutput, task: str, *, names: Collection[str], models: Sequence[str]
) -> list[PictureGroup]:
    """Return pictures and tables of each model; nothing where there is none.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    task : str
        Label of the task.
    names : collection of str
        Names under which its measures are recorded.
    models : sequence of str
        Models of the study, in order.
    """
    files = [(s, file) for s in found.sessions for file in s.circuits if file.task == task]
    sessions, unreadable = read_sessions(files, read_dcm)
    known = dict.fromkeys([*(each.model for each in sessions), *_recorded(found, names)])
    shown = [name for name in models if name in known]
    shown += [name for name in known if name not in models]
    groups: list[PictureGroup] = []
    for name in shown:
        own = [each for each in sessions if each.model == name]
        # What all models share stands above the first that has something to show.
        first = bool(own) and not any(group.words for group in groups)
        missing = missing_words(found.sessions, name, names)
        # In the order of the study, whether a session has the model or not.
        fits = {each.name: fit_words(each) for each in own}
        ends = [(fits.get(each.name), missing.get(each.name)) for each in found.sessions]
        told = [words for both in ends for words in both if words]
        groups.append(_model(name, own, told, task, first=first))
    if unreadable:
        groups.insert(0, PictureGroup("Dynamic causal models", "", (), warnings=tuple(unreadable)))
    return groups


def _recorded(found: ParticipantOutput, names: Collection[str]) -> list[str]:
    """Return the models of a task that the measures tables tell of."""

    def own(session: SessionOutput) -> pd.Series:
        rows = session.measures
        return rows[(rows["measure"] == MEASURE) & rows["task"].isin(list(names))]["contrast"]

    return [
        model
        for session in found.sessions
        for model in dict.fromkeys(map(model_of, own(session)))
        if model
    ]


def _model(
    name: str, sessions: Sequence[DcmSession], told: Sequence[str], task: str, *, first: bool
) -> PictureGroup:
    title = f"Dynamic causal model {name}"
    if not sessions:
        return PictureGroup(title, "", (), lead=tuple(told))
    pictures = [_circuit(each, sessions, task) for each in sessions]
    for each in sessions:
        pictures += _series(each, task)
    pictures += [_correlations(each, task) for each in sessions]
    return PictureGroup(
        title,
        opening_words(sessions) if first else "",
        tuple(pictures),
        lead=(model_words(sessions), *told),
        tables=(parameter_table(sessions), region_table(sessions)),
        sentences=tuple(dcm_sentences(sessions)),
        warnings=tuple(warnings_of(sessions)),
    )


def _circuit(session: DcmSession, sessions: Sequence[DcmSession], task: str) -> Picture:
    couplings = session.couplings()
    rest = left_out(session.regions, couplings)
    caption = f"{session.name}: connections, and inputs from outside"
    if any(each.modulator for each in couplings) and "odulations" not in rest:
        caption += "; what an input adds to a connection stands after its name"
    caption = f"{caption}. {rest}".strip()
    every = [
        abs(c.value)
        for each in sessions
        for c in each.couplings()
        if np.isfinite(c.value) and not c.logarithmic and not each.doubt
    ]
    draw = partial(
        circuit_figure,
        session.regions,
        couplings,
        limit=max([SMALLEST_FULL, *every]),
        level=session.level,
        doubt=session.doubt,
        name=f"circuit-{task}-{session.model}-{session.name}",
        description=f"Circuit of {session.model}, {session.name}: "
        f"{session.doubt + '; ' if session.doubt else ''}{_largest(couplings)}",
    )
    return picture(caption, draw)


def _largest(couplings: Sequence[Coupling]) -> str:
    """Return the largest estimates for those who do not see the picture."""
    first = sorted(couplings, key=lambda each: -abs(each.value))[:MOST_TOLD]
    told = []
    for each in first:
        by = f" by {each.modulator}" if each.modulator else ""
        ends = f"{region_words(each.source)} to {region_words(each.target)}"
        told.append(f"{ends}{by} {number(each.value, 2)} {each.unit}")
    return ", ".join(told)


def _series(session: DcmSession, task: str) -> list[Picture]:
    """Return a picture for each run; one that tells why where the arrays cannot be read."""
    try:
        labels = session.runs()
    except ValueError:
        labels = [""]
    pictures = []
    for place, label in enumerate(labels, start=1):
        run = f" run {label}" if len(labels) > 1 else ""
        caption = f"{session.name}{run}: observed and predicted series, inputs as bands"
        pictures.append(picture(caption, partial(_draw_series, session, place, task)))
    return pictures


def _draw_series(session: DcmSession, run: int, task: str) -> Markup:
    every = [session.fits(number) for number in range(1, len(session.runs()) + 1)]
    fits = every[run - 1]
    shares = [f"{region_words(each.region)} {explained_words(each.explained)}" for each in fits]
    return series_fit_figure(
        fits,
        inputs=session.bands(run),
        t_r=session.t_r,
        limit=series_limit([fit for each in every for fit in each]),
        unit=UNIT,
        name=f"fit-{task}-{session.model}-{session.name}-{run}",
        description=f"Observed and predicted series of {session.model}, {session.name}, variance "
        f"explained: {', '.join(shares)}",
    )


def _correlations(session: DcmSession, task: str) -> Picture:
    return picture(
        f"{session.name}: posterior correlations of parameters",
        partial(_draw_correlations, session, task),
    )


def _draw_correlations(session: DcmSession, task: str) -> Markup:
    labels = _labels(session.parameters)
    return matrix_figure(
        pd.DataFrame(session.correlations(), index=labels, columns=labels),
        limit=1.0,
        noun="parameters",
        label="correlation",
        name=f"parameters-{task}-{session.model}-{session.name}",
        description=f"Matrix of the posterior correlations of {len(labels)} parameters of "
        f"{session.model}, {session.name}",
    )


def _labels(parameters: Sequence[DcmParameter]) -> list[str]:
    """Return short names of parameters, as long as they may be and all different."""
    labels: list[str] = []
    for letters in SHORT:
        labels = [_label(each, letters) for each in parameters]
        if max(map(len, labels), default=0) <= LONGEST and len({*labels}) == len(labels):
            break
    return labels


def _label(each: DcmParameter, letters: int) -> str:
    def short(name: str) -> str:
        return shortened(name.replace("_", " "), letters)

    if each.field not in COUPLINGS:
        return f"{short(each.target)} transit" if each.field == "transit" else each.name
    same = each.source == each.target and each.field != "driving"
    ends = f"{short(each.source)}\u2192{short(each.target)}"
    label = f"{short(each.target)} self" if same else ends
    return f"{label} \u00d7 {short(each.modulator)}" if each.modulator else label
