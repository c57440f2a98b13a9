"""The documentation's site: equations without a script, API pages, a build that asks nobody."""

import doctest
import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the extra `docs` is not installed")

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
API = {each.stem: each.read_text("utf-8") for each in sorted((DOCS / "api").glob("*.md"))}
AUTOMATIC = re.compile(r"^\.\. automodule:: (\S+)$", re.MULTILINE)
SCRIPTS = {
    f"{page}-{number}": block
    for page in ("installation", "release")
    for number, block in enumerate(
        re.findall(r"^```bash\n(.*?)^```", (DOCS / f"{page}.md").read_text("utf-8"), re.S | re.M)
    )
}


@pytest.fixture
def extension(monkeypatch):
    """Import a module of the site's extensions by name."""
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    return importlib.import_module


@pytest.mark.parametrize(
    "name", ["native_mathml", "equation_layout", "docstrings", "repository_links"]
)
def test_examples_of_extensions_are_true(extension, name):
    assert doctest.testmod(extension(name)).failed == 0


@pytest.mark.parametrize(
    ("latex", "drawn"),
    [
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\frac{a}{2}", "<mfrac><mi>a</mi><mn>2</mn></mfrac>"),
        ("a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        ("X'y", "<msup><mi>X</mi><mo>′</mo></msup><mi>y</mi>"),
        ("x_i'", "<msubsup><mi>x</mi><mi>i</mi><mo>′</mo></msubsup>"),
        ("x''", "<msup><mi>x</mi><mo>′′</mo></msup>"),
        ("x^{'}", "<msup><mi>x</mi><mo>′</mo></msup>"),
        (
            r"\bar x_i",
            '<msub><mover accent="true"><mi>x</mi><mo stretchy="false">ˉ</mo></mover>'
            "<mi>i</mi></msub>",
        ),
        (
            r"\hat b_i^2",
            '<msubsup><mover accent="true"><mi>b</mi><mo stretchy="false">ˆ</mo></mover>'
            "<mi>i</mi><mn>2</mn></msubsup>",
        ),
        (
            r"2 \ln x",
            '<mn>2</mn><mspace width="0.1667em"></mspace><mi>ln</mi>'
            '<mspace width="0.1667em"></mspace><mi>x</mi>',
        ),
        (r"\exp (x)", '<mi>exp</mi><mo stretchy="false">(</mo><mi>x</mi>'),
        (
            r"\lvert x \rvert_1",
            '<mo class="mathopen" stretchy="false" lspace="0" rspace="0">|</mo><mi>x</mi>'
            '<msub><mo stretchy="false" lspace="0" rspace="0">|</mo><mn>1</mn></msub>',
        ),
        (
            r"\frac{\lvert x \rvert}{2}",
            '<mi>x</mi><mo stretchy="false" lspace="0" rspace="0">|</mo></mrow><mn>2</mn></mfrac>',
        ),
        (r"\left| x \right|", "<mrow><mo>|</mo><mi>x</mi><mo>|</mo></mrow>"),
        (r"\text{if } x", "<mtext>if\N{NO-BREAK SPACE}</mtext><mi>x</mi>"),
    ],
)
def test_equations_are_laid_out_as_in_latex(extension, latex, drawn):
    found = extension("native_mathml").mathml(latex, as_block=False)
    assert drawn in found
    assert found.startswith("<math alttext=")
    assert "\n" not in found


def test_displayed_equations_are_blocks_and_line_up(extension):
    mathml = extension("native_mathml").mathml
    assert 'display="block"' in mathml("x", as_block=True)
    assert 'display="block"' not in mathml("x", as_block=False)
    lines = mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", as_block=True)
    assert 'class="ams-align"' in lines
    assert lines.count("<mtr>") == 2
    assert lines.count("<mtd>") == 4


@pytest.mark.parametrize("latex", [r"\nosuchcommand", r"\frac{a", r"\tfrac12", "a & b"])
def test_equations_that_cannot_be_drawn_are_refused(extension, latex):
    from docutils.utils.math import MathError

    with pytest.raises(MathError):
        extension("native_mathml").mathml(latex, as_block=False)


@pytest.mark.parametrize("page", [name for name in API if name != "index"])
def test_api_pages_describe_what_is_there(page):
    modules = AUTOMATIC.findall(API[page])
    headings = re.findall(r"^## (\S+)$", API[page], re.MULTILINE)
    assert headings == modules
    for each in modules:
        assert importlib.util.find_spec(each) is not None, each
    assert f"({page}.md)" in API["index"]
    assert f"\n{page}\n" in API["index"]


def test_api_pages_have_everything_that_the_python_page_presents():
    text = (DOCS / "python.md").read_text("utf-8")
    shown = set(re.findall(r"^from (bids_ketamine\.\S+) import", text, re.MULTILINE))
    for each in re.findall(r"`(bids_ketamine\.[\w.]+)", text):
        while each.count(".") > 2 and not (ROOT / f"{each.replace('.', '/')}.py").exists():
            each = each.rpartition(".")[0]
        shown |= {each} if (ROOT / f"{each.replace('.', '/')}.py").exists() else set()
    described = {module for page in API.values() for module in AUTOMATIC.findall(page)}
    assert len(shown) > 25
    assert shown - described == set()


PAGE = r"""# A page

Inline $x_i$, `$5`, [the code](../package/file.py), [limits](../README.md#limits),
[a folder](../package), [here](#equations).

## Equations

$$
y = X b
$$

```{eval-rst}
.. automodule:: bids_ketamine.core.dcm.recording
   :members:
```

```{toctree}
wrong
```
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build a small site with the settings of the real one."""
    root = tmp_path_factory.mktemp("repository")
    (root / "docs").mkdir()
    (root / "package").mkdir()
    (root / "package" / "file.py").touch()
    (root / "README.md").write_text("# App\n\n## Limits\n", encoding="utf-8")
    (root / "docs" / "index.md").write_text(PAGE, encoding="utf-8")
    wrong = "# Wrong\n\n$\\nosuchcommand$\n"
    (root / "docs" / "wrong.md").write_text(wrong, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-c", DOCS]
    command += ["-w", root / "site" / "warnings.txt", root / "docs", root / "site"]
    (root / "site").mkdir()
    subprocess.run(command, capture_output=True, text=True, check=True)
    return root / "site"


def test_the_site_loads_nothing_from_elsewhere(site):
    html = "".join(each.read_text("utf-8") for each in site.rglob("*.html"))
    loaded = re.findall(r"<(?:script|img|iframe|source)[^>]+?src=\"([^\"]+)\"", html)
    loaded += re.findall(r"<link[^>]+href=\"([^\"]+)\"", html)
    assert len(loaded) > 10
    assert [each for each in loaded if "//" in each] == []
    for each in site.rglob("*.css"):
        text = each.read_text("utf-8")
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", text), each
    assert "mathjax" not in html.lower()
    assert (site / "searchindex.js").stat().st_size > 100


def test_the_site_has_equations_links_and_fields(site):
    html = (site / "index.html").read_text("utf-8")
    assert '<math alttext="x_i"><msub><mi>x</mi><mi>i</mi></msub></math>' in html
    assert re.search(r'<div class="equation[^>]*>\s*<math alttext="y = X b" display="block">', html)
    assert "$5" in html
    repository = "https://github.com/bids-apps/bids_ketamine"
    assert f'href="{repository}/blob/main/package/file.py"' in html
    assert f'href="{repository}/tree/main/package"' in html
    assert f'href="{repository}/blob/main/README.md#limits"' in html
    assert 'href="#equations"' in html
    assert "Attributes" in html
    assert "Alias for field" not in html
    words = re.sub(r"<[^>]+>", "", html)
    assert "series (ndarray of shape (n_scans, n_regions)) – BOLD series, percent" in words


def test_an_equation_that_cannot_be_drawn_is_a_warning(site):
    """Which ends a strict build; there is no other one in this build."""
    (warning,) = (site / "warnings.txt").read_text("utf-8").splitlines()
    told = "wrong.md:3: WARNING: equation `\\nosuchcommand` cannot be drawn: Unknown LaTeX command"
    assert told in warning
    assert "<code>\\nosuchcommand</code>" in (site / "wrong.html").read_text("utf-8")


@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_commands_can_be_read(name):
    done = subprocess.run(["bash", "-n"], input=SCRIPTS[name], text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_array_job_runs_the_app_on_one_participant(tmp_path):
    (script,) = (each for each in SCRIPTS.values() if each.startswith("#!/bin/bash\n#SBATCH"))
    (tmp_path / "trial").mkdir()
    rows = "participant_id\tarm\nsub-01\tketamine\nsub-07\tplacebo\nsub-09\tplacebo\n"
    (tmp_path / "trial" / "participants.tsv").write_text(rows)
    stand_in = tmp_path / "apptainer"
    stand_in.write_text(f'#!/bin/bash\nls {tmp_path}/node > {tmp_path}/seen\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    (tmp_path / "node").mkdir()
    done = subprocess.run(
        ["bash"],
        input=script.replace("/project/", f"{tmp_path}/"),
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "TMPDIR": f"{tmp_path}/node",
            "SLURM_ARRAY_TASK_ID": "2",
            "SLURM_CPUS_PER_TASK": "2",
            "SLURM_MEM_PER_NODE": "8192",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.split("\n")[:-1]
    scratch = (tmp_path / "seen").read_text().strip()
    image = f"{tmp_path}/bids_ketamine-0.1.0.sif"
    binds = [f"{tmp_path}/trial:/data:ro", f"{tmp_path}/study:/study:ro"]
    binds += [f"{tmp_path}/results:/results", f"{tmp_path}/node/{scratch}:/scratch"]
    assert words[:11] == ["run", "--cleanenv", *(w for b in binds for w in ("-B", b)), image]
    assert list((tmp_path / "node").iterdir()) == []

    from bids_ketamine.cli.parser import parse_arguments

    options = parse_arguments([str(tmp_path / "trial"), *words[12:]])
    assert options.participant_labels == ("07",)
    assert (options.n_procs, options.study) == (2, "/study/study.yml")
    assert str(options.work_dir) == "/scratch"


@pytest.mark.parametrize("end", ["", "\n"], ids=["no final newline", "final newline"])
def test_every_participant_has_a_job_and_the_group_waits(tmp_path, end):
    (script,) = (each for each in SCRIPTS.values() if "--parsable" in each)
    (tmp_path / "trial").mkdir()
    rows = f"participant_id\tarm\nsub-01\tketamine\nsub-07\tplacebo\nsub-09\tplacebo{end}"
    (tmp_path / "trial" / "participants.tsv").write_text(rows)
    stand_in = tmp_path / "sbatch"
    stand_in.write_text(f'#!/bin/bash\nprintf "%s\\n" "$*" >> {tmp_path}/asked\necho 41\n')
    stand_in.chmod(0o755)
    subprocess.run(
        ["bash"],
        input=script.replace("/project/", f"{tmp_path}/"),
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    jobs, group = (tmp_path / "asked").read_text().splitlines()
    assert jobs == "--parsable --array=1-3 bids_ketamine.sbatch"
    assert group.startswith("--dependency=afterany:41 ")
    assert group.endswith(" /data /results group --study /study/study.yml --nprocs 4")
