"""The group level of dynamic causal models on posteriors that are made up."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.models import first_level_models
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.group_peb_tables import PEB_TABLES
from bids_ketamine.outputs.tables import write_json
from tests.core.peb.conftest import nobody
from tests.workflows.peb_trial import (
    BACK,
    DCM,
    FORTH,
    IMPROVEMENT,
    IN_ARMS,
    PEB,
    PEOPLE,
    WHOLE,
    PebTrial,
)
from tests.workflows.test_group import ARMS, OUTCOME, STUDY, Trial

FEW = PEOPLE[:5]
BETWEEN = "ketamine - midazolam"
VALUES = {FORTH: 0.3, BACK: -0.2}
NOT_ESTIMATED = {"Model": "circuit", "Task": "faces", "Reason": "no voxels", "Notes": []}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nobody out, and stop early where that is not what is tested."""
    monkeypatch.setattr("bids_ketamine.workflows.group_peb.N_DRAWS", 20)
    monkeypatch.setattr("bids_ketamine.core.peb.trial_fits.estimates_without_each", nobody)
    monkeypatch.setattr("bids_ketamine.core.peb.student_t.MAXIMUM_ROUNDS", 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> PebTrial:
    """Twelve participants in two arms, nobody missing, each left out in turn."""
    trial = PebTrial(tmp_path_factory.mktemp("whole"))
    trial.everybody()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bids_ketamine.workflows.group_peb.N_DRAWS", 50)
        trial.run()
    return trial


def chosen(table: pd.DataFrame, **labels: str) -> pd.DataFrame:
    for name, label in labels.items():
        table = table[table[name] == label]
    return table


def reasons(trial: PebTrial, analysis: str = "change") -> dict[str, str]:
    """Return why participants did not enter; those who did are not there."""
    table = chosen(trial.peb("participants"), analysis=analysis)
    assert (table["included"] == table["reason"].isna()).all()
    out = table[~table["included"]]
    return dict(zip(out["participant_id"], out["reason"], strict=True))


def models_by_hand(trial: PebTrial, session: str):
    """Read what was written of everybody's models in a session."""
    paths = sorted(trial.output.glob(f"sub-*/ses-{session}/func/*.npz"))
    stored = [np.load(path) for path in paths]
    names = stored[0]["parameter_names"].tolist()
    return {
        name: [each[name] for each in stored]
        for name in (
            *("posterior_mean", "posterior_covariance", "prior_mean", "prior_covariance"),
            "free_energy",
        )
    } | {"parameters": names, "fields": ["modulation" if " by " in n else "x" for n in names]}


def test_estimates_are_those_of_a_direct_call(whole: PebTrial) -> None:
    first, second = (models_by_hand(whole, session) for session in ("pre", "post"))
    both = {name: first[name] + second[name] for name in first}
    both |= {"parameters": first["parameters"], "fields": first["fields"]}
    models = first_level_models(**both, labels=[f"{k}" for k in range(24)])
    better = np.tile([IMPROVEMENT[name] for name in PEOPLE], 2)
    scale = better[:12].std(ddof=1)
    better = (better - better.mean()) / scale
    session = np.repeat([-0.5, 0.5], 12)
    columns = {
        "mean": np.ones(24),
        "session": session,
        "improvement": better,
        "session x improvement": session * better,
    }
    direct = estimate_peb(
        models,
        design=group_design(columns, rows=models.labels),
        fields=["modulation"],
        precision_components="all",
    )
    table = chosen(whole.peb(), analysis="change", arm="all", distribution="gaussian")
    assert table["effect"].tolist() == [name for name in columns for _ in range(2)]
    assert table["parameter"].tolist() == [FORTH, BACK] * 4
    estimate, deviation = table["estimate"], table["standard_deviation"]
    unit = np.repeat([1.0, 1.0, scale, scale], 2)
    np.testing.assert_allclose(estimate, direct.posterior_mean.ravel("F") / unit, rtol=1e-8)
    np.testing.assert_allclose(deviation, direct.posterior_deviation.ravel("F") / unit, rtol=1e-8)
    np.testing.assert_allclose(table["interval_low"], estimate - 1.6448536 * deviation, rtol=1e-6)
    np.testing.assert_allclose(table["interval_high"], estimate + 1.6448536 * deviation, rtol=1e-6)
    expected = stats.norm.cdf(np.abs(estimate) / deviation)
    np.testing.assert_allclose(table["posterior_probability"], expected, rtol=1e-8)
    assert table["unit"].tolist() == ["Hz"] * 4 + ["Hz per point"] * 4
    assert table["n"].tolist() == [12] * 8
    assert table["source"].tolist() == ["amygdala", "insula"] * 4
    assert set(table["modulator"]) == {"faces"}
    assert set(table["field"]) == {"modulation"}


def test_every_peb_has_its_rows(whole: PebTrial) -> None:
    fits = whole.peb("fits")
    arms = ["all", "midazolam", "ketamine", "ketamine - midazolam"]
    arms += arms[-1:]
    found = chosen(fits, distribution="gaussian")
    assert found["analysis"].tolist() == ["baseline"] + ["change"] * 5 + ["prediction"] * 5
    assert found["arm"].tolist() == ["all", *arms, *arms]
    assert found["level"].tolist() == ["second", *(["second"] * 4 + ["third"]) * 2]
    assert found["n"].tolist() == [12, 12, 6, 6, 12, 12, 12, 6, 6, 12, 12]
    assert found["n_models"].tolist() == [12, 24, 12, 12, 24, 2, 12, 6, 6, 12, 2]
    assert found["spread_p"].notna().tolist() == [level == "second" for level in found["level"]]
    assert found["improvement_mean"].notna().tolist() == [False, *([True] * 3 + [False] * 2) * 2]
    pair = chosen(found, analysis="prediction", arm=BETWEEN)
    assert pair["columns"].tolist() == ["mean, improvement, arm, improvement x arm", "mean, arm"]
    assert chosen(fits, distribution="student_t")["n"].tolist() == found["n"].tolist()
    change = chosen(found, analysis="change", arm="all").iloc[0]
    assert change["columns"] == "mean, session, improvement, session x improvement"
    better = np.array(list(IMPROVEMENT.values()))
    assert change["improvement_mean"] == pytest.approx(better.mean())
    assert change["improvement_standard_deviation"] == pytest.approx(better.std(ddof=1))
    assert found["reason"].isna().all()
    effects = whole.peb()
    assert len(effects) == 2 * 2 * (1 + 5 * 4 + 5 * 2)  # parameters x distributions x effects
    gaussian = effects["distribution"] == "gaussian"
    for name in ("model_probability", "log_bayes_factor", "averaged_estimate", "estimate_lowest"):
        assert effects.loc[gaussian, name].notna().all()
        assert effects.loc[~gaussian, name].isna().all()
    sensitivity = whole.peb("sensitivity")
    left = chosen(sensitivity, analysis="change", arm="ketamine", effect="mean", parameter=BACK)
    assert left["left_out"].tolist() == [name for name in PEOPLE if IN_ARMS[name] == "ketamine"]
    row = chosen(effects, analysis="change", arm="ketamine", effect="mean", parameter=BACK).iloc[0]
    assert row["estimate_lowest"] == pytest.approx(left["estimate"].min())
    assert row["estimate_highest"] == pytest.approx(left["estimate"].max())
    for level in ("second", "third"):
        wanted = {"analysis": "change", "arm": BETWEEN, "level": level, "effect": "session"}
        left = chosen(sensitivity, parameter=FORTH, **wanted)
        assert left["left_out"].tolist() == PEOPLE
        row = chosen(effects, distribution="gaussian", parameter=FORTH, **wanted).iloc[0]
        assert row["estimate_lowest"] == pytest.approx(left["estimate"].min())


def test_arms_are_compared_at_both_levels(whole: PebTrial) -> None:
    # Change goes with improvement in ketamine alone, 0.01 Hz a point.
    wanted = {"analysis": "change", "effect": "session x improvement", "parameter": FORTH}
    effects = chosen(whole.peb(), distribution="gaussian", **wanted)
    own = effects.set_index(["arm", "level"])
    second, third = (own.loc[(BETWEEN, level)] for level in ("second", "third"))
    low, high = (own.loc[(arm, "second"), "estimate"] for arm in ("midazolam", "ketamine"))
    for each in (second, third):
        assert each["estimate"] == pytest.approx(high - low, abs=0.2 * each["standard_deviation"])
        assert each["unit"] == "Hz per point"
        assert each["n"] == 12
    assert second["interval_low"] < 0.01 < second["interval_high"]
    assert third["standard_deviation"] > 1.5 * second["standard_deviation"]


def test_participants_and_their_models(whole: PebTrial) -> None:
    assert reasons(whole) == reasons(whole, "baseline") == reasons(whole, "prediction") == {}
    people = chosen(whole.peb("participants"), analysis="change")
    assert people["participant_id"].tolist() == PEOPLE
    assert people["arm"].tolist() == list(IN_ARMS.values())
    np.testing.assert_allclose(people["improvement"], list(IMPROVEMENT.values()))
    assert (people["weight"] > 0).all()
    assert (people["explained_variance_second"] == 0.4).all()
    first = chosen(whole.peb("participants"), analysis="prediction")
    assert first["explained_variance_second"].isna().all()
    table = chosen(whole.peb("estimates"), analysis="change", session="post", parameter=FORTH)
    assert table["participant_id"].tolist() == PEOPLE
    by_hand = models_by_hand(whole, "post")
    place = by_hand["parameters"].index(FORTH)
    written = np.array(by_hand["posterior_mean"])[:, place]
    np.testing.assert_allclose(table["estimate"], written)
    np.testing.assert_allclose(table["standard_deviation"], 0.05)
    # Drawn towards what the group level predicts: less spread around the line of improvement.
    assert (table["reevaluated_standard_deviation"] < 0.05).all()
    assert chosen(whole.peb("estimates"), analysis="prediction")["session"].unique() == ["pre"]


def test_arrays_and_record(whole: PebTrial) -> None:
    arrays = np.load(whole.output / "group" / "peb_circuit.npz")
    fits = whole.peb("fits")
    own = {tuple(name.split("|")[:4]) for name in arrays.files}
    names = ("analysis", "arm", "level", "distribution")
    assert own == set(zip(*(fits[name] for name in names), strict=True))
    assert arrays["change|all|second|gaussian|posterior_mean"].shape == (2, 4)
    assert arrays["change|all|second|gaussian|design"].shape == (24, 4)
    assert arrays["change|all|second|gaussian|columns"].tolist()[:2] == ["mean", "session"]
    assert arrays["change|ketamine|second|student_t|parameters"].tolist() == [FORTH, BACK]
    covariance = arrays["change|all|second|gaussian|posterior_covariance"]
    table = chosen(whole.peb(), analysis="change", arm="all", distribution="gaussian")
    deviation = table["standard_deviation"].to_numpy()
    np.testing.assert_allclose(np.sqrt(np.diagonal(covariance))[:4], deviation[:4], rtol=1e-8)
    record = whole.peb_record
    assert (record["Model"], record["Task"], record["Outcome"]) == ("circuit", "faces", "caps5")
    assert record["Included"] == {"baseline": 12, "change": 12, "prediction": 12}
    assert record["Sessions"] == ["pre", "post"]
    assert (record["Fields"], record["PrecisionComponents"]) == (["modulation"], "all")
    assert (record["Level"], record["StudentDegreesOfFreedom"]) == (0.9, 4.0)
    assert len(record["Covariates"]) == 8
    assert "change, all" in record["Covariates"][0]
    assert "mean 9.917" in record["Covariates"][0]
    scale = np.std(list(IMPROVEMENT.values()), ddof=1)
    assert record["Covariates"][3] == (
        f"change, {BETWEEN}: improvement: centred in each arm, divided by {scale:.4g}; effects "
        "are given for each point"
    )
    sidecar = json.loads((whole.output / "group" / "group_peb.json").read_text())
    assert len(sidecar["Sources"]) == 24
    assert sidecar["Sources"][0].startswith("bids::sub-01/ses-post/func/sub-01_ses-post_task-")


def test_the_same_files_come_out_again_and_go_with_the_section(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=FEW)
    group = trial.output / "group"
    trial.run()
    first = {path.name: path.read_bytes() for path in group.iterdir()}
    assert {f"{name}.tsv" for name in PEB_TABLES} | {"peb_circuit.npz"} <= set(first)
    (group / "peb_older.npz").write_bytes(b"")
    trial.run()
    assert {path.name: path.read_bytes() for path in group.iterdir()} == first
    trial.study_file.write_text(WHOLE.replace(PEB, ""))
    trial.run()
    left = {path.name for path in group.iterdir()}
    assert left == {name for name in first if "peb" not in name}
    assert "ParametricEmpiricalBayes" not in trial.record


def test_everybody_who_does_not_enter_has_a_reason(tmp_path: Path) -> None:
    rules = "exclusions: {file: out.tsv, minimum_coverage: 0.5}\n"
    study = WHOLE.replace(PEB, "peb: {outcome: caps5, minimum_explained_variance: 0.1}\n") + rules
    arms = {**IN_ARMS, "sub-04": "n/a", "sub-13": "ketamine"}
    better = {**IMPROVEMENT, "sub-05": float("nan")}
    trial = PebTrial(tmp_path, study, arms, better)
    (tmp_path / "out.tsv").write_text(
        "participant_id\treason\tsession_id\ttask\nsub-01\tfell asleep\tpost\tfaces\n"
    )
    trial.everybody()

    def again(name: str, session: str) -> None:
        shutil.rmtree(trial.output / name / f"ses-{session}")

    again("sub-02", "post")
    log = {"Errors": [], "Sessions": {"pre": "computed", "post": "missing"}, "Missing": []}
    log["Missing"] = [{"Session": "post", "What": "session", "Reason": "there is no ses-post"}]
    write_json(trial.output / "logs" / "sub-02_errors.json", log)
    again("sub-03", "pre")
    trial.session("sub-03", "pre", [{"value": 1.0}], models=[NOT_ESTIMATED])
    again("sub-06", "post")
    trial.estimated("sub-06", "post", VALUES, ExplainedVariance=0.0321, Flat=True)
    again("sub-07", "pre")
    trial.estimated("sub-07", "pre", VALUES, coverage=0.25)
    again("sub-08", "post")
    trial.session("sub-08", "post", [{"value": 1.0}])
    trial.run()
    why = "no session post: session: there is no ses-post"
    assert reasons(trial) == {
        "sub-01": "pre: excluded with session post: fell asleep; post: excluded: fell asleep",
        "sub-02": why,
        "sub-03": "pre: the model was not estimated: no voxels",
        "sub-04": reasons(trial)["sub-04"],
        "sub-05": f"no improvement: {reasons(trial)['sub-05'].partition(': ')[2]}",
        "sub-06": "post: explains 3.21 % of the variance, less than 10 %",
        "sub-07": "pre: excluded: coverage 25 % < 50 %; post: excluded with session pre: "
        "coverage 25 % < 50 %",
        "sub-08": "post: no measure of this task was computed",
        "sub-13": "no session pre: the participant level has no result of it; no session post: "
        "the participant level has no result of it; no improvement: phenotype/caps5.tsv has no "
        "row of sub-13 ses-pre; phenotype/caps5.tsv has no row of sub-13 ses-post",
        # Four are fewer than its four columns and one ask for.
        **dict.fromkeys(PEOPLE[8:], "no analysis: 4 of at least 5 participants"),
    }
    assert "arm" in reasons(trial)["sub-04"]
    assert set(reasons(trial, "baseline")) == {"sub-01", "sub-03", "sub-04", "sub-07", "sub-13"}
    assert set(reasons(trial, "prediction")) == {*reasons(trial, "baseline"), "sub-05"}
    assert trial.peb_record["Included"] == {"baseline": 8, "change": 0, "prediction": 7}
    told = chosen(trial.peb("fits"), analysis="change", arm="all")["reason"].unique().tolist()
    assert told == ["4 of at least 5 participants"]


def test_doubtful_models_enter_and_are_told(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=FEW)
    trial.estimated("sub-01", "pre", VALUES, Flat=True, Stalled=True)
    trial.estimated("sub-01", "post", VALUES, Stalled=True)
    trial.estimated("sub-02", "pre", VALUES, Converged=False, Stalled=True)
    trial.run()
    table = chosen(trial.peb("participants"), analysis="change").set_index("participant_id")
    assert table.loc["sub-01", "doubts"] == "flat and stalled in pre; stalled in post"
    assert table.loc["sub-02", "doubts"] == "not converged in pre"
    assert table.loc[FEW, "included"].all()
    table = chosen(trial.peb("participants"), analysis="baseline").set_index("participant_id")
    assert table.loc["sub-01", "doubts"] == "flat and stalled in pre"
    assert (
        "Models that entered and are doubtful: sub-01 pre (flat and stalled), sub-01 post "
        "(stalled), sub-02 pre (not converged)."
    ) in trial.peb_record["Notes"]
    assert any(
        note.startswith("7 of 12 participants did not enter change") and "sub-12" in note
        for note in trial.peb_record["Notes"]
    )


def test_nobody_and_too_few_have_rows_with_reasons(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.session("sub-01", "pre", [{"value": 1.0}], models=[NOT_ESTIMATED])
    trial.run()
    for table in (trial.peb(), trial.peb("fits")):
        assert table["reason"].notna().all()
        assert set(table["analysis"]) == {"baseline", "change", "prediction"}
    effects = chosen(trial.peb(), analysis="prediction", arm="all", distribution="gaussian")
    assert effects["parameter"].tolist() == [FORTH, BACK] * 2
    assert effects["reason"].unique().tolist() == ["0 of at least 3 participants"]
    assert effects["estimate"].isna().all()
    assert len(trial.peb("estimates")) == len(trial.peb("sensitivity")) == 0
    assert np.load(trial.output / "group" / "peb_circuit.npz").files == []
    assert (
        "The analysis baseline of all participants was not possible: 0 of at least 3 participants."
        in (trial.peb_record["Notes"])
    )
    trial.everybody(people=PEOPLE[:3])
    trial.run()
    fits = trial.peb("fits").drop_duplicates(["analysis", "arm"]).set_index(["analysis", "arm"])
    assert pd.isna(fits.loc[("baseline", "all"), "reason"])
    assert fits.loc[("change", "all"), "reason"] == "3 of at least 5 participants"
    assert fits.loc[("prediction", "ketamine"), "reason"] == "1 of at least 3 participants"
    assert pd.isna(fits.loc[("prediction", "all"), "reason"])


def test_a_failure_in_numbers_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr("bids_ketamine.workflows.group_peb.analyse_trial", fails)
    trial = PebTrial(tmp_path)
    trial.everybody(people=FEW)
    trial.run()
    why = "the estimation has no solution in numbers: Singular matrix"
    assert trial.peb("fits")["reason"].unique().tolist() == [why]
    assert reasons(trial)["sub-01"] == f"no analysis: {why}"
    assert len(trial.table("tests")) > 0


def test_three_arms(tmp_path: Path) -> None:
    doses = ("none", "low", "high")
    arms = {name: doses[k % 3] for k, name in enumerate(PEOPLE)}
    study = WHOLE.replace(ARMS, "arms: {column: arm, levels: [none, low, high]}\n")
    trial = PebTrial(tmp_path, study, arms)
    trial.everybody(people=PEOPLE[:9])
    trial.run()
    fits = chosen(trial.peb("fits"), analysis="prediction", distribution="gaussian")
    pairs = ["low - none", "low - none", "high - none", "high - none"]
    assert fits["arm"].tolist() == ["all", *doses, *pairs]
    assert fits["level"].tolist() == ["second"] * 4 + ["second", "third"] * 2
    assert fits["n"].tolist() == [9, 3, 3, 3, 6, 6, 6, 6]
    assert fits["reason"].isna().all()
    # Three in an arm are too few for the four columns of the change.
    fits = chosen(trial.peb("fits"), analysis="change", distribution="gaussian")
    assert fits["reason"].notna().tolist() == [False, *[True] * 7]
    few = "3 of at least 5 participants"
    why = f"The analysis change of low - none was not possible: none: {few}; low: {few}."
    assert trial.peb_record["Notes"].count(why) == 1


def test_without_arms(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path, WHOLE.replace(ARMS, ""))
    trial.everybody(people=FEW)
    trial.run()
    assert set(trial.peb("fits")["arm"]) == {"all"}
    assert trial.peb("fits")["reason"].isna().all()
    assert trial.peb("participants")["arm"].isna().all()


def test_the_change_of_the_outcome_gives_the_sessions(tmp_path: Path) -> None:
    study = WHOLE.replace(
        "{pre: {label: pre}, post: {label: post}}",
        "{screening: {label: scr}, pre: {label: pre}, post: {label: post}}",
    )
    study = study.replace(
        "changes: {", "changes: {variability: {first: screening, second: pre}, "
    ).replace("improvement: decrease", "improvement: decrease, unit: CAPS, change: change")
    trial = PebTrial(tmp_path, study)
    trial.everybody(people=FEW)
    trial.run()
    assert trial.peb_record["Sessions"] == ["pre", "post"]
    assert set(FEW).isdisjoint(reasons(trial))
    units = chosen(trial.peb(), effect="session x improvement")["unit"]
    assert set(units) == {"Hz per CAPS"}
    trial.study_file.write_text(study.replace(", change: change}", "}"))
    scores = trial.bids / "phenotype" / "caps5.tsv"
    scores.write_text(scores.read_text().replace("ses-post", "ses-scr"))
    trial.run()
    assert trial.peb_record["Sessions"] == ["screening", "pre"]
    assert reasons(trial)["sub-01"].startswith("no session screening: ")


def test_improvement_in_one_column(tmp_path: Path) -> None:
    outcome = "outcomes: {caps5: {change_column: d, improvement: decrease}}\n"
    trial = PebTrial(tmp_path, WHOLE.replace(OUTCOME, outcome).replace(ARMS, ""))
    rows = "".join(f"{name}\t{-IMPROVEMENT[name]}\n" for name in FEW)
    (trial.bids / "participants.tsv").write_text(f"participant_id\td\n{rows}")
    trial.everybody(people=FEW)
    trial.run()
    people = chosen(trial.peb("participants"), analysis="change")
    np.testing.assert_allclose(people["improvement"], [IMPROVEMENT[name] for name in FEW])
    assert reasons(trial) == {}


UNICODE = """
  stroop:
    task: stroop
    conditions: {größe: {}, farbe: {}}
    contrasts: {effekt: {weights: größe - farbe}}
"""


def test_several_models_and_tasks_with_names_in_unicode(tmp_path: Path) -> None:
    second = """    zweites:
      task: stroop
      regions: [amygdala, вентральная]
      driving: {größe: [amygdala]}
      modulations: {"amygdala > вентральная": [farbe], "amygdala > amygdala": [größe]}
    still: {task: stroop, regions: [amygdala], driving: {farbe: [amygdala]}}
"""
    study = WHOLE.replace("rest: {task: rest}", UNICODE.strip("\n") + "\nrest: {task: rest}")
    study = study.replace(DCM, DCM + second).replace(
        "    insula: {", "    вентральная: {spheres: [[0, 40, -10]]}\n    insula: {"
    )
    study = study.replace("[midazolam, ketamine]", "[плацебо, кетамін]")
    arms = {name: ("плацебо", "кетамін")[k % 2] for k, name in enumerate(PEOPLE)}
    trial = PebTrial(tmp_path, study, arms)
    values = {"amygdala > вентральная by farbe": 0.2, "amygdala > amygdala by größe": -0.1}
    rng = np.random.default_rng(0)
    for name in FEW:
        for session in ("pre", "post"):
            moved = {each: value + rng.normal(0.0, 0.05) for each, value in values.items()}
            trial.estimated(name, session, moved, model="zweites", Task="stroop")
    trial.run()
    effects = trial.peb()
    found = chosen(effects, model="zweites", analysis="baseline", distribution="gaussian")
    assert found["parameter"].tolist() == [
        "amygdala > amygdala by größe",
        "amygdala > вентральная by farbe",
    ]
    assert found["unit"].tolist() == ["log scale", "Hz"]
    assert found["task"].tolist() == ["stroop", "stroop"]
    assert set(chosen(effects, model="circuit")["reason"]) >= {"0 of at least 3 participants"}
    fits = trial.peb("fits")
    assert "кетамін - плацебо" in fits["arm"].tolist()
    assert list(dict.fromkeys(fits["model"])) == ["circuit", "zweites", "still"]
    assert chosen(fits, model="still")["reason"].unique().tolist() == [
        "the model has no parameter of modulation"
    ]
    assert chosen(effects, model="still").empty
    arrays = np.load(trial.output / "group" / "peb_zweites.npz")
    assert "baseline|all|second|gaussian|posterior_mean" in arrays.files
    assert [each["Model"] for each in trial.record["ParametricEmpiricalBayes"]] == [
        "circuit",
        "zweites",
        "still",
    ]


def test_a_participant_level_first_gives_the_same_effects(tmp_path: Path, whole: PebTrial) -> None:
    study = WHOLE.replace(PEB, "peb: {outcome: caps5, within_participant_first: true}\n")
    trial = PebTrial(tmp_path, study)
    trial.everybody()
    trial.run()
    names = ["analysis", "arm", "level", "distribution", "effect", "parameter", "unit", "n"]
    first, stacked = trial.peb(), whole.peb()
    pd.testing.assert_frame_equal(first[names], stacked[names])
    apart = (first["estimate"] - stacked["estimate"]) / stacked["standard_deviation"]
    apart = apart[first["distribution"] == "gaussian"]
    # Sessions of a participant are independent in one route and not in the other.
    assert apart.abs().max() < 1.0
    fits = chosen(trial.peb("fits"), analysis="change", distribution="gaussian")
    assert fits["n_models"].tolist() == [12, 6, 6, 12, 2]
    assert fits["columns"].tolist()[-2:] == [
        "mean, improvement, arm, improvement x arm",
        "mean, arm",
    ]
    assert trial.peb_record["WithinParticipantFirst"] is True


def test_parameters_go_by_name_whatever_the_order_of_the_study(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=FEW)
    trial.run()
    expected = trial.peb()
    turned = WHOLE.replace("regions: [amygdala, insula]", "regions: [insula, amygdala]")
    # Written with another order of regions: the same names at other places.
    other = PebTrial(tmp_path / "other", turned)
    other.everybody(people=FEW[:2])
    shutil.rmtree(trial.output / "sub-02" / "ses-pre" / "func")
    shutil.copytree(
        other.output / "sub-02" / "ses-pre" / "func",
        trial.output / "sub-02" / "ses-pre" / "func",
    )
    trial.run()
    pd.testing.assert_frame_equal(trial.peb(), expected)


def test_a_model_with_other_parameters_does_not_enter(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=PEOPLE[:6])
    fewer = WHOLE.replace(', "insula > amygdala": [faces]', "")
    other = PebTrial(tmp_path / "other", fewer)
    other.estimated("sub-02", "pre", {FORTH: 0.3})
    for path in (other.output / "sub-02" / "ses-pre" / "func").iterdir():
        shutil.copy(path, trial.output / "sub-02" / "ses-pre" / "func" / path.name)
    trial.run()
    why = f"pre: its parameters are not those of the other models: {BACK}"
    assert reasons(trial)["sub-02"] == why


def test_files_of_sessions_that_are_not_there_any_more_are_not_read(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=PEOPLE[:7])
    (trial.output / "sub-02" / "ses-post" / "sub-02_ses-post_measures.tsv").unlink()
    trial.estimated("sub-03", "post", VALUES).write_text("{broken")
    trial.session("sub-03", "post", [{"value": 1.0}], models=[NOT_ESTIMATED])
    trial.run()
    told = reasons(trial)
    assert told["sub-02"] == "no session post: the participant level has no result of it"
    assert told["sub-03"] == "post: the model was not estimated: no voxels"
    assert "sub-01" not in told


def test_damaged_files_are_told_together(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=FEW)
    path = trial.estimated("sub-02", "pre", VALUES)
    path.with_suffix(".npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputDataError, match=r"damaged.*sub-02_ses-pre.*npz.*--overwrite"):
        trial.run()
    trial.estimated("sub-04", "post", VALUES).write_text("{")
    with pytest.raises(InputDataError, match=r"2 problems with files of dynamic causal models"):
        trial.run()
    shutil.rmtree(path.parent)
    trial.estimated("sub-04", "post", VALUES)
    with pytest.raises(InputMissingError, match=r"There is no file of the model `circuit`"):
        trial.run()


def test_the_model_of_somebody_else_is_refused(tmp_path: Path) -> None:
    trial = PebTrial(tmp_path)
    trial.everybody(people=FEW)
    own = trial.estimated("sub-02", "pre", VALUES)
    copied = trial.estimated("sub-04", "pre", VALUES)
    for end in (".json", ".npz"):
        shutil.copy(own.with_suffix(end), copied.with_suffix(end))
    with pytest.raises(InputDataError, match=r"is that of sub-02 ses-pre, digit by digit"):
        trial.run()


def test_a_study_without_the_section_reads_no_model(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + DCM)
    trial.participants(IN_ARMS)
    trial.session("sub-01", "pre", [{"value": 1.0}], models=[{**NOT_ESTIMATED, "Reason": ""}])
    trial.run()
    assert not list((trial.output / "group").glob("*peb*"))
