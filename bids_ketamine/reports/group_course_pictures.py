"""Picture of the clinical course: a score by visit, and rates of response and remission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.clinical_visits import clinical_visits_figure
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.response_rates import RateMark
from bids_ketamine.reports.picture_names import file_names
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import counted, listed
from bids_ketamine.study.spec import ClinicalCourseSpec

#: Rates in order.
RATE_NAMES = ("response", "remission", "improvement")


def visits_picture(
    visits: pd.DataFrame,
    rates: pd.DataFrame,
    section: ClinicalCourseSpec,
    *,
    unit: str,
    level: str,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
) -> Picture | None:
    """Draw means by visit and arm, and rates under them; None where no mean may be shown.

    Parameters
    ----------
    visits, rates : DataFrame
        ``group_visits`` and ``group_response_rates``.
    section : ClinicalCourseSpec
        What was asked for.
    unit, level : str
        Unit of the score, and level of intervals, such as ``95 %``.
    arms : sequence of str
        Arms of the tables; ``all`` is drawn where it is the only one.
    styles : mapping of str to ArmStyle
        How ``all`` and arms look.
    """
    shown = [arm for arm in arms if arm != "all"] or ["all"]
    known = visits[visits["arm"].isin(shown)].dropna(subset="mean_visit")
    if known.empty:
        return None
    means = {
        (row["session"], row["arm"]): Estimate(row["mean_visit"], row["mean_low"], row["mean_high"])
        for row in records(known)
    }
    shares = rates[rates["arm"].isin(shown)].dropna(subset="proportion")
    marks = {
        RateMark(row["rate"], row["session"], row["arm"], row["counted"]): Estimate(
            row["proportion"], row["ci_low"], row["ci_high"]
        )
        for row in records(shares)
    }
    names = in_order(shares["rate"], RATE_NAMES)
    file = f"visits-{file_names([section.outcome])[section.outcome]}"
    sessions = in_order(visits["session"], [])
    draw = partial(
        clinical_visits_figure, means, marks, visits=sessions, rate_names=names,
        styles={arm: styles[arm] for arm in shown if arm in styles} or {"all": styles["all"]},
        title=section.outcome, unit=unit, limit=section.remission_below, name=file,
        description=f"{section.outcome} by visit: means with {level} intervals, and under them "
        f"{listed(names)}",
    )  # fmt: skip
    columns = ["session", "arm", "n", "mean_visit", "mean_low", "mean_high"]
    data = pd.concat(
        [
            known[columns]
            .rename(columns={"mean_visit": "value", "mean_low": "low", "mean_high": "high"})
            .assign(mark="mean"),
            shares[["rate", "counted", "session", "arm", "n", "proportion", "ci_low", "ci_high"]]
            .rename(columns={"proportion": "value", "ci_low": "low", "ci_high": "high"})
            .assign(mark="rate"),
        ],
        ignore_index=True,
    )
    caption = f"{section.outcome}: means with {level} intervals"
    if names:
        caption += (
            f"; below {listed(names)} in percent with {level} intervals, filled among those seen "
            "and open with dropouts as failures"
        )
    if section.remission_below is not None:
        caption += f"; dotted line: {section.remission_below:g}, the limit of remission"
    n_first = int(known.groupby("arm", sort=False)["n"].max().sum())
    caption += f". {counted(n_first, 'participant')} at the first visit"
    return picture(caption, draw, name=file, data=data[["mark", *data.columns.drop("mark")]])
