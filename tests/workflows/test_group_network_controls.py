"""Patients against controls, on values whose tests are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from tests.workflows.clinical_trial import only
from tests.workflows.network_trial import (
    NAN,
    STUDY,
    NetworkTrial,
    patients_and_controls,
    with_a_visit,
)

STORED = Path(__file__).resolve().parents[1] / "reference" / "group_stats"
COVARIATES = """covariates:
  age: {kind: numeric, optional: true}
  sex: {kind: categorical, optional: true}
  race: {kind: categorical, optional: true}
"""
CONTROLS = "controls: {level: control, sessions: [baseline, post], matching: [%s]}\n"


def trial_of(folder: Path, study: str) -> tuple[NetworkTrial, dict[str, np.ndarray]]:
    """Return five patients and six controls, and their limbic connectivity."""
    random = np.random.default_rng(3)
    trial = NetworkTrial(folder, study)
    groups = patients_and_controls(5, 6)
    trial.participants(
        groups,
        age=[30, 40, 50, 60, 70, 71, 61, 51, 41, 31, 20],
        sex=["F", "M", "F", "M", "F", "F", "M", "F", "M", "F", "M"],
    )
    values = {
        "pre1": random.normal(0.3, 0.1, 5),
        "pre2": random.normal(0.3, 0.1, 5),
        "post": random.normal(0.2, 0.1, 5),
        "first": random.normal(0.1, 0.1, 6),
        "second": random.normal(0.1, 0.1, 6),
    }
    values["pre2"][1] = NAN
    values["post"][4] = NAN
    values["second"][:3] = NAN
    for one, (who, group) in enumerate(groups.items()):
        sessions = {"pre1": "pre1", "pre2": "pre2", "post": "post"}
        if group == "control":
            sessions, one = {"pre1": "first", "pre2": "second"}, one - 5
        for session, name in sessions.items():
            if np.isfinite(values[name][one]):
                networks = {"limbic": values[name][one], "limbic_visual": 0.5 * values[name][one]}
                trial.session(who, session, networks, mean_fd=0.1 + 0.01 * one, minutes=10.0 + one)
    return trial, values


def test_students_t_of_everybody(tmp_path: Path) -> None:
    trial, values = trial_of(tmp_path, STUDY + CONTROLS % "")
    tables, record = trial.results()
    assert set(tables) == {"group_controls"}
    table = tables["group_controls"]
    assert list(table.columns) == list(NETWORK_TABLES["group_controls"])
    assert table["regions"].tolist() == ["limbic", "limbic_visual"] * 2
    controls = np.nanmean([values["first"], values["second"]], axis=0)
    patients = {
        "baseline": np.nanmean([values["pre1"], values["pre2"]], axis=0),
        "post": values["post"][:4],
    }
    for session, of_patients in patients.items():
        row = only(table, session=session, regions="limbic")
        expected = stats.ttest_ind(of_patients, controls)
        interval = expected.confidence_interval()
        n = len(of_patients)
        pooled = np.sqrt(
            ((n - 1) * of_patients.var(ddof=1) + 5 * controls.var(ddof=1)) / expected.df
        )
        # Hedges (1981): the exact correction is 1 - 3 / (4 df - 1) within 0.1 %.
        g = (of_patients.mean() - controls.mean()) / pooled * (1 - 3 / (4 * expected.df - 1))
        for column, value in {
            "n_patients": n,
            "n_controls": 6,
            "mean_patients": of_patients.mean(),
            "mean_controls": controls.mean(),
            "sd_patients": of_patients.std(ddof=1),
            "sd_controls": controls.std(ddof=1),
            "estimate": of_patients.mean() - controls.mean(),
            "ci_low": interval.low,
            "ci_high": interval.high,
            "statistic": expected.statistic,
            "df": expected.df,
            "p_value": expected.pvalue,
        }.items():
            assert row[column] == pytest.approx(value, rel=1e-8), column
        assert row["hedges_g"] == pytest.approx(g, rel=2e-3)
        assert (row["compared"], row["arm"], row["reason"]) == ("everybody", "patient", "")
    assert record["Networks"]["Controls"] == {
        "Sessions": ["baseline", "post"],
        "ControlSessions": ["pre1", "pre2", "post"],
        "Patients": 5,
        "Controls": 6,
    }


def test_students_t_is_that_of_r(tmp_path: Path) -> None:
    """The two groups that t.test was run on, Fisher z or not."""
    data = pd.read_csv(STORED / "welch.csv")
    groups = {
        f"sub-{one:02d}": "patient" if group == "A" else "control"
        for one, group in enumerate(data["group"])
    }
    trial = NetworkTrial(tmp_path, STUDY + "controls: {level: control, sessions: [pre1]}\n")
    trial.participants(groups)
    for who, value in zip(groups, data["x"], strict=True):
        trial.session(who, "pre1", {"limbic": value})
    row = only(trial.results()[0]["group_controls"], regions="limbic")
    of_r = pd.read_csv(STORED / "out_ttest.tsv", sep="\t").set_index("term").loc["student"]
    names = {"statistic": "t", "df": "df", "p_value": "p", "ci_low": "lo", "ci_high": "hi"}
    for column, name in names.items():
        assert row[column] == pytest.approx(of_r[name], rel=1e-9), column


def test_matched_pairs_are_compared_beside_everybody(tmp_path: Path) -> None:
    trial, values = trial_of(tmp_path, STUDY + COVARIATES + CONTROLS % "age, sex, race")
    tables, record = trial.results()
    matching = tables["group_matching"]
    pairs = matching.dropna(subset=["patient", "control"])
    # The nearest in age, of the same sex: the first five controls from the last patient on.
    assert dict(zip(pairs["patient"], pairs["control"], strict=True)) == {
        "sub-01": "sub-55",
        "sub-02": "sub-54",
        "sub-03": "sub-53",
        "sub-04": "sub-52",
        "sub-05": "sub-51",
    }
    ages = np.array([30, 40, 50, 60, 70]), np.array([71, 61, 51, 41, 31, 20])
    scale = np.sqrt(np.mean([each.var(ddof=1) for each in ages]))
    np.testing.assert_allclose(pairs["distance"], 1 / scale, rtol=1e-10)
    (left,) = matching[matching["patient"].isna()].to_dict("records")
    assert (left["control"], left["reason"]) == (
        "sub-56",
        "all who could be its partner are in other pairs",
    )
    table = tables["group_controls"]
    controls = np.nanmean([values["first"], values["second"]], axis=0)
    # The patient without the session after treatment takes the control of the pair out.
    row = only(table, session="post", regions="limbic", compared="matched")
    expected = stats.ttest_ind(values["post"][:4], controls[[4, 3, 2, 1]])
    assert (row["n_patients"], row["n_controls"]) == (4, 4)
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-8)
    assert only(table, session="post", regions="limbic", compared="everybody")["n_controls"] == 6
    balance = tables["group_balance"]
    assert list(balance.columns) == list(NETWORK_TABLES["group_balance"])
    age = balance[balance["covariate"] == "age"].set_index("stage")
    assert age.loc["before", "standardized_difference"] == pytest.approx(
        (50 - ages[1].mean()) / scale
    )
    assert age.loc["after", "standardized_difference"] == pytest.approx(-1 / scale)
    notes = record["Networks"]["Notes"]
    assert notes == [
        "Nobody is matched on race: participants.tsv has no column `race`.",
        "5 pairs of a patient and a control were matched on age, sex; 5 patients and 6 controls "
        "have network connectivity in group statistics.",
    ]
    assert record["Networks"]["Controls"]["Pairs"] == 5


def test_motion_and_minutes_are_those_of_the_first_session(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + CONTROLS % "mean_fd, minutes")
    # Minutes of both baselines are averaged, and those after treatment do not matter.
    trial.session("sub-01", "pre2", minutes=20.0, mean_fd=0.3)
    trial.session("sub-01", "post", minutes=99.0)
    balance = trial.results()[0]["group_balance"]
    before = balance[balance["stage"] == "before"].set_index("covariate")
    assert before.loc["minutes", "patients"] == pytest.approx(np.mean([15, 11, 12, 13, 14]))
    assert before.loc["minutes", "controls"] == pytest.approx(np.mean([10, 11, 12, 13, 14, 15]))
    assert before.loc["mean_fd", "patients"] == pytest.approx(
        np.mean([0.2, 0.11, 0.12, 0.13, 0.14])
    )


def test_volumes_stand_for_minutes_that_are_not_told(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + CONTROLS % "minutes")
    trial.session("sub-51", "pre1", minutes=None)
    tables, record = trial.results()
    assert (tables["group_balance"]["patients"] == 300).all()
    assert record["Networks"]["Notes"][0].startswith("Usable time is the number of volumes kept")


def test_who_lacks_a_covariate_or_a_scan_is_in_no_pair(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + COVARIATES + CONTROLS % "age, sex")
    groups = patients_and_controls(6, 6)  # sub-06 has no scan
    trial.participants(
        groups,
        age=["n/a", 40, 50, 60, 70, 70, 71, 61, 51, 41, 31, 20],
        sex=["F", "M", "F", "M", "F", "F", "F", "M", "F", "M", "F", "M"],
    )
    matching = trial.results()[0]["group_matching"]
    left = matching[matching["distance"].isna()]
    told = dict(zip(left["patient"].fillna(left["control"]), left["reason"], strict=True))
    assert told["sub-01"] == "no value of age"
    assert told["sub-06"] == "no session with network connectivity in group statistics"
    assert len(matching.dropna(subset=["patient", "control"])) == 4


def test_exact_covariates_and_the_caliper_are_kept(tmp_path: Path) -> None:
    section = CONTROLS % "age, sex"
    study = STUDY + COVARIATES + section.replace("}", ", exact: [sex], caliper: 0.2}")
    trial, _ = trial_of(tmp_path, study)
    trial.participants(
        patients_and_controls(5, 6),
        age=[30, 40, 50, 60, 70, 71, 61, 51, 41, 90, 30],
        sex=["F", "M", "F", "M", "F", "F", "M", "F", "M", "F", "M"],
    )
    matching = trial.results()[0]["group_matching"]
    told = matching.set_index("patient")["reason"]
    assert told["sub-01"] == "none of the controls is within the caliper"
    pairs = matching.dropna(subset=["patient", "control"])
    assert pairs["patient"].tolist() == ["sub-02", "sub-03", "sub-04", "sub-05"]


def test_nothing_to_match_on_leaves_everybody(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + COVARIATES + CONTROLS % "race")
    tables, record = trial.results()
    assert set(tables["group_controls"]["compared"]) == {"everybody"}
    assert "group_matching" not in tables
    assert record["Networks"]["Notes"][1].startswith("Patients and controls are not matched")


def test_several_arms_are_compared_together_and_each(tmp_path: Path) -> None:
    study = STUDY.replace("[control, patient]", "[placebo, control, drug]") + CONTROLS % ""
    trial, values = trial_of(tmp_path, study)
    groups = patients_and_controls(5, 6)
    for one, who in enumerate(list(groups)[:5]):
        groups[who] = "drug" if one < 3 else "placebo"
    trial.participants(groups)
    table = trial.results()[0]["group_controls"]
    of_limbic = table[(table["session"] == "baseline") & (table["regions"] == "limbic")]
    assert of_limbic["arm"].tolist() == ["all", "placebo", "drug"]
    assert of_limbic["n_patients"].tolist() == [5, 2, 3]
    assert of_limbic["reason"].tolist() == ["", "fewer than 3 participants", ""]
    mean = np.nanmean([values["pre1"], values["pre2"]], axis=0)[:3].mean()
    assert of_limbic["mean_patients"].iloc[2] == pytest.approx(mean)


def test_further_models_of_cleaning_are_compared_too(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + CONTROLS % "")
    for who in patients_and_controls(5, 6):
        trial.session(who, "pre1", {"limbic": 0.1}, kind="network_connectivity_24P")
    table = trial.results()[0]["group_controls"]
    assert set(table["measure"]) == {"network_connectivity", "network_connectivity_24P"}


def test_a_control_with_two_arms_is_an_error(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + CONTROLS % "")
    path = trial.bids / "participants.tsv"
    path.write_text(path.read_text() + "sub-51\tpatient\t71\tF\n")
    with pytest.raises(InputDataError, match=r"more than one row of sub-51 \(lines 7, 13\)"):
        trial.results()


def test_a_control_of_no_arm_of_the_study_is_left_out_with_a_reason(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, STUDY + CONTROLS % "")
    path = trial.bids / "participants.tsv"
    path.write_text(path.read_text().replace("sub-51\tcontrol", "sub-51\tcontrol;patient"))
    tables, _ = trial.results()
    assert (tables["group_controls"]["n_controls"] == 5).all()


@pytest.mark.parametrize("caliper", ["", ", caliper: 1.0e-6"])
def test_nobody_to_be_paired_with_gives_reasons_alone(tmp_path: Path, caliper: str) -> None:
    section = (CONTROLS % "age, minutes").replace("}", caliper + "}")
    trial = NetworkTrial(tmp_path, STUDY + COVARIATES + section)
    groups = patients_and_controls(3, 1)
    trial.participants(groups, age=[30, 40, 50, 60])
    for who, group in groups.items():
        if caliper or group == "patient":
            trial.session(who, "pre1", {"limbic": 0.1})
    tables, record = trial.results()
    matching = tables["group_matching"]
    assert matching["distance"].isna().all()
    assert set(matching["patient"].dropna()) == {"sub-01", "sub-02", "sub-03"}
    patients = matching.dropna(subset="patient")["reason"]
    expected = "none of the controls is within the caliper"
    assert set(patients) == {expected if caliper else "there are no controls with every covariate"}
    row = only(tables["group_controls"], session="baseline", compared="matched")
    assert (row["n_patients"], row["n_controls"], row["reason"]) == (
        0,
        0,
        "fewer than 3 participants",
    )
    assert record["Networks"]["Controls"]["Pairs"] == 0
    after = tables["group_balance"][tables["group_balance"]["stage"] == "after"]
    assert (after["n_patients"] == 0).all()


def test_nobody_scanned_is_told(tmp_path: Path) -> None:
    trial = NetworkTrial(tmp_path, STUDY + COVARIATES + CONTROLS % "age")
    trial.participants(patients_and_controls(3, 3), age=[30, 40, 50, 60, 30, 20])
    trial.session("sub-01", "pre1", {"limbic": NAN}, reason="no volume left after censoring")
    tables, _ = trial.results()
    assert set(tables["group_matching"]["reason"]) == {
        "no session with network connectivity in group statistics"
    }
    assert set(tables["group_controls"]["reason"]) == {"fewer than 3 participants"}
    assert tables["group_controls"]["mean_patients"].isna().all()


def test_whom_an_exclusion_takes_out_of_every_comparison_takes_no_control(tmp_path: Path) -> None:
    """Both baselines are still compared with each other, and their mean with nothing."""
    study = STUDY + COVARIATES + CONTROLS % "age" + "exclusions: {maximum_mean_fd: 0.5}\n"
    trial, _ = trial_of(tmp_path, study)
    trial.participants(
        patients_and_controls(5, 6), age=[30, 40, 50, 60, 70, 30, 40, 50, 60, 70, 99]
    )
    trial.session("sub-01", "post", {"limbic": 0.2, "limbic_visual": 0.1}, mean_fd=0.9)
    tables, record = trial.results()
    matching = tables["group_matching"].set_index("patient")
    assert matching.loc["sub-01", "reason"] == (
        "no session with network connectivity in group statistics"
    )
    assert matching.loc["sub-02", "control"] == "sub-52"
    assert record["Networks"]["Controls"]["Pairs"] == 4
    row = only(tables["group_controls"], session="baseline", regions="limbic", compared="matched")
    assert (row["n_patients"], row["n_controls"]) == (4, 4)


def test_sessions_are_those_of_the_first_change_that_has_images(tmp_path: Path) -> None:
    trial, _ = trial_of(tmp_path, with_a_visit(STUDY) + "controls: {level: control}\n")
    tables, record = trial.results()
    assert record["Networks"]["Controls"]["Sessions"] == ["baseline", "post"]
    assert tables["group_controls"]["n_patients"].tolist() == [5, 5, 4, 4]


def test_a_study_without_networks_says_that_there_is_nothing_to_compare(tmp_path: Path) -> None:
    networks = STUDY[STUDY.index("networks:") : STUDY.index("arms:")]
    sections = CONTROLS % "mean_fd" + "reliability: {sessions: [pre1, pre2]}\n"
    study = STUDY.replace(networks, "").replace("{task: rest, pairs: false}", "{task: rest}")
    trial = NetworkTrial(tmp_path, study + sections)
    groups = patients_and_controls(3, 3)
    trial.participants(groups)
    for who in groups:
        trial.session(who, "pre1", {"a~b": 0.1}, kind="resting_connectivity")
    tables, record = trial.results()
    assert {name: len(table) for name, table in tables.items()} == {
        "group_controls": 0,
        "group_reliability": 0,
    }
    assert record["Networks"]["Notes"] == [
        "Nobody has connectivity of networks: patients and controls have no test.",
        "Nobody has connectivity of networks: there is no reliability of it.",
    ]
