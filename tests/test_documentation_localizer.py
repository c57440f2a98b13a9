"""The script that arranges the localizer run as a dataset."""

from __future__ import annotations

import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from tests.localizer_stand_in import MAKE, PYHRF, REAL, Place, pyhrf_folder
from tests.page_commands import Printed


@pytest.mark.skipif(not REAL.is_dir(), reason="the localizer run is not here")
def test_both_arrangements_give_the_same_dataset(tmp_path):
    """The files under pyhrf's names, made again from those that were arranged before."""
    place = Place(tmp_path.resolve())
    source = tmp_path / "bare"
    source.mkdir()
    shutil.copytree(REAL, tmp_path / "arranged")
    func = REAL / "sub-01" / "func" / "sub-01_task-localizer"
    for name, kind in (
        ("bold_session0", "desc-preproc_bold"),
        ("parcellation", "label-2regions_dseg"),
    ):
        image = nib.load(f"{func}_space-MNI_{kind}.nii.gz")
        bare = nib.Nifti1Image(np.asarray(image.dataobj), None)
        bare.header.set_zooms((3.0, 3.0, 3.0, 1.0)[: image.ndim])
        nib.save(bare, source / f"subj0_{name}.nii.gz")
    events = pd.read_table(f"{func}_events.tsv").sort_values(["trial_type", "onset"])
    lines = [f'0 "{row.trial_type}" {row.onset:f} {row.duration:f}' for row in events.itertuples()]
    (source / "paradigm_loc_av.csv").write_text("\n".join(lines) + "\n")
    for name in ("arranged", "bare"):
        assert place.run(f"{MAKE} {name} from-{name}").code == 0
    written = [path for path in sorted((tmp_path / "from-bare").rglob("*")) if path.is_file()]
    assert len(written) == 10
    for path in written:
        other = tmp_path / "from-arranged" / path.relative_to(tmp_path / "from-bare")
        if path.name.endswith(".nii.gz"):
            mine, theirs = nib.load(path), nib.load(other)
            np.testing.assert_array_equal(mine.affine, theirs.affine)
            np.testing.assert_array_equal(np.asarray(mine.dataobj), np.asarray(theirs.dataobj))
        else:
            assert path.read_text() == other.read_text()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: shutil.rmtree(folder), "is not a folder. It should be the folder python/"),
        (
            lambda folder: (folder / "paradigm_loc_av.csv").unlink(),
            "lacks paradigm_loc_av.csv. It should hold the files of the folder python/pyhrf",
        ),
        (
            lambda folder: (folder / "paradigm_loc_av.csv").write_text("onset,audio\n"),
            "paradigm_loc_av.csv, line 1: expected session, condition, onset and duration",
        ),
        (
            lambda folder: (folder / "subj0_parcellation.nii.gz").write_text("version 1\n"),
            "subj0_parcellation.nii.gz is no NIfTI image. If it is a few lines of text",
        ),
        (
            lambda folder: shutil.copy(
                folder / "subj0_parcellation.nii.gz", folder / "subj0_bold_session0.nii.gz"
            ),
            "subj0_bold_session0.nii.gz has 3 dimensions, expected 4.",
        ),
    ],
    ids=["no folder", "no table", "odd table", "no image", "no series"],
)
def test_the_script_says_what_is_wrong(tmp_path, damage, said):
    place = Place(tmp_path.resolve())
    damage(pyhrf_folder(place.folder / PYHRF))
    printed = place.run(f"{MAKE} {PYHRF} localizer")
    assert printed.code == 1
    assert printed.text.startswith("error: ")
    assert said in printed.text
    assert not (place.folder / "localizer").exists()


def test_the_script_replaces_nothing(tmp_path):
    place = Place(tmp_path.resolve())
    pyhrf_folder(place.folder / PYHRF)
    assert place.run(f"{MAKE} {PYHRF} localizer").code == 0
    printed = place.run(f"{MAKE} {PYHRF} localizer")
    assert printed == Printed("error: localizer is there already. Name a new or empty folder.\n", 1)
    assert place.run(f"{MAKE} {PYHRF}").code == 2
