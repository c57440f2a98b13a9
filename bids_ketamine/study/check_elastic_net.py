"""Rules on the elastic net that span several settings."""

from __future__ import annotations

from collections.abc import Callable

from bids_ketamine.study.check_lists import change_of, check_change_images
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.measure_names import can_be_chosen, possible_measures
from bids_ketamine.study.spec import CovariateSpec, ElasticNetSpec, StudySpec
from bids_ketamine.study.wrong_names import named_twice, nearest_measure, unknown_name

#: What to do where a study has nothing for the method.
WITHOUT = "; `elastic_net: null` leaves the method out"

#: Tells a sentence about the setting of a name.
Tell = Callable[[str, str], None]


def check_elastic_net(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `elastic_net` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.elastic_net
    if section is None:
        return

    def tell(name: str, sentence: str) -> None:
        problem(("elastic_net", name), f"elastic_net.{name}{sentence}")

    if not spec.has_imaging:
        problem(
            ("elastic_net",),
            f"elastic_net needs imaging measures: the study has neither tasks nor rest{WITHOUT}",
        )
    else:
        _check_measures(spec, section, problem)
    _check_outcomes(spec, section, tell)
    check_change_images(spec, ("elastic_net", "outcome"), section.outcome, problem)
    _check_covariates(spec, section, problem)
    if not section.l1_ratios:
        tell("l1_ratios", " names no mixing parameter")
    for value in named_twice(section.l1_ratios):
        tell("l1_ratios", f" names {value:g} twice")


def entering_covariates(
    spec: StudySpec,
) -> tuple[tuple[CovariateSpec, ...], tuple[CovariateSpec, ...]]:
    """Return the study's covariates that enter the elastic net.

    Parameters
    ----------
    spec : StudySpec
        The study.

    Returns
    -------
    everywhere : tuple of CovariateSpec
        Those of all models, in the order of the study.
    at_baseline : tuple of CovariateSpec
        Those of the baseline models alone.
    """
    section = spec.elastic_net
    if section is None:
        return (), ()
    late = section.baseline_covariates
    at_baseline = tuple(each for each in spec.covariates if each.name in late)
    if section.covariates is None:
        return tuple(each for each in spec.covariates if each.name not in late), at_baseline
    return tuple(each for each in spec.covariates if each.name in section.covariates), at_baseline


def _check_outcomes(spec: StudySpec, section: ElasticNetSpec, tell: Tell) -> None:
    known = {each.name: each for each in spec.outcomes}
    if section.outcome not in known:
        tell("outcome", unknown_name("outcome", section.outcome, list(known)) + WITHOUT)
    elif known[section.outcome].change_column and change_of(spec, known[section.outcome]) is None:
        # Where scores of sessions are read, a lacking change is a problem of the outcome.
        tell(
            "outcome",
            f": the improvement of `{section.outcome}` belongs to no change, and measures of two "
            f"sessions are compared; name these sessions under `changes`{WITHOUT}",
        )
    concurrent = section.concurrent_outcome
    if concurrent is None:
        return
    if concurrent not in known:
        others = [name for name in known if name != section.outcome]
        tell("concurrent_outcome", unknown_name("outcome", concurrent, others))
    elif concurrent == section.outcome:
        tell(
            "concurrent_outcome",
            f" is the outcome itself, `{concurrent}`; name another outcome, or none",
        )
    elif section.outcome in known:
        names = [change_of(spec, known[each]) for each in (section.outcome, concurrent)]
        if None not in names and names[0] != names[1]:
            tell(
                "concurrent_outcome",
                f": the improvement of `{concurrent}` is over `{names[1]}`, that of "
                f"`{section.outcome}` over `{names[0]}`; name an outcome of the same change",
            )


def _check_covariates(spec: StudySpec, section: ElasticNetSpec, problem: Problem) -> None:
    known = [each.name for each in spec.covariates]
    lists = {
        "covariates": section.covariates or (),
        "baseline_covariates": section.baseline_covariates,
    }
    for setting, names in lists.items():
        for number, name in enumerate(names):
            if name not in known:
                problem(
                    ("elastic_net", setting, number),
                    f"elastic_net.{setting}{unknown_name('covariate', name, known)}",
                )
        for name in named_twice(names):
            problem(("elastic_net", setting), f"elastic_net.{setting} names `{name}` twice")
    for name in dict.fromkeys(lists["covariates"]):
        if name in lists["baseline_covariates"]:
            problem(
                ("elastic_net", "baseline_covariates"),
                f"elastic_net: `{name}` stands in covariates, which enter all models, and in "
                "baseline_covariates; keep one",
            )


def _check_measures(spec: StudySpec, section: ElasticNetSpec, problem: Problem) -> None:
    """Refuse patterns that no measure of the study can fit."""
    possible = possible_measures(spec)
    for number, pattern in enumerate(section.measures):
        at: KeyPath = ("elastic_net", "measures", number)
        if not can_be_chosen(pattern, possible):
            problem(
                at,
                f"elastic_net.measures: no measure of the study fits `{pattern}`; "
                f"{nearest_measure(pattern, possible)}",
            )
    for pattern in named_twice(section.measures):
        problem(("elastic_net", "measures"), f"elastic_net.measures names `{pattern}` twice")
