"""ICA-AROMA's mixing matrix and noise components, as each era writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.dataset.aroma import read_aroma
from bids_ketamine.errors import InputDataError, InputMissingError

MIXING = "1.0\t-2.5\t0.25\n0\t4e-1\t-1\n3\t5\t7\n9\t8\t6\n"
METRICS = (
    "edge_fract\tcsf_fract\tmax_RP_corr\tHFC\tclassification\trationale\n"
    "0.1\t0.0\t0.2\t0.3\taccepted\tn/a\n"
    "0.9\t0.0\t0.8\t0.6\trejected\tEdge\n"
    "0.1\t0.5\t0.2\t0.3\trejected\tCSF\n"
)


@pytest.fixture
def mixing(tmp_path: Path) -> Path:
    path = tmp_path / "sub-01_task-rest_desc-MELODIC_mixing.tsv"
    path.write_text(MIXING)
    return path


def numbers(mixing: Path, content: str) -> Path:
    path = mixing.with_name("sub-01_task-rest_AROMAnoiseICs.csv")
    path.write_text(content)
    return path


def metrics(mixing: Path, content: str) -> Path:
    path = mixing.with_name("sub-01_task-rest_desc-aroma_metrics.tsv")
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("content", "noise"),
    [
        ("1,3", (0, 2)),
        ("3,1\n", (0, 2)),
        (" 2 , 3 ,\r\n", (1, 2)),
        ("2,2", (1,)),
        ("\ufeff1", (0,)),
        ("1,2,3", (0, 1, 2)),
        ("", ()),
        ("\n", ()),
    ],
)
def test_numbers_count_from_one(mixing: Path, content: str, noise: tuple[int, ...]) -> None:
    found = read_aroma(mixing, numbers(mixing, content), n_volumes=4)
    assert found.noise == noise
    assert found.mixing.dtype == np.float64
    np.testing.assert_array_equal(
        found.mixing, [[1, -2.5, 0.25], [0, 0.4, -1], [3, 5, 7], [9, 8, 6]]
    )


def test_metrics_of_fmripost_aroma(mixing: Path) -> None:
    assert read_aroma(mixing, metrics(mixing, METRICS)).noise == (1, 2)
    clean = METRICS.replace("rejected", "accepted")
    assert read_aroma(mixing, metrics(mixing, clean)).noise == ()


def test_matrices_of_either_white_space_and_one_column(mixing: Path) -> None:
    mixing.write_text(" 1.5  2 \n\n 3  4\n")
    found = read_aroma(mixing, numbers(mixing, "2"), n_volumes=2)
    np.testing.assert_array_equal(found.mixing, [[1.5, 2], [3, 4]])
    mixing.write_text("1\n2\n3\n")
    assert read_aroma(mixing, numbers(mixing, "1")).mixing.shape == (3, 1)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("0,1", "names component 0; the mixing matrix has components 1 to 3"),
        ("1,4", "names component 4; the mixing matrix has components 1 to 3"),
        ("1,99999999999999999999", "names component 4; the mixing matrix"),
        ("1,two", "holds `two`, which is not the number of a component"),
        ("-1", "holds `-1`, which is not the number"),
        ("1.0", "holds `1.0`, which is not the number"),
    ],
)
def test_wrong_numbers(mixing: Path, content: str, sentence: str) -> None:
    path = numbers(mixing, content)
    with pytest.raises(InputDataError) as error:
        read_aroma(mixing, path)
    assert sentence in error.value.message
    assert error.value.path == path
    assert error.value.cure


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("IC_00\tIC_01\tIC_02\n1\t2\t3\n", "Line 1 of the mixing matrix holds `IC_00`"),
        ("1\t2\t3\n1\tn/a\t3\n", "Line 2 of the mixing matrix holds `n/a`"),
        ("1\t2\t3\n1\tnan\t3\n", "Line 2 of the mixing matrix holds a number that is not finite"),
        ("1\t2\t3\n1\t2\n", "Line 2 of the mixing matrix has 2 columns, those above 3"),
        ("1\t2\t3\n" * 5, "has 5 rows and the series 4 volumes"),
        (" \n", "holds nothing but white space"),
        ("", "is empty (0 bytes)"),
    ],
)
def test_wrong_matrices(mixing: Path, content: str, sentence: str) -> None:
    mixing.write_text(content)
    with pytest.raises(InputDataError) as error:
        read_aroma(mixing, numbers(mixing, "1"), n_volumes=4)
    assert sentence in error.value.message
    assert error.value.path == mixing


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (METRICS.replace("classification", "class"), "There is no column `classification`"),
        (METRICS.replace("accepted", "maybe"), "Line 2 classifies a component as `maybe`"),
        (METRICS.replace("accepted", "n/a"), "Line 2 classifies a component as `n/a`"),
        (METRICS.rpartition("0.1")[0], "has 2 components and the mixing matrix 3"),
    ],
)
def test_wrong_metrics(mixing: Path, content: str, sentence: str) -> None:
    path = metrics(mixing, content)
    with pytest.raises(InputDataError) as error:
        read_aroma(mixing, path)
    assert sentence in error.value.message
    assert error.value.path == path


def test_files_without_content(mixing: Path) -> None:
    path = numbers(mixing, "/annex/objects/MD5E-s7--1.csv\n")
    with pytest.raises(InputMissingError, match="annex link whose content is not here"):
        read_aroma(mixing, path)
    path.unlink()
    with pytest.raises(InputMissingError, match="is not there"):
        read_aroma(mixing, path)
    numbers(mixing, "1")
    mixing.unlink()
    with pytest.raises(InputMissingError, match="is not there"):
        read_aroma(mixing, path)
