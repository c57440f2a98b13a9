"""Sentences on the elastic net."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bids_ketamine.core.prediction.procedure import MOST_LEFT_OUT_ONE
from bids_ketamine.reports import methods_elastic_net
from bids_ketamine.reports.methods_elastic_net import elastic_net_paragraphs
from bids_ketamine.reports.methods_text import boilerplate, group_text
from bids_ketamine.study.load import Study

HEADING = "Prediction of improvement"


def _text(study: Study, facts: dict[str, Any], **changes: Any) -> tuple[str, set[str]]:
    cited: set[str] = set()
    assert study.spec.elastic_net is not None
    net = replace(study.spec.elastic_net, **changes)
    return " ".join(elastic_net_paragraphs(net, spec=study.spec, facts=facts, cited=cited)), cited


def test_study_is_told(study: Study) -> None:
    text, cited = _text(study, {})
    for sentence in (
        "Improvement in caps5 was predicted from all imaging measures at once",
        "(1) imaging measures and covariates; (2) these, the arm (midazolam 0, ketamine 1), and "
        "each imaging measure, z-scored, times the arm; (3) these and improvement in madrs.",
        "Covariates: the first score of caps5, age, gender",
        "Models of the first session also have income",
        "on the mean framewise displacement of its own run",
        "imputed by chained equations (van Buuren and Groothuis-Oudshoorn, 2011)",
        "All of this was estimated in the training participants of each fold",
        "missing in more than 50 % of the participants",
        "No step looked at the outcome.",
        "the sum of squared errors divided by 2n, plus lambda times [(1 \u2212 alpha)/2 times the "
        "sum of squared coefficients + alpha times the sum of their sizes]",
        "the path of 100 penalties",
        "alpha (11 values from 0 to 1) and penalty are those with the smallest leave-one-out",
        "Published analyses of this kind tell the in-sample R\u00b2",
        "nested cross-validation (Varma and Simon, 2006)",
        "10 repeats of nested 10-fold cross-validation",
        "went as a whole to another of the same arm",
        "1,000 times at most",
        "A test ended when 10 permutations had as high an R\u00b2, with p = 10 / permutations "
        "(Besag and Clifford, 1991)",
        "95 % percentile intervals and selection frequencies of 200 bootstrap samples of "
        "participants, drawn in each arm",
    ):
        assert sentence in text
    assert cited == {"zou", "glmnet", "varma", "besag", "vanbuuren"}


def test_settings_are_told(study: Study) -> None:
    text, cited = _text(
        study,
        {},
        imputation="median",
        preparation="whole_sample",
        selection="one_standard_error",
        permutations=0,
        bootstraps=0,
        l1_ratios=(0.5,),
        concurrent_outcome=None,
        baseline_outcome=False,
        measures=("gppi *",),
        threshold=1e-7,
    )
    for sentence in (
        "from the imaging measures chosen at once",
        "replaced by their median",
        "estimated once, over the whole sample, so that participants who are left out later had "
        "a part in it",
        "Mixing parameter alpha = 0.5 and penalty are those with the largest penalty whose",
        "No permutations were asked for, so that no model is called a finding.",
        "times the arm. Covariates: age",
        "In-sample and leave-one-out figures stop where glmnet does, at 1e-07.",
    ):
        assert sentence in text
    assert "bootstrap" not in text
    assert "madrs" not in text
    assert cited == {"zou", "glmnet", "varma"}


def test_facts_take_the_place_of_wishes(study: Study) -> None:
    settings = {"Permutations": 99, "StopAt": 0, "Imputation": "complete_cases", "Folds": 5}
    text, cited = _text(study, {"ElasticNet": {"Outcome": "pcl5", "Settings": settings}})
    assert "Improvement in pcl5" in text
    assert "99 times at most" in text
    assert "A test ended" not in text
    assert "Participants with a missing predictor were left out." in text
    assert "nested 5-fold" in text
    assert cited == {"zou", "glmnet", "varma"}
    odd, _ = _text(study, {"ElasticNet": {"Settings": dict.fromkeys(settings, object())}})
    assert "nested 10-fold" in odd


def test_steps_that_were_not_taken_are_not_told(study: Study) -> None:
    def told(missing: int, motion: bool, study: Study = study, **settings: Any) -> str:
        counts = {"change": missing, "baseline": 0}
        facts = {"MissingValues": counts, "MotionApplied": motion, "Settings": settings}
        text, cited = _text(study, {"ElasticNet": facts})
        assert ("vanbuuren" in cited) == (missing > 0 and not settings)
        return text

    text = told(0, True)
    assert "No predictor that entered had missing values. This was estimated in the train" in text
    assert "imputed" not in text
    text = told(3, False)
    assert "Missing predictors were imputed by chained equations" in text
    assert "framewise displacement" not in text
    assert "Missing predictors were replaced by their median." in told(3, True, Imputation="median")
    assert "Means and standard deviations of z-scores were estimated in" in told(0, False)
    alone = replace(study, spec=replace(study.spec, arms=None))
    assert "estimated in" not in told(0, False, alone)
    assert "Missing predictors, if any, were imputed" in _text(study, {})[0]


def test_section_hangs_on_study_and_facts(study: Study) -> None:
    def told(study: Study, facts: dict[str, Any]) -> bool:
        return HEADING in [heading for heading, _ in group_text(study, facts=facts).sections]

    assert told(study, {})
    assert told(study, {"ElasticNet": {"Outcome": "caps5"}})
    assert not told(study, {"Participants": 5})  # a group level without it
    assert not told(replace(study, spec=replace(study.spec, elastic_net=None)), {})


def test_folds_are_told_from_where_they_are_computed(study: Study) -> None:
    assert methods_elastic_net.MOST_LEFT_OUT_ONE == MOST_LEFT_OUT_ONE
    assert f"(above {MOST_LEFT_OUT_ONE} participants: by folds)" in _text(study, {})[0]


def test_one_arm_and_three(study: Study) -> None:
    assert study.spec.arms is not None
    alone = replace(study, spec=replace(study.spec, arms=None))
    text, _ = _text(alone, {}, concurrent_outcome=None)
    assert "Predictors of each kind: imaging measures and covariates." in text
    assert "of the same arm" not in text
    assert "the nested R\u00b2 of covariates without imaging measures" in text
    text, _ = _text(alone, {})
    assert "(1) imaging measures and covariates; (2) these and improvement in madrs." in text
    arms = replace(study.spec.arms, levels=("placebo", "low", "high"))
    text, _ = _text(replace(study, spec=replace(study.spec, arms=arms)), {})
    assert "the arm (low 1, others 0; high 1, others 0)" in text


def test_references_are_listed_once(study: Study) -> None:
    text = boilerplate(study)
    for doi in (
        "10.1111/j.1467-9868.2005.00503.x",
        "10.18637/jss.v033.i01",
        "10.1186/1471-2105-7-91",
        "10.1093/biomet/78.2.301",
        "10.18637/jss.v045.i03",
    ):
        assert text.count(doi) == 1
