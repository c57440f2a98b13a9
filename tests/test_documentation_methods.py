"""What docs say of methods: equations that can be drawn, names that exist, papers, numbers."""

import importlib
import re
from pathlib import Path

import pytest

from bids_ketamine.core.clinical.repeated_measures import ERROR_STRATA
from bids_ketamine.core.connectivity.ppi_runs import CONN, JOINT, SPM
from bids_ketamine.core.dcm.estimation import STALLED
from bids_ketamine.core.mixed.degrees_of_freedom import RULES
from bids_ketamine.core.nuisance import MOTION_SUFFIXES
from bids_ketamine.core.peb.group_model import PRECISION_COMPONENTS
from bids_ketamine.core.peb.trial_data import ANALYSES
from bids_ketamine.core.prediction.grid import SELECTIONS
from bids_ketamine.core.rsa.noise_covariance import COVARIANCE_ESTIMATORS
from bids_ketamine.interfaces.resting_pairs import KINDS
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.outputs.group_peb_tables import PEB_TABLES
from bids_ketamine.outputs.group_tables import GROUP_TABLES
from bids_ketamine.reports.references import REFERENCES
from bids_ketamine.study.formula_variables import RESERVED

DOCS = Path(__file__).parents[1] / "docs"
FILES = [DOCS / "methods.md", *sorted((DOCS / "methods").glob("*.md"))]
PAGES = {each.stem: each.read_text("utf-8") for each in FILES}
FLAT = {name: " ".join(text.split()) for name, text in PAGES.items()}
PAPERS = (DOCS / "references.md").read_text("utf-8")
CODE = re.compile(r"`[^`]+`")
BLOCK = re.compile(r"^\$\$\n(.+?)\n\$\$$", flags=re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!\$)\$(?!\$)([^$]+)\$(?!\$)")
#: What fMRIPrep, R, scikit-learn and nilearn call things.
OF_OTHERS = {
    *("desc-smoothAROMAnonaggr", "std_dvars", "IterativeImputer", "RidgeCV", "cv.glmnet", "aov"),
    *("t.test", "cor.test", "chisq.test", "fisher.test", "p.adjust"),
}
DOI = re.compile(r"doi:(10\.[^\]\s]+)")


def slug(heading):
    """Return the anchor that GitHub and Sphinx make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def equations(text):
    """Return displayed equations, then those within lines."""
    plain = CODE.sub("", text)
    return BLOCK.findall(plain) + INLINE.findall(BLOCK.sub("", plain))


def entries():
    """Return the text of each reference by its anchor."""
    parts = re.split(r"^## ", PAPERS, flags=re.MULTILINE)[1:]
    return {slug(part.splitlines()[0]): part for part in parts}


@pytest.mark.parametrize("name", PAGES)
def test_equations_can_be_drawn(name):
    converter = pytest.importorskip("docutils.utils.math.latex2mathml")
    found = equations(PAGES[name])
    assert found
    for each in found:
        assert "<math" in converter.tex2mathml(each), each


@pytest.mark.parametrize("name", PAGES)
def test_equations_survive_markdown(name):
    text = CODE.sub("", PAGES[name])
    assert text.count("$$") == 2 * len(BLOCK.findall(text))
    within = BLOCK.sub("", text)
    assert within.count("$") == 2 * len(INLINE.findall(within))
    for each in equations(text):
        # A backslash before a sign, stars, and marks of lists and quotations are Markdown's own.
        assert not re.search(r"\\[^A-Za-z]|\*", each), each
        assert not re.search(r"\n[-+=>#]", each), each
    for line in within.splitlines():
        for found in INLINE.finditer(line):
            # On GitHub a dollar opens and closes beside blanks and punctuation alone.
            around = line[: found.start()][-1:] + line[found.end() :][:1]
            assert not re.search(r"[\w$-]", around), line
            assert not (line.startswith("|") and "|" in found.group()), line


@pytest.mark.parametrize("name", PAGES)
def test_names_of_code_exist(name):
    named = re.findall(r"`(bids_ketamine(?:\.\w+)+)`", PAGES[name])
    assert named or name == "methods"
    for each in named:
        assert not any(part.startswith("_") for part in each.split(".")), each
        try:
            importlib.import_module(each)
        except ModuleNotFoundError:
            module, _, attribute = each.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), each


def test_every_entry_names_its_code_and_paper():
    for name, text in PAGES.items():
        if name == "methods":
            continue
        for part in re.split(r"^##+ ", text, flags=re.MULTILINE)[1:]:
            assert "bids_ketamine." in part, (name, part.splitlines()[0])


def test_papers_are_cited_and_cited_papers_are_there():
    cited = {
        anchor
        for text in PAGES.values()
        for anchor in re.findall(r"references\.md#([\w-]+)\)", text)
    }
    assert cited == set(entries())
    for anchor, text in entries().items():
        where = re.findall(r"\((methods(?:/\w+)?)\.md\)", text.split("Cited in:")[1])
        wanted = [
            "methods" if name == "methods" else f"methods/{name}"
            for name, page in PAGES.items()
            if f"references.md#{anchor})" in page
        ]
        assert where == wanted, anchor


def test_papers_are_those_of_the_reports():
    headings = [each.splitlines()[0].lower() for each in entries().values()]
    assert headings == sorted(headings)
    of_reports = {doi.lower() for each in REFERENCES.values() for doi in DOI.findall(each)}
    text = PAPERS.replace("&lt;", "<").replace("&gt;", ">")
    here = {doi.lower() for doi in DOI.findall(text)}
    shared = here & of_reports
    assert len(shared) > 30
    for each in REFERENCES.values():
        for doi in DOI.findall(each):
            first = each.split(",")[0].split(" ")[0]
            year = re.search(r"\((\d{4})\)", each)
            matching = [
                anchor
                for anchor, entry in entries().items()
                if year and anchor.startswith(first.lower()) and year.group(1) in anchor
            ]
            # Whoever is in both lists has the same identifier in both.
            assert not matching or doi.lower() in here, each


@pytest.mark.parametrize("path", [*FILES, DOCS / "references.md"], ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+\.md(?:#[\w-]+)?)\)", text):
        file, _, anchor = target.partition("#")
        page = (path.parent / file).resolve()
        assert page.is_file(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
            assert anchor in {slug(each) for each in heads}, target


def test_every_page_of_a_family_is_linked_from_the_index():
    linked = set(re.findall(r"\(methods/(\w+)\.md\)", PAGES["methods"]))
    assert linked == set(PAGES) - {"methods"}


def test_names_are_those_of_studies_and_tables():
    known = set(re.findall(r'"(\w+)"', (DOCS / "study.schema.json").read_text("utf-8")))
    known |= {*RESERVED, *(kind.measure for kind in KINDS.values())}
    for columns in (*GROUP_TABLES.values(), *ELASTIC_NET_TABLES.values(), *PEB_TABLES.values()):
        known |= set(columns)
        for each in columns.values():
            known |= set(each.get("Levels", {}))
    for name, text in PAGES.items():
        for span in re.findall(r"`([^`]+)`", text):
            if not span.startswith("bids_ketamine") and span not in OF_OTHERS:
                unknown = set(re.findall(r"[\w-]+", span)) - known
                assert not unknown, (name, span, unknown)


def test_choices_are_those_there_are():
    for page, names in (
        ("denoising", [each for each in MOTION_SUFFIXES if each != "none"]),
        ("connectivity", [CONN, JOINT, SPM]),
        ("similarity", COVARIANCE_ESTIMATORS),
        ("effective_connectivity", [f"restart: {STALLED}"]),
        ("group_circuits", [*PRECISION_COMPONENTS, *ANALYSES]),
        ("prediction", SELECTIONS),
        ("clinical", [*ERROR_STRATA, "residual", "containment"]),
    ):
        assert [name for name in names if f"`{name}`" not in FLAT[page]] == []
    assert set(RULES) == {"satterthwaite", "kenward_roger", "residual", "containment"}
