"""Rules on lists of sessions, outcomes, arms and measures that several sections have."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.study.baseline import has_scores
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.measure_names import can_be_chosen, possible_measures
from bids_ketamine.study.spec import OutcomeSpec, StudySpec
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


def check_arms(spec: StudySpec, where: KeyPath, arms: Sequence[str], problem: Problem) -> None:
    """Report arms that the study does not have, and those that stand twice.

    Parameters
    ----------
    spec : StudySpec
        The study.
    where : key path
        The list.
    arms : sequence of str
        Its arms.
    problem : callable
        Called with the place in the file and a sentence.
    """
    check_names(where, arms, "arm", spec.arms.levels if spec.arms is not None else (), problem)


def check_sessions_together(
    spec: StudySpec,
    where: KeyPath,
    names: Sequence[str],
    problem: Problem,
    *,
    of_images: bool = False,
) -> None:
    """Report sessions that the study does not have, or that do not go together.

    The mean of sessions and one of these would count the same values twice.

    Parameters
    ----------
    spec : StudySpec
        The study.
    where : key path
        The list.
    names : sequence of str
        Sessions in it.
    problem : callable
        Called with the place in the file and a sentence.
    of_images : bool, optional
        Whether measures of images are wanted, which visits with scores alone do not have.
    """
    check_names(where, names, "session", [each.name for each in spec.sessions], problem)
    setting = ".".join(map(str, where))
    for mean, parts in spec.session_means.items():
        both = [part for part in parts if part in names]
        if mean in names and both:
            problem(
                where,
                f"{setting} names `{mean}`, the mean of {' and '.join(parts)}, and `{both[0]}` "
                "itself: the same values would count twice",
            )
    if of_images:
        check_images(spec, where, names, problem)


def check_images(
    spec: StudySpec, where: KeyPath, names: Sequence[str], problem: Problem, what: str = ""
) -> None:
    """Report sessions without images where measures of images are wanted.

    Parameters
    ----------
    spec : StudySpec
        The study.
    where : key path
        The setting.
    names : sequence of str
        Sessions; unknown ones are told elsewhere.
    problem : callable
        Called with the place in the file and a sentence.
    what : str, optional
        What names them, such as ``the change `acute```; the setting itself when absent.
    """
    imaged = {each.name for each in spec.imaged_sessions}
    known = {each.name for each in spec.sessions}
    for name in dict.fromkeys(names):
        if name in known - imaged:
            about = f"{what} is about" if what else "names"
            problem(
                where,
                f"{'.'.join(map(str, where))}{':' if what else ''} {about} `{name}`, which has no "
                "images (`scanned: false`)",
            )


def check_change_images(spec: StudySpec, where: KeyPath, outcome: str, problem: Problem) -> None:
    """Report an outcome whose change is between visits without images, where measures are wanted.

    Parameters
    ----------
    spec : StudySpec
        The study.
    where : key path
        The setting that names the outcome.
    outcome : str
        Name of the outcome; an unknown one is told elsewhere.
    problem : callable
        Called with the place in the file and a sentence.
    """
    found = next((each for each in spec.outcomes if each.name == outcome), None)
    name = None if found is None else change_of(spec, found)
    for change in spec.changes:
        if change.name == name:
            what = f"the change `{change.name}` of `{outcome}`"
            check_images(spec, where, (change.first, change.second), problem, what)


def change_of(spec: StudySpec, outcome: OutcomeSpec) -> str | None:
    """Return the change whose two sessions the improvement of an outcome is about.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes.

    Returns
    -------
    str or None
        None where it belongs to none.
    """
    if outcome.change is not None:
        return outcome.change
    return spec.changes[0].name if spec.changes else None


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
        wide = bool(outcome.columns)
        lacking = [each for each in sessions if wide and not has_scores(spec, outcome, each)]
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
