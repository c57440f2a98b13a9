"""Sentences on how series came to be: denoising and smoothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.words import counted, is_absent, is_number, listed, number, spread
from bids_ketamine.study.spec import StudySpec

Facts = Sequence[Mapping[str, Any]]

#: How facts say that nothing was done, or that it was done by this app.
NOTHING = ("", "none")
HERE = ("here", "bids_ketamine")
#: Who smoothed is not known.
BEFORE = "before"


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
    after, before = _smoothness(run, "SmoothnessAfter"), _smoothness(run, "SmoothnessBefore")
    if after:
        told = f"estimated smoothness {_widths(after)} mm"
        parts.append(told + (f", {_widths(before)} mm before" if before else ""))
    return "; ".join(parts)


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
    found = run.get(key)
    return [float(each) for each in found if is_number(each)] if isinstance(found, list) else []


def _widths(widths: Sequence[float]) -> str:
    return " × ".join(number(each, 1) for each in widths)


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
    told = [run for run in runs if "Denoising" in run]
    sentences = (
        _done(told, cited) if told and len(told) == len(runs) else _by_name(spec, runs, cited)
    )
    if spec.inputs.timeseries_atlas is not None:
        sentences.append(
            f"At rest, ready-made region time series (atlas {spec.inputs.timeseries_atlas}) took "
            "the place of images."
        )
    return [" ".join(sentences)] if sentences else []


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
    after = [each for run in runs for each in _smoothness(run, "SmoothnessAfter")]
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


def _by_name(spec: StudySpec, runs: Facts, cited: set[str]) -> list[str]:
    """Tell routes from the descriptions of the files, asked for or used."""
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
    return sentences


def _smoothing(width: float | None) -> str:
    if not width:
        return "unsmoothed"
    return f"smoothed with a Gaussian kernel of {number(width)} mm full width at half maximum"
