"""Rules on lists of sessions, outcomes and measures that several sections have."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.measure_names import can_be_chosen, possible_measures
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.wrong_names import named_twice, nearest_measure, unknown_name


def check_names(
    where: KeyPath, names: Sequence[str], what: str, known: Sequence[str], problem: Problem
) -> None:
    """Report names of a list that the study does not have, and those that stand twice.

    Parameters
    ----------
    where : key path
        The list.
    names : sequence of str
        Its names.
    what : str
        Kind of thing, in the singular.
    known : sequence of str
        Those that the study has.
    problem : callable
        Called with the place in the file and a sentence.
    """
    setting = ".".join(map(str, where))
    for number, name in enumerate(names):
        if name not in known:
            problem((*where, number), f"{setting}{unknown_name(what, name, known)}")
    for name in named_twice(names):
        problem(where, f"{setting} names `{name}` twice")


def check_outcomes(
    spec: StudySpec,
    where: KeyPath,
    names: Sequence[str],
    problem: Problem,
    sessions: Sequence[str] = (),
) -> None:
    """Report outcomes that the study does not have, or that have no scores of some sessions.

    Parameters
    ----------
    spec : StudySpec
        The study.
    where : key path
        A list of outcomes.
    names : sequence of str
        Outcomes in it.
    problem : callable
        Called with the place in the file and a sentence.
    sessions : sequence of str
        Sessions whose scores are needed.
    """
    known = {each.name: each for each in spec.outcomes}
    check_names(where, names, "outcome", list(known), problem)
    setting = ".".join(map(str, where))
    for name in dict.fromkeys(names):
        outcome = known.get(name)
        if outcome is None:
            continue
        if outcome.change_column:
            problem(
                where,
                f"{setting}: of `{name}` the change alone is known (`change_column`), and scores "
                "of sessions are needed",
            )
        lacking = [each for each in sessions if outcome.columns and each not in outcome.columns]
        if lacking:
            problem(
                where,
                f"{setting}: `{name}` names no column for the session "
                f"{', '.join(f'`{each}`' for each in lacking)}",
            )


def check_measures(
    spec: StudySpec, where: KeyPath, patterns: Sequence[str], problem: Problem
) -> None:
    """Report patterns that no measure of the study can fit, and those that stand twice.

    Parameters
    ----------
    spec : StudySpec
        The study.
    where : key path
        The setting.
    patterns : sequence of str
        Names of measures, in which `*` stands for any text.
    problem : callable
        Called with the place in the file and a sentence.
    """
    setting = ".".join(map(str, where))
    possible = possible_measures(spec) if patterns else ()
    for pattern in dict.fromkeys(patterns):
        if not spec.has_imaging:
            problem(where, f"{setting}: the study has no imaging, hence no measure `{pattern}`")
        elif not can_be_chosen(pattern, possible):
            problem(
                where,
                f"{setting}: no measure of the study fits `{pattern}`; "
                f"{nearest_measure(pattern, possible)}",
            )
    for pattern in named_twice(patterns):
        problem(where, f"{setting} names `{pattern}` twice")
