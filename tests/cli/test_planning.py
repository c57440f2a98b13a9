"""The plan from the command line: frozen, compared, unblinded; nothing written by a dry run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.plan import read_plan
from bids_ketamine.study.load import preset_names
from bids_ketamine.workflows.records import SessionOutcome

STUDY = "extends: norbury2021\nglm: {high_pass_period: 128}\n"
SCORES = """
name: scores
sessions: {pre: {}, post: {}}
changes: {change: {first: pre, second: post}}
arms: {column: arm, levels: [placebo, drug]}
outcomes: {madrs: {table: madrs, column: total}}
"""


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what standard error holds."""
    return lambda: capsys.readouterr().err


@pytest.fixture
def trial(dataset: SimpleNamespace, rooms: SimpleNamespace) -> SimpleNamespace:
    """A dataset, stand-ins, and a study file of the user's own."""
    rooms.outcomes = (SessionOutcome("01", "pre", "computed"),)
    dataset.study = dataset.root / "study.yml"
    dataset.study.write_text(STUDY)
    dataset.rooms = rooms
    for level in ("participant", "group"):
        arguments = getattr(dataset, level)
        own = [str(dataset.study) if each == "norbury2021" else each for each in arguments]
        setattr(dataset, level, own)
    return dataset


def with_results(trial: SimpleNamespace) -> None:
    path = trial.out / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def with_group(trial: SimpleNamespace, **record: Any) -> None:
    path = trial.out / "group" / "group.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def called(trial: SimpleNamespace) -> list[str]:
    return [name for name, _ in trial.rooms.calls]


def test_frozen_before_any_results(trial: SimpleNamespace, told: Callable[[], str]) -> None:
    assert main([*trial.group, "--plan"]) == 0
    assert called(trial) == []
    lines = told().splitlines()
    plan = read_plan(trial.out)
    assert plan is not None
    assert lines == [
        f"plan: frozen on {plan.date}, sha256 {plan.hash[:12]}: {trial.out / 'plan'}",
        "plan: arms are blinded until --unblind",
        "plan: there are no results yet; run the participant level next, then the group level",
    ]
    assert plan.results_before == "none"
    assert (trial.out / "plan" / "study.yml").read_text() == STUDY
    assert plan.study["glm"]["high_pass_period"] == 128.0
    description = json.loads((trial.out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    # Without --plan the group level asks for results as ever, and the participant level may run.
    assert main(trial.participant) == 0
    assert "plan" not in told()
    assert main([*trial.group, "--plan"]) == 0
    assert told().splitlines()[0] == (
        f"plan: this study was frozen already on {plan.date}; nothing was written to plan"
    )
    assert called(trial) == ["query", "participant", "report"]


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_is_frozen_with_its_text(trial: SimpleNamespace, preset: str) -> None:
    arguments = [preset if each == str(trial.study) else each for each in trial.group]
    assert main([*arguments, "--plan"]) == 0
    text = (trial.out / "plan" / "study.yml").read_text()
    assert f"name: {preset}" in text
    assert json.loads((trial.out / "plan" / "plan.json").read_text())["Source"] == preset


def test_the_participant_level_freezes_and_goes_on(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    assert main([*trial.participant, "--plan"]) == 0
    assert called(trial) == ["query", "participant", "report"]
    assert read_plan(trial.out) is not None
    assert "plan: frozen on " in told()


def test_another_study_is_refused_as_the_plan_and_told_later(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    assert main([*trial.group, "--plan"]) == 0
    before = tree(trial.out / "plan")
    trial.study.write_text(
        "extends: norbury2021\ntitle: other\nglm: {high_pass_period: 100}\narms: {levels: [a, b]}\n"
    )
    told()
    for arguments in (trial.group, trial.participant):
        assert main([*arguments, "--plan"]) == 73
        (error,) = told().splitlines()
        assert (
            "this one differs in 3 settings: `title`, `glm.high_pass_period` and `arms.levels`"
            in error
        )
        assert "delete the folder `plan` by hand" in error
    assert called(trial) == []
    with_results(trial)
    day = read_plan(trial.out).date  # type: ignore[union-attr]
    notice = (
        f"notice: the study differs from the plan of {day} in 3 settings: `title`, "
        "`glm.high_pass_period` and `arms.levels`"
    )
    for arguments in (
        trial.participant,
        trial.group,
        [*trial.participant, "--reports-only"],
        [*trial.participant, "--boilerplate-only"],
        [*trial.group, "--boilerplate-only"],
    ):
        assert main(arguments) == 0
        assert notice in told().splitlines()
    assert main([*trial.group, "--dry-run"]) == 66
    assert notice in told().splitlines()
    assert tree(trial.out / "plan") == before


def test_a_comment_more_is_the_same_study(trial: SimpleNamespace, told: Callable[[], str]) -> None:
    assert main([*trial.group, "--plan"]) == 0
    trial.study.write_text(f"# a comment\n{STUDY}")
    told()
    assert main([*trial.group, "--plan"]) == 0
    assert "frozen already" in told()
    assert (trial.out / "plan" / "study.yml").read_text() == STUDY


@pytest.mark.parametrize("flags", [[], ["--plan"], ["--unblind"]])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_dry_run_writes_nothing(
    trial: SimpleNamespace,
    flags: list[str],
    frozen: bool,
    capsys: pytest.CaptureFixture[str],
    write_tables: Callable[..., None],
) -> None:
    write_tables(["midazolam", "ketamine"])
    if frozen:
        assert main([*trial.group, "--plan"]) == 0
        with_results(trial)
    before = tree(trial.root)
    code = main([*trial.group, *flags, "--dry-run"])
    assert tree(trial.root) == before
    expected = {(): 66, ("--plan",): 0, ("--unblind",): 66}[tuple(flags)]
    assert code == (0 if frozen else expected)
    out = capsys.readouterr().out
    assert ("this study would be frozen" in out) == (flags == ["--plan"] and not frozen)
    assert ("arms would be unblinded" in out) == (flags == ["--unblind"] and frozen)
    assert ("arms blinded" in out) == frozen
    if flags != ["--unblind"]:
        main([*trial.participant, *flags, "--dry-run"])
        assert tree(trial.root) == before


@pytest.mark.parametrize(
    "flag", ["--dry-run", "--reports-only", "--boilerplate-only", "--plan", ""]
)
@pytest.mark.parametrize("level", ["participant", "group"])
def test_a_damaged_plan_stops_every_run(
    trial: SimpleNamespace, told: Callable[[], str], flag: str, level: str
) -> None:
    assert main([*trial.group, "--plan"]) == 0
    with_results(trial)
    path = trial.out / "plan" / "study.json"
    path.write_text(path.read_text().replace("128", "100"))
    told()
    before = tree(trial.out)
    assert main([*getattr(trial, level), *([flag] if flag else [])]) == 65
    (error,) = told().splitlines()
    assert "The frozen study was changed" in error
    assert tree(trial.out) == before
    assert called(trial) == []


def arms_told(trial: SimpleNamespace, name: str) -> tuple[str, ...]:
    arguments = [each for called, each in trial.rooms.calls if called == name][-1]
    levels: tuple[str, ...] = arguments["study"].spec.arms.levels
    return levels


def test_the_report_gets_blinded_arms_until_they_are_unblinded(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    own = ("midazolam", "ketamine")
    with_results(trial)
    assert main(trial.group) == 0
    assert arms_told(trial, "group report") == own
    assert main([*trial.group, "--plan"]) == 0
    assert arms_told(trial, "group") == own  # which reads the plan itself
    assert arms_told(trial, "group report") == ("arm A", "arm B")
    assert main(trial.participant) == 0
    assert arms_told(trial, "report") == ("arm A", "arm B")
    told()
    assert main([*trial.group, "--unblind"]) == 0
    plan = read_plan(trial.out)
    assert plan is not None
    assert f"plan: arms are unblinded from {plan.unblinded}" in told()
    assert arms_told(trial, "group report") == own
    assert main([*trial.group, "--unblind"]) == 0
    assert f"plan: arms were unblinded already on {plan.unblinded}" in told()
    assert read_plan(trial.out) == plan
    assert main(trial.group) == 0
    assert arms_told(trial, "group report") == own


def test_unblinding_without_a_plan_or_results(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    with_results(trial)
    assert main([*trial.group, "--unblind"]) == 64
    assert "There is nothing to unblind: no plan was frozen" in told()
    shutil.rmtree(trial.out)
    assert main([*trial.group, "--plan"]) == 0
    told()
    assert main([*trial.group, "--unblind"]) == 66
    assert "arms stay blinded" in told()
    plan = read_plan(trial.out)
    assert plan is not None
    assert plan.blinds
    assert called(trial) == []


@pytest.mark.parametrize(
    ("level", "flags", "sentence"),
    [
        ("group", ["--plan", "--reports-only"], "--plan does not go with --reports-only"),
        ("group", ["--plan", "--boilerplate-only"], "--plan does not go with --boilerplate-only"),
        ("group", ["--unblind", "--reports-only"], "--unblind does not go with --reports-only"),
        ("group", ["--unblind", "--boilerplate-only"], "--unblind does not go with"),
        ("group", ["--plan", "--unblind"], "--plan is for before the results"),
        ("participant", ["--unblind"], "--unblind is about the group level"),
        ("participant", ["--plan", "--reports-only"], "--plan does not go with --reports-only"),
        ("group", ["--plan", "--participant-label", "01"], "The group level takes all"),
    ],
)
def test_options_that_do_not_go_together(
    trial: SimpleNamespace, told: Callable[[], str], level: str, flags: list[str], sentence: str
) -> None:
    assert main([*getattr(trial, level), *flags]) == 64
    (error,) = told().splitlines()
    assert sentence in error
    assert not trial.out.exists()


@pytest.mark.parametrize(
    ("frozen", "was_blinded", "code"),
    [(False, None, 0), (True, True, 0), (True, None, 64), (False, True, 64), (True, False, 64)],
)
def test_a_report_of_tables_that_show_arms_otherwise_is_refused(
    trial: SimpleNamespace,
    told: Callable[[], str],
    frozen: bool,
    was_blinded: bool | None,
    code: int,
) -> None:
    if frozen:
        assert main([*trial.group, "--plan"]) == 0
    trial.out.mkdir(exist_ok=True)
    with_group(trial, **({} if was_blinded is None else {"Blinded": was_blinded}))
    told()
    assert main([*trial.group, "--reports-only"]) == code
    text = told()
    assert ("Run the group level again" in text) == (code == 64)
    assert "of another study" not in text
    if code == 0 and frozen:
        trial.study.write_text(STUDY.replace("128", "100"))
        assert main([*trial.group, "--reports-only"]) == 0
        assert "notice: the group results are of another study than this one" in told()


def test_results_before_the_plan_are_told(trial: SimpleNamespace, told: Callable[[], str]) -> None:
    with_results(trial)
    with_group(trial)
    assert main([*trial.group, "--plan"]) == 0
    lines = told().splitlines()
    assert lines[1:3] == [
        "notice: results of the group level were there before the plan: the report marks them as "
        "exploratory",
        f"notice: those results show the labels of arms ({trial.out / 'group'}, group.html, "
        "logs/CITATION.md); if this run ends well it replaces them; delete by hand what was copied "
        "elsewhere",
    ]
    assert called(trial) == ["group", "group report"]


def test_labelled_results_beside_a_plan_of_the_participant_level(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    with_group(trial)
    assert main([*trial.participant, "--plan"]) == 0
    assert "CITATION.md); run the group level again to replace them; delete" in told()


@pytest.mark.parametrize(
    ("frozen", "record", "sentence"),
    [
        (False, {}, "the group results and the report of an earlier run are still there: {}; they "
         "are not of this run: mend what is told below and run the group level again, or delete "
         "them by hand"),
        (True, {}, "still there: {}; they show the labels of arms; they are not"),
        (True, {"Blinded": True}, "still there: {}; they are not"),
        (True, None, ""),
    ],
)  # fmt: skip
def test_a_run_that_fails_tells_of_earlier_results(
    trial: SimpleNamespace,
    told: Callable[[], str],
    frozen: bool,
    record: dict[str, Any] | None,
    sentence: str,
) -> None:
    with_results(trial)
    if frozen:
        assert main([*trial.group, "--plan"]) == 0
        shutil.rmtree(trial.out / "group")
    if record is not None:
        with_group(trial, **record)
    trial.rooms.group = InputDataError("A cell is no number.")
    told()
    assert main(trial.group) == 65
    lines = told().splitlines()
    assert lines[-1] == "bids_ketamine: error: A cell is no number."
    assert len(lines) == 1 + bool(sentence)
    assert sentence.format(trial.out / "group") in lines[0]


def test_parts_of_results_without_a_record_are_told(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    with_results(trial)
    with_group(trial)
    (trial.out / "group" / "group.json").rename(trial.out / "group" / "group_tests.tsv")
    trial.rooms.group = InputDataError("A cell is no number.")
    assert main(trial.group) == 65
    assert "notice: parts of group results are there, without their record group.json" in told()


# Scores alone -------------------------------------------------------------------------------------


@pytest.fixture
def scores(trial: SimpleNamespace) -> SimpleNamespace:
    trial.study.write_text(SCORES)
    return trial


def test_scores_alone_need_no_participant_level(
    scores: SimpleNamespace,
    told: Callable[[], str],
    capsys: pytest.CaptureFixture[str],
    write_tables: Callable[..., None],
) -> None:
    for flags in ([], ["--plan"], ["--dry-run"], ["--reports-only"], ["--boilerplate-only"]):
        assert main([*scores.participant, *flags]) == 64
        assert "has nothing for the participant level: no task and no rest" in told()
    assert not scores.out.exists()
    assert main([*scores.group, "--reports-only"]) == 66
    error = told()
    assert "There are no results of the group level: the folder does not exist." in error
    assert "Run the group level first, or correct OUTPUT_DIR." in error
    write_tables(["placebo", "drug"])
    assert main([*scores.group, "--dry-run"]) == 0
    assert "the group level goes over clinical scores alone" in capsys.readouterr().out
    assert not scores.out.exists()
    scores.rooms.group = InputDataError("A cell is no number.")
    assert main(scores.group) == 65
    assert not scores.out.exists()
    scores.rooms.group, scores.rooms.calls = None, []
    assert main(scores.group) == 0
    assert called(scores) == ["group", "group report"]
    assert (scores.out / "dataset_description.json").is_file()
    assert "no_results" not in told()


def test_a_plan_of_scores_alone(scores: SimpleNamespace, told: Callable[[], str]) -> None:
    # The same command does the same thing, however often.
    for words in ("plan: frozen on ", "plan: this study was frozen already on "):
        assert main([*scores.group, "--plan"]) == 0
        assert called(scores) == []
        lines = told().splitlines()
        assert lines[0].startswith(words)
        assert lines[-1] == (
            "plan: there are no results yet; run the group level next, without --plan"
        )
    assert main(scores.group) == 0
    assert arms_told(scores, "group report") == ("arm A", "arm B")
    with_group(scores, Blinded=True)
    scores.rooms.calls = []
    assert main([*scores.group, "--plan"]) == 0
    assert called(scores) == ["group", "group report"]
    assert main([*scores.group, "--unblind"]) == 0
    assert arms_told(scores, "group report") == ("placebo", "drug")


def test_an_output_folder_that_cannot_be_made(
    scores: SimpleNamespace, told: Callable[[], str]
) -> None:
    scores.out.parent.joinpath("file").write_text("")
    arguments = [
        str(scores.root / "file" / "out") if each == str(scores.out) else each
        for each in scores.group
    ]
    for flags in ([], ["--plan"], ["--dry-run"]):
        assert main([*arguments, *flags]) == 73
        assert "error: " in told()


# Combinations -------------------------------------------------------------------------------------

FLAGS = (
    *(["--plan"], ["--unblind"], ["--dry-run"], ["--reports-only"], ["--boilerplate-only"]),
    *(["--overwrite"], ["--no-individual-data"], ["--permutations", "9"], ["--random-seed", "3"]),
    *(["--plan"], ["--unblind"], ["-v"], ["--participant-label", "01"]),
)


@pytest.mark.parametrize("seed", range(3))
def test_no_combination_of_options_ends_unexpectedly(
    trial: SimpleNamespace, told: Callable[[], str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    texts = (STUDY, SCORES, STUDY.replace("128", "100"))
    for _ in range(15):
        if rng.random() < 0.2:
            shutil.rmtree(trial.out, ignore_errors=True)
        if rng.random() < 0.3:
            with_results(trial)
        trial.study.write_text(texts[rng.choice(3, p=[0.7, 0.15, 0.15])])
        if rng.random() < 0.1 and (trial.out / "plan").exists():
            victim = rng.choice(sorted((trial.out / "plan").iterdir()))
            victim.write_bytes(victim.read_bytes()[: int(rng.integers(0, 200))])
        level = rng.choice(["participant", "group"])
        chosen = [FLAGS[k] for k in rng.choice(len(FLAGS), rng.integers(0, 4), replace=False)]
        flags = [each for one in chosen for each in one]
        before, planned = tree(trial.root), tree(trial.out / "plan")
        code = main([*getattr(trial, level), *flags])
        text = told()
        assert code in (0, 18, 64, 65, 66, 73), (level, flags, text)
        assert "unexpected" not in text, (level, flags, text)
        assert text.count("bids_ketamine: error: ") == (0 if code == 0 else text.count("error: "))
        if "--dry-run" in flags or code in (64, 65):
            assert tree(trial.root) == before, (level, flags)
        if planned and "--unblind" not in flags:
            assert tree(trial.out / "plan") == planned, (level, flags)
