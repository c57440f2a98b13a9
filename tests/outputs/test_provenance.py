"""Fingerprints: what changes a result changes them, what does not leaves them alone."""

from dataclasses import replace

import nibabel as nib
import numpy as np

from bids_ketamine.outputs.provenance import WINDOW, file_fingerprint, inputs_hash, study_hash
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import RegionSpec


def test_participant_settings_change_the_study_hash_and_group_settings_do_not():
    spec = load_study("norbury2021").spec
    assert study_hash(spec) == study_hash(load_study("norbury2021").spec)
    assert study_hash(replace(spec, glm=replace(spec.glm, high_pass_period=100.0))) != study_hash(
        spec
    )
    assert study_hash(replace(spec, tasks=spec.tasks[:1])) != study_hash(spec)
    assert study_hash(replace(spec, dcm=replace(spec.dcm, interval_level=0.95))) != study_hash(spec)
    assert study_hash(replace(spec, dcm=None)) != study_hash(spec)
    assert study_hash(replace(spec, arms=None, outcomes=(), name="other")) == study_hash(spec)


def test_a_mask_counts_by_content_not_by_place(tmp_path):
    spec = load_study("norbury2021").spec

    def with_mask(path, value):
        nib.save(nib.Nifti1Image(np.full((2, 2, 2), value, np.uint8), np.eye(4)), path)
        region = RegionSpec(name="own", mask=str(path))
        return study_hash(replace(spec, regions=replace(spec.regions, definitions=(region,))))

    (tmp_path / "elsewhere").mkdir()
    one = with_mask(tmp_path / "mask.nii", 1)
    assert with_mask(tmp_path / "elsewhere" / "mask.nii", 1) == one
    assert with_mask(tmp_path / "mask.nii", 2) != one


def test_every_byte_of_a_table_counts(tmp_path):
    path = tmp_path / "confounds.tsv"
    content = bytearray(b"0.5\t" * WINDOW)
    path.write_bytes(content)
    first = file_fingerprint(path)
    content[len(content) // 2] = ord("9")
    path.write_bytes(content)
    assert file_fingerprint(path) != first


def test_large_gzip_files_count_by_size_and_both_ends(tmp_path):
    path = tmp_path / "bold.nii.gz"
    content = bytearray(np.random.default_rng(0).bytes(3 * WINDOW))
    path.write_bytes(content)
    first = file_fingerprint(path)
    content[-1] ^= 1
    path.write_bytes(content)
    assert file_fingerprint(path) != first
    path.write_bytes(content + b"0")
    assert file_fingerprint(path) != first


def test_inputs_count_by_name_and_content_in_any_order(tmp_path):
    one, two = tmp_path / "a.tsv", tmp_path / "b.tsv"
    one.write_text("1")
    two.write_text("2")
    assert inputs_hash([one, two]) == inputs_hash([two, one])
    assert inputs_hash([one, two], facts=(2.0,)) != inputs_hash([one, two], facts=(2.5,))
    before = inputs_hash([one])
    one.write_text("2")
    assert inputs_hash([one]) != before
