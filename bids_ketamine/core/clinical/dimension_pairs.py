"""How symptom dimensions, and the change of a measure, go together among each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import ALL
from bids_ketamine.core.group.association import pearson_correlation

#: Name of the change of the measure among the dimensions.
MEASURE = "change of the measure"

PAIR_COLUMNS = ("dimension", "other", "arm", "n", "r")


def dimension_pairs(
    improvements: pd.DataFrame, *, measure_change: pd.Series, minimum_participants: int
) -> pd.DataFrame:
    """Correlate improvements in all dimensions, and the measure's change, with each other.

    Pearson's r over the participants who have all of them, arms together, so that all r are of
    the same people. A measure that nobody has is left out.

    Parameters
    ----------
    improvements : DataFrame of shape (n_participants, n_dimensions)
        Index: participants. Points, positive where the participant got better; NaN where unknown.
    measure_change : Series of shape (n_participants,)
        Second minus first session by participant, unit of the measure; NaN where unknown.
    minimum_participants : int
        Fewest participants of a correlation.

    Returns
    -------
    DataFrame
        :data:`PAIR_COLUMNS`, both orders of each pair and each with itself; ``r`` is NaN for too
        few participants and for values that are all equal.

    Examples
    --------
    >>> better = pd.DataFrame({"fear": [1.0, 2.0, 4.0, 3.0], "sleep": [2.0, 1.0, 3.0, 4.0]})
    >>> table = dimension_pairs(
    ...     better, measure_change=pd.Series([float("nan")] * 4), minimum_participants=3)
    >>> table.round(3).to_numpy().tolist()[1]
    ['fear', 'sleep', 'all', 4, 0.6]
    """
    values = improvements.astype(np.float64)
    change = measure_change.reindex(values.index).astype(np.float64)
    if change.notna().any():
        values = values.assign(**{MEASURE: change})
    values = values.dropna()
    rows = []
    for one in values.columns:
        for other in values.columns:
            r = np.nan
            if len(values) >= minimum_participants:
                pair = {"first": values[one], "second": values[other]}
                # The level of an interval that is not given does not matter.
                r = float(pearson_correlation(**pair, confidence_level=0.95).estimate)
            rows.append((str(one), str(other), ALL, len(values), r))
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
