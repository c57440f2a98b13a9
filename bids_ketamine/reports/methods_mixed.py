"""Sentences on mixed models and crossover trials."""

from __future__ import annotations

import re

from bids_ketamine.reports.words import counted, listed, percent
from bids_ketamine.study.spec import CrossoverSpec, MixedModelSpec, StudySpec

RULES = {
    "satterthwaite": "Satterthwaite's approximation (Satterthwaite, 1946)",
    "kenward_roger": "Kenward and Roger's, which enlarges standard errors too (Kenward and Roger, "
    "1997)",
    "residual": "the residual rule, n \u2212 p (values minus fixed effects)",
    "containment": "containment, in which what varies between participants has degrees of freedom "
    "of participants and what varies within them those of values",
}
PAPERS = {"satterthwaite": "satterthwaite", "kenward_roger": "kenward"}


def mixed_paragraphs(spec: StudySpec, *, cited: set[str]) -> tuple[str, ...]:
    """Return what is said of mixed models.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    cited.add("bates")
    models = spec.mixed_models
    rules = list(dict.fromkeys(rule for model in models for rule in model.degrees_of_freedom))
    cited.update(PAPERS[rule] for rule in rules if rule in PAPERS)
    paragraphs = [" ".join(_model(model) for model in models), _coding(spec)]
    if spec.crossover is not None:
        cited.add("senn")
        paragraphs.append(_crossover(spec.crossover, spec))
    paragraphs.append(_estimation(spec, rules))
    return tuple(each for each in paragraphs if each)


def _model(model: MixedModelSpec) -> str:
    measures = [f"`{each}`" for each in model.measures]
    values = listed([*model.outcomes, *measures])
    slope = "" if model.slope is None else f" and a random slope of {model.slope}"
    sentence = (
        f"Model {model.name}: {values} by fixed effects `{model.formula}` and a random intercept"
        f"{slope} of participants"
    )
    if model.sessions:
        sentence += f", in sessions {listed(list(model.sessions))}"
    if model.arms:
        sentence += f", in arms {listed(list(model.arms))}"
    sentence += (
        ", of participants with a value in every session."
        if model.complete
        else "; participants with some sessions missing enter with those they have."
    )
    return sentence


def _uses(spec: StudySpec, variable: str) -> bool:
    return any(variable in re.findall(r"\w+", model.formula) for model in spec.mixed_models)


def _coding(spec: StudySpec) -> str:
    sentences = []
    if _uses(spec, "time"):
        sentences.append(
            "time runs evenly from \u22120.5 in the first to +0.5 in the last session."
        )
    if _uses(spec, "response"):
        asked = dict.fromkeys(
            (model.response.outcome, model.response.fall)
            for model in spec.mixed_models
            if model.response is not None
        )
        for outcome, fall in asked:
            sentences.append(
                f"response is \u22120.5 in responders, whose {outcome} fell by {percent(fall)} or "
                "more, and +0.5 in others, so that time is the average change of the two groups."
            )
    if _uses(spec, "baseline"):
        sentences.append("baseline is the score of the first session, centred.")
    sentences.append(
        "Categories are compared with the first of their levels that anybody in the model has; "
        "numeric covariates are centred."
    )
    return " ".join(sentences)


def _crossover(crossover: CrossoverSpec, spec: StudySpec) -> str:
    treatments = listed(list(dict.fromkeys(crossover.values.values())))
    sentences = [
        f"In this crossover trial each participant had {treatments} in "
        f"{counted(len(crossover.columns), 'period')}: treatments are compared within "
        "participants (Senn, 2002)."
    ]
    if _uses(spec, "period"):
        sentences.append("Differences between periods are taken out.")
    if _uses(spec, "sequence"):
        sentences.append(
            "The effect of sequence stands for carry-over; it is tested between participants, and "
            "no other test was chosen by its p."
        )
    return " ".join(sentences)


def _estimation(spec: StudySpec, rules: list[str]) -> str:
    models = spec.mixed_models
    methods = {method for model in models for method in model.methods}
    names = {
        "reml": "restricted maximum likelihood (REML)",
        "ml": "maximum likelihood (ML), which underestimates variances of small samples",
    }
    told = listed([words for name, words in names.items() if name in methods])
    sentences = [
        f"Models were fitted by {told}: the deviance, profiled over fixed effects and the residual "
        "variance, is minimised over the relative covariance of random effects (Bates et al., "
        "2015). A variance of participants that is estimated at zero stays so and is told."
    ]
    if rules:
        sentences.append(
            f"Degrees of freedom of t and F are given by {listed([RULES[rule] for rule in rules])}."
        )
    if "satterthwaite" in rules and "reml" in methods:
        sentences.append(
            "Where no variance of participants is left, Satterthwaite's degrees of freedom are n "
            "\u2212 p" + ("; Kenward and Roger's are not." if "kenward_roger" in rules else ".")
        )
    if "residual" in rules and len(rules) > 1:
        sentences.append(
            "The residual rule is that of some published analyses; it counts sessions of a "
            "participant as if they were independent, and is too liberal for what differs between "
            "participants."
        )
    sentences.append(
        "Tests of terms are of type III. Effects that the data do not tell from each other have "
        "neither estimate nor test. p values are not corrected."
    )
    sentences += _intervals(spec)
    return " ".join(sentences)


def _intervals(spec: StudySpec) -> list[str]:
    level = percent(spec.group.confidence_level)
    models: dict[str, list[str]] = {}
    for model in spec.mixed_models:
        models.setdefault(_interval_words(model), []).append(model.name)
    ways = list(models)
    if len(models) > 1:
        ways = [
            f"{way} in model{'s' if len(names) > 1 else ''} {listed(names)}"
            for way, names in models.items()
        ]
    return [f"Intervals of {level} rest on {listed(ways, joint='and on')}."]


def _interval_words(model: MixedModelSpec) -> str:
    if model.intervals == "profile":
        return "the profile of the likelihood"
    if model.intervals == "bootstrap":
        return (
            "a studentized parametric bootstrap (bootstrap-t; "
            f"{model.bootstrap_draws:,} trials drawn from the fit)"
        )
    return "standard errors and t"
