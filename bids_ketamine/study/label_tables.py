"""Where the label table of an image may lie: beside it, by its name."""

from __future__ import annotations

import re
from pathlib import Path


def tables_beside(image: Path) -> tuple[Path, ...]:
    """Return the places of an image's label table, in the order in which they are looked at.

    Examples
    --------
    >>> names = tables_beside(Path("atlas-A_space-MNI152NLin6Asym_res-02_dseg.nii.gz"))
    >>> [path.name for path in names[:2]]
    ['atlas-A_space-MNI152NLin6Asym_res-02_dseg.tsv', 'atlas-A_space-MNI152NLin6Asym_dseg.tsv']
    >>> names[2].name
    'atlas-A_dseg.tsv'
    """
    # An atlas on grayordinates is `*.dlabel.nii`.
    stem = image.name.removesuffix(".gz").removesuffix(".nii").removesuffix(".dlabel")
    # Atlases in several resolutions and templates share one table (TemplateFlow, XCP-D).
    any_resolution = re.sub(r"_(?:res|den)-[A-Za-z0-9]+", "", stem)
    any_space = re.sub(r"_space-[A-Za-z0-9]+", "", any_resolution)
    stems = dict.fromkeys((stem, any_resolution, any_space))
    return tuple(image.with_name(f"{each}.tsv") for each in stems)
