"""What tests of a study's rules share."""

from __future__ import annotations

import pytest

from bids_ketamine.study.load import load_study
from tests.study.faces_study import STUDY


@pytest.fixture
def load(tmp_path):
    """Load a study of faces and shapes with further sections."""

    def load(further, old="", new=""):
        path = tmp_path / "study.yml"
        path.write_text(STUDY.replace(old, new, 1) + further, encoding="utf-8")
        return load_study(str(path))

    return load
