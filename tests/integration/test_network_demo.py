"""The second demo through both levels: every file is described, the report has what was found."""

import json
from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.demo.network_dataset import write_network_trial
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.tables import read_table
from tests.integration.test_documented_outputs import described, paths

N_PATIENTS, N_CONTROLS = 4, 4

#: The preset asks for no correlation of scores and no logistic regression.
NOT_ASKED_FOR = {"group_score_correlations", "group_logistic"}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("network demo")
    trial, output = folder / "trial", folder / "output"
    write_network_trial(
        trial,
        n_participants=N_PATIENTS,
        n_controls=N_CONTROLS,
        seed=3,
        effect=True,
        resolution=8.0,
    )
    for level in ("participant", "group"):
        assert main([str(trial), str(output), level, "--study", "siegel2021"]) == 0
    return output


def test_every_file_is_described_once_and_every_table_asked_for_is_there(results):
    found = {path: described(path) for path in paths(results)}
    assert [path for path, names in found.items() if len(names) != 1] == []
    written = {path.stem for path in (results / "group").glob("group_*.tsv")}
    asked_for = {*NETWORK_TABLES, *COURSE_TABLES, "group_seed_maps"} - NOT_ASKED_FOR
    assert asked_for <= written
    assert not NOT_ASKED_FOR & written
    maps = read_table(results / "group" / "group_seed_maps.tsv")
    assert all((results / "group" / name).is_file() for name in maps["file"].dropna())
    assert set(maps["seed"]) == {"sgACC", "limbic"}


def test_baseline_is_the_mean_of_what_is_there(results):
    table = read_table(results / "group" / "group_measures.tsv")
    table = table[(table["measure"] == "network_connectivity") & (table["regions"] == "limbic")]
    wide = table.pivot(index="participant_id", columns="session", values="adjusted")
    assert len(wide) == N_PATIENTS + N_CONTROLS
    assert wide["pre2"].isna().any()  # the mean is that of one there
    expected = wide[["pre1", "pre2"]].mean(axis=1)
    np.testing.assert_allclose(wide["baseline"], expected, rtol=1e-9)


def test_the_report_shows_every_part(results):
    page = (results / "group.html").read_text(encoding="utf-8")
    for heading in (
        "Change of networks",
        "Reliability",
        "Change of every edge",
        "Seed maps",
        "Patients against control",
        "Volumes and change of madrs",
        "Signal quality",
        "Primary outcomes",
        "Visits, response and remission: madrs",
    ):
        assert f"{heading}</h" in page, heading
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_sessions_say_what_was_kept(results):
    sidecars = sorted(results.glob("sub-*/ses-*/*_measures.json"))
    for path in sidecars:
        facts = json.loads(path.read_text(encoding="utf-8"))
        minutes = sum(run["Cleaning"]["Minutes"] for run in facts["Runs"])
        assert facts["Cleaning"]["Minutes"] == pytest.approx(minutes)
        assert facts["Cleaning"]["MinimumMinutes"] == 5.0
        for run in facts["Runs"]:
            assert run["Cleaning"]["Kept"] == run["VolumesKept"] <= run["Volumes"] == 180
    assert sidecars


def test_the_dry_run_expects_no_rating_before_treatment(results, capsys):
    trial = results.parent / "trial"
    assert main([str(trial), str(results), "group", "--study", "siegel2021", "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"madrs: pre1 {N_PATIENTS}, pre2 0, baseline {N_PATIENTS}" in told
    assert "cgi_i: pre1 0, pre2 0, baseline 0, day1" in told
    assert "will be empty" not in told
