"""Dataset -> frozen records of what each participant-session offers to a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.aseg_files import find_aseg_image, find_aseg_stats
from bids_ketamine.dataset.description import check_derivatives, check_raw_dataset
from bids_ketamine.dataset.filters import Filters, compile_filters
from bids_ketamine.dataset.index import DatasetIndex, index_dataset
from bids_ketamine.dataset.inputs import Missing, RunInputs, SessionInputs, VolumesInputs
from bids_ketamine.dataset.labels import SessionRules, folder_labels, select_participants
from bids_ketamine.dataset.names import listed, natural_order, strip_prefix
from bids_ketamine.dataset.runs import find_runs
from bids_ketamine.dataset.session_files import SessionFiles
from bids_ketamine.dataset.wanted import wanted_tasks
from bids_ketamine.errors import NothingSelectedError
from bids_ketamine.study.measure_names import ANATOMY
from bids_ketamine.study.spec import StudySpec


def find_sessions(
    *,
    bids_dir: Path,
    derivatives: Mapping[str, Path],
    study: StudySpec,
    participant_labels: Sequence[str] | None,
    session_labels: Sequence[str] | None,
    task_labels: Sequence[str] | None,
    filters: Filters | None,
    database_dir: Path | None,
    check_descriptions: bool = True,
) -> tuple[SessionInputs, ...]:
    """Find the inputs of every wanted participant-session of a study.

    Only the folders of wanted participants are entered, and no image is opened.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset: events, sidecars, participants.tsv.
    derivatives : mapping of str to Path
        Derivatives by name, such as ``fmriprep``; searched in this order.
    study : StudySpec
        What is computed.
    participant_labels : sequence of str or None
        Labels with or without ``sub-``; everybody where ``None``.
    session_labels : sequence of str or None
        Session labels of the dataset, with or without ``ses-``; all of the study's where
        ``None``.
    task_labels : sequence of str or None
        Tasks of the study, by name or `task` entity; all where ``None``.
    filters : mapping or None
        BIDS filters by kind of file, see
        :func:`bids_ketamine.dataset.filters.compile_filters`.
    database_dir : Path or None
        Folder of a pybids database of the whole dataset, made where it is absent.
    check_descriptions : bool
        Whether ``dataset_description.json`` of every dataset must be there and valid.

    Returns
    -------
    tuple of SessionInputs
        One for each participant and session of the study; a session that a participant lacks
        has no runs, and says so in ``missing`` (``what`` is ``session`` there, else
        ``task: kind of file``).

    Raises
    ------
    InputMissingError
        If the dataset or the derivatives are not there.
    InvalidBidsError
        If one of them is not a BIDS dataset.
    NothingSelectedError
        If a label is unknown, or labels and filters leave nothing.
    UsageError
        If a filter is not understood, or several series of one run fit.
    """
    tasks = wanted_tasks(study, task_labels)
    imaging = bool(tasks) or study.volumes is not None
    if check_descriptions:
        check_raw_dataset(bids_dir)
        if imaging:
            check_derivatives(derivatives)
    chosen = compile_filters(filters)
    roots = (bids_dir, *derivatives.values())
    participants = select_participants(roots, participant_labels)
    planned = _plan(bids_dir, roots, study, participants)
    planned = _restrict(planned, session_labels, study)
    _require_any(planned, study, bids_dir)
    present = [each for each in planned if each.reason is None]
    indices = [
        index_dataset(
            root,
            name=name,
            participants=natural_order({each.participant for each in present}),
            sessions={each.label for each in present},
            database_dir=database_dir,
            aseg=study.volumes is not None or any(task.aseg or task.cortex for task in tasks),
        )
        for name, root in ([("raw", bids_dir), *derivatives.items()] if imaging else [])
    ]
    sessions = []
    for each in planned:
        runs: tuple[RunInputs, ...] = ()
        missing: tuple[Missing, ...] = ()
        volumes: VolumesInputs | None = None
        if each.reason is not None:
            missing = (Missing("session", each.reason),)
        elif imaging:
            files = _files(each, indices)
            runs, missing = find_runs(files, tasks=tasks, inputs=study.inputs, filters=chosen)
            if study.volumes is not None:
                volumes = _volumes(files)
                if volumes.reason:
                    missing = (*missing, Missing(f"{ANATOMY}: volumes", volumes.reason))
        sessions.append(
            SessionInputs(each.participant, each.session, each.label, runs, missing, volumes)
        )
    _require_runs(sessions, filters)
    return tuple(sessions)


@dataclass(frozen=True)
class _Planned:
    """A session of the study for one participant; ``reason`` says why it is not there."""

    participant: str
    session: str
    label: str | None
    there: frozenset[str]
    reason: str | None


def _plan(
    bids_dir: Path, roots: Sequence[Path], study: StudySpec, participants: Sequence[str]
) -> list[_Planned]:
    rules = SessionRules(bids_dir, study.scanned_sessions)
    planned = []
    for participant in participants:
        folders = [root / f"sub-{participant}" for root in roots]
        there = frozenset().union(*(folder_labels(folder, "ses") for folder in folders))
        meanings = {
            session.name: rules.label(session, participant) for session in study.scanned_sessions
        }
        for session in study.scanned_sessions:
            label, reason = meanings[session.name].label, meanings[session.name].reason
            same = [name for name, each in meanings.items() if label and each.label == label]
            if reason is None and session.unlabelled:
                if not any((folder / "func").is_dir() for folder in folders):
                    reason = f"sub-{participant} has no data outside session folders"
                    reason += f"; it has {_named(there)}" if there else ""
            elif reason is None and len(same) > 1:
                reason = f"ses-{label} of sub-{participant} stands for {' and '.join(same)}"
            elif reason is None and label not in there:
                has = f"it has {_named(there)}" if there else "it has no session folders"
                reason = f"sub-{participant} has no ses-{label}; {has}"
            planned.append(_Planned(participant, session.name, label, there, reason))
    return planned


def _restrict(
    planned: list[_Planned], session_labels: Sequence[str] | None, study: StudySpec
) -> list[_Planned]:
    """Keep the wanted session labels, each of which must stand for a session somewhere."""
    if session_labels is None:
        return planned
    wanted = {strip_prefix(label, "ses") for label in session_labels}
    there = frozenset().union(*(each.there for each in planned))
    unknown = natural_order(wanted - there)
    if unknown:
        raise NothingSelectedError(
            f"There is no session {listed(f'`{label}`' for label in unknown)}; "
            f"sessions of the participants: {listed(natural_order(there))}.",
            cure=_made_of(unknown, study),
        )
    unused = natural_order(wanted - {each.label for each in planned if each.label is not None})
    if unused:
        raise NothingSelectedError(
            f"The session {listed(f'`{label}`' for label in unused)} stands for none of the "
            f"study's sessions ({listed(session.name for session in study.scanned_sessions)}).",
            cure=_SESSIONS_CURE,
        )
    return [each for each in planned if each.label in wanted]


def _made_of(labels: Sequence[str], study: StudySpec) -> str | None:
    """Name the sessions of which a wanted one is the mean."""
    means = study.session_means
    known = [label for label in labels if label in means]
    told = [f"`{label}` is the mean of {listed(means[label])}" for label in known]
    return f"{'; '.join(told)}: select these." if told else None


_SESSIONS_CURE = (
    "State the labels in a study file: `extends: PRESET` and `sessions: {pre: {label: LABEL}}`."
)


def _require_any(planned: Sequence[_Planned], study: StudySpec, bids_dir: Path) -> None:
    if any(each.reason is None for each in planned):
        return
    undecided = [each for each in planned if each.label is None and each.reason is not None]
    if undecided and not any(session.unlabelled for session in study.scanned_sessions):
        raise NothingSelectedError(
            f"No session of the study can be told from participants.tsv: {undecided[0].reason}.",
            path=bids_dir,
        )
    expected = natural_order({each.label for each in planned if each.label is not None})
    there = frozenset().union(*(each.there for each in planned))
    cure = _SESSIONS_CURE
    if not there:
        cure = "For a dataset without session folders: `sessions: {scan: {unlabelled: true}}`."
    raise NothingSelectedError(
        f"None of the participants has a session of the study: expected "
        f"{_named(expected) if expected else 'data outside session folders'}, "
        f"the dataset has {_named(there) if there else 'no session folders'}.",
        path=bids_dir,
        cure=f"{cure[:-1]} (now the study is `{study.name}`).",
    )


def _require_runs(sessions: Sequence[SessionInputs], filters: Filters | None) -> None:
    if not filters or any(session.runs for session in sessions):
        return
    first = next((each for session in sessions for each in session.missing), None)
    example = "" if first is None else f" Such as {first.what}: {first.reason}."
    raise NothingSelectedError(f"The BIDS filters leave no run.{example}")


def _files(planned: _Planned, indices: Sequence[DatasetIndex]) -> SessionFiles:
    raw, *derived = indices
    return SessionFiles(
        participant=planned.participant,
        label=planned.label,
        raw=raw.files(planned.participant, planned.label),
        roots=tuple(index.root for index in indices),
        derivatives={
            index.name: index.files(planned.participant, planned.label) for index in derived
        },
    )


def _volumes(files: SessionFiles) -> VolumesInputs:
    """Find FreeSurfer's volumes of a session, else a segmentation whose voxels are counted."""
    _, *derived = files.roots
    stats = find_aseg_stats(derived, files.participant, files.label)
    if stats.path is not None or not stats.absent:
        return VolumesInputs(stats=stats.path, note=stats.note, reason=stats.reason or "")
    image = find_aseg_image(files)
    reason = "" if image.path is not None else f"{stats.reason}; {image.reason}"
    return VolumesInputs(segmentation=image.path, note=image.note, reason=reason)


def _named(labels: Sequence[str] | frozenset[str]) -> str:
    return listed(f"ses-{label}" for label in natural_order(labels))
