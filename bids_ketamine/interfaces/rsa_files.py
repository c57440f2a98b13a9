"""Files of representational similarity: dissimilarities of all pairs, split-half reliability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.rsa.region_similarity import RegionSimilarity, SimilarityModel
from bids_ketamine.core.rsa.reliability import FEWEST_FOR_HALVES, FEWEST_PAIRS
from bids_ketamine.core.trial_types import label_key
from bids_ketamine.outputs.patterns import output_name
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.study.spec import RsaSpec

RULE_WORDS = {
    "run": "one partition per run",
    "block": "one partition per block",
    "half_block": "one partition per half of a block",
}

COLUMNS: Mapping[str, Mapping[str, object]] = {
    "region": {"Description": "Region"},
    "trial_type_1": {"Description": "First trial type of the pair"},
    "trial_type_2": {"Description": "Second trial type of the pair"},
    "value": {
        "Description": "Linear discriminant contrast minus the predicted bias",
    },
    "raw": {
        "Description": "Cross-validated linear discriminant contrast",
    },
    "predicted_bias": {
        "Description": "What the contrast is expected to be if the patterns are equal, since "
        "estimates of one run have errors in common",
    },
    "standard_error": {
        "Description": "Standard error of the value over repeated noise",
    },
    "n_voxels": {"Description": "Voxels of the region in all runs"},
    "reason": {"Description": "Why the value is missing"},
}
RELIABILITY_COLUMNS: Mapping[str, Mapping[str, object]] = {
    "region": {"Description": "Region"},
    "first_half": {"Description": "Partitions of the first half"},
    "second_half": {"Description": "Partitions of the second half"},
    "correlation": {
        "Description": "Pearson correlation of the halves' dissimilarities over all pairs"
    },
}


class SimilarityTable(NamedTuple):
    """Dissimilarities of a task.

    Attributes
    ----------
    names : tuple of str
        Regions.
    trial_types : tuple of str
        Trial types of the matrix.
    pairs : tuple of (int, int)
        All pairs of them, counted from 1.
    found : tuple of (RegionSimilarity or None)
        What each region gives.
    reasons : tuple of str
        Why a region gives nothing.
    n_voxels : tuple of int
        Voxels of each region in all runs.
    model : SimilarityModel or None
        What regions share.
    rules : tuple of str
        Rules by which the runs were divided.
    rsa : RsaSpec
        Section of the study.
    notes : tuple of str
        What a reader should know.
    smoothing : sequence of float or None
        Estimated smoothness of the series along x, y, z, mm.
    """

    names: tuple[str, ...]
    trial_types: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    found: tuple[RegionSimilarity | None, ...]
    reasons: tuple[str, ...]
    n_voxels: tuple[int, ...]
    model: SimilarityModel | None
    rules: tuple[str, ...]
    rsa: RsaSpec
    notes: tuple[str, ...]
    smoothing: Any

    def names_of(self, pair: int) -> tuple[str, str]:
        """Return the trial types of a pair."""
        first, second = self.pairs[pair]
        return self.trial_types[first - 1], self.trial_types[second - 1]

    def measures(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the study's pairs: which of all it is, and its trial types as the study says."""
        if not self.rsa.pairs:
            yield from ((number, self.names_of(number)) for number in range(len(self.pairs)))
            return
        order = {label_key(name): number for number, name in enumerate(self.trial_types, start=1)}
        for names in self.rsa.pairs:
            first, second = sorted(order[label_key(name)] for name in names)
            yield self.pairs.index((first, second)), names

    def value(self, region: int, pair: int) -> tuple[float, float, str]:
        """Return a measure, its standard error, and why it is missing."""
        found = self.found[region]
        if found is None:
            return float("nan"), float("nan"), self.reasons[region]
        value = float(found.dissimilarities.value[pair])
        if not np.isfinite(value):
            return float("nan"), float("nan"), self._why_not_finite(pair)
        return value, float(found.dissimilarities.standard_error[pair]), ""

    def _why_not_finite(self, pair: int) -> str:
        if self.model is not None and not self.model.weights.test[pair].any():
            first, second = self.names_of(pair)
            return f"fewer than two partitions hold both {first} and {second}"
        return "the patterns or their noise are out of the range of numbers"


def write_dissimilarity(
    folder: Path,
    table: SimilarityTable,
    *,
    names: Mapping[str, str],
    sources: list[str],
    n_runs: int,
    unit: str,
) -> None:
    """Write the dissimilarities of all regions and pairs, and the reliability of halves.

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    table : SimilarityTable
        What they hold.
    names : mapping of str to str
        Parts of file names.
    sources : list of str
        BIDS URIs of the runs' files.
    n_runs : int
        Runs that went in.
    unit : str
        Unit of the values.
    """
    rows = []
    for number, region in enumerate(table.names):
        found = table.found[number]
        for pair in range(len(table.pairs)):
            value, error, reason = table.value(number, pair)
            first, second = table.names_of(pair)
            known = found is not None and not reason
            rows.append(
                {
                    "region": region,
                    "trial_type_1": first,
                    "trial_type_2": second,
                    "value": value,
                    "raw": found.dissimilarities.raw[pair] if found and known else np.nan,
                    "predicted_bias": (
                        found.dissimilarities.predicted_bias[pair] if found and known else np.nan
                    ),
                    "standard_error": error,
                    "n_voxels": table.n_voxels[number],
                    "reason": reason,
                }
            )
    reliability = _reliability(table)
    notes = [*table.notes, *_why_no_reliability(table, reliability)]
    shared = {
        "Partition": ", ".join(RULE_WORDS[rule] for rule in table.rules),
        "Partitions": 0 if table.model is None else table.model.n_partitions,
        "TrialTypes": list(table.trial_types),
        "Covariance": table.rsa.covariance,
        "Training": table.rsa.training,
        "Runs": n_runs,
        "Sources": sources,
    }
    known_regions = [
        (name, found) for name, found in zip(table.names, table.found, strict=True) if found
    ]
    write_table(
        folder / output_name("dissimilarity", **names),
        pd.DataFrame(rows, columns=list(COLUMNS)),
        columns=_columns(unit),
        extra={
            **shared,
            "Units": unit,
            "Normalisation": "voxels",
            "DegreesOfFreedom": None if table.model is None else table.model.trace_rv,
            "Shrinkage": {name: found.shrinkage for name, found in known_regions},
            "NoiseLevel": {name: _level(found) for name, found in known_regions},
            "EffectiveVoxels": {
                name: found.level.effective_voxels for name, found in known_regions
            },
            "Smoothness": table.smoothing,
            "Notes": notes,
        },
    )
    if len(reliability):
        write_table(
            folder / output_name("reliability", **names),
            reliability,
            columns=RELIABILITY_COLUMNS,
            extra=shared,
        )


def _level(found: RegionSimilarity) -> float | list[float]:
    """Return the noise level of a region: a number, or one for each of several runs."""
    levels: list[float] = found.level.levels.tolist()
    return levels[0] if len(levels) == 1 else levels


def _columns(unit: str) -> dict[str, dict[str, object]]:
    """Return what the columns of dissimilarities mean, with the unit of distances."""
    distances = ("value", "raw", "predicted_bias", "standard_error")
    return {
        name: {**words, **({"Units": unit} if name in distances else {})}
        for name, words in COLUMNS.items()
    }


def _reliability(table: SimilarityTable) -> pd.DataFrame:
    labels = () if table.model is None else table.model.partition_labels
    rows = [
        {
            "region": name,
            "first_half": " ".join(labels[each - 1] for each in split.first_half),
            "second_half": " ".join(labels[each - 1] for each in split.second_half),
            "correlation": split.correlation,
        }
        for name, found in zip(table.names, table.found, strict=True)
        if found
        for split in found.reliability
        if np.isfinite(split.correlation)
    ]
    return pd.DataFrame(rows, columns=list(RELIABILITY_COLUMNS))


def _why_no_reliability(table: SimilarityTable, reliability: pd.DataFrame) -> list[str]:
    if len(reliability) or table.model is None or not any(table.found):
        return []
    if table.model.n_partitions < FEWEST_FOR_HALVES:
        return [
            f"no split-half reliability: {table.model.n_partitions} partitions, and each half "
            "needs two"
        ]
    few = f"{len(table.pairs)} pairs of trial types"
    if len(table.pairs) >= FEWEST_PAIRS:
        few = f"fewer than {FEWEST_PAIRS} pairs of trial types with a value in both halves"
    return [f"no split-half reliability: {few}, and a correlation needs {FEWEST_PAIRS}"]
