"""Every case of SPM12's dynamic causal models, few of the long ones."""

from pathlib import Path

import pytest

from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest, unlisted_arrays
from tests.parity.readers import all_readers

ROOT = Path(__file__).resolve().parents[3]
COPIED = ROOT / "tests" / "reference" / "dcm"
SHARED = ROOT.parent / "shared" / "reference" / "dcm_peb"

#: Quantities that are quickly computed, and how many cases of them there are.
QUICK = {
    "dcm_priors": 8,
    "dcm_state_equation": 15,
    "dcm_bilinear": 15,
    "dcm_integrate": 22,
    "dcm_integrate_gradient": 3,
    "dcm_prepare": 34,
    "linalg_dx": 6,
    "linalg_logdet": 18,
    "linalg_inv": 12,
    "linalg_expm": 6,
    "linalg_svd": 12,
    "variational_laplace_toy": 3,
}

#: Estimated models. `python -m tests.parity` compares all 34.
ESTIMATED = (
    "firstlevel_real/sub-01",
    "firstlevel_sim2/s03_t2",
    "firstlevel_sim2/variant_s01_Cboth",
    "firstlevel_sim2/variant_s02_nocentre_delays",
    "firstlevel_sim2/variant_s02_scaled_fullB",
)


def manifest_of(folder):
    if not (folder / "manifest.json").is_file():
        pytest.skip("reference results are not beside the project")
    return read_manifest(folder)


def failures(manifest, cases):
    evaluation = Evaluation(manifest, all_readers())
    rows = [evaluation.judge(case) for case in cases]
    return [(row.id, row.note) for row in rows if row.verdict is not Verdict.PASS]


def test_every_copied_case_is_within_its_tolerance():
    manifest = read_manifest(COPIED)
    assert failures(manifest, manifest.cases.values()) == []
    assert len(manifest.cases) == 33
    assert unlisted_arrays(manifest) == []


@pytest.mark.parametrize(("quantity", "n_cases"), QUICK.items())
def test_every_quick_case_is_within_its_tolerance(quantity, n_cases):
    manifest = manifest_of(SHARED)
    cases = [case for case in manifest.cases.values() if case.quantity == quantity]
    assert failures(manifest, cases) == []
    assert len(cases) == n_cases


@pytest.mark.parametrize("name", ESTIMATED)
def test_estimated_models_are_within_their_tolerance(name):
    manifest = manifest_of(SHARED)
    assert failures(manifest, [manifest.cases[name]]) == []
