"""Variables that the fixed effects of a mixed model may name, and those that a formula does."""

from __future__ import annotations

import re
from itertools import combinations

from bids_ketamine.study.spec import MixedModelSpec, StudySpec

#: Names joined by signs: its variables are told without the library that reads formulas, which
#: takes a second to load.
PLAIN = re.compile(r"\s*(1\s*\+\s*)?[A-Za-z_]\w*(\s*[+*:]\s*[A-Za-z_]\w*)*\s*", flags=re.ASCII)
NAME = re.compile(r"[A-Za-z_]\w*", flags=re.ASCII)

#: Variables of every model of scores, and what each of the others needs.
ALWAYS = ("session", "time")
OF_CROSSOVER = ("treatment", "period", "sequence")
RESERVED = (*ALWAYS, "arm", *OF_CROSSOVER, "response", "baseline")

#: Reserved names that are numbers; the others are categories.
NUMERIC = ("time", "response", "baseline")


def variables_of(formula: str) -> tuple[str, ...]:
    """Return the variables of a formula.

    Parameters
    ----------
    formula : str
        Right-hand side.

    Raises
    ------
    ValueError
        If it cannot be read: with a sentence.

    Examples
    --------
    >>> variables_of("time * arm + time:response")
    ('time', 'arm', 'response')
    """
    if "~" in formula or "|" in formula:
        raise ValueError(
            "a formula is the right-hand side of the fixed effects alone, such as `time * arm`; "
            "the intercepts of participants are always there, and `slope` adds slopes"
        )
    if PLAIN.fullmatch(formula):
        return tuple(dict.fromkeys(NAME.findall(formula)))
    from bids_ketamine.core.mixed.formula import formula_variables

    return formula_variables(formula)


def terms_of(formula: str) -> tuple[str, ...]:
    """Return the terms of a formula, main effects before interactions; the intercept stays out.

    Parameters
    ----------
    formula : str
        Right-hand side.

    Returns
    -------
    tuple of str
        Names joined by colons.

    Raises
    ------
    ValueError
        If it cannot be read: with a sentence.

    Examples
    --------
    >>> terms_of("1 + time * arm + time:response")
    ('time', 'arm', 'time:arm', 'time:response')
    """
    variables_of(formula)
    if not PLAIN.fullmatch(formula):
        from bids_ketamine.core.mixed.formula import formula_terms

        return tuple(":".join(term) for term in formula_terms(formula))
    found: dict[frozenset[str], str] = {}
    for part in formula.split("+"):
        factors = [[name.strip() for name in each.split(":")] for each in part.split("*")]
        for number in range(1, len(factors) + 1):
            for chosen in combinations(factors, number):
                names = list(dict.fromkeys(name for factor in chosen for name in factor))
                if names != ["1"]:
                    found.setdefault(frozenset(names), ":".join(names))
    return tuple(sorted(found.values(), key=lambda term: term.count(":")))


def known_variables(spec: StudySpec, model: MixedModelSpec) -> tuple[str, ...]:
    """Return the variables that a model of a study may name.

    Parameters
    ----------
    spec : StudySpec
        The study.
    model : MixedModelSpec
        One of its models.

    Returns
    -------
    tuple of str
        Of the trial, then covariates.
    """
    return (
        *ALWAYS,
        *(("arm",) if spec.arms is not None else ()),
        *(OF_CROSSOVER if spec.crossover is not None else ()),
        *(("response",) if model.response is not None else ()),
        *(("baseline",) if model.outcomes else ()),
        *(each.name for each in spec.participant_variables if each.name not in RESERVED),
    )
