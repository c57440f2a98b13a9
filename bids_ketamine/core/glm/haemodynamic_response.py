"""SPM's canonical haemodynamic response and its derivatives."""

from __future__ import annotations

import numpy as np
from scipy import stats

#: Delays of response and undershoot (s), and their ratio: SPM's canonical parameters.
RESPONSE_DELAY, UNDERSHOOT_DELAY, UNDERSHOOT_RATIO = 6.0, 16.0, 6.0
#: Length of the response, s.
RESPONSE_LENGTH = 32.0
#: Steps of the finite differences: of the onset (s) and of the response's dispersion.
ONSET_STEP, DISPERSION_STEP = 1.0, 0.01


def canonical_response(
    *, interval: float, length: float, onset: float = 0.0, dispersion: float = 1.0
) -> np.ndarray:
    r"""Return the canonical haemodynamic response, sampled and of unit sum.

    .. math:: h(t) \propto g(t; 6/d, d) - g(t; 16, 1) / 6, \quad
              g(t; a, s) = t^{a-1} e^{-t/s} / (s^a \Gamma(a))

    Parameters
    ----------
    interval : float
        Distance of the samples, s.
    length : float
        Samples are taken from 0 to this time, s.
    onset : float, optional
        Delay of the whole response, s.
    dispersion : float, optional
        Dispersion d of the response (not of the undershoot).

    Returns
    -------
    ndarray of shape (floor(length / interval) + 1,)
        Sums to one.

    References
    ----------
    Friston et al. (1998) doi:10.1006/nimg.1997.0306.

    Examples
    --------
    >>> response = canonical_response(interval=0.125, length=32.0)
    >>> response.size, round(float(response.sum()), 12), 0.125 * int(response.argmax())
    (257, 1.0, 5.0)
    """
    # A quotient that is whole but for rounding is whole.
    n_samples = int(np.floor(length / interval * (1 + 1e-12))) + 1
    time = np.arange(n_samples) * interval - onset
    response = stats.gamma.pdf(time, RESPONSE_DELAY / dispersion, scale=dispersion)
    response -= stats.gamma.pdf(time, UNDERSHOOT_DELAY) / UNDERSHOOT_RATIO
    return np.asarray(response / response.sum())


def response_basis(hrf_model: str, *, interval: float) -> np.ndarray:
    """Return the canonical response and the derivatives that a model adds to it.

    The time derivative is the difference between the response and the one that begins a second
    later; the dispersion derivative the difference to the response of 1 % more dispersion, over
    0.01.

    Parameters
    ----------
    hrf_model : str
        ``spm``, with ``+ derivative`` and ``+ dispersion`` as wanted.
    interval : float
        Distance of the samples, s.

    Returns
    -------
    ndarray of shape (n_samples, n_functions)
        Canonical response, time derivative, dispersion derivative.
    """
    common = {"interval": interval, "length": RESPONSE_LENGTH}
    canonical = canonical_response(**common)
    functions = [canonical]
    if "derivative" in hrf_model:
        later = canonical_response(**common, onset=ONSET_STEP)
        functions.append((canonical - later) / ONSET_STEP)
    if "dispersion" in hrf_model:
        wider = canonical_response(**common, dispersion=1.0 + DISPERSION_STEP)
        functions.append((canonical - wider) / DISPERSION_STEP)
    return np.column_stack(functions)
