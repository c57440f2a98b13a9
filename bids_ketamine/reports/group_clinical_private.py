"""Clinical tables without what tells of one person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.words import without_labels, without_numbers

#: Columns of text in which a participant may be named.
_TOLD = ("reason", "reasons", "note")
_STATISTICS = (
    *("mean", "sd", "ci_low", "ci_high", "estimate", "statistic", "df", "p_value", "q_value"),
    *("effect_size", "slope", "r", "rho", "rho_p_value", "se", "t", "num_df", "den_df", "f_value"),
)
#: Tables of means whose mean over all could be turned into that of a single small arm.
_MEANS = {
    "group_course": ["outcome", "session"],
    "group_mixed_means": ["model", "value", "session"],
    "group_behaviour_summary": ["task", "condition", "quantity", "session"],
    "group_motion_summary": ["task", "session"],
}
#: Tables whose reasons hold numbers of counts and tests alone, never a participant's.
_OF_COUNTS = ("group_table_one_tests", "group_improvement")
_OF_MODEL = ["model", "value"]
_COUNTED = ["count", "percent"]


def without_persons(clinical: ClinicalOutput, *, labels: Collection[str]) -> ClinicalOutput:
    """Take out rows and labels of participants, and what rests on fewer than three.

    Where one arm alone is that small the mean over all goes too, for the two give the third.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables as they are.
    labels : collection of str
        Participants that other tables name.
    """
    known = sorted({*labels, *clinical.labels})
    tables = {
        stem: (
            table.iloc[:0]
            if "participant_id" in table
            else _plain(table, known, values=stem not in _OF_COUNTS)
        ).copy()
        for stem, table in clinical.tables.items()
    }
    for stem in _MEANS:
        tables[stem] = _without_few(tables[stem], stem)
    _withhold_improvement(tables["group_improvement"])
    own_rules = (*_MEANS, "group_flow", "group_table_one", "group_improvement")
    for stem, table in tables.items():
        if "n" in table and stem not in own_rules:
            few = _few(table["n"])
            if "n_second" in table:
                few |= _few(table["n_second"])
            _withhold(table, few)
    _hide_small_models(tables)
    _hide_small_cells(tables["group_table_one"], tables["group_table_one_tests"])
    return replace(
        clinical,
        tables=tables,
        missing_scores=_merged(_plain(clinical.missing_scores, known)),
        outcomes=clinical.outcomes.iloc[:0],
        missing_improvements=_merged(_plain(clinical.missing_improvements, known)),
        unreadable=tuple(without_labels(each, known) for each in clinical.unreadable),
    )


def _without_few(table: pd.DataFrame, stem: str) -> pd.DataFrame:
    """Take out means of fewer than three, and of all where one arm alone is that small."""
    table = table.copy()
    _withhold(table, _few_with_rest(table, _MEANS[stem]))
    return table


def _plain(table: pd.DataFrame, labels: Sequence[str], *, values: bool = True) -> pd.DataFrame:
    """Mask labels, and values unless they are those of counts, in what is told."""
    table = table.copy()
    for name in _TOLD:
        if name in table:
            told = [_masked(each, labels, values) for each in table[name]]
            table[name] = pd.Series(told, index=table.index, dtype=object)
    return table


def _masked(told: Any, labels: Sequence[str], values: bool) -> str | None:
    if not isinstance(told, str):
        return None
    masked = without_labels(told, labels)
    return without_numbers(masked) if values else masked


def _merged(missing: pd.DataFrame) -> pd.DataFrame:
    """Count reasons together that differed by the participant they named."""
    if missing.empty:
        return missing
    by = [name for name in missing.columns if name != "n"]
    return missing.groupby(by, dropna=False, sort=False)["n"].sum().reset_index()


def _few(n: pd.Series) -> pd.Series:
    return n.gt(0) & n.lt(FEWEST_WITHOUT_INDIVIDUALS)


def _few_with_rest(table: pd.DataFrame, scope: list[str]) -> pd.Series:
    """Tell rows of fewer than three, and the row of all where one arm alone is such a row."""
    few = _few(table["n"])
    if table.empty:
        return few
    of_arms = few & table["arm"].ne("all")
    alone = of_arms.groupby([table[name] for name in scope], dropna=False).transform("sum").eq(1)
    return few | (table["arm"].eq("all") & alone)


def _withhold(table: pd.DataFrame, few: pd.Series) -> None:
    table.loc[few, [each for each in _STATISTICS if each in table]] = np.nan
    if "reason" in table:
        table.loc[few & table["reason"].isna(), "reason"] = FEW


def _withhold_improvement(table: pd.DataFrame) -> None:
    """Withhold means of fewer than three, differences that rest on one, and what gives them."""
    is_difference = table["n_second"].notna()
    means = table[~is_difference]
    few = _few_with_rest(means, ["outcome", "change"]).reindex(table.index, fill_value=False)
    few |= is_difference & (_few(table["n"]) | _few(table["n_second"]))
    _withhold(table, few)
    table.loc[few, "reason"] = FEW


def _hide_small_models(tables: dict[str, pd.DataFrame]) -> None:
    """Withhold the estimates of mixed models that rest on fewer than three in some cell."""
    means = tables["group_mixed_means"]
    of_arms = means[_few(means["n"])]
    small = set(zip(of_arms["model"], of_arms["value"], strict=True))
    for stem in ("group_mixed_effects", "group_mixed_tests"):
        table = tables[stem]
        found = [key in small for key in zip(*(table[name] for name in _OF_MODEL), strict=True)]
        _withhold(table, pd.Series(found, index=table.index, dtype=bool))


def _hide_small_cells(rows: pd.DataFrame, tests: pd.DataFrame) -> None:
    """Withhold means and counts of fewer than three in Table 1, and tests that would give them."""
    hidden: set[str] = set()
    for variable, own in rows.groupby("variable", sort=False):
        if own["level"].isna().all():
            withheld = own.index[_few_with_rest(own, ["variable"])]
            rows.loc[withheld, ["mean", "sd"]] = np.nan
        else:
            withheld = own.index[_cells_to_hide(own)]
            rows.loc[withheld, _COUNTED] = np.nan
        if len(withheld):
            hidden.add(str(variable))
    withheld_tests = tests["variable"].isin(hidden)
    _withhold(tests, withheld_tests)
    tests.loc[withheld_tests, "reason"] = FEW  # what was said may hold a p value of the counts


def _cells_to_hide(own: pd.DataFrame) -> pd.Series:
    """Tell the counts of a variable that stay away, so that sums do not give them back.

    A count of one or two goes. A level, and an arm, in which one count alone is gone loses the
    next smallest too: its total would give the first.
    """
    counts = own.pivot_table(
        index="level", columns="arm", values="count", aggfunc="first", sort=False
    )
    away = counts.gt(0) & counts.lt(FEWEST_WITHOUT_INDIVIDUALS)
    gone, values = away.to_numpy().copy(), counts.fillna(0.0).to_numpy()
    changed = True
    while changed:
        changed = False
        lines = [(gone[at, :], values[at, :]) for at in range(gone.shape[0])]
        lines += [(gone[:, at], values[:, at]) for at in range(gone.shape[1])]
        for line, size in lines:
            if line.sum() == 1 and not line.all():
                line[int(np.argmin(np.where(line, np.inf, size)))] = True
                changed = True
    away = pd.DataFrame(gone, index=counts.index, columns=counts.columns)
    return pd.Series(
        [
            bool(away.loc[level, arm]) if level in away.index and arm in away.columns else False
            for level, arm in zip(own["level"], own["arm"], strict=True)
        ],
        index=own.index,
        dtype=bool,
    )
