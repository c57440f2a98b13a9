"""Nuisance models by name: numbers of columns, what is missing, nilearn's choice of columns."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from nilearn.interfaces.fmriprep import load_confounds

from bids_ketamine.core.cleaning.nuisance_models import NUISANCE_MODELS, model_regressors
from bids_ketamine.core.nuisance import MOTION
from tests.core.cleaning.real_confounds import (
    SUBJECTS,
    confounds_metadata,
    confounds_path,
    confounds_table,
    needs_real_confounds,
)

SIGNALS = ("csf", "white_matter", "global_signal")


def table(*, n_scans=20, components=7, aroma=2):
    rng = np.random.default_rng(0)
    names = [*MOTION, *SIGNALS, "cosine00", "cosine01"]
    names += [f"w_comp_cor_{i:02d}" for i in range(components)]
    names += [f"c_comp_cor_{i:02d}" for i in range(components)]
    names += [f"aroma_motion_{i:02d}" for i in range(aroma)]
    return pd.DataFrame(rng.normal(size=(n_scans, len(names))), columns=names)


def choose(source, name, *, cosines=False):
    return model_regressors(source, name=name, metadata={}, cosines=cosines)


@pytest.mark.parametrize(
    ("name", "n_regressors"),
    [
        ("2P", 2),
        ("3P", 3),
        ("6P", 6),
        ("9P", 9),
        ("12P", 12),
        ("24P", 24),
        ("28P", 28),
        ("30P", 30),
        ("32P", 32),
        ("36P", 36),
        ("aCompCor", 22),
        ("aCompCor+GS", 23),
        ("AROMA", 4),
        ("AROMA+GS", 5),
    ],
)
def test_each_model_has_its_number_of_regressors(name, n_regressors):
    chosen = choose(table(), name)
    assert chosen.regressors.shape == (20, n_regressors)
    assert chosen.regressors.columns.is_unique
    assert (chosen.reason, chosen.missing) == ("", ())
    assert chosen.regressors.notna().all(axis=None)
    assert any("global_signal" in each for each in chosen.regressors) == (
        name.endswith("+GS") or name in ("3P", "9P", "30P", "36P")
    )


def test_every_model_is_tested_and_global_signal_is_all_that_pairs_differ_in():
    assert list(NUISANCE_MODELS) == [
        *("2P", "3P", "6P", "9P", "12P", "24P", "28P", "30P", "32P", "36P"),
        *("aCompCor", "aCompCor+GS", "AROMA", "AROMA+GS"),
    ]
    for without, with_it in (("2P", "3P"), ("28P", "30P"), ("32P", "36P"), ("AROMA", "AROMA+GS")):
        more = set(choose(table(), with_it).regressors) - set(choose(table(), without).regressors)
        assert more
        assert all(each.startswith("global_signal") for each in more)


def test_derived_columns_have_their_values():
    source = table()
    chosen = choose(source, "36P").regressors
    change = source["csf"].diff().bfill()
    np.testing.assert_allclose(chosen["csf_derivative1"], change)
    np.testing.assert_allclose(chosen["csf_derivative1_power2"], change**2)
    np.testing.assert_allclose(chosen["rot_x_power2"], source["rot_x"] ** 2)


def test_what_is_missing_is_named_once():
    source = table().drop(columns=["csf", "rot_y"])
    source["global_signal"] = np.nan
    chosen = choose(source, "36P")
    assert chosen.missing == ("rot_y", "csf", "global_signal")
    assert chosen.reason == (
        "the confounds table lacks `rot_y`, `csf`, `global_signal`, which 36P needs"
    )
    assert chosen.regressors.shape == (20, 0)
    assert choose(source, "24P").missing == ("rot_y",)
    # Another model of the same run has all of its own.
    assert choose(table(aroma=0), "36P").reason == ""
    assert choose(table(aroma=0), "AROMA").missing == ("aroma_motion",)
    assert choose(table(components=0), "aCompCor").missing == ("a_comp_cor",)


def test_an_empty_derivative_is_told_by_its_own_name():
    source = table()
    source["csf_derivative1"] = np.nan
    assert choose(source, "30P").missing == ("csf_derivative1",)
    assert choose(source, "AROMA").missing == ()


def test_too_few_components_are_told():
    chosen = choose(table(components=3), "aCompCor")
    assert chosen.regressors.shape == (20, 18)
    assert chosen.notes[:2] == (
        "3 of 5 CompCor components in mask WM",
        "3 of 5 CompCor components in mask CSF",
    )


def test_cosines_come_with_components_where_asked_for():
    with_drifts = choose(table(), "aCompCor", cosines=True).regressors
    assert set(with_drifts) - set(choose(table(), "aCompCor").regressors) == {
        "cosine00",
        "cosine01",
    }
    assert choose(table(), "36P", cosines=True).regressors.shape == (20, 36)
    bare = table().drop(columns=["cosine00", "cosine01"])
    assert "no cosine columns beside the CompCor components" in (
        choose(bare, "aCompCor", cosines=True).notes
    )


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="No nuisance model '36p': use 2P, 3P"):
        choose(table(), "36p")


@needs_real_confounds
@pytest.mark.parametrize("subject", SUBJECTS)
def test_real_columns_are_those_of_nilearn(subject, tmp_path):
    """nilearn reads files beside an image; the columns are the same."""
    image = tmp_path / f"sub-{subject}_task-rest_space-T1w_desc-preproc_bold.nii.gz"
    image.touch()
    for ending in (".tsv", ".json"):
        shutil.copyfile(
            confounds_path(subject).with_suffix(ending),
            tmp_path / f"sub-{subject}_task-rest_desc-confounds_regressors{ending}",
        )
    source = confounds_table(subject)
    metadata = confounds_metadata(subject)
    full = {"motion": "full", "wm_csf": "full", "global_signal": "full"}
    anatomical = {"compcor": "anat_separated", "n_compcor": 5, "motion": "derivatives"}
    same = {
        "24P": ({"motion": "full"}, ("motion",)),
        "32P": (full, ("motion", "wm_csf")),
        "36P": (full, ("motion", "wm_csf", "global_signal")),
        "aCompCor": (anatomical, ("motion", "high_pass", "compcor")),
    }
    for name, (settings, strategy) in same.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, _ = load_confounds(str(image), strategy=strategy, demean=False, **settings)
        ours = model_regressors(source, name=name, metadata=metadata, cosines=True).regressors
        assert set(ours) == set(theirs), name
        # Both put the next value in the place of a missing first one.
        np.testing.assert_allclose(ours[list(theirs)], theirs, atol=1e-12)
