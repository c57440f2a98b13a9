"""Columns of a confounds table that were asked for: found, computed from others, filled."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.errors import InputDataError

#: Sphere on whose surface rotations are expressed as displacements, mm (Power et al. 2012).
HEAD_RADIUS = 50.0
#: Endings of the columns that fMRIPrep derives from others, in the order in which it adds them.
DERIVATIVE, SQUARE = "_derivative1", "_power2"


def power_displacement(motion: np.ndarray) -> np.ndarray:
    r"""Compute framewise displacement.

    .. math:: FD_t = \sum_{i=1}^{3} |\Delta d_{i,t}| + r \sum_{j=1}^{3} |\Delta \alpha_{j,t}|

    Parameters
    ----------
    motion : ndarray of shape (n_scans, 6)
        Translations, mm, then rotations, rad.

    Returns
    -------
    ndarray of shape (n_scans,)
        mm; NaN for the first volume, which has none before it. Rotations count as
        displacements on a sphere of radius r = 50 mm.

    References
    ----------
    Power et al. (2012) doi:10.1016/j.neuroimage.2011.10.018.

    Examples
    --------
    >>> motion = np.zeros((2, 6))
    >>> motion[1] = [0.1, 0, -0.2, 0, 0.002, 0]
    >>> power_displacement(motion).round(9).tolist()
    [nan, 0.4]
    """
    change = np.abs(np.diff(np.asarray(motion, dtype=np.float64), axis=0))
    moved = change[:, :3].sum(axis=1) + HEAD_RADIUS * change[:, 3:].sum(axis=1)
    return np.concatenate([np.full(min(len(motion), 1), np.nan), moved])


def known_values(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column, or unknown values where the table lacks it.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns).
    name : str
        Name of the column.

    Returns
    -------
    ndarray of shape (n_scans,)
        In the unit of the table; NaN where unknown.
    """
    if name not in table:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64)


def lack(table: pd.DataFrame, name: str) -> str:
    """Say how a table lacks a column: it is not there, or has no value.

    Examples
    --------
    >>> lack(pd.DataFrame({"csf": [np.nan]}), "csf"), lack(pd.DataFrame(), "csf")
    ('no value of `csf`', 'no column `csf`')
    """
    return f"no value of `{name}`" if name in table else f"no column `{name}`"


def complete_columns(table: pd.DataFrame, wanted: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """Return wanted columns, computed from others where the table lacks them.

    fMRIPrep writes ``*_derivative1`` (difference to the volume before, none for the first),
    ``*_power2`` (square) and ``*_derivative1_power2`` from version 1.4 on.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns).
    wanted : sequence of str
        Names; a number at their end may be padded otherwise in the table.
    notes : list of str
        Sentences on what was computed are added to it.

    Returns
    -------
    DataFrame
        Shape (n_scans, n_wanted), each column once, under the table's name.

    Raises
    ------
    InputDataError
        If columns are neither there nor can be computed; all are named.

    Examples
    --------
    >>> notes = []
    >>> complete_columns(pd.DataFrame({"csf": [1.0, 3.0]}), ["csf_derivative1_power2"], notes)
       csf_derivative1_power2
    0                     NaN
    1                     4.0
    >>> notes
    ['computed as fMRIPrep does, since the table lacks them: csf_derivative1_power2']
    """
    columns: dict[str, pd.Series] = {}
    computed: list[str] = []
    absent: dict[str, None] = {}
    for name in wanted:
        column, root = _column(table, name)
        if column is None:
            absent[root] = None
            continue
        if root != column.name:
            computed.append(name)
        columns[str(column.name) if root == column.name else name] = column.astype(float)
    if absent:
        raise InputDataError(
            f"The confounds table has no column {', '.join(f'`{name}`' for name in absent)}.",
            cure=_suggestions(absent, table),
        )
    if computed:
        notes.append(
            f"computed as fMRIPrep does, since the table lacks them: {', '.join(computed)}"
        )
    return pd.DataFrame(columns, index=table.index)


def _column(table: pd.DataFrame, name: str) -> tuple[pd.Series | None, str]:
    """Return a column and the name of the column of the table on which it rests."""
    found = _name_in(table, name)
    if found is not None:
        return table[found], found
    for ending in (SQUARE, DERIVATIVE):
        if name.endswith(ending):
            base, root = _column(table, name.removesuffix(ending))
            if base is None:
                return None, root
            values = base.astype(float)
            return (values**2 if ending == SQUARE else values.diff()).rename(name), root
    return None, name


def _name_in(table: pd.DataFrame, name: str) -> str | None:
    """Return the name in the table, which may pad a number otherwise: a_comp_cor_0 is ..._00."""
    if name in table:
        return name
    stem, number = split_number(name)
    if number is None or name.endswith((SQUARE, DERIVATIVE)):
        return None
    return next((str(each) for each in table if split_number(str(each)) == (stem, number)), None)


def split_number(name: str) -> tuple[str, int | None]:
    """Split a name before the number at its end, so that padding does not matter.

    Examples
    --------
    >>> split_number("a_comp_cor_07"), split_number("a_comp_cor_7"), split_number("csf")
    (('a_comp_cor_', 7), ('a_comp_cor_', 7), ('csf', None))
    """
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :]) if len(stem) < len(name) else None


def _suggestions(absent: Iterable[str], table: pd.DataFrame) -> str | None:
    known = {str(name).casefold().replace("_", ""): str(name) for name in table}
    pairs = []
    for name in absent:
        close = difflib.get_close_matches(name.casefold().replace("_", ""), known, n=1, cutoff=0.75)
        pairs += [f"`{known[near]}` instead of `{name}`" for near in close]
    if not pairs:
        return None
    return (
        f"Did you mean {', '.join(pairs)}? Name the columns it has under `confounds` in the "
        "study file."
    )


def fill_missing(chosen: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Replace missing values by the next known one, by the last one at the end.

    Parameters
    ----------
    chosen : DataFrame
        Shape (n_scans, n_columns). Differences have no first value; more than that is noted.
    notes : list of str
        Sentences on what is missing are added to it.

    Returns
    -------
    DataFrame
        The same without missing values, rows numbered from 0.

    Raises
    ------
    InputDataError
        If columns have no value at all; all are named.
    """
    empty = [f"`{name}`" for name in chosen if chosen[name].isna().all()]
    if empty:
        raise InputDataError(
            f"The confounds table has no value in {', '.join(empty)}.",
            cure="Take these columns out of `confounds` in the study file, or make them again.",
        )
    known = chosen.notna().cummax()
    late: dict[int, list[str]] = {}
    for name in chosen:
        first = int((~known[name]).sum())
        if first > 1:
            late.setdefault(first, []).append(f"`{name}`")
    notes += [
        f"the first {n} values of {', '.join(names)} are missing; the next one stands for them"
        for n, names in late.items()
    ]
    gaps = (chosen.isna() & known).sum()
    notes += [
        f"{n} missing {'value' if n == 1 else 'values'} of `{name}` filled"
        for name, n in gaps.items()
        if n
    ]
    return chosen.bfill().ffill().reset_index(drop=True)
