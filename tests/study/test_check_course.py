"""Visits, correlations of scores, logistic regressions and primary outcomes: rules, sentences."""

from pathlib import Path

import pytest

from bids_ketamine.study.formula_variables import terms_of
from bids_ketamine.study.load import load_study
from tests.study.resting_study import NETWORKS, RESTING, problems_of

WHOLE = (
    RESTING
    + NETWORKS
    + """\
clinical_course:
  outcome: madrs
  sessions: [baseline, day1, post]
  arms: [patient]
  rating: cgi
  rating_at_most: 2
score_correlations: {outcome: madrs, scores: {serum: [day1, post]}, arms: [patient]}
logistic_regressions:
  effects: {outcome: mood, predictors: [serum], sessions: [day1], arms: [patient]}
primary_outcomes:
  scores: [madrs, cgi]
  mixed_model: fc
  terms: [time, "time:response"]
  measures: [network_connectivity rest dmn]
"""
)


def test_a_sound_study(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    path.write_text(WHOLE, encoding="utf-8")
    study = load_study(str(path))
    assert study.notices == ()
    assert study.spec.clinical_course.response_fall == 0.5
    (regression,) = study.spec.logistic_regressions
    assert (regression.name, regression.at_least) == ("effects", 1.0)


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            "outcome: madrs\n  sessions: [baseline, day1, post]\n  arms: [patient]",
            "outcome: mards\n  sessions: [baseline]\n  arms: [patients]",
            [
                "clinical_course.sessions needs two visits or more, the first of them before "
                "treatment",
                "clinical_course.outcome names no outcome of the study: `mards`; did you mean "
                "`madrs`? outcomes: madrs, mood, cgi, serum",
                "clinical_course.arms names no arm of the study: `patients`; did you mean "
                "`patient`? arms: control, patient",
            ],
        ),
        (
            "  outcome: madrs\n  sessions",
            "  outcome: serum\n  response_fall: 0\n  sessions",
            [
                "clinical_course.outcome: a fall of `serum` is no improvement",
                "clinical_course.response_fall must be above 0",
            ],
        ),
        (
            "rating: cgi\n  rating_at_most: 2",
            "rating: madrs\n  rating_at_most: 4",
            [
                "clinical_course.rating is the outcome itself, `madrs`",
                "clinical_course.rating_at_most: 4 is no improvement; ratings run from 1 to 7, and "
                "4 is no change",
            ],
        ),
        (
            "[baseline, day1, post]",
            "[baseline, pre1, day1, week8]",
            [
                "clinical_course.sessions names no session of the study: `week8`; sessions: pre1, "
                "pre2, baseline, day1, post",
                "clinical_course.sessions names `baseline`, the mean of pre1 and pre2, and `pre1` "
                "itself: the same values would count twice",
                "clinical_course.rating: `cgi` names no column for the session `pre1`, `week8`",
            ],
        ),
        (
            "{outcome: madrs, scores: {serum: [day1, post]}, arms: [patient]}",
            "{outcome: bprs, scores: {cgi: [pre1], sera: [], mood: [day9], serum: []}, arms: [x]}",
            [
                "score_correlations.outcome names no outcome of the study: `bprs`; outcomes: "
                "madrs, mood, cgi, serum",
                "score_correlations.scores.cgi: `cgi` names no column for the session `pre1`",
                "score_correlations.scores names no outcome of the study: `sera`; did you mean "
                "`serum`? outcomes: madrs, mood, cgi, serum",
                "score_correlations.scores.mood names no session of the study: `day9`; did you "
                "mean `day1`? sessions: pre1, pre2, baseline, day1, post",
                "score_correlations.scores.serum names no session",
                "score_correlations.arms names no arm of the study: `x`; arms: control, patient",
            ],
        ),
        (
            "{serum: [day1, post]}",
            "{}",
            ["score_correlations.scores names no outcome"],
        ),
        (
            "{outcome: mood, predictors: [serum], sessions: [day1], arms: [patient]}",
            "{outcome: mood, predictors: [mood, sera, cgi], sessions: [pre1, day1, day1]}",
            [
                "logistic_regressions.effects.sessions names `day1` twice",
                "logistic_regressions.effects.predictors names no outcome of the study: `sera`; "
                "did you mean `serum`? outcomes: madrs, mood, cgi, serum",
                "logistic_regressions.effects.predictors: `cgi` names no column for the session "
                "`pre1`",
                "logistic_regressions.effects.predictors: `mood` is what is predicted; name other "
                "outcomes",
            ],
        ),
        (
            "predictors: [serum]",
            "predictors: []",
            ["logistic_regressions.effects.predictors names no outcome"],
        ),
        (
            "scores: [madrs, cgi]",
            "scores: [madrs, madrs, cgi_i]",
            [
                "primary_outcomes.scores names no outcome of the study: `cgi_i`; did you mean "
                "`cgi`? outcomes: madrs, mood, cgi, serum",
                "primary_outcomes.scores names `madrs` twice",
            ],
        ),
        (
            "mixed_model: fc",
            "mixed_model: fcc",
            [
                "primary_outcomes.mixed_model names no mixed model of the study: `fcc`; did you "
                "mean `fc`? mixed models: fc",
            ],
        ),
        (
            "  mixed_model: fc\n",
            "",
            [
                "primary_outcomes.terms are of a mixed model: name it under "
                "`primary_outcomes.mixed_model`",
                "primary_outcomes.measures are of a mixed model: name it under "
                "`primary_outcomes.mixed_model`",
            ],
        ),
        (
            '[time, "time:response"]',
            '["response:time", arm]',
            [
                "primary_outcomes.terms: `response:time` is no term of mixed_models.fc; did you "
                "mean `time:response`? terms: time, time:response",
                "primary_outcomes.terms: `arm` is no term of mixed_models.fc; terms: time, "
                "time:response",
            ],
        ),
        (
            '[time, "time:response"]',
            "[]",
            ["primary_outcomes.terms names no term of mixed_models.fc"],
        ),
        (
            "[network_connectivity rest dmn]",
            "[network_connectivity rest visual, raw_tsnr rest dmn]",
            [
                "primary_outcomes.measures: no measure of the study fits `network_connectivity "
                "rest visual`",
                "primary_outcomes.measures: mixed_models.fc is not about `raw_tsnr rest dmn`; its "
                "measures: network_connectivity rest *",
            ],
        ),
    ],
)
def test_rules(tmp_path: Path, old: str, new: str, sentences: list[str]) -> None:
    assert WHOLE.count(old) == 1
    assert problems_of(tmp_path, WHOLE.replace(old, new)) == sentences


def test_primary_outcomes_name_something(tmp_path: Path) -> None:
    assert problems_of(tmp_path, RESTING + NETWORKS + "primary_outcomes: {level: 0}\n") == [
        "primary_outcomes names no outcome: give `scores`, or a `mixed_model` and its `terms`",
        "primary_outcomes.level must be above 0",
    ]


def test_a_change_alone_has_no_visits(tmp_path: Path) -> None:
    text = "name: a\nsessions: {pre: {}, post: {}}\noutcomes: {d: {change_column: d}}\n"
    text += "score_correlations: {outcome: d, scores: {d: [pre]}}\nclinical_course: {outcome: d}\n"
    text += "primary_outcomes: {scores: [d]}\n"
    assert problems_of(tmp_path, text) == [
        "clinical_course.sessions needs two visits or more, the first of them before treatment",
        "clinical_course.outcome: of `d` the change alone is known (`change_column`), and scores "
        "of sessions are needed",
        "score_correlations.outcome: `d` belongs to no change",
        "score_correlations.scores.d: of `d` the change alone is known (`change_column`), and "
        "scores of sessions are needed",
        "primary_outcomes.scores: `d` belongs to no change between two sessions",
    ]


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ("time", ("time",)),
        ("1 + time + time:response", ("time", "time:response")),
        ("time * arm", ("time", "arm", "time:arm")),
        ("a * b * c", ("a", "b", "c", "a:b", "a:c", "b:c", "a:b:c")),
        ("a:b + b", ("b", "a:b")),
        ("(time + arm) * sex", ("time", "arm", "sex", "time:sex", "arm:sex")),
    ],
)
def test_terms_of_formulas(formula: str, terms: tuple[str, ...]) -> None:
    assert terms_of(formula) == terms
