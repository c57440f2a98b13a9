"""Sentences on parametric empirical Bayes, the group level of dynamic causal models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.facts import agreed, sentences_of
from bids_ketamine.reports.methods_dcm import level_words
from bids_ketamine.reports.words import is_number, listed, number
from bids_ketamine.study.peb_section import PebSpec
from bids_ketamine.study.spec import StudySpec

Facts = Sequence[Mapping[str, Any]]

#: What enters, by field.
FIELDS = {
    "connection": "connections (those of regions to themselves too)",
    "modulation": "modulations",
    "driving": "driving inputs",
}
#: What has a precision of its own.
COMPONENTS = {
    "single": "one precision for all parameters together",
    "all": "one precision for each parameter",
    "fields": "one precision for each kind of parameter",
}


def entries_of(told: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the entries of ``ParametricEmpiricalBayes`` in ``group.json``; none if damaged."""
    found = told if isinstance(told, list | tuple) else ()
    return tuple(each for each in found if isinstance(each, Mapping))


def peb_paragraphs(
    peb: PebSpec, *, spec: StudySpec, facts: Facts, cited: set[str]
) -> tuple[str, ...]:
    """Return what is said of parametric empirical Bayes.

    Parameters
    ----------
    peb : PebSpec
        What was asked for.
    spec : StudySpec
        Arms, sessions and groups of the study.
    facts : sequence of mapping
        Entries of ``group.json``, one for each model; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    cited.update(("friston2016", "zeidman2", "gelman"))
    first = _flag(facts, "WithinParticipantFirst", peb.within_participant_first)
    return (
        _analyses(peb, spec, facts, within_participant_first=first),
        _model(peb, facts, within_participant_first=first),
        _entering(spec),
        _inference(peb, facts),
        _departures(),
    )


def _flag(facts: Facts, key: str, asked: bool) -> bool:
    found = {each[key] for each in facts if isinstance(each.get(key), bool)}
    return found.pop() if len(found) == 1 else asked


def _number(facts: Facts, key: str, asked: float) -> float:
    found = {float(each[key]) for each in facts if is_number(each.get(key))}
    return found.pop() if len(found) == 1 else asked


def _fields(facts: Facts, asked: Sequence[str]) -> list[str]:
    found = {tuple(sentences_of(each, "Fields")) for each in facts} - {()}
    chosen = found.pop() if len(found) == 1 else tuple(asked)
    return [FIELDS.get(each, each) for each in chosen]


def _analyses(
    peb: PebSpec, spec: StudySpec, facts: Facts, *, within_participant_first: bool
) -> str:
    outcome = agreed(facts, "Outcome", peb.outcome)
    columns = (
        "mean, session (\u2212\u00bd and +\u00bd), improvement, and session \u00d7 improvement"
    )
    route = (
        "a first level over the two sessions of each participant (mean, session) and a second over "
        "these levels (mean, improvement)"
        if within_participant_first
        else f"one level over all sessions of all participants, with the columns {columns}"
    )
    arms = list(spec.arms.levels) if spec.arms is not None else []
    if len(arms) > 1:
        which = "over all participants and in each arm"
        third = f" {_between(arms)}"
        centred = ", in each arm where two are compared,"
    else:
        which, third, centred = "over all participants", "", ""
    share = peb.minimum_explained_variance
    least = f", explaining at least {number(100 * share)} % of the variance" if share > 0.0 else ""
    return (
        "Estimates of dynamic causal models were brought together over participants by parametric "
        "empirical Bayes (PEB; Friston et al., 2016; Zeidman et al., 2019, part 2), computed by "
        "bids_ketamine from the published equations, with results equal to SPM12's. Parameters: "
        f"{listed(_fields(facts, peb.fields))}. Four questions were asked: the mean in the first "
        "session; the change between sessions, and whether it goes with improvement "
        f"({outcome}), both by {route}; and whether the first session goes with the improvement "
        f"that follows (mean, improvement). All but the first were asked {which}.{third} Changes "
        "are those at the mean improvement. Improvement was centred in the "
        f"participants of a level{centred} and divided by its standard deviation in all who "
        "entered the analysis, which changes nothing but the unit; effects are told per point. "
        f"Who has a model in the sessions that an analysis needs{least}, and an improvement where "
        "it needs one, entered."
    )


def _entering(spec: StudySpec) -> str:
    """Tell which posteriors enter; without this, readers would take them for adjusted."""
    unlike = ", unlike the measures above" if spec.group.residualize_motion else ""
    return (
        "The posteriors that enter are SPM12's, not the calibrated estimates of the participants' "
        f"reports. They are not adjusted for head motion{unlike}; excluded sessions do not enter."
    )


def _between(arms: Sequence[str]) -> str:
    """Tell the two comparisons of arms, and which of them results rest on."""
    reference, *others = arms
    coded = f"\u2212\u00bd for {reference} and +\u00bd for {listed(others, 'or')}"
    first = "The two arms were"
    first = first if len(others) == 1 else f"Each other arm and {reference} were"
    return (
        f"{first} compared in one second level over the participants of both, with the columns "
        f"above and each of them times arm ({coded}), whose effects are the differences between "
        "arms: arms are fixed effects, and results are told from this level. Beside it stands the "
        "comparison that SPM12 and published analyses make, a third level over two arms' second "
        f"levels (mean and arm, {coded}), whose second column is the difference of every effect. "
        "It takes the arms for a sample of arms; two of them cannot tell how much arms vary, so "
        "the prior does, and it says little whatever the data."
    )


def _model(peb: PebSpec, facts: Facts, *, within_participant_first: bool) -> str:
    components = agreed(facts, "PrecisionComponents", peb.precision_components)
    rows = "participants" if within_participant_first else "sessions"
    return (
        "Each parameter of a model is the sum of group effects, which the columns of the design "
        f"weigh, and of a random effect of its own. Random effects of {rows} have "
        f"{COMPONENTS.get(components, components)}: the exponential of a parameter (prior mean 0, "
        "variance 1/16) times the precision that belongs to 1/16 of the prior variance of the "
        "first level. The posterior of each model enters, as in SPM12, with a sixteenth of its "
        "prior's precision added. Group effects of the first column have the mean and variance of "
        "the first-level prior; those of other columns have mean 0 and this variance divided by "
        "the mean square of the column. Posterior and free energy were found by variational "
        "Laplace, with the posterior of each model under a group prior following from the one it "
        "has by Bayesian model reduction (Friston et al., 2016), at most 64 iterations."
    )


def _inference(peb: PebSpec, facts: Facts) -> str:
    level = level_words(_number(facts, "Level", peb.level))
    freedom = number(_number(facts, "StudentDegreesOfFreedom", peb.degrees_of_freedom))
    return (
        f"Effects have {level} intervals of the posterior and the probability Pp that they have "
        "the sign of their estimate, the normal distribution function at |estimate| / standard "
        "deviation. Without any effect Pp would exceed .95 in 10 % of cases (5 % in each "
        "direction); it is not corrected for the number of effects. Beside it stand the "
        "probability of models with the effect against models without it, from a greedy search "
        "over nested models, and the log Bayes factor for the effect alone. The same levels were "
        f"estimated with random effects of Student's t distribution with {freedom} degrees of "
        "freedom, where all rows of a participant share a weight and an outlying participant "
        "counts less. Each Gaussian level was estimated again without each participant in turn, "
        "with improvement centred anew. Those over participants were compared with groups drawn "
        "from their own posterior (posterior predictive check; Gelman et al., 1996): the spread "
        "of participants, the one furthest out, and the correlation of sessions, which a level "
        "over sessions takes as independent given the design."
    )


def _departures() -> str:
    return (
        "Departures from SPM12: log-determinants are taken one by one, so that free energies of "
        "reduced models carry no rounding noise; averages over models are exact, not drawn; fixed "
        "parameters are left out of every inverse when participants' models are re-evaluated; "
        "effects of small prior variance are not taken for fixed; and the third level has "
        "\u2212\u00bd and +\u00bd in place of \u22121 and +1, so that its effect is the "
        "difference itself. The comparison of arms as fixed effects and the Student-t level go to "
        "the maximum by Newton steps; SPM12's scheme would end before it. These two, leaving out "
        "each participant and the check are not in SPM12."
    )
