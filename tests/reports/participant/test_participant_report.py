"""The participant's report says what the output tree says, safely and by itself."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.errors import InputMissingError
from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.study.load import Study

HOSTILE = """<script>alert("x & y")</script>"""
LARGEST_FILE = 5_000_000

Apart = Callable[[Path], Any]
Maker = Callable[..., Path]


def test_page_is_named_after_the_participant(report: Path, page: Any) -> None:
    assert report.name == "sub-01.html"
    assert page.headings[0] == "sub-01"
    assert report.stat().st_size < LARGEST_FILE


def test_values_of_the_measures_table_are_in_the_page(participant_tree: Path, page: Any) -> None:
    table = pd.read_csv(participant_tree / "sub-01/ses-post/sub-01_ses-post_measures.tsv", sep="\t")
    rest = table[table["measure"] == "resting_connectivity"]["value"]
    assert len(rest) == 15
    for value in rest:
        assert f"{value:.3f}".replace("-", "\u2212") in page.text
    assert "97 % / 90 %" in page.text
    assert "62 / 58" in page.text


def test_missing_value_tells_its_reason_once_for_both_sessions(page: Any) -> None:
    assert f"pre and post: coverage 31 % is under 50 % {HOSTILE}" in page.text


def test_inputs_routes_and_what_is_missing(page: Any) -> None:
    assert "preproc, smoothed with 6 mm here; no AROMA denoising" in page.text
    assert (
        "preproc, smoothed with 6 mm here; denoised: ICA-AROMA non-aggressive, here, 12 of 40 "
        "components; estimated smoothness 6.8 × 6.7 × 7.0 mm, 3.1 × 3.0 × 3.3 mm before"
    ) in page.text
    assert "155 of 160" in page.text
    assert f"stroop: events of run 2 no file {HOSTILE}" in page.text
    assert f"Note pre run 1 and post run 1 no AROMA denoising {HOSTILE}" in page.text


def test_summary_counts(page: Any) -> None:
    # Two sessions of 6 + 6 + 15 + 15 + 6 measures. Missing in each are dACC activation twice, its
    # linear discriminant contrast, and the generalized PPI of five pairs with a flat region.
    assert re.search(r"Measures 80 16 missing", page.text)
    assert "Sessions done 2 of 2" in page.text
    assert "Runs used 6 2 inputs missing" in page.text
    assert "Volumes kept 96 % 930 of 960" in page.text


def test_every_run_and_contrast_has_its_picture(page: Any, report: Path) -> None:
    # Motion of 6 runs, 4 designs, 6 sets of courses and 2 matrices; region means of 2 contrasts,
    # 2 sets of correlations of regressors. Of each session a matrix and a graph of generalized
    # PPI, dissimilarities, reliability, a matrix of partial correlations and the graph at rest.
    assert page.tags.count("svg") == 22 + 12
    # Slices and glass brains of 3 contrasts in 2 sessions.
    assert page.tags.count("img") == 12
    assert page.pictures_without_words == 0
    assert "could not be drawn" not in report.read_text(encoding="utf-8")
    assert "a_comp_cor × 10" in page.text
    assert "largest t 7.2 at (18, \u22122, \u221224) mm, 942 voxels" in page.text


def test_nothing_is_loaded_and_nothing_runs(report: Path, page: Any) -> None:
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in page.loads)
    assert not any(re.match(r"[a-z]+:", link) for link in page.links)
    source = report.read_text(encoding="utf-8")
    assert not re.search(r"url\((?!#)", source)
    assert "@import" not in source
    assert "&lt;script&gt;alert(&#34;x &amp; y&#34;)&lt;/script&gt;" in source


def test_page_is_sound(report: Path, page: Any) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert '<html lang="en">' in report.read_text(encoding="utf-8")


def test_same_tree_gives_the_same_bytes(report: Path, participant_tree: Path, study: Study) -> None:
    first = report.read_bytes()
    before = time.process_time()
    assert write_participant_report(participant_tree, "sub-01", study=study).read_bytes() == first
    # Two sessions of three runs: two to four seconds where nothing else runs.
    assert time.process_time() - before < 15.0


def test_provenance_and_methods(page: Any) -> None:
    assert "0123456789ab ba9876543210 0.1.0" in page.text
    assert f"bids:fmriprep:sub-01/{HOSTILE}" in page.text
    assert "doi:10.1038/s41592-018-0235-4" in page.text
    assert "Elastic net of the preset ( elastic_net ) is left out" in page.text


def test_errors_come_first(
    make_participant: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    log = {
        "Errors": [
            {
                "Session": "post",
                "Step": "stroop GLM",
                "Message": f"The image is truncated {HOSTILE}.",
                "CrashFile": "logs/crash-stroop.txt",
            },
            {"Session": None, "Step": "report", "Message": "x", "CrashFile": "javascript:alert(1)"},
        ],
        "Sessions": {"pre": "computed", "post": "failed"},
    }
    output = make_participant(tmp_path, sessions=("pre",), log=log)
    page = take_apart(write_participant_report(output, "01", study=study))
    assert page.headings[:4] == ["sub-01", "Contents", "Errors", "Summary"]
    assert f"post, stroop GLM The image is truncated {HOSTILE}." in page.text
    assert "logs/crash-stroop.txt" in page.links
    assert not any("javascript" in link for link in page.links)
    assert "pre computed post failed" in page.text
    assert "Sessions done 1 of 2" in page.text


def test_failed_session_without_any_result(study: Study, tmp_path: Path, take_apart: Apart) -> None:
    log = {"Errors": [{"Session": "pre", "Step": "rest", "Message": "No mask.", "CrashFile": None}]}
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "sub-07_errors.json").write_text(json.dumps(log), encoding="utf-8")
    page = take_apart(write_participant_report(tmp_path, "07", study=study))
    assert "pre, rest No mask." in page.text
    assert "No run was used." in page.text
    assert "There are no measures." in page.text
    assert "Nothing that the study asks for is missing." not in page.text


@pytest.mark.parametrize(("status", "told"), [("computed", True), ("failed", False)])
def test_nothing_is_missing_only_where_all_sessions_were_done(
    make_participant: Maker,
    study: Study,
    tmp_path: Path,
    take_apart: Apart,
    status: str,
    told: bool,
) -> None:
    log = {"Sessions": {"pre": "computed", "post": status}}
    output = make_participant(tmp_path, sessions=("pre",), log=log)
    path = output / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.json"
    facts = json.loads(path.read_text(encoding="utf-8")) | {"Missing": []}
    for run in facts["Runs"]:
        run["ResidualDegreesOfFreedom"] = 190.99999999948864
    path.write_text(json.dumps(facts), encoding="utf-8")
    page = take_apart(write_participant_report(output, "01", study=study))
    assert ("Nothing that the study asks for is missing." in page.text) == told
    assert "191.0 spm" in page.text
    assert "190.99" not in page.text


def test_results_of_an_earlier_run_are_called_so(
    make_participant: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    log = {"Sessions": {"pre": "failed"}}
    output = make_participant(tmp_path, sessions=("pre",), log=log)
    page = take_apart(write_participant_report(output, "01", study=study))
    assert "What this page shows of it is from an earlier run." in page.text


def test_unknown_participant(tmp_path: Path, study: Study) -> None:
    with pytest.raises(InputMissingError, match="nothing of sub-99"):
        write_participant_report(tmp_path, "99", study=study)


def test_damaged_files_are_named_and_the_rest_is_told(
    participant_tree: Path, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = tmp_path / "out"
    shutil.copytree(participant_tree, output)
    functional = output / "sub-01" / "ses-pre" / "func"
    next(functional.glob("*task-faces*_stat-t_statmap.nii.gz")).write_bytes(b"\x1f\x8b no image")
    (functional / "sub-01_ses-pre_task-stroop_run-1_design.tsv").write_text("a\tb\n1\n")
    (output / "sub-01" / "ses-post" / "sub-01_ses-post_measures.tsv").write_text("x\ty\n1\n")
    page = take_apart(write_participant_report(output, "01", study=study))
    assert "sub-01_ses-post_measures.tsv cannot be read: Line 2 has 1 cells" in page.text
    # Slices of the map, and both pictures of the design.
    assert page.text.count("This picture could not be drawn") == 3
    # The other two contrasts of the session that is left.
    assert page.tags.count("img") == 4


@pytest.mark.parametrize("space", ["MNI152NLin2009cAsym", "T1w"])
def test_single_slice(
    make_participant: Maker, study: Study, tmp_path: Path, take_apart: Apart, space: str
) -> None:
    output = make_participant(tmp_path, sessions=("pre",), shape=(12, 15, 1), space=space)
    page = take_apart(write_participant_report(output, "01", study=study))
    assert page.tags.count("img") == 6
    assert "could not be drawn" not in page.text


def test_many_regions_are_counted_and_not_listed(
    make_participant: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    regions = tuple(f"R{number:03d}" for number in range(45))
    output = make_participant(tmp_path, sessions=("pre",), regions=regions)
    report = write_participant_report(output, "01", study=study)
    page = take_apart(report)
    assert "Shown are the 60 of 990 with the largest size" in page.text
    assert report.stat().st_size < LARGEST_FILE
