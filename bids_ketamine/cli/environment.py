"""The process's surroundings, set before anything heavy loads: processors, threads, caches."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import MutableMapping
from pathlib import Path

from bids_ketamine.machine.caches import prepare_caches
from bids_ketamine.machine.control_groups import PROCESS, processor_limit

LOGGER = logging.getLogger("bids_ketamine")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def set_threads(n_threads: int, environment: MutableMapping[str, str]) -> None:
    """Limit the threads of numerical libraries; works only before they are imported.

    Parameters
    ----------
    n_threads : int
        Threads in each process.
    environment : mutable mapping
        ``os.environ``, from which child processes inherit.
    """
    for name in _THREAD_VARIABLES:
        environment[name] = str(n_threads)


def keep_quiet(verbosity: int, environment: MutableMapping[str, str]) -> None:
    """Send nothing anywhere, draw on no screen, and silence other packages' warnings.

    Parameters
    ----------
    verbosity : int
        From one on, warnings of pandas, pybids, nilearn and others are shown.
    environment : mutable mapping
        ``os.environ``, from which child processes inherit.
    """
    environment["NO_ET"] = "1"
    environment["MPLBACKEND"] = "Agg"
    if verbosity == 0:
        environment["PYTHONWARNINGS"] = "ignore"
        warnings.simplefilter("ignore")


def use_caches(
    environment: MutableMapping[str, str], *, last_resort: Path | None = None, keep: bool = True
) -> None:
    """Give libraries folders for what they keep; what goes against the user's word is told.

    Parameters
    ----------
    environment : mutable mapping
        ``os.environ``, from which child processes inherit.
    last_resort : Path, optional
        Folder to be made and used if nothing else can be written to.
    keep : bool
        Whether the last resort stays when the process ends; if not, its name goes on.
    """
    for line in prepare_caches(environment, last_resort=last_resort, keep=keep):
        LOGGER.info("%s", line)


def configure_nipype(
    work_dir: Path, *, verbosity: int, environment: MutableMapping[str, str]
) -> None:
    """Give Nipype and its workers a configuration that keeps them quiet.

    Nipype sets the levels of its loggers when it is imported, in each process anew, so only a
    configuration file reaches them all. One that the user chose is left alone.

    Parameters
    ----------
    work_dir : Path
        Folder of intermediate files, which takes the configuration.
    verbosity : int
        From two on Nipype speaks.
    environment : mutable mapping
        ``os.environ``, from which child processes inherit.
    """
    if environment.get("NIPYPE_CONFIG_DIR"):
        return
    folder = work_dir / "nipype"
    folder.mkdir(parents=True, exist_ok=True)
    level = "INFO" if verbosity >= 2 else "CRITICAL"
    names = ("workflow_level", "utils_level", "interface_level")
    lines = ["[logging]", *(f"{name} = {level}" for name in names)]
    (folder / "nipype.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment["NIPYPE_CONFIG_DIR"] = str(folder)


def available_processors(process: Path = PROCESS) -> int:
    """Return the number of processors that this process may use.

    The least of the scheduler's affinity and the quotas of its control groups; at least 1.

    Parameters
    ----------
    process : Path
        What the kernel tells of this process.
    """
    try:
        granted = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        granted = os.cpu_count() or 1
    quota = processor_limit(process)
    return granted if quota is None else max(1, min(granted, int(quota)))
