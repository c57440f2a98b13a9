"""Means of maps over participants, one map at a time."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.group.moments import FloatArray


class MapMean:
    """The mean of maps that are added one by one; memory does not grow with their number.

    Parameters
    ----------
    n_values : int
        Voxels or grayordinates of a map.
    """

    def __init__(self, n_values: int) -> None:
        self.n_maps = 0
        self._total = np.zeros(n_values)
        self._count = np.zeros(n_values, dtype=np.uint32)

    def add(self, values: FloatArray) -> None:
        """Add a map.

        Parameters
        ----------
        values : ndarray of shape (n_values,)
            NaN where it has no value.
        """
        known = np.isfinite(values)
        self.n_maps += 1
        self._count += known
        np.add(self._total, values, out=self._total, where=known)

    def mean(self, *, minimum: int) -> FloatArray:
        """Return the mean over those maps that have a value.

        Parameters
        ----------
        minimum : int
            Fewest of them; where there are fewer there is no mean (NaN).

        Examples
        --------
        >>> maps = MapMean(3)
        >>> for values in ([0.1, np.nan, 0.3], [0.3, 0.5, np.nan], [0.5, 0.7, np.nan]):
        ...     maps.add(np.array(values))
        >>> maps.mean(minimum=2).round(6).tolist(), maps.n_maps
        ([0.3, 0.6, nan], 3)
        """
        enough = self._count >= max(minimum, 1)
        empty = np.full(self._total.shape, np.nan)
        return np.divide(self._total, self._count, out=empty, where=enough)
