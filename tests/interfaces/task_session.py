"""Small simulated runs of a task, and the step that makes everything of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np
import pandas as pd

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.interfaces.glm import TaskModel
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.spec import (
    ConditionSpec,
    ConfoundsSpec,
    ContrastSpec,
    DcmModelSpec,
    GlmSpec,
    GppiSpec,
    InputsSpec,
    RegionSpec,
    RegionsSpec,
    RsaSpec,
    TaskSpec,
)

N_SCANS, T_R = 120, 2.0
SHAPE, AFFINE = (6, 6, 6), np.diag([10.0, 10.0, 10.0, 1.0])
NO_CONFOUNDS = ConfoundsSpec(
    columns=(), compcor_components=0, outliers=None, non_steady_state=False
)
GLM = GlmSpec(noise_model="ols", confounds=NO_CONFOUNDS)
GPPI = GppiSpec(confounds=NO_CONFOUNDS)
#: Voxels of 10 mm: a sphere of 11 mm holds a voxel and its six neighbours.
REGIONS = (
    RegionSpec(name="left", spheres=((10.0, 20.0, 20.0),), radius=11.0),
    RegionSpec(name="right", spheres=((40.0, 20.0, 20.0),), radius=11.0),
    RegionSpec(name="front", spheres=((20.0, 40.0, 30.0),), radius=11.0),
)
TASK = TaskSpec(
    name="faces",
    conditions=(ConditionSpec(name="a"), ConditionSpec(name="b")),
    contrasts=(ContrastSpec(name="aGtB", weights={"a": 1.0, "b": -1.0}),),
)


def blocks(
    names: Sequence[str] = ("a", "b"),
    *,
    number: int = 14,
    duration: float | None = 8.0,
    first: float = 4.0,
) -> pd.DataFrame:
    """Return blocks of conditions in turn, one every 16 s."""
    onsets = first + 16.0 * np.arange(number)
    kinds = [names[each % len(names)] for each in range(number)]
    return pd.DataFrame({"onset": onsets, "duration": duration, "trial_type": kinds})


def series_of_run(seed: int) -> np.ndarray:
    """Return noise around 100, with a drift that all voxels share."""
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(size=N_SCANS)) * 0.1
    return 100.0 + rng.normal(size=(*SHAPE, N_SCANS)) + drift


def write_run(
    folder: Path,
    *,
    number: str | None = None,
    seed: int = 0,
    events: pd.DataFrame | None = None,
    data: np.ndarray | None = None,
    confounds: pd.DataFrame | None = None,
    start_time: float | None = None,
) -> RunInputs:
    """Write a run's files.

    Parameters
    ----------
    folder : Path
        Where they go.
    number : str or None
        ``run`` entity.
    seed : int
        Of its series.
    events : DataFrame, optional
        Events; blocks of a and b in turn by default.
    data : ndarray of shape (6, 6, 6, n_scans), optional
        Series.
    confounds : DataFrame, optional
        Confounds table.
    start_time : float or None
        Reference time within a volume, s; its middle by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"run-{number}"
    data = series_of_run(seed) if data is None else data
    bold, mask = Path(f"{stem}_bold.nii.gz"), Path(f"{stem}_mask.nii.gz")
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), mask)
    paths = {"events": Path(f"{stem}_events.tsv"), "confounds": None}
    table = blocks() if events is None else events
    table.to_csv(paths["events"], sep="\t", index=False, na_rep="n/a")
    if confounds is not None:
        paths["confounds"] = Path(f"{stem}_confounds.tsv")
        confounds.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    return RunInputs(
        task="faces",
        run=number,
        bold=bold,
        mask=mask,
        timeseries=None,
        description="preproc",
        space="MNI152NLin2009cAsym",
        t_r=T_R,
        start_time=start_time,
        slice_timing_corrected=True,
        **paths,
    )


class Results(NamedTuple):
    """Measures and files of the step."""

    rows: pd.DataFrame
    folder: Path

    def measures(self, measure: str) -> pd.DataFrame:
        """Return the rows of a measure by region, or by pair of regions."""
        return self.rows[self.rows["measure"] == measure].set_index("regions")

    def table(self, pattern: str) -> pd.DataFrame:
        """Return the one table whose name ends so."""
        (path,) = self.folder.rglob(f"*{pattern}.tsv")
        return read_table(path)

    def sidecar(self, pattern: str) -> dict[str, Any]:
        """Return the sidecar of the table whose name ends so."""
        (path,) = self.folder.rglob(f"*{pattern}.json")
        return json.loads(path.read_text(encoding="utf-8"))

    def directed(self, effect: str) -> pd.Series:
        """Return the values of an effect on coupling by seed and target."""
        table = self.table("_gppi")
        return table[table["effect"] == effect].set_index(["seed", "target"])["value"]

    def run_facts(self) -> list[dict[str, Any]]:
        """Return what the step says of its runs."""
        return json.loads((self.folder / "step.json").read_text(encoding="utf-8"))["Runs"]


def compute(
    folder: Path,
    *runs: RunInputs,
    task: TaskSpec = TASK,
    regions: Sequence[RegionSpec] = REGIONS,
    glm: GlmSpec = GLM,
    gppi: GppiSpec | None = None,
    rsa: RsaSpec | None = None,
    models: Sequence[DcmModelSpec] = (),
    minimum_coverage: float = 0.5,
) -> Results:
    """Run the step of a task over runs.

    Parameters
    ----------
    folder : Path
        New folder of its files.
    *runs : RunInputs
        Results of :func:`write_run`.
    task, regions, glm, gppi, rsa, models, minimum_coverage
        Sections of the study.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = RegionsSpec(atlas="three", definitions=tuple(regions), minimum_coverage=minimum_coverage)
    step = TaskModel(
        session=SessionInputs("01", "pre", "pre", runs, ()),
        fingerprint="small",
        sources={},
        task=task,
        glm=glm,
        gppi=gppi,
        rsa=rsa,
        models=tuple(models),
        regions=spec,
        region_sources=resolve_regions(spec, space="MNI152NLin2009cAsym"),
        inputs=InputsSpec(smoothing_fwhm=None),
    )
    step.compute(folder)
    return Results(pd.read_pickle(folder / "rows.pkl"), folder)
