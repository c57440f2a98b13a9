"""The group level of scores alone, and of clinical statistics beside imaging."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group import run_group_level
from tests.workflows.test_group import ARMS, IN_ARMS, KETAMINE, OUTCOME, STUDY, VALUES, Trial

PUBLISHED = Path(__file__).parents[3] / "shared" / "data"
SCORES = (
    "name: scores\nsessions: {pre: {}, post: {}}\nchanges: {change: {first: pre, second: post}}\n"
)
MODEL = "mixed_models: {course: {outcomes: [caps5], formula: time * arm}}\n"


def scored(trial: Trial) -> dict[str, tuple[float, float]]:
    drawn = np.random.default_rng(2).normal(30, 8, (len(VALUES), 2)).round(1)
    scores = {name: (float(a), float(b)) for name, (a, b) in zip(VALUES, drawn, strict=True)}
    trial.scores(scores)
    return scores


def test_scores_alone_need_no_participant_level(tmp_path: Path) -> None:
    trial = Trial(tmp_path, SCORES + ARMS + OUTCOME + MODEL + "table_one: {}\n")
    trial.participants(IN_ARMS)
    scores = scored(trial)
    trial.run()
    assert json.loads((trial.output / "dataset_description.json").read_text())["DatasetType"] == (
        "derivative"
    )
    assert trial.record["Participants"] == 8
    assert trial.record["Arms"] == {"midazolam": 4, "ketamine": 4}
    assert trial.record["MotionStep"] == "The study has no imaging measures."
    assert trial.record["Notes"] == []
    for name in ("measures", "changes", "summary", "tests", "motion", "participants"):
        assert trial.table(name).empty
    assert not (trial.output / "group" / "group_tests_unadjusted.tsv").exists()
    written = trial.table("scores")
    np.testing.assert_allclose(
        written["score"], [each for pair in scores.values() for each in pair]
    )
    improvement = trial.table("outcomes").set_index("participant_id")["improvement"]
    np.testing.assert_allclose(improvement, [a - b for a, b in scores.values()])
    # With two sessions and everybody complete, time x arm is the t test of the changes.
    ketamine = np.array([name in KETAMINE for name in VALUES])
    change = np.array([b - a for a, b in scores.values()])
    expected = stats.ttest_ind(change[ketamine], change[~ketamine])
    effects = trial.table("mixed_effects")
    row = effects[
        (effects["term"] == "time:arm[ketamine]") & (effects["df_rule"] == "satterthwaite")
    ].iloc[0]
    np.testing.assert_allclose(
        row[["t", "p_value", "df"]].astype(float),
        [expected.statistic, expected.pvalue, 6],
        rtol=1e-4,
    )


def test_the_record_of_a_folder_that_is_a_dataset_stays(tmp_path: Path) -> None:
    trial = Trial(tmp_path, SCORES + ARMS + OUTCOME)
    trial.participants(IN_ARMS)
    scored(trial)
    trial.run()
    path = trial.output / "dataset_description.json"
    before = path.read_text()
    path.write_text(before + "\n")
    trial.run()
    assert path.read_text() == before + "\n"


def test_scores_of_a_dataset_without_a_table_of_participants(tmp_path: Path) -> None:
    trial = Trial(tmp_path, SCORES + OUTCOME)
    scored(trial)
    trial.run()
    assert trial.table("outcomes")["participant_id"].tolist() == list(VALUES)
    assert trial.record["Participants"] == 8


def test_everybody_of_the_table_is_there_and_arms_and_scores_may_be_missing(tmp_path: Path) -> None:
    trial = Trial(tmp_path, SCORES + ARMS + OUTCOME)
    trial.participants({**IN_ARMS, "sub-09": "ketamine", "sub-10": "n/a"})
    scored(trial)
    trial.run()
    outcomes = trial.table("outcomes").set_index("participant_id")
    assert len(outcomes) == 10
    assert outcomes.loc["sub-09", "reason"].startswith("phenotype/caps5.tsv has no row of sub-09")
    assert trial.record["Participants"] == 8
    flow = trial.table("flow")
    stages = flow[flow["arm"] == "all"].set_index("stage")["n"].to_dict()
    assert (stages["in the dataset"], stages["in an arm"]) == (10, 9)


def test_a_study_with_imaging_still_needs_its_results(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS + OUTCOME)
    trial.participants(IN_ARMS)
    scored(trial)
    with pytest.raises(InputMissingError, match="There are no measures in the output folder"):
        trial.run()


def test_measures_of_a_study_with_imaging_are_not_overwritten(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS + OUTCOME)
    trial.participants(IN_ARMS)
    scored(trial)
    trial.activations(VALUES)
    trial.study_file.write_text(SCORES + ARMS + OUTCOME)
    with pytest.raises(InputDataError, match="computed with other study settings"):
        trial.run()


def test_wrong_cells_of_scores_and_variables_end_the_run_at_once(tmp_path: Path) -> None:
    further = "table_one: {variables: {age: {}}}\noutcomes: {bdi: {columns: {pre: a, post: b}}}\n"
    trial = Trial(tmp_path, SCORES + further)
    (trial.bids / "participants.tsv").write_text(
        "participant_id\tage\ta\tb\nsub-01\t30\t1,5\t2\nsub-02\t89+\t3\tvierzig\n",
        encoding="utf-8",
    )
    with pytest.raises(InputDataError) as caught:
        trial.run()
    assert caught.value.exit_code == 65
    assert caught.value.message == (
        "Line 2, column `a`: `1,5` is not a number; line 3, column `b`: `vierzig` is not a number; "
        "line 3, column `age`: `89+` is not a number."
    )
    assert not trial.output.exists()


def test_tests_without_the_motion_step_are_those_of_values(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS)
    trial.participants(IN_ARMS)
    rng = np.random.default_rng(5)
    fd = {name: rng.uniform(0.1, 0.4, 2).tolist() for name in VALUES}
    fd["sub-08"][1] = float("nan")  # leaves the value out of both tables of tests
    trial.activations(VALUES, fd)
    trial.run()
    tests, plain = trial.table("tests"), trial.table("tests_unadjusted")
    assert list(tests) == list(plain)
    assert tests["n"].tolist() == plain["n"].tolist()
    included = [name for name in VALUES if name != "sub-08"]
    change = np.array([VALUES[name][1] - VALUES[name][0] for name in included])
    ketamine = np.array([name in KETAMINE for name in included])
    expected = stats.ttest_ind(change[ketamine], change[~ketamine], equal_var=False)
    row = plain[plain["test"] == "welch"].iloc[0]
    np.testing.assert_allclose(
        row[["statistic", "df", "p_value"]].astype(float),
        [expected.statistic, expected.df, expected.pvalue],
        rtol=1e-7,
    )
    assert abs(row["statistic"] - tests[tests["test"] == "welch"].iloc[0]["statistic"]) > 1e-3
    # Motion of all sessions with results, included or not.
    moved = trial.table("measures").drop_duplicates(["participant_id", "session", "task"])
    moved = moved[(moved["session"] == "pre") & moved["mean_fd"].notna()]
    summary = trial.table("motion_summary").set_index(["task", "session", "arm"])
    (task,) = set(moved["task"])
    for arm, own in (("all", moved), ("ketamine", moved[moved["arm"] == "ketamine"])):
        found = summary.loc[(task, "pre", arm), ["n", "mean", "sd"]].astype(float)
        expected = [len(own), own["mean_fd"].mean(), own["mean_fd"].std()]
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    off = "group: {residualize_motion: false}\n"
    trial.study_file.write_text(STUDY + ARMS + off)
    trial.run()
    assert not (trial.output / "group" / "group_tests_unadjusted.tsv").exists()


CROSSOVER = """
name: crossover
sessions: {base: {label: b0}, ketamine: {label: d2}, placebo: {label: p2}}
changes: {drug: {first: placebo, second: ketamine}}
arms: {column: group, levels: [MDD]}
outcomes: {madrs: {table: phenotype, column: MADRS_Total}}
crossover: {columns: [infusion_1, infusion_2], values: {d: ketamine, p: placebo}}
mixed_models:
  drug:
    outcomes: [madrs]
    formula: treatment + period
    sessions: [ketamine, placebo]
    arms: [MDD]
    complete: true
"""


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published trials are not beside the project")
def test_the_published_crossover_trial(tmp_path: Path) -> None:
    """The estimate of a balanced 2 x 2 crossover is the half difference of its sequences."""
    study, data = tmp_path / "study.yml", PUBLISHED / "ketamine-moa-ds005917"
    study.write_text(CROSSOVER)
    run_group_level(bids_dir=data, output_dir=tmp_path / "out", study=load_study(str(study)))
    group = tmp_path / "out" / "group"
    # Of 50 people with scores, 29 have the arm of the study.
    assert json.loads((group / "group.json").read_text())["Participants"] == 29
    means = read_table(group / "group_mixed_means.tsv")
    means = means[means["arm"] == "all"].set_index("session")
    assert means["n"].to_dict() == {"ketamine": 24, "placebo": 24}
    assert means["mean"].to_dict() == pytest.approx(
        {"ketamine": 24.5417, "placebo": 31.2917}, abs=1e-4
    )
    used = read_table(group / "group_mixed_data.tsv")
    used = used[used["included"]]
    wide = used.pivot(index="participant_id", columns="session", values="score")
    first = used.drop_duplicates("participant_id").set_index("participant_id")["sequence"]
    difference = (wide["placebo"] - wide["ketamine"]).groupby(first)
    effects = read_table(group / "group_mixed_effects.tsv")
    row = effects[
        (effects["term"] == "treatment[placebo]") & (effects["df_rule"] == "satterthwaite")
    ].iloc[0]
    assert row["estimate"] == pytest.approx(difference.mean().mean())
    by_sequence: list[pd.Series] = [each for _, each in difference]
    pooled = sum(((each - each.mean()) ** 2).sum() for each in by_sequence) / (24 - 2)
    se = np.sqrt(pooled * sum(1 / len(each) for each in by_sequence)) / 2
    assert row["se"] == pytest.approx(se, rel=1e-4)
    assert row["df"] == pytest.approx(22, rel=1e-4)
