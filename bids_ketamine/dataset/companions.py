"""What goes with a series: brain mask, confounds, events, metadata."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.content import content_problem
from bids_ketamine.dataset.dialects import SMOOTHED_AROMA
from bids_ketamine.dataset.filters import FileFilter
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.metadata import Metadata, applies, nearest_last, read_metadata
from bids_ketamine.dataset.names import DatasetFile, listed, same_value
from bids_ketamine.dataset.session_files import (
    COMBINED_ENTITIES,
    DERIVED_ENTITIES,
    IMAGE_EXTENSIONS,
    SessionFiles,
    belongs,
)
from bids_ketamine.dataset.spelling import shown

#: Longest repetition time taken for seconds; larger ones are milliseconds.
LONGEST_T_R = 60.0
#: Shortest one that a scanner can have, s.
SHORTEST_T_R = 0.02


@dataclass(frozen=True)
class Companion:
    """A file that goes with a series, or the reason why there is none.

    Attributes
    ----------
    path : Path or None
        The file.
    reason : str or None
        Why it cannot be used.
    absent : bool
        Whether no such file exists at all.
    note : str or None
        Why it is the second choice.
    """

    path: Path | None
    reason: str | None = None
    absent: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Timing:
    """Acquisition times from sidecars.

    Attributes
    ----------
    t_r : float or None
        Repetition time, s.
    start_time : float or None
        Acquisition time of the reference slice, s.
    slice_timing_corrected : bool or None
        Whether slice timing was corrected.
    reason : str or None
        Why there is no repetition time.
    notes : tuple of str
        What is odd about the others.
    """

    t_r: float | None
    start_time: float | None
    slice_timing_corrected: bool | None
    reason: str | None = None
    notes: tuple[str, ...] = ()


def find_mask(session: SessionFiles, bold: DatasetFile, chosen: FileFilter) -> Companion:
    """Find the brain mask of a series: its entities, in its space.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    bold : DatasetFile
        The series.
    chosen : FileFilter
        Conditions of the user's.
    """
    chosen = chosen.with_defaults(desc="brain", suffix="mask")
    for files in session.searched(bold.dataset):
        candidates = [
            file
            for file in files
            if session.own(file) and file.extension in IMAGE_EXTENSIONS and chosen.accepts(file)
        ]
        masks = [
            file for file in candidates if belongs(file, bold, apart_from={"desc"} | chosen.keys)
        ]
        masks = masks or [file for file in candidates if _masks_aroma(file, bold)]
        if masks:
            return the_one(masks)
    entities = _without(bold, COMBINED_ENTITIES) | {"desc": "brain"}
    return _lacking(session, session.expected(entities, "mask", ".nii.gz"), session.places)


def _masks_aroma(mask: DatasetFile, bold: DatasetFile) -> bool:
    """Tell whether a mask has the 2-mm grid that the name of a smoothed AROMA series omits."""
    return (
        bold.get("desc") == SMOOTHED_AROMA
        and bold.get("res") is None
        and same_value("res", mask.get("res"), "2")
        and belongs(mask, bold, apart_from={"desc", "res"})
    )


def find_confounds(session: SessionFiles, bold: DatasetFile, chosen: FileFilter) -> Companion:
    """Find the confounds table of a series, whatever the space of the series.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    bold : DatasetFile
        The series.
    chosen : FileFilter
        Conditions of the user's.
    """
    # fMRIPrep 20 renamed `regressors` to `timeseries`.
    suffixes = ["timeseries", "regressors"]
    if "suffix" in chosen.keys:
        suffixes = [suffix for suffix in chosen.wanted["suffix"] if suffix is not None]
    chosen = chosen.with_defaults(desc="confounds")
    for files in session.searched(bold.dataset):
        for suffix in suffixes:
            tables = [
                file
                for file in files
                if session.own(file)
                and file.suffix == suffix
                and file.extension == ".tsv"
                and chosen.accepts(file)
                and belongs(file, bold, apart_from=DERIVED_ENTITIES | chosen.keys)
            ]
            if tables:
                return the_one(tables)
    entities = _without(bold, DERIVED_ENTITIES | COMBINED_ENTITIES) | {"desc": "confounds"}
    return _lacking(session, session.expected(entities, "timeseries", ".tsv"), session.places)


def find_events(session: SessionFiles, bold: DatasetFile, chosen: FileFilter) -> Companion:
    """Find the events of a series in the raw dataset, by inheritance.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    bold : DatasetFile
        The series.
    chosen : FileFilter
        Conditions of the user's.
    """
    tables = [
        file
        for file in session.raw
        if file.suffix == "events"
        and file.extension == ".tsv"
        and "task" in file.entities
        and chosen.accepts(file)
        and applies(file, bold, ignoring=chosen.keys)
    ]
    if tables:
        last = nearest_last(tables)[-1]
        nearest = [
            file
            for file in tables
            if (file.depth, len(file.entities)) == (last.depth, len(last.entities))
        ]
        return the_one(nearest)
    entities = _without(bold, DERIVED_ENTITIES | COMBINED_ENTITIES)
    return _lacking(session, session.expected(entities, "events", ".tsv"), "the raw dataset")


def find_timing(session: SessionFiles, series: DatasetFile) -> Timing:
    """Read acquisition times: the derivative's sidecars, then the raw ones for the TR.

    The header of the image is never asked: what writes it often leaves 1 s.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    series : DatasetFile
        The series.
    """
    derived = read_metadata(
        series, session.derivatives.get(series.dataset, ()), suffix=series.suffix
    )
    if derived.problem is not None:
        return Timing(None, None, None, reason=derived.problem)
    source = derived
    if "RepetitionTime" not in derived.values:
        source = read_metadata(
            series, session.raw, suffix="bold", ignoring=DERIVED_ENTITIES | COMBINED_ENTITIES
        )
    if source.problem is not None:
        return Timing(None, None, None, reason=source.problem)
    t_r = source.number("RepetitionTime")
    reason = _t_r_problem(source, series)
    start_time, notes = _start_time(derived, t_r)
    return Timing(
        t_r=None if reason else t_r,
        start_time=start_time,
        slice_timing_corrected=derived.truth("SliceTimingCorrected"),
        reason=reason,
        notes=notes,
    )


def _start_time(metadata: Metadata, t_r: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return the time of the reference slice; one outside the volume is not believed."""
    stated = metadata.values.get("StartTime")
    start_time = metadata.number("StartTime")
    if stated is None or t_r is None:
        return start_time, ()
    if start_time is not None and 0 <= start_time <= t_r:
        return start_time, ()
    told = shown(repr(stated))
    return None, (f"StartTime of the sidecar is {told}, no time within a volume: not used",)


def missing_companion(task: str, kind: str, companion: Companion) -> Missing:
    """Record a companion that cannot be used."""
    return Missing(f"{task}: {kind}", companion.reason or "")


def _t_r_problem(source: Metadata, series: DatasetFile) -> str | None:
    stem = series.path.name.removesuffix(series.extension)
    if "RepetitionTime" not in source.values:
        return (
            f"neither {stem}.json nor a sidecar of the raw dataset states RepetitionTime "
            "(the image's header is not trusted)"
        )
    t_r = source.number("RepetitionTime")
    if t_r is None or not SHORTEST_T_R <= t_r <= LONGEST_T_R:
        told = shown(repr(source.values["RepetitionTime"]))
        return f"RepetitionTime of {stem} is {told}; BIDS wants seconds"
    return None


def _without(file: DatasetFile, left_out: Collection[str]) -> dict[str, str]:
    return {key: value for key, value in file.entities.items() if key not in left_out}


def _lacking(session: SessionFiles, expected: str, place: str) -> Companion:
    folder = session.folder_at(expected)
    return absent(expected, place) if folder is None else Companion(None, folder)


def absent(expected: str, place: str) -> Companion:
    """Return that a file is not there.

    Parameters
    ----------
    expected : str
        Path that it would have.
    place : str
        Datasets in which it was looked for.
    """
    return Companion(None, f"expected {expected} in {place}", absent=True)


def the_one(files: Sequence[DatasetFile]) -> Companion:
    """Return the file that fits a series, or the reason why it cannot be used.

    Parameters
    ----------
    files : sequence of DatasetFile
        One file; several are a reason.
    """
    if len(files) > 1:
        names = listed(file.path.name for file in files)
        return Companion(None, f"several files fit ({names}): choose one with `--bids-filter-file`")
    problem = content_problem(files[0].path)
    return Companion(None, problem) if problem else Companion(files[0].path)
