"""Arms as columns of clinical tables, and numbers as a paper prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.rows import in_order
from bids_ketamine.reports.words import ABSENT, decimals_for, is_number, number


def arms_of(table: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    """Return the arms that a table knows, those of the study first, without ``all``.

    Parameters
    ----------
    table : DataFrame
        Has a column ``arm``.
    arms : sequence of str
        Arms of the study in order.
    """
    return [arm for arm in in_order(table["arm"], list(arms)) if arm != "all"]


def shown_arms(found: Sequence[str]) -> list[str]:
    """Return the columns of a table: all and each arm; one arm alone is all.

    >>> shown_arms(["placebo", "ketamine"]), shown_arms(["ketamine"]), shown_arms([])
    (['all', 'placebo', 'ketamine'], ['ketamine'], ['all'])
    """
    return list(found) if len(found) == 1 else ["all", *found]


def drawn_styles(styles: Mapping[str, ArmStyle], arms: Sequence[str]) -> dict[str, ArmStyle]:
    """Return how the arms of a picture look; all participants where there is none.

    Parameters
    ----------
    styles : mapping of str to ArmStyle
        Arms of the report.
    arms : sequence of str
        Arms with values.
    """
    chosen = {arm: styles[arm] for arm in arms if arm in styles and arm != "all"}
    return chosen or {"all": styles.get("all", arm_styles([])["all"])}


def clinical_decimals(deviations: Iterable[Any], means: Iterable[Any]) -> int:
    """Return the decimals of means: two digits of a typical deviation, and one up to 100.

    Parameters
    ----------
    deviations, means : iterable of object
        Standard deviations; means stand for them where there are none.

    Examples
    --------
    >>> [clinical_decimals([sd], []) for sd in (0.062, 0.41, 5.4, 12.0, 480.0)]
    [3, 2, 1, 1, 0]
    """
    known = [float(each) for each in deviations if is_number(each) and float(each) > 0.0]
    if not known:
        return min(decimals_for(means), 2)
    typical = float(np.median(known))
    two_digits = int(np.clip(1 - np.floor(np.log10(typical)), 0, 4))
    return max(two_digits, 1) if typical < 100.0 else two_digits


def mean_sd(mean: Any, sd: Any, decimals: int) -> str:
    """Return ``mean (SD)``.

    >>> mean_sd(34.25, 8.06, 1), mean_sd(3.0, None, 1), mean_sd(None, None, 1)
    ('34.2 (8.1)', '3.0', '–')
    """
    if not is_number(mean):
        return ABSENT
    return number(mean, decimals) + (f" ({number(sd, decimals)})" if is_number(sd) else "")


def count_percent(count: Any, percent: Any) -> str:
    """Return ``n (%)``; a few are never 0 %, not all are never 100 %.

    >>> count_percent(5, 45.45), count_percent(1, 0.2), count_percent(399, 99.8)
    ('5 (45 %)', '1 (< 1 %)', '399 (> 99 %)')
    >>> count_percent(0, 0.0), count_percent(None, None)
    ('0 (0 %)', '–')
    """
    if not is_number(count):
        return ABSENT
    shown = number(count, 0)
    if not is_number(percent):
        return shown
    if 0.0 < percent < 0.5:
        share = "< 1"
    elif 99.5 <= percent < 100.0:
        share = "> 99"
    else:
        share = number(percent, 0)
    return f"{shown} ({share} %)"
