"""The group's report says what the group tables say, with or without individual data."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from scipy.stats import ttest_ind

from bids_ketamine.errors import InputMissingError
from bids_ketamine.reports.group import write_group_report
from bids_ketamine.reports.group_summaries import detectable_difference
from bids_ketamine.reports.plan_keys import SECTION_KEYS
from bids_ketamine.study.load import Study, load_study

HOSTILE = """<script>alert("x & y")</script>"""
LARGEST_FILE = 5_000_000

Apart = Callable[[Path], Any]
Maker = Callable[..., Path]


@pytest.fixture(scope="module")
def report(group_tree: Path, study: Study) -> Path:
    return write_group_report(group_tree, study=study, individual_data=True)


@pytest.fixture(scope="module")
def anonymous(group_tree: Path, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("anonymous")
    shutil.copytree(group_tree / "group", output / "group")
    return write_group_report(output, study=study, individual_data=False)


@pytest.fixture(scope="module")
def page(report: Path, take_apart: Apart) -> Any:
    return take_apart(report)


def _table(tree: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(tree / "group" / f"group_{name}.tsv", sep="\t", na_values="n/a")


def _minus(number: str) -> str:
    return number.replace("-", "\u2212")


def test_sections_stand_in_their_order(page: Any) -> None:
    order = ["norbury2021", "Contents", "Summary", "Participants", "Clinical course"]
    order += ["Motion and quality", "Imaging measures", "Models", "Methods", "Exclusions"]
    order += ["Notes", "Provenance"]
    # The methods have headings of the same names again.
    first = list(dict.fromkeys(page.headings))
    assert [heading for heading in first if heading in order] == order


def test_nothing_is_loaded_and_nothing_runs(report: Path, page: Any) -> None:
    assert "script" not in page.tags
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in page.loads)
    assert not any(re.match(r"[a-z]+:", link) for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert page.pictures_without_words == 0
    assert report.stat().st_size < LARGEST_FILE
    assert "&lt;script&gt;" in report.read_text(encoding="utf-8")


def test_every_participant_is_listed_with_what_went_in(page: Any) -> None:
    for number in range(1, 6):
        assert f"sub-K0{number} midazolam pre, post pre, post pre, post" in page.text
    reason = f"rest pre, rest post: mean FD 0.93 mm of sub-M06 is above 0.5 mm {HOSTILE}"
    assert f"sub-M06 ketamine pre, post pre, post none {reason}" in page.text
    assert "rest pre 10 of 11 5 of 5 5 of 6" in page.text


def test_motion_sentence_and_means(page: Any) -> None:
    assert "9 of 9 measures were regressed on mean framewise displacement." in page.text
    # Mean FD rises by 0.01 from 0.10 over five and then six participants.
    assert "0.150 (0.033), n = 11 0.120 (0.016), n = 5 0.175 (0.019), n = 6" in page.text


def test_clinical_means_by_arm(group_tree: Path, page: Any) -> None:
    caps = _table(group_tree, "outcomes").query("outcome == 'caps5' and arm == 'ketamine'")
    for session, column in (("pre", "first"), ("post", "second")):
        told = f"{session} ketamine 6 0 {caps[column].mean():.1f} ({caps[column].std():.1f})"
        assert told in page.text
    gain = f"ketamine 6 {caps['improvement'].mean():.1f} ({caps['improvement'].std():.1f})"
    assert gain in page.text
    assert f"no score of sub-K01 {HOSTILE} (1)" in page.text


def test_summary_states_results_with_their_intervals(group_tree: Path, page: Any) -> None:
    outcomes = _table(group_tree, "outcomes").query("outcome == 'madrs'")
    of_arm = {arm: own["improvement"].dropna() for arm, own in outcomes.groupby("arm")}
    result = ttest_ind(of_arm["ketamine"], of_arm["midazolam"], equal_var=False)
    low, high = result.confidence_interval()
    estimate = of_arm["ketamine"].mean() - of_arm["midazolam"].mean()
    top = page.text.partition("Participants in group statistics")[0]
    assert (
        f"Improvement in madrs (pre to post), ketamine minus midazolam: {estimate:+.1f} points "
        f"(95 % interval {_minus(f'{low:.1f}')} to {high:.1f}), t({result.df:.1f}) = "
        f"{result.statistic:.2f}, p = {f'{result.pvalue:.3f}'[1:]}"
    ) in top
    welch = _table(group_tree, "tests").query("test == 'welch'")
    small = int((welch["p_value"] < 0.05).sum())
    verb = "has" if small == 1 else "have"
    told = f"{small} of 9 tests {verb} p < .05, where 0.5 would be expected by chance, and"
    assert told in top
    assert f"{_minus(f'{welch.estimate[welch.p_value.idxmin()]:+.3f}')} Fisher z" in top


def test_figures_are_files_with_their_data(report: Path, group_tree: Path) -> None:
    folder = report.parent / "group" / "figures"
    listing = pd.read_csv(folder / "figures.tsv", sep="\t")
    assert not listing["figure"].duplicated().any()
    assert {f"{name}.svg" for name in listing["figure"]} == {p.name for p in folder.glob("*.svg")}
    for path in folder.glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    # A caption tells under which headings of the page its figure stands.
    assert not listing["caption"].duplicated().any()
    captions = listing.set_index("figure")["caption"]
    assert captions["measure-resting_connectivity-rest-amygdala-vmpfc"] == (
        "Imaging measures | Resting connectivity: rest | amygdala \u2013 vmPFC"
    )
    assert captions["course-madrs"].startswith("Clinical course | madrs | Course: ")
    data = pd.read_csv(folder / "motion-rest.tsv", sep="\t")
    means = data[data["mark"] == "mean"].set_index(["session", "arm"])["value"]
    # Mean FD rises by 0.01 from 0.10 over five and then six participants.
    assert means["pre", "midazolam"] == pytest.approx(0.12)
    assert (data["mark"] == "participant").sum() == 2 * 11
    forest = pd.read_csv(folder / "tests-welch-change-resting_connectivity-rest.tsv", sep="\t")
    own = _table(group_tree, "tests").query("test == 'welch' and task == 'rest'")
    assert sorted(forest["estimate"]) == pytest.approx(sorted(own["estimate"]))


def test_figure_files_without_individual_data_hold_nobody(anonymous: Path) -> None:
    folder = anonymous.parent / "group" / "figures"
    names = [path.name for path in folder.iterdir()]
    assert "measure-resting_connectivity-rest-amygdala-vmpfc.tsv" in names
    assert not any(name.startswith(("association", "raincloud")) for name in names)
    for path in folder.iterdir():
        content = path.read_text(encoding="utf-8")
        assert "participant\t" not in content
        assert not re.search(r"sub-[KM]\d", content)


def test_study_of_scores_alone(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    spec = replace(
        study.spec,
        **dict.fromkeys(("rest", "gppi", "rsa", "dcm", "peb", "elastic_net")),
        **dict.fromkeys(("repeated_measures", "behaviour", "symptom_dimensions")),
        tasks=(),
        mixed_models=(),
    )
    output = make_group(tmp_path)
    for path in (output / "group").glob("group_*"):
        stem = path.stem.removeprefix("group_")
        if stem not in ("outcomes", "improvement", "scores", "course"):
            path.unlink()
    flow = [
        ("in the dataset", "all", 12, 0, None),
        ("in an arm", "all", 11, 1, f"no arm {HOSTILE} (1)"),
        ("in an arm", "midazolam", 5, 0, None),
        ("in an arm", "ketamine", 6, 0, None),
        ("change known: caps5", "all", 11, 0, None),
        ("change known: caps5", "midazolam", 5, 0, None),
        ("change known: caps5", "ketamine", 6, 0, None),
    ]
    pd.DataFrame(flow, columns=["stage", "arm", "n", "lost", "reasons"]).to_csv(
        output / "group" / "group_flow.tsv", sep="\t", na_rep="n/a", index=False, quoting=3
    )
    scores = replace(study, spec=spec)
    page = take_apart(write_group_report(output, study=scores, individual_data=True))
    found = [heading for heading in page.headings if heading in ("Motion and quality", "Models")]
    assert found == []
    assert "Imaging measures" not in page.headings
    # Summary, flow and Methods have the count of group.json.
    record = json.loads((output / "group" / "group.json").read_text(encoding="utf-8"))
    n = record["Participants"]
    assert (
        f"Participants {n} of 12 in the dataset, with an arm and a score: midazolam 5 and "
        f"ketamine 6" in page.text
    )
    assert f"Summary and Methods count the {n} who have an arm and a score of any" in page.text
    assert "12 participants in the dataset, 11 in an arm and 11 with a known change in caps5." in (
        page.text
    )
    assert f"all: no arm {HOSTILE} (1)" in page.text
    assert "ketamine minus midazolam: " in page.text
    assert "framewise" not in page.text
    assert "could not be drawn" not in page.text


def test_every_section_that_rests_on_the_plan_can_bear_its_mark(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    template = resources.files("bids_ketamine.reports") / "templates" / "group.html.j2"
    source = template.read_text(encoding="utf-8")
    assert all(f'mark("{anchor}")' in source for anchor in SECTION_KEYS)
    output = make_group(tmp_path, regions=("amygdala", "vmPFC"), activation=False)
    path = output / "group" / "group.json"
    plan = {
        "Date": "2025-03-01T09:05:00Z",
        "Hash": "abc",
        "SoftwareVersion": "0.1.0",
        "ResultsBefore": "none",
        "Differences": [{"Path": "group.residualize_motion", "Planned": True, "Present": False}],
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | {"Plan": plan}))
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    first, second = map(page.headings.index, ("Plan and deviations", "Participants"))
    assert first < second
    mark = "Exploratory: group.residualize_motion differs from the plan"
    assert mark in page.text.replace("group.residualize_motion  ", "group.residualize_motion ")


def test_counts_and_chance(group_tree: Path, page: Any) -> None:
    tests = _table(group_tree, "tests")
    n_small = int((tests["p_value"] < 0.05).sum())
    # Of 9 measures: 6 x 2 one-sample, 9 x 3 paired, 9 Welch, 9 x 3 x 2 correlations.
    assert len(tests) == 102
    has = "has" if n_small == 1 else "have"
    assert f"102 tests were computed; {n_small} {has} p < .05, where 5.1 would be" in page.text
    assert "Participants in any group statistic: midazolam n = 5 and ketamine n = 6." in page.text
    assert "The sample is small (midazolam and ketamine)." in page.text
    assert "a difference of 1.9 standard deviations" in page.text


def test_results_in_words_by_p(group_tree: Path, page: Any) -> None:
    welch = _table(group_tree, "tests").query("test == 'welch'").sort_values("p_value")
    first = welch.iloc[0]
    region = first["regions"].replace("~", " \u2013 ").replace("_", " ")
    assert region in page.text
    sentence = (
        f"pre to post: change in ketamine minus in midazolam {_minus(f'{first.estimate:+.3f}')} "
        f"{first['unit']} (95 % interval {_minus(f'{first.ci_low:.3f}')} to "
        f"{_minus(f'{first.ci_high:.3f}')}), t({first.df:.1f}) = "
        f"{_minus(f'{first.statistic:.2f}')}, p = {f'{first.p_value:.3f}'[1:]}, "
        f"q = {f'{first.q_value:.3f}'.removeprefix('0')}, g = 0.40, n = 6 and 5."
    )
    assert sentence in page.text
    assert "with improvement in madrs (ketamine): r = 0.35 (95 % interval" in page.text


def test_notes_notices_and_provenance(page: Any) -> None:
    assert f"Sub-K01 has no MADRS at the second session {HOSTILE}" in page.text
    assert f"Elastic net of the preset ( elastic_net ) is left out {HOSTILE}" in page.text
    assert "StudyHash 0123456789ab" in page.text
    assert "The study sets no limit of motion or volumes and gives no list." in page.text


def test_without_individual_data_nobody_is_in_the_page(
    anonymous: Path, group_tree: Path, take_apart: Apart
) -> None:
    source = anonymous.read_text(encoding="utf-8")
    page = take_apart(anonymous)
    labels = _table(group_tree, "participants")["participant_id"].unique()
    for label in labels:
        assert label not in source
        assert label.removeprefix("sub-") not in source
    assert "sub-" not in page.text
    assert "Participant by participant" not in page.text
    assert "Associations with the smallest p" not in page.text
    assert f"mean FD … mm of a participant is above … mm {HOSTILE}" in page.text
    # Means stay.
    assert "rest pre 10 of 11 5 of 5 5 of 6" in page.text
    assert "0.150 (0.033), n = 11" in page.text


def test_without_individual_data_marks_are_gone(anonymous: Path, report: Path) -> None:
    individual, means_only = (
        path.read_text(encoding="utf-8").count("<use ") for path in (report, anonymous)
    )
    # 11 participants in 2 sessions of 9 measures and 3 panels of motion; scores are lines.
    assert individual - means_only >= 11 * 2 * (9 + 3)


def test_means_of_few_are_withheld_with_individual_data(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = make_group(
        tmp_path,
        arms={"midazolam": 2, "ketamine": 4},
        outcomes=("caps5",),
        regions=("amygdala", "vmPFC"),
    )
    page = take_apart(write_group_report(output, study=study, individual_data=False))
    assert "pre midazolam 2 0 withheld" in page.text
    scores = _table(output, "outcomes").query("arm == 'midazolam'")
    assert f"{scores['first'].mean():.1f}" not in page.text
    assert "withheld: fewer than 3 participants" in page.text


@pytest.mark.parametrize(
    ("options", "present", "absent"),
    [
        ({"arms": {"ketamine": 6}}, "ketamine n = 6", "Difference of change between arms"),
        ({"arms": {"a": 4, "b": 4, "c<b>": 4}}, "c<b> n = 4", "Difference of change between arms"),
        ({"arms": {}}, "all n = 6", "midazolam"),
        ({"outcomes": ()}, "Change between sessions", "Clinical course"),
        ({"activation": False}, "Resting connectivity: rest", "Contrasts against zero"),
        ({"empty": True}, "No test could be computed.", "Clinical course"),
        ({"all_missing": True}, "could not be computed: no values", "nan"),
    ],
    ids=["one-arm", "three-arms", "no-arms", "no-outcomes", "rest-only", "empty", "all-missing"],
)
def test_other_trials(
    make_group: Maker,
    study: Study,
    tmp_path: Path,
    take_apart: Apart,
    options: dict[str, Any],
    present: str,
    absent: str,
) -> None:
    regions = ("amygdala", "vmPFC")
    output = make_group(tmp_path, regions=regions, **options)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    content = page.text.partition("Methods Participants")[0]
    assert present in content
    assert not re.search(rf"\b{absent}\b", content)
    assert "could not be drawn" not in page.text


def test_many_measures(make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart) -> None:
    regions = tuple(f"R{number:03d}" for number in range(26))
    output = make_group(
        tmp_path, regions=regions, activation=False, arms={"a": 3, "b": 3}, outcomes=("caps5",)
    )
    report = write_group_report(output, study=study, individual_data=True)
    page = take_apart(report)
    # 325 pairs; paired in all and two arms.
    assert "smallest p of each session or change, arm and outcome: 150 of 975." in page.text
    assert "Shown are 12 of 325" in page.text
    assert "the 25 with the smallest p" in page.text
    assert "All are in group_tests.tsv." in page.text
    assert report.stat().st_size < LARGEST_FILE


def test_another_study_reads_the_same_tables(
    make_group: Maker, tmp_path: Path, take_apart: Apart
) -> None:
    siegel = load_study("siegel2021")
    output = make_group(tmp_path, regions=("amygdala", "vmPFC"), activation=False)
    page = take_apart(write_group_report(output, study=siegel, individual_data=True))
    assert "rest pre 10 of 11" in page.text


def test_damaged_table_is_named(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = make_group(tmp_path, regions=("amygdala", "vmPFC"), activation=False)
    (output / "group" / "group_tests.tsv").write_text("test\tarm\nwelch\n")
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert page.headings[2] == "Errors"
    assert "group_tests.tsv cannot be read: Line 2 has 1 cells, the header has 2." in page.text


def test_no_group_level(tmp_path: Path, study: Study) -> None:
    with pytest.raises(InputMissingError, match="no group level"):
        write_group_report(tmp_path, study=study, individual_data=True)


def test_own_report_is_linked_where_it_is(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = make_group(tmp_path, regions=("amygdala", "vmPFC"), activation=False)
    (output / "sub-K02.html").write_text("x")
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert [link for link in page.links if link.startswith("sub-")] == ["sub-K02.html"]


@pytest.mark.parametrize(("n", "difference"), [(26, 0.80), (64, 0.50), (394, 0.20)])
def test_detectable_difference_is_cohens(n: int, difference: float) -> None:
    # Cohen (1992) table 2: n per group for large, medium and small d at power .80, alpha .05.
    found = detectable_difference(n, n, power=0.8, significance=0.05)
    assert found == pytest.approx(difference, abs=0.01)


def test_record_may_be_missing(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = make_group(tmp_path, regions=("amygdala", "vmPFC"), activation=False)
    (output / "group" / "group.json").write_text(json.dumps({}))
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert "What the motion step did is not recorded." in page.text


def test_pairs_and_trial_types_read_well(
    make_group: Callable[..., Path], study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    distance = "squared distance / voxel"
    further = (
        ("gppi", "faces", "facesGtShapes", "vmPFC~anterior_insula", "Fisher z"),
        ("ldc", "faces", "fearful vs neutral", "amygdala", distance),
        ("resting_partial_connectivity", "rest", None, "amygdala~vmPFC", "Fisher z"),
    )
    output = make_group(tmp_path, activation=False, regions=("amygdala",), further=further)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    for words in (
        "Generalized PPI: faces, facesGtShapes",
        "Generalized PPI: faces, facesGtShapes, numbers",
        "Linear discriminant contrast: faces, fearful vs neutral",
        f"Unit: {distance}. Means with 95 % intervals",
        "Resting connectivity (partial): rest",
        "vmPFC \u2013 anterior insula generalized PPI (faces, facesGtShapes), pre to post",
        "amygdala linear discriminant contrast (faces, fearful vs neutral), pre to post",
        "Generalized PPI (faces, facesGtShapes), pre to post",
    ):
        assert words in page.text
    assert "could not be drawn" not in page.text
