"""Maps on grayordinates: written, read with nibabel and by us; what is refused."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.errors import InputDataError, InputMissingError, ReadWriteError
from bids_ketamine.images.cifti_scalars import ScalarReader, ScalarWriter
from bids_ketamine.images.cifti_series import open_dense_series
from tests.cifti_files import write_series

N = 91_282


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("scalars") / "a.dtseries.nii"
    return open_dense_series(write_series(path, np.ones((2, N))), t_r=None)


def test_a_map_is_read_back_by_nibabel_and_by_us(made, tmp_path):
    values = np.linspace(-1, 1, N)
    values[7] = np.nan
    path = tmp_path / "func" / "map.dscalar.nii"
    writer = ScalarWriter(made.file.maps[1])
    writer.save(-values, tmp_path / "other.dscalar.nii", name="other")
    writer.save(values, path, name="sgACC < 1 & more")
    expected = np.nan_to_num(values).astype(np.float32)
    image = nib.load(path)
    assert isinstance(image, nib.Cifti2Image)
    assert image.nifti_header["intent_code"] == 3006
    np.testing.assert_array_equal(np.asarray(image.dataobj), expected[np.newaxis])
    names, models = image.header.get_axis(0), image.header.get_axis(1)
    assert names.name.tolist() == ["sgACC < 1 & more"]
    assert models == nib.load(made.path).header.get_axis(1)
    found = ScalarReader().read(path)
    np.testing.assert_array_equal(found.values, expected)
    assert found.grayordinates.structures == made.grayordinates.structures
    np.testing.assert_array_equal(
        ScalarReader().read(tmp_path / "other.dscalar.nii").values, -expected
    )


def test_a_map_read_is_written_on_its_own_grayordinates(made, tmp_path):
    first, second = tmp_path / "a.dscalar.nii", tmp_path / "b.dscalar.nii"
    ScalarWriter(made.file.maps[1]).save(np.arange(N), first, name="a")
    ScalarWriter(ScalarReader().read(first).models).save(np.arange(N), second, name="a")
    assert first.read_bytes() == second.read_bytes()


def test_one_reader_tells_files_apart(made, tmp_path):
    first, second, cut = (tmp_path / f"{name}.dscalar.nii" for name in "abc")
    writer, reader = ScalarWriter(made.file.maps[1]), ScalarReader()
    writer.save(np.arange(N), first, name="a")
    writer.save(2 * np.arange(N), second, name="a")
    assert reader.read(first).values[7] == 7.0
    assert reader.read(second).values[7] == 14.0
    assert reader.read(first).grayordinates is reader.read(second).grayordinates
    cut.write_bytes(first.read_bytes()[:-8])
    with pytest.raises(InputDataError, match="truncated or damaged"):
        reader.read(cut)
    with pytest.raises(InputDataError, match="is cut off"):
        ScalarReader().read(cut)
    with pytest.raises(InputMissingError):
        reader.read(tmp_path / "nothing.dscalar.nii")


def test_what_is_no_map_is_refused(made, tmp_path):
    with pytest.raises(InputDataError, match=r"axes hold a series \(2\) and grayordinates"):
        ScalarReader().read(made.path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReadWriteError, match="cannot be written"):
        ScalarWriter(made.file.maps[1]).save(
            np.zeros(N), tmp_path / "file" / "a.dscalar.nii", name="a"
        )
