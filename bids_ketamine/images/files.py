"""Images opened, read and written."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from bids_ketamine.errors import ReadWriteError
from bids_ketamine.images.headers import ImageHeader, read_header
from bids_ketamine.images.voxels import read_whole, refuse_too_large


def load_image(path: Path) -> Any:
    """Open a NIfTI file; what its header claims is checked, data are read later.

    Parameters
    ----------
    path : Path
        The file, ``.nii`` or ``.nii.gz``.

    Returns
    -------
    nibabel.Nifti1Image or nibabel.Nifti2Image
        At least three dimensions.

    Raises
    ------
    InputMissingError, ReadWriteError, InputDataError
        If it is not there, cannot be read, or its header claims what cannot be.
    """
    return open_image(read_header(path), path)


def open_image(header: ImageHeader, path: Path) -> Any:
    """Return the image of a header that was checked; its data are read later."""
    slope, intercept = header.nifti.get_slope_inter()
    spec = (header.shape, header.nifti.get_data_dtype(), header.offset, slope or 1, intercept or 0)
    kind = nib.Nifti2Image if isinstance(header.nifti, nib.Nifti2Header) else nib.Nifti1Image
    return kind(nib.arrayproxy.ArrayProxy(path, spec), header.affine, header.nifti)


def read_data(image: Any, path: Path, dtype: type = np.float32) -> np.ndarray:
    """Read the voxels of an opened image, no further than its header claims.

    Parameters
    ----------
    image : nibabel image
        Result of :func:`load_image`, or one made from it.
    path : Path
        Its file.
    dtype : type, optional
        Type of the voxels in memory.

    Raises
    ------
    InputDataError
        If the file ends before its data do, is damaged, or needs more memory than there is.
    """
    if not nib.is_proxy(image.dataobj):
        return np.asanyarray(image.dataobj, dtype=dtype)
    itemsize = image.dataobj.dtype.itemsize + np.dtype(dtype).itemsize
    refuse_too_large(math.prod(image.shape) * itemsize, path)
    return read_whole(image, path, dtype)


def save_map(volume: np.ndarray, affine: np.ndarray, path: Path) -> None:
    """Write a 3D map as float32 NIfTI; NaN becomes 0.

    Raises
    ------
    ReadWriteError
        If the file system fails.
    """
    image = nib.Nifti1Image(np.nan_to_num(volume).astype(np.float32), affine)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, code=4)
    image.set_qform(affine, code=4)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(image, path)
    except OSError as error:
        raise ReadWriteError(f"The map cannot be written: {error.strerror}.", path=path) from error
