"""What a task's section says of generalized PPI and dissimilarities, and rest of correlations."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.reports.participant_gppi import gppi_groups
from bids_ketamine.reports.participant_matrices import region_centres
from bids_ketamine.reports.participant_measures import measure_tables
from bids_ketamine.reports.participant_rest import matrix_groups
from bids_ketamine.reports.participant_rsa import rsa_groups
from bids_ketamine.reports.tree import ParticipantOutput, SessionOutput, read_participant
from bids_ketamine.reports.words import capitalized, measure_words
from bids_ketamine.study.load import Study
from tests.reports.participant.connectivity_files import (
    BIAS,
    CONTRAST,
    HOSTILE,
    write_gppi,
    write_rsa,
)

REGIONS = ("amygdala", "vmPFC", "dACC", "flat_one")
STEM = "sub-01_ses-pre_task-faces_space-MNI152NLin6Asym_atlas-x"
T_40 = 2.0206  # t(.975, 40.5)


@pytest.fixture(scope="module")
def page(participant_tree: Path, study: Study, take_apart: Callable[[Path], Any]) -> Any:
    return take_apart(write_participant_report(participant_tree, "01", study=study))


def _found(
    folder: Path,
    study: Study,
    *,
    regions: tuple[str, ...] = REGIONS,
    gppi: dict[str, Any] | None = None,
    rsa: dict[str, Any] | None = None,
    n_partitions: int = 4,
) -> ParticipantOutput:
    """Write one session with both methods and read it."""
    rng = np.random.default_rng(3)
    functional = folder / "sub-01" / "ses-pre" / "func"
    parts = [
        write_gppi(functional, STEM, regions, rng, **(gppi or {})),
        write_rsa(functional, STEM, regions, rng, n_partitions=n_partitions, **(rsa or {})),
    ]
    measures = pd.concat(parts).assign(participant_id="sub-01", session="pre", task="faces")
    path = functional.parent / "sub-01_ses-pre_measures.tsv"
    measures.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    return read_participant(folder, "01", spec=study.spec)


def _gppi(found: ParticipantOutput) -> Any:
    (group,) = gppi_groups(found, "faces", names={"faces"}, contrasts=[CONTRAST])
    return group


def _rsa(found: ParticipantOutput) -> Any:
    (group,) = rsa_groups(found, "faces", names={"faces"})
    return group


def _shown(value: float) -> str:
    shown = f"{value:.3f}".replace("-", "\u2212")
    return shown.lstrip("\u2212") if float(f"{value:.3f}") == 0 else shown


def test_page_tells_of_both_methods_and_escapes_everything(
    page: Any, participant_tree: Path, study: Study
) -> None:
    source = (participant_tree / "sub-01.html").read_text(encoding="utf-8")
    assert "<script" not in source
    assert "could not be drawn" not in source
    for sentence in (
        "Generalized PPI: facesGtShapes Rows of a matrix are seeds, columns are targets.",
        "Method conn: cleaned series, interaction at the level of the BOLD signal. facesGtShapes = "
        "faces \u2212 shapes.",
        "pre: seeds and targets, facesGtShapes",
        "post: mean of both directions, facesGtShapes. Wide lines are more than 1.96 standard "
        "errors from zero; thin, faint ones are not.",
        "Generalized PPI of pairs: facesGtShapes (Fisher z)",
        f"pre and post: band-pass after the regression {HOSTILE}",
        "pre: dissimilarity of trial types in each region",
        "Linear discriminant contrast of fearful vs neutral (squared distance / voxel)",
        f"pre and post: a note on patterns {HOSTILE}",
        "Generalized PPI: faces, facesGtShapes (Fisher z)",
        "Linear discriminant contrast: faces, fearful vs neutral (squared distance / voxel)",
        "pre: partial correlation of regions",
        "post: correlations on the brain. Standard errors are those of Fisher's z",
        "Not drawn, for want of a place in the brain: anterior hippocampus.",
    ):
        assert sentence in page.text
    # Methods text rests on what the sidecars tell.
    assert "There was one partition per block (4 in a session)." in page.text
    assert "Nuisance regressors were csf, one regressor for each outlier volume" in page.text
    assert "as CONN does (Whitfield-Gabrieli and Nieto-Castanon, 2012)" in page.text


def test_collinear_interactions_stand_out(page: Any) -> None:
    assert (
        "Some interactions with a seed are nearly a sum of the other regressors (variance "
        "inflation above 10, or a correlation with the task above 0.9 in size): they can hardly be "
        "told from the task or from the seed itself, so that these estimates are uncertain. pre: "
        "facesGtShapes with amygdala (variance inflation 12.5, correlation with the task "
        f"\u22120.91); faces with {HOSTILE} (variance inflation \u221e, correlation with "
        "the task \u2013)."
    ) in page.text


def test_nothing_collinear_gives_no_warning(tmp_path: Path, study: Study) -> None:
    for odd in ([], None, "x", [3]):
        assert _gppi(_found(tmp_path, study, gppi={"NearlyCollinear": odd})).warnings == ()


def test_many_collinear_seeds_are_cut(tmp_path: Path, study: Study) -> None:
    entries = [
        {"seed": f"R{n}", "effect": "faces", "variance_inflation": 20.0 + n} for n in range(12)
    ]
    words, session = _gppi(_found(tmp_path, study, gppi={"NearlyCollinear": entries})).warnings
    assert "above 10" in words
    assert session.startswith("pre: faces with R11 (variance inflation 31.0, correlation")
    assert session.endswith("and 4 other seeds.")


def test_pairs_have_both_directions_their_mean_and_its_interval(
    tmp_path: Path, study: Study
) -> None:
    found = _found(tmp_path, study)
    table = pd.read_csv(found.sessions[0].gppi_tables[0].path, sep="\t")
    own = table[table["effect"] == CONTRAST].set_index(["seed", "target"])["value"]
    (view,) = _gppi(found).tables
    heads = ["Regions", "\u2192", "\u2190", "mean", "95 % interval", "inflation", "r"]
    assert [column.name for column in view.columns] == heads
    rows = {row[0]: row[1:] for row in view.rows}
    assert list(rows) == [
        *("amygdala \u2013 vmPFC", "amygdala \u2013 dACC", "amygdala \u2013 flat one"),
        *("vmPFC \u2013 dACC", "vmPFC \u2013 flat one", "dACC \u2013 flat one"),
    ]
    there, back = own["vmPFC", "dACC"], own["dACC", "vmPFC"]
    mean = (there + back) / 2
    interval = f"{_shown(mean - T_40 * 0.04)} to {_shown(mean + T_40 * 0.04)}"
    assert rows["vmPFC \u2013 dACC"] == (
        *(_shown(there), _shown(back), _shown(mean)),
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
    (view,) = _rsa(found).tables
    assert view.groups == [("", 1), ("pre", 5), ("post", 5)]


def test_matrices_of_sessions_share_a_scale(participant_tree: Path, study: Study) -> None:
    found = read_participant(participant_tree, "01", spec=study.spec)
    first, second, *graphs = (str(each.markup) for each in _gppi(found).pictures)
    assert len(graphs) == 2
    assert ">\u2212.2<" in first
    assert ">\u2212.2<" in second


def test_pairs_of_many_regions_are_left_to_the_table(tmp_path: Path, study: Study) -> None:
    regions = tuple(f"R{number:02d}" for number in range(21))
    group = _gppi(_found(tmp_path, study, regions=regions))
    assert group.tables == ()
    assert (
        f"The numbers of 210 pairs stand in `{STEM}_gppi.tsv`, one row for each direction; their "
        "means are in the measures tables."
    ) in group.sentences
    assert [each.problem for each in group.pictures] == [""]


@pytest.mark.parametrize("centres", [None, {}, [], {"amygdala": 3, "vmPFC": [["a", 0, 0]]}])
def test_without_places_there_is_no_graph(tmp_path: Path, study: Study, centres: Any) -> None:
    group = _gppi(_found(tmp_path, study, gppi={"RegionCentres": centres}))
    assert [each.caption for each in group.pictures] == [f"pre: seeds and targets, {CONTRAST}"]
    assert group.pictures[0].problem == ""


def test_regression_and_spm_are_named(tmp_path: Path, study: Study) -> None:
    facts = {"Method": "spm", "Measure": "regression", "Units": "arbitrary"}
    group = _gppi(_found(tmp_path, study, gppi=facts))
    assert "seeds deconvolved, interaction at the level of neural activity" in group.words
    assert group.tables[0].caption.endswith("(arbitrary)")
    assert ">arbitrary<" in str(group.pictures[0].markup)


def test_contrast_of_another_study_has_its_own_group(tmp_path: Path, study: Study) -> None:
    found = _found(tmp_path, study)
    path = found.sessions[0].gppi_tables[0].path
    table = pd.read_csv(path, sep="\t")
    table.loc[table["effect"] == "faces", ["effect", "kind"]] = ["other", "contrast"]
    table.to_csv(path, sep="\t", na_rep="n/a", index=False)
    first, second = gppi_groups(found, "faces", names={"faces"}, contrasts=[CONTRAST])
    assert (first.title, second.title) == (
        f"Generalized PPI: {CONTRAST}",
        "Generalized PPI: other",
    )
    assert first.warnings
    assert not second.warnings
    assert second.pictures == ()  # no matrix
    assert second.tables[0].rows[0][3] == "\u2013"  # no measure


@pytest.mark.parametrize("content", ["", "a\tb\n1\n", "a\tb\n1\t2\n", "\x00"])
def test_damaged_tables_are_named_and_the_page_goes_on(
    tmp_path: Path, study: Study, take_apart: Callable[[Path], Any], content: str
) -> None:
    _found(tmp_path, study)
    functional = tmp_path / "sub-01" / "ses-pre" / "func"
    names = [f"{STEM}_gppi.tsv", f"{STEM}_stat-ldc_dissimilarity.tsv"]
    for name in names:
        (functional / name).write_text(content, encoding="utf-8")
    page = take_apart(write_participant_report(tmp_path, "01", study=study))
    for name in names:
        assert f"{name} cannot be read: " in page.text
    assert "Generalized PPI: faces, facesGtShapes (Fisher z)" in page.text


def test_foreign_cells_and_sidecars_do_not_stop_the_page(
    tmp_path: Path, study: Study, take_apart: Callable[[Path], Any]
) -> None:
    found = _found(tmp_path, study)
    functional = tmp_path / "sub-01" / "ses-pre" / "func"
    for file in found.sessions[0].task_files:
        table = pd.read_csv(file.path, sep="\t", dtype=str, keep_default_na=False)
        table.iloc[0] = "x"
        table.iloc[-1] = "n/a"
        table.to_csv(file.path, sep="\t", index=False)
        odd = dict.fromkeys(json.loads(file.path.with_suffix(".json").read_text()), 7)
        file.path.with_suffix(".json").write_text(json.dumps(odd), encoding="utf-8")
    (functional / f"{STEM}_stat-ldc_reliability.tsv").write_text("region\nx\n", encoding="utf-8")
    page = take_apart(write_participant_report(tmp_path, "01", study=study))
    # The matrix and the reliability.
    assert page.text.count("This picture could not be drawn") == 2


def test_dissimilarities_with_raw_value_and_bias(tmp_path: Path, study: Study) -> None:
    found = _found(tmp_path, study)
    table = pd.read_csv(found.sessions[0].dissimilarities[0].path, sep="\t")
    row = table[(table["region"] == "vmPFC") & (table["trial_type_2"] == "fearful")].iloc[0]
    (view,) = _rsa(found).tables
    heads = ["Region", "value", "95 % interval", "raw", "predicted bias", "voxels"]
    assert [column.name for column in view.columns] == heads
    rows = {each[0]: each[1:] for each in view.rows}
    half = 1.9803 * 0.03  # t(.975, 118)
    low, high = row["value"] - half, row["value"] + half
    assert rows["vmPFC"] == (
        *(_shown(row["raw"] - BIAS), f"{_shown(low)} to {_shown(high)}"),
        *(_shown(row["raw"]), "0.040", "120"),
    )
    assert rows["dACC"] == ("\u2013", "\u2013", "\u2013", "\u2013", "120")


def test_sentences_on_partitions_bias_and_smoothness(tmp_path: Path, study: Study) -> None:
    found = _found(tmp_path, study)
    table = pd.read_csv(found.sessions[0].dissimilarities[0].path, sep="\t")
    raw = table["raw"].abs().median()
    share = int(100 * BIAS / raw)
    assert _rsa(found).sentences == (
        "pre: 4 partitions, one partition per block",
        f"pre: the predicted bias, 0.04 beside a raw contrast of {raw:.3f} (sizes, medians over "
        f"regions and pairs), {share} % of it, was subtracted",
        "pre: the series had an estimated smoothness of 6.8 \u00d7 6.7 \u00d7 7.0 mm, which blurs "
        "patterns over neighbouring voxels",
        f"pre: a note on patterns {HOSTILE}",
        f"No value: dACC, pre: coverage 31 % is under 50 % {HOSTILE}",
    )


def test_matrices_of_every_region_and_reliability(tmp_path: Path, study: Study) -> None:
    first, second = _rsa(_found(tmp_path, study)).pictures
    for region in ("amygdala", "vmPFC", "dACC", "flat one"):
        assert f">{region}<" in str(first.markup)
    assert ">neutral<" in str(first.markup)
    assert "<script" not in str(first.markup)
    # Correlations of .3, .5 and .7.
    assert "mean of all splits: amygdala 0.50, vmPFC 0.50" in str(second.markup)


@pytest.mark.parametrize(
    ("n_partitions", "notes", "words"),
    [
        (2, [], "pre: no split-half reliability: it needs 4 partitions, and there are 2"),
        (0, [], "pre: no split-half reliability was written"),
        (2, ["no split-half reliability: 2 partitions"], None),
    ],
)
def test_why_there_is_no_reliability(
    tmp_path: Path, study: Study, n_partitions: int, notes: list[str], words: str | None
) -> None:
    group = _rsa(_found(tmp_path, study, n_partitions=n_partitions, rsa={"Notes": notes}))
    assert len(group.pictures) == 1
    told = [each for each in group.sentences if "split-half" in each]
    assert told == ([f"pre: {notes[0]}"] if words is None else [words])


def test_partitions_without_bias_or_known_smoothness(tmp_path: Path, study: Study) -> None:
    found = _found(tmp_path, study, rsa={"Smoothness": None, "Partition": None})
    path = found.sessions[0].dissimilarities[0].path
    table = pd.read_csv(path, sep="\t").assign(predicted_bias=0.0)
    table.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
    sentences = _rsa(read_participant(tmp_path, "01", spec=study.spec)).sentences
    assert sentences[:3] == (
        "pre: 4 partitions",
        "pre: no bias is predicted, so that values are the raw contrasts",
        f"pre: a note on patterns {HOSTILE}",
    )


def test_many_pairs_of_trial_types_share_a_table() -> None:
    rows = [
        {"measure": "ldc", "task": "objects", "contrast": f"{kind} vs house", "regions": region,
         "value": 0.25, "unit": "squared distance / voxel"}
        for kind in ("face", "cat", "shoe", "chair", "bottle")
        for region in ("VT", "EV")
    ]  # fmt: skip
    columns = ["standard_error", "residual_df", "coverage", "coverage_second", "tsnr"]
    columns += ["tsnr_second", "reason", "session"]
    table = pd.DataFrame(rows).reindex(columns=[*rows[0], *columns])

    def tables(measures: pd.DataFrame) -> list[Any]:
        session = SessionOutput("pre", "ses-pre", measures, {}, (), (), ())
        return measure_tables(ParticipantOutput("sub-01", (session,), {}, ()))

    (view,) = tables(table)
    assert view.caption == "Linear discriminant contrast: objects (squared distance / voxel)"
    assert [row[0] for row in view.rows[:3]] == [
        "face vs house: VT",
        "face vs house: EV",
        "cat vs house: VT",
    ]
    first, *others = tables(table.iloc[:8])
    assert first.caption == (
        "Linear discriminant contrast: objects, face vs house (squared distance / voxel)"
    )
    assert len(others) == 3


def test_resting_graph_says_which_correlations_are_certain(
    participant_tree: Path, study: Study, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(participant_tree, output)
    matrix = next((output / "sub-01/ses-pre/func").glob("*pearsoncorrelation_relmat.tsv"))
    sidecar = matrix.with_suffix(".json")
    sidecar.write_text(json.dumps({"RegionCentres": {}}), encoding="utf-8")
    found = read_participant(output, "01", spec=study.spec)
    plain, partials = matrix_groups(found, "rest")
    captions = [each.caption.split(".")[0] for each in plain.pictures]
    assert captions == [
        "pre: correlation of regions",
        "post: correlation of regions",
        "post: correlations on the brain",
    ]
    assert partials.title == "Partial correlations"
    assert len(partials.pictures) == 2
    matrix.write_text("Node\ta\nx\t1\ny\t2\n", encoding="utf-8")
    plain, _ = matrix_groups(found, "rest")
    assert "is not square" in plain.pictures[0].problem


def test_places_are_read_with_care() -> None:
    assert region_centres({}) == {}
    odd = {"RegionCentres": {"a": [[1, 2, None]], "b": [[1, 2, 3], [4, 5]], "c": "x"}}
    assert region_centres(odd) == {"b": [[1.0, 2.0, 3.0]]}


def test_words_of_the_new_measures() -> None:
    assert [capitalized(measure_words(each)) for each in ("gppi", "ldc")] == [
        "Generalized PPI",
        "Linear discriminant contrast",
    ]
    assert measure_words("resting_partial_connectivity") == "resting connectivity (partial)"
