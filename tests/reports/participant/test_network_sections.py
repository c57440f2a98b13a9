"""Cleaning, networks and seed maps in the participant report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nibabel.cifti2 import BrainModelAxis, Cifti2Header, Cifti2Matrix, ScalarAxis

from bids_ketamine.images.cifti_scalars import ScalarWriter
from bids_ketamine.reports.participant import write_participant_report
from bids_ketamine.reports.participant_cleaning import cleaning_groups
from bids_ketamine.reports.participant_measures import measure_tables
from bids_ketamine.reports.participant_networks import network_groups
from bids_ketamine.reports.participant_rest import matrix_groups
from bids_ketamine.reports.seed_maps import NO_SURFACE, common_scale, read_seed_map, seed_pictures
from bids_ketamine.reports.tree import ParticipantOutput, read_participant
from bids_ketamine.reports.views import PictureGroup
from bids_ketamine.study.load import Study, load_study
from tests.reports.participant import network_files as made


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("siegel2021")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write_cleaned(tmp_path_factory.mktemp("cleaned"))


@pytest.fixture(scope="module")
def found(tree: Path, study: Study) -> ParticipantOutput:
    return read_participant(tree, "01", spec=study.spec)


@pytest.fixture(scope="module")
def cleaning(found: ParticipantOutput, study: Study) -> dict[str, PictureGroup]:
    return {each.title: each for each in cleaning_groups(found, study.spec)}


def test_usable_time_and_models(cleaning: dict[str, PictureGroup]) -> None:
    group = cleaning["Usable time and nuisance models"]
    assert group.warnings == ("post has no resting measures: 1.33 min usable < 5 min.",)
    assert group.pictures[0].problem == ""
    assert "10.3 of 12.0" in str(group.pictures[0].markup)
    volumes, models = group.tables
    assert volumes.rows[0] == (
        "pre1", "1", "160 of 180 (88 %)", "5.3", "0.210", "20 by displacement",
    )  # fmt: skip
    assert models.rows[0] == ("pre1", "1", "30P (of the measures)", "31", "27.4", "")
    assert models.rows[1][3:] == (
        "12",
        "10.2",
        "12 residual degrees of freedom are fewer than 20",
    )
    assert f"pre1: a note {made.HOSTILE}" in group.sentences


def test_displacement_and_signal_quality(cleaning: dict[str, PictureGroup]) -> None:
    group = cleaning["Displacement and volumes left out"]
    assert group.words == (
        "Volumes with displacement above 0.25 mm (dashed) are left out; they are marked."
    )
    assert [each.problem for each in group.pictures] == ["", "", ""]
    assert group.pictures[0].caption == (
        "pre1, rest run 1 \u2013 20 volumes left out: 20 by displacement"
    )
    assert "without breathing" in str(group.pictures[0].markup)
    assert [each.caption for each in cleaning["Signal quality"].pictures] == [
        "Temporal signal-to-noise ratio of networks",
        "Temporal standard deviation of networks",
    ]


def test_filtered_motion_and_dvars_are_told(found: ParticipantOutput, study: Study) -> None:
    assert study.spec.cleaning is not None
    rules = {"motion_filter": "low_pass", "std_dvars": 1.5, "minimum_segment": 5}
    spec = replace(study.spec, cleaning=replace(study.spec.cleaning, **rules))
    group = cleaning_groups(found, spec)[1]
    assert group.words == (
        "Volumes with displacement of motion without breathing above 0.25 mm (dashed) or "
        "standardized DVARS above 1.5 are left out, and stretches shorter than 5 volumes; they "
        "are marked."
    )


def test_networks_with_edges_and_regions_left_out(found: ParticipantOutput, study: Study) -> None:
    networks, maps = network_groups(found, study.spec, "rest")
    first, second, left_out = networks.tables
    assert first.caption == "Nuisance model 30P"
    assert first.rows[0] == (
        "default mode", "0.312", "10 of 10", "\u2013", "0 of 10", "post: 1.33 min usable < 5 min",
    )  # fmt: skip
    assert second.caption == "Nuisance model aCompCor"
    assert second.rows[0][-1] == "pre1: no run could be cleaned; post: 1.33 min usable < 5 min"
    assert left_out.rows == (
        ("sgACC default mode", "pre1 and post", "90 %", "region 03 and region 06: no signal"),
    )
    assert [each.caption for each in maps.pictures] == [
        "pre1: seed sub genual: cortex, inflated",
        "pre1: seed sub genual: glass brain",
    ]
    assert [each.problem for each in maps.pictures] == ["", ""]


def test_large_matrix_is_ordered_by_network(found: ParticipantOutput) -> None:
    (group,) = matrix_groups(found, "rest")
    markup = str(group.pictures[0].markup)
    assert "Matrix of correlations between 50 regions, ordered by network" in markup
    assert markup.count("<img") == 1


def test_page(tree: Path, study: Study, take_apart: Callable[[Path], Any]) -> None:
    path = write_participant_report(tree, "01", study=study)
    page = take_apart(path)
    assert page.pictures_without_words == 0
    headings = page.headings
    assert headings.index("Cleaning of resting series") < headings.index("Rest")
    assert "Motion and outliers" not in headings
    assert made.HOSTILE in page.text
    assert made.HOSTILE not in path.read_text(encoding="utf-8")
    assert "Volumes before the steady state were left out" in page.text
    assert path.stat().st_size < 1_500_000


def test_sections_vanish_without_cleaning(found: ParticipantOutput, study: Study) -> None:
    assert cleaning_groups(found, replace(study.spec, cleaning=None)) == []
    bare = replace(found, sessions=())
    assert cleaning_groups(bare, study.spec) == []
    assert network_groups(bare, study.spec, "rest") == []


def _grayordinates(path: Path) -> Path:
    """Write a map of every tenth vertex of both sides and a block of voxels."""
    affine = np.diag([-2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (90, -126, -72)
    block = np.zeros((91, 109, 91), dtype=bool)
    block[40:50, 50:60, 30:40] = True
    vertices = np.arange(0, 32492, 10)
    axis = BrainModelAxis.from_surface(vertices, 32492, name="CortexLeft")
    axis += BrainModelAxis.from_surface(vertices, 32492, name="CortexRight")
    axis += BrainModelAxis.from_mask(block, name="thalamus_left", affine=affine)
    matrix = Cifti2Matrix()
    matrix.append(ScalarAxis(["x"]).to_mapping(0))
    matrix.append(axis.to_mapping(1))
    header = Cifti2Header(matrix)
    values = np.r_[np.full(len(vertices), 0.2), np.full(len(vertices), -0.3), np.full(1000, 0.4)]
    models = header.matrix.get_index_map(1)
    ScalarWriter(models).save(values, path, name="seed")
    return path


def test_grayordinates_without_a_surface_are_drawn_on_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("BIDS_KETAMINE_TEMPLATES", raising=False)
    seed_map = read_seed_map(_grayordinates(tmp_path / "a_statmap.dscalar.nii"))
    assert seed_map.of_grayordinates
    assert seed_map.surface is None
    assert seed_map.volume is not None
    # The first voxel has x = 90 - 2 * 40 = 10 mm, the last -8 mm.
    inside = np.argwhere(np.isfinite(seed_map.volume.values))
    across = seed_map.volume.affine[0, 0] * inside[:, 0] + seed_map.volume.affine[0, 3]
    assert seed_map.volume.affine[0, 0] == 2.0
    assert (across.min(), across.max()) == (-8.0, 10.0)
    scale = common_scale([seed_map])
    assert scale.limit == pytest.approx(0.4)
    (picture,) = seed_pictures(seed_map, caption="seed", name="seed", scale=scale)
    assert (picture.name, picture.problem) == ("seed-slices", "")
    assert "regions.midthickness" in NO_SURFACE


def test_grayordinates_with_a_surface_take_the_nearest_vertex(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bids_ketamine.reports import seed_maps
    from bids_ketamine.reports.figures.surface import fsaverage5

    rng = np.random.default_rng(0)
    points = {
        side: fsaverage5(side).middle[rng.integers(0, 10242, 32492)] for side in ("left", "right")
    }
    monkeypatch.setattr(seed_maps, "_midthickness", lambda stated: points)
    seed_map = read_seed_map(_grayordinates(tmp_path / "a_statmap.dscalar.nii"))
    assert seed_map.surface is not None
    for side, value in (("left", 0.2), ("right", -0.3)):
        shown = seed_map.surface[side]
        assert np.isfinite(shown).mean() > 0.8
        assert np.unique(shown[np.isfinite(shown)]) == pytest.approx([value], abs=1e-6)
    pictures = seed_pictures(seed_map, caption="s", name="", scale=common_scale([seed_map]))
    assert [each.caption for each in pictures] == [
        "s: cortex, inflated",
        "s: subcortex and cerebellum",
    ]


def test_volumes_keep_their_digits_and_have_no_empty_columns() -> None:
    rows = pd.DataFrame(
        {
            "measure": ["volume", "volume"],
            "task": "anat",
            "contrast": None,
            "unit": "share",
            "regions": ["Left-Amygdala", "Left-Hippocampus"],
            "value": [0.0010684, 0.0026312],
        }
    )
    absent = ("standard_error", "coverage", "coverage_second", "tsnr", "tsnr_second", "reason")
    measures = rows.assign(**dict.fromkeys(absent, None)).assign(standard_error=float("nan"))
    found: Any = SimpleNamespace(sessions=[SimpleNamespace(name="pre", measures=measures)])
    (table,) = measure_tables(found)
    assert [column.name for column in table.columns] == ["Region", "value"]
    assert [row[1] for row in table.rows] == ["0.00107", "0.00263"]
