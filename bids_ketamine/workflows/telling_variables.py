"""Variables of the dataset that tell which arm is which, while arms are blinded."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.study.blinded_arms import label_pattern, tells_arms
from bids_ketamine.study.spec import CovariateSpec, StudySpec
from bids_ketamine.workflows.group_clinical_trial import clinical_people
from bids_ketamine.workflows.group_sources import People

#: What the report says where participants are named by their arm.
NAMES = "The labels of participants (as in `sub-01`) tell their arms, and are shown."

_LETTERS = re.compile(r"[^\W\d_]*")


def telling_variables(
    bids_dir: Path,
    spec: StudySpec,
    people: People,
    labels: Collection[str],
) -> tuple[str, ...]:
    """Name the variables that tell arms: by a label in a cell, or by their split of participants.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    spec : StudySpec
        The study, with its own labels.
    people : People
        Participants, with arms of either kind.
    labels : collection of str
        Labels of arms, of the study and of the plan.

    Returns
    -------
    tuple of str
        Of covariates and variables of `table_one`, in the order of the study.

    Raises
    ------
    InputDataError
        If a table of variables or of exclusions is damaged.
    InputMissingError
        If the table of exclusions is not there.
    """
    included = set(clinical_people(spec, bids_dir, people).included)
    # Whoever is left out of statistics must not hide that a variable tells the arms of the rest.
    of_included = [
        arm if who in included else ""
        for who, arm in zip(people.participants, people.arms, strict=True)
    ]
    telling = []
    for variable in spec.participant_variables:
        texts = _texts(bids_dir, spec, variable)
        values = [_level(texts.get(each)) for each in people.participants]
        if _names_arms(variable, texts.values(), labels) or any(
            tells_arms(values, arms) for arms in (people.arms, of_included)
        ):
            telling.append(variable.name)
    return tuple(telling)


def names_tell_arms(people: People, labels: Collection[str]) -> bool:
    """Tell whether participants are named by their arm: `sub-HC01`, `sub-MDD01`.

    Parameters
    ----------
    people : People
        Participants, with arms.
    labels : collection of str
        Labels of arms.
    """
    pattern = label_pattern(labels)
    names = [each.removeprefix("sub-") for each in people.participants]
    starts = [found[0] for found in map(_LETTERS.match, names) if found is not None]
    return any(map(pattern.search, starts)) or tells_arms([*map(_folded, starts)], people.arms)


def _texts(bids_dir: Path, spec: StudySpec, variable: CovariateSpec) -> dict[str, str]:
    """Return a variable's cells as they stand in the table, whatever it takes them for."""
    as_text = replace(variable, kind="categorical", levels=(), optional=True)
    table = variable_table(bids_dir, spec, (as_text,)).values
    if variable.name not in table:
        return {}
    return {str(who): str(cell) for who, cell in table[variable.name].dropna().items()}


def _names_arms(variable: CovariateSpec, texts: Collection[str], labels: Collection[str]) -> bool:
    known, pattern = {_folded(each) for each in labels}, label_pattern(labels)
    cells = [*texts, *variable.levels]
    named = [each for each in cells if _folded(each) in known or pattern.search(each)]
    if variable.kind == "numeric" and all(map(_is_number, named)):
        # Arms that are called 0 and 1 are not told by a count that is 1 somewhere.
        return bool(named) and len(named) == len(cells)
    return bool(named)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _level(text: str | None) -> str | None:
    """Return what counts as the same level: `1` and `1.0`, `Yes` and `yes`."""
    if text is None:
        return None
    return f"{float(text):g}" if _is_number(text) else _folded(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
