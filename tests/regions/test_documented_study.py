"""The study file of docs/regions.md, and what presets give way to."""

import re
from pathlib import Path

from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.load import load_study

DOCS = Path(__file__).parents[2] / "docs" / "regions.md"


def test_the_study_of_the_documentation(tmp_path):
    body = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
    path = tmp_path / "study.yml"
    path.write_text("name: mytrial\nsessions: {pre: {}}\nrest: {}\n" + body, encoding="utf-8")
    regions = load_study(str(path)).spec.regions
    assert regions.wants_aseg
    # The files it names are a user's; the rest is made here.
    shipped = tuple(region for region in regions.definitions if not (region.mask or region.dseg))
    atlases = tuple(atlas for atlas in regions.whole_atlases if not atlas.dseg)
    from dataclasses import replace

    sources = resolve_regions(
        replace(regions, definitions=shipped, whole_atlases=atlases), space="MNI152NLin2009cAsym"
    )
    by_name = {source.name: source for source in sources}
    assert by_name["left_amygdala"].indices == (1,)
    assert by_name["amygdala"].indices == (1, 2)
    assert by_name["hippocampus"].indices == (17, 53)
    assert len(by_name["default_mode"].indices) == 91
    assert sum(name.startswith("DefaultMode_") for name in by_name) == 67
    assert "aHIP-rh" in by_name


def test_a_mask_takes_the_place_of_a_presets_labels(tmp_path):
    path = tmp_path / "study.yml"
    path.write_text(
        "extends: siegel2021\nname: own\nregions: {definitions: {amygdala: {mask: mine.nii.gz}}}\n"
    )
    (amygdala,) = (
        region
        for region in load_study(str(path)).spec.regions.definitions
        if region.name == "amygdala"
    )
    assert (amygdala.atlas, amygdala.labels) == (None, ())
    assert amygdala.mask == str(tmp_path / "mine.nii.gz")


def test_the_regions_of_the_presets():
    norbury = load_study("norbury2021").spec
    sources = resolve_regions(norbury.regions, space=norbury.inputs.space)
    assert [(source.name, source.indices) for source in sources] == [
        ("amygdala", (1, 2)),
        ("anterior_insula", (3, 4)),
        ("vmPFC", (5, 6)),
        ("rACC", (7, 8)),
        ("dACC", (9, 10)),
        ("anterior_hippocampus", (11, 12)),
    ]
    siegel = load_study("siegel2021").spec
    sources = {
        source.name: source for source in resolve_regions(siegel.regions, space=siegel.inputs.space)
    }
    assert sources["amygdala"].indices == (2, 10)
    assert sources["posterior_hippocampus"].origin == "TianS2: pHIP-rh, pHIP-lh"
