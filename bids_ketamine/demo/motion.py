"""Head motion: a random walk with jumps, scaled to a wanted mean framewise displacement."""

from __future__ import annotations

import numpy as np

from bids_ketamine.demo.regions import FloatArray

#: Radius of the sphere on which a rotation is counted as a displacement, mm.
HEAD_RADIUS = 50.0

#: Size of a jump relative to an ordinary step.
JUMP_SIZE = 6.0

#: Share of a jump that is taken back at the next volume.
JUMP_RETURN = 0.5

#: Breaths in a second.
BREATHS = (0.2, 0.35)


def framewise_displacement(motion: FloatArray) -> FloatArray:
    """Return framewise displacement: the sum of absolute changes of the six parameters.

    Parameters
    ----------
    motion : ndarray of shape (n_volumes, 6)
        Translations, mm, then rotations, rad.

    Returns
    -------
    ndarray of shape (n_volumes,)
        Millimetres; missing for the first volume.

    References
    ----------
    Power et al. 2012, NeuroImage 59:2142 (rotations on a sphere of 50 mm).

    Examples
    --------
    >>> framewise_displacement(np.array([[0, 0, 0, 0, 0, 0], [0.1, 0, -0.2, 0, 0.01, 0]]))
    array([nan, 0.8])
    """
    displacement = np.abs(np.diff(in_millimetres(motion), axis=0)).sum(axis=1)
    return np.concatenate([[np.nan], displacement])


def in_millimetres(motion: FloatArray) -> FloatArray:
    """Return the six parameters with rotations as arc lengths, mm."""
    return motion * np.array([1.0, 1.0, 1.0, HEAD_RADIUS, HEAD_RADIUS, HEAD_RADIUS])


def simulate_motion(
    *,
    n_volumes: int,
    mean_fd: float,
    jumps: float,
    generator: np.random.Generator,
    breathing: float = 0.0,
    t_r: float = 2.0,
) -> FloatArray:
    """Return motion parameters whose mean framewise displacement is exactly the given one.

    Parameters
    ----------
    n_volumes : int
        Length of the run.
    mean_fd : float
        Mean framewise displacement, mm.
    jumps : float
        Expected number of sudden movements in the run.
    generator : numpy.random.Generator
        Source of randomness.
    breathing : float
        Amplitude of a sinusoid along the second axis, that of phase encoding, relative to the
        standard deviation of an ordinary step; nothing is drawn for 0.
    t_r : float
        Repetition time, s: breathing is faster than volumes can follow, and folds.

    Returns
    -------
    ndarray of shape (n_volumes, 6)
        Translations, mm, then rotations, rad; zero at the first volume without breathing.
    """
    steps = generator.normal(size=(n_volumes - 1, 6))
    n_jumps = min(int(generator.poisson(jumps)), n_volumes - 2)
    for volume in np.sort(generator.choice(n_volumes - 2, size=n_jumps, replace=False)):
        jump = generator.normal(size=6) * generator.exponential(JUMP_SIZE)
        steps[volume] += jump
        steps[volume + 1] -= JUMP_RETURN * jump
    path = np.vstack([np.zeros(6), np.cumsum(steps, axis=0)])
    if breathing:
        rate, start = generator.uniform(*BREATHS), generator.uniform(0.0, 2.0 * np.pi)
        path[:, 1] += breathing * np.sin(2.0 * np.pi * rate * t_r * np.arange(n_volumes) + start)
    path[:, 3:] /= HEAD_RADIUS
    return path * (mean_fd / float(np.nanmean(framewise_displacement(path))))
