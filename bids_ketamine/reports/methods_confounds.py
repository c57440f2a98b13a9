"""Sentences on nuisance regressors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.words import listed, number
from bids_ketamine.study.spec import ConfoundsSpec

MOTION_WORDS = {
    "6": "the 6 motion parameters",
    "12": "the 6 motion parameters and their derivatives",
    "24": "the 6 motion parameters, their derivatives, and the squares of both",
}

#: What marks a regressor that rests on a paper, in the words or in the name of a column.
CITED = (
    ("comp_cor", "compcor", "CompCor, Behzadi et al., 2007"),
    ("CompCor components", "compcor", "Behzadi et al., 2007"),
    ("power2", "friston", "Friston et al., 1996"),
    ("squares of both", "friston", "Friston et al., 1996"),
)


def confound_words(
    confounds: ConfoundsSpec, here: Sequence[Mapping[str, Any]], cited: set[str]
) -> str:
    """Return what was regressed out: the columns used, or those asked for.

    Parameters
    ----------
    confounds : ConfoundsSpec
        What was asked for.
    here : sequence of mapping
        Facts of the runs; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentence rests on.
    """
    names = dict.fromkeys(str(name) for run in here for name in run.get("Confounds") or ())
    # Columns for single volumes are told by their rule.
    used = [name for name in names if not re.match(r"(non_steady_state|outlier)_\d+$", name)]
    parts = _joined_numbers(used) if used else _asked_confounds(confounds)
    for mark, key, paper in CITED:
        of_kind = [place for place, part in enumerate(parts) if mark in part]
        if of_kind:
            cited.add(key)
            parts[of_kind[-1]] += f" ({paper})"
    if confounds.outliers is not None:
        cited.add("power")
        rules = []
        if confounds.outliers.framewise_displacement is not None:
            threshold = number(confounds.outliers.framewise_displacement)
            rules.append(f"framewise displacement above {threshold} mm")
        if confounds.outliers.std_dvars is not None:
            rules.append(f"standardized DVARS above {number(confounds.outliers.std_dvars)}")
        if rules:
            parts.append(
                f"one regressor for each outlier volume ({listed(rules, 'or')}; Power et al., 2012)"
            )
    if confounds.non_steady_state:
        parts.append("one for each volume before the steady state")
    return listed(parts) if parts else "none"


def _asked_confounds(confounds: ConfoundsSpec) -> list[str]:
    derivatives = " with their temporal derivatives" if confounds.derivatives else ""
    parts = [listed(list(confounds.columns)) + derivatives] if confounds.columns else []
    if confounds.compcor_components:
        parts.append(
            f"the first {confounds.compcor_components} anatomical CompCor components each of "
            "white matter and CSF"
        )
    if confounds.motion in MOTION_WORDS:
        parts.append(MOTION_WORDS[confounds.motion])
    elif confounds.motion_without_aroma in MOTION_WORDS:
        words = MOTION_WORDS[confounds.motion_without_aroma]
        parts.append(f"{words} for series without AROMA denoising")
    return parts


def _joined_numbers(names: Sequence[str]) -> list[str]:
    """Join names that differ in their last number alone.

    >>> _joined_numbers(["csf", "a_comp_cor_00", "a_comp_cor_01", "a_comp_cor_02"])
    ['csf', 'a_comp_cor_00 to a_comp_cor_02']
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(re.sub(r"\d+$", "", name), []).append(name)
    parts = []
    for members in groups.values():
        parts += [f"{members[0]} to {members[-1]}"] if len(members) > 2 else members
    return parts
