"""The output folder as a BIDS derivative dataset."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bids_ketamine._version import __version__
from bids_ketamine.dataset.sidecars import read_json
from bids_ketamine.errors import BidsKetamineError, CannotCreateError
from bids_ketamine.outputs.patterns import BEYOND_BIDS
from bids_ketamine.outputs.tables import write_json, write_text

GENERATOR = "bids_ketamine"
BIDS_VERSION = "1.10.0"


def write_description(
    output_dir: Path, *, bids_dir: Path, derivatives: Mapping[str, Path], study_name: str
) -> None:
    """Write ``dataset_description.json`` and ``.bidsignore``; again and again the same.

    Parameters
    ----------
    output_dir : Path
        Output dataset.
    bids_dir : Path
        Raw dataset; its name and DOI become a source.
    derivatives : mapping of str to Path
        Input derivatives by name.
    study_name : str
        Study of the run.

    Raises
    ------
    CannotCreateError
        If the folder belongs to another app.
    """
    check_ownership(output_dir)
    datasets = {"raw": bids_dir, **derivatives}
    sources = [_source("raw", bids_dir)] + [
        _source(name, path) for name, path in derivatives.items()
    ]
    description = {
        "Name": f"bids_ketamine outputs, study {study_name}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {"Name": GENERATOR, "Version": __version__, "Description": f"study {study_name}"}
        ],
        "SourceDatasets": [source for source in sources if source],
        "DatasetLinks": _links(output_dir, datasets),
        "HowToAcknowledge": "Cite the papers listed in logs/CITATION.md.",
    }
    write_json(output_dir / "dataset_description.json", description)
    write_text(output_dir / ".bidsignore", "\n".join(BEYOND_BIDS) + "\n")


def check_ownership(output_dir: Path) -> None:
    """Refuse an output folder that another app made.

    Raises
    ------
    CannotCreateError
        If its description names another generator or cannot be read.
    """
    path = output_dir / "dataset_description.json"
    if not path.exists():
        return
    try:
        made_by = read_json(path).get("GeneratedBy") or [{}]
        name = made_by[0].get("Name")
    except (BidsKetamineError, AttributeError, LookupError, TypeError):
        name = None
    if name != GENERATOR:
        raise CannotCreateError(
            f"The output folder holds a dataset of {name or 'unknown origin'}.",
            path=path,
            cure="Choose another output folder.",
        )


def _links(output_dir: Path, datasets: Mapping[str, Path]) -> dict[str, str]:
    """Return relative links to nearby datasets; far ones would tell of this machine's folders.

    A link may name the dataset's own folder, and folders inside the raw dataset, but none on the
    way there.
    """
    raw = datasets["raw"].resolve()
    links = {}
    for name, folder in datasets.items():
        target = folder.resolve()
        outside = raw if raw in target.parents else target
        way = Path(os.path.relpath(outside, output_dir.resolve()))
        if len([part for part in way.parts if part != ".."]) <= 1:
            links[name] = Path(os.path.relpath(target, output_dir.resolve())).as_posix()
    return links


def _source(name: str, folder: Path) -> dict[str, str]:
    """Return name, version and DOI of a source dataset; no path of this machine."""
    try:
        described = read_json(folder / "dataset_description.json")
    except BidsKetamineError:
        described = {}
    source = {"URL": f"bids:{name}:"}
    if isinstance(described.get("DatasetDOI"), str):
        source["DOI"] = described["DatasetDOI"]
    generators = described.get("GeneratedBy")
    if isinstance(generators, list) and generators and isinstance(generators[0], dict):
        version = generators[0].get("Version")
        if version:
            source["Version"] = str(version)
    return source
