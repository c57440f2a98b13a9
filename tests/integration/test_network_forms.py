"""One session of resting networks in two forms: volumes and grayordinates say the same."""

import numpy as np
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.demo.network_dataset import write_network_trial
from bids_ketamine.demo.network_grayordinates import STUDY_FILE
from bids_ketamine.outputs.tables import read_table

NETWORKS = ["default_mode", "limbic", "sgACC_default_mode", "visual"]


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """Two patients before treatment, both runs whole, in both forms."""
    out = tmp_path_factory.mktemp("forms") / "trial"
    truth = write_network_trial(
        out,
        n_participants=2,
        n_controls=0,
        seed=1,
        effect=True,
        resolution=6.0,
        form="both",
        scans=("pre1",),
    )
    return out, truth


@pytest.fixture(scope="module")
def measures(trial, tmp_path_factory):
    """Return the measures of both forms."""
    out, _ = trial
    found = {}
    for form, study in (("volume", "siegel2021"), ("cifti", str(out / "code" / STUDY_FILE))):
        folder = tmp_path_factory.mktemp(form)
        output, work = str(folder / "output"), str(folder / "work")
        options = ["--study", study, "-w", work, "--session-label", "pre1"]
        assert main([str(out), output, "participant", *options]) == 0
        tables = sorted((folder / "output").glob("sub-*/ses-*/*_measures.tsv"))
        assert len(tables) == 2
        rows = {path.name[:7]: read_table(path) for path in tables}
        found[form] = {
            label: table.set_index(["measure", "regions"])["value"] for label, table in rows.items()
        }
    return found


def test_network_means_agree(measures):
    for label in ("sub-001", "sub-002"):
        volume, cifti = (
            measures[form][label]["network_connectivity"].sort_index()
            for form in ("volume", "cifti")
        )
        assert list(volume.index) == list(cifti.index) == NETWORKS
        np.testing.assert_allclose(volume, cifti, atol=0.02)
        # It is no agreement of nothing with nothing.
        assert volume.min() > 0.1


def test_measures_of_a_session_lie_near_its_truth(trial, measures):
    """Noise and the global signal take about a third; twelve minutes leave an error of 0.1."""
    _, truth = trial
    for label in ("sub-001", "sub-002"):
        planted = truth["participants"][label]["connectivity"]["ses-pre1"]
        measured = measures["volume"][label]["network_connectivity"]
        for name in NETWORKS:
            assert measured[name] == pytest.approx(0.67 * planted[name], abs=0.25), name


def test_volumes_and_signal_quality_agree(measures):
    for label in ("sub-001", "sub-002"):
        volume, cifti = (measures[form][label] for form in ("volume", "cifti"))
        np.testing.assert_array_equal(volume["volume"].sort_index(), cifti["volume"].sort_index())
        for name in ("default_mode", "visual", "cortex"):
            assert cifti["raw_tsnr", name] == pytest.approx(volume["raw_tsnr", name], rel=0.05)
