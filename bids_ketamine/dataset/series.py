"""Which series of each run is analysed: BOLD images, or region time series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bids_ketamine.dataset.content import content_problem
from bids_ketamine.dataset.dense_series import (
    preferred_dense,
    reads_dense,
    series_extensions,
)
from bids_ketamine.dataset.filters import FileFilter
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.missing_series import no_bold, passed_over, tasks_there
from bids_ketamine.dataset.names import DatasetFile, entity_key, is_number, listed, same_value
from bids_ketamine.dataset.session_files import (
    DENSE_EXTENSION,
    IMAGE_EXTENSIONS,
    SessionFiles,
    run_key,
)
from bids_ketamine.dataset.wanted import WantedTask
from bids_ketamine.dataset.xcpd_files import without_joined_runs
from bids_ketamine.errors import UsageError
from bids_ketamine.study.spec import InputsSpec

TIMESERIES_EXTENSIONS = (".tsv", ".tsv.gz")
#: Entities of raw names: a filter on the others says nothing about raw runs.
RAW_ENTITIES = frozenset({"task", "acq", "ce", "rec", "dir", "run", "echo", "part"})


@dataclass(frozen=True)
class FoundSeries:
    """Series of one task in a session.

    Attributes
    ----------
    files : tuple of DatasetFile
        One series for each run.
    missing : tuple of Missing
        Runs without one, and series that were passed over.
    """

    files: tuple[DatasetFile, ...]
    missing: tuple[Missing, ...]


def find_bold(
    session: SessionFiles, task: WantedTask, inputs: InputsSpec, chosen: FileFilter
) -> FoundSeries:
    """Choose the BOLD series of every run of a task.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    task : WantedTask
        The task.
    inputs : InputsSpec
        Space, resolution, and `desc` entities in order of preference; of CIFTI series (space
        `fsLR`) the density.
    chosen : FileFilter
        Further conditions of the user's.

    Raises
    ------
    UsageError
        If several series of one run differ in an entity that nothing decides.
    """
    images = [
        file
        for files in session.derivatives.values()
        for file in files
        if session.own(file)
        and file.suffix == "bold"
        and file.extension in (*IMAGE_EXTENSIONS, DENSE_EXTENSION)
        and file.get("task") == task.label
        and chosen.accepts(file)
    ]
    extensions = series_extensions(inputs)
    others = [file for file in images if file.extension not in extensions]
    images = [file for file in images if file.extension in extensions]
    runs = {run_key(file) for file in images} | _raw_runs(session, task, chosen)
    files: list[DatasetFile] = []
    missing: list[Missing] = []
    for run in sorted(runs, key=_run_order):
        of_run = [file for file in images if run_key(file) == run]
        series = _preferred(of_run, inputs)
        if not series:
            elsewhere = [file for file in others if run_key(file) == run]
            missing.append(no_bold(session, task, inputs, run, [*of_run, *elsewhere]))
            continue
        if _several_resolutions(series):
            missing.append(Missing(f"{task.name}: bold", _resolution_reason(series)))
            continue
        _refuse_several(series, session, kind="bold")
        problem = content_problem(series[0].path)
        if problem is not None:
            missing.append(Missing(f"{task.name}: bold", problem))
            continue
        missing.extend(passed_over(of_run, series[0], task, inputs))
        files.append(series[0])
    if not runs:
        missing.append(no_bold(session, task, inputs, None, others))
    return FoundSeries(tuple(files), tuple(missing))


def find_timeseries(
    session: SessionFiles, task: WantedTask, inputs: InputsSpec, chosen: FileFilter
) -> FoundSeries:
    """Choose the region time series of every run, in XCP-D's naming.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    task : WantedTask
        The task.
    inputs : InputsSpec
        Atlas; the space is preferred, not required, since regions have none.
    chosen : FileFilter
        Further conditions of the user's.

    Raises
    ------
    UsageError
        If several series of one run differ in an entity that nothing decides.
    """
    atlas = inputs.timeseries_atlas or ""
    found: list[DatasetFile] = []
    for files in session.derivatives.values():
        found = [
            file
            for file in files
            if session.own(file)
            and file.suffix == "timeseries"
            and file.extension in TIMESERIES_EXTENSIONS
            and file.get("task") == task.label
            and atlas in (file.get("atlas"), file.get("seg"))
            and file.get("stat") in (None, "mean")
            and chosen.accepts(file)
        ]
        if found:
            break
    if not found:
        path = session.expected({"task": task.label, "seg": atlas}, "timeseries", ".tsv")
        reason = f"expected {path} in {session.places}" + tasks_there(session, task)
        return FoundSeries((), (Missing(f"{task.name}: timeseries", reason),))
    series: list[DatasetFile] = []
    missing: list[Missing] = []
    found = list(without_joined_runs(found))
    for run in sorted({run_key(file) for file in found}, key=_run_order):
        of_run = [file for file in found if run_key(file) == run]
        in_space = [file for file in of_run if file.get("space") == inputs.space]
        of_run = in_space or of_run
        _refuse_several(of_run, session, kind="timeseries")
        problem = content_problem(of_run[0].path)
        if problem is None:
            series.append(of_run[0])
        else:
            missing.append(Missing(f"{task.name}: timeseries", problem))
    return FoundSeries(tuple(series), tuple(missing))


def _run_order(run: str | None) -> tuple[int, int, str]:
    return (0 if run is None else 1, int(run) if run and is_number(run) else 0, run or "")


def _raw_runs(session: SessionFiles, task: WantedTask, chosen: FileFilter) -> set[str | None]:
    """Return the runs that were measured, so that one without derivatives is not overlooked."""
    raw_filter = chosen.only(RAW_ENTITIES)
    return {
        run_key(file)
        for file in session.raw
        if session.own(file)
        and file.suffix == "bold"
        and file.extension in IMAGE_EXTENSIONS
        and file.get("task") == task.label
        and raw_filter.accepts(file)
    }


def _in_space(file: DatasetFile, inputs: InputsSpec) -> bool:
    if file.get("space") != inputs.space:
        return False
    return inputs.resolution is None or same_value("res", file.get("res"), inputs.resolution)


def _preferred(images: Sequence[DatasetFile], inputs: InputsSpec) -> list[DatasetFile]:
    """Return the series of the first `desc`, in the first derivative, that has any."""
    if reads_dense(inputs):
        return preferred_dense(images, inputs)
    for description in inputs.bold_descriptions:
        series = [
            file for file in images if file.get("desc") == description and _in_space(file, inputs)
        ]
        if series:
            return [file for file in series if file.dataset == series[0].dataset]
    return []


def _several_resolutions(series: Sequence[DatasetFile]) -> bool:
    return len(series) > 1 and _differing(series) == ["res"]


def _resolution_reason(series: Sequence[DatasetFile]) -> str:
    values = listed(f"`{file.get('res') or 'none'}`" for file in series)
    return f"several resolutions are there ({values}): set inputs.resolution in the study file"


def _differing(files: Sequence[DatasetFile]) -> list[str]:
    keys = sorted({key for file in files for key in file.entities})
    return [key for key in keys if len({entity_key(key, file.get(key)) for file in files}) > 1]


def _refuse_several(files: Sequence[DatasetFile], session: SessionFiles, *, kind: str) -> None:
    if len(files) == 1:
        return
    names = listed(file.path.name for file in files)
    keys = _differing(files)
    if not keys:
        raise UsageError(f"Several files are there for one run: {names}.", cure="Keep one of them.")
    values = listed(f"`{file.get(keys[0]) or 'none'}`" for file in files)
    value = next(value for value in (file.get(keys[0]) for file in files) if value is not None)
    raise UsageError(
        f"Several series of one run of sub-{session.participant} differ in `{keys[0]}` "
        f"({values}): {names}.",
        path=files[0].path.parent,
        cure=f"Choose one with `--bids-filter-file`, a JSON file such as "
        f'{{"{kind}": {{"{keys[0]}": "{value}"}}}}.',
    )
