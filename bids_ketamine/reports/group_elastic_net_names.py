"""Names of timings, models and predictors of the elastic net, for the eye."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import (
    ABSENT,
    MEASURE_WORDS,
    capitalized,
    counted,
    is_number,
    measure_words,
    region_words,
    text,
    unit_words,
)
from bids_ketamine.study.measure_names import measure_name

#: Order of timings, and their titles.
TIMINGS = {
    "change": "Correlates: changes between the sessions",
    "baseline": "Predictors: baseline, the first session",
}
#: The same in few words.
SHORT_TIMINGS = {"change": "change", "baseline": "baseline"}
#: Order of models, and their titles.
MODELS = {
    "measures": "measures alone",
    "by_arm": "measures by arm",
    "by_arm_and_concurrent": "measures by arm, with improvement in {concurrent}",
    # Not in tables: the same in a study without arms.
    "with_concurrent": "measures, with improvement in {concurrent}",
}
KINDS = {
    "imaging": "imaging",
    "covariate": "covariate",
    "arm": "arm",
    "interaction": "imaging × arm",
    "concurrent": "concurrent outcome",
}
#: Between a measure and an arm in the name of an interaction.
TIMES = " x "
#: Start of the name of the column of an arm.
DUMMY = "arm="


@dataclass(frozen=True)
class PredictorName:
    """A predictor for the eye.

    Attributes
    ----------
    first : str
        Regions, or the name of a covariate.
    second : str
        Measure, task and contrast; empty where there are none.
    arm : str
        Arm of an interaction; empty for others.
    unit : str
        Of the measure; empty where it is not known.
    """

    first: str
    second: str = ""
    arm: str = ""
    unit: str = ""

    @property
    def words(self) -> str:
        """The name on one line."""
        times = f" × {self.arm}" if self.arm else ""
        return f"{self.first}{times}{f' ({self.second})' if self.second else ''}"


class PredictorNames:
    """Names of predictors, found among the measures of the group.

    Parameters
    ----------
    summary : DataFrame
        ``group_summary``: its measures.
    concurrent : str, optional
        Outcome whose improvement is a predictor.

    Examples
    --------
    >>> keys = {"measure": "gppi", "task": "faces", "contrast": "c", "regions": "V1~V5",
    ...         "unit": "Fisher z"}
    >>> names = PredictorNames(pd.DataFrame([keys]))
    >>> names.of("gppi faces c V1~V5 x ketamine", "interaction").words
    'V1 – V5 × ketamine (generalized PPI, faces)'
    """

    def __init__(self, summary: pd.DataFrame, concurrent: str = "") -> None:
        self._concurrent = concurrent
        keys = ["measure", "task", "contrast", "regions", "unit"]
        self._measures: dict[str, Mapping[str, Any]] = {}
        contrasts: dict[tuple[str, str], set[str]] = {}
        for row in records(summary[keys].drop_duplicates()):
            parts = [text(row[key], "") for key in keys[:-1]]
            name = measure_name(parts)
            self._measures[name] = row
            # So are measures named that are told apart by nothing but their unit.
            self._measures[f"{name} ({text(row['unit'])})"] = row
            contrasts.setdefault((parts[0], parts[1]), set()).add(parts[2])
        self._several = {key for key, found in contrasts.items() if len(found) > 1}

    def of(self, name: Any, kind: Any = "") -> PredictorName:
        """Return the name of a predictor.

        Parameters
        ----------
        name : object
            As tables have it.
        kind : object
            Its kind.
        """
        given = text(name)
        if kind == "arm":
            return PredictorName(given.removeprefix(DUMMY), KINDS["arm"])
        if kind == "concurrent" and self._concurrent:
            return PredictorName(f"improvement in {self._concurrent}", KINDS["concurrent"])
        base, arm = _parts(given) if kind == "interaction" else (given, "")
        row = self._measures.get(base) or (None if kind == "covariate" else _measure_of(base))
        if row is None:
            return PredictorName(base.replace("=", ": ").replace("_", " "), arm=arm)
        where = [measure_words(row["measure"]), text(row["task"])]
        contrast = text(row["contrast"], "")
        known = base in self._measures
        if contrast and (not known or (text(row["measure"]), text(row["task"])) in self._several):
            where.append(contrast)
        if base.endswith(f" ({text(row['unit'])})"):
            where.append(unit_words(row["unit"]))
        regions = region_words(row["regions"])
        return PredictorName(regions, ", ".join(where), arm, unit_words(row["unit"]))

    def base(self, name: Any, kind: Any) -> str:
        """Return the measure of an interaction, any other predictor as it is."""
        given = text(name)
        return _parts(given)[0] if kind == "interaction" else given

    def is_of(self, name: Any, base: str) -> bool:
        """Tell whether a predictor is a measure, or an interaction of it."""
        return base in (text(name), _parts(text(name))[0])


def _parts(name: str) -> tuple[str, str]:
    """Return measure and arm of an interaction."""
    base, times, arm = name.rpartition(TIMES)
    return (base, arm) if times else (name, "")


def _measure_of(name: str) -> Mapping[str, Any] | None:
    """Return the parts of a measure's name that the summary does not know; None if it is none."""
    parts = name.split(" ")
    if parts[0] not in MEASURE_WORDS or len(parts) < 3:
        return None
    contrast = " ".join(parts[2:-1])
    return {"measure": parts[0], "task": parts[1], "contrast": contrast, "regions": parts[-1],
            "unit": None}  # fmt: skip


def model_words(model: Any, concurrent: str) -> str:
    """Return a model's name for the eye.

    >>> model_words("by_arm_and_concurrent", "madrs"), model_words("my_model", "")
    ('measures by arm, with improvement in madrs', 'my model')
    """
    found = MODELS.get(text(model))
    concurrent = concurrent or "a second outcome"
    return found.format(concurrent=concurrent) if found else text(model).replace("_", " ")


def title_of(row: Mapping[str, Any], concurrent: str) -> str:
    """Return timing and model of a row of ``group_elastic_net``."""
    timing = SHORT_TIMINGS.get(text(row["timing"]), text(row["timing"]))
    words = f"{timing}, {model_words(row['model'], concurrent)}"
    return capitalized(words)


def in_words(names: Iterable[str], most: int) -> str:
    """List names, the first of them if they are many.

    >>> in_words(["a", "b", "c"], 2), in_words(["a", "b"], 2)
    ('a; b; and 1 other', 'a; b')
    """
    told = list(names)
    more = len(told) - most
    shown = "; ".join(told[:most])
    return f"{shown}; and {counted(more, 'other')}" if more > 0 else shown


#: Letters that are left of a word that is shortened, and of the shortest word that is.
STEM, FEWEST_LETTERS = 3, 6


def shortened_at_words(label: str, longest: int) -> str:
    """Return a label with words shortened until it fits; those before a name's last word first.

    Where that is not enough, words in the middle are left out. Words with capitals or digits are
    names and stay.

    Parameters
    ----------
    label : str
        A name, or two with a dash between them.
    longest : int
        Letters that there is room for. Two words that are longer are returned as they are.

    Examples
    --------
    >>> shortened_at_words("anterior insula \u2013 anterior hippocampus", 32)
    'ant. insula \u2013 ant. hippocampus'
    >>> shortened_at_words("amygdala \u2013 anterior insula", 21)
    'amy. \u2013 ant. insula'
    >>> shortened_at_words("7Networks LH Default Temp 12", 22)
    '7Networks LH \u2026 Temp 12'
    """
    words = label.split(" ")
    is_last = [after == "\u2013" for after in [*words[1:], "\u2013"]]
    plain = [
        at
        for at, word in enumerate(words)
        if word.isalpha() and word.islower() and len(word) >= FEWEST_LETTERS
    ]
    for at in sorted(plain, key=lambda at: (is_last[at], -len(words[at]))):
        if len(" ".join(words)) > longest:
            words[at] = f"{words[at][:STEM]}."
    head, tail = words[: len(words) // 2], words[len(words) // 2 :]
    while len(" ".join(words)) > longest and len(head) + len(tail) > 2:
        longer = head if len(head) > len(tail) or len(tail) == 1 else tail
        longer.pop(-1 if longer is head else 0)
        words = [*head, "\u2026", *tail]
    return " ".join(words)


def share_words(share: Any) -> str:
    """Return a share in percent.

    >>> share_words(0.19047), share_words(0.004), share_words(0.0), share_words(None)
    ('19 %', '< 1 %', '0 %', '–')
    """
    if not is_number(share):
        return ABSENT
    return "< 1 %" if 0.0 < float(share) < 0.005 else f"{100 * float(share):.0f} %"
