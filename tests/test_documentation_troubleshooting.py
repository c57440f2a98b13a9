"""What docs/troubleshooting.md quotes is what the app says: broken inputs, run.

A quotation of the page stands in a ``text`` block below a comment that names a case. ``…`` in it
stands for what differs. Case by case, the app runs on an input that is broken in the way the page
tells (``tests.troubleshooting``), and the quotation must be in what it prints or records.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bids_ketamine.study.load import load_study
from tests.troubleshooting.alone import RUNS
from tests.troubleshooting.app import words
from tests.troubleshooting.damages import DAMAGES, told_of_damaged
from tests.troubleshooting.group import GROUP_RUNS, told_of_people, write_results

PAGE = (Path(__file__).parents[1] / "docs" / "troubleshooting.md").read_text("utf-8")
QUOTED = re.findall(r"<!-- case: (\w+) -->\n+```text\n(.*?)```", PAGE, flags=re.DOTALL)


def pattern(quotation: str) -> re.Pattern[str]:
    """Return what finds a quotation; ``…`` in it is anything."""
    return re.compile(".*?".join(map(re.escape, words(quotation).split("…"))))


def quoted(cases: object) -> pytest.MarkDecorator:
    """Return the quotations of some cases, as parameters of a test."""
    chosen = [pytest.param(*each, id=each[0]) for each in QUOTED if each[0] in cases]
    return pytest.mark.parametrize(("case", "quotation"), chosen)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of undamaged participants, with their results."""
    folder = tmp_path_factory.mktemp("trial")
    write_results(folder)
    return folder


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what is told of participants who are damaged in one way each."""
    return told_of_damaged(tmp_path_factory.mktemp("damaged"))


def test_every_quotation_has_a_case_and_every_case_a_quotation() -> None:
    assert PAGE.count("```text") == len(QUOTED)
    cases = [case for case, _ in QUOTED]
    assert sorted(cases) == sorted([*RUNS, *GROUP_RUNS, *DAMAGES])


@quoted(RUNS)
def test_what_a_broken_input_is_told(case: str, quotation: str, tmp_path: Path) -> None:
    told = RUNS[case](tmp_path)
    assert pattern(quotation).search(told), told


@quoted(DAMAGES)
def test_what_a_damaged_participant_is_told(case: str, quotation: str, damaged: str) -> None:
    # Lines that name somebody are theirs; notes and reasons stand in the tables.
    lines = [each for each in re.split(r"(?=bids_ketamine: )", damaged) if f"sub-{case} " in each]
    told = " ".join(lines) if "bids_ketamine: " in quotation else damaged
    assert pattern(quotation).search(told), lines


@quoted(GROUP_RUNS)
def test_what_the_group_level_tells(case: str, quotation: str, trial: Path, tmp_path: Path) -> None:
    told = GROUP_RUNS[case](tmp_path, trial)
    assert pattern(quotation).search(told), told[:2000]


def test_reasons_of_missing_values_are_those_of_the_tables(
    damaged: str, trial: Path, tmp_path: Path
) -> None:
    section = PAGE.split("## Why is a value n/a?")[1].split("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    # GitHub's way to write a back-quote inside of code: two around it.
    reasons = [each for row in rows for each in re.findall(r"``? ?(.+?) ?`(?:`|(?=,|$))", row)]
    assert len(reasons) >= 11
    told = damaged + told_of_people(tmp_path, trial)
    assert [each for each in reasons if not pattern(each).search(told)] == []


def test_studies_load(tmp_path: Path) -> None:
    studies = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    specs = []
    for number, text in enumerate(studies):
        path = tmp_path / f"{number}.yml"
        path.write_text(text, "utf-8")
        specs.append(load_study(str(path)).spec)
    labels = {name: each for spec in specs for each in spec.sessions for name in [each.label]}
    assert {"V1", "V4"} <= set(labels)
