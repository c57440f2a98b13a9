"""Cleaning of a participant's resting runs: what was left out, what is left, and how good it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import mapping_of, sentences_of
from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.figures.censoring import censoring_figure, minutes_figure
from bids_ketamine.reports.figures.forest import Estimate, forest_figure
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.tree import ParticipantOutput, RunOutput, SessionOutput
from bids_ketamine.reports.views import Column, Picture, PictureGroup, TableView, picture
from bids_ketamine.reports.words import (
    ABSENT,
    counted,
    is_absent,
    is_number,
    measure_words,
    number,
    percent,
    region_words,
    text,
    unit_words,
)
from bids_ketamine.study.measure_names import RATIO, SIGNAL_QUALITY
from bids_ketamine.study.spec import CleaningSpec, StudySpec

#: Where runs and sessions tell of their cleaning.
FACTS = "Cleaning"
#: Columns of displacement in a run's quality table, as estimated and without breathing.
DISPLACEMENT, FILTERED = "framewise_displacement", "framewise_displacement_filtered"
STAGES = {"raw": "before cleaning", "cleaned": "after cleaning"}
QUALITY_WORDS = (
    "Medians over the regions of each network: temporal standard deviation, and mean over standard "
    "deviation (temporal signal-to-noise ratio), of the volumes that are used."
)


def cleaning_groups(found: ParticipantOutput, spec: StudySpec) -> list[PictureGroup]:
    """Show the cleaning of resting runs; nothing where nothing was cleaned.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Thresholds.
    """
    cleaning = spec.cleaning
    if cleaning is None or spec.rest is None:
        return []
    runs = list(_runs(found, spec.rest.task))
    sessions = [each for each in found.sessions if mapping_of(each.facts, FACTS)]
    if not runs and not sessions:
        return []
    groups = [_time_group(sessions, runs, cleaning)]
    pictures = tuple(
        _displacement_picture(session, run, cleaning) for session, run in runs if run.quality
    )
    if pictures:
        groups.append(PictureGroup("Displacement and volumes left out", _words(cleaning), pictures))
    quality = _quality_group(found)
    return [*groups, quality] if quality is not None else groups


def _runs(found: ParticipantOutput, task: str) -> Iterator[tuple[SessionOutput, RunOutput]]:
    return (
        (session, run)
        for session in found.sessions
        for run in session.runs
        if run.task == task and mapping_of(run.facts, FACTS)
    )


def _words(cleaning: CleaningSpec) -> str:
    parts = []
    if cleaning.framewise_displacement:
        filtered = " of motion without breathing" if cleaning.motion_filter != "none" else ""
        parts.append(
            f"displacement{filtered} above {number(cleaning.framewise_displacement)} mm (dashed)"
        )
    if cleaning.std_dvars:
        parts.append(f"standardized DVARS above {number(cleaning.std_dvars)}")
    rule = f"Volumes with {' or '.join(parts)} are left out" if parts else "No rule leaves volumes"
    if cleaning.minimum_segment > 1:
        rule += f", and stretches shorter than {cleaning.minimum_segment} volumes"
    return f"{rule}{'; they are marked.' if parts else ' out.'}"


def _time_group(
    sessions: list[SessionOutput],
    runs: list[tuple[SessionOutput, RunOutput]],
    cleaning: CleaningSpec,
) -> PictureGroup:
    bars, warnings = [], []
    for session in sessions:
        facts = mapping_of(session.facts, FACTS)
        if is_number(facts.get("Minutes")):
            own = [run for each, run in runs if each is session]
            whole = sum((_whole_minutes(run) for run in own), 0.0) if own else float("nan")
            bars.append((session.name, float(facts["Minutes"]), whole))
        if not is_absent(facts.get("Reason")):
            warnings.append(f"{session.name} has no resting measures: {facts['Reason']}.")
    pictures = []
    if bars:
        minimum = cleaning.minimum_minutes or None
        draw = partial(
            minutes_figure, bars, minimum=minimum, name="cleaning-minutes",
            description="Minutes of volumes that are used, by session, against the minimum",
        )  # fmt: skip
        pictures.append(picture("Minutes that are used, of all, all runs together", draw))
    tables = [each for each in (_run_table(runs), _model_table(runs)) if each is not None]
    notes = [
        f"{session.name}: {note}"
        for session in sessions
        for note in sentences_of(mapping_of(session.facts, FACTS), "Notes")
    ]
    return PictureGroup(
        "Usable time and nuisance models",
        "",
        tuple(pictures),
        tables=tuple(tables),
        sentences=tuple(notes),
        warnings=tuple(warnings),
    )


def _whole_minutes(run: RunOutput) -> float:
    facts = mapping_of(run.facts, FACTS)
    step, n_volumes = run.facts.get("RepetitionTime"), facts.get("Volumes")
    if not (is_number(step) and is_number(n_volumes)):
        return float("nan")
    return float(str(step)) * float(str(n_volumes)) / 60.0


def _run_table(runs: list[tuple[SessionOutput, RunOutput]]) -> TableView | None:
    if not runs:
        return None
    columns: tuple[Column, ...] = (
        Column("Session"),
        Column("Run"),
        Column("Volumes used", numeric=True),
        Column("Minutes", numeric=True),
        Column("Mean FD, mm", numeric=True),
        Column("Left out", wide=True),
        Column("Motion filter", wide=True),
    )
    rows: list[tuple[str, ...]] = []
    for session, run in runs:
        facts = mapping_of(run.facts, FACTS)
        kept, total = facts.get("Kept"), facts.get("Volumes")
        share = f" ({percent(kept / total)})" if is_number(kept) and total else ""
        rows.append(
            (
                session.name,
                run.run or ABSENT,
                f"{text(kept)} of {text(total)}{share}",
                number(facts.get("Minutes"), 1),
                number(run.facts.get("MeanFramewiseDisplacement"), 3),
                text(facts.get("Causes"), "none"),
                text(facts.get("MotionFilter"), ""),
            )
        )
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return TableView("Volumes that are used", columns, tuple(rows))


def _model_table(runs: list[tuple[SessionOutput, RunOutput]]) -> TableView | None:
    """Return degrees of freedom of each run under each nuisance model."""
    rows: list[tuple[str, ...]] = []
    for session, run in runs:
        facts = mapping_of(run.facts, FACTS)
        residual = mapping_of(facts, "ResidualDegreesOfFreedom")
        effective = mapping_of(facts, "EffectiveDegreesOfFreedom")
        reasons = mapping_of(facts, "Reasons")
        models = sentences_of(facts, "Models") or list(residual)
        for place, model in enumerate(models):
            rows.append(
                (
                    session.name,
                    run.run or ABSENT,
                    f"{model} (of the measures)" if place == 0 and len(models) > 1 else model,
                    number(residual.get(model), 0),
                    number(effective.get(model), 1),
                    text(reasons.get(model), ""),
                )
            )
    if not rows:
        return None
    columns = [Column("Session"), Column("Run"), Column("Nuisance model")]
    columns += [Column(name, numeric=True) for name in ("residual df", "effective df")]
    columns.append(Column("Why the run is not used", wide=True))
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    note = (
        "Residual degrees of freedom: dimensions that the kept volumes have left after band-pass "
        "and nuisance regression. Effective ones are fewer where filled-in volumes blur the filter."
    )
    return TableView("Nuisance models", tuple(columns), tuple(rows), note=note)


def _displacement_picture(
    session: SessionOutput, run: RunOutput, cleaning: CleaningSpec
) -> Picture:
    facts = mapping_of(run.facts, FACTS)
    caption = f"{session.name}, {run.title}"
    n_out = _left_out(facts)
    if n_out is not None:
        caption += f" \u2013 {counted(n_out, 'volume')} left out"
        causes = text(facts.get("Causes"), "")
        caption += f": {causes}" if causes else ""
    return picture(caption, partial(_draw, run, cleaning, caption))


def _left_out(facts: Mapping[str, Any]) -> int | None:
    kept, total = facts.get("Kept"), facts.get("Volumes")
    return int(str(total)) - int(str(kept)) if is_number(kept) and is_number(total) else None


def _draw(run: RunOutput, cleaning: CleaningSpec, caption: str) -> Markup:
    assert run.quality is not None  # runs without are left out
    table = read_table(run.quality)
    displacement = _column(table, DISPLACEMENT)
    filtered = _column(table, FILTERED) if FILTERED in table else None
    if not any(np.isfinite(each).any() for each in (displacement, filtered) if each is not None):
        raise ValueError("displacement is not known")
    return censoring_figure(
        displacement,
        (_column(table, "outlier") > 0) | (_column(table, "non_steady_state") > 0),
        filtered=filtered,
        threshold=cleaning.framewise_displacement or None,
        name=f"censoring-{run.name}",
        description=f"Framewise displacement over volumes and volumes left out: {caption}",
    )


def _column(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)


def _quality_group(found: ParticipantOutput) -> PictureGroup | None:
    """Draw signal quality of networks by session, before and after cleaning."""
    parts = [each.measures.assign(session=each.name) for each in found.sessions]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["measure"])
    rows = rows[rows["measure"].isin(SIGNAL_QUALITY)]
    rows = rows[rows["value"].notna()] if len(rows) else rows
    if rows.empty:
        return None
    pictures = []
    is_ratio = rows["regions"].astype(str).str.contains(RATIO, regex=False)
    for kind in ("tsnr", "temporal_sd"):
        own = rows[~is_ratio & rows["measure"].str.endswith(kind)]
        if own.empty:
            continue
        title = measure_words(f"raw_{kind}").removesuffix(" before cleaning")
        title = f"{title[:1].upper()}{title[1:]} of networks"
        pictures.append(picture(title, partial(_draw_quality, own, kind, title)))
    return PictureGroup("Signal quality", QUALITY_WORDS, tuple(pictures)) if pictures else None


def _draw_quality(rows: pd.DataFrame, kind: str, title: str) -> Markup:
    found: dict[str, dict[str, Estimate]] = {}
    nothing = float("nan")
    for regions in dict.fromkeys(rows["regions"]):
        for row in records(rows[rows["regions"] == regions]):
            stage = STAGES[str(row["measure"]).split("_", 1)[0]]
            label = f"{region_words(regions)}, {stage}"
            estimate = Estimate(float(row["value"]), nothing, nothing)
            found.setdefault(label, {})[str(row["session"])] = estimate
    return forest_figure(
        list(found.items()),
        styles=_styles(rows),
        unit=unit_words(rows["unit"].iloc[0]),
        limits=None,
        legend=rows["session"].nunique() > 1,
        name=f"quality-{kind}",
        description=f"{title} before and after cleaning, by session",
    )


def _styles(rows: pd.DataFrame) -> dict[str, ArmStyle]:
    sessions = list(dict.fromkeys(rows["session"]))
    # The style of `all` is that of all arms together; a session may bear that name.
    return dict(zip(sessions, arm_styles([f"-{each}" for each in sessions]).values(), strict=False))
