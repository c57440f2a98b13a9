"""The study file of docs/regions.md, and what presets give way to."""

import re
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.regions.catalogue import atlas_by_name, atlas_image
from bids_ketamine.regions.sources import RegionSource, resolve_regions
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.reuse import regions_fingerprint

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


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Schaefer400", "Schaefer2018_400Parcels7Networks"),
        ("schaefer400_17networks", "Schaefer2018_400Parcels17Networks"),
        ("Schaefer2018_100Parcels7Networks", "Schaefer2018_100Parcels7Networks"),
        ("Schaefer200_Parcels_17Networks", "Schaefer2018_200Parcels17Networks"),
        ("fearcircuit", "FearCircuit"),
    ],
)
def test_atlases_by_name(written, name):
    assert atlas_by_name(written).name == name


def test_an_atlas_of_templateflow_is_read_with_its_networks(tmp_path, monkeypatch):
    home = tmp_path / "tpl-MNI152NLin2009cAsym"
    home.mkdir()
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path))
    stem = "atlas-Schaefer2018_desc-200Parcels17Networks_dseg"
    (home / f"tpl-MNI152NLin2009cAsym_{stem}.tsv").write_text(
        "index\tname\tcolor\n1\t17Networks_LH_VisCent_1\t#000000\n"
        "2\t17Networks_RH_DefaultA_IPL_1\t#000000\n"
    )
    labels = np.zeros((4, 4, 4), dtype=np.int16)
    labels[0, 0, 0], labels[1, 0, 0] = 1, 2
    nib.save(
        nib.Nifti1Image(labels, np.eye(4)), home / f"tpl-MNI152NLin2009cAsym_res-02_{stem}.nii.gz"
    )
    found = atlas_image(atlas_by_name("Schaefer200_17networks"), "MNI152NLin2009cAsym")
    assert [label.index for label in found.table.chosen("DefaultA")] == [2]
    assert found.space == "MNI152NLin2009cAsym"


def test_a_mask_renamed_to_another_template_is_another_input(tmp_path):
    source = RegionSource("m", "mask", image=tmp_path / "m_space-MNI152NLin6Asym_mask.nii.gz")
    other = replace(source, image=tmp_path / "m_space-MNI152NLin2009cAsym_mask.nii.gz")
    elsewhere = replace(source, image=tmp_path / "folder" / source.image.name)
    elsewhere.image.parent.mkdir()
    for each in (source, other, elsewhere):
        each.image.write_bytes(b"the same")
    prints = [regions_fingerprint([each]) for each in (source, other, elsewhere)]
    assert prints[0] != prints[1]
    assert prints[0] == prints[2]
    source.image.write_bytes(b"changed")
    assert regions_fingerprint([source]) != prints[0]
