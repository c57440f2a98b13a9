"""Names of imaging measures in one line, and patterns that choose among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from bids_ketamine.study.spec import StudySpec

#: Stands for any text in a pattern.
ANY = "*"

#: Cells of tables that hold nothing.
EMPTY = ("", "n/a")

#: Start of the names of parameters of dynamic causal models.
OF_MODELS = "dcm "

#: Means of resting connectivity over the edges of networks.
NETWORK = "network_connectivity"

#: Temporal standard deviation and signal-to-noise ratio of networks, before and after cleaning.
SIGNAL_QUALITY = ("raw_temporal_sd", "cleaned_temporal_sd", "raw_tsnr", "cleaned_tsnr")

#: Stands between two networks of which one is compared with the other.
RATIO = "/"

#: Volumes of brain structures over intracranial volume, and the task under which they stand.
VOLUME, ANATOMY = "volume", "anat"


def measure_name(parts: Iterable[object]) -> str:
    """Return the name of a measure: kind, task, contrast (where it has one) and regions.

    Parameters
    ----------
    parts : iterable of str
        These parts; one that is empty (a missing cell) is left out.

    Examples
    --------
    >>> measure_name(["resting_connectivity", "rest", "n/a", "amygdala~vmPFC"])
    'resting_connectivity rest amygdala~vmPFC'
    """
    return " ".join(part for part in parts if isinstance(part, str) and part not in EMPTY)


def is_chosen(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a measure is among those that a study chooses.

    Parameters
    ----------
    name : str
        Name of the measure.
    patterns : sequence of str
        Names, in which `*` stands for any text; without any, every measure is chosen that is no
        parameter of a dynamic causal model.

    Examples
    --------
    >>> is_chosen("ldc faces fearful vs neutral rACC", ["ldc *", "gppi faces *"])
    True
    >>> is_chosen("dcm faces circuit connection a > b", []), is_chosen("gppi faces effect a~b", [])
    (False, True)
    """
    if not patterns:
        return not name.startswith(OF_MODELS)
    return any(_expression(pattern).fullmatch(name) for pattern in patterns)


def can_be_chosen(pattern: str, names: Iterable[str]) -> bool:
    """Tell whether a pattern can choose any of some names that may themselves be patterns.

    Parameters
    ----------
    pattern : str
        What a study asks for.
    names : iterable of str
        Result of :func:`possible_measures`.

    Examples
    --------
    >>> can_be_chosen("gppi * amygdala~vmPFC", ["gppi faces effect *~*"])
    True
    >>> can_be_chosen("gppi * amygdala~vmPFC", ["gppi faces effect a~b", "ldc *"])
    False
    """
    expression = _expression(pattern)
    return any(
        _meet(pattern, name) if ANY in name else expression.fullmatch(name) is not None
        for name in names
    )


def possible_measures(spec: StudySpec) -> tuple[str, ...]:
    """Return the names that measures of a study may have.

    Parameters
    ----------
    spec : StudySpec
        The study.

    Returns
    -------
    tuple of str
        Names; `*` stands in them for regions that only the data or an atlas tell, and for the
        contrasts of dynamic causal models. Not every one of them need come.
    """
    return tuple(dict.fromkeys(_possible(spec)))


def _possible(spec: StudySpec) -> Iterator[str]:
    regions, pairs = _regions(spec)
    kinds = {"mean": "activation", "marsbar": "activation_marsbar"}
    for task in spec.tasks:
        contrasts = [each.name for each in task.contrasts]
        for method in spec.glm.region_methods:
            for contrast in contrasts:
                yield from _each(kinds[method], task.name, contrast, regions)
        if spec.gppi_of(task) is not None:
            for contrast in contrasts:
                yield from _each("gppi", task.name, contrast, pairs)
        if spec.rsa_of(task) is not None:
            chosen = spec.rsa.pairs if spec.rsa is not None else ()
            for contrast in [" vs ".join(pair) for pair in chosen] or [f"{ANY} vs {ANY}"]:
                yield from _each("ldc", task.name, contrast, regions)
        for model in spec.dcm_models_of(task):
            yield f"{OF_MODELS}{task.name} {model.name} {ANY}"
    if spec.rest is not None:
        kinds = {"pearson": "resting_connectivity", "partial": "resting_partial_connectivity"}
        for correlation in spec.rest.correlations if spec.rest.pairs else ():
            yield from _each(kinds[correlation], spec.rest.task, "", pairs)
        yield from _of_networks(spec, spec.rest.task)
    for structure in spec.volumes.structures if spec.volumes is not None else ():
        yield measure_name((VOLUME, ANATOMY, structure))


def region_names(spec: StudySpec) -> tuple[str, ...]:
    """Name the regions of a study; `*` stands for those that only an atlas or a table tells.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    return tuple(_regions(spec)[0])


def network_measures(spec: StudySpec) -> tuple[str, ...]:
    """Name the measures of network means: of the first nuisance model, then of each further one.

    Examples
    --------
    >>> from bids_ketamine.study.load import load_study
    >>> network_measures(load_study("siegel2021").spec)
    ('network_connectivity',)
    """
    further = spec.cleaning.models[1:] if spec.cleaning is not None else ()
    return (NETWORK, *(f"{NETWORK}_{model}" for model in further))


def _of_networks(spec: StudySpec, task: str) -> Iterator[str]:
    networks = spec.networks
    if networks is None:
        return
    for measure in network_measures(spec):
        yield from _each(measure, task, "", networks.measures)
    reference = networks.signal_reference
    compared = [name for name in networks.regions if name != reference] if reference else []
    for measure in SIGNAL_QUALITY:
        yield from _each(measure, task, "", tuple(networks.regions))
        yield from _each(measure, task, "", [f"{name}{RATIO}{reference}" for name in compared])


def _each(measure: str, task: str, contrast: str, regions: Sequence[str]) -> Iterator[str]:
    return (measure_name((measure, task, contrast, region)) for region in regions)


def _regions(spec: StudySpec) -> tuple[list[str], list[str]]:
    """Return names of regions and of their pairs, in the order of the study."""
    if spec.regions is None:
        return [], []
    names = [each.name for each in spec.regions.definitions]
    pairs = [f"{first}~{second}" for first, second in combinations(names, 2)]
    if spec.regions.whole_atlases or spec.regions.all_columns:
        return [*names, ANY], [*pairs, f"{ANY}~{ANY}"]
    return names, pairs


def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split(ANY))), re.DOTALL)


def _meet(one: str, other: str) -> bool:
    """Tell whether some text fits two patterns; by rows of what their beginnings have in common."""
    row = [True]
    for character in other:
        row.append(row[-1] and character == ANY)
    for character in one:
        before = row
        row = [before[0] and character == ANY]
        for position, letter in enumerate(other):
            if ANY in (character, letter):
                row.append(before[position + 1] or row[-1] or before[position])
            else:
                row.append(before[position] and character == letter)
    return row[-1]
