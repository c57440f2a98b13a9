"""The plan of a dry run as plain text of 100 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.dry_run import Analysis
from bids_ketamine.cli.estimates import REPORT_SECONDS, START_SECONDS
from bids_ketamine.cli.words import WIDTH, counted, duration, wrapped

if TYPE_CHECKING:
    from bids_ketamine.regions.sources import RegionSource
    from bids_ketamine.study.load import Study
    from bids_ketamine.study.spec import SessionSpec

#: Regions that are told one by one.
MOST_REGIONS = 12


def render(
    analyses: Sequence[Analysis],
    *,
    study: Study,
    regions: Sequence[RegionSource],
    bids_dir: Path,
    derivatives: Mapping[str, Path],
    output_dir: Path,
    n_procs: int,
) -> str:
    """Return the plan as plain text of at most 100 columns (long paths apart).

    Parameters
    ----------
    analyses : sequence of Analysis
        The plan.
    study : Study
        The study, for its notices and sessions.
    regions : sequence of RegionSource
        What its regions are made of.
    bids_dir, output_dir : Path
        Raw dataset and folder of results.
    derivatives : mapping of str to Path
        Derivative datasets.
    n_procs : int
        Processes that will work.
    """
    blocks = [
        ["Dry run: nothing is computed, nothing is written."],
        [
            f"study        {study.spec.name} ({study.source})",
            f"dataset      {bids_dir}",
            *(f"derivatives  {name} = {folder}" for name, folder in derivatives.items()),
            f"output       {output_dir}",
            *wrapped("sessions     ", ", ".join(_meaning(each) for each in study.spec.sessions)),
            *_regions(regions),
        ],
        _notices(study.notices),
        *_tables(analyses),
        _totals(analyses, n_procs=n_procs),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _meaning(session: SessionSpec) -> str:
    if session.mean_of:
        return f"{session.name} = mean of {' and '.join(session.mean_of)}"
    if session.unlabelled:
        return f"{session.name} (no session folders)"
    if not session.scanned:
        return f"{session.name} (no images)"
    if session.column is not None:
        pairs = ", ".join(f"{value}: ses-{label}" for value, label in session.labels.items())
        return f"{session.name} = by column {session.column} ({pairs})"
    return f"{session.name} = ses-{session.label or session.name}"


def _regions(regions: Sequence[RegionSource]) -> list[str]:
    """Return what each region is made of; of many, the first and their number."""
    if not regions:
        return []
    told = [f"{region.name} ({region.origin})" for region in regions[:MOST_REGIONS]]
    if len(regions) > MOST_REGIONS:
        told.append(f"and {len(regions) - MOST_REGIONS} more")
    return wrapped("regions      ", "; ".join(told))


def _notices(notices: Sequence[str]) -> list[str]:
    if not notices:
        return []
    return ["notices:", *(f"  - {notice}" for notice in notices)]


def _tables(analyses: Sequence[Analysis]) -> list[list[str]]:
    """Return the table of methods, and the numbered reasons that it refers to."""
    numbers: dict[str, int] = {}
    rows = [("participant", "session", "method", "status", "time", "memory")]
    details = ["uses [reasons and notes below]"]
    for each in analyses:
        noted = [numbers.setdefault(reason, len(numbers) + 1) for reason in each.reasons]
        details.append(
            " ".join(
                [
                    each.uses,
                    *(f"[{number}]" for number in noted),
                    *(["(has results)"] if each.computed else []),
                ]
            ).strip()
        )
        rows.append(
            (
                f"sub-{each.participant}",
                each.session,
                each.method,
                each.status,
                duration(each.cost.seconds) if each.can_run else "-",
                f"{each.cost.memory_gb:.1f} GB" if each.can_run else "-",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = []
    for row, detail in zip(rows, details, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        table += wrapped("  ".join(cells) + "  ", detail)
    table.insert(1, "-" * WIDTH)
    reasons = [
        line
        for reason, number in numbers.items()
        for line in wrapped(f"  [{number}]".ljust(7), reason)
    ]
    return [table, ["reasons and notes:", *reasons]] if reasons else [table]


def _totals(analyses: Sequence[Analysis], *, n_procs: int) -> list[str]:
    ready = [each for each in analyses if each.can_run]
    sessions = {(each.participant, each.session) for each in ready}
    participants = {each.participant for each in ready}
    lines = [
        f"{len(ready)} of {counted(len(analyses), 'analysis', 'analyses')} can run, in "
        f"{counted(len(sessions), 'session')} of {counted(len(participants), 'participant')}."
    ]
    if not ready:
        return lines
    fixed = START_SECONDS + REPORT_SECONDS * len(participants)
    total = sum(each.cost.seconds for each in ready)
    longest = max(each.cost.seconds for each in ready)
    largest = sorted((each.cost.memory_gb for each in ready), reverse=True)[:n_procs]
    lines.append(
        f"Expected: about {duration(total + fixed)} with one process, "
        f"{duration(max(longest, total / n_procs) + fixed)} with --nprocs {n_procs}; "
        f"memory {largest[0]:.1f} GB for the largest step, up to {sum(largest):.1f} GB together."
    )
    return [line for text in lines for line in wrapped("", text)]
