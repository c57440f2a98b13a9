"""Sentences of the participant level's methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.core.glm.model_rules import MEAN, POOLED
from bids_ketamine.reports.methods_cleaning import cleaning_paragraphs
from bids_ketamine.reports.methods_confounds import confound_words
from bids_ketamine.reports.methods_dcm import dcm_paragraphs
from bids_ketamine.reports.methods_gppi import gppi_paragraphs
from bids_ketamine.reports.methods_networks import network_paragraphs, volume_sentence
from bids_ketamine.reports.methods_regions import region_sentences
from bids_ketamine.reports.methods_routes import route_paragraphs
from bids_ketamine.reports.methods_rsa import rsa_paragraphs
from bids_ketamine.reports.methods_tasks import task_paragraphs
from bids_ketamine.reports.words import counted, listed, number, percent, spread
from bids_ketamine.study.spec import RestSpec, StudySpec

Section = tuple[str, tuple[str, ...]]
Facts = Sequence[Mapping[str, Any]]


def participant_paragraphs(
    spec: StudySpec,
    *,
    runs: Facts,
    gppi: Facts,
    rsa: Facts,
    dcm: Facts,
    versions: Mapping[str, str],
) -> tuple[list[Section], set[str]]:
    """Return sections of the participant level's methods, and what they cite.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    runs : sequence of mapping
        Facts of the runs that were used; empty when only the study is told.
    gppi, rsa, dcm : sequence of mapping
        Sidecars of generalized PPI, of dissimilarities, of dynamic causal models.
    versions : mapping of str to str
        Version of each package.
    """
    cited = {"bids", "pybids", "nipype"} | (set() if _ready_made(spec) else {"fmriprep"})
    sections: list[Section] = [
        ("Data", (_data(spec, runs, versions), *route_paragraphs(spec, runs, cited))),
    ]
    if spec.regions is not None:
        sections.append(("Regions", region_sentences(spec.regions, cited)))
    tasks = [task for task in spec.tasks if not runs or runs_of(runs, task.name, task.label)]
    if tasks:
        here = [run for task in tasks for run in runs_of(runs, task.name, task.label)]
        told = task_paragraphs(spec, tasks, here, versions=versions, cited=cited)
        sections.append(("Task models", told))
    if spec.gppi is not None and (gppi or not runs):
        told = gppi_paragraphs(spec.gppi, spec.tasks, facts=gppi, cited=cited)
        sections.append(("Generalized PPI", told))
    if spec.dcm is not None and (dcm or not runs):
        told = dcm_paragraphs(spec.dcm, glm=spec.glm, facts=dcm, cited=cited)
        sections.append(("Dynamic causal models", told))
    of_rsa = [task for task in spec.tasks if spec.rsa is not None and task.name == spec.rsa.task]
    if spec.rsa is not None and of_rsa and (rsa or not runs):
        here = runs_of(runs, of_rsa[0].name, of_rsa[0].label)
        models = {str(run["NoiseModel"]) for run in here if run.get("NoiseModel")}
        model = models.pop() if len(models) == 1 else spec.glm.noise_model
        told = rsa_paragraphs(spec.rsa, of_rsa[0], noise_model=model, facts=rsa, cited=cited)
        sections.append(("Representational similarity", told))
    rest = spec.rest
    if rest is not None and (not runs or runs_of(runs, "rest", rest.task)):
        sections.append(("Resting connectivity", _rest(spec, rest, runs, cited)))
    if spec.volumes is not None:
        sections.append(("Volumes", (volume_sentence(spec.volumes),)))
    sections.append(("When a measure is missing", (_missing(spec, runs),)))
    return sections, cited


def _ready_made(spec: StudySpec) -> bool:
    """Tell whether region time series made elsewhere are all that is read."""
    return spec.inputs.timeseries_atlas is not None and not spec.tasks


def runs_of(runs: Facts, *names: str) -> list[Mapping[str, Any]]:
    """Return the facts of a task's runs, whichever of its names they bear."""
    return [run for run in runs if str(run.get("Task")) in names]


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


def _rest(spec: StudySpec, rest: RestSpec, runs: Facts, cited: set[str]) -> tuple[str, ...]:
    here = runs_of(runs, "rest", rest.task)
    connectivity = _correlations(rest)
    if spec.cleaning is not None:
        ready_made = spec.inputs.timeseries_atlas is not None
        told = cleaning_paragraphs(
            spec.cleaning, rest, runs=here, ready_made=ready_made, cited=cited
        )
        return (*told, connectivity, *network_paragraphs(spec))
    if spec.inputs.timeseries_atlas is not None:
        series = (
            "Region time series had been cleaned before and were used as they are: there was no "
            "nuisance regression and no band-pass here."
        )
        return (series, connectivity, *network_paragraphs(spec))
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
        "The series of a region is the mean over its voxels with signal inside the brain mask"
        f"{smoothed}. Nuisance regressors were {nuisance}; they were removed from the region "
        f"series{band} in one least-squares projection, so that neither brings back what the "
        "other removed.",
        connectivity,
        *network_paragraphs(spec),
    )


def _correlations(rest: RestSpec) -> str:
    kinds = {
        "pearson": "the plain Pearson correlation of their series (`resting_connectivity`)",
        "partial": "the partial correlation of their series, given those of all other regions "
        "(`resting_partial_connectivity`)",
    }
    asked = [kinds[kind] for kind in kinds if kind in rest.correlations]
    if not rest.pairs:
        kinds["pearson"] = kinds["pearson"].removesuffix(" (`resting_connectivity`)")
        kinds["partial"] = kinds["partial"].removesuffix(" (`resting_partial_connectivity`)")
        asked = [kinds[kind] for kind in kinds if kind in rest.correlations]
    return (
        "Connectivity of two regions is Fisher's z (the inverse hyperbolic tangent) of "
        f"{listed(asked)}, runs of a session joined."
    )


def _some_modelled(spec: StudySpec, runs: Facts) -> bool:
    """Tell whether a mask threshold leaves voxels with signal out of `activation`."""
    models = {run.get("NoiseModel") for run in runs} if runs else {spec.glm.noise_model}
    return (
        bool(spec.tasks)
        and MEAN in spec.glm.region_methods
        and POOLED in models
        and spec.glm.mask_threshold is not None
    )


def _missing(spec: StudySpec, runs: Facts) -> str:
    rules = []
    if spec.regions is not None and not _ready_made(spec):
        covered = percent(spec.regions.minimum_coverage)
        rule = f"when less than {covered} of a region's voxels have signal inside the brain mask"
        if _some_modelled(spec, runs):
            rule += " (and, for `activation`, are above the mask threshold)"
        rules.append(rule)
    degrees = []
    if spec.tasks:
        degrees.append(f"{spec.glm.minimum_residual_df} at a task")
    if spec.rest is not None:
        degrees.append(f"{spec.rest.minimum_residual_df} at rest")
    if spec.gppi is not None:
        degrees.append(f"{spec.gppi.minimum_residual_df} for generalized PPI")
    if spec.rsa is not None:
        degrees.append(f"{spec.rsa.minimum_residual_df} for representational similarity")
    if degrees:
        rules.append(f"when fewer residual degrees of freedom remain than {listed(degrees)}")
    sentence = f"A measure is given as missing, with its reason, {listed(rules, 'or')}."
    if spec.dcm is not None:
        sentence += (
            " All parameters of a dynamic causal model are missing when one of its regions has no "
            "series or one of its inputs is never on."
        )
    return sentence
