"""Repeated-measures analysis of variance, sequential sums of squares by error stratum.

Every participant has one score in each cell of the within factors. Orthonormal contrasts within
participants then split the scores into strata that do not overlap, one for each set of within
factors, and all that is left in a stratum is a regression on the arms.

=========  ===============================================================================
``N``      participants
``S``      a set of within factors, of ``levels`` L each
``C_f``    contrasts of factor f: (L - 1, L) orthonormal rows, each summing to 0
``d``      contrasts of the stratum: product over f in S of (L_f - 1)
``Z_S``    (N, d) scores of the stratum: C_f along f in S, 1 / sqrt(L_f) along the others
``Q_t``    orthonormal basis of what term t adds to the terms before it, (N, rank)
``SS_t``   ||Q_t' Z_S||^2 with rank(Q_t) d degrees of freedom
``E``      Z_S minus its projections, the error of the stratum
=========  ===============================================================================

A between term B gives the effects B (in the stratum of participants) and B x S (in that of S); the
constant gives the effect S. The participants' own stratum is the empty S without its constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg, stats

from bids_ketamine.core.clinical.repeated_scores import RepeatedScores, repeated_scores
from bids_ketamine.core.clinical.sphericity import greenhouse_geisser_epsilon
from bids_ketamine.core.group.moments import ROUNDING_UNITS, FloatArray
from bids_ketamine.core.group.results import NO_VARIATION

#: Choices of the error: all within one stratum of participants, or one for each set of factors.
PARTICIPANT, STRATIFIED = "participant", "stratified"
ERROR_STRATA = (PARTICIPANT, STRATIFIED)

#: Names of strata and rows beside those of the factors.
WITHIN, RESIDUALS = "within", "Residuals"

#: Columns of the result, in order.
COLUMNS = (
    "stratum",
    "term",
    "df",
    "sum_sq",
    "mean_sq",
    "f_value",
    "df_residual",
    "p_value",
    "epsilon_gg",
    "p_value_gg",
    "reason",
)

NO_ERROR_DF = "no degrees of freedom are left for the error"
NO_ERROR = "nothing is left for the error"
NO_CELL = "no participants to estimate it from"

Term = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Effect:
    """What a term explains in its stratum, (n_participants, d) contrasts in all."""

    term: Term
    df: int
    sum_sq: float


@dataclass(frozen=True, kw_only=True)
class _Stratum:
    """Effects and error of a set of within factors; `products` is (d, d)."""

    factors: Term
    effects: tuple[_Effect, ...]
    df: int
    sum_sq: float
    products: FloatArray


def repeated_measures_anova(
    data: pd.DataFrame,
    *,
    value: str,
    participant: str,
    between: Sequence[str],
    within: Sequence[str],
    error_strata: str,
) -> pd.DataFrame:
    """Analyse repeated scores by the full factorial of arms and repeated factors.

    Sums of squares are sequential: each between term is adjusted for those before it, not for those
    after it. Within terms need no adjustment, as every participant is in all their cells.

    Parameters
    ----------
    data : DataFrame
        One row a score: participant, factors, score.
    value : str
        Column of the score.
    participant : str
        Column that says whose it is.
    between : sequence of str
        Columns that are the same in all rows of a participant, such as the arm.
    within : sequence of str
        Columns in all of whose cells every participant has one score, such as session and measure.
    error_strata : {"participant", "stratified"}
        ``participant``: F of all within terms against the one error of everything within
        participants. ``stratified``: of each against the error of its own within factors.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`; rows by stratum, terms in the order of a full factorial, last the
        ``Residuals`` of the stratum. ``f_value`` has ``df`` and ``df_residual`` degrees of freedom.
        ``epsilon_gg`` and ``p_value_gg`` (Greenhouse-Geisser) are for terms of the stratified
        form whose stratum has several contrasts. A term without a test has a ``reason``.

    Raises
    ------
    ValueError
        If a column is not there, a score or a factor is missing, a participant is in a cell twice
        or not in all cells, or in two arms; a factor has fewer than two levels; or `error_strata`
        is none of the two.

    References
    ----------
    Chambers, J. M., Freeny, A. & Heiberger, R. M. (1992). Analysis of variance; designed
    experiments. In: Statistical Models in S, chapter 5. Wadsworth & Brooks/Cole.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"who": ["a", "a", "b", "b", "c", "c"], "visit": [1, 2] * 3, "y": [3, 1, 4, 3, 6, 3]}
    ... )
    >>> table = repeated_measures_anova(
    ...     data, value="y", participant="who", between=(), within=["visit"],
    ...     error_strata="stratified",
    ... )
    >>> row = table.set_index("term").loc["visit"]
    >>> row["stratum"], int(row["df"]), round(float(row["f_value"]), 6), int(row["df_residual"])
    ('participant:visit', 1, 12.0, 2)
    """
    if error_strata not in ERROR_STRATA:
        raise ValueError(f"error_strata must be one of {', '.join(ERROR_STRATA)}: {error_strata}")
    scores = repeated_scores(
        data, value=value, participant=participant, between=between, within=within
    )
    bases = _between_bases(scores.between)
    strata = [_stratum(scores, factors, bases) for factors in _subsets(tuple(within))]
    order = {term: place for place, term in enumerate(_subsets((*between, *within)))}
    rounding = (
        scores.values.size * (ROUNDING_UNITS * np.finfo(np.float64).eps * scores.magnitude) ** 2
    )
    rows = _rows(PARTICIPANT, strata[:1], order=order, rounding=rounding)
    if error_strata == PARTICIPANT and within:
        rows += _rows(WITHIN, strata[1:], order=order, rounding=rounding)
    else:
        for stratum in strata[1:]:
            name = ":".join((PARTICIPANT, *stratum.factors))
            rows += _rows(name, [stratum], order=order, rounding=rounding)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if not scores.values.any():  # they are centred: all scores are equal
        table.loc[table["term"] != RESIDUALS, "reason"] = NO_VARIATION
    return table


def _subsets(names: Term) -> list[Term]:
    """Return all sets of names, smaller ones first, as a full factorial orders its terms."""
    return [chosen for size in range(len(names) + 1) for chosen in combinations(names, size)]


def _between_bases(between: Mapping[str, Sequence[Any]]) -> dict[Term, FloatArray]:
    """Return Q_t of each between term, (n_participants, rank); the constant is the empty term."""
    n = len(next(iter(between.values()))) if between else 0
    bases: dict[Term, FloatArray] = {}
    known = np.zeros((n, 0))
    for term in _subsets(tuple(between)):
        if not term:
            continue
        cells = pd.Series(list(zip(*(between[name] for name in term), strict=True)))
        indicators = pd.get_dummies(cells, dtype=np.float64).to_numpy()
        centred = indicators - indicators.mean(axis=0)  # the constant comes first
        bases[term] = _what_is_new(centred, known)
        known = np.hstack([known, bases[term]])
    return bases


def _what_is_new(columns: FloatArray, known: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what columns add to the known orthonormal ones."""
    left = columns - known @ (known.T @ columns)
    vectors, lengths, _ = linalg.svd(left, full_matrices=False)
    # Indicators have whole numbers: what is smaller than this is rounding.
    return vectors[:, lengths > 1e-9 * np.sqrt(len(columns))]


def _stratum(scores: RepeatedScores, factors: Term, bases: Mapping[Term, FloatArray]) -> _Stratum:
    """Split the scores of one set of within factors into effects and error."""
    contrasts = scores.values
    for axis, (name, n_levels) in enumerate(scores.n_levels.items(), start=1):
        of_levels = (
            linalg.helmert(n_levels)
            if name in factors
            else np.full((1, n_levels), 1.0 / np.sqrt(n_levels))
        )
        contrasts = np.moveaxis(np.tensordot(of_levels, contrasts, axes=(1, axis)), 0, axis)
    left = contrasts.reshape(len(contrasts), -1)
    constant = np.full((len(left), 1), 1.0 / np.sqrt(len(left)))
    effects = []
    df = len(left) * left.shape[1]
    for between, basis in ({(): constant} | dict(bases)).items():
        projected = basis.T @ left
        left = left - basis @ projected
        term = (*between, *factors)
        df -= projected.size
        if term:  # the grand mean is no effect
            effects.append(
                _Effect(term=term, df=projected.size, sum_sq=float((projected**2).sum()))
            )
    return _Stratum(
        factors=factors,
        effects=tuple(effects),
        df=df,
        sum_sq=float((left**2).sum()),
        products=left.T @ left,
    )


def _rows(
    name: str, strata: Sequence[_Stratum], *, order: Mapping[Term, int], rounding: float
) -> list[dict[str, Any]]:
    """Return the rows of one error stratum, pooled over the sets of within factors it has."""
    df_residual = sum(stratum.df for stratum in strata)
    residual = sum(stratum.sum_sq for stratum in strata)
    residual = 0.0 if residual <= rounding else residual
    mean_residual = residual / df_residual if df_residual else np.nan
    rows = []
    effects = [effect for stratum in strata for effect in stratum.effects]
    for effect in sorted(effects, key=lambda each: order[each.term]):
        row = _row(name, ":".join(effect.term), effect.df, effect.sum_sq, rounding)
        reason = ""
        if not effect.df:
            reason = NO_CELL
        elif not df_residual:
            reason = NO_ERROR_DF
        elif not residual:
            reason = NO_ERROR
        else:
            row["f_value"] = row["mean_sq"] / mean_residual
            row["p_value"] = float(stats.f.sf(row["f_value"], effect.df, df_residual))
        row |= {"df_residual": df_residual, "reason": reason}
        if len(strata) == 1 and not reason:
            row |= _corrected(row["f_value"], effect.df, strata[0])
        rows.append(row)
    return [*rows, _row(name, RESIDUALS, df_residual, residual, rounding)]


def _row(name: str, term: str, df: int, sum_sq: float, rounding: float) -> dict[str, Any]:
    kept = 0.0 if sum_sq <= rounding else sum_sq
    row: dict[str, Any] = dict.fromkeys(COLUMNS, np.nan)
    mean_sq = kept / df if df else np.nan
    return row | {
        "stratum": name,
        "term": term,
        "df": df,
        "sum_sq": kept,
        "mean_sq": mean_sq,
        "reason": "",
    }


def _corrected(f_value: float, df: int, stratum: _Stratum) -> dict[str, float]:
    """Return Greenhouse and Geisser's correction; nothing for a single contrast."""
    if len(stratum.products) < 2:
        return {}
    epsilon = greenhouse_geisser_epsilon(stratum.products)
    p_value = float(stats.f.sf(f_value, epsilon * df, epsilon * stratum.df))
    return {"epsilon_gg": epsilon, "p_value_gg": p_value}
