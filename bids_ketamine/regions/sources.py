"""What the regions of a study are made of: every choice made, every file found and read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import BidsKetamineError, InputDataError, UsageError, together
from bids_ketamine.regions.aseg import ASEG_LABELS
from bids_ketamine.regions.catalogue import (
    TEMPLATE_6,
    TEMPLATE_2009C,
    Atlas,
    atlas_by_name,
    atlas_image,
)
from bids_ketamine.regions.labels import Label, LabelTable, read_label_table
from bids_ketamine.regions.seitzman import Sphere, seitzman_spheres
from bids_ketamine.regions.templateflow import template_file
from bids_ketamine.regions.transform import read_transform
from bids_ketamine.regions.volumes import ImageCheck, read_labels, require_image
from bids_ketamine.study.label_tables import tables_beside
from bids_ketamine.study.spec import OWN_SEGMENTATION, RegionSpec, RegionsSpec, WholeAtlasSpec

#: More labels than this are told by the words of the study.
MOST_NAMED = 6

#: Templates between which TemplateFlow has transforms, from one to the other.
TRANSFORMS = frozenset({(TEMPLATE_6, TEMPLATE_2009C), (TEMPLATE_2009C, TEMPLATE_6)})

#: Template in the name of a file, as BIDS and TemplateFlow write it.
TEMPLATE_IN_NAME = re.compile(r"(?:^|_)(?:space|tpl)-([A-Za-z0-9]+)(?:_cohort-([A-Za-z0-9]+))?")


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


def resolve_regions(regions: RegionsSpec | None, *, space: str) -> tuple[RegionSource, ...]:
    """Find and read what the regions of a study are made of.

    Parameters
    ----------
    regions : RegionsSpec or None
        The section of the study; no regions without it.
    space : str
        Template of the series.

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
    names = [source.name for source in resolved]
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        problems.append(UsageError(f"Two regions have the same name: {listed(twice)}."))
    if problems:
        raise together(problems, "problems with the regions of the study")
    return tuple(resolved)


def _region(region: RegionSpec, space: str) -> RegionSource:
    wanted = region.labels or (region.name,)
    if region.columns:
        words = f"mean of the series {listed(region.columns)}"
        return RegionSource(region.name, words, columns=region.columns)
    if region.spheres:
        _require_same_space(region, region.space, space)
        return RegionSource(
            region.name, _spheres_in_words(region), spheres=region.spheres, radius=region.radius
        )
    if region.mask:
        source = RegionSource(region.name, f"mask {Path(region.mask).name}")
        return _in_template(source, Path(region.mask), region.space, space)
    if region.dseg:
        require_image(Path(region.dseg))
        labels = _chosen(_own_table(region), wanted)
        source = RegionSource(
            region.name,
            f"{Path(region.dseg).name}: {_in_words(labels, wanted)}",
            indices=_indices(labels),
        )
        return _in_template(source, Path(region.dseg), region.space, space)
    if region.atlas == OWN_SEGMENTATION:
        labels = _chosen(ASEG_LABELS, wanted)
        return RegionSource(
            region.name,
            f"the participant's segmentation: {_in_words(labels, wanted)}",
            indices=_indices(labels),
            own_segmentation=True,
        )
    atlas = atlas_by_name(str(region.atlas))
    if atlas.spheres:
        _require_mni(atlas.name, space)
        return _merged(region.name, atlas, seitzman_spheres(wanted))
    found = atlas_image(atlas, space)
    labels = _chosen(found.table, wanted)
    source = RegionSource(
        region.name, f"{atlas.name}: {_in_words(labels, wanted)}", indices=_indices(labels)
    )
    return _in_template(source, found.image, found.space, space)


def _whole(whole: WholeAtlasSpec, space: str) -> Iterator[RegionSource]:
    if whole.dseg:
        image, image_space, title = Path(whole.dseg), whole.space, Path(whole.dseg).name
        require_image(image)
        table = _own_table(whole)
    else:
        atlas = atlas_by_name(whole.atlas or whole.name)
        if atlas.spheres:
            _require_mni(atlas.name, space)
            yield from map(_of_sphere, seitzman_spheres(whole.labels))
            return
        found = atlas_image(atlas, space)
        image, image_space, title, table = found.image, found.space, atlas.name, found.table
    numbers = _numbers_in(image)
    table, there = table or numbers, set(numbers.indices)
    labels = _chosen(table, whole.labels) if whole.labels else table.labels
    absent = [label.name for label in labels if label.index not in there]
    note = f"{title}: no voxel of {listed(absent)}, left out" if absent else ""
    if len(absent) == len(labels):
        raise InputDataError("The image has none of the atlas's labels.", path=image)
    where = _in_template(RegionSource("", "", note=note), image, image_space, space)
    for label in labels:
        if label.index not in there:
            continue
        yield replace(
            where,
            name=_region_name(label.name, image),
            origin=f"{title}: {label.name}",
            indices=(label.index,),
        )


def _region_name(name: str, path: Path) -> str:
    if "~" in name or not name.isprintable() or not name.strip():
        raise InputDataError(
            f"The label `{name}` cannot name a region: `~` joins the regions of a pair.", path=path
        )
    return name


def _own_table(region: RegionSpec | WholeAtlasSpec) -> LabelTable | None:
    """Return the label table of a user's image; ``None`` where there is none."""
    if region.label_table:
        return read_label_table(Path(region.label_table))
    for candidate in tables_beside(Path(str(region.dseg))):
        if candidate.is_file():
            return read_label_table(candidate)
    return None


def _numbers_in(image: Path) -> LabelTable:
    indices = [int(value) for value in np.unique(read_labels(image).labels) if value > 0]
    return LabelTable(image.name, tuple(Label(index, f"label_{index}") for index in indices))


def _chosen(table: LabelTable | None, wanted: Sequence[str]) -> tuple[Label, ...]:
    if table is None:
        numbers = [name for name in wanted if not name.isdecimal()]
        if numbers:
            raise UsageError(
                f"Labels by name ({listed(numbers)}) need a label table.",
                cure="Put a `.tsv` with the columns `index` and `name` beside the image, name one "
                "with `label_table`, or give the labels as numbers.",
            )
        return tuple(Label(int(name), name) for name in wanted)
    found = [label for name in wanted for label in table.chosen(name)]
    return tuple(dict.fromkeys(found))


def _indices(labels: Sequence[Label]) -> tuple[int, ...]:
    return tuple(label.index for label in labels)


def _in_words(labels: Sequence[Label], wanted: Sequence[str]) -> str:
    """Name labels, or, where a group has many, the group."""
    return listed([label.name for label in labels] if len(labels) <= MOST_NAMED else wanted)


def _in_template(source: RegionSource, image: Path, stated: str | None, space: str) -> RegionSource:
    """Say in which template an image lies, and how it gets into that of the series."""
    own = stated or _template_in_name(image)
    transform = None
    if own is not None and own != space:
        title = f"Region `{source.name}`" if source.name else image.name
        if (own, space) not in TRANSFORMS:
            raise UsageError(
                f"{title} lies in {own}, the series in {space}: these do not lie on each other.",
                path=image,
                cure=f"Give an image in {space}, or say `space: {space}` of it if it is one.",
            )
        transform = template_file(
            space,
            transform_name(own),
            purpose=f"{title} lies in {own}, the series in {space}; the transform between them",
        )
    return replace(source, image=image, space=own, transform=transform)


def transform_name(own: str) -> str:
    """Return the name, without the template it leads to, of the transform from a template.

    Examples
    --------
    >>> transform_name("MNI152NLin6Asym")
    'from-MNI152NLin6Asym_mode-image_xfm.h5'
    """
    return f"from-{own}_mode-image_xfm.h5"


def _template_in_name(image: Path) -> str | None:
    """Return the template that a file's name states; a cohort makes it one of its own."""
    match = TEMPLATE_IN_NAME.search(image.name)
    if match is None:
        return None
    return match[1] + (f" (cohort {match[2]})" if match[2] else "")


def _require_same_space(region: RegionSpec, stated: str | None, space: str) -> None:
    if stated is not None and stated != space:
        raise UsageError(
            f"Region `{region.name}`: its centres are in {stated}, the series in {space}.",
            cure="Centres are not transformed: give them in the space of the series, or leave "
            "`space` out to take them as they are.",
        )


def _require_mni(name: str, space: str) -> None:
    """Refuse coordinates of the MNI space for series that are not in it."""
    if not space.startswith("MNI"):
        raise UsageError(
            f"The atlas {name} is made of MNI coordinates, the series are in {space}.",
            cure="Set inputs.space to a template of the MNI.",
        )


def _of_sphere(sphere: Sphere) -> RegionSource:
    return RegionSource(
        sphere.name,
        f"Seitzman300: {sphere.name} (MNI coordinates)",
        spheres=(sphere.centre,),
        radius=sphere.radius,
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
    )


def _spheres_in_words(region: RegionSpec) -> str:
    centres = listed([", ".join(f"{each:g}" for each in centre) for centre in region.spheres])
    word = "sphere" if len(region.spheres) == 1 else "spheres"
    return f"{word} of {region.radius:g} mm radius at {centres} mm"
