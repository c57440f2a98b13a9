"""Links of the pages, without a network: files, headings, pictures, tables of contents, names."""

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "brainlife").glob("*.md")),
    *(each for each in sorted(DOCS.rglob("*.md")) if "_build" not in each.parts),
]
NAMES = [str(each.relative_to(ROOT)) for each in PAGES]
SITE = [each for each in PAGES if each.is_relative_to(DOCS)]
FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^ *\2[`~]* *$", flags=re.DOTALL | re.MULTILINE)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", flags=re.DOTALL)
LINK = re.compile(
    r"!?\[(?:[^\[\]]|!?\[[^\]]*\]\([^)]*\))*\]\(<?([^()\s>]+(?:\([^()]*\))?)>?[^)]*\)"
)
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", flags=re.MULTILINE)
TABLE_OF_CONTENTS = re.compile(r"^```\{toctree\}\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


@cache
def prose(path):
    """Return a page without blocks of code."""
    return FENCE.sub("", path.read_text("utf-8"))


@cache
def anchors(path):
    """Return the anchors that GitHub gives the headings of a page."""
    found, seen = set(), Counter()
    for heading in HEADING.findall(prose(path)):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        words = re.sub(r"(?<![\w`])[*_]+|[*_]+(?![\w`])", "", words.replace("`", ""))
        slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def fault(page, target, root=ROOT):
    """Return what is wrong with a link of a page, or nothing."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        host = re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", parts.netloc)
        return None if parts.scheme == "https" and host else "is not an https address"
    path = (page.parent / parts.path).resolve() if parts.path else page
    if not path.exists():
        return "leads nowhere"
    if not path.is_relative_to(root):
        return "leads out of the repository"
    if parts.fragment and path.suffix == ".md" and parts.fragment not in anchors(path):
        return "has no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page):
    targets = LINK.findall(CODE.sub("code", prose(page)))
    faults = {target: fault(page, target) for target in targets}
    assert {target: why for target, why in faults.items() if why} == {}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_pictures_are_there(page):
    for pair in PICTURE.findall(CODE.sub("code", prose(page))):
        path = page.parent / "".join(pair)
        assert path.stat().st_size > 1000, path


def test_faults_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# What `a_b` is: *R²*, [and](x.md) more\n\n## Twice\n\n## Twice\n\n"
        "[a](page.md#twice-1) [![p](p.png)](page.md) `[b](gone.md)`\n\n"
        "```\n[c](gone.md)\n# No\n```\n"
    )
    assert anchors(page) == {"what-a_b-is-r²-and-more", "twice", "twice-1"}
    assert LINK.findall(CODE.sub("code", prose(page))) == ["x.md", "page.md#twice-1", "page.md"]
    assert PICTURE.findall(prose(page)) == [("p.png", "")]
    expected = {
        "#twice-1": None,
        "page.md#no": "has no such heading",
        "#no": "has no such heading",
        "gone.md": "leads nowhere",
        "../": "leads out of the repository",
        "https://doi.org/10.1/(x)1": None,
        "http://doi.org": "is not an https address",
        "https://doi": "is not an https address",
    }
    assert {target: fault(page, target, root=tmp_path) for target in expected} == expected


def listed(page):
    """Return the pages in a page's tables of contents."""
    found = []
    for block in TABLE_OF_CONTENTS.findall(page.read_text("utf-8")):
        lines = [line.strip() for line in block.splitlines()]
        for line in (each for each in lines if each and not each.startswith(":")):
            name = re.sub(r"^.*<(.+)>$", r"\1", line)
            chosen = page.parent.glob(f"{name}.md") if ":glob:" in lines else []
            found += chosen or [page.parent / f"{name}.md"]
    return found


def test_every_page_is_in_one_table_of_contents():
    seen = Counter()
    waiting = [DOCS / "index.md"]
    while waiting:
        pages = listed(waiting.pop())
        seen.update(pages)
        waiting += [each for each in pages if each.exists()]
    expected = {str(each.relative_to(DOCS)): 1 for each in SITE if each.name != "index.md"}
    found = {str(each.relative_to(DOCS)): number for each, number in seen.items()}
    assert {name: n for name, n in found.items() if not name.endswith("index.md")} == expected


@pytest.mark.parametrize("name", ["adding_a_method", "release", "installation"])
def test_files_that_development_pages_name_are_there(name):
    text = (DOCS / f"{name}.md").read_text("utf-8")
    named = re.findall(r"`((?:bids_ketamine|tests|benchmarks|brainlife|docs)/[\w./-]+)`", text)
    made = {"bids_ketamine/_version.py"}
    assert [each for each in named if each not in made and not (ROOT / each).exists()] == []
    if name == "adding_a_method":
        assert len(named) > 30
        for each in re.findall(r"`(benchmarks|tests)/?`", text):
            assert (ROOT / each).is_dir()


def test_what_the_method_page_names_in_files_is_in_them():
    text = " ".join((DOCS / "adding_a_method.md").read_text("utf-8").split())
    places = {
        "RestSpec": "bids_ketamine/study/connectivity_sections.py",
        "PARTICIPANT_SECTIONS": "bids_ketamine/outputs/provenance.py",
        "IMAGING": "bids_ketamine/reports/plan_keys.py",
        "RestingConnectivity": "bids_ketamine/interfaces/connectivity.py",
        "Step": "bids_ketamine/interfaces/step.py",
        "BEYOND_BIDS": "bids_ketamine/outputs/patterns.py",
        "MEASURE_COLUMNS": "bids_ketamine/outputs/measures.py",
        "_rest": "bids_ketamine/reports/methods_participant.py",
    }
    for word, path in places.items():
        assert f"`{word}`" in text
        assert f"`{path}`" in text
        found = re.search(rf"^(?:class |def )?{word}\b", (ROOT / path).read_text(), re.MULTILINE)
        assert found, (word, path)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_knows_every_target_that_a_page_names(page):
    known = re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    blocks = "\n".join(match.group() for match in FENCE.finditer(page.read_text("utf-8")))
    named = re.findall(r"^make ([a-z-]+)(?= *(?:#|$)| [A-Z]+=)", blocks, re.MULTILINE)
    named += [
        word
        for each in re.findall(r"`make ([^`]+)`", prose(page))
        for word in each.split()
        if re.fullmatch("[a-z-]+", word)
    ]
    assert [each for each in named if each not in known] == []


def test_layers_on_the_method_page_are_those_that_are_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = (each["layers"] for each in contracts["contracts"] if each["id"] == "layers")
    page = (DOCS / "adding_a_method.md").read_text("utf-8")
    shown = page.split("```\ncli\n")[1].split("```")[0].split("\n")[:-1]
    assert ["cli", *shown] == layers
