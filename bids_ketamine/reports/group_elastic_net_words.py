"""What came of elastic nets, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_elastic_net_names import in_words, title_of
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import (
    counted,
    equals_p,
    is_number,
    number,
    spread,
    text,
)


def r2_number(value: Any) -> str:
    """Return a share of variance; never 1 where something is left.

    >>> r2_number(-0.124), r2_number(0.9991), r2_number(float("nan"))
    ('−0.12', '> 0.99', '–')
    """
    return "> 0.99" if is_number(value) and 0.995 <= float(value) < 1.0 else number(value, 2)


def r2_words(value: Any, name: str = "R²") -> str:
    """Return a share of variance with its symbol.

    >>> r2_words(-0.124, "nested R²"), r2_words(0.9991)
    ('nested R² = −0.12', 'R² > 0.99')
    """
    shown = r2_number(value)
    return f"{name} {shown}" if shown.startswith(">") else f"{name} = {shown}"


@dataclass(frozen=True)
class NullComparison:
    """How models were compared with their null.

    Attributes
    ----------
    planned : float
        Permutations asked for; NaN where that is not known.
    stop_at : float
        Permutations as good as the model at which its test stopped; 0 or NaN: none.
    has_arms : bool
        Whether measures were permuted among participants of the same arm.
    unit : str
        Of the outcome.
    """

    planned: float
    stop_at: float
    has_arms: bool
    unit: str

    @property
    def others(self) -> str:
        """Say whose measures take the place of a participant's own."""
        return f"other participants{' of the same arm' if self.has_arms else ''}"

    def permutations(self, numbers: Sequence[Any]) -> str:
        """Say how many permutations models had, and whether there were to be more."""
        known = [float(n) for n in numbers if is_number(n)]
        if not known:
            return "permutations not counted"
        told = f"{spread(known, 0)} {'permutation' if max(known) == 1 else 'permutations'}"
        early = [n for n in known if n < self.planned]
        if not early:
            return told
        when = f" when {int(self.stop_at)} were as good" if self.stop_at > 0 else ""
        which = "" if len(early) == len(known) else f"{len(early)} of {len(known)} tests "
        return f"{told}, {which}stopped early{when}"

    def is_near(self, n: Any, p: Any) -> bool:
        """Tell whether a test stopped early with p near .05."""
        return is_number(n) and n < self.planned and is_number(p) and NEAR[0] < p < NEAR[1]


def verdict(row: Mapping[str, Any]) -> str:
    """Return what came of a model in a few words.

    Parameters
    ----------
    row : mapping
        A row of ``group_elastic_net``.
    """
    if not is_number(row["r2_nested"]):
        return "no result"
    if row["finding"]:
        return "found"
    if not is_number(row["p_imaging"]):
        return "not tested"
    if row["p_imaging"] >= SIGNIFICANCE:
        return UNDECIDED if _is_undecided(row) else NOT_SHOWN
    return AS_THE_MEAN if row["r2_nested"] <= 0.0 else AS_COVARIATES


def _is_undecided(row: Mapping[str, Any]) -> bool:
    """Tell whether all permutations were beaten, too few for p below .05."""
    n = row["n_permutations_imaging"]
    if not is_number(n):
        return False
    smallest = 1.0 / (n + 1.0)
    return smallest >= SIGNIFICANCE and abs(row["p_imaging"] - smallest) < 1e-4


SIGNIFICANCE = 0.05
NOT_SHOWN = "not shown to be better than its null"
UNDECIDED = "not decided: too few permutations"
AS_THE_MEAN = "no better than the mean"
AS_COVARIATES = "no better than covariates alone"
#: The same in a narrow column.
SHORT_VERDICTS = {
    NOT_SHOWN: "not shown",
    UNDECIDED: "not decided",
    AS_THE_MEAN: "not above mean",
    AS_COVARIATES: "not above covariates",
}
#: A p between these may fall on either side of .05 when a test that stopped early is run on.
NEAR = (0.03, 0.1)


def hindsight_sentence(timing: Any, models: Iterable[Any], concurrent: str) -> str:
    """Say that a concurrent outcome is not known at baseline; empty where none enters.

    Parameters
    ----------
    timing : object
        ``change`` or ``baseline``.
    models : iterable of object
        Models of the timing.
    concurrent : str
        Outcome whose improvement enters the third model.
    """
    if timing != "baseline" or not any(text(each).endswith("concurrent") for each in models):
        return ""
    return (
        f"The improvement in {concurrent or 'a second outcome'} is not known at baseline: the "
        "model with it explains with hindsight and is no prediction in time."
    )


def chance_sentence(models: pd.DataFrame) -> str:
    """Say how many small p there are, and how many chance alone would give.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    """
    p = models["p_imaging"].dropna()
    if p.empty:
        return ""
    small = int((p < SIGNIFICANCE).sum())
    expected = number(SIGNIFICANCE * len(p), 1)
    return unbroken(
        f"{counted(len(p), 'model')} {'was' if len(p) == 1 else 'were'} tested; {small} "
        f"{'has' if small == 1 else 'have'} p < .05, where {expected} would be expected by chance "
        "if the measures told nothing. Models of the same measures share their luck; p is not "
        "corrected."
    )


#: Models that a line names.
MOST_FOUND = 2


def summary_sentence(models: pd.DataFrame, concurrent: str) -> str:
    """Say in a line what came of all models.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    concurrent : str
        Outcome whose improvement enters the third model.
    """
    has_result = models["r2_nested"].notna()
    tested = models[has_result & models["p_imaging"].notna()]
    n = len(tested)
    if not n:
        return "models were not tested." if has_result.any() else "no model has a result."
    of = f"{counted(n, 'model')}{' tested' if n < len(models) else ''}"
    found = tested[tested["finding"].astype(bool)].sort_values("p_imaging", kind="stable")
    small = int(tested["p_imaging"].lt(SIGNIFICANCE).sum())
    if len(found):
        verb = "predicts" if len(found) == 1 else "predict"
        told = f"{len(found)} of {of} {verb} improvement ({_found_words(found, concurrent)})."
    elif small:
        verb = "is" if small == 1 else "are"
        told = (
            f"none of {of} predicts improvement: {small} {verb} better than the null, but not "
            "better than covariates or the mean."
        )
    else:
        told = f"none of {of} is shown to predict improvement better than its null."
    undecided = sum(verdict(row) == UNDECIDED for row in records(tested))
    if undecided:
        told += f" {counted(undecided, 'model')} not decided: too few permutations."
    failed = int(tested["leakage"].eq("failed").sum())
    if failed:
        whose = "its" if failed == 1 else "their"
        told += (
            f" The leakage test of {counted(failed, 'model')} failed: do not use {whose} figures."
        )
    return unbroken(told)


def _found_words(found: pd.DataFrame, concurrent: str) -> str:
    told = []
    for row in records(found):
        title = title_of(row, concurrent)
        figures = f"{r2_words(row['r2_nested'], 'nested R²')}, {equals_p(row['p_imaging'], 'p')}"
        told.append(f"{title[:1].lower()}{title[1:]}: {figures}")
    return in_words(told, MOST_FOUND)
