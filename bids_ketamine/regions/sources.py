"""What the regions of a study are made of: every choice made, every file found and read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.session_files import SURFACE_SPACE
from bids_ketamine.errors import BidsKetamineError, InputDataError, UsageError, together
from bids_ketamine.regions.aseg import ASEG_LABELS
from bids_ketamine.regions.catalogue import Atlas, atlas_by_name, atlas_image
from bids_ketamine.regions.dense import is_dense, require_surfaces
from bids_ketamine.regions.labels import Label
from bids_ketamine.regions.seitzman import Sphere, seitzman_spheres
from bids_ketamine.regions.source_labels import (
    chosen_labels,
    in_words,
    indices_of,
    labels_in,
    own_table,
    region_name,
    shared_groups,
)
from bids_ketamine.regions.templates import (
    midthickness_files,
    path_to,
    require_mni,
    require_same_space,
    volume_template,
)
from bids_ketamine.regions.transform import read_transform
from bids_ketamine.regions.volumes import ImageCheck, require_image
from bids_ketamine.study.spec import OWN_SEGMENTATION, RegionSpec, RegionsSpec, WholeAtlasSpec


@dataclass(frozen=True)
class RegionSource:
    """Where the voxels, or the columns, of one region come from.

    Attributes
    ----------
    name : str
        Name of the region.
    origin : str
        What it is, in words, without folders.
    spheres : tuple of (float, float, float)
        Centres, mm.
    radius : float
        Radius of the spheres, mm.
    image : Path or None
        Image of labels, or mask.
    indices : tuple of int
        Its labels; empty for a mask, all of which that is above zero is the region.
    own_segmentation : bool
        Whether the image is the participant's own segmentation.
    space : str or None
        Template of the image; ``None`` where nothing says it.
    transform : Path or None
        TemplateFlow's transform into the template of the series, where that is another.
    columns : tuple of str
        Columns of region time series.
    note : str
        What was left out of the atlas it belongs to.
    groups : tuple of str
        Values of the grouping columns of the label table that all its labels have, such as a
        community: a network of the study may name them.
    midthickness : tuple of Path
        Left and right surface on which a region of the volume is laid on the cortex of CIFTI
        series; empty without one, and for series of volumes.
    """

    name: str
    origin: str
    spheres: tuple[tuple[float, ...], ...] = ()
    radius: float = 0.0
    image: Path | None = None
    indices: tuple[int, ...] = ()
    own_segmentation: bool = False
    space: str | None = None
    transform: Path | None = None
    columns: tuple[str, ...] = ()
    note: str = ""
    groups: tuple[str, ...] = ()
    midthickness: tuple[Path, ...] = ()

    @property
    def dense(self) -> bool:
        """Whether it is made of labels of grayordinates, not of voxels."""
        return is_dense(self.image)


def resolve_regions(regions: RegionsSpec | None, *, space: str) -> tuple[RegionSource, ...]:
    """Find and read what the regions of a study are made of.

    Parameters
    ----------
    regions : RegionsSpec or None
        The section of the study; no regions without it.
    space : str
        Template of the series; for CIFTI series (``fsLR``) that of their voxels is
        MNI152NLin6Asym.

    Returns
    -------
    tuple of RegionSource
        Regions by name, then those of whole atlases, in order.

    Raises
    ------
    InputMissingError, InputDataError, UsageError
        If an image, table or transform is missing or damaged, an atlas or label unknown, a
        region lies in another template that cannot be reached, or two regions have one name;
        all problems at once.
    """
    if regions is None:
        return ()
    resolved: list[RegionSource] = []
    problems: list[BidsKetamineError] = []
    checked, transforms = ImageCheck(), set[Path]()

    def attempt(make: Callable[[], list[RegionSource]]) -> None:
        try:
            for source in make():
                if source.image is not None:
                    checked.require(source.image, source.indices, region=source.name)
                if source.transform is not None and source.transform not in transforms:
                    read_transform(source.transform, check_only=True)
                    transforms.add(source.transform)
                resolved.append(source)
        except BidsKetamineError as error:
            problems.append(error)

    for region in regions.definitions:
        attempt(lambda region=region: [_region(region, space)])  # type: ignore[misc]
    for whole in regions.whole_atlases:
        attempt(lambda whole=whole: list(_whole(whole, space)))  # type: ignore[misc]
    if space == SURFACE_SPACE:
        try:
            resolved = _on_cortex(resolved, regions)
        except BidsKetamineError as error:
            problems.append(error)
    names = [source.name for source in resolved]
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        problems.append(UsageError(f"Two regions have the same name: {listed(twice)}."))
    if problems:
        raise together(problems, "problems with the regions of the study")
    return tuple(resolved)


def groups_of(sources: Sequence[RegionSource]) -> dict[str, tuple[str, ...]]:
    """Return the groups of each region: its network, community, structure, side."""
    return {source.name: source.groups for source in sources}


def _on_cortex(sources: Sequence[RegionSource], regions: RegionsSpec) -> list[RegionSource]:
    """Name the midthickness for regions of the volume, which may lie in the cortex."""
    of_volume = [bool(each.spheres or (each.image and not each.dense)) for each in sources]
    if not any(of_volume):
        return list(sources)
    files = midthickness_files(regions)
    return [
        replace(each, midthickness=files) if volume else each
        for each, volume in zip(sources, of_volume, strict=True)
    ]


def _region(region: RegionSpec, space: str) -> RegionSource:
    wanted = region.labels or (region.name,)
    template = volume_template(space)
    if region.columns:
        words = f"mean of the series {listed(region.columns)}"
        return RegionSource(region.name, words, columns=region.columns)
    if region.spheres:
        require_same_space(region.name, region.space, template)
        return RegionSource(
            region.name, _spheres_in_words(region), spheres=region.spheres, radius=region.radius
        )
    if region.mask:
        source = RegionSource(region.name, f"mask {Path(region.mask).name}")
        return _placed(source, Path(region.mask), region.space, space)
    if region.dseg:
        labels = chosen_labels(own_table(region), wanted)
        source = _of_labels(region, Path(region.dseg).name, labels, wanted)
        return _placed(source, Path(region.dseg), region.space, space)
    if region.atlas == OWN_SEGMENTATION:
        labels = chosen_labels(ASEG_LABELS, wanted)
        source = _of_labels(region, "the participant's segmentation", labels, wanted)
        return replace(source, own_segmentation=True)
    atlas = atlas_by_name(str(region.atlas))
    if atlas.spheres:
        require_mni(atlas.name, template)
        return _merged(region.name, atlas, seitzman_spheres(wanted))
    found = atlas_image(atlas, template)
    labels = chosen_labels(found.table, wanted)
    source = _of_labels(region, atlas.name, labels, wanted)
    return _placed(source, found.image, found.space, space)


def _of_labels(
    region: RegionSpec, title: str, labels: Sequence[Label], wanted: Sequence[str]
) -> RegionSource:
    return RegionSource(
        region.name,
        f"{title}: {in_words(labels, wanted)}",
        indices=indices_of(labels),
        groups=shared_groups(labels),
    )


def _whole(whole: WholeAtlasSpec, space: str) -> Iterator[RegionSource]:
    template = volume_template(space)
    if whole.dseg:
        image, image_space, title = Path(whole.dseg), whole.space, Path(whole.dseg).name
        require_image(image)
        if is_dense(image):
            require_surfaces(image, of_grayordinates=space == SURFACE_SPACE)
        table = own_table(whole)
    else:
        atlas = atlas_by_name(whole.atlas or whole.name)
        if atlas.spheres:
            require_mni(atlas.name, template)
            yield from map(_of_sphere, seitzman_spheres(whole.labels))
            return
        found = atlas_image(atlas, template)
        image, image_space, title, table = found.image, found.space, atlas.name, found.table
    numbers = labels_in(image)
    table, there = table or numbers, set(numbers.indices)
    labels = chosen_labels(table, whole.labels) if whole.labels else table.labels
    absent = [label.name for label in labels if label.index not in there]
    what = "grayordinate" if is_dense(image) else "voxel"
    note = f"{title}: no {what} of {listed(absent)}, left out" if absent else ""
    if len(absent) == len(labels):
        raise InputDataError("The image has none of the atlas's labels.", path=image)
    where = _placed(RegionSource("", "", note=note), image, image_space, space)
    for label in labels:
        if label.index not in there:
            continue
        yield replace(
            where,
            name=region_name(label.name, image),
            origin=f"{title}: {label.name}",
            indices=(label.index,),
            groups=label.groups,
        )


def _placed(source: RegionSource, image: Path, stated: str | None, space: str) -> RegionSource:
    """Say where an image lies, and how it gets to the series."""
    if is_dense(image):
        require_surfaces(image, of_grayordinates=space == SURFACE_SPACE)
        return replace(source, image=image, space=SURFACE_SPACE)
    title = f"Region `{source.name}`" if source.name else image.name
    own, transform = path_to(image, stated, volume_template(space), title=title)
    return replace(source, image=image, space=own, transform=transform)


def _of_sphere(sphere: Sphere) -> RegionSource:
    return RegionSource(
        sphere.name,
        f"Seitzman300: {sphere.name} (MNI coordinates)",
        spheres=(sphere.centre,),
        radius=sphere.radius,
        groups=sphere.groups,
    )


def _merged(name: str, atlas: Atlas, parts: Sequence[Sphere]) -> RegionSource:
    radii = {part.radius for part in parts}
    if len(radii) > 1:
        raise UsageError(
            f"Region `{name}`: its spheres have different radii ({listed(f'{r:g}' for r in radii)})"
            " mm.",
            cure="Name labels of one radius, or use them as regions of their own (whole_atlases).",
        )
    words = listed([part.name for part in parts])
    return RegionSource(
        name,
        f"{atlas.name}: {words} (MNI coordinates)",
        spheres=tuple(part.centre for part in parts),
        radius=radii.pop(),
        groups=tuple(
            group for group in parts[0].groups if all(group in part.groups for part in parts)
        ),
    )


def _spheres_in_words(region: RegionSpec) -> str:
    centres = listed([", ".join(f"{each:g}" for each in centre) for centre in region.spheres])
    word = "sphere" if len(region.spheres) == 1 else "spheres"
    return f"{word} of {region.radius:g} mm radius at {centres} mm"
