"""Sentences on the elastic net and on prediction that holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.facts import mapping_of
from bids_ketamine.reports.group_elastic_net_data import RECORD, setting_of
from bids_ketamine.reports.methods_dcm import level_words
from bids_ketamine.reports.words import counted, is_number, listed, number, percent, text
from bids_ketamine.study.check_elastic_net import entering_covariates
from bids_ketamine.study.elastic_net_section import ElasticNetSpec
from bids_ketamine.study.spec import StudySpec

Facts = Mapping[str, Any]

#: Participants up to whom one is left out at a time; that of the computation, which is slow to
#: import.
MOST_LEFT_OUT_ONE = 40


def elastic_net_paragraphs(
    net: ElasticNetSpec, *, spec: StudySpec, facts: Facts, cited: set[str]
) -> tuple[str, ...]:
    """Return what is said of the elastic net.

    Parameters
    ----------
    net : ElasticNetSpec
        What was asked for.
    spec : StudySpec
        Arms, covariates and the motion step of the study.
    facts : mapping
        ``group.json``; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    cited.update(("zou", "glmnet", "varma"))
    imputation = str(_setting(net, facts, "imputation"))
    missing = _missing_values(facts)
    if imputation == "chained_equations" and missing != 0:
        cited.add("vanbuuren")
    if _count(net, facts, "permutations") and _count(net, facts, "stop_at"):
        cited.add("besag")
    return (
        _models(net, spec, facts),
        _preparation(net, spec, facts, imputation, missing),
        _model(net, facts),
        _figures(net, spec, facts),
        _inference(net, spec, facts),
    )


def _setting(net: ElasticNetSpec, facts: Facts, name: str) -> Any:
    """Return a setting as the group level recorded it, else as the study has it."""
    found = setting_of(facts, name)
    return getattr(net, name) if found is None else found


def _count(net: ElasticNetSpec, facts: Facts, name: str) -> int:
    found = _setting(net, facts, name)
    return int(found if is_number(found) else getattr(net, name))


def motion_applied(facts: Facts, spec: StudySpec) -> bool:
    """Tell whether head motion was taken out of any measure, as far as it is known.

    Parameters
    ----------
    facts : mapping
        ``group.json``; empty when only the study is told.
    spec : StudySpec
        Says whether it is to be taken out.
    """
    done = mapping_of(facts, RECORD).get("MotionApplied")
    asked = setting_of(facts, "residualize_motion")
    asked = asked if isinstance(asked, bool) else spec.group.residualize_motion
    return done if isinstance(done, bool) else asked


def _missing_values(facts: Facts) -> int | None:
    """Return how many values of predictors lacked; None where nobody has counted."""
    counts = mapping_of(mapping_of(facts, RECORD), "MissingValues")
    if not counts or not all(is_number(each) for each in counts.values()):
        return None
    return int(sum(counts.values()))


def _arms(spec: StudySpec) -> list[str]:
    return list(spec.arms.levels) if spec.arms is not None else []


def _models(net: ElasticNetSpec, spec: StudySpec, facts: Facts) -> str:
    told = mapping_of(facts, RECORD)
    outcome = text(told.get("Outcome"), net.outcome)
    concurrent = text(told.get("ConcurrentOutcome"), net.concurrent_outcome or "")
    which = "the imaging measures chosen" if net.measures else "all imaging measures"
    opening = (
        f"Improvement in {outcome} was predicted from {which} at once, by elastic nets of two "
        "kinds: from changes between the two sessions (correlates) and from values of the first "
        "session (predictors)."
    )
    models = ["imaging measures and covariates"]
    arms = _arms(spec)
    if len(arms) > 1:
        reference, *others = arms
        coded = "; ".join(f"{arm} 1, others 0" for arm in others)
        coded = f"{reference} 0, {others[0]} 1" if len(others) == 1 else coded
        models.append(
            f"these, the arm ({coded}), and each imaging measure, z-scored, times the arm"
        )
    if concurrent:
        models.append(f"these and improvement in {concurrent}")
    numbers = [f"({place}) {words}" for place, words in enumerate(models, 1)]
    each = (
        f"The models of each kind: {'; '.join(numbers)}."
        if len(models) > 1
        else f"Predictors of each kind: {models[0]}."
    )
    return " ".join([opening, each, *_covariates(net, spec, outcome)])


def _covariates(net: ElasticNetSpec, spec: StudySpec, outcome: str) -> list[str]:
    everywhere, at_baseline = (
        [each.name.replace("_", " ") for each in some] for some in entering_covariates(spec)
    )
    first = [f"the first score of {outcome}"] if net.baseline_outcome else []
    sentences = []
    if first or everywhere:
        sentences.append(f"Covariates: {listed([*first, *everywhere])}.")
    else:
        sentences.append("There were no covariates.")
    if at_baseline:
        sentences.append(f"Models of the first session also have {listed(at_baseline)}.")
    if any(each.kind == "categorical" for each in spec.covariates):
        sentences.append(
            "Categorical covariates have a column for each level but the most frequent one."
        )
    return sentences


def _preparation(
    net: ElasticNetSpec, spec: StudySpec, facts: Facts, imputation: str, missing: int | None
) -> str:
    sentences = []
    motion = motion_applied(facts, spec)
    if motion:
        sentences.append(
            "Each imaging measure was regressed on the mean framewise displacement of its own run "
            "(for changes over participants and both sessions together, else in the first session "
            "alone), and residuals went on."
        )
    sentences.append(_imputation(imputation, missing))
    imputed = imputation != "complete_cases" and missing != 0
    what = "All of this was" if motion and imputed else "This was" if motion or imputed else ""
    if not what and len(_arms(spec)) > 1:
        what = "Means and standard deviations of z-scores were"
    where = {
        "training_folds": "estimated in the training participants of each fold and applied to "
        "those left out.",
        "whole_sample": "estimated once, over the whole sample, so that participants who are left "
        "out later had a part in it.",
    }.get(str(_setting(net, facts, "preparation")))
    if what and where:
        sentences.append(f"{what} {where}")
    share = _setting(net, facts, "maximum_missing")
    most = percent(share) if is_number(share) else "the allowed share"
    sentences.append(
        f"Predictors that are missing in more than {most} of the participants, constant, or "
        "perfectly correlated with an earlier one did not enter. No step looked at the outcome."
    )
    return " ".join(filter(None, sentences))


def _imputation(way: str, missing: int | None) -> str:
    """Say what was done with missing predictors, or that there were none."""
    if missing == 0:
        return "No predictor that entered had missing values."
    them = "Missing predictors" if missing else "Missing predictors, if any,"
    ways = {
        "chained_equations": f"{them} were imputed by chained equations (van Buuren and "
        "Groothuis-Oudshoorn, 2011), by ridge regression of each incomplete predictor on the "
        "others of its kind: imaging measures by imaging measures, covariates by covariates.",
        "median": f"{them} were replaced by their median.",
        "complete_cases": "Participants with a missing predictor were left out.",
    }
    return ways.get(way, f"Missing predictors: {way}.")


def _grid(values: Sequence[Any]) -> str:
    told = [float(each) for each in values if is_number(each)]
    if len(told) == 1:
        return f"alpha = {number(told[0])}"
    return f"alpha ({len(told)} values from {number(min(told))} to {number(max(told))})"


def _model(net: ElasticNetSpec, facts: Facts) -> str:
    ratios = _setting(net, facts, "l1_ratios")
    grid = _grid(ratios if isinstance(ratios, list | tuple) and ratios else net.l1_ratios)
    rule = (
        "the largest penalty whose leave-one-out squared error is within one standard error of "
        "the smallest"
        if _setting(net, facts, "selection") == "one_standard_error"
        else "the smallest leave-one-out squared error"
    )
    threshold = _setting(net, facts, "threshold")
    stops = (
        f" In-sample and leave-one-out figures stop where glmnet does, at {threshold:g}."
        if is_number(threshold) and threshold > 0.0
        else ""
    )
    return (
        "An elastic net (Zou and Hastie, 2005) minimizes the sum of squared errors divided by 2n, "
        "plus lambda times [(1 \u2212 alpha)/2 times the sum of squared coefficients + alpha times "
        "the sum of their sizes], with predictors of mean 0 and standard deviation 1 and the "
        "outcome divided by its standard deviation. It is computed by bids_ketamine as glmnet "
        "defines it (Friedman et al., 2010), to convergence: the path of "
        f"{counted(_count(net, facts, 'n_penalties'), 'penalty', 'penalties')} lambda from the "
        "smallest that leaves no predictor, its early stop, and in each fold a path of its own, "
        f"interpolated at the penalties of all participants. Mixing parameter {grid} and penalty "
        f"are those with {rule}.{stops} Coefficients are told per standard deviation of the "
        "predictor."
    )


def _figures(net: ElasticNetSpec, spec: StudySpec, facts: Facts) -> str:
    others = ["covariates"] if net.baseline_outcome or any(entering_covariates(spec)) else []
    others += ["arms"] if len(_arms(spec)) > 1 else []
    alone = (
        f", the mean absolute error, and the nested R\u00b2 of {listed(others)} without imaging "
        "measures."
        if others
        else " and the mean absolute error."
    )
    repeats, folds = (_count(net, facts, name) for name in ("repeats", "folds"))
    whole = _setting(net, facts, "preparation") == "whole_sample"
    chosen = (
        "mixing parameter and penalty" if whole else "preparation, mixing parameter and penalty"
    )
    return (
        "R\u00b2 is 1 minus the sum of squared errors divided by the sum of squares around the "
        "mean. Published analyses of this kind tell the in-sample R\u00b2, of the participants "
        "that the model was fitted to, and choose by leave-one-out errors; both are optimistic, "
        "since who is predicted took part in the choice. What holds for new participants is "
        "nested cross-validation (Varma and Simon, 2006): each participant is predicted by a model "
        f"whose {chosen} come from a leave-one-out grid over the "
        f"others (above {MOST_LEFT_OUT_ONE} participants: by folds). Beside it stand "
        f"{counted(repeats, 'repeat')} of nested {folds}-fold cross-validation{alone}"
    )


def _inference(net: ElasticNetSpec, spec: StudySpec, facts: Facts) -> str:
    permutations, stop_at, bootstraps = (
        _count(net, facts, name) for name in ("permutations", "stop_at", "bootstraps")
    )
    arms = len(_arms(spec)) > 1
    within = " of the same arm" if arms else ""
    sentences = []
    if permutations:
        sentences.append(
            "Whether imaging measures add anything was tested by permutation: the imaging measures "
            f"of a participant went as a whole to another{within}, with outcome, covariates and "
            "arms in their place, and the whole nested procedure was repeated, "
            f"{counted(permutations, 'time')} at most; p = (1 + permutations with as high an "
            "R\u00b2) / (1 + permutations)."
        )
        if stop_at:
            sentences.append(
                f"A test ended when {stop_at} permutations had as high an R\u00b2, with p = "
                f"{stop_at} / permutations (Besag and Clifford, 1991)."
            )
        sentences.append(
            "A second test permuted the outcome over all participants. A model is called a finding "
            "if p of the first test is below .05 and the nested R\u00b2 is above 0 and above that "
            "of covariates alone; p is not corrected for the number of models."
        )
    else:
        sentences.append("No permutations were asked for, so that no model is called a finding.")
    if bootstraps:
        level = _setting(net, facts, "level")
        sentences.append(
            f"Coefficients have {level_words(level if is_number(level) else net.level)} percentile "
            f"intervals and selection frequencies of {counted(bootstraps, 'bootstrap sample')} of "
            f"participants{', drawn in each arm' if arms else ''}; mixing parameter and penalty "
            "were chosen anew in each, with all copies of a participant left out together."
        )
    sentences.append(
        "A self-test changed the outcome of participants who are left out; their prediction may "
        "not change. Measures were not tested so, since all participants prepare them."
        if _setting(net, facts, "preparation") == "whole_sample"
        else "A self-test changed outcome and measures of participants who are left out; nothing "
        "that predicts them may change."
    )
    return " ".join(sentences)
