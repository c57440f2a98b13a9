"""Slow fluctuations that regions share, with a planted change between sessions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bids_ketamine.demo.regions import REGIONS, FloatArray

#: Fisher z of each pair of regions before treatment, in the average participant.
BASELINE_COUPLING: dict[tuple[str, str], float] = {
    ("amygdala", "anterior_insula"): 0.25,
    ("amygdala", "vmPFC"): 0.15,
    ("amygdala", "rACC"): 0.20,
    ("amygdala", "dACC"): 0.15,
    ("amygdala", "anterior_hippocampus"): 0.45,
    ("anterior_insula", "vmPFC"): 0.0,
    ("anterior_insula", "rACC"): 0.20,
    ("anterior_insula", "dACC"): 0.45,
    ("anterior_insula", "anterior_hippocampus"): 0.10,
    ("vmPFC", "rACC"): 0.45,
    ("vmPFC", "dACC"): 0.05,
    ("vmPFC", "anterior_hippocampus"): 0.25,
    ("rACC", "dACC"): 0.35,
    ("rACC", "anterior_hippocampus"): 0.15,
    ("dACC", "anterior_hippocampus"): 0.05,
}

#: The pair whose coupling ketamine changes.
CHANGED_PAIR = ("amygdala", "vmPFC")


def correlation_matrix(couplings: Mapping[tuple[str, str], float]) -> FloatArray:
    """Return the correlation matrix of the regions from the Fisher z of each pair.

    Parameters
    ----------
    couplings : mapping of (str, str) to float
        Fisher z of each pair, keys as in `BASELINE_COUPLING`.

    Returns
    -------
    ndarray of shape (n_regions, n_regions)
        ``tanh(z)``, in the order of `REGIONS`.
    """
    order = list(REGIONS)
    matrix = np.eye(len(order))
    for (first, second), coupling in couplings.items():
        i, j = order.index(first), order.index(second)
        matrix[i, j] = matrix[j, i] = np.tanh(coupling)
    return matrix


def band_limited_noise(
    *,
    n_series: int,
    n_volumes: int,
    t_r: float,
    low: float,
    high: float,
    generator: np.random.Generator,
) -> FloatArray:
    """Return independent Gaussian series with a flat spectrum in a band and none outside.

    Parameters
    ----------
    n_series, n_volumes : int
        Size.
    t_r : float
        Repetition time, s.
    low, high : float
        Band, Hz.
    generator : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_volumes, n_series)
        Zero mean, expected variance 1.
    """
    # A window of twice the run, so that its two ends are not tied together.
    n_long = 2 * n_volumes
    frequencies = np.fft.rfftfreq(n_long, t_r)
    kept = (frequencies >= low) & (frequencies <= high)
    spectrum = np.fft.rfft(generator.normal(size=(n_long, n_series)), axis=0)
    spectrum[~kept] = 0.0
    share = 2.0 * kept.sum() / n_long
    return np.fft.irfft(spectrum, n_long, axis=0)[:n_volumes] / np.sqrt(share)


def coupled_fluctuations(
    *,
    correlation: FloatArray,
    n_volumes: int,
    t_r: float,
    low: float,
    high: float,
    generator: np.random.Generator,
) -> FloatArray:
    """Return slow fluctuations of regions with a given population correlation.

    Parameters
    ----------
    correlation : ndarray of shape (n_regions, n_regions)
        Positive definite.
    n_volumes : int
        Length of the run.
    t_r : float
        Repetition time, s.
    low, high : float
        Band of the fluctuations, Hz.
    generator : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_volumes, n_regions)
        Expected variance 1.

    Raises
    ------
    numpy.linalg.LinAlgError
        If `correlation` is not positive definite.
    """
    independent = band_limited_noise(
        n_series=len(correlation),
        n_volumes=n_volumes,
        t_r=t_r,
        low=low,
        high=high,
        generator=generator,
    )
    return independent @ np.linalg.cholesky(correlation).T
