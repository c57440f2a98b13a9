"""Simulates and writes the runs of one participant-session: raw placeholders and derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bids_ketamine.demo import sidecars
from bids_ketamine.demo.brain import load_brain
from bids_ketamine.demo.circuit import CIRCUIT_REGIONS, circuit_signals
from bids_ketamine.demo.confounds import confounds_table
from bids_ketamine.demo.coupling import correlation_matrix, coupled_fluctuations
from bids_ketamine.demo.files import write_columns, write_image, write_json, write_table
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import Participant
from bids_ketamine.demo.regions import (
    MARGIN,
    REGIONS,
    TAPER,
    VISUAL_CORTEX,
    FloatArray,
    circuit_pieces,
    region_weights,
)
from bids_ketamine.demo.simulate import SimulatedRun, simulate_run
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import N_SLICES, T_R, Task, Trial, activation, trials_of_run

SPACE = "MNI152NLin2009cAsym"

#: Intensity of one step of the stored integers: a quarter of the noise, so little is lost.
INTENSITY_STEP = 4.0

#: Grid of the placeholder images: voxels in plane; as many slices as the sidecar times.
PLACEHOLDER_SIZE = 2


class SessionWriter:
    """Simulates and writes the runs of one participant-session after the other.

    Parameters
    ----------
    out : Path
        Root of the raw dataset.
    seed : int
        Seed of the trial.
    resolution : int
        Voxel size, mm.
    model : ForwardModel
        All parameters.
    """

    def __init__(self, out: Path, *, seed: int, resolution: int, model: ForwardModel) -> None:
        self.out = out
        self.seed = seed
        self.model = model
        self.brain = load_brain(resolution)
        self.weights = (
            region_weights(
                coordinates=self.brain.coordinates,
                regions=circuit_pieces(),
                margin=MARGIN,
                taper=TAPER,
            )
            * self.brain.mask
        )

    def write(self, participant: Participant, session: str, tasks: Sequence[Task]) -> None:
        """Write all runs of a participant-session."""
        for task in tasks:
            names = (participant.label, f"ses-{session}", task.label)
            trials = trials_of_run(task, participant.label, session, seed=self.seed)
            run = self.simulate(participant, session, task, trials)
            self.write_raw(names, task, trials)
            self.write_preprocessed(names, task, run)

    def simulate(
        self, participant: Participant, session: str, task: Task, trials: list[Trial]
    ) -> SimulatedRun:
        """Return one run of one participant."""
        names = (participant.label, f"ses-{session}", task.label)
        return simulate_run(
            region_signals=region_signals(
                participant=participant,
                session=session,
                task=task,
                trials=trials,
                model=self.model,
                source=generator(self.seed, *names, "fluctuations"),
            ),
            weights=self.weights,
            mean_fd=participant.mean_fd[session, task.label],
            t_r=T_R,
            brain=self.brain,
            model=self.model,
            generator=generator(self.seed, *names, "noise"),
        )

    def write_raw(self, names: tuple[str, str, str], task: Task, trials: list[Trial]) -> None:
        """Write the placeholder of the raw series, and its events."""
        stem = raw_stem(names)
        voxels = np.zeros(
            (task.n_volumes, N_SLICES, PLACEHOLDER_SIZE, PLACEHOLDER_SIZE), dtype=np.int16
        )
        write_image(
            self.out / f"{stem}_bold.nii.gz",
            voxels,
            affine=np.eye(4),
            t_r=T_R,
            slope=1.0,
            template_space=False,
        )
        if trials:
            write_table(self.out / f"{stem}_events.tsv", Trial._fields, trials)

    def write_preprocessed(
        self, names: tuple[str, str, str], task: Task, run: SimulatedRun
    ) -> None:
        """Write the preprocessed series, its mask and its confounds."""
        source = f"{raw_stem(names)}_bold.nii.gz"
        stem = self.out / "derivatives/fmriprep" / raw_stem(names)
        spatial = f"{stem}_space-{SPACE}"
        stored = np.rint(run.intensity / INTENSITY_STEP).astype(np.int16)
        write_image(
            Path(f"{spatial}_desc-preproc_bold.nii.gz"),
            self.brain.volume(stored),
            affine=self.brain.affine,
            t_r=T_R,
            slope=INTENSITY_STEP,
            template_space=True,
        )
        write_json(
            Path(f"{spatial}_desc-preproc_bold.json"), sidecars.preprocessed_bold(task, source)
        )
        write_image(
            Path(f"{spatial}_desc-brain_mask.nii.gz"),
            self.brain.volume(self.brain.mask.astype(np.uint8)),
            affine=self.brain.affine,
            t_r=None,
            slope=1.0,
            template_space=True,
        )
        write_json(Path(f"{spatial}_desc-brain_mask.json"), sidecars.brain_mask(source))
        columns, metadata = confounds_table(
            intensity=stored * np.float32(INTENSITY_STEP),
            motion=run.motion,
            displacement=run.displacement,
            n_saturated=run.n_saturated,
            t_r=T_R,
            brain=self.brain,
        )
        write_columns(f"{stem}_desc-confounds_timeseries", columns, metadata)


def raw_stem(names: tuple[str, str, str]) -> str:
    """Return the start of a run's file names, from the dataset's root."""
    participant, session, task = names
    return f"{participant}/{session}/func/{participant}_{session}_task-{task}"


def region_signals(
    *,
    participant: Participant,
    session: str,
    task: Task,
    trials: list[Trial],
    model: ForwardModel,
    source: np.random.Generator,
) -> FloatArray:
    """Return activation plus slow fluctuations of each region, visual cortex last.

    In the face task vmPFC and amygdala answer as their circuit does.

    Returns
    -------
    ndarray of shape (n_volumes, n_regions + 1)
        Percent signal change.
    """
    names = (*REGIONS, VISUAL_CORTEX)
    common = dict.fromkeys(REGIONS, model.common_response.value)
    common |= dict.fromkeys(VISUAL_CORTEX, model.visual_response.value)
    signals = activation(
        task=task,
        trials=trials,
        common=common,
        amplitudes=participant.activation.get(task.label, {}),
        regions=names,
    )
    strength = model.fluctuation_task if task.make_trials else model.fluctuation_rest
    fluctuations = coupled_fluctuations(
        correlation=correlation_matrix(participant.coupling_in(session)),
        n_volumes=task.n_volumes,
        t_r=T_R,
        low=model.fluctuation_low.value,
        high=model.fluctuation_high.value,
        generator=source,
    )
    if task.circuit:
        places = [names.index(region) for region in CIRCUIT_REGIONS]
        signals[:, places] = circuit_signals(
            participant.circuit[session], trials=trials, n_volumes=task.n_volumes
        )
    signals[:, : len(REGIONS)] += strength.value * fluctuations
    return signals
