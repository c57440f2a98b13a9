"""Every case of R glmnet's elastic net."""

from pathlib import Path

import pytest

from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest, unlisted_arrays
from tests.parity.readers import all_readers

ROOT = Path(__file__).resolve().parents[3]
COPIED = ROOT / "tests" / "reference" / "elastic_net"
SHARED = ROOT.parent / "shared" / "reference" / "elastic_net"

#: Quantities, and how many cases of them there are.
QUANTITIES = {
    "enet_path": 12,
    "enet_loocv": 15,
    "enet_coef": 4,
    "enet_loocv_same_lambda": 4,
    "enet_nested": 1,
}


def failures(manifest, cases):
    evaluation = Evaluation(manifest, all_readers())
    rows = [evaluation.judge(case) for case in cases]
    return [(row.id, row.note) for row in rows if row.verdict is not Verdict.PASS]


def test_every_copied_case_is_within_its_tolerance():
    manifest = read_manifest(COPIED)
    assert failures(manifest, manifest.cases.values()) == []
    assert len(manifest.cases) == 14
    assert unlisted_arrays(manifest) == []


@pytest.mark.parametrize(("quantity", "n_cases"), QUANTITIES.items())
def test_every_case_is_within_its_tolerance(quantity, n_cases):
    if not (SHARED / "manifest.json").is_file():
        pytest.skip("reference results are not beside the project")
    manifest = read_manifest(SHARED)
    cases = [case for case in manifest.cases.values() if case.quantity == quantity]
    assert failures(manifest, cases) == []
    assert len(cases) == n_cases
