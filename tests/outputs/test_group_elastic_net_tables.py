"""Tables of the elastic net: written beside the others, gone without the analysis."""

from pathlib import Path

import pandas as pd
import pytest

from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.outputs.group_tables import GROUP_TABLES, write_group
from bids_ketamine.outputs.tables import read_table

TABLES = {name: pd.DataFrame(columns=list(columns)) for name, columns in GROUP_TABLES.items()}
NETS = {name: pd.DataFrame(columns=list(each)) for name, each in ELASTIC_NET_TABLES.items()}


def test_every_column_of_the_tables_is_described() -> None:
    for columns in ELASTIC_NET_TABLES.values():
        assert all(column["Description"] for column in columns.values())
    assert list(ELASTIC_NET_TABLES) == [
        "group_elastic_net",
        "group_elastic_net_coefficients",
        "group_elastic_net_predictions",
        "group_elastic_net_null",
        "group_elastic_net_predictors",
        "group_elastic_net_values",
        "group_elastic_net_correlations",
        "group_elastic_net_participants",
    ]
    models = ELASTIC_NET_TABLES["group_elastic_net"]
    assert list(models)[:5] == ["timing", "model", "outcome", "scheme", "n"]
    assert len(models) == 27
    assert list(models["model"]["Levels"]) == ["measures", "by_arm", "by_arm_and_concurrent"]
    assert list(models["timing"]["Levels"]) == ["change", "baseline"]


def test_tables_are_written_and_stale_ones_removed(tmp_path: Path) -> None:
    group = tmp_path / "group"
    (tmp_path / "sub-01").mkdir()
    (tmp_path / "sub-01" / "sub-01_measures.tsv").touch()
    row = {"timing": "change", "model": "by_arm", "r2_nested": 1 / 3, "finding": False}
    models = pd.DataFrame([row]).reindex(columns=list(ELASTIC_NET_TABLES["group_elastic_net"]))
    nets = NETS | {"group_elastic_net": models}
    write_group(tmp_path, tables=TABLES, record={}, elastic_net_tables=nets)
    table = read_table(group / "group_elastic_net.tsv")
    assert table.loc[0, "r2_nested"] == pytest.approx(1 / 3)
    assert not table.loc[0, "finding"]
    sidecar = (group / "group_elastic_net_null.json").read_text()
    assert '"bids::sub-01/sub-01_measures.tsv"' in sidecar
    assert len(list(group.iterdir())) == 2 * (len(TABLES) + len(NETS)) + 1
    write_group(tmp_path, tables=TABLES, record={})
    assert {path.stem for path in group.iterdir()} == {*TABLES, "group"}


def test_tables_with_other_columns_are_refused_before_anything_is_removed(tmp_path: Path) -> None:
    write_group(tmp_path, tables=TABLES, record={}, elastic_net_tables=NETS)
    wrong = NETS | {"group_elastic_net": NETS["group_elastic_net"].drop(columns="reason")}
    with pytest.raises(ValueError, match="group_elastic_net must have the columns"):
        write_group(tmp_path, tables=TABLES, record={}, elastic_net_tables=wrong)
    with pytest.raises(ValueError, match="tables must be"):
        write_group(tmp_path, tables=TABLES, record={}, elastic_net_tables={})
    assert (tmp_path / "group" / "group.json").exists()
    assert (tmp_path / "group" / "group_elastic_net.tsv").exists()
