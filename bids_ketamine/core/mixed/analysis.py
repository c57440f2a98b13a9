"""A mixed model of a trial's values: estimates, tests, intervals, in tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.core.mixed.confounding import confounded_columns
from bids_ketamine.core.mixed.covariance import FloatArray, MixedData
from bids_ketamine.core.mixed.degrees_of_freedom import rule_information
from bids_ketamine.core.mixed.fit import MixedFit, fit_mixed_model, require_noise
from bids_ketamine.core.mixed.formula import fixed_design
from bids_ketamine.core.mixed.intervals import bootstrap_intervals, profile_intervals
from bids_ketamine.core.mixed.rows import (
    EFFECT_COLUMNS,
    FIT_COLUMNS,
    TEST_COLUMNS,
    TestedModel,
    effect_table,
    fit_row,
    table_of,
    term_table,
)


@dataclass(frozen=True)
class MixedResult:
    """Tables of a mixed model.

    Attributes
    ----------
    effects : DataFrame
        Fixed effects by method and rule (:data:`~bids_ketamine.core.mixed.rows.EFFECT_COLUMNS`).
    tests : DataFrame
        Terms, type III (:data:`~bids_ketamine.core.mixed.rows.TEST_COLUMNS`).
    fits : DataFrame
        One row a method (:data:`~bids_ketamine.core.mixed.rows.FIT_COLUMNS`).
    """

    effects: pd.DataFrame
    tests: pd.DataFrame
    fits: pd.DataFrame


def analyse_mixed_model(
    data: pd.DataFrame,
    *,
    formula: str,
    slope: str | None,
    methods: tuple[str, ...],
    rules: tuple[str, ...],
    level: float,
    intervals: str,
    n_draws: int,
    seed: int,
) -> MixedResult:
    """Fit a mixed model and test its fixed effects by every method and rule (methods row B7).

    A model that cannot be fitted leaves rows with the reason.

    Parameters
    ----------
    data : DataFrame
        One row an observation: ``participant_id``, ``value`` and the formula's variables, no
        cell missing. Objects and categories are categories; the first level is the reference.
    formula : str
        Fixed effects, such as ``time * arm``.
    slope : str or None
        Numeric variable whose slope differs between participants.
    methods : tuple of str
        Of ``reml`` and ``ml``.
    rules : tuple of str
        Rules of degrees of freedom
        (:data:`~bids_ketamine.core.mixed.degrees_of_freedom.RULES`).
    level : float
        Level of the intervals.
    intervals : str
        ``t`` (estimate -+ se times the quantile at the rule's degrees of freedom), ``profile`` or
        ``bootstrap``.
    n_draws, seed : int
        Draws of the bootstrap and their seed.

    Returns
    -------
    MixedResult
        Tables.
    """
    effects, tests, fits = [], [], []
    try:
        design = fixed_design(data, formula=formula)
        confounding = confounded_columns(design)
        arrays = _arrays(data, design.matrix[:, confounding.kept], slope)
        require_noise(arrays)
    except ValueError as error:
        return _without_result(str(error), data, formula=formula, methods=methods, rules=rules)
    for method in methods:
        try:
            fit = fit_mixed_model(arrays, method=method)
            ends, drawn = _ends(fit, intervals=intervals, level=level, n_draws=n_draws, seed=seed)
        except (ValueError, np.linalg.LinAlgError) as error:
            failed = _without_result(
                str(error), data, formula=formula, methods=(method,), rules=rules
            )
            effects.append(failed.effects)
            tests.append(failed.tests)
            fits.append(failed.fits)
            continue
        fits.append(table_of([fit_row(fit, design, formula, drawn)], FIT_COLUMNS))
        for rule in rules:
            tested = TestedModel(fit, design, confounding, rule, rule_information(fit, rule=rule))
            effects.append(effect_table(tested, level=level, ends=ends, kind=intervals))
            tests.append(term_table(tested))
    return MixedResult(*(pd.concat(parts, ignore_index=True) for parts in (effects, tests, fits)))


def _without_result(
    reason: str,
    data: pd.DataFrame,
    *,
    formula: str,
    methods: tuple[str, ...],
    rules: tuple[str, ...],
) -> MixedResult:
    """Return rows that say why there is no fit."""
    size = (len(data), data["participant_id"].nunique())
    pairs = [(method, rule) for method in methods for rule in rules]
    missing = [np.nan] * 7
    return MixedResult(
        effects=table_of([(*pair, None, *missing, None, reason) for pair in pairs], EFFECT_COLUMNS),
        tests=table_of([(*pair, None, *missing[:4], reason) for pair in pairs], TEST_COLUMNS),
        fits=table_of(
            [
                (formula, None, each, *size, *missing, False, False, None, reason)
                for each in methods
            ],
            FIT_COLUMNS,
        ),
    )


def _arrays(data: pd.DataFrame, design: FloatArray, slope: str | None) -> MixedData:
    """Return the arrays of a model; a ValueError says why they allow none."""
    values = data["value"].to_numpy(dtype=np.float64)
    codes, labels = pd.factorize(data["participant_id"])
    counts = np.bincount(codes) if len(codes) else np.zeros(0, dtype=int)
    n_random = 1 if slope is None else 2
    if len(labels) < 2:
        raise ValueError(f"a model needs several participants; there are {len(labels)}")
    if np.ptp(values) == 0.0:
        raise ValueError("all values are equal")
    if counts.max() < 2:
        raise ValueError(
            "nobody has more than one value, so that participants cannot be told from noise"
        )
    if len(values) <= design.shape[1] + n_random:
        raise ValueError(
            f"{len(values)} values are too few for {design.shape[1]} fixed effects and "
            f"{n_random + 1} variances"
        )
    columns = [np.ones(len(data))]
    if slope is not None:
        columns.append(data[slope].to_numpy(dtype=np.float64))
        if counts.max() < 3:
            raise ValueError(
                "nobody has more than two values, so that slopes of participants cannot be told "
                "from noise"
            )
    return MixedData(
        values=values,
        design=design,
        random_design=np.stack(columns, axis=1),
        participants=codes.astype(np.intp),
    )


def _ends(
    fit: MixedFit, *, intervals: str, level: float, n_draws: int, seed: int
) -> tuple[FloatArray | None, str | None]:
    """Return ends of intervals that do not rest on a rule, and what is to be said of them."""
    if intervals == "profile":
        return profile_intervals(fit.data, level=level), None
    if intervals == "bootstrap":
        ends, used = bootstrap_intervals(fit, level=level, n_draws=n_draws, seed=seed)
        lost = n_draws - used
        return ends, f"{lost} of {n_draws} drawn trials could not be fitted" if lost else None
    return None, None
