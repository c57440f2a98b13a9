"""Draw the six regions of FearCircuit over the template: ``python docs/draw_regions.py SOURCES``.

SOURCES is the folder the atlases are built from; the pictures go to docs/images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import nibabel as nib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from PIL import Image

HERE = Path(__file__).parent
ATLAS = (
    HERE.parent / "bids_ketamine/regions/data/atlas-FearCircuit_space-MNI152NLin2009cAsym_res-02_"
)
TEMPLATE = "tpl-MNI152NLin2009cAsym/tpl-MNI152NLin2009cAsym_res-02_T1w.nii.gz"

#: Colours of Okabe and Ito, told apart by the colour blind.
COLOURS = {
    "amygdala": "#D55E00",
    "anterior_insula": "#E69F00",
    "vmPFC": "#56B4E9",
    "rACC": "#009E73",
    "dACC": "#CC79A7",
    "anterior_hippocampus": "#F0E442",
}
OPACITY = 0.55
AXES = "xyz"
#: Shown part of the template along each axis, mm.
FIELD = ((-76.0, 76.0), (-110.0, 78.0), (-62.0, 84.0))
#: Field of the close-ups: half width, mm.
CLOSE = 46.0

OVERVIEW = {
    "x": (-36.5, -24.5, -6.5, 5.5, 23.5, 37.5),
    "y": (55.5, 43.5, 21.5, 11.5, -4.5, -14.5),
    "z": (-22.5, -16.5, -8.5, -2.5, 3.5, 31.5),
}


class Pictures:
    """Template, labels and published peaks."""

    def __init__(self, sources: Path) -> None:
        template = nib.load(sources / TEMPLATE)
        self.template = template.get_fdata()
        self.affine = template.affine
        self.labels = np.asanyarray(nib.load(f"{ATLAS}dseg.nii.gz").dataobj)
        self.table = pd.read_csv(f"{ATLAS}dseg.tsv", sep="\t")
        self.seeds = pd.read_json(f"{ATLAS}dseg.json", typ="series")["Seeds"]

    def mask(self, region: str, side: str | None = None) -> np.ndarray:
        """Return a region, of one side or of both."""
        rows = self.table[self.table["region"] == region]
        if side is not None:
            rows = rows[rows["hemisphere"] == side]
        return np.isin(self.labels, rows["index"])

    def centroid(self, region: str, side: str) -> np.ndarray:
        """Return the mean of a region's voxel centres, mm."""
        voxels = np.argwhere(self.mask(region, side))
        return nib.affines.apply_affine(self.affine, voxels).mean(axis=0)

    def slice_index(self, axis: int, place: float) -> int:
        """Return the slice nearest to a place, mm."""
        return round((place - self.affine[axis, 3]) / self.affine[axis, axis])

    def draw(
        self,
        ax: Axes,
        axis: int,
        place: float,
        regions: list[str],
        field: tuple[tuple[float, float], tuple[float, float]],
    ) -> None:
        """Draw one slice with the regions it cuts, the left of the brain on the left."""
        index = self.slice_index(axis, place)
        across, up = (number for number in range(3) if number != axis)
        first = self.affine[:3, 3]
        size = self.affine[0, 0]
        extent = [
            edge
            for number in (across, up)
            for edge in (
                first[number] - size / 2,
                first[number] + size * (self.labels.shape[number] - 0.5),
            )
        ]
        ax.imshow(
            np.take(self.template, index, axis).T,
            origin="lower",
            extent=extent,
            cmap="gray",
            vmin=0,
            vmax=10500,
            interpolation="bilinear",
        )
        for region in regions:
            flat = np.take(self.mask(region), index, axis).T
            if not flat.any():
                continue
            overlay = np.zeros((*flat.shape, 4))
            overlay[..., :3] = to_rgb(COLOURS[region])
            overlay[..., 3] = OPACITY * flat
            ax.imshow(overlay, origin="lower", extent=extent, interpolation="nearest")
        ax.set_xlim(*field[0])
        ax.set_ylim(*field[1])
        ax.set_axis_off()
        shown = first[axis] + size * index
        ax.set_title(f"{AXES[axis]} = {shown:+.1f} mm", fontsize=8, color="white", pad=2)
        ends = ("L", "R") if axis != 0 else ("P", "A")
        for text, x, align in zip(ends, (0.03, 0.97), ("left", "right"), strict=True):
            mark = ax.text(x, 0.05, text, ha=align, transform=ax.transAxes)
            mark.set(
                color="white",
                fontsize=8,
                path_effects=[withStroke(linewidth=2, foreground="black")],
            )

    def draw_seeds(self, ax: Axes, axis: int, place: float, region: str) -> None:
        """Mark the published peaks (of both sides) within 3 mm of a slice."""
        across, up = (number for number in range(3) if number != axis)
        for x, y, z in self.seeds.get(region, []):
            for peak in ((-x, y, z), (x, y, z)):
                if abs(peak[axis] - place) <= 3:
                    ax.plot(peak[across], peak[up], "+", color="black", ms=9, mew=2.6)
                    ax.plot(peak[across], peak[up], "+", color="white", ms=8, mew=1.2)


def overview(pictures: Pictures, path: Path) -> None:
    """Draw all regions in sagittal, coronal and axial slices."""
    figure, grid = plt.subplots(3, 6, figsize=(13, 7.6), dpi=92, facecolor="black")
    for axis, row in enumerate(grid):
        field = tuple(FIELD[number] for number in range(3) if number != axis)
        for ax, place in zip(row, OVERVIEW[AXES[axis]], strict=True):
            pictures.draw(ax, axis, place, list(COLOURS), field)
    handles = [Patch(color=colour, label=region) for region, colour in COLOURS.items()]
    figure.legend(
        handles=handles, ncols=6, loc="lower center", frameon=False, labelcolor="white", fontsize=9
    )
    figure.subplots_adjust(0.005, 0.05, 0.995, 0.965, wspace=0.02, hspace=0.1)
    save(figure, path)


def close_up(pictures: Pictures, region: str, path: Path) -> None:
    """Draw one region through its centroids, its neighbours faintly beside it."""
    left, right = (pictures.centroid(region, side) for side in ("left", "right"))
    middle = (left + right) / 2
    figure, row = plt.subplots(1, 4, figsize=(12, 3.35), dpi=100, facecolor="black")
    views = ((0, left[0]), (0, right[0]), (1, middle[1]), (2, middle[2]))
    for ax, (axis, place) in zip(row, views, strict=True):
        centre = [0.0, middle[1], middle[2]]
        width = [CLOSE + 10, CLOSE, CLOSE]
        field = tuple(
            (centre[number] - width[number], centre[number] + width[number])
            for number in range(3)
            if number != axis
        )
        others = [name for name in COLOURS if name != region]
        pictures.draw(ax, axis, place, [*others, region], field)
        pictures.draw_seeds(ax, axis, place, region)
    handles = [Patch(color=colour, label=name) for name, colour in COLOURS.items()]
    figure.legend(
        handles=handles, ncols=6, loc="lower center", frameon=False, labelcolor="white", fontsize=8
    )
    figure.suptitle(region, color="white", fontsize=11, y=0.99)
    figure.subplots_adjust(0.005, 0.09, 0.995, 0.85, wspace=0.02)
    save(figure, path)


def palette() -> Image.Image:
    """Return the palette of the pictures: greys, and each colour over 23 greys."""
    greys = np.repeat(np.linspace(0, 255, 112)[:, np.newaxis], 3, axis=1)
    under = np.repeat(np.linspace(0, 255, 23)[:, np.newaxis], 3, axis=1)
    shades = [255 * OPACITY * np.array(to_rgb(c)) + (1 - OPACITY) * under for c in COLOURS.values()]
    solid = 255 * np.array([to_rgb(colour) for colour in COLOURS.values()])
    image = Image.new("P", (1, 1))
    image.putpalette(np.rint(np.vstack([greys, *shades, solid])).astype(np.uint8).tobytes())
    return image


def save(figure: plt.Figure, path: Path) -> None:
    """Write a picture in 256 colours, which halves the file."""
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    picture.quantize(palette=palette(), dither=Image.Dither.NONE).save(path, optimize=True)
    plt.close(figure)


def main() -> None:
    """Draw all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path)
    pictures = Pictures(parser.parse_args().sources)
    folder = HERE / "images"
    folder.mkdir(exist_ok=True)
    overview(pictures, folder / "regions-overview.png")
    for region in COLOURS:
        close_up(pictures, region, folder / f"regions-{region}.png")


if __name__ == "__main__":
    main()
