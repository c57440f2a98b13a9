"""Rules on group statistics of networks and brain structures: edges, controls, reliability."""

from __future__ import annotations

from bids_ketamine.study.check_lists import (
    change_of,
    check_arms,
    check_images,
    check_names,
    check_sessions_together,
)
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.spec import ControlsSpec, StudySpec
from bids_ketamine.study.wrong_names import named_twice, unknown_name

#: What patients and controls may be matched on beside variables of participants.
MEAN_FD, MINUTES = "mean_fd", "minutes"


def check_volumes(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `volumes` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.volumes
    if section is None:
        return
    if not section.structures:
        problem(("volumes", "structures"), "volumes.structures names no structure")
    for name in named_twice(section.structures):
        problem(("volumes", "structures"), f"volumes.structures names `{name}` twice")
    if section.session is not None:
        where: KeyPath = ("volumes", "session")
        known = [each.name for each in spec.sessions]
        if section.session not in known:
            problem(where, f"volumes.session{unknown_name('session', section.session, known)}")
        check_images(spec, where, (section.session,), problem)
    if section.outcome is not None:
        _check_volume_outcome(spec, section.outcome, problem)


def _check_volume_outcome(spec: StudySpec, name: str, problem: Problem) -> None:
    where: KeyPath = ("volumes", "outcome")
    outcome = next((each for each in spec.outcomes if each.name == name), None)
    if outcome is None:
        known = [each.name for each in spec.outcomes]
        problem(where, f"volumes.outcome{unknown_name('outcome', name, known)}")
        return
    section = spec.volumes
    change = next((each for each in spec.changes if each.name == change_of(spec, outcome)), None)
    if section is None or section.session is not None:
        return
    if change is None:
        problem(
            where,
            f"volumes.outcome: `{name}` belongs to no change, so `volumes.session` must say of "
            "which session the volumes are",
        )
    else:
        what = f"the start of the change `{change.name}` of `{name}`"
        check_images(spec, where, (change.first,), problem, what)


def check_edge_statistics(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `edge_statistics` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.edge_statistics
    if section is None:
        return
    if spec.rest is None:
        problem(
            ("edge_statistics",),
            "edge_statistics tests the edges of resting connectivity and needs `rest`; "
            "`edge_statistics: null` leaves it out",
        )
    where: KeyPath = ("edge_statistics", "changes")
    changes = {each.name: each for each in spec.changes}
    if not spec.imaged_changes:
        problem(
            ("edge_statistics",),
            "edge_statistics tests changes, and the study has none between two sessions with "
            "images",
        )
    if spec.rest is not None and not spec.rest.pairs and spec.networks is None:
        problem(
            ("edge_statistics",),
            "edge_statistics leaves out sessions by their measures, and with `rest.pairs: false` "
            "and no `networks` there are none: name `networks`",
        )
    if section.permutations and not 0 < section.component_p < 1:
        problem(
            ("edge_statistics", "component_p"),
            f"edge_statistics.component_p lies between 0 and 1, not at {section.component_p:g}; "
            "`permutations: 0` leaves the network-based statistic out",
        )
    check_names(where, section.changes, "change", list(changes), problem)
    for name in dict.fromkeys(section.changes):
        if name in changes:
            ends = (changes[name].first, changes[name].second)
            check_images(spec, where, ends, problem, f"the change `{name}`")
    check_arms(spec, ("edge_statistics", "arms"), section.arms, problem)


def check_controls(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `controls` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.controls
    if section is None:
        return
    levels = spec.arms.levels if spec.arms is not None else ()
    if section.level not in levels:
        problem(
            ("controls", "level"), f"controls.level{unknown_name('arm', section.level, levels)}"
        )
    elif len(set(levels)) == 1:
        problem(
            ("controls", "level"),
            f"controls: `{section.level}` is the only arm of the study; controls are compared with "
            "those of other arms",
        )
    if not spec.has_imaging:
        problem(("controls",), "controls compares imaging measures, and the study has no imaging")
    if not section.sessions and not spec.imaged_changes:
        problem(
            ("controls",),
            "controls.sessions must name sessions of the patients: the study has no change between "
            "sessions with images",
        )
    names = [each.name for each in spec.sessions]
    check_names(("controls", "sessions"), section.sessions, "session", names, problem)
    check_images(spec, ("controls", "sessions"), section.sessions, problem)
    check_sessions_together(
        spec, ("controls", "control_sessions"), section.control_sessions, problem, of_images=True
    )
    _check_matching(spec, section, problem)


def _check_matching(spec: StudySpec, section: ControlsSpec, problem: Problem) -> None:
    where: KeyPath = ("controls", "matching")
    variables = [each.name for each in spec.participant_variables]
    known = [*variables, MEAN_FD, *([MINUTES] if spec.cleaning is not None else [])]
    if MINUTES in section.matching and MINUTES not in [*known, *variables]:
        problem(
            where,
            f"controls.matching: `{MINUTES}` is the time that `cleaning` leaves, and the study has "
            "no `cleaning`",
        )
    wanted = [each for each in section.matching if each != MINUTES or MINUTES in known]
    check_names(where, wanted, "covariate", known, problem)
    check_names(("controls", "exact"), section.exact, "covariate", section.matching, problem)
    for name in (MEAN_FD, MINUTES):
        if name in section.exact and name not in variables:
            problem(
                ("controls", "exact"),
                f"controls.exact: no two participants have the same `{name}`; a `caliper` says how "
                "far a pair may lie apart",
            )
    if section.caliper == 0:
        problem(("controls", "caliper"), "controls.caliper must be above 0")


def check_reliability(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `reliability` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.reliability
    if section is None:
        return
    if not spec.has_imaging:
        problem(
            ("reliability",), "reliability is of imaging measures, and the study has no imaging"
        )
    where: KeyPath = ("reliability", "sessions")
    if len(set(section.sessions)) < 2:
        problem(where, "reliability.sessions needs two sessions or more")
    check_sessions_together(spec, where, section.sessions, problem, of_images=True)
    check_arms(spec, ("reliability", "arms"), section.arms, problem)
