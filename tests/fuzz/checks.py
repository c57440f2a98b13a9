"""What holds after the app has met damaged input."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.cli.missing_inputs import Shortfall, shortfall
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.outputs.tables import read_table
from tests.fuzz.case import Case
from tests.fuzz.harness import GOOD, SESSION, Run

#: What is said where nobody foresaw the error: its class instead of a sentence.
UNFORESEEN = re.compile(
    r"Traceback \(most recent|unexpected \w+|(?:^|[ :])(?!BidsKetamine)[A-Z]\w*(?:Error|Exception|"
    r"Warning|Interrupt|Exit)\b(?!`)"
)
#: Something a terminal would obey.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
LONGEST_SENTENCE = 700


@dataclass(frozen=True)
class Verdict:
    """What came of a damaged input.

    Attributes
    ----------
    code : int
        Exit code.
    sentence : str
        What was told or recorded.
    problems : tuple of str
        What should have been otherwise.
    """

    code: int
    sentence: str
    problems: tuple[str, ...]


def judge_participant(case: Case, run: Run, reference: Run) -> Verdict:
    """Judge what came of one damaged participant of a run over several."""
    record = _json(run.out / "logs" / f"sub-{case.label}_errors.json")
    # The label tells what is wrong: it must not pass for what is said of it.
    errors = [each["Message"].replace(case.label, "X") for each in record.get("Errors", ())]
    left_out = [
        f"{each['What']}: {each['Reason']}".replace(case.label, "X")
        for each in record.get("Missing", ())
    ]
    notes = [each.replace(case.label, "X") for each in notes_of(run.out, case.label)]
    code = _code_of(
        run,
        case.label,
        errors,
        [Missing(each["What"], each["Reason"]) for each in record.get("Missing", ())],
    )
    found, problems = _judge(case, code, {"refused": errors, "missing": left_out}, notes)
    spoken = [
        line.replace(case.label, "X")
        for line in run.told.splitlines()
        if f"sub-{case.label} " in line
    ]
    if case.outcome.kind in ("refused", "missing") and not _first(spoken, case.outcome.told):
        problems.append("not told on standard error")
    if case.outcome.kind == "refused" and _measures(run.out, case.label).exists():
        problems.append("a session that failed has measures")
    if case.outcome.same and _values(run.out, case.label) != _values(reference.out, GOOD[0]):
        problems.append("the values are not those of the undamaged input")
    report = run.out / f"sub-{case.label}.html"
    if case.outcome.kind == "accepted":
        pass  # those runs write no reports
    elif not report.is_file():
        problems.append("no report")
    elif "<script>alert" in report.read_text(encoding="utf-8"):
        problems.append("a cell of a table is code in the report")
    problems += _unclear([*errors, *left_out, *spoken])
    return Verdict(code, found, tuple(problems))


def judge_run(case: Case, run: Run, reference: Run) -> Verdict:
    """Judge what came of a run of its own."""
    # The folder bears the name of the case: it must not pass for what is said of it.
    told = run.told.replace(f"{run.folder}/", "").replace("\n  - ", " - ").splitlines()
    notes = [*told, *group_notes(run.out)]
    for label in participants(run.out) if case.level == "participant" else ():
        record = _json(run.out / "logs" / f"sub-{label}_errors.json")
        notes += [f"{each['What']}: {each['Reason']}" for each in record.get("Missing", ())]
        notes += notes_of(run.out, label)
    problems: list[str] = []
    recorded = {"refused": [each for each in told if "error: " in each], "missing": told}
    found, problems = _judge(case, run.code, recorded, notes)
    if case.outcome.same:
        problems += differences(run, reference, case.level)
    refused = case.outcome.kind == "refused"
    if refused and case.level == "group" and (run.out / "group").exists():
        problems.append("group tables in spite of the error")
    problems += _unclear([each for each in told if "error: " in each or "warning: " in each])
    problems += undamaged_problems(run)
    return Verdict(run.code, found.partition("bids_ketamine: error: ")[2] or found, tuple(problems))


def undamaged_problems(run: Run) -> list[str]:
    """Return what is wrong with a run as a whole."""
    problems = ["the input is another one afterwards"] if run.touched else []
    if UNFORESEEN.search(run.told):
        line = next(each for each in run.told.splitlines() if UNFORESEEN.search(each))
        problems.append(f"an error that nobody foresaw: {line[:300]}")
    return problems


def differences(run: Run, reference: Run, level: str) -> list[str]:
    """Compare results of undamaged participants, or group tables, byte by byte."""
    patterns = ["group/*.tsv"] if level == "group" else [f"sub-{each}/**/*" for each in GOOD]
    if level != "group":
        patterns = [each for each in patterns if (run.folder / "bids" / each[:9]).exists()]
    problems = []
    for pattern in patterns:
        names = {
            path.relative_to(reference.out)
            for path in reference.out.glob(pattern)
            if path.name.endswith((".tsv", ".nii.gz"))
        }
        for name in sorted(names):
            if not (run.out / name).is_file():
                problems.append(f"{name} is not there")
            elif _content(run.out / name) != _content(reference.out / name):
                problems.append(f"{name} differs from that of an undamaged run")
    return problems


def participants(out: Path) -> list[str]:
    """Return whoever has a record of how the sessions ended."""
    return sorted(
        path.name[len("sub-") : -len("_errors.json")]
        for path in (out / "logs").glob("sub-*_errors.json")
    )


def notes_of(out: Path, label: str) -> list[str]:
    """Return notes and reasons that stand with a participant's measures."""
    path = _measures(out, label)
    if not path.is_file():
        return [
            f"{each['What']}: {each['Reason']}"
            for each in _json(out / "logs" / f"sub-{label}_errors.json").get("Missing", ())
        ]
    sidecar = _json(path.with_suffix(".json"))
    notes = [note for run in sidecar.get("Runs", ()) for note in run.get("Notes", ())]
    notes += sidecar.get("Notices", [])
    notes += [f"{each['What']}: {each['Reason']}" for each in sidecar.get("Missing", ())]
    reasons = read_table(path)["reason"].dropna()
    return [*notes, *dict.fromkeys(str(each) for each in reasons)]


def group_notes(out: Path) -> list[str]:
    """Return all reasons of the group tables, and the notes of the group level."""
    notes: list[str] = []
    for path in sorted((out / "group").glob("*.tsv")):
        table = read_table(path)
        for name in table.columns:
            if "reason" in str(name) or str(name) in ("note", "exclusion"):
                notes += [f"{each}" for each in table[name].dropna().unique()]
    for path in sorted((out / "group").glob("*.json")):
        notes += [str(each) for each in _json(path).get("Notes", ())]
    return notes


def _judge(
    case: Case, code: int, recorded: dict[str, list[str]], notes: list[str]
) -> tuple[str, list[str]]:
    outcome = case.outcome
    everything = [*recorded["refused"], *recorded["missing"], *notes]
    problems = []
    if code != outcome.code:
        problems.append(f"exit code {code}, not {outcome.code}")
    where = recorded.get(outcome.kind, everything)
    found = _first(where, outcome.told) if outcome.told else None
    if outcome.told and found is None:
        problems.append(f"nothing {outcome.kind} with /{outcome.told}/")
    return found or next(iter(everything), ""), problems


def _code_of(run: Run, label: str, errors: Sequence[str], left_out: Sequence[Missing]) -> int:
    """Return the exit code that a participant alone would have given."""
    if errors:
        told = sorted((run.folder / "work" / "errors").glob(f"sub_{label}_ses_{SESSION}.*.json"))
        codes = {int(_json(path)["ExitCode"]) for path in told}
        return codes.pop() if len(codes) == 1 else 1
    unusable = [each for each in left_out if shortfall(each) is Shortfall.UNUSABLE]
    return 66 if unusable else 0


def _first(sentences: Sequence[str], pattern: str) -> str | None:
    return next((each for each in sentences if re.search(pattern, each)), None)


def _unclear(sentences: Sequence[str]) -> list[str]:
    problems = []
    for each in dict.fromkeys(sentences):
        if UNFORESEEN.search(each):
            problems.append(f"an error that nobody foresaw: {each[:300]}")
        if CONTROL.search(each):
            problems.append(f"a control character in {each[:80]!r}")
        longest = max(len(part) for part in each.split(" - line "))
        if longest > LONGEST_SENTENCE:
            problems.append(f"a sentence of {longest} characters")
        if not each.strip():
            problems.append("an empty sentence")
    return problems


def _measures(out: Path, label: str) -> Path:
    return out / f"sub-{label}" / f"ses-{SESSION}" / f"sub-{label}_ses-{SESSION}_measures.tsv"


def _values(out: Path, label: str) -> list[tuple[str, ...]]:
    path = _measures(out, label)
    if not path.is_file():
        return []
    table = read_table(path).astype(object).fillna("n/a")
    columns = ["measure", "regions", "value", "n_volumes_kept", "coverage", "reason"]
    return [tuple(map(str, row)) for row in table[columns].to_numpy()]


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.name.endswith(".gz") else data


def _json(path: Path) -> dict[str, list]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # not there, or damaged and left as it was
        return {}
