"""What a task's section says of generalized PPI."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.reports.participant_gppi import gppi_groups
from bids_ketamine.reports.participant_rsa import rsa_groups
from bids_ketamine.reports.tree import ParticipantOutput, read_participant
from bids_ketamine.study.load import Study
from tests.reports.participant.connectivity_files import (
    CONTRAST,
    HOSTILE,
    STEM,
    T_40,
    WRITTEN,
    found_session,
    shown,
)


def _gppi(found: ParticipantOutput) -> Any:
    (group,) = gppi_groups(found, "faces", names={"faces"}, contrasts=WRITTEN)
    return group


def test_collinear_interactions_stand_out(page: Any) -> None:
    assert (
        "Some interactions with a seed are nearly a sum of the other regressors (variance "
        "inflation above 10, the limit for interactions, or a correlation with the task above 0.9 "
        "in size): they can hardly be told from the task or from the seed itself, so that these "
        "estimates are uncertain. pre: "
        "facesGtShapes with amygdala (variance inflation 12.5, correlation with the task "
        f"\u22120.91); faces with {HOSTILE} (variance inflation \u221e, correlation with "
        "the task \u2013)."
    ) in page.text


def test_nothing_collinear_gives_no_warning(tmp_path: Path, study: Study) -> None:
    for odd in ([], None, "x", [3]):
        assert _gppi(found_session(tmp_path, study, gppi={"NearlyCollinear": odd})).warnings == ()


def test_many_collinear_seeds_are_cut(tmp_path: Path, study: Study) -> None:
    entries = [
        {"seed": f"R{n}", "effect": "faces", "variance_inflation": 20.0 + n} for n in range(12)
    ]
    words, session = _gppi(
        found_session(tmp_path, study, gppi={"NearlyCollinear": entries})
    ).warnings
    assert "above 10" in words
    assert session.startswith("pre: faces with R11 (variance inflation 31.0, correlation")
    assert session.endswith("and 4 other seeds.")


def test_pairs_have_both_directions_their_mean_and_its_interval(
    tmp_path: Path, study: Study
) -> None:
    found = found_session(tmp_path, study)
    table = pd.read_csv(found.sessions[0].gppi_tables[0].path, sep="\t")
    own = table[table["effect"] == CONTRAST].set_index(["seed", "target"])["value"]
    (view,) = _gppi(found).tables
    heads = ["Regions", "\u2192", "\u2190", "mean", "95 % interval", "inflation", "task r"]
    assert [column.name for column in view.columns] == heads
    rows = {row[0]: row[1:] for row in view.rows}
    assert list(rows) == [
        *("amygdala \u2013 vmPFC", "amygdala \u2013 dACC", "amygdala \u2013 flat one"),
        *("vmPFC \u2013 dACC", "vmPFC \u2013 flat one", "dACC \u2013 flat one"),
    ]
    there, back = own["vmPFC", "dACC"], own["dACC", "vmPFC"]
    mean = (there + back) / 2
    interval = f"{shown(mean - T_40 * 0.04)} to {shown(mean + T_40 * 0.04)}"
    assert rows["vmPFC \u2013 dACC"] == (
        *(shown(there), shown(back), shown(mean)),
        *(interval, "3.2", "0.22"),
    )
    # The larger of both directions, and above the limit of the sidecar.
    assert rows["amygdala \u2013 vmPFC"][-2:] == ("12.5", "\u22120.91")
    assert view.alarms == {(row, column) for row in range(3) for column in (5, 6)}
    assert rows["dACC \u2013 flat one"][:4] == ("\u2013",) * 4
    reason = f"no signal {HOSTILE}"
    assert _gppi(found).sentences[0] == (
        "No value: amygdala \u2013 flat one, vmPFC \u2013 flat one and dACC \u2013 flat one, pre: "
        f"{reason}"
    )


def test_sessions_stand_beside_each_other(participant_tree: Path, study: Study) -> None:
    found = read_participant(participant_tree, "01", spec=study.spec)
    (view,) = _gppi(found).tables
    assert view.groups == [("", 1), ("pre", 6), ("post", 6)]
    (rsa,) = rsa_groups(found, "faces", names={"faces"})
    assert rsa.tables[0].groups == [("", 1), ("pre", 5), ("post", 5)]


def test_matrices_of_sessions_share_a_scale(participant_tree: Path, study: Study) -> None:
    found = read_participant(participant_tree, "01", spec=study.spec)
    first, second, *graphs = (str(each.markup) for each in _gppi(found).pictures)
    assert len(graphs) == 2
    assert ">\u2212.2<" in first
    assert ">\u2212.2<" in second


def test_pairs_of_many_regions_are_left_to_the_table(tmp_path: Path, study: Study) -> None:
    regions = tuple(f"R{number:02d}" for number in range(21))
    group = _gppi(found_session(tmp_path, study, regions=regions))
    assert group.tables == ()
    assert (
        f"The numbers of 210 pairs stand in `{STEM}_gppi.tsv`, one row for each direction; their "
        "means are in the measures tables."
    ) in group.sentences
    assert [each.problem for each in group.pictures] == [""]


@pytest.mark.parametrize("centres", [None, {}, [], {"amygdala": 3, "vmPFC": [["a", 0, 0]]}])
def test_without_places_there_is_no_graph(tmp_path: Path, study: Study, centres: Any) -> None:
    group = _gppi(found_session(tmp_path, study, gppi={"RegionCentres": centres}))
    assert [each.caption for each in group.pictures] == [f"pre: seeds and targets, {CONTRAST}"]
    assert group.pictures[0].problem == ""


def test_regression_and_spm_are_named(tmp_path: Path, study: Study) -> None:
    facts = {"Method": "spm", "Measure": "regression", "Units": "arbitrary"}
    group = _gppi(found_session(tmp_path, study, gppi=facts))
    assert "seeds deconvolved, interaction at the level of neural activity" in group.words
    assert group.tables[0].caption.endswith("(arbitrary)")
    assert ">arbitrary<" in str(group.pictures[0].markup)


def test_contrast_is_written_as_in_the_study_without_zeros(tmp_path: Path, study: Study) -> None:
    weights = {"shapes": -1.0, "baseline": 0.0, "faces": 1.0}
    group = _gppi(found_session(tmp_path, study, gppi={"Contrasts": {CONTRAST: weights}}))
    assert group.words.endswith(" facesGtShapes = faces \u2212 shapes.")
    single = {"Contrasts": {CONTRAST: {"shapes": 0.0, "faces": 1.0}}}
    group = _gppi(found_session(tmp_path, study, gppi=single))
    assert group.words.endswith(
        " facesGtShapes = faces. The weights do not sum to 0: values are no difference of "
        "conditions but coupling relative to no condition, the volumes outside of all of them."
    )


def _directed(found: ParticipantOutput, *values: tuple[str, str, float, float]) -> Any:
    """Set value and standard error of some directions and return the group."""
    path = found.sessions[0].gppi_tables[0].path
    table = pd.read_csv(path, sep="\t").set_index(["effect", "seed", "target"])
    for seed, target, value, error in values:
        table.loc[(CONTRAST, seed, target), ["value", "standard_error"]] = value, error
    table.reset_index().to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    return _gppi(found)


def test_directions_that_differ_stand_out(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study, gppi={"NearlyCollinear": []})
    assert _gppi(found).warnings == ()
    # 3.1 and 2.9 joint errors apart (of 0.05, 0.0707 together); opposite and both certain.
    group = _directed(
        found,
        *(("amygdala", "vmPFC", 0.4, 0.05), ("vmPFC", "amygdala", 0.4 - 3.1 * 0.0707107, 0.05)),
        *(("amygdala", "dACC", 0.4, 0.05), ("dACC", "amygdala", 0.4 - 2.9 * 0.0707107, 0.05)),
        *(("vmPFC", "dACC", 0.1, 0.05), ("dACC", "vmPFC", -0.1, 0.05)),
    )
    words, session = group.warnings
    assert words.startswith(
        "The two directions of some pairs differ by more than 3 joint standard errors, or have "
        "opposite signs and are both more than 1.96 standard errors from 0"
    )
    assert session == (
        "pre: amygdala \u2013 vmPFC (\u2192 0.4, \u2190 0.181) and vmPFC \u2013 dACC (\u2192 0.1, "
        "\u2190 \u22120.1)."
    )
    (view,) = group.tables
    assert {cell for cell in view.alarms if cell[1] < 5} == {(0, 1), (0, 2), (3, 1), (3, 2)}
    uncertain = _directed(found, ("amygdala", "vmPFC", 0.2, 0.05), ("vmPFC", "dACC", 0.09, 0.05))
    assert uncertain.warnings == ()


def test_wide_lines_are_those_whose_interval_excludes_zero(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study, regions=("amygdala", "vmPFC"))
    path = tmp_path / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv"
    widths = []
    # t(.975, 4) is 2.776: a value 2.5 standard errors from 0 is not certain with 4 degrees.
    for degrees in (4, 400):
        table = pd.read_csv(path, sep="\t")
        rows = table["measure"] == "gppi"
        table.loc[rows, ["value", "standard_error", "residual_df"]] = 0.1, 0.04, degrees
        table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
        graph = str(_gppi(read_participant(tmp_path, "01", spec=study.spec)).pictures[-1].markup)
        widths.append("stroke: #a9b1b8" in graph)  # the rim of wide lines
    assert found.sessions[0].name == "pre"
    assert widths == [False, True]


def test_amount_of_data_of_a_correlation(tmp_path: Path, study: Study) -> None:
    def sentences(**facts: Any) -> list[str]:
        group = _gppi(found_session(tmp_path, study, gppi=facts))
        return [each for each in group.sentences if "amount of data" in each]

    assert sentences() == []
    assert sentences(ConditionVolumes={"faces": 66.0, "shapes": 60.0}) == []
    assert sentences(ConditionVolumes={"faces": 67.0, "shapes": 60.0}) == [
        "pre: the conditions of facesGtShapes differ in their amount of data (summed regressors: "
        "faces 67 and shapes 60), which alone makes the semipartial correlation of one larger in "
        "size"
    ]
    for odd in ({"faces": 67.0}, {"faces": "x", "shapes": 1}, 3, {"faces": 0.0, "shapes": 5.0}):
        assert sentences(ConditionVolumes=odd) == []
    unequal = {"faces": 67.0, "shapes": 60.0}
    assert sentences(ConditionVolumes=unequal, Measure="regression", Units="arbitrary") == []


def test_share_of_a_condition_that_differs_between_sessions(tmp_path: Path, study: Study) -> None:
    first = found_session(
        tmp_path / "a", study, gppi={"ConditionVolumes": {"faces": 80, "shapes": 80}}
    )
    facts = {"ConditionVolumes": {"faces": 50, "shapes": 46}, "Volumes": [60, 40]}
    second = found_session(tmp_path / "b", study, gppi=facts)
    session = replace(second.sessions[0], name="post")
    both = replace(first, sessions=(first.sessions[0], session))
    assert not [each for each in _gppi(both).sentences if "share" in each]
    facts["ConditionVolumes"] = {"faces": 50, "shapes": 41}
    found_session(tmp_path / "b", study, gppi=facts)
    assert [each for each in _gppi(both).sentences if "share" in each] == [
        "The share of the volumes that shapes takes differs between sessions (pre 50 % and "
        "post 41 %), which alone changes values of facesGtShapes."
    ]


def test_contrast_of_another_study_has_its_own_group(tmp_path: Path, study: Study) -> None:
    found = found_session(tmp_path, study)
    path = found.sessions[0].gppi_tables[0].path
    table = pd.read_csv(path, sep="\t")
    table.loc[table["effect"] == "faces", ["effect", "kind"]] = ["other", "contrast"]
    table.to_csv(path, sep="\t", na_rep="n/a", index=False)
    first, second = gppi_groups(found, "faces", names={"faces"}, contrasts=WRITTEN)
    assert (first.title, second.title) == (
        f"Generalized PPI: {CONTRAST}",
        "Generalized PPI: other",
    )
    assert first.warnings
    assert not second.warnings
    assert second.pictures == ()  # no matrix
    assert second.tables[0].rows[0][3] == "\u2013"  # no measure
