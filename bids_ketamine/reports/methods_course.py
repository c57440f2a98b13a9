"""Sentences on visits, response, correlations of scores, and primary outcomes."""

from __future__ import annotations

from bids_ketamine.reports.words import counted, listed
from bids_ketamine.study.spec import (
    ClinicalCourseSpec,
    LogisticRegressionSpec,
    PrimaryOutcomesSpec,
    ScoreCorrelationsSpec,
    StudySpec,
)

#: Papers that :func:`course_paragraphs` may cite, for the list of references.
COURSE_REFERENCES = {
    "dunn": "Dunn OJ (1961). Multiple comparisons among means. Journal of the American "
    "Statistical Association 56:52-64. doi:10.1080/01621459.1961.10482090",
    "firth": "Firth D (1993). Bias reduction of maximum likelihood estimates. Biometrika "
    "80:27-38. doi:10.1093/biomet/80.1.27",
    "guy": "Guy W (1976). ECDEU assessment manual for psychopharmacology, revised. US Department "
    "of Health, Education, and Welfare, Rockville, Maryland.",
    "heinze": "Heinze G, Schemper M (2002). A solution to the problem of separation in logistic "
    "regression. Statistics in Medicine 21:2409-2419. doi:10.1002/sim.1047",
    "wilson": "Wilson EB (1927). Probable inference, the law of succession, and statistical "
    "inference. Journal of the American Statistical Association 22:209-212. "
    "doi:10.1080/01621459.1927.10502953",
}


def course_paragraphs(spec: StudySpec, *, cited: set[str]) -> tuple[str, ...]:
    """Return what is said of the clinical course; nothing where nothing is asked for.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    cited : set of str
        Gets the papers that the sentences rest on: keys of :data:`COURSE_REFERENCES`.
    """
    told = []
    if spec.clinical_course is not None:
        told.append(_course(spec.clinical_course, cited))
    if spec.score_correlations is not None:
        told.append(_correlations(spec.score_correlations))
    told += [_logistic(each, cited) for each in spec.logistic_regressions]
    if spec.primary_outcomes is not None:
        told.append(_primary(spec.primary_outcomes, spec, cited))
    return tuple(told)


def _of_arms(arms: tuple[str, ...]) -> str:
    return f" of {listed(list(arms))}" if arms else ""


def _course(section: ClinicalCourseSpec, cited: set[str]) -> str:
    cited.add("wilson")
    sentences = [
        f"Participants{_of_arms(section.arms)} with a score of {section.outcome} at the first "
        "visit were followed over all visits, each compared with the first by a paired t test of "
        "those seen at both; effect sizes are Cohen's d over the standard deviation of changes "
        "(d_z) and over that of scores (d_av).",
        f"Response was a fall by {100 * section.response_fall:g} % of the first score or more",
    ]
    if section.remission_below is not None:
        sentences[-1] += f", remission a score below {section.remission_below:g}"
    if section.rating is not None:
        cited.add("guy")
        sentences[-1] += (
            f", improvement a rating of {section.rating_at_most} or less in {section.rating} "
            "(clinical global impression; Guy, 1976)"
        )
    sentences[-1] += "."
    sentences.append(
        "Rates are given among those seen and among everybody with those not seen as failures, "
        "with Wilson's intervals (Wilson, 1927)."
    )
    return " ".join(sentences)


def _correlations(section: ScoreCorrelationsSpec) -> str:
    scores = [
        f"{score} ({listed(list(sessions))})" for score, sessions in (section.scores or {}).items()
    ]
    return (
        f"Scores of {listed(scores)} were correlated with the change of {section.outcome} (second "
        f"minus first session){_of_arms(section.arms)}: Pearson's r, with intervals by Fisher's "
        "z, not corrected for the number of correlations."
    )


def _logistic(section: LogisticRegressionSpec, cited: set[str]) -> str:
    cited |= {"firth", "heinze"}
    return (
        f"Whether {section.outcome} was {section.at_least:g} or more{_of_arms(section.arms)} was "
        f"modelled by logistic regression on {listed(list(section.predictors))} of the same "
        "session, with likelihood ratio tests and profile intervals; where predictors separated "
        "the outcomes, by Firth's penalized likelihood (Firth, 1993; Heinze and Schemper, 2002)."
    )


def _primary(section: PrimaryOutcomesSpec, spec: StudySpec, cited: set[str]) -> str:
    cited.add("dunn")
    tests = []
    rating = spec.clinical_course.rating if spec.clinical_course is not None else None
    changed = [each for each in section.scores if each != rating]
    if changed:
        tests.append(f"the change of {listed(changed)} (paired t test)")
    if rating in section.scores:
        tests.append(f"the mean of {rating} against 4, no change (t test)")
    if section.mixed_model is not None:
        model = next((e for e in spec.mixed_models if e.name == section.mixed_model), None)
        rule = f" ({model.methods[0]}, {model.degrees_of_freedom[0]})" if model else ""
        n_terms = counted(len(section.terms), "term")
        names = listed([f"`{each}`" for each in section.terms])
        tests.append(f"the {n_terms} {names} of the mixed model {section.mixed_model}{rule}")
    return (
        f"Primary outcomes were {listed(tests)}. Each p is given as it is, beside the threshold "
        f"of {section.level:g} over their number (Bonferroni; Dunn, 1961)."
    )
