"""The section on effective connectivity of the group report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.outputs.group_peb_tables import PEB_TABLES
from bids_ketamine.reports.group import write_group_report
from bids_ketamine.reports.group_peb_data import (
    PEB_COLUMNS,
)
from bids_ketamine.study.load import Study
from tests.reports.group.peb_tables import (
    HOSTILE,
    PebTables,
    peb_tree,
    section_of,
)

Maker = Callable[..., Path]
Apart = Callable[[Path], Any]


@pytest.fixture(scope="module")
def tree(make_group: Maker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return peb_tree(make_group, tmp_path_factory.mktemp("peb"))


@pytest.fixture(scope="module")
def report(tree: Path, study: Study) -> Path:
    return write_group_report(tree, study=study, individual_data=True)


@pytest.fixture(scope="module")
def page(report: Path, take_apart: Apart) -> Any:
    return take_apart(report)


@pytest.fixture(scope="module")
def section(page: Any) -> str:
    return section_of(page)


@pytest.fixture(scope="module")
def anonymous(make_group: Maker, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = peb_tree(make_group, tmp_path_factory.mktemp("peb_anonymous"))
    return write_group_report(output, study=study, individual_data=False)


def test_the_report_reads_columns_that_are_written() -> None:
    for name, columns in PEB_COLUMNS.items():
        assert {*columns} <= {*PEB_TABLES[name]}


def test_main_result_stands_first_with_all_its_numbers(section: str) -> None:
    assert "It is not adjusted for head motion, unlike the other measures of the group" in section
    main = section.partition("improvement in caps5: below zero")[2]
    assert main.startswith(
        ", the parameter moved down more, or up less, in those who got better. "
        "vmPFC \u2192 amygdala by faces: all participants \u22120.052 Hz per point (90 % "
        "interval \u22120.078 to \u22120.026; Pp = .999, compared .999); midazolam 0.004 "
        "(\u22120.022 to 0.030; Pp = .599, compared .358); ketamine \u22120.091 (\u22120.124 to "
        "\u22120.058; Pp > .999, compared > .999); ketamine minus midazolam \u22120.047 "
        "(\u22120.085 to \u22120.009; Pp = .980, compared .971). Pp and model comparison both "
        "speak for a difference between ketamine and midazolam in how the change goes with "
        "improvement. It holds at the Student-t level (Pp = .961) and "
        "whoever is left out (lowest Pp = .952)."
    )
    assert (
        "ketamine minus midazolam \u22120.012 (\u22120.050 to 0.026; Pp = .699, compared < .001). "
        "Pp does not speak for a difference between ketamine and midazolam in how the change goes "
        "with improvement, and model comparison speaks against it; its prior is wide."
    ) in main
    assert "5 are above Pp = .95; without any effect about 0.8 would be." in main


def test_caution_stands_above_all_results(page: Any, report: Path) -> None:
    caution = "Without any effect it would be above .95 in 10 % of cases, 5 % in each direction"
    assert page.text.count(caution) == 1
    assert page.text.index(caution) < page.text.index("vmPFC \u2192 amygdala by faces: all")
    assert '<a href="#effective">Effective connectivity</a>' in report.read_text(encoding="utf-8")
    order = ["Models", "Effective connectivity", "Methods", "Notes"]
    headings = list(dict.fromkeys(page.headings))
    assert [each for each in headings if each in order] == order


def test_who_entered_and_why_others_did_not(section: str) -> None:
    assert "Baseline 21 of 21 10 of 10 11 of 11" in section
    assert "Change of coupling and improvement 20 of 21 10 of 10 10 of 11" in section
    reason = f"no model of sub-M11 in post, FD 0.93 mm {HOSTILE}"
    grouped = reason.replace("sub-M11", "a participant")
    assert f"Change of coupling and improvement {grouped} 1" in section
    persons = section.partition("Participant by participant (21)")[2]
    assert re.search(rf"sub-M11 ketamine baseline \S+ 0\.\d\d 31 % 27 % {re.escape(reason)}",
                     persons)  # fmt: skip
    assert re.search(rf"sub-K01 midazolam all \S+ 0\.\d\d 31 % 27 % flat in pre {HOSTILE[:8]}",
                     persons)  # fmt: skip


def test_tables_of_effects_and_fits(section: str) -> None:
    table = section.partition("Change of coupling and improvement, ketamine minus midazolam")[2]
    assert (
        "vmPFC \u2192 amygdala by faces change \u00d7 improvement, Hz per point \u22120.047 "
        "(\u22120.085 to \u22120.009) .980 .971 1.9 \u22120.042 .961 \u22120.058 to \u22120.038 "
        ".952"
    ) in table
    assert (
        "Change of coupling and improvement all Gaussian 21 42 \u22121,234.5 12 yes the "
        "participant furthest out is further out than expected (p = .012); as expected: the "
        "spread of participants (p = .410) and the correlation of a participant's sessions "
        "(p = .300)"
    ) in section
    assert "ketamine minus midazolam Gaussian 21 42 " in section
    assert "ketamine minus midazolam Student\u2011t, third 21 2 " in section


def test_third_level_stands_beside_with_its_reason(section: str, report: Path) -> None:
    told = (
        "Crosses: arms compared at a third level over the levels of two arms, as in SPM12 and in "
        "published analyses. It says little whatever the data, since two arms cannot tell how much "
        "arms vary and its prior does; no verdict rests on it."
    )
    assert section.count(told) == 1  # later blocks point back
    table = section.partition("improvement, ketamine minus midazolam, third level")[2]
    assert (
        "vmPFC \u2192 amygdala by faces change \u00d7 improvement, Hz per point \u22120.04 "
        "(\u22120.20 to 0.12) .663"
    ) in table
    assert "Two arms cannot tell how much arms vary: here the prior does. Compared:" in table
    forests = re.findall(
        r"<svg[^>]*aria-label=\"Estimates with.*?</svg>", report.read_text("utf-8"), re.DOTALL
    )
    assert ["third level</text>" in each for each in forests] == [False, True, True, True]


def test_pictures_of_thesection_of(report: Path, page: Any) -> None:
    source = report.read_text(encoding="utf-8")
    own = source.partition('<section id="effective">')[2].partition("</section>")[0]
    # Circuits: 1 + 4 + 4; forests and leaving out: 3 each; participants: 2 x 2 parameters.
    assert own.count('role="img"') == 9 + 3 + 3 + 4 + 6
    assert "could not be drawn" not in own
    assert page.pictures_without_words == 0
    assert len(page.ids) == len(set(page.ids))
    assert "<script" not in source
    assert "&lt;script&gt;" in own


def test_without_individual_data_nobody_is_told(anonymous: Path, take_apart: Apart) -> None:
    source, page = anonymous.read_text(encoding="utf-8"), take_apart(anonymous)
    section = section_of(page)
    for who, _ in PebTables().people:
        assert who not in source
        assert who.removeprefix("sub-") not in source
    assert "Participant by participant" not in section
    assert "against improvement. Full marks" not in section
    assert "flat in pre" not in section
    assert "Weight" not in section
    assert f"no model of a participant in post, FD \u2026 mm {HOSTILE} 1" in section
    assert f"A participant has no second session {HOSTILE}" in section
    assert "2 of 9 did not enter." in section
    assert "centred (mean" not in section
    own = source.partition('<section id="effective">')[2].partition("</section>")[0]
    assert own.count('role="img"') == 9 + 3 + 3 + 6
    # Results, counts and ranges stay.
    assert "Change of coupling and improvement 20 of 21 10 of 10 10 of 11" in section
    assert "\u22120.042 .961 \u22120.058 to \u22120.038 .952" in section
