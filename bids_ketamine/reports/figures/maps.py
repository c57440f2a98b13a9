"""Slices of a statistical map, over the template's anatomy where the space is MNI's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nibabel as nib
import nilearn
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from bids_ketamine.images.files import load_image, read_data
from bids_ketamine.reports.figures.canvas import QUIET, WIDTH, drawn, new_figure, png
from bids_ketamine.reports.figures.color_scale import ColorScale

FloatArray = NDArray[np.float64]

N_SLICES = 10
#: Height above each row of slices and below them all, pixels of the page.
HEAD, FOOT = 15.0, 44.0
#: Spacing of the points that are drawn, mm.
SPACING = 1.5
#: Points of a slice in MNI space, mm: left to right, back to front.
MNI_BOX = (np.arange(-74, 74.1, SPACING), np.arange(-108, 76.1, SPACING))
#: nilearn's copy of the template.
TEMPLATE = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


@dataclass(frozen=True)
class StatMap:
    """A map of t or F in memory.

    Attributes
    ----------
    values : ndarray of shape (n_x, n_y, n_z)
        Values; NaN outside the brain mask.
    affine : ndarray of shape (4, 4)
        From voxel indices to mm.
    """

    values: FloatArray
    affine: FloatArray

    @property
    def n_voxels(self) -> int:
        """Number of voxels with a value."""
        return int(np.isfinite(self.values).sum())

    def largest(self) -> tuple[float, tuple[int, int, int]] | None:
        """Return the largest value and its place in mm; ``None`` for an empty map."""
        if self.n_voxels == 0:
            return None
        at = np.unravel_index(int(np.nanargmax(self.values)), self.values.shape)
        x, y, z = (round(float(each)) for each in (self.affine @ [*at, 1])[:3])
        return float(self.values[at]), (x, y, z)


def read_map(path: Path) -> StatMap:
    """Read a map of t or F; zeros and what is not finite are outside the brain.

    Parameters
    ----------
    path : Path
        NIfTI image of three dimensions (a fourth of length one is dropped).

    Raises
    ------
    InputMissingError, InputDataError
        If the file cannot be read.
    ValueError
        If the image has other dimensions.
    """
    stored = load_image(path)
    values = read_data(stored, path, np.float64)
    image = nib.as_closest_canonical(nib.Nifti1Image(values, stored.affine))
    values = np.asanyarray(image.dataobj)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise ValueError(f"a map has three dimensions, this has shape {values.shape}")
    return StatMap(np.where(np.isfinite(values) & (values != 0), values, np.nan), image.affine)


@drawn
def map_figure(stat_map: StatMap, *, mni: bool, scale: ColorScale, description: str) -> Markup:
    """Draw axial slices through a map, all values shown, small ones faded.

    Parameters
    ----------
    stat_map : StatMap
        The map.
    mni : bool
        Whether its space is MNI's: then the template's anatomy lies beneath.
    scale : ColorScale
        Colours.
    description : str
        Text alternative.
    """
    heights = _slice_heights(stat_map)
    box = _box(stat_map, mni=mni)
    tiles = [_tile(stat_map, height, box, mni=mni, scale=scale) for height in heights]
    columns = min(max(len(tiles), 3), 5)
    rows = -(-len(tiles) // columns)
    n_down, n_across = tiles[0].shape[:2]
    zoom = WIDTH / columns / n_across  # pixels of the page per point of a slice
    above = round(HEAD / zoom)
    sheet = np.ones((rows * (n_down + above), columns * n_across, 3))
    height = sheet.shape[0] * zoom + FOOT
    figure = new_figure(WIDTH, height)
    axis = figure.add_axes((0, FOOT / height, 1, 1 - FOOT / height))
    for place, (tile, z) in enumerate(zip(tiles, heights, strict=True)):
        row, column = divmod(place, columns)
        top, left = row * (n_down + above) + above, column * n_across
        sheet[top : top + n_down, left : left + n_across] = tile[::-1]
        shown = f"{z:+.0f}".replace("-", "\u2212").replace("+0", "0")
        axis.text(left + n_across / 2, top - 0.25 * above, f"z = {shown}", ha="center",
                  fontsize=7.5, color=QUIET)  # fmt: skip
        if place == 0:
            for side, where in (("L", 0.03), ("R", 0.97)):
                axis.text(left + where * n_across, top + n_down, side, ha="center",
                          va="bottom", fontsize=7.5, color=QUIET)  # fmt: skip
    axis.imshow(sheet, interpolation="bilinear", aspect="auto")
    axis.set_axis_off()
    scale.draw_bar(figure, height)
    return png(figure, description=description, palette=scale.palette())


def _slice_heights(stat_map: StatMap) -> list[float]:
    """Return the heights of slices, mm: every voxel layer of few, evenly spread over many."""
    inside = np.isfinite(stat_map.values)
    layers = np.flatnonzero(inside.any(axis=(0, 1))) if inside.any() else np.array([0])
    # Layers at the rim hold little.
    counts = inside.sum(axis=(0, 1))[layers]
    if inside.any() and len(layers) > N_SLICES:
        layers = layers[counts >= 0.25 * counts.max()]
    middle = np.array(stat_map.values.shape[:2]) / 2 - 0.5
    heights = [float((stat_map.affine @ [*middle, layer, 1])[2]) for layer in layers]
    if len(heights) <= N_SLICES:
        return heights
    return np.linspace(heights[0], heights[-1], N_SLICES).round().tolist()


def _box(stat_map: StatMap, *, mni: bool) -> tuple[FloatArray, FloatArray]:
    """Return the points of a slice in mm, left to right and back to front."""
    if mni:
        return MNI_BOX
    corners = np.array(
        [
            (stat_map.affine @ [i, j, k, 1])[:3]
            for i in (-0.5, stat_map.values.shape[0] - 0.5)
            for j in (-0.5, stat_map.values.shape[1] - 0.5)
            for k in (0, stat_map.values.shape[2] - 1)
        ]
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    spacing = max(SPACING, (high - low)[:2].max() / 160)
    return np.arange(low[0], high[0], spacing), np.arange(low[1], high[1], spacing)


def _tile(
    stat_map: StatMap,
    height: float,
    box: tuple[FloatArray, FloatArray],
    *,
    mni: bool,
    scale: ColorScale,
) -> FloatArray:
    """Return one slice as colours, shape (n_y, n_x, 3)."""
    values = _sampled(np.nan_to_num(stat_map.values), stat_map.affine, box, height)
    mask = _sampled(np.isfinite(stat_map.values).astype(float), stat_map.affine, box, height)
    inside = mask >= 0.5
    values = np.where(inside, values / np.where(inside, mask, 1.0), 0.0)
    ground = _template_ground(height) if mni else np.where(inside, 0.82, 1.0)
    return scale.blend(values, ground, inside.astype(np.float64))


def _sampled(
    volume: FloatArray, affine: FloatArray, box: tuple[FloatArray, FloatArray], height: float
) -> FloatArray:
    """Sample a volume on the points of a slice, linearly; nearest where it has one layer."""
    x, y = np.meshgrid(*box)
    points = np.stack([x, y, np.full_like(x, height), np.ones_like(x)])
    indices = np.tensordot(np.linalg.inv(affine), points, axes=1)[:3]
    for axis, size in enumerate(volume.shape):
        # The outer half of a voxel belongs to it.
        inner = np.clip(indices[axis], 0, size - 1)
        indices[axis] = np.where(np.abs(indices[axis] - inner) <= 0.5, inner, indices[axis])
    return map_coordinates(volume, indices, order=1, mode="constant", cval=0.0)


@lru_cache(maxsize=1)
def template_anatomy() -> tuple[FloatArray, FloatArray]:
    """Return nilearn's MNI152 brain, from 0 to 1, and its affine."""
    # Importing nilearn.datasets takes as long as half of the report: the file alone is read.
    path = Path(nilearn.__file__).parent / "datasets" / "data" / TEMPLATE
    if path.is_file():
        image: Any = nib.load(path)
    else:  # another version of nilearn
        from nilearn.datasets import load_mni152_template

        image = load_mni152_template(resolution=1)
    values = np.asarray(image.dataobj, dtype=np.float32)
    return values / values.max(), image.affine


@lru_cache(maxsize=64)
def _template_ground(height: float) -> FloatArray:
    """Return a slice of the template as greys; maps of one mask share their slices."""
    anatomy, affine = template_anatomy()
    grey = _sampled(anatomy, affine, MNI_BOX, height)
    return np.where(grey > 0.02, 0.35 + 0.6 * np.clip(grey, 0, 1), 1.0)
