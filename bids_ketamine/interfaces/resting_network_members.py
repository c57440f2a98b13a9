"""Which regions make each network of a study, and what its measures average over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bids_ketamine.core.networks.network_means import NetworkMeasure, Shared, network_mean
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.spelling import nearest, shown
from bids_ketamine.errors import InputDataError, UsageError
from bids_ketamine.interfaces.resting_neighbourhood import chosen_regions
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.measure_names import ANY, is_chosen
from bids_ketamine.study.spec import NetworksSpec, StudySpec

#: How many names an error shows.
MOST_SHOWN = 8


def check_networks(spec: StudySpec, sources: Sequence[RegionSource]) -> None:
    """Refuse networks and neighbourhoods that name no region, before anything is computed.

    Parameters
    ----------
    spec : StudySpec
        The study. If every column of its tables is a region, only these know them.
    sources : sequence of RegionSource
        What its regions are made of, in their order.

    Raises
    ------
    UsageError
        As :func:`network_members` and :func:`network_measure_list`, or if
        `cleaning.local_neighbourhood` names no region.
    """
    regions, of_tables = spec.regions, bool(spec.inputs.timeseries_atlas)
    if spec.rest is None or regions is None or (of_tables and regions.all_columns):
        return
    if of_tables:
        names = [each.name for each in regions.definitions]
    else:
        names = [each.name for each in sources]
        chosen_regions(spec.cleaning, names)
    if spec.networks is not None:
        members = network_members(spec.networks, names, region_groups(sources))
        network_measure_list(spec.networks, members)


def region_groups(sources: Iterable[RegionSource]) -> dict[str, tuple[str, ...]]:
    """Return the regions of each value of a grouping column of label tables.

    Parameters
    ----------
    sources : iterable of RegionSource
        What the regions of the study are made of.
    """
    groups: dict[str, list[str]] = {}
    for source in sources:
        for group in source.groups:
            groups.setdefault(group, []).append(source.name)
    return {group: tuple(names) for group, names in groups.items()}


def network_members(
    networks: NetworksSpec, names: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Return the regions of each network, in the order of the regions.

    Parameters
    ----------
    networks : NetworksSpec
        Names, names with ``*`` and groups, by network.
    names : sequence of str
        Regions that there are.
    groups : mapping of str to sequence of str
        Regions of each group, such as a community of an atlas.

    Raises
    ------
    UsageError
        If something fits no region (all are named, with the nearest names).
    InputDataError
        If two regions have one name.

    Examples
    --------
    >>> spec = NetworksSpec(regions={"visual": ("*_Vis_*",), "limbic": ("amygdala", "Hipp")})
    >>> network_members(spec, ["LH_Vis_1", "amygdala", "a", "b"], {"Hipp": ["a", "b"]})
    {'visual': ('LH_Vis_1',), 'limbic': ('amygdala', 'a', 'b')}
    """
    refuse_equal_names(names)
    problems = []
    found: dict[str, tuple[str, ...]] = {}
    known = set(names)
    for network, wanted in networks.regions.items():
        chosen: set[str] = set()
        for each in wanted:
            own = _fitting(each, names, known, groups)
            if not own:
                problems.append(
                    f"`{shown(each)}` of network `{network}`{_near(each, names, groups)}"
                )
            chosen.update(own)
        found[network] = tuple(name for name in names if name in chosen)
    if problems:
        more = f"; and {len(problems) - MOST_SHOWN} more" if len(problems) > MOST_SHOWN else ""
        raise UsageError(
            f"No region fits {'; '.join(problems[:MOST_SHOWN])}{more}.",
            cure="Correct `networks.regions` in the study file: names of regions, names with `*`, "
            "or values of a grouping column of the label table.",
        )
    return found


def refuse_equal_names(names: Sequence[str]) -> None:
    """Refuse regions of one name, of which a network could not tell which is meant."""
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        raise InputDataError(
            f"Two regions have the same name: {listed(twice)}.",
            cure="Give each region a name of its own.",
        )


def _fitting(
    wanted: str, names: Sequence[str], known: set[str], groups: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    if wanted in known:
        return (wanted,)
    if ANY in wanted:
        return [name for name in names if is_chosen(name, (wanted,))]
    return [name for name in groups.get(wanted, ()) if name in known]


def _near(wanted: str, names: Sequence[str], groups: Mapping[str, Sequence[str]]) -> str:
    near = nearest(wanted.replace(ANY, ""), [*names, *groups])
    return "" if near is None else f" (there is `{shown(near)}`)"


def network_measure_list(
    networks: NetworksSpec, members: Mapping[str, Sequence[str]]
) -> tuple[NetworkMeasure, ...]:
    """Return what each network measure averages over: within networks, then between.

    Parameters
    ----------
    networks : NetworksSpec
        Section of the study.
    members : mapping of str to sequence of str
        Result of :func:`network_members`.

    Raises
    ------
    UsageError
        If a measure has no edge.
    """
    shared: Shared = networks.shared  # type: ignore[assignment]
    measures = [
        *(
            NetworkMeasure(name=network, first=tuple(members[network]))
            for network in networks.within
        ),
        *(
            NetworkMeasure(
                name=name, first=tuple(members[first]), second=tuple(members[second]), shared=shared
            )
            for name, (first, second) in (networks.between or {}).items()
        ),
    ]
    every = list(dict.fromkeys(name for own in members.values() for name in own))
    for measure in measures:
        try:
            network_mean(
                np.zeros((len(every),) * 2),
                measure,
                region_names=every,
                not_covered={},
                minimum_fraction=0.0,
            )
        except ValueError as error:
            raise UsageError(
                f"The network measure {error}.",
                cure="Give its networks more regions, or change `shared`, in the study file.",
            ) from error
    return tuple(measures)
