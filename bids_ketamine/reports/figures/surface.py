"""A map on the cortex: both hemispheres from outside and from the middle, inflated.

The mesh is fsaverage5 as nilearn ships it, so that nothing is fetched. Its millimetres are those
of MNI305, a few of them away from other MNI templates: good enough to look at, not to measure on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nibabel as nib
import nilearn
import numpy as np
from markupsafe import Markup
from matplotlib.collections import TriMesh
from matplotlib.tri import Triangulation
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from bids_ketamine.reports.figures.canvas import QUIET, WIDTH, drawn, new_figure, png
from bids_ketamine.reports.figures.color_scale import ColorScale
from bids_ketamine.reports.figures.maps import StatMap

FloatArray = NDArray[np.float64]

SIDES = ("left", "right")
#: Depths between white matter (0) and pia (1) at which a volume is sampled.
DEPTHS = (0.25, 0.5, 0.75)
#: Cortex thinner than this is the medial wall, mm.
THINNEST = 0.35
#: A vertex further from any value than this has none, mm.
FARTHEST = 6.0
#: Side and direction (-1 from the left, +1 from the right) of each view, and its name.
VIEWS = (
    ("left", -1, "left, from outside"),
    ("left", 1, "left, from the middle"),
    ("right", -1, "right, from the middle"),
    ("right", 1, "right, from outside"),
)
#: Greys of cortex on gyri and in sulci, and of the medial wall.
GYRUS, SULCUS, WALL = 0.88, 0.68, 0.55
#: Brightness of what turns away from the viewer.
DARKEST = 0.72
HEAD, FOOT = 14.0, 44.0
#: Pixels of the picture per pixel of the page: the mesh has no finer detail.
PIXELS = 1.5


@dataclass(frozen=True)
class Mesh:
    """One hemisphere of fsaverage5.

    Attributes
    ----------
    white, pial, inflated : ndarray of shape (10242, 3)
        Vertices, mm.
    faces : ndarray of int, shape (20480, 3)
        Triangles.
    sulci : ndarray of bool, shape (10242,)
        Vertices in sulci.
    cortex : ndarray of bool, shape (10242,)
        Vertices outside the medial wall.
    """

    white: FloatArray
    pial: FloatArray
    inflated: FloatArray
    faces: NDArray[np.int64]
    sulci: NDArray[np.bool_]
    cortex: NDArray[np.bool_]

    @property
    def middle(self) -> FloatArray:
        """The middle of the cortex, mm."""
        return (self.white + self.pial) / 2.0


@lru_cache(maxsize=2)
def fsaverage5(side: str) -> Mesh:
    """Return a hemisphere of the mesh within nilearn.

    Parameters
    ----------
    side : {"left", "right"}
        Which.

    Raises
    ------
    FileNotFoundError
        If this version of nilearn holds it no more.
    """
    # Importing nilearn.datasets takes as long as half of a report: the files alone are read.
    folder = Path(nilearn.__file__).parent / "datasets" / "data" / "fsaverage5"

    def arrays(name: str) -> list[Any]:
        image: Any = nib.load(folder / f"{name}_{side}.gii.gz")
        return [each.data for each in image.darrays]

    def vertices(name: str) -> FloatArray:
        return np.asarray(arrays(name)[0], dtype=np.float64)

    return Mesh(
        white=vertices("white"),
        pial=vertices("pial"),
        inflated=vertices("infl"),
        faces=np.asarray(arrays("pial")[1], dtype=np.int64),
        sulci=np.asarray(arrays("sulc")[0]) > 0,
        cortex=np.asarray(arrays("thick")[0]) >= THINNEST,
    )


def volume_on_surface(stat_map: StatMap) -> dict[str, FloatArray]:
    """Sample a volume in MNI space on the cortex.

    The mean over three depths of the cortex, by linear interpolation among the voxels that have a
    value; a vertex of which less than half lies among such voxels has none.

    Parameters
    ----------
    stat_map : StatMap
        The map; NaN outside the mask.

    Returns
    -------
    dict of str to ndarray of shape (10242,)
        By side; NaN where there is no value.
    """
    values = np.nan_to_num(stat_map.values)
    inside = np.isfinite(stat_map.values).astype(np.float64)
    to_voxels = np.linalg.inv(stat_map.affine)
    found = {}
    for side in SIDES:
        mesh = fsaverage5(side)
        total, weight = np.zeros(len(mesh.pial)), np.zeros(len(mesh.pial))
        for depth in DEPTHS:
            points = mesh.white + depth * (mesh.pial - mesh.white)
            voxels = to_voxels[:3, :3] @ points.T + to_voxels[:3, 3:]
            total += map_coordinates(values, voxels, order=1)
            weight += map_coordinates(inside, voxels, order=1)
        known = (weight >= 0.5 * len(DEPTHS)) & mesh.cortex
        found[side] = np.where(known, total / np.where(known, weight, 1.0), np.nan)
    return found


def points_on_surface(
    points: Mapping[str, FloatArray], values: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """Give each vertex the value of the nearest point of another surface.

    Parameters
    ----------
    points : mapping of str to ndarray of shape (n, 3)
        By side: the middle of the cortex where there are values, mm in MNI space.
    values : mapping of str to ndarray of shape (n,)
        Their values.

    Returns
    -------
    dict of str to ndarray of shape (10242,)
        By side; NaN on the medial wall and where no point is within 6 mm.
    """
    found = {}
    for side in SIDES:
        mesh = fsaverage5(side)
        distance, at = cKDTree(points[side]).query(mesh.middle, distance_upper_bound=FARTHEST)
        near = np.isfinite(distance) & mesh.cortex
        nearest = np.asarray(values[side], dtype=np.float64)[np.where(near, at, 0)]
        found[side] = np.where(near, nearest, np.nan)
    return found


@drawn
def surface_figure(
    values: Mapping[str, FloatArray], *, scale: ColorScale, description: str
) -> Markup:
    """Draw values on both hemispheres, from outside and from the middle.

    Parameters
    ----------
    values : mapping of str to ndarray of shape (10242,)
        By side; NaN where there is none. Small values fade.
    scale : ColorScale
        Colours.
    description : str
        Text alternative.
    """
    corners = {side: fsaverage5(side).inflated[:, 1:] for side in SIDES}
    low = np.min([each.min(axis=0) for each in corners.values()], axis=0) - 2.0
    high = np.max([each.max(axis=0) for each in corners.values()], axis=0) + 2.0
    size = high - low
    column, row = WIDTH / 2.0, WIDTH / 2.0 * size[1] / size[0] + HEAD
    height = 2.0 * row + FOOT
    figure = new_figure(WIDTH, height)
    for place, (side, direction, name) in enumerate(VIEWS):
        # Outside above, the middle below; the left hemisphere on the left.
        down, right = int("middle" in name), int(side == "right")
        bottom = FOOT + (1 - down) * row
        axis = figure.add_axes(
            (right * column / WIDTH, bottom / height, 0.5, (row - HEAD) / height),
            label=str(place),
        )
        _draw_side(axis, fsaverage5(side), values[side], direction, scale)
        ends = (low[0], high[0]) if direction > 0 else (-high[0], -low[0])
        axis.set(xlim=ends, ylim=(low[1], high[1]))
        axis.set_axis_off()
        figure.text((right + 0.5) / 2, (bottom + row - HEAD / 2) / height, name, ha="center",
                    va="center", fontsize=7.5, color=QUIET)  # fmt: skip
    scale.draw_bar(figure, height)
    return png(figure, description=description, palette=_palette(scale), scale=PIXELS)


def _palette(scale: ColorScale) -> FloatArray:
    """Return greys, and the colours of the scale over gyri and sulci in three shades."""
    shares = np.linspace(-1.0 if scale.signed else 0.05, 1.0, 30)
    values, ground = (each.ravel() for each in np.meshgrid(shares * scale.limit, (GYRUS, SULCUS)))
    colors = scale.blend(values, ground, np.ones_like(values))
    shades = [colors * (DARKEST + (1.0 - DARKEST) * facing) for facing in (0.2, 0.65, 1.0)]
    # What is nearly white would be taken for the white of the page.
    greys = np.repeat(np.r_[np.linspace(0.0, 0.9, 75), 1.0][:, None], 3, axis=1)
    return np.vstack([greys, *shades])


def _draw_side(
    axis: Any, mesh: Mesh, values: FloatArray, direction: int, scale: ColorScale
) -> None:
    """Draw the triangles that face the viewer, the farthest first."""
    corners = mesh.inflated[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    facing = direction * normals[:, 0]
    seen = np.flatnonzero(facing > 0.0)
    seen = seen[np.argsort(direction * corners[seen, :, 0].mean(axis=1), kind="stable")]
    ground = np.where(mesh.cortex, np.where(mesh.sulci, SULCUS, GYRUS), WALL)
    known = np.isfinite(values)
    colors = scale.blend(np.nan_to_num(values), ground, known.astype(np.float64))
    # What turns away from the viewer is a little darker. Colours run between the corners of a
    # triangle, each of which is a point of its own: a corner's shade is that of its triangle.
    shades = DARKEST + (1.0 - DARKEST) * facing[seen, None, None]
    shown = colors[mesh.faces[seen]] * shades
    opaque = np.concatenate([shown, np.ones((*shown.shape[:2], 1))], axis=2).reshape(-1, 4)
    flat = np.stack([direction * corners[seen, :, 1], corners[seen, :, 2]], axis=2).reshape(-1, 2)
    triangles = np.arange(len(flat)).reshape(-1, 3)
    mesh_of_side = TriMesh(
        Triangulation(flat[:, 0], flat[:, 1], triangles), facecolors=opaque, rasterized=True
    )
    # The caller sets the limits: finding them would make a path of every triangle.
    axis.add_collection(mesh_of_side, autolim=False)
