"""What the figures of elastic nets mean, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: What the figures of a model are: a name, and what it means.
THREE_FIGURES = (
    (
        "Three kinds of R²",
        "stand side by side; only nested figures hold for new participants. R² is 1 − (sum of "
        "squared errors) / (sum of squares around the mean): below 0, a model predicts worse than "
        "the mean does.",
    ),
    (
        "In-sample:",
        "the fit to the participants that the model was made from. Published analyses tell this "
        "one. It is high even where there is nothing to find.",
    ),
    (
        "Leave-one-out:",
        "each participant is predicted without their data, but by the mixing parameter and the "
        "penalty with the smallest error over these same participants. Published analyses choose "
        "their model by it. It is optimistic too.",
    ),
    (
        "Nested:",
        "everything, from the preparation of the measures to the choice of mixing parameter and "
        "penalty, is done again without the participant who is predicted.",
    ),
)
#: Scheme of nested predictions in large trials, and what is to be known of it.
K_FOLD = "k_fold"
BY_FOLDS = " Participants are many: they are left out by folds, not one at a time."


#: What is said instead where predictors are prepared over the whole sample.
WHOLE_SAMPLE = {
    "only nested figures hold for new participants": "nested figures come closest to what holds "
    "for new participants",
    THREE_FIGURES[-1][1]: "mixing parameter and penalty are chosen again without the participant "
    "who is predicted. The preparation of the measures is not done again: it saw all participants "
    "(preparation: whole_sample), so that this figure may be optimistic too.",
}
#: The same where the penalty is not that of the smallest error.
ONE_STANDARD_ERROR = {
    "with the smallest error over": "that the rule of one standard error chooses over"
}


def figures_words(
    models: pd.DataFrame, *, preparation: Any, selection: Any
) -> tuple[tuple[str, str], ...]:
    """Say what the figures of models mean.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    preparation, selection : object
        Settings of the group level: where predictors are prepared, how penalties are chosen.
    """
    others: dict[str, str] = {}
    if preparation == "whole_sample":
        others |= WHOLE_SAMPLE
    if selection == "one_standard_error":
        others |= ONE_STANDARD_ERROR
    told = []
    for name, words in THREE_FIGURES:
        for usual, other in others.items():
            words = words.replace(usual, other)
        told.append((name, words))
    if models["scheme"].eq(K_FOLD).any():
        told[-1] = (told[-1][0], told[-1][1] + BY_FOLDS)
    return tuple(told)
