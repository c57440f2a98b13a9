"""Tables: what is read, and the sentence for each mistake."""

from __future__ import annotations

import errno
import gzip
import time
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bids_ketamine.dataset.tables import (
    read_confounds,
    read_events,
    read_exclusions,
    read_json,
    read_participants,
    read_phenotype,
    read_timeseries,
)
from bids_ketamine.errors import InputDataError, InputMissingError, ReadWriteError


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_events_with_byte_order_mark_crlf_and_missing_values(tmp_path: Path) -> None:
    text = (
        "\ufeffonset\tduration\ttrial_type\tresponse_time\taccuracy\r\n"
        "12.5\tn/a\tfaces\tn/a\t0\r\n\r\n 0 \t4.9\tshapes\t0.75\t1\r\n"
    )
    events = read_events(write(tmp_path / "events.tsv", text), required=["trial_type"])
    assert events["onset"].tolist() == [0.0, 12.5]
    np.testing.assert_array_equal(events["duration"], [4.9, np.nan])
    np.testing.assert_array_equal(events["response_time"], [0.75, np.nan])
    assert events["trial_type"].tolist() == ["shapes", "faces"]
    assert events["accuracy"].tolist() == ["1", "0"]


HEADER = "onset\tduration\ttrial_type"
PLAIN = f"{HEADER}\n0\t5\tfaces\n10\t5\tno faces\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.replace("\n", "\t\t\n").encode(),
        PLAIN.replace("\n", "\n\n").encode(),
        PLAIN.replace("\n", "\n\t\t\n").encode(),
        PLAIN.replace("\t", " \t ").encode(),
        PLAIN.removesuffix("\n").encode(),
        "\n".join(
            "\t".join(f'"{cell}"' for cell in line.split("\t")) for line in PLAIN.splitlines()
        ).encode(),
        b"trial_type\tonset\tduration\nno faces\t10.0\t5e0\nfaces\t0\t5\n",
    ],
    ids=[
        "plain", "CRLF", "CR", "byte order mark", "UTF-16", "UTF-16 big endian", "trailing tabs",
        "blank lines", "lines of tabs", "spaces", "no last line end", "quoted", "unsorted",
    ],
)  # fmt: skip
def test_spellings_of_one_table(tmp_path: Path, data: bytes) -> None:
    events = read_events(write(tmp_path / "events.tsv", data), required=["trial_type"])
    assert events["onset"].tolist() == [0.0, 10.0]
    assert events["duration"].tolist() == [5.0, 5.0]
    assert events["trial_type"].tolist() == ["faces", "no faces"]


def test_quotation_marks_are_taken_off_in_pairs(tmp_path: Path) -> None:
    text = 'onset\tduration\tkind\n0\t1\t"a ""b"""\n1\t1\t5" away\n2\t1\t"\n3\t1\t""\n'
    kinds = read_events(write(tmp_path / "events.tsv", text))["kind"].tolist()
    assert kinds[:3] == ['a "b"', '5" away', '"']
    assert np.isnan(kinds[3])


def test_accents_are_composed(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", f"{HEADER}\n0\t1\tgefühl\n")
    events = read_events(write(tmp_path / "events.tsv", text))
    assert events["trial_type"].tolist() == ["gefühl"]


def test_every_wrong_cell_is_told_up_to_five(tmp_path: Path) -> None:
    cells = ["0,5\t1", "1\tx", "2\t-3", "bad\tworse", "5\t1", "6\tinf", "7\t1_0"]
    text = HEADER + "\n" + "".join(f"{cell}\ta\n" for cell in cells)
    with pytest.raises(InputDataError) as error:
        read_events(write(tmp_path / "events.tsv", text))
    assert error.value.message == (
        "Line 2, column `onset`: `0,5` is not a number; "
        "line 5, column `onset`: `bad` is not a number; "
        "line 3, column `duration`: `x` is not a number; "
        "line 5, column `duration`: `worse` is not a number; "
        "line 7, column `duration`: `inf` is not a number; and 2 more."
    )
    assert error.value.cure == "Decimals are written with a point: 0.5."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Onset\tduration\n0\t1\n", "no column `onset`. [{path}] Its columns: Onset, duration. "
         "`Onset` is spelt otherwise."),
        ("onset,duration,trial_type\n0,1,a\n", "separated by tabs but by commas"),
        ("onset;duration;trial_type\n0;1;a\n", "separated by tabs but by semicolons"),
        ("onset  duration  trial_type\n0  1  a\n", "separated by tabs but by spaces"),
        ("Faces\t\t\nonset\tduration\ttrial_type\n0\t1\ta\n", "The first line must name every"),
        ("a\tb\tc\nonset\tduration\ttrial_type\n0\t1\ta\n", "Line 2 names it: the names must"),
        ("\t\n0\t1\n", "Line 1 is empty: it must name the columns."),
        (" \n\t\n", "The file holds nothing but white space."),
        (f"{HEADER}\n0\t1\ta\0b\n", "Line 2 holds a zero byte: the file is not text."),
        (f"{HEADER}\n1\t0\t1\ta\n", "Names of rows, as R writes them, need a name"),
        (f'{HEADER}\n0\t1\t"a\nb"\n0\t1\ta\n', "Line 3 has 1 cell where"),
        (f'{HEADER}\n0\t"a\n', "A quotation mark is not closed on the line"),
        (f"{HEADER}\n1.000,5\t1\ta\n", "`1.000,5` is not a number"),
        (f"{HEADER}\n0\t1 s\ta\n", "`1 s` is not a number. [{path}] A missing value is written"),
        (f"{HEADER}\n0\t>30\ta\n", "`>30` is not a number. [{path}] Write the number alone"),
        (f"{HEADER}\n\x1b[31m\t1\ta\n", "`\\x1b[31m` is not a number"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le") + b"\n", "is not UTF-16 text, as its first"),
    ],
)  # fmt: skip
def test_the_sentence_for_each_mistake(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    path = write(tmp_path / "events.tsv", text)
    with pytest.raises(InputDataError) as error:
        read_events(path, required=["trial_type"])
    assert sentence.format(path=path) in str(error.value)


def test_columns_that_look_like_conditions_are_named(tmp_path: Path) -> None:
    text = "onset\tduration\tcorrect\tcondition\tresponse_time\tface\n" + "".join(
        f"{row}\t1\t{'YN'[row % 2]}\t{kind}\t0.5\tface{row}\n"
        for row, kind in enumerate(["congruent", "incongruent", "neutral"] * 5)
    )
    path = write(tmp_path / "events.tsv", text)
    with pytest.raises(InputDataError) as error:
        read_events(path, required={"trial_type": "tasks.stroop.trial_type_column"})
    assert error.value.cure == (
        "Its columns: onset, duration, correct, condition, response_time, face. Columns that look "
        "like conditions: `condition` (congruent, incongruent, neutral); `correct` (N, Y). "
        "Name the one to use with `tasks.stroop.trial_type_column` in the study file."
    )
    write(path, "onset\tduration\n0\t1\n")
    with pytest.raises(InputDataError, match=r"Name the column with `tasks\.NAME\.trial_type_col"):
        read_events(path, required=["trial_type"])


def test_a_small_file_that_unpacks_beyond_bounds(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("bids_ketamine.dataset.decoding.LARGEST_TEXT", 2 * 2**20)
    path = tmp_path / "a_timeseries.tsv.gz"
    write(path, gzip.compress(b"a\n" + b"0\n" * 2**20))
    assert path.stat().st_size < 5000
    with pytest.raises(InputDataError, match="holds more than 2 MB of text"):
        read_timeseries(path)
    write(path, gzip.compress(b"\t" * 200_000))
    with pytest.raises(InputDataError, match="holds nothing but white space"):
        read_timeseries(path)
    write(path, gzip.compress(b"a\t" * 200_000))
    with pytest.raises(InputDataError, match="more than 100000 cells"):
        read_timeseries(path)


def test_old_names_of_confounds_become_the_new_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "confounds.tsv", "CSF\tFramewiseDisplacement\n1\tn/a\n2\t0.5\n")
    table = read_confounds(path)
    assert list(table) == ["csf", "framewise_displacement"]
    assert table["csf"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("CSF\tcsf", "The columns `CSF` and `csf` both mean `csf`."),
        ("csf\tCSF", "The columns `csf` and `CSF` both mean `csf`."),
        ("a_comp_cor_00\taCompCor00", "The columns `a_comp_cor_00` and `aCompCor00` both mean"),
        ("RotX\tX\ttrans_x", "The columns `X` and `trans_x` both mean `trans_x`."),
    ],
)
def test_two_columns_of_one_meaning(tmp_path: Path, header: str, sentence: str) -> None:
    row = "\t".join("1" for _ in header.split("\t"))
    with pytest.raises(InputDataError) as error:
        read_confounds(write(tmp_path / "confounds.tsv", f"{header}\n{row}\n"))
    assert error.value.message.startswith(sentence)
    assert error.value.cure == "Keep one of them."
    # X without rotations beside it is no motion parameter.
    table = read_confounds(write(tmp_path / "confounds.tsv", "X\ttrans_x\n1\t2\n"))
    assert list(table) == ["X", "trans_x"]


def test_many_repeated_columns_are_told_at_once(tmp_path: Path) -> None:
    header = "\t".join(f"c{place // 2}" for place in range(90_000))
    start = time.perf_counter()
    with pytest.raises(InputDataError, match="twice: c0, c1, c10, c100, c1000"):
        read_timeseries(write(tmp_path / "a.tsv", f"{header}\n"))
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a\n" + b"0\n" * 2_000_000, "has 2000002 lines, more than any table needs (1000000 at"),
        (b"a\r" + b"0\r" * 2_000_000, "has 2000002 lines, more than any table needs (1000000 at"),
        (b"0\t" * 6_000_000, "has 6000001 cells, more than any table needs (5000000 at most)."),
    ],
)
def test_a_small_file_of_too_many_cells(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = write(tmp_path / "a_timeseries.tsv.gz", gzip.compress(data))
    assert path.stat().st_size < 50_000
    start = time.perf_counter()
    with pytest.raises(InputDataError) as error:
        read_timeseries(path)
    assert sentence in error.value.message
    assert time.perf_counter() - start < 5.0


def test_numbers_of_every_spelling_in_one_column(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "a\tb\n1\tn/a\n2.5e-3\tNA\n-0\t7\nNaN\t\n")
    table = read_timeseries(path)
    np.testing.assert_array_equal(table["a"], [1.0, 0.0025, 0.0, np.nan])
    np.testing.assert_array_equal(table["b"], [np.nan, np.nan, 7.0, np.nan])
    for cell in ("1_000", "inf", "-Infinity", "x"):
        with pytest.raises(InputDataError, match=f"Line 3, column `a`: `{cell}` is not a number"):
            read_timeseries(write(path, f"a\n1\n{cell}\n"))


def test_a_failing_file_system_is_no_missing_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = write(tmp_path / "events.tsv", "onset\tduration\n" + "1\t2\n" * 300)

    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("bids_ketamine.dataset.decoding._bounded", fail)
    with pytest.raises(ReadWriteError, match=r"events\.tsv cannot be read \(Input/output error"):
        read_events(path)
    for reading in (lambda: read_json(path), lambda: read_confounds(path)):
        with pytest.raises(ReadWriteError) as error:
            reading()
        assert error.value.exit_code == 74


def test_a_file_that_vanishes_while_it_is_read_is_missing(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("bids_ketamine.dataset.decoding.require_content", lambda path: None)
    with pytest.raises(InputMissingError, match=r"gone\.tsv is not there"):
        read_events(tmp_path / "gone.tsv")


def test_simultaneous_events_keep_their_order(tmp_path: Path) -> None:
    text = "onset\tduration\tkind\n5\t0\tb\n5\t0\ta\n1\t0\tc\n"
    events = read_events(write(tmp_path / "e.tsv", text), required=["kind"])
    assert events["kind"].tolist() == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "onset\ttrial_type\n0\ta\n",
            "There is no column `duration`. [{path}] Its columns: onset,",
        ),
        ("onset\tduration\n0\t1\n", "There is no column `trial_type`."),
        ("onset,duration\n0,1\n", "Its cells are not separated by tabs"),
        ("onset\tduration\ttrial_type\n", "The events table has a header and no trials."),
        ("onset\tduration\ttrial_type\n0\tlong\ta\n", "Line 2, column `duration`: `long` is not a"),
        ("onset\tduration\ttrial_type\n\n1,5\t1\ta\n", "Line 3, column `onset`: `1,5` is not a"),
        (
            "onset\tduration\ttrial_type\n1\t-1\ta\n",
            "Line 2, column `duration`: the duration -1 is",
        ),
        ("onset\tduration\ttrial_type\n1\tinf\ta\n", "`inf` is not a number"),
        ("onset\tduration\ttrial_type\n0\t1\n", "Line 2 has 2 cells where the header has 3."),
        ("onset\tonset\tduration\n0\t1\t1\n", "The header names a column twice: onset."),
        (
            b"onset\tduration\ttrial_type\n0\t1\t\xe9t\xe9\n",
            "Line 2 is not UTF-8 text (byte 30, which is `é` in Windows-1252).",
        ),
        ("", "events.tsv is empty (0 bytes)."),
    ],
)
def test_events_that_cannot_be_read(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    path = write(tmp_path / "events.tsv", text)
    with pytest.raises(InputDataError) as error:
        read_events(path, required=["trial_type"])
    assert sentence.format(path=path) in str(error.value)
    assert error.value.path == path


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"events\.tsv is not there"):
        read_events(tmp_path / "events.tsv")
    (tmp_path / "events.tsv").symlink_to("../.git/annex/objects/a/events.tsv")
    with pytest.raises(InputMissingError, match="annex link whose content is not here"):
        read_events(tmp_path / "events.tsv")


def test_confounds_are_numbers(tmp_path: Path) -> None:
    text = "csf\tframewise_displacement\n1.5\tn/a\n-2e-3\t0.25\n"
    path = write(tmp_path / "confounds.tsv", text)
    table = read_confounds(path, n_volumes=2)
    np.testing.assert_array_equal(table["csf"], [1.5, -0.002])
    np.testing.assert_array_equal(table["framewise_displacement"], [np.nan, 0.25])
    assert {str(kind) for kind in table.dtypes} == {"float64"}
    with pytest.raises(InputDataError, match="has 2 rows and the series 3 volumes"):
        read_confounds(path, n_volumes=3)
    write(path, "csf\n1.5\nhigh\n")
    with pytest.raises(InputDataError, match="Line 3, column `csf`: `high` is not a number"):
        read_confounds(path)
    write(path, "csf\n")
    with pytest.raises(InputDataError, match="a header and no rows"):
        read_confounds(path)


def test_compressed_time_series(tmp_path: Path) -> None:
    path = write(tmp_path / "a_timeseries.tsv.gz", gzip.compress(b"LH_1\tRH_1\n1\t2\n3\t4\n"))
    table = read_timeseries(path)
    assert list(table) == ["LH_1", "RH_1"]
    np.testing.assert_array_equal(table.to_numpy(), [[1.0, 2.0], [3.0, 4.0]])
    write(path, path.read_bytes()[:-12])
    with pytest.raises(InputDataError, match="cut off or is not gzip"):
        read_timeseries(path)


def test_participants_are_keyed_by_their_label(trial: Any) -> None:
    path = trial.participants("participant_id age group", "sub-02 31 n/a", "01 n/a NA")
    table = read_participants(path)
    assert table["participant_id"].tolist() == ["sub-02", "sub-01"]
    assert table["age"].isna().tolist() == [False, True]
    assert table["age"][0] == "31"
    # `NA` may be a word; only n/a is missing.
    assert table["group"].isna().tolist() == [True, False]
    trial.participants("participant_id", "sub-01", "01", "sub-02")
    with pytest.raises(InputDataError, match=r"more than one row of sub-01 \(lines 2, 3\)\."):
        read_participants(path)
    trial.participants("subject age", "sub-01 3")
    with pytest.raises(InputDataError, match="no column `participant_id`"):
        read_participants(path)


def test_phenotype_tables(trial: Any) -> None:
    trial.table("phenotype/madrs.tsv", "participant_id session_id total", "01 pre 30", "01 post 9")
    table = read_phenotype(trial.root, "madrs")
    assert table["participant_id"].tolist() == ["sub-01", "sub-01"]
    assert table["session_id"].tolist() == ["ses-pre", "ses-post"]
    with pytest.raises(InputMissingError) as error:
        read_phenotype(trial.root, "caps5")
    assert "The table `caps5` is not there" in str(error.value)
    assert "Tables in phenotype/: madrs;" in str(error.value)
    trial.table("phenotype/madrs.tsv", "participant_id session_id", "01 pre", "sub-01 ses-pre")
    with pytest.raises(InputDataError, match=r"sub-01 ses-pre \(lines 2, 3\)"):
        read_phenotype(trial.root, "madrs")


def test_exclusions(tmp_path: Path) -> None:
    header = "participant_id\tsession_id\ttask\treason\n"
    text = f"{header}01\tpre\ttask-faces\tasleep\nsub-02\t\tn/a\tout\n"
    path = write(tmp_path / "exclusions.tsv", text)
    table = read_exclusions(path)
    assert table["participant_id"].tolist() == ["sub-01", "sub-02"]
    assert table["session_id"].tolist()[0] == "ses-pre"
    assert table["task"].tolist()[0] == "faces"
    assert table[["session_id", "task"]].isna().iloc[1].all()
    write(path, "participant_id\treason\n01\tn/a\n")
    with pytest.raises(InputDataError, match="Line 2, column `reason`: the cell is empty"):
        read_exclusions(path)
    write(path, "participant_id\treason\n01\tno consent\n")
    assert read_exclusions(path)["task"].isna().all()


def test_sidecars(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '\ufeff{"RepetitionTime": 2}')
    assert read_json(path) == {"RepetitionTime": 2}
    for text, sentence in (
        ("{", "Line 1: the file is not valid JSON"),
        ('{\n"RepetitionTime": 2,\n}', "Line 3: the file is not valid JSON"),
        ("[1]", "not a JSON object"),
        ("", "is empty"),
        ('{"a":' + "[" * 100_000, "not valid JSON"),
        ('{"a": ' + "1" * 10_000 + "}", "not valid JSON"),
    ):
        write(path, text)
        with pytest.raises(InputDataError, match=sentence):
            read_json(path)
    with pytest.raises(InputMissingError):
        read_json(tmp_path / "b.json")
