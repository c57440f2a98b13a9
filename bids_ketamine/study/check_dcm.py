"""Rules on dynamic causal models that span several settings."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.study.check_tasks import LISTED_NAMES, no_such_task
from bids_ketamine.study.dcm_names import (
    ARROW,
    connection_ends,
    connection_name,
    connections_of,
    inputs_of,
)
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.model_sections import TaskSpec
from bids_ketamine.study.spec import DcmModelSpec, StudySpec

#: Regions of a model at most: with all connections, n regions have more than n squared parameters,
#: and the time of a fit grows faster than that.
MOST_REGIONS = 10

#: What other arrows have before their head.
ARROW_SHAFTS = "-=<\u2013\u2014"

#: What to do where a study has nothing for the method.
WITHOUT = "; `dcm: null` leaves the method out"


def check_dcm(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `dcm` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    if spec.dcm is None:
        return
    if not spec.dcm.models:
        problem(("dcm", "models"), f"dcm.models names no model{WITHOUT}")
    _check_names(spec.dcm.models, problem)
    for model in spec.dcm.models:
        tell = _teller(model, problem)
        task = next((each for each in spec.tasks if each.name == model.task), None)
        if task is None:
            setting = f"dcm.models.{model.name}.task"
            told = no_such_task(setting, model.task, [each.name for each in spec.tasks])
            tell(("task",), told.removeprefix(setting) + WITHOUT)
        _check_regions(model, tell)
        _check_regions_of_study(model, spec, tell)
        _check_connections(model, tell)
        _check_inputs(model, tell)
        _check_driving(model, tell)
        _check_modulations(model, tell)
        if task is not None:
            _check_conditions(model, task, tell)


def _check_names(models: Sequence[DcmModelSpec], problem: Problem) -> None:
    """Refuse names that differ in case alone: some file systems take their files for the same."""
    seen: dict[str, str] = {}
    for model in models:
        earlier = seen.setdefault(model.name.casefold(), model.name)
        if earlier != model.name:
            problem(
                ("dcm", "models", model.name),
                f"dcm.models: `{earlier}` and `{model.name}` differ in capital letters alone, and "
                "their files would overwrite each other where these do not count: give one "
                "another name",
            )


def _teller(model: DcmModelSpec, problem: Problem) -> Problem:
    """Return what reports a problem at a key of a model; the sentence goes on after its name."""

    def tell(at: KeyPath, sentence: str) -> None:
        problem(("dcm", "models", model.name, *at), f"dcm.models.{model.name}.{at[0]}{sentence}")

    return tell


def _check_regions(model: DcmModelSpec, tell: Problem) -> None:
    regions = model.regions
    if not regions:
        tell(("regions",), " names no region")
    if len(regions) > MOST_REGIONS:
        tell(("regions",), f" names {len(regions)} regions; a model has {MOST_REGIONS} at most")
    for region in _twice(regions):
        tell(("regions",), f" names `{region}` twice")
    for number, region in enumerate(regions):
        if ARROW in region:
            tell(
                ("regions", number),
                f": `{region}` has the sign `{ARROW}`, which stands between the ends of a "
                "connection: give the region another name",
            )


def _check_regions_of_study(model: DcmModelSpec, spec: StudySpec, tell: Problem) -> None:
    if spec.regions is None:  # tasks without regions are a problem of their own
        return
    of_series = [each.name for each in spec.regions.definitions if each.columns]
    known = [each.name for each in spec.regions.of_images]
    for number, region in enumerate(model.regions):
        at = ("regions", number)
        if region in of_series:
            tell(
                at,
                f": `{region}` is made of columns of region time series; a model takes regions of "
                f"images{WITHOUT}",
            )
        elif region not in known and not spec.regions.whole_atlases:  # of which tables tell names
            told = f": `{region}` is no region of images; {_offer(region, known, 'regions')}"
            tell(at, told + WITHOUT)


def _check_connections(model: DcmModelSpec, tell: Problem) -> None:
    seen: set[tuple[str, str]] = set()
    for number, text in enumerate(model.connections or ()):
        at = ("connections", number)
        ends = _known_ends(text, model, at, tell)
        if ends is None:
            continue
        if ends[0] == ends[1]:
            tell(at, f": every region has a connection to itself; take `{text}` out of the list")
        elif ends in seen:
            tell(at, f" names `{connection_name(*ends)}` twice")
        seen.add(ends)


def _check_modulations(model: DcmModelSpec, tell: Problem) -> None:
    there = {*connections_of(model), *((region, region) for region in model.regions)}
    seen: set[tuple[str, str]] = set()
    for text, names in model.modulations.items():
        at = ("modulations", text)
        if not names:
            tell(at, f": `{text}` has no input")
        for name in _twice(names):
            tell(at, f": `{text}` has the input `{name}` twice")
        ends = _known_ends(text, model, at, tell)
        if ends is None:
            continue
        if ends not in there:
            tell(
                at,
                f": `{text}` is no connection of the model: add it to `connections`, or take it "
                "out here",
            )
        elif ends in seen:
            tell(at, f" names `{connection_name(*ends)}` twice")
        seen.add(ends)


def _known_ends(
    text: str, model: DcmModelSpec, at: KeyPath, tell: Problem
) -> tuple[str, str] | None:
    """Return the ends of a connection; None, and a problem, if they are not the model's."""
    ends = connection_ends(text)
    if ends is None or _other_arrow(ends, model.regions):
        alone = f", with `{ARROW}` alone" if ARROW in text else ""
        tell(at, f": `{text}` is no connection: write `FROM {ARROW} TO`{alone}")
        return None
    unknown = [end for end in dict.fromkeys(ends) if end not in model.regions]
    for end in unknown:
        offer = _offer(end, model.regions, "regions of the model")
        tell(at, f": `{text}` names no region of the model: `{end}`; {offer}")
    return None if unknown else ends


def _other_arrow(ends: Sequence[str], regions: Sequence[str]) -> bool:
    """Tell whether a connection is written with another arrow, such as ``->`` or ``=>``."""
    return ends[0] not in regions and ends[0].rstrip(ARROW_SHAFTS) != ends[0]


def _check_inputs(model: DcmModelSpec, tell: Problem) -> None:
    used = _used_inputs(model)
    seen: dict[frozenset[str], str] = {}
    for name in inputs_of(model):
        at: KeyPath = ("inputs", name)
        if name in model.regions:
            tell(at, f": `{name}` is the name of a region: call the input otherwise")
        if not str(name).strip() or not str(name).isprintable():
            tell(at, f": {name!r} is no name of an input: it is made of visible characters")
        elif ARROW in name:
            tell(
                at,
                f": `{name}` has the sign `{ARROW}`, which stands between the ends of a "
                "connection: give the input another name",
            )
    for name, conditions in model.inputs.items():
        at = ("inputs", name)
        if name not in used:
            tell(
                at,
                f": `{name}` is never used: name it under `driving` or `modulations`, or take it "
                "out",
            )
        if not conditions:
            tell(at, f": `{name}` names no condition")
            continue
        for condition in _twice(conditions):
            tell(at, f": `{name}` names the condition `{condition}` twice")
        earlier = seen.setdefault(frozenset(conditions), name)
        if earlier != name:
            tell(
                at,
                f": `{earlier}` and `{name}` are the same conditions; one input may both drive "
                "and modulate",
            )


def _check_driving(model: DcmModelSpec, tell: Problem) -> None:
    if not model.driving:
        tell(("driving",), " names no input: a model that nothing drives has no response")
    for name, regions in model.driving.items():
        at = ("driving", name)
        if not regions:
            tell(at, f": `{name}` drives no region")
        for region in _twice(regions):
            tell(at, f": `{name}` drives `{region}` twice")
        for region in dict.fromkeys(regions):
            if region not in model.regions:
                offer = _offer(region, model.regions, "regions of the model")
                tell(at, f": `{name}` drives no region of the model: `{region}`; {offer}")


def _check_conditions(model: DcmModelSpec, task: TaskSpec, tell: Problem) -> None:
    """Report inputs that are neither listed nor conditions, and lists of other things."""
    conditions = [condition.name for condition in task.conditions]
    if task.error_trials is not None:
        conditions.append(ERROR_CONDITION)
    for name, members in model.inputs.items():
        at: KeyPath = ("inputs", name)
        for member in dict.fromkeys(members):
            if member not in conditions:
                offer = _offer(member, conditions, "conditions")
                tell(at, f": `{name}` names no condition of the task: `{member}`; {offer}")
        if members and name in conditions and name not in members:
            tell(at, f": `{name}` is a condition that is not in the input of its name")
    known = [*model.inputs, *conditions]
    for name, at in _used_inputs(model).items():
        if name not in known:
            offer = _offer(name, list(dict.fromkeys(known)), "inputs and conditions")
            tell(at, f": `{name}` is neither an input nor a condition of the task; {offer}")


def _used_inputs(model: DcmModelSpec) -> dict[str, KeyPath]:
    """Return the inputs that drive or modulate, each with the place that names it first."""
    used: dict[str, KeyPath] = {name: ("driving", name) for name in model.driving}
    for text, names in model.modulations.items():
        for name in names:
            used.setdefault(name, ("modulations", text))
    return used


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _offer(name: str, known: Sequence[str], words: str) -> str:
    """Say what could be meant by a name that is unknown, and what is known."""
    known = list(dict.fromkeys(known))
    if not known:
        return f"there are no {words}"
    close = difflib.get_close_matches(name, known, n=1)
    guess = f"did you mean `{close[0]}`? " if close else ""
    more = f" and {len(known) - LISTED_NAMES} more" if len(known) > LISTED_NAMES else ""
    return f"{guess}{words}: {', '.join(known[:LISTED_NAMES])}{more}"
