"""Tests of every measure at once, as one table.

Arrays have the axes participants, sessions, measures, or participants, measures after a change;
values that do not go in are NaN. The tests are those of
:mod:`bids_ketamine.core.group.inference`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bids_ketamine.core.group.analysis import ChangeValues, stacked
from bids_ketamine.core.group.inference import (
    TestResult,
    TwoSampleTestResult,
    false_discovery_rate,
    one_sample_t_test,
    paired_t_test,
    pearson_correlation,
    welch_t_test,
)
from bids_ketamine.core.group.moments import BoolArray, FloatArray, nan_where

#: Measures whose zero means that conditions do not differ.
CONTRASTS = ("activation", "activation_marsbar", "gppi", "ldc")

#: Parameters of dynamic causal models. Their contrast begins with the model, whose name has no
#: space, and the field. Without an effect a modulation is 0; a connection is its prior mean, which
#: is not, and a drive is there because the model could not respond without it.
MODELS, MODULATION = "dcm", "modulation"
_MODEL_AND_FIELD = rf"^(?P<model>\S+) (?P<field>connection|{MODULATION}|driving)\b"

_LABELS = ("test", "session", "change", "arm", "outcome")
_NUMBERS = ("estimate", "ci_low", "ci_high", "statistic", "df", "p_value")


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """Improvement of one clinical score.

    Attributes
    ----------
    change : str
        The change over whose sessions it is computed.
    values : ndarray of shape (n_participants,)
        Points, positive where the participant got better; NaN where unknown.
    """

    change: str
    values: FloatArray


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """What all tests share.

    Attributes
    ----------
    levels : tuple of str
        Arms in order, the reference first; empty without arms.
    confidence_level : float
        Level of intervals.
    minimum_participants : int
        Fewest participants in a test (in each arm, for arms).
    """

    levels: tuple[str, ...]
    confidence_level: float
    minimum_participants: int


def group_tests(
    *,
    adjusted: FloatArray,
    changes: Mapping[str, ChangeValues],
    improvements: Mapping[str, Improvement],
    keys: pd.DataFrame,
    sessions: Sequence[str],
    members: Mapping[str, BoolArray],
    settings: ComparisonSettings,
) -> pd.DataFrame:
    """Test every measure.

    ``one_sample``: measures of contrasts (:data:`CONTRASTS`), and modulations of dynamic causal
    models (not connections, whose prior mean is not 0, nor drives, without which a model cannot
    respond), in each session against 0;
    ``paired``: each change against 0; ``welch``: each change, a further arm minus the reference
    arm; ``correlation``: each change with the improvement of each outcome over the same
    sessions. All but ``welch`` over everybody and in each arm.

    Parameters
    ----------
    adjusted : ndarray of shape (n_participants, n_sessions, n_measures)
        Values after motion residualization, unit of the measure.
    changes : mapping of str to ChangeValues
        Result of :func:`change_values`.
    improvements : mapping of str to Improvement
        Improvement of each outcome.
    keys : DataFrame of shape (n_measures, 5)
        Key columns of each measure.
    sessions : sequence of str
        Sessions along the second axis.
    members : mapping of str to ndarray of bool, shape (n_participants,)
        Result of :func:`arm_members`.
    settings : ComparisonSettings
        Arms, interval, fewest participants.

    Returns
    -------
    DataFrame
        Rows by test, session or change, arm, outcome and measure. ``q_value`` is the p value
        adjusted by Benjamini and Hochberg within the measures of the same kind and task in the
        same test; for dynamic causal models within the connections, the modulations (by all
        inputs together), or the drives of one model. A test that cannot be computed has a
        ``reason``.
    """
    labels, blocks, positions = [], [], []
    everything = np.arange(len(keys))
    parts = _model_and_field(keys)
    is_tested = keys["measure"].isin(CONTRASTS) | (parts["field"] == MODULATION)
    contrasts = np.flatnonzero(is_tested.to_numpy(dtype=bool))
    families = _families(keys, parts)
    tests = _tests(adjusted[:, :, contrasts], changes, improvements, sessions, members, settings)
    for label, result in tests:
        position = contrasts if label[0] == "one_sample" else everything
        labels.append(label)
        positions.append(position)
        blocks.append(_columns(result, families[position], settings.minimum_participants))
    return stacked(_LABELS, labels, blocks, positions, keys)


def _model_and_field(keys: pd.DataFrame) -> pd.DataFrame:
    """Return model and field of parameters of dynamic causal models; both empty for others."""
    contrasts = keys["contrast"].astype(object).where(keys["measure"] == MODELS, "")
    return contrasts.fillna("").astype(str).str.extract(_MODEL_AND_FIELD).fillna("")


def _families(keys: pd.DataFrame, parts: pd.DataFrame) -> NDArray[np.integer]:
    """Give each measure the number of the family within which its q value is computed."""
    together = pd.concat([keys[["measure", "task"]], parts], axis=1)
    by = ["measure", "task", *parts.columns]
    return together.groupby(by, observed=True, sort=False, dropna=False).ngroup().to_numpy()


def _tests(
    contrasts: FloatArray,
    changes: Mapping[str, ChangeValues],
    improvements: Mapping[str, Improvement],
    sessions: Sequence[str],
    members: Mapping[str, BoolArray],
    settings: ComparisonSettings,
) -> Iterator[tuple[tuple[str, ...], TestResult]]:
    """Yield each test's labels and its result for all measures."""
    level = settings.confidence_level
    for position, session in enumerate(sessions):
        for arm, member in members.items():
            yield (
                ("one_sample", session, "", arm, ""),
                one_sample_t_test(
                    values=contrasts[member, position], population_mean=0.0, confidence_level=level
                ),
            )
    for name, change in changes.items():
        for arm, member in members.items():
            yield (
                ("paired", "", name, arm, ""),
                paired_t_test(
                    first=change.second[member],
                    second=change.first[member],
                    confidence_level=level,
                ),
            )
    for name, change in changes.items():
        for arm in settings.levels[1:]:
            reference = settings.levels[0]
            yield (
                ("welch", "", name, f"{arm} - {reference}", ""),
                welch_t_test(
                    first=change.difference[members[arm]],
                    second=change.difference[members[reference]],
                    confidence_level=level,
                ),
            )
    for outcome, improvement in improvements.items():
        if improvement.change not in changes:  # between visits without images
            continue
        for arm, member in members.items():
            yield (
                ("correlation", "", improvement.change, arm, outcome),
                pearson_correlation(
                    first=changes[improvement.change].difference[member],
                    second=improvement.values[member],
                    confidence_level=level,
                ),
            )


def _columns(
    result: TestResult, families: NDArray[np.integer], minimum_participants: int
) -> dict[str, Any]:
    """Return a test's columns, without numbers where there are too few participants."""
    n, n_second = result.n, None
    fewest, where = n, ""
    if isinstance(result, TwoSampleTestResult):
        n, n_second = result.n_first, result.n_second
        fewest, where = np.minimum(n, n_second), " in an arm"
    too_few = fewest < minimum_participants
    numbers = {
        each.name: nan_where(too_few, getattr(result, each.name))
        for each in fields(result)
        if each.name in (*_NUMBERS, "effect_size")
    }
    q_value = np.full(len(n), np.nan)
    for family in np.unique(families):
        q_value[families == family] = false_discovery_rate(
            p_values=numbers["p_value"][families == family]
        )
    text = f"fewer than {minimum_participants} participants{where}"
    columns: dict[str, Any] = {
        "n": n,
        "n_second": np.full(len(n), np.nan) if n_second is None else n_second.astype(np.float64),
    }
    columns |= {name: numbers[name] for name in _NUMBERS}
    columns |= {"q_value": q_value, "effect_size": numbers["effect_size"]}
    return columns | {"reason": np.where(too_few, text, result.reason).astype(object)}
