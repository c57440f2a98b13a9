"""Independent random streams with names, so that no file depends on what was made before it."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the random generator of one named part of the trial.

    The names become the spawn key of a `numpy.random.SeedSequence`: streams of different
    names are independent, and the stream of a name is the same in every trial of that seed,
    whatever the number of participants.

    Parameters
    ----------
    seed : int
        Seed of the trial, not negative.
    *names : str
        Such as ``"sub-01", "ses-pre", "faces", "motion"``.

    Returns
    -------
    numpy.random.Generator
        A fresh generator at the start of its stream.

    Examples
    --------
    >>> a = generator(0, "sub-01", "ses-pre").normal()
    >>> a == generator(0, "sub-01", "ses-pre").normal()
    True
    >>> a == generator(0, "sub-02", "ses-pre").normal()
    False
    """
    key = tuple(zlib.crc32(name.encode()) for name in names)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
