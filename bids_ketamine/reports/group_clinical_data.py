"""Tables of clinical statistics, mixed models and behaviour as the report reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bids_ketamine.outputs.group_tables import GROUP_TABLES
from bids_ketamine.reports.facts import read_json
from bids_ketamine.reports.written_tables import read_written_table

_TEXTS = (
    *("participant_id", "arm", "outcome", "session", "reason", "reasons", "note"),
    *("variable", "kind", "level", "test", "outcomes", "error_strata", "stratum", "term"),
    *("model", "value", "method", "df_rule", "interval", "formula", "period", "sequence"),
    "references",
    *("dimension", "covariate", "task", "condition", "quantity", "change", "stage"),
    *("measure", "contrast", "regions", "unit", "other"),
)
_TRUTHS = ("converged", "boundary", "included")
_INTERVAL = ("ci_low", "ci_high")
_MEAN = ("n", "mean", "sd", *_INTERVAL)
_MODEL = ("model", "value", "method", "df_rule", "term")
_RANKS = ("n", "r", *_INTERVAL, "p_value", "rho", "rho_p_value", "reason")

#: What the report reads of each table; a row is nothing without its first column.
CLINICAL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "group_scores": ("participant_id", "arm", "outcome", "session", "score", "reason"),
    "group_course": ("outcome", "session", "arm", *_MEAN),
    "group_improvement": (
        *("outcome", "change", "arm", "n", "n_second", "estimate", "sd", *_INTERVAL),
        *("statistic", "df", "p_value", "effect_size", "reason"),
    ),
    "group_table_one": (
        *("variable", "kind", "level", "arm", "n", "missing", "mean", "sd", "count", "percent"),
    ),
    "group_table_one_tests": (
        *("variable", "test", "statistic", "df", "df_second", "p_value", "reason"),
    ),
    "group_table_one_values": ("participant_id", "arm", "variable", "score"),
    "group_anova": (
        *("outcomes", "error_strata", "n_participants", "stratum", "term", "df", "sum_sq"),
        *("mean_sq", "f_value", "df_residual", "p_value", "epsilon_gg", "p_value_gg", "reason"),
    ),
    "group_mixed_effects": (
        *(*_MODEL, "estimate", "se", "df", "t", "p_value", *_INTERVAL, "interval", "reason"),
    ),
    "group_mixed_tests": (*_MODEL, "num_df", "den_df", "f_value", "p_value", "reason"),
    "group_mixed_fits": (
        *("model", "value", "formula", "references", "method", "n_observations"),
        *("n_participants",),
        *("sd_participant", "sd_slope", "correlation", "sd_residual", "log_likelihood", "aic"),
        *("bic", "converged", "boundary", "note", "reason"),
    ),
    "group_mixed_means": ("model", "value", "session", "arm", *_MEAN),
    "group_mixed_data": (
        *("model", "value", "participant_id", "session", "arm", "period", "sequence", "score"),
        *("included", "reason"),
    ),
    "group_dimensions": ("dimension", "arm", *_RANKS),
    "group_dimension_scores": (
        *("participant_id", "arm", "dimension", "first", "second", "improvement"),
        *("missing_first", "missing_second", "measure_change", "reason"),
    ),
    "group_dimension_covariates": (
        *("covariate", "arm", "n", "rho", "p_value", "r", *_INTERVAL, "reason"),
    ),
    "group_dimension_correlations": ("dimension", "other", "arm", "n", "r"),
    "group_behaviour": (
        *("participant_id", "arm", "session", "task", "condition", "n_trials", "n_answered"),
        *("accuracy", "reaction_time", "reason"),
    ),
    "group_behaviour_summary": ("task", "condition", "quantity", "session", "arm", *_MEAN),
    "group_behaviour_tests": (
        *("task", "condition", "quantity", "test", "change", "arm", "n", "n_second", "estimate"),
        *(*_INTERVAL, "statistic", "df", "p_value", "effect_size", "reason"),
    ),
    "group_flow": ("stage", "arm", "n", "lost", "reasons"),
    "group_motion_summary": ("task", "session", "arm", *_MEAN),
    "group_tests_unadjusted": tuple(GROUP_TABLES["group_tests"]),
}
#: How reasons of those begin who are left out as a whole.
LEFT_OUT = ("no arm:", "excluded:")
NO_REASON = "no reason is given"
#: Columns of :attr:`ClinicalOutput.missing_scores`.
MISSING = ["outcome", "session", "arm", "reason", "n"]
#: Columns of :attr:`ClinicalOutput.missing_improvements`.
UNKNOWN = ["outcome", "change", "arm", "reason", "n"]


def _none_missing() -> pd.DataFrame:
    return pd.DataFrame(columns=MISSING)


def _none_unknown() -> pd.DataFrame:
    return pd.DataFrame(columns=UNKNOWN)


def _no_outcomes() -> pd.DataFrame:
    return pd.DataFrame(columns=list(GROUP_TABLES["group_outcomes"]))


@dataclass(frozen=True)
class ClinicalOutput:
    """Clinical tables of ``group/``; one that is missing is empty.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        One for each stem of :data:`CLINICAL_COLUMNS`, such as ``group_course``.
    unreadable : tuple of str
        Files that are there and cannot be read, with the reason.
    missing_scores : DataFrame
        Scores that are not known, counted by ``outcome``, ``session``, ``arm`` and ``reason``.
    outcomes : DataFrame
        ``group_outcomes`` of those who are in clinical statistics.
    missing_improvements : DataFrame
        Improvements of theirs that are not known, counted by ``outcome``, ``change``,
        ``arm`` and ``reason``.
    """

    tables: Mapping[str, pd.DataFrame]
    unreadable: tuple[str, ...] = ()
    missing_scores: pd.DataFrame = field(default_factory=_none_missing)
    outcomes: pd.DataFrame = field(default_factory=_no_outcomes)
    missing_improvements: pd.DataFrame = field(default_factory=_none_unknown)

    @property
    def labels(self) -> list[str]:
        """Every participant that a table names."""
        tables = [each for each in self.tables.values() if "participant_id" in each]
        tables.append(self.outcomes)
        return sorted({str(who) for table in tables for who in table["participant_id"].dropna()})


def read_clinical(output_dir: Path) -> ClinicalOutput:
    """Read what the group level wrote about scores, baseline, models and behaviour.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    """
    unreadable: list[str] = []
    tables = {
        stem: read_written_table(
            output_dir / "group" / f"{stem}.tsv",
            columns=columns,
            texts=_TEXTS,
            truths=_TRUTHS,
            key=columns[0],
            unreadable=unreadable,
        )
        for stem, columns in CLINICAL_COLUMNS.items()
    }
    outcomes = _outcomes(output_dir / "group")
    return ClinicalOutput(
        tables,
        tuple(unreadable),
        _missing_of(tables["group_scores"]),
        outcomes,
        _unknown_of(outcomes),
    )


def _outcomes(folder: Path) -> pd.DataFrame:
    """Return improvement of those in clinical statistics; damage is told by its other reader."""
    columns, ignored = list(GROUP_TABLES["group_outcomes"]), list[str]()
    table = read_written_table(
        folder / "group_outcomes.tsv",
        columns=columns,
        texts=_TEXTS,
        truths=_TRUTHS,
        key=columns[0],
        unreadable=ignored,
    )
    told = read_json(folder / "group.json", ignored).get("Clinical")
    left_out = told.get("LeftOut") if isinstance(told, Mapping) else None
    labels = list(left_out) if isinstance(left_out, Mapping) else []
    return table[~table["participant_id"].isin(labels)].reset_index(drop=True)


def _unknown_of(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Count improvements that are not known, by outcome, change, arm and reason."""
    unknown = outcomes[outcomes["improvement"].isna()]
    if unknown.empty:
        return _none_unknown()
    unknown = unknown.assign(reason=unknown["reason"].fillna(NO_REASON))
    counts = unknown.groupby(UNKNOWN[:-1], dropna=False, sort=False).size()
    return counts.rename("n").reset_index()


def _missing_of(scores: pd.DataFrame) -> pd.DataFrame:
    """Count scores that are not known, by outcome, session, arm and reason."""
    unknown = scores[scores["score"].isna()]
    # Whoever is in no clinical statistics at all is told among the participants.
    unknown = unknown[~unknown["reason"].fillna("").str.startswith(LEFT_OUT)]
    if unknown.empty:
        return _none_missing()
    unknown = unknown.assign(reason=unknown["reason"].fillna(NO_REASON))
    counts = unknown.groupby(MISSING[:-1], dropna=False, sort=False).size()
    return counts.rename("n").reset_index()
