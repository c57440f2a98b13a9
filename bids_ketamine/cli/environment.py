"""The process's surroundings: processors, threads, warnings; set before anything heavy loads."""

from __future__ import annotations

import os
import stat
import tempfile
import warnings
from collections.abc import MutableMapping
from pathlib import Path

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


_CACHE_OF_NUMBA = "NUMBA_CACHE_DIR"


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


def keep_compiled_code(environment: MutableMapping[str, str]) -> None:
    """Give numba a folder where machine code lasts until the next run.

    Where it finds none, compilation is repeated in each process. A folder that the user chose is
    left alone. The first of these that can be written to is taken: the user's folder of caches
    (``XDG_CACHE_HOME``, else ``~/.cache``), and one in the system's temporary folder that nobody
    else can write to, for code is run from it.

    Parameters
    ----------
    environment : mutable mapping
        ``os.environ``, from which child processes inherit.
    """
    if environment.get(_CACHE_OF_NUMBA):
        return
    caches = Path(environment.get("XDG_CACHE_HOME") or "~/.cache")
    folder = _own_folder(caches / "bids_ketamine" / "numba")
    if folder is None and hasattr(os, "getuid"):
        folder = _own_folder(Path(tempfile.gettempdir()) / f"bids_ketamine-{os.getuid()}")
    if folder is not None:
        environment[_CACHE_OF_NUMBA] = str(folder)


def _own_folder(folder: Path) -> Path | None:
    """Make a folder of the user's; None where it cannot be, or where others may write to it."""
    try:
        folder = folder.expanduser()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except (OSError, RuntimeError):  # the latter where there is no home folder
        return None
    foreign = hasattr(os, "getuid") and found.st_uid != os.getuid()
    shared = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    usable = stat.S_ISDIR(found.st_mode) and os.access(folder, os.W_OK | os.X_OK)
    return folder if usable and not (foreign or shared) else None


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
    if "NIPYPE_CONFIG_DIR" in environment:
        return
    folder = work_dir / "nipype"
    folder.mkdir(parents=True, exist_ok=True)
    level = "INFO" if verbosity >= 2 else "CRITICAL"
    names = ("workflow_level", "utils_level", "interface_level")
    lines = ["[logging]", *(f"{name} = {level}" for name in names)]
    (folder / "nipype.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment["NIPYPE_CONFIG_DIR"] = str(folder)


def available_processors(control_groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the number of processors that this process may use.

    The least of the scheduler's affinity and a container's quota (cgroup v2 ``cpu.max``, v1
    ``cpu.cfs_quota_us`` over ``cpu.cfs_period_us``); at least 1.

    Parameters
    ----------
    control_groups : Path
        Where the kernel shows control groups.
    """
    try:
        granted = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        granted = os.cpu_count() or 1
    quota = _quota(control_groups)
    return granted if quota is None else max(1, min(granted, quota))


def _quota(control_groups: Path) -> int | None:
    try:
        version_2 = control_groups / "cpu.max"
        if version_2.is_file():
            limit, period = version_2.read_text().split()[:2]
        else:
            limit = (control_groups / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (control_groups / "cpu" / "cpu.cfs_period_us").read_text()
        return int(limit) // int(period) if int(limit) > 0 else None
    except (OSError, ValueError):  # no control groups, or "max": no limit
        return None
