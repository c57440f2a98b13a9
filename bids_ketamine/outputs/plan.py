"""The analysis plan: a study that was frozen before its results, kept in the output folder.

``OUTPUT/plan`` holds ``study.json`` (the study with every default written), ``study.yml`` (its text
as it was given) and ``plan.json`` (fingerprints of both, the date, a random number from which the
order follows in which arms are shown while they are blinded: the file names no arm). Nothing in it
is changed later: unblinding adds its date, and what differed then.
"""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bids_ketamine._version import __version__
from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.plan_files import (
    CURE,
    PLAN,
    STUDY,
    TEXT,
    checked_parts,
    checksum,
    drawn_order,
    sha256,
)
from bids_ketamine.outputs.provenance import file_fingerprint
from bids_ketamine.outputs.tables import write_json, write_text
from bids_ketamine.study.difference import Difference, differences, normalised_study
from bids_ketamine.study.spec import StudySpec

__all__ = [
    "CURE",
    "FOLDER",
    "Plan",
    "deviations",
    "freeze_plan",
    "plain_study",
    "read_plan",
    "record_unblinding",
]

#: Folder of the plan in the output folder.
FOLDER = "plan"

#: Random bytes that the order of arms follows from.
SALT_BYTES = 16


@dataclass(frozen=True)
class Plan:
    """A frozen study.

    Attributes
    ----------
    study : mapping
        The study as :func:`plain_study` gave it.
    hash : str
        SHA-256 of ``study.json``, hexadecimal.
    date : str
        When it was frozen, UTC (ISO 8601).
    software_version : str
        Version of the app that froze it.
    results_before : str
        What the output folder held then: ``none``, ``participant`` or ``group`` results.
    order : tuple of str
        Arms in the order drawn; empty where the study has fewer than two.
    salt : str
        Random number that the order follows from, also that of arms that come in later.
    unblinded : str or None
        When the labels of arms were asked for, UTC.
    decided_blind : tuple of Difference
        Differences from the plan that were there when the labels were asked for.
    """

    study: Mapping[str, Any]
    hash: str
    date: str
    software_version: str
    results_before: str
    order: tuple[str, ...]
    salt: str
    unblinded: str | None = None
    decided_blind: tuple[Difference, ...] = ()

    @property
    def blinds(self) -> bool:
        """Whether arms are shown without their labels."""
        return bool(self.order) and self.unblinded is None

    def arm_labels(self, levels: Sequence[str]) -> dict[str, str]:
        """Return what stands for each arm while arms are blinded, in the order drawn.

        Parameters
        ----------
        levels : sequence of str
            Arms of the study now. One that the plan does not know comes after those it does.

        Examples
        --------
        >>> plan = Plan({}, "", "", "", "none", order=("ketamine", "placebo"), salt="7")
        >>> plan.arm_labels(["placebo", "ketamine"])
        {'ketamine': 'arm A', 'placebo': 'arm B'}
        """
        later = [each for each in dict.fromkeys(levels) if each not in self.order]
        drawn = [*self.order, *drawn_order(later, self.salt)]
        return {
            each: f"arm {_letters(place)}" for place, each in enumerate(drawn) if each in levels
        }


def _letters(place: int) -> str:
    """Return A, B, ..., Z, AA, AB, ..."""
    before, rest = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + rest)


def plain_study(spec: StudySpec) -> dict[str, Any]:
    """Return a study as plain data; a file that it names counts by name and content.

    Parameters
    ----------
    spec : StudySpec
        The study.

    Returns
    -------
    dict
        The same on every machine.
    """
    plain: dict[str, Any] = json.loads(
        json.dumps(normalised_study(spec, file_words=_file_words), ensure_ascii=False)
    )
    return plain


def _file_words(name: str) -> str:
    path = Path(name)
    try:
        return f"{path.name} (sha256 {file_fingerprint(path)[:12]})"
    except OSError:
        return f"{path.name} (not there)"


def deviations(plan: Plan, spec: StudySpec) -> tuple[Difference, ...]:
    """Return where a study differs from the plan.

    Parameters
    ----------
    plan : Plan
        The plan.
    spec : StudySpec
        The study of this run, with its own labels of arms.
    """
    return differences(plan.study, plain_study(spec))


def freeze_plan(
    output_dir: Path,
    spec: StudySpec,
    *,
    source: str,
    text: str,
    date: str,
    generator: np.random.Generator,
) -> Plan:
    """Write ``OUTPUT/plan``, whole or not at all; one that is there already stays.

    Parameters
    ----------
    output_dir : Path
        Output folder; it may not exist yet.
    spec : StudySpec
        The study.
    source : str
        Name of the preset, or of the study file.
    text : str
        The study file as it was given.
    date : str
        Now, UTC (ISO 8601).
    generator : numpy.random.Generator
        Draws the number that the order of arms follows from.

    Returns
    -------
    Plan
        The plan that the folder now holds.

    Raises
    ------
    CannotCreateError
        If it cannot be written.
    InputDataError
        If somebody else froze one at the same time, and it is damaged.
    """
    levels = spec.arms.levels if spec.arms is not None else ()
    study = json.dumps(plain_study(spec), indent=2, ensure_ascii=False) + "\n"
    record: dict[str, Any] = {
        "Study": spec.name,
        "Source": source,
        "Hash": sha256(study),
        "TextHash": sha256(text),
        "Date": date,
        "SoftwareVersion": __version__,
        "ResultsBefore": _results(output_dir),
        "Blinding": {"Salt": generator.bytes(SALT_BYTES).hex()} if levels[1:] else None,
        "Unblinding": None,
    }
    folder = output_dir / FOLDER
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".plan-", dir=output_dir))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        temporary.chmod(stat.S_IMODE(output_dir.stat().st_mode))
        write_text(temporary / STUDY, study)
        write_text(temporary / TEXT, text)
        write_json(temporary / PLAN, record | {"Checksum": checksum(record)})
        temporary.rename(folder)
    except OSError as error:
        if read_plan(output_dir) is None:
            raise _cannot_write(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    plan = read_plan(output_dir)
    if plan is None:
        raise CannotCreateError("The plan vanished while it was written.", path=folder)
    return plan


def _cannot_write(folder: Path, error: OSError) -> CannotCreateError:
    return CannotCreateError(
        f"The plan cannot be written: {error.strerror or error}.",
        path=folder,
        cure="Check the folder's permissions and the space left, or choose another output folder.",
    )


def _results(output_dir: Path) -> str:
    """Say how far results are: the most telling that is there."""
    if (output_dir / "group" / "group.json").exists():
        return "group"
    return "participant" if any(output_dir.glob("sub-*/**/*_measures.tsv")) else "none"


def read_plan(output_dir: Path) -> Plan | None:
    """Read the plan of an output folder.

    Parameters
    ----------
    output_dir : Path
        Output folder; it may not exist.

    Returns
    -------
    Plan or None
        ``None`` where nothing was frozen.

    Raises
    ------
    InputDataError
        If the plan is damaged, or was edited.
    ReadWriteError
        If it cannot be read.
    """
    parts = checked_parts(output_dir / FOLDER)
    if parts is None:
        return None
    record, study = parts
    blinding, unblinding = record["Blinding"] or {}, record["Unblinding"] or {}
    return Plan(
        study=study,
        hash=record["Hash"],
        date=record["Date"],
        software_version=record["SoftwareVersion"],
        results_before=record["ResultsBefore"],
        order=drawn_order(study["arms"]["levels"], blinding["Salt"]) if blinding else (),
        salt=blinding.get("Salt", ""),
        unblinded=unblinding.get("Date"),
        decided_blind=tuple(
            Difference(each["Path"], each["Planned"], each["Present"])
            for each in unblinding.get("Differences", ())
        ),
    )


def record_unblinding(output_dir: Path, plan: Plan, spec: StudySpec, *, date: str) -> Plan:
    """Write down that labels of arms are shown from now on, and what had changed until then.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    plan : Plan
        Its plan; one that is unblinded already stays as it is.
    spec : StudySpec
        The study of this run.
    date : str
        Now, UTC (ISO 8601).

    Returns
    -------
    Plan
        The plan with the date.

    Raises
    ------
    InputDataError
        If the plan is damaged.
    CannotCreateError, ReadWriteError
        If it cannot be written.
    """
    parts = checked_parts(output_dir / FOLDER)
    if parts is None or not plan.blinds:
        return plan
    found = deviations(plan, spec)
    record = {key: value for key, value in parts[0].items() if key != "Checksum"}
    record["Unblinding"] = {
        "Date": date,
        "Differences": [
            {"Path": each.path, "Planned": each.planned, "Present": each.present} for each in found
        ],
    }
    write_json(output_dir / FOLDER / PLAN, record | {"Checksum": checksum(record)})
    return replace(plan, unblinded=date, decided_blind=found)
