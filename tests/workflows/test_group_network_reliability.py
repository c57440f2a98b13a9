"""Reliability of networks, and volumes beside the change of a score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.reliability.intraclass_correlation import session_reliability
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from tests.workflows.clinical_trial import only
from tests.workflows.network_trial import (
    NAN,
    OUTCOME,
    STUDY,
    NetworkTrial,
    patients_and_controls,
)

RELIABILITY = "reliability: {sessions: [pre1, pre2]}\n"
CONTROLS = "controls: {level: control}\n"
VOLUMES = "volumes: {structures: [Left-Hippocampus, Right-Hippocampus], outcome: madrs}\n"
STORED = Path(__file__).resolve().parents[1] / "reference" / "reliability"


def test_reliability_is_that_of_r(tmp_path: Path) -> None:
    """The two baselines that psych::ICC was run on."""
    data = pd.read_csv(STORED / "two_baselines.tsv", sep="\t").drop(columns="participant")
    trial = NetworkTrial(tmp_path, STUDY + RELIABILITY)
    groups = patients_and_controls(len(data), 0)
    trial.participants(groups)
    for who, values in zip(groups, data.to_numpy(), strict=True):
        for session, value in zip(("pre1", "pre2"), values, strict=True):
            if np.isfinite(value):
                trial.session(who, session, {"limbic": value})
    (row,) = trial.results()[0]["group_reliability"].to_dict("records")
    expected = session_reliability(data.to_numpy(), confidence_level=0.95)
    assert (row["regions"], row["sessions"], row["arm"]) == ("limbic", "pre1; pre2", "all")
    assert row["n"] == expected.n
    of_r = pd.read_csv(STORED / "two_baselines_icc.tsv", sep="\t").set_index("type")
    for column, name in {
        "icc": "icc",
        "ci_low": "lower",
        "ci_high": "upper",
        "f_value": "F",
        "df": "df1",
        "df_second": "df2",
        "p_value": "p",
    }.items():
        assert row[column] == pytest.approx(of_r.loc["ICC2", name], rel=1e-7), column
    for column, name in {"consistency": "icc", "consistency_low": "lower"}.items():
        assert row[column] == pytest.approx(of_r.loc["ICC3", name], rel=1e-7), column
    both = data.dropna().to_numpy()
    assert row["within_sd"] == pytest.approx(expected.within_sd, rel=1e-8)
    assert row["mean_difference"] == pytest.approx((both[:, 1] - both[:, 0]).mean(), rel=1e-8)


def test_arms_variants_and_signal_quality_have_rows(tmp_path: Path) -> None:
    study = STUDY + "reliability: {sessions: [pre1, pre2], arms: [patient, control]}\n"
    random = np.random.default_rng(1)
    trial = NetworkTrial(tmp_path, study)
    groups = patients_and_controls(4, 2)
    trial.participants(groups)
    for who in groups:
        for session in ("pre1", "pre2"):
            trial.session(who, session, {"limbic": random.normal()}, kind="cleaned_tsnr")
    table = trial.results()[0]["group_reliability"]
    assert list(table.columns) == list(NETWORK_TABLES["group_reliability"])
    assert table[["measure", "arm", "n"]].astype(str).to_numpy().tolist() == [
        ["cleaned_tsnr", "patient", "4"],
        ["cleaned_tsnr", "control", "2"],
    ]
    assert np.isfinite(table["icc"][0])
    assert table["reason"].tolist() == ["", "fewer than 3 participants"]


def volume_trial(folder: Path, study: str = STUDY + OUTCOME + CONTROLS + VOLUMES) -> NetworkTrial:
    """Return six patients and a control; volumes of both baselines, the left alone."""
    trial = NetworkTrial(folder, study)
    groups = patients_and_controls(6, 1)
    trial.participants(groups)
    for one, who in enumerate(groups):
        for session, more in (("pre1", 0.0), ("pre2", 0.2)):
            trial.session(who, session, volumes={"Left-Hippocampus": SHARES[one] + more})
    trial.scores(dict(zip(groups, SCORES, strict=True)), ("pre1", "pre2", "post"))
    return trial


SHARES = np.array([2.0, 2.4, 2.1, 2.9, 2.6, 3.1, 9.0])
SCORES = [
    (30, 32, 10),
    (28, NAN, 20),
    (35, 31, 12),
    (29, 29, 25),
    (30, 30, NAN),
    (33, 31, 24),
    (0, 0, 90),
]


def test_volumes_are_correlated_with_second_minus_first(tmp_path: Path) -> None:
    table = volume_trial(tmp_path).results()[0]["group_volumes"]
    assert list(table.columns) == list(NETWORK_TABLES["group_volumes"])
    row = only(table, structure="Left-Hippocampus")
    change = np.array([10 - 31, 20 - 28, 12 - 33, 25 - 29, 24 - 32])
    expected = stats.pearsonr(SHARES[[0, 1, 2, 3, 5]] + 0.1, change)
    assert row["r"] == pytest.approx(expected.statistic, rel=1e-8)
    assert row["r"] > 0.5
    interval = expected.confidence_interval()
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((interval.low, interval.high))
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-8)
    assert (row["n"], row["df"], row["session"], row["change"]) == (5, 3, "baseline", "change")


def test_the_sign_is_that_of_the_change_whichever_direction_is_better(tmp_path: Path) -> None:
    study = STUDY + OUTCOME.replace("decrease", "increase") + CONTROLS + VOLUMES
    row = volume_trial(tmp_path, study).results()[0]["group_volumes"].iloc[0]
    assert row["r"] > 0.5


def test_an_absent_structure_and_few_participants_have_reasons(tmp_path: Path) -> None:
    trial = volume_trial(tmp_path)
    table = trial.results()[0]["group_volumes"]
    row = only(table, structure="Right-Hippocampus")
    assert (row["n"], row["reason"]) == (0, "no session has the volume of this structure")
    trial.scores({"sub-01": (1, 2, 3), "sub-02": (3, 3, 1)}, ("pre1", "pre2", "post"))
    row = only(trial.results()[0]["group_volumes"], structure="Left-Hippocampus")
    assert (row["n"], row["reason"]) == (2, "fewer than 3 participants")


def test_another_session_may_be_named(tmp_path: Path) -> None:
    study = STUDY + OUTCOME + VOLUMES.replace("}", ", session: pre2}")
    row = volume_trial(tmp_path, study).results()[0]["group_volumes"].iloc[0]
    # Without `controls` nothing tells who is one.
    assert (row["session"], row["n"]) == ("pre2", 6)


def test_without_an_outcome_there_is_no_table(tmp_path: Path) -> None:
    study = STUDY + OUTCOME + VOLUMES.replace(", outcome: madrs", "")
    assert volume_trial(tmp_path, study).results() == ({}, {})
