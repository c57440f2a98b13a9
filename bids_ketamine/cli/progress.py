"""Progress of the participant level: one updating line, or plain lines when nobody watches."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from bids_ketamine.cli.words import counted, duration

if TYPE_CHECKING:
    from bids_ketamine.workflows.records import ProgressEvent

SessionKey = tuple[str, str]

#: The step that ends a session.
LAST_STEP = "measures table"

_ERASE_LINE = "\r\x1b[2K"


class Progress:
    """Tell how far the work is.

    Parameters
    ----------
    stream : text stream
        Standard error. On a terminal one line is updated; else a plain line is written for
        each finished session and each failure.
    sessions : sequence of (str, str)
        Participant and session of everything that will run.
    verbosity : int
        From one on, plain lines are written for each step as well.
    clock : callable
        Seconds, rising.
    columns : int, optional
        Width of the terminal; asked from it when absent.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        sessions: Sequence[SessionKey] = (),
        verbosity: int = 0,
        clock: Callable[[], float] = time.monotonic,
        columns: int | None = None,
    ) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._clock = clock
        self._columns = columns
        self._terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._line = ""
        self.plan(sessions)

    def plan(self, sessions: Sequence[SessionKey]) -> None:
        """Start counting: these sessions will run."""
        self._open = list(dict.fromkeys(sessions))
        self._n_sessions = len(self._open)
        self._participants = list(dict.fromkeys(participant for participant, _ in self._open))
        self._started: dict[SessionKey, None] = {}
        self._begin = self._pace_begin = self._clock()
        self._n_done = 0
        self._left: float | None = None

    def __call__(self, event: ProgressEvent) -> None:
        """Take in one event."""
        key = (event.participant, event.session)
        self._started.setdefault(key)
        self._estimate(event)
        if event.kind == "reused":
            self._finish(key, "results are there already")
        elif event.kind == "failed":
            self._finish(key, f"{event.step} failed", always=True)
        elif not self._terminal and self._verbosity > 0:
            self.write_line(f"{_name(key)}: {event.step} {_VERBS[event.kind]}")
        if event.kind == "done" and event.step == LAST_STEP:
            self._finish(key, "done")
        self._show(event)

    def _estimate(self, event: ProgressEvent) -> None:
        """Work out the seconds left at the pace of the finished steps; reused ones took none."""
        if event.kind == "reused":
            return
        if event.n_done < self._n_done:  # another graph: sessions of a killed worker, once more
            self._pace_begin = self._clock()
        self._n_done = event.n_done
        if event.n_done:
            elapsed = self._clock() - self._pace_begin
            self._left = elapsed / event.n_done * max(0, event.n_total - event.n_done)

    def _finish(self, key: SessionKey, state: str, *, always: bool = False) -> None:
        """Count a session as finished and say so; a failure is told every time and everywhere."""
        if key in self._open:
            self._open.remove(key)
        elif not always:
            return
        if always or not self._terminal:
            n_done = self._n_sessions - len(self._open)
            self.write_line(
                f"{_name(key)}: {state}; {n_done} of {counted(self._n_sessions, 'session')}, "
                f"{self._times()}"
            )

    def _times(self) -> str:
        elapsed = duration(self._clock() - self._begin)
        if self._left is None or not self._open:
            return elapsed
        return f"{elapsed}, about {duration(self._left)} left"

    def _show(self, event: ProgressEvent) -> None:
        if not self._terminal:
            return
        waiting = {participant for participant, _ in self._open}
        n_done = sum(participant not in waiting for participant in self._participants)
        text = (
            f"{n_done}/{len(self._participants)} participants | "
            f"{_name((event.participant, event.session))} | {event.step} | {self._times()}"
        )
        self.show(text)

    def show(self, text: str) -> None:
        """Show what is being done: on a terminal in the updating line, else only if verbose."""
        if not self._terminal:
            if self._verbosity > 0:
                self.write_line(text)
            return
        columns = self._columns or shutil.get_terminal_size().columns
        self._line = text[: max(1, columns - 1)]
        self._write(f"{_ERASE_LINE}{self._line}")

    def write_line(self, text: str) -> None:
        """Write a line of its own; an updating line is moved below it."""
        if self._line:
            self._write(f"{_ERASE_LINE}{text}\n{self._line}")
        else:
            self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads any more: the work goes on
            return

    def close(self) -> None:
        """Take the updating line away, and end sessions that were begun."""
        for key in self._started:
            self._finish(key, "ended")
        self._started = {}
        if self._line:
            self._line = ""
            self._write(_ERASE_LINE)


_VERBS = {"start": "started", "done": "done"}


def _name(key: SessionKey) -> str:
    return f"sub-{key[0]} {key[1]}"
