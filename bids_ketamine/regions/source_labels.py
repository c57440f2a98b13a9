"""Which labels of an atlas a region of a study is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputDataError, UsageError
from bids_ketamine.regions.dense import dense_atlas, is_dense
from bids_ketamine.regions.labels import Label, LabelTable, read_label_table
from bids_ketamine.regions.volumes import read_labels, require_image
from bids_ketamine.study.label_tables import tables_beside
from bids_ketamine.study.spec import RegionSpec, WholeAtlasSpec

#: More labels than this are told by the words of the study.
MOST_NAMED = 6


def own_table(region: RegionSpec | WholeAtlasSpec) -> LabelTable | None:
    """Return the label table of a user's atlas: the one named, that beside it, a CIFTI's own.

    Raises
    ------
    InputMissingError, InputDataError
        If the image or its table is not there or cannot be read.
    """
    image = Path(str(region.dseg))
    require_image(image)
    if region.label_table:
        return read_label_table(Path(region.label_table))
    for candidate in tables_beside(image):
        if candidate.is_file():
            return read_label_table(candidate)
    return dense_atlas(image).table if is_dense(image) else None


def labels_in(image: Path) -> LabelTable:
    """Return the labels that an image holds, named by number where it has no names."""
    if is_dense(image):
        return dense_atlas(image).table
    indices = [int(value) for value in np.unique(read_labels(image).labels) if value > 0]
    return LabelTable(image.name, tuple(Label(index, f"label_{index}") for index in indices))


def chosen_labels(table: LabelTable | None, wanted: Sequence[str]) -> tuple[Label, ...]:
    """Return the labels that numbers, names or groups stand for, each once.

    Raises
    ------
    UsageError
        If one is unknown, or there is no table for names.
    """
    if table is None:
        numbers = [name for name in wanted if not name.isdecimal()]
        if numbers:
            raise UsageError(
                f"Labels by name ({listed(numbers)}) need a label table.",
                cure="Put a `.tsv` with the columns `index` and `name` beside the image, name one "
                "with `label_table`, or give the labels as numbers.",
            )
        return tuple(Label(int(name), name) for name in wanted)
    found = [label for name in wanted for label in table.chosen(name)]
    return tuple(dict.fromkeys(found))


def indices_of(labels: Sequence[Label]) -> tuple[int, ...]:
    """Return the numbers of labels."""
    return tuple(label.index for label in labels)


def shared_groups(labels: Sequence[Label]) -> tuple[str, ...]:
    """Return the groups that all labels of a region have, such as their community.

    Examples
    --------
    >>> shared_groups([Label(1, "AMY-rh", ("AMY", "right")), Label(2, "AMY-lh", ("AMY", "left"))])
    ('AMY',)
    """
    if not labels:
        return ()
    return tuple(
        group for group in labels[0].groups if all(group in each.groups for each in labels)
    )


def in_words(labels: Sequence[Label], wanted: Sequence[str]) -> str:
    """Name labels, or, where a group has many, the group."""
    return listed([label.name for label in labels] if len(labels) <= MOST_NAMED else wanted)


def region_name(name: str, path: Path) -> str:
    """Return the name of a label as that of a region.

    Raises
    ------
    InputDataError
        If it cannot name one.
    """
    if "~" in name or not name.isprintable() or not name.strip():
        raise InputDataError(
            f"The label `{name}` cannot name a region: `~` joins the regions of a pair.", path=path
        )
    return name
