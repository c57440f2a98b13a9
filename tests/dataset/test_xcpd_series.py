"""XCP-D's region time series with motion, censored volumes and coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.dataset.names import DatasetFile, parse_name
from bids_ketamine.dataset.session_files import SessionFiles
from bids_ketamine.dataset.xcpd_files import find_xcpd_files, without_joined_runs
from bids_ketamine.dataset.xcpd_series import XcpdSeries, read_xcpd_series
from bids_ketamine.errors import InputDataError

FUNC = "sub-01/ses-pre/func/sub-01_ses-pre_task-rest"
NEW = "_space-fsLR_seg-Gordon_den-91k_stat-mean_timeseries.tsv"
OLD = "_space-fsLR_atlas-Gordon_den-91k_timeseries.tsv"
#: Six volumes, the third and fourth of which are censored.
CENSORED = [0, 0, 1, 1, 0, 0]
VALUES = np.array([[1.0, 10], [2, 20], [3, 30], [4, 40], [5, 50], [6, 60]])


def table(path: Path, columns: str, rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(map(str, np.atleast_1d(row))) for row in rows]  # type: ignore[attr-defined]
    path.write_text("\n".join(["\t".join(columns.split()), *lines, ""]).replace("nan", "n/a"))
    return path


def read(
    tmp_path: Path,
    values: np.ndarray,
    *,
    outliers: list[int] | None = CENSORED,
    motion: str | None = "framewise_displacement",
    motion_name: str = "motion.tsv",
    coverage: list[tuple[str, object]] | None = None,
) -> XcpdSeries:
    series = table(tmp_path / "timeseries.tsv", "A B", values)
    paths: dict[str, Path | None] = {"motion": None, "outliers": None, "coverage": None}
    if outliers is not None:
        paths["outliers"] = table(tmp_path / "outliers.tsv", "framewise_displacement", outliers)
    if motion is not None:
        n_columns = len(motion.split())
        rows = np.linspace(0.1, 0.6, 6)[:, None] / np.arange(1, n_columns + 1)
        paths["motion"] = table(tmp_path / motion_name, motion, rows)
    if coverage is not None:
        paths["coverage"] = table(tmp_path / "coverage.tsv", "Node coverage", coverage)
    return read_xcpd_series(series, **paths)


def test_rows_of_a_censored_series_are_the_volumes_left(tmp_path: Path) -> None:
    run = read(tmp_path, VALUES[[0, 1, 4, 5]])
    assert run.regions == ("A", "B")
    assert run.kept.tolist() == [True, True, False, False, True, True]
    np.testing.assert_array_equal(run.series, VALUES[[0, 1, 4, 5]])
    np.testing.assert_allclose(run.framewise_displacement, np.linspace(0.1, 0.6, 6))
    assert np.isnan(run.filtered_displacement).all()
    assert np.isnan(run.coverage).all()
    assert run.notes == ("2 of 6 volumes are censored by XCP-D",)


def test_interpolated_volumes_are_left_out(tmp_path: Path) -> None:
    run = read(tmp_path, VALUES)
    np.testing.assert_array_equal(run.series, VALUES[[0, 1, 4, 5]])
    assert run.kept.sum() == 4
    assert run.notes == (
        "2 of 6 volumes are censored by XCP-D and interpolated in its series: left out",
    )


def test_censored_rows_without_values_are_left_out(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[[2, 3]] = np.nan
    run = read(tmp_path, values)
    assert run.kept.tolist() == [True, True, False, False, True, True]
    assert run.notes == ("2 of 6 volumes are censored by XCP-D",)
    values[5] = np.nan
    run = read(tmp_path, values)
    assert run.kept.tolist() == [True, True, False, False, True, False]
    np.testing.assert_array_equal(run.series, VALUES[[0, 1, 4]])
    assert run.notes[1] == "1 of 6 volumes have no values: left out (censored)"
    run = read(tmp_path, values[[0, 1, 4, 5]])
    assert run.kept.tolist() == [True, True, False, False, True, False]
    np.testing.assert_array_equal(run.series, VALUES[[0, 1, 4]])


def test_nothing_beside_the_series(tmp_path: Path) -> None:
    run = read(tmp_path, VALUES, outliers=None, motion=None)
    assert run.kept.tolist() == [True] * 6
    assert np.isnan(run.framewise_displacement).all()
    assert run.notes == ()


def test_filtered_motion_of_newer_and_older_versions(tmp_path: Path) -> None:
    both = "trans_x framewise_displacement framewise_displacement_filtered"
    run = read(tmp_path, VALUES, motion=both)
    np.testing.assert_allclose(run.framewise_displacement, np.linspace(0.1, 0.6, 6) / 2)
    np.testing.assert_allclose(run.filtered_displacement, np.linspace(0.1, 0.6, 6) / 3)
    run = read(tmp_path, VALUES, motion_name="sub-01_task-rest_desc-filtered_motion.tsv")
    assert np.isnan(run.framewise_displacement).all()
    np.testing.assert_allclose(run.filtered_displacement, np.linspace(0.1, 0.6, 6))


def test_coverage_by_name(tmp_path: Path) -> None:
    run = read(tmp_path, VALUES, coverage=[("B", 0.25), ("C", 1.0), ("A", "n/a")])
    np.testing.assert_array_equal(run.coverage, [np.nan, 0.25])


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        ([0, 1, 4], {}, "The time series have 3 rows, the run 6 volumes, 4 of them without outli"),
        ([0, 1, 4, 5], {"outliers": None}, "Give XCP-D's `*_outliers.tsv` as well"),
        ([0, 1, 4, 5], {"outliers": [0, 1, 1]}, "The table of motion has 6 volumes, that of out"),
        ([0, 1], {"outliers": [0, 2, 0, 0, 0, 0]}, "Line 3, column `framewise_displacement`: `2` "),
        (range(6), {"outliers": [1] * 6}, "No volume is left: all are censored"),
        (range(6), {"motion": "trans_x"}, "There is no column `framewise_displacement`"),
        (range(6), {"coverage": [("A", 1.0)]}, "no row for 1 regions of the time series, the fir"),
        (range(6), {"coverage": [("A", 1.0), ("B", 70)]}, "`70` is no share between 0 and 1"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    tmp_path: Path, rows: list[int], options: dict, sentence: str
) -> None:
    with pytest.raises(InputDataError) as caught:
        read(tmp_path, VALUES[list(rows)], **options)
    assert sentence in str(caught.value)


def files(tmp_path: Path, *names: str) -> tuple[SessionFiles, list[DatasetFile]]:
    root = tmp_path / "xcp_d"
    for name in names:
        path = root / (FUNC + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = [parse_name(root, path, dataset="xcp_d") for path in sorted(root.rglob("*.tsv"))]
    return SessionFiles("01", "pre", (), {"xcp_d": tuple(found)}), found


def named(path: Path | None) -> str | None:
    return None if path is None else path.name.removeprefix("sub-01_ses-pre_task-rest")


def test_files_of_a_newer_version(tmp_path: Path) -> None:
    stem = "_run-1_space-fsLR_seg-Gordon_den-91k"
    session, found = files(
        tmp_path,
        f"{stem}_stat-mean_timeseries.tsv",
        f"{stem}_stat-coverage_bold.tsv",
        "_run-1_space-fsLR_seg-Tian_den-91k_stat-coverage_bold.tsv",
        "_run-1_motion.tsv",
        "_run-1_outliers.tsv",
        "_run-2_motion.tsv",
        "_motion.tsv",
        "_outliers.tsv",
    )
    series = next(file for file in found if file.suffix == "timeseries")
    beside = find_xcpd_files(session, series)
    assert named(beside.motion.path) == "_run-1_motion.tsv"
    assert named(beside.outliers.path) == "_run-1_outliers.tsv"
    assert named(beside.coverage.path) == f"{stem}_stat-coverage_bold.tsv"
    assert beside.problems == ()


def test_files_of_an_older_version(tmp_path: Path) -> None:
    session, found = files(
        tmp_path,
        OLD,
        "_space-fsLR_atlas-Gordon_den-91k_coverage.tsv",
        "_desc-filtered_motion.tsv",
    )
    series = next(file for file in found if file.suffix == "timeseries")
    beside = find_xcpd_files(session, series)
    assert named(beside.motion.path) == "_desc-filtered_motion.tsv"
    assert named(beside.coverage.path) == "_space-fsLR_atlas-Gordon_den-91k_coverage.tsv"
    assert beside.outliers.path is None
    assert beside.outliers.reason is None


def test_an_empty_table_is_a_problem(tmp_path: Path) -> None:
    session, found = files(tmp_path, NEW, "_outliers.tsv")
    (tmp_path / "xcp_d" / f"{FUNC}_outliers.tsv").write_text("")
    series = next(file for file in found if file.suffix == "timeseries")
    assert find_xcpd_files(session, series).problems == (
        "sub-01_ses-pre_task-rest_outliers.tsv is empty (0 bytes)",
    )


def test_the_table_of_all_runs_joined_does_not_count_twice(tmp_path: Path) -> None:
    _, found = files(tmp_path, NEW, f"_run-1{NEW}", f"_run-2{NEW}")
    assert [file.get("run") for file in without_joined_runs(found)] == ["1", "2"]
    _, found = files(tmp_path / "one", NEW)
    assert [file.get("run") for file in without_joined_runs(found)] == [None]
