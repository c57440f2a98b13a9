"""Rules on the cleaning of resting series, and on networks of regions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bids_ketamine.study.check_lists import check_names
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.measure_names import ANY, RATIO, can_be_chosen, region_names
from bids_ketamine.study.spec import CleaningSpec, NetworksSpec, StudySpec
from bids_ketamine.study.wrong_names import named_twice, unknown_name

#: Networks of a pair.
PAIR = 2


def check_cleaning(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `cleaning` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.cleaning
    if section is None:
        return
    if spec.rest is None:
        problem(
            ("cleaning",),
            "cleaning is about resting series and needs `rest`; `cleaning: null` leaves it out",
        )
    if not section.models:
        problem(("cleaning", "models"), "cleaning.models names no nuisance model")
    for name in named_twice(section.models):
        problem(("cleaning", "models"), f"cleaning.models names `{name}` twice")
    for setting in ("framewise_displacement", "std_dvars"):
        if getattr(section, setting) == 0:
            problem(
                ("cleaning", setting),
                f"cleaning.{setting} must be above 0 (null for no such criterion)",
            )
    if not section.motion_filter_cutoff > 0:
        problem(
            ("cleaning", "motion_filter_cutoff"), "cleaning.motion_filter_cutoff must be above 0"
        )
    _check_rising(section, "motion_filter_band", "frequencies in Hz", problem)
    _check_rising(section, "neighbourhood_distance", "distances in mm", problem)
    _check_regions(spec, ("cleaning", "local_neighbourhood"), section.local_neighbourhood, problem)


def check_networks(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `networks` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = spec.networks
    if section is None:
        return
    if spec.rest is None:
        problem(
            ("networks",),
            "networks are of resting connectivity and need `rest`; `networks: null` leaves them "
            "out",
        )
    if not section.regions:
        problem(("networks", "regions"), "networks.regions names no network")
    for name, regions in (section.regions or {}).items():
        _check_network(spec, name, regions, problem)
    known = list(section.regions or {})
    check_names(("networks", "within"), section.within, "network", known, problem)
    check_names(("networks", "seed_maps"), section.seed_maps, "network", known, problem)
    _check_seed_names(section, problem)
    for name, pair in (section.between or {}).items():
        _check_pair(section, name, pair, problem)
    reference = section.signal_reference
    if reference is not None and reference not in known:
        problem(
            ("networks", "signal_reference"),
            f"networks.signal_reference{unknown_name('network', reference, known)}",
        )
    asked = (section.within, section.between, section.seed_maps, reference)
    if section.regions and not any(asked):
        problem(
            ("networks",),
            "networks asks for nothing: name networks under `within`, `between` or `seed_maps`",
        )


def _check_network(spec: StudySpec, name: str, regions: Sequence[str], problem: Problem) -> None:
    where = ("networks", "regions", name)
    setting = ".".join(where)
    if not name.strip() or not name.isprintable():
        problem(where, f"networks.regions: `{name!r}`: a name is made of visible characters")
    if RATIO in name:
        problem(
            where, f"networks.regions: `{name}`: `{RATIO}` stands between two networks compared"
        )
    if not regions:
        problem(where, f"{setting} names no region")
    for each in named_twice(regions):
        problem(where, f"{setting} names `{each}` twice")
    # Labels of an atlas may have a group, such as a community, that only its table tells.
    of_labels = spec.regions is not None and any(
        each.atlas or each.dseg for each in spec.regions.definitions
    )
    names = [each for each in regions if ANY in each] if of_labels else regions
    _check_regions(spec, where, names, problem)


def _check_regions(
    spec: StudySpec, where: KeyPath, patterns: Sequence[str], problem: Problem
) -> None:
    """Refuse patterns that fit no region, where the study names all its regions."""
    known = region_names(spec)
    if not known or any(ANY in each for each in known):
        return  # an atlas or a table tells them
    for number, pattern in enumerate(patterns):
        if not can_be_chosen(pattern, known):
            setting = ".".join(map(str, where))
            problem((*where, number), f"{setting}{unknown_name('region', pattern, known)}")


def _check_pair(section: NetworksSpec, name: str, pair: Sequence[str], problem: Problem) -> None:
    where = ("networks", "between", name)
    setting = ".".join(where)
    known = list(section.regions or {})
    if len(pair) != PAIR:
        problem(where, f"{setting} is a pair of two networks, not {len(pair)}")
    elif pair[0] == pair[1]:
        problem(
            where, f"{setting}: `{pair[0]}` twice is no pair; its own edges are `networks.within`"
        )
    for number, each in enumerate(dict.fromkeys(pair)):
        if each not in known:
            problem((*where, number), f"{setting}{unknown_name('network', each, known)}")
    if name in section.within:
        problem(
            where,
            f"{setting}: a measure of this name is there already (`networks.within`); give the "
            "pair another name",
        )


def _check_seed_names(section: NetworksSpec, problem: Problem) -> None:
    """Refuse networks whose maps would have one file name, made of letters and digits alone."""
    seen: dict[str, str] = {}
    for name in dict.fromkeys(section.seed_maps):
        label = re.sub(r"[^0-9a-z]", "", name.lower())
        if not label:
            problem(
                ("networks", "seed_maps"),
                f"networks.seed_maps: `{name}` becomes part of file names and has neither letters "
                "nor digits",
            )
        elif label in seen:
            problem(
                ("networks", "seed_maps"),
                f"networks.seed_maps: `{name}` and `{seen[label]}` would have the same file name",
            )
        seen.setdefault(label, name)


def _check_rising(section: CleaningSpec, setting: str, what: str, problem: Problem) -> None:
    values = getattr(section, setting)
    if len(values) != PAIR or not 0 <= values[0] < values[1]:
        shown = ", ".join(f"{each:g}" for each in values)
        problem(("cleaning", setting), f"cleaning.{setting} is two rising {what}, not [{shown}]")
