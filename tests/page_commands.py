"""Commands and printed output of a documentation page, run and compared."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bids_ketamine.cli.run import main as bids_ketamine
from bids_ketamine.demo.command import main as bids_ketamine_demo

#: Make a folder, fetch and install: not for a test.
INSTALLING = ("git", "cd", "python3", ".venv/bin/pip", "source")


class Printed(NamedTuple):
    """What a command has printed."""

    text: str
    code: int


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def commands(page: str) -> list[str]:
    """Return every command of a page that is not one of installation."""
    text = "\n".join(blocks(page, "bash")).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if line.split()[0] not in INSTALLING]


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(command: str, folder: Path) -> Printed:
    """Run a command of a page in a folder, which the text calls `...`."""
    program, *arguments = shlex.split(command)
    if program == "python":
        done = subprocess.run(
            [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        return Printed((done.stdout + done.stderr).replace(str(folder), "..."), done.returncode)
    called = {"bids_ketamine": bids_ketamine, "bids_ketamine-demo": bids_ketamine_demo}[program]
    text = io.StringIO()
    with inside(folder), contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = called(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return Printed(text.getvalue().replace(str(folder), "..."), code)


def plain(text: str) -> str:
    """Take out line ends, and times and sizes, which differ between machines."""
    text = re.sub(r"\d+ min( \d+ s)?|\d+(\.\d+)? (s|GB)\b", "#", text)
    return " ".join(re.sub("-{5,}", "", text).split())
