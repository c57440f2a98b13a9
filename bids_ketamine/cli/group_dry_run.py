"""What the group level would go over: results per session, tables of the study, its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.group_dry_run_statistics import statistics
from bids_ketamine.cli.group_readiness import Readiness, readiness
from bids_ketamine.cli.words import counted, wrapped
from bids_ketamine.errors import InputMissingError
from bids_ketamine.study.check_elastic_net import entering_covariates

if TYPE_CHECKING:
    from collections.abc import Callable

    from bids_ketamine.cli.trial import Trial
    from bids_ketamine.study.spec import StudySpec

#: What is said of a study without imaging.
SCORES_ALONE = "The study has no imaging: the group level goes over clinical scores alone."


def describe_group(
    trial: Trial, *, own: StudySpec, plan: str = "", hide: Callable[[str], str] = str
) -> tuple[str, int]:
    """Describe what a run of the group level would read, without computing.

    Parameters
    ----------
    trial : Trial
        Folders, and the study as it may be shown.
    own : StudySpec
        The study with its own labels of arms, by which tables are read.
    plan : str, optional
        A line on the plan.
    hide : callable, optional
        Takes labels out of a sentence while arms are blinded.

    Returns
    -------
    text : str
        For the user.
    code : int
        Exit code as the run itself would end with, as far as tables tell.
    """
    spec = trial.study.spec
    files = sorted(trial.output_dir.glob("sub-*/**/*_measures.tsv"))
    has_imaging = spec.has_imaging
    tables = _tables(spec, trial.bids_dir)
    participants = tuple(dict.fromkeys(map(_participant, files)))
    ready = readiness(trial.bids_dir, own, with_measures=participants)
    blocks = [
        ["Dry run of the group level: nothing is computed, nothing is written."],
        [
            f"study    {spec.name} ({trial.study.source})",
            f"dataset  {trial.bids_dir}",
            f"results  {trial.output_dir}",
            *([plan] if plan else []),
        ],
        ["notices:", *(f"  - {each}" for each in trial.study.notices)]
        if trial.study.notices
        else [],
        _results(files) if has_imaging else [SCORES_ALONE],
        ["tables:", *tables] if tables else [],
        _scores(ready),
        _listed("statistics:", statistics(spec)),
        _elastic_net(spec, trial.bids_dir),
        _listed("warnings:", ready.empty),
        _listed("The run would stop at:", [hide(str(each)) for each in ready.problems]),
    ]
    text = "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
    if has_imaging and not files:
        return text, InputMissingError.exit_code
    return text, ready.problems[0].exit_code if ready.problems else 0


def _listed(head: str, sentences: Sequence[str]) -> list[str]:
    lines = [line for each in sentences for line in wrapped("  - ", each)]
    return [head, *lines] if lines else []


def _scores(ready: Readiness) -> list[str]:
    if not ready.scores:
        return []
    lines = [line for each in ready.scores for line in wrapped("  ", each)]
    return ["participants with a score:", *lines]


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
    if spec.crossover is not None:
        uses = wanted.setdefault("participants", [])
        uses += [_Use("periods of the crossover", column) for column in spec.crossover.columns]
    covariates = {each.name for each in spec.covariates}
    for covariate in spec.participant_variables:
        purpose = "covariate" if covariate.name in covariates else "variable of table_one"
        use = _Use(purpose, covariate.column or covariate.name, covariate.optional)
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
        words.append(f"optional columns that are not there: {', '.join(optional)}")
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
