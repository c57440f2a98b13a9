"""What ``group.json`` says of the elastic net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bids_ketamine.core.prediction.results import K_FOLD, ModelResult
from bids_ketamine.core.prediction.trial_data import PredictionSettings
from bids_ketamine.dataset.names import listed
from bids_ketamine.outputs.group_elastic_net_tables import PREFIX
from bids_ketamine.study.spec import ElasticNetSpec
from bids_ketamine.workflows.group_elastic_net_results import (
    EnteringPredictors,
    NetTrial,
    participant_reason,
)

#: Key of the record.
ELASTIC_NET = "ElasticNet"

#: Names in a sentence before the others are counted.
NAMED = 10

#: Share of imputed values above which a measure is warned of.
MUCH_IMPUTED = 0.1

#: Settings that the record tells by other keys.
TOLD_APART = ("outcome", "concurrent_outcome")

#: How timings read in a sentence.
TIMING_WORDS = {"change": "models of change", "baseline": "models of baseline values"}


def elastic_net_record(
    trial: NetTrial,
    section: ElasticNetSpec,
    settings: PredictionSettings,
    *,
    notes: Sequence[str],
) -> dict[str, object]:
    """Say what was done.

    Parameters
    ----------
    trial : NetTrial
        The models.
    section : ElasticNetSpec
        Section of the study.
    settings : PredictionSettings
        What was computed with: the command line may have changed the permutations.
    notes : sequence of str
        Sentences on covariates that are not there.
    """
    stated = {name: value for name, value in asdict(section).items() if name not in TOLD_APART}
    stated |= {"permutations": settings.permutations, "stop_at": settings.stop_at or 0}
    stated |= {"residualize_motion": settings.residualize_motion, "seed": settings.seed}
    return {
        "Outcome": section.outcome,
        "ConcurrentOutcome": section.concurrent_outcome,
        "Settings": {
            "".join(part.title() for part in name.split("_")): value
            for name, value in stated.items()
        },
        "MotionApplied": trial.motion_applied,
        "MissingValues": {each.timing: _n_missing(each) for each in trial.entering},
        "Notes": [
            *notes,
            *_impossible(trial),
            *_left_out(trial),
            *(sentence for each in trial.entering for sentence in _dropped(each)),
            *_dropped_late(trial),
            *_schemes(trial),
            *_of_models(trial),
        ],
        "Warnings": [
            *(sentence for each in trial.entering for sentence in _imputed(each, section)),
            *_leaking(trial),
            *_without_any_result(trial),
        ],
    }


def _n_missing(entering: EnteringPredictors) -> int:
    """Count the values that lack in predictors that entered: those that are imputed."""
    shares = [entering.shares[name] for name in entering.names]
    return sum(round(share * entering.n_candidates) for share in shares)


def _impossible(trial: NetTrial) -> list[str]:
    return [
        f"The model {each.model} ({each.timing}) has no result: {each.reason}."
        for each in trial.results
        if each.reason
    ]


def _left_out(trial: NetTrial) -> list[str]:
    notes = []
    for timing in dict.fromkeys(each.timing for each in trial.results if each.fit is not None):
        out = [
            name for name in trial.participants if not participant_reason(trial, timing, name)[0]
        ]
        if out:
            notes.append(
                f"{len(out)} of {len(trial.participants)} participants did not enter the "
                f"{TIMING_WORDS[timing]}, for reasons in {PREFIX}_participants.tsv: "
                f"{listed(out, most=NAMED)}."
            )
    return notes


def _dropped(entering: EnteringPredictors) -> list[str]:
    if not entering.dropped:
        return []
    names = listed([name for name, _ in entering.dropped], most=NAMED)
    return [
        f"{len(entering.dropped)} of {len(entering.shares)} predictors did not enter the "
        f"{TIMING_WORDS[entering.timing]}, for reasons in {PREFIX}_predictors.tsv: {names}."
    ]


def _dropped_late(trial: NetTrial) -> list[str]:
    """Tell predictors that lack in some models alone, whose participants are fewer."""
    known = {each.timing: {name for name, _ in each.dropped} for each in trial.entering}
    return [
        f"`{name}` did not enter the model {each.model} ({each.timing}): {why}."
        for each in trial.results
        if each.fit is not None and each.timing in known
        for name, why in each.dropped
        if name not in known[each.timing]
    ]


def _schemes(trial: NetTrial) -> list[str]:
    folded = [each.fit for each in trial.results if each.fit and each.fit.scheme == K_FOLD]
    if not folded:
        return []
    return [
        "Nested predictions and permutations leave out folds of participants, not one at a time: "
        f"there are {folded[0].nested_accuracy.n} participants."
    ]


def _of_models(trial: NetTrial) -> list[str]:
    """Tell the notes of models, each once with the models that it is about."""
    found: dict[str, list[ModelResult]] = {}
    for result in trial.results:
        for note in dict.fromkeys(result.notes):
            found.setdefault(note, []).append(result)
    return [f"{note.rstrip('.')} ({_models_words(own, trial)})." for note, own in found.items()]


def _models_words(results: Sequence[ModelResult], trial: NetTrial) -> str:
    """Name models, those of each timing together."""
    if len(results) == len(trial.results) > 1:
        return "all models"
    models: dict[str, list[str]] = {}
    for each in results:
        models.setdefault(each.timing, []).append(each.model)
    return "; ".join(f"{timing}: {', '.join(names)}" for timing, names in models.items())


def _imputed(entering: EnteringPredictors, section: ElasticNetSpec) -> list[str]:
    """Warn of measures that are imputed in many participants."""
    if section.imputation == "complete_cases":
        return []
    much = sorted(
        (
            (-share, name)
            for name, share in entering.shares.items()
            if name in entering.names and share > MUCH_IMPUTED
        ),
    )
    if not much:
        return []
    told = listed([f"{name} ({-share:.0%})" for share, name in much], most=NAMED)
    return [
        f"Imputed in more than {MUCH_IMPUTED:.0%} of participants ({TIMING_WORDS[entering.timing]}"
        f"): {told}."
    ]


def _without_any_result(trial: NetTrial) -> list[str]:
    if any(each.fit for each in trial.results):
        return []
    reasons = "; ".join(dict.fromkeys(each.reason for each in trial.results))
    return [f"No model has a result: {reasons}."]


def _leaking(trial: NetTrial) -> list[str]:
    return [
        f"The self-test of the model {each.model} ({each.timing}) failed: what is predicted "
        "reaches the prediction."
        for each in trial.results
        if each.fit is not None and each.fit.leakage.verdict == "failed"
    ]
