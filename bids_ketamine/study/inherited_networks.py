"""What sections on networks and the clinical course of a preset name that a study does not have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.inherited_clinical import known_names
from bids_ketamine.study.measure_names import can_be_chosen, possible_measures
from bids_ketamine.study.spec import NetworksSpec, StudySpec

Check = Callable[[StudySpec, Problem], None]


def without_network_parts(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out what an inherited section takes of networks that are gone.

    Parameters
    ----------
    spec : StudySpec
        The study, each value of its declared type.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    spec : StudySpec
        Without them.
    notices : tuple of str
        A sentence without full stop for each list.
    """
    section = spec.networks
    if section is None:
        return spec, ()
    known = list(section.regions or {})
    notices: list[str] = []
    for setting in ("within", "seed_maps"):
        kept, told = known_names(
            getattr(section, setting), known, "networks", f"networks.{setting}"
        )
        if ("networks", setting) not in written:
            changed: dict[str, Any] = {setting: kept}
            section = replace(section, **changed)
            notices += told
    section, told = _without_pairs(section, known, written)
    notices += told
    reference = section.signal_reference
    inherited = ("networks", "signal_reference") not in written
    if inherited and reference is not None and reference not in known:
        section = replace(section, signal_reference=None)
        notices.append(
            "the preset's comparison of signal quality (`networks.signal_reference`) is left out: "
            f"the study does not have the network `{reference}`"
        )
    return replace(spec, networks=section), tuple(notices)


def without_group_parts(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out what inherited group sections take of sessions, outcomes and models that are gone.

    Parameters
    ----------
    spec : StudySpec
        The study, without the methods that it has nothing for.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    spec : StudySpec
        Without them; a list of which nothing is left stays as it is.
    notices : tuple of str
        A sentence without full stop for each list.
    """
    notices: list[str] = []
    for name, setting, known, what in _lists(spec):
        section: Any = getattr(spec, name)
        if section is None or (name, setting) in written:
            continue
        names = getattr(section, setting)
        kept, told = known_names(names, known, what, f"{name}.{setting}")
        first_is_gone = setting == "sessions" and kept[:1] != names[:1]
        if kept and not first_is_gone:  # the first visit is the one before treatment
            spec = replace(spec, **{name: replace(section, **{setting: kept})})
            notices += told
    spec, told = _without_single_outcomes(spec, written)
    return spec, (*notices, *told)


def _lists(spec: StudySpec) -> Sequence[tuple[str, str, Sequence[str], str]]:
    """Return lists of group sections, what they may name, and what that is called."""
    sessions = [each.name for each in spec.sessions]
    outcomes = [each.name for each in spec.outcomes]
    changes = [each.name for each in spec.changes]
    covariates = [each.name for each in spec.participant_variables]
    covariates += ["mean_fd", *(["minutes"] if spec.cleaning is not None else [])]
    possible = possible_measures(spec)
    primary = spec.primary_outcomes.measures if spec.primary_outcomes is not None else ()
    measures = [each for each in primary if can_be_chosen(each, possible)]
    return (
        ("edge_statistics", "changes", changes, "changes"),
        ("controls", "sessions", sessions, "sessions"),
        ("controls", "control_sessions", sessions, "sessions"),
        ("controls", "matching", covariates, "covariates"),
        ("controls", "exact", covariates, "covariates"),
        ("clinical_course", "sessions", sessions, "sessions"),
        ("primary_outcomes", "scores", outcomes, "outcomes"),
        ("primary_outcomes", "measures", measures, "measures"),
    )


def _without_pairs(
    section: NetworksSpec, known: Sequence[str], written: Collection[KeyPath]
) -> tuple[NetworksSpec, list[str]]:
    pairs: Mapping[str, tuple[str, ...]] = section.between or {}
    lost = [
        name
        for name, pair in pairs.items()
        if not set(pair) <= set(known) and ("networks", "between", name) not in written
    ]
    if not lost:
        return section, []
    kept = {name: pair for name, pair in pairs.items() if name not in lost}
    told = (
        "pairs of networks of the preset (`networks.between`) are left out, for the study does "
        f"not have both: {', '.join(lost)}"
    )
    return replace(section, between=kept), [told]


def _without_single_outcomes(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, list[str]]:
    """Leave out outcomes, and a mixed model, that sections can do without."""
    outcomes = [each.name for each in spec.outcomes]
    models = [each.name for each in spec.mixed_models]
    notices = []
    for name, setting, known, what, further in (
        ("volumes", "outcome", outcomes, "outcome", {}),
        ("clinical_course", "rating", outcomes, "outcome", {}),
        (
            *("primary_outcomes", "mixed_model", models, "mixed model"),
            {"terms": (), "measures": ()},
        ),
    ):
        section: Any = getattr(spec, name)
        value = None if section is None else getattr(section, setting)
        if value is None or value in known or (name, setting) in written:
            continue
        changed: dict[str, Any] = {setting: None, **further}
        spec = replace(spec, **{name: replace(section, **changed)})
        notices.append(
            f"`{name}.{setting}` of the preset is left out: the study does not have the {what} "
            f"`{value}`"
        )
    return spec, notices
