"""The atlas files that ship: as built, complete, where anatomy has them, free to pass on."""

import csv
import gzip
import json
import re
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nibabel.affines import apply_affine

from bids_ketamine.errors import InputMissingError
from bids_ketamine.regions.data import build as builder
from bids_ketamine.regions.data.circuit import Cortex, largest_piece, parcel_shares

ROOT = Path(__file__).parents[2]
DATA = ROOT / "bids_ketamine/regions/data"
PAGE = ROOT / "docs/regions.md"
SOURCES = ROOT.parent / "shared/data/atlases"
needs_sources = pytest.mark.skipif(
    not SOURCES.is_dir(),
    reason="the published sources of the atlases are not beside the repository",
)

IMAGES = sorted(path.name for path in DATA.glob("*_dseg.nii.gz"))
CIRCUIT = "atlas-FearCircuit_space-MNI152NLin2009cAsym_res-02_dseg"
GRIDS = {
    "MNI152NLin2009cAsym": ((97, 115, 97), [2.0, 2.0, 2.0], [-96.5, -132.5, -78.5]),
    "MNI152NLin6Asym": ((91, 109, 91), [-2.0, 2.0, 2.0], [90.0, -126.0, -72.0]),
}
#: Anatomical boxes, left and right alike: |x|, y and z of every voxel, mm.
BOXES = {
    "amygdala": ((12, 36), (-14, 3), (-32, -11)),
    "anterior_insula": ((26, 43), (0, 35), (-18, 13)),
    "vmPFC": ((1, 14), (38, 70), (-20, 3)),
    "rACC": ((1, 17), (30, 55), (-8, 18)),
    "dACC": ((1, 16), (5, 32), (20, 45)),
    "anterior_hippocampus": ((12, 38), (-26, -5), (-32, -11)),
}


def table_of(stem):
    return pd.read_csv(DATA / f"{stem}.tsv", sep="\t", keep_default_na=False)


def labels_of(stem):
    image = nib.load(DATA / f"{stem}.nii.gz")
    return np.asanyarray(image.dataobj), image.affine


def centres(stem, index):
    labels, affine = labels_of(stem)
    return apply_affine(affine, np.argwhere(np.isin(labels, index)))


def page_rows(first_cell):
    """Return the rows below a table's heading in docs/regions.md, each a list of cells."""
    lines = PAGE.read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_cell} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.fixture(scope="module")
def built():
    return builder.build(builder.Sources(SOURCES))


@needs_sources
def test_shipped_files_are_the_build_byte_for_byte(built):
    shipped = {path.name for path in DATA.glob("atlas-*")}
    assert shipped == set(built)
    for name, content in built.items():
        there = (DATA / name).read_bytes()
        if name.endswith(".gz"):
            assert gzip.decompress(there) == gzip.decompress(content), name
        # Other versions of zlib may pack the same content into other bytes.
        if not name.endswith(".gz") or zlib.ZLIB_RUNTIME_VERSION == "1.2.13":
            assert there == content, name


@needs_sources
def test_command_writes_the_files_and_tells_a_missing_source(built, tmp_path, capsys):
    assert builder.main([str(SOURCES), "--out", str(tmp_path / "new")]) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert written == built
    assert builder.main([str(tmp_path)]) == InputMissingError.exit_code
    said = capsys.readouterr().err
    assert "A source of the shipped atlases is missing." in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", IMAGES)
def test_image_is_in_its_space_and_small(name):
    image = nib.load(DATA / name)
    shape, steps, origin = GRIDS[re.search(r"space-([^_]+)", name)[1]]
    assert image.shape == shape
    assert np.diag(image.affine)[:3].tolist() == steps
    assert image.affine[:3, 3].tolist() == origin
    np.testing.assert_array_equal(image.header.get_sform(), image.header.get_qform())
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (4, 4)
    assert image.header.get_xyzt_units()[0] == "mm"
    largest = int(np.asanyarray(image.dataobj).max())
    assert image.get_data_dtype() == (np.uint8 if largest < 256 else np.uint16)
    packed = (DATA / name).read_bytes()
    # Flags (no file name), time and system of the gzip header.
    assert (packed[3], packed[4:8], packed[9]) == (0, bytes(4), 255)


@pytest.mark.parametrize("name", IMAGES)
def test_every_label_has_a_row_and_every_row_a_label(name):
    stem = name.removesuffix(".nii.gz")
    table = table_of(stem)
    labels, _ = labels_of(stem)
    assert sorted(set(np.unique(labels)) - {0}) == table["index"].tolist()
    assert table["index"].tolist() == list(range(1, len(table) + 1))
    assert table["name"].is_unique
    assert set(table["hemisphere"]) == {"left", "right"}
    assert json.loads((DATA / f"{stem}.json").read_text("utf-8"))["ReferencesAndLinks"]


@pytest.mark.parametrize("name", IMAGES)
def test_left_is_at_negative_x(name):
    stem = name.removesuffix(".nii.gz")
    labels, affine = labels_of(stem)
    voxels = np.argwhere(labels > 0)
    x = apply_affine(affine, voxels)[:, 0]
    at = labels[labels > 0]
    mean = np.bincount(at, weights=x)[1:] / np.bincount(at)[1:]
    left = (table_of(stem)["hemisphere"] == "left").to_numpy()
    assert (mean[left] < 0).all()
    assert (mean[~left] > 0).all()


def test_counts_of_labels():
    counts = {name: len(table_of(name.removesuffix(".nii.gz"))) for name in IMAGES}
    assert sorted(counts.values()) == [12, 16, 16, 32, 32, 100, 400, 400]


def test_tian_order_is_front_to_back_as_named():
    table = table_of("atlas-TianS2_space-MNI152NLin2009cAsym_res-02_dseg").set_index("name")[
        "index"
    ]
    stem = "atlas-TianS2_space-MNI152NLin2009cAsym_res-02_dseg"
    for structure in ("HIP", "PUT", "CAU", "GP"):
        for side in ("lh", "rh"):
            front = centres(stem, table[f"a{structure}-{side}"])[:, 1].mean()
            back = centres(stem, table[f"p{structure}-{side}"])[:, 1].mean()
            assert front > back + 5, (structure, side)


def test_scales_of_tian_agree_on_amygdala_and_hippocampus():
    one, two = (
        labels_of(f"atlas-TianS{scale}_space-MNI152NLin2009cAsym_res-02_dseg")[0]
        for scale in (1, 2)
    )
    np.testing.assert_array_equal(one == 2, np.isin(two, [3, 4]))
    np.testing.assert_array_equal(one == 9, np.isin(two, [17, 18]))


@pytest.mark.parametrize(("scale", "most"), [(1, 2.83), (2, 3.12)])
def test_tian_lies_where_it_lies_in_the_other_template(scale, most):
    stems = [f"atlas-TianS{scale}_space-{space}_res-02_dseg" for space in GRIDS]
    tables = [table_of(stem) for stem in stems]
    assert tables[0].equals(tables[1])
    means = [
        np.array([centres(stem, index).mean(axis=0) for index in tables[0]["index"]])
        for stem in stems
    ]
    apart = np.linalg.norm(means[0][:, np.newaxis] - means[1], axis=2)
    np.testing.assert_array_equal(apart.argmin(axis=1), np.arange(len(tables[0])))
    assert np.diag(apart).max() == pytest.approx(most, abs=0.005)
    assert np.diag(apart).mean() < 2
    sizes = [(labels_of(stem)[0] > 0).sum() for stem in stems]
    assert sizes == [8562, 7277]


def test_scales_of_tian_agree_in_the_template_of_cifti():
    one, two = (
        labels_of(f"atlas-TianS{scale}_space-MNI152NLin6Asym_res-02_dseg")[0] for scale in (1, 2)
    )
    np.testing.assert_array_equal(one > 0, two > 0)
    names = [table_of(f"atlas-TianS{n}_space-MNI152NLin6Asym_res-02_dseg")["name"] for n in (1, 2)]
    for index, name in enumerate(names[0], start=1):
        structure, side = name.rsplit("-", 1)
        parts = {str(names[1][part - 1]) for part in np.unique(two[one == index])}
        expected = {
            "pTHA": {"THA-DP", "THA-VP"},
            "aTHA": {"THA-VA", "THA-DA"},
            "AMY": {"lAMY", "mAMY"},
            "NAc": {"NAc-shell", "NAc-core"},
        }.get(structure, {f"a{structure}", f"p{structure}"})
        assert parts == {f"{part}-{side}" for part in expected}


def test_schaefer_numbers_mean_the_same_parcel_in_both_templates():
    stems = [
        f"atlas-Schaefer2018_space-{space}_res-02_desc-400Parcels7Networks_dseg" for space in GRIDS
    ]
    means = []
    for stem in stems:
        labels, affine = labels_of(stem)
        at = labels[labels > 0]
        places = apply_affine(affine, np.argwhere(labels > 0)).T
        means.append(
            np.array([np.bincount(at, weights=each)[1:] for each in places]).T
            / np.bincount(at)[1:, np.newaxis]
        )
    apart = np.linalg.norm(means[0][:, np.newaxis] - means[1], axis=2)
    np.testing.assert_array_equal(apart.argmin(axis=1), np.arange(400))
    own = np.diag(apart)
    assert own.mean() == pytest.approx(1.73, abs=0.005)
    assert own.max() == pytest.approx(4.04, abs=0.005)
    assert table_of(stems[0]).equals(table_of(stems[1]))


def test_circuit_labels_and_names():
    table = table_of(CIRCUIT)
    assert table["region"].drop_duplicates().tolist() == list(BOXES)
    assert (table["name"] == table["region"] + "_" + table["hemisphere"]).all()


@pytest.mark.parametrize("region", BOXES)
def test_circuit_region_lies_where_anatomy_has_it(region):
    table = table_of(CIRCUIT)
    for _, line in table[table["region"] == region].iterrows():
        places = centres(CIRCUIT, line["index"])
        assert (np.sign(places[:, 0]) == (-1 if line["hemisphere"] == "left" else 1)).all()
        places[:, 0] = np.abs(places[:, 0])
        for values, (low, high) in zip(places.T, BOXES[region], strict=True):
            assert low <= values.min() <= values.max() <= high


def test_circuit_regions_are_of_one_piece():
    labels, _ = labels_of(CIRCUIT)
    for index in table_of(CIRCUIT)["index"]:
        np.testing.assert_array_equal(largest_piece(labels == index), labels == index)


def test_volumes_and_centroids_are_those_of_the_page():
    rows = page_rows("label")
    table = table_of(CIRCUIT)
    assert [row[0] for row in rows] == table["name"].tolist()
    for row, index in zip(rows, table["index"], strict=True):
        places = centres(CIRCUIT, index)
        assert int(row[1]) == len(places)
        assert int(row[2]) == 8 * len(places)
        told = [float(value) for value in row[3].split(",")]
        np.testing.assert_allclose(places.mean(axis=0), told, atol=0.0501)


def test_peaks_lie_where_the_page_says():
    rows = page_rows("region | published peak")
    table = table_of(CIRCUIT)
    assert len(rows) == 12
    for region, peak, inside, nearest, centroid in (row[:5] for row in rows):
        place = np.array([float(value) for value in re.findall(r"-?\d+", peak)])
        side = "left" if place[0] < 0 else "right"
        chosen = table[(table["region"] == region) & (table["hemisphere"] == side)]
        places = centres(CIRCUIT, chosen["index"])
        distance = np.linalg.norm(places - place, axis=1).min()
        assert distance == pytest.approx(float(nearest), abs=0.0501)
        # Half the diagonal of a voxel.
        assert (distance < np.sqrt(3)) == (inside == "yes")
        away = np.linalg.norm(places.mean(axis=0) - place)
        assert away == pytest.approx(float(centroid), abs=0.0501)
    assert sum(row[2] == "no" for row in rows) == 1


@needs_sources
def test_circuit_is_grey_matter_inside_the_brain():
    stem = SOURCES / "tpl-MNI152NLin2009cAsym/tpl-MNI152NLin2009cAsym_res-02_"
    grey = nib.load(f"{stem}label-GM_probseg.nii.gz").get_fdata()
    brain = nib.load(f"{stem}desc-brain_mask.nii.gz").get_fdata()
    labels, _ = labels_of(CIRCUIT)
    assert (brain[labels > 0] == 1).all()
    for row, index in zip(page_rows("label"), table_of(CIRCUIT)["index"], strict=True):
        share = grey[labels == index].mean()
        assert share > 0.75
        assert share == pytest.approx(float(row[7]), abs=0.00501)


@needs_sources
def test_page_tells_the_parcels_and_seeds_of_the_sidecar():
    sidecar = json.loads((DATA / f"{CIRCUIT}.json").read_text("utf-8"))
    peaks = pd.read_csv(SOURCES / "neurosynth-peak-coordinates.tsv", sep="\t")
    known = {
        (abs(int(x)), int(y), int(z))
        for x, y, z in peaks.loc[peaks["x"].str.match(r"-?\d"), ["x", "y", "z"]].to_numpy()
    }
    page = PAGE.read_text("utf-8")
    for seeds in sidecar["Seeds"].values():
        for seed in seeds:
            x, y, z = map(int, seed)
            assert (x, y, z) in known
            assert f"({x}, {y}, {z})" in page
    assert sidecar["Labels"]["vmPFC_right"] == [
        "7Networks_RH_Default_PFCdPFCm_1",
        "7Networks_RH_Default_PFCdPFCm_2",
    ]
    assert sidecar["Labels"]["anterior_hippocampus_left"] == ["Tian S2 aHIP-lh"]


def test_shares_count_one_side_around_a_seed():
    x = np.array([-10.0, -8.0, -6.0, -4.0, -0.5, 4.0])
    cortex = Cortex(
        np.column_stack([x, np.zeros((6, 2))]), np.array([1, 1, 1, 2, 2, 3]), np.ones(6)
    )
    seed = np.array([[-6.0, 0.0, 0.0]])
    # Of the four voxels off the midline within 8 mm, three are of parcel 1.
    assert parcel_shares(cortex=cortex, seeds=seed, side=-1) == {1: 0.75, 2: 0.25}


def test_seitzman_has_300_unique_names():
    table = table_of("atlas-Seitzman300")
    assert table["index"].tolist() == list(range(1, 301))
    assert table["name"].is_unique
    assert table["name"].str.fullmatch(r"[A-Za-z]+_\d+").all()
    assert table.loc[80, "name"] == "DefaultMode_81"
    assert set(table["radius"]) == {4, 5}


@needs_sources
def test_seitzman_coordinates_are_those_of_the_source():
    with (DATA / "atlas-Seitzman300.tsv").open(newline="") as stream:
        shipped = list(csv.DictReader(stream, delimiter="\t"))
    lines = (SOURCES / "seitzman300/seitzman_2018_ROIs_300inVol_MNI_allInfo.txt").read_text()
    source = [line.split() for line in lines.splitlines()[1:]]
    numbers = [[float(row[key]) for key in ("x", "y", "z", "radius")] for row in shipped]
    assert numbers == [[float(cell) for cell in row[:4]] for row in source]
    assert [row["network"] for row in shipped] == [row[5] for row in source]


def test_nothing_but_licensed_files_and_not_much():
    files = [path for path in DATA.iterdir() if path.is_file()]
    kinds = {path.name.split("_")[0].split(".")[0] for path in files if path.suffix != ".py"}
    allowed = ("FearCircuit", "TianS1", "TianS2", "Schaefer2018", "Seitzman300")
    assert kinds == {"LICENSES", *(f"atlas-{name}" for name in allowed)}
    assert sum(path.stat().st_size for path in files) < 400_000


def test_licences_carry_the_notices():
    notices = (DATA / "LICENSES.md").read_text("utf-8")
    for holder in (
        "Melbourne Subcortex Atlas License",
        "Copyright (c) 2016 Computational Brain Imaging Group (CBIG)",
        "Louis Collins, McConnell Brain Imaging Centre",
        "Copyright (c) The nilearn developers.",
    ):
        assert holder in notices


@needs_sources
def test_licence_of_tian_is_there_in_full():
    quoted = (DATA / "LICENSES.md").read_text("utf-8").replace("> ", "").split()
    original = (SOURCES / "tian2020/license.txt").read_text("utf-8").split()
    assert " ".join(original) in " ".join(word for word in quoted if word != ">")
