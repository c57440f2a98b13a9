"""Sentences on nuisance regressors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.core.compcor import COMPONENT
from bids_ketamine.reports.words import listed, number
from bids_ketamine.study.spec import ConfoundsSpec, OutliersSpec

MOTION_WORDS = {
    "6": "the 6 motion parameters",
    "12": "the 6 motion parameters and their derivatives",
    "24": "the 6 motion parameters, their derivatives, and the squares of both",
}

#: Whose components they are, by the choice of masks.
MASK_WORDS = {"split": "each of white matter and CSF", "combined": "of white matter and CSF joined"}

#: Criteria for outlier volumes, by the column that the threshold holds for.
CRITERION_WORDS = {
    "framewise_displacement": "framewise displacement above {} mm",
    "std_dvars": "standardized DVARS above {}",
    "global_signal": "a volume-to-volume change of the global signal more than {} standard "
    "deviations from its mean in the run",
}

#: What marks a regressor that rests on a paper, in the words or in the name of a column.
CITED = (
    ("comp_cor", "compcor", "CompCor, Behzadi et al., 2007"),
    ("CompCor component", "compcor", "Behzadi et al., 2007"),
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
    # Columns for single volumes are told by their rule.
    used = [
        [
            str(name)
            for name in run.get("Confounds") or ()
            if not re.match(r"(non_steady_state|outlier)_\d+$", str(name))
        ]
        for run in here
    ]
    parts = _used_confounds(confounds, here, used) if any(used) else _asked_confounds(confounds)
    for mark, key, paper in CITED:
        of_kind = [place for place, part in enumerate(parts) if mark in part]
        if of_kind:
            cited.add(key)
            parts[of_kind[-1]] = _with_paper(parts[of_kind[-1]], paper)
    if confounds.outliers is not None:
        parts += _outlier_words(confounds.outliers, cited)
    if confounds.non_steady_state:
        parts.append("one for each volume before the steady state")
    return listed(parts) if parts else "none"


def _with_paper(part: str, paper: str) -> str:
    """Name a paper behind words, inside the brackets that end them.

    >>> _with_paper("csf", "Doe, 2001"), _with_paper("csf (all)", "Doe, 2001")
    ('csf (Doe, 2001)', 'csf (all; Doe, 2001)')
    """
    return f"{part.removesuffix(')')}; {paper})" if part.endswith(")") else f"{part} ({paper})"


def _asked_confounds(confounds: ConfoundsSpec) -> list[str]:
    derivatives = " with their temporal derivatives" if confounds.derivatives else ""
    parts = [listed(list(confounds.columns)) + derivatives] if confounds.columns else []
    if confounds.compcor_components:
        parts.append(_compcor_rule(confounds, "anatomical CompCor component"))
    if confounds.motion in MOTION_WORDS:
        parts.append(MOTION_WORDS[confounds.motion])
    elif confounds.motion_without_aroma in MOTION_WORDS:
        words = MOTION_WORDS[confounds.motion_without_aroma]
        parts.append(f"{words} for series without AROMA denoising")
    return parts


def _used_confounds(
    confounds: ConfoundsSpec, here: Sequence[Mapping[str, Any]], used: Sequence[Sequence[str]]
) -> list[str]:
    """Name the columns used; CompCor components by number and rule, which differ between runs."""
    chosen = [
        {name for name in names if COMPONENT.match(name) and name not in confounds.columns}
        for names in used
    ]
    named = [name for names, own in zip(used, chosen, strict=True) for name in names
             if name not in own]  # fmt: skip
    parts = _joined_numbers(list(dict.fromkeys(named)))
    counts = sorted({len(own) for own in chosen})
    if counts[-1] == 0:
        return parts
    count = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    rule = _compcor_rule(confounds, "")
    if any("CompCor" in str(note) for run in here for note in run.get("Notes") or ()):
        rule += "; the notes of runs tell where this was not possible"
    components = "component" if count == "1" else "components"
    return [*parts, f"{count} anatomical CompCor {components} a run ({rule})"]


def _compcor_rule(confounds: ConfoundsSpec, component: str) -> str:
    """Tell which components are taken; they are ``component`` in words, or nothing."""
    masks, first = MASK_WORDS[confounds.compcor_mask], confounds.compcor_components
    if confounds.compcor_variance is not None:
        share = number(100.0 * confounds.compcor_variance)
        what = f"{component or 'one'}s"
        return f"as many first {what} {masks} as explain {share} % of their variance"
    if first == 1:
        return f"the first {component or 'one'} {masks}"
    return f"the first {first} {component + 's ' if component else ''}{masks}"


def _outlier_words(outliers: OutliersSpec, cited: set[str]) -> list[str]:
    """Tell the rule by which volumes have a regressor of their own."""
    if outliers.rule == "fmriprep":
        cited.add("power")
        return [
            "one regressor for each volume that fMRIPrep marks as an outlier (by the thresholds "
            "of framewise displacement and standardized DVARS that it was given; Power et al., "
            "2012)"
        ]
    thresholds = outliers.thresholds
    if not thresholds:
        return []
    told = {
        column: CRITERION_WORDS[column].format(number(threshold))
        for column, threshold in thresholds.items()
    }
    if outliers.rule == "art":
        return [_art_words(told, cited)]
    cited.add("power")
    criteria = listed(list(told.values()), "or")
    return [f"one regressor for each outlier volume ({criteria}; Power et al., 2012)"]


def _art_words(told: dict[str, str], cited: set[str]) -> str:
    """Tell ART's rule; its criterion on the global signal is its own."""
    cited.add("art")
    if "framewise_displacement" in told:
        cited.add("power")
        told["framewise_displacement"] += " as of Power et al., 2012,"
    criteria = listed(list(told.values()), "or").removesuffix(",")
    return (
        "one regressor for each outlier volume by a rule like that of ART (Artifact Detection "
        f"Tools, Whitfield-Gabrieli; {criteria})"
    )


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
