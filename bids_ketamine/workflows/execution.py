"""Execution of the graph: Nipype's settings, plugin, and the account of what failed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.outputs.places import places, publish_crash_files
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.load import Study
from bids_ketamine.workflows.memory import available_memory_gb
from bids_ketamine.workflows.plugin import KILLED, SurvivingMultiProc
from bids_ketamine.workflows.records import ExecutionSettings, ProgressEvent, StepError
from bids_ketamine.workflows.session import StepLabel, init_session_wf, workflow_name

LOGGER = logging.getLogger("bids_ketamine")

#: Nipype looks for finished nodes this often, s; its own two seconds cost two seconds a node.
POLL_INTERVAL = 0.05

ROOT = "participant_level"


class Graph:
    """Builds and executes the Nipype graph of some sessions.

    Parameters
    ----------
    study : Study
        The study and its notices.
    region_sources : tuple of RegionSource
        What its regions are made of.
    bids_dir, derivatives, output_dir
        Datasets.
    execution : ExecutionSettings
        Processes, memory, folders.
    fingerprints : mapping of str to str
        Fingerprint of each session by its prefix.
    report : callable
        Told of every step that starts or ends.
    """

    def __init__(
        self,
        study: Study,
        region_sources: tuple[RegionSource, ...],
        bids_dir: Path,
        derivatives: Mapping[str, Path],
        output_dir: Path,
        execution: ExecutionSettings,
        fingerprints: Mapping[str, str],
        report: Callable[[ProgressEvent], None],
    ) -> None:
        self.study = study
        self.region_sources = region_sources
        self.output_dir = output_dir
        self.execution = execution
        self.fingerprints = fingerprints
        self.report = report
        # The longest folder first, so that derivatives inside the raw dataset keep their name.
        folders = {"raw": bids_dir, **derivatives}
        ordered = sorted(folders.items(), key=lambda item: len(str(item[1])), reverse=True)
        self.sources = {str(folder): name for name, folder in ordered}
        self.error_dir = execution.work_dir / "errors"
        # Nipype's crash files name user, machine and folders: they come to the logs without.
        self.crash_dir = execution.work_dir / "crashes"
        self.places = places(
            bids_dir=bids_dir,
            derivatives=derivatives,
            output_dir=output_dir,
            work_dir=execution.work_dir,
        )
        self.memory_gb = execution.memory_gb or available_memory_gb()

    def session_work_dir(self, session: SessionInputs) -> Path:
        """Return the folder of a session's intermediate files."""
        return self.execution.work_dir / ROOT / workflow_name(session)

    def run(self, sessions: Sequence[SessionInputs], *, n_procs: int) -> dict[str, list[StepError]]:
        """Execute the graph and return the errors of each session by its prefix.

        Parameters
        ----------
        sessions : sequence of SessionInputs
            Sessions to compute.
        n_procs : int
            Processes of the app's own plugin.
        """
        if not sessions:
            return {}
        from nipype import Workflow, config
        from nipype import logging as nipype_logging

        logs = self.output_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        workflow = Workflow(name=ROOT, base_dir=str(self.execution.work_dir))
        labels: dict[str, StepLabel] = {}
        for session in sessions:
            own, own_labels = init_session_wf(
                session=session,
                study=self.study.spec,
                region_sources=self.region_sources,
                inputs_hash=self.fingerprints[session.prefix],
                output_dir=self.output_dir,
                sources=self.sources,
                notices=self.study.notices,
                error_dir=self.error_dir,
                omp_n_threads=self.execution.omp_n_threads,
                memory_gb=self.memory_gb,
            )
            workflow.add_nodes([own])
            for label in own_labels.values():
                label.error_file.unlink(missing_ok=True)
            labels |= {f"{ROOT}.{name}": label for name, label in own_labels.items()}
        settings = {
            "crashdump_dir": str(self.crash_dir),
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
        account = Account(labels, self.report)
        try:
            self._execute(workflow, account, n_procs)
        except Exception as error:
            # Failing nodes leave a word of their own; what is left is the graph's failure.
            LOGGER.debug("the graph ended with: %s", error)
            account.ending = str(error).strip().rpartition("\n")[2]
        finally:
            account.published = publish_crash_files(self.crash_dir, logs, self.places)
        return self._errors(sessions, account)

    def _execute(self, workflow: Any, account: Account, n_procs: int) -> None:
        if self.execution.plugin is not None:
            chosen = dict(self.execution.plugin)
            arguments = dict(chosen.get("plugin_args") or {})  # type: ignore[call-overload]
            arguments["status_callback"] = account.status
            workflow.run(plugin=chosen.get("plugin", "Linear"), plugin_args=arguments)
            return
        plugin = SurvivingMultiProc(
            {
                "n_procs": n_procs,
                "memory_gb": self.memory_gb,
                "raise_insufficient": False,
                "status_callback": account.status,
                "on_crash": account.crash,
            }
        )
        try:
            workflow.run(plugin=plugin)
        except (KeyboardInterrupt, SystemExit):
            plugin.abandon()
            raise

    def _errors(
        self, sessions: Sequence[SessionInputs], account: Account
    ) -> dict[str, list[StepError]]:
        told: dict[str, list[StepError]] = {}
        by_name = {(each.participant, each.session): each for each in sessions}
        crashed = {label: (crash_file, message) for label, crash_file, message in account.crashes}
        for label in account.labels.values():
            # Plugins of the user's do not call back on a crash; the step's own word is there.
            if label not in crashed and not label.error_file.is_file():
                continue
            crash_file, message = crashed.get(label, ("", "the step failed"))
            kept = account.published.get(crash_file, Path(crash_file))
            words, exit_code = _words(label.error_file, message)
            error = StepError(label.step, words, kept if crash_file else None, exit_code)
            told.setdefault(by_name[label.participant, label.session].prefix, []).append(error)
        if account.ending and not told:
            for session in sessions:
                told[session.prefix] = [StepError("graph", account.ending, None)]
        return told


def _words(error_file: Path, message: str) -> tuple[str, int]:
    """Return what a failing step said of itself, or else the last line of its traceback."""
    if message == KILLED or not error_file.is_file():
        return message, 1
    record = json.loads(error_file.read_text(encoding="utf-8"))
    return str(record["Message"]), int(record["ExitCode"])


class Account:
    """Turns Nipype's callbacks into progress events and a list of crashes."""

    def __init__(
        self, labels: Mapping[str, StepLabel], report: Callable[[ProgressEvent], None]
    ) -> None:
        self.labels = labels
        self.report = report
        self.n_done = 0
        self.crashes: list[tuple[StepLabel, str, str]] = []
        self.published: dict[str, Path] = {}
        self.ending = ""

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
        if label is not None:
            self.crashes.append((label, crash_file, last.strip()))
