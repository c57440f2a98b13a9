"""Where an output comes from, as BIDS URIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path


def bids_uris(files: Iterable[Path], datasets: Mapping[str, str]) -> list[str]:
    """Return the BIDS URI of each file, ``bids:DATASET:PATH``.

    Parameters
    ----------
    files : iterable of Path
        Input files.
    datasets : mapping of str to str
        Name of each dataset by its folder; a folder inside another one comes first.

    Returns
    -------
    list of str
        Sorted, each once; files outside all datasets are left out.

    Examples
    --------
    >>> bids_uris([Path("/data/derivatives/prep/sub-01/x.tsv")],
    ...           {"/data/derivatives/prep": "fmriprep", "/data": "raw"})
    ['bids:fmriprep:sub-01/x.tsv']
    """
    found = set()
    for path in files:
        for folder, name in datasets.items():
            if path.is_relative_to(folder):
                found.add(f"bids:{name}:{path.relative_to(folder).as_posix()}")
                break
    return sorted(found)
