"""Sentences on the cleaning of resting series with volumes left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.facts import mapping_of
from bids_ketamine.reports.words import counted, is_number, listed, number, spread
from bids_ketamine.study.spec import CleaningSpec, RestSpec

Facts = Sequence[Mapping[str, Any]]

_MOTION = "the 6 motion parameters"
_TISSUES = "the mean signals of white matter and CSF"
_GLOBAL = "the global signal"
_CHANGES, _SQUARES = "with their derivatives", "with their derivatives, and the squares of both"
#: Nuisance models in words.
MODELS = {
    "2P": _TISSUES,
    "3P": f"{_TISSUES} and {_GLOBAL}",
    "6P": _MOTION,
    "9P": f"{_MOTION}, {_TISSUES} and {_GLOBAL}",
    "12P": f"{_MOTION} {_CHANGES}",
    "24P": f"{_MOTION} {_SQUARES}",
    "28P": f"{_MOTION} {_SQUARES}, and {_TISSUES} {_CHANGES}",
    "30P": f"{_MOTION} {_SQUARES}, and {_TISSUES} and {_GLOBAL} {_CHANGES}",
    "32P": f"{_MOTION} and {_TISSUES}, all {_SQUARES}",
    "36P": f"{_MOTION}, {_TISSUES} and {_GLOBAL}, all {_SQUARES}",
    "aCompCor": f"{_MOTION} {_CHANGES}, and the first 5 components of anatomical CompCor each of "
    "white matter and CSF",
    "aCompCor+GS": f"{_MOTION} {_CHANGES}, the first 5 components of anatomical CompCor each of "
    f"white matter and CSF, and {_GLOBAL}",
    "AROMA": f"the components that ICA-AROMA calls motion, and {_TISSUES}",
    "AROMA+GS": f"the components that ICA-AROMA calls motion, {_TISSUES} and {_GLOBAL}",
}
#: Papers of the models, and how they are named.
PAPERS = {
    r"24P|28P|30P|32P|36P": ("friston", "Friston et al., 1996"),
    r"36P": ("satterthwaite2013", "Satterthwaite et al., 2013"),
    r"aCompCor.*": ("compcor", "Behzadi et al., 2007"),
    r"AROMA.*": ("aroma", "Pruim et al., 2015"),
}
FILLED = {
    "spectral": "by the sinusoids up to the band's highest frequency that fit the kept volumes",
    "linear": "by straight lines between kept volumes",
}


def cleaning_paragraphs(
    cleaning: CleaningSpec, rest: RestSpec, *, runs: Facts, ready_made: bool, cited: set[str]
) -> tuple[str, ...]:
    """Say how resting series were cleaned.

    Parameters
    ----------
    cleaning : CleaningSpec
        What was asked for.
    rest : RestSpec
        Band and degrees of freedom.
    runs : sequence of mapping
        Facts of the resting runs that were used; empty when only the study is told.
    ready_made : bool
        Whether region time series made elsewhere are read.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    told = [mapping_of(run, "Cleaning") for run in runs]
    told = [each for each in told if each]
    # Series that were cleaned elsewhere have no nuisance model.
    elsewhere = ready_made and (
        all(each.get("Models") in (None, ["none"]) for each in told)
        if told
        else cleaning.timeseries != "clean"
    )
    origin = _series(cleaning, elsewhere=elsewhere, ready_made=ready_made)
    paragraphs = [" ".join([*origin, *_left_out(cleaning, told, cited)])]
    if elsewhere:
        paragraphs.append(
            "Nuisance regression and band-pass had been done before: there were none here."
        )
    else:
        paragraphs.append(_projection(cleaning, rest, cited))
        if cleaning.local_neighbourhood:
            paragraphs.append(_neighbourhood(cleaning, cited))
    return tuple(paragraphs)


def _series(cleaning: CleaningSpec, *, elsewhere: bool, ready_made: bool) -> list[str]:
    if elsewhere:
        return ["Region time series had been made before and were used as they are."]
    variance = (
        "; each region had the same variance in each run before runs were joined"
        if cleaning.unit_variance
        else ""
    )
    series = (
        "Region time series had been made before, without cleaning, and were read as tables."
        if ready_made
        else "The series of a region is the mean over its voxels or vertices with signal."
    )
    return [f"{series} Runs were cleaned one by one and joined{variance}."]


def _left_out(cleaning: CleaningSpec, told: Facts, cited: set[str]) -> list[str]:
    """Say which volumes were left out, and how many stayed."""
    criteria = []
    if cleaning.framewise_displacement:
        cited |= {"power", "power2014"}
        criteria.append(
            f"framewise displacement was above {number(cleaning.framewise_displacement)} mm (Power "
            "et al., 2012, 2014)"
        )
    if cleaning.std_dvars:
        cited.add("power")
        criteria.append(f"standardized DVARS was above {number(cleaning.std_dvars)}")
    sentence = "Volumes before the steady state were left out"
    if criteria:
        sentence += f", and those whose {listed(criteria, 'or whose')}"
    if cleaning.minimum_segment > 1:
        sentence += (
            f", and kept stretches of fewer than {counted(cleaning.minimum_segment, 'volume')}"
        )
    sentences = [f"{sentence}."]
    sentences += _motion_filter(cleaning, cited)
    if cleaning.minimum_minutes:
        sentences.append(
            "Sessions were used that kept at least "
            f"{number(cleaning.minimum_minutes)} min, all runs together."
        )
    minutes = [each.get("Minutes") for each in told if is_number(each.get("Minutes"))]
    if minutes:
        sentences.append(f"Runs kept {spread(minutes, 1, ' to ')} min.")
    return sentences


def _motion_filter(cleaning: CleaningSpec, cited: set[str]) -> list[str]:
    if cleaning.motion_filter == "low_pass":
        cited.add("gratton")
        return [
            "Displacement was that of motion parameters below "
            f"{number(cleaning.motion_filter_cutoff)} Hz, without breathing (Gratton et al., 2020)."
        ]
    if cleaning.motion_filter == "notch":
        cited.add("fair")
        low, high = (number(each) for each in cleaning.motion_filter_band)
        return [
            f"Displacement was that of motion parameters without {low} to {high} Hz, the band of "
            "breathing (Fair et al., 2020)."
        ]
    return []


def _projection(cleaning: CleaningSpec, rest: RestSpec, cited: set[str]) -> str:
    first, *further = cleaning.models
    sentences = [f"Nuisance model {first}: {_model(first, cited)}."]
    if further:
        cited.add("ciric")
        others = "; ".join(f"{name}, {_model(name, cited)}" for name in further)
        sentences.append(
            "Results depend on the choice (Ciric et al., 2017): means of networks were computed "
            f"again with {others}."
        )
    trend = ", a linear trend" if cleaning.linear_trend else ""
    if rest.band_pass is None:
        what = "They and a linear trend" if trend else "They"
        sentences.append(
            f"{what} were removed by least squares from the kept volumes; there was no band-pass."
        )
    else:
        cited.add("lindquist")
        low, high = (number(each) for each in rest.band_pass)
        sentences.append(
            f"They{trend} and all frequencies outside {low} to {high} Hz were removed in one "
            "least-squares projection, so that neither brings back what the other removed "
            "(Lindquist et al., 2019)."
        )
        sentences.append(_filled(cleaning, cited))
    sentences.append(
        f"A run with fewer than {rest.minimum_residual_df} residual degrees of freedom was not "
        "used."
    )
    return " ".join(sentences)


def _filled(cleaning: CleaningSpec, cited: set[str]) -> str:
    if cleaning.censored_volumes not in FILLED:
        return (
            "Volumes left out had no part in it: the frequencies outside the band were regressors "
            "of the kept volumes."
        )
    cited.add("power2014")
    return (
        f"For the filter, volumes left out were filled in {FILLED[cleaning.censored_volumes]}, "
        "and dropped again after it (Power et al., 2014); they had no weight in the regression."
    )


def _model(name: str, cited: set[str]) -> str:
    papers = []
    for pattern, (key, words) in PAPERS.items():
        if re.fullmatch(pattern, name):
            cited.add(key)
            papers.append(words)
    return MODELS[name] + (f" ({'; '.join(papers)})" if papers else "")


def _neighbourhood(cleaning: CleaningSpec, cited: set[str]) -> str:
    cited |= {"marek", "greene"}
    low, high = (number(each) for each in cleaning.neighbourhood_distance)
    return (
        f"From the series of {listed(list(cleaning.local_neighbourhood))} the mean series of the "
        f"cortex {low} to {high} mm around them was regressed (Marek et al., 2018; Greene et al., "
        "2020): functional images are blurred, and a subcortical voxel holds signal of the cortex "
        "beside it."
    )
