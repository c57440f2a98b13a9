"""What is fetched from TemplateFlow: all that the app may ask for; told where it cannot be had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bids_ketamine.regions import fetch, templateflow
from bids_ketamine.regions.catalogue import ATLASES, SCHAEFER_PARCELS, atlas_by_name, atlas_image
from bids_ketamine.regions.templates import TRANSFORMS

BOTH = ("MNI152NLin2009cAsym", "MNI152NLin6Asym")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    # The module sets the variable itself: it is put back afterwards.
    monkeypatch.setenv("TEMPLATEFLOW_HOME", os.environ.get("TEMPLATEFLOW_HOME", ""))
    monkeypatch.delenv("BIDS_KETAMINE_TEMPLATES", raising=False)
    return tmp_path / "templates"


@pytest.fixture
def server(home, monkeypatch):
    """TemplateFlow, whose every file is its own name."""

    def answer(template: str, name: str) -> Path | None:
        path = home / f"tpl-{template}" / f"tpl-{template}_{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("index\tname\n1\tone\n" if name.endswith(".tsv") else name, "utf-8")
        return path

    monkeypatch.setattr(templateflow, "_fetch", answer)
    return home


def test_transforms_both_ways_and_all_schaefer_atlases_that_do_not_ship():
    wanted = list(fetch.wanted_files())
    assert wanted[:2] == [
        ("MNI152NLin6Asym", "from-MNI152NLin2009cAsym_mode-image_xfm.h5"),
        ("MNI152NLin2009cAsym", "from-MNI152NLin6Asym_mode-image_xfm.h5"),
    ]
    assert wanted[2:4] == [
        ("fsLR", "den-32k_hemi-L_midthickness.surf.gii"),
        ("fsLR", "den-32k_hemi-R_midthickness.surf.gii"),
    ]
    # Image and table of 8 sizes, 7 and 17 networks, 2 templates; 3 of these 32 atlases ship.
    assert (len(TRANSFORMS), len(wanted)) == (2, 4 + 2 * (2 * 2 * len(SCHAEFER_PARCELS) - 3))
    assert len(set(wanted)) == len(wanted)
    shipped = ("MNI152NLin6Asym", "res-02_atlas-Schaefer2018_desc-400Parcels7Networks_dseg.nii.gz")
    assert shipped not in wanted


@pytest.mark.usefixtures("server")
def test_what_was_fetched_is_what_the_app_asks_for(home, monkeypatch):
    assert fetch.main([str(home)]) == 0
    monkeypatch.setattr(templateflow, "_fetch", lambda *_: pytest.fail("nothing is left to fetch"))
    for parcels in SCHAEFER_PARCELS:
        for networks in (7, 17):
            for template in BOTH:
                image = atlas_image(
                    atlas_by_name(f"Schaefer{parcels}_{networks}networks"), template
                )
                assert image.space == template
    assert all(atlas.shipped or atlas.spheres for atlas in ATLASES.values())


def test_files_that_cannot_be_had_are_named(home, monkeypatch, capsys):
    monkeypatch.setattr(templateflow, "_fetch", lambda *_: None)
    assert fetch.main([str(home)]) == 66
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 62
    place = home / "tpl-MNI152NLin6Asym"
    assert lines[0] == (
        f"error: not fetched: {place}/"
        "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5"
    )


def test_why_a_file_could_not_be_had_is_told(home, monkeypatch, capsys):
    refused = RuntimeError("Failed to download tpl.h5 with status code 404")
    monkeypatch.setattr(templateflow, "_fetch", lambda *_: refused)
    assert fetch.main([str(home)]) == 66
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 62
    why = "_xfm.h5: RuntimeError: Failed to download tpl.h5 with status code 404"
    assert lines[0].endswith(why)


def test_files_of_another_place_are_fetched_too(server, home, tmp_path, monkeypatch):
    place = Path("tpl-MNI152NLin6Asym") / (
        "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5"
    )
    (tmp_path / "image" / place).parent.mkdir(parents=True)
    (tmp_path / "image" / place).write_text("of the image")
    monkeypatch.setenv("BIDS_KETAMINE_TEMPLATES", str(tmp_path / "image"))
    assert fetch.fetch(home) == []
    assert (home / place).read_text() == "from-MNI152NLin2009cAsym_mode-image_xfm.h5"


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_it_takes_one_folder(arguments, capsys):
    assert fetch.main(arguments) == 64
    assert capsys.readouterr().err.startswith("usage: python -m bids_ketamine.regions.fetch")
