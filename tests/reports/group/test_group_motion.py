"""Motion in the group report: the means that are written, and participants beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.reports.group_motion import motion_views
from bids_ketamine.reports.group_results import read_results
from bids_ketamine.study.load import Study
from tests.reports.group.conftest import write_group_tree

STEM = "group_motion_summary"


def _shown(output: Path, study: Study, *, individual: bool = True) -> Any:
    results = read_results(output, study.spec, individual_data=individual)
    return motion_views(
        results.group,
        results.clinical,
        study.spec,
        styles=results.drawn,
        individual_data=individual,
    )


def _write(output: Path, rows: list[tuple[Any, ...]]) -> None:
    columns = CLINICAL_TABLES[STEM]
    table = pd.DataFrame(rows, columns=list(columns))
    write_table(output / "group" / f"{STEM}.tsv", table, columns=columns)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return write_group_tree(tmp_path, arms={"midazolam": 5, "ketamine": 4})


def test_written_means_are_shown(output: Path, study: Study) -> None:
    _write(
        output,
        [
            ("rest", "pre", "all", 9, 0.25, 0.05, 0.2, 0.3),
            ("rest", "pre", "midazolam", 5, 0.5, 0.125, 0.4, 0.6),
            ("rest", "pre", "ketamine", 1, 0.75, None, None, None),
        ],
    )
    table, pictures, _ = _shown(output, study)
    assert table.rows == (
        ("rest", "pre", "0.250 (0.050), n = 9", "0.500 (0.125), n = 5", "0.750, n = 1"),
        ("rest", "post", "\u2013, n = 0", "\u2013, n = 0", "\u2013, n = 0"),
    )
    data = pictures[0].data
    means = data[data["mark"] == "mean"].set_index("arm")
    assert means.loc["midazolam", ["value", "ci_low", "ci_high"]].tolist() == [0.5, 0.4, 0.6]
    # Participants come from the measures: 0.10, 0.11, ... by their place.
    values = data[(data["mark"] == "participant") & (data["arm"] == "midazolam")]["value"]
    assert values.tolist() == pytest.approx([0.10, 0.11, 0.12, 0.13, 0.14])
    # Without individual data the one goes, and the mean of all, which would give it.
    hidden, drawn, _ = _shown(output, study, individual=False)
    assert hidden.rows[0][2:] == (
        "withheld, n = 9",
        "0.500 (0.125), n = 5",
        "withheld, n = 1",
    )
    assert set(drawn[0].data["mark"]) == {"mean"}


def test_means_of_a_small_trial(output: Path, study: Study) -> None:
    table, pictures, legend = _shown(output, study)
    rows = {row[:2]: row[2:] for row in table.rows}
    assert rows["rest", "post"] == (
        "0.140 (0.027), n = 9",
        "0.120 (0.016), n = 5",
        "0.165 (0.013), n = 4",
    )
    assert [each.name for each in pictures] == ["motion-faces", "motion-stroop", "motion-rest"]
    assert [each.name for each in legend] == ["midazolam", "ketamine"]
    assert ["5" in legend[0].size, "4" in legend[1].size] == [True, True]


def test_means_are_not_made_of_measures(output: Path, study: Study) -> None:
    (output / "group" / f"{STEM}.tsv").unlink()
    assert _shown(output, study) == (None, [], ())
