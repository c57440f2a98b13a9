"""Every case of the reference folders: SPM12, MarsBaR, CONN and the RSA toolboxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest, unlisted_arrays
from tests.parity.readers import all_readers

ROOT = Path(__file__).resolve().parents[3]
COPIED = ROOT / "tests" / "reference"
SHARED = ROOT.parent / "shared" / "reference"


@pytest.mark.parametrize(
    ("folder", "n_cases"),
    [
        (COPIED / "glm", 77),
        (COPIED / "gppi", 40),
        (COPIED / "rsa", 46),
        (SHARED / "glm", 178),
        (SHARED / "gppi", 114),
        (SHARED / "rsa", 138),
    ],
    ids=lambda value: f"{value.parents[1].name}-{value.name}" if isinstance(value, Path) else "",
)
def test_every_case_is_within_its_tolerance(folder, n_cases):
    if not (folder / "manifest.json").is_file():
        pytest.skip("reference results are not beside the project")
    manifest = read_manifest(folder)
    evaluation = Evaluation(manifest, all_readers())
    rows = [evaluation.judge(case) for case in manifest.cases.values()]
    others = [(row.id, row.note) for row in rows if row.verdict is not Verdict.PASS]
    assert others == []
    assert len(rows) == n_cases
    assert unlisted_arrays(manifest) == []
