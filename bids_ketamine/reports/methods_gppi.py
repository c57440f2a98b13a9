"""Sentences on generalized PPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.facts import agreed, sentences_of
from bids_ketamine.reports.methods_confounds import confound_words
from bids_ketamine.reports.words import is_number, listed, number
from bids_ketamine.study.spec import GppiSpec, TaskSpec

Facts = Sequence[Mapping[str, Any]]

MEASURES = {
    "correlation": "The interaction of a condition was expressed as Fisher's z of its semipartial "
    "correlation, that of the target with the part of the interaction that no other regressor of "
    "the model explains.",
    "regression": "The interaction of a condition was expressed as its regression coefficient, a "
    "change of the slope of the target on the seed; its unit is arbitrary, as it hangs on how "
    "series and conditions are scaled.",
}


def gppi_paragraphs(
    gppi: GppiSpec, tasks: Sequence[TaskSpec], *, facts: Facts, cited: set[str]
) -> tuple[str, ...]:
    """Return what is said of generalized PPI.

    Parameters
    ----------
    gppi : GppiSpec
        What was asked for.
    tasks : sequence of TaskSpec
        Tasks of the study.
    facts : sequence of mapping
        Sidecars of the tables of estimates; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    cited.add("mclaren")
    own = [task for task in tasks if not gppi.tasks or task.name in gppi.tasks]
    names = [task.name for task in own]
    method = agreed(facts, "Method", gppi.method)
    measure = agreed(facts, "Measure", gppi.measure)
    opening = (
        "Generalized psychophysiological interactions (McLaren et al., 2012) of "
        f"{'the task' if len(names) == 1 else 'the tasks'} {listed(names)} were estimated between "
        "all regions, each as the seed of all others"
    )
    cited.update(("gitelman", "spm") if method == "spm" else ("conn",))
    errors = any(task.error_trials is not None for task in own)
    made = _SPM if method == "spm" else _cleaned(method, gppi, facts, cited, errors=errors)
    return (f"{opening}, {made}", _model(method, measure), _PAIRS)


def _runs(facts: Facts) -> list[dict[str, Any]]:
    """Return the nuisance regressors of each run, as facts of runs tell them."""
    return [
        {"Confounds": names, "Notes": sentences_of(each, "Notes")}
        for each in facts
        for names in (each["Confounds"] if isinstance(each.get("Confounds"), list) else ())
        if isinstance(names, list)
    ]


def _cleaned(method: str, gppi: GppiSpec, facts: Facts, cited: set[str], *, errors: bool) -> str:
    """Tell CONN's route, and the one that fits cleaning and interaction at once."""
    nuisance = confound_words(gppi.confounds, _runs(facts), cited)
    which = "each condition and of error trials" if errors else "each condition"
    removed = f"the regressor of {which} and its temporal derivative, and a linear trend"
    which = ""
    if nuisance != "none":
        removed = f"nuisance regressors, {removed}"
        which = f" Nuisance regressors were {nuisance}."
    band = _band(gppi, facts)
    if method == "joint":
        opening = (
            "as in CONN (Whitfield-Gabrieli and Nieto-Castanon, 2012), but with cleaning and "
            f"interactions fitted at once. From the mean series of a region, {removed}"
            f"{f', and all frequencies outside {band} Hz,' if band else ''} were taken out in one "
            "least-squares projection; its products with the conditions lost the same but the "
            "conditions, which stayed in the model, so that cleaning did not make coefficients "
            "smaller. Series"
        )
    else:
        filtered = f"band-pass filtered afterwards ({band} Hz)" if band else "not filtered"
        opening = (
            "as CONN does (Whitfield-Gabrieli and Nieto-Castanon, 2012), from its equations. From "
            f"the mean series of a region, {removed} were regressed out by least squares; series "
            f"were {filtered}. They"
        )
    return (
        f"{opening} were not deconvolved: interactions are those of BOLD signals. Condition "
        "regressors were convolved with the canonical haemodynamic response and averaged over a "
        f"repetition time around the reference time of each volume.{which}"
    )


def _band(gppi: GppiSpec, facts: Facts) -> str:
    """Return the frequencies kept, as a sidecar tells or as was asked for; empty for all."""
    band: Any = gppi.band_pass
    told = [each["BandPass"] for each in facts if "BandPass" in each]
    if told and all(each == told[0] for each in told):
        band = told[0]
    if not isinstance(band, list | tuple) or len(band) != 2:
        return ""
    low, high = band
    if not is_number(high):
        return f"above {number(low)}"
    return f"{number(low)} to {number(high)}"


_SPM = (
    "as SPM12 does (Gitelman et al., 2003), from its equations. As a seed a region was its first "
    "eigenvariate, deconvolved to neural activity with the fixed priors of SPM12. Activity was "
    "multiplied with the input of each condition, which had lost its mean, and convolved with the "
    "canonical haemodynamic response again. As a target a region was its mean series. Whitening, "
    "high-pass filter and nuisance regressors were those of the task's GLM."
)
_PAIRS = (
    "Both directions of a pair, each region the seed of the other, were computed; the measure "
    "(`gppi`) is their mean. Standard errors allow for the serial correlation of the residuals. "
    "The variance inflation of each interaction and its correlation with the task are given "
    "beside the estimates."
)
#: What the model of a seed holds of its interactions.
INTERACTIONS = {
    "conn": "the products of the seed with every condition, which were not filtered",
    "joint": "the products of the seed with every condition",
    "spm": "the interactions of the seed with every condition",
}


def _model(method: str, measure: str) -> str:
    held = INTERACTIONS.get(method, INTERACTIONS["joint"])
    return (
        "The model of a seed and a target held the series of the seed, the regressors of all "
        f"conditions and {held}. Runs were cleaned one by one and joined, each without its means. "
        f"{MEASURES.get(measure, '')} The value of a contrast is the sum of those of its "
        "conditions, each with its weight: a difference between conditions where the weights sum "
        "to zero, else coupling relative to no condition."
    )
