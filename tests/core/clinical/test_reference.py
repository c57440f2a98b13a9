"""Every case of R's group statistics."""

from pathlib import Path

import pytest

from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest, unlisted_arrays
from tests.parity.readers import all_readers

ROOT = Path(__file__).resolve().parents[3]
COPIED = ROOT / "tests" / "reference" / "group_stats"
SHARED = ROOT.parent / "shared" / "reference" / "group_stats"


@pytest.mark.parametrize(
    ("folder", "n_cases"), [(COPIED, 41), (SHARED, 22)], ids=["copied", "shared"]
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
