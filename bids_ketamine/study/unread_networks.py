"""What a study file asks for in vain of sessions, cleaning, networks and their group statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bids_ketamine.study.check_cifti import SURFACES
from bids_ketamine.study.document import KeyPath
from bids_ketamine.study.spec import StudySpec

#: Settings that series which were cleaned elsewhere do without.
OF_IMAGES = (
    ("rest", "band_pass"),
    *(("cleaning", name) for name in ("models", "linear_trend", "local_neighbourhood")),
)


def unread_network_settings(spec: StudySpec, written: Collection[KeyPath]) -> tuple[str, ...]:
    """Say which of these settings of a study file change nothing.

    Parameters
    ----------
    spec : StudySpec
        The study.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    tuple of str
        A sentence without full stop for each.
    """
    settings = (*_of_sessions(spec), *_of_cleaning(spec), *_of_networks(spec), *_of_groups(spec))
    return tuple(
        f"the setting {'.'.join(where)} changes nothing: {reason}"
        for where, reason in settings
        if where in written
    )


def _of_sessions(spec: StudySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    for session in spec.sessions:
        if session.mean_of:
            yield (
                ("sessions", session.name, "scanned"),
                "a mean of sessions has images if these have",
            )
    if spec.inputs.space == SURFACES and spec.inputs.smoothing_fwhm:
        yield ("inputs", "smoothing_fwhm"), "CIFTI series are not smoothed"
    if spec.regions is not None and spec.inputs.space != SURFACES:
        yield (
            ("regions", "midthickness"),
            f"surfaces belong to CIFTI series (`inputs.space: {SURFACES}`)",
        )


def _of_cleaning(spec: StudySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    section = spec.cleaning
    if section is None:
        return
    yield ("rest", "confounds"), "`cleaning` stands in its place"
    if spec.inputs.timeseries_atlas is None:
        yield ("cleaning", "timeseries"), "images are read (`inputs.timeseries_atlas`)"
    elif section.timeseries == "as_is":
        for where in OF_IMAGES:
            yield where, "region time series are used as they are (`cleaning.timeseries`)"
    if section.motion_filter != "low_pass":
        yield ("cleaning", "motion_filter_cutoff"), "the motion filter is not `low_pass`"
    if section.motion_filter != "notch":
        yield ("cleaning", "motion_filter_band"), "the motion filter is not `notch`"
    if section.framewise_displacement is None and section.motion_filter != "none":
        yield (
            ("cleaning", "motion_filter"),
            "no volume is left out for its displacement (`cleaning.framewise_displacement`)",
        )
    if spec.rest is not None and spec.rest.band_pass is None:
        yield ("cleaning", "censored_volumes"), "no band is filtered (`rest.band_pass`)"
    if not section.local_neighbourhood:
        yield (
            ("cleaning", "neighbourhood_distance"),
            "no region loses the signal around it (`cleaning.local_neighbourhood`)",
        )


def _of_networks(spec: StudySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    section = spec.networks
    if section is None:
        return
    if not section.between:
        yield ("networks", "shared"), "no pair of networks is named (`networks.between`)"
    if spec.inputs.timeseries_atlas is not None:
        yield (
            ("networks", "seed_maps"),
            "region time series have no voxels (`inputs.timeseries_atlas`)",
        )
    elif spec.cleaning is None:
        yield ("networks", "seed_maps"), "series are not cleaned (`cleaning`)"
    if not section.measures:
        yield (
            ("networks", "minimum_fraction"),
            "no edges are averaged (`networks.within`, `networks.between`)",
        )


def _of_groups(spec: StudySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    if spec.volumes is not None and spec.volumes.outcome is None:
        yield ("volumes", "session"), "no outcome is correlated (`volumes.outcome`)"
    edges = spec.edge_statistics
    if edges is not None and not edges.permutations:
        yield (
            ("edge_statistics", "component_p"),
            "there is no network-based statistic without `edge_statistics.permutations`",
        )
    if spec.controls is not None and not spec.controls.matching:
        yield ("controls", "caliper"), "nobody is matched (`controls.matching`)"
    course = spec.clinical_course
    if course is not None and course.rating is None:
        yield (
            ("clinical_course", "rating_at_most"),
            "no outcome is a rating of change (`clinical_course.rating`)",
        )
