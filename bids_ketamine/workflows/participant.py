"""The participant level: which sessions are computed, the graph, and how each one ended."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bids_ketamine._version import __version__
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.derivative import write_description
from bids_ketamine.outputs.patterns import output_name
from bids_ketamine.outputs.provenance import inputs_hash, study_hash
from bids_ketamine.study.load import Study
from bids_ketamine.workflows.memory import available_memory_gb
from bids_ketamine.workflows.plugin import KILLED, SurvivingMultiProc
from bids_ketamine.workflows.records import (
    ExecutionSettings,
    ProgressEvent,
    SessionOutcome,
    SessionStatus,
    StepError,
)
from bids_ketamine.workflows.session import StepLabel, init_session_wf

LOGGER = logging.getLogger("bids_ketamine")

#: Nipype looks for finished nodes this often, s; its own two seconds cost two seconds a node.
POLL_INTERVAL = 0.05

ROOT = "participant_level"


def run_participant_level(
    *,
    sessions: Sequence[SessionInputs],
    study: Study,
    bids_dir: Path,
    derivatives: Mapping[str, Path],
    output_dir: Path,
    execution: ExecutionSettings,
    overwrite: bool,
    report: Callable[[ProgressEvent], None],
) -> tuple[SessionOutcome, ...]:
    """Compute the measures of participant-sessions.

    A session whose output carries the same fingerprints is not computed again; one with
    others is refused before anything starts, unless it may be overwritten. A failing session
    leaves the others whole. Sessions that were running when a worker was killed are tried
    once more, one at a time.

    Parameters
    ----------
    sessions : sequence of SessionInputs
        What the dataset offers.
    study : Study
        The study and its notices.
    bids_dir, derivatives, output_dir
        Datasets.
    execution : ExecutionSettings
        Processes, memory, folders.
    overwrite : bool
        Whether results with other fingerprints are replaced.
    report : callable
        Told of every step that starts or ends.

    Returns
    -------
    tuple of SessionOutcome
        In the order of the sessions.

    Raises
    ------
    CannotCreateError
        If results with other fingerprints are in the way, or the folder is another app's.
    """
    fingerprints = {session.prefix: _inputs_hash(session) for session in sessions if session.runs}
    state = _States(study, output_dir, fingerprints)
    waiting = [session for session in sessions if session.runs and not state.reusable(session)]
    if not overwrite:
        state.refuse(waiting)
    write_description(
        output_dir, bids_dir=bids_dir, derivatives=derivatives, study_name=study.spec.name
    )
    for session in sessions:
        if session.runs and session not in waiting:
            report(ProgressEvent("reused", session.participant, session.session, "", 0, 0))
    graph = _Graph(study, bids_dir, derivatives, output_dir, execution, fingerprints, report)
    errors = graph.run(waiting)
    killed = [
        session
        for session in waiting
        if any(error.message == KILLED for error in errors.get(session.prefix, ()))
    ]
    if not execution.stop_on_first_crash and execution.plugin is None:
        for session in killed if len(waiting) > 1 else ():
            LOGGER.info("%s: tried once more on its own", session.prefix)
            errors.pop(session.prefix)
            errors |= graph.run([session])
    outcomes = []
    for session in sessions:
        own = tuple(errors.get(session.prefix, ()))
        status: SessionStatus
        if not session.runs:
            status = "missing"
        elif session not in waiting:
            status = "reused"
        else:
            status = "computed" if state.reusable(session) and not own else "failed"
        if status == "failed" and not own:
            own = (StepError("measures table", "The session was not finished.", None),)
        if status == "computed" and execution.clean_work_dir:
            shutil.rmtree(graph.session_work_dir(session), ignore_errors=True)
        outcomes.append(SessionOutcome(session.participant, session.session, status, own))
    return tuple(outcomes)


def _inputs_hash(session: SessionInputs) -> str:
    files: list[Path] = []
    facts = []
    for run in session.runs:
        files += run.files
        if run.confounds is not None and run.confounds.with_suffix(".json").is_file():
            files.append(run.confounds.with_suffix(".json"))
        facts.append(
            (
                run.task,
                run.run,
                run.t_r,
                run.start_time,
                run.slice_timing_corrected,
                run.description,
            )
        )
    return inputs_hash(files, facts)


class _States:
    """What lies in the output already."""

    def __init__(self, study: Study, output_dir: Path, fingerprints: Mapping[str, str]) -> None:
        self.study_hash = study_hash(study.spec)
        self.output_dir = output_dir
        self.fingerprints = fingerprints

    def _carried(self, session: SessionInputs) -> dict[str, Any] | None:
        table = self.output_dir / session.folder / output_name("measures", prefix=session.prefix)
        if not table.is_file():
            return None
        try:
            carried: dict[str, Any] = json.loads(table.with_suffix(".json").read_text())
        except (OSError, ValueError):
            return {}
        return carried

    def differences(self, session: SessionInputs) -> list[str]:
        """Return which fingerprints of an existing result differ; empty if none do."""
        carried = self._carried(session)
        if carried is None:
            return ["nothing computed yet"]
        wanted = {
            "StudyHash": ("study", self.study_hash),
            "InputsHash": ("input files", self.fingerprints[session.prefix]),
            "SoftwareVersion": ("version", __version__),
        }
        return [
            f"{word} (was {carried.get(key)}, is {value})"
            for key, (word, value) in wanted.items()
            if carried.get(key) != value
        ]

    def reusable(self, session: SessionInputs) -> bool:
        """Tell whether a whole result with the same fingerprints is there."""
        return not self.differences(session)

    def refuse(self, sessions: Sequence[SessionInputs]) -> None:
        """Raise if results of another study, input or version would be replaced."""
        conflicts = [
            f"{session.prefix}: {', '.join(self.differences(session))}"
            for session in sessions
            if self._carried(session) is not None
        ]
        if conflicts:
            shown = "; ".join(conflicts[:5]) + ("; ..." if len(conflicts) > 5 else "")
            raise CannotCreateError(
                f"The output holds results that were computed otherwise: {shown}.",
                path=self.output_dir,
                cure="Use another output folder, or --overwrite to replace them.",
            )


class _Graph:
    """Builds and executes the Nipype graph of some sessions."""

    def __init__(
        self,
        study: Study,
        bids_dir: Path,
        derivatives: Mapping[str, Path],
        output_dir: Path,
        execution: ExecutionSettings,
        fingerprints: Mapping[str, str],
        report: Callable[[ProgressEvent], None],
    ) -> None:
        self.study = study
        self.output_dir = output_dir
        self.execution = execution
        self.fingerprints = fingerprints
        self.report = report
        # The longest folder first, so that derivatives inside the raw dataset keep their name.
        folders = {"raw": bids_dir, **derivatives}
        ordered = sorted(folders.items(), key=lambda item: len(str(item[1])), reverse=True)
        self.sources = {str(folder): name for name, folder in ordered}
        self.error_dir = execution.work_dir / "errors"
        self.memory_gb = execution.memory_gb or available_memory_gb()

    def session_work_dir(self, session: SessionInputs) -> Path:
        """Return the folder of a session's intermediate files."""
        name = "_".join(["sub", session.participant, "ses", session.session])
        return self.execution.work_dir / ROOT / name

    def run(self, sessions: Sequence[SessionInputs]) -> dict[str, list[StepError]]:
        """Execute the graph and return the errors of each session by its prefix."""
        if not sessions:
            return {}
        from nipype import Workflow, config
        from nipype import logging as nipype_logging

        logs = self.output_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.error_dir, ignore_errors=True)
        workflow = Workflow(name=ROOT, base_dir=str(self.execution.work_dir))
        labels: dict[str, StepLabel] = {}
        for session in sessions:
            own, own_labels = init_session_wf(
                session=session,
                study=self.study.spec,
                inputs_hash=self.fingerprints[session.prefix],
                output_dir=self.output_dir,
                sources=self.sources,
                notices=self.study.notices,
                error_dir=self.error_dir,
                omp_n_threads=self.execution.omp_n_threads,
                memory_gb=self.memory_gb,
            )
            workflow.add_nodes([own])
            labels |= {f"{ROOT}.{name}": label for name, label in own_labels.items()}
        settings = {
            "crashdump_dir": str(logs),
            "crashfile_format": "txt",
            "hash_method": "content",
            "poll_sleep_duration": POLL_INTERVAL,
            "stop_on_first_crash": self.execution.stop_on_first_crash,
            "remove_unnecessary_outputs": False,
            "check_version": False,
        }
        config.update_config({"execution": {k: str(v) for k, v in settings.items()}})
        workflow.config["execution"] = {k: str(v) for k, v in settings.items()}
        nipype_logging.update_logging(config)
        account = _Account(labels, self.report)
        try:
            self._execute(workflow, account)
        except (RuntimeError, OSError) as error:
            # Failing nodes are on the account; anything else is told as the graph's failure.
            LOGGER.debug("the graph ended with: %s", error)
            if not account.crashes:
                account.crashes.append((None, "", str(error)))
        return self._errors(sessions, account)

    def _execute(self, workflow: Any, account: _Account) -> None:
        if self.execution.plugin is not None:
            chosen = dict(self.execution.plugin)
            arguments = dict(chosen.get("plugin_args") or {})  # type: ignore[call-overload]
            arguments["status_callback"] = account.status
            workflow.run(plugin=chosen.get("plugin", "Linear"), plugin_args=arguments)
            return
        plugin = SurvivingMultiProc(
            {
                "n_procs": self.execution.n_procs,
                "memory_gb": self.memory_gb,
                "raise_insufficient": False,
                "status_callback": account.status,
                "on_crash": account.crash,
            }
        )
        workflow.run(plugin=plugin)

    def _errors(
        self, sessions: Sequence[SessionInputs], account: _Account
    ) -> dict[str, list[StepError]]:
        told: dict[str, list[StepError]] = {}
        by_name = {(each.participant, each.session): each for each in sessions}
        for label, crash_file, message in account.crashes:
            words, exit_code = _words(label.error_file, message) if label else (message, 1)
            step = label.step if label else "graph"
            error = StepError(step, words, Path(crash_file) if crash_file else None, exit_code)
            hit = [by_name[label.participant, label.session]] if label else sessions
            for session in hit:
                told.setdefault(session.prefix, []).append(error)
        return told


def _words(error_file: Path, message: str) -> tuple[str, int]:
    """Return what a failing step said of itself, or else the last line of its traceback."""
    if message == KILLED or not error_file.is_file():
        return message, 1
    record = json.loads(error_file.read_text(encoding="utf-8"))
    return str(record["Message"]), int(record["ExitCode"])


class _Account:
    """Turns Nipype's callbacks into progress events and a list of crashes."""

    def __init__(
        self, labels: Mapping[str, StepLabel], report: Callable[[ProgressEvent], None]
    ) -> None:
        self.labels = labels
        self.report = report
        self.n_done = 0
        self.crashes: list[tuple[StepLabel | None, str, str]] = []

    def status(self, node: Any, status: str) -> None:
        """Nipype's status callback."""
        label = self.labels.get(node.fullname)
        if label is None:
            return
        kinds = {"start": "start", "end": "done", "exception": "failed"}
        kind = kinds.get(status)
        if kind is None:
            return
        self.n_done += kind != "start"
        self.report(
            ProgressEvent(
                kind,  # type: ignore[arg-type]
                label.participant,
                label.session,
                label.step,
                self.n_done,
                len(self.labels),
            )
        )

    def crash(self, node: Any, crash_file: str, traceback: str) -> None:
        """Keep account of a crashed node and the last line of its traceback."""
        label = self.labels.get(node.fullname)
        last = next((line for line in reversed(traceback.splitlines()) if line.strip()), "")
        self.crashes.append((label, crash_file, last.strip()))
