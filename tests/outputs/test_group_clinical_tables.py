"""Clinical tables: their columns are those of the analyses, and earlier ones are removed."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from bids_ketamine.core.clinical import dimensions, repeated_measures, table_one
from bids_ketamine.core.group import improvement
from bids_ketamine.core.mixed import analysis
from bids_ketamine.dataset.outcomes import SCORE_COLUMNS
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES, WITH_MEASURES
from bids_ketamine.outputs.group_tables import GROUP_TABLES, write_group
from bids_ketamine.outputs.tables import read_table

TABLES = {name: pd.DataFrame(columns=list(columns)) for name, columns in GROUP_TABLES.items()}
COURSE = pd.DataFrame(
    [["caps", "pre", "all", 3, 40.5, 2.25, 34.0, 47.0], ["caps", "post", "drug", 0, *[None] * 4]],
    columns=list(CLINICAL_TABLES["group_course"]),
)


def test_columns_are_those_of_the_analyses() -> None:
    mixed = ("model", "value")
    same = {
        "group_scores": ("participant_id", "arm", *SCORE_COLUMNS[1:]),
        "group_improvement": improvement.IMPROVEMENT_COLUMNS,
        "group_table_one": table_one.ROW_COLUMNS,
        "group_table_one_tests": table_one.TEST_COLUMNS,
        "group_anova": (
            *("outcomes", "error_strata", "n_participants"),
            *repeated_measures.COLUMNS,
        ),
        "group_mixed_effects": (*mixed, *analysis.EFFECT_COLUMNS),
        "group_mixed_tests": (*mixed, *analysis.TEST_COLUMNS),
        "group_mixed_fits": (*mixed, *analysis.FIT_COLUMNS),
        "group_dimensions": dimensions.DIMENSION_COLUMNS,
        "group_dimension_covariates": dimensions.COVARIATE_COLUMNS,
        "group_tests_unadjusted": tuple(GROUP_TABLES["group_tests"]),
    }
    assert {name: tuple(CLINICAL_TABLES[name]) for name in same} == same
    assert set(WITH_MEASURES) < set(CLINICAL_TABLES)
    assert not set(CLINICAL_TABLES) & set(GROUP_TABLES)


def test_every_column_is_described() -> None:
    for columns in CLINICAL_TABLES.values():
        for said in columns.values():
            assert str(said["Description"]).strip()


def test_tables_given_are_written_and_others_of_an_earlier_run_go(tmp_path: Path) -> None:
    flow = pd.DataFrame(
        [["in the dataset", "all", 6, 0, ""]], columns=list(CLINICAL_TABLES["group_flow"])
    )
    clinical = {"group_course": COURSE, "group_flow": flow}
    write_group(tmp_path, tables=TABLES, record={}, optional_tables=clinical)
    folder = tmp_path / "group"
    text = (folder / "group_course.tsv").read_text(encoding="utf-8")
    assert text.splitlines()[1:] == [
        "caps\tpre\tall\t3\t40.5\t2.25\t34\t47",
        "caps\tpost\tdrug\t0\tn/a\tn/a\tn/a\tn/a",
    ]
    assert read_table(folder / "group_flow.tsv")["n"].tolist() == [6]
    sidecar = json.loads((folder / "group_course.json").read_text(encoding="utf-8"))
    assert sidecar["mean"]["Description"] == "Mean of scores"
    assert "Sources" not in sidecar  # the scores are none of the app's files
    assert json.loads((folder / "group_flow.json").read_text(encoding="utf-8"))["Sources"] == []
    (folder / "figures").mkdir()
    (folder / "figures" / "caps.svg").write_text("<svg/>")
    write_group(tmp_path, tables=TABLES, record={}, optional_tables={"group_flow": flow})
    left = {each.name for each in folder.glob("group_course*")}
    assert (left, (folder / "group_flow.tsv").exists()) == (set(), True)
    assert (folder / "figures" / "caps.svg").exists()  # the report's
    write_group(tmp_path, tables=TABLES, record={})
    assert not (folder / "group_flow.tsv").exists()
    assert (folder / "group_tests.tsv").exists()


def test_wrong_tables_are_refused_before_anything_is_removed(tmp_path: Path) -> None:
    write_group(tmp_path, tables=TABLES, record={}, optional_tables={"group_course": COURSE})
    with pytest.raises(ValueError, match="group_course must have the columns"):
        write_group(
            tmp_path,
            tables=TABLES,
            record={},
            optional_tables={"group_course": COURSE.drop(columns="sd")},
        )
    with pytest.raises(ValueError, match=r"no tables of the group level: \['group_other'\]"):
        write_group(tmp_path, tables=TABLES, record={}, optional_tables={"group_other": COURSE})
    assert (tmp_path / "group" / "group_course.tsv").exists()
