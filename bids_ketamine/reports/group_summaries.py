"""What is withheld where it would tell of one person, and what a sample could have shown."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

#: With individual data kept out, a mean over fewer participants is too.
FEWEST_WITHOUT_INDIVIDUALS = 3
WITHHELD = "withheld"


def detectable_difference(
    n_first: int, n_second: int, *, power: float, significance: float
) -> float:
    r"""Return the standardized difference of two groups that a t test finds with a given power.

    The :math:`d` at which a noncentral t variable with :math:`\nu = n_1 + n_2 - 2` and
    noncentrality :math:`d / \sqrt{1/n_1 + 1/n_2}` exceeds the two-sided critical value with
    probability `power`; the other tail has none to speak of.

    Parameters
    ----------
    n_first, n_second : int
        Participants, at least 2 each.
    power, significance : float
        Probability of finding it, and of a false finding (two-sided).

    Examples
    --------
    >>> round(detectable_difference(64, 64, power=0.8, significance=0.05), 2)  # Cohen's table
    0.5
    """
    df = n_first + n_second - 2
    scale = np.sqrt(1 / n_first + 1 / n_second)
    critical = float(stats.t.ppf(1 - significance / 2, df))

    def shortfall(difference: float) -> float:
        return float(stats.nct.sf(critical, df, difference / scale)) - power

    return float(optimize.brentq(shortfall, 0.01, 20.0))
