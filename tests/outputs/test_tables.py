"""Tables, JSON and text: what is written, what is read back, and that files are whole."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.errors import CannotCreateError, InputDataError, InputMissingError
from bids_ketamine.outputs.tables import (
    read_table,
    replaced_whole,
    write_json,
    write_table,
    write_text,
)

COLUMNS = {
    name: {"Description": f"What {name} is."} for name in ("label", "value", "kept", "n", "kind")
}


def _table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["01", "a\tb\nc", None, 'say "no"'],
            "value": [1 / 3, np.nan, 1e-12, 2.0],
            "kept": [True, False, True, False],
            "n": [1, 2, 3, 4],
            "kind": pd.Categorical(["x", None, "y", "x"]),
        }
    )


def test_cells_are_written_as_the_contract_says(tmp_path: Path) -> None:
    path = tmp_path / "new" / "some_table.tsv"
    write_table(path, _table(), columns=COLUMNS, extra={"Sources": ["bids::x"]})
    assert path.read_text() == (
        "label\tvalue\tkept\tn\tkind\n"
        "01\t0.3333333333\ttrue\t1\tx\n"
        "a b c\tn/a\tfalse\t2\tn/a\n"
        "n/a\t1e-12\ttrue\t3\ty\n"
        'say "no"\t2\tfalse\t4\tx\n'
    )
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert list(sidecar) == ["label", "value", "kept", "n", "kind", "Sources"]
    assert sidecar["value"] == {"Description": "What value is."}
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "some_table.json",
        "some_table.tsv",
    ]


def test_a_table_read_back_is_the_table(tmp_path: Path) -> None:
    path = tmp_path / "some_table.tsv"
    write_table(path, _table(), columns=COLUMNS)
    back = read_table(path, text=("label",))
    assert back["label"].iloc[0] == "01"
    assert back["label"].isna().tolist() == [False, False, True, False]
    np.testing.assert_allclose(back["value"], [1 / 3, np.nan, 1e-12, 2], rtol=1e-9)
    assert back["kept"].dtype == bool
    assert back["n"].tolist() == [1, 2, 3, 4]
    assert back["label"].iloc[3] == 'say "no"'


def test_an_empty_table_has_its_header(tmp_path: Path) -> None:
    path = tmp_path / "some_table.tsv"
    write_table(path, _table().iloc[:0], columns=COLUMNS)
    assert path.read_text() == "label\tvalue\tkept\tn\tkind\n"
    assert list(read_table(path).columns) == ["label", "value", "kept", "n", "kind"]
    assert len(read_table(path)) == 0


def test_parts_of_a_long_table_join_without_seam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bids_ketamine.outputs.tables.CELLS_AT_ONCE", 3)
    path = tmp_path / "some_table.tsv"
    write_table(path, pd.DataFrame({"n": range(7)}), columns=COLUMNS)
    assert path.read_text() == "n\n0\n1\n2\n3\n4\n5\n6\n"


def test_floats_beside_each_other_and_among_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "some_table.tsv"
    table = pd.DataFrame(
        {
            "a": [0.5, np.nan],
            "label": ["nan", "b"],
            "b": [1e-20, -np.inf],
            "c": [np.nan, 1 / 3],
            "n": [1, 2],
            "d": [np.nan, np.nan],
        }
    )
    write_table(path, table, columns={name: {"Description": name} for name in table})
    assert path.read_text().splitlines() == [
        "a\tlabel\tb\tc\tn\td",
        "0.5\tnan\t1e-20\tn/a\t1\tn/a",
        "n/a\tb\t-inf\t0.3333333333\t2\tn/a",
    ]


def test_columns_without_description_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"without a description: \['other'\]"):
        write_table(tmp_path / "t.tsv", pd.DataFrame({"other": [1]}), columns=COLUMNS)
    with pytest.raises(ValueError, match="used twice"):
        write_table(tmp_path / "t.tsv", _table(), columns=COLUMNS, extra={"n": 3})
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def write_half() -> None:
        with replaced_whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_place_of_the_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(CannotCreateError, match="cannot be written") as caught:
        write_text(tmp_path / "out" / "group" / "x.txt", "text")
    assert caught.value.exit_code == 73


def test_json_knows_numpy_and_has_null_for_nan(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    data = {"a": np.float64("nan"), "b": np.int64(3), "c": np.array([1.5, 2.0]), "d": Path("e/f")}
    write_json(path, data | {"ä": (True, None, {"q"})})
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "a": None,
        "b": 3,
        "c": [1.5, 2.0],
        "d": "e/f",
        "ä": [True, None, ["q"]],
    }
    with pytest.raises(TypeError, match="object"):
        write_json(path, {"a": object()})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The table is empty."),
        (b"a\tb\n1\t2\n3\n", "Line 3 has 1 cells, the header has 2."),
        (b"a\tb\n1\t2\t3\n", "Line 2 has 3 cells, the header has 2."),
        (b"a\tb\n\xff\xfe\t2\n", "The table is not UTF-8 text."),
    ],
)
def test_damaged_tables_are_told_with_the_line(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(content)
    with pytest.raises(InputDataError) as caught:
        read_table(path)
    assert caught.value.message == sentence
    assert caught.value.path == path


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError):
        read_table(tmp_path / "t.tsv")
