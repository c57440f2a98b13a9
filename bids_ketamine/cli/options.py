"""What a command line asks for, as one frozen record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """A command line, read and checked for form.

    Attributes
    ----------
    bids_dir, output_dir : Path
        Raw dataset and folder of results.
    analysis_level : str
        ``participant`` or ``group``.
    study : str
        Name of a preset, or a study file.
    participant_labels, session_labels, task_labels : tuple of str or None
        Labels without ``sub-``, ``ses-``, ``task-``; ``None`` for all.
    derivatives : tuple of (str, Path)
        Name and folder of each derivative dataset; empty for the default.
    bids_filter_file, bids_database_dir : Path or None
        JSON file of query filters; folder of a pybids database.
    skip_bids_validation : bool
        Go on when the input is not a valid BIDS dataset.
    n_procs : int or None
        Processes; ``None`` for all processors granted.
    omp_n_threads : int or None
        Threads of numerical libraries in each process; ``None`` for one.
    memory_mb : float or None
        Upper limit of memory, MB; ``None`` for what the machine or the container grants.
    work_dir : Path or None
        Folder of intermediate files; ``None`` for ``work`` in the current folder.
    clean_workdir : bool
        Remove intermediate files of finished sessions.
    use_plugin : Path or None
        Nipype plugin file.
    stop_on_first_crash : bool
        Stop at the first failing step.
    dry_run, reports_only, boilerplate_only : bool
        Do that alone; at most one of them.
    random_seed : int or None
        Seed of random parts.
    permutations : int or None
        Permutations in the tests of the elastic net, without stopping early; ``None`` for what the
        study says.
    notrack : bool
        Accepted from habit: nothing is ever sent.
    overwrite : bool
        Replace results of another study or of other inputs.
    plan : bool
        Freeze the study as the plan of the output folder.
    unblind : bool
        Show the labels of arms from now on.
    no_individual_data : bool
        Keep single participants out of the group report and the files of its figures; tables
        keep them.
    verbosity : int
        How many ``-v`` were given.
    """

    bids_dir: Path
    output_dir: Path
    analysis_level: str
    study: str
    participant_labels: tuple[str, ...] | None = None
    session_labels: tuple[str, ...] | None = None
    task_labels: tuple[str, ...] | None = None
    derivatives: tuple[tuple[str, Path], ...] = ()
    bids_filter_file: Path | None = None
    bids_database_dir: Path | None = None
    skip_bids_validation: bool = False
    n_procs: int | None = None
    omp_n_threads: int | None = None
    memory_mb: float | None = None
    work_dir: Path | None = None
    clean_workdir: bool = False
    use_plugin: Path | None = None
    stop_on_first_crash: bool = False
    dry_run: bool = False
    reports_only: bool = False
    boilerplate_only: bool = False
    random_seed: int | None = None
    permutations: int | None = None
    notrack: bool = False
    overwrite: bool = False
    plan: bool = False
    unblind: bool = False
    no_individual_data: bool = False
    verbosity: int = 0
