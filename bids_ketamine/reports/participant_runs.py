"""Pictures of a run's model: courses and design matrix."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import mapping_of, read_json, sentences_of
from bids_ketamine.reports.figures.courses import course_figure
from bids_ketamine.reports.figures.design import design_figure
from bids_ketamine.reports.methods_routes import route_words
from bids_ketamine.reports.tree import RunOutput, SessionOutput
from bids_ketamine.reports.views import PictureGroup, picture
from bids_ketamine.reports.words import is_absent, number


def run_group(session: SessionOutput, run: RunOutput) -> PictureGroup:
    """Return pictures of a run, with its route and its noise model in words.

    Parameters
    ----------
    session : SessionOutput
        Its session.
    run : RunOutput
        A run with a design or region series.
    """
    design = run.design_facts()
    pictures = [picture("Condition regressors and region series", partial(draw_courses, run))]
    if run.design is not None:
        caption = "Design matrix, each column scaled to its largest size"
        pictures.append(picture(caption, partial(_draw_design, run, design)))
    words = [route_words(run.facts)] if run.facts else []
    words += [told for told in [model_words(design)] if told]
    return PictureGroup(f"{session.name}, {run.title}", "; ".join(words), tuple(pictures))


def model_words(design: Mapping[str, Any]) -> str:
    """Return what was estimated of a run's noise, in a few words; empty where nothing was.

    Parameters
    ----------
    design : mapping
        Sidecar of the run's design.

    Examples
    --------
    >>> model_words({"NoiseModel": "spm", "AutocorrelationAtLagOne": 0.2134,
    ...     "Autocorrelation": [0.7, 0.31], "EffectiveDegreesOfFreedom": 193.24})
    'correlation of neighbouring volumes 0.213 (covariance weights 0.7, 0.31); effective df 193.2'
    """
    parts = []
    if not is_absent(design.get("AutocorrelationAtLagOne")):
        words = f"correlation of neighbouring volumes {number(design['AutocorrelationAtLagOne'])}"
        weights = design.get("Autocorrelation")
        if isinstance(weights, list) and weights:
            words += f" (covariance weights {', '.join(number(each) for each in weights)})"
        parts.append(words)
    if not is_absent(design.get("EffectiveDegreesOfFreedom")):
        parts.append(f"effective df {number(design['EffectiveDegreesOfFreedom'], 1)}")
    return "; ".join(parts)


def draw_courses(run: RunOutput) -> Markup:
    """Draw condition regressors and region series of a run over time."""
    design = None if run.design is None else read_table(run.design)
    facts = run.design_facts()
    series, unit, t_r = None, "", facts.get("RepetitionTime") or run.facts.get("RepetitionTime")
    if run.series is not None:
        series = read_table(run.series)
        sidecar = read_json(run.series.with_suffix(".json"), [])
        units = {each.get("Units") for each in sidecar.values() if isinstance(each, dict)}
        unit = str(sidecar.get("Units") or next((each for each in units if each), ""))
    return course_figure(
        design=design,
        conditions=[str(name) for name in facts.get("Conditions") or ()],
        series=series,
        t_r=t_r,
        unit="%" if unit.startswith("percent") else "" if unit == "arbitrary" else unit,
        name=f"course-{run.name}",
        description=f"Time courses of {run.name}",
    )


def _draw_design(run: RunOutput, facts: Mapping[str, Any]) -> Markup:
    assert run.design is not None  # asked for by the caller
    design = read_table(run.design)
    correlation = mapping_of(mapping_of(facts, "Diagnostics"), "ConditionCorrelation")
    conditions = tuple(sentences_of(facts, "Conditions"))
    derived = tuple(f"{name}_" for name in conditions)
    named = sentences_of(correlation, "names")
    return design_figure(
        design,
        conditions=[*conditions, *(name for name in named if name.startswith(derived))],
        name=f"design-{run.name}",
        description=f"Design matrix of {run.name}: {', '.join(map(str, design.columns))}",
    )
