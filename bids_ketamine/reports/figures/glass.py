"""A statistical map seen through the brain: the largest values along each axis."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bids_ketamine.reports.figures.canvas import QUIET, WIDTH, drawn, new_figure, png
from bids_ketamine.reports.figures.color_scale import ColorScale
from bids_ketamine.reports.figures.maps import StatMap, template_anatomy

FloatArray = NDArray[np.float64]

#: Grey of the voxels that have a value.
COVERED = 0.94
#: Template values that are brain.
BRAIN_FROM = 0.15
#: Smoothing of the template's outline, mm.
OUTLINE_SMOOTHING = 2.0
#: Room between two views, mm, and above and below them, pixels of the page.
GAP, HEAD, FOOT = 10.0, 4.0, 14.0
#: Ends of the picture along each axis in MNI space, mm.
MNI_BOX = ((-76.0, 76.0), (-110.0, 78.0), (-74.0, 86.0))


class View(NamedTuple):
    """One of the three views.

    Attributes
    ----------
    along : int
        Axis that is looked along.
    across, up : int
        Axes of the picture.
    ends : (str, str)
        What lies at its left and right end.
    """

    along: int
    across: int
    up: int
    ends: tuple[str, str]


VIEWS = (View(0, 1, 2, ("P", "A")), View(1, 0, 2, ("L", "R")), View(2, 0, 1, ("L", "R")))


def projection(values: FloatArray, along: int) -> FloatArray:
    """Return the value of largest size along an axis, with its sign.

    Parameters
    ----------
    values : ndarray of shape (n_x, n_y, n_z)
        A map, NaN outside the mask.
    along : int
        The axis.

    Returns
    -------
    ndarray of two dimensions
        NaN where no voxel has a value.

    Examples
    --------
    >>> projection(np.array([[[1.0, -3.0, 2.0]], [[np.nan, np.nan, np.nan]]]), 2).tolist()
    [[-3.0], [nan]]
    """
    sizes = np.where(np.isfinite(values), np.abs(values), -1.0)
    at = np.expand_dims(sizes.argmax(axis=along), along)
    return np.take_along_axis(values, at, axis=along).squeeze(along)


def n_shown(stat_map: StatMap, scale: ColorScale) -> int:
    """Return the number of voxels whose size a glass brain shows."""
    sizes = np.abs(stat_map.values[np.isfinite(stat_map.values)])
    return int((sizes >= scale.opaque_from).sum())


@drawn
def glass_figure(stat_map: StatMap, *, mni: bool, scale: ColorScale, description: str) -> Markup:
    """Draw the map from the side, the back and above; values that would fade are left out.

    Parameters
    ----------
    stat_map : StatMap
        The map, in voxels whose axes are nearly those of the head.
    mni : bool
        Whether its space is MNI's: then the outline is the template's, else the map's own mask.
    scale : ColorScale
        Colours; sizes below its ``opaque_from`` are not shown.
    description : str
        Text alternative.
    """
    boxes = [_box(stat_map, axis, mni=mni) for axis in range(3)]
    sizes = [high - low for low, high in boxes]
    total = sum(sizes[view.across] for view in VIEWS) + 2 * GAP
    zoom = WIDTH / total  # pixels of the page per mm
    height = zoom * max(sizes[view.up] for view in VIEWS) + HEAD + FOOT
    figure = new_figure(WIDTH, height)
    left = 0.0
    for view in VIEWS:
        body = zoom * sizes[view.up]
        axis = figure.add_axes(
            (left / total, FOOT / height, sizes[view.across] / total, body / height)
        )
        _draw_view(axis, stat_map, view, scale, mni=mni)
        axis.set(xlim=boxes[view.across], ylim=boxes[view.up])
        axis.set_axis_off()
        for end, place in zip(view.ends, (0.02, 0.98), strict=True):
            axis.text(place, 0.0, end, transform=axis.transAxes, ha="center", va="top",
                      fontsize=7.5, color=QUIET)  # fmt: skip
        left += sizes[view.across] + GAP
    return png(figure, description=description, palette=scale.palette())


def _draw_view(axis: Any, stat_map: StatMap, view: View, scale: ColorScale, *, mni: bool) -> None:
    flat = projection(stat_map.values, view.along).T
    covered = np.isfinite(flat)
    shown = covered & (np.abs(np.nan_to_num(flat)) >= scale.opaque_from)
    values = np.where(shown, flat, 0.0)
    picture = scale.blend(values, np.where(covered, COVERED, 1.0), shown.astype(np.float64))
    extent = (*_edges(stat_map, view.across), *_edges(stat_map, view.up))
    axis.imshow(picture, origin="lower", extent=extent, interpolation="nearest", aspect="auto")
    if mni:
        outline, places = template_outline(view)
        axis.contour(*places, outline, levels=[0.5], colors=[QUIET], linewidths=0.9)
    elif min(flat.shape) > 1 and covered.any() and not covered.all():
        across, up = (_centres(stat_map, each) for each in (view.across, view.up))
        axis.contour(across, up, covered.astype(float), levels=[0.5], colors=[QUIET],
                     linewidths=0.9)  # fmt: skip


def _centres(stat_map: StatMap, axis: int) -> FloatArray:
    """Return the places of voxel centres along an axis, mm; oblique images as if straight."""
    spacing = np.linalg.norm(stat_map.affine[:3, axis])
    return stat_map.affine[axis, 3] + spacing * np.arange(stat_map.values.shape[axis])


def _edges(stat_map: StatMap, axis: int) -> tuple[float, float]:
    centres = _centres(stat_map, axis)
    half = np.linalg.norm(stat_map.affine[:3, axis]) / 2
    return float(centres[0] - half), float(centres[-1] + half)


def _box(stat_map: StatMap, axis: int, *, mni: bool) -> tuple[float, float]:
    if mni:
        return MNI_BOX[axis]
    low, high = _edges(stat_map, axis)
    return low - 2.0, high + 2.0


@lru_cache(maxsize=3)
def template_outline(view: View) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Return the template's silhouette and the places of its points, mm."""
    anatomy, affine = template_anatomy()
    silhouette = anatomy.max(axis=view.along).T > BRAIN_FROM
    smooth = gaussian_filter(silhouette.astype(np.float64), OUTLINE_SMOOTHING)
    template = StatMap(anatomy, affine)
    return smooth, (_centres(template, view.across), _centres(template, view.up))
