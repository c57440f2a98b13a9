"""Sessions that are the mean of others, and visits without images: rules, all at once."""

from pathlib import Path

import pytest

from bids_ketamine.study.baseline import (
    baseline_session,
    first_session,
    model_sessions,
    possible_sessions,
)
from bids_ketamine.study.load import load_study
from tests.study.resting_study import NETWORKS, RESTING, problems_of

SCORES = """\
name: scores
sessions:
  pre1: {}
  pre2: {}
  baseline: {mean_of: [pre1, pre2]}
  post: {}
changes: {change: {first: baseline, second: post}}
outcomes: {madrs: {table: madrs, column: total}}
"""


def spec_of(tmp_path: Path, text: str):
    path = tmp_path / "study.yml"
    path.write_text(text, encoding="utf-8")
    return load_study(str(path)).spec


def test_kinds_of_sessions(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, RESTING + NETWORKS)
    assert [each.name for each in spec.own_sessions] == ["pre1", "pre2", "day1", "post"]
    assert [each.name for each in spec.scanned_sessions] == ["pre1", "pre2", "post"]
    assert [each.name for each in spec.imaged_sessions] == ["pre1", "pre2", "baseline", "post"]
    assert spec.session_means == {"baseline": ("pre1", "pre2")}


def test_a_mean_of_visits_with_scores_alone_has_no_images(tmp_path: Path) -> None:
    text = RESTING + NETWORKS
    text = text.replace(
        "  post: {}", "  day2: {scanned: false}\n  days: {mean_of: [day1, day2]}\n  post: {}"
    )
    spec = spec_of(tmp_path, text)
    assert "days" not in [each.name for each in spec.imaged_sessions]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "{mean_of: [pre1, pre3]}",
            "sessions.baseline.mean_of names no session of the study: `pre3`; did you mean `pre2`? "
            "sessions: pre1, pre2, post",
        ),
        ("{mean_of: [pre1]}", "sessions.baseline.mean_of needs two sessions or more"),
        ("{mean_of: [pre1, pre1, pre2]}", "sessions.baseline.mean_of names `pre1` twice"),
        ("{mean_of: [pre1, pre2, baseline]}", "sessions.baseline.mean_of names the session itself"),
        (
            "{mean_of: [pre1, pre2], label: base}",
            "sessions.baseline is the mean of other sessions (`mean_of`) and has no `label`; keep "
            "one of the two",
        ),
        (
            "{mean_of: [pre1, pre2], unlabelled: true}",
            "sessions.baseline is the mean of other sessions (`mean_of`) and has no `unlabelled`; "
            "keep one of the two",
        ),
        (
            "{mean_of: [pre1, pre2]}\n  other: {mean_of: [baseline, post]}",
            "sessions.other.mean_of: `baseline` is the mean of others, too; name these (pre1, "
            "pre2)",
        ),
    ],
)
def test_means_are_of_two_sessions_of_the_dataset(
    tmp_path: Path, written: str, sentence: str
) -> None:
    text = SCORES.replace("{mean_of: [pre1, pre2]}", written)
    assert problems_of(tmp_path, text) == [sentence]


def test_all_that_is_wrong_with_a_mean_comes_at_once(tmp_path: Path) -> None:
    wrong = "{mean_of: [pre1, pre1], column: order, labels: {a: x}}"
    found = problems_of(tmp_path, SCORES.replace("{mean_of: [pre1, pre2]}", wrong))
    assert [each.split(" ")[0] for each in found] == [
        *("sessions.baseline.mean_of", "sessions.baseline", "sessions.baseline"),
        "sessions.baseline.mean_of",
    ]


def test_a_change_from_a_mean_to_its_part(tmp_path: Path) -> None:
    text = SCORES.replace("second: post", "second: pre2")
    assert problems_of(tmp_path, text) == [
        "changes.change compares `baseline` with `pre2`, which is part of it"
    ]


def test_imaging_needs_a_session_with_images(tmp_path: Path) -> None:
    text = RESTING.replace("{}\n  pre2: {}", "{scanned: false}\n  pre2: {scanned: false}")
    text = text.replace("post: {}", "post: {scanned: false}").partition("mixed_models")[0]
    assert problems_of(tmp_path, text) == [
        "sessions: the study has imaging, and no session has images (`scanned: false` of all)"
    ]


def test_no_treatment_is_followed_on_average(tmp_path: Path) -> None:
    text = SCORES + "crossover: {columns: [p1, p2], values: {d: baseline, p: post}}\n"
    assert problems_of(tmp_path, text) == [
        "crossover.values.d: `baseline` is the mean of other sessions, and no session follows a "
        "treatment on average"
    ]


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("mixed_models: {m: {outcomes: [madrs], formula: time, ", "mixed_models.m.sessions"),
        ("repeated_measures: {outcomes: [madrs], ", "repeated_measures.sessions"),
        ("clinical_course: {outcome: madrs, ", "clinical_course.sessions"),
    ],
)
def test_a_mean_and_its_part_would_count_twice(tmp_path: Path, section: str, setting: str) -> None:
    brackets = "}}" if section.startswith("mixed") else "}"
    text = SCORES + section + "sessions: [pre1, baseline, post]" + brackets + "\n"
    assert problems_of(tmp_path, text) == [
        f"{setting} names `baseline`, the mean of pre1 and pre2, and `pre1` itself: the same "
        "values would count twice"
    ]


def test_a_measure_has_no_value_at_a_visit_without_images(tmp_path: Path) -> None:
    text = (RESTING + NETWORKS).replace("[baseline, post], arms", "[baseline, day1], arms")
    assert problems_of(tmp_path, text) == [
        "mixed_models.fc.sessions names `day1`, which has no images (`scanned: false`)"
    ]


def test_methods_on_measures_need_a_change_between_images(tmp_path: Path) -> None:
    text = RESTING + NETWORKS + "elastic_net: {outcome: mood}\n"
    text += (
        "symptom_dimensions: {outcome: mood, measure: network_connectivity rest dmn,\n"
        "  dimensions: {all: [1]}}\n"
    )
    found = problems_of(tmp_path, text.replace("mood, column: total", "mood, items: [a]"))
    ends = "the change `acute` of `mood` is about `day1`, which has no images (`scanned: false`)"
    assert found == [f"elastic_net.outcome: {ends}", f"symptom_dimensions.outcome: {ends}"]


MODELS = """\
tasks: {faces: {conditions: {faces: {}, shapes: {}}, contrasts: {e: {weights: faces - shapes}}}}
dcm:
  models:
    m:
      task: faces
      regions: [sg, pcc]
      driving: {faces: [sg]}
      modulations: {"sg > pcc": [faces]}
peb: {outcome: OUTCOME}
"""


def test_models_are_not_averaged(tmp_path: Path) -> None:
    text = RESTING + NETWORKS + MODELS
    told = "peb.outcome: the change `change` of `madrs` is about `baseline`, the mean of pre1 and "
    assert problems_of(tmp_path, text.replace("OUTCOME", "madrs")) == [
        f"{told}pre2, and models are not averaged; name a change between sessions of the dataset; "
        "`peb: null` leaves the method out"
    ]
    found = problems_of(tmp_path, text.replace("OUTCOME", "mood"))
    assert "which has no images" in found[0]
    assert "models are not averaged" in found[1]


def test_which_sessions_a_model_has(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        SCORES + "mixed_models:\n  every: {outcomes: [madrs], formula: time}\n"
        "  named: {outcomes: [madrs], formula: time, sessions: [baseline, post]}\n",
    )
    (madrs,) = spec.outcomes
    every, named = spec.mixed_models
    possible = possible_sessions(spec, madrs)
    assert possible == ("pre1", "pre2", "baseline", "post")
    assert model_sessions(spec, every, possible) == ("pre1", "pre2", "post")
    assert model_sessions(spec, named, possible) == ("baseline", "post")
    assert first_session(spec, madrs) == baseline_session(spec, madrs) == "baseline"


def test_wide_scores_of_a_mean(tmp_path: Path) -> None:
    wide = "{table: madrs, columns: {COLUMNS}}"
    text = SCORES.replace("{table: madrs, column: total}", wide)
    for columns, sessions in {
        "pre1: a, pre2: b, post: c": ("pre1", "pre2", "baseline", "post"),
        "pre2: b, post: c": ("pre2", "baseline", "post"),
        "baseline: a, post: c": ("baseline", "post"),
    }.items():
        spec = spec_of(tmp_path, text.replace("COLUMNS", columns))
        assert possible_sessions(spec, spec.outcomes[0]) == sessions


def test_a_baseline_covariate_leaves_its_parts_out(tmp_path: Path) -> None:
    text = SCORES + "mixed_models: {m: {outcomes: [madrs], formula: time + baseline}}\n"
    (told,) = problems_of(tmp_path, text)
    assert "`baseline` is the score at `baseline`, which then is no row of the model" in told
