"""The quick start: every command runs, prints what the page says, and leaves what it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.page_commands import Printed, blocks, commands, inside, plain, run

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "quick_start.md").read_text("utf-8")
#: The page's trial takes minutes; this one is as small as goes.
PARTICIPANTS = 3
SMALL = {"--participants 8": f"--participants {PARTICIPANTS}", "--resolution 5": "--resolution 12"}


def smaller(text: str) -> str:
    """Say of the small trial what the page says of its own."""
    text = text.replace("16 sessions", f"{2 * PARTICIPANTS} sessions").replace("8 of 8", "3 of 3")
    text = re.sub(r"\b16 (computed|reused)", rf"{2 * PARTICIPANTS} \1", text)
    return text.replace("01, 02, 03, 04, 05, 06, 07, 08", "01, 02, 03")


class Shown:
    """The page's commands in its order, and what each printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: dict[str, Printed] = {}
        self.again: Printed | None = None
        for command in commands(PAGE):
            small = command
            for ours, theirs in SMALL.items():
                small = small.replace(ours, theirs)
            self.printed[command] = run(small, folder)
            if command.endswith("--nprocs 2"):
                self.again = run(small, folder)

    def starting(self, words: str) -> Printed:
        (found,) = [each for command, each in self.printed.items() if command.startswith(words)]
        return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Shown:
    return Shown(tmp_path_factory.mktemp("quick start").resolve())


def test_commands_end_as_the_page_says(shown):
    codes = [each.code for each in shown.printed.values()]
    assert codes == [0, 0, 0, 0, 64, 18]
    assert "here 64 (command line) and 18 (nothing selected)" in " ".join(PAGE.split())


def test_what_is_quoted_is_printed(shown):
    everything = [*(each.text for each in shown.printed.values()), shown.again.text]
    lines = plain("\n".join(everything))
    for block in blocks(PAGE, "text"):
        if "participant  session" in block or "analyses can run" in block:
            quoted = [block]
        else:
            quoted = block.splitlines()
        for each in quoted:
            assert plain(smaller(each)) in lines, each


def test_the_second_time_nothing_is_computed(shown):
    assert "sessions: 6 reused" in shown.again.text
    assert "computed" not in shown.again.text


def test_files_that_are_named_are_there(shown):
    table = PAGE[PAGE.index("| you want |") : PAGE.index("All others:")]
    named = [row.split("|")[2].split("`")[1] for row in table.splitlines()[2:] if row]
    assert len(named) == 9
    for name in [*named, "sub-01.html", "group.html"]:
        assert list((shown.folder / "demo-output").glob(name)), name


def test_parts_of_reports_are_called_so(shown):
    for report, start, end in (
        ("sub-01.html", "## Read a participant", "## Group level"),
        ("group.html", "## Read the group report", "## Where the numbers are"),
    ):
        html = (shown.folder / "demo-output" / report).read_text("utf-8")
        headings = re.findall("<h[23][^>]*>(.*?)</h[23]>", html)
        named = []
        for line in PAGE[PAGE.index(start) : PAGE.index(end)].splitlines():
            if re.match(r"\d\. ", line):
                named += re.findall(r"\*\*(.*?)\*\*", line.split(":")[0])
        assert len(named) >= 8 - (report != "sub-01.html")
        missing = [name for name in named if name not in headings and name != "by chance"]
        assert missing == [], headings


def test_the_number_in_python_is_that_of_the_table(shown, capsys):
    (code,) = blocks(PAGE, "python")
    with inside(shown.folder):
        exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["contrast", "n", "estimate", "ci_low", "ci_high"]
    assert printed[1].split()[1:3] == ["facesGtShapes", str(PARTICIPANTS)]


def test_the_planted_value_is_the_page_s_and_its_sign_is_found(shown):
    truth = json.loads((shown.folder / "demo-trial" / "truth.json").read_text("utf-8"))
    planted = truth["activation"]["faces"]["facesGtShapes"]["amygdala"]
    assert f"{planted:.2f} % in the amygdala in `truth.json`" in " ".join(PAGE.split())
    summary = pd.read_table(shown.folder / "demo-output" / "group" / "group_summary.tsv")
    chosen = summary.query("session == 'pre' and arm == 'all' and contrast == 'facesGtShapes'")
    (mean,) = chosen.query("measure == 'activation' and regions == 'amygdala'")["mean"]
    # Voxels of 12 mm are larger than the amygdala: the sign holds, the page's size does not.
    assert mean < -0.1
