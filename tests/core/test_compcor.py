"""Choice of anatomical CompCor components."""

import json

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.compcor import components_by_mask
from bids_ketamine.errors import InputDataError
from tests.core.confound_tables import SHARED, aomic, choose, components, real, table


def described(**masks):
    """Make a table and its sidecar: shares of variance of each component, by mask."""
    rng = np.random.default_rng(0)
    metadata = {}
    for mask, shares in masks.items():
        for share in shares:
            metadata[f"a_comp_cor_{len(metadata):02d}"] = {"Mask": mask, "VarianceExplained": share}
    frame = pd.DataFrame(rng.normal(size=(5, len(metadata))), columns=list(metadata))
    return frame.assign(csf=rng.normal(size=5)), metadata


def test_components_come_by_mask_from_the_sidecar():
    nuisance = choose(table(), compcor_components=2, columns=[])
    assert components(nuisance) == [f"a_comp_cor_{k:02d}" for k in (1, 3, 0, 2)]


def test_names_of_masks_come_first_and_the_rest_is_combined():
    names = ["a_comp_cor_00", "c_comp_cor_00", "w_comp_cor_01", "w_comp_cor_00", "a_comp_cor_01"]
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(4, 5)), columns=names)
    settings = {"metadata": {}, "columns": [], "outliers": None, "compcor_components": 2}
    split = choose(frame, **settings)
    assert components(split) == ["w_comp_cor_00", "w_comp_cor_01", "c_comp_cor_00"]
    assert "1 of 2 CompCor components in mask CSF" in split.notes
    combined = choose(frame, compcor_mask="combined", **settings)
    assert components(combined) == ["a_comp_cor_00", "a_comp_cor_01"]


def test_six_components_of_unknown_mask_are_all_taken():
    """As fMRIPrep before 1.4 writes them: of one mask of both tissues, without a sidecar."""
    frame = table().drop(columns=["a_comp_cor_06", "a_comp_cor_07"])
    for asked in (1, 5):
        nuisance = choose(frame, metadata={}, compcor_components=asked)
        assert components(nuisance) == [f"a_comp_cor_{k:02d}" for k in range(6)]
        assert nuisance.notes == ("CompCor components of unknown mask: the first 6 are taken",)
    nuisance = choose(frame, metadata={}, compcor_components=5, compcor_mask="combined")
    assert components(nuisance) == [f"a_comp_cor_{k:02d}" for k in range(5)]


def test_more_components_of_unknown_mask_are_as_many_as_were_asked_for():
    nuisance = choose(table(), metadata={}, compcor_components=2)
    assert components(nuisance) == [f"a_comp_cor_{k:02d}" for k in range(4)]
    assert nuisance.notes == ("CompCor components of unknown mask: the first 4 are taken",)


def test_components_are_ordered_by_number_not_as_text():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"a_comp_cor_{k:02d}": rng.normal(size=5) for k in (98, 99, 100, 101)})
    metadata = {name: {"Mask": "WM"} for name in frame}
    nuisance = choose(
        frame, metadata=metadata, columns=[], compcor_components=3, non_steady_state=False
    )
    assert list(nuisance.regressors) == ["a_comp_cor_98", "a_comp_cor_99", "a_comp_cor_100"]
    assert "0 of 3 CompCor components in mask CSF" in nuisance.notes


def test_numbers_may_be_padded_otherwise_and_start_at_one():
    frame = table()
    renamed = {f"a_comp_cor_{k:02d}": f"a_comp_cor_{k + 1}" for k in range(8)}
    frame = frame.rename(columns=renamed)
    padded = {f"a_comp_cor_{k + 1:02d}": {"Mask": "WM" if k % 2 else "CSF"} for k in range(8)}
    names = list(choose(frame, metadata=padded, compcor_components=2, columns=[]).regressors)
    assert names[:4] == ["a_comp_cor_2", "a_comp_cor_4", "a_comp_cor_1", "a_comp_cor_3"]
    assert next(iter(choose(frame, columns=["a_comp_cor_03"]).regressors)) == "a_comp_cor_3"


def test_a_component_that_is_named_and_counted_enters_once():
    names = list(choose(table(), columns=["a_comp_cor_01"], compcor_components=1).regressors)
    assert names[:2] == ["a_comp_cor_01", "a_comp_cor_00"]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("share", "of_white_matter", "of_csf"),
    [(0.05, 1, 1), (0.3, 1, 2), (0.30001, 2, 2), (0.45, 2, 3), (0.5, 3, 3)],
)
def test_components_until_a_share_of_the_variance(share, of_white_matter, of_csf):
    frame, metadata = described(combined=[0.9], WM=[0.3, 0.15, 0.05], CSF=[0.2, 0.15, 0.15])
    nuisance = choose(frame, metadata=metadata, compcor_components=5, compcor_variance=share)
    assert components(nuisance) == [
        *(f"a_comp_cor_{k:02d}" for k in range(1, 1 + of_white_matter)),
        *(f"a_comp_cor_{k:02d}" for k in range(4, 4 + of_csf)),
    ]
    assert not any("CompCor" in note for note in nuisance.notes)


def test_a_share_beyond_the_columns_takes_all_and_says_so():
    frame, metadata = described(combined=[0.4, 0.1], WM=[0.3], CSF=[0.2, 0.15])
    metadata["dropped_0"] = {"Mask": "WM", "VarianceExplained": 0.6, "Retained": False}
    settings = {"metadata": metadata, "compcor_components": 5, "compcor_variance": 0.8}
    nuisance = choose(frame, **settings)
    assert components(nuisance) == ["a_comp_cor_02", "a_comp_cor_03", "a_comp_cor_04"]
    assert nuisance.notes[:2] == (
        "all 1 CompCor components in mask WM are taken: they explain 30.0% of its variance, less "
        "than 80.0%",
        "all 2 CompCor components in mask CSF are taken: they explain 35.0% of its variance, less "
        "than 80.0%",
    )
    combined = choose(frame, compcor_mask="combined", **(settings | {"compcor_variance": 0.5}))
    assert components(combined) == ["a_comp_cor_00", "a_comp_cor_01"]


def test_the_cumulative_variance_serves_where_the_single_ones_are_not_told():
    frame, metadata = described(WM=[0.3, 0.15, 0.05], CSF=[0.2, 0.15, 0.15])
    for mask in ("WM", "CSF"):
        so_far = 0.0
        for each in metadata.values():
            if each["Mask"] == mask:
                so_far += each.pop("VarianceExplained")
                each["CumulativeVarianceExplained"] = so_far
    nuisance = choose(frame, metadata=metadata, compcor_components=5, compcor_variance=0.4)
    assert components(nuisance) == [f"a_comp_cor_{k:02d}" for k in (0, 1, 3, 4, 5)]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda each: each.pop("VarianceExplained"), "the variance that `a_comp_cor_00` explains"),
        (lambda each: each.update(VarianceExplained="much"), "the variance that `a_comp_cor_00`"),
        (lambda each: each.clear(), "masks and variance of its CompCor components"),
    ],
)
def test_a_share_of_unknown_variance_is_an_error_with_its_cure(spoil, what):
    frame, metadata = described(WM=[0.3, 0.2], CSF=[0.4])
    for each in metadata.values():
        spoil(each)
    with pytest.raises(InputDataError) as error:
        choose(frame, metadata=metadata, compcor_components=5, compcor_variance=0.3)
    assert f"does not tell {what}" in error.value.message
    assert "`compcor_components` in place of `compcor_variance`" in error.value.cure


def test_what_is_taken_where_the_masks_asked_for_are_not_there():
    frame, metadata = described(combined=[0.3, 0.2, 0.1])
    nuisance = choose(frame, metadata=metadata, compcor_components=1)
    assert components(nuisance) == ["a_comp_cor_00", "a_comp_cor_01"]
    assert nuisance.notes[0] == (
        "no CompCor components in masks WM and CSF: those of both combined serve"
    )
    frame, metadata = described(CSF=[0.3, 0.2, 0.1])
    nuisance = choose(frame, metadata=metadata, compcor_components=2, compcor_mask="combined")
    assert components(nuisance) == []
    assert nuisance.notes[0] == "0 of 2 CompCor components in mask combined"
    nuisance = choose(frame[["csf"]], metadata={}, compcor_components=2, compcor_variance=0.5)
    assert nuisance.notes[0] == "no anatomical CompCor components in the confounds table"


def test_fmriprep_numbers_the_components_of_a_mask_in_a_row_by_falling_variance():
    """Real sidecars of 1.4, 20.2 and 21: columns in order of number are in order of variance."""
    if not SHARED.is_dir():
        pytest.skip("the reference data (../shared/data) are not beside the repository")
    seen = 0
    for path in sorted(SHARED.glob("**/*desc-confounds_*.json")):
        metadata = json.loads(path.read_text(encoding="utf-8"))
        retained = [name for name, each in metadata.items() if each.get("Retained", True)]
        found = components_by_mask(pd.DataFrame(columns=retained), metadata)
        assert found[""] == []
        for mask, names in found.items():
            numbers = [int(name.rsplit("_", 1)[1]) for name in names]
            assert numbers == list(range(numbers[0], numbers[0] + len(names))) if names else True
            variance = [metadata[name]["VarianceExplained"] for name in names]
            assert variance == sorted(variance, reverse=True)
            assert {metadata[name]["Mask"] for name in names} <= {mask}
            if names:
                last = metadata[names[-1]]["CumulativeVarianceExplained"]
                assert sum(variance) == pytest.approx(last, abs=1e-7)
                seen += 1
    assert seen >= 24


def test_real_tables_give_the_first_of_each_mask_and_half_of_the_variance():
    for frame, metadata in aomic():
        settings = {"metadata": metadata, "columns": [], "outliers": None}
        by_number = choose(frame, compcor_components=5, **settings)
        masks = [metadata[name]["Mask"] for name in components(by_number)]
        assert masks == ["WM"] * 5 + ["CSF"] * 5
        combined = choose(frame, compcor_components=5, compcor_mask="combined", **settings)
        assert components(combined) == [f"a_comp_cor_{k:02d}" for k in range(5)]
        half = choose(frame, compcor_components=5, compcor_variance=0.5, **settings)
        # fMRIPrep keeps what explains half: all of its columns of both masks.
        kept = components_by_mask(frame, metadata)
        assert components(half) == kept["WM"] + kept["CSF"]
        assert not any("CompCor" in note for note in half.notes)
        third = components(choose(frame, compcor_components=5, compcor_variance=0.3, **settings))
        for mask in ("WM", "CSF"):
            shares = [
                metadata[x]["VarianceExplained"] for x in third if metadata[x]["Mask"] == mask
            ]
            assert sum(shares) >= 0.3 > sum(shares[:-1])


def test_real_table_of_fmriprep_21_names_its_masks():
    ((frame, metadata),) = real("fmriprep-confounds-versions/nilearn/test-v21_*.tsv", 1)
    settings = {"metadata": metadata, "columns": [], "outliers": None}
    nuisance = choose(frame, compcor_components=3, **settings)
    assert components(nuisance) == [f"{mask}_comp_cor_{k:02d}" for mask in "wc" for k in range(3)]
    # 0.2601 + 0.1151 < 0.4 <= 0.2601 + 0.1151 + 0.0871; 0.2377 + 0.1793 >= 0.4.
    nuisance = choose(frame, compcor_components=5, compcor_variance=0.4, **settings)
    assert components(nuisance) == [
        *(f"w_comp_cor_{k:02d}" for k in range(3)),
        *(f"c_comp_cor_{k:02d}" for k in range(2)),
    ]
    nuisance = choose(frame, compcor_components=5, compcor_mask="combined", **settings)
    assert components(nuisance) == [f"a_comp_cor_{k:02d}" for k in range(5)]
