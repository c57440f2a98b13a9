"""Means of a column with their intervals, withheld where they would tell of one person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from bids_ketamine.core.group.results import upper_quantile
from bids_ketamine.reports.words import ABSENT, number

#: With individual data kept out, a mean over fewer participants is too.
FEWEST_WITHOUT_INDIVIDUALS = 3
WITHHELD = "withheld"


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation and interval of the mean; NaN where not defined."""

    n: int
    mean: float
    sd: float
    low: float
    high: float
    withheld: bool = False

    def mean_sd(self, decimals: int | None = None) -> str:
        """Return ``mean (SD)``."""
        if self.withheld:
            return WITHHELD
        if self.n == 0:
            return ABSENT
        spread = f" ({number(self.sd, decimals)})" if self.n > 1 else ""
        return number(self.mean, decimals) + spread


def summarize(
    values: Iterable[float], *, confidence_level: float, individual_data: bool
) -> Summary:
    """Return mean, standard deviation (n - 1) and the t interval of the mean.

    Parameters
    ----------
    values : iterable of float
        One for each participant; NaN is left out.
    confidence_level : float
        Level of the interval.
    individual_data : bool
        Whether a mean over one or two participants may be told.
    """
    array = np.asarray(list(values), dtype=np.float64)
    array = array[np.isfinite(array)]
    n = int(array.size)
    if 0 < n < FEWEST_WITHOUT_INDIVIDUALS and not individual_data:
        return Summary(n, np.nan, np.nan, np.nan, np.nan, withheld=True)
    if n == 0:
        return Summary(0, np.nan, np.nan, np.nan, np.nan)
    mean = float(array.mean())
    if n == 1:
        return Summary(1, mean, np.nan, np.nan, np.nan)
    sd = float(array.std(ddof=1))
    margin = float(stats.t.ppf(upper_quantile(confidence_level), n - 1)) * sd / np.sqrt(n)
    return Summary(n, mean, sd, mean - margin, mean + margin)


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
