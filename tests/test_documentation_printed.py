"""The tables of docs/printed: recorded as they were printed, shown on a page, and told truly."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from benchmarks import record

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PRINTED = sorted((DOCS / "printed").glob("*.txt"))
VALIDATION = (DOCS / "validation.md").read_text("utf-8")
PERFORMANCE = (DOCS / "performance.md").read_text("utf-8")
REFERENCES = ROOT.parent / "shared" / "reference"
CONDITIONS = re.compile(
    r"# bids_ketamine \S+, \d{4}-\d\d-\d\d, \d+ processors?, Python [\d.]+, NumPy [\d.]+, "
    r"[\d.]+ (s|min|h), exit code (\d+)"
)


def words(text: str) -> str:
    return " ".join(text.split())


def parts(name: str) -> tuple[str, str, str]:
    """Return command, conditions and table of a record."""
    text = (DOCS / "printed" / f"{name}.txt").read_text("utf-8")
    command, conditions, table = text.split("\n", maxsplit=2)
    return command, conditions, table.strip()


def verdicts(name: str) -> tuple[int, int, int]:
    """Return how many cases of a comparison were listed, compared and passed."""
    last = parts(name)[2].splitlines()[-1]
    found = re.fullmatch(r"listed (\d+), compared (\d+), passed (\d+)(?:, .*)?", last)
    assert found is not None, last
    return tuple(map(int, found.groups()))


@pytest.mark.parametrize("path", PRINTED, ids=lambda each: each.stem)
def test_a_record_tells_its_command_and_nothing_of_its_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    command, conditions, table = parts(path.stem)
    module, *arguments = record.command_of(path.stem, REFERENCES)[0]
    assert command == " ".join(["$ python -m", module, *arguments])
    found = CONDITIONS.fullmatch(conditions)
    assert found is not None, conditions
    assert table
    assert "Traceback" not in text
    assert not re.search(r"(?<![\w.])/(work|home|root|tmp|usr|opt)/", text)
    assert socket.gethostname() not in text or len(socket.gethostname()) < 4
    missed = bool(re.search(r"NOT MET|MISSED|\bFAIL\b|DO NOT AGREE", table))
    assert missed == (found[2] == "1")


@pytest.mark.parametrize("path", PRINTED, ids=lambda each: each.stem)
def test_a_record_is_shown_and_linked_on_one_page(path: Path) -> None:
    page = VALIDATION if path.stem.startswith("parity") else PERFORMANCE
    assert f"```{{literalinclude}} printed/{path.name}\n```" in page
    assert f"](printed/{path.name})" in page


@pytest.mark.parametrize("page", ["validation", "performance"])
def test_what_a_page_shows_is_there(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text("utf-8")
    shown = re.findall(r"\{literalinclude\} (\S+)", text)
    assert shown
    assert [name for name in shown if not (DOCS / name).is_file()] == []


@pytest.mark.parametrize(
    ("names", "start"),
    [
        (["glm"], "| first level | SPM12, MarsBaR |"),
        (["gppi", "rsa"], "| connectivity and similarity | CONN, SPM12, RSA toolbox |"),
        (["elastic_net"], "| elastic net | R's glmnet |"),
        (["group_stats"], "| group statistics |"),
    ],
    ids=["glm", "connectivity", "elastic_net", "group_stats"],
)
def test_totals_of_validation_are_those_printed(names: list[str], start: str) -> None:
    (line,) = (each for each in VALIDATION.splitlines() if each.startswith(start))
    counts = [verdicts(f"parity-{name}") for name in names]
    listed, compared, passed = (sum(each) for each in zip(*counts, strict=True))
    assert listed == compared
    assert [cell.strip() for cell in line.split("|")[3:5]] == [str(listed), str(passed)]


def test_totals_of_circuits_and_of_all_are_those_printed() -> None:
    rows = [line.split("|") for line in VALIDATION.splitlines() if line.count("|") == 7]
    told = {
        row[1].strip(): [int(cell) for cell in row[3:5]] for row in rows if "0" <= row[3][1] <= "9"
    }
    table = parts("parity-dcm_peb")[2].splitlines()
    quantities = [line.split()[1] for line in table[2:-2]]
    groups = sum(each.startswith(("peb", "bmr")) for each in quantities)
    assert told["reduction and parametric empirical Bayes"] == [groups, groups]
    own = len(quantities) - groups
    assert told["dynamic causal models of one participant"] == [own, own]
    assert verdicts("parity-dcm_peb") == (len(quantities),) * 3
    everything = told.pop("all")
    assert everything == [sum(each) for each in zip(*told.values(), strict=True)]


def test_end_to_end_is_told_as_printed() -> None:
    listed, _, passed = verdicts("parity-dcm_peb-end_to_end")
    assert f"{passed} of all {listed}" in words(VALIDATION)
    table = parts("parity-dcm_peb-end_to_end")[2]
    failed = [line.split()[0] for line in table.splitlines() if re.search(r"\bFAIL\b", line)]
    assert len(failed) == listed - passed == 23
    assert all(each.startswith("level2_real/") for each in failed)


@pytest.mark.parametrize("name", ["glm", "gppi", "rsa", "dcm_peb", "elastic_net", "group_stats"])
def test_printed_cases_are_those_of_the_references(name: str) -> None:
    manifest = REFERENCES / name / "manifest.json"
    if not manifest.is_file():
        pytest.skip("reference results are not beside the project")
    cases = {case["id"] for case in json.loads(manifest.read_text("utf-8"))["cases"]}
    lines = parts(f"parity-{name}")[2].splitlines()[2:-2]
    assert {line.split()[0] for line in lines} == cases


def test_numbers_of_performance_are_those_printed() -> None:
    page = words(PERFORMANCE)
    line = next(each for each in parts("noise_only")[2].splitlines() if "spm, regions" in each)
    assert f"{100 * float(line.split()[4]):.1f} % of regions below .05" in page
    shares = [float(each) for each in re.findall(r"(\d+) % of the truth", parts("coupling")[2])]
    conn = [
        float(line.split("%")[1].split()[0])
        for line in parts("coupling")[2].splitlines()
        if " conn " in line and "% of the truth" in line
    ]
    assert f"`conn` gives {min(conn):.0f} to {max(conn):.0f} % of a planted difference" in page
    assert shares
    assert page.count("not all met") == 2


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what records a module of some code; None if nothing was recorded."""

    def run(code: str) -> tuple[int, str | None]:
        (tmp_path / "fake.py").write_text(code, "utf-8")
        monkeypatch.setattr(record, "command_of", lambda *_: (["fake", "--all"], tmp_path))
        status = record.record("fake", tmp_path / "printed", tmp_path)
        path = tmp_path / "printed" / "fake.txt"
        return status, path.read_text("utf-8") if path.is_file() else None

    return run


def test_what_is_printed_is_kept_and_shown(recorded, capfd: pytest.CaptureFixture[str]) -> None:
    status, text = recorded("import sys\nprint('a  table')\nprint('half', file=sys.stderr)")
    assert status == 0
    command, conditions, empty, table = text.splitlines()
    assert (command, empty, table) == ("$ python -m fake --all", "", "a  table")
    assert CONDITIONS.fullmatch(conditions)[2] == "0"
    told = capfd.readouterr()
    assert (told.out, told.err) == ("a  table\n", "half\n")


def test_a_missed_target_is_recorded_with_its_exit_code(recorded) -> None:
    status, text = recorded("print('x  NOT MET')\nraise SystemExit(1)")
    assert status == 0
    assert "exit code 1\n" in text
    assert text.endswith("x  NOT MET\n")


@pytest.mark.parametrize(
    "end",
    ["raise SystemExit(2)", "raise ValueError", "import os; os.kill(os.getpid(), 15)"],
    ids=["refused", "crashed", "terminated"],
)
def test_what_did_not_end_is_not_recorded(recorded, end: str) -> None:
    assert recorded(f"print('half a table', flush=True)\n{end}") == (1, None)


def test_paths_into_the_project_are_relative_in_a_record(recorded) -> None:
    inside = f"print({(ROOT / 'benchmark-results' / 'x').as_uri()!r}, {str(ROOT / 'y')!r})"
    assert recorded(inside)[1].endswith("\n\nbenchmark-results/x y\n")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("coupling", ["benchmarks.coupling"]),
        ("first_level-session", ["benchmarks.first_level", "--session"]),
        ("parity-glm", ["tests.parity", "glm"]),
        ("parity-dcm_peb-end_to_end", ["tests.parity", "--end-to-end", "dcm_peb"]),
    ],
)
def test_commands_by_name(name: str, command: list[str]) -> None:
    found, place = record.command_of(name, REFERENCES)
    assert found == command
    assert place == (REFERENCES if name.startswith("parity") else record.ROOT)


def test_every_benchmark_of_make_can_be_recorded() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    listed = re.search(r"^BENCHMARKS := (.*)$", makefile, flags=re.MULTILINE)[1]
    names = re.findall(r'"[^"]+"|\S+', listed)
    assert {each.strip('"').replace(" --", "-") for each in names} <= set(record.COMMANDS)


def test_durations_are_short() -> None:
    told = [record.duration(each) for each in (4.6, 200.0, 9000.0)]
    assert told == ["5 s", "3.3 min", "2.5 h"]


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        record.main(["coupling", "nothing"])
    assert left.value.code == 2
    assert "unknown: nothing (see --list)" in capsys.readouterr().err
