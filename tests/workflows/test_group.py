"""The group level on small output trees whose numbers are worked out by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine._version import __version__
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.measures import MEASURE_COLUMNS, measures_table
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.outputs.tables import read_table, write_json, write_table
from bids_ketamine.study.load import Study, load_study
from bids_ketamine.workflows.group import run_group_level

NAN = float("nan")

STUDY = """
name: tiny
sessions: {pre: {label: pre}, post: {label: post}}
changes: {change: {first: pre, second: post}}
regions:
  atlas: tiny
  definitions:
    amygdala: {spheres: [[-24, -4, -20]], radius: 8}
    insula: {spheres: [[38, 18, 2]], radius: 8}
tasks:
  faces:
    task: emotion
    conditions: {faces: {}, shapes: {}}
    contrasts: {facesGtShapes: {weights: faces - shapes}}
rest: {task: rest}
"""
ARMS = "arms: {column: arm, levels: [midazolam, ketamine]}\n"
OUTCOME = "outcomes: {caps5: {table: caps5, column: total, improvement: decrease}}\n"


class Trial:
    """A dataset, its output tree and a study, made cell by cell."""

    def __init__(self, folder: Path, study: str) -> None:
        self.bids, self.output = folder / "bids", folder / "out"
        self.bids.mkdir()
        (self.bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
        self.study_file = folder / "study.yml"
        self.study_file.write_text(study)

    @property
    def study(self) -> Study:
        return load_study(str(self.study_file))

    def participants(self, arms: Mapping[str, str], column: str = "arm") -> None:
        rows = "".join(f"{name}\t{arm}\n" for name, arm in arms.items())
        (self.bids / "participants.tsv").write_text(f"participant_id\t{column}\n{rows}")

    def scores(self, scores: Mapping[str, Sequence[float]]) -> None:
        (self.bids / "phenotype").mkdir()
        rows = "".join(
            f"{name}\tses-{session}\t{'n/a' if np.isnan(score) else score}\n"
            for name, each in scores.items()
            for session, score in zip(("pre", "post"), each, strict=True)
        )
        (self.bids / "phenotype" / "caps5.tsv").write_text(
            f"participant_id\tsession_id\ttotal\n{rows}"
        )

    def session(
        self,
        participant: str,
        session: str,
        rows: Sequence[Mapping[str, object]],
        *,
        missing: Sequence[Mapping[str, str]] = (),
        runs: Sequence[Mapping[str, object]] = (),
        models: Sequence[Mapping[str, object]] = (),
        meaning: str | None = None,
    ) -> None:
        usual = {
            "participant_id": participant,
            "session_id": f"ses-{session}",
            "session": meaning or session,
            "measure": "activation",
            "task": "faces",
            "contrast": "facesGtShapes",
            "regions": "amygdala",
            "unit": "percent",
            "n_volumes_kept": 100,
        }
        table = measures_table([pd.DataFrame([usual | dict(row) for row in rows])])
        write_table(
            self.output
            / participant
            / f"ses-{session}"
            / f"{participant}_ses-{session}_measures.tsv",
            table,
            columns=MEASURE_COLUMNS,
            extra={
                "StudyHash": study_hash(self.study.spec),
                "SoftwareVersion": __version__,
                "Missing": list(missing),
                "Runs": list(runs),
                **({"DynamicCausalModels": list(models)} if models else {}),
            },
        )

    def activations(
        self,
        values: Mapping[str, Sequence[float]],
        fd: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """Write one activation a session; NaN for no session at all."""
        for name, each in values.items():
            for position, session in enumerate(("pre", "post")):
                if not np.isnan(each[position]):
                    row = {
                        "value": each[position],
                        "mean_fd": fd[name][position] if fd else NAN,
                    }
                    self.session(name, session, [row])

    def run(self) -> None:
        run_group_level(bids_dir=self.bids, output_dir=self.output, study=self.study)

    def table(self, name: str) -> pd.DataFrame:
        return read_table(self.output / "group" / f"group_{name}.tsv")

    @property
    def record(self) -> dict[str, object]:
        return json.loads((self.output / "group" / "group.json").read_text())

    def manifest(self, task: str = "faces") -> dict[tuple[str, str], tuple[bool, str]]:
        table = self.table("participants")
        table = table[table["task"] == task]
        return {
            (row.participant_id, row.session): (
                row.included,
                "n/a" if pd.isna(row.reason) else row.reason,
            )
            for row in table.itertuples()
        }


VALUES = {
    "sub-01": (0.2, 0.7),
    "sub-02": (0.1, 0.2),
    "sub-03": (0.4, 1.0),
    "sub-04": (0.3, 0.2),
    "sub-05": (0.1, 0.8),
    "sub-06": (0.5, 0.4),
    "sub-07": (0.2, 0.6),
    "sub-08": (0.3, 0.5),
}
KETAMINE = ["sub-01", "sub-03", "sub-05", "sub-07"]
IN_ARMS = {name: "ketamine" if name in KETAMINE else "midazolam" for name in VALUES}


def _row(table: pd.DataFrame, **labels: str) -> pd.Series:
    for name, label in labels.items():
        table = table[table[name] == label]
    assert len(table) == 1
    return table.iloc[0]


def test_a_whole_trial_against_scipy(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS + OUTCOME)
    trial.participants(IN_ARMS)
    scores = {name: (40.0 + k, 30.0 - 2 * k) for k, name in enumerate(VALUES)}
    scores["sub-03"] = (41.0, NAN)
    trial.scores(scores)
    rng = np.random.default_rng(5)
    fd = {name: rng.uniform(0.1, 0.4, 2) for name in VALUES}
    trial.activations(VALUES, fd)
    trial.run()

    x = np.array([fd[name] for name in VALUES])
    y = np.array([VALUES[name] for name in VALUES])
    slope = stats.linregress(x.ravel(), y.ravel()).slope
    adjusted = y - slope * (x - x.mean())
    measures = trial.table("measures")
    np.testing.assert_allclose(measures["adjusted"], adjusted.ravel(), rtol=1e-9)
    np.testing.assert_allclose(measures["value"], y.ravel())
    assert measures["participant_id"].tolist()[:3] == ["sub-01", "sub-01", "sub-02"]
    assert measures["session"].tolist()[:3] == ["pre", "post", "pre"]
    np.testing.assert_allclose(_row(trial.table("motion"))["slope"], slope, rtol=1e-9)

    difference = adjusted[:, 1] - adjusted[:, 0]
    np.testing.assert_allclose(trial.table("changes")["difference"], difference, rtol=1e-8)
    ketamine = np.array([name in KETAMINE for name in VALUES])
    tests = trial.table("tests")
    expected = stats.ttest_ind(difference[ketamine], difference[~ketamine], equal_var=False)
    welch = _row(tests, test="welch")
    assert welch["arm"] == "ketamine - midazolam"
    np.testing.assert_allclose(
        welch[["statistic", "df", "p_value", "ci_low"]].astype(float),
        [expected.statistic, expected.df, expected.pvalue, expected.confidence_interval().low],
        rtol=1e-7,
    )
    expected = stats.ttest_1samp(difference[ketamine], 0)
    paired = _row(tests, test="paired", arm="ketamine")
    np.testing.assert_allclose(paired["statistic"], expected.statistic, rtol=1e-7)
    expected = stats.ttest_1samp(adjusted[:, 0], 0)
    np.testing.assert_allclose(
        _row(tests, test="one_sample", session="pre", arm="all")["p_value"], expected.pvalue
    )
    improvement = np.array([before - after for before, after in scores.values()])
    known = np.isfinite(improvement)
    expected = stats.pearsonr(difference[known], improvement[known])
    correlation = _row(tests, test="correlation", arm="all", outcome="caps5")
    assert correlation["n"] == 7
    np.testing.assert_allclose(
        correlation[["estimate", "p_value"]].astype(float),
        [expected.statistic, expected.pvalue],
        rtol=1e-7,
    )
    summary = _row(trial.table("summary"), session="post", arm="midazolam")
    np.testing.assert_allclose(summary["mean"], adjusted[~ketamine, 1].mean(), rtol=1e-9)
    outcomes = trial.table("outcomes")
    np.testing.assert_array_equal(outcomes["improvement"], improvement)
    assert pd.notna(outcomes["reason"][2])
    assert trial.record["Participants"] == 8
    assert trial.record["Arms"] == {"midazolam": 4, "ketamine": 4}
    assert trial.record["StudyHash"] == study_hash(trial.study.spec)
    assert str(trial.record["MotionStep"]).startswith("1 of 1 measures")
    assert trial.manifest()["sub-01", "pre"] == (True, "n/a")


def test_the_group_level_can_be_repeated(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS)
    trial.participants(IN_ARMS)
    trial.activations(VALUES)
    trial.run()
    first = {path.name: path.read_bytes() for path in (trial.output / "group").iterdir()}
    trial.run()
    assert {path.name: path.read_bytes() for path in (trial.output / "group").iterdir()} == first
    assert len(first) == 21


def test_without_displacements_the_motion_step_says_that_it_did_nothing(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    trial.activations(VALUES)
    trial.run()
    assert trial.record["MotionStep"] == (
        "Motion residualization did nothing: no framewise displacement is known."
    )
    assert trial.record["Arms"] == {}
    measures = trial.table("measures")
    np.testing.assert_array_equal(measures["adjusted"], measures["value"])
    assert measures["arm"].isna().all()
    tests = trial.table("tests")
    assert set(tests["test"]) == {"one_sample", "paired"}
    assert set(tests["arm"]) == {"all"}
    assert len(trial.table("outcomes")) == 0


def test_three_arms(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + "arms: {column: dose, levels: [none, low, high]}\n")
    doses = ["none", "low", "high"]
    trial.participants({name: doses[k % 3] for k, name in enumerate(VALUES)}, column="dose")
    trial.activations(VALUES)
    trial.run()
    tests = trial.table("tests")
    welch = tests[tests["test"] == "welch"]
    assert welch["arm"].tolist() == ["low - none", "high - none"]
    difference = np.array([after - before for before, after in VALUES.values()])
    expected = stats.ttest_ind(difference[1::3], difference[0::3], equal_var=False)
    np.testing.assert_allclose(welch["statistic"].iloc[0], expected.statistic)
    # The third has two participants, fewer than the study wants.
    assert welch["reason"].iloc[1] == "fewer than 3 participants in an arm"
    assert np.isnan(welch["p_value"].iloc[1])


def test_exclusions_reach_both_sessions_and_all_tests(tmp_path: Path) -> None:
    study = STUDY + ARMS + "exclusions: {maximum_mean_fd: 0.9, file: excluded.tsv}\n"
    trial = Trial(tmp_path, study)
    (tmp_path / "excluded.tsv").write_text(
        "participant_id\treason\tsession_id\ttask\n"
        "sub-02\twithdrew consent\tn/a\tn/a\n"
        "04\tfell asleep\tses-post\temotion\n"
        "sub-06\tlost\tpost\trest\n"
    )
    trial.participants(IN_ARMS)
    fd = {name: (0.1 + 0.01 * k, 0.2) for k, name in enumerate(VALUES)}
    fd["sub-01"] = (0.2, 0.92)
    trial.activations(VALUES, fd)
    trial.run()
    manifest = trial.manifest()
    assert manifest["sub-01", "pre"] == (
        False,
        "excluded with session post: mean FD 0.92 mm > 0.9 mm",
    )
    assert manifest["sub-01", "post"] == (False, "mean FD 0.92 mm > 0.9 mm")
    assert manifest["sub-02", "pre"] == (False, "withdrew consent")
    assert manifest["sub-04", "pre"] == (False, "excluded with session post: fell asleep")
    assert manifest["sub-04", "post"] == (False, "fell asleep")
    assert manifest["sub-06", "pre"] == (True, "n/a")
    assert trial.manifest("rest")["sub-06", "pre"] == (False, "excluded with session post: lost")
    left = ["sub-03", "sub-05", "sub-06", "sub-07", "sub-08"]
    assert trial.table("changes")["participant_id"].tolist() == left
    assert _row(trial.table("motion"))["n"] == 10
    measures = trial.table("measures").set_index(["participant_id", "session"])
    assert measures.loc[("sub-01", "pre"), "value"] == 0.2
    assert np.isnan(measures.loc[("sub-01", "pre"), "adjusted"])
    assert not measures.loc[("sub-01", "pre"), "included"]
    assert _row(trial.table("summary"), session="pre", arm="all")["n"] == 5
    assert trial.record["Participants"] == 5


def test_one_session_stays_in_summaries_and_leaves_the_change(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    trial.activations({**VALUES, "sub-08": (0.3, NAN), "sub-07": (NAN, NAN)})
    log = {
        "Errors": [],
        "Sessions": {"pre": "computed", "post": "missing"},
        "Missing": [{"Session": "post", "What": "session", "Reason": "there is no ses-post"}],
    }
    write_json(trial.output / "logs" / "sub-08_errors.json", log)
    trial.run()
    why = "no session post: session: there is no ses-post"
    assert trial.manifest()["sub-08", "post"] == (False, why)
    assert trial.manifest()["sub-08", "pre"] == (True, f"no difference post - pre: {why}")
    nothing = "no session pre: the participant level has no result of it"
    assert trial.manifest()["sub-07", "pre"] == (False, nothing)
    summary = trial.table("summary")
    assert _row(summary, session="pre", arm="all")["n"] == 7
    assert _row(trial.table("tests"), test="paired")["n"] == 6
    assert "sub-08" not in trial.table("changes")["participant_id"].tolist()


def test_a_trial_of_one_participant_and_one_session(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS)
    trial.participants({"sub-01": "ketamine"})
    trial.activations({"sub-01": (0.5, NAN)}, {"sub-01": (0.2, NAN)})
    trial.run()
    assert len(trial.table("changes")) == 0
    tests = trial.table("tests")
    assert tests["p_value"].isna().all()
    assert set(tests["reason"]) == {
        "fewer than 3 participants",
        "fewer than 3 participants in an arm",
    }
    summary = _row(trial.table("summary"), session="pre", arm="ketamine")
    assert (summary["n"], summary["mean"]) == (1, 0.5)
    assert "fewer than 3 observations" in str(trial.record["MotionStep"])


def test_a_measure_that_is_missing_everywhere(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    for name, values in VALUES.items():
        for session, value in zip(("pre", "post"), values, strict=True):
            rows = [
                {"value": value},
                {"value": NAN, "regions": "insula", "reason": "covered 20 % < 50 %"},
            ]
            trial.session(name, session, rows)
    trial.run()
    tests = trial.table("tests")
    assert _row(tests, test="paired", regions="amygdala")["n"] == 8
    insula = _row(tests, test="paired", regions="insula")
    assert insula["n"] == 0
    assert insula["reason"] == "fewer than 3 participants"
    assert trial.table("motion")["reason"].tolist() == ["no framewise displacement", "no values"]
    measures = trial.table("measures")
    assert set(measures["reason"].dropna()) == {"covered 20 % < 50 %"}
    assert measures["included"].tolist() == [True, False] * 16


def test_a_participant_without_arm_is_left_out_and_named(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS)
    trial.participants({**IN_ARMS, "sub-08": "n/a"})
    trial.activations(VALUES)
    trial.run()
    included, reason = trial.manifest()["sub-08", "pre"]
    assert not included
    assert "`arm`" in reason
    assert _row(trial.table("tests"), test="paired", arm="all")["n"] == 7
    assert trial.record["Arms"] == {"midazolam": 3, "ketamine": 4}


def test_a_dataset_without_participants_table(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.activations(VALUES)
    trial.run()
    assert _row(trial.table("tests"), test="paired")["n"] == 8


def test_an_outcome_that_is_not_there(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + ARMS + OUTCOME)
    trial.participants(IN_ARMS)
    trial.activations(VALUES)
    with pytest.raises(InputMissingError, match="caps5"):
        trial.run()


def test_somebody_whom_the_dataset_does_not_know(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants({"sub-01": "ketamine"})
    trial.activations({"sub-01": (0.1, 0.2), "sub-77": (0.1, 0.2)})
    with pytest.raises(InputDataError, match="sub-77") as caught:
        trial.run()
    assert caught.value.path == trial.bids / "participants.tsv"
    assert "Add the missing rows" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sub-77\tlost\tn/a\tn/a", "sub-77"),
        ("sub-01\tn/a\tn/a\tn/a", "Line 2, column `reason`"),
        ("sub-01\tlost\tses-follow\tn/a", "ses-follow"),
        ("sub-01\tlost\tn/a\tstroop", "stroop"),
    ],
)
def test_mistakes_in_the_table_of_exclusions(tmp_path: Path, line: str, message: str) -> None:
    trial = Trial(tmp_path, STUDY + "exclusions: {file: excluded.tsv}\n")
    (tmp_path / "excluded.tsv").write_text(f"participant_id\treason\tsession_id\ttask\n{line}\n")
    trial.participants({"sub-01": "ketamine"})
    trial.activations({"sub-01": (0.1, 0.2)})
    with pytest.raises(InputDataError, match=message) as caught:
        trial.run()
    assert caught.value.exit_code == 65
    assert caught.value.path == tmp_path / "excluded.tsv"
    assert not (trial.output / "group").exists()


def test_nothing_computed_yet(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    trial.output.mkdir()
    with pytest.raises(InputMissingError, match="Run the participant level first"):
        trial.run()


def test_a_region_covered_too_little_in_one_session_is_out_of_both(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + "exclusions: {minimum_coverage: 0.6}\n")
    trial.participants(IN_ARMS)
    short = "coverage 30% is under 50%"
    for name, values in VALUES.items():
        for session, value in zip(("pre", "post"), values, strict=True):
            amygdala = {"value": value, "coverage": 0.9}
            insula = {"value": value, "regions": "insula", "coverage": 0.8}
            if (name, session) == ("sub-02", "post"):
                insula |= {"value": NAN, "coverage": 0.3, "reason": short}
            if (name, session) == ("sub-03", "pre"):
                amygdala["coverage"] = 0.42
            trial.session(name, session, [amygdala, insula])
    trial.run()
    measures = trial.table("measures").set_index(["participant_id", "session", "regions"])
    why = measures["reason"].dropna().to_dict()
    assert why == {
        ("sub-02", "pre", "insula"): f"excluded with session post: {short}",
        ("sub-02", "post", "insula"): short,
        ("sub-03", "pre", "amygdala"): "coverage 42 % < 60 %",
        ("sub-03", "post", "amygdala"): "excluded with session pre: coverage 42 % < 60 %",
    }
    summary, tests = trial.table("summary"), trial.table("tests")
    for regions in ("amygdala", "insula"):
        assert _row(tests, test="paired", regions=regions)["n"] == 7
        for session in ("pre", "post"):
            assert _row(summary, session=session, arm="all", regions=regions)["n"] == 7
    assert trial.manifest()["sub-03", "pre"] == (
        True,
        "1 of 2 values excluded: coverage 42 % < 60 %",
    )
    assert trial.record["Notes"] == []


THREE = STUDY.replace(
    "sessions: {pre: {label: pre}, post: {label: post}}\nchanges: {change: {first: pre, "
    "second: post}}",
    "sessions: {pre: {}, pre2: {}, post: {}}\nchanges: {change: {first: pre, second: post}, "
    "normal_variability: {first: pre, second: pre2}}",
)


def test_a_bad_second_baseline_leaves_the_change_in(tmp_path: Path) -> None:
    trial = Trial(tmp_path, THREE + "exclusions: {maximum_mean_fd: 0.9}\n")
    trial.participants(IN_ARMS)
    for name, values in VALUES.items():
        for session, value in zip(("pre", "pre2", "post"), (*values, 0.3), strict=True):
            moved = (name, session) in (("sub-02", "pre2"), ("sub-03", "pre"))
            trial.session(name, session, [{"value": value, "mean_fd": 1.5 if moved else 0.1}])
    trial.run()
    changes = trial.table("changes")
    without_third = [name for name in VALUES if name != "sub-03"]
    of_change = changes[changes["change"] == "change"]
    assert of_change["participant_id"].tolist() == without_third
    of_variability = changes[changes["change"] == "normal_variability"]
    assert of_variability["participant_id"].tolist() == [
        name for name in without_third if name != "sub-02"
    ]
    manifest = trial.manifest()
    moved = "mean FD 1.5 mm > 0.9 mm"
    assert manifest["sub-02", "pre"] == (True, f"no difference pre2 - pre: {moved}")
    assert manifest["sub-02", "post"] == (True, "n/a")
    assert manifest["sub-03", "post"] == (False, f"excluded with session pre: {moved}")
    assert manifest["sub-03", "pre2"] == (False, f"excluded with session pre: {moved}")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            "missing",
            "the last run found no input for this session; its measures are of an earlier run",
        ),
        ("failed", "the last run failed; its measures are of an earlier run"),
    ],
)
def test_measures_of_an_earlier_run_are_left_out(tmp_path: Path, status: str, reason: str) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    trial.activations(VALUES)
    log = {"Errors": [], "Sessions": {"pre": "reused", "post": status}, "Missing": []}
    write_json(trial.output / "logs" / "sub-08_errors.json", log)
    trial.run()
    manifest = trial.manifest()
    assert manifest["sub-08", "post"] == (False, reason)
    assert manifest["sub-08", "pre"] == (False, f"excluded with session post: {reason}")
    assert _row(trial.table("tests"), test="paired")["n"] == 7
    assert trial.record["Notes"] == [f"Left out because {reason}: sub-08 ses-post."]


CROSSOVER = STUDY.replace(
    "{pre: {label: pre}, post: {label: post}}",
    "{pre: {column: order, labels: {A: 1, B: 2}}, post: {column: order, labels: {A: 2, B: 1}}}",
)


def _crossover(tmp_path: Path, orders: Mapping[str, str]) -> Trial:
    """Make a trial that was computed when everybody had the order A."""
    trial = Trial(tmp_path, CROSSOVER)
    trial.participants(orders, column="order")
    for name, values in VALUES.items():
        for label, meaning, value in zip("12", ("pre", "post"), values, strict=True):
            trial.session(name, label, [{"value": value}], meaning=meaning)
    return trial


def test_a_session_that_means_something_else_now_is_refused(tmp_path: Path) -> None:
    trial = _crossover(tmp_path, {name: "B" if name == "sub-04" else "A" for name in VALUES})
    with pytest.raises(InputDataError) as caught:
        trial.run()
    assert caught.value.message == (
        "sub-04 ses-1 was computed as `pre`, participants.tsv now says `post`."
    )
    assert caught.value.cure == "Run the participant level on sub-04 again with --overwrite."
    assert caught.value.path == trial.bids / "participants.tsv"
    trial.participants(dict.fromkeys(VALUES, "A"), column="order")
    trial.run()
    assert _row(trial.table("tests"), test="paired")["n"] == 8


def test_a_session_whose_meaning_is_unknown_now_is_left_out(tmp_path: Path) -> None:
    trial = _crossover(tmp_path, {name: "n/a" if name == "sub-04" else "A" for name in VALUES})
    trial.run()
    included, reason = trial.manifest()["sub-04", "pre"]
    assert not included
    assert reason == ("it was computed as `pre`, but `order` of sub-04 in participants.tsv is n/a")
    assert _row(trial.table("tests"), test="paired")["n"] == 7


def test_sessions_processed_differently_are_noted(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    for name, values in VALUES.items():
        for session, value in zip(("pre", "post"), values, strict=True):
            aroma = session == "pre" and name != "sub-08"
            run = {
                "Task": "faces",
                "Description": "smoothAROMAnonaggr" if aroma else "preproc",
                "SmoothingFWHM": None if aroma else 6.0,
            }
            trial.session(name, session, [{"value": value}], runs=[run])
    trial.run()
    told = "; ".join(f"sub-0{k} faces: pre smoothAROMAnonaggr, post preproc" for k in range(1, 6))
    assert trial.record["Notes"] == [
        "Sessions of a participant's task were not processed alike, so that a change may be one "
        f"of processing: {told} and 2 more."
    ]


def test_how_models_ended_is_counted_and_their_values_are_tested(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY + "exclusions: {maximum_mean_fd: 0.9}\n")
    trial.participants(IN_ARMS)
    fine = {"Model": "m", "Task": "faces", "Reason": "", "Flat": False, "Converged": True}
    fine |= {"Stalled": False, "Notes": []}
    ends = {
        ("sub-01", "pre"): {"Flat": True},
        ("sub-02", "pre"): {"Converged": False, "Stalled": True},  # spent, and no stall besides
        ("sub-03", "post"): {"Stalled": True, "Flat": True},
        ("sub-05", "pre"): {"Stalled": True},
    }
    for name, values in VALUES.items():
        for session, value in zip(("pre", "post"), values, strict=True):
            row = {"measure": "dcm", "contrast": "m modulation by faces", "unit": "Hz"}
            row |= {"value": value, "regions": "insula > amygdala", "mean_fd": 0.1}
            facts = fine | ends.get((name, session), {})
            if (name, session) == ("sub-06", "post"):
                facts = {"Model": "m", "Task": "faces", "Reason": "no insula", "Notes": []}
                row |= {"value": NAN, "reason": "no insula"}
            if name == "sub-08":  # moved: what is excluded does not count
                facts, row = facts | {"Flat": True}, row | {"mean_fd": 0.95}
            trial.session(name, session, [row], models=[facts])
    trial.run()
    assert trial.record["DynamicCausalModels"] == [
        {
            "Model": "m",
            "Task": "faces",
            "Sessions": 14,
            "NotEstimated": {"Number": 1, "Names": ["sub-06 ses-post"]},
            "NotConverged": {"Number": 1, "Names": ["sub-02 ses-pre"]},
            "Stalled": {"Number": 2, "Names": ["sub-03 ses-post", "sub-05 ses-pre"]},
            "Flat": {"Number": 2, "Names": ["sub-01 ses-pre", "sub-03 ses-post"]},
        }
    ]
    # Only the participant without parameters and the excluded one are not in.
    kept = [name for name in VALUES if name not in ("sub-06", "sub-08")]
    difference = np.array([VALUES[name][1] - VALUES[name][0] for name in kept])
    paired = _row(trial.table("tests"), test="paired")
    assert paired["n"] == 6
    np.testing.assert_allclose(paired["estimate"], difference.mean())


def test_without_models_the_record_says_nothing_of_them(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    trial.activations(VALUES)
    trial.run()
    assert "DynamicCausalModels" not in trial.record


def test_sidecar_of_q_values_tells_the_families_of_models(tmp_path: Path) -> None:
    trial = Trial(tmp_path, STUDY)
    trial.participants(IN_ARMS)
    trial.activations(VALUES)
    trial.run()
    sidecar = json.loads((trial.output / "group" / "group_tests.json").read_text())
    assert sidecar["q_value"]["Description"].endswith(
        "for dcm among the connections, the modulations (by all inputs together), or the drives "
        "of one model"
    )
    assert "modulations of dynamic causal models, not" in sidecar["test"]["Levels"]["one_sample"]
