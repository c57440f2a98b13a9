"""Collect what the participant level left in the output tree, and refuse what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bids_ketamine.dataset.names import strip_prefix
from bids_ketamine.dataset.spelling import near_text, nearest_label
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.collect_models import model_outcomes
from bids_ketamine.outputs.collected import CollectedOutputs, SessionOutput, named
from bids_ketamine.outputs.measures_files import REMAKE, join_measures, read_json, read_measures
from bids_ketamine.outputs.participant_logs import missing_things, processing_of_runs, read_logs
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.study.spec import StudySpec

#: Sessions named in a refusal before the others are counted.
NAMED = 10


def collect_outputs(output_dir: Path, spec: StudySpec) -> CollectedOutputs:
    """Read every measures table of the output tree.

    Parameters
    ----------
    output_dir : Path
        The output folder; nothing else is read.
    spec : StudySpec
        The study that the outputs must come from.

    Returns
    -------
    CollectedOutputs
        Measures, and what is known of sessions without any.

    Raises
    ------
    InputMissingError
        If there is none.
    InputDataError
        If tables come from different studies or versions, or from another study than this
        one, or if one is damaged.
    """
    patterns = ("sub-*/sub-*_measures.tsv", "sub-*/ses-*/sub-*_measures.tsv")
    paths = sorted(path for pattern in patterns for path in output_dir.glob(pattern))
    if not paths:
        raise InputMissingError(
            "There are no measures in the output folder.",
            path=output_dir,
            cure="Run the participant level first.",
        )
    outputs = [_session_output(path, spec) for path in paths]
    _require_one_origin(outputs, spec)
    names = [session.name for session in spec.scanned_sessions]
    found = []
    for each in outputs:
        table = read_measures(each.path, participant_id=each.participant_id, session_names=names)
        session = str(table["session"].iloc[0]) if len(table) else each.session
        found.append((replace(each, session=session), table))
    found.sort(key=lambda pair: (pair[0].participant_id, *_place(pair[0].session, names)))
    sessions = tuple(each for each, _ in found)
    _require_distinct(sessions)
    return CollectedOutputs(
        rows=join_measures([table for _, table in found]),
        sessions=sessions,
        logs=read_logs(output_dir / "logs"),
        means=spec.session_means,
    )


def require_known(collected: CollectedOutputs, participants: Collection[str], table: Path) -> None:
    """Refuse outputs of somebody whom the dataset does not know.

    Parameters
    ----------
    collected : CollectedOutputs
        The outputs.
    participants : collection of str
        Participants of the dataset, with ``sub-``.
    table : Path
        The file that lists them.

    Raises
    ------
    InputDataError
        Naming those who are not listed.
    """
    unknown = [name for name in collected.participants if name not in set(participants)]
    if unknown:
        labels = [strip_prefix(name, "sub") for name in participants]
        told = [
            name + near_text(nearest_label(strip_prefix(name, "sub"), labels), prefix="sub-")
            for name in unknown
        ]
        raise InputDataError(
            f"The output folder has measures of {named(told, NAMED)}, not listed in {table.name}.",
            path=table,
            cure=f"Add the missing rows to {table.name}, or remove those outputs.",
        )


def _session_output(path: Path, spec: StudySpec) -> SessionOutput:
    sidecar_path = path.with_suffix(".json")
    sidecar = read_json(sidecar_path)
    study, version = sidecar.get("StudyHash"), sidecar.get("SoftwareVersion")
    if not isinstance(study, str) or not isinstance(version, str):
        raise InputDataError(
            "The sidecar of the measures does not say what computed them (StudyHash, "
            "SoftwareVersion).",
            path=sidecar_path,
            cure=REMAKE,
        )
    session_id = path.parent.name if path.parent.name.startswith("ses-") else None
    return SessionOutput(
        participant_id=path.name.split("_")[0],
        session=_meaning(session_id, spec),
        session_id=session_id,
        path=path,
        study_hash=study,
        software_version=version,
        missing=tuple(missing_things(sidecar)),
        processing=processing_of_runs(sidecar),
        models=model_outcomes(sidecar),
    )


def _meaning(session_id: str | None, spec: StudySpec) -> str | None:
    """Return what a label means where that is the same for all participants."""
    if session_id is None:
        return spec.sessions[0].name if len(spec.sessions) == 1 else None
    label = session_id.removeprefix("ses-")
    scanned = spec.scanned_sessions
    named = {(each.label or each.name): each.name for each in scanned if not each.column}
    return named.get(label)


def _require_one_origin(outputs: Sequence[SessionOutput], spec: StudySpec) -> None:
    """Refuse outputs of more than one study or version, or of another study than this one."""
    for attribute, things in (
        ("study_hash", "study settings"),
        ("software_version", "versions of the software"),
    ):
        by_value: dict[str, list[str]] = {}
        for each in outputs:
            by_value.setdefault(getattr(each, attribute), []).append(each.name)
        if len(by_value) > 1:
            shown = list(by_value.items())[:NAMED]
            listing = "; ".join(
                f"{value}: {named(names, NAMED // len(shown))}" for value, names in shown
            )
            raise InputDataError(
                f"The measures were computed with different {things} ({listing}).",
                cure="Run the participant level on the odd sessions with --overwrite.",
            )
    expected, found = study_hash(spec), outputs[0].study_hash
    if found != expected:
        raise InputDataError(
            f"The measures were computed with other study settings (hash {found}) than those of "
            f"the study `{spec.name}` given now (hash {expected}).",
            cure="Give the study they were computed with, or run the participant level with "
            "this one and --overwrite.",
        )


def _require_distinct(sessions: Sequence[SessionOutput]) -> None:
    seen: dict[tuple[str, str], SessionOutput] = {}
    for each in sessions:
        if each.session is None:
            continue
        other = seen.setdefault((each.participant_id, each.session), each)
        if other is not each:
            raise InputDataError(
                f"{each.participant_id} has two sessions that mean `{each.session}`: "
                f"{other.path.name} and {each.path.name}.",
                path=each.path,
                cure="Remove the outputs of the one that does not belong to the study.",
            )


def _place(session: str | None, names: Sequence[str]) -> tuple[int, str]:
    return (names.index(session) if session in names else len(names), str(session))
