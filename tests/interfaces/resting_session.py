"""Small resting sessions with confounds, and the step that cleans and connects them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.confounds import power_displacement
from bids_ketamine.core.nuisance import MOTION
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.interfaces.connectivity import RestingConnectivity
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.spec import (
    CleaningSpec,
    InputsSpec,
    NetworksSpec,
    RegionSpec,
    RegionsSpec,
    RestSpec,
)
from tests.interfaces.task_session import N_SCANS, SHAPE, T_R, write_run

BAND = (0.009, 0.08)
REST = RestSpec(band_pass=BAND, minimum_residual_df=1)
CLEANING = CleaningSpec(models=("30P",), minimum_minutes=0.0)
#: Spheres of seven voxels of 10 mm.
REGIONS = tuple(
    RegionSpec(name=name, spheres=(centre,), radius=11.0)
    for name, centre in {
        "a1": (10.0, 20.0, 20.0),
        "a2": (40.0, 20.0, 20.0),
        "b1": (20.0, 40.0, 30.0),
        "b2": (40.0, 40.0, 40.0),
        "c": (20.0, 10.0, 40.0),
    }.items()
)
NAMES = [region.name for region in REGIONS]
NETWORKS = NetworksSpec(
    regions={"a": ("a*",), "b": ("b1", "b2"), "rest": ("c", "b1")},
    within=("a", "b"),
    between={"a_b": ("a", "b")},
    signal_reference="b",
)


def confounds_table(
    seed: int = 0, *, n_scans: int = N_SCANS, moved: Sequence[int] = (), t_r: float = T_R
) -> pd.DataFrame:
    """Return a confounds table as fMRIPrep writes it; the head jumps in some volumes."""
    rng = np.random.default_rng(1000 + seed)
    motion = np.cumsum(rng.normal(size=(n_scans, 6)), axis=0) * np.repeat([0.01, 1e-4], 3)
    for volume in moved:
        motion[volume:, 0] += 0.5
    table = pd.DataFrame(motion, columns=list(MOTION))
    for name in ("csf", "white_matter", "global_signal"):
        table[name] = 500.0 + np.cumsum(rng.normal(size=n_scans))
    table["std_dvars"] = np.r_[np.nan, 1.0 + 0.05 * rng.normal(size=n_scans - 1)]
    table["framewise_displacement"] = power_displacement(motion)
    return table


def rest_run(
    folder: Path, *, number: str | None = None, seed: int = 0, **further: Any
) -> RunInputs:
    """Write a resting run of images with confounds."""
    confounds = further.pop("confounds", None)
    confounds = confounds_table(seed) if confounds is None else confounds
    run = write_run(folder, number=number, seed=seed, confounds=confounds, **further)
    return replace(run, task="rest", events=None)


class Connected(NamedTuple):
    """Measures and files of a session."""

    rows: pd.DataFrame
    folder: Path

    def row(self, measure: str, regions: str) -> pd.Series:
        """Return the one row of a measure."""
        rows = self.rows
        (place,) = np.flatnonzero((rows["measure"] == measure) & (rows["regions"] == regions))
        return rows.iloc[place]

    def table(self, ending: str) -> pd.DataFrame:
        """Return the one table whose name ends so."""
        (path,) = self.folder.rglob(f"*{ending}.tsv")
        return read_table(path)

    def tables(self, ending: str) -> list[pd.DataFrame]:
        """Return all tables whose names end so, in order."""
        return [read_table(path) for path in sorted(self.folder.rglob(f"*{ending}.tsv"))]

    def sidecar(self, ending: str) -> dict[str, Any]:
        """Return the sidecar of the file whose name ends so."""
        (path,) = self.folder.rglob(f"*{ending}.json")
        return json.loads(path.read_text(encoding="utf-8"))

    @property
    def record(self) -> dict[str, Any]:
        """What the step has to say."""
        return json.loads((self.folder / "step.json").read_text(encoding="utf-8"))


def connect(
    folder: Path,
    *runs: RunInputs,
    cleaning: CleaningSpec | None = CLEANING,
    networks: NetworksSpec | None = NETWORKS,
    rest: RestSpec = REST,
    regions: Sequence[RegionSpec] = REGIONS,
    spec: RegionsSpec | None = None,
    space: str = "MNI152NLin2009cAsym",
) -> Connected:
    """Run the step over runs."""
    folder.mkdir(parents=True)
    spec = spec or RegionsSpec(atlas="five", definitions=tuple(regions))
    RestingConnectivity(
        session=SessionInputs("01", "pre", "pre", runs, ()),
        fingerprint="small",
        sources={},
        rest=rest,
        cleaning=cleaning,
        networks=networks,
        regions=spec,
        region_sources=resolve_regions(spec, space=space),
        inputs=InputsSpec(smoothing_fwhm=None),
    ).compute(folder)
    return Connected(pd.read_pickle(folder / "rows.pkl"), folder)


def sphere_means(data: np.ndarray) -> np.ndarray:
    """Return the mean series of the regions, shape (n_scans, n_regions), by hand."""
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * 10.0
    data = data.astype(np.float32)
    return np.column_stack(
        [
            data[np.linalg.norm(index - region.spheres[0], axis=-1) <= region.radius]
            .astype(float)
            .mean(axis=0)
            for region in REGIONS
        ]
    )
