"""First-level GLM against SPM12 and MarsBaR: every case of the reference folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest
from tests.parity.readers import all_readers

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (ROOT / "tests" / "reference" / "glm", ROOT.parent / "shared" / "reference" / "glm")


@pytest.mark.parametrize(
    ("folder", "n_cases"), zip(FOLDERS, (77, 178), strict=True), ids=["copied", "shared"]
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
