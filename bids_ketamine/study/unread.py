"""Settings that a user's own file gives and that nothing reads beside its other settings."""

from __future__ import annotations

from collections.abc import Collection

from bids_ketamine.study.document import KeyPath
from bids_ketamine.study.spec import StudySpec

#: Settings of the GLM that SPM's design, scaling and mask take.
READ_BY_SPM_ALONE = ("microtime_resolution", "reference_bin", "mask_threshold")

#: Settings of generalized PPI that SPM's route takes from the GLM.
NOT_READ_BY_SPM = ("band_pass", "confounds")


def unread_settings(spec: StudySpec, written: Collection[KeyPath]) -> tuple[str, ...]:
    """Say which settings of a study file change nothing.

    Parameters
    ----------
    spec : StudySpec
        The study.
    written : collection of key paths
        Places of the user's own file; what a preset hands down is not among them.

    Returns
    -------
    tuple of str
        A sentence without full stop for each setting, in words for the user. A setting that is
        ``null`` asks for nothing.
    """
    sentences = [
        f"the setting glm.{name} is read by the noise model spm alone and changes nothing with "
        f"{spec.glm.noise_model}"
        for name in READ_BY_SPM_ALONE
        if spec.glm.noise_model != "spm"
        and ("glm", name) in written
        and getattr(spec.glm, name) is not None
    ]
    sentences += [
        f"the setting tasks.{task.name}.eigenvariate_p belongs to eigenvariate_contrast and "
        "changes nothing without it"
        for task in spec.tasks
        if task.eigenvariate_contrast is None and ("tasks", task.name, "eigenvariate_p") in written
    ]
    if spec.gppi is not None and spec.gppi.method == "spm":
        given = [name for name in NOT_READ_BY_SPM if ("gppi", name) in written]
        sentences += [
            f"the setting gppi.{name} changes nothing with the method spm, which takes filter "
            "and nuisance of the GLM"
            for name in given
            if getattr(spec.gppi, name) is not None
        ]
    return tuple(sentences)
