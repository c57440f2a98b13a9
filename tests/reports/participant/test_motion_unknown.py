"""Runs without a confounds table: no figure of motion, and a sentence that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bids_ketamine.reports.figures import quality
from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.reports.participant_motion import motion_pictures
from bids_ketamine.reports.tree import read_participant
from bids_ketamine.study.load import Study

Maker = Callable[..., Path]
TASKS = ["faces", "stroop", "rest"]
NONE = "There is no figure of motion: neither framewise displacement nor DVARS is known."


def _forget_motion(output: Path, pattern: str) -> None:
    """Write the tables of runs without a confounds table."""
    for path in output.rglob(pattern):
        table = pd.read_csv(path, sep="\t")
        table[["framewise_displacement", "std_dvars"]] = np.nan
        table[["outlier", "non_steady_state"]] = 0
        table.to_csv(path, sep="\t", na_rep="n/a", index=False)


@pytest.fixture
def output(make_participant: Maker, tmp_path: Path) -> Path:
    return make_participant(tmp_path, sessions=("pre",), regions=("amygdala", "vmPFC"))


def test_a_page_without_any_motion(
    output: Path, study: Study, take_apart: Callable[[Path], Any]
) -> None:
    _forget_motion(output, "*_desc-quality_timeseries.tsv")
    page = take_apart(write_participant_report(output, "01", study=study))
    assert page.text.count(f"Motion and outliers {NONE}") == 1
    assert "\u2013 mean FD" not in page.text
    assert "Framewise displacement and standardized DVARS" not in page.text


def test_runs_without_motion_are_named_beside_the_figures_of_others(
    output: Path, study: Study
) -> None:
    found = read_participant(output, "01", spec=study.spec)
    pictures, absent = motion_pictures(found, study.spec, TASKS)
    assert ([each.caption.partition(" \u2013")[0] for each in pictures], absent) == (
        ["pre, faces run 1", "pre, stroop run 1", "pre, rest run 1"],
        "",
    )
    _forget_motion(output, "*_task-faces_run-1_desc-quality_timeseries.tsv")
    pictures, absent = motion_pictures(found, study.spec, TASKS)
    assert len(pictures) == 2
    assert absent == (
        "There is no figure of motion of pre, faces run 1: neither framewise displacement nor "
        "DVARS is known."
    )


def test_one_of_the_two_is_drawn(output: Path, study: Study) -> None:
    found = read_participant(output, "01", spec=study.spec)
    for path in output.rglob("*_desc-quality_timeseries.tsv"):
        pd.read_csv(path, sep="\t").drop(columns="std_dvars").to_csv(
            path, sep="\t", na_rep="n/a", index=False
        )
    pictures, absent = motion_pictures(found, study.spec, TASKS)
    assert (len(pictures), absent) == (3, "")


def test_a_damaged_table_is_told_by_its_picture(output: Path, study: Study) -> None:
    found = read_participant(output, "01", spec=study.spec)
    (path,) = output.rglob("*_task-rest_run-1_desc-quality_timeseries.tsv")
    path.write_text("a\tb\n1\n", encoding="utf-8")
    pictures, absent = motion_pictures(found, study.spec, TASKS)
    assert absent == ""
    assert pictures[2].problem.startswith("could not be drawn: ")


@pytest.mark.parametrize("columns", [["framewise_displacement"], ["std_dvars"]])
def test_the_label_of_a_figure_of_one_row_is_whole(
    columns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(quality, "svg", lambda figure, **_: drawn.append(figure))
    table = pd.DataFrame({name: [0.1, 0.2, 1.0] for name in columns})
    quality.quality_figure(
        table, framewise_displacement=0.5, std_dvars=1.5, name="q", description="q"
    )
    (figure,) = drawn
    figure.draw_without_rendering()
    (axes,) = figure.axes
    label = axes.xaxis.label.get_window_extent()
    assert axes.get_xlabel() == "volume"
    assert label.y0 > 0
