"""The pages that are made from the code are fresh, whole and true."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from bids_ketamine import errors
from bids_ketamine.cli.flags import build_parser
from bids_ketamine.cli.parser import parse_arguments
from bids_ketamine.cli.reference.exit_code_causes import CAUSES, WHAT_TO_DO
from bids_ketamine.cli.reference.exit_codes import error_classes, exit_codes
from bids_ketamine.cli.reference.flag_examples import DEMO_EXAMPLES, EXAMPLES
from bids_ketamine.cli.reference.flags import DEFAULTS, LEVELS
from bids_ketamine.cli.reference.outputs import SHARED, shared_columns
from bids_ketamine.cli.reference.pages import PAGES
from bids_ketamine.demo.command import build_parser as build_demo_parser
from bids_ketamine.interfaces import rsa_files
from bids_ketamine.outputs.documented import group as documented_group
from bids_ketamine.outputs.documented.group import GROUP_COLUMNS, GROUP_FILES
from bids_ketamine.outputs.documented.participant import PARTICIPANT_FILES
from bids_ketamine.outputs.documented.whole import WHOLE_FILES
from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.outputs.patterns import BEYOND_BIDS, PATTERNS, output_name, run_stem, task_stem

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FILES = {**WHOLE_FILES, **PARTICIPANT_FILES, **GROUP_FILES}
LINES = [each for lines in [*EXAMPLES.values(), *DEMO_EXAMPLES.values()] for each in lines]


@cache
def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def row(name: str, start: str) -> list[str]:
    """Return the cells of the only row of a page that starts with some words."""
    (line,) = [each for each in page(name).splitlines() if each.startswith(f"| {start}")]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_fresh(name: str) -> None:
    assert page(name) == PAGES[name](), "stale: run `python -m bids_ketamine.cli.reference`"


def slug(heading: str) -> str:
    """Return the anchor of a heading as GitHub makes it."""
    plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [slug(each) for each in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page(name))
    assert len(links) > 5
    for link in links:
        target, _, anchor = link.partition("#")
        path = DOCS / (target or name)
        assert path.is_file(), link
        assert not anchor or anchor in anchors(path), link
    own = anchors(DOCS / name)
    assert len(set(own)) == len(own)


@pytest.mark.parametrize("name", PAGES)
def test_no_wrapped_line_reads_as_another_kind(name: str) -> None:
    lines = page(name).splitlines()
    for before, line in pairwise(lines):
        begins_list = re.match(r"([-+*>]|\d+[.)]) ", line)
        if begins_list and before.strip():
            assert re.match(r"(- |\d\. |  )", before), line


# Flags


def options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    return (action for action in parser._actions if action.option_strings)


def test_every_spelling_of_every_flag_has_a_row() -> None:
    first, second = page("command_line.md").split("\n## bids_ketamine-demo\n")
    for text, parser in ((first, build_parser()), (second, build_demo_parser())):
        for action in options(parser):
            told = ", ".join(f"`{flag}`" for flag in action.option_strings)
            assert text.count(f"\n| {told} |") == 1, told


def test_rows_of_flags_say_what_the_parser_says() -> None:
    name = "command_line.md"
    assert row(name, "`--study`")[1:4] == ["`PRESET\\|FILE`", "required", "both"]
    assert row(name, "`-d`") == [
        "`-d`, `--derivatives`",
        "`NAME=PATH ...`",
        "`derivatives/fmriprep` in BIDS_DIR",
        "participant",
        "derivative datasets; a PATH alone is named after its folder",
    ]
    assert row(name, "`--permutations`")[2:4] == [
        "those of the study, which may stop early",
        "group",
    ]
    assert row(name, "`--overwrite`")[1:4] == ["", "off", "participant"]
    assert row(name, "`--resolution`") == ["`--resolution`", "`MM`", "6 mm", "voxel size"]
    assert row(name, "`OUT`") == ["`OUT`", "new or empty folder"]


def test_what_is_said_of_flags_is_of_flags_that_exist() -> None:
    parser = build_parser()
    assert {*LEVELS, *DEFAULTS} <= {action.dest for action in options(parser)}
    assert set(EXAMPLES) <= {group.title for group in parser._action_groups}
    assert set(DEMO_EXAMPLES) <= {group.title for group in build_demo_parser()._action_groups}


@pytest.mark.parametrize("example", LINES, ids=lambda each: each.words)
def test_worked_lines_are_read(example) -> None:
    program, *arguments = shlex.split(example.command)
    if program == "bids_ketamine":
        assert parse_arguments(arguments).study == "norbury2021"
    else:
        assert program == "bids_ketamine-demo"
        assert build_demo_parser().parse_args(arguments).participants < 10


# Exit codes


def test_exit_codes_are_those_of_the_errors() -> None:
    codes = {each.code: each for each in exit_codes()}
    kinds = [kind for kind, _ in error_classes()]
    written = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert set(kinds) == {kind for kind in written if issubclass(kind, errors.BidsKetamineError)}
    assert set(codes) == {0, 130} | {kind.exit_code for kind in kinds}
    assert set(WHAT_TO_DO) == set(codes)
    assert set(CAUSES) == set(codes) - {0}
    assert codes[64].meaning == (
        "The command line asks for something impossible. The study file has problems; all of them "
        "are told at once."
    )
    assert row("exit_codes.md", "[66](#exit-code-66)")[1] == "An input file is not there."
    assert "    StudyError               64   The study file has" in page("exit_codes.md")
    told = re.findall(r"(\d+) [A-Za-z]", str(build_parser().epilog).split("exit codes:")[1])
    assert {int(code) for code in told} == set(codes)


def templates(node: ast.AST) -> str | None:
    """Return a text of the code, with an ellipsis for what differs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[sd]", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [templates(each) or "…" for each in node.values]
        return re.sub("…+", "…", "".join(parts))
    return None


@cache
def texts_of_the_code() -> tuple[str, ...]:
    # Reading all of the code takes seconds: that which has none of the words is passed over.
    causes = [cause for code in CAUSES for cause in CAUSES[code]]
    words = [max(cause.seen.split("…"), key=len)[:12] for cause in causes]
    found = []
    for path in sorted((ROOT / "bids_ketamine").rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        if path.name != "exit_code_causes.py" and any(each in code for each in words):
            found += [text for text in map(templates, ast.walk(ast.parse(code))) if text]
    return tuple(found)


@pytest.mark.parametrize("code", CAUSES)
def test_quoted_messages_are_those_of_the_code(code: int) -> None:
    for cause in CAUSES[code]:
        assert any(cause.seen in text for text in texts_of_the_code()), cause.seen


# Output files


def matching(path: str) -> list[str]:
    return [name for name, each in FILES.items() if each.matches(path)]


@pytest.mark.parametrize("kind", PATTERNS)
@pytest.mark.parametrize(
    ("folder", "prefix"), [("sub-01/ses-pre", "sub-01_ses-pre"), ("sub-01",) * 2]
)
def test_each_name_of_an_output_is_described_once(kind: str, folder: str, prefix: str) -> None:
    entities = [("acq", "mb"), ("dir", "AP")]
    for space in ("MNI152NLin2009cAsym", ""):
        name = output_name(
            kind,
            prefix=prefix,
            task=task_stem(prefix, "faces", entities),
            run=run_stem(prefix, "faces", entities, "1"),
            space=space,
            atlas="norbury2021",
            contrast="facesGtShapes",
            stat="F",
            model="circuit",
            seed="default_mode",
        )
        assert matching(f"{folder}/{name}") == [kind]
        sidecar = re.sub(r"(\.nii\.gz|\.dscalar\.nii|\.tsv)$", ".json", name)
        # Maps of both kinds have a sidecar of one name, which stands with the volumes.
        assert matching(f"{folder}/{sidecar}") == [kind.removesuffix("_grayordinates")]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sub-01.html", "participant_report"),
        ("logs/crash-20260102-030405-faces_glm.txt", "crash"),
        ("group/figures/motion-faces.tsv", "figure_data"),
        ("group/figures/figures.tsv", "figures"),
        ("group/peb_circuit.npz", "peb_arrays"),
        ("plan/study.yml", "frozen_text"),
    ],
)
def test_other_names_are_described_once(path: str, name: str) -> None:
    assert matching(path) == [name]


@pytest.mark.parametrize(
    "path", ["group/other.tsv", "sub-01/func/sub-01_task-x_bold.nii.gz", "group/figures/x.json"]
)
def test_files_of_others_are_not_described(path: str) -> None:
    assert matching(path) == []


def test_every_table_of_the_group_has_words_and_a_section() -> None:
    assert set(documented_group._TABLES) == set(GROUP_COLUMNS)
    assert set(PARTICIPANT_FILES) == set(PATTERNS)
    text = page("outputs.md")
    for stem, columns in GROUP_COLUMNS.items():
        section = re.split(rf"\n### {stem}\n", text)[1].split("\n### ")[0]
        assert f"`group/{stem}.tsv`" in " ".join(section.split())
        for column in columns:
            assert f"`{column}`" in section, (stem, column)


def test_a_column_is_told_with_its_levels_and_unit() -> None:
    section = page("outputs.md").split("\n### group_motion\n")[1].split("\n### ")[0]
    assert (
        "| `slope` | Slope of the regression of the measure on mean framewise displacement | "
        in (section)
    )
    assert "unit of the measure per mm |" in section
    assert "`true`: It was; `false`: Values went on as they are" in section


def test_shared_columns_have_the_words_that_most_tables_use() -> None:
    one, other = {"Description": "One"}, {"Description": "Other"}
    tables = [{**dict.fromkeys(SHARED, one), "own": one}, {"arm": other}, {"arm": other}]
    assert shared_columns(tables) == {**dict.fromkeys(SHARED, one), "arm": other}
    real = shared_columns(GROUP_COLUMNS.values())
    assert real["task"] == MEASURE_COLUMNS["task"]
    assert real["arm"] == {"Description": "Treatment arm"}


def test_units_of_distances_are_those_of_the_sidecar() -> None:
    with_unit = {name for name, words in rsa_files._columns("u").items() if "Units" in words}
    section = page("outputs.md").split("\n### dissimilarity\n")[1].split("\n### ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    told = {cells[1].strip(" `") for cells in rows if "`Units`" in cells[3]}
    assert told == with_unit


def test_names_beyond_bids_are_ignored_by_the_validator() -> None:
    endings = [each.removeprefix("*") for each in BEYOND_BIDS]
    for kind, pattern in PATTERNS.items():
        assert any(pattern.endswith(ending) for ending in endings), kind
