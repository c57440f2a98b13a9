"""Resting sessions of CIFTI series, and seed maps of both kinds of images."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from nibabel.gifti import GiftiDataArray, GiftiImage
from scipy.spatial.distance import cdist

from bids_ketamine.core.cleaning.projection import CleaningProjection
from bids_ketamine.errors import InputMissingError
from bids_ketamine.images.grayordinates import AFFINE, N_VERTICES
from bids_ketamine.images.grayordinates_91k import STRUCTURES
from bids_ketamine.interfaces import resting_plan
from bids_ketamine.regions import templateflow
from bids_ketamine.study.spec import NetworksSpec, RegionSpec, RegionsSpec, WholeAtlasSpec
from tests.cifti_files import CENTRES, structure_voxels, whole_surfaces, write_labels, write_series
from tests.interfaces.resting_session import (
    CLEANING,
    NETWORKS,
    REST,
    confounds_table,
    connect,
    rest_run,
)
from tests.interfaces.task_session import T_R, series_of_run

N_SCANS, N_COLUMNS = 60, sum(STRUCTURES.values())
MODEL = replace(CLEANING, models=("6P",))
N_LEFT = STRUCTURES["CORTEX_LEFT"]
AREAS = {"L_A_1": np.arange(10, 20), "L_A_2": np.arange(20, 25), "R_Vis_1": N_LEFT + np.arange(7)}


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "templates"))
    monkeypatch.delenv("BIDS_KETAMINE_TEMPLATES", raising=False)
    monkeypatch.setattr(templateflow, "_fetch", lambda *_: None)


@pytest.fixture(scope="module")
def points():
    """Vertices of half a sphere of 68 mm on the left."""
    number = np.arange(N_VERTICES) + 0.5
    x, turn = number / N_VERTICES, np.pi * (1 + 5**0.5) * number
    wide = np.sqrt(1 - x**2)
    return 68 * np.column_stack([-x, wide * np.cos(turn), wide * np.sin(turn)])


@pytest.fixture(scope="module")
def files(tmp_path_factory, points):
    """Surfaces, an atlas of grayordinates, and two runs."""
    folder = tmp_path_factory.mktemp("grayordinates")
    surfaces = []
    for side, sign in (("L", 1), ("R", -1)):
        array = GiftiDataArray(
            (points * [sign, 1, 1]).astype(np.float32), intent="NIFTI_INTENT_POINTSET"
        )
        surfaces.append(str(folder / f"tpl-fsLR_den-32k_hemi-{side}_midthickness.surf.gii"))
        nib.save(GiftiImage(darrays=[array]), surfaces[-1])
    keys = np.zeros(2 * N_VERTICES)
    keys[10:20], keys[20:25], keys[N_VERTICES : N_VERTICES + 7] = 1, 2, 3
    (folder / "mine_dseg.tsv").write_text(
        "index\tlabel\tnetwork_label\n1\tL_A_1\tDefault\n2\tL_A_2\tDefault\n3\tR_Vis_1\tVisual\n"
    )
    names = {1: "L_A_1", 2: "L_A_2", 3: "R_Vis_1"}
    dlabel = write_labels(folder / "mine_dseg.dlabel.nii", keys, names, whole_surfaces())
    series = []
    for run in (1, 2):
        rng = np.random.default_rng(run)
        data = rng.normal(size=(N_SCANS, N_COLUMNS)).astype(np.float32)
        data += 100.0 + np.cumsum(rng.normal(size=(N_SCANS, 1)), axis=0).astype(np.float32)
        series.append((write_series(folder / f"run-{run}_bold.dtseries.nii", data, t_r=T_R), data))
    return surfaces, dlabel, series


@pytest.fixture
def session(tmp_path, files):
    """Return the runs, the regions, and the data."""
    surfaces, dlabel, series = files
    runs = []
    for number, (path, _) in enumerate(series, start=1):
        table = confounds_table(number, n_scans=N_SCANS, moved=(20,))
        run = rest_run(tmp_path / str(number), number=str(number), confounds=table)
        runs.append(replace(run, bold=path, mask=None, space="fsLR"))
    spec = RegionsSpec(
        atlas="mixed",
        definitions=(RegionSpec(name="amygdala", spheres=(CENTRES["AMYGDALA"],), radius=5.0),),
        whole_atlases=(WholeAtlasSpec(name="mine", dseg=str(dlabel)),),
        midthickness=tuple(surfaces),
    )
    return runs, spec, [data for _, data in series]


SPEC = NetworksSpec(
    regions={"default_mode": ("Default",), "limbic": ("amygdala",), "visual": ("R_*",)},
    within=("default_mode",),
    between={"limbic_default": ("limbic", "default_mode")},
    seed_maps=("default_mode",),
)


def amygdala():
    """Return the grayordinates of the sphere by hand."""
    start = sum(list(STRUCTURES.values())[: list(STRUCTURES).index("AMYGDALA_RIGHT")])
    millimetres = structure_voxels()["AMYGDALA_RIGHT"] @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    near = np.linalg.norm(millimetres - CENTRES["AMYGDALA"], axis=1) <= 5.0
    return start + np.flatnonzero(near), millimetres[near]


def test_a_session_of_grayordinates(tmp_path, session, monkeypatch):
    runs, spec, data = session
    projections: list[CleaningProjection] = []
    made = resting_plan.cleaning_projection
    monkeypatch.setattr(
        resting_plan,
        "cleaning_projection",
        lambda *args, **further: projections.append(made(*args, **further)) or projections[-1],
    )
    found = connect(tmp_path / "out", *runs, cleaning=MODEL, networks=SPEC, spec=spec, space="fsLR")
    members = {"amygdala": amygdala()[0], **AREAS}
    joined, whole = [], []
    some = np.r_[0:30, N_LEFT : N_LEFT + 10, members["amygdala"][:5]]
    for projection, values in zip(projections, data, strict=True):
        raw = np.column_stack(
            [values[:, own].astype(float).mean(axis=1) for own in members.values()]
        )
        for series, parts in ((raw, joined), (values[:, some].astype(float), whole)):
            cleaned = projection.apply(series)
            assert len(cleaned) == N_SCANS - 1
            parts.append(cleaned / cleaned.std(axis=0))
    matrix = found.table("_space-fsLR_atlas-mixed_stat-pearsoncorrelation_relmat").set_index("Node")
    assert list(matrix) == list(members)
    expected = np.corrcoef(np.concatenate(joined).T)
    np.testing.assert_allclose(matrix.to_numpy(), expected, atol=1e-8)
    row = found.row("network_connectivity", "limbic_default")
    assert row["value"] == pytest.approx(np.arctanh(expected[0, 1:3]).mean(), abs=1e-8)
    assert found.row("network_connectivity", "default_mode")["value"] == pytest.approx(
        np.arctanh(expected[1, 2]), abs=1e-8
    )
    assert found.record["Cleaning"]["Notes"] == []
    assert set(found.sidecar("_relmat")["RegionCentres"]) == set(members)
    (path,) = found.folder.rglob("*_space-fsLR_seed-defaultMode_stat-fisherz_statmap.dscalar.nii")
    values = nib.load(path).get_fdata()[0, some]
    seeds = [each[:, 1:3].mean(axis=1) for each in joined]
    seed = np.concatenate([each / each.std() for each in seeds])
    z = np.arctanh([np.corrcoef(seed, each)[0, 1] for each in np.concatenate(whole).T])
    np.testing.assert_allclose(values, z, atol=2e-5)
    sidecar = found.sidecar("_statmap")
    assert (sidecar["Model"], sidecar["SeedRegions"]) == ("6P", ["L_A_1", "L_A_2"])
    assert len(found.tables("_desc-quality_timeseries")) == 2


def test_the_cortex_around_a_subcortical_region(tmp_path, session, points):
    runs, spec, data = session
    near = replace(MODEL, local_neighbourhood=("amygdala",), neighbourhood_distance=(2.0, 50.0))
    found, plain = (
        connect(
            tmp_path / name,
            runs[0],
            cleaning=cleaning,
            networks=replace(SPEC, seed_maps=()),
            spec=spec,
            space="fsLR",
        )
        for name, cleaning in (("near", near), ("plain", MODEL))
    )
    surface = np.concatenate([points[:N_LEFT], points[: STRUCTURES["CORTEX_RIGHT"]] * [-1, 1, 1]])
    distance = cdist(surface, amygdala()[1]).min(axis=1)
    ring = np.flatnonzero((distance >= 2) & (distance <= 50))
    assert 100 < len(ring) < 20_000
    mean = data[0][:, ring].astype(float).mean(axis=1)
    before, after = (
        each.table("_atlas-mixed_timeseries").dropna().to_numpy() for each in (plain, found)
    )
    # What is left of the region is that without the cleaned ring.
    share = 1 - after[:, 0].var() / before[:, 0].var()
    (told,) = found.record["Runs"][0]["Cleaning"]["Neighbourhood"].values()
    assert told == pytest.approx(share, abs=1e-4)
    assert share > 0.01
    kept = np.delete(mean, 20)
    removed = before[:, 0] - after[:, 0]
    assert abs(np.corrcoef(removed, after[:, 0])[0, 1]) < 1e-6
    assert np.corrcoef(np.diff(removed), np.diff(kept))[0, 1] > 0.1
    np.testing.assert_allclose(after[:, 1:], before[:, 1:], atol=1e-8)
    with pytest.raises(InputMissingError, match="places of the cortex's vertices"):
        connect(
            tmp_path / "none",
            runs[0],
            cleaning=near,
            networks=None,
            spec=replace(spec, midthickness=()),
            space="fsLR",
        )


def test_seed_maps_of_volumes(tmp_path):
    data = series_of_run(6)
    run = rest_run(tmp_path, data=data)
    networks = replace(NETWORKS, seed_maps=("a", "b"))
    found = connect(
        tmp_path / "out",
        run,
        cleaning=MODEL,
        networks=networks,
        rest=replace(REST, band_pass=None, pairs=False),
    )
    (path,) = found.folder.rglob("*_seed-a_stat-fisherz_statmap.nii.gz")
    values = nib.load(path).get_fdata()
    table = confounds_table(0)
    columns = np.column_stack([np.ones(120), table.iloc[:, :6].to_numpy(), np.linspace(-1, 1, 120)])
    left = np.linalg.qr(columns)[0]
    voxels = data.astype(np.float32).astype(float).reshape(-1, 120).T
    voxels = voxels - left @ (left.T @ voxels)
    cleaned = found.table("_atlas-five_timeseries")[["a1", "a2"]].to_numpy()
    seed = (cleaned / cleaned.std(axis=0)).mean(axis=1)
    z = np.arctanh([np.corrcoef(seed, each)[0, 1] for each in voxels.T])
    np.testing.assert_allclose(values.reshape(-1), z, atol=2e-5)
    assert found.sidecar("_seed-b_stat-fisherz_statmap")["Units"] == "Fisher z"
