"""Reading, masking and regions, with known answers."""

import gzip
import os
import socket
import struct

import nibabel as nib
import numpy as np
import pytest
from isal import igzip
from scipy.ndimage import gaussian_filter
from threadpoolctl import threadpool_limits

from bids_ketamine.core.glm.scaling import global_mean
from bids_ketamine.errors import (
    BidsKetamineError,
    InputDataError,
    InputMissingError,
    ReadWriteError,
)
from bids_ketamine.images import voxels
from bids_ketamine.images.files import load_image, read_data, save_map
from bids_ketamine.images.headers import DAMAGE
from bids_ketamine.images.memory import granted_memory
from bids_ketamine.images.series import read_run

AFFINE = np.array([[4.0, 0, 0, -40], [0, 4.0, 0, -40], [0, 0, 4.0, -40], [0, 0, 0, 1]])
SHAPE = (20, 20, 20)


@pytest.fixture
def run(tmp_path):
    """A run of known mean and deviation, and its mask."""
    rng = np.random.default_rng(0)
    data = 100.0 + rng.normal(size=(*SHAPE, 50))
    data[5, 5, 5] = 1234.567  # a voxel that does not vary, but for rounding
    data[6, 6, 6, 3] = np.nan
    brain = np.zeros(SHAPE, dtype=np.uint8)
    brain[4:16, 4:16, 4:16] = 1
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(brain, AFFINE), mask)
    return bold, mask, data, brain


def test_voxels_that_are_flat_or_not_finite_are_left_out(run):
    bold, mask, data, brain = run
    image = read_run(bold, mask, smoothing_fwhm=None)
    assert image.usable.sum() == brain.sum() - 2
    assert not image.usable[5, 5, 5]
    assert not image.usable[6, 6, 6]
    np.testing.assert_allclose(image.series, data[image.usable].T, rtol=1e-6)
    expected = data[8, 8, 8].mean() / data[8, 8, 8].std()
    assert image.tsnr[8, 8, 8] == pytest.approx(expected, rel=1e-4)
    assert np.isnan(image.tsnr[0, 0, 0])


def test_smoothing_shrinks_white_noise_as_the_gaussian_says(tmp_path):
    rng = np.random.default_rng(1)
    data = 100.0 + rng.normal(size=(20, 20, 20, 60))
    brain = np.zeros((20, 20, 20), np.uint8)
    brain[6:14, 6:14, 6:14] = 1
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(brain, AFFINE), mask)
    smooth = read_run(bold, mask, smoothing_fwhm=8.0)
    # Sum of squared weights of a sampled Gaussian of that width, in three directions.
    sigma = 8.0 / 4.0 / np.sqrt(8 * np.log(2))
    weights = np.exp(-(np.arange(-8, 9) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    expected = np.sqrt((weights**2).sum() ** 3)
    assert smooth.series.std(axis=0).mean() == pytest.approx(expected, rel=0.03)
    assert smooth.tsnr[8, 8, 8] == pytest.approx(
        data[8, 8, 8].mean() / data[8, 8, 8].std(), rel=1e-4
    )


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_reading_in_parts_is_reading_at_once(tmp_path, suffix):
    """Scaled integers: every volume as nibabel has it."""
    rng = np.random.default_rng(3)
    stored = rng.integers(-1000, 1000, size=(*SHAPE, 12), dtype=np.int16)
    image = nib.Nifti1Image(stored, AFFINE)
    image.header.set_slope_inter(0.5, 800.0)
    bold, mask = tmp_path / f"bold{suffix}", tmp_path / f"mask{suffix}"
    nib.save(image, bold)
    brain = rng.random(SHAPE) > 0.5
    nib.save(nib.Nifti1Image(brain.astype(np.uint8), AFFINE), mask)
    run = read_run(bold, mask, smoothing_fwhm=None)
    expected = nib.load(bold).get_fdata()
    np.testing.assert_array_equal(run.series, expected[brain].T.astype(np.float32))
    np.testing.assert_array_equal(
        read_data(load_image(bold), bold, np.float64), expected, strict=True
    )
    sigma = 6.0 / 4.0 / np.sqrt(8 * np.log(2))
    smooth = gaussian_filter(expected, (sigma, sigma, sigma, 0), mode="constant")
    run = read_run(bold, mask, smoothing_fwhm=6.0)
    np.testing.assert_allclose(run.series, smooth[brain].T, rtol=5e-7)
    assert run.notes == ()


def test_a_single_slice_is_an_image_too(tmp_path):
    rng = np.random.default_rng(2)
    data = 100 + rng.normal(size=(40, 20, 1, 30))
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(np.ones((40, 20, 1), np.uint8), AFFINE), mask)
    assert read_run(bold, mask, smoothing_fwhm=6.0).series.shape == (30, 800)


def test_maps_are_float32_with_zero_for_missing(tmp_path):
    volume = np.full(SHAPE, np.nan)
    volume[3, 4, 5] = 1.5
    save_map(volume, AFFINE, tmp_path / "folder" / "map.nii.gz")
    path = tmp_path / "folder" / "map.nii.gz"
    image = load_image(path)
    assert image.get_data_dtype() == np.float32
    assert read_data(image, path)[3, 4, 5] == 1.5
    assert read_data(image, path).sum() == 1.5
    assert int(image.header["sform_code"]) == 4


# Byte of each field of a NIfTI-1 header, and how it is stored.
FIELDS = {
    "sizeof_hdr": (0, "<i"),
    "dim": (40, "<8h"),
    "intent_code": (68, "<h"),
    "datatype": (70, "<h"),
    "pixdim": (76, "<8f"),
    "vox_offset": (108, "<f"),
    "scl_slope": (112, "<f"),
    "scl_inter": (116, "<f"),
    "xyzt_units": (123, "<B"),
    "qform_code": (252, "<h"),
    "sform_code": (254, "<h"),
    "quatern_b": (256, "<f"),
    "srow_x": (280, "<4f"),
    "srow_y": (296, "<4f"),
    "srow_z": (312, "<4f"),
    "magic": (344, "<4s"),
}


def forged(path, image, **fields):
    """Write an image whose header says something else."""
    content = bytearray(image.to_bytes())
    for name, value in fields.items():
        place, kind = FIELDS[name]
        struct.pack_into(kind, content, place, *(value if isinstance(value, tuple) else (value,)))
    data = bytes(content)
    path.write_bytes(gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)
    return path


def series(shape=(6, 6, 6, 10), seed=4, affine=AFFINE):
    data = 100 + np.random.default_rng(seed).normal(size=shape)
    return nib.Nifti1Image(data.astype(np.float32), affine)


def brain_mask(path, values=None, affine=AFFINE):
    values = np.ones((6, 6, 6), np.uint8) if values is None else values
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def mostly(value, shape=(6, 6, 6), dtype=np.float32):
    """A mask of half the field of view with another value in it."""
    values = np.zeros(shape, dtype)
    values[:3] = 1
    values[0, 0, 0] = value
    return values


FORGED = {
    "no dimensions": ({"dim": (0, 6, 6, 6, 10, 1, 1, 1)}, "claims 0 axes"),
    "eight dimensions": ({"dim": (8, 6, 6, 6, 10, 1, 1, 1)}, "header claims 8 axes"),
    "a dimension of 0": ({"dim": (4, 6, 0, 6, 10, 1, 1, 1)}, r"dimensions \(6, 0, 6, 10\)"),
    "overflown": ({"dim": (4, 6, 6, 6, -5, 1, 1, 1)}, r"dimensions \(6, 6, 6, -5\)"),
    "a plane": ({"dim": (2, 6, 6, 1, 1, 1, 1, 1)}, "has 2 dimensions, not three"),
    "100 GB": ({"dim": (4, 2900, 2900, 1000, 3, 1, 1, 1)}, "header claims 101 GB"),
    "more than there can be": ({"dim": (7, *[32767] * 7)}, "truncated or damaged: its header"),
    "complex": ({"datatype": 32}, "are complex numbers; real numbers are needed"),
    "colours": ({"datatype": 128}, r"are colours \(RGB\); real numbers"),
    "128 bits": ({"datatype": 1536}, "are 128-bit numbers"),
    "no type": ({"datatype": 0}, "of the image are an unknown type"),
    "a made-up type": ({"datatype": 77}, "are of the unknown type 77"),
    "slope": ({"scl_slope": 1e30, "scl_inter": 0.0}, r"scales voxels by 1e\+30"),
    "infinite slope": ({"scl_slope": np.inf, "scl_inter": 0.0}, "scales voxels by inf"),
    "intercept": ({"scl_slope": 1.0, "scl_inter": np.nan}, "adds nan"),
    "offset before the end": ({"vox_offset": 20.0}, "voxels start at byte 20"),
    "offset that is no number": ({"vox_offset": np.nan}, "voxels start at byte nan"),
    "far offset": ({"vox_offset": 1e12}, "its header claims 1 TB"),
    "nowhere": ({"sform_code": 0, "qform_code": 0}, r"sform and qform codes are 0"),
    "NaN affine": ({"srow_x": (np.nan, 0, 0, 0)}, "no valid orientation"),
    "flat affine": ({"srow_y": (4.0, 0, 0, 0)}, "no valid orientation|voxels of no size"),
    "parallel axes": (
        {"srow_x": (4.0, 4.0, 0, 0), "srow_y": (0.0, 1e-6, 0, 0)},
        "no valid orientation",
    ),
    "no size": ({"srow_z": (0.0, 0, 0, 0)}, "claims voxels of no size"),
    "metres": (
        {
            "srow_x": (0.004, 0, 0, 0),
            "srow_y": (0.0, 0.004, 0, 0),
            "srow_z": (0.0, 0, 0.004, 0),
            "xyzt_units": 1,
        },
        r"voxels of 0.004 x 0.004 x 0.004 mm \(its unit of length: metre\)",
    ),
    "micrometres": ({"srow_x": (4000.0, 0, 0, 0), "xyzt_units": 3}, "unit of length: micrometre"),
    "bad quaternion": (
        {"sform_code": 0, "qform_code": 1, "quatern_b": 7.0},
        "no valid orientation",
    ),
    "pair": ({"magic": b"ni1\0"}, "half of a NIfTI pair"),
    "Analyze": ({"magic": b"\0\0\0\0"}, "an Analyze image, not a NIfTI image"),
    "another size": ({"sizeof_hdr": 347}, "not a readable NIfTI image"),
    "one volume": ({"dim": (4, 6, 6, 6, 1, 1, 1, 1)}, "several volumes, not"),
    "three dimensions": ({"dim": (3, 6, 6, 6, 1, 1, 1, 1)}, "several volumes, not"),
    "time in the fifth": ({"dim": (5, 6, 6, 6, 1, 10, 1, 1)}, "several volumes, not"),
}


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("kind", FORGED)
def test_what_a_header_claims_is_not_believed(kind, suffix, tmp_path):
    fields, words = FORGED[kind]
    bold = forged(tmp_path / f"bold{suffix}", series(), **fields)
    with pytest.raises(InputDataError, match=words) as caught:
        read_run(bold, brain_mask(tmp_path / "mask.nii.gz"), smoothing_fwhm=None)
    assert caught.value.path == bold
    assert "\n" not in str(caught.value)


def test_damaged_bytes_of_a_header_never_end_in_another_error(tmp_path):
    rng = np.random.default_rng(5)
    good = series().to_bytes()
    mask = brain_mask(tmp_path / "mask.nii.gz")
    bold = tmp_path / "bold.nii"
    n_refused = 0
    for _ in range(400):
        content = bytearray(good)
        for place in rng.integers(0, 348, size=3):
            content[place] = rng.integers(256)
        bold.write_bytes(content)
        try:
            read_run(bold, mask, smoothing_fwhm=None)
        except BidsKetamineError as error:
            n_refused += 1
            assert error.exit_code == 65  # noqa: PT017
    assert 50 < n_refused < 400


def test_what_is_no_image_or_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short

    def told(path, kind=InputDataError):
        with pytest.raises(kind) as caught:
            load_image(path)
        return caught.value.message

    good = series()
    plain = good.to_bytes()
    path = tmp_path / "x.nii.gz"
    path.write_bytes(b"")
    assert told(path) == "The image is empty (0 bytes)."
    path.write_bytes(plain)
    assert "not compressed and its name ends with .gz" in told(path)
    path.write_text("not an image")
    assert told(path) == "The file is not a readable NIfTI image."
    path.write_bytes(gzip.compress(plain)[:40])
    assert "truncated or damaged" in told(path)
    (tmp_path / "x.nii").write_bytes(gzip.compress(plain))
    assert "compressed and its name does not end with .gz" in told(tmp_path / "x.nii")
    assert told(tmp_path / "nowhere.nii.gz", InputMissingError) == "The image does not exist."
    (tmp_path / "folder.nii.gz").mkdir()
    assert "is a folder, not a file" in told(tmp_path / "folder.nii.gz")
    os.mkfifo(tmp_path / "pipe.nii.gz")
    assert "is a device or pipe" in told(tmp_path / "pipe.nii.gz")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert "is a device or pipe" in told(tmp_path / "s")
    (tmp_path / "loop.nii").symlink_to(tmp_path / "loop.nii")
    assert "symbolic links" in told(tmp_path / "loop.nii", ReadWriteError)


def test_cifti_is_told_apart(tmp_path):
    axes = (
        nib.cifti2.SeriesAxis(0, 2, 5),
        nib.cifti2.BrainModelAxis.from_mask(np.ones((3, 3, 3), bool), affine=AFFINE),
    )
    path = tmp_path / "bold.nii"
    nib.save(nib.Cifti2Image(np.zeros((5, 27), np.float32), axes), path)
    with pytest.raises(InputDataError, match="is a CIFTI file"):
        load_image(path)


def test_permission_is_the_file_system_s(tmp_path, monkeypatch):
    path = brain_mask(tmp_path / "mask.nii.gz")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ReadWriteError, match="permission denied") as caught:
        load_image(path)
    assert caught.value.exit_code == 74


@pytest.mark.parametrize("cut", [40, 400, 5, -12, -3])
def test_a_file_cut_off_anywhere(cut, tmp_path):
    bold = forged(tmp_path / "bold.nii.gz", series())
    bold.write_bytes(bold.read_bytes()[:cut])
    with pytest.raises(InputDataError, match=r"truncated or damaged|not a readable"):
        read_run(bold, brain_mask(tmp_path / "mask.nii.gz"), smoothing_fwhm=None)


def test_a_checksum_that_does_not_fit_and_what_follows_the_image(tmp_path):
    bold = forged(tmp_path / "bold.nii.gz", series())
    mask = brain_mask(tmp_path / "mask.nii.gz")
    good = bold.read_bytes()
    bold.write_bytes(good[:-8] + b"\0\0\0\0" + good[-4:])
    with pytest.raises(InputDataError, match="truncated or damaged"):
        read_run(bold, mask, smoothing_fwhm=None)
    bold.write_bytes(good + b"what is this?")
    with pytest.raises(InputDataError, match="truncated or damaged"):
        read_run(bold, mask, smoothing_fwhm=None)
    # Two complete gzip members, as some tools write them: the image is whole.
    bold.write_bytes(good + gzip.compress(b"and more"))
    run = read_run(bold, mask, smoothing_fwhm=None)
    assert "the file goes on after the last voxel that its header claims" in run.notes
    # Fewer voxels than the header claims, in a file that is whole for gzip.
    bold.write_bytes(gzip.compress(gzip.decompress(good)[:-100]))
    with pytest.raises(InputDataError, match="truncated or damaged"):
        read_run(bold, mask, smoothing_fwhm=None)


def test_bytes_that_are_no_deflate_stream(tmp_path):
    """What igzip raises on them is an error of its own."""
    bold = forged(tmp_path / "bold.nii.gz", series())
    mask = brain_mask(tmp_path / "mask.nii.gz")
    good = bold.read_bytes()
    middle = len(good) // 2
    bold.write_bytes(good[:middle] + b"\xff" * 64 + good[middle + 64 :])
    with pytest.raises(InputDataError, match="truncated or damaged") as caught:
        read_run(bold, mask, smoothing_fwhm=6.0)
    assert isinstance(caught.value.__cause__, DAMAGE)
    with pytest.raises(InputDataError, match="truncated or damaged"):
        read_data(load_image(bold), bold)


def test_a_bomb_is_read_only_as_far_as_its_header_claims(tmp_path, monkeypatch):
    content = series().to_bytes() + bytes(50_000_000)
    bold = tmp_path / "bold.nii.gz"
    bold.write_bytes(gzip.compress(content))
    n_read = 0

    class Counted(igzip.IGzipFile):
        def read(self, size=-1):
            nonlocal n_read
            data = super().read(size)
            n_read += len(data)
            return data

        def readinto(self, buffer):
            nonlocal n_read
            filled = super().readinto(buffer)
            n_read += filled
            return filled

    monkeypatch.setattr(voxels.igzip, "open", Counted)
    run = read_run(bold, brain_mask(tmp_path / "mask.nii.gz"), smoothing_fwhm=None)
    assert run.series.shape == (10, 216)
    assert n_read < 1_000_000


def test_an_image_that_fits_its_file_and_not_the_memory(tmp_path, monkeypatch):
    bold = forged(tmp_path / "bold.nii.gz", series())
    mask = brain_mask(tmp_path / "mask.nii.gz")
    monkeypatch.setattr(voxels, "granted_memory", lambda: 20_000.0)
    # 216 voxels: 10 volumes of 4 bytes, 40 bytes of masks, and 36 bytes of the one thread.
    words = r"needs about 25.1 kB of memory, 20 kB are available"
    with threadpool_limits(1), pytest.raises(InputDataError, match=words) as caught:
        read_run(bold, mask, smoothing_fwhm=None)
    assert caught.value.path == bold
    with pytest.raises(InputDataError, match="needs about"):
        read_data(load_image(bold), bold, np.float64)


def test_the_smallest_limit_is_what_is_granted(tmp_path):
    (tmp_path / "cgroup").write_text("0::/job/step\n")
    (tmp_path / "mountinfo").write_text(f"1 0 0:1 / {tmp_path} rw - cgroup2 cgroup2 rw\n")
    (tmp_path / "job" / "step").mkdir(parents=True)
    (tmp_path / "job" / "memory.max").write_text("2000000000\n")
    (tmp_path / "job" / "step" / "memory.max").write_text("max\n")
    (tmp_path / "meminfo").write_text("MemTotal: 8000000 kB\n")
    assert granted_memory(tmp_path / "meminfo", tmp_path) == 2e9
    (tmp_path / "job" / "memory.max").unlink()
    assert granted_memory(tmp_path / "meminfo", tmp_path) == 8.192e9
    assert granted_memory(tmp_path / "absent", tmp_path / "job") == 4e9


def test_other_forms_of_nifti_are_read(tmp_path):
    rng = np.random.default_rng(6)
    data = 100 + rng.normal(size=(6, 6, 6, 10)).astype(np.float32)
    mask = brain_mask(tmp_path / "mask.nii")
    expected = data[np.ones((6, 6, 6), bool)].T
    big = nib.Nifti1Header(endianness=">")
    images = {
        "two.nii.gz": nib.Nifti2Image(data, AFFINE),
        "big.nii": nib.Nifti1Image(data, AFFINE, big),
        "five.nii.gz": nib.Nifti1Image(data[..., None], AFFINE),
    }
    for name, image in images.items():
        nib.save(image, tmp_path / name)
        run = read_run(tmp_path / name, mask, smoothing_fwhm=None)
        np.testing.assert_array_equal(run.series, expected)
    qform = nib.Nifti1Image(data, None)
    qform.set_qform(AFFINE, code=1)
    nib.save(qform, tmp_path / "qform.nii")
    assert load_image(tmp_path / "qform.nii").affine.tolist() == AFFINE.tolist()
    # Many programs write 0 for the handedness that must be 1 or -1.
    zooms = (0.0, 4.0, 4.0, 4.0, 2.0, 1.0, 1.0, 1.0)
    handed = forged(tmp_path / "handed.nii", qform, pixdim=zooms, sform_code=0, qform_code=1)
    assert load_image(handed).affine.tolist() == AFFINE.tolist()


@pytest.mark.parametrize(("slope", "inter"), [(0.0, 5.0), (np.nan, 0.0)])
def test_a_slope_of_nothing_scales_nothing(slope, inter, tmp_path):
    image = series()
    bold = forged(tmp_path / "bold.nii", image, scl_slope=slope, scl_inter=inter)
    run = read_run(bold, brain_mask(tmp_path / "mask.nii"), smoothing_fwhm=None)
    np.testing.assert_array_equal(run.series.sum(), image.get_fdata().astype("f4").sum())


def test_volumes_without_values_are_named(tmp_path):
    data = np.asarray(series((6, 6, 6, 20)).dataobj).copy()
    mask = brain_mask(tmp_path / "mask.nii")
    data[..., [2, 7]] = np.nan
    bold = tmp_path / "bold.nii"
    nib.save(nib.Nifti1Image(data, AFFINE), bold)
    with pytest.raises(InputDataError, match=r"2 of 20 volumes hold no finite value .*: 3, 8 \("):
        read_run(bold, mask, smoothing_fwhm=None)
    data[..., 1:8] = np.inf
    nib.save(nib.Nifti1Image(data, AFFINE), bold)
    with pytest.raises(InputDataError, match=r"7 of 20 volumes .*: 2, 3, 4, 5, 6, and 2 more"):
        read_run(bold, mask, smoothing_fwhm=None)


def test_voxels_that_are_not_finite_are_counted(tmp_path):
    data = np.asarray(series((6, 6, 6, 20)).dataobj).copy()
    data[0, 0, :5, 7] = np.nan
    nib.save(nib.Nifti1Image(data, AFFINE), tmp_path / "bold.nii")
    run = read_run(tmp_path / "bold.nii", brain_mask(tmp_path / "mask.nii"), smoothing_fwhm=None)
    assert "5 voxels inside the brain mask are not finite in some volume" in run.notes[-1]


def test_half_a_brain_without_values_and_empty_volumes_are_noted(tmp_path):
    data = np.asarray(series((6, 6, 6, 20)).dataobj).copy()
    data[:4, ..., 3] = np.nan
    data[5, 5, 5, 4] = np.inf
    data[4:, ..., 19] = 0
    data[:4, ..., 19] = 0
    bold = tmp_path / "bold.nii"
    nib.save(nib.Nifti1Image(data, AFFINE), bold)
    run = read_run(bold, brain_mask(tmp_path / "mask.nii"), smoothing_fwhm=None)
    assert run.usable.sum() == 2 * 36 - 1
    assert run.notes == (
        "the brain mask covers the whole field of view",
        "1 of 20 volumes are zero everywhere inside the brain mask",
        "67% of the voxels inside the brain mask are not finite or do not vary in time: they are "
        "left out",
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "every one is zero"),
        (1234.567, "every one does not vary"),
        (1e38, "every one does not vary"),
    ],
)
def test_a_constant_series(value, words, tmp_path):
    bold = tmp_path / "bold.nii"
    nib.save(nib.Nifti1Image(np.full((6, 6, 6, 9), value, np.float32), AFFINE), bold)
    with pytest.raises(InputDataError, match=words):
        read_run(bold, brain_mask(tmp_path / "mask.nii"), smoothing_fwhm=None)


def test_odd_masks(tmp_path):
    bold = forged(tmp_path / "bold.nii", series())

    def masked(values, affine=AFFINE):
        mask = brain_mask(tmp_path / "mask.nii.gz", values, affine)
        return read_run(bold, mask, smoothing_fwhm=None)

    assert masked(mostly(1)).notes == ()
    run = masked(mostly(0.4))
    assert run.usable.sum() == 107
    assert run.notes == (
        "the brain mask holds values between 0 and 1: those above 0.5 are the brain",
    )
    assert masked(mostly(7)).notes == (
        "the brain mask holds values up to 7, all taken for the brain",
    )
    run = masked(mostly(np.nan))
    assert run.usable.sum() == 107
    assert run.notes == ("the brain mask holds NaN, taken for outside the brain",)
    assert masked(np.ones((6, 6, 6, 1), np.uint8)).usable.all()
    for values, words in (
        (np.zeros((6, 6, 6), np.uint8), r"The mask is empty\."),
        (np.full((6, 6, 6), 0.3, np.float32), "empty: no voxel is above 0.5"),
        (np.full((6, 6, 6), np.nan, np.float32), "The mask is empty"),
        (np.ones((6, 6, 6, 2), np.uint8), "A mask has three dimensions"),
        (np.ones((6, 7, 6), np.uint8), r"6 x 7 x 6 voxels\) and the BOLD series \(6 x 6 x 6"),
    ):
        with pytest.raises(InputDataError, match=words):
            masked(values)
    moved = AFFINE.copy()
    moved[0, 3] += 2.5
    with pytest.raises(InputDataError, match=r"different grids: .* lie up to 2.5 mm apart"):
        masked(mostly(1), moved)
    wider = AFFINE.copy()
    wider[0, 0] = 4.4  # 0.4 mm more at each of five steps
    with pytest.raises(InputDataError, match="up to 2 mm apart"):
        masked(mostly(1), wider)
    swapped = AFFINE.copy()
    swapped[0] *= -1
    with pytest.raises(InputDataError, match="mm apart, left and right swapped") as caught:
        masked(mostly(1), swapped)
    assert caught.value.cure == (
        "Find out which of the two has its sides right and make the other again: a mirrored "
        "series swaps the hemispheres of every result."
    )


@pytest.mark.parametrize(
    ("stored", "units", "expected"),
    [
        (2.5, 10, 2.5),
        (2500, 18, 2.5),
        (2.5e6, 26, 2.5),
        (2.5, 2, 2.5),
        (0, 10, None),
        (2, 34, None),
    ],
)
def test_the_header_s_repetition_time_in_seconds(stored, units, expected, tmp_path):
    zooms = (1.0, 4.0, 4.0, 4.0, stored, 1.0, 1.0, 1.0)
    bold = forged(tmp_path / "bold.nii", series(), pixdim=zooms, xyzt_units=units)
    run = read_run(bold, brain_mask(tmp_path / "mask.nii"), smoothing_fwhm=None)
    assert run.header_t_r == (None if expected is None else pytest.approx(expected))


def spm_global(volume):
    """Mean of the voxels above an eighth of the mean of all of them."""
    return volume[volume > volume.mean() / 8].mean()


@pytest.mark.parametrize("fwhm", [None, 6.0])
def test_global_means_are_of_whole_volumes(fwhm, tmp_path):
    rng = np.random.default_rng(7)
    data = np.zeros((*SHAPE, 8))
    data[3:17, 3:17, 3:17] = 1000 + 50 * rng.normal(size=(14, 14, 14, 8))
    data[..., 5] *= 1.5
    image = nib.Nifti1Image(data.astype(np.int16), AFFINE)
    image.header.set_slope_inter(0.25, -3.0)
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(image, bold)
    brain = np.zeros(SHAPE, np.uint8)
    brain[8:12, 8:12, 8:12] = 1
    nib.save(nib.Nifti1Image(brain, AFFINE), mask)
    stored = nib.load(bold).get_fdata()
    if fwhm is not None:
        sigma = fwhm / 4.0 / np.sqrt(8 * np.log(2))
        stored = gaussian_filter(stored, (sigma, sigma, sigma, 0), mode="constant")
    expected = [spm_global(stored[..., scan]) for scan in range(8)]
    run = read_run(bold, mask, smoothing_fwhm=fwhm)
    assert run.global_means.dtype == np.float64
    np.testing.assert_allclose(run.global_means, expected, rtol=1e-6)


def test_what_is_not_finite_counts_as_zero_in_global_means(tmp_path):
    data = series().get_fdata()
    data[0, 0, 0], data[1, 1, 1] = np.nan, np.inf
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), tmp_path / "bold.nii")
    run = read_run(tmp_path / "bold.nii", brain_mask(tmp_path / "mask.nii"), smoothing_fwhm=None)
    data[0, 0, 0] = data[1, 1, 1] = 0
    expected = [spm_global(data[..., scan]) for scan in range(10)]
    np.testing.assert_allclose(run.global_means, expected, rtol=1e-6)
    assert global_mean(np.zeros(5)) == 0.0


def test_the_number_of_threads_does_not_matter(tmp_path):
    bold, mask = tmp_path / "bold.nii.gz", brain_mask(tmp_path / "mask.nii.gz", mostly(1))
    nib.save(series((6, 6, 6, 30)), bold)
    runs = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            runs.append(read_run(bold, mask, smoothing_fwhm=6.0))
    for name in ("series", "tsnr", "global_means", "smoothness_before", "smoothness_after"):
        np.testing.assert_array_equal(*(getattr(run, name) for run in runs))


def test_voxels_that_are_left_out_take_no_second_copy(run):
    bold, mask, data, _ = run
    image = read_run(bold, mask, smoothing_fwhm=None)
    assert image.series.flags.c_contiguous
    assert image.series.base is not None
    np.testing.assert_array_equal(image.series, data[image.usable].T.astype(np.float32))
