"""Every case of SPM12's Bayesian model reduction and parametric empirical Bayes."""

from pathlib import Path

import pytest

from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest, unlisted_arrays
from tests.parity.readers import all_readers

ROOT = Path(__file__).resolve().parents[3]
COPIED = ROOT / "tests" / "reference" / "peb"
SHARED = ROOT.parent / "shared" / "reference" / "dcm_peb"

#: Quantities, and how many cases of them there are.
QUANTITIES = {
    "bmr": 6,
    "bmr_log_evidence": 6,
    "bmr_switch_off": 2,
    "bmr_log_evidence_switch_off": 2,
    "bmr_models": 2,
    "bmr_search": 4,
    "peb": 34,
    "peb_of_pebs": 16,
    "peb_reevaluated_subjects": 45,
    "peb_search": 11,
    "peb_models": 3,
    "peb_families": 4,
    "peb_loo": 3,
}


def failures(manifest, cases, **settings):
    evaluation = Evaluation(manifest, all_readers(), **settings)
    rows = [evaluation.judge(case) for case in cases]
    return [(row.id, row.note) for row in rows if row.verdict is not Verdict.PASS]


def test_every_copied_case_is_within_its_tolerance():
    manifest = read_manifest(COPIED)
    assert failures(manifest, manifest.cases.values()) == []
    assert len(manifest.cases) == 41
    assert unlisted_arrays(manifest) == []


def test_groups_of_groups_are_within_their_tolerance_from_the_first_level_on():
    """Each level takes what the package found one level below, not what SPM12 did."""
    manifest = read_manifest(COPIED)
    last = ("third_B_all", "third_B_all/subjects", "stacked_B_third", "third_B_search")
    assert failures(manifest, [manifest.cases[each] for each in last], end_to_end=True) == []


@pytest.mark.parametrize(("quantity", "n_cases"), QUANTITIES.items())
def test_every_case_is_within_its_tolerance(quantity, n_cases):
    if not (SHARED / "manifest.json").is_file():
        pytest.skip("reference results are not beside the project")
    manifest = read_manifest(SHARED)
    cases = [case for case in manifest.cases.values() if case.quantity == quantity]
    assert failures(manifest, cases) == []
    assert len(cases) == n_cases
