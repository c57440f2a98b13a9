"""Regions: mean series, MarsBaR, first eigenvariate."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import linalg

from bids_ketamine.core.glm.autocorrelation import whitening_matrix
from bids_ketamine.core.glm.estimates import PooledContrast
from bids_ketamine.core.glm.filtered_model import contrast_of, filter_design
from bids_ketamine.core.glm.regions import (
    first_eigenvariate,
    fit_marsbar,
    mean_series,
    region_eigenvariate,
)
from bids_ketamine.core.glm.voxel_series import VoxelSeries, as_voxels
from bids_ketamine.errors import InputDataError

FACE = Path(__file__).resolve().parents[2] / "reference" / "glm" / "face"
SHARED = Path(__file__).resolve().parents[4] / "shared" / "reference" / "gppi"


def test_the_mean_series_is_scaled_and_unknown_without_voxels():
    series = np.array([[1.0, 2.0, 9.0], [3.0, 6.0, 9.0]], dtype=np.float32)
    np.testing.assert_array_equal(mean_series(VoxelSeries(series, np.array([0, 1]), 2.0)), [3, 9])
    assert np.isnan(mean_series(VoxelSeries(series, np.array([], dtype=int), 2.0))).all()


def test_marsbar_finds_the_effect_in_the_mean_series():
    rng = np.random.default_rng(2)
    n = 150
    task = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], 30)
    design = np.column_stack([task, np.ones(n)])
    noise = linalg.cholesky(linalg.toeplitz(0.3 ** np.arange(n)), lower=True) @ rng.normal(
        size=(n, 12)
    )
    found = fit_marsbar(
        as_voxels(noise + 2.0 * task[:, None] + 100.0),
        design_matrix=design,
        drift=np.empty((n, 0)),
    )
    contrast = contrast_of(found.fit, found.model, np.array([[1.0], [0.0]]))
    maps = PooledContrast.combine([contrast], test="t")
    # Mean of 12 voxels of variance 1 / (1 - 0.09): its standard error is that of the mean series.
    assert maps.effect[0] == pytest.approx(2.0, abs=4 * maps.standard_error[0])
    assert 0.02 < maps.standard_error[0] < 0.12
    # An autoregressive process of 0.3 has the weights of neither component alone.
    assert found.covariance[0, 1] / found.covariance[0, 0] == pytest.approx(0.3, abs=0.08)


def test_the_eigenvariate_of_identical_voxels_is_their_series_and_its_sign_the_voxels():
    wave = np.sin(np.arange(40.0) / 3)
    for sign in (1.0, -1.0):
        found = first_eigenvariate(sign * np.outer(wave, [1.0, 1.0, 1.0, -0.2]))
        assert found.weights.sum() > 0
        assert np.corrcoef(found.series, sign * wave)[0, 1] == pytest.approx(1.0)
        assert found.explained == pytest.approx(1.0)
        # |u|^2 = s1 / v
        assert found.series @ found.series == pytest.approx((3 + 0.04) / 4 * (wave @ wave))
    assert len(found.eigenvalues) == 4


def test_more_voxels_than_volumes_have_as_many_eigenvalues_as_voxels():
    found = first_eigenvariate(np.random.default_rng(0).normal(size=(5, 9)))
    assert found.eigenvalues.shape == (9,)
    assert (np.diff(found.eigenvalues) <= 0).all()
    assert found.eigenvalues[5:].tolist() == [0.0] * 4


def test_a_region_without_signal_has_no_eigenvariate():
    for series in (np.empty((5, 0)), np.zeros((5, 3))):
        with pytest.raises(InputDataError, match="without signal"):
            first_eigenvariate(series)


def test_an_adjusted_eigenvariate_is_spms():
    path = SHARED / "spm_ppi_face.npz"
    if not path.is_file():
        pytest.skip("reference results are not beside the project")
    expected = np.load(path)
    spm = np.load(FACE / "spm.npz")
    image = nib.load(FACE / "bold.nii.gz")
    inside = np.asarray(nib.load(FACE / "mask.nii.gz").dataobj) > 0
    centres = nib.affines.apply_affine(image.affine, np.argwhere(inside))
    near = np.linalg.norm(centres - [-12.0, -12.0, 0.0], axis=1) <= 6.0
    series = np.asarray(image.dataobj)[inside].T
    covariance = linalg.toeplitz(spm["V_row0"])
    model = filter_design(
        spm["X"],
        drift=spm["X0"],
        whitening=whitening_matrix(covariance),
        covariance=covariance,
    )
    voxels = VoxelSeries(series, np.flatnonzero(near), float(spm["gSF"][0]))
    found = region_eigenvariate(voxels, model, kept=range(5))
    # SPM adjusts with estimates that it has stored in single precision.
    np.testing.assert_allclose(found.series, np.ravel(expected["seed_u"]), atol=1e-6)
    np.testing.assert_allclose(found.eigenvalues[0], np.ravel(expected["seed_s"])[0], rtol=1e-6)
