"""Distributions of numbers among the variables of Table 1, and of improvement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.distribution import distribution_figure
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_clinical_names import drawn_styles
from bids_ketamine.reports.picture_names import file_names
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import counted

#: More pictures than this are left out.
MOST_PICTURES = 24
COLUMNS = ["participant_id", "arm", "score"]


def by_arm(values: pd.DataFrame, arms: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the known scores of each arm; those of all participants where there are no arms.

    Parameters
    ----------
    values : DataFrame
        ``arm`` and ``score``.
    arms : sequence of str
        Arms that are drawn, or ``all``.
    """
    known = values.dropna(subset="score")
    return {
        arm: (known if arm == "all" else known[known["arm"] == arm])["score"].to_numpy(np.float64)
        for arm in arms
    }


def covariate_pictures(
    clinical: ClinicalOutput,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> tuple[Picture, ...]:
    """Draw how each number among the variables of Table 1 is distributed in each arm.

    Parameters
    ----------
    clinical : ClinicalOutput
        ``group_table_one_values`` has the values.
    arms : sequence of str
        Arms of Table 1; all participants are drawn together without any.
    styles : mapping of str to ArmStyle
        How arms look.
    individual_data : bool
        Whether each participant may be shown; there is no picture otherwise.
    """
    values = clinical.tables["group_table_one_values"].dropna(subset="score")
    if values.empty or not individual_data:
        return ()
    drawn = drawn_styles(styles, arms)
    pictures, names = [], file_names(str(each) for each in values["variable"])
    for variable, own in list(values.groupby("variable", sort=False))[:MOST_PICTURES]:
        shown = own if "all" in drawn else own[own["arm"].isin(list(drawn))]
        if shown.empty:
            continue
        words = str(variable).replace("_", " ")
        name = f"distribution-{names[str(variable)]}"
        draw = partial(
            distribution_figure, by_arm(shown, list(drawn)), styles=drawn, label=words,
            name=name, description=f"Distribution of {words} by arm, "
            f"{counted(len(shown), 'participant')}",
        )  # fmt: skip
        data = shown[COLUMNS].rename(columns={"score": "value"}).reset_index(drop=True)
        pictures.append(picture(words, draw, name=name, data=data))
    return tuple(pictures)
