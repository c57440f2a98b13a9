"""Tables of a dynamic causal model: its parameters, its regions."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.reports.figures.circuit_plan import estimated
from bids_ketamine.reports.figures.series_fit import explained_words
from bids_ketamine.reports.participant_dcm_files import DcmSession
from bids_ketamine.reports.participant_dcm_parameters import DcmParameter, number_of
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    interval,
    is_number,
    number,
    region_words,
)

#: More rows than this are not readable; the files hold the rest.
MOST_ROWS = 150
SIGN_NOTE = (
    "P: posterior probability that the parameter has the sign of its estimate, by SPM's posterior. "
)
NOTE = (
    "log: logarithm of a factor, others are in Hz. A self-connection is \u22120.5 Hz times it; the "
    "transit time is 2 s, the decay of the vasodilatory signal 0.64 Hz times theirs; epsilon is "
    "the logarithm of the ratio of intra- to extravascular signal."
)
REGION_NOTE = (
    "Noise is its standard deviation in percent: as SPM's posterior has it, and as the residuals "
    "show it. Serial correlation is that of the noise from one volume to the next, which SPM's "
    "interval takes as 0."
)


def parameter_table(sessions: Sequence[DcmSession]) -> TableView:
    """Return a row for each free parameter, sessions beside each other.

    One session has columns for all that is known; several have less, or they would not fit a page.

    Parameters
    ----------
    sessions : sequence of DcmSession
        The model in each session.
    """
    known: dict[tuple[str, str], DcmParameter] = {}
    for session in sessions:
        for each in session.parameters:
            known.setdefault((each.field, each.words), each)
    found = [
        {(each.field, each.words): each for each in session.parameters} for session in sessions
    ]
    alone = len(sessions) == 1
    rows = tuple(
        (
            *_name(key[1], first.unit.removesuffix(" scale"), alone=alone),
            *(cell for each in found for cell in _cells(each.get(key), alone=alone)),
        )
        for key, first in list(known.items())[:MOST_ROWS]
    )
    columns = [Column("Parameter", wide=True), *([Column("Unit")] if alone else [])]
    for session in sessions:
        level = session.level
        names: tuple[str, ...] = (f"SPM ({level})", f"calibrated ({level})")
        if alone:
            names = ("estimate", f"SPM's {level}", f"calibrated {level}", "P")
        columns += [Column(name, numeric=True, group=session.name) for name in names]
    note = SIGN_NOTE + NOTE if alone else NOTE
    if len(known) > MOST_ROWS:
        files = ", ".join(session.file.path.name for session in sessions)
        note += f" Shown are the first {MOST_ROWS} of {len(known):,}; all stand in {files}."
    caption = f"Parameters of {sessions[0].model}"
    return TableView(caption, tuple(columns), rows, note=note)


def _name(words: str, unit: str, *, alone: bool) -> tuple[str, ...]:
    """Return a parameter and its unit, where there is little room in one cell."""
    if alone:
        return words, unit
    return (f"{words} ({unit})" if unit not in ("", "Hz") else words,)


def _cells(each: DcmParameter | None, *, alone: bool) -> tuple[str, ...]:
    if each is None:
        return (ABSENT,) * (4 if alone else 2)
    calibrated = estimated(each.calibrated_mean, each.calibrated)
    if not alone:
        return estimated(each.mean, each.interval), calibrated
    return (
        number(each.mean, 2),
        interval(*each.interval, 2),
        calibrated,
        number(each.probability, 2),
    )


def region_table(sessions: Sequence[DcmSession]) -> TableView:
    """Return a row for each region: explained variance, noise, voxels.

    Parameters
    ----------
    sessions : sequence of DcmSession
        The model in each session.
    """
    regions = list(dict.fromkeys(name for session in sessions for name in session.regions))
    rows = tuple(
        (
            region_words(region),
            *(cell for session in sessions for cell in _region_cells(session, region)),
        )
        for region in regions
    )
    columns = [Column("Region")]
    for session in sessions:
        names = ("explained", "noise (SPM)", "noise (residuals)", "serial correlation", "voxels")
        columns += [Column(name, numeric=True, group=session.name) for name in names]
    caption = f"Regions of {sessions[0].model}"
    return TableView(caption, tuple(columns), rows, note=REGION_NOTE)


def _region_cells(session: DcmSession, region: str) -> tuple[str, ...]:
    def of(key: str) -> object:
        return session.by_region(key).get(region)

    # SPM's noise level is that of the series as scaled for the fit.
    level = number_of(of("NoiseStandardDeviation")) / session.scale
    return (
        explained_words(of("ExplainedVarianceByRegion")),
        number(level, 2) if is_number(level) else ABSENT,
        number(of("CalibratedNoiseStandardDeviation"), 2),
        number(of("Autocorrelation"), 2),
        number(of("Voxels"), 0),
    )
