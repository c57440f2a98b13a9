"""The group level of a study with two baselines: changes from their mean, in every table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.workflows.test_group import Trial

STUDY = """
name: tiny
sessions:
  pre1: {}
  pre2: {}
  baseline: {mean_of: [pre1, pre2]}
  day1: {scanned: false}
  post: {}
changes:
  change: {first: baseline, second: post}
  normal_variability: {first: pre1, second: pre2}
  acute: {first: baseline, second: day1}
arms: {column: arm, levels: [control, patient]}
regions:
  atlas: tiny
  definitions: {a: {spheres: [[0, 0, 0]]}, b: {spheres: [[9, 0, 0]]}}
rest: {task: rest}
networks: {regions: {limbic: [a, b]}, within: [limbic]}
outcomes:
  madrs: {table: madrs, column: total}
  mood: {table: madrs, column: total, change: acute}
mixed_models:
  fc: {measures: ["network_connectivity rest *"], formula: time, sessions: [baseline, post]}
  every: {measures: ["network_connectivity rest *"], formula: time}
exclusions: {maximum_mean_fd: 0.5}
group: {residualize_motion: false}
"""

#: Fisher z of the two baselines and after treatment; the third has one baseline, the fourth two
#: of which one moved too much, the fifth moved in both.
VALUES = {
    "sub-01": (0.2, 0.6, 0.1),
    "sub-02": (0.3, 0.5, 0.2),
    "sub-03": (None, 0.7, 0.3),
    "sub-04": (0.1, 0.9, 0.4),
    "sub-05": (0.4, 0.4, 0.5),
}
MOVED = {("sub-04", "pre1"), ("sub-05", "pre1"), ("sub-05", "pre2")}
BASELINE = {"sub-01": 0.4, "sub-02": 0.4, "sub-03": 0.7, "sub-04": 0.9}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    trial = Trial(tmp_path_factory.mktemp("means"), STUDY)
    trial.participants(dict.fromkeys(VALUES, "patient") | {"sub-06": "control"})
    (trial.bids / "phenotype").mkdir()
    rows = "".join(
        f"{who}\tses-{session}\t{score}\n"
        for who in VALUES
        for session, score in zip(("pre1", "pre2", "day1", "post"), (30, 32, 20, 12), strict=True)
    )
    (trial.bids / "phenotype" / "madrs.tsv").write_text(
        f"participant_id\tsession_id\ttotal\n{rows}"
    )
    for who, values in VALUES.items():
        for session, value in zip(("pre1", "pre2", "post"), values, strict=True):
            if value is not None:
                trial.session(who, session, [_row(value, (who, session) in MOVED)])
    trial.session("sub-06", "pre1", [_row(0.55, moved=False)])
    trial.run()
    return trial


def _row(value: float, moved: bool) -> dict[str, object]:
    return {
        "value": value,
        "measure": "network_connectivity",
        "task": "rest",
        "contrast": None,
        "regions": "limbic",
        "unit": "Fisher z",
        "mean_fd": 0.9 if moved else 0.1,
    }


def test_values_of_the_mean(trial: Trial) -> None:
    measures = trial.table("measures")
    baseline = measures[measures["session"] == "baseline"].set_index("participant_id")
    assert baseline["included"].to_dict() == {
        **dict.fromkeys(BASELINE, True),
        "sub-05": False,
        "sub-06": True,
    }
    for who, value in BASELINE.items():
        assert baseline.loc[who, "adjusted"] == pytest.approx(value)
    assert baseline.loc["sub-05", "reason"] == (
        "mean FD 0.9 mm > 0.5 mm"  # of both
    )
    assert baseline.loc["sub-06", "value"] == 0.55


def test_changes_from_the_mean(trial: Trial) -> None:
    changes = trial.table("changes")
    of_change = changes[changes["change"] == "change"].set_index("participant_id")
    assert of_change["difference"].to_dict() == pytest.approx(
        {"sub-01": -0.3, "sub-02": -0.2, "sub-03": -0.4, "sub-04": -0.5}
    )
    of_baselines = changes[changes["change"] == "normal_variability"]
    assert of_baselines["participant_id"].tolist() == ["sub-01", "sub-02"]
    np.testing.assert_allclose(of_baselines["difference"], [0.4, 0.2])
    # Nobody was scanned on the first day: there is no such change of a measure.
    assert set(changes["change"]) == {"change", "normal_variability"}
    assert set(trial.table("tests")["change"].dropna()) == {"change", "normal_variability"}


def test_who_is_told_and_why(trial: Trial) -> None:
    manifest = trial.manifest("rest")
    assert "day1" not in {session for _, session in manifest}
    assert manifest["sub-01", "baseline"] == (True, "n/a")
    included, told = manifest["sub-03", "baseline"]
    assert included
    assert told.startswith("pre2 alone (pre1: no session pre1: ")
    assert manifest["sub-04", "baseline"] == (True, "pre2 alone (pre1: mean FD 0.9 mm > 0.5 mm)")
    assert manifest["sub-05", "post"] == (
        False,
        "excluded with session baseline: mean FD 0.9 mm > 0.5 mm",
    )
    included, told = manifest["sub-06", "baseline"]
    assert included
    assert "pre1 alone (pre2: " in told
    assert "no difference post - baseline" in told


def test_the_way_through_the_trial(trial: Trial) -> None:
    flow = trial.table("flow")
    everybody = flow[flow["arm"] == "all"].set_index("stage")["n"].to_dict()
    stages = {name: n for name, n in everybody.items() if name.startswith("imaging at")}
    # The way goes through the treatment: parts of the baseline are no stage of their own.
    assert stages == {"imaging at baseline": 6, "imaging at post": 5}
    assert everybody["imaging change"] == 4


def test_mixed_models_take_the_mean_where_it_is_named(trial: Trial) -> None:
    data = trial.table("mixed_data")
    named, every = (data[data["model"] == name] for name in ("fc", "every"))
    assert set(named["session"]) == {"baseline", "post"}
    assert set(every["session"]) == {"pre1", "pre2", "post"}
    entered = named[named["included"] & (named["session"] == "baseline")]
    scores = entered.set_index("participant_id")["score"].to_dict()
    assert scores == pytest.approx({**BASELINE, "sub-06": 0.55})


def test_scores_of_the_mean(trial: Trial) -> None:
    scores = trial.table("scores")
    baseline = scores[(scores["session"] == "baseline") & scores["score"].notna()]
    assert set(baseline["score"]) == {31.0}
    outcomes = trial.table("outcomes").dropna(subset="improvement")
    assert set(outcomes[outcomes["outcome"] == "madrs"]["improvement"]) == {19.0}
    assert set(outcomes[outcomes["outcome"] == "mood"]["improvement"]) == {11.0}


def test_motion_is_summed_up_over_sessions_with_images(trial: Trial) -> None:
    motion = trial.table("motion_summary")
    assert "day1" not in set(motion["session"])
    baseline = motion[(motion["session"] == "baseline") & (motion["arm"] == "all")]
    assert baseline["n"].tolist() == [6]


def test_results_of_a_visit_without_images_are_refused(tmp_path: Path) -> None:
    from bids_ketamine.errors import InputDataError

    trial = Trial(tmp_path, STUDY)
    trial.participants({"sub-01": "patient"})
    trial.session("sub-01", "day1", [_row(0.5, moved=False)])
    with pytest.raises(InputDataError, match="day1"):
        trial.run()
