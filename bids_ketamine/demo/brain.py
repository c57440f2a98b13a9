"""The simulated head: a coarse MNI grid with tissues, from the templates nilearn carries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_wm_template,
)
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from bids_ketamine.demo.regions import FloatArray

#: Image intensity of each tissue in a T2*-weighted image, arbitrary scanner units.
INTENSITY = {"grey_matter": 1000.0, "white_matter": 850.0, "csf": 1300.0, "rim": 350.0}

#: Noise of each tissue relative to grey matter: vessels and pulsating fluid are noisier.
RELATIVE_NOISE = {"grey_matter": 1.0, "white_matter": 0.75, "csf": 1.5, "rim": 2.0}

#: A tissue's noise mask holds the voxels above this probability, as fMRIPrep's do ...
TISSUE_THRESHOLD = 0.9

#: ... and on coarse grids at least this many of the likeliest, for a component analysis.
SMALLEST_MASK = 40


@dataclass(frozen=True)
class Brain:
    """Grid, head voxels and their tissues; voxel vectors run in the files' order (x fastest).

    Attributes
    ----------
    affine : ndarray of shape (4, 4)
        Voxel indices to MNI mm.
    head : boolean ndarray of shape (n_z, n_y, n_x)
        Voxels that carry signal: the brain and one voxel around it.
    mask : boolean ndarray of shape (n_voxels,)
        Head voxels inside the brain.
    grey_matter, white_matter, csf : ndarray of shape (n_voxels,)
        Tissue probabilities, 0 outside the brain.
    coordinates : ndarray of shape (n_voxels, 3)
        MNI mm.
    """

    affine: FloatArray
    head: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    grey_matter: FloatArray
    white_matter: FloatArray
    csf: FloatArray
    coordinates: FloatArray

    @property
    def n_voxels(self) -> int:
        """Number of head voxels."""
        return len(self.mask)

    @property
    def voxel_size(self) -> float:
        """Edge of a voxel, mm."""
        return float(self.affine[0, 0])

    def mixture(self, values: dict[str, float]) -> FloatArray:
        """Return the tissue average of a quantity in each head voxel, shape (n_voxels,)."""
        inside = (
            self.grey_matter * values["grey_matter"]
            + self.white_matter * values["white_matter"]
            + self.csf * values["csf"]
        )
        return np.where(self.mask, inside, values["rim"])

    def noise_mask(self, tissue: FloatArray) -> NDArray[np.bool_]:
        """Return the head voxels that are surely of a tissue, for nuisance signals."""
        order = np.sort(tissue)[::-1]
        threshold = min(TISSUE_THRESHOLD, float(order[min(SMALLEST_MASK, len(order)) - 1]))
        return self.mask & (tissue >= threshold)

    def volume(self, values: NDArray) -> NDArray:
        """Put voxel vectors into the grid: (..., n_voxels) to (..., n_z, n_y, n_x), 0 outside."""
        grid = np.zeros((*values.shape[:-1], *self.head.shape), dtype=values.dtype)
        grid[..., self.head] = values
        return grid


@lru_cache(maxsize=2)
def load_brain(resolution: int) -> Brain:
    """Return the head on a grid of the MNI152 space.

    Cerebrospinal fluid is what the brain mask holds beside grey and white matter.

    Parameters
    ----------
    resolution : int
        Edge of the voxels, mm.

    Returns
    -------
    Brain
        Cropped to the head.
    """
    image = load_mni152_brain_mask(resolution=resolution)
    inside = np.asarray(image.dataobj) > 0
    grey = np.asarray(load_mni152_gm_template(resolution=resolution).dataobj, dtype=float)
    white = np.asarray(load_mni152_wm_template(resolution=resolution).dataobj, dtype=float)
    head = binary_dilation(inside, iterations=1)
    bounds = [(index.min(), index.max() + 1) for index in np.nonzero(head)]
    crop = tuple(slice(low, high) for low, high in bounds)
    affine = np.array(image.affine, dtype=float)
    affine[:3, 3] += affine[:3, :3] @ np.array([low for low, _ in bounds], dtype=float)

    cropped = head[crop].transpose(2, 1, 0)

    def vector(volume: NDArray) -> NDArray:
        return volume[crop].transpose(2, 1, 0)[cropped]

    mask = vector(inside)
    grey_matter = np.where(mask, np.clip(vector(grey), 0.0, 1.0), 0.0)
    white_matter = np.where(mask, np.clip(vector(white), 0.0, 1.0 - grey_matter), 0.0)
    indices = np.argwhere(cropped)[:, ::-1]
    return Brain(
        affine=affine,
        head=cropped,
        mask=mask,
        grey_matter=grey_matter,
        white_matter=white_matter,
        csf=np.where(mask, 1.0 - grey_matter - white_matter, 0.0),
        coordinates=indices @ affine[:3, :3].T + affine[:3, 3],
    )
