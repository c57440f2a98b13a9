"""Fingerprints of study and inputs: what makes two results the same computation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from bids_ketamine.study.label_tables import tables_beside
from bids_ketamine.study.spec import RegionsSpec, StudySpec

#: Sections that change what the participant level computes.
PARTICIPANT_SECTIONS = (
    "inputs",
    "scanned_sessions",
    "regions",
    "tasks",
    "glm",
    "rest",
    "cleaning",
    "networks",
    "volumes",
    "gppi",
    "rsa",
    "dcm",
)

#: Bytes hashed at either end of a large gzip file. Its last eight are the checksum and the length
#: of everything in it, so its content is covered without reading it.
WINDOW = 65_536


def study_hash(spec: StudySpec) -> str:
    """Return the fingerprint of the settings that the participant level depends on.

    Group-level settings (arms, outcomes, exclusions, ...) are left out: they may change
    without a new participant level. Files the study names (masks, atlases) count by content,
    not by place.

    Parameters
    ----------
    spec : StudySpec
        The study.

    Returns
    -------
    str
        12 hexadecimal digits.
    """
    sections = {name: getattr(spec, name) for name in PARTICIPANT_SECTIONS}
    plain = {
        name: asdict(section)
        if hasattr(section, "__dataclass_fields__")
        else [asdict(each) for each in section]
        if isinstance(section, tuple)
        else section
        for name, section in sections.items()
    }
    if spec.regions is not None:
        plain["regions"] = _regions_by_content(spec.regions)
    if spec.volumes is not None:
        # What they are correlated with is the group level's.
        plain["volumes"] = sorted(spec.volumes.structures)
    return _digest(json.dumps(plain, sort_keys=True, default=str).encode())


def _regions_by_content(regions: RegionsSpec) -> Mapping[str, object]:
    plain = asdict(regions)
    for region in [*plain["definitions"], *plain["whole_atlases"]]:
        if region.get("dseg") and not region["label_table"]:
            tables = (path for path in tables_beside(Path(region["dseg"])) if path.is_file())
            region["label_table"] = next((str(path) for path in tables), None)
        for key in ("mask", "dseg", "label_table"):
            if region.get(key) is not None and Path(region[key]).is_file():
                region[key] = file_fingerprint(Path(region[key]))
    surfaces = map(Path, plain["midthickness"])
    plain["midthickness"] = [
        file_fingerprint(path) if path.is_file() else path.name for path in surfaces
    ]
    return plain


def inputs_hash(files: Iterable[Path], facts: object = ()) -> str:
    """Return the fingerprint of input files by content, and of metadata read beside them.

    Parameters
    ----------
    files : iterable of Path
        In any order; their names count, their folders do not.
    facts : object
        Metadata that enters by its text.
    """
    parts = sorted(f"{path.name} {file_fingerprint(path)}" for path in files)
    return _digest("\n".join([*parts, repr(facts)]).encode())


def file_fingerprint(path: Path) -> str:
    """Return a fingerprint of a file's content.

    Whole files are read, but for large gzip files, which carry a checksum of their content: of
    those the size and both ends.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        if path.suffix != ".gz" or size <= 2 * WINDOW:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        head = stream.read(WINDOW)
        stream.seek(-WINDOW, 2)
        content = head + str(size).encode() + stream.read()
    return hashlib.sha256(content).hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
