"""What docs say of clinical statistics: studies, tables, rules, counts of cases."""

import json
import re
from pathlib import Path

import pytest

from bids_ketamine.core.mixed.degrees_of_freedom import RULES
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES
from bids_ketamine.study.formula_variables import RESERVED
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import MixedModelSpec

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "clinical.md").read_text("utf-8")
FLAT = " ".join(PAGE.split())
VALIDATION = (ROOT / "docs" / "validation.md").read_text("utf-8")
#: Studies of the page by their names.
STUDIES = {
    re.search(r"^name: (\w+)$", each, flags=re.MULTILINE)[1]: each
    for each in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
}
REFERENCE = ROOT.parent / "shared" / "reference" / "group_stats"


@pytest.fixture
def study(tmp_path):
    def load(name):
        path = tmp_path / "study.yml"
        path.write_text(STUDIES[name], encoding="utf-8")
        return load_study(str(path)).spec

    return load


def test_characteristics(study):
    section = study("characteristics").table_one
    assert section.covariates == ("age", "gender")
    assert {"race", "days_between_scans"} <= {each.name for each in section.variables}
    assert section.outcomes == ("caps5", "madrs")


def test_mixed_models(study):
    models = {each.name: each for each in study("course").mixed_models}
    assert models["scores"].formula == "time * arm"
    assert models["coupling"].response.fall == 0.5
    assert models["coupling"].methods == ("reml", "ml")


def test_a_crossover_study_has_no_imaging(study):
    spec = study("crossover")
    assert not spec.has_imaging
    assert spec.crossover.values == {"d": "ketamine", "p": "placebo"}
    assert spec.mixed_models[0].complete


def test_a_study_of_visits(study):
    spec = study("infusion")
    assert not spec.has_imaging
    assert spec.clinical_course.sessions == ("baseline", "day1", "post")
    assert spec.score_correlations.scores["bprs_positive"] == ("day1",)
    assert spec.logistic_regressions[0].predictors == ("serum",)
    assert spec.primary_outcomes.terms == ("time",)


def test_tables_that_are_named_are_written():
    named = set()
    for line in PAGE.splitlines():
        for name in re.findall(r"`(group_[a-z_{},]+)`", line):
            start, brace, rest = name.partition("{")
            ends = rest.rstrip("}").split(",") if brace else [""]
            named |= {f"{start}{end}" for end in ends}
    assert named <= {*CLINICAL_TABLES, *COURSE_TABLES}
    assert set(COURSE_TABLES) <= named
    assert {name for name in CLINICAL_TABLES if "mixed" in name} <= named


def test_rules_and_variables_are_those_there_are():
    assert all(f"- `{rule}`" in PAGE for rule in RULES)
    assert f"`{MixedModelSpec(name='x', formula='time').degrees_of_freedom[0]}` (default)" in PAGE
    table = PAGE[PAGE.index("| variable | what it is |") : PAGE.index("### Degrees of freedom")]
    assert set(re.findall(r"`(\w+)`", table)) >= set(RESERVED)


def test_counts_of_cases_are_those_of_the_reference():
    if not REFERENCE.is_dir():
        pytest.skip("reference results are not beside the project")
    cases = json.loads((REFERENCE / "manifest.json").read_text("utf-8"))["cases"]
    assert f"**{len(cases)} of {len(cases)} cases**" in VALIDATION
    of_models = sum(case["quantity"].startswith("lmm") for case in cases)
    assert f"AIC, BIC (REML and ML) | {of_models} |" in VALIDATION
