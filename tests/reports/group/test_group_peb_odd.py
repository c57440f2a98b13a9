"""Effective connectivity in the group report: few, failed and missing results."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from bids_ketamine.reports import (
    group_peb_influence,
    group_peb_pictures,
    group_peb_points,
)
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group import write_group_report
from bids_ketamine.reports.group_peb import peb_problems, peb_views
from bids_ketamine.reports.group_peb_data import (
    PEB_COLUMNS,
    read_peb,
    without_persons,
)
from bids_ketamine.reports.group_peb_influence import _influence
from bids_ketamine.reports.group_peb_people import entered_tables
from bids_ketamine.reports.group_peb_pictures import PebContext, all_styles
from bids_ketamine.reports.group_peb_points import _lines
from bids_ketamine.reports.group_peb_rows import main_rows
from bids_ketamine.reports.views import Picture
from bids_ketamine.study.load import Study
from tests.reports.group.peb_tables import (
    DIFFERENCE,
    PAIR,
    PebTables,
    peb_tree,
    section_of,
)

Maker = Callable[..., Path]
Apart = Callable[[Path], Any]
ARMS = ("midazolam", "ketamine")
FEW = {"midazolam": 2, "ketamine": 5}
#: Where each table is kept.
_FIELDS = dict(zip(PEB_COLUMNS, ("effects", "fits", "participants", "estimates", "sensitivity"),
                   strict=True))  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = PebTables(sizes={"midazolam": 4, "ketamine": 4})
    return tables.write(tmp_path_factory.mktemp("peb_small"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time."""
    for module in (group_peb_influence, group_peb_pictures, group_peb_points):
        monkeypatch.setattr(
            module, "picture", lambda caption, draw, **more: Picture(caption, Markup(""))
        )


def _change(tree: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = tree / "group" / f"{name}.tsv"
    table = pd.read_csv(path, sep="\t", na_values="n/a", keep_default_na=False)
    change(table).to_csv(path, sep="\t", na_rep="n/a", index=False)


def test_without_individual_data_few_are_withheld(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart, undrawn: None
) -> None:
    output = peb_tree(make_group, tmp_path, sizes=FEW)
    page = take_apart(write_group_report(output, study=study, individual_data=False))
    section = section_of(page)
    assert section.count("has nothing to show: withheld: fewer than 3 participants.") == 6
    assert "all participants \u22120.052 Hz per point" in section
    assert "midazolam 0.004" not in section
    assert "minus midazolam \u22120.047" not in section
    assert "\u22120.047 (" not in section  # of the difference, in no table
    assert "centred (mean" not in section


def test_what_rests_on_fewer_than_three_goes(tmp_path: Path) -> None:
    output = PebTables(sizes={"midazolam": 3, "ketamine": 2}).write(tmp_path)
    peb = without_persons(read_peb(output), arms=ARMS, labels=())
    main = peb.effects[peb.effects["effect"] == "session x improvement"].set_index("arm")
    main = main[main["distribution"] == "gaussian"]
    known = main["estimate"].notna().groupby(level=0).all()
    assert known.to_dict() == {"all": True, "ketamine": False, DIFFERENCE: False, "midazolam": True}
    # Without one participant, two of midazolam are left.
    ranges = main["estimate_lowest"].notna().groupby(level=0).all()
    assert ranges.to_dict() == {"all": True, "ketamine": False, DIFFERENCE: False,
                                "midazolam": False}  # fmt: skip
    fits = peb.fits.set_index(["analysis", "arm"])
    assert fits.loc[("change", "ketamine"), "improvement_mean"].isna().all()
    assert peb.labels == [str(place) for place in range(5)]
    assert len(peb.estimates) == len(peb.sensitivity) == 0


def _spoil(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n")
    elif how == "damaged":
        path.write_text("model\ttask\nm\n")
    else:
        cells = ("model", "n", "estimate", "arm", "analysis"), ("odd", "x", "inf", "all", "change")
        path.write_text("".join("\t".join(line) + "\n" for line in cells))


@pytest.mark.parametrize("how", ["missing", "empty", "damaged", "odd"])
def test_any_table_may_be_absent(
    small: Path, study: Study, tmp_path: Path, undrawn: None, how: str
) -> None:
    """Spoil one table after another; nothing but tables of PEB is read."""
    told = "cannot be read: Line 2 has 1 cells, the header has 2."
    told = told if how == "damaged" else "is not there or empty; what rests on it is left out."
    for name in PEB_COLUMNS:
        output = shutil.copytree(small, tmp_path / name)
        _spoil(output / "group" / f"{name}.tsv", how)
        peb = read_peb(output)
        problems = [*peb.unreadable, *peb_problems(peb, study.spec)]
        assert problems == ([] if how == "odd" else [f"{name}.tsv {told}"])
        if how in ("empty", "damaged"):  # a table without rows, as where it is missing
            assert getattr(peb, _FIELDS[name]).empty
            continue
        individual = how == "missing" and name in ("group_peb_estimates", "group_peb_sensitivity")
        for individual_data in (True, False) if individual else (False,):
            given = peb if individual_data else without_persons(peb, arms=ARMS, labels=())
            views = peb_views(
                given,
                {"ParametricEmpiricalBayes": [5, {"Model": 3}]},
                study.spec,
                arms=ARMS,
                styles=arm_styles(list(ARMS)),
                individual_data=individual_data,
            )
            assert "faceCircuit (faces)" in [view.title for view in views]


def test_page_with_odd_tables_comes_out(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = peb_tree(make_group, tmp_path)
    for name in PEB_COLUMNS:
        _spoil(output / "group" / f"{name}.tsv", "odd")
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert "odd ()" not in page.text
    assert "could not be drawn" not in page.text
    for name in PEB_COLUMNS:
        _spoil(output / "group" / f"{name}.tsv", "damaged")
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    assert page.headings[2] == "Errors"
    for name in PEB_COLUMNS:
        assert f"{name}.tsv cannot be read" in page.text


def test_old_trees_say_what_to_do(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart
) -> None:
    output = make_group(tmp_path, regions=("amygdala",), activation=False)
    page = take_apart(write_group_report(output, study=study, individual_data=True))
    told = "the group level has left no table of it: it is older than this method, or was cut short"
    assert told in page.text
    without = replace(study, spec=replace(study.spec, peb=None))
    page = take_apart(write_group_report(output, study=without, individual_data=True))
    assert "Effective connectivity" not in page.headings


def test_fits_that_failed_tell_why(
    make_group: Maker, study: Study, tmp_path: Path, take_apart: Apart, undrawn: None
) -> None:
    def fail(table: pd.DataFrame) -> pd.DataFrame:
        own = table["arm"] == "midazolam"
        numbers = [each for each in table.columns if table[each].dtype.kind == "f"]
        table.loc[own, [each for each in numbers if each != "n"]] = np.nan
        table["reason"] = table["reason"].astype(object)
        table.loc[own, "reason"] = "too few participants: 3"
        return table

    output = peb_tree(make_group, tmp_path)
    for name in ("group_peb", "group_peb_fits"):
        _change(output, name, fail)
    section = section_of(take_apart(write_group_report(output, study=study, individual_data=True)))
    assert section.count("has nothing to show: too few participants: 3.") == 3
    assert (
        "in those who got better. Not estimated: midazolam (too few participants: 3). " in section
    )
    table = section.partition("Change of coupling and improvement, midazolam")[2]
    assert " lowest Pp all parameters all effects too few participants: 3 \u2013 " in table
    assert "midazolam Gaussian 10 20 \u2013 12 \u2013 too few participants: 3" in section
    assert "; midazolam" not in section


def test_other_models_and_arms(study: Study, tmp_path: Path) -> None:
    loops = ("amygdala > amygdala by faces", "vmPFC > amygdala by faces", "V1 > vmPFC by faces")
    tables = PebTables({"a": 4}, parameters=loops, model="other", has_differences=False)
    peb = read_peb(tables.write(tmp_path))
    styles = arm_styles(["a"])
    (view,) = peb_views(peb, {}, study.spec, arms=("a",), styles=styles, individual_data=True)
    assert view.title == "other (faces)"
    assert [block.wide for block in view.blocks] == [True, True, True, True]
    told = " ".join(each for block in view.blocks for each in (*block.results, *block.others))
    assert "a change between sessions in all together" in told
    pictures = [each for block in view.blocks for each in (*block.circuits, *block.pictures)]
    assert all(each.markup is not None for each in pictures)
    assert "amygdala self-connection by faces" in told


def test_lines_are_those_of_each_arm(small: Path) -> None:
    peb = read_peb(small)
    rows = peb.effects[(peb.effects["analysis"] == "change") & (peb.effects["arm"] == "ketamine")]
    rows = rows[(rows["parameter"] == PAIR[0]) & (rows["distribution"] == "gaussian")]
    values = rows.set_index("effect")["estimate"]
    line = _lines(peb, "change", PAIR[0])["ketamine"]
    fits = peb.fits[(peb.fits["analysis"] == "change") & (peb.fits["arm"] == "ketamine")]
    middle = fits["improvement_mean"].iloc[0]
    assert line.at(np.array([middle]))[0] == pytest.approx(values["session"])
    assert line.at(np.array([middle + 10]))[0] == pytest.approx(
        values["session"] - 10 * 0.091, rel=1e-9
    )
    assert DIFFERENCE not in _lines(peb, "change", PAIR[0])  # it has no mean of improvement


def _strong(rows: pd.DataFrame, sign: float) -> pd.DataFrame:
    """Let the third level be sure of all effects."""
    rows = rows.copy()
    own = rows["level"] == "third"
    rows.loc[own, "estimate"] = sign * rows.loc[own, "estimate"].abs()
    for name in ("posterior_probability", "model_probability", "probability_lowest"):
        rows.loc[own, name] = 0.9999
    return rows


def test_the_third_level_makes_and_breaks_no_verdict(
    small: Path, study: Study, undrawn: None
) -> None:
    peb = read_peb(small)
    tables = [peb.effects, _strong(peb.effects, -1.0)]
    tables.append(peb.effects[peb.effects["level"] != "third"])
    told = []
    for effects in tables:
        (view,) = peb_views(
            replace(peb, effects=effects),
            {},
            study.spec,
            arms=ARMS,
            styles=arm_styles(list(ARMS)),
            individual_data=True,
        )
        blocks = [
            (
                each.results,
                each.others,
                each.chance,
                each.words,
                [one.caption for one in (*each.circuits, *each.points)],
            )
            for each in view.blocks
        ]
        told.append(blocks)
    assert told[0] == told[1] == told[2]


def test_leaving_out_is_that_of_the_second_level(small: Path, study: Study) -> None:
    peb = read_peb(small)
    rows = main_rows(peb.effects, "change", "session x improvement")
    styles = all_styles(rows["arm"], arm_styles(list(ARMS)))
    context = PebContext("faceCircuit", "faces", ARMS, styles, "90 %", "caps5", study.spec)
    row = rows[rows["arm"] == DIFFERENCE].iloc[0].to_dict()
    found = _influence(row, peb.sensitivity, context)
    assert len(found.without) == 8
    assert found.without.min() == pytest.approx(-0.047 - 0.5 * 0.0228)


def test_reasons_alike_but_for_numbers_are_counted_together(small: Path) -> None:
    people = read_peb(small).participants
    people = people[people["analysis"] == "change"].reset_index(drop=True)
    people["included"] = people.index > 3
    told = [f"pre: explains {each} % of the variance, less than 34 %" for each in (31.8, 33, 30.2)]
    people["reason"] = pd.Series([*told, "no model of sub-02 in post"], dtype=object)
    _, table = entered_tables(people, arms=ARMS)
    reasons = [row[1:] for row in table.rows]
    assert reasons == [
        ("pre: explains 30.2 to 33 % of the variance, less than 34 %", "3"),
        ("no model of a participant in post", "1"),
    ]
    private = without_persons(replace(read_peb(small), participants=people), arms=ARMS, labels=())
    first = private.participants["reason"].iloc[1]
    assert first == "pre: explains \u2026 % of the variance, less than \u2026 %"
