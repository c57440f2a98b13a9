"""A whole run from events, confounds and voxels: SPM's maps, and what is left out and why."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.glm.estimates import PooledContrast
from bids_ketamine.core.glm.first_level import fit_task_run
from bids_ketamine.core.glm.scaling import global_mean
from bids_ketamine.core.glm.task_fit import RunData
from bids_ketamine.core.nuisance import no_nuisance
from bids_ketamine.errors import ProcessingError
from bids_ketamine.study.spec import ConditionSpec, ContrastSpec, GlmSpec, TaskSpec

FACE = Path(__file__).resolve().parents[2] / "reference" / "glm" / "face"
NAMES = ("neutral", "fearful", "surprised", "angry", "shapes")
TASK = TaskSpec(
    name="faces",
    conditions=tuple(ConditionSpec(name=name) for name in NAMES),
    contrasts=(
        ContrastSpec(
            name="facesGtShapes",
            weights={"neutral": 0.25, "fearful": 0.25, "surprised": 0.25, "angry": 0.25,
                     "shapes": -1.0},
        ),
        ContrastSpec(name="conditions", f_test=tuple({name: 1.0} for name in NAMES)),
    ),
)  # fmt: skip
SPM = GlmSpec(noise_model="spm", microtime_resolution=16, reference_bin=8)


def read(name: str) -> np.ndarray:
    return np.asarray(nib.load(FACE / name).dataobj)


@pytest.fixture(scope="module")
def face():
    """The run of the reference: every voxel of the grid, its regions, events and confounds."""
    bold = read("bold.nii.gz")
    series = bold.reshape(-1, bold.shape[-1]).T.astype(np.float32)
    means = np.array([global_mean(volume) for volume in np.moveaxis(bold, -1, 0)])
    labels = read("rois.nii.gz").reshape(-1)
    regions = [np.flatnonzero(labels == label) for label in (1, 2, 3)]
    regressors = pd.read_csv(FACE / "confounds.tsv", sep="\t")
    nuisance = no_nuisance(len(series))._replace(regressors=regressors)
    events = pd.read_csv(FACE / "blocks.tsv", sep="\t")
    return RunData(series, means, regions), events, nuisance


def fit(face, model=SPM, task=TASK, **changed):
    data, events, nuisance = face
    arguments = {
        "data": data,
        "events": events,
        "nuisance": nuisance,
        "t_r": 2.0,
        "reference_time": 1.0,
        "trial_type_column": "trial_type",
        "conditions": task.conditions,
        "error_trials": None,
        "contrasts": task.contrasts,
        "eigenvariates": task,
        "model": model,
    }
    return fit_task_run(**(arguments | changed))


@pytest.fixture(scope="module")
def fitted(face):
    return fit(face)


def test_maps_of_a_run_are_spms(fitted):
    inside = read("mask.nii.gz").reshape(-1) > 0
    np.testing.assert_array_equal(fitted.kept, inside)
    maps = PooledContrast.combine([fitted.contrasts["facesGtShapes"]], test="t")
    for found, name in ((maps.effect, "con_0001"), (maps.statistic, "spmT_0001")):
        expected = read(f"{name}.nii.gz").reshape(-1)[inside]
        # SPM keeps estimates and maps in single precision.
        assert np.abs(found - expected).max() < 1e-6 * max(1.0, np.abs(expected).max())
    f = PooledContrast.combine([fitted.contrasts["conditions"]], test="F").statistic
    expected = read("spmF_conditions.nii.gz").reshape(-1)[inside]
    assert np.abs(f - expected).max() < 1e-6 * expected.max()
    meta = np.load(FACE / "spm.npz")
    np.testing.assert_allclose(fitted.noise.weights, meta["h"], atol=1e-9)
    assert fitted.noise.residual_df == pytest.approx(float(meta["erdf"]), rel=1e-9)
    assert fitted.noise.factor == pytest.approx(float(meta["gSF"][0]), rel=1e-12)
    assert fitted.sampling.time == 0.875


def test_region_contrasts_are_the_means_of_the_map_and_their_errors_spms(fitted):
    marsbar = np.load(FACE / "roi" / "marsbar.npz")
    maps = PooledContrast.combine([fitted.regions.contrasts["facesGtShapes"]], test="t")
    con = [marsbar[f"roi{label}_con_spmW"].ravel()[0] for label in (1, 2, 3)]
    t = [marsbar[f"roi{label}_stat_spmW"].ravel()[0] for label in (1, 2, 3)]
    np.testing.assert_allclose(maps.effect, con, rtol=1e-7)
    np.testing.assert_allclose(maps.statistic, t, rtol=1e-7)


def test_marsbars_estimates_come_on_request(face, fitted):
    assert fitted.regions.marsbar == ({}, {}, {})
    found = fit(face, GlmSpec(**{**vars(SPM), "region_methods": ("mean", "marsbar")}))
    marsbar = np.load(FACE / "roi" / "marsbar.npz")
    for label, contrasts in enumerate(found.regions.marsbar, start=1):
        maps = PooledContrast.combine([contrasts["facesGtShapes"]], test="t")
        assert maps.effect[0] == pytest.approx(marsbar[f"roi{label}_con"].ravel()[0], rel=1e-8)
        assert maps.statistic[0] == pytest.approx(marsbar[f"roi{label}_stat"].ravel()[0], rel=1e-8)


def test_diagnostics_describe_the_filtered_design(fitted):
    assert fitted.diagnostics.conditions == NAMES
    assert set(fitted.diagnostics.efficiency) == {"facesGtShapes"}
    spm = np.load(FACE / "spm.npz")
    weights = np.r_[0.25, 0.25, 0.25, 0.25, -1.0, np.zeros(spm["X"].shape[1] - 5)]
    gram = np.linalg.inv(spm["xKXs"].T @ spm["xKXs"])
    assert fitted.diagnostics.efficiency["facesGtShapes"] == pytest.approx(
        1.0 / (weights @ gram @ weights), rel=1e-6
    )


def test_eigenvariates_take_the_voxels_that_a_contrast_chooses(face, fitted):
    everything = [len(each.weights) for each in fitted.regions.eigenvariates]
    assert everything == [33, 33, 33]
    strict = TaskSpec(
        **{**vars(TASK), "eigenvariate_contrast": "facesGtShapes", "eigenvariate_p": 1e-3}
    )
    found = fit(face, task=strict)
    t = read("spmT_0001.nii.gz").reshape(-1)
    threshold = stats.t.isf(1e-3, fitted.noise.residual_df)
    for columns, region in zip(face[0].regions, found.regions.eigenvariates, strict=True):
        n_passing = int((t[columns] > threshold).sum())
        assert (0 if region is None else len(region.weights)) == n_passing


@pytest.mark.parametrize("noise_model", ["ols", "ar1"])
def test_nilearns_models_give_similar_effects_in_all_voxels(face, fitted, noise_model):
    found = fit(face, GlmSpec(noise_model=noise_model))
    assert found.kept.all()
    contrast = found.contrasts["facesGtShapes"].select(np.flatnonzero(fitted.kept))
    theirs = type(contrast).combine([contrast], test="t")
    ours = PooledContrast.combine([fitted.contrasts["facesGtShapes"]], test="t")
    assert np.corrcoef(theirs.effect, ours.effect)[0, 1] > 0.98
    # The same in the scanner's unit, which takes out that other voxels make the grand mean.
    slope = np.polyfit(ours.effect / fitted.noise.factor, theirs.effect / found.noise.factor, 1)[0]
    assert slope == pytest.approx(1.0, abs=0.05)
    region = found.regions.contrasts["facesGtShapes"]
    assert region.effects.shape == (1, 3)
    assert (region.covariance > 0).all()


def test_a_region_without_kept_voxels_has_no_value_and_spoils_no_other(face, fitted):
    data, events, nuisance = face
    outside = np.flatnonzero(~fitted.kept)[:20]
    regions = [data.regions[0], outside, np.empty(0, dtype=int)]
    for model in (SPM, GlmSpec(noise_model="ar1")):
        found = fit((data._replace(regions=regions), events, nuisance), model)
        effects = found.regions.contrasts["facesGtShapes"].effects[0]
        assert np.isfinite(effects[0])
        assert np.isnan(effects[2])
    found = fit((data._replace(regions=regions), events, nuisance))
    assert np.isnan(found.regions.contrasts["facesGtShapes"].effects[0][1])
    assert found.regions.eigenvariates[1] is None
    assert np.isnan(found.regions.series[:, 1]).all()


def test_a_run_of_outliers_gives_a_reason_and_no_contrast(face):
    data, events, nuisance = face
    n = len(data.series)
    outlier = np.ones(n, dtype=bool)
    spikes = pd.DataFrame(np.eye(n), columns=[f"outlier_{scan:04d}" for scan in range(n)])
    found = fit((data, events, nuisance._replace(regressors=spikes, outlier=outlier)))
    assert found.contrasts == {}
    assert found.not_estimable["facesGtShapes"] == (
        "1 residual degrees of freedom, fewer than 20: 215 of 215 volumes are outliers"
    )
    assert found.diagnostics is None


def test_conditions_without_events_make_their_contrasts_not_estimable(face):
    data, events, nuisance = face
    found = fit((data, events[events["trial_type"] != "angry"], nuisance))
    assert found.not_estimable == {
        "facesGtShapes": "condition `angry` has no trials",
        "conditions": "condition `angry` has no trials",
    }
    assert "condition `angry` has no trials" in found.events.dropped


def test_a_threshold_that_nothing_passes_is_an_error(face):
    data, events, nuisance = face
    low = data._replace(series=data.series * 0.1)
    with pytest.raises(ProcessingError, match="No voxel inside the brain mask exceeds 1 of"):
        fit((low, events, nuisance), GlmSpec(noise_model="spm", mask_threshold=1.0))


def test_without_a_threshold_every_voxel_is_modelled(face):
    found = fit(face, GlmSpec(noise_model="spm", mask_threshold=None))
    assert found.kept.all()


def test_conditions_given_to_spm_are_those_of_the_table(face):
    given = json.loads((FACE / "conditions.json").read_text())["conditions"]
    _, events, _ = face
    for name in NAMES:
        own = events[events["trial_type"] == name]
        assert own["onset"].tolist() == np.ravel(given[name]["onset"]).tolist()


def test_a_region_that_marsbar_cannot_whiten_spoils_no_other(face):
    data, events, nuisance = face
    series = data.series.copy()
    oscillating = np.flatnonzero(data.regions[0])[:1]
    place = data.regions[0][oscillating]
    n = len(series)
    wave = np.where(np.arange(n) % 2, 400.0, 0.0).astype(np.float32)
    series[:, place] = series.mean() + wave[:, None]
    regions = [place, data.regions[1]]
    model = GlmSpec(**{**vars(SPM), "region_methods": ("marsbar",)})
    found = fit((data._replace(series=series, regions=regions), events, nuisance), model)
    assert found.regions.marsbar[0] == {}
    assert "not positive definite" in found.regions.marsbar_problems[0]
    assert set(found.regions.marsbar[1]) == {"facesGtShapes", "conditions"}
    assert found.regions.marsbar_problems[1] == ""


def test_dark_volumes_are_named(face):
    data, events, nuisance = face
    means = data.global_means.copy()
    means[[3, 7]] = 0.0
    with pytest.raises(ProcessingError, match="2 of 215 volumes are dark, the first is 4"):
        fit((data._replace(global_means=means), events, nuisance))
