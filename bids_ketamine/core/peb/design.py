"""Design matrices of the second level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.errors import InputDataError

#: Share of a column's length that its part outside the columns before may not fall below.
DEPENDENT = 1e-8


class GroupDesign(NamedTuple):
    """What is known of each model of a group.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
        Covariates in their units, as given: nothing is centred or scaled. The first column
        carries the prior mean and is the constant in all usual designs.
    columns : tuple of str
        Names of the covariates.
    rows : tuple of str
        Whose model each row is.
    """

    matrix: np.ndarray
    columns: tuple[str, ...]
    rows: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        """Number of models."""
        return len(self.rows)

    @property
    def n_columns(self) -> int:
        """Number of covariates."""
        return len(self.columns)

    def without(self, rows: ArrayLike) -> GroupDesign:
        """Return the design without some rows, unchecked."""
        kept = np.setdiff1d(np.arange(self.n_rows), np.asarray(rows, dtype=np.intp))
        names = tuple(self.rows[each] for each in kept)
        return GroupDesign(matrix=self.matrix[kept], columns=self.columns, rows=names)


class Covariate(NamedTuple):
    """A covariate made ready for a design, and what was done to it.

    Attributes
    ----------
    values : ndarray of shape (n,)
        Centred values, in units of `scale`.
    mean : float
        Mean that was taken out, in the covariate's unit.
    scale : float
        What centred values were divided by, in the covariate's unit; 1 for nothing. An effect
        per unit of the covariate is the effect of `values` divided by it.
    sentence : str
        Says so.
    """

    values: np.ndarray
    mean: float
    scale: float
    sentence: str


def centred_covariate(values: ArrayLike, *, name: str, scaled: bool) -> Covariate:
    r"""Centre a covariate, and scale it to unit standard deviation if wished.

    Centring decides what the column before it means: effects at the covariate's mean. The scale
    decides nothing but the unit of the model, for the prior variance of an effect is proportional
    to :math:`N / \sum x^2`. The scheme, though, is made for standard deviations around 1: below
    0.05 or above 50 it may end half way, and then says that it did not converge.

    Parameters
    ----------
    values : array_like of shape (n,)
        The covariate in its unit, none missing.
    name : str
        What it is called.
    scaled : bool
        Whether it is divided by its standard deviation (n - 1).

    Raises
    ------
    InputDataError
        If a value is missing, or all are equal.

    Examples
    --------
    >>> made = centred_covariate([10.0, 20.0, 30.0], name="improvement", scaled=True)
    >>> made.values.tolist(), made.sentence
    ([-1.0, 0.0, 1.0], 'improvement: centred (mean 20), divided by its standard deviation (10)')
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or not np.isfinite(given).all():
        raise InputDataError(
            f"The covariate {name} has values that are missing or not finite.",
            cure="Leave out the participants who lack it.",
        )
    mean = float(given.mean())
    centred = given - mean
    deviation = float(given.std(ddof=1)) if len(given) > 1 else 0.0
    if deviation <= DEPENDENT * abs(mean) or deviation == 0.0:
        raise InputDataError(
            f"The covariate {name} has the same value in all participants ({mean:g}).",
            cure="Leave it out of the design.",
        )
    scale = deviation if scaled else 1.0
    told = f"{name}: centred (mean {mean:.4g})"
    told += f", divided by its standard deviation ({scale:.4g})" if scaled else ""
    return Covariate(values=centred / scale, mean=mean, scale=scale, sentence=told)


def group_design(columns: Mapping[str, ArrayLike], *, rows: Sequence[str]) -> GroupDesign:
    """Put covariates side by side, as they are.

    Parameters
    ----------
    columns : mapping of str to array_like of shape (n_rows,)
        Covariates by name; the constant first.
    rows : sequence of str
        Whose model each row is.

    Raises
    ------
    InputDataError
        If a covariate has another length, a value is missing, there are fewer rows than
        columns, or a column follows from those before it: naming all rows and columns that are
        wrong.

    Examples
    --------
    >>> made = group_design({"mean": [1, 1], "arm": [-0.5, 0.5]}, rows=["midazolam", "ketamine"])
    >>> made.matrix.tolist()
    [[1.0, -0.5], [1.0, 0.5]]
    """
    arrays = {name: np.asarray(each, dtype=np.float64) for name, each in columns.items()}
    _require_values(arrays, rows)
    matrix = np.stack(list(arrays.values()), axis=1)
    if len(rows) < len(arrays):
        raise InputDataError(
            f"The design has {len(arrays)} columns ({', '.join(arrays)}) and only {len(rows)} "
            "rows.",
            cure="Use fewer covariates, or more participants.",
        )
    dependent = dependent_columns(matrix)
    if dependent:
        names = list(arrays)
        raise InputDataError(
            "Columns of the design follow from those before them: "
            f"{', '.join(f'`{names[each]}`' for each in dependent)}.",
            cure="Leave them out.",
        )
    return GroupDesign(matrix=matrix, columns=tuple(arrays), rows=tuple(rows))


def _require_values(arrays: Mapping[str, np.ndarray], rows: Sequence[str]) -> None:
    problems = []
    if not arrays:
        problems.append("it has no columns")
    for name, values in arrays.items():
        if values.shape != (len(rows),):
            problems.append(f"`{name}` has {values.size} values for {len(rows)} rows")
            continue
        missing = [row for row, value in zip(rows, values, strict=True) if not np.isfinite(value)]
        if missing:
            problems.append(f"`{name}` is missing for {', '.join(missing)}")
    if problems:
        raise InputDataError(
            f"The design of the group cannot be used: {'; '.join(problems)}.",
            cure="Give each covariate one finite value a row, or leave out the rows without.",
        )


def dependent_columns(matrix: np.ndarray) -> list[int]:
    """Return the columns that lie in the span of those before them.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
        A design.
    """
    found, basis = [], np.empty((len(matrix), 0))
    for place, column in enumerate(matrix.T):
        length = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        remaining = float(np.linalg.norm(rest))
        if length == 0.0 or remaining <= DEPENDENT * length:
            found.append(place)
        else:
            basis = np.column_stack([basis, rest / remaining])
    return found
