"""Sentences on the regions of a study."""

from __future__ import annotations

from pathlib import Path

from bids_ketamine.regions.catalogue import Atlas, atlas_by_name
from bids_ketamine.reports.words import listed, number
from bids_ketamine.study.spec import OWN_SEGMENTATION, RegionSpec, RegionsSpec, WholeAtlasSpec

#: More regions than this are counted, not told one by one.
MOST_REGIONS_TOLD = 20


def region_sentences(regions: RegionsSpec, cited: set[str]) -> tuple[str, ...]:
    """Say what the regions are made of.

    Parameters
    ----------
    regions : RegionsSpec
        Regions of the study.
    cited : set of str
        Gets the papers of their atlases.
    """
    sources: list[RegionSpec | WholeAtlasSpec] = [*regions.definitions, *regions.whole_atlases]
    atlases: dict[str, Atlas] = {}
    for source in sources:
        atlas = _catalogued(source)
        if atlas is not None:
            atlases[atlas.name] = atlas
            cited.update(atlas.references)
    definitions = regions.definitions
    told = []
    if regions.all_columns:
        told.append("every column of the region time series")
    if len(definitions) > MOST_REGIONS_TOLD:
        told.append(f"{len(definitions)} regions of the study file")
    else:
        told += [f"{region.name} ({_region(region)})" for region in definitions]
    told += [_whole_atlas(atlas) for atlas in regions.whole_atlases]
    what = [f"{each.name}: {each.description} ({each.citation})." for each in atlases.values()]
    return (" ".join([f"Regions (set {regions.atlas}): {'; '.join(told)}.", *what]),)


def _catalogued(source: RegionSpec | WholeAtlasSpec) -> Atlas | None:
    """Return the atlas of the catalogue that a source names, if it names one."""
    name = source.atlas or (source.name if isinstance(source, WholeAtlasSpec) else None)
    if name is None or name == OWN_SEGMENTATION or source.dseg:
        return None
    return atlas_by_name(name)


def _region(region: RegionSpec) -> str:
    if region.spheres:
        centres = listed([", ".join(number(each) for each in centre) for centre in region.spheres])
        word = "sphere" if len(region.spheres) == 1 else "spheres"
        return f"{word} of {number(region.radius)} mm radius at {centres} mm"
    if region.mask:
        return f"mask {Path(region.mask).name}"
    labels = listed(list(region.labels or (region.name,)))
    if region.dseg:
        return f"labels {labels} of {Path(region.dseg).name}"
    if region.atlas == OWN_SEGMENTATION:
        return f"{labels} of the participant's own FreeSurfer segmentation"
    atlas = _catalogued(region)
    if atlas is not None:
        return atlas.name if labels == region.name else f"{labels} of {atlas.name}"
    return f"mean of the series {listed(list(region.columns))}"


def _whole_atlas(whole: WholeAtlasSpec) -> str:
    atlas = _catalogued(whole)
    what = f"atlas {Path(str(whole.dseg)).name}" if atlas is None else atlas.name
    which = f"the labels {listed(list(whole.labels))}" if whole.labels else "each label"
    return f"{which} of {what}"
