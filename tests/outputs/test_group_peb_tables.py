"""Tables of parametric empirical Bayes: written beside the others, gone without the analysis."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.outputs.group_peb_tables import PEB_TABLES, arrays_name
from bids_ketamine.outputs.group_tables import GROUP_TABLES, write_group
from bids_ketamine.outputs.tables import read_table

TABLES = {name: pd.DataFrame(columns=list(columns)) for name, columns in GROUP_TABLES.items()}
PEB = {name: pd.DataFrame(columns=list(columns)) for name, columns in PEB_TABLES.items()}
ARRAYS = {"circuit": {"baseline|all|second|gaussian|posterior_mean": np.ones((2, 1))}}


def test_every_column_of_the_tables_is_described() -> None:
    for columns in PEB_TABLES.values():
        assert all(column["Description"] for column in columns.values())
    assert list(PEB_TABLES) == [
        "group_peb",
        "group_peb_fits",
        "group_peb_participants",
        "group_peb_estimates",
        "group_peb_sensitivity",
    ]
    start = ["model", "task", "analysis", "arm", "level"]
    for name in ("group_peb", "group_peb_fits"):
        assert list(PEB_TABLES[name])[:6] == [*start, "distribution"]
    assert list(PEB_TABLES["group_peb_sensitivity"])[:6] == [*start, "effect"]
    assert len(PEB_TABLES["group_peb"]) == 28
    assert list(PEB_TABLES["group_peb"]["level"]["Levels"]) == ["second", "third"]


def test_tables_are_written_and_stale_ones_removed(tmp_path: Path) -> None:
    group = tmp_path / "group"
    row = pd.DataFrame([{"model": "circuit", "included": True, "weight": 1 / 3}])
    row = row.reindex(columns=list(PEB_TABLES["group_peb_participants"]))
    peb = PEB | {"group_peb_participants": row}
    write_group(tmp_path, tables=TABLES, record={"A": 1}, peb_tables=peb, peb_arrays=ARRAYS)
    table = read_table(group / "group_peb_participants.tsv")
    assert table.loc[0, "weight"] == pytest.approx(1 / 3)
    assert table.loc[0, "included"]
    stored = np.load(group / "peb_circuit.npz")
    assert stored.files == list(ARRAYS["circuit"])
    np.testing.assert_array_equal(stored[next(iter(ARRAYS["circuit"]))], [[1.0], [1.0]])
    assert len(list(group.iterdir())) == 2 * (len(TABLES) + len(PEB)) + 2
    write_group(tmp_path, tables=TABLES, record={}, peb_tables=PEB, peb_arrays={"b": {}})
    assert not (group / arrays_name("circuit")).exists()
    write_group(tmp_path, tables=TABLES, record={})
    assert {path.stem for path in group.iterdir()} == {*TABLES, "group"}


def test_tables_with_other_columns_are_refused_before_anything_is_removed(tmp_path: Path) -> None:
    write_group(tmp_path, tables=TABLES, record={}, peb_tables=PEB)
    wrong = PEB | {"group_peb": PEB["group_peb"].drop(columns="reason")}
    with pytest.raises(ValueError, match="group_peb must have the columns"):
        write_group(tmp_path, tables=TABLES, record={}, peb_tables=wrong)
    with pytest.raises(ValueError, match="tables must be"):
        write_group(tmp_path, tables=TABLES, record={}, peb_tables={})
    assert (tmp_path / "group" / "group_peb.tsv").exists()
    assert (tmp_path / "group" / "group.json").exists()
