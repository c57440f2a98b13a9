"""Worked lines of the page of flags: every one runs after the demo's first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Example(NamedTuple):
    """A command line that does something.

    Attributes
    ----------
    words : str
        What it does.
    command : str
        The line.
    files : tuple of str
        Lines that write what it reads.
    """

    words: str
    command: str
    files: tuple[str, ...] = ()


_PARTICIPANT = "bids_ketamine demo-trial demo-output participant --study norbury2021"
_GROUP = "bids_ketamine demo-trial demo-output group --study norbury2021"

#: By the title of a group of options of ``bids_ketamine``.
EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "what is computed, from what": (
        Example(
            "one session of two participants, the face task alone",
            "bids_ketamine demo-trial faces-output participant --study norbury2021 "
            "--participant-label 01 sub-02 --session-label pre --task-id faces",
        ),
        Example(
            "derivatives that lie elsewhere, or have another name",
            f"{_PARTICIPANT} -d fmriprep=demo-trial/derivatives/fmriprep",
        ),
        Example(
            "of several series of a run take one",
            f"{_PARTICIPANT} --bids-filter-file filter.json",
            ("""echo '{"bold": {"space": "MNI152NLin2009cAsym"}}' > filter.json""",),
        ),
        Example(
            "keep the index of a large dataset for later runs",
            f"{_PARTICIPANT} --bids-database-dir demo-database",
        ),
        Example(
            "200 permutations in every test of the elastic net, another seed",
            f"{_GROUP} --permutations 200 --random-seed 7",
        ),
    ),
    "how it is run": (
        Example(
            "two processes of one thread, 8 GB together, scratch files that go again",
            f"{_PARTICIPANT} --nprocs 2 --omp-nthreads 1 --mem-mb 8G -w demo-work "
            "--clean-workdir --overwrite",
        ),
        Example(
            "another plugin of Nipype, stopping at the first failure",
            f"{_PARTICIPANT} --use-plugin plugin.yml --stop-on-first-crash",
            ("echo 'plugin: Linear' > plugin.yml",),
        ),
    ),
    "what is written": (
        Example("what would be done, and what is missing", f"{_PARTICIPANT} --dry-run"),
        Example("the same of the group level", f"{_GROUP} --dry-run"),
        Example("compute everything anew", f"{_PARTICIPANT} --overwrite"),
        Example("draw all reports again", f"{_PARTICIPANT} --reports-only"),
        Example("print the methods text", f"{_GROUP} --boilerplate-only"),
        Example(
            "a group report that may be shown around",
            f"{_GROUP} --reports-only --no-individual-data",
        ),
        Example(
            "freeze the study before anything is computed",
            "bids_ketamine demo-trial planned-output group --study norbury2021 --plan",
        ),
        Example(
            "compute, arms blinded",
            "bids_ketamine demo-trial planned-output participant --study norbury2021",
        ),
        Example(
            "show the labels of arms",
            "bids_ketamine demo-trial planned-output group --study norbury2021 --unblind",
        ),
    ),
    "other": (Example("tell more about each step", f"{_PARTICIPANT} -v"),),
}

#: By the title of a group of options of ``bids_ketamine-demo``.
DEMO_EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "options": (
        Example(
            "eight participants, the trial of the examples above",
            "bids_ketamine-demo demo-trial --participants 8",
        ),
        Example(
            "a trial in which nothing happens, from another seed, of finer voxels",
            "bids_ketamine-demo null-trial --participants 2 --seed 3 --no-effect --resolution 4",
        ),
        Example(
            "resting networks of two patients and two controls, in volumes and as CIFTI",
            "bids_ketamine-demo network-trial --design siegel2021 --participants 2 --form both",
        ),
    ),
}
