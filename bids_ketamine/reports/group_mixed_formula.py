"""The formula of a mixed model, and the coding of its variables, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bids_ketamine.reports.group_mixed_terms import (
    CROSSOVER,
    TermWords,
    variable_words,
    variables_of,
)
from bids_ketamine.reports.words import counted, listed, percent

#: Categories of a trial, in the order of telling.
CATEGORIES = ("session", "arm", "treatment")
#: Values that are named where their reference levels differ.
MOST_NAMED = 4


def model_sentences(
    formula: str,
    *,
    slope: str | None,
    words: TermWords,
    values: Mapping[str, TermWords],
    response: tuple[str, float] | None,
    crossover: Sequence[str],
) -> list[str]:
    """Explain the formula of a model and the coding of its variables.

    Parameters
    ----------
    formula : str
        Fixed effects.
    slope : str or None
        Variable with a random slope.
    words : TermWords
        Terms, levels and sessions of the model.
    values : mapping of str to TermWords
        Those of each value by its name: an arm without scores may be no level of one of them.
    response : (str, float) or None
        Outcome and relative fall that make a responder.
    crossover : sequence of str
        Treatments of a crossover trial; empty where it is none.
    """
    random = f"1 + {slope} | participant" if slope else "1 | participant"
    slopes = f", and each its own slope of {slope}" if slope else ""
    sentences = [
        f"The model is `{formula.replace('`', '')} + ({random})`: every participant has an "
        f"intercept of their own{slopes}."
    ]
    names = {name for term in words.terms for name in variables_of(term)}
    if "time" in names and words.sessions:
        sentences.append(
            f"time runs from −0.5 ({words.sessions[0]}) to +0.5 ({words.sessions[-1]}): its "
            "estimate is the whole change, and other terms hold midway."
        )
    others = [each for own in values.values() for each in own.references]
    for category in dict.fromkeys([*CATEGORIES, *others]):
        if category in names and category not in CROSSOVER:
            sentences += _reference(category, values)
    if "response" in names:
        sentences.append(_response(response))
    if "baseline" in names:
        sentences.append("baseline is the score of the first session, minus its mean.")
    if crossover and names & {"treatment", *CROSSOVER}:
        sentences += _crossover(names, crossover)
    return sentences


def _reference(category: str, values: Mapping[str, TermWords]) -> list[str]:
    """Say what the levels of a category are compared with, in each value if need be."""
    found: dict[str, list[str]] = {}
    for value, words in values.items():
        if words.reference(category):
            found.setdefault(words.reference(category), []).append(value)
    if not found:
        return []
    told = list(found)
    if len(found) > 1:
        told = [
            f"{reference} ({listed(own) if len(own) <= MOST_NAMED else counted(len(own), 'value')})"
            for reference, own in found.items()
        ]
    return [f"Levels of {variable_words(category)} are compared with {listed(told)}."]


def _response(response: tuple[str, float] | None) -> str:
    who = ""
    if response is not None:
        outcome, fall = response
        who = f" (their {outcome} fell by {percent(fall)} or more)"
    return (
        f"response is −0.5 in responders{who} and +0.5 in non-responders: time is then the "
        "average change of the two groups, and time × response the change of non-responders minus "
        "that of responders. Who responds is known only afterwards, so that this describes, and "
        "does not predict."
    )


def _crossover(names: set[str], treatments: Sequence[str]) -> list[str]:
    sentences = [
        f"Each participant received {listed(list(treatments))} in one order or the other: "
        "treatment compares them within participants."
    ]
    if "period" in names:
        sentences.append(
            "period takes out what differs between the periods whatever was given, such as getting "
            "better with time."
        )
    if "sequence" in names:
        sentences.append(
            "sequence compares participants who had the treatments in different orders. It is "
            "tested between participants and so with little power: a small p may be carry-over "
            "from the first period or chance, a large p does not rule carry-over out."
        )
    else:
        sentences.append("Carry-over from the first period to the second is assumed to be none.")
    return sentences
