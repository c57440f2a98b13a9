"""Symptom dimensions in the group report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.reports import render
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_clinical_private import without_persons
from bids_ketamine.reports.group_dimensions import (
    DimensionView,
    dimension_problems,
    dimension_views,
)
from bids_ketamine.reports.rows import records
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec
from tests.reports.group import model_tables as made

KEYS = ["measure", "task", "contrast", "regions", "unit"]


def _view(
    clinical: ClinicalOutput, spec: StudySpec, *, individual_data: bool = True
) -> DimensionView:
    view = dimension_views(
        clinical,
        spec,
        arms=made.ARMS,
        styles=arm_styles(list(made.ARMS)),
        summary=pd.DataFrame(columns=KEYS),
        individual_data=individual_data,
    )
    assert view is not None
    return view


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory, study: Study) -> DimensionView:
    return _view(made.output(tmp_path_factory.mktemp("dimensions")), study.spec)


def _plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def _page(view: DimensionView) -> str:
    template = '{% import "mixed.html.j2" as mixed %}{{ mixed.dimensions(view) }}'
    return render._environment().from_string(template).render(view=view)


def test_correlations_are_told_with_what_chance_gives(view: DimensionView) -> None:
    assert _plain(view.results[0]) == (
        "re experiencing: r = \u22120.45 (95 % interval \u22120.85 to \u22120.05), p = .040; "
        "rho = \u22120.42, p = .200; n = 21."
    )
    assert _plain(view.count).startswith(
        "21 correlations with dimensions (in all participants, midazolam and ketamine) were "
        "computed; 1 has p < .05, where 1.1 would be expected by chance"
    )
    assert _plain(view.summary).startswith("of 7 symptom dimensions the smallest p has re exp")
    assert view.table is not None
    assert len(view.table.rows) == 21
    assert view.notes[0] == (
        "1 missing item of 1 participant was pro-rated (re experiencing): the sum of a "
        "dimension's other items stands for all of them, where at least 50 % of them were there."
    )
    assert view.notes[1] == (
        "1 participant did not enter all dimensions: no items of a participant in post (1)."
    )
    assert _plain(view.covariate_results[0]).endswith(
        "rho = 0.21, p = .400; r = 0.19 (95 % interval \u22120.24 to 0.61); n = 21."
    )


def test_pictures_show_each_dimension_by_arm(view: DimensionView) -> None:
    assert [each.name for each in view.pictures] == ["dimensions-forest", "dimensions-correlations"]
    assert len(view.points) == 7
    first = view.points[0]
    assert first.name == "dimensions-re_experiencing"
    assert first.data is not None
    assert (first.data["mark"] == "participant").sum() == 21
    matrix = view.pictures[1].data
    assert matrix is not None
    # As the table says; the order is that of the study, the measure last.
    found = matrix[(matrix["first"] == "avoidance") & (matrix["second"] == "anhedonia")]["r"]
    assert found.item() == pytest.approx(0.05 * (1 + 3))
    assert matrix["first"].tolist()[:8] == [*made.DIMENSIONS, "change of the measure"]
    assert "n = 21, all arms together" in _plain(view.pictures[1].caption)
    assert [each.name for each in view.points_legend] == list(made.ARMS)


def test_an_older_output_and_few_participants_have_no_matrix(tmp_path: Path, study: Study) -> None:
    for name, pairs in (
        ("older", []),
        ("few", [row | {"n": 3} for row in made.dimension_pairs()]),
    ):
        clinical = made.output(tmp_path / name, group_dimension_correlations=pairs)
        pictures = _view(clinical, study.spec).pictures
        assert [each.name for each in pictures] == ["dimensions-forest"]


def test_covariates_are_drawn_against_the_change_by_arm(tmp_path: Path, study: Study) -> None:
    values = [
        {"participant_id": who, "arm": arm, "variable": name, "score": score}
        for name in ("age", "infusions")
        for score, (who, arm) in enumerate(made.people())
    ]
    values[-1]["score"] = None
    clinical = made.output(tmp_path, group_table_one_values=values)
    view = _view(clinical, study.spec)
    # Table 1 knows one of the two covariates.
    names = [each.name for each in view.covariate_pictures]
    assert names == ["dimensions-covariates", "dimensions-covariate-infusions"]
    drawn = view.covariate_pictures[1]
    assert _plain(drawn.caption).endswith("and infusions: rho = 0.21, ketamine rho = 0.21")
    assert drawn.data is not None
    marks = drawn.data[drawn.data["mark"] == "participant"]
    scores = pd.DataFrame(made.dimension_scores()).drop_duplicates("participant_id")
    expected = scores.assign(covariate=range(len(scores))).iloc[:-1].sort_values("measure_change")
    found = marks.sort_values("measure_change")
    assert found["measure_change"].tolist() == pytest.approx(expected["measure_change"].tolist())
    assert found["covariate"].tolist() == expected["covariate"].tolist()
    assert found["arm"].tolist() == expected["arm"].tolist()
    assert ">ketamine</text>" in str(drawn.markup)
    for source in (clinical, without_persons(clinical, labels=[])):
        hidden = _view(source, study.spec, individual_data=False).covariate_pictures
        assert [each.name for each in hidden] == ["dimensions-covariates"]


def test_without_individual_data_no_one_is_drawn(tmp_path: Path, study: Study) -> None:
    clinical = made.output(tmp_path)
    for source in (clinical, without_persons(clinical, labels=[])):
        view = _view(source, study.spec, individual_data=False)
        assert view.points == ()
        assert "sub-A" not in _page(view)
        assert view.pictures[0].name == "dimensions-forest"


def test_dataset_text_is_escaped(tmp_path: Path, study: Study) -> None:
    rename = {"avoidance": made.HOSTILE, "infusions": made.HOSTILE}
    tables = {
        stem: records(pd.DataFrame(make()).replace(rename))
        for stem, make in made.TABLES.items()
        if stem.startswith("group_dimension")
    }
    asked = study.spec.symptom_dimensions
    assert asked is not None
    dimensions = {rename.get(name, name): items for name, items in asked.dimensions.items()}
    spec = replace(study.spec, symptom_dimensions=replace(asked, dimensions=dimensions))
    page = _page(_view(made.output(tmp_path, **tables), spec))
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_nothing_computed_says_why(tmp_path: Path, study: Study) -> None:
    rows = made.dimensions()[:1]
    gone = dict.fromkeys(("r", "ci_low", "ci_high", "p_value", "rho", "rho_p_value"))
    rows = [{**row, **gone, "n": 2, "reason": "2 participants, 3 needed"} for row in rows]
    tables: dict[str, list[dict[str, Any]]] = {
        "group_dimension_scores": [],
        "group_dimension_covariates": [],
        "group_dimension_correlations": [],
    }
    view = _view(made.output(tmp_path, group_dimensions=rows, **tables), study.spec)
    assert view.results == ("re experiencing: no correlation: 2 participants, 3 needed (n = 2).",)
    assert view.count == "No correlation with a dimension could be computed."
    assert view.pictures == ()
    assert view.covariates is None
    assert _page(view)


def test_a_table_that_lacks_is_asked_for(tmp_path: Path, study: Study) -> None:
    nothing = made.output(tmp_path, group_dimensions=[])
    assert len(dimension_problems(nothing, study.spec)) == 1
    assert dimension_problems(nothing, replace(study.spec, symptom_dimensions=None)) == []
    found = dimension_views(
        nothing, study.spec, arms=(), styles={}, summary=pd.DataFrame(columns=KEYS),
        individual_data=True,
    )  # fmt: skip
    assert found is None
