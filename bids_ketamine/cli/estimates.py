"""Expected run time and memory, from image headers alone.

One header is 348 bytes: the sizes of a whole trial are read without a library for images.
"""

from __future__ import annotations

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER_SIZE = 348

#: Axes of a CIFTI series.
CIFTI_AXES = 6


@dataclass(frozen=True)
class ImageSize:
    """Extent of a BOLD series.

    Attributes
    ----------
    n_voxels : int
        Voxels of one volume, the whole grid; grayordinates of a CIFTI series.
    n_volumes : int
        Volumes.
    """

    n_voxels: int
    n_volumes: int

    @property
    def n_values(self) -> int:
        """Values of the whole series."""
        return self.n_voxels * self.n_volumes


@dataclass(frozen=True)
class Cost:
    """What a piece of work takes.

    Attributes
    ----------
    seconds : float
        On one processor.
    memory_gb : float
        At its peak, GB.
    """

    seconds: float
    memory_gb: float


# Measured on one core with a 2-mm series (97 x 115 x 97 x 215, int16, gzip), 233 million values;
# each grows in proportion to the number of values of the grid.
_SECONDS_PER_VALUE = {
    "read": 1.65 / 232.6e6,
    "smooth": 1.8 / 232.6e6,
    "spm": 1.9 / 232.6e6,
    "ols": 1.9 / 232.6e6,
    "ar1": 15.0 / 232.6e6,
    "rest": 1.0 / 232.6e6,
}
_GIGABYTES_PER_VALUE = {
    **dict.fromkeys(("spm", "ols", "ar1"), 0.3 / 232.6e6),
    "rest": 0.15 / 232.6e6,
}
#: A process that has loaded the libraries and nothing else.
_PROCESS_GB = 0.3
#: Starting a step: scheduling, loading, writing small files.
_STEP_SECONDS = 1.0
#: Time series of regions instead of images.
_TABLE_COST = Cost(seconds=_STEP_SECONDS, memory_gb=_PROCESS_GB)
#: Starting the app, and a report for each participant.
START_SECONDS = 6.0
REPORT_SECONDS = 5.0


def read_image_size(path: Path) -> ImageSize:
    """Read the extent of a NIfTI-1 or NIfTI-2 file from its header.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.

    Returns
    -------
    ImageSize

    Raises
    ------
    ValueError
        If the file is empty, shorter than a header, or no NIfTI file.
    OSError
        If it cannot be read or decompressed.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            header = stream.read(_HEADER_SIZE)
    except EOFError as error:
        raise ValueError("the file ends too early") from error
    if len(header) < _HEADER_SIZE:
        raise ValueError("the file is empty" if not header else "the file ends too early")
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", header)
        if size == 348:
            extents = struct.unpack_from(f"{order}8h", header, 40)
        elif size == 540:
            extents = struct.unpack_from(f"{order}8q", header, 16)
        else:
            continue
        n_axes = extents[0]
        if not 1 <= n_axes <= 7 or min(extents[1 : n_axes + 1]) < 1:
            raise ValueError("the header has no sensible extents")
        if n_axes == CIFTI_AXES:  # four empty axes, volumes, grayordinates
            return ImageSize(n_voxels=extents[6], n_volumes=extents[5])
        padded = (*extents[1 : n_axes + 1], 1, 1, 1, 1)
        return ImageSize(n_voxels=math.prod(padded[:3]), n_volumes=padded[3])
    raise ValueError("the file is not NIfTI")


def estimate(size: ImageSize | None, *, method: str, smooth: bool) -> Cost:
    """Return the expected cost of one run.

    Parameters
    ----------
    size : ImageSize or None
        Extent of the series; ``None`` for time series of regions.
    method : str
        Noise model of a task's GLM (``spm``, ``ols``, ``ar1``), or ``rest``.
    smooth : bool
        Whether the series will be smoothed.
    """
    if size is None:
        return _TABLE_COST
    steps = ("read", "smooth", method) if smooth else ("read", method)
    return Cost(
        seconds=_STEP_SECONDS + size.n_values * sum(_SECONDS_PER_VALUE[each] for each in steps),
        memory_gb=_PROCESS_GB + size.n_values * _GIGABYTES_PER_VALUE[method],
    )
