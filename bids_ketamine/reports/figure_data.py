"""The data of figures as tables, one row a mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bids_ketamine.reports.figures.panels import Cell, FloatArray


def cells_table(cells: Mapping[tuple[str, str], Cell]) -> pd.DataFrame:
    """Return means with intervals by session and arm, and single values below them.

    Parameters
    ----------
    cells : mapping of (session, arm) to Cell
        What a panel shows.

    Returns
    -------
    DataFrame
        ``session``, ``arm``, ``mark`` (``mean`` or ``participant``), ``value``, ``ci_low``,
        ``ci_high``.

    Examples
    --------
    >>> import numpy as np
    >>> cells_table({("pre", "all"): Cell(2.0, 1.0, 3.0, np.array([1.5]))})["value"].tolist()
    [2.0, 1.5]
    """
    columns = ["session", "arm", "mark", "value", "ci_low", "ci_high"]
    rows = [
        row
        for (session, arm), cell in cells.items()
        for row in (
            (session, arm, "mean", cell.mean, cell.low, cell.high),
            *((session, arm, "participant", float(value), None, None) for value in cell.values),
        )
    ]
    return pd.DataFrame(rows, columns=columns)


def points_table(
    points: Mapping[str, tuple[FloatArray, ...]], columns: Sequence[str]
) -> pd.DataFrame:
    """Return the marks of participants by arm.

    Parameters
    ----------
    points : mapping of str to tuple of ndarray
        By arm: the values of each column, in the order of participants.
    columns : sequence of str
        Names of the values.
    """
    parts = [
        pd.DataFrame({"arm": arm, **dict(zip(columns, values, strict=True))})
        for arm, values in points.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["arm", *columns])


def file_name(*parts: object) -> str:
    """Return the name of a figure's file from what it shows; missing parts are left out.

    >>> file_name("measure", "gppi", None, "amygdala~vmPFC")
    'measure-gppi-amygdala~vmPFC'
    """
    return "-".join(str(each) for each in parts if isinstance(each, str | int) and each != "")
