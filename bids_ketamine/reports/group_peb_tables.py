"""Tables of parametric empirical Bayes: effects and fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_peb_data import GAUSSIAN, STUDENT, THIRD
from bids_ketamine.reports.group_peb_questions import ANALYSES
from bids_ketamine.reports.group_peb_rows import main_rows, student_rows, third_rows
from bids_ketamine.reports.group_peb_words import (
    EFFECTS,
    arm_words,
    coupling_words,
    decimals_of,
    equals,
    estimate_words,
    probability,
    unbroken,
)
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    interval,
    is_absent,
    is_number,
    listed,
    number,
    text,
    unit_words,
)

#: More rows than this are left to the files.
MOST_ROWS = 200
EFFECTS_NOTE = (
    "Compared: probability of models with the effect against models without it; of more than "
    "eight effects, for those that the search compared last, and of the others the best model with "
    "the effect against that without it. Log BF: log Bayes factor of the full model against the "
    "model without this one effect; above 0 it speaks for the effect, above 3 strongly."
)
THIRD_NOTE = "Two arms cannot tell how much arms vary: here the prior does."
MIDDLE_NOTE = "Means and changes are those at the mean improvement."
LEVELS = {GAUSSIAN: "Gaussian", STUDENT: "Student\u2011t"}


def ordered(rows: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Return rows by arm (all, arms, differences) and effect, parameters as they come.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``group_peb``.
    arms : sequence of str
        Arms of the study.
    """
    of_arms = in_order(rows["arm"], ["all", *arms])
    of_effects = in_order(rows["effect"], list(EFFECTS))
    places = pd.DataFrame(
        {
            "arm": rows["arm"].map({arm: place for place, arm in enumerate(of_arms)}),
            "effect": rows["effect"].map({each: place for place, each in enumerate(of_effects)}),
        },
        index=rows.index,
    )
    return rows.loc[places.sort_values(["arm", "effect"], kind="stable").index]


def effects_tables(
    effects: pd.DataFrame, analysis: str, *, arms: Sequence[str], level: str
) -> tuple[TableView, ...]:
    """Return every effect of an analysis, a table for each arm, then the third level's.

    Parameters
    ----------
    effects : DataFrame
        ``group_peb`` of one model.
    analysis : str
        The analysis.
    arms : sequence of str
        Arms of the study.
    level : str
        Level of the intervals.
    """
    columns = [Column("Parameter", wide=True), Column("Effect, unit")]
    heads = {
        "Gaussian level": (f"estimate ({level})", "Pp", "compared", "log BF"),
        "Student\u2011t level": ("estimate", "Pp"),
        "One left out": ("estimates", "lowest Pp"),
    }
    for group, names in heads.items():
        columns += [Column(name, numeric=True, group=group) for name in names]
    title = ANALYSES[analysis]
    found = []
    for addition, rows, others in (
        ("", main_rows(effects, analysis), student_rows(effects, analysis)),
        (
            ", third level",
            third_rows(effects, analysis),
            third_rows(effects, analysis, distribution=STUDENT),
        ),
    ):
        students = {_key(row): row for row in records(others)}
        for arm, own in ordered(rows, arms).groupby("arm", sort=False):
            if own["estimate"].notna().any():
                cells = [_cells(row, students.get(_key(row), {})) for row in records(own)]
            elif addition:
                continue  # for the reason that stands with the second level
            else:
                reasons = dict.fromkeys(text(each) for each in own["reason"].dropna())
                told = "; ".join(reasons) or ABSENT
                cells = [("all parameters", "all effects", told, *[ABSENT] * 7)]
            caption = f"{title}, {arm_words(arm, arms)}{addition}"
            note = THIRD_NOTE if addition else ""
            found.append(table_view(caption, columns, cells, len(cells), note))
    if found:
        notes = [found[-1].note, EFFECTS_NOTE, MIDDLE_NOTE if analysis != "baseline" else ""]
        found[-1] = replace(found[-1], note=" ".join(filter(None, notes)))
    return tuple(found)


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(text(row[name]) for name in ("arm", "effect", "parameter"))


def _cells(row: Mapping[str, Any], student: Mapping[str, Any]) -> tuple[str, ...]:
    effect = EFFECTS.get(str(row["effect"]), text(row["effect"]))
    return (
        coupling_words(row),
        f"{effect}, {unit_words(row['unit'], 'no unit')}",
        *_gaussian_cells(row),
        number(student.get("estimate"), decimals_of(row)),
        probability(student.get("posterior_probability")),
        interval(row["estimate_lowest"], row["estimate_highest"], decimals_of(row)),
        probability(row["probability_lowest"]),
    )


def _arm(arm: Any, arms: Sequence[str]) -> str:
    return "all" if arm == "all" else arm_words(arm, arms)


def _gaussian_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    if not is_number(row["estimate"]):
        return (text(row["reason"], ABSENT), ABSENT, ABSENT, ABSENT)
    return (
        estimate_words(row),
        probability(row["posterior_probability"]),
        probability(row["model_probability"]),
        number(row["log_bayes_factor"], 1),
    )


def table_view(
    caption: str,
    columns: Sequence[Column],
    cells: Sequence[tuple[str, ...]],
    n_rows: int,
    note: str = "",
    file: str = "group_peb.tsv",
) -> TableView:
    """Return a table whose rows beyond the first hundreds are left to its file."""
    if n_rows > MOST_ROWS:
        note = f"{note} The first {MOST_ROWS} of {n_rows:,}; all are in {file}.".strip()
    return TableView(caption, tuple(columns), tuple(cells)[:MOST_ROWS], note=note)


#: What is checked, and what a small p says of it.
CHECKS = {
    "spread_p": ("the spread of participants", "is other than"),
    "outlier_p": ("the participant furthest out", "is further out than"),
    "session_correlation_p": ("the correlation of a participant's sessions", "is other than"),
}
#: p below which a check has something to say.
UNUSUAL = 0.05


def check_words(row: Mapping[str, Any]) -> str:
    """Say whether the participants look as the model expects.

    Parameters
    ----------
    row : mapping
        A row of ``group_peb_fits``.

    Examples
    --------
    >>> print(check_words({"spread_p": 0.4, "outlier_p": 0.012}).replace(chr(160), " "))
    the participant furthest out is further out than expected (p = .012); as expected: the \
spread of participants (p = .400)
    """
    known = {key: float(row[key]) for key in CHECKS if is_number(row.get(key))}
    told = [
        f"{CHECKS[key][0]} {CHECKS[key][1]} expected ({equals(p, 'p')})"
        for key, p in known.items()
        if p < UNUSUAL
    ]
    usual = [f"{CHECKS[key][0]} ({equals(p, 'p')})" for key, p in known.items() if p >= UNUSUAL]
    told += [f"as expected: {listed(usual)}"] if usual else []
    return unbroken("; ".join(told))


def fits_table(fits: pd.DataFrame, *, arms: Sequence[str]) -> TableView | None:
    """Return a row for each fit: free energy, how it ended, how its checks came out.

    Parameters
    ----------
    fits : DataFrame
        ``group_peb_fits`` of one model.
    arms : sequence of str
        Arms of the study.
    """
    if fits.empty:
        return None
    cells: list[tuple[str, ...]] = []
    alarms = set()
    for analysis in in_order(fits["analysis"], list(ANALYSES)):
        own = fits[fits["analysis"] == analysis]
        for arm in in_order(own["arm"], ["all", *arms]):
            for row in records(own[own["arm"] == arm]):
                failed = is_number(row["free_energy"]) and not row["converged"]
                if failed:
                    alarms.add((len(cells), 7))
                cells.append(_fit_cells(row, arms))
    columns = [
        *(Column(name) for name in ("Analysis", "Arm", "Level")),
        *(Column(name, numeric=True) for name in ("n", "rows", "free energy", "iterations")),
        Column("Converged"),
        Column("Participants against simulated groups, and notes", wide=True),
    ]
    note = (
        "Rows are the models of sessions or participants, or of arms. Free energies compare models "
        "of the same rows only. Checks: p is the share of groups simulated from the fit that lie "
        "as far from its middle; few of them are small where the model holds."
    )
    table = table_view("Fits", columns, cells, len(cells), note, "group_peb_fits.tsv")
    shown = frozenset(each for each in alarms if each[0] < MOST_ROWS)
    return replace(table, alarms=shown)


def _fit_cells(row: Mapping[str, Any], arms: Sequence[str]) -> tuple[str, ...]:
    fitted = is_number(row["free_energy"])
    notes = [check_words(row), "" if is_absent(row["reason"]) else text(row["reason"])]
    return (
        ANALYSES.get(str(row["analysis"]), text(row["analysis"])),
        _arm(row["arm"], arms),
        LEVELS.get(str(row["distribution"]), text(row["distribution"]))
        + (", third" if row["level"] == THIRD else ""),
        text(row["n"]),
        text(row["n_models"]),
        number(row["free_energy"], 1),
        text(row["iterations"]),
        ("yes" if row["converged"] else "no") if fitted else ABSENT,
        "; ".join(filter(None, notes)) or ABSENT,
    )
