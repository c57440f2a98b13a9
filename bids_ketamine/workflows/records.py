"""What goes into a run of the participant level, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SessionStatus = Literal["computed", "reused", "failed", "missing"]


@dataclass(frozen=True)
class ExecutionSettings:
    """How the graph is executed; none of it changes a result.

    Attributes
    ----------
    n_procs : int
        Processes that run nodes.
    omp_n_threads : int
        Threads of numerical libraries in each process.
    memory_gb : float or None
        Memory that running nodes may claim together; ``None`` for 90 % of what the machine
        or the container grants.
    work_dir : Path
        Folder of intermediate files.
    plugin : mapping or None
        Nipype plugin file as read (``plugin``, ``plugin_args``), instead of the app's own.
    stop_on_first_crash : bool
        Stop at the first failing node.
    clean_work_dir : bool
        Remove intermediate files of finished sessions.
    """

    n_procs: int
    omp_n_threads: int
    memory_gb: float | None
    work_dir: Path
    plugin: Mapping[str, object] | None
    stop_on_first_crash: bool
    clean_work_dir: bool


@dataclass(frozen=True)
class ProgressEvent:
    """One step that starts or ends."""

    kind: Literal["start", "done", "failed", "reused"]
    participant: str
    session: str
    step: str
    n_done: int
    n_total: int


@dataclass(frozen=True)
class StepError:
    """A step that failed, in words."""

    step: str
    message: str
    crash_file: Path | None
    exit_code: int = 1


@dataclass(frozen=True)
class SessionOutcome:
    """How one participant-session ended."""

    participant: str
    session: str
    status: SessionStatus
    errors: tuple[StepError, ...] = ()
