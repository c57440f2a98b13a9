"""The section on prediction of the group report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markupsafe import Markup

from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.reports import (
    group_elastic_net_pictures,
    group_elastic_net_raw,
    group_measures,
    group_motion,
    group_tests,
)
from bids_ketamine.reports.group import write_group_report
from bids_ketamine.reports.group_elastic_net_data import NET_COLUMNS
from bids_ketamine.reports.views import Picture
from bids_ketamine.study.load import Study
from tests.reports.group.net_tables import HOSTILE, NetTables, net_tree, section_of

Maker = Callable[..., Path]
Apart = Callable[[Path], Any]


def undrawn(caption: str, draw: Callable[[], Markup], **more: object) -> Picture:
    """Stand in for a picture, which takes longer to draw than all words to write."""
    return Picture(caption, Markup('<svg role="img" aria-label="not drawn"></svg>'))


@pytest.fixture(scope="module", autouse=True)
def pictures_of_others() -> Iterator[None]:
    """Leave out the pictures of other sections."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (group_measures, group_motion, group_tests):
            patch.setattr(module, "picture", undrawn)
        yield


@pytest.fixture
def words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures of this section."""
    for module in (group_elastic_net_pictures, group_elastic_net_raw):
        monkeypatch.setattr(module, "picture", undrawn)


@pytest.fixture(scope="module")
def tree(make_group: Maker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return net_tree(make_group, tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module")
def report(tree: Path, study: Study) -> Path:
    return write_group_report(tree, study=study, individual_data=True)


@pytest.fixture(scope="module")
def page(report: Path, take_apart: Apart) -> Any:
    return take_apart(report)


@pytest.fixture(scope="module")
def section(page: Any) -> str:
    return section_of(page)


@pytest.fixture(scope="module")
def anonymous(make_group: Maker, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = net_tree(make_group, tmp_path_factory.mktemp("net_anonymous"))
    return write_group_report(output, study=study, individual_data=False)


def _markup(report: Path) -> str:
    source = report.read_text(encoding="utf-8")
    return source.partition('<section id="prediction">')[2].partition("</section>")[0]


def test_the_report_reads_columns_that_are_written() -> None:
    for name, columns in NET_COLUMNS.items():
        assert {*columns} <= {*ELASTIC_NET_TABLES[name]}


def test_section_stands_between_models_and_effective_connectivity(page: Any, report: Path) -> None:
    order = ["Models", "Prediction", "Effective connectivity", "Methods", "Notes"]
    headings = list(dict.fromkeys(page.headings))
    assert [each for each in headings if each in order] == order
    assert '<a href="#prediction">Prediction</a>' in report.read_text(encoding="utf-8")


def test_what_holds_stands_apart_from_what_is_published(section: str, report: Path) -> None:
    told = "only nested figures hold for new participants."
    assert section.index(told) < section.index("R\u00b2 of each model")
    groups = re.findall(r'<th colspan="(\d)" scope="colgroup">([^<]*)', _markup(report))
    assert groups[:2] == [("3", "for new participants"), ("2", "as published: optimistic")]
    assert "n nested covariates alone p leave-one-out in-sample" in section
    assert "Change measures by arm found 21 0.23 \u22120.02 .012 0.44 0.83" in section
    assert "Baseline measures alone not shown 21 \u22120.30 \u22120.10 .714 0.02 0.32" in section


def test_the_top_has_a_line_on_prediction(page: Any) -> None:
    top = page.text.partition(" Prediction . ")[2].partition(").")[0]
    assert top == (
        "1 of 5 models tested predicts improvement (change, measures by arm: nested R\u00b2 = "
        "0.23, p = .012"
    )


def test_a_finding_has_all_its_numbers(section: str) -> None:
    assert (
        "Change, measures by arm: found. Changes of the imaging measures predict improvement in "
        "caps5 of participants whom the model has not seen: nested R\u00b2 = 0.23 (p = .012, n = "
        "21; 1,000 permutations), mean absolute error 11.4 points. Covariates alone: R\u00b2 = "
        "\u22120.02."
    ) in section
    assert section.count(": found.") == 1


def test_no_better_than_null_is_told_in_plain_words(section: str) -> None:
    assert (
        "2 models: not shown to be better than their null. Change: measures alone. Baseline: "
        "measures alone. The imaging measures are not shown to predict improvement in caps5 better "
        "than those of other participants of the same arm do: nested R\u00b2 from \u22120.30 to "
        "\u22120.12, p from .357 to .714, n = 21; 14 to 28 permutations, stopped early when 10 "
        "were as good. Covariates alone: R\u00b2 from \u22120.16 to \u22120.10."
    ) in section
    assert "(p = .031, n = 21; 1,000 permutations), but no better than covariates do" in section
    assert (
        "but no better than the mean of the participants: nested R\u00b2 = \u22120.07." in section
    )
    assert f"no result. No improvement of madrs for sub-K01 {HOSTILE}." in section
    assert "5 models were tested; 3 have p < .05, where 0.2 would be expected by chance" in section


def test_coefficients_of_no_finding_are_told_so(section: str) -> None:
    by_model = re.split(r"(?=Measures (?:alone|by arm)\S*:? )", section)
    assert sum("These coefficients are no finding." in each for each in by_model) == 4
    found = section.partition("Measures by arm: found")[2].partition("Measures by arm, with")[0]
    assert "no finding" not in found
    assert re.search(r"keeps \d+ of 128 predictors\. The 25 largest are drawn; \d+ others are in "
                     "the table", found)  # fmt: skip
    assert (
        "amygdala \u2013 vmPFC \u00d7 ketamine (generalized PPI, faces) imaging \u00d7 arm "
        "\u22124.20"
    ) in found


def test_missing_values_are_warned_of(section: str) -> None:
    assert (
        "Imputed for more than 10 % of the participants. Change: activation, stroop (6 measures, "
        "19 %); generalized PPI, stroop (15 measures, 19 %)."
    ) in section
    assert "amygdala (activation, stroop) imaging 17 19 %" in section
    assert "amygdala (activation, faces) imaging 20 5 %" in section


def test_dropped_predictors_and_participants_have_reasons(section: str) -> None:
    assert (
        "anterior hippocampus (linear discriminant contrast, faces); gender: male 2 no values of "
        f"sub-K01 {HOSTILE}"
    ) in section
    assert "Change 21 of 22 10 of 11 11 of 11" in section
    reason = f"no improvement of caps5: a participant scored 31.5 and left {HOSTILE}"
    assert f"Baseline {reason} 1" in section
    assert f"sub-K99 midazolam {reason.replace('a participant', 'sub-K99')}" in section
    assert "sub-K02 midazolam in in sub-K03" in section


def test_pictures(report: Path, page: Any) -> None:
    own = _markup(report)
    # Coefficients, predictions and null of 5 models; 12 measures and a matrix for each timing.
    assert own.count('role="img"') == 5 * 3 + 2 * 13
    assert "could not be drawn" not in own
    assert "observed improvement, caps5 (points)" in own
    assert own.count(">improvement, caps5 (points)<") == 2 * 12
    assert page.pictures_without_words == 0
    assert len(page.ids) == len(set(page.ids))
    assert "<script" not in report.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in own
    legends = re.findall(r'<ul class="legend".*?</ul>', own, re.DOTALL)
    assert len(legends) == 4
    assert all("midazolam" in each and "n = 11" in each for each in legends)


def test_raw_values_are_of_what_models_keep(section: str) -> None:
    raw = section.partition("Raw values by arm")[2]
    assert "amygdala \u2013 vmPFC (generalized PPI, faces): kept by 3 of 3 models" in raw
    assert re.search(r"Another \d+ measures that models keep are not drawn", raw)


def test_correlations_are_counted(tree: Path, section: str) -> None:
    path = tree / "group" / "group_elastic_net_correlations.tsv"
    r = pd.read_csv(path, sep="\t").query("timing == 'change'")["r"]
    largest = f"{r.loc[r.abs().idxmax()]:.2f}".replace("-", "\u2212")
    assert f"{(r.abs() > 0.8).sum()} of {len(r):,} pairs have |r| > .8; the strongest is" in section
    assert f"r = {largest}. Of predictors that are alike" in section
    assert "With 21 participants, a single pair has |r| above 0.43 by chance" in section
    assert "Correlations of 65 predictors, before motion and imputation" in section
    assert "Raw values, before motion and imputation, of what models keep" in section


def test_without_individual_data_nobody_is_told(anonymous: Path, take_apart: Apart) -> None:
    source, page = anonymous.read_text(encoding="utf-8"), take_apart(anonymous)
    section, own = section_of(page), _markup(anonymous)
    for who in [*(who for who, _ in NetTables().people), "sub-K99"]:
        assert who not in source
        assert who.removeprefix("sub-") not in source
    assert own.count('role="img"') == 5 * 2 + 2
    for words in ("Participant by participant", "Each participant", "Raw values", "31.5"):
        assert words not in section
    assert f"no improvement of caps5: a participant scored \u2026 and left {HOSTILE} 1" in section
    assert f"A participant has no MADRS {HOSTILE}" in section
    # Results, counts and coefficients stay.
    assert "Change measures by arm found 21 0.23" in section
    assert "Change 21 of 22 10 of 11 11 of 11" in section
    assert "amygdala \u2013 vmPFC \u00d7 ketamine (generalized PPI, faces)" in section


@pytest.mark.usefixtures("words_alone")
def test_names_in_notes_are_counted_only(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    notes = ("2 of 9 participants did not enter: sub-K01, sub-M02 and 3 more.",)
    output = _small(make_group, tmp_path, notes=notes)
    page = take_apart(write_group_report(output, study=study, individual_data=False))
    assert "2 of 9 participants did not enter." in section_of(page)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert "did not enter: sub-K01, sub-M02 and 3 more." in section_of(page)


def _small(make_group: Maker, output: Path, **options: Any) -> Path:
    return net_tree(make_group, output, scopes=(("change", "by_arm"),), n_measures=9, **options)


def _edit(tree: Path, name: str, **columns: Any) -> None:
    path = tree / "group" / f"group_elastic_net{name}.tsv"
    table = pd.read_csv(path, sep="\t", na_values="n/a").assign(**columns)
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)


@pytest.mark.usefixtures("words_alone")
@pytest.mark.parametrize(
    ("sizes", "individual_data", "is_told"),
    [
        ({"midazolam": 9, "ketamine": 2}, False, False),
        ({"midazolam": 2, "ketamine": 9}, False, False),
        ({"midazolam": 2, "ketamine": 9}, True, True),
        ({"midazolam": 3, "ketamine": 3}, False, True),
    ],
)
def test_coefficients_of_small_arms_are_withheld(
    make_group: Maker,
    study: Study,
    tmp_path: Path,
    take_apart: Apart,
    sizes: dict[str, int],
    individual_data: bool,
    is_told: bool,
) -> None:
    output = _small(make_group, tmp_path, sizes=sizes)
    page = take_apart(write_group_report(output, study=study, individual_data=individual_data))
    section = section_of(page)
    words = "amygdala \u2013 vmPFC \u00d7 ketamine (generalized PPI, faces) imaging \u00d7 arm"
    assert (words in section) == is_told
    assert "amygdala \u2013 vmPFC (generalized PPI, faces) imaging \u22121.70" in section


@pytest.mark.usefixtures("words_alone")
def test_failed_leakage_test_stands_out(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = _small(make_group, tmp_path)
    _edit(output, "", leakage="failed")
    report = write_group_report(output, study=study, individual_data=True)
    assert (
        "The leakage test failed (Change, measures by arm): outcome or measures of participants "
        "who are left out change what predicts them. Do not use the nested figures of these models"
    ) in section_of(take_apart(report))
    assert '<td class="alarm">failed</td>' in _markup(report)


@pytest.mark.usefixtures("words_alone")
def test_whole_sample_is_told(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = _small(make_group, tmp_path, record={"Settings": {"preparation": "whole_sample"}})
    _edit(output, "", leakage="not_tested")
    section = section_of(take_apart(write_group_report(output, study=study, individual_data=True)))
    assert "not tested (whole sample)" in section
    assert "not_tested" not in section
    assert "everything, from the preparation" not in section
    assert "The preparation of the measures is not done again" in section


@pytest.mark.usefixtures("words_alone")
def test_nothing_kept_and_nothing_permuted(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = _small(make_group, tmp_path)
    _edit(output, "_coefficients", standardised=0.0, coefficient=0.0, selected=False)
    _edit(output, "", p_imaging=float("nan"), p_outcome=float("nan"), finding=False)
    for name in ("null", "values", "correlations"):
        (output / "group" / f"group_elastic_net_{name}.tsv").unlink()
    report = write_group_report(output, study=study, individual_data=True)
    section = section_of(take_apart(report))
    assert "not tested. Nested R\u00b2 = 0.23, n = 21; measures were not permuted." in section
    assert "keeps none of 20 predictors: it predicts the mean for everybody." in section
    assert "models were tested" not in section
    assert _markup(report).count('role="img"') == 1  # predictions


@pytest.mark.parametrize("arms", [{}, {"only": 9}, {"a": 4, "b<i>": 4, "c": 4}])
def test_other_trials(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart, arms: dict[str, int]
) -> None:
    output = _small(make_group, tmp_path, sizes=arms)
    _edit(output, "", p_imaging=0.4, finding=False)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    section = section_of(page)
    assert "could not be drawn" not in section
    assert ("those of other participants of the same arm do" in section) == (len(arms) > 1)
    assert "b<i>" in section or "b<i>" not in arms


@pytest.mark.usefixtures("words_alone")
def test_missing_and_damaged_tables_are_named(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = _small(make_group, tmp_path)
    folder = output / "group"
    (folder / "group_elastic_net_predictions.tsv").unlink()
    (folder / "group_elastic_net_null.tsv").write_text("timing\tmodel\nx\n")
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert "group_elastic_net_null.tsv cannot be read: Line 2 has 1 cells" in page.text
    assert (
        "group_elastic_net_predictions.tsv is not there or empty; what rests on it is left out."
    ) in page.text
    for path in folder.glob("group_elastic_net*"):
        path.unlink()
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert "The study asks for elastic nets, but the group level has left no table" in page.text
    without = replace(study, spec=replace(study.spec, elastic_net=None))
    page = take_apart(write_group_report(output, study=without, individual_data=True))
    assert "Prediction" not in page.headings


@pytest.mark.usefixtures("words_alone")
def test_steps_that_were_not_taken_are_not_told(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = _small(make_group, tmp_path, record={"MotionApplied": False})
    _edit(output, "_predictors", missing=0.0)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    section = section_of(page)
    assert "Raw values of what models keep" in section
    assert re.search(r"Correlations of \d+ predictors ", section)
    assert "before" not in section.replace("before arms and interactions", "")
    _edit(output, "_predictors", missing=0.1)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert "Raw values, before imputation, of what models keep" in section_of(page)


@pytest.mark.usefixtures("words_alone")
def test_a_concurrent_outcome_without_arms(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    scopes = (("change", "measures"), ("change", "by_arm_and_concurrent"))
    output = net_tree(make_group, tmp_path, scopes=scopes, n_measures=9, sizes={})
    why = "not in by_arm_and_concurrent: no improvement of madrs"
    _edit(output, "_participants", reason=why)
    section = section_of(take_apart(write_group_report(output, study=study, individual_data=True)))
    assert (
        "Change, measures, with improvement in madrs: no better than covariates alone." in section
    )
    assert (
        "in; not in the model \u201cmeasures, with improvement in another outcome\u201d" in section
    )
    assert "by arm" not in section


@pytest.mark.usefixtures("words_alone")
def test_large_trials_leave_out_folds(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart, section: str
) -> None:
    assert "Change measures by arm one 130" in section
    output = _small(make_group, tmp_path)
    _edit(output, "", scheme="k_fold")
    section = section_of(take_apart(write_group_report(output, study=study, individual_data=True)))
    assert "Change measures by arm a fold 130" in section
    assert "they are left out by folds, not one at a time." in section


@pytest.mark.usefixtures("words_alone")
@pytest.mark.parametrize(
    ("n_level", "individual_data", "is_told"),
    [(2, False, False), (float("nan"), False, False), (3, False, True), (2, True, True)],
)
def test_levels_that_few_have_are_withheld(
    make_group: Maker,
    study: Study,
    tmp_path: Path,
    take_apart: Apart,
    n_level: float,
    individual_data: bool,
    is_told: bool,
) -> None:
    covariates = ("age", "gender=other")
    output = _small(make_group, tmp_path, covariates=covariates, n_level=n_level)
    path = output / "group" / "group_elastic_net_coefficients.tsv"
    table = pd.read_csv(path, sep="\t", na_values="n/a")
    table.loc[table["predictor"].isin(covariates), "standardised"] = 3.21
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    _edit(output, "_correlations", r=0.1)
    path = output / "group" / "group_elastic_net_correlations.tsv"
    pairs = pd.read_csv(path, sep="\t", na_values="n/a")
    pairs.loc[pairs["other"] == "gender=other", "r"] = 0.97
    pairs.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    page = take_apart(write_group_report(output, study=study, individual_data=individual_data))
    section = section_of(page)
    assert "age covariate 3.21" in section
    assert ("gender: other covariate 3.21" in section) == is_told
    assert ("with gender: other, r = 0.97" in section) == is_told
