"""Sentences of the participant level's methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.methods_confounds import confound_words
from bids_ketamine.reports.methods_regions import region_sentences
from bids_ketamine.reports.words import counted, listed, number, percent, spread
from bids_ketamine.study.spec import RestSpec, StudySpec, TaskSpec

Section = tuple[str, tuple[str, ...]]
Facts = Sequence[Mapping[str, Any]]

HRF_WORDS = {
    "spm": "the canonical haemodynamic response (difference of two gamma functions)",
    "spm + derivative": "the canonical haemodynamic response and its temporal derivative",
    "glover": "Glover's haemodynamic response",
    "glover + derivative": "Glover's haemodynamic response and its temporal derivative",
}


def participant_paragraphs(
    spec: StudySpec, *, runs: Facts, versions: Mapping[str, str]
) -> tuple[list[Section], set[str]]:
    """Return sections of the participant level's methods, and what they cite.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    runs : sequence of mapping
        Facts of the runs that were used; empty when only the study is told.
    versions : mapping of str to str
        Version of each package.
    """
    cited = {"bids", "pybids", "nipype"} | (set() if _ready_made(spec) else {"fmriprep"})
    sections: list[Section] = [
        ("Data", (_data(spec, runs, versions), *_routes(spec, runs, cited))),
    ]
    if spec.regions is not None:
        sections.append(("Regions", region_sentences(spec.regions, cited)))
    tasks = [task for task in spec.tasks if not runs or runs_of(runs, task.name, task.label)]
    if tasks:
        cited.add("nilearn")
        sections.append(("Task models", _glm(spec, tasks, runs, versions, cited)))
    rest = spec.rest
    if rest is not None and (not runs or runs_of(runs, "rest", rest.task)):
        sections.append(("Resting connectivity", _rest(spec, rest, runs, cited)))
    sections.append(("When a measure is missing", (_missing(spec),)))
    return sections, cited


def _ready_made(spec: StudySpec) -> bool:
    """Tell whether region time series made elsewhere are all that is read."""
    return spec.inputs.timeseries_atlas is not None and not spec.tasks


def runs_of(runs: Facts, *names: str) -> list[Mapping[str, Any]]:
    """Return the facts of a task's runs, whichever of its names they bear."""
    return [run for run in runs if str(run.get("Task")) in names]


def route_words(run: Mapping[str, Any]) -> str:
    """Return how a run's series came to be, in a few words.

    >>> route_words({"Description": "preproc", "SmoothingFWHM": 6.0})
    'preproc, smoothed with 6 mm here; no AROMA denoising'
    """
    description, fwhm = str(run.get("Description") or ""), run.get("SmoothingFWHM")
    smoothed = f"smoothed with {number(fwhm)} mm here" if fwhm else "not smoothed here"
    if description == "smoothAROMAnonaggr":
        if fwhm:
            return f"smoothAROMAnonaggr, denoised before, {smoothed}"
        return "smoothAROMAnonaggr, denoised and smoothed before"
    if description == "preproc":
        return f"preproc, {smoothed}; no AROMA denoising"
    return f"{description}, {smoothed}" if description else smoothed


def _data(spec: StudySpec, runs: Facts, versions: Mapping[str, str]) -> str:
    spaces = sorted({str(run["Space"]) for run in runs if run.get("Space")})
    space = listed(spaces) if spaces else spec.inputs.space
    series = f"Functional series preprocessed with fMRIPrep (Esteban et al., 2019), space {space},"
    if _ready_made(spec):
        series = f"Region time series made before (atlas {spec.inputs.timeseries_atlas})"
    sentences = [
        f"{series} were read from a BIDS dataset (Gorgolewski et al., 2016) with pybids "
        f"{versions['pybids']} (Yarkoni et al., 2019). "
        f"bids_ketamine {versions['bids_ketamine']} computed all measures as a Nipype "
        f"{versions['nipype']} workflow (Gorgolewski et al., 2011), "
        f"with the study `{spec.name}`."
    ]
    for task in dict.fromkeys(str(run.get("Task")) for run in runs):
        sentences.append(_volumes(task, runs_of(runs, task)))
    return " ".join(sentences)


def _volumes(task: str, here: Facts) -> str:
    def range_of(key: str, decimals: int | None = None) -> str:
        return spread((run.get(key) for run in here), decimals, "\u2013")

    sentence = f"Task {task}: {counted(len(here), 'run')} of {range_of('Volumes')} volumes"
    known = {
        "RepetitionTime": "repetition time {} s",
        "VolumesKept": "{} kept",
        "MeanFramewiseDisplacement": "mean framewise displacement {} mm",
    }
    decimals = {"MeanFramewiseDisplacement": 2}
    told = [
        words.format(range_of(key, decimals.get(key)))
        for key, words in known.items()
        if any(run.get(key) is not None for run in here)
    ]
    return f"{sentence} ({', '.join(told)})." if told else f"{sentence}."


def _routes(spec: StudySpec, runs: Facts, cited: set[str]) -> list[str]:
    if _ready_made(spec):
        return []
    described = {str(run.get("Description") or "") for run in runs} or set(
        spec.inputs.bold_descriptions
    )
    sentences = []
    if "smoothAROMAnonaggr" in described:
        cited.add("aroma")
        sentences.append(
            "Series denoised with non-aggressive ICA-AROMA (Pruim et al., 2015) and smoothed by "
            "fMRIPrep were taken as they are and not smoothed again."
        )
    if "preproc" in described:
        widths = {run.get("SmoothingFWHM") for run in runs if run.get("Description") == "preproc"}
        widths = widths or {spec.inputs.smoothing_fwhm}
        smoothing = listed([_smoothing(width) for width in sorted(widths, key=lambda w: w or 0.0)])
        opening = (
            "Where there were none, preprocessed series"
            if "smoothAROMAnonaggr" in described
            else "Preprocessed series"
        )
        sentences.append(f"{opening} were used without AROMA denoising, {smoothing}.")
    others = sorted(described - {"", "preproc", "smoothAROMAnonaggr"})
    if others:
        sentences.append(f"Series described as {listed(others)} were taken as they are.")
    if spec.inputs.timeseries_atlas is not None:
        sentences.append(
            f"At rest, ready-made region time series (atlas {spec.inputs.timeseries_atlas}) took "
            "the place of images."
        )
    return [" ".join(sentences)] if sentences else []


def _smoothing(width: float | None) -> str:
    if not width:
        return "unsmoothed"
    return f"smoothed with a Gaussian kernel of {number(width)} mm full width at half maximum"


def _glm(
    spec: StudySpec,
    tasks: Sequence[TaskSpec],
    runs: Facts,
    versions: Mapping[str, str],
    cited: set[str],
) -> tuple[str, ...]:
    here = [run for task in tasks for run in runs_of(runs, task.name, task.label)]
    models = sorted({str(run["NoiseModel"]) for run in here if run.get("NoiseModel")})
    noise = {
        "ar1": "a first-order autoregressive noise model estimated voxel by voxel",
        "ols": "ordinary least squares",
    }
    fitted = listed([noise.get(model, model) for model in models or [spec.glm.noise_model]])
    references = spread((run.get("ReferenceTime") for run in here), joint="\u2013")
    when = f" ({references} s after the volume's start)" if here else ""
    model = (
        f"Each run was fitted with nilearn {versions['nilearn']} (Nilearn contributors), with "
        f"{fitted}, after scaling to a grand mean of 100, so that effects are in percent of the "
        f"grand mean. Regressors were sampled at the reference time of each volume{when}. Trials "
        f"were convolved with {HRF_WORDS[spec.glm.hrf_model]}; trials without a duration were "
        f"given unit area. Drifts were modelled with cosines of periods above "
        f"{number(spec.glm.high_pass_period)} s."
    )
    combined = (
        "Several runs of a task were combined by fixed effects. The measure of a region is the "
        "mean of the contrast map over its voxels inside the brain mask."
    )
    nuisance = "Nuisance regressors were " + confound_words(spec.glm.confounds, here, cited) + "."
    return (model, *(_task(task) for task in tasks), nuisance, combined)


def _task(task: TaskSpec) -> str:
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
    if task.error_trials is not None:
        left = (
            " and left their condition unless it is modelled in blocks"
            if task.error_trials.remove_from_conditions
            else ""
        )
        delay = number(task.error_trials.delay_if_no_response)
        sentences.append(
            "Trials with a wrong or no answer had a regressor of no interest at the time of the "
            f"response ({delay} s after the onset where there was none){left}."
        )
    contrasts = [f"{each.name} = {_formula(each.weights)}" for each in task.contrasts]
    if contrasts:
        sentences.append(f"Contrasts: {'; '.join(contrasts)}.")
    return " ".join(sentences)


def _formula(weights: Mapping[str, float]) -> str:
    shown = ""
    for name, weight in weights.items():
        size = "" if abs(weight) == 1 else f"{number(abs(weight))} "
        sign = (
            ("\u2212" if weight < 0 else "") if not shown else (" \u2212 " if weight < 0 else " + ")
        )
        shown += f"{sign}{size}{name}"
    return shown


def _rest(spec: StudySpec, rest: RestSpec, runs: Facts, cited: set[str]) -> tuple[str, ...]:
    here = runs_of(runs, "rest", rest.task)
    connectivity = (
        "Connectivity of two regions is Fisher's z (the inverse hyperbolic tangent) of the plain "
        "Pearson correlation of their series, runs of a session joined."
    )
    if spec.inputs.timeseries_atlas is not None:
        series = (
            "Region time series had been cleaned before and were used as they are: there was no "
            "nuisance regression and no band-pass here."
        )
        return (series, connectivity)
    nuisance = confound_words(rest.confounds, here, cited)
    band = ""
    if rest.band_pass is not None:
        low, high = (number(each) for each in rest.band_pass)
        band = f", together with all frequencies outside {low} to {high} Hz,"
    widths = sorted({float(run.get("SmoothingFWHM") or 0.0) for run in here})
    smoothed = ""
    if widths == [0.0]:
        smoothed = " (not smoothed here)"
    elif widths and widths[0] > 0:
        smoothed = f" (smoothed with {listed([number(width) for width in widths])} mm)"
    return (
        f"The series of a region is the mean over its voxels inside the brain mask{smoothed}. "
        f"Nuisance regressors were {nuisance}; they were removed from the region series{band} in "
        "one least-squares projection, so that neither brings back what the other removed.",
        connectivity,
    )


def _missing(spec: StudySpec) -> str:
    rules = []
    if spec.regions is not None and not _ready_made(spec):
        covered = percent(spec.regions.minimum_coverage)
        rules.append(f"when less than {covered} of a region lies inside the brain mask")
    degrees = []
    if spec.tasks:
        degrees.append(f"{spec.glm.minimum_residual_df} at a task")
    if spec.rest is not None:
        degrees.append(f"{spec.rest.minimum_residual_df} at rest")
    if degrees:
        rules.append(f"when fewer residual degrees of freedom remain than {listed(degrees)}")
    return f"A measure is given as missing, with its reason, {listed(rules, 'or')}."
