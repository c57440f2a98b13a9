"""Whether the group level could run on its tables: scores counted, cells read, models listed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bids_ketamine.cli.group_dry_run import describe_group
from bids_ketamine.cli.trial import Trial
from bids_ketamine.study.load import load_study

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

    def describe(*, label: str = "post", **arguments: Any) -> tuple[str, int]:
        path = dataset.root / "scores.yml"
        path.write_text(SCORES.format(label=label))
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
