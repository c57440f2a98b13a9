"""Files of generalized PPI: a table of every seed and target, and a matrix of each contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.connectivity.gppi import PpiEstimates, two_sided_p
from bids_ketamine.interfaces.contrasts import FittedRun
from bids_ketamine.interfaces.gppi_effects import Effects
from bids_ketamine.outputs.patterns import output_name, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.regions.centres import region_centres
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import GppiSpec, TaskSpec

#: Variance inflation, and size of the correlation with the task, above which an interaction can
#: hardly be told from the other columns of its model.
HIGHEST_INFLATION, HIGHEST_CORRELATION = 10.0, 0.9

COLUMNS: dict[str, dict[str, object]] = {
    "seed": {"Description": "Region whose coupling is modulated"},
    "target": {"Description": "Region whose series is modelled"},
    "effect": {"Description": "Contrast of the study, or condition"},
    "kind": {
        "Description": "What the effect is",
        "Levels": {"contrast": "Weighted sum over conditions", "condition": "One condition"},
    },
    "value": {"Description": "Effect of the seed on the target"},
    "standard_error": {
        "Description": "Its standard error, with the serial correlation of the residuals"
    },
    "residual_df": {"Description": "Effective degrees of freedom"},
    "p": {
        "Description": "Two-sided tail probability of value / standard_error, not corrected for "
        "the number of pairs"
    },
    "variance_inflation": {
        "Description": "Variance of the regression effect over what it would be if the columns "
        "of the seed's model were orthogonal; for correlations, which are of each condition by "
        "itself, the largest of the conditions that the effect weights. inf where the interaction "
        "is a combination of other columns, n/a where the seed or the effect cannot be modelled"
    },
    "task_correlation": {
        "Description": "Correlation of the effect's interaction with its task regressor"
    },
    "reason": {"Description": "Why the value is missing"},
}

#: Columns in the unit of the effects.
IN_UNIT = ("value", "standard_error")


class InteractionTable(NamedTuple):
    """Generalized PPI of a task.

    Attributes
    ----------
    regions : sequence of Region
        Seeds and targets.
    effects : Effects
        What was looked at.
    estimates : PpiEstimates
        Values.
    reasons : ndarray of str, shape (n_regions, n_regions)
        Why a pair has none.
    gppi, task : GppiSpec, TaskSpec
        Sections of the study.
    unit : str
        Unit of the values.
    notes : tuple of str
        What a reader should know.
    confounds : tuple of (tuple of str)
        Nuisance regressors of each run.
    condition_volumes : mapping of str to float, or None
        Sum of each condition's regressor over the volumes of all runs; None where regressors are
        filtered (method spm).
    """

    regions: Sequence[Region]
    effects: Effects
    estimates: PpiEstimates
    reasons: np.ndarray
    gppi: GppiSpec
    task: TaskSpec
    unit: str
    notes: tuple[str, ...]
    confounds: tuple[tuple[str, ...], ...]
    condition_volumes: Mapping[str, float] | None

    def directed(
        self, position: int, seed: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return an effect of seeds on targets, and why it is missing where it is."""
        return self._told(self.estimates.value, position, seed, target)

    def pair_values(
        self, position: int, first: np.ndarray, second: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of both directions of pairs, and why it is missing where it is."""
        return self._told(self.estimates.mean, position, first, second)

    def _told(
        self, values: np.ndarray, position: int, first: np.ndarray, second: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        found = values[first, second, position].copy()
        reasons = self.reasons[first, second].copy()
        reasons[reasons == ""] = self.effects.reasons[position]
        unexplained = ~np.isfinite(found) & (reasons == "")
        reasons[unexplained] = (
            "the interaction is a combination of the seed, the task and the other interactions"
        )
        found[reasons != ""] = np.nan
        return found, reasons

    def nearly_collinear(self) -> list[dict[str, Any]]:
        """Return seeds and contrasts whose interaction can hardly be told from other columns.

        Not those without any value: the table says why they have none.
        """
        found = []
        others = ~np.eye(len(self.regions), dtype=bool)
        for position in range(self.effects.n_contrasts):
            for number, region in enumerate(self.regions):
                (targets,) = np.nonzero(others[number])
                value, _ = self.directed(position, np.full_like(targets, number), targets)
                if not np.isfinite(value).any():
                    continue
                inflation = float(self.estimates.variance_inflation[number, position])
                correlation = float(self.estimates.task_correlation[number, position])
                if inflation > HIGHEST_INFLATION or abs(correlation) > HIGHEST_CORRELATION:
                    found.append(
                        {
                            "seed": region.name,
                            "effect": self.effects.names[position],
                            "variance_inflation": inflation,
                            "task_correlation": correlation,
                        }
                    )
        return found


class Place(NamedTuple):
    """Where files go, and what they are made from.

    Attributes
    ----------
    folder : Path
        Folder in the layout of the session's output.
    prefix : str
        Start of file names.
    runs : tuple of FittedRun
        Runs that went in.
    atlas : str
        Name of the regions in file names.
    datasets : mapping of str to str
        Dataset name of each input folder.
    """

    folder: Path
    prefix: str
    runs: tuple[FittedRun, ...]
    atlas: str
    datasets: Mapping[str, str]

    @property
    def names(self) -> dict[str, str]:
        """Parts of file names."""
        first = self.runs[0].run
        stem = task_stem(self.prefix, first.task, first.entities)
        return {"task": stem, "space": first.space, "atlas": self.atlas}

    @property
    def sources(self) -> list[str]:
        """BIDS URIs of the runs' files."""
        return bids_uris([path for each in self.runs for path in each.run.files], self.datasets)


def write_pairs(place: Place, table: InteractionTable) -> None:
    """Write the table of every seed, target and effect, with its sidecar.

    Parameters
    ----------
    place : Place
        Where it goes.
    table : InteractionTable
        What it holds.
    """
    estimates, effects = table.estimates, table.effects
    n_regions = len(table.regions)
    seed, target = np.nonzero(~np.eye(n_regions, dtype=bool))
    names = np.array([region.name for region in table.regions], dtype=object)
    parts = []
    for position in range(len(effects.names)):
        value, reasons = table.directed(position, seed, target)
        known = np.isfinite(value)
        error = np.where(known, estimates.standard_error[seed, target, position], np.nan)
        df = np.where(known, estimates.residual_df[seed], np.nan)
        modelled = np.nan if effects.reasons[position] else 1.0
        parts.append(
            pd.DataFrame(
                {
                    "seed": names[seed],
                    "target": names[target],
                    "effect": effects.names[position],
                    "kind": effects.kind(position),
                    "value": value,
                    "standard_error": error,
                    "residual_df": df,
                    "p": two_sided_p(value, error, df),
                    "variance_inflation": modelled * estimates.variance_inflation[seed, position],
                    "task_correlation": modelled * estimates.task_correlation[seed, position],
                    "reason": reasons,
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    conditions = [each.name for each in table.task.conditions]
    volumes = {}
    if table.condition_volumes is not None:
        volumes["ConditionVolumes"] = dict(table.condition_volumes)
    extra = {
        **_facts(place, table),
        "Conditions": conditions,
        "Contrasts": {
            name: dict(zip(conditions, weights, strict=True))
            for name, weights in zip(
                effects.names[: effects.n_contrasts], effects.weights, strict=False
            )
        },
        **volumes,
        "Confounds": [list(names) for names in table.confounds],
        "VarianceInflationLimit": HIGHEST_INFLATION,
        "TaskCorrelationLimit": HIGHEST_CORRELATION,
        "NearlyCollinear": table.nearly_collinear(),
        "Notes": list(table.notes),
    }
    path = place.folder / output_name("gppi", **place.names)
    columns = COLUMNS | {name: COLUMNS[name] | {"Units": table.unit} for name in IN_UNIT}
    write_table(path, rows, columns=columns, extra=extra)


def write_matrices(place: Place, table: InteractionTable) -> None:
    """Write the matrix of each contrast, seeds in rows, targets in columns.

    Parameters
    ----------
    place : Place
        Where they go.
    table : InteractionTable
        What they hold.
    """
    names = [region.name for region in table.regions]
    seed, target = np.nonzero(~np.eye(len(names), dtype=bool))
    for position in range(table.effects.n_contrasts):
        name = table.effects.names[position]
        matrix = np.full((len(names), len(names)), np.nan)
        matrix[seed, target], _ = table.directed(position, seed, target)
        rows = pd.DataFrame(matrix, columns=names)
        rows.insert(0, "Node", names)
        weights = table.effects.weights[position]
        conditions = [each.name for each in table.task.conditions]
        write_table(
            place.folder / output_name("gppi_relmat", contrast=name, **place.names),
            rows,
            columns={"Node": {"Description": "Seed"}}
            | {
                each: {"Description": "Effect on the region", "Units": table.unit} for each in names
            },
            extra={
                "Description": f"Generalized PPI of the contrast {name}, seeds in rows",
                "Directed": True,
                "Weights": dict(zip(conditions, weights, strict=True)),
                **_facts(place, table),
            },
        )


def _facts(place: Place, table: InteractionTable) -> dict[str, Any]:
    """Return what the sidecars of table and matrices share."""
    first, gppi = place.runs[0], table.gppi
    band = gppi.band_pass
    return {
        "Method": gppi.method,
        "Measure": gppi.measure,
        "Units": table.unit,
        "BandPass": None if band is None or gppi.method == "spm" else list(band),
        "RepetitionTime": first.run.t_r,
        "Volumes": [each.facts["Volumes"] for each in place.runs],
        "Runs": len(place.runs),
        "RegionCentres": region_centres(table.regions, first.grid),
        "Sources": place.sources,
    }
