"""Runs without a confounds table: each method has a reason or an error, none goes on silently."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.errors import InputMissingError
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_runs import read_raw_run
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.spec import (
    ConfoundsSpec,
    DcmModelSpec,
    GlmSpec,
    GppiSpec,
    InputsSpec,
    RegionsSpec,
    RestSpec,
    RsaSpec,
)
from tests.interfaces.task_session import GLM, GPPI, N_SCANS, REGIONS, compute, write_run

MESSAGE = "There is no confounds table, of which nuisance regressors are asked for."
MODEL = DcmModelSpec(
    name="pair",
    task="faces",
    regions=("left", "right"),
    inputs={"both": ("a", "b")},
    driving={"both": ("left",)},
)
CSF = ConfoundsSpec(columns=("csf",), compcor_components=0, outliers=None, non_steady_state=False)


@pytest.mark.parametrize("method", ["conn", "joint"])
def test_generalized_ppi_has_a_reason_and_activation_its_values(tmp_path, method):
    results = compute(tmp_path / "out", write_run(tmp_path / "in"), gppi=GppiSpec(method=method))
    rows = results.measures("gppi")
    assert list(rows.index) == ["left~right", "left~front", "right~front"]
    assert rows["value"].isna().all()
    reason = f"{MESSAGE} Add it, or ask for nothing of it under `gppi.confounds`."
    assert set(rows["reason"]) == {reason}
    assert results.sidecar("_gppi")["Confounds"] == []
    assert f"run 1 is left out of generalized PPI: {reason}" in results.sidecar("_gppi")["Notes"]
    assert results.measures("activation")["value"].notna().all()


def test_the_route_of_spm_takes_what_the_glm_has(tmp_path):
    spm = replace(GLM, noise_model="spm")
    gppi = GppiSpec(method="spm")
    task = compute(tmp_path / "out", write_run(tmp_path / "in"), gppi=gppi, glm=spm)
    assert task.measures("gppi")["value"].notna().all()


def test_a_run_with_its_table_is_used_alone(tmp_path):
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"csf": rng.normal(size=N_SCANS)})
    complete = write_run(tmp_path / "in", number="1", confounds=table)
    lacking = write_run(tmp_path / "in", number="2", seed=1)
    spec = replace(GPPI, confounds=CSF)
    both = compute(tmp_path / "both", complete, lacking, gppi=spec)
    alone = compute(tmp_path / "alone", complete, gppi=spec)
    assert both.sidecar("_gppi")["Confounds"] == [["csf"]]
    value = both.measures("gppi")["value"]
    assert value.notna().all()
    assert value.to_numpy() == pytest.approx(alone.measures("gppi")["value"].to_numpy(), abs=1e-9)
    (note,) = [each for each in both.sidecar("_gppi")["Notes"] if "left out" in each]
    assert note.startswith(f"run 2 is left out of generalized PPI: {MESSAGE}")


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"gppi": GPPI},
        {"rsa": RsaSpec(task="faces")},
        {"models": (MODEL,)},
    ],
    ids=["activation", "gppi", "rsa", "dcm"],
)
def test_methods_that_take_the_confounds_of_the_glm_raise(tmp_path, sections):
    run = write_run(tmp_path / "in")
    with pytest.raises(InputMissingError, match=MESSAGE) as told:
        compute(tmp_path / "out", run, glm=GlmSpec(noise_model="ols"), **sections)
    assert told.value.path == run.bold


def test_rest_raises(tmp_path):
    run = replace(write_run(tmp_path / "in"), task="rest", events=None)
    spec = RegionsSpec(atlas="three", definitions=REGIONS)
    settings = RestSettings(
        RestSpec(),
        spec,
        resolve_regions(spec, space="MNI152NLin2009cAsym"),
        InputsSpec(smoothing_fwhm=None),
        {},
    )
    session = SessionInputs("01", "pre", "pre", (run,), ())
    with pytest.raises(InputMissingError, match=MESSAGE):
        read_raw_run(run, SessionRegions(session, settings))
