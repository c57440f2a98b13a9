"""Rules on parametric empirical Bayes that span several settings."""

from __future__ import annotations

import difflib

from bids_ketamine.study.check_lists import change_of, check_change_images
from bids_ketamine.study.dcm_names import modulations_of
from bids_ketamine.study.document import Problem
from bids_ketamine.study.spec import DcmModelSpec, OutcomeSpec, PebSpec, StudySpec

#: What to do where a study has nothing for the method.
WITHOUT = "; `peb: null` leaves the method out"


def check_peb(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `peb` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    if spec.peb is None:
        return
    if spec.dcm is None:
        problem(("peb",), f"peb needs `dcm`, whose models it is about{WITHOUT}")
    _check_outcome(spec, spec.peb, problem)
    _check_fields(spec, spec.peb, problem)


def models_without_parameters(spec: StudySpec) -> tuple[DcmModelSpec, ...]:
    """Return the models that have no parameter of the fields that the group level is about.

    Parameters
    ----------
    spec : StudySpec
        A study.

    Returns
    -------
    tuple of DcmModelSpec
        In the order of the study; none where the study has no group level of models.
    """
    if spec.peb is None or spec.dcm is None or {*spec.peb.fields} != {"modulation"}:
        return ()  # every model has connections (of its regions to themselves) and drives
    return tuple(model for model in spec.dcm.models if not modulations_of(model))


def _check_outcome(spec: StudySpec, peb: PebSpec, problem: Problem) -> None:
    known = [outcome.name for outcome in spec.outcomes]
    found = next((each for each in spec.outcomes if each.name == peb.outcome), None)
    if found is None:
        close = difflib.get_close_matches(peb.outcome, known, n=1)
        guess = f"did you mean `{close[0]}`? " if close else ""
        offer = f"outcomes: {', '.join(known)}" if known else "the study has no outcomes"
        problem(
            ("peb", "outcome"),
            f"peb.outcome names no outcome of the study: `{peb.outcome}`; {guess}{offer}{WITHOUT}",
        )
    elif found.change_column and found.change is None and not spec.changes:
        # Where scores of sessions are read, a lacking change is a problem of the outcome.
        problem(
            ("peb", "outcome"),
            f"peb.outcome: the improvement of `{peb.outcome}` belongs to no change, and models of "
            f"two sessions are compared; name these sessions under `changes`{WITHOUT}",
        )
    else:
        _check_peb_sessions(spec, found, problem)


def _check_peb_sessions(spec: StudySpec, outcome: OutcomeSpec, problem: Problem) -> None:
    """Refuse sessions of which there is no model: visits without images, and means of sessions."""
    where = ("peb", "outcome")
    check_change_images(spec, where, outcome.name, problem)
    means = spec.session_means
    for change in spec.changes:
        for name in (change.first, change.second):
            if change.name == change_of(spec, outcome) and name in means:
                problem(
                    where,
                    f"peb.outcome: the change `{change.name}` of `{outcome.name}` is about "
                    f"`{name}`, the mean of {' and '.join(means[name])}, and models are not "
                    f"averaged; name a change between sessions of the dataset{WITHOUT}",
                )


def _check_fields(spec: StudySpec, peb: PebSpec, problem: Problem) -> None:
    at = ("peb", "fields")
    if not peb.fields:
        problem(at, "peb.fields names no field")
    for name in dict.fromkeys(peb.fields):
        if peb.fields.count(name) > 1:
            problem(at, f"peb.fields names `{name}` twice")
    models = spec.dcm.models if spec.dcm is not None else ()
    if models and len(models_without_parameters(spec)) == len(models):
        problem(
            at, f"peb.fields: no model of the study has a modulation; name other fields{WITHOUT}"
        )
