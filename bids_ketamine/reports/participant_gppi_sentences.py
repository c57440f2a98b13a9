"""What is told of generalized PPI beside its pictures: contrasts, directions, amounts of data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.facts import mapping_of, sentences_of
from bids_ketamine.reports.inflation import INFINITE
from bids_ketamine.reports.methods_tasks import formula
from bids_ketamine.reports.participant_gppi_files import GppiSession
from bids_ketamine.reports.participant_matrices import CERTAIN_FROM
from bids_ketamine.reports.participant_tables import told_once
from bids_ketamine.reports.words import (
    counted,
    is_number,
    listed,
    number,
    percent,
    region_words,
    text,
)

#: Seeds, or pairs, named in a warning.
MOST_NAMED = 8
#: Joint standard errors from which two directions are told apart.
APART = 3.0
#: Amounts of data are told apart where one is larger than another by this factor.
LARGER = 1.1

COLLINEAR_WORDS = (
    "Some interactions with a seed are nearly a sum of the other regressors (variance inflation "
    "above {}, the limit for interactions, or a correlation with the task above {} in size): they "
    "can hardly be told from the task or from the seed itself, so that these estimates are "
    "uncertain."
)
DIRECTIONS_WORDS = (
    f"The two directions of some pairs differ by more than {APART:g} joint standard errors, or "
    f"have opposite signs and are both more than {CERTAIN_FROM:g} standard errors from 0: their "
    "mean, which is the measure, hides this."
)
NO_SUM_WORDS = (
    "The weights do not sum to 0: values are no difference of conditions but coupling relative to "
    "no condition, the volumes outside of all of them."
)
MEASURES = {
    "correlation": "A value is a sum of Fisher's z of semipartial correlations, each of the target "
    "with what the interaction of one condition alone explains. A semipartial correlation grows "
    "in size with the amount of data of its condition, also where coupling is the same.",
    "regression": "A value is a change of slope, that of the target on the seed; its size hangs on "
    "how series and conditions are scaled, so that its unit is called arbitrary.",
}


def contrast_words(
    sessions: Sequence[GppiSession], contrast: str, *, order: Sequence[str] = ()
) -> str:
    """Return a contrast as a formula, and what its values are relative to.

    Parameters
    ----------
    sessions : sequence of GppiSession
        Estimates of each session; the first sidecar that tells the weights counts.
    contrast : str
        The contrast.
    order : sequence of str
        Its conditions as the study writes them.
    """
    weights = next((found for each in sessions if (found := each.weights(contrast))), {})
    if not weights:
        return ""
    names = [name for name in order if name in weights]
    names += [name for name in weights if name not in names]
    words = f"{contrast} = {formula({name: weights[name] for name in names})}."
    return words if abs(math.fsum(weights.values())) < 1e-6 else f"{words} {NO_SUM_WORDS}"


def measure_words_of(sessions: Sequence[GppiSession]) -> str:
    """Return what a value is, for each measure that sessions have."""
    told = dict.fromkeys(MEASURES.get(text(each.facts.get("Measure")), "") for each in sessions)
    return " ".join(each for each in told if each)


def differing_pairs(session: GppiSession, contrast: str) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return pairs whose directions differ, with both values.

    They differ by more than three joint standard errors, the root of the sum of both squares, or
    have opposite signs and are both more than 1.96 standard errors from zero.

    Parameters
    ----------
    session : GppiSession
        Estimates of a session.
    contrast : str
        The contrast.
    """
    directed = session.directed(contrast)
    found = {}
    for first, second in combinations(dict.fromkeys(seed for seed, _ in directed), 2):
        there, back = directed.get((first, second)), directed.get((second, first))
        if there and back and _differ(there, back):
            found[first, second] = (there["value"], back["value"])
    return found


def _differ(there: Mapping[str, Any], back: Mapping[str, Any]) -> bool:
    numbers = [row[key] for row in (there, back) for key in ("value", "standard_error")]
    if not all(map(is_number, numbers)):
        return False
    one, error, other, other_error = map(float, numbers)
    certain = abs(one) > CERTAIN_FROM * error and abs(other) > CERTAIN_FROM * other_error
    far = abs(one - other) > APART * math.hypot(error, other_error)
    return far or (certain and one * other < 0)


def direction_warnings(sessions: Sequence[GppiSession], contrast: str) -> list[str]:
    """Name the pairs of each session whose directions differ.

    Parameters
    ----------
    sessions : sequence of GppiSession
        Estimates of each session.
    contrast : str
        The contrast.
    """
    told = []
    for session in sessions:
        named = [
            f"{region_words(PAIR.join(pair))} (\u2192 {number(there)}, \u2190 {number(back)})"
            for pair, (there, back) in differing_pairs(session, contrast).items()
        ]
        if named:
            told.append(f"{session.name}: {_some(named, 'other pair')}.")
    return [DIRECTIONS_WORDS, *told] if told else []


def collinear_warnings(sessions: Sequence[GppiSession]) -> list[str]:
    """Name the interactions of each session that can hardly be told from task or seed.

    Parameters
    ----------
    sessions : sequence of GppiSession
        Estimates of each session.
    """
    told = [words for words in map(_collinear, sessions) if words]
    if not told:
        return []
    limits = sessions[0].inflation_limit, sessions[0].correlation_limit
    return [COLLINEAR_WORDS.format(*map(number, limits)), *told]


def _collinear(session: GppiSession) -> str:
    entries = session.facts.get("NearlyCollinear")
    seeds: dict[str, list[tuple[float, str]]] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping):
            size = entry.get("variance_inflation")
            # JSON has no word for infinity.
            inflation = float(size) if size is not None and is_number(size) else math.inf
            shown = INFINITE if math.isinf(inflation) else number(inflation, 1)
            told = f"{region_words(entry.get('seed'))} (variance inflation {shown}, "
            told += f"correlation with the task {number(entry.get('task_correlation'), 2)})"
            seeds.setdefault(text(entry.get("effect")), []).append((inflation, told))
    parts = []
    for effect, found in seeds.items():
        ordered = [told for _, told in sorted(found, key=lambda each: -each[0])]
        parts.append(f"{effect} with {_some(ordered, 'other seed')}")
    return f"{session.name}: {'; '.join(parts)}." if parts else ""


def _some(names: Sequence[str], others: str) -> str:
    more = len(names) - MOST_NAMED
    return listed([*names[:MOST_NAMED], counted(more, others)] if more > 0 else names)


def amount_sentences(sessions: Sequence[GppiSession], contrast: str) -> list[str]:
    """Tell where conditions, or sessions, differ in the amount of data of a correlation.

    Parameters
    ----------
    sessions : sequence of GppiSession
        Estimates of each session; sidecars of older files do not tell the amounts.
    contrast : str
        The contrast.
    """
    own = [each for each in sessions if each.facts.get("Measure") == "correlation"]

    def within(session: GppiSession) -> list[str]:
        amounts = _amounts(session, contrast)
        if not _unequal(amounts.values()):
            return []
        told = listed([f"{name} {number(size)}" for name, size in amounts.items()])
        return [
            f"the conditions of {contrast} differ in their amount of data (summed regressors: "
            f"{told}), which alone makes the semipartial correlation of one larger in size"
        ]

    sentences = told_once(own, within)
    shares: dict[str, dict[str, float]] = {}
    for session in own:
        volumes = session.facts.get("Volumes")
        total = math.fsum(filter(is_number, volumes)) if isinstance(volumes, list) else 0.0
        for name, size in _amounts(session, contrast).items() if total > 0 else ():
            shares.setdefault(name, {})[session.name] = size / total
    for name, by_session in shares.items():
        if _unequal(by_session.values()):
            told = listed([f"{session} {percent(share)}" for session, share in by_session.items()])
            sentences.append(
                f"The share of the volumes that {name} takes differs between sessions ({told}), "
                f"which alone changes values of {contrast}."
            )
    return sentences


def _amounts(session: GppiSession, contrast: str) -> dict[str, float]:
    """Return the summed regressor of each condition of a contrast, where all are known."""
    told = mapping_of(session.facts, "ConditionVolumes")
    names = list(session.weights(contrast))
    known = [float(told[name]) for name in names if is_number(told.get(name))]
    if len(known) < len(names) or not all(each > 0 for each in known):
        return {}
    return dict(zip(names, known, strict=True))


def _unequal(amounts: Any) -> bool:
    sizes = list(amounts)
    return len(sizes) > 1 and max(sizes) > LARGER * min(sizes)


def notes(sessions: Sequence[GppiSession]) -> list[str]:
    """Return the notes of sidecars, what sessions share once.

    Parameters
    ----------
    sessions : sequence of GppiSession
        Estimates of each session.
    """
    return told_once(sessions, lambda session: sentences_of(session.facts, "Notes"))
