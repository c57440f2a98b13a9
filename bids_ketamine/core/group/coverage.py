"""Values whose regions are covered too little by the images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray

#: How reasons of the participant level start where a region is covered too little for a value.
COVERAGE = "coverage"


def coverage_reasons(*, measures: MeasureArrays, minimum_coverage: float | None) -> ObjectArray:
    """Say which values are missing or left out because their regions are not covered.

    Parameters
    ----------
    measures : MeasureArrays
        Measures with the coverage of their regions.
    minimum_coverage : float or None
        Smallest share of each region of a value; an unknown coverage is not excluded.

    Returns
    -------
    ndarray of object, shape (n_participants, n_sessions, n_measures)
        The participant level's reason, or ``coverage 42 % < 60 %``; empty elsewhere.
    """
    reasons = np.full(measures.value.shape, "", dtype=object)
    missing = np.nonzero(measures.reason != "")
    code, distinct = pd.factorize(measures.reason[missing])
    for_coverage = np.array([str(text).startswith(COVERAGE) for text in distinct], dtype=np.bool_)
    if for_coverage.any():
        chosen = for_coverage[code]
        cells = tuple(axis[chosen] for axis in missing)
        reasons[cells] = measures.reason[cells]
    if minimum_coverage is not None:
        under = np.isfinite(measures.value) & (measures.coverage < minimum_coverage)
        shares, which = np.unique(measures.coverage[under], return_inverse=True)
        limit = f"{100 * minimum_coverage:g} %"
        texts = [f"{COVERAGE} {100 * share:.4g} % < {limit}" for share in shares]
        reasons[under] = np.array(texts, dtype=object)[which]
    return reasons


def unchecked_coverage(*, measures: MeasureArrays) -> int:
    """Count the values whose coverage nobody knows.

    Parameters
    ----------
    measures : MeasureArrays
        Measures.

    Returns
    -------
    int
        Values that are there, without a coverage of any of their regions.
    """
    unknown = np.isfinite(measures.value) & np.isnan(measures.coverage)
    return int(unknown[:, measures.own].sum())
