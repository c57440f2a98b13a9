"""What docs say of prediction: studies, columns, numbers; cases of the elastic net."""

import json
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.core.prediction import bootstrap, imputation, leakage, predictors, procedure
from bids_ketamine.core.prediction.accuracy import accuracy
from bids_ketamine.core.prediction.preparation import CONCURRENT, INTERACTION
from bids_ketamine.core.prediction.trial import FEWEST_PARTICIPANTS
from bids_ketamine.core.prediction.trial_data import MODELS, TIMINGS
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.reports.group_elastic_net_raw import MOST_RAW
from bids_ketamine.study.load import load_study
from bids_ketamine.study.measure_names import is_chosen, possible_measures
from bids_ketamine.study.spec import ElasticNetSpec
from bids_ketamine.workflows.group_elastic_net import MOST_MEASURES, SECONDS_BETWEEN
from bids_ketamine.workflows.group_elastic_net_record import ELASTIC_NET, MUCH_IMPUTED

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "prediction.md").read_text("utf-8")
FLAT = " ".join(PAGE.split())
VALIDATION = (ROOT / "docs" / "validation.md").read_text("utf-8")
STUDIES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
REFERENCE = ROOT.parent / "shared" / "reference" / "elastic_net"


@pytest.fixture
def study(tmp_path):
    def load(number):
        path = tmp_path / "study.yml"
        path.write_text(STUDIES[number], encoding="utf-8")
        return load_study(str(path)).spec

    return load


def test_a_study_that_extends_the_preset(study):
    spec = study(0)
    section = spec.elastic_net
    assert (section.outcome, section.concurrent_outcome) == ("caps5", "madrs")
    assert (section.covariates, section.baseline_covariates) == (("age", "gender"), ("income",))
    assert (section.permutations, section.stop_at) == (5000, 10)
    possible = possible_measures(spec)
    assert f"{sum(is_chosen(each, ()) for each in possible)} imaging measures" in FLAT
    chosen = [each for each in possible if is_chosen(each, section.measures)]
    assert len(chosen) == 1 + 2 + 15


def test_settings_shown_are_the_defaults(study):
    section = study(1).elastic_net
    assert section == ElasticNetSpec(outcome="functioning")
    shown = STUDIES[1].split("elastic_net:\n")[1]
    told = re.findall(r"^  (\w+):", shown, flags=re.MULTILINE)
    assert told == [each.name for each in fields(ElasticNetSpec)]


def test_the_threshold_of_r_is_written_as_in_the_docs(tmp_path):
    assert "`threshold: 1e-7`" in FLAT
    path = tmp_path / "study.yml"
    path.write_text("extends: norbury2021\nname: a\nelastic_net: {threshold: 1e-7}\n", "utf-8")
    assert load_study(str(path)).spec.elastic_net.threshold == 1e-7


def test_files_and_columns_are_those_that_are_written():
    table = PAGE.split("\n## Files\n")[1].split("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `group_")]
    told = {row[1].strip(" `"): re.findall("`(.*?)`", row[3]) for row in rows}
    written = {f"{name}.tsv": list(columns) for name, columns in ELASTIC_NET_TABLES.items()}
    assert told == written
    assert f"under `{ELASTIC_NET}`" in FLAT
    for name in (*TIMINGS, *MODELS, INTERACTION, CONCURRENT):
        assert f"`{name}`" in PAGE


def test_numbers_are_those_of_the_code():
    assert f"| up to {procedure.MOST_LEFT_OUT_ONE} |" in PAGE
    assert f"{len(imputation.PENALTIES)} penalties (0.1 to 100,000)" in FLAT
    assert (imputation.PENALTIES[0], imputation.PENALTIES[-1]) == (0.1, 1e5)
    assert (imputation.MOST_ROUNDS, imputation.ROUND_TOLERANCE) == (10, 1e-3)
    assert "ten rounds at most" in FLAT
    assert "in sum, by 0.001 of the largest" in FLAT
    levels = f"more than {predictors.MAX_LEVELS} levels or fewer than two participants a level"
    assert levels in FLAT
    assert (predictors.FEWEST_PER_LEVEL, predictors.FEWEST_VALUES) == (2, 3)
    assert f"A model needs {FEWEST_PARTICIPANTS} participants" in FLAT
    assert f"more than {MOST_MEASURES:,} imaging measures" in FLAT
    assert f"more than {MUCH_IMPUTED:.0%} of participants".replace("%", " %") in FLAT
    assert (leakage.MOST_CHECKED, leakage.FAR) == (10, 1000.0)
    assert f"up to {MOST_RAW} measures" in FLAT
    assert SECONDS_BETWEEN == 10.0
    assert "a line tells every ten seconds" in FLAT
    assert bootstrap.FEWEST_DIFFERENT < FEWEST_PARTICIPANTS


def test_who_knows_nothing_is_below_zero():
    assert "-0.10 for 21 participants, and `r_nested` is -1" in FLAT
    outcome = np.random.default_rng(0).normal(size=21)
    found = accuracy(prediction=(outcome.sum() - outcome) / 20, outcome=outcome)
    assert found.r2 == pytest.approx(1.0 - (21 / 20) ** 2)
    assert found.r2 == pytest.approx(-0.10, abs=5e-3)
    assert found.r == pytest.approx(-1.0)


@pytest.mark.parametrize("name", ["prediction", "validation", "python"])
def test_links_lead_somewhere(name):
    text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    for target, anchor in re.findall(r"\]\((\w+\.md)?(?:#([\w-]+))?\)", text):
        page = (ROOT / "docs" / (target or f"{name}.md")).read_text("utf-8")
        headings = re.findall(r"^#+ (.*)$", page, flags=re.MULTILINE)
        anchors = [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings]
        assert not anchor or anchor in anchors, (target, anchor)


def test_cases_are_those_of_the_reference():
    if not (REFERENCE / "manifest.json").is_file():
        pytest.skip("reference results are not beside the project")
    cases = json.loads((REFERENCE / "manifest.json").read_text("utf-8"))["cases"]
    assert f"| elastic net | R's glmnet | {len(cases)} |" in VALIDATION
    section = VALIDATION.split("## Elastic net")[1].split("\n## ")[0]
    assert f"**{len(cases)} of {len(cases)} cases**" in section

    def kind(case):
        loose = case["quantity"] == "enet_loocv" and case["options"]["thresh"] == 1e-7
        return "enet_loocv, R's default" if loose else case["quantity"]

    starts = {
        "| paths": "enet_path",
        "| grid, R 1e-14": "enet_loocv",
        "| grid, R's default": "enet_loocv, R's default",
        "| coefficients at a given penalty": "enet_coef",
        "| folds refitted": "enet_loocv_same_lambda",
        "| nested leave-one-out": "enet_nested",
    }
    for start, quantity in starts.items():
        (line,) = (each for each in section.splitlines() if each.startswith(start))
        assert int(line.split("|")[2]) == sum(kind(case) == quantity for case in cases), start


@pytest.mark.parametrize(
    ("name", "row"), [("d24", "24"), ("d45", "45"), ("d62", "62")], ids=["d24", "d45", "d62"]
)
def test_published_figures_of_the_reference(name, row):
    """In-sample and left-out R2 of R at 1e-14; nested ones are of the package's own tests."""
    if not (REFERENCE / f"{name}.npz").is_file():
        pytest.skip("reference results are not beside the project")
    (line,) = (each for each in PAGE.splitlines() if each.startswith(f"| {row} | "))
    told = [float(each) for each in line.split("|")[2:4]]
    best = np.load(REFERENCE / f"{name}.npz")["best_a11"]
    np.testing.assert_allclose(told, best[3:5], atol=5e-3)
