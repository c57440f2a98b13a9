"""Mixed models in the group report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports import group_mixed, render
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_clinical_private import without_persons
from bids_ketamine.reports.group_mixed import mixed_problems, mixed_views
from bids_ketamine.reports.group_mixed_formula import model_sentences
from bids_ketamine.reports.group_mixed_terms import TermWords, by_interest
from bids_ketamine.reports.group_mixed_troubles import fit_sentences, size_sentences
from bids_ketamine.reports.group_mixed_views import MixedModelView
from bids_ketamine.reports.rows import records
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import (
    CrossoverSpec,
    MixedModelSpec,
    ResponseSpec,
    SessionSpec,
    StudySpec,
)
from tests.reports.group import model_tables as made

SUMMARY = pd.DataFrame(columns=["measure", "task", "contrast", "regions", "unit"])


@pytest.fixture
def spec(study: Study) -> StudySpec:
    model = MixedModelSpec(
        name="course", outcomes=("madrs",), formula="time * arm", methods=("reml", "ml")
    )
    return replace(study.spec, mixed_models=(model,))


def _views(
    clinical: ClinicalOutput,
    spec: StudySpec,
    *,
    arms: Sequence[str] = made.ARMS,
    individual_data: bool = True,
) -> list[MixedModelView]:
    return mixed_views(
        clinical,
        spec,
        arms=arms,
        styles=arm_styles(list(arms)),
        summary=SUMMARY,
        individual_data=individual_data,
    )


def _page(views: Any) -> str:
    template = '{% import "mixed.html.j2" as mixed %}{{ mixed.mixed(views) }}'
    return render._environment().from_string(template).render(views=views)


def _plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_results_state_estimate_interval_and_rule(tmp_path: Path, spec: StudySpec) -> None:
    (view,) = _views(made.output(tmp_path), spec)
    (value,) = view.values
    assert [_plain(each) for each in value.results] == [
        "madrs: change from pre to post, ketamine minus midazolam \u22126.8 points (95 % interval "
        "\u221210.2 to \u22123.4; t(22.0) = \u22124.10, p < .001; REML, Satterthwaite).",
        "madrs: change from pre to post in midazolam \u22124.1 points (95 % interval \u22127.2 to "
        "\u22121.0; t(20.1) = \u22122.73, p = .013; REML, Satterthwaite).",
        "madrs: ketamine minus midazolam midway between pre and post \u22121.2 points (95 % "
        "interval \u22125.8 to 3.4; t(21.7) = \u22120.55, p = .588; REML, Satterthwaite).",
    ]
    assert view.summary == value.results[0]
    assert view.count == ""
    assert view.overview is None
    assert "`time * arm + (1 | participant)`" in view.words[0]
    assert any("midazolam n = 11 and ketamine n = 11" in _plain(each) for each in value.warnings)


def test_rules_and_methods_stand_side_by_side(tmp_path: Path, spec: StudySpec) -> None:
    (view,) = _views(made.output(tmp_path), spec)
    (table,) = view.values[0].tables
    assert [name for name, _ in table.groups if name] == ["Satterthwaite", "residual, n \u2212 p"]
    first, second = table.rows[0], table.rows[1]
    assert first[:3] == (
        "time × ketamine",
        "change from pre to post, ketamine minus midazolam",
        "REML",
    )
    assert first[3:6] == ("\u22126.8", "1.66", "\u22124.10")
    assert first[6:9] == ("22.0", "< .001", "\u221210.2 to \u22123.4")
    assert first[9:] == ("40", "< .001", "\u221210.2 to \u22123.4")
    assert second[2] == "ML"
    assert table.rows[-1][0] == "intercept"
    assert table.rows[-1][3] == "30.2"


def test_kenward_roger_has_errors_of_its_own(tmp_path: Path, spec: StudySpec) -> None:
    rows = [row for row in made.effects() if row["method"] == "reml"]
    for row in rows:
        if row["df_rule"] == "residual":
            row |= {"df_rule": "kenward_roger", "se": 1.1 * row["se"], "df": 21.3}
    (view,) = _views(made.output(tmp_path, group_mixed_effects=rows), spec)
    (table,) = view.values[0].tables
    heads = [column.name for column in table.columns]
    assert heads[4:9] == ["SE", "t", "df", "p", "95 % interval"]
    assert table.rows[0][4] == "1.66"
    assert table.rows[0][9] == "1.83"
    assert table.rows[0][11] == "21.3"


def test_who_entered_is_counted_and_named_only_with_individual_data(
    tmp_path: Path, spec: StudySpec
) -> None:
    clinical = made.output(tmp_path)
    (value,) = _views(clinical, spec)[0].values
    warned = value.warnings
    tables = {table.caption: table for table in value.details}
    assert tables["Who entered"].rows == (
        ("participants", "22 of 22", "11 of 11", "11 of 11"),
        ("values, pre", "22 of 22", "11 of 11", "11 of 11"),
        ("values, post", "21 of 22", "11 of 11", "10 of 11"),
    )
    assert tables["Why others did not enter"].rows == (
        ("post", f"no score of a participant {made.HOSTILE}", "1"),
    )
    assert value.persons is not None
    assert value.persons.rows[5][:3] == ("sub-A05", "ketamine", "pre")
    bare = without_persons(clinical, labels=[])
    for source in (clinical, bare):
        (view,) = _views(source, spec, individual_data=False)
        (value,) = view.values
        assert value.persons is None
        assert "sub-A" not in _page([view])
        for picture in value.pictures:
            assert picture.data is not None
            assert "participant" not in picture.data.get("mark", pd.Series(dtype=str)).tolist()
        assert value.warnings == warned


def test_pictures_have_names_and_data(tmp_path: Path, spec: StudySpec) -> None:
    (value,) = _views(made.output(tmp_path), spec)[0].values
    effects, means = value.pictures
    assert (effects.name, means.name) == ("mixed-course-madrs-effects", "mixed-course-madrs-means")
    assert effects.data is not None
    assert len(effects.data) == 12
    assert effects.caption == "madrs, model course: fixed effects with 95 % intervals"
    for each in (effects, means):
        assert each.markup is not None
        assert ">madrs, model course</text>" in each.markup
    assert ">madrs, points</text>" in str(means.markup)
    assert means.data is not None
    assert (means.data["mark"] == "participant").sum() == 43
    assert (means.data["mark"] == "mean").sum() == 4
    assert [each.name for each in value.legend] == list(made.ARMS)


def test_dataset_text_is_escaped(tmp_path: Path, spec: StudySpec) -> None:
    rename = {"course": made.HOSTILE, "madrs": made.HOSTILE, "post": made.HOSTILE}
    tables: dict[str, list[dict[str, Any]]] = {}
    for stem, make in made.TABLES.items():
        if stem.startswith("group_mixed"):
            rows = pd.DataFrame(make()).replace(rename)
            rows = rows.replace({"arm[ketamine]": f"arm[{made.HOSTILE}]", "ketamine": made.HOSTILE})
            tables[stem] = records(rows)
    clinical = made.output(tmp_path, **tables)
    arms = ("midazolam", made.HOSTILE)
    page = _page(_views(clinical, spec, arms=arms))
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_crossover_is_explained(tmp_path: Path, spec: StudySpec) -> None:
    sessions = tuple(SessionSpec(name=name) for name in ("placebo", "ketamine"))
    crossover = CrossoverSpec(columns=("one", "two"), values={"d": "ketamine", "p": "placebo"})
    crossed = replace(spec, sessions=sessions, crossover=crossover, mixed_models=())
    tables = {**{stem: [] for stem in made.TABLES}, **made.crossover()}
    clinical = made.output(tmp_path, **tables)
    (view,) = _views(clinical, crossed, arms=())
    results = [_plain(each) for each in view.values[0].results]
    assert results[0].startswith("madrs: ketamine minus placebo \u22126.8 points (95 % interval")
    assert results[1].startswith("madrs: period 2 minus period 1 +0.9 points")
    assert results[2].startswith(
        "madrs: sequence placebo-ketamine minus sequence ketamine-placebo \u22121.1 points"
    )
    words = " ".join(view.words)
    assert "treatment compares them within participants" in words
    assert "a large p does not rule carry-over out" in words
    assert view.values[0].warnings == ()


def test_many_values_are_counted_and_the_rest_left_to_the_file(
    tmp_path: Path, spec: StudySpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_mixed, "MOST_VALUES", 2)
    names = [f"value {place}" for place in range(14)]
    rows = [row for name in names for row in made.effects(value=name)]
    for row in rows:
        if row["term"] == "time:arm[ketamine]":
            row["p_value"] = 0.01 + 0.05 * names.index(row["value"])
    tables = {
        "group_mixed_effects": rows,
        "group_mixed_fits": [row for name in names for row in made.fits(value=name)],
        "group_mixed_data": [],
        "group_mixed_means": [],
        "group_mixed_tests": [],
    }
    (view,) = _views(made.output(tmp_path, **tables), spec)
    assert _plain(view.count).startswith(
        "time × ketamine, 14 values: 1 has p < .05, where 0.7 would be expected by chance."
    )
    assert view.overview is not None
    assert [row[0] for row in view.overview.rows] == names
    assert [value.title for value in view.values] == names[:2]
    assert "2 of 14 values" in view.left_out


def test_a_model_that_failed_says_so(tmp_path: Path, spec: StudySpec) -> None:
    reason = "all values are equal"
    nothing: dict[str, Any] = {"log_likelihood": np.nan, "converged": False, "reason": reason}
    empty = {
        "model": "course",
        "value": "madrs",
        "method": "reml",
        "df_rule": "satterthwaite",
        "reason": reason,
    }
    tables = {
        "group_mixed_fits": made.fits(**nothing),
        "group_mixed_effects": [empty],
        "group_mixed_tests": [empty],
        "group_mixed_means": [],
    }
    (view,) = _views(made.output(tmp_path, **tables), spec)
    (value,) = view.values
    assert value.results == ()
    assert value.tables == ()
    assert value.warnings == ("REML and ML: the model could not be fitted: all values are equal.",)
    assert view.summary == "madrs: the model could not be fitted: all values are equal."
    assert "Variances and fits" not in [table.caption for table in value.details]
    assert "could not be fitted" in _page([view])


def test_terms_without_an_estimate_say_why(tmp_path: Path, spec: StudySpec) -> None:
    rows = made.effects()
    for row in rows:
        if row["term"] == "arm[ketamine]":
            gone = ("estimate", "se", "df", "t", "p_value", "ci_low", "ci_high")
            row |= {**dict.fromkeys(gone, np.nan), "reason": "other terms tell the same"}
    (view,) = _views(made.output(tmp_path, group_mixed_effects=rows), spec)
    assert view.values[0].results[2].endswith("could not be estimated: other terms tell the same.")


def test_rules_that_disagree_are_told(tmp_path: Path, spec: StudySpec) -> None:
    rows = made.effects()
    for row in rows:
        if row["term"] == "time":
            row["p_value"] = 0.06 if row["df_rule"] == "satterthwaite" else 0.04
    (view,) = _views(made.output(tmp_path, group_mixed_effects=rows), spec)
    (remark,) = view.values[0].remarks
    assert "the p of time lies on depends" in _plain(remark)
    assert "ML, residual, n \u2212 p: p = .040" in _plain(remark)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"converged": False}, "the fit did not converge"),
        (
            {"boundary": True, "sd_participant": 1e-7},
            "the variance between participants is estimated at zero: estimates are those of "
            "ordinary regression",
        ),
        (
            {"boundary": True, "sd_slope": 1e-7, "correlation": -1.0},
            "the variance of participants\u2019 slopes is estimated at zero",
        ),
        (
            {"boundary": True, "sd_participant": 1e-7, "sd_slope": 2.0, "correlation": -1.0},
            "the variance of participants\u2019 intercepts is estimated at zero, at the edge of "
            "what is possible; that of their slopes is not.",
        ),
        (
            {"boundary": True, "sd_participant": 0.0, "sd_slope": 0.0},
            "the variances of participants\u2019 intercepts and of their slopes are estimated",
        ),
        ({"boundary": True, "sd_slope": 1.0, "correlation": -1.0}, "perfectly correlated"),
        ({"note": "a remark"}, "a remark."),
    ],
)
def test_troubles_of_fits_are_put_into_words(changes: dict[str, Any], told: str) -> None:
    (sentence,) = fit_sentences(pd.DataFrame(made.fits(**changes)))
    assert sentence.startswith("REML and ML: ")
    assert told in sentence
    assert fit_sentences(pd.DataFrame(made.fits())) == []


def test_large_samples_are_not_warned_of() -> None:
    assert size_sentences({"a": 20, "b": 31}, ["residual"]) == []
    (sentence,) = size_sentences({"all": 12}, ["satterthwaite"])
    assert "n = 12" in _plain(sentence)
    assert "residual rule" not in sentence


def test_response_is_explained() -> None:
    words = TermWords(("1", "time", "time:response"), {}, ("pre", "post"))
    assert words.of("time:response") == "change from pre to post, non-responders minus responders"
    assert words.of("time") == "change from pre to post"
    told = model_sentences(
        "time + time:response",
        slope=None,
        words=words,
        values={"madrs": words},
        response=("madrs", 0.5),
        crossover=(),
    )
    assert "\u22120.5 in responders (their madrs fell by 50 % or more)" in " ".join(told)


def test_terms_are_read_whatever_they_hold() -> None:
    terms = ("Intercept", "time", "C(site)[T.a]", "time:C(site)[T.a]", "age", "baseline", "x:y")
    words = TermWords(terms, {}, ("a", "b", "c"))
    assert words.of("time") == "linear change from a to c in the reference of site"
    assert words.of("age") == "per unit of age"
    assert words.of("C(site)[T.a]") == "a minus the reference of site midway between a and c"
    assert by_interest(terms)[0] == "time"
    sequence = TermWords(("1", "sequence[x]"), {"sequence": ["x", "y"]})
    assert sequence.of("sequence[x]") == "sequence x minus sequence y"


def test_tables_that_lack_are_asked_for_again(tmp_path: Path, spec: StudySpec) -> None:
    nothing = made.output(tmp_path, **{stem: [] for stem in made.TABLES})
    assert _views(nothing, spec) == []
    assert len(mixed_problems(nothing, spec)) == 1
    assert mixed_problems(nothing, replace(spec, mixed_models=())) == []
    response = ResponseSpec(outcome="madrs")
    asked = replace(spec.mixed_models[0], response=response)
    assert mixed_problems(made.output(tmp_path), replace(spec, mixed_models=(asked,))) == []
