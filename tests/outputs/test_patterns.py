"""Names of derivatives, and that the validator passes over those that BIDS does not have."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.outputs.patterns import BEYOND_BIDS, output_name
from bids_ketamine.study.measure_names import NETWORK, SIGNAL_QUALITY, VOLUME

TASK = "sub-01_ses-pre_task-faces"


@pytest.mark.parametrize(
    ("kind", "further", "ending"),
    [
        ("gppi", {}, "gppi"),
        ("gppi_relmat", {"contrast": "facesGtShapes"}, "contrast-facesGtShapes_stat-gppi_relmat"),
        ("dissimilarity", {}, "stat-ldc_dissimilarity"),
        ("reliability", {}, "stat-ldc_reliability"),
        ("partial_relmat", {}, "stat-partialcorrelation_relmat"),
        ("relmat", {}, "stat-pearsoncorrelation_relmat"),
        ("networks", {}, "networks"),
        ("region_quality", {}, "regions"),
    ],
)
def test_names_of_connectivity_and_similarity(
    kind: str, further: dict[str, str], ending: str
) -> None:
    name = output_name(kind, task=TASK, space="MNI", atlas="x", **further)
    assert name == f"func/{TASK}_space-MNI_atlas-x_{ending}.tsv"
    plain = output_name(kind, task=TASK, space="", atlas="x", **further)
    assert plain == f"func/{TASK}_atlas-x_{ending}.tsv"
    for path in (name, name.replace(".tsv", ".json")):
        assert any(fnmatch(path, pattern) for pattern in BEYOND_BIDS)


def test_names_of_seed_maps() -> None:
    stem = f"func/{TASK}_space-MNI_seed-defaultMode_stat-fisherz_statmap"
    for kind, ending in {
        "seed_map": ".nii.gz",
        "seed_map_grayordinates": ".dscalar.nii",
    }.items():
        name = output_name(kind, task=TASK, space="MNI", seed="default_mode")
        assert name == stem + ending
        for path in (name, f"{stem}.json"):
            assert any(fnmatch(path, pattern) for pattern in BEYOND_BIDS)


def test_names_of_dynamic_causal_models() -> None:
    places = {"task": TASK, "space": "MNI", "atlas": "x", "model": "faceCircuit"}
    stem = f"func/{TASK}_space-MNI_atlas-x_model-faceCircuit_desc-dcm_estimates"
    assert output_name("dcm", **places) == f"{stem}.json"
    assert output_name("dcm_arrays", **places) == f"{stem}.npz"
    for ending in ("json", "npz"):
        assert any(fnmatch(f"{stem}.{ending}", pattern) for pattern in BEYOND_BIDS)


def test_every_measure_is_described() -> None:
    levels = MEASURE_COLUMNS["measure"]["Levels"]
    assert isinstance(levels, dict)
    assert {"dcm", "gppi", "ldc", "resting_partial_connectivity"} < set(levels)
    assert {*SIGNAL_QUALITY, NETWORK, VOLUME} < set(levels)
