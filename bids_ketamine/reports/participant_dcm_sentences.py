"""What is told of dynamic causal models beside their pictures: the model, its fit, doubts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from bids_ketamine.core.dcm.estimation import FLAT_VARIANCE
from bids_ketamine.reports.facts import count_of, mapping_of, sentences_of
from bids_ketamine.reports.figures.series_fit import explained_words
from bids_ketamine.reports.methods_dcm import circuit_words, ends_of
from bids_ketamine.reports.participant_dcm_files import DcmSession, model_rows
from bids_ketamine.reports.participant_tables import told_once
from bids_ketamine.reports.tree import SessionOutput
from bids_ketamine.reports.words import (
    MINUS,
    counted,
    is_number,
    listed,
    number,
    percent,
    region_words,
    text,
)

#: Posterior correlation, in size, above which two parameters are hardly told apart.
CORRELATED = 0.9
#: Pairs of parameters named in a warning.
MOST_NAMED = 8

INTERVAL_WORDS = (
    "Each estimate has two intervals. SPM's is that of the posterior: it assumes white noise, of a "
    "level that is pulled towards a fixed prior. The calibrated one takes the noise level and the "
    "serial correlation that the residuals show; where the two differ, trust the calibrated one. "
    "Both hold only as far as the model's structure does."
)
MIDDLE_WORDS = (
    "The calibrated interval comes from a fit of its own, whose estimate stands before it; the "
    "other estimates are SPM's."
)
UNIT_WORDS = (
    "A connection tells how fast the target changes, in Hz, with the activity of the source; a "
    "modulation is what a unit of its input adds to it."
)
CENTRED_WORDS = "Inputs are centred: a connection is that at the mean of the inputs over the runs."
NOT_CENTRED_WORDS = "Inputs are not centred: a connection is that while all inputs are off."
UNSETTLED_WORDS = (
    "SPM's noise levels did not settle, so that SPM's free energy is no ground for comparing "
    "models here; the calibrated fit's is."
)
PAIR_WORDS = (
    "The data can hardly tell some parameters apart (posterior correlation above {} in size): each "
    "of them alone hangs on the priors, so do not read one without the other."
)


def model_words(sessions: Sequence[DcmSession]) -> str:
    """Return what the model consists of, as the first file tells it.

    Parameters
    ----------
    sessions : sequence of DcmSession
        The model in each session.
    """
    facts = sessions[0].facts
    modulations = {
        ends: sentences_of(mapping_of(facts, "Modulations"), written)
        for written in mapping_of(facts, "Modulations")
        for ends in ends_of([written])
    }
    return "A model of " + circuit_words(
        sessions[0].regions,
        connections=ends_of(sentences_of(facts, "Connections")),
        inputs=_lists(facts, "Inputs"),
        driving=_lists(facts, "Driving"),
        modulations=modulations,
    ).replace("`", "")


def _lists(facts: Mapping[str, object], key: str) -> dict[str, list[str]]:
    found = mapping_of(facts, key)
    return {str(name): sentences_of(found, name) for name in found}


def opening_words(sessions: Sequence[DcmSession]) -> str:
    """Return what estimates and intervals are.

    Parameters
    ----------
    sessions : sequence of DcmSession
        The model in each session.
    """
    centred = {session.facts.get("CentreInputs") for session in sessions}
    parts = [UNIT_WORDS]
    parts += [CENTRED_WORDS] if centred == {True} else []
    parts += [NOT_CENTRED_WORDS] if centred == {False} else []
    parts.append(INTERVAL_WORDS)
    parts += [MIDDLE_WORDS] if any(session.recentred for session in sessions) else []
    return " ".join(parts)


def fit_words(session: DcmSession) -> str:
    """Say whether a model converged and how much it explains.

    Parameters
    ----------
    session : DcmSession
        The model in a session.
    """
    regions = session.by_region("ExplainedVarianceByRegion")
    each = [f"{region_words(name)} {explained_words(share)}" for name, share in regions.items()]
    of_each = f" ({', '.join(each)})" if len(each) > 1 else ""
    after = counted(count_of(session.facts, "Iterations"), "iteration")
    ended = f"converged after {after}" if session.converged else f"did not converge in {after}"
    if session.converged and session.stalled:
        ended = f"stalled after {after}"
    sentence = (
        f"{session.name}: the model {ended} and explains {explained_words(session.explained)} "
        f"of the variance{of_each}."
    )
    if session.flat:
        sentence += f" It is flat: less than {percent(FLAT_VARIANCE)} is explained."
    return sentence.replace(" %", "\u00a0%")


def missing_words(
    sessions: Iterable[SessionOutput], model: str, names: Collection[str]
) -> dict[str, str]:
    """Say where a model was not estimated and why; sessions of one reason together.

    Parameters
    ----------
    sessions : iterable of SessionOutput
        Sessions in order.
    model : str
        The model.
    names : collection of str
        Names under which its task is recorded.

    Returns
    -------
    dict of str to str
        What is told where each session stands; the first of one reason stands for all.
    """
    reasons: dict[str, list[str]] = {}
    for session in sessions:
        rows = model_rows(session, model, names)
        absent = rows[rows["value"].isna()]
        for reason in dict.fromkeys(text(each, "no reason is given") for each in absent["reason"]):
            reasons.setdefault(reason, []).append(session.name)
    words: dict[str, str] = {}
    for reason, told in reasons.items():
        sentence = f"{listed(told)}: the model was not estimated: {_sentence(reason)}"
        words[told[0]] = " ".join([*filter(None, [words.get(told[0])]), sentence])
    return words


def warnings_of(sessions: Sequence[DcmSession]) -> list[str]:
    """Warn of fits that did not converge, of flat models, and of parameters hardly told apart.

    Parameters
    ----------
    sessions : sequence of DcmSession
        The model in each session.
    """
    told = []
    spent = [session.name for session in sessions if not session.converged]
    if spent:
        told.append(
            f"Not converged: {listed(spent)}. The iterations were spent before the estimates came "
            "to rest, so that neither they nor their intervals can be trusted. The setting "
            "maximum_iterations of the study's section dcm allows more."
        )
    stalled = [each.name for each in sessions if each.converged and each.stalled]
    if stalled:
        told.append(
            f"Stalled: {listed(stalled)}. Each of the last steps would have lowered the free "
            "energy, which SPM12 takes for convergence; the estimates may lie nearer to their "
            "prior means than the data would have them."
        )
    spent = [s.name for s in sessions if s.facts.get("CalibratedConverged") is False]
    if spent:
        told.append(
            f"The fit of the calibrated intervals did not converge: {listed(spent)}. Do not trust "
            "these intervals."
        )
    flat = [
        f"{session.name} ({explained_words(session.explained)})"
        for session in sessions
        if session.flat
    ]
    if flat:
        told.append(
            f"Flat model: {listed(flat)}. It explains less than {percent(FLAT_VARIANCE)} of the "
            "variance: the estimates rest on their priors more than on the data."
        )
    pairs = [words for words in map(_pairs, sessions) if words]
    return told + ([PAIR_WORDS.format(number(CORRELATED)), *pairs] if pairs else [])


def _pairs(session: DcmSession) -> str:
    """Name the parameters that are hardly told apart, the closest first."""
    try:
        found = session.correlations()
    except ValueError:  # the picture of the matrix tells it
        return ""
    names = [each.words for each in session.parameters]
    close = [
        (float(found[one, other]), f"{names[one]} and {names[other]}")
        for one, other in combinations(range(len(names)), 2)
        if abs(found[one, other]) > CORRELATED
    ]
    close.sort(key=lambda each: -abs(each[0]))
    named = [f"{pair} (r = {number(r, 2)})" for r, pair in close[:MOST_NAMED]]
    if len(close) > MOST_NAMED:
        named.append(counted(len(close) - MOST_NAMED, "other pair"))
    return f"{session.name}: {'; '.join(named)}." if named else ""


def dcm_sentences(sessions: Sequence[DcmSession]) -> list[str]:
    """Tell free energy, settings and notes, what sessions share once.

    Parameters
    ----------
    sessions : sequence of DcmSession
        The model in each session.
    """
    return told_once(sessions, _settings, _energy, _scaling, _notes)


def _settings(session: DcmSession) -> list[str]:
    known = {"EchoTime": "echo time {} s", "Delay": "every region sampled {} s into its volume"}
    told = [
        words.format(number(session.facts[key]))
        for key, words in known.items()
        if is_number(session.facts.get(key))
    ]
    return [f"{listed(told)}."] if told else []


def _energy(session: DcmSession) -> list[str]:
    known = {"FreeEnergy": "SPM's", "CalibratedFreeEnergy": "the calibrated fit's"}
    energies = {whose: session.facts.get(key) for key, whose in known.items()}
    told = [f"{whose} {number(each, 1)}" for whose, each in energies.items() if is_number(each)]
    if not told:
        return []
    sentence = f"free energy: {listed(told)}."
    if session.facts.get("NoiseSettled") is False:
        sentence += f" {UNSETTLED_WORDS}"
    return [sentence]


def _scaling(session: DcmSession) -> list[str]:
    if np.isclose(session.scale, 1.0):
        return []
    told = (
        f"series were multiplied by {number(session.scale)} before the fit, as SPM does with large "
        "signals; pictures and noise levels here are in percent again."
    )
    if session.recentred:
        told += (
            " SPM's driving inputs are that much smaller for it; the fit of the calibrated "
            "intervals is in percent."
        )
    return [told]


def _notes(session: DcmSession) -> list[str]:
    return [_sentence(each) for each in sentences_of(session.facts, "Notes")]


def _sentence(told: str) -> str:
    """Return what a file tells with true minus signs and a full stop.

    >>> _sentence("the free energy rose from -512.4 to -1.2e-05 in sub-01")
    'the free energy rose from −512.4 to −1.2e−05 in sub-01.'
    """
    told = re.sub(r"(?<![\w.)\]-])-(?=\.?\d)|(?<=\de)-(?=\d)", MINUS, told.strip())
    return told if told.endswith((".", "!", "?")) else f"{told}."
