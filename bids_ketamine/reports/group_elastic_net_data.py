"""Tables of the elastic net, with or without what tells of one person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.facts import mapping_of
from bids_ketamine.reports.group_peb_data import FEW, NUMBER
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.words import is_absent, without_labels, without_numbers
from bids_ketamine.reports.written_tables import read_written_table

#: Key of ``group.json``.
RECORD = "ElasticNet"
#: Kinds of predictors that arms enter.
OF_ARMS = ("arm", "interaction")
#: Between a categorical covariate and its level in the name of a predictor.
LEVEL_OF = "="
#: Names of models; the last one is that of the report where a study has no arms.
BY_ARM, BY_ARM_AND_CONCURRENT = "by_arm", "by_arm_and_concurrent"
WITH_CONCURRENT = "with_concurrent"

_TEXTS = (
    *("timing", "model", "outcome", "scheme", "leakage", "reason", "predictor", "kind", "other"),
    *("participant_id", "arm", "permuted"),
)
_TRUTHS = ("finding", "selected", "entered", "included")
_R2 = (
    *("r2_in_sample", "r2_leave_one_out", "r2_nested", "mae_nested", "r_nested"),
    *("r2_covariates_alone", "r2_k_fold", "r2_k_fold_low", "r2_k_fold_high"),
    *("p_imaging", "p_outcome", "null_median", "null_high"),
)
_COEFFICIENT = ("coefficient", "standardised", "selection_frequency", "ci_low", "ci_high")

#: What the report reads of each table.
NET_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "group_elastic_net": (
        *("timing", "model", "outcome", "scheme", "n", "n_predictors", "n_selected", "l1_ratio"),
        "penalty",
        *(*_R2, "n_permutations_imaging", "n_permutations_outcome", "leakage", "finding"),
        "reason",
    ),
    "group_elastic_net_coefficients": (
        *("timing", "model", "predictor", "kind", "n_level", "selected"),
        *_COEFFICIENT,
    ),
    "group_elastic_net_predictions": (
        *("participant_id", "arm", "timing", "model", "observed", "fitted", "left_out"),
        *("nested", "k_fold"),
    ),
    "group_elastic_net_null": ("timing", "model", "permuted", "r2"),
    "group_elastic_net_predictors": (
        *("timing", "predictor", "kind", "n", "missing", "entered", "reason"),
    ),
    "group_elastic_net_values": (
        *("participant_id", "arm", "timing", "predictor", "value", "improvement"),
    ),
    "group_elastic_net_correlations": ("timing", "predictor", "other", "r", "n"),
    "group_elastic_net_participants": ("participant_id", "arm", "timing", "included", "reason"),
}


@dataclass(frozen=True)
class NetOutput:
    """Tables of the elastic net in ``group/``; one that is missing is empty.

    Attributes
    ----------
    models, coefficients, predictions, null : DataFrame
        ``group_elastic_net``, ``group_elastic_net_coefficients`` and so on.
    predictors, values, correlations, participants : DataFrame
        The others.
    missing : tuple of str
        Files that are not there, or hold nothing, while others do.
    unreadable : tuple of str
        Files that are there and cannot be read, with the reason.
    """

    models: pd.DataFrame
    coefficients: pd.DataFrame
    predictions: pd.DataFrame
    null: pd.DataFrame
    predictors: pd.DataFrame
    values: pd.DataFrame
    correlations: pd.DataFrame
    participants: pd.DataFrame
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """Every participant that a table names."""
        tables = (self.predictions, self.values, self.participants)
        return sorted({str(each) for table in tables for each in table["participant_id"].dropna()})


def read_elastic_net(output_dir: Path) -> NetOutput:
    """Read the tables of the elastic net; none has to be there.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    """
    folder = output_dir / "group"
    unreadable: list[str] = []
    tables = [_read(folder / f"{name}.tsv", name, unreadable) for name in NET_COLUMNS]
    files = zip(NET_COLUMNS, tables, strict=True)
    damaged = [each.split(" ", 1)[0] for each in unreadable]
    empty = [f"{name}.tsv" for name, table in files if table.empty]
    missing = tuple(name for name in empty if name not in damaged)
    models, coefficients, predictions, null, predictors, values, correlations, people = tables
    return NetOutput(
        models=models,
        coefficients=coefficients,
        predictions=predictions,
        null=null,
        predictors=predictors,
        values=values,
        correlations=correlations,
        participants=people,
        missing=missing,
        unreadable=tuple(unreadable),
    )


def _read(path: Path, name: str, unreadable: list[str]) -> pd.DataFrame:
    return read_written_table(
        path,
        columns=list(NET_COLUMNS[name]),
        texts=_TEXTS,
        truths=_TRUTHS,
        key="timing",
        unreadable=unreadable,
    )


def setting_of(record: Mapping[str, Any], name: str) -> Any:
    """Return a setting that the group level recorded; None where it did not.

    Parameters
    ----------
    record : mapping
        ``group.json``.
    name : str
        Name in the study, such as ``stop_at``; the record may write ``StopAt``.

    Examples
    --------
    >>> setting_of({"ElasticNet": {"Settings": {"StopAt": 10}}}, "stop_at")
    10
    """
    settings = mapping_of(mapping_of(record, RECORD), "Settings")
    return settings.get(name, settings.get("".join(each.title() for each in name.split("_"))))


def without_persons(net: NetOutput, *, labels: Collection[str]) -> NetOutput:
    """Take out labels, values of one person, and what rests on fewer than three.

    Coefficients of arms, and of measures in them, go where an arm has fewer than three; those of
    a level of a categorical covariate, with its correlations, where fewer than three have it.

    Parameters
    ----------
    net : NetOutput
        The tables as they are.
    labels : collection of str
        Participants that other tables name.
    """
    known = {*labels, *net.labels}
    names = {label: str(place) for place, label in enumerate(sorted(known))}

    def plain(reasons: pd.Series) -> pd.Series:
        told = [without_labels(each, known) if isinstance(each, str) else None for each in reasons]
        return pd.Series(told, index=reasons.index, dtype=object)

    people = net.participants.copy()
    people["participant_id"] = people["participant_id"].map(names).astype(object)
    reasons = [NUMBER.sub("…", without_numbers(each)) if each else None
               for each in plain(people["reason"])]  # fmt: skip
    people["reason"] = pd.Series(reasons, index=people.index, dtype=object)
    models, predictors = net.models.copy(), net.predictors.copy()
    models["reason"], predictors["reason"] = plain(models["reason"]), plain(predictors["reason"])
    few = models["n"].lt(FEWEST_WITHOUT_INDIVIDUALS)
    models.loc[few, list(_R2)] = np.nan
    models.loc[few & models["reason"].map(is_absent).astype(bool), "reason"] = FEW
    coefficients, correlations = net.coefficients.copy(), net.correlations.copy()
    scope = pd.MultiIndex.from_frame(coefficients[["timing", "model"]])
    small = scope.isin(list(zip(models["timing"][few], models["model"][few], strict=True)))
    in_small = coefficients["timing"].isin(_small_timings(net.participants))
    small |= (in_small & coefficients["kind"].isin(OF_ARMS)).to_numpy()
    small |= (_of_levels(coefficients) & ~_held_by_enough(coefficients)).to_numpy()
    coefficients.loc[small, list(_COEFFICIENT)] = np.nan
    correlations.loc[correlations["n"].lt(FEWEST_WITHOUT_INDIVIDUALS), "r"] = np.nan
    correlations = correlations[~_with_rare_level(correlations, predictors, coefficients)]
    return replace(
        net,
        models=models,
        coefficients=coefficients,
        predictors=predictors,
        correlations=correlations,
        participants=people,
        predictions=net.predictions.iloc[:0],
        values=net.values.iloc[:0],
        unreadable=tuple(without_labels(each, known) for each in net.unreadable),
    )


def _small_timings(people: pd.DataFrame) -> list[str]:
    """Return the timings in which an arm has fewer than three participants."""
    inside = people.assign(inside=people["included"].astype(bool)).dropna(subset="arm")
    sizes = inside.groupby(["timing", "arm"])["inside"].sum()
    small = sizes[sizes < FEWEST_WITHOUT_INDIVIDUALS]
    return [str(each) for each in small.index.get_level_values("timing").unique()]


def _of_levels(table: pd.DataFrame) -> pd.Series:
    """Tell which predictors are levels of a categorical covariate."""
    return table["kind"].eq("covariate") & table["predictor"].map(str).str.contains(LEVEL_OF)


def _held_by_enough(coefficients: pd.DataFrame) -> pd.Series:
    return coefficients["n_level"].ge(FEWEST_WITHOUT_INDIVIDUALS)


def _with_rare_level(
    correlations: pd.DataFrame, predictors: pd.DataFrame, coefficients: pd.DataFrame
) -> pd.Series:
    """Tell which pairs have a level that too few have, or of which nobody knows how many have it.

    The correlation of a level that one participant has tells the value of that participant.
    """
    levels = predictors[_of_levels(predictors)]
    told = coefficients[_of_levels(coefficients)]
    few = told.assign(enough=_held_by_enough(told)).groupby(["timing", "predictor"])["enough"].all()
    common = set(few[few].index)
    rare = {
        each
        for each in zip(levels["timing"], levels["predictor"], strict=True)
        if each not in common
    }
    found = [
        (timing, one) in rare or (timing, other) in rare
        for timing, one, other in zip(
            correlations["timing"], correlations["predictor"], correlations["other"], strict=True
        )
    ]
    return pd.Series(found, index=correlations.index, dtype=bool)


def without_arms(net: NetOutput) -> NetOutput:
    """Call the model of the concurrent outcome what it is where there is no model by arm.

    Parameters
    ----------
    net : NetOutput
        The tables as they are.
    """
    if BY_ARM in set(net.models["model"]):
        return net

    def named(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(model=table["model"].replace(BY_ARM_AND_CONCURRENT, WITH_CONCURRENT))

    reasons = [
        each.replace(BY_ARM_AND_CONCURRENT, WITH_CONCURRENT) if isinstance(each, str) else each
        for each in net.participants["reason"]
    ]
    return replace(
        net,
        models=named(net.models),
        coefficients=named(net.coefficients),
        predictions=named(net.predictions),
        null=named(net.null),
        participants=net.participants.assign(
            reason=pd.Series(reasons, index=net.participants.index, dtype=object)
        ),
    )
