"""Sentences on clinical statistics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bids_ketamine.reports.methods_clinical import clinical_text
from bids_ketamine.reports.references import REFERENCES
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import (
    ArmsSpec,
    BehaviourSpec,
    CrossoverSpec,
    MixedModelSpec,
    RepeatedMeasuresSpec,
    ResponseSpec,
    StudySpec,
    TableOneSpec,
)


@pytest.fixture
def bare(study: Study) -> StudySpec:
    return replace(
        study.spec,
        table_one=None,
        repeated_measures=None,
        behaviour=None,
        symptom_dimensions=None,
        mixed_models=(),
        crossover=None,
    )


def _told(spec: StudySpec) -> tuple[dict[str, str], set[str]]:
    cited: set[str] = set()
    sections = clinical_text(spec, facts={}, cited=cited)
    assert cited <= set(REFERENCES)
    return {heading: " ".join(paragraphs) for heading, paragraphs in sections}, cited


def test_nothing_asked_nothing_told(bare: StudySpec, study: Study) -> None:
    assert _told(bare) == ({}, set())
    assert clinical_text(study.spec, facts={"Participants": 20}, cited=set()) == []


def test_table_one_and_anova(bare: StudySpec) -> None:
    spec = replace(
        bare,
        table_one=TableOneSpec(),
        repeated_measures=RepeatedMeasuresSpec(outcomes=("caps5", "madrs")),
    )
    text, cited = _told(spec)
    for sentence in (
        "Welch's t test (Welch, 1947)",
        "with Yates' correction for tables of 2 × 2 (Yates, 1934)",
        "Scores of caps5 and madrs in sessions pre and post",
        "(arm × session × measure; sequential sums of squares)",
        "against one pooled error",
        "In the stratified analysis each of these terms has an error of its own.",
    ):
        assert sentence in text["Clinical statistics"]
    # Two sessions and two measures leave nothing to correct for sphericity.
    assert cited == {"welch", "yates", "schulz", "allen"}
    three = replace(
        spec,
        arms=ArmsSpec(levels=("a", "b", "c")),
        table_one=TableOneSpec(yates=False),
        repeated_measures=None,
    )
    text, cited = _told(three)
    assert "Welch's analysis of variance (Welch, 1951)" in text["Clinical statistics"]
    assert "Yates" not in text["Clinical statistics"]
    assert "welch1951" in cited


def test_anova_of_one_outcome_has_one_error(bare: StudySpec) -> None:
    section = RepeatedMeasuresSpec(outcomes=("caps5",), sessions=("pre", "post"))
    text, cited = _told(replace(bare, repeated_measures=section))
    told = text["Clinical statistics"]
    assert told.endswith("one error within participants, whether error strata are pooled or not.")
    assert "stratified" not in told
    assert "greenhouse" not in cited
    visits = replace(section, sessions=("pre", "mid", "post"))
    text, cited = _told(replace(bare, repeated_measures=visits))
    assert (
        "As in a stratified analysis, terms of more than two sessions are corrected by Greenhouse "
        "and Geisser's epsilon (Greenhouse and Geisser, 1959)."
    ) in text["Clinical statistics"]
    assert "greenhouse" in cited
    both = replace(visits, outcomes=("caps5", "madrs"))
    text, _ = _told(replace(bare, repeated_measures=both))
    assert (
        "In the stratified analysis each of these terms has an error of its own, and terms of more "
        "than two sessions or outcomes are corrected"
    ) in text["Clinical statistics"]


def test_intervals_are_told_model_by_model(bare: StudySpec) -> None:
    course = MixedModelSpec(name="course", outcomes=("madrs",), formula="time")
    drawn = replace(course, name="boot", intervals="bootstrap", bootstrap_draws=200)
    text, _ = _told(replace(bare, mixed_models=(course, drawn, replace(drawn, name="more"))))
    assert text["Mixed models"].endswith(
        "Intervals of 95 % rest on standard errors and t in model course and on a studentized "
        "parametric bootstrap (bootstrap-t; 200 trials drawn from the fit) in models boot and more."
    )
    assert "1,000" not in text["Mixed models"]


def test_degrees_of_freedom_at_the_boundary(bare: StudySpec) -> None:
    rules = ("satterthwaite", "kenward_roger")
    model = MixedModelSpec(
        name="course", outcomes=("madrs",), formula="time", degrees_of_freedom=rules
    )
    text, _ = _told(replace(bare, mixed_models=(model,)))
    assert (
        "Where no variance of participants is left, Satterthwaite's degrees of freedom are n "
        "\u2212 p; Kenward and Roger's are not."
    ) in text["Mixed models"]
    for changed in (
        replace(model, degrees_of_freedom=("residual",)),
        replace(model, methods=("ml",), degrees_of_freedom=("satterthwaite",)),
    ):
        text, _ = _told(replace(bare, mixed_models=(changed,)))
        assert "Where no variance" not in text["Mixed models"]


def test_mixed_models_and_crossover(bare: StudySpec) -> None:
    model = MixedModelSpec(
        name="course",
        outcomes=("madrs",),
        formula="time + time:response",
        methods=("reml", "ml"),
        response=ResponseSpec(outcome="madrs", fall=0.5),
    )
    text, cited = _told(replace(bare, mixed_models=(model,)))
    for sentence in (
        "Model course: madrs by fixed effects `time + time:response` and a random intercept of "
        "participants",
        "response is \u22120.5 in responders, whose madrs fell by 50 % or more",
        "restricted maximum likelihood (REML) and maximum likelihood (ML)",
        "(Bates et al., 2015)",
        "Satterthwaite's approximation (Satterthwaite, 1946) and the residual rule, n \u2212 p",
        "Intervals of 95 % rest on standard errors and t.",
    ):
        assert sentence in text["Mixed models"]
    assert {"bates", "satterthwaite"} <= cited
    assert not {"senn", "kenward"} & cited
    crossed = MixedModelSpec(
        name="crossed",
        outcomes=("madrs",),
        formula="treatment + period + sequence",
        degrees_of_freedom=("kenward_roger",),
        intervals="bootstrap",
        slope="time",
    )
    crossover = CrossoverSpec(columns=("one", "two"), values={"d": "ketamine", "p": "placebo"})
    text, cited = _told(replace(bare, mixed_models=(crossed,), crossover=crossover))
    for sentence in (
        "each participant had ketamine and placebo in 2 periods",
        "(Senn, 2002). Differences between periods are taken out. The effect of sequence stands "
        "for carry-over",
        "and a random slope of time",
        "(Kenward and Roger, 1997)",
        "a studentized parametric bootstrap (bootstrap-t; 1,000 trials drawn from the fit)",
    ):
        assert sentence in text["Mixed models"]
    assert {"senn", "kenward"} <= cited


def test_dimensions_and_behaviour(bare: StudySpec, study: Study) -> None:
    section = study.spec.symptom_dimensions
    assert section is not None
    spec = replace(bare, symptom_dimensions=section, behaviour=BehaviourSpec(tasks=("faces",)))
    text, cited = _told(spec)
    assert "7 dimensions (re experiencing, avoidance" in text["Symptom dimensions"]
    assert "(Armour et al., 2015)" in text["Symptom dimensions"]
    assert "with infusions and days between scans" in text["Symptom dimensions"]
    assert "the mean over correct answers" in text["Behaviour"]
    assert "armour" in cited
    other = replace(section, dimensions={"one": (1, 2, 3)}, minimum_items=1.0)
    text, cited = _told(replace(spec, symptom_dimensions=other))
    assert "1 dimension (one)" in text["Symptom dimensions"]
    assert "Where items were missing" not in text["Symptom dimensions"]
    assert "armour" not in cited
