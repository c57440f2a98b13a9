"""What the group report says of dynamic causal models, and of whom a picture shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group import write_group_report
from bids_ketamine.reports.group_legend import legend
from bids_ketamine.reports.group_models import model_sentences
from bids_ketamine.reports.group_tests import kind_views
from bids_ketamine.reports.methods_text import group_methods
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import DcmModelSpec, DcmSpec

Maker = Callable[..., Path]
Apart = Callable[[Path], Any]

CIRCUIT = ("dcm", "faces", "m modulation by faces", "vmPFC > amygdala", "Hz")


def _ended(names: Sequence[str]) -> dict[str, object]:
    return {"Number": len(names), "Names": list(names)}


def _record(**ends: Sequence[str]) -> dict[str, Any]:
    keys = ("NotEstimated", "NotConverged", "Stalled", "Flat")
    counts = {key: _ended(ends.get(key, ())) for key in keys}
    return {"DynamicCausalModels": [{"Model": "m", "Task": "faces", "Sessions": 14, **counts}]}


def test_a_sentence_names_the_sessions_of_each_end() -> None:
    many = [f"sub-{k:02d} ses-pre" for k in range(1, 13)]
    record = _record(NotEstimated=["sub-20 ses-post"], Stalled=many)
    (sentence,) = model_sentences(record, name_sessions=True)
    assert sentence == (
        "Dynamic causal model m (faces), 14 sessions: 1 not estimated (sub-20 ses-post); 12 "
        f"stalled ({', '.join(many[:10])} and 2 more). Values of such sessions that were "
        "estimated are in the tests as they are."
    )


def test_a_sentence_without_individual_data_names_nobody() -> None:
    record = _record(NotConverged=["sub-01 ses-pre"], Flat=["sub-01 ses-pre", "sub-02 ses-pre"])
    (sentence,) = model_sentences(record, name_sessions=False)
    assert sentence == (
        "Dynamic causal model m (faces), 14 sessions: 1 not converged; 2 flat, less than 10 % of "
        "the variance explained. Values of such sessions are in the tests as they are."
    )


def test_a_sentence_of_values_stands_only_where_there_are_values() -> None:
    (sentence,) = model_sentences(_record(NotEstimated=["sub-01 ses-pre"]), name_sessions=True)
    assert sentence.endswith("14 sessions: 1 not estimated (sub-01 ses-pre).")


def test_a_model_that_ended_well_is_told_too() -> None:
    assert model_sentences(_record(), name_sessions=True) == [
        "Dynamic causal model m (faces), 14 sessions: all were estimated and converged, none "
        "stalled or is flat."
    ]


@pytest.mark.parametrize("record", [{}, {"DynamicCausalModels": None}])
def test_without_models_there_is_no_sentence(record: dict[str, Any]) -> None:
    assert model_sentences(record, name_sessions=True) == []


@pytest.mark.parametrize("individual_data", [True, False])
def test_notes_of_the_page(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart, individual_data: bool
) -> None:
    output = make_group(tmp_path, regions=("amygdala",), further=(CIRCUIT,))
    path = output / "group" / "group.json"
    record = json.loads(path.read_text()) | _record(Flat=["sub-M01 ses-pre"])
    path.write_text(json.dumps(record))
    report = write_group_report(output, study=study, individual_data=individual_data)
    notes = take_apart(report).text.rpartition("Notes Dynamic")[2]
    named = " (sub-M01 ses-pre)" if individual_data else ""
    assert notes.startswith(
        f" causal model m (faces), 14 sessions: 1 flat, less than 10 % of the variance "
        f"explained{named}. Values of such sessions are in the tests as they are."
    )


def test_a_legend_counts_values_not_members(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    arms = {"midazolam": 4, "ketamine": 4}
    output = make_group(tmp_path, arms=arms, regions=("amygdala",), further=(CIRCUIT,))
    summary = pd.read_csv(output / "group" / "group_summary.tsv", sep="\t", na_values="n/a")
    few = (summary["measure"] == "dcm") & (summary["arm"] == "ketamine")
    summary.loc[few, "n"] = 2
    summary.loc[few & (summary["session"] == "post"), "n"] = 3
    summary.to_csv(output / "group" / "group_summary.tsv", sep="\t", na_rep="n/a", index=False)
    tests = pd.read_csv(output / "group" / "group_tests.tsv", sep="\t", na_values="n/a")
    tests.loc[(tests["test"] == "paired") & (tests["arm"] == "ketamine"), "n"] = 3
    tests.to_csv(output / "group" / "group_tests.tsv", sep="\t", na_rep="n/a", index=False)
    text = take_apart(write_group_report(output, study=study, individual_data=True)).text
    family = text.partition("faces, m modulation by faces Unit")[2]
    assert "midazolam n = 4 ketamine n = 2 to 3 " in family.partition("Numbers")[0]
    activation = text.partition("Activation: faces, facesGtShapes")[2].partition("Numbers")[0]
    assert "midazolam n = 4 ketamine n = 4 " in activation
    changes = text.partition("Tests ")[2].partition("Change between sessions")[2]
    assert "midazolam n = 4 ketamine n = 3 all participants n = 8 " in changes
    motion = text.partition("were regressed on mean")[2].partition("Clinical outcomes")[0]
    assert "midazolam n = 4 ketamine n = 4 " in motion


def test_legend_of_arms() -> None:
    styles = arm_styles(["placebo", "low", "high"])
    drawn = [("low", 3.0), ("placebo", 5.0), ("low", float("nan")), ("high", 0.0)]
    found = [(each.name, each.size) for each in legend(styles, drawn)]
    # An arm without values has no number but 0; `all` is not drawn.
    assert found == [("placebo", "n = 5"), ("low", "n = 3"), ("high", "n = 0")]
    assert legend({"all": styles["all"]}, [("all", 3.0)]) == ()


@pytest.mark.parametrize(
    ("measures", "title"),
    [
        (["activation"], "Contrasts against zero"),
        (["activation", "dcm"], "Contrasts and modulations against zero"),
        (["dcm"], "Modulations against zero"),
    ],
)
def test_the_title_names_what_is_tested_against_zero(
    study: Study, measures: list[str], title: str
) -> None:
    row = {"test": "one_sample", "session": "pre", "change": None, "arm": "all", "outcome": None}
    row |= dict(zip(("task", "contrast", "regions", "unit"), CIRCUIT[1:], strict=True))
    row |= {"n": 5, "n_second": np.nan, "estimate": 0.2, "ci_low": 0.1, "ci_high": 0.3, "df": 4}
    row |= {"statistic": 2.0, "p_value": 0.1, "q_value": 0.1, "effect_size": 0.5, "reason": None}
    tests = pd.DataFrame([row | {"measure": measure} for measure in measures])
    (view,) = kind_views(tests, study.spec, styles=arm_styles([]))
    assert view.title == title
    assert view.table is not None
    assert view.table.caption.startswith(title)


def _methods(study: Study, *models: DcmModelSpec) -> str:
    spec = replace(study.spec, dcm=DcmSpec(models=models) if models else None)
    return " ".join(group_methods(replace(study, spec=spec)).split())


def test_methods_name_modulations_and_families_of_models(study: Study) -> None:
    model = DcmModelSpec(name="m", task="faces", regions=("vmPFC", "amygdala"), driving={})
    modulated = replace(model, modulations={"vmPFC > amygdala": ("faces",)})
    against = "were tested against zero in each session (one-sample t tests)."
    families = (
        "among the regions, or pairs of regions, and contrasts of one measure and task within one "
        "test"
    )
    of_models = (
        "; for dynamic causal models among the connections, the modulations (by all inputs "
        "together), or the driving inputs of one model. p values"
    )
    without = _methods(study)
    assert f"and of patterns by LDC {against} Changes" in without
    assert "dynamic causal" not in without
    assert f"{families}. p values" in without
    text = _methods(study, modulated)
    assert f"of patterns by LDC, and modulations of dynamic causal models {against}" in text
    assert "Connections of dynamic causal models were not, since their prior mean is not" in text
    assert families + of_models in text
    # A model without modulations has nothing that is tested against zero.
    text = _methods(study, model)
    assert f"of patterns by LDC {against} Connections of dynamic causal models were not" in text
    assert families + of_models in text
