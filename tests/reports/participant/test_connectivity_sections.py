"""Generalized PPI, dissimilarities and partial correlations on the page of a participant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.reports.participant_matrices import region_centres
from bids_ketamine.reports.participant_rest import matrix_groups
from bids_ketamine.reports.tree import read_participant
from bids_ketamine.reports.words import capitalized, measure_words
from bids_ketamine.study.load import Study
from tests.reports.participant.connectivity_files import (
    HOSTILE,
    STEM,
    found_session,
)


def test_page_tells_of_both_methods_and_escapes_everything(
    page: Any, participant_tree: Path, study: Study
) -> None:
    source = (participant_tree / "sub-01.html").read_text(encoding="utf-8")
    assert "<script" not in source
    assert "could not be drawn" not in source
    for sentence in (
        "Generalized PPI: facesGtShapes Rows of a matrix are seeds, columns are targets.",
        "Method conn: cleaned series, interaction at the level of the BOLD signal. A value is a "
        "sum of Fisher's z of semipartial correlations",
        "also where coupling is the same. facesGtShapes = faces \u2212 shapes.",
        "pre: seeds and targets, facesGtShapes",
        "post: mean of both directions, facesGtShapes. The 95 % intervals of wide lines exclude 0, "
        "those of thin, faint ones do not.",
        "Generalized PPI of pairs: facesGtShapes (Fisher z)",
        f"pre and post: band-pass after the regression {HOSTILE}",
        "pre: dissimilarity of trial types in each region",
        "Linear discriminant contrast of fearful vs neutral (squared distance / voxel)",
        f"pre and post: a note on patterns {HOSTILE}",
        "Generalized PPI: faces, facesGtShapes (Fisher z)",
        "Linear discriminant contrast: faces, fearful vs neutral (squared distance / voxel)",
        "pre: partial correlation of regions",
        "post: correlations on the brain. Standard errors are those of Fisher's z",
        "Not drawn, for want of a place in the brain: anterior hippocampus.",
    ):
        assert sentence in page.text
    # Methods text rests on what the sidecars tell.
    assert "There was one partition per block (4 in a session)." in page.text
    assert "Nuisance regressors were csf, one regressor for each outlier volume" in page.text
    assert "as CONN does (Whitfield-Gabrieli and Nieto-Castanon, 2012)" in page.text


@pytest.mark.parametrize("content", ["", "a\tb\n1\n", "a\tb\n1\t2\n", "\x00"])
def test_damaged_tables_are_named_and_the_page_goes_on(
    tmp_path: Path, study: Study, take_apart: Callable[[Path], Any], content: str
) -> None:
    found_session(tmp_path, study)
    functional = tmp_path / "sub-01" / "ses-pre" / "func"
    names = [f"{STEM}_gppi.tsv", f"{STEM}_stat-ldc_dissimilarity.tsv"]
    for name in names:
        (functional / name).write_text(content, encoding="utf-8")
    page = take_apart(write_participant_report(tmp_path, "01", study=study))
    for name in names:
        assert f"{name} cannot be read: " in page.text
    assert "Generalized PPI: faces, facesGtShapes (Fisher z)" in page.text


def test_foreign_cells_and_sidecars_do_not_stop_the_page(
    tmp_path: Path, study: Study, take_apart: Callable[[Path], Any]
) -> None:
    found = found_session(tmp_path, study)
    functional = tmp_path / "sub-01" / "ses-pre" / "func"
    for file in found.sessions[0].task_files:
        table = pd.read_csv(file.path, sep="\t", dtype=str, keep_default_na=False)
        table.iloc[0] = "x"
        table.iloc[-1] = "n/a"
        table.to_csv(file.path, sep="\t", index=False)
        odd = dict.fromkeys(json.loads(file.path.with_suffix(".json").read_text()), 7)
        file.path.with_suffix(".json").write_text(json.dumps(odd), encoding="utf-8")
    (functional / f"{STEM}_stat-ldc_reliability.tsv").write_text("region\nx\n", encoding="utf-8")
    page = take_apart(write_participant_report(tmp_path, "01", study=study))
    # The matrix and the reliability.
    assert page.text.count("This picture could not be drawn") == 2


def test_resting_graph_says_which_correlations_are_certain(
    participant_tree: Path, study: Study, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(participant_tree, output)
    matrix = next((output / "sub-01/ses-pre/func").glob("*pearsoncorrelation_relmat.tsv"))
    sidecar = matrix.with_suffix(".json")
    sidecar.write_text(json.dumps({"RegionCentres": {}}), encoding="utf-8")
    found = read_participant(output, "01", spec=study.spec)
    plain, partials = matrix_groups(found, "rest")
    captions = [each.caption.split(".")[0] for each in plain.pictures]
    assert captions == [
        "pre: correlation of regions",
        "post: correlation of regions",
        "post: correlations on the brain",
    ]
    assert partials.title == "Partial correlations"
    assert len(partials.pictures) == 2
    matrix.write_text("Node\ta\nx\t1\ny\t2\n", encoding="utf-8")
    plain, _ = matrix_groups(found, "rest")
    assert "is not square" in plain.pictures[0].problem


def test_places_are_read_with_care() -> None:
    assert region_centres({}) == {}
    odd = {"RegionCentres": {"a": [[1, 2, None]], "b": [[1, 2, 3], [4, 5]], "c": "x"}}
    assert region_centres(odd) == {"b": [[1.0, 2.0, 3.0]]}


def test_words_of_the_new_measures() -> None:
    assert [capitalized(measure_words(each)) for each in ("gppi", "ldc")] == [
        "Generalized PPI",
        "Linear discriminant contrast",
    ]
    assert measure_words("resting_partial_connectivity") == "resting connectivity (partial)"
