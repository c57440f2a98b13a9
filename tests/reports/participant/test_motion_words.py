"""What the pictures of motion say of marks and of thresholds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bids_ketamine.reports.participant_motion import motion_words
from bids_ketamine.study.confound_sections import OutliersSpec
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec

MARKED = "Marked volumes have a regressor of their own"
CHANGE = (
    "the change of the global signal is more than 5 standard deviations from its mean, which is "
    "not drawn."
)


def _spec(study: Study, outliers: OutliersSpec | None) -> StudySpec:
    spec = study.spec
    confounds = replace(spec.glm.confounds, outliers=outliers)
    return replace(spec, glm=replace(spec.glm, confounds=confounds), rest=None)


@pytest.mark.parametrize(
    ("outliers", "words"),
    [
        (OutliersSpec(), f"{MARKED}; dashed lines are the study's thresholds."),
        (
            OutliersSpec(framewise_displacement=None),
            f"{MARKED}; the dashed line is the study's threshold of standardized DVARS.",
        ),
        (
            OutliersSpec(rule="fmriprep"),
            f"{MARKED}: they are those that fMRIPrep itself marks, by thresholds that are not "
            "known here and not drawn.",
        ),
        (
            OutliersSpec(rule="art"),
            f"{MARKED}; the dashed line is the study's threshold of framewise displacement; "
            f"volumes are also marked where {CHANGE}",
        ),
        (
            OutliersSpec(rule="art", art_framewise_displacement=None),
            f"{MARKED}; volumes are marked where {CHANGE}",
        ),
        (None, "No volume is marked as an outlier: the study has no rule."),
    ],
)
def test_words_fit_the_rule(study: Study, outliers: OutliersSpec | None, words: str) -> None:
    assert motion_words(_spec(study, outliers)).endswith(f"of every volume. {words}")


def test_tasks_and_rest_are_told_apart_where_their_rules_differ(study: Study) -> None:
    assert "Rest" not in motion_words(study.spec)
    spec = replace(_spec(study, OutliersSpec(rule="fmriprep")), rest=study.spec.rest)
    told = motion_words(spec)
    assert "Tasks: marked volumes have a regressor of their own: they are" in told
    assert told.endswith(
        "Rest: marked volumes have a regressor of their own; dashed lines are the study's "
        "thresholds."
    )
