"""Confounds of real resting-state runs, where the reference data are at hand."""

import json
from pathlib import Path

import pandas as pd
import pytest

FUNC = "derivatives/fmriprep/sub-{sub}/func/sub-{sub}_task-restingstate_acq-seq_desc-confounds"
FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "aomic-piop2"
SUBJECTS = ("0002", "0030", "0036", "0052")

needs_real_confounds = pytest.mark.skipif(not FOLDER.is_dir(), reason="reference data not at hand")


def confounds_path(subject):
    return FOLDER / (FUNC.format(sub=subject) + "_regressors.tsv")


def confounds_table(subject):
    return pd.read_csv(confounds_path(subject), sep="\t", na_values="n/a")


def confounds_metadata(subject):
    return json.loads(confounds_path(subject).with_suffix(".json").read_text())
