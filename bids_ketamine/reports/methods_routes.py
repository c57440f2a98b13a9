"""Sentences on how series came to be: denoising and smoothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.dataset.dialects import AROMA_DENOISED, SMOOTHED_AROMA
from bids_ketamine.dataset.sidecars import SMOOTHED_SERIES
from bids_ketamine.reports.words import counted, is_absent, is_number, listed, number, spread
from bids_ketamine.study.spec import InputsSpec, StudySpec

Facts = Sequence[Mapping[str, Any]]

#: How facts say that nothing was done, or that it was done by this app.
NOTHING = ("", "none")
HERE = ("here", "bids_ketamine")
#: Who smoothed is not known.
BEFORE = "before"
#: Edges of a voxel that a smoothness must be wide for its estimate to be told.
EDGES_OF_SMOOTHNESS = 2.0


def route_words(run: Mapping[str, Any]) -> str:
    """Return how a run's series came to be, in a few words.

    Parameters
    ----------
    run : mapping
        Facts of the run; those of older outputs do not tell the denoising.

    Examples
    --------
    >>> route_words({"Description": "preproc", "SmoothingFWHM": 6.0})
    'preproc, smoothed with 6 mm here; no AROMA denoising'
    >>> route_words({"SmoothingFWHM": 6.0, "SmoothedBy": "here",
    ...     "Denoising": "ICA-AROMA non-aggressive, here, 12 of 40 components"})
    'smoothed with 6 mm here; denoised: ICA-AROMA non-aggressive, here, 12 of 40 components'
    """
    description, fwhm = str(run.get("Description") or ""), run.get("SmoothingFWHM")
    if "Denoising" not in run:
        return _words_of_older(description, fwhm)
    parts = [f"{description}, {_smoothed(run)}" if description else _smoothed(run)]
    denoising = _denoising(run)
    parts.append(f"denoised: {denoising}" if denoising else "no AROMA denoising")
    before = _smoothness(run, "SmoothnessBefore")
    smoothness = smoothness_words(run)
    if smoothness and before and not _too_coarse(run):
        smoothness += f", {_widths(before)} mm before"
    return "; ".join([*parts, smoothness] if smoothness else parts)


def smoothness_words(run: Mapping[str, Any]) -> str:
    """Return how smooth a run's series were that were modelled; empty where that is not known.

    Parameters
    ----------
    run : mapping
        Facts of the run.

    Examples
    --------
    >>> smoothness_words({"SmoothnessAfter": [6.8, 6.7, 7.0], "VoxelSize": [2.0, 2.0, 2.0]})
    'estimated smoothness 6.8 × 6.7 × 7.0 mm'
    >>> smoothness_words({"SmoothnessAfter": [5.7, 5.6, 5.6], "VoxelSize": [4.0, 4.0, 4.0]})
    'voxels of 4.0 mm are too large to estimate the smoothness'
    """
    after = _smoothness(run, "SmoothnessAfter")
    if after and _too_coarse(run):
        edges = _widths(_smoothness(run, "VoxelSize"))
        return f"voxels of {edges} mm are too large to estimate the smoothness"
    return f"estimated smoothness {_widths(after)} mm" if after else ""


def smoothing_words(run: Mapping[str, Any]) -> str:
    """Return by whom and how far a run's series were smoothed; empty where they were not.

    Parameters
    ----------
    run : mapping
        Facts of the run.

    Examples
    --------
    >>> smoothing_words({"Denoising": "none", "SmoothedBy": "here", "SmoothingFWHM": 6.0})
    'smoothed with 6 mm here'
    >>> smoothing_words({"Denoising": "none", "SmoothedBy": None})
    ''
    """
    facts = _completed(run)
    return _smoothed(facts) if _smoothed_by(facts) else ""


def _words_of_older(description: str, fwhm: Any) -> str:
    smoothed = f"smoothed with {number(fwhm)} mm here" if fwhm else "not smoothed here"
    if description == "smoothAROMAnonaggr":
        if fwhm:
            return f"smoothAROMAnonaggr, denoised before, {smoothed}"
        return "smoothAROMAnonaggr, denoised and smoothed before"
    if description == "preproc":
        return f"preproc, {smoothed}; no AROMA denoising"
    return f"{description}, {smoothed}" if description else smoothed


def _denoising(run: Mapping[str, Any]) -> str:
    words = str(run.get("Denoising") or "")
    return "" if words in NOTHING else words


def _smoothed_by(run: Mapping[str, Any]) -> str:
    """Return who smoothed a series: ``here``, ``before``, another program's name, or nothing."""
    by = run.get("SmoothedBy")
    if is_absent(by):
        return "here" if run.get("SmoothingFWHM") else ""
    words = str(by)
    return "here" if words in HERE else "" if words in NOTHING else words


def _smoothed(run: Mapping[str, Any]) -> str:
    by = _smoothed_by(run)
    fwhm = run.get("SmoothingFWHM" if by == "here" else "StatedSmoothingFWHM")
    width = f" with {number(fwhm)} mm" if fwhm else ""
    return f"smoothed{width} {_who(by)}" if by else "not smoothed"


def _who(by: str) -> str:
    """Return who smoothed, as a sentence goes on after the verb.

    >>> _who("here"), _who("before"), _who("fMRIPrep")
    ('here', 'before', 'by fMRIPrep')
    """
    return by if by in ("here", BEFORE) else f"by {by}"


def _smoothness(run: Mapping[str, Any], key: str) -> list[float]:
    """Return what is known along all three axes, mm; nothing where one is missing."""
    found = run.get(key)
    if not isinstance(found, list) or len(found) != 3 or not all(map(is_number, found)):
        return []
    return [float(each) for each in found]


def _too_coarse(run: Mapping[str, Any]) -> bool:
    """Tell whether the smoothness is too few voxels wide for its estimate to mean much.

    The estimate rests on differences of neighbouring voxels, and falls short where these are
    nearly as far apart as the kernel is wide.

    >>> _too_coarse({"SmoothnessAfter": [5.7, 5.7, 5.6], "VoxelSize": [4.0, 4.0, 4.0]})
    True
    """
    widths, edges = _smoothness(run, "SmoothnessAfter"), _smoothness(run, "VoxelSize")
    if not widths or not edges:
        return False
    return sum(widths) / len(widths) < EDGES_OF_SMOOTHNESS * sum(edges) / len(edges)


def _widths(widths: Sequence[float]) -> str:
    shown = [number(each, 1) for each in widths]
    return shown[0] if len(shown) > 1 and len(set(shown)) == 1 else " × ".join(shown)


def route_paragraphs(spec: StudySpec, runs: Facts, cited: set[str]) -> list[str]:
    """Return what is said of denoising and smoothing.

    Parameters
    ----------
    spec : StudySpec
        What was asked for.
    runs : sequence of mapping
        Facts of the runs; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    if spec.inputs.timeseries_atlas is not None and not spec.tasks:
        return []
    with_images = runs
    if spec.inputs.timeseries_atlas is not None:
        at_rest = ("rest", spec.rest.task if spec.rest is not None else "rest")
        with_images = [run for run in runs if run.get("Task") not in at_rest]
    if runs:
        sentences = _done([_completed(run) for run in with_images], cited)
    else:
        sentences = _asked(spec.inputs, cited)
    if spec.inputs.timeseries_atlas is not None:
        sentences.append(
            f"At rest, ready-made region time series (atlas {spec.inputs.timeseries_atlas}) took "
            "the place of images."
        )
    return [" ".join(sentences)] if sentences else []


def _completed(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return facts of a run; those of older outputs tell the denoising by the description.

    >>> _completed({"Description": "smoothAROMAnonaggr"})["SmoothedBy"]
    'fMRIPrep'
    """
    if "Denoising" in run:
        return run
    description = str(run.get("Description") or "")
    facts = {"Denoising": "ICA-AROMA, before" if description in AROMA_DENOISED else "none"}
    if description in SMOOTHED_SERIES and not run.get("SmoothingFWHM"):
        facts["SmoothedBy"] = "fMRIPrep" if description == SMOOTHED_AROMA else BEFORE
    return {**run, **facts}


def _done(runs: Facts, cited: set[str]) -> list[str]:
    """Tell what was done to series, runs of one route together."""
    routes: dict[tuple[str, str, Any], list[Mapping[str, Any]]] = {}
    for run in runs:
        kind = re.sub(r",? *\d+ of \d+ components?$", "", _denoising(run))
        key = (kind, _smoothed_by(run), run.get("SmoothingFWHM") or None)
        routes.setdefault(key, []).append(run)
    sentences = []
    for (kind, by, fwhm), own in routes.items():
        who = f"The series of {counted(len(own), 'run')}"
        denoised = "used without AROMA denoising"
        if kind:
            denoised = f"denoised with {kind}{_components(own)}"
            if "AROMA" in kind:
                cited.add("aroma")
                denoised += " (Pruim et al., 2015)"
        verb = "was" if len(own) == 1 else "were"
        sentences.append(f"{who} {verb} {denoised} and {_smoothing_done(by, fwhm)}.")
    if any("non-aggressive" in kind and "here" in kind for kind, _, _ in routes):
        sentences.append(
            "Non-aggressive denoising fits all components of the mixing matrix to a series by "
            "least squares and takes away the share of the noise components alone."
        )
    fine = [run for run in runs if not _too_coarse(run)]
    after = [each for run in fine for each in _smoothness(run, "SmoothnessAfter")]
    if after:
        sentences.append(
            f"The smoothness of the series that were modelled was estimated at {spread(after, 1)} "
            "mm full width at half maximum."
        )
    return sentences


def _components(runs: Facts) -> str:
    found = [re.search(r"(\d+) of (\d+) components?$", _denoising(run)) for run in runs]
    known = [each for each in found if each is not None]
    if not known:
        return ""
    noise = spread((int(each.group(1)) for each in known), 0, "\u2013")
    total = spread((int(each.group(2)) for each in known), 0, "\u2013")
    return f", {noise} of {total} components"


def _smoothing_done(by: str, fwhm: float | None) -> str:
    if not by:
        return "not smoothed"
    if by == "here":
        return _smoothing(fwhm)
    return f"smoothed {_who(by)}, not again here"


def _asked(inputs: InputsSpec, cited: set[str]) -> list[str]:
    """Tell what the study asks for, while there are no runs of which to tell what was done."""
    names = inputs.bold_descriptions
    ready = [name for name in names if name in AROMA_DENOISED]
    plain = [name for name in names if name not in ready]
    smoothed = [name for name in names if name in SMOOTHED_SERIES]
    sentences = []
    if len(names) > 1:
        sentences.append(f"Of each run the first of the series {listed(names, 'or')} is read.")
    if ready:
        cited.add("aroma")
        sentences.append(
            f"Series {listed(ready, 'or')} are denoised with ICA-AROMA (Pruim et al., 2015) before."
        )
    if plain and inputs.aroma == "nonaggressive":
        cited.add("aroma")
        sentences.append(
            f"Series {listed(plain, 'or')} are denoised with non-aggressive ICA-AROMA (Pruim et "
            "al., 2015) here, where the components lie beside them."
        )
    elif plain:
        sentences.append(f"Series {listed(plain, 'or')} are used without AROMA denoising.")
    if smoothed:
        sentences.append(f"Series {listed(smoothed, 'or')} are smoothed before, and not again.")
    if len(smoothed) < len(names):
        which = "Others" if smoothed else "Series"
        sentences.append(f"{which} are {_smoothing(inputs.smoothing_fwhm)}.")
    return sentences


def _smoothing(width: float | None) -> str:
    if not width:
        return "not smoothed"
    return f"smoothed with a Gaussian kernel of {number(width)} mm full width at half maximum"
