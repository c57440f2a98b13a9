"""Small simulated runs that a circuit of two regions answers, and the steps that model them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.interfaces.dcm import EffectiveConnectivity
from bids_ketamine.study.spec import DcmModelSpec, DcmSpec
from tests.interfaces.task_session import (
    N_SCANS,
    T_R,
    Results,
    blocks,
    compute,
    series_of_run,
    write_run,
)

MODEL = DcmModelSpec(
    name="pair",
    task="faces",
    regions=("right", "left"),
    inputs={"both": ("a", "b")},
    driving={"both": ("left",)},
    modulations={"left > right": ("a",), "right>left": ("a",)},
)
#: First and last voxel along x of the regions left and right, and how late they answer, s.
PLACES = ((0, 3, 0.0), (3, 6, 0.6))


def answering_run(
    folder: Path, *, number: str | None = None, seed: int = 0, events: pd.DataFrame | None = None
) -> RunInputs:
    """Write a run whose left and right regions answer every event, the right one more to a."""
    events = blocks() if events is None else events
    fine = np.arange(0.0, N_SCANS * T_R, 0.1)
    response = stats.gamma.pdf(fine[:320], 6) - stats.gamma.pdf(fine[:320], 16) / 6
    data = series_of_run(seed)
    scans = np.arange(N_SCANS) * T_R + T_R / 2
    for first, end, late in PLACES:
        box = np.zeros_like(fine)
        for row in events.itertuples():
            height = 1.0 + (late > 0 and row.trial_type == "a")
            box[(fine >= row.onset) & (fine < row.onset + max(row.duration, 1.0))] += height
        signal = np.interp(scans - late, fine, np.convolve(box, response)[: len(fine)])
        data[first:end, 1:4, 1:4] += 1.5 * signal / np.abs(signal).max()
    return write_run(folder, number=number, events=events, data=data)


class Models(NamedTuple):
    """What the step of the models gives, and that of their task."""

    rows: pd.DataFrame
    folder: Path
    task: Results

    def facts(self, model: str) -> dict[str, Any]:
        """Return the JSON file of a model."""
        (path,) = self.folder.rglob(f"*_model-{model}_desc-dcm_estimates.json")
        return json.loads(path.read_text(encoding="utf-8"))

    def arrays(self, model: str) -> dict[str, np.ndarray]:
        """Return the arrays of a model."""
        (path,) = self.folder.rglob(f"*_model-{model}_desc-dcm_estimates.npz")
        with np.load(path, allow_pickle=False) as found:
            return dict(found)

    def files(self) -> list[str]:
        """Return the names of all files of the models."""
        return sorted(path.name for path in self.folder.rglob("*_estimates.*"))

    def of_model(self, model: str) -> pd.DataFrame:
        """Return the measures of a model by what they are and their regions."""
        own = self.rows[self.rows["contrast"].str.startswith(f"{model} ")]
        kind = own["contrast"].str.removeprefix(f"{model} ")
        return own.assign(kind=kind).set_index(["kind", "regions"])

    def told(self) -> dict[str, dict[str, Any]]:
        """Return what the step says of each model."""
        record = json.loads((self.folder / "step.json").read_text(encoding="utf-8"))
        assert record["Runs"] == []
        return {each["Model"]: each for each in record["Models"]}


def model(
    folder: Path,
    *runs: RunInputs,
    models: Sequence[DcmModelSpec] = (MODEL,),
    settings: DcmSpec | None = None,
    **sections: Any,
) -> Models:
    """Run the step of a task over runs, and that of its models.

    Parameters
    ----------
    folder : Path
        New folder of their files.
    *runs : RunInputs
        Results of :func:`answering_run`.
    models : sequence of DcmModelSpec
        Models of the task.
    settings : DcmSpec, optional
        The section that holds them; of defaults otherwise.
    **sections
        As for :func:`tests.interfaces.task_session.compute`.
    """
    results = compute(folder / "task", *runs, models=models, **sections)
    own = folder / "models"
    own.mkdir()
    step = EffectiveConnectivity(
        session=SessionInputs("01", "pre", "pre", runs, ()),
        fingerprint="small",
        sources={str(runs[0].bold.parent): "prep"},
        dcm=settings or DcmSpec(models=tuple(models)),
        folders=[str(results.folder)],
    )
    step.compute(own)
    return Models(pd.read_pickle(own / "rows.pkl"), own, results)
