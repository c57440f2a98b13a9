"""What a task's section says of dissimilarities of trial types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.participant_measures import measure_tables
from bids_ketamine.reports.participant_regions import without_value
from bids_ketamine.reports.participant_rsa import rsa_groups
from bids_ketamine.reports.tree import ParticipantOutput, SessionOutput, read_participant
from bids_ketamine.study.load import Study
from tests.reports.participant.connectivity_files import (
    BIAS,
    HOSTILE,
    STEM,
    found_session,
    shown,
)


def _rsa(found: ParticipantOutput) -> Any:
    (group,) = rsa_groups(found, "faces", names={"faces"})
    return group


def test_dissimilarities_with_raw_value_and_bias(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study)
    table = pd.read_csv(found.sessions[0].dissimilarities[0].path, sep="\t")
    row = table[(table["region"] == "vmPFC") & (table["trial_type_2"] == "fearful")].iloc[0]
    (view,) = _rsa(found).tables
    heads = ["Region", "value", "95 % interval", "raw", "predicted bias", "voxels"]
    assert [column.name for column in view.columns] == heads
    rows = {each[0]: each[1:] for each in view.rows}
    half = 1.9803 * 0.03  # t(.975, 118)
    low, high = row["value"] - half, row["value"] + half
    assert rows["vmPFC"] == (
        *(shown(row["raw"] - BIAS), f"{shown(low)} to {shown(high)}"),
        *(shown(row["raw"]), "0.040", "120"),
    )
    assert rows["dACC"] == ("\u2013", "\u2013", "\u2013", "\u2013", "120")


def test_sentences_on_partitions_bias_and_smoothness(tmp_path: Path, study: Study) -> None:
    assert _rsa(found_session(tmp_path, study)).sentences == (
        "pre: 4 partitions, one partition per block",
        "pre: the predicted bias is +0.04, beside a standard error of 0.03 (medians over regions "
        "and pairs); it was subtracted",
        "pre: estimated smoothness 6.8 \u00d7 6.7 \u00d7 7.0 mm",
        f"pre: a note on patterns {HOSTILE}",
        f"No value: dACC, pre: coverage 31 % is under 50 % {HOSTILE}",
    )


def _with_columns(found: ParticipantOutput, study: Study, folder: Path, **columns: Any) -> Any:
    """Set columns of the table of dissimilarities and return its group."""
    path = found.sessions[0].dissimilarities[0].path
    table = pd.read_csv(path, sep="\t")
    known = table["value"].notna()
    for name, values in columns.items():
        table.loc[known, name] = values
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    return _rsa(read_participant(folder, "01", spec=study.spec))


def test_bias_above_the_standard_errors_is_an_alarm(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study)
    words, session = _rsa(found).warnings
    assert words.startswith("The predicted bias is larger in size than the standard error in most")
    assert words.endswith("More runs, or blocks that are further apart, are the cure.")
    # Four regions of six pairs, one of which has no values.
    assert session == "pre: 18 of 18 regions and pairs."
    half = _with_columns(found, study, tmp_path, standard_error=[0.03, 0.05] * 9)
    assert half.warnings == ()
    most = _with_columns(found, study, tmp_path, standard_error=[0.03] * 10 + [0.05] * 8)
    assert most.warnings[1] == "pre: 10 of 18 regions and pairs."


def test_bias_keeps_its_sign_and_is_no_rounding(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study)
    group = _with_columns(found, study, tmp_path, predicted_bias=-0.125, standard_error=0.25)
    assert group.sentences[1] == (
        "pre: the predicted bias is \u22120.125, beside a standard error of 0.25 (medians over "
        "regions and pairs); it was subtracted"
    )
    assert group.warnings == ()
    assert "per voxel, minus the predicted bias. Where" in group.words
    assert "partitions of one run share its noise" in group.words
    none = _with_columns(found, study, tmp_path, predicted_bias=2.9e-18, standard_error=1e-18)
    assert none.sentences[1] == ("pre: no bias is predicted, so that values are the raw contrasts")
    assert none.warnings == ()
    assert "bias" not in none.words
    assert "cross-validated between partitions, per voxel. Where" in none.words


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (
            {"SmoothedBy": "here", "SmoothingFWHM": 6.0, "VoxelSize": [2.0, 2.0, 2.0]},
            "the series were smoothed with 6 mm here, which blurs patterns over neighbouring "
            "voxels; estimated smoothness 6.8 \u00d7 6.7 \u00d7 7.0 mm",
        ),
        (
            {"SmoothedBy": "fMRIPrep", "VoxelSize": [6.0, 6.0, 6.0]},
            "the series were smoothed by fMRIPrep, which blurs patterns over neighbouring voxels; "
            "voxels of 6.0 mm are too large to estimate the smoothness",
        ),
        (
            {"VoxelSize": [3.0, 3.0, 3.0]},
            "the series were not smoothed; estimated smoothness 6.8 \u00d7 6.7 \u00d7 7.0 mm",
        ),
        ({"SmoothnessAfter": [2.6, 4.3, None]}, "the series were not smoothed"),
    ],
)
def test_only_smoothing_blurs_and_coarse_voxels_tell_nothing(
    tmp_path: Path, study: Study, run: dict[str, Any], words: str
) -> None:
    found_session(tmp_path, study)
    facts = {"Task": "faces", "Denoising": "none", "SmoothnessAfter": [6.8, 6.7, 7.01]} | run
    sidecar = tmp_path / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.json"
    sidecar.write_text(json.dumps({"Runs": [facts, facts]}), encoding="utf-8")
    sentences = _rsa(read_participant(tmp_path, "01", spec=study.spec)).sentences
    assert sentences[2] == f"pre: {words}"


def test_unit_is_that_of_the_files(tmp_path: Path, study: Study) -> None:
    unit = "squared percent of the grand mean / voxel"
    group = _rsa(found_session(tmp_path, study, rsa={"Units": unit}))
    assert group.tables[0].caption == (
        f"Linear discriminant contrast of fearful vs neutral ({unit})"
    )
    assert f">{unit}<" in str(group.pictures[0].markup)
    plain = _rsa(found_session(tmp_path, study))
    assert ">squared distance / voxel<" in str(plain.pictures[0].markup)


def test_values_missing_for_one_reason_share_a_sentence() -> None:
    rows = [
        {"session": session, "contrast": contrast, "regions": region, "value": np.nan,
         "reason": "too few" if region == "VT" else "not covered"}
        for session in ("pre", "post")
        for contrast in ("a vs b", "a vs c")
        for region in ("VT", "EV", "FFA")
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table.loc[(table["regions"] == "EV") & (table["contrast"] == "a vs c"), "value"] = 1.0
    assert without_value(table) == [
        "No value: VT, pre and post: too few",
        "No value: EV and FFA, pre and post (a vs b); FFA, pre and post (a vs c): not covered",
    ]
    table.loc[(table["session"] == "pre") & (table["regions"] != "FFA"), "value"] = 1.0
    table["reason"] = "not covered"
    assert without_value(table[table["contrast"] == "a vs b"]) == [
        "No value: FFA, pre; all regions, post: not covered"
    ]


def test_matrices_of_every_region_and_reliability(tmp_path: Path, study: Study) -> None:
    first, second = _rsa(found_session(tmp_path, study)).pictures
    for region in ("amygdala", "vmPFC", "dACC", "flat one"):
        assert f">{region}<" in str(first.markup)
    assert ">neutral<" in str(first.markup)
    assert "<script" not in str(first.markup)
    # Correlations of .3, .5 and .7.
    assert "mean of all splits: amygdala 0.50, vmPFC 0.50" in str(second.markup)


def test_why_there_is_no_reliability_is_told_by_the_notes(tmp_path: Path, study: Study) -> None:
    notes = ["no split-half reliability: 2 partitions, and each half needs two"]
    group = _rsa(found_session(tmp_path, study, n_partitions=2, rsa={"Notes": notes}))
    assert len(group.pictures) == 1
    assert [each for each in group.sentences if "split-half" in each] == [f"pre: {notes[0]}"]


def test_reliability_over_few_pairs_is_a_sentence(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study, regions=("amygdala", "dACC", "vmPFC"))
    path = found.sessions[0].dissimilarities[0].path
    table = pd.read_csv(path, sep="\t")
    table[table["trial_type_2"].isin(["fearful", "surprised"])].to_csv(
        path, sep="\t", na_rep="n/a", index=False, quoting=3
    )
    group = _rsa(found)
    assert len(group.pictures) == 1
    assert (
        "pre: split-half reliability, mean r of 3 splits over only 3 pairs of trial types: "
        "amygdala 0.50, dACC 0.50, vmPFC 0.50"
    ) in group.sentences
    broken = f"{STEM}_stat-ldc_reliability.tsv"
    (path.parent / broken).write_text("region\nx\n", encoding="utf-8")
    assert f"pre: {broken} cannot be read: there is no column `correlation`." in (
        _rsa(found).sentences
    )


def test_partitions_without_bias_or_known_smoothness(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study, rsa={"Smoothness": None, "Partition": None})
    path = found.sessions[0].dissimilarities[0].path
    table = pd.read_csv(path, sep="\t").assign(predicted_bias=0.0)
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    sentences = _rsa(read_participant(tmp_path, "01", spec=study.spec)).sentences
    assert sentences[:3] == (
        "pre: 4 partitions",
        "pre: no bias is predicted, so that values are the raw contrasts",
        f"pre: a note on patterns {HOSTILE}",
    )


def test_many_pairs_of_trial_types_share_a_table() -> None:
    rows = [
        {"measure": "ldc", "task": "objects", "contrast": f"{kind} vs house", "regions": region,
         "value": 0.25, "unit": "squared distance / voxel"}
        for kind in ("face", "cat", "shoe", "chair", "bottle")
        for region in ("VT", "EV")
    ]  # fmt: skip
    columns = ["standard_error", "residual_df", "coverage", "coverage_second", "tsnr"]
    columns += ["tsnr_second", "reason", "session"]
    table = pd.DataFrame(rows).reindex(columns=[*rows[0], *columns])

    def tables(measures: pd.DataFrame) -> list[Any]:
        session = SessionOutput("pre", "ses-pre", measures, {}, (), (), ())
        return measure_tables(ParticipantOutput("sub-01", (session,), {}, ()))

    (view,) = tables(table)
    assert view.caption == "Linear discriminant contrast: objects (squared distance / voxel)"
    assert [row[0] for row in view.rows[:3]] == [
        "face vs house: VT",
        "face vs house: EV",
        "cat vs house: VT",
    ]
    first, *others = tables(table.iloc[:8])
    assert first.caption == (
        "Linear discriminant contrast: objects, face vs house (squared distance / voxel)"
    )
    assert len(others) == 3
