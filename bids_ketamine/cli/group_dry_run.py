"""What the group level would go over: results per session, and the tables of the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.words import counted, wrapped
from bids_ketamine.study.check_elastic_net import entering_covariates

if TYPE_CHECKING:
    from bids_ketamine.cli.trial import Trial
    from bids_ketamine.study.spec import StudySpec


def describe_group(trial: Trial) -> tuple[str, bool]:
    """Describe what a run of the group level would read, without computing.

    Parameters
    ----------
    trial : Trial
        Folders and study.

    Returns
    -------
    text : str
        For the user.
    can_run : bool
        Whether there are results to go over.
    """
    files = sorted(trial.output_dir.glob("sub-*/**/*_measures.tsv"))
    tables = _tables(trial.study.spec, trial.bids_dir)
    blocks = [
        ["Dry run of the group level: nothing is computed, nothing is written."],
        [
            f"study    {trial.study.spec.name} ({trial.study.source})",
            f"dataset  {trial.bids_dir}",
            f"results  {trial.output_dir}",
        ],
        ["notices:", *(f"  - {each}" for each in trial.study.notices)]
        if trial.study.notices
        else [],
        _results(files),
        ["tables:", *tables] if tables else [],
        _elastic_net(trial.study.spec, trial.bids_dir),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n", bool(files)


def _results(files: Sequence[Path]) -> list[str]:
    if not files:
        return ["No results of the participant level were found: run it first."]
    counts = Counter(
        file.parent.name if file.parent.name.startswith("ses-") else "(no session folder)"
        for file in files
    )
    participants = {_participant(file) for file in files}
    return [
        f"results of {counted(len(participants), 'participant')}:",
        *(
            f"  {session}: {counted(count, 'participant')}"
            for session, count in sorted(counts.items())
        ),
    ]


def _participant(file: Path) -> str:
    return file.name.split("_")[0]


@dataclass(frozen=True)
class _Use:
    """A column of a table, what for, and whether the group level goes on without it."""

    purpose: str
    column: str
    optional: bool = False


def _tables(spec: StudySpec, bids_dir: Path) -> list[str]:
    """Return a line for each table of the raw dataset that the study reads, and its columns."""
    wanted: dict[str, list[_Use]] = {}
    if spec.arms is not None:
        wanted.setdefault("participants", []).append(_Use("arms", spec.arms.column))
    for outcome in spec.outcomes:
        columns = [
            outcome.column,
            outcome.change_column,
            *outcome.items,
            *(outcome.columns or {}).values(),
        ]
        uses = wanted.setdefault(outcome.table, [])
        uses += [_Use(f"outcome {outcome.name}", column) for column in columns if column]
    for covariate in spec.covariates:
        use = _Use("covariate", covariate.column or covariate.name, covariate.optional)
        wanted.setdefault(covariate.table, []).append(use)
    return [
        line
        for table, uses in wanted.items()
        for line in wrapped("  ", f"{_shown(table)}: {_state(table, uses, bids_dir)}")
    ]


def _shown(table: str) -> str:
    return "participants.tsv" if table == "participants" else f"phenotype/{table}.tsv"


def _state(table: str, uses: Sequence[_Use], bids_dir: Path) -> str:
    header = _header(bids_dir / _shown(table))
    if header is None:
        return f"missing, needed for {', '.join(dict.fromkeys(use.purpose for use in uses))}"
    absent = [use for use in uses if use.column not in header]
    needed = [f"{use.column} ({use.purpose})" for use in absent if not use.optional]
    optional = [use.column for use in absent if use.optional]
    words = [f"lacks {', '.join(needed)}" if needed else "ready"]
    if optional:
        words.append(f"optional covariates that are not there: {', '.join(optional)}")
    return "; ".join(words)


def _header(path: Path) -> list[str] | None:
    """Return the names of a table's columns; None where it is not there."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        return stream.readline().rstrip("\r\n").split("\t")


def _elastic_net(spec: StudySpec, bids_dir: Path) -> list[str]:
    """Say what the elastic net takes of the dataset's tables, and what of it is not there."""
    section = spec.elastic_net
    if section is None:
        return []
    everywhere, at_baseline = entering_covariates(spec)
    absent = [
        each
        for each in (*everywhere, *at_baseline)
        if (each.column or each.name) not in (_header(bids_dir / _shown(each.table)) or ())
    ]
    concurrent = section.concurrent_outcome
    lines = {
        "outcome": f"improvement of {section.outcome}"
        + (f"; that of {concurrent} in the third model" if concurrent else ""),
        "covariates": ", ".join(each.name for each in everywhere),
        "of baseline models alone": ", ".join(each.name for each in at_baseline),
        "left out, for it is not there": ", ".join(each.name for each in absent if each.optional),
        "not there, and no model has a result without": ", ".join(
            each.name for each in absent if not each.optional
        ),
    }
    told = [wrapped("  ", f"{head}: {text}") for head, text in lines.items() if text]
    return ["elastic net:", *(line for each in told for line in each)]
