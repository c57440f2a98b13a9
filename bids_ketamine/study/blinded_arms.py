"""A study whose arms are told without their labels, what would tell them, what cannot be hidden."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from bids_ketamine.study.spec import CovariateSpec, StudySpec

#: Why a variable is in no table while arms are blinded.
WITHHELD = "withheld while arms are blinded, for telling which is which"

LOCK = (
    "Blinding keeps labels out of sight and is no lock: participants.tsv tells who is in which "
    "arm, `plan/plan.json` holds the number that the order of arms follows from, and sizes of arms "
    "and what the drug does may tell them too."
)

#: Shorter labels (`A`, `1`) are found where they are quoted: elsewhere they mean other things.
SHORTEST_WORD = 4

#: So do these.
COMMON_WORDS = ("both", "none", "other", "with", "without")

#: Sections that may name arms, beside mixed models and logistic regressions.
NAMING_ARMS = (
    *("edge_statistics", "controls", "reliability", "clinical_course", "score_correlations"),
)

#: Participants that an arm needs before one value of theirs, or none, is held to tell it.
SEVERAL = 2


@dataclass(frozen=True, kw_only=True)
class WithheldVariable(CovariateSpec):
    """A variable that nothing reads while arms are blinded, for it tells them."""


def without_variables(spec: StudySpec, names: Container[str]) -> StudySpec:
    """Withhold variables of participants: they keep their place in the study and are not read.

    Parameters
    ----------
    spec : StudySpec
        The study.
    names : container of str
        Covariates and variables of `table_one`; others stay as they are.
    """

    def kept(variables: Sequence[CovariateSpec]) -> tuple[CovariateSpec, ...]:
        return tuple(_withheld(each) if each.name in names else each for each in variables)

    table_one = spec.table_one
    if table_one is not None:
        table_one = replace(table_one, variables=kept(table_one.variables))
    return replace(spec, covariates=kept(spec.covariates), table_one=table_one)


def _withheld(variable: CovariateSpec) -> WithheldVariable:
    values = {each.name: getattr(variable, each.name) for each in fields(variable)}
    # Levels may be labels of arms.
    return WithheldVariable(**(values | {"levels": ()}))


def tells_arms(values: Sequence[str | None], arms: Sequence[str]) -> bool:
    """Tell whether a variable shows which arm is which, by its split of the participants.

    It does if it maps one to one onto arms (a level each, two arms or more); if an arm of several
    participants has one level that no other arm has; or if such an arm has no value where another
    has.

    Parameters
    ----------
    values : sequence of str or None
        Of each participant, ``None`` where missing.
    arms : sequence of str
        Arm of each, empty for none.

    Examples
    --------
    >>> tells_arms(["MDD", "HC", "MDD", "HC"], ["a", "b", "a", "b"])
    True
    >>> tells_arms(["f", "m", "m", "m"], ["a", "b", "a", "b"])
    False
    >>> tells_arms(["0", "31.5", "0", "40.2"], ["a", "b", "a", "b"])
    True
    """
    of_arm: dict[str, list[str | None]] = {}
    for value, arm in zip(values, arms, strict=True):
        if arm:
            of_arm.setdefault(arm, []).append(value)
    levels = {arm: {each for each in found if each is not None} for arm, found in of_arm.items()}
    known = {arm: found for arm, found in levels.items() if found}
    if len(of_arm) < SEVERAL or not known:
        return False
    if any(not levels[arm] and len(found) >= SEVERAL for arm, found in of_arm.items()):
        return True
    if len(known) < SEVERAL:
        return False
    one_to_one = all(len(found) == 1 for found in known.values())
    if one_to_one and len(set().union(*known.values())) == len(known):
        return True
    return any(
        len(found) == 1
        and sum(each is not None for each in of_arm[arm]) >= SEVERAL
        and not any(found & other for name, other in known.items() if name != arm)
        for arm, found in known.items()
    )


def label_pattern(labels: Iterable[str]) -> re.Pattern[str]:
    """Return what finds labels of arms in a text: quoted ones, and words that mean nothing else.

    Parameters
    ----------
    labels : iterable of str
        Labels of arms.

    Examples
    --------
    >>> pattern = label_pattern(["ketamine", "A"])
    >>> pattern.sub("(hidden)", "A rat of arm `A` had Ketamine")
    'A rat of arm (hidden) had (hidden)'
    """
    known = sorted(set(labels), key=lambda each: (-len(each), each))
    quoted = "|".join(map(re.escape, known))
    free = "|".join(
        re.escape(each)
        for each in known
        if len(each) >= SHORTEST_WORD and not each.isdigit() and each not in COMMON_WORDS
    )
    words = rf"`(?:{quoted})`" + (rf"|(?<!\w)(?:{free})(?!\w)" if free else "")
    return re.compile(words, re.IGNORECASE)


def with_blinded_arms(spec: StudySpec, labels: Mapping[str, str]) -> StudySpec:
    """Put blinded arms in all places of a study that name an arm, in the order drawn.

    Parameters
    ----------
    spec : StudySpec
        The study with its own labels.
    labels : mapping of str to str
        What stands for each arm of the study, in the order drawn.
    """
    renamed: StudySpec = _renamed_section(spec, labels)
    if renamed.arms is None:
        return renamed
    arms = replace(renamed.arms, levels=tuple(labels.values()))
    controls = renamed.controls
    if controls is not None:
        named = replace(controls, level=labels.get(controls.level, controls.level))
        renamed = replace(renamed, controls=named)
    return replace(renamed, arms=arms)


def _renamed_section(section: Any, labels: Mapping[str, str]) -> Any:
    changed: dict[str, Any] = {}
    for each in fields(section):
        value = getattr(section, each.name)
        if each.name == "arms" and isinstance(value, tuple):
            changed[each.name] = _in_order(value, labels)
        elif is_dataclass(value):
            changed[each.name] = _renamed_section(value, labels)
        elif isinstance(value, tuple) and any(map(is_dataclass, value)):
            changed[each.name] = tuple(_renamed_section(entry, labels) for entry in value)
    return replace(section, **changed)


def _in_order(arms: Sequence[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return blinded arms of a list; its own order would tell which is which."""
    known = [shown for level, shown in labels.items() if level in arms]
    return (*known, *(each for each in arms if each not in labels))


def _names_arms(section: Any) -> bool:
    """Tell whether a section of a study, if there is one, names an arm."""
    return bool(getattr(section, "arms", ()) or getattr(section, "level", None))


def visible_labels(spec: StudySpec, labels: Mapping[str, str]) -> list[str]:
    """Say what blinding cannot hide, without naming an arm.

    Parameters
    ----------
    spec : StudySpec
        The study with its own labels.
    labels : mapping of str to str
        What stands for each arm; empty where arms are not blinded.

    Returns
    -------
    list of str
        A sentence each; none where arms are not blinded.
    """
    if not labels or spec.arms is None:
        return []
    told = [LOCK]
    if spec.crossover is not None:
        told.append(
            "The treatments of a crossover trial are sessions of the study, and are shown by name."
        )
    named = [each.name for each in spec.mixed_models if each.arms]
    if named:
        told.append(
            "The study names arms in the mixed model "
            f"{', '.join(f'`{each}`' for each in named)}: whoever knows the study file can tell "
            "them there."
        )
    sections = [name for name in NAMING_ARMS if _names_arms(getattr(spec, name))]
    sections += [f"logistic_regressions.{e.name}" for e in spec.logistic_regressions if e.arms]
    if sections:
        told.append(
            f"The study names arms in {', '.join(f'`{each}`' for each in sections)}: whoever knows "
            "the study file can tell them there."
        )
    names = [each.name for each in spec.sessions]
    names += [each.name for each in spec.changes] + [each.name for each in spec.outcomes]
    if set(names) & set(labels):
        told.append("A session, change or outcome bears the name of an arm, and is shown by it.")
    if any(each.column == spec.arms.column for each in spec.sessions):
        told.append("The labels of sessions depend on the column of the arms.")
    return told
