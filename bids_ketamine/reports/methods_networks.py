"""Sentences on networks, seed maps and volumes, of participants and of the group."""

from __future__ import annotations

from collections.abc import Iterable

from bids_ketamine.reports.words import counted, listed, number, percent
from bids_ketamine.study.spec import (
    ControlsSpec,
    EdgeStatisticsSpec,
    NetworksSpec,
    ReliabilitySpec,
    StudySpec,
    VolumesSpec,
)

#: Networks whose regions are told one by one.
MOST_REGIONS = 12
SHARED = {
    "first": "counts in the first",
    "second": "counts in the second",
    "neither": "counts in neither",
}


def network_paragraphs(spec: StudySpec) -> tuple[str, ...]:
    """Say what networks are made of and what is computed of them; nothing without networks.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    """
    networks = spec.networks
    if networks is None:
        return ()
    paragraphs = [_networks(networks)]
    if networks.seed_maps:
        paragraphs.append(
            f"Seed maps of {listed(_names(networks.seed_maps))}: Fisher's z of the correlation of "
            "the mean series of the network's regions with the series of every voxel or "
            "grayordinate, cleaned alike, runs of a session joined."
        )
    is_raw = spec.cleaning is not None and spec.cleaning.timeseries == "clean"
    as_read = spec.inputs.timeseries_atlas is not None and not is_raw
    paragraphs.append(_signal(networks, as_read=as_read))
    return tuple(paragraphs)


def _names(names: Iterable[str]) -> list[str]:
    return [each.replace("_", " ") for each in names]


def _networks(networks: NetworksSpec) -> str:
    made = "; ".join(
        f"{name.replace('_', ' ')} ({_regions(regions)})"
        for name, regions in networks.regions.items()
    )
    sentences = [f"Networks: {made}."]
    told = []
    if networks.within:
        told.append(f"within {listed(_names(networks.within))}")
    if networks.between:
        pairs = [
            f"{first.replace('_', ' ')} and {second.replace('_', ' ')}"
            for first, second in networks.between.values()
        ]
        told.append(f"between {listed(pairs)}")
    sentences.append(
        "Connectivity of a network is the mean Fisher z over its edges, each counted once, "
        f"{listed(told)} (`network_connectivity`)."
    )
    if networks.between:
        sentences.append(f"A region that both networks of a pair hold {SHARED[networks.shared]}.")
    sentences.append(
        "Regions without enough coverage or without signal have no edges; a network of whose "
        f"edges fewer than {percent(networks.minimum_fraction)} have a value is missing."
    )
    return " ".join(sentences)


def _regions(regions: tuple[str, ...]) -> str:
    if len(regions) > MOST_REGIONS:
        return counted(len(regions), "region")
    return ", ".join(f"`{each}`" for each in regions)


def _signal(networks: NetworksSpec, *, as_read: bool) -> str:
    if as_read:
        return (
            "Of series that come as tables, cleaned elsewhere, neither the mean nor what was "
            "before cleaning is known: of signal quality there is the temporal standard deviation "
            "of kept volumes alone, as the median over the regions of each network."
        )
    sentence = (
        "Temporal standard deviation and temporal signal-to-noise ratio (mean over standard "
        "deviation) were computed of kept volumes before and after cleaning, as medians over the "
        "regions of each network"
    )
    if networks.signal_reference:
        reference = networks.signal_reference.replace("_", " ")
        sentence += f", and as ratios to those of {reference}"
    return sentence + "."


def volume_sentence(volumes: VolumesSpec) -> str:
    """Say where volumes of structures are from.

    Parameters
    ----------
    volumes : VolumesSpec
        What was asked for.
    """
    names = listed([each.replace("-", " ") for each in volumes.structures])
    return (
        f"Volumes of {names} were taken from the participant's FreeSurfer statistics "
        "(`aseg.stats`), or counted in their segmentation, and divided by intracranial volume."
    )


def group_network_paragraphs(spec: StudySpec, *, cited: set[str]) -> tuple[str, ...]:
    """Say how networks, edges, controls, reliability and volumes were tested.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    told = []
    means = [each for each in spec.sessions if each.mean_of]
    if means and (spec.networks is not None or spec.volumes is not None):
        told.append(
            " ".join(
                f"Session {each.name} is the mean of {listed(list(each.mean_of))} (of Fisher's z "
                "for connectivity), or the one that is there."
                for each in means
            )
        )
    if spec.reliability is not None:
        told.append(_reliability(spec.reliability, spec, cited))
    if spec.edge_statistics is not None:
        told.append(_edges(spec.edge_statistics, spec, cited))
    if spec.networks is not None and spec.networks.seed_maps:
        told.append(
            "Seed maps were averaged over participants in each session, and their differences "
            "over participants with both sessions; they were not tested."
        )
    if spec.controls is not None:
        told.append(_controls(spec.controls, cited))
    if spec.volumes is not None and spec.volumes.outcome is not None:
        told.append(_volumes(spec.volumes, spec.volumes.outcome))
    return tuple(told)


def _reliability(section: ReliabilitySpec, spec: StudySpec, cited: set[str]) -> str:
    cited.add("shrout")
    level = percent(spec.group.confidence_level)
    who = f" in {listed(list(section.arms))}" if section.arms else ""
    return (
        f"Agreement of {listed(list(section.sessions))}{who}, between which there was no "
        f"treatment, is ICC(2,1) with {level} intervals (Shrout and Fleiss, 1979), from a two-way "
        "analysis of variance; the standard deviation within participants is beside it, and their "
        "differences are drawn beside the change as its normal variability."
    )


def _edges(section: EdgeStatisticsSpec, spec: StudySpec, cited: set[str]) -> str:
    cited.add("fdr")
    imaged = spec.imaged_changes
    wanted = section.changes or tuple(each.name for each in imaged)
    changes = [f"{each.second} minus {each.first}" for each in imaged if each.name in wanted]
    who = f" in {listed(list(section.arms))}, each by itself" if section.arms else ""
    if not section.arms and spec.controls is not None:
        who = f" in everybody but {spec.controls.level}"
    sentences = [
        f"The change ({listed(changes)}) of every edge was tested with a paired t test{who}. "
        "q values control the false discovery rate over all edges (Benjamini and Hochberg, 1995). "
        f"The matrix of t is shown at p < {_plain(section.shown_p)} without correction, beside "
        "what correction leaves."
    ]
    if section.permutations:
        cited.add("zalesky")
        sentences.append(
            "The network-based statistic (Zalesky et al., 2010) joins edges of "
            f"p < {_plain(section.component_p)} to components; their number of edges and their "
            "intensity are compared with those of the largest component in "
            f"{section.permutations:,} random flips of the participants' signs, or all there are. "
            "It controls the error of finding any component, not that of its single edges."
        )
    return " ".join(sentences)


def _plain(p: float) -> str:
    return f"{p:g}".removeprefix("0")


def _controls(section: ControlsSpec, cited: set[str]) -> str:
    sessions = f" in {listed(list(section.sessions))}" if section.sessions else ""
    sentences = [
        f"Patients{sessions} were compared with {section.level} by Student's t test (two-sided, "
        "not corrected); sessions of a control were averaged first."
    ]
    if section.matching:
        cited |= {"stuart", "austin"}
        matched = listed([each.replace("_", " ") for each in section.matching])
        sentence = (
            "They were also compared in pairs, each patient with one control, that make the sum of "
            f"squared standardized differences in {matched} smallest (optimal assignment; Stuart, "
            "2010)"
        )
        if section.exact:
            sentence += f", with {listed(list(section.exact))} equal"
        if section.caliper is not None:
            sentence += (
                f", no pair further apart than {number(section.caliper)} standard deviations"
            )
        sentences.append(
            f"{sentence}. Balance is told by standardized differences before and after (Austin, "
            "2009)."
        )
    return " ".join(sentences)


def _volumes(section: VolumesSpec, outcome: str) -> str:
    session = f" in {section.session}" if section.session else " before treatment"
    return (
        f"Volumes{session} were correlated (Pearson) with the change of {outcome}, second minus "
        "first session, so that where the score falls in who gets better a positive correlation "
        "means a larger fall with smaller volume; p values are not corrected."
    )
