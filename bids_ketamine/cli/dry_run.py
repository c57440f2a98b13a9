"""What a run would do: files of each method in each session, what is missing, what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.dry_run_methods import methods
from bids_ketamine.cli.estimates import (
    Cost,
    ImageSize,
    estimate,
    read_image_size,
)
from bids_ketamine.cli.missing_inputs import Shortfall, shortfall
from bids_ketamine.errors import BidsKetamineError, InputDataError
from bids_ketamine.study.measure_names import ANATOMY

if TYPE_CHECKING:
    from bids_ketamine.dataset.inputs import Missing, RunInputs, SessionInputs
    from bids_ketamine.study.load import Study
    from bids_ketamine.study.spec import StudySpec


#: The volumes of brain structures, and what reading them costs.
VOLUMES = "volumes"
VOLUMES_COST = Cost(seconds=1.0, memory_gb=0.3)


@dataclass(frozen=True)
class Analysis:
    """One method in one session of one participant.

    Attributes
    ----------
    participant, session : str
        Label without ``sub-``; session as the table shows it.
    method : str
        ``faces GLM``, ``rest FC``.
    status : str
        ``ready``, ``partial`` (some runs cannot be used, or give some of the measures alone),
        ``missing``, ``unreadable``.
    uses : str
        Files that go in.
    reasons : tuple of str
        Why something is missing.
    cost : Cost
        Expected time and memory of all its runs.
    computed : bool
        Whether the output folder holds measures of the session already.
    """

    participant: str
    session: str
    method: str
    status: str
    uses: str
    reasons: tuple[str, ...]
    cost: Cost
    computed: bool

    @property
    def can_run(self) -> bool:
        """Whether the method will give a measure."""
        return self.status in ("ready", "partial")


def plan(
    sessions: Sequence[SessionInputs],
    *,
    study: Study,
    output_dir: Path,
    task_labels: Sequence[str] | None,
) -> tuple[Analysis, ...]:
    """Work out what each method will use in each session.

    Parameters
    ----------
    sessions : sequence of SessionInputs
        What the query found.
    study : Study
        The study.
    output_dir : Path
        Folder of results, looked at for measures that are there already.
    task_labels : sequence of str or None
        ``task`` entities asked for; ``None`` for all.

    Returns
    -------
    tuple of Analysis
        In the order of sessions and of the study's methods.
    """
    return tuple(
        analysis
        for session in sessions
        for analysis in _plan_session(session, study.spec, output_dir, task_labels)
    )


def _plan_session(
    session: SessionInputs, spec: StudySpec, output_dir: Path, task_labels: Sequence[str] | None
) -> Iterator[Analysis]:
    measures = output_dir / session.folder / f"{session.prefix}_measures.tsv"
    known = {name for method in methods(spec) for name in method.names} | {ANATOMY}
    for method in methods(spec):
        if task_labels is not None and not set(method.names) & set(task_labels):
            continue
        missing = [each for each in session.missing if _concerns(each, method.names, known)]
        runs, reasons = [], [f"{each.what}: {_sentence(each.reason)}" for each in missing]
        n_lacking = sum(shortfall(each) is not Shortfall.NOTE for each in missing)
        for run in session.runs_of(method.task):
            try:
                size = None if run.bold is None else read_image_size(run.bold)
                _check_mixing(run, size)
                runs.append((run, size))
            except BidsKetamineError as error:
                reasons.append(f"{error.path}: {_sentence(error.message)}")
                n_lacking += 1
            except (OSError, ValueError) as error:
                reasons.append(f"{run.bold}: {_sentence(_why_unreadable(run.bold, error))}")
                n_lacking += 1
        n_found = len(session.runs_of(method.task))
        if not n_found and not reasons:
            reasons.append(f"No run of task-{method.task} was found.")
        if len(runs) == 1 and method.of_one_run:
            reasons.append(method.of_one_run)
        yield Analysis(
            participant=session.participant,
            session=_shown_session(session),
            method=method.title,
            status=_status(len(runs), n_found, n_lacking),
            uses="; ".join([_uses(runs, spec), *([method.also] if runs and method.also else [])]),
            reasons=tuple(reasons),
            cost=_cost(runs, spec, method.cost),
            computed=measures.exists(),
        )
    if spec.volumes is not None:
        yield _plan_volumes(session, known, computed=measures.exists())


def _plan_volumes(session: SessionInputs, known: set[str], *, computed: bool) -> Analysis:
    """Work out what gives the volumes of a session's brain structures."""
    found = session.volumes
    files = found.files if found is not None else ()
    missing = [each for each in session.missing if _concerns(each, (ANATOMY,), known)]
    reasons = [f"{each.what}: {_sentence(each.reason)}" for each in missing]
    if found is not None and found.note:
        reasons.append(_sentence(found.note))
    return Analysis(
        participant=session.participant,
        session=_shown_session(session),
        method=VOLUMES,
        status="ready" if files else "missing",
        uses=", ".join(path.name for path in files),
        reasons=tuple(reasons),
        cost=VOLUMES_COST if files else Cost(seconds=0.0, memory_gb=0.0),
        computed=computed,
    )


def _concerns(missing: Missing, names: Sequence[str], known: set[str]) -> bool:
    """Tell whether a missing thing is this method's, or the whole session's."""
    subject = missing.what.split(":")[0].strip()
    return subject in names or subject not in known


def _check_mixing(run: RunInputs, size: ImageSize | None) -> None:
    """Raise if a mixing matrix of ICA-AROMA has another number of rows than the series volumes.

    The run itself reads the numbers; their lines are counted without a numerical library.
    """
    from bids_ketamine.dataset.decoding import read_text

    if run.aroma_mixing is None or size is None:
        return
    n_rows = sum(bool(line.strip()) for line in read_text(run.aroma_mixing).splitlines())
    if n_rows != size.n_volumes:
        raise InputDataError(
            f"The mixing matrix has {n_rows} rows and the series {size.n_volumes} volumes.",
            path=run.aroma_mixing,
        )


def _why_unreadable(path: Path | None, error: Exception) -> str:
    if path is not None and path.is_symlink() and not path.exists():
        return "the link leads nowhere (content not downloaded?)"
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    return str(getattr(error, "strerror", None) or error)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _status(n_usable: int, n_found: int, n_lacking: int) -> str:
    if n_usable:
        return "partial" if n_lacking else "ready"
    return "unreadable" if n_found else "missing"


def _shown_session(session: SessionInputs) -> str:
    if session.label in (None, session.session):
        return session.session
    return f"{session.session}=ses-{session.label}"


def _uses(runs: Sequence[tuple[RunInputs, ImageSize | None]], spec: StudySpec) -> str:
    kinds: dict[str, list[str]] = {}
    for run, size in runs:
        kinds.setdefault(_route(run, spec), []).append("?" if size is None else str(size.n_volumes))
    parts = []
    for route, volumes in kinds.items():
        runs_word = "1 run" if len(volumes) == 1 else f"{len(volumes)} runs"
        counted = "" if "?" in volumes else f" of {', '.join(dict.fromkeys(volumes))} volumes"
        parts.append(f"{runs_word}{counted}, {route}")
    return "; ".join(parts)


def _route(run: RunInputs, spec: StudySpec) -> str:
    if run.timeseries is not None:
        route = "region time series"
    else:
        fwhm = spec.inputs.smoothing_fwhm if _is_smoothed_here(run, spec) else None
        smoothing = "smoothed already" if run.smoothed else "not smoothed"
        if fwhm is not None:
            smoothing = f"smoothing {fwhm:g} mm"
        kind = ["grayordinates"] if run.is_grayordinates else []
        route = ", ".join(filter(None, [run.description, *kind, *_denoising(run, spec), smoothing]))
    with_files = [name for name in ("events", "confounds") if getattr(run, name) is not None]
    return ", ".join([route, *with_files])


def _denoising(run: RunInputs, spec: StudySpec) -> list[str]:
    """Say whether ICA-AROMA is applied here, where the description of the series does not."""
    if run.denoised_here:
        return ["ICA-AROMA here"]
    return [] if spec.inputs.aroma == "none" or run.aroma_denoised else ["no ICA-AROMA"]


def _is_smoothed_here(run: RunInputs, spec: StudySpec) -> bool:
    return bool(spec.inputs.smoothing_fwhm) and not run.smoothed and not run.is_grayordinates


def _cost(runs: Sequence[tuple[RunInputs, ImageSize | None]], spec: StudySpec, method: str) -> Cost:
    costs = [
        estimate(size, method=method, smooth=_is_smoothed_here(run, spec)) for run, size in runs
    ]
    return Cost(
        seconds=sum(cost.seconds for cost in costs),
        memory_gb=max((cost.memory_gb for cost in costs), default=0.0),
    )
