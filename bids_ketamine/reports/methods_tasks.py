"""Sentences on the models of tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.core.event_rules import modulator_name
from bids_ketamine.core.glm.covariance_pool import POOLING_P
from bids_ketamine.core.glm.model_rules import MARSBAR, MEAN, POOLED
from bids_ketamine.reports.methods_confounds import confound_words
from bids_ketamine.reports.words import listed, number, p_value, spread
from bids_ketamine.study.spec import ContrastSpec, GlmSpec, StudySpec, TaskSpec

Facts = Sequence[Mapping[str, Any]]

RESPONSES = {
    "spm": "the canonical haemodynamic response (difference of two gamma functions)",
    "glover": "Glover's haemodynamic response",
}
#: Noise models of nilearn.
VOXELWISE = {
    "ar1": "a first-order autoregressive noise model estimated voxel by voxel",
    "ols": "ordinary least squares",
}
MINUS = "\u2212"


def task_paragraphs(
    spec: StudySpec,
    tasks: Sequence[TaskSpec],
    here: Facts,
    *,
    versions: Mapping[str, str],
    cited: set[str],
) -> tuple[str, ...]:
    """Return what is said of task models.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    tasks : sequence of TaskSpec
        Tasks that are told.
    here : sequence of mapping
        Facts of their runs; empty when only the study is told.
    versions : mapping of str to str
        Version of each package.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    found = sorted({str(run["NoiseModel"]) for run in here if run.get("NoiseModel")})
    models = found or [spec.glm.noise_model]
    told = []
    if POOLED in models:
        cited.update(("spm", "worsley"))
        told += _pooled(spec.glm, tasks, [run for run in here if run.get("NoiseModel") == POOLED])
    others = [model for model in models if model != POOLED]
    if others:
        cited.add("nilearn")
        told.append(_voxelwise(spec.glm, tasks, here, others, versions))
    told += [_task(task, spec.glm.hrf_model) for task in tasks]
    told.append("Nuisance regressors were " + confound_words(spec.glm.confounds, here, cited) + ".")
    told.append(_regions(spec.glm, tasks, here, models, cited))
    return tuple(told)


def _pooled(glm: GlmSpec, tasks: Sequence[TaskSpec], runs: Facts) -> list[str]:
    """Tell SPM's model with its settings."""
    bins = glm.microtime_resolution
    where = (
        f"at bin {glm.reference_bin} of {bins}"
        if glm.reference_bin is not None
        else "at the bin of the slices' reference time"
    )
    times = spread((run.get("SamplingTime") for run in runs), joint="\u2013")
    when = f" ({times} s after its start)" if any(run.get("SamplingTime") for run in runs) else ""
    design = (
        "Each run was modelled as in SPM12 (Friston et al., 2002), from its equations. Regressors "
        f"were built on a grid of {bins} bins a repetition time, trials with a duration as "
        "blocks of height 1 and trials without as impulses of unit area, convolved with "
        f"{_response(glm.hrf_model)}, and sampled {where} of each volume{when}."
        f"{_orthogonalized(glm, tasks)}"
    )
    mask = "All voxels inside the brain mask with a signal were modelled."
    if glm.mask_threshold is not None:
        mask = (
            "Voxels inside the brain mask were modelled where the signal exceeded "
            f"{number(glm.mask_threshold)} of the volume's global mean in every volume."
        )
    degrees = spread((run.get("ResidualDegreesOfFreedom") for run in runs), 1, "\u2013")
    freedom = f" ({degrees})" if runs else ""
    noise = (
        "Series were scaled to a grand mean of 100, so that effects are in percent of the grand "
        f"mean. {mask} Serial correlations were modelled with one covariance for all voxels of a "
        "run: two components, the expansion of a first-order autoregressive process around a "
        "coefficient of 0.2, weighted by restricted maximum likelihood (Friston et al., 2002) on "
        "the pooled covariance of voxels in which the design explains the series (F test, p < "
        f"{p_value(POOLING_P)}). Design and series were whitened with it and then high-pass "
        "filtered by a discrete cosine set with a cut-off period of "
        f"{number(glm.high_pass_period)} s. Degrees of freedom are effective ones (Worsley and "
        f"Friston, 1995){freedom}."
    )
    return [design, noise]


def _voxelwise(
    glm: GlmSpec,
    tasks: Sequence[TaskSpec],
    here: Facts,
    models: Sequence[str],
    versions: Mapping[str, str],
) -> str:
    fitted = listed([VOXELWISE.get(model, model) for model in models])
    references = spread((run.get("ReferenceTime") for run in here), joint="\u2013")
    when = f" ({references} s after the volume's start)" if here else ""
    return (
        f"Each run was fitted with nilearn {versions['nilearn']} (Nilearn contributors), with "
        f"{fitted}, after scaling to a grand mean of 100, so that effects are in percent of the "
        f"grand mean. Regressors were sampled at the reference time of each volume{when}. Trials "
        f"were convolved with {_response(glm.hrf_model)}; trials without a duration were "
        "given unit area. Drifts were modelled with cosines of periods above "
        f"{number(glm.high_pass_period)} s.{_orthogonalized(glm, tasks)}"
    )


def _response(hrf_model: str) -> str:
    """Return a haemodynamic response in words.

    >>> _response("glover + derivative + dispersion")
    "Glover's haemodynamic response and its derivatives in time and in dispersion"
    """
    response, *derivatives = hrf_model.split(" + ")
    words = RESPONSES.get(response, response)
    if len(derivatives) == 2:
        return f"{words} and its derivatives in time and in dispersion"
    return f"{words} and its temporal derivative" if derivatives else words


def _orthogonalized(glm: GlmSpec, tasks: Sequence[TaskSpec]) -> str:
    further = " + " in glm.hrf_model
    further |= any(condition.modulators for task in tasks for condition in task.conditions)
    if not further:
        return ""
    if not glm.orthogonalize:
        return " Further regressors of a condition were not made orthogonal to those before."
    return " Each further regressor of a condition was made orthogonal to those before it."


def _task(task: TaskSpec, hrf_model: str) -> str:
    blocks = [each.name for each in task.conditions if each.blocks]
    sentences = [
        f"Task {task.name}: the conditions {listed([each.name for each in task.conditions])} had "
        "a regressor each."
    ]
    if blocks:
        sentences.append(
            f"Consecutive trials of {listed(blocks)} were joined to blocks, kept whole whatever "
            "the answers."
        )
    for duration in sorted({e.duration for e in task.conditions if e.duration is not None}):
        names = [each.name for each in task.conditions if each.duration == duration]
        sentences.append(
            f"Trials of {listed(names)} were given a duration of {number(duration)} s."
        )
    sentences += _modulators(task)
    sentences += _error_trials(task, hrf_model)
    return " ".join(sentences + _contrasts(task.contrasts))


def _error_trials(task: TaskSpec, hrf_model: str) -> list[str]:
    """Tell how errors were modelled; conditions modelled as blocks keep them."""
    if task.error_trials is None:
        return []
    n_derivatives = hrf_model.count(" + ")
    further = "" if not n_derivatives else f", with its derivative{'s' * (n_derivatives > 1)},"
    whole = [each.name for each in task.conditions if each.blocks]
    left = ""
    if task.error_trials.remove_from_conditions and len(whole) < len(task.conditions):
        left = f" and left their condition{f', save that of {listed(whole)}' if whole else ''}"
    delay = number(task.error_trials.delay_if_no_response)
    return [
        f"Trials with a wrong or no answer had a regressor of no interest{further} at the time of "
        f"the response ({delay} s after the onset where there was none){left}."
    ]


def _modulators(task: TaskSpec) -> list[str]:
    told = [
        f"{modulator_name(condition.name, column)} (trials of {condition.name} scaled by the "
        f"column {column})"
        for condition in task.conditions
        for column in condition.modulators
    ]
    if not told:
        return []
    return [f"Parametric modulators, without their mean over trials: {listed(told)}."]


def _contrasts(contrasts: Sequence[ContrastSpec]) -> list[str]:
    sentences = []
    single = [f"{each.name} = {formula(each.rows[0])}" for each in contrasts if each.test == "t"]
    if single:
        sentences.append(f"Contrasts: {'; '.join(single)}.")
    for each in contrasts:
        if each.test == "F":
            rows = listed([formula(row) for row in each.rows])
            verb = "are all zero" if len(each.rows) > 1 else "is zero"
            sentences.append(f"The F contrast {each.name} tests whether {rows} {verb}.")
    return sentences


def formula(weights: Mapping[str, float]) -> str:
    """Return a contrast as a formula; what has no weight is left out.

    >>> formula({"a": 1.0, "b": -0.5, "c": -0.5, "d": 0.0})
    'a − 0.5 b − 0.5 c'
    """
    shown = ""
    for name, weight in weights.items():
        if weight == 0.0:
            continue
        size = "" if abs(weight) == 1 else f"{number(abs(weight))} "
        sign = (MINUS if weight < 0 else "") if not shown else f" {MINUS if weight < 0 else '+'} "
        shown += f"{sign}{size}{name}"
    return shown or "0"


def _regions(
    glm: GlmSpec,
    tasks: Sequence[TaskSpec],
    here: Facts,
    models: Sequence[str],
    cited: set[str],
) -> str:
    sentences = _runs_combined(here, models)
    if MEAN in glm.region_methods:
        voxels = "voxels with signal inside the brain mask"
        if POOLED in models:
            voxels = "voxels that were modelled"
        sentences.append(
            f"The measure of a region (`activation`) is the mean of the contrast map over its "
            f"{voxels}. Its standard error within a session is that of the region's mean series "
            "under the same model."
        )
    if MARSBAR in glm.region_methods:
        cited.add("marsbar")
        which = "A second measure" if MEAN in glm.region_methods else "The measure of a region"
        sentences.append(
            f"{which} (`activation_marsbar`) is MarsBaR's (Brett et al., 2002): the mean series of "
            "the region's voxels with signal inside the brain mask, modelled with serial "
            "correlations estimated anew from these voxels alone. Its standard error is that of "
            "this model."
        )
    if any(each.test == "F" for task in tasks for each in task.contrasts):
        sentences.append("F contrasts give maps and no measures.")
    return " ".join([*sentences, *_eigenvariates(tasks, models)])


def _runs_combined(here: Facts, models: Sequence[str]) -> list[str]:
    """Tell how runs are combined, where a session has several of a task or none is known yet."""
    n_runs = Counter((run.get("Session"), run.get("Task")) for run in here)
    if here and max(n_runs.values()) < 2:
        return []
    who = "Several runs of a task in a session"
    effects = f"Effects of {who[0].lower()}{who[1:]}"
    if list(models) == [POOLED]:
        return [f"{effects} were averaged, their residuals pooled."]
    return [f"{who} were combined by fixed effects."]


def _eigenvariates(tasks: Sequence[TaskSpec], models: Sequence[str]) -> list[str]:
    """Tell which voxels the first eigenvariates rest on, tasks of one rule together."""
    rules: dict[str, list[str]] = {}
    for task in tasks:
        which = "all voxels of the region that were modelled"
        if task.eigenvariate_contrast is not None:
            limit = number(task.eigenvariate_p)
            which = (
                f"the voxels that pass {task.eigenvariate_contrast} at p < {limit} (uncorrected)"
            )
        rules.setdefault(which, []).append(task.name)
    # nilearn's models whiten each voxel in its own way, which does not fit a region.
    cleaned = "whitened, filtered" if list(models) == [POOLED] else "filtered"
    told = [
        f"of {which}" if len(rules) == 1 else f"at task {listed(names)} of {which}"
        for which, names in rules.items()
    ]
    return [
        f"The first eigenvariate of each region and run, {cleaned} and adjusted for all but the "
        f"task, was written beside the measures: {listed(told)}."
    ]
