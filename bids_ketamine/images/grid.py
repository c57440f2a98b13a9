"""Voxel grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Two affines that differ by less (mm) describe the same grid.
AFFINE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Grid:
    """Voxel grid of a run and its brain.

    Attributes
    ----------
    brain : ndarray of bool, shape (x, y, z)
        Inside the brain mask.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    """

    brain: np.ndarray
    affine: np.ndarray

    def same_as(self, other: Grid) -> bool:
        """Tell whether two grids have the same voxels (brains may differ)."""
        return self.brain.shape == other.brain.shape and np.allclose(
            self.affine, other.affine, atol=AFFINE_TOLERANCE
        )

    def volume(self, values: np.ndarray, voxels: np.ndarray) -> np.ndarray:
        """Lay values of some voxels (a mask of the grid) out in space, NaN elsewhere."""
        volume = np.full(self.brain.shape, np.nan)
        volume[voxels] = values
        return volume


def nearest_on_grid(
    labels: np.ndarray, affine: np.ndarray, shape: tuple[int, ...], target: np.ndarray
) -> np.ndarray:
    """Return labels on another grid: each voxel takes the nearest one.

    Parameters
    ----------
    labels : ndarray of int32, shape (i, j, k)
        Labels on their own grid.
    affine : ndarray of shape (4, 4)
        Its voxel indices to mm.
    shape : tuple of int
        Shape (x, y, z) of the other grid.
    target : ndarray of shape (4, 4)
        Its voxel indices to mm.

    Returns
    -------
    ndarray of int32, shape (x, y, z)
        Labels on the other grid, 0 outside their image.
    """
    import nibabel as nib
    from nilearn.image import resample_img  # takes seconds to load

    moved = resample_img(
        nib.Nifti1Image(labels, affine),
        target_affine=target,
        target_shape=shape,
        interpolation="nearest",
        force_resample=True,
        copy_header=True,
    )
    return np.asanyarray(moved.dataobj).astype(np.int32)
