"""Memory that a step of a participant-session claims, from the headers of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.images.files import load_image
from bids_ketamine.images.grayordinates_91k import N_GRAYORDINATES
from bids_ketamine.interfaces.dcm_model import structure_of
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.regions.transform import FIELD_GB
from bids_ketamine.study.spec import RestSpec, StudySpec, TaskSpec
from bids_ketamine.workflows.memory import BASE_GB

#: A step holds as much as this many times the whole grid in single precision at its peak: the
#: brain's series, about a quarter of the grid, and blocks of voxels in double precision. A process
#: of 0.6 GB was measured for 233 million values of the grid, of which the libraries take a base.
COPIES = 0.43

#: A resting run of CIFTI, of which a few MB are in memory at a time, takes this many arrays of
#: regions by regions and of volumes by volumes in double precision, beside the libraries. Measured
#: with 394 and 1000 regions and 120 and 1200 volumes: processes of 0.26 to 0.44 GB.
CIFTI_REGIONS, CIFTI_VOLUMES = 15, 7

#: Share of a grid's voxels that lie in the brain.
BRAIN = 0.25

#: A dynamic causal model holds this many arrays of the size of all its regions' designs, and of
#: volumes by volumes, and blocks of matrix exponentials beside them. Measured with 2 and 10
#: regions and 200 to 1600 volumes, which took 0.01 to 0.54 GB.
DCM_DESIGNS, DCM_SQUARES, DCM_BLOCKS_GB = 5, 7, 0.1


def dcm_memory_gb(session: SessionInputs, study: StudySpec, task: TaskSpec) -> float:
    """Estimate the memory of a task's models, of which one is estimated at a time.

    The gradients of all regions with the effects of confounds, and the noise of all volumes with
    each other, in double precision.
    """
    n_volumes = n_confounds = 0
    for run, shape in _shapes(session.runs_of(task.label)):
        n_own = shape[3] if len(shape) == 4 else 1
        n_volumes += n_own
        n_confounds += 1 + int(2.0 * n_own * (run.t_r or 0.0) / study.glm.high_pass_period)
    largest = 0
    for model in study.dcm_models_of(task):
        n_regions = len(model.regions)
        n_columns = len(structure_of(model).free) + n_regions * n_confounds
        largest = max(largest, n_regions * n_volumes * n_columns)
    n_values = DCM_DESIGNS * largest + DCM_SQUARES * n_volumes**2
    return BASE_GB + DCM_BLOCKS_GB + n_values * 8.0 / 1e9


def memory_gb_of(
    session: SessionInputs, task: str, region_sources: Sequence[RegionSource]
) -> float:
    """Estimate the memory of a step from the headers of its runs; one run is read at a time."""
    runs = session.runs_of(task)
    dense = max((_dense_gb(run, len(region_sources)) for run in runs), default=0.0)
    largest = 0.0
    for _, shape in _shapes([run for run in runs if not run.is_grayordinates]):
        voxels = 1.0
        for size in shape:
            voxels *= size
        largest = max(largest, voxels * 4.0 / 1e9)
    # Regions are brought from another template before the series is read, not beside it.
    moved = any(source.transform is not None for source in region_sources)
    return BASE_GB + max(COPIES * largest, dense, FIELD_GB if moved else 0.0)


def rest_memory_gb(
    session: SessionInputs, study: StudySpec, region_sources: Sequence[RegionSource]
) -> float:
    """Estimate the memory of resting connectivity: seed maps keep a part of every run.

    Of each voxel or grayordinate as many numbers are kept as cleaning can leave dimensions
    (:class:`~bids_ketamine.core.connectivity.seed_maps.ResidualBasis`).
    """
    if study.rest is None:
        raise ValueError("a study without rest")
    claimed = memory_gb_of(session, study.rest.task, region_sources)
    if study.cleaning is None or study.networks is None or not study.networks.seed_maps:
        return claimed
    runs = session.runs_of(study.rest.task)
    n_values = 0.0
    for run in runs:
        if run.is_grayordinates:
            n_values += N_GRAYORDINATES * _dimensions(run, _dense_volumes(run), study.rest)
    for run, shape in _shapes([run for run in runs if not run.is_grayordinates]):
        if len(shape) == 4:
            n_voxels = BRAIN * shape[0] * shape[1] * shape[2]
            n_values += n_voxels * _dimensions(run, shape[3], study.rest)
    return claimed + 4.0 * n_values / 1e9


def _dimensions(run: RunInputs, n_volumes: float, rest: RestSpec) -> float:
    """Return how many dimensions a run's band has at most: frequencies of its cosines."""
    if rest.band_pass is None or run.t_r is None:
        return n_volumes
    width = rest.band_pass[1] - rest.band_pass[0]
    return min(n_volumes, 2.0 * n_volumes * run.t_r * width + 1.0)


def _dense_gb(run: RunInputs, n_regions: int) -> float:
    """Estimate what a CIFTI run takes, which is read in blocks of grayordinates."""
    n_volumes = _dense_volumes(run) if run.is_grayordinates else 0.0
    if not n_volumes:
        return 0.0
    n_values = CIFTI_REGIONS * n_regions**2 + CIFTI_VOLUMES * n_volumes**2
    return 8.0 * n_values / 1e9


def _dense_volumes(run: RunInputs) -> float:
    """Return the volumes of a CIFTI run from the size of its file, without reading it."""
    if run.bold is None:
        return 0.0
    try:
        # Single precision; whole numbers are smaller.
        return run.bold.stat().st_size / (4.0 * N_GRAYORDINATES)
    except OSError:
        return 0.0  # the step itself says what is wrong with the file


def _shapes(runs: Sequence[RunInputs]) -> Iterator[tuple[RunInputs, tuple[int, ...]]]:
    """Yield runs that have images, with the shapes that their headers state."""
    for run in runs:
        if run.bold is None:
            continue
        try:
            yield run, load_image(run.bold).shape
        except BidsKetamineError:
            continue  # the step itself says what is wrong with the image
