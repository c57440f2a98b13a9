"""What a study file asks for in vain beside its other settings."""

from __future__ import annotations

from collections.abc import Collection

from bids_ketamine.study.check_connectivity import tasks_without_contrast
from bids_ketamine.study.check_peb import models_without_parameters
from bids_ketamine.study.dcm_names import error_inputs, unreached_regions
from bids_ketamine.study.document import KeyPath
from bids_ketamine.study.formula_variables import variables_of
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.unread_networks import unread_network_settings

#: Settings of the GLM that SPM's design, scaling and mask take.
READ_BY_SPM_ALONE = ("microtime_resolution", "reference_bin", "mask_threshold")

#: Those of them that dynamic causal models read too.
READ_BY_DCM = ("microtime_resolution",)

#: Settings of generalized PPI that SPM's route takes from the GLM.
NOT_READ_BY_SPM = ("band_pass", "confounds")

#: Partitions of a run whose number is fixed.
NOT_BY_BLOCK = ("run", "half_block")


def unread_settings(spec: StudySpec, written: Collection[KeyPath]) -> tuple[str, ...]:
    """Say which settings of a study file change nothing, and what methods cannot tell.

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
        and not (spec.dcm is not None and name in READ_BY_DCM)
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
    if (
        spec.rsa is not None
        and spec.rsa.partition in NOT_BY_BLOCK
        and spec.rsa.maximum_partitions is not None
        and ("rsa", "maximum_partitions") in written
    ):
        sentences.append(
            "the setting rsa.maximum_partitions is about partitions by block and changes nothing "
            f"with the partition {spec.rsa.partition}"
        )
    sentences += [
        f"generalized PPI gives no measure of the task `{task.name}`, which has no t contrast of "
        "conditions alone"
        for task in tasks_without_contrast(spec)
    ]
    sentences += [
        f"no driving input reaches the region `{region}` of the model `{model.name}` (`dcm`): its "
        "predicted response is zero"
        for model in (spec.dcm.models if spec.dcm is not None else ())
        for region in unreached_regions(model)
    ]
    sentences += [
        f"the input `{name}` of the model `{model.name}` (`dcm`) is the error trials alone: "
        "participants without errors will have no such model"
        for model in (spec.dcm.models if spec.dcm is not None else ())
        for name in error_inputs(model)
    ]
    sentences += [
        f"the model `{model.name}` (`dcm`) has no modulation: the group level of models "
        "(`peb.fields`) says nothing of it"
        for model in models_without_parameters(spec)
    ]
    sentences += [
        f"the setting mixed_models.{model.name}.response changes nothing: the formula does not "
        "name `response`"
        for model in spec.mixed_models
        if model.response is not None and "response" not in variables_of(model.formula)
    ]
    return (*sentences, *unread_network_settings(spec, written))
