"""Rates of response, remission and improvement by visit, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bids_ketamine.core.clinical.response_rates import EVERYBODY, SEEN
from bids_ketamine.reports.figures.canvas import INK, QUIET, RULE, ArmStyle
from bids_ketamine.reports.figures.forest import Estimate

#: Distance of the marks within a visit, in visits.
BETWEEN_COUNTED, BETWEEN_ARMS = 0.09, 0.22


@dataclass(frozen=True)
class RateMark:
    """What a mark stands for."""

    rate: str
    visit: str
    arm: str
    counted: str


def draw_rates(
    axis: Any,
    rates: Mapping[RateMark, Estimate],
    *,
    rate: str,
    visits: Sequence[str],
    styles: Mapping[str, ArmStyle],
) -> None:
    """Draw one rate by visit: filled among those seen, open with dropouts as failures.

    Parameters
    ----------
    axis : matplotlib axes
        Where to.
    rates : mapping of RateMark to Estimate
        Shares from 0 to 1 with their intervals; others than those of `rate` are not drawn.
    rate : str
        Which one.
    visits : sequence of str
        Visits from left to right, at equal distances; those without a rate stay empty.
    styles : mapping of str to ArmStyle
        How arms look.
    """
    arms = [arm for arm in styles if any(mark.arm == arm for mark in rates)]
    for place, arm in enumerate(arms):
        of_arm = (place - (len(arms) - 1) / 2) * BETWEEN_ARMS
        for counted, side in ((SEEN, -0.5), (EVERYBODY, 0.5)):
            for at, visit in enumerate(visits):
                found = rates.get(RateMark(rate, visit, arm, counted))
                if found is not None and np.isfinite(found.value):
                    across = at + of_arm + side * BETWEEN_COUNTED
                    _draw(axis, across, found, styles[arm], filled=counted == SEEN)
    axis.axhline(50, color=RULE, linewidth=0.6, zorder=1)
    axis.set_ylim(-12, 112)
    axis.set_yticks([0, 50, 100])
    axis.set_ylabel("%", rotation=0, labelpad=8, va="center", color=QUIET)
    axis.set_title(rate, loc="left", pad=2, fontsize=8.5, color=INK)


def _draw(axis: Any, across: float, rate: Estimate, style: ArmStyle, *, filled: bool) -> None:
    if np.isfinite(rate.low) and np.isfinite(rate.high):
        axis.plot([across, across], [100 * rate.low, 100 * rate.high], color=style.color,
                  linewidth=1.6 if filled else 0.9, zorder=3,
                  solid_capstyle="butt")  # fmt: skip
    axis.plot([across], [100 * rate.value], style.marker, markersize=5.5, zorder=4,
              color=style.color, markerfacecolor=style.color if filled else "white",
              markeredgecolor=style.color, markeredgewidth=1.0)  # fmt: skip
