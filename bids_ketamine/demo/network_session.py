"""Simulates and writes the runs of one participant-session of the trial of resting networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bids_ketamine.demo import network_sidecars, sidecars
from bids_ketamine.demo.brain import load_brain
from bids_ketamine.demo.cifti_files import write_series
from bids_ketamine.demo.confounds import confounds_table
from bids_ketamine.demo.files import write_columns, write_image, write_json
from bids_ketamine.demo.network_grayordinates import sampled_voxels
from bids_ketamine.demo.network_groups import network_fluctuations
from bids_ketamine.demo.network_model import NetworkModel
from bids_ketamine.demo.network_participants import RUNS, NetworkParticipant
from bids_ketamine.demo.network_regions import owner_weights, voxel_owners
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.session import INTENSITY_STEP, PLACEHOLDER_SIZE, SPACE
from bids_ketamine.demo.simulate import SimulatedRun, simulate_run
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import N_SLICES, T_R

#: What a run is written as: volumes of a template, CIFTI series, or both.
VOLUME, CIFTI, BOTH = FORMS = ("volume", "cifti", "both")

GRAYORDINATES = "fsLR_den-91k"


class NetworkSessionWriter:
    """Simulates and writes the runs of one participant-session after the other.

    Parameters
    ----------
    out : Path
        Root of the raw dataset.
    seed : int
        Seed of the trial.
    resolution : int
        Voxel size, mm.
    n_volumes : int
        Length of a run.
    form : str
        One of `FORMS`.
    model, noise : NetworkModel, ForwardModel
        All numbers.
    """

    def __init__(
        self,
        out: Path,
        *,
        seed: int,
        resolution: int,
        n_volumes: int,
        form: str,
        model: NetworkModel,
        noise: ForwardModel,
    ) -> None:
        self.out = out
        self.seed = seed
        self.n_volumes = n_volumes
        self.form = form
        self.model = model
        self.noise = noise
        self.brain = load_brain(resolution)
        self.weights = owner_weights(voxel_owners(self.brain))
        self.sampled = None if form == VOLUME else sampled_voxels(self.brain)

    def write(self, participant: NetworkParticipant, scan: str) -> None:
        """Write all runs of a participant-session."""
        for number in RUNS:
            stem = run_stem(participant.label, scan, number)
            self.write_raw(stem)
            self.write_preprocessed(stem, self.simulate(participant, scan, number))

    def simulate(self, participant: NetworkParticipant, scan: str, number: int) -> SimulatedRun:
        """Return one run of one participant."""
        names = (participant.label, f"ses-{scan}", f"run-{number}")
        signals = self.noise.fluctuation_rest.value * network_fluctuations(
            participant.truth[scan],
            n_volumes=self.n_volumes,
            t_r=T_R,
            low=self.noise.fluctuation_low.value,
            high=self.noise.fluctuation_high.value,
            generator=generator(self.seed, *names, "fluctuations"),
        )
        return simulate_run(
            region_signals=signals,
            weights=self.weights,
            mean_fd=participant.mean_fd[scan, number],
            t_r=T_R,
            brain=self.brain,
            model=self.noise,
            generator=generator(self.seed, *names, "noise"),
            breathing=self.model.breathing_motion.value,
        )

    def write_raw(self, stem: str) -> None:
        """Write the placeholder of the raw series."""
        shape = (self.n_volumes, N_SLICES, PLACEHOLDER_SIZE, PLACEHOLDER_SIZE)
        write_image(
            self.out / f"{stem}_bold.nii.gz",
            np.zeros(shape, dtype=np.int16),
            affine=np.eye(4),
            t_r=T_R,
            slope=1.0,
            template_space=False,
        )

    def write_preprocessed(self, stem: str, run: SimulatedRun) -> None:
        """Write the preprocessed series in the wanted form, and its confounds."""
        source = f"{stem}_bold.nii.gz"
        target = self.out / "derivatives/fmriprep" / stem
        stored = np.rint(run.intensity / INTENSITY_STEP).astype(np.int16)
        if self.form != CIFTI:
            self._write_volume(Path(f"{target}_space-{SPACE}"), stored, source)
        if self.sampled is not None:
            start = Path(f"{target}_space-{GRAYORDINATES}_bold")
            start.parent.mkdir(parents=True, exist_ok=True)
            write_series(
                Path(f"{start}.dtseries.nii"),
                stored[:, self.sampled],
                t_r=T_R,
                slope=INTENSITY_STEP,
            )
            write_json(Path(f"{start}.json"), network_sidecars.grayordinates(source))
        columns, metadata = confounds_table(
            intensity=stored * np.float32(INTENSITY_STEP),
            motion=run.motion,
            displacement=run.displacement,
            n_saturated=run.n_saturated,
            t_r=T_R,
            brain=self.brain,
        )
        write_columns(f"{target}_desc-confounds_timeseries", columns, metadata)

    def _write_volume(self, start: Path, stored: NDArray[np.int16], source: str) -> None:
        images: Sequence[
            tuple[str, NDArray[np.integer], float | None, float, dict[str, object]]
        ] = (
            ("desc-preproc_bold", stored, T_R, INTENSITY_STEP, network_sidecars.volume(source)),
            (
                "desc-brain_mask",
                self.brain.mask.astype(np.uint8),
                None,
                1.0,
                sidecars.brain_mask(source),
            ),
        )
        for name, values, t_r, slope, sidecar in images:
            write_image(
                Path(f"{start}_{name}.nii.gz"),
                self.brain.volume(values),
                affine=self.brain.affine,
                t_r=t_r,
                slope=slope,
                template_space=True,
            )
            write_json(Path(f"{start}_{name}.json"), sidecar)


def run_stem(label: str, scan: str, number: int) -> str:
    """Return the start of a run's file names, from the dataset's root.

    Examples
    --------
    >>> run_stem("sub-001", "pre1", 2)
    'sub-001/ses-pre1/func/sub-001_ses-pre1_task-rest_run-2'
    """
    return f"{label}/ses-{scan}/func/{label}_ses-{scan}_task-rest_run-{number}"
