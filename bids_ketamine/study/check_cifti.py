"""Rules on studies of CIFTI series, whose space is that of surfaces."""

from __future__ import annotations

import re

from bids_ketamine.study.document import Problem
from bids_ketamine.study.spec import StudySpec

#: Space of CIFTI series, whose cortex lies on vertices.
SURFACES = "fsLR"

#: Spaces of surfaces whose series are not read, and other spellings of the one that is.
NOT_READ = re.compile(r"fs(average[0-9]*|native|lr.*)", re.IGNORECASE)


def check_cifti(spec: StudySpec, problem: Problem) -> None:
    """Report what a study asks of CIFTI series that is done with volumes alone.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    space = spec.inputs.space
    if space != SURFACES:
        if NOT_READ.fullmatch(space):
            problem(
                ("inputs", "space"),
                f"inputs.space: series of `{space}` are not read; `{SURFACES}` reads fMRIPrep's "
                "CIFTI series (`den-91k`), the name of a template its volumes",
            )
        return
    if spec.tasks:
        problem(
            ("tasks",),
            "tasks: models of tasks, and what is made of them, are fitted to volumes, and "
            f"`inputs.space: {SURFACES}` reads CIFTI series; name a template of volumes, or write "
            "`tasks: null`",
        )
    if spec.inputs.aroma != "none":
        problem(
            ("inputs", "aroma"),
            "inputs.aroma: noise components are taken out of volumes, not of CIFTI series; write "
            "`aroma: none` and name the model AROMA under `cleaning.models`",
        )
