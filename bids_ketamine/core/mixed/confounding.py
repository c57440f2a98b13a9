"""Columns of a design that cannot be told from each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.mixed.covariance import FloatArray
from bids_ketamine.core.mixed.formula import INTERCEPT, FixedDesign

#: A column whose part that earlier columns do not explain is smaller than this is dropped, and
#: a part of it smaller than the second is rounding.
EXPLAINED, PART = 1e-9, 1e-7


@dataclass(frozen=True)
class Confounding:
    """Which columns are fitted, and which have no estimate of their own.

    Attributes
    ----------
    kept : list of int
        Columns that are fitted.
    reasons : mapping of int to str
        Why a column has no estimate: dropped ones, and those that make them up.
    """

    kept: list[int]
    reasons: Mapping[int, str]


def confounded_columns(design: FixedDesign) -> Confounding:
    """Find columns that others make up.

    A column that is a sum of earlier ones is dropped. Then the effects of those are not theirs
    alone: which of them takes the common part depends on the order of the formula, so that none
    of them has an estimate.

    Parameters
    ----------
    design : FixedDesign
        Columns of the fixed effects.
    """
    kept: list[int] = []
    dropped: list[int] = []
    basis: FloatArray = np.empty((len(design.matrix), 0))
    for place, column in enumerate(design.matrix.T):
        length = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if left > EXPLAINED * length:
            kept.append(place)
            basis = np.column_stack([basis, rest / left])
        else:
            dropped.append(place)
    reasons: dict[int, str] = {}
    matrix = design.matrix[:, kept]
    lengths = np.linalg.norm(matrix, axis=0)
    for place in dropped:
        column = design.matrix[:, place]
        weights = np.linalg.lstsq(matrix / lengths, column, rcond=None)[0]
        parts = np.flatnonzero(np.abs(weights) > PART * np.linalg.norm(column))
        together = [*(kept[part] for part in parts), place]
        named = [each for each in together if design.names[each] != INTERCEPT]
        if len(named) == 1:
            why = f"{design.names[place]} is the same for everybody who entered"
        else:
            listed = ", ".join(design.names[each] for each in named[:-1])
            why = f"{listed} and {design.names[named[-1]]} cannot be told from each other here"
        for each in together:
            reasons.setdefault(each, why)
    return Confounding(kept, reasons)
