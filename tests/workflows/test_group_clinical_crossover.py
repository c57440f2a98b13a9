"""Mixed models of a crossover trial, beside what differences within participants tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.outcomes import outcome_scores
from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group import run_group_level
from tests.workflows.clinical_trial import NAN, ClinicalFolder, only

CROSSOVER = """
name: cross
sessions: {placebo: {label: p}, ketamine: {label: k}}
changes: {treatment: {first: placebo, second: ketamine}}
arms: {column: arm, levels: [patients]}
crossover: {columns: [one, two], values: {k: ketamine, p: placebo}}
outcomes: {caps: {table: caps, column: total}}
mixed_models:
  m: {outcomes: [caps], formula: treatment + period + sequence, complete: true}
"""
#: Placebo and ketamine first, in turn.
ORDERS = [("p", "k"), ("k", "p")] * 4
PLACEBO = (30.0, 34.0, 28.0, 33.0, 31.0, 36.0, 29.0, 30.0)
KETAMINE = (22.0, 30.0, 25.0, 24.0, 20.0, 31.0, 27.0, 22.0)


def crossover(folder: Path, orders: list[tuple[str, str]], study: str = CROSSOVER) -> Any:
    trial = ClinicalFolder(folder, study)
    one, two = zip(*orders, strict=True)
    trial.participants(8, arm=["patients"] * 8, one=one, two=two)
    trial.scores({"p": PLACEBO, "k": KETAMINE})
    return trial.results()


def test_a_crossover_trial_is_the_mean_of_both_sequences(tmp_path: Path) -> None:
    results = crossover(tmp_path, ORDERS)
    effects = results.tables["group_mixed_effects"]
    difference = np.subtract(KETAMINE, PLACEBO)
    first, second = difference[::2], difference[1::2]
    treatment = only(effects, term="treatment[ketamine]", df_rule="satterthwaite")
    assert treatment["estimate"] == pytest.approx((first.mean() + second.mean()) / 2)
    spread = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    se = 0.5 * spread * np.sqrt(1 / 4 + 1 / 4)
    assert treatment["se"] == pytest.approx(se, rel=1e-5)
    assert treatment["df"] == pytest.approx(6, rel=1e-4)
    assert only(effects, term="period[2]", df_rule="residual")["estimate"] == pytest.approx(
        (first.mean() - second.mean()) / 2
    )
    data = results.tables["group_mixed_data"]
    row = only(data, participant_id="sub-02", session="placebo")
    assert (row["period"], row["sequence"]) == ("2", "ketamine-placebo")
    # The sequence that starts with the study's first session is the reference.
    assert "sequence[ketamine-placebo]" in set(effects["term"])


def test_a_period_that_never_happened_is_out(tmp_path: Path) -> None:
    orders = [*ORDERS[:-2], ("p", "n/a"), ("n/a", "n/a")]
    results = crossover(tmp_path, orders)
    fits = results.tables["group_mixed_fits"]
    assert fits["n_participants"].tolist() == [6]
    data = results.tables["group_mixed_data"].set_index(["participant_id", "session"])
    never = "`two` of sub-07 in participants.tsv is n/a: this period never happened"
    assert data.loc[("sub-07", "ketamine"), "reason"] == never
    assert data.loc[("sub-07", "placebo"), "reason"] == f"not in all sessions (ketamine: {never})"
    assert "no period happened" in data.loc[("sub-08", "placebo"), "reason"]
    caps = results.tables["group_scores"].set_index(["participant_id", "session"])
    assert caps.loc[("sub-07", "ketamine"), "reason"] == never
    course = results.tables["group_course"]
    assert only(course, session="ketamine", arm="patients")["n"] == 6
    assert only(course, session="placebo", arm="patients")["n"] == 7
    keeps = crossover(tmp_path / "keeps", orders, CROSSOVER.replace("complete: true", "arms: []"))
    assert keeps.tables["group_mixed_fits"]["n_observations"].tolist() == [13]


ALL_OF_IT = CROSSOVER.replace("complete: true", "degrees_of_freedom: [residual]") + (
    "table_one: {}\n"
)
OUT_OF_ORDER = (
    "`one` of sub-01 in participants.tsv is n/a and `two` is not: visits are out of order"
)
TWICE = "`one`, `two` of sub-02 in participants.tsv are the same treatment, `ketamine`"
NEVER = "`two` of sub-03 in participants.tsv is n/a: this period never happened"


def test_unusable_periods_are_nowhere(tmp_path: Path) -> None:
    """All tables of a study of scores agree on who has which score."""
    trial = ClinicalFolder(tmp_path, ALL_OF_IT)
    orders = [("n/a", "k"), ("k", "k"), ("k", "n/a"), *[("p", "k"), ("k", "p")] * 7][:16]
    one, two = zip(*orders, strict=True)
    trial.participants(16, arm=["patients"] * 16, one=one, two=two)
    rng = np.random.default_rng(4)
    placebo, ketamine = rng.normal(30, 4, 16).round(1), rng.normal(24, 4, 16).round(1)
    trial.scores({"p": placebo, "k": ketamine})
    output = tmp_path / "out"
    run_group_level(
        bids_dir=trial.bids, output_dir=output, study=load_study(str(trial.study)), random_seed=1
    )

    def table(name: str) -> pd.DataFrame:
        return read_table(output / "group" / f"group_{name}.tsv")

    outcomes = table("outcomes").set_index("participant_id")
    assert outcomes[["first", "second", "improvement"]].notna().sum().tolist() == [13, 14, 13]
    told = outcomes["reason"].dropna().to_dict()
    assert told == {"sub-01": OUT_OF_ORDER, "sub-02": TWICE, "sub-03": NEVER}
    assert outcomes.loc["sub-03", "second"] == ketamine[2]
    scores = table("scores").dropna(subset="score").groupby("session").size()
    assert scores.to_dict() == {"placebo": 13, "ketamine": 14}
    course = table("course").set_index(["session", "arm"])
    assert course.loc[("placebo", "all"), ["n", "mean"]].tolist() == [
        13,
        pytest.approx(placebo[3:].mean()),
    ]
    assert course.loc[("ketamine", "all"), "mean"] == pytest.approx(ketamine[2:].mean())
    improvement = only(table("improvement"), arm="all")
    assert improvement["n"] == 13
    assert improvement["estimate"] == pytest.approx((placebo - ketamine)[3:].mean())
    flow = table("flow").set_index(["stage", "arm"])
    assert flow.loc[("change known: caps", "all"), "n"] == 13
    assert flow.loc[("score at placebo", "all"), "n"] == 13
    fit = table("mixed_fits").iloc[0]
    assert fit[["n_observations", "n_participants"]].tolist() == [27, 14]
    record = json.loads((output / "group" / "group.json").read_text())
    assert record["Participants"] == 14


def test_a_change_over_an_unusable_session_is_none(tmp_path: Path) -> None:
    columns = CROSSOVER.split("mixed_models")[0].replace("column: total", "change_column: delta")
    trial = ClinicalFolder(tmp_path, columns)
    trial.participants(3, arm=["patients"] * 3, one=["p", "k", "k"], two=["k", "n/a", "k"])
    who = ["sub-01", "sub-02", "sub-03"]
    trial.write(pd.DataFrame({"participant_id": who, "delta": [-8.0, -5.0, -2.0]}), "caps")
    found = outcome_scores(trial.bids, load_study(str(trial.study)).spec)
    np.testing.assert_array_equal(found["improvement"], [8.0, NAN, NAN])
    assert found["reason"].tolist() == [
        None,
        NEVER.replace("sub-03", "sub-02"),
        TWICE.replace("sub-02", "sub-03"),
    ]


def test_no_baseline_follows_a_treatment(tmp_path: Path) -> None:
    study = CROSSOVER.replace("complete: true", "arms: []") + "table_one: {}\n"
    results = crossover(tmp_path, ORDERS, study)
    assert results.tables["group_table_one"].empty
    told = (
        "Table 1 has no first score of caps: its first session, placebo, follows a treatment of "
        "the crossover trial."
    )
    assert told in results.record["Clinical"]["Notes"]
    # With a session before all treatments, that one is the baseline.
    study = study.replace("sessions: {", "sessions: {base: {label: b}, ")
    study = study.replace("period + sequence", "period + baseline")
    trial = ClinicalFolder(tmp_path / "base", study)
    one, two = zip(*ORDERS, strict=True)
    trial.participants(8, arm=["patients"] * 8, one=one, two=two)
    before = np.array([40.0, 38.0, 45.0, 41.0, 37.0, 44.0, 39.0, 40.0])
    trial.scores({"b": before, "p": PLACEBO, "k": KETAMINE})
    results = trial.results()
    row = only(results.tables["group_table_one"], variable="caps", arm="all")
    assert (row["n"], row["mean"]) == (8, before.mean())
    effects = results.tables["group_mixed_effects"]
    means = np.add(PLACEBO, KETAMINE) / 2
    slope = np.polyfit(before - before.mean(), means, 1)[0]
    found = only(effects, term="baseline", df_rule="satterthwaite")["estimate"]
    assert found == pytest.approx(slope, rel=1e-5)
    assert results.tables["group_mixed_fits"]["n_observations"].tolist() == [16]


def test_a_plan_that_is_known_in_part(tmp_path: Path) -> None:
    study = CROSSOVER.replace("complete: true", "arms: []")
    study = study.replace("sessions: {", "sessions: {high: {label: h}, ")
    study = study.replace("columns: [one, two]", "columns: [one, two, three]")
    study = study.replace("values: {", "values: {h: high, ")
    trial = ClinicalFolder(tmp_path, study)
    orders = [("p", "k", "h"), ("k", "h", "p"), ("h", "p", "k")] * 3
    orders[8] = ("h", "n/a", "n/a")
    columns = dict(zip(("one", "two", "three"), zip(*orders, strict=True), strict=True))
    trial.participants(9, arm=["patients"] * 9, **columns)
    scores = np.random.default_rng(1).normal(30, 4, (3, 9)).round(1)
    trial.scores(dict(zip(("p", "k", "h"), scores, strict=True)))
    data = trial.results().tables["group_mixed_data"].set_index(["participant_id", "session"])
    assert data.loc[("sub-09", "high"), "reason"] == (
        "sequence is not known: only part of the planned order is known"
    )
    assert "this period never happened" in data.loc[("sub-09", "placebo"), "reason"]


def test_sessions_without_treatment_are_left_aside_unless_named(tmp_path: Path) -> None:
    study = CROSSOVER.replace("sessions: {", "sessions: {base: {label: b}, ")
    trial = ClinicalFolder(tmp_path, study)
    one, two = zip(*ORDERS, strict=True)
    trial.participants(8, arm=["patients"] * 8, one=one, two=two)
    trial.scores({"b": [40.0] * 8, "p": PLACEBO, "k": KETAMINE})
    results = trial.results()
    assert set(results.tables["group_mixed_data"]["session"]) == {"placebo", "ketamine"}
    assert results.tables["group_mixed_fits"]["n_observations"].tolist() == [16]
    assert set(results.tables["group_course"]["session"]) == {"base", "placebo", "ketamine"}


def test_damaged_columns_of_periods_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="No period holds a treatment"):
        crossover(tmp_path, [("x", "y")] * 8)
