"""What all values of a mixed model share in the report, and words for its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_elastic_net_names import PredictorNames
from bids_ketamine.reports.group_mixed_terms import TermWords, variables_of, written_references
from bids_ketamine.reports.rows import in_order
from bids_ketamine.reports.words import text, unit_words
from bids_ketamine.study.spec import MixedModelSpec, StudySpec

#: Tables of mixed models by the end of their names: effects, tests, fits, means, data.
Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class MixedContext:
    """What all values share.

    Attributes
    ----------
    spec : StudySpec
        The study.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look.
    names : PredictorNames
        Names and units of measures.
    course : DataFrame
        ``group_course``: how scores are printed elsewhere.
    individual_data : bool
        Whether single participants may be shown.
    """

    spec: StudySpec
    arms: Sequence[str]
    styles: Mapping[str, ArmStyle]
    names: PredictorNames
    course: pd.DataFrame
    individual_data: bool

    @property
    def level(self) -> str:
        """Level of intervals."""
        return f"{100 * self.spec.group.confidence_level:g} %"

    @property
    def treatments(self) -> tuple[str, ...]:
        """Treatments of a crossover trial."""
        crossover = self.spec.crossover
        return tuple(dict.fromkeys(crossover.values.values())) if crossover else ()

    def value(self, value: str) -> tuple[str, str]:
        """Return the name of a value, and its unit."""
        outcome = next((each for each in self.spec.outcomes if each.name == value), None)
        if outcome is not None:
            return value, outcome.unit
        found = self.names.of(value, "imaging")
        return found.words, unit_words(found.unit)


def term_words(tables: Tables, asked: MixedModelSpec | None, context: MixedContext) -> TermWords:
    """Return words for the terms of a model.

    Levels of categories are those of whom entered: an arm in the study without anybody in the
    model is no level of it.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Of a model, or of one of its values.
    asked : MixedModelSpec or None
        The model in the study.
    context : MixedContext
        The study.
    """
    means, data = tables["means"], tables["data"]
    order = [each.name for each in context.spec.sessions]
    entered, filled = data[data["included"].astype(bool)], means[means["n"] > 0]
    sessions = in_order(pd.concat([filled["session"], entered["session"]]), order)
    if not sessions and asked is not None:
        sessions = list(asked.sessions) or order
    found = in_order(pd.concat([filled["arm"], entered["arm"]]), list(context.arms))
    levels: dict[str, Sequence[str]] = {
        "arm": [arm for arm in found if arm != "all"],
        "session": sessions,
        "treatment": sessions,
        "period": sorted({text(each) for each in entered["period"].dropna()}),
        "sequence": sorted({text(each) for each in entered["sequence"].dropna()}),
    }
    if not levels["sequence"] and len(context.treatments) == 2:
        one, other = context.treatments
        levels["sequence"] = [f"{one}-{other}", f"{other}-{one}"]
    terms = tuple(dict.fromkeys(tables["effects"]["term"].dropna().astype(str)))
    return TermWords(terms, levels, tuple(sessions), _references(tables["fits"], terms))


def _references(fits: pd.DataFrame, terms: Sequence[str]) -> dict[str, str]:
    """Return the reference levels that a fit names; none for a table older than that column."""
    if "references" not in fits:
        return {}
    names = {name for term in terms for name in variables_of(term)}
    written = fits["references"].dropna().astype(str)
    return written_references(written.iloc[0], names) if len(written) else {}
