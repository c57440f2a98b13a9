"""What :mod:`benchmarks.resting_session` measures, each in a process of its own.

``python -m benchmarks.resting_session_ways make FOLDER T_R`` makes the session;
``... read|measures|seed_maps FOLDER`` does the work once and tells what it took.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.measurement import measured_here, tell
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.interfaces.connectivity import RestingConnectivity
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.load import load_study
from tests.cifti_files import standard_axis, write_labels, write_series

MINUTES, N_RUNS = 6.0, 2
N_GRAYORDINATES, N_CORTEX = 91_282, 59_412
N_PARCELS, N_PARTS = 333, 61
#: Columns of an fMRIPrep confounds table, and the share of volumes with too much motion.
N_CONFOUNDS, CENSORED = 250, 0.1

STUDY = """
name: session
inputs: {{space: fsLR, smoothing_fwhm: null}}
sessions: {{pre: {{label: pre}}}}
regions:
  atlas: made
  whole_atlases: {{made: {{dseg: {labels}}}}}
rest: {{task: rest, pairs: false, minimum_residual_df: 10}}
cleaning: {{models: [30P, 36P], minimum_minutes: 5}}
networks:
  regions:
    default_mode: ["default_*"]
    limbic: ["part_1*"]
    visual: ["visual_*"]
    cortex: ["default_*", "visual_*", "other_*"]
  within: [default_mode, limbic, visual]
  between: {{limbic_default_mode: [limbic, default_mode]}}
  seed_maps: {seeds}
  signal_reference: cortex
"""


def make(folder: Path, t_r: float) -> None:
    """Write the runs of a session, their confounds, and an atlas."""
    n_scans = round(60 * MINUTES / t_r)
    rng = np.random.default_rng(0)
    for number in range(1, N_RUNS + 1):
        data = rng.standard_normal((n_scans, N_GRAYORDINATES), dtype=np.float32)
        data *= 10
        data += 1000
        write_series(_series(folder, number), data, t_r=t_r)
        table = confounds(rng, n_scans)
        table.to_csv(_confounds(folder, number), sep="\t", index=False, na_rep="n/a")
        _confounds(folder, number).with_suffix(".json").write_text("{}")
    keys = np.empty(N_GRAYORDINATES, dtype=int)
    for first, after, start, n in (
        (0, N_CORTEX, 1, N_PARCELS),
        (N_CORTEX, N_GRAYORDINATES, N_PARCELS + 1, N_PARTS),
    ):
        places = np.array_split(np.arange(first, after), n)
        keys[first:after] = np.repeat(np.arange(start, start + n), [len(each) for each in places])
    kinds = ["default"] * 41 + ["visual"] * 39 + ["other"] * (N_PARCELS - 80) + ["part"] * N_PARTS
    names = {number: f"{kind}_{number}" for number, kind in enumerate(kinds, start=1)}
    names |= {N_PARCELS + one: f"part_{one}" for one in range(1, N_PARTS + 1)}
    write_labels(folder / "made.dlabel.nii", keys, names, standard_axis())
    (folder / "session.json").write_text(json.dumps({"t_r": t_r}))
    size = sum(_series(folder, number).stat().st_size for number in (1, 2))
    print(
        f"{N_RUNS} runs of {n_scans} volumes ({t_r:g} s), {N_GRAYORDINATES:,} grayordinates, "
        f"{size / 1e6:.0f} MB; {N_PARCELS} + {N_PARTS} regions, 30P and 36P, "
        f"{CENSORED:.0%} of the volumes censored"
    )


def confounds(rng: np.random.Generator, n_scans: int) -> pd.DataFrame:
    """Return a table as fMRIPrep writes it: motion, tissue signals, and much else."""
    signals = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    signals += ["csf", "white_matter", "global_signal"]
    columns: dict[str, np.ndarray] = {}
    for name in signals:
        values = 0.01 * rng.standard_normal(n_scans).cumsum()
        slope = np.concatenate([[np.nan], np.diff(values)])
        columns |= {name: values, f"{name}_derivative1": slope}
        columns |= {f"{name}_power2": values**2, f"{name}_derivative1_power2": slope**2}
    displacement = rng.uniform(0.05, 0.2, n_scans)
    displacement[rng.choice(n_scans, round(CENSORED * n_scans), replace=False)] = 0.6
    displacement[0] = np.nan
    columns |= {"framewise_displacement": displacement, "std_dvars": rng.normal(1, 0.1, n_scans)}
    for number in range(N_CONFOUNDS - len(columns)):
        columns[f"a_comp_cor_{number:02d}"] = rng.standard_normal(n_scans)
    return pd.DataFrame(columns)


def read(folder: Path) -> None:
    """Read the arrays of all runs with nibabel, as a script would."""
    arrays = [
        np.array(np.asanyarray(nib.load(_series(folder, number)).dataobj))
        for number in range(1, N_RUNS + 1)
    ]
    if sum(array.shape[1] for array in arrays) != N_RUNS * N_GRAYORDINATES:
        raise ValueError("other arrays")


def step(folder: Path, seeds: str) -> Callable[[], None]:
    """Return the work of the app's step, all of the study and the session's files at hand."""
    path = folder / "study.yml"
    path.write_text(STUDY.format(labels=folder / "made.dlabel.nii", seeds=seeds))
    study = load_study(str(path)).spec
    if study.rest is None:
        raise ValueError("a study without rest")
    t_r = json.loads((folder / "session.json").read_text())["t_r"]
    runs = tuple(_run(folder, number, t_r) for number in range(1, N_RUNS + 1))
    sources = resolve_regions(study.regions, space=study.inputs.space)
    made = Path(tempfile.mkdtemp(dir=folder))
    interface = RestingConnectivity(
        session=SessionInputs("01", "pre", "pre", runs, ()),
        fingerprint="benchmark",
        sources={str(folder): "made"},
        rest=study.rest,
        cleaning=study.cleaning,
        networks=study.networks,
        regions=study.regions,
        region_sources=sources,
        inputs=study.inputs,
    )

    def work() -> None:
        # As many threads as the step of a session has by default.
        with threadpool_limits(limits=interface.inputs.omp_n_threads):
            interface.compute(made)

    return work


def _series(folder: Path, number: int) -> Path:
    name = f"sub-01_ses-pre_task-rest_run-{number}_space-fsLR_den-91k_bold.dtseries.nii"
    return folder / name


def _confounds(folder: Path, number: int) -> Path:
    return folder / f"sub-01_ses-pre_task-rest_run-{number}_desc-confounds_timeseries.tsv"


def _run(folder: Path, number: int, t_r: float) -> RunInputs:
    return RunInputs(
        task="rest",
        run=str(number),
        bold=_series(folder, number),
        mask=None,
        confounds=_confounds(folder, number),
        events=None,
        timeseries=None,
        description="",
        space="fsLR",
        t_r=t_r,
        start_time=None,
        slice_timing_corrected=True,
    )


def main(argv: Sequence[str]) -> None:
    """Make the session, or do one piece of work and tell what it took."""
    way, folder = argv[0], Path(argv[1])
    if way == "make":
        make(folder, float(argv[2]))
        return
    if way == "read":
        measured, _ = measured_here(lambda: read(folder))
    else:
        measured, _ = measured_here(
            step(folder, {"measures": "[]", "seed_maps": "[limbic, default_mode]"}[way])
        )
    tell(measured)


if __name__ == "__main__":
    main(sys.argv[1:])
