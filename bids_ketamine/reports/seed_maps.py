"""Maps of seeds, of volumes and of grayordinates alike: read, and drawn on the brain."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.images.cifti_scalars import ScalarReader
from bids_ketamine.images.grayordinates import LEFT, RIGHT
from bids_ketamine.images.surface_spheres import read_midthickness
from bids_ketamine.regions.templateflow import SECOND_PLACE, home
from bids_ketamine.reports.figures.color_scale import ColorScale
from bids_ketamine.reports.figures.glass import glass_figure
from bids_ketamine.reports.figures.maps import StatMap, map_figure, read_map
from bids_ketamine.reports.figures.surface import (
    points_on_surface,
    surface_figure,
    volume_on_surface,
)
from bids_ketamine.reports.views import Picture, picture

FloatArray = NDArray[np.float64]

#: Remembers the description of grayordinates, which maps of a study share.
_READER = ScalarReader()
#: Name of the midthickness of fsLR among TemplateFlow's files.
MIDTHICKNESS = "tpl-fsLR_den-32k_hemi-{side}_midthickness.surf.gii"
NO_SURFACE = (
    "The cortex is not drawn: where its vertices lie is not known here. Name a midthickness "
    "surface in `regions.midthickness`, or have TemplateFlow's of fsLR in its local copy."
)
#: Share of values that a scale holds, percent; its smallest end; from which share on it is opaque.
HELD, SMALLEST, OPAQUE = 99.5, 0.1, 0.3


@dataclass(frozen=True)
class SeedMap:
    """A map in memory.

    Attributes
    ----------
    volume : StatMap or None
        Values of voxels; those of the subcortex for grayordinates.
    surface : mapping of str to ndarray or None
        Values on the cortex by side; None where they cannot be drawn.
    of_grayordinates : bool
        Whether the cortex is on the surface from the start.
    """

    volume: StatMap | None
    surface: Mapping[str, FloatArray] | None
    of_grayordinates: bool

    @property
    def values(self) -> FloatArray:
        """All values that are drawn."""
        parts = [] if self.volume is None else [self.volume.values.ravel()]
        parts += [] if self.surface is None else list(self.surface.values())
        joined = np.concatenate([*parts, np.empty(0)])
        return joined[np.isfinite(joined)]


def read_seed_map(path: Path, *, midthickness: Sequence[str] = ()) -> SeedMap:
    """Read a map of volumes (``.nii.gz``) or of grayordinates (``.dscalar.nii``).

    Parameters
    ----------
    path : Path
        The file.
    midthickness : sequence of str
        Left and right surface that the study names; else TemplateFlow's, if there.

    Raises
    ------
    BidsKetamineError
        If it cannot be read.
    """
    if not path.name.endswith(".dscalar.nii"):
        whole = read_map(path)
        return SeedMap(whole, volume_on_surface(whole), of_grayordinates=False)
    values, grayordinates, _ = _READER.read(path)
    known = np.where(np.isfinite(values) & (values != 0), values, np.nan).astype(np.float64)
    volume = None
    inside = grayordinates.vertices < 0
    if inside.any():
        filled = np.full(grayordinates.shape, np.nan)
        filled[tuple(grayordinates.voxels[inside].T)] = known[inside]
        volume = _canonical(filled, grayordinates.affine)
    surface = None
    points = _midthickness(midthickness)
    if points is not None and {LEFT, RIGHT} <= set(grayordinates.surfaces):
        near, held = {}, {}
        for side, structure in (("left", LEFT), ("right", RIGHT)):
            columns = grayordinates.surfaces[structure].columns
            near[side] = points[side][grayordinates.vertices[columns]]
            held[side] = known[columns]
        surface = points_on_surface(near, held)
    return SeedMap(volume, surface, of_grayordinates=True)


def _canonical(values: FloatArray, affine: FloatArray) -> StatMap:
    """Let x run to the right: slices are drawn so."""
    if affine[0, 0] >= 0:
        return StatMap(values, affine)
    turned = affine.copy()
    turned[:3, 3] += affine[:3, 0] * (values.shape[0] - 1)
    turned[:3, 0] *= -1.0
    return StatMap(values[::-1], turned)


def _midthickness(stated: Sequence[str]) -> dict[str, FloatArray] | None:
    """Return the vertices of the surfaces that are there; nothing is fetched."""
    places = [tuple(Path(each) for each in stated)] if len(stated) == 2 else []
    folders = [Path(each) for each in [os.environ.get(SECOND_PLACE, "")] if each]
    with suppress(BidsKetamineError):
        folders.insert(0, home())
    for folder in folders:
        names = (MIDTHICKNESS.format(side=side) for side in "LR")
        places.append(tuple(folder / "tpl-fsLR" / name for name in names))
    for left, right in places:
        # TemplateFlow keeps empty files in place of those not fetched yet.
        if all(each.is_file() and each.stat().st_size for each in (left, right)):
            with suppress(BidsKetamineError):
                found = read_midthickness(left, right)
                return {"left": found.left, "right": found.right}
    return None


def common_scale(maps: Iterable[SeedMap], *, symbol: str = "z") -> ColorScale:
    """Return a scale of Fisher z that serves several maps.

    Parameters
    ----------
    maps : iterable of SeedMap
        The maps.
    symbol : str
        Stands beside the scale.
    """
    sizes = [np.abs(each.values) for each in maps]
    largest = max((float(np.percentile(each, HELD)) for each in sizes if each.size), default=0.0)
    step = 0.1 if largest > 0.5 else 0.05
    limit = round(max(SMALLEST, step * float(np.ceil(largest / step - 1e-6))), 2)
    return ColorScale(symbol, limit, round(OPAQUE * limit, 3), signed=True)


def seed_pictures(
    seed_map: SeedMap, *, caption: str, name: str, scale: ColorScale, glass: bool = True
) -> list[Picture]:
    """Draw a map: on the cortex, and as a glass brain or on slices.

    Parameters
    ----------
    seed_map : SeedMap
        The map.
    caption : str
        What it shows.
    name : str
        Starts the names of files; empty for none.
    scale : ColorScale
        Colours.
    glass : bool
        Whether volumes are drawn as a glass brain too.
    """
    pictures = []
    if seed_map.surface is not None:
        pictures.append(
            picture(
                f"{caption}: cortex, inflated",
                partial(_on_cortex, seed_map, scale, f"Inflated cortex, {caption}"),
                name=name and f"{name}-surface",
            )
        )
    if seed_map.volume is not None and (seed_map.of_grayordinates or glass):
        of_subcortex = seed_map.of_grayordinates
        what = "subcortex and cerebellum" if of_subcortex else "glass brain"
        draw = _on_slices if of_subcortex else _as_glass
        pictures.append(
            picture(
                f"{caption}: {what}",
                partial(draw, seed_map.volume, scale, f"{caption}, {what}"),
                name=name and f"{name}-{'slices' if of_subcortex else 'glass'}",
            )
        )
    return pictures


def _on_cortex(seed_map: SeedMap, scale: ColorScale, description: str) -> Markup:
    assert seed_map.surface is not None  # asked for by the caller
    return surface_figure(seed_map.surface, scale=scale, description=description)


def _on_slices(volume: StatMap, scale: ColorScale, description: str) -> Markup:
    return map_figure(volume, mni=True, scale=scale, description=description)


def _as_glass(volume: StatMap, scale: ColorScale, description: str) -> Markup:
    return glass_figure(volume, mni=True, scale=scale, description=description)
