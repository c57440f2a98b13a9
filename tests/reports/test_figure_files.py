"""Figures as files of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from bids_ketamine.errors import CannotCreateError
from bids_ketamine.reports.figure_files import (
    Titled,
    safe_name,
    standalone_svg,
    write_figure_files,
)
from bids_ketamine.reports.figures.canvas import arm_styles, drawn, new_figure, png, svg
from bids_ketamine.reports.figures.panels import Cell, session_panel
from bids_ketamine.reports.views import Picture, PictureGroup, picture

HOSTILE = """<script>alert("x & y")</script>"""
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class View:
    title: str
    held: Any


def _drawn(name: str, **more: Any) -> Picture:
    cells = {("pre", "a"): Cell(1.0, 0.5, 1.5, np.array([0.5, 1.5]))}
    return picture(
        "Means",
        lambda: session_panel(
            cells, sessions=["pre", HOSTILE], styles=arm_styles(["a"]), zero=True, name=name,
            description=f"Means of {HOSTILE}",
        ),
        name=name,
        **more,
    )  # fmt: skip


def test_pictures_are_found_however_deep_they_stand(tmp_path: Path) -> None:
    group = PictureGroup("t", "w", (_drawn("one"), _drawn("")))
    views = (View("a", [group, {"x": (_drawn("two"), None)}]), None, "text", _drawn("three"))
    paths = write_figure_files(tmp_path / "figures", *views)
    assert [path.name for path in paths] == ["one.svg", "two.svg", "three.svg"]


def test_file_is_a_document_with_its_size(tmp_path: Path) -> None:
    (path,) = write_figure_files(tmp_path, _drawn("panel"))
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{SVG}svg"
    # 250 by 180 pixels of the page.
    assert (root.get("width"), root.get("height")) == ("250", "180")
    assert root.findtext(f"{SVG}title") == f"Means of {HOSTILE}"
    ground = root.find(f"{SVG}rect")
    assert ground is not None
    assert (ground.get("fill"), ground.get("height")) == ("#ffffff", "135")
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "font-family" in text


def test_image_becomes_a_document_too(tmp_path: Path) -> None:
    @drawn
    def image() -> Markup:
        return png(new_figure(96, 48), description="A & b")

    (path,) = write_figure_files(tmp_path, picture("Map", image, name="map"))
    root = ElementTree.parse(path).getroot()
    assert (root.get("width"), root.get("height")) == ("96", "48")
    held = root.find(f"{SVG}image")
    assert held is not None
    assert str(held.get("href")).startswith("data:image/png;base64,")


def test_data_stand_beside(tmp_path: Path) -> None:
    data = pd.DataFrame(
        {"session": ["pre", "a\tb"], "mean": [1 / 3, math.nan], "n": [3, 0], "in": [True, False]}
    )
    write_figure_files(tmp_path, _drawn("panel", data=data))
    assert (tmp_path / "panel.tsv").read_text(encoding="utf-8") == (
        "session\tmean\tn\tin\npre\t0.3333333333\t3\ttrue\na b\tn/a\t0\tfalse\n"
    )
    listing = pd.read_csv(tmp_path / "figures.tsv", sep="\t")
    assert listing.iloc[0].tolist() == ["panel", "Means", "panel.tsv"]


def test_captions_in_the_listing_are_unique(tmp_path: Path) -> None:
    views = (
        Titled("Measures", [View("gPPI: faces", _drawn("a")), View("gPPI: rest", _drawn("b"))]),
        Titled("", View("Means", (_drawn("c"), _drawn("d")))),
    )
    write_figure_files(tmp_path, *views)
    listing = pd.read_csv(tmp_path / "figures.tsv", sep="\t")
    assert listing["caption"].tolist() == [
        *("Measures | gPPI: faces | Means", "Measures | gPPI: rest | Means"),
        *("Means (c)", "Means (d)"),
    ]


def test_names_are_safe_and_each_is_given_once(tmp_path: Path) -> None:
    paths = write_figure_files(tmp_path, _drawn("../A b"), _drawn("a-b"), _drawn("figures"))
    assert [path.name for path in paths] == ["a-b.svg", "a-b-2.svg", "figure.svg"]
    assert safe_name("x" * 500) == "x" * 120
    assert safe_name("\u00e9\u4e2d") == "figure"


def test_figures_of_an_earlier_run_go(tmp_path: Path) -> None:
    data = pd.DataFrame({"participant_id": ["sub-01"]})
    write_figure_files(tmp_path, _drawn("one", data=data), _drawn("two", data=data))
    write_figure_files(tmp_path, _drawn("two"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.tsv", "two.svg"]
    write_figure_files(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_where_there_is_nothing(tmp_path: Path) -> None:
    def fails() -> Markup:
        raise ValueError("no values")

    assert write_figure_files(tmp_path / "figures", picture("A", fails, name="a")) == []
    assert not (tmp_path / "figures").exists()


def test_control_characters_and_surrogates_do_not_break_a_document() -> None:
    @drawn
    def odd() -> Markup:
        return svg(new_figure(10, 10), name="n", description="a\x00b\ud800c")

    content = standalone_svg(picture("A", odd, name="a"))
    assert "a b?c" in ElementTree.fromstring(content.encode("utf-8"))[0].text  # type: ignore[operator]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("a file")
    with pytest.raises(CannotCreateError):
        write_figure_files(tmp_path / "figures", _drawn("one"))
