"""Resting networks and volumes in the group report."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.group import write_group_report
from bids_ketamine.reports.group_networks import network_problems, network_views, read_networks
from bids_ketamine.reports.group_networks_views import NetworkPart
from bids_ketamine.reports.group_results import read_results
from bids_ketamine.study.load import Study, load_study
from tests.reports.group import network_tables as made


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("siegel2021")


@pytest.fixture(scope="module")
def without_maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without maps, which take time to draw."""
    output = tmp_path_factory.mktemp("without-maps")
    return made.write_network_tree(output, with_maps=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write_network_tree(tmp_path_factory.mktemp("networks"))


def _parts(output: Path, study: Study, *, individual_data: bool = True) -> dict[str, NetworkPart]:
    results = read_results(output, study.spec, individual_data=individual_data)
    parts = network_views(
        results.networks,
        study.spec,
        group=results.group,
        clinical=results.clinical,
        styles=results.styles,
        individual_data=individual_data,
    )
    return {part.anchor: part for part in parts}


@pytest.fixture(scope="module")
def parts(tree: Path, study: Study) -> dict[str, NetworkPart]:
    return _parts(tree, study)


def _plain(words: str) -> str:
    return words.replace("\u00a0", " ").replace("\u2212", "-")


def test_parts_come_in_order_and_are_drawn(parts: dict[str, NetworkPart]) -> None:
    assert [each.removeprefix("networks-") for each in parts] == [
        "change", "reliability", "edges", "maps", "controls", "volumes", "quality",
    ]  # fmt: skip
    drawn = [each for part in parts.values() for each in part.pictures]
    assert [each.problem for each in drawn if each.problem] == []
    # 4 networks; 1 matrix; 3 maps twice; 4 networks and the balance; 1 structure; 4 of signal.
    assert [len(part.pictures) for part in parts.values()] == [4, 0, 1, 6, 5, 1, 4]
    assert len({each.name for each in drawn}) == len(drawn)


def test_change_states_the_mixed_model_and_what_is_normal(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-change"]
    results = [_plain(each) for each in part.results]
    assert results[0] == (
        "Default mode: change from baseline to post -0.051 Fisher z (95 % interval -0.081 to "
        "-0.021; t(31) = -3.40, p = .003; ML, residual, n - p)."
    )
    assert results[1].startswith(
        "Default mode: change from baseline to post, non-responders minus responders +0.031"
    )
    assert len(results) == 2 * len(made.NETWORKS)
    assert [(each.name, each.size) for each in part.legend] == [
        ("responders", "n = 11"),
        ("others", "n = 6"),
    ]
    normal = 0.025 * np.sqrt(2)
    table = made.wide(made.values(), made.keys()[0], "patient")
    change = (table["post"] - table["baseline"]).dropna()
    beyond = int((change.abs() > 1.96 * normal).sum())
    assert part.notes[0].startswith(
        "Default mode: the standard deviation within participants without treatment is 0.025, so "
        f"that 95 % of differences of two sessions lie within \u00b10.069; {beyond} of 17 changes"
    )
    assert f"standard deviation 0.031, that of the changes is {change.std():.3f}" in part.notes[0]
    assert "each thin line a participant (dotted: pre1 and pre2, whose mean is baseline)" in (
        part.words
    )


def test_marks_of_change_are_the_participants(parts: dict[str, NetworkPart]) -> None:
    data = parts["networks-change"].pictures[0].data
    assert data is not None
    table = made.wide(made.values(), made.keys()[0], "patient")
    own = data[data["mark"].str.startswith("participant") & data["what"].eq("value")]
    post = own[own["session"] == "post"]["value"].dropna()
    assert sorted(post) == pytest.approx(sorted(table["post"].dropna()))
    normal = data[data["what"] == "without treatment"]["value"]
    assert sorted(normal) == pytest.approx(sorted((table["pre2"] - table["pre1"]).dropna()))
    mean = data[(data["mark"] == "mean") & (data["what"] == "change")].set_index("group")["value"]
    change = (table["post"] - table["baseline"]).dropna()
    responders = [who for place, who in enumerate(made.PATIENTS) if place % 3]
    assert mean["responders"] == pytest.approx(change[change.index.isin(responders)].mean())
    assert mean["others"] == pytest.approx(change[~change.index.isin(responders)].mean())


def test_change_table_has_every_network(parts: dict[str, NetworkPart]) -> None:
    (table,) = parts["networks-change"].tables
    assert [row[0] for row in table.rows] == [
        "Default mode", "Limbic", "Visual", "sgACC default mode",
    ]  # fmt: skip
    own = made.wide(made.values(), made.keys()[1], "patient")
    change = (own["post"] - own["baseline"]).dropna()
    row = dict(zip([each.name for each in table.columns], table.rows[1], strict=True))
    assert row["n"] == "17"
    assert _plain(row["change"]) == f"{change.mean():.3f}"
    assert row["baseline"] == f"{own['baseline'].mean():.3f}"


def test_without_a_mixed_model_the_paired_test_is_told(
    tmp_path: Path, study: Study, without_maps: Path
) -> None:
    kept = ("measures", "participants", "summary", "tests", "outcomes")
    (tmp_path / "group").mkdir()
    for name in kept:
        path = without_maps / "group" / f"group_{name}.tsv"
        (tmp_path / "group" / path.name).write_bytes(path.read_bytes())
    part = _parts(tmp_path, study)["networks-change"]
    assert len(part.results) == 4
    assert "network connectivity (rest), baseline to post (patient): mean change" in part.results[0]


def test_reliability(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-reliability"]
    assert _plain(part.results[0]) == (
        "Default mode: ICC(2,1) = 0.61 (95 % interval 0.21 to 0.84), standard deviation within "
        "participants 0.025 Fisher z, n = 17."
    )
    assert part.summary == (
        "ICC(2,1) of pre1 and pre2 is 0.61 to 0.76 over 4 networks (lowest default mode, highest "
        "sgACC default mode), n = 17."
    )
    (table,) = part.tables
    assert _plain(table.rows[3][-3]) == "0.025"


def test_edges_are_counted_against_chance(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-edges"]
    rows = pd.DataFrame(made.edges()[0]).dropna(subset="p_value")
    small = rows[rows["p_value"] < 0.1]
    assert len(rows) == 42 * 41 // 2
    (sentence,) = part.results
    assert _plain(sentence) == (
        f"baseline to post, patient: {len(small)} of 861 edges ({100 * len(small) // 861} %) have "
        "p < .1, where 86 would be expected by chance if no edge changed; "
        f"{int((small['estimate'] > 0).sum())} of them rise and "
        f"{int((small['estimate'] < 0).sum())} fall. 3 have q < .05. The network-based statistic "
        "has 1 component, 1 with p < .05; the largest has 3 edges of 3 regions (p = .012 by "
        "extent, .004 by intensity, 5,000 permutations)."
    )
    (components,) = part.tables
    assert components.rows[0][-1] == "amygdala, accumbens, anterior hippocampus"
    assert "42 edges could not be tested: fewer than 3 participants (42)." in part.notes[0]
    assert part.notes[-1].endswith("odd region (2 of 60).")
    (smallest,) = part.details
    assert smallest.rows[0][0] == "amygdala \u2013 accumbens"


def test_maps_before_after_and_difference(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-maps"]
    assert [each.caption for each in part.pictures[::2]] == [
        "sgACC, baseline, patient, n = 17: cortex, inflated",
        "sgACC, post, patient, n = 17: cortex, inflated",
        "sgACC, change (difference), patient, n = 17: cortex, inflated",
    ]
    assert part.notes == (f"limbic, baseline, patient, n = 17: no map: no maps {made.HOSTILE}.",)
    assert "No test was made" in part.words


def test_controls_bars_balance_and_pairs(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-controls"]
    rows = pd.DataFrame(made.controls(made.values()))
    first = rows.iloc[0]
    assert _plain(part.results[0]).startswith(
        f"Default mode, baseline: patients minus controls {first['estimate']:.3f} Fisher z"
    )
    assert _plain(part.results[0]).endswith("n = 18 and 12.")
    data = part.pictures[0].data
    assert data is not None
    sizes = data[data["mark"] == "participant"].groupby(["compared", "group"]).size()
    assert sizes["everybody", "control"] == 12
    assert sizes["everybody", "patients, baseline"] == 18
    assert sizes["matched pairs", "control"] == 10
    controls = made.wide(made.values(), made.keys()[0], "control")["pre1"]
    shown = data[(data["mark"] == "participant") & (data["group"] == "control")]
    of_all = shown[shown["compared"] == "everybody"]["value"]
    assert sorted(of_all) == pytest.approx(sorted(controls))
    (table,) = part.tables
    assert table.rows[0] == (
        "age", "41.5 (9.1), n = 18", "34.2 (8.7), n = 11", "+0.82",
        "41.5 (9.1), n = 10", "34.2 (8.7), n = 10", "+0.15",
    )  # fmt: skip
    assert part.notes[:2] == ("10 pairs.", "8 patients in no pair: no control is left (8).")


def test_volumes(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-volumes"]
    assert [_plain(each) for each in part.results] == [
        "Right Hippocampus: r = 0.52 (95 % interval 0.07 to 0.79), p = .027, n = 18.",
        "Left Hippocampus: no correlation: 2 participants.",
    ]
    data = part.pictures[0].data
    assert data is not None
    assert len(data) == 18
    assert data["change"].min() == -18.0
    assert 0.1 < data["volume"].mean() < 0.5  # percent


def test_signal_quality(parts: dict[str, NetworkPart]) -> None:
    part = parts["networks-quality"]
    own = made.wide(made.values(), ("cleaned_tsnr", None, None, "limbic/cortex"), "patient")
    told = [each for each in part.results if "after cleaning" in each]
    assert told[0].startswith(
        f"Limbic / cortex, signal-to-noise ratio after cleaning: {own['baseline'].mean():.2f} in "
        f"baseline and {own['post'].mean():.2f} in post (change "
    )
    assert len(part.details) == 4


def test_nothing_tells_of_one_person(without_maps: Path, study: Study) -> None:
    parts = _parts(without_maps, study, individual_data=False)
    assert "networks-maps" not in parts
    for part in parts.values():
        for each in part.pictures:
            assert each.problem == ""
            if each.data is not None and "mark" in each.data:
                assert not each.data["mark"].astype(str).str.startswith("participant").any()
            if each.data is not None:
                assert "participant_id" not in each.data
    assert parts["networks-volumes"].pictures == ()
    assert "pair" not in " ".join(parts["networks-controls"].notes)
    assert parts["networks-change"].notes == ()


def test_page_holds_the_section_at_its_place(
    tree: Path, study: Study, take_apart: Callable[[Path], Any]
) -> None:
    path = write_group_report(tree, study=study, individual_data=False)
    page = take_apart(path)
    assert page.pictures_without_words == 0
    assert all(each.startswith(("data:", "#")) for each in page.loads)
    assert len(page.ids) == len(set(page.ids))
    headings = page.headings
    assert headings.index("Resting networks") < headings.index("Imaging measures")
    results = page.text.split("Summary", 2)[2]
    assert results.index("Change of networks .") < results.index("Mixed model: connectivity")
    assert "Mean change from baseline to post in patient, Fisher z with 95 % intervals" in page.text
    assert made.HOSTILE in page.text
    assert made.HOSTILE not in path.read_text(encoding="utf-8")
    words = path.read_text(encoding="utf-8")
    assert not re.search(r"sub-[PC]\d\d", words)
    assert (tree / "group" / "figures" / "edges-change-patient.svg").is_file()
    assert (tree / "group" / "figures" / "seed-sgacc-patient-change-surface.svg").is_file()


def test_sections_vanish_without_their_tables(tmp_path: Path, study: Study) -> None:
    (tmp_path / "group").mkdir()
    (tmp_path / "group" / "group.json").write_text("{}", encoding="utf-8")
    assert _parts(tmp_path, study) == {}
    told = network_problems(read_networks(tmp_path), study.spec)
    assert len(told) == 3
    assert "tests of every edge" in told[0]
    asked = replace(study.spec, edge_statistics=None, controls=None, reliability=None)
    assert network_problems(read_networks(tmp_path), asked) == []


def test_damaged_table_is_told(tmp_path: Path, study: Study) -> None:
    (tmp_path / "group").mkdir()
    (tmp_path / "group" / "group_edges.tsv").write_bytes(b"change\tarm\n\x80\x81\tx\ty\n")
    found = read_networks(tmp_path)
    assert found.tables["group_edges"].empty
    assert [each.split(":")[0] for each in found.unreadable] == ["group_edges.tsv cannot be read"]
