"""Sections on the regions of interest."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.fields import setting

#: Name under which a study asks for the participant's own FreeSurfer segmentation.
OWN_SEGMENTATION = "aseg"


@dataclass(frozen=True, kw_only=True)
class RegionSpec:
    """One region: spheres, a mask, labels of an atlas, or columns of time series (A10)."""

    name: str = setting("Name of the region")
    atlas: str | None = setting(
        "Atlas by name (docs/regions.md); `aseg` is the participant's own segmentation",
        default=None,
    )
    dseg: str | None = setting("NIfTI file of integer labels", default=None, path=True)
    labels: tuple[str, ...] = setting(
        "Labels that make the region: numbers, names, or values of a grouping column of the label "
        "table (such as a network); the name of the region when absent",
        default=(),
    )
    label_table: str | None = setting(
        "Table of the labels of `dseg`; the `.tsv` beside it when absent", default=None, path=True
    )
    mask: str | None = setting("NIfTI file, above zero inside the region", default=None, path=True)
    spheres: tuple[tuple[float, ...], ...] = setting(
        "Centres in mm of the images' space; several make one region", default=()
    )
    radius: float = setting("Radius of the spheres, mm", default=8.0, minimum=0.1, maximum=200.0)
    space: str | None = setting(
        "Template of `mask`, `dseg` or `spheres`, such as MNI152NLin6Asym; else what the file's "
        "name says, else the images' own",
        default=None,
        entity=True,
    )
    columns: tuple[str, ...] = setting(
        "Columns of region time series that make the region (their mean)", default=()
    )


@dataclass(frozen=True, kw_only=True)
class WholeAtlasSpec:
    """An atlas each of whose labels is a region."""

    name: str = setting("Name of the entry; an atlas by that name when it says no other")
    atlas: str | None = setting("Atlas by name (docs/regions.md)", default=None)
    dseg: str | None = setting("NIfTI file of integer labels", default=None, path=True)
    label_table: str | None = setting(
        "Table of the labels of `dseg`; the `.tsv` beside it when absent", default=None, path=True
    )
    labels: tuple[str, ...] = setting(
        "Only these: numbers, names, or values of a grouping column such as a network", default=()
    )
    space: str | None = setting(
        "Template of `dseg`; else what the file's name says, else the images' own",
        default=None,
        entity=True,
    )


@dataclass(frozen=True, kw_only=True)
class RegionsSpec:
    """The regions of interest."""

    atlas: str = setting("Name of the set in output file names (`atlas-`)", entity=True)
    minimum_coverage: float = setting(
        "Smallest share of a region inside the brain mask for which a measure is given",
        default=0.5,
        minimum=0.0,
        maximum=1.0,
    )
    all_columns: bool = setting("Use every column of region time series as a region", default=False)
    definitions: tuple[RegionSpec, ...] = setting("Regions, by name", default=())
    whole_atlases: tuple[WholeAtlasSpec, ...] = setting(
        "Atlases each of whose labels is a region, by name", default=()
    )

    midthickness: tuple[str, ...] = setting(
        "Left and right midthickness surface (GIFTI) of the vertices of CIFTI series, on which "
        "spheres of the cortex are drawn; TemplateFlow's of fsLR when absent",
        default=(),
        path=True,
    )

    @property
    def of_images(self) -> tuple[RegionSpec, ...]:
        """Regions that are made of images or spheres; those of whole atlases come on top."""
        return tuple(region for region in self.definitions if not region.columns)

    @property
    def wants_aseg(self) -> bool:
        """Whether a region is made of the participant's own segmentation."""
        return any(region.atlas == OWN_SEGMENTATION for region in self.definitions)
