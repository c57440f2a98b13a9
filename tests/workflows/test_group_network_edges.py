"""Tests of edges on matrices whose numbers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.tables import read_table, write_table
from tests.workflows.network_trial import (
    NAN,
    STUDY,
    NetworkTrial,
    patients_and_controls,
    with_a_visit,
)

EDGES = "edge_statistics: {changes: [change], component_p: 0.05, permutations: 200}\n"


def trial_of(
    folder: Path, before: np.ndarray, after: np.ndarray, study: str = STUDY + EDGES
) -> NetworkTrial:
    """Return a trial of patients; edges of shape (n, 2, 3) and (n, 3), NaN for no session."""
    trial = NetworkTrial(folder, study)
    groups = patients_and_controls(len(before), 0)
    trial.participants(groups)
    for who, first, second in zip(groups, before, after, strict=True):
        edges = {"pre1": first[0], "pre2": first[1], "post": second}
        for session, values in edges.items():
            if np.isfinite(values).any():
                trial.session(who, session)
                trial.matrix(who, session, values)
    return trial


def test_edges_are_tested_as_scipy_tests_them(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    before = random.normal(0.3, 0.2, (7, 2, 3))
    after = before.mean(axis=1) + random.normal([0.3, 0.0, 0.0], 0.1, (7, 3))
    before[2, 1] = NAN  # the other baseline stands alone
    after[5] = NAN  # no session after
    tables, record = trial_of(tmp_path, before, after).results(seed=3)
    table = tables["group_edges"]
    assert list(table.columns) == list(NETWORK_TABLES["group_edges"])
    both = np.arange(7) != 5
    first, second = np.nanmean(before, axis=1)[both], after[both]
    expected = stats.ttest_rel(second, first)
    for column, values in {
        "estimate": (second - first).mean(axis=0),
        "statistic": expected.statistic,
        "p_value": expected.pvalue,
        "ci_low": expected.confidence_interval().low,
        "mean_first": first.mean(axis=0),
        "mean_second": second.mean(axis=0),
        "q_value": stats.false_discovery_control(expected.pvalue),
    }.items():
        np.testing.assert_allclose(table[column], values, rtol=1e-7, err_msg=column)
    assert (table["n"] == 6).all()
    assert (table["df"] == 5).all()
    pairs = table[["first_region", "second_region"]].astype(str).to_numpy().tolist()
    assert pairs == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert (table["arm"] == "all").all()
    assert record["Networks"]["Edges"] == {
        "Sessions": 19,
        "Regions": 3,
        "ComponentP": 0.05,
        "Permutations": 200,
        "Seed": 3,
    }


def test_components_hold_the_strong_edges_and_every_arrangement_counts(tmp_path: Path) -> None:
    """Two edges rise in all of six: 32 arrangements, of which one is as extreme."""
    random = np.random.default_rng(2)
    before = np.tile(random.normal(0.1, 0.1, (6, 1, 3)), (1, 2, 1))
    change = random.normal([0.4, 0.5, 0.0], 0.02, (6, 3))
    tables, _ = trial_of(tmp_path, before, before[:, 0] + change).results()
    (row,) = tables["group_edge_components"].to_dict("records")
    assert (row["component"], row["n_edges"], row["n_regions"]) == (1, 2, 3)
    assert (row["n_positive"], row["n_negative"], row["n_permutations"]) == (2, 0, 32)
    assert (row["p_extent"], row["regions"]) == (1 / 32, "a; b; c")
    statistic = stats.ttest_1samp(change, 0.0).statistic[:2]
    excess = np.abs(statistic) - stats.t.ppf(0.975, 5)
    assert row["intensity"] == pytest.approx(excess.sum(), rel=1e-6)
    np.testing.assert_array_equal(tables["group_edges"]["component"], [1, 1, NAN])


def test_each_arm_has_its_own_test(tmp_path: Path) -> None:
    study = STUDY + EDGES.replace("{changes", "{arms: [control, patient], changes")
    random = np.random.default_rng(4)
    trial = trial_of(tmp_path, random.normal(size=(4, 2, 3)), random.normal(size=(4, 3)), study)
    tables, _ = trial.results()
    assert tables["group_edges"]["arm"].tolist() == ["control", *["patient"] * 3]
    assert tables["group_edges"]["reason"][0] == "nobody has both sessions"
    assert tables["group_edge_components"]["reason"][0] == "nobody has both sessions"
    assert tables["group_edges"]["n"].tolist() == [0, 4, 4, 4]


@pytest.mark.parametrize(
    ("levels", "arm", "expected"),
    [("[control, patient]", "patient", 3), ("[control, patient, other]", "all", 5)],
)
def test_controls_are_not_among_everybody(
    tmp_path: Path, levels: str, arm: str, expected: int
) -> None:
    random = np.random.default_rng(13)
    study = STUDY.replace("[control, patient]", levels) + "controls: {level: control}\n" + EDGES
    trial = NetworkTrial(tmp_path, study)
    groups = dict.fromkeys(("sub-01", "sub-02", "sub-03"), "patient")
    groups |= dict.fromkeys(("sub-04", "sub-05"), "other")
    groups |= dict.fromkeys(("sub-51", "sub-52", "sub-53", "sub-54"), "control")
    trial.participants(groups)
    change = random.normal(size=(9, 3))
    for who, each in zip(groups, change, strict=True):
        for session, values in (("pre1", np.zeros(3)), ("post", each)):
            trial.session(who, session)
            trial.matrix(who, session, values)
    table = trial.results()[0]["group_edges"]
    assert set(table["arm"]) == {arm}
    assert (table["n"] == expected).all()
    np.testing.assert_allclose(table["estimate"], change[:expected].mean(axis=0), rtol=1e-7)


def test_changes_to_visits_without_images_have_no_rows(tmp_path: Path) -> None:
    study = with_a_visit(STUDY) + EDGES.replace("changes: [change], ", "")
    random = np.random.default_rng(14)
    trial = trial_of(tmp_path, random.normal(size=(4, 2, 3)), random.normal(size=(4, 3)), study)
    table = trial.results()[0]["group_edges"]
    assert table["change"].unique().tolist() == ["change", "normal_variability"]
    assert (table["n"] == 4).all()


def test_few_participants_have_a_reason(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    trial = trial_of(tmp_path, random.normal(size=(2, 2, 3)), random.normal(size=(2, 3)))
    tables, _ = trial.results()
    assert (tables["group_edges"]["reason"] == "fewer than 3 participants").all()
    assert tables["group_edges"]["p_value"].isna().all()
    assert tables["group_edge_components"]["reason"].tolist() == [
        "no edge could be tested: fewer than 3 participants"
    ]


def test_no_strong_edge_and_no_permutations_are_told(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    before = random.normal(size=(5, 2, 3))
    change = np.array([[1, 1, 1], [-1, -1, -1], [1, 1, 1], [-1, -1, -1], [0, 0, 0.1]])
    trial = trial_of(tmp_path, before, before.mean(axis=1) + change)
    tables, _ = trial.results()
    assert tables["group_edge_components"]["reason"].tolist() == ["no edge has p < 0.05"]
    assert tables["group_edges"]["component"].isna().all()
    trial.study_file.write_text(trial.study_file.read_text().replace("200", "0"))
    assert "switched off" in trial.results()[0]["group_edge_components"]["reason"][0]


def test_regions_stand_by_network_and_those_not_covered_have_no_edges(tmp_path: Path) -> None:
    """The study names visual (c) before limbic (a, b)."""
    random = np.random.default_rng(7)
    trial = NetworkTrial(tmp_path, STUDY + EDGES)
    trial.participants(patients_and_controls(4, 0))
    networks = {"a": "limbic", "b": "limbic; extra", "c": "visual"}
    values = {}
    for one in range(1, 5):
        for session in ("pre1", "post"):
            who, edges = f"sub-{one:02d}", random.normal(0.2, 0.2, 3)
            trial.session(who, session)
            coverage = [1.0, 0.4 if (one, session) == (2, "post") else 0.8, 0.9]
            trial.matrix(who, session, edges, coverage=coverage, networks=networks)
            values[one, session] = edges  # ab, ac, bc
    tables, _ = trial.results()
    regions = tables["group_regions"]
    assert regions["region"].tolist() == ["c", "a", "b"]
    assert regions["networks"].tolist() == ["visual", "limbic", "limbic; extra"]
    assert regions["n_covered"].tolist() == [8, 8, 7]
    assert regions["n_sessions"].tolist() == [8, 8, 8]
    assert regions["mean_coverage"][2] == pytest.approx((7 * 0.8 + 0.4) / 8)
    edges = tables["group_edges"]
    assert edges["n"].tolist() == [4, 3, 3]  # c-a, c-b, a-b
    change = np.array([values[one, "post"] - values[one, "pre1"] for one in (1, 3, 4)])
    np.testing.assert_allclose(edges["estimate"][1:], change.mean(axis=0)[[2, 0]], rtol=1e-7)


def test_excluded_sessions_do_not_enter(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    before, after = random.normal(size=(5, 2, 3)), random.normal(size=(5, 3))
    trial = trial_of(tmp_path, before, after)
    # One lacks usable time in the first baseline, another moved too much after treatment.
    few = "3.1 minutes of kept volumes, fewer than 5"
    trial.session("sub-01", "pre1", {"limbic": NAN}, reason=few)
    trial.session("sub-02", "post", mean_fd=0.9)
    study = trial.study_file.read_text() + "exclusions: {maximum_mean_fd: 0.5}\n"
    trial.study_file.write_text(study)
    table = trial.results()[0]["group_edges"]
    first = before.mean(axis=1)
    first[0] = before[0, 1]
    change = np.delete(after - first, 1, axis=0)
    assert (table["n"] == 4).all()
    np.testing.assert_allclose(table["estimate"], change.mean(axis=0), rtol=1e-7)


def test_sessions_with_other_regions_are_joined_and_told(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    trial = trial_of(tmp_path, random.normal(size=(4, 2, 3)), random.normal(size=(4, 3)))
    trial.matrix("sub-01", "post", [0.3], ["c", "a"])
    tables, record = trial.results()
    assert tables["group_edges"]["n"].tolist() == [3, 4, 3]
    assert tables["group_regions"]["n_sessions"].tolist() == [12, 11, 12]
    (note,) = record["Networks"]["Notes"]
    assert note.startswith("The matrices of 1 session (sub-01 post) do not have the regions b")


def test_no_region_in_common_is_an_error(tmp_path: Path) -> None:
    random = np.random.default_rng(10)
    trial = trial_of(tmp_path, random.normal(size=(3, 2, 3)), random.normal(size=(3, 3)))
    trial.matrix("sub-01", "post", [0.3], ["x", "y"])
    with pytest.raises(InputDataError, match="no region in common"):
        trial.results()


def test_a_session_without_a_matrix_is_told(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    trial = trial_of(tmp_path, random.normal(size=(4, 2, 3)), random.normal(size=(4, 3)))
    trial.matrix("sub-01", "post", [0, 0, 0]).unlink()
    tables, record = trial.results()
    assert (tables["group_edges"]["n"] == 3).all()
    assert record["Networks"]["Notes"] == [
        "Sessions without a correlation matrix, which are in no test of edges: 1 (sub-01 post)."
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Node\ta\tb", "Node\ta\ta", "each name once"),
        ("\nb\t", "\nx\t", "not the same regions"),
        ("\t1\n", "\tone\n", "something else than numbers"),
        ("\t1\n", "\t1.5\n", "1.5 in the matrix is no correlation"),
        ("0.2913126125\t1\t", "0.2\t1\t", "not symmetric"),
    ],
)
def test_a_damaged_matrix_is_an_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    trial = NetworkTrial(tmp_path, STUDY + EDGES)
    trial.participants(patients_and_controls(1, 0))
    trial.session("sub-01", "pre1")
    path = trial.matrix("sub-01", "pre1", [0.3, 0.2, 0.1])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputDataError, match=message) as caught:
        trial.results()
    assert caught.value.path == path


def test_a_matrix_that_is_cut_off_is_told_as_such(tmp_path: Path) -> None:
    trial = NetworkTrial(tmp_path, STUDY + EDGES)
    trial.participants(patients_and_controls(1, 0))
    trial.session("sub-01", "pre1")
    path = trial.matrix("sub-01", "pre1", [0.3, 0.2, 0.1])
    text = path.read_text()
    path.write_text(text[: text.index("\nc\t") + 1])
    with pytest.raises(InputDataError, match="cut off: 3 regions in columns, 2 in rows") as caught:
        trial.results()
    assert caught.value.path == path


def test_two_matrices_of_a_session_are_an_error(tmp_path: Path) -> None:
    trial = NetworkTrial(tmp_path, STUDY + EDGES)
    trial.participants(patients_and_controls(1, 0))
    trial.session("sub-01", "pre1")
    path = trial.matrix("sub-01", "pre1", [0.3, 0.2, 0.1])
    path.with_name(path.name.replace("tiny", "old")).write_text(path.read_text())
    with pytest.raises(InputDataError, match="2 files of the same kind"):
        trial.results()


def test_a_study_without_these_sections_has_no_tables(tmp_path: Path) -> None:
    trial = NetworkTrial(tmp_path, STUDY)
    trial.participants(patients_and_controls(1, 0))
    trial.session("sub-01", "pre1")
    assert trial.results() == ({}, {})


def test_tables_can_be_written(tmp_path: Path) -> None:
    random = np.random.default_rng(12)
    trial = trial_of(tmp_path, random.normal(size=(4, 2, 3)), random.normal(size=(4, 3)))
    for name, table in trial.results()[0].items():
        path = tmp_path / f"{name}.tsv"
        write_table(path, table, columns=NETWORK_TABLES[name])
        read = read_table(path)
        assert read.shape == table.shape
        if name == "group_edges":
            pd.testing.assert_series_equal(
                read["estimate"], table["estimate"], rtol=1e-9, check_names=False
            )
