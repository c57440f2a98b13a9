"""One session of the demo trial as fMRIPrep would write it at 2 mm.

``python -m benchmarks.full_resolution FOLDER TASK [TASK ...]`` makes what is not there yet. The
demo's own generator and writer make the runs; the head is put into the whole grid of
MNI152NLin2009cAsym at 2 mm (97 x 115 x 97), zero outside, as integers without a scale.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_limits

from bids_ketamine.demo import session
from bids_ketamine.demo.brain import Brain
from bids_ketamine.demo.dataset import write_trial_files
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import plan_participant
from bids_ketamine.demo.simulate import SimulatedRun
from bids_ketamine.demo.tasks import TASKS, Task

SEED = 0
PARTICIPANT, SESSION = "01", "pre"

#: Grid of fMRIPrep's ``MNI152NLin2009cAsym:res-2``.
GRID_SHAPE = (97, 115, 97)
GRID_ORIGIN = np.array([-96.0, -132.0, -78.0])
VOXEL_SIZE = 2.0


class FullGridWriter(session.SessionWriter):
    """Writes images of the whole field of view; the simulation needs the head alone."""

    def write_preprocessed(
        self, names: tuple[str, str, str], task: Task, run: SimulatedRun
    ) -> None:
        """Write the preprocessed series, its mask and its confounds."""
        cropped, self.brain = self.brain, whole_grid(self.brain)
        # fMRIPrep writes integers as the scanner does, without a scale.
        with mock.patch.object(session, "INTENSITY_STEP", 1.0):
            super().write_preprocessed(names, task, run)
        self.brain = cropped


def whole_grid(brain: Brain) -> Brain:
    """Return a head, cropped to its bounds, in the template's whole grid."""
    first = np.rint((brain.affine[:3, 3] - GRID_ORIGIN) / VOXEL_SIZE).astype(int)
    affine = np.diag([VOXEL_SIZE, VOXEL_SIZE, VOXEL_SIZE, 1.0])
    affine[:3, 3] = GRID_ORIGIN
    head = np.zeros(GRID_SHAPE[::-1], dtype=bool)
    places = tuple(
        slice(start, start + extent)
        for start, extent in zip(first[::-1], brain.head.shape, strict=True)
    )
    head[places] = brain.head
    return replace(brain, affine=affine, head=head)


def func_folder(trial: Path) -> Path:
    """Return the folder of the session's preprocessed runs."""
    within = Path(f"sub-{PARTICIPANT}") / f"ses-{SESSION}" / "func"
    return trial / "derivatives" / "fmriprep" / within


def series_of(trial: Path, task: str) -> Path:
    """Return the preprocessed series of a task."""
    stem = f"sub-{PARTICIPANT}_ses-{SESSION}_task-{task}_space-{session.SPACE}"
    return func_folder(trial) / f"{stem}_desc-preproc_bold.nii.gz"


def make_session(trial: Path, tasks: list[str]) -> None:
    """Make the dataset, and the runs of tasks that it lacks."""
    model = ForwardModel()
    participant = plan_participant(0, seed=SEED, effect=True, model=model)
    write_trial_files(trial, [participant], list(TASKS.values()), seed=SEED, effect=True)
    # The confounds' sidecar is the last file of a run.
    stem = f"sub-{PARTICIPANT}_ses-{SESSION}_task-%s_desc-confounds_timeseries.json"
    lacking = [TASKS[task] for task in tasks if not (func_folder(trial) / (stem % task)).exists()]
    if lacking:
        writer = FullGridWriter(trial, seed=SEED, resolution=int(VOXEL_SIZE), model=model)
        with threadpool_limits(limits=1, user_api="blas"):
            writer.write(participant, SESSION, lacking)


if __name__ == "__main__":
    make_session(Path(sys.argv[1]), sys.argv[2:])
