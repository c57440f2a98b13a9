"""What a task's section says of dynamic causal models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.reports.participant_dcm import dcm_groups
from bids_ketamine.reports.tree import ParticipantOutput, read_participant
from bids_ketamine.study.load import Study
from tests.reports.participant.circuit_files import (
    HOSTILE,
    MODEL,
    STEM,
    file_name,
    found_circuit,
    missing_rows,
    write_circuit,
    write_measures,
)

FUNC = Path("sub-01") / "ses-pre" / "func"
NAMES = {"faces"}


def _groups(found: ParticipantOutput, *models: str) -> list[Any]:
    return dcm_groups(found, "faces", names=NAMES, models=models or (MODEL,))


def _group(tmp_path: Path, study: Study, **given: Any) -> Any:
    (group,) = _groups(found_circuit(tmp_path, study, **given))
    return group


def test_sentences_come_first(tmp_path: Path, study: Study) -> None:
    group = _group(tmp_path, study)
    assert group.title == "Dynamic causal model faceCircuit"
    model, fit = group.lead
    assert model == (
        "A model of vmPFC and amygdala; connections vmPFC \u2192 amygdala and amygdala \u2192 "
        "vmPFC; all_trials (faces + shapes) drives amygdala; faces modulates vmPFC \u2192 "
        "amygdala and amygdala \u2192 vmPFC."
    )
    facts = json.loads((tmp_path / FUNC / file_name()).read_text(encoding="utf-8"))
    shares = facts["ExplainedVarianceByRegion"]
    assert fit.replace("\u00a0", " ") == (
        f"pre: the model converged after 23 iterations and explains "
        f"{round(100 * facts['ExplainedVariance'])} % of the variance "
        f"(vmPFC {round(100 * shares['vmPFC'])} %, amygdala {round(100 * shares['amygdala'])} %)."
    )
    assert "SPM's is that of the posterior: it assumes white noise" in group.words
    assert "noise level and the serial correlation that the residuals show" in group.words
    assert "that at the mean of the inputs" in group.words
    assert "fit of its own" not in group.words
    off = _group(tmp_path, study, CentreInputs=False)
    assert "a connection is that while all inputs are off" in off.words


def test_parameters_have_both_intervals_unit_and_probability(tmp_path: Path, study: Study) -> None:
    parameters, regions = _group(tmp_path, study).tables
    heads = ["Parameter", "Unit", "estimate", "SPM's 90 %", "calibrated 90 %", "P"]
    assert [column.name for column in parameters.columns] == heads
    rows = {row[0]: row[1:] for row in parameters.rows}
    assert list(rows) == [
        *("vmPFC self-connection", "vmPFC \u2192 amygdala", "amygdala \u2192 vmPFC"),
        *("amygdala self-connection", "vmPFC \u2192 amygdala by faces"),
        *("amygdala \u2192 vmPFC by faces", "all_trials \u2192 amygdala"),
        *("vmPFC transit", "amygdala transit", "decay", "epsilon"),
    ]
    # Standard deviations .1 and .15; the normal quantile is 1.645.
    assert rows["amygdala \u2192 vmPFC"] == (
        *("Hz", "0.21", "0.05 to 0.37", "\u22120.04 to 0.46", "0.98"),
    )
    assert rows["decay"][0] == "log"
    assert rows["decay"][1:] == ("0.00", "\u22120.16 to 0.16", "\u22120.25 to 0.25", "0.50")
    assert regions.rows[0][2:] == ("0.06", "0.50", "0.31", "57")


def test_scaled_series_are_in_percent_again(tmp_path: Path, study: Study) -> None:
    group = _group(tmp_path, study, ScalingOfSeries=0.5)
    # SPM's noise is that of the scaled series.
    assert group.tables[1].rows[0][2:4] == ("0.12", "0.50")
    assert any("multiplied by 0.5 before the fit" in each for each in group.sentences)
    assert not any("multiplied" in each for each in _group(tmp_path, study).sentences)


def test_pictures_of_circuit_series_and_correlations(tmp_path: Path, study: Study) -> None:
    group = _group(tmp_path, study, n_runs=2)
    assert [each.caption for each in group.pictures] == [
        "pre: connections, and inputs from outside; what an input adds to a connection stands "
        "after its name.",
        "pre run 1: observed and predicted series, inputs as bands",
        "pre run 2: observed and predicted series, inputs as bands",
        "pre: posterior correlations of parameters",
    ]
    assert [each.problem for each in group.pictures] == [""] * 4
    circuit, first, _, matrix = (str(each.markup) for each in group.pictures)
    assert ">\u22120.35 Hz<" in circuit
    assert ">calibrated \u22120.60 to \u22120.10<" in circuit
    assert "vmPFC to amygdala by faces \u22120.42 Hz" in circuit
    arrays = np.load(tmp_path / FUNC / file_name(ending="npz"))
    squares = [float((arrays[name][:, 1] ** 2).sum()) for name in ("predicted_1", "residuals_1")]
    share = round(100 * squares[0] / sum(squares))
    assert f">amygdala: {share} % of the variance explained<" in first
    assert ">all trials<" in first
    assert matrix.count(">\u2212.93<") == 2
    assert ">vmPFC\u2192amygdala \u00d7 faces<" in matrix


def test_parameters_that_are_hardly_told_apart_are_named(tmp_path: Path, study: Study) -> None:
    words, pair = _group(tmp_path, study).warnings
    assert "can hardly tell some parameters apart" in words
    assert pair == "pre: vmPFC \u2192 amygdala and vmPFC \u2192 amygdala by faces (r = \u22120.93)."
    free = np.load(tmp_path / FUNC / file_name(ending="npz"))["free"]
    plain = {"posterior_covariance": np.eye(int(free.max()) + 1)}
    assert _group(tmp_path, study, arrays=plain).warnings == ()
    close = {"posterior_covariance": np.full((int(free.max()) + 1,) * 2, 0.95) + 0.05 * plain[
        "posterior_covariance"
    ]}  # fmt: skip
    _, pairs = _group(tmp_path, study, arrays=close).warnings
    assert pairs.endswith("; 47 other pairs.")  # of 11 * 10 / 2, 8 are named


def test_unconverged_and_flat_models_are_flagged(tmp_path: Path, study: Study) -> None:
    group = _group(tmp_path, study, noise=6.0, Converged=False, Iterations=128)
    assert "did not converge in 128 iterations" in group.lead[1]
    assert group.lead[1].replace("\u00a0", " ").endswith("It is flat: less than 10 % is explained.")
    assert group.warnings[0].startswith("Not converged: pre. The iterations were spent")
    assert "maximum_iterations" in group.warnings[0]
    assert group.warnings[1].startswith("Flat model: pre (0 %). It explains less than 10 %")
    # A share without a word on flatness is enough.
    told = _group(tmp_path, study, ExplainedVariance=0.0999, Flat=None)
    assert told.warnings[0].startswith("Flat model: pre (9.9 %)")
    assert not any("Flat" in each for each in _group(tmp_path, study).warnings)


def test_calibrated_intervals_with_a_middle_of_their_own(tmp_path: Path, study: Study) -> None:
    found_circuit(tmp_path, study)
    path = tmp_path / FUNC / file_name()
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["Parameters"][1] |= {"CalibratedInterval": [-1.0, -0.2], "CalibratedMean": -0.6}
    facts["Parameters"][2]["CalibratedMean"] = facts["Parameters"][2]["PosteriorMean"]
    facts |= {"CalibratedConverged": False, "ScalingOfSeries": 0.5}
    path.write_text(json.dumps(facts), encoding="utf-8")
    (group,) = _groups(read_participant(tmp_path, "01", spec=study.spec))
    assert "The calibrated interval comes from a fit of its own" in group.words
    shown = {row[0]: row[4] for row in group.tables[0].rows}
    assert shown["vmPFC \u2192 amygdala"] == "\u22120.60 (\u22121.00 to \u22120.20)"
    assert shown["amygdala \u2192 vmPFC"] == "\u22120.04 to 0.46"
    assert ">calibrated \u22120.60 (\u22121.00 to \u22120.20)<" in str(group.pictures[0].markup)
    assert "The fit of the calibrated intervals did not converge: pre." in group.warnings[0]
    assert any("driving inputs are that much smaller" in each for each in group.sentences)


def test_models_that_are_not_estimated_have_their_reason(tmp_path: Path, study: Study) -> None:
    reason = f"amygdala: coverage 31 % {HOSTILE}"
    write_measures(tmp_path, [missing_rows(reason), missing_rows("no events", "second")])
    groups = _groups(read_participant(tmp_path, "01", spec=study.spec), "second", MODEL)
    assert [group.title for group in groups] == [
        "Dynamic causal model second",
        "Dynamic causal model faceCircuit",
    ]
    assert groups[0].lead == ("pre: the model was not estimated: no events.",)
    assert groups[1].lead == (f"pre: the model was not estimated: {reason}.",)
    assert groups[1].pictures == groups[1].tables == groups[1].warnings == ()


def test_sessions_stand_beside_each_other(tmp_path: Path, study: Study) -> None:
    found_circuit(tmp_path, study)
    later = write_circuit(
        tmp_path / "sub-01" / "ses-post" / "func",
        STEM.replace("ses-pre", "ses-post"),
        Notes=["run 2 is left out: no `faces`"],
    )
    other = missing_rows("no series", "other")
    write_measures(tmp_path, [later, other], session="post")
    first, second = _groups(read_participant(tmp_path, "01", spec=study.spec), MODEL, "other")
    assert len(first.lead) == 3
    assert first.tables[0].groups == [("", 1), ("pre", 2), ("post", 2)]
    rows = {row[0]: row[1:3] for row in first.tables[0].rows}
    assert rows["amygdala \u2192 vmPFC"] == ("0.21 (0.05 to 0.37)", "\u22120.04 to 0.46")
    assert "decay (log)" in rows
    assert len(first.tables[0].rows) == 11
    assert "pre and post: free energy: SPM's \u2212812.3." in first.sentences
    assert (
        "pre and post: echo time 0.04 s and every region sampled 0.975 s into its volume."
        in first.sentences
    )
    assert "post: run 2 is left out: no `faces`." in first.sentences
    assert second.lead == ("post: the model was not estimated: no series.",)
    assert second.words == ""


def test_sessions_are_in_the_order_of_the_study_whether_estimated_or_not(
    tmp_path: Path, study: Study
) -> None:
    later = write_circuit(
        tmp_path / "sub-01" / "ses-post" / "func", STEM.replace("ses-pre", "ses-post")
    )
    write_measures(tmp_path, [later], session="post")
    write_measures(tmp_path, [missing_rows("slope -0.5")])
    (group,) = _groups(read_participant(tmp_path, "01", spec=study.spec))
    _, first, second = group.lead
    assert first == "pre: the model was not estimated: slope \u22120.5."
    assert second.startswith("post: the model converged")


def test_both_free_energies_and_notes_are_told(tmp_path: Path, study: Study) -> None:
    note = "the free energy fell from -12.5 to -1e-05 in sub-01, 3-4"
    given = {"CalibratedFreeEnergy": -350.25, "Notes": [note]}
    sentences = _group(tmp_path, study, NoiseSettled=True, **given).sentences
    energies = "pre: free energy: SPM's \u2212812.3 and the calibrated fit's \u2212350.2."
    assert energies in sentences
    told = "fell from \u221212.5 to \u22121e\u221205 in sub-01, 3-4."
    assert sentences[-1].endswith(told)
    sentences = _group(tmp_path, study, NoiseSettled=False, **given).sentences
    assert (
        f"{energies} SPM's noise levels did not settle, so that SPM's free energy is no ground "
        "for comparing models here; the calibrated fit's is."
    ) in sentences


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"Stalled": True}, "The model is stalled: its last steps were all rejected."),
        ({"Converged": False}, "The model is not converged."),
        ({"ExplainedVariance": 0.031}, "The model is flat: it explains 3 % of the variance."),
    ],
)
def test_doubt_stands_in_the_circuit(
    tmp_path: Path, study: Study, changes: dict[str, Any], words: str
) -> None:
    circuit = str(_group(tmp_path, study, **changes).pictures[0].markup)
    assert ("The model is" in circuit) == bool(words)
    assert words in circuit


def test_only_the_first_model_explains_intervals(tmp_path: Path, study: Study) -> None:
    regions = ("vmPFC", "amygdala", "dACC", "anterior_insula")
    write_circuit(tmp_path / FUNC, model="wide", regions=regions)
    first, second = _groups(found_circuit(tmp_path, study))
    assert "two intervals" in first.words
    assert second.words == ""
    assert "12 connections between regions: all of them" in second.lead[0]
    assert second.pictures[0].caption.endswith("Intervals stand in the table.")
    assert [each.problem for each in second.pictures] == [""] * 3


@pytest.mark.parametrize("n_regions", [1, 10])
def test_smallest_and_largest_circuit(tmp_path: Path, study: Study, n_regions: int) -> None:
    regions = tuple(f"some_region_{place}" for place in range(n_regions))
    group = _group(tmp_path, study, regions=regions)
    assert [each.problem for each in group.pictures] == [""] * 3
    matrix = str(group.pictures[2].markup)
    assert (" self<" in matrix) == (n_regions == 1)
    assert f"{len(group.tables[0].rows)} parameters" in matrix


@pytest.mark.parametrize("content", ["", "{}", '{"Parameters": 3, "Regions": ["a"]}', "\x00", "[]"])
def test_damaged_files_are_named(tmp_path: Path, study: Study, content: str) -> None:
    found = found_circuit(tmp_path, study)
    (tmp_path / FUNC / file_name()).write_text(content, encoding="utf-8")
    group, *_ = _groups(found)
    assert group.warnings[0].startswith(f"{file_name()} cannot be read: ")
    assert group.warnings[0].count("cannot be read") == 1


@pytest.mark.parametrize("how", ["absent", "damaged", "other", "cut"])
def test_damaged_arrays_leave_the_numbers(tmp_path: Path, study: Study, how: str) -> None:
    found = found_circuit(tmp_path, study)
    path = tmp_path / FUNC / file_name(ending="npz")
    content = path.read_bytes()
    if how == "absent":
        path.unlink()
    elif how == "other":
        np.savez(path, free=np.arange(3), run_labels=np.array(["1"]), predicted_1=np.ones(4))
    else:
        path.write_bytes(b"x" * 50 if how == "damaged" else content[: len(content) // 2])
    (group,) = _groups(found)
    assert [bool(each.problem) for each in group.pictures] == [False, True, True]
    assert len(group.tables[0].rows) == 11
    assert group.warnings == ()


def test_foreign_cells_do_not_stop_the_page(
    tmp_path: Path, study: Study, take_apart: Callable[[Path], Any]
) -> None:
    found_circuit(tmp_path, study)
    path = tmp_path / FUNC / file_name()
    facts = json.loads(path.read_text(encoding="utf-8"))
    odd = dict.fromkeys(facts, 7) | {"Regions": [HOSTILE, "b"]}
    odd["Parameters"] = [
        {},
        {"Name": HOSTILE, "Field": "connection", "Source": HOSTILE, "Target": "b"},
        dict.fromkeys(facts["Parameters"][0], 7),
        dict.fromkeys(facts["Parameters"][0], HOSTILE),
        5,
    ]
    path.write_text(json.dumps(odd), encoding="utf-8")
    page = take_apart(write_participant_report(tmp_path, "01", study=study))
    assert "Dynamic causal model faceCircuit" in page.headings
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))


def test_page_shows_the_section_and_its_measures(
    tmp_path: Path, study: Study, take_apart: Callable[[Path], Any]
) -> None:
    found_circuit(tmp_path, study)
    page = take_apart(write_participant_report(tmp_path, "01", study=study))
    text = page.text
    assert text.index("A model of vmPFC and amygdala") < text.index("Each estimate has two")
    assert text.index("Each estimate has two") < text.index("can hardly tell some parameters")
    assert "Dynamic causal model: faces, faceCircuit (Hz)" in text
    assert "modulation by faces: vmPFC > amygdala" in text
    assert "every region is sampled 0.975 s into its volume" in text.replace("Every", "every")
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in page.loads)
    assert page.pictures_without_words == 0
    assert len(page.ids) == len(set(page.ids))
    other = replace(study, spec=replace(study.spec, dcm=None))
    page = take_apart(write_participant_report(tmp_path, "01", study=other))
    assert "Dynamic causal model faceCircuit" in page.headings
