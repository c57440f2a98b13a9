"""Whether the group level could run on its tables: scores counted, cells read, models listed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bids_ketamine.cli.group_dry_run import describe_group
from bids_ketamine.cli.group_dry_run_statistics import statistics
from bids_ketamine.cli.trial import Trial
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group import run_group_level

SCORES = """
name: scores
sessions: {{pre: {{}}, post: {{label: {label}}}}}
changes: {{change: {{first: pre, second: post}}}}
arms: {{column: arm, levels: [placebo, drug]}}
outcomes: {{madrs: {{table: madrs, column: total}}}}
table_one: {{variables: {{age: {{}}}}}}
repeated_measures: {{outcomes: [madrs]}}
mixed_models:
  course: {{outcomes: [madrs], formula: session, arms: [drug]}}
"""

REGIONS = "regions: {atlas: own, definitions: {left: {spheres: [[10, 20, 20]], radius: 6}}}\n"


@pytest.fixture
def scores(
    dataset: SimpleNamespace, write_tables: Callable[..., None]
) -> Callable[..., tuple[str, int]]:
    """Describe a study of scores over three participants."""
    write_tables(["placebo", "drug", "drug"])
    people = dataset.bids / "participants.tsv"
    people.write_text(
        "participant_id\tarm\tage\nsub-01\tplacebo\t30\nsub-02\tdrug\t40\nsub-03\tdrug\tn/a\n"
    )

    def describe(*, label: str = "post", more: str = "", **arguments: Any) -> tuple[str, int]:
        path = dataset.root / "scores.yml"
        path.write_text(SCORES.format(label=label) + more)
        study = load_study(str(path))
        trial = Trial(bids_dir=dataset.bids, output_dir=dataset.out, derivatives={}, study=study)
        return describe_group(trial, own=study.spec, **arguments)

    return describe


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_scores_are_counted_and_models_listed(
    scores: Callable[..., tuple[str, int]], dataset: SimpleNamespace
) -> None:
    replaced(dataset.bids / "phenotype" / "madrs.tsv", "sub-03\tses-post\t2\t2\n", "")
    text, code = scores()
    assert code == 0
    assert "participants with a score:\n  madrs: pre 3, post 2, improvement 2\n" in text
    assert (
        "statistics:\n  - baseline characteristics (table_one)\n"
        "  - analysis of variance of madrs over pre, post\n"
        "  - mixed model course: madrs by `session`, sessions pre, post, arms drug\n"
    ) in text
    assert "warnings:" not in text
    assert "would stop" not in text


def test_a_session_that_no_table_has_is_warned_of(scores: Callable[..., tuple[str, int]]) -> None:
    text, code = scores(label="v9")
    assert code == 0
    assert "  madrs: pre 3, post 0, improvement 0\n" in text
    assert " ".join(text.partition("warnings:")[2].split()) == (
        "- madrs has no score in the session post, for phenotype/madrs.tsv has no row of ses-v9 "
        "(it has ses-post, ses-pre): what needs it will be empty"
    )


def test_cells_that_are_no_numbers_are_told(
    scores: Callable[..., tuple[str, int]], dataset: SimpleNamespace
) -> None:
    path = dataset.bids / "phenotype" / "madrs.tsv"
    replaced(path, "sub-02\tses-pre\t2\t2", "sub-02\tses-pre\t2\ttwo")
    text, code = scores()
    assert code == 65
    told = " ".join(text.partition("The run would stop at:")[2].split())
    assert "column `total`: `two` is not a number" in told
    assert "participants with a score" not in text
    replaced(path, "two", "2")
    replaced(dataset.bids / "participants.tsv", "\t40", "\told")
    text, code = scores()
    assert code == 65
    assert "column `age`: `old` is not a number" in " ".join(text.split())
    assert "  madrs: pre 3, post 3, improvement 3\n" in text


def test_all_that_would_stop_the_run_is_told_and_labels_can_be_hidden(
    scores: Callable[..., tuple[str, int]], dataset: SimpleNamespace
) -> None:
    (dataset.bids / "phenotype" / "madrs.tsv").unlink()
    people = dataset.bids / "participants.tsv"
    people.write_text("participant_id\tarm\tage\nsub-01\tnobody\t3\n")
    text, code = scores(hide=lambda sentence: sentence.replace("placebo", "(hidden)"))
    assert code == 65
    told = " ".join(text.partition("The run would stop at:")[2].split())
    assert "- No value of `arm` is an arm of the study ((hidden), drug)" in told
    assert "- The table `madrs` is not there (needed for the outcome `madrs`)." in told


EXCLUSIONS = "exclusions: {file: excluded.tsv}\n"


@pytest.mark.parametrize(
    ("table", "code", "message"),
    [
        (None, 66, "excluded.tsv is not there."),
        ("participant_id\nsub-01\n", 65, "no column `reason`"),
        (
            "participant_id\treason\nsub-04\twithdrew\n",
            65,
            "The table excludes sub-04, who is not in the dataset",
        ),
        (
            "participant_id\tsession_id\treason\nsub-01\tses-v9\tlate\n",
            65,
            "The table excludes sub-01 ses-v9, which is no session of the study",
        ),
    ],
)
def test_exclusions_that_would_stop_the_run_are_told(
    scores: Callable[..., tuple[str, int]],
    dataset: SimpleNamespace,
    table: str | None,
    code: int,
    message: str,
) -> None:
    path = dataset.root / "excluded.tsv"
    if table is not None:
        path.write_text(table)
    text, found = scores(more=EXCLUSIONS)
    told = " ".join(text.partition("The run would stop at:")[2].split())
    assert message in told
    assert str(path) in told
    assert found == code
    # The run itself stops there, with the same words.
    study = load_study(str(dataset.root / "scores.yml"))
    with pytest.raises(BidsKetamineError) as stopped:
        run_group_level(bids_dir=dataset.bids, output_dir=dataset.out, study=study)
    assert " ".join(str(stopped.value).split()) in told
    assert stopped.value.exit_code == code


def test_exclusions_that_can_be_read_stop_nothing(
    scores: Callable[..., tuple[str, int]], dataset: SimpleNamespace
) -> None:
    table = dataset.root / "excluded.tsv"
    table.write_text("participant_id\tsession_id\treason\nsub-01\tpost\tlate\n")
    text, code = scores(more=EXCLUSIONS)
    assert (code, "would stop" in text) == (0, False)


def test_a_missing_table_of_exclusions_is_told_beside_a_damaged_list_of_participants(
    scores: Callable[..., tuple[str, int]], dataset: SimpleNamespace
) -> None:
    (dataset.bids / "participants.tsv").write_text("participant_id\tarm\tage\nsub-01\tnobody\t3\n")
    text, _ = scores(more=EXCLUSIONS)
    told = " ".join(text.partition("The run would stop at:")[2].split())
    assert told.count("- No value of `arm` is an arm of the study") == 1
    assert "- excluded.tsv is not there." in told


def test_without_a_list_of_participants_those_with_results_are_known(
    dataset: SimpleNamespace,
) -> None:
    folder = dataset.out / "sub-01" / "ses-pre"
    folder.mkdir(parents=True)
    (folder / "sub-01_ses-pre_measures.tsv").write_text("")
    study = dataset.root / "rest.yml"
    study.write_text("name: rest\nsessions: {pre: {}}\nrest: {}\n" + REGIONS + EXCLUSIONS)
    loaded = load_study(str(study))
    trial = Trial(bids_dir=dataset.bids, output_dir=dataset.out, derivatives={}, study=loaded)
    table = dataset.root / "excluded.tsv"
    table.write_text("participant_id\treason\nsub-01\tlate\n")
    assert describe_group(trial, own=loaded.spec)[1] == 0
    table.write_text("participant_id\treason\nsub-02\tlate\n")
    text, code = describe_group(trial, own=loaded.spec)
    assert code == 65
    assert "The table excludes sub-02, who is not in the dataset" in " ".join(text.split())


VISITS = """
name: visits
sessions:
  pre: {}
  again: {}
  baseline: {mean_of: [pre, again]}
  post: {}
  late: {scanned: false}
changes: {change: {first: baseline, second: post}}
arms: {column: arm, levels: [placebo, drug]}
outcomes: {madrs: {table: madrs, column: total}}
clinical_course: {outcome: madrs, sessions: [baseline, post], remission_below: 10}
score_correlations: {outcome: madrs, scores: {madrs: [post]}, arms: [drug]}
primary_outcomes: {scores: [madrs]}
"""


def test_means_of_visits_are_counted_and_their_lack_is_told_once(
    dataset: SimpleNamespace, write_tables: Callable[..., None]
) -> None:
    write_tables(["placebo", "drug", "drug"])
    path = dataset.root / "visits.yml"
    path.write_text(VISITS)
    study = load_study(str(path))
    trial = Trial(bids_dir=dataset.bids, output_dir=dataset.out, derivatives={}, study=study)
    text, code = describe_group(trial, own=study.spec)
    assert code == 0
    told = " ".join(text.split())
    assert "madrs: pre 3, again 0, baseline 3, post 3, late 0, improvement 3" in told
    # The baseline is that of the one visit; only the late one is wanting.
    assert "madrs has no score in the session late" in told
    assert "session again" not in told
    assert "session baseline" not in told


def test_statistics_of_networks_and_visits_are_named() -> None:
    told = statistics(load_study("siegel2021").spec)
    assert told[1:] == [
        "analysis of variance of madrs over baseline, day1, post, week8",
        "mixed model connectivity: network_connectivity rest * by `time + time:response`, sessions "
        "baseline, post, arms patient",
        "seed maps of sgACC, limbic: means, and means of changes",
        "test of every edge: change, arms patient, 5000 permutations",
        "comparison with controls (control) at baseline, post, matched on age, sex, race, "
        "education, mean_fd, minutes",
        "reliability of pre1, pre2",
        "volumes of 6 structures with the change of madrs",
        "clinical course of madrs over baseline, day1, post, week8, arms patient: response (a fall "
        "of 50 %), remission (below 10), improvement (cgi_i of 2 or less)",
        "primary outcomes, corrected together: madrs; cgi_i; time, time:response of the mixed "
        "model connectivity in network_connectivity rest default_mode, network_connectivity rest "
        "sgACC_default_mode, network_connectivity rest limbic",
    ]


def test_regressions_and_correlations_are_named(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    path.write_text(
        VISITS + "logistic_regressions:\n"
        "  effects: {outcome: serum, predictors: [madrs], sessions: [post]}\n"
    )
    path.write_text(path.read_text().replace("outcomes: {", "outcomes: {serum: {}, ", 1))
    path.write_text(path.read_text().replace("serum: {}", "serum: {table: s, column: s}"))
    told = statistics(load_study(str(path)).spec)
    assert told == [
        "clinical course of madrs over baseline, post: response (a fall of 50 %), remission (below "
        "10)",
        "correlations of madrs at post with the change of madrs, arms drug",
        "logistic regression effects: serum of 1 or more by madrs at post",
        "primary outcomes, corrected together: madrs",
    ]
