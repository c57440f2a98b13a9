"""Contrasts over the columns of a design, or why they cannot be estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.glm.design_matrix import RANK_TOLERANCE, Design
from bids_ketamine.core.glm.voxel_series import column_space

#: Relative size of what of a contrast may lie outside the rows of the design.
ESTIMABLE_TOLERANCE = 1e-6


def contrast_matrix(
    rows: Sequence[Mapping[str, float]], design: Design
) -> tuple[np.ndarray | None, str]:
    """Return a contrast over the design's columns, or why it cannot be estimated.

    Parameters
    ----------
    rows : sequence of (mapping of str to float)
        Weights of columns: one row for a t test, several for an F test.
    design : Design
        The run's design.

    Returns
    -------
    weights : ndarray of shape (n_columns, n_rows) or None
        Rows of an F test that are combinations of earlier ones are left out. None if a column
        with a weight is not in the design, or a row is no combination of the design's rows: its
        conditions cannot be told from other columns (volumes that all have regressors of their
        own, for one). The columns are those of the design without drift.
    reason : str
        Empty, or why there is none.
    """
    names = list(design.effects.columns)
    absent = {name for row in rows for name, weight in row.items() if weight and name not in names}
    if absent:
        left_out = sorted(name for name in absent if name in design.full)
        if left_out:
            listing = ", ".join(f"`{name}`" for name in left_out)
            return None, f"{listing} cannot be told from other columns of the design"
        listing = ", ".join(f"`{name}`" for name in sorted(absent))
        return None, f"the design has no regressor for {listing}"
    if not all(_estimable(row, design.full) for row in rows):
        return None, "the conditions cannot be told from other columns of the design"
    kept = _independent(rows)
    return np.array([[row.get(name, 0.0) for row in kept] for name in names]), ""


def _independent(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Keep each row that is no combination of those before it: the test is the same.

    The choice rests on the rows alone, so that it is the same in every run.
    """
    names = sorted({name for row in rows for name in row})
    kept: list[Mapping[str, float]] = []
    chosen = np.empty((len(names), 0))
    for row in rows:
        column = np.array([[row.get(name, 0.0)] for name in names])
        if column_space(np.column_stack([chosen, column])).shape[1] > chosen.shape[1]:
            chosen = np.column_stack([chosen, column])
            kept.append(row)
    return kept


def _estimable(weights: Mapping[str, float], full: pd.DataFrame) -> bool:
    """Tell whether a contrast c lies in the row space of the design X: c = c pinv(X) X."""
    matrix = full.to_numpy(dtype=float)
    size = np.linalg.norm(matrix, axis=0)
    size[size == 0] = 1.0
    # Columns of unit length, so that the tolerance means the same for each.
    contrast = np.array([weights.get(str(name), 0.0) for name in full]) / size
    _, singular, rows = np.linalg.svd(matrix / size, full_matrices=False)
    rows = rows[singular > singular[0] * RANK_TOLERANCE]
    rest = contrast - (contrast @ rows.T) @ rows
    return bool(np.linalg.norm(rest) <= ESTIMABLE_TOLERANCE * np.linalg.norm(contrast))
