"""Progress as it reads on a terminal and in a log."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from bids_ketamine.cli.progress import Progress
from bids_ketamine.workflows.records import ProgressEvent

SESSIONS = [("01", "pre"), ("01", "post"), ("02", "pre")]


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(clock: Clock) -> Callable[..., Progress]:
    def begin(stream: io.StringIO, **changes: int) -> Progress:
        progress = Progress(stream, clock=clock, columns=100, **changes)
        progress.plan(SESSIONS)
        return progress

    return begin


def test_plain_lines_one_for_each_finished_session(
    clock: Clock, begin: Callable[..., Progress]
) -> None:
    stream = io.StringIO()
    progress = begin(stream)
    progress(ProgressEvent("reused", "02", "pre", "", 0, 0))
    progress(ProgressEvent("start", "01", "pre", "faces GLM", 0, 4))
    clock.now += 60
    progress(ProgressEvent("done", "01", "pre", "faces GLM", 1, 4))
    progress(ProgressEvent("start", "01", "post", "faces GLM", 1, 4))
    clock.now += 2
    progress(ProgressEvent("done", "01", "pre", "measures table", 2, 4))
    progress(ProgressEvent("failed", "01", "post", "faces GLM", 3, 4))
    progress.close()
    assert stream.getvalue().splitlines() == [
        "sub-02 pre: results are there already; 1 of 3 sessions, 0 s",
        "sub-01 pre: done; 2 of 3 sessions, 1 min 02 s, about 1 min 02 s left",
        "sub-01 post: faces GLM failed; 3 of 3 sessions, 1 min 02 s",
    ]


def test_every_failure_of_a_session_is_told_and_the_session_counted_once(
    begin: Callable[..., Progress],
) -> None:
    stream = io.StringIO()
    progress = begin(stream)
    progress(ProgressEvent("failed", "01", "pre", "faces GLM", 1, 9))
    progress(ProgressEvent("failed", "01", "pre", "stroop GLM", 2, 9))
    lines = stream.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "sub-01 pre: faces GLM failed; 1 of 3 sessions",
        "sub-01 pre: stroop GLM failed; 1 of 3 sessions",
    ]


def test_verbose_plain_lines_tell_steps(begin: Callable[..., Progress]) -> None:
    stream = io.StringIO()
    progress = begin(stream, verbosity=1)
    progress(ProgressEvent("start", "01", "pre", "rest FC", 0, 2))
    progress(ProgressEvent("done", "01", "pre", "rest FC", 1, 2))
    assert stream.getvalue() == "sub-01 pre: rest FC started\nsub-01 pre: rest FC done\n"


def test_the_line_of_a_terminal(clock: Clock, begin: Callable[..., Progress]) -> None:
    stream = Terminal()
    progress = begin(stream)
    progress(ProgressEvent("start", "02", "pre", "faces GLM", 0, 10))
    clock.now += 30
    progress(ProgressEvent("done", "02", "pre", "measures table", 2, 10))
    shown = stream.getvalue().split("\r\x1b[2K")
    assert shown == [
        "",
        "0/2 participants | sub-02 pre | faces GLM | 0 s",
        "1/2 participants | sub-02 pre | measures table | 30 s, about 2 min 00 s left",
    ]


def test_a_message_stands_above_the_line_and_closing_takes_the_line_away(
    begin: Callable[..., Progress],
) -> None:
    stream = Terminal()
    progress = begin(stream)
    progress(ProgressEvent("start", "02", "pre", "faces GLM", 0, 10))
    stream.truncate(0)
    stream.seek(0)
    progress.write_line("hello")
    progress.close()
    line = "0/2 participants | sub-02 pre | faces GLM | 0 s"
    # Sessions that were begun count as ended, without a word on a terminal.
    assert stream.getvalue() == f"\r\x1b[2Khello\n{line}\r\x1b[2K"


def test_the_line_fits_the_terminal(clock: Clock) -> None:
    stream = Terminal()
    progress = Progress(stream, sessions=SESSIONS, clock=clock, columns=29)
    progress(ProgressEvent("start", "01", "pre", "a step with a long name", 0, 10))
    assert stream.getvalue() == "\r\x1b[2K0/2 participants | sub-01 pr"


def test_a_second_graph_sets_its_own_pace(clock: Clock, begin: Callable[..., Progress]) -> None:
    stream = Terminal()
    progress = begin(stream)
    clock.now += 1000
    progress(ProgressEvent("done", "01", "pre", "faces GLM", 3, 6))
    progress(ProgressEvent("start", "01", "pre", "faces GLM", 0, 3))
    clock.now += 10
    progress(ProgressEvent("done", "01", "pre", "faces GLM", 1, 3))
    assert stream.getvalue().endswith("16 min 50 s, about 20 s left")


def test_a_closed_stream_does_not_stop_the_work(begin: Callable[..., Progress]) -> None:
    stream = io.StringIO()
    progress = begin(stream)
    stream.close()
    progress(ProgressEvent("failed", "01", "pre", "faces GLM", 1, 9))
    progress.close()


def test_what_is_shown_beside_sessions(begin: Callable[..., Progress]) -> None:
    terminal, plain, verbose = Terminal(), io.StringIO(), io.StringIO()
    for stream, changes in ((terminal, {}), (plain, {}), (verbose, {"verbosity": 1})):
        begin(stream, **changes).show("report of sub-01")
    assert terminal.getvalue() == "\r\x1b[2Kreport of sub-01"
    assert (plain.getvalue(), verbose.getvalue()) == ("", "report of sub-01\n")
