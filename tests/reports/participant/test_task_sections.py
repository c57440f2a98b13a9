"""What a task's section says of its model, its regions and what was dropped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.participant_collinearity import collinearity_group
from bids_ketamine.reports.participant_dropped import dropped_table
from bids_ketamine.reports.participant_regions import estimate_of, region_means
from bids_ketamine.reports.participant_runs import model_words
from bids_ketamine.reports.tree import RunOutput, SessionOutput, read_participant
from bids_ketamine.reports.words import unit_words
from bids_ketamine.study.load import Study

HOSTILE = """<script>alert("x & y")</script>"""
SESSION = SessionOutput("pre", "ses-pre", pd.DataFrame(), {}, (), (), ())
COLUMNS = ["measure", "contrast", "session", "regions", "value", "standard_error", "residual_df"]


def _run(folder: Path, design: dict[str, Any], facts: dict[str, Any] | None = None) -> RunOutput:
    table = folder / "sub-01_task-faces_design.tsv"
    table.with_suffix(".json").write_text(json.dumps(design), encoding="utf-8")
    return RunOutput("faces", "", "sub-01_task-faces", facts or {}, None, table, None)


def _rows(*rows: tuple[Any, ...], reason: str | None = None) -> pd.DataFrame:
    table = pd.DataFrame([row[:7] for row in rows], columns=COLUMNS)
    reasons = [row[7] if len(row) > 7 else reason for row in rows]
    return table.assign(unit="percent", reason=reasons)


def test_sections_in_the_order_of_the_study(page: Any) -> None:
    own = page.headings[page.headings.index("Task faces") :]
    assert own[:7] == [
        "Task faces",
        "Contrast facesGtShapes",  # before the contrast that the study does not name
        "Contrast anyFace",
        "Generalized PPI: facesGtShapes",
        "Representational similarity",
        "Collinearity and efficiency",
        "pre, faces run 1",
    ]
    # The other task is as older versions wrote it: no diagnostics, no intervals.
    stroop = own[own.index("Task stroop") :]
    assert stroop[1:3] == ["Contrast incongruentGtCongruent", "pre, stroop run 1"]


def test_f_map_fades_below_p_of_001(page: Any) -> None:
    # scipy: f.isf(.001, 2, 118.5) = 7.33.
    assert "an F of 7.3 or more" in page.text
    assert "and an F of p above .001, fade" in page.text
    assert "pre: F map of anyFace \u2013 largest F" in page.text
    assert "with a t of 3.1 or more in size" in page.text


def test_model_and_noise_in_words(page: Any) -> None:
    assert (
        "correlation of neighbouring volumes 0.234 (covariance weights 0.61, 0.48); effective df "
        "118.5"
    ) in page.text
    assert model_words({"NoiseModel": "ar1", "AutocorrelationAtLagOne": None}) == ""


def test_inflation_above_five_stands_out(page: Any, participant_tree: Path, study: Study) -> None:
    assert (
        "Variance inflation of regressors above 5: faces (pre run 1 7.4, post run 1 7.4); shapes "
        f"(pre run 1 7.4, post run 1 7.4); error_trials{HOSTILE} (pre run 1 \u221e, post run 1 "
        "\u221e)."
    ) in page.text
    found = read_participant(participant_tree, "01", spec=study.spec)
    runs = [(s, run) for s in found.sessions for run in s.runs if run.task == "faces"]
    (group,) = collinearity_group(runs, ["faces", "shapes"])
    inflation, efficiency = group.tables
    assert [column.name for column in inflation.columns] == ["Regressor", "pre run 1", "post run 1"]
    assert [row[:2] for row in inflation.rows] == [
        ("faces", "7.4"),
        ("faces_derivative", "1.0"),
        ("shapes", "7.4"),
        (f"error_trials{HOSTILE}", "\u221e"),
    ]
    assert inflation.alarms == {(row, column) for row in (0, 2, 3) for column in (1, 2)}
    assert inflation.cell_class(0, 1) == "n alarm"
    assert inflation.cell_class(1, 1) == "n"
    assert efficiency.rows[0] == ("facesGtShapes", "16.4", "16.4")
    assert efficiency.note == "Where there is none, other could not be estimated."


def test_correlations_are_told_to_those_who_do_not_see_them(report: Path) -> None:
    source = report.read_text(encoding="utf-8")
    assert "faces and shapes \u22120.93" in source


def test_regressor_that_does_not_vary_is_not_infinite(tmp_path: Path) -> None:
    design = {
        "Diagnostics": {
            "ConditionCorrelation": {"names": ["a", "b"], "values": [[None, None], [None, 1.0]]},
            "VarianceInflation": {"a": None, "b": 5.0},
        }
    }
    (group,) = collinearity_group([(SESSION, _run(tmp_path, design))], [])
    assert group.tables[0].rows == (("a", "\u2013"), ("b", "5.0"))
    assert group.warnings == ()


@pytest.mark.parametrize("damaged", [None, 5, [], {"ConditionCorrelation": 3}, "x"])
def test_diagnostics_that_are_none(tmp_path: Path, damaged: Any) -> None:
    groups = collinearity_group([(SESSION, _run(tmp_path, {"Diagnostics": damaged}))], ["a"])
    assert [table for group in groups for table in group.tables] == []


@pytest.mark.parametrize(
    "correlation", [{"names": 3}, {"names": ["a"]}, {"names": ["a"], "values": [5]}]
)
def test_damaged_diagnostics_leave_a_dash(tmp_path: Path, correlation: Any) -> None:
    diagnostics = {"ConditionCorrelation": correlation, "VarianceInflation": {"a": "much"}}
    (group,) = collinearity_group([(SESSION, _run(tmp_path, {"Diagnostics": diagnostics}))], ["a"])
    assert group.tables[0].rows == (("a", "\u2013"),)
    assert all("could not be drawn" in each.problem for each in group.pictures)


def test_intervals_are_those_of_t() -> None:
    # t(.975, 10) = 2.228139.
    found = estimate_of({"value": 2.0, "standard_error": 0.5, "residual_df": 10.0})
    assert found.low == pytest.approx(2 - 2.228139 * 0.5, abs=1e-6)
    assert found.high == pytest.approx(2 + 2.228139 * 0.5, abs=1e-6)
    for missing in ("standard_error", "residual_df"):
        row = {"value": 2.0, "standard_error": 0.5, "residual_df": 10.0, missing: None}
        assert np.isnan(estimate_of(row).low)
        assert estimate_of(row).value == 2.0


def test_region_means_of_the_page(page: Any) -> None:
    assert "Region means of facesGtShapes: activation, with 95 % intervals within each session" in (
        page.text
    )
    assert (
        "Region means of incongruentGtCongruent: activation; intervals are not known" in page.text
    )
    assert f"No value: dACC, pre and post: coverage 31 % is under 50 % {HOSTILE}" in page.text
    # The table of measures has them too: 97 % coverage stands after the interval.
    assert "Region value 95 % interval coverage tSNR" in page.text


def test_intervals_of_the_measures_table(participant_tree: Path, page: Any) -> None:
    table = pd.read_csv(participant_tree / "sub-01/ses-pre/sub-01_ses-pre_measures.tsv", sep="\t")
    row = table[(table["task"] == "faces") & (table["regions"] == "amygdala")].iloc[0]
    half = 1.980 * 0.125  # t(.975, 113 to 118) is 1.980 or 1.981
    low = float(row["value"]) - half
    told = (
        page.text.split("Region value 95 % interval coverage")[1]
        .split("amygdala ")[1]
        .split(" ")[:4]
    )
    assert told[0] == f"{row['value']:.3f}".replace("-", "\u2212")
    assert float(told[1].replace("\u2212", "-")) == pytest.approx(low, abs=2e-3)
    assert told[2] == "to"


def test_regions_without_a_value_are_named_once() -> None:
    nothing = (None, None, 100.0)
    rows = _rows(
        ("activation", "c", "pre", "a", 0.1, 0.1, 100.0),
        ("activation", "c", "pre", "b_x", *nothing, "no signal"),
        ("activation", "c", "post", "a", *nothing, "no `faces`"),
        ("activation", "c", "post", "b_x", *nothing, "no `faces`"),
        ("activation_marsbar", "c", "pre", "a", 0.1, None, 100.0),
        ("activation_marsbar", "c", "pre", "b_x", *nothing),
    )
    means = region_means(rows, "c", name="faces")
    assert means.sentences == (
        "No value: b x, pre: no signal",
        "No value: all regions, post: no `faces`",
        "No value (activation (MarsBaR)): b x, pre: no reason is given",
    )
    assert [each.caption for each in means.pictures] == [
        "Region means of c: activation, with 95 % intervals within each session",
        "Region means of c: activation (MarsBaR); intervals are not known",
    ]
    assert all(each.markup is not None for each in means.pictures)
    assert ">post<" not in str(means.pictures[1].markup)


def test_many_regions_are_cut_to_the_largest() -> None:
    rows = _rows(
        *[("activation", "c", "pre", f"R{at:03d}", float(at), 0.1, 100.0) for at in range(100)]
    )
    (picture,) = region_means(rows, "c", name="faces").pictures
    assert "the 60 of 100 regions with the largest size" in picture.caption
    assert ">R040<" in str(picture.markup)
    assert ">R039<" not in str(picture.markup)


def test_dropped_gathers_every_kind_in_order(tmp_path: Path) -> None:
    design = {
        "Dropped": ["condition `x` has no trials"],
        "MaskThreshold": 0.8,
        "VoxelsBelowThreshold": 1234,
    }
    facts = {
        "Volumes": 215,
        "OutlierVolumes": 6,
        "NonSteadyStateVolumes": 1,
        "Notes": [
            "condition `x` has no trials",
            "header odd",
            "not in contrast `c`: the design has no regressor for `x`",
        ],
    }
    run = _run(tmp_path, design, facts)
    other = SessionOutput("post", "ses-post", pd.DataFrame(), {}, (), (), ())
    rows = _rows(
        ("activation", "c", "pre", "a", None, None, 1.0),
        ("activation", "c", "pre", "b", None, None, 1.0),
        ("activation", "d", "post", "a", None, None, 1.0),
        ("activation", "d", "post", "b", None, None, 1.0),
        reason="too few volumes",
    )
    table = dropped_table([(SESSION, run), (other, run)], rows)
    assert table is not None
    both = "pre and post"
    assert table.rows == (
        ("Contrast", both, "not in contrast `c`: the design has no regressor for `x`"),
        ("Contrast", "post", "`d` has no values: too few volumes"),
        ("Design", both, "condition `x` has no trials"),
        ("Volumes", both, "outliers, a regressor of its own each: 6 of 215 volumes"),
        ("Volumes", both, "before the steady state, a regressor of its own each: 1 of 215 volumes"),
        (
            "Voxels",
            both,
            "1,234 voxels inside the brain mask left out: the signal does not exceed 0.8 of the "
            "volume's global mean in every volume",
        ),
        ("Note", both, "header odd"),
    )


def test_what_all_runs_share_is_told_once(tmp_path: Path) -> None:
    run = _run(tmp_path, {}, {"Volumes": 215, "Notes": ["regions resampled"]})
    runs = [(replace(SESSION, name=name), run) for name in ("pre", "mid", "post")]
    table = dropped_table(runs, pd.DataFrame())
    assert table is not None
    assert table.rows == (("Note", "all runs", "regions resampled"),)


def test_units_have_a_true_sign_of_multiplication() -> None:
    rows = _rows(("activation", "c", "pre", "a", 0.1, 0.1, 100.0))
    (picture,) = region_means(rows.assign(unit="percent x s"), "c", name="faces").pictures
    assert "percent \u00d7 s" in str(picture.markup)
    assert unit_words("percent x s") == "percent \u00d7 s"


def test_nothing_dropped_gives_no_table(tmp_path: Path) -> None:
    design = {"Dropped": [], "MaskThreshold": None, "VoxelsBelowThreshold": 0}
    facts = {"Volumes": 215, "OutlierVolumes": 0, "NonSteadyStateVolumes": None, "Notes": []}
    assert dropped_table([(SESSION, _run(tmp_path, design, facts))], pd.DataFrame()) is None


def test_dropped_of_the_page_shows_code_and_escapes_the_rest(
    participant_tree: Path, page: Any
) -> None:
    source = (participant_tree / "sub-01.html").read_text(encoding="utf-8")
    assert "the regressor <code>baseline</code> is empty &lt;script&gt;" in source
    assert page.text.count("What was dropped, and notes") == 3  # two tasks and rest
    assert (
        "Voxels pre run 1 and post run 1 1,234 voxels inside the brain mask left out" in page.text
    )


def test_eigenvariates_are_not_taken_for_region_series(
    participant_tree: Path, study: Study, tmp_path: Path
) -> None:
    functional = participant_tree / "sub-01" / "ses-pre" / "func"
    stem = "sub-01_ses-pre_task-faces_run-1_space-MNI152NLin2009cAsym_atlas-norbury2021"
    added = functional / f"{stem}_desc-eigenvariate_timeseries.tsv"
    added.write_text("amygdala\n1\n", encoding="utf-8")
    try:
        found = read_participant(participant_tree, "01", spec=study.spec)
    finally:
        added.unlink()
    run = next(run for run in found.sessions[0].runs if run.task == "faces")
    assert run.series is not None
    assert run.series.name == f"{stem}_timeseries.tsv"
