"""The 300 spheres of Seitzman et al. 2020, from the table that ships with the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bids_ketamine.dataset.tsv import read_table
from bids_ketamine.regions.catalogue import shipped_file
from bids_ketamine.regions.labels import read_label_table

TABLE = "atlas-Seitzman300.tsv"


class Sphere(NamedTuple):
    """A sphere of an atlas.

    Attributes
    ----------
    name : str
        Name in the table.
    centre : tuple of (float, float, float)
        MNI mm.
    radius : float
        mm.
    groups : tuple of str
        Its network and its anatomy.
    """

    name: str
    centre: tuple[float, ...]
    radius: float
    groups: tuple[str, ...] = ()


def seitzman_spheres(wanted: Sequence[str]) -> tuple[Sphere, ...]:
    """Return spheres by number, name, network or anatomy; all of them where none is wanted.

    Raises
    ------
    UsageError
        If a label is unknown.

    References
    ----------
    Seitzman et al. (2020) doi:10.1016/j.neuroimage.2019.116290.
    """
    path = shipped_file(TABLE)
    labels = read_label_table(path, source="the atlas Seitzman300")
    chosen = {label.index for name in wanted for label in labels.chosen(name)}
    groups = {label.index: label.groups for label in labels.labels}
    table = read_table(path)
    columns = ("index", "name", "x", "y", "z", "radius")
    index, name, *axes, radius = (table.position(column) for column in columns)
    return tuple(
        Sphere(
            cells[name],
            tuple(table.number(row, axis) for axis in axes),
            table.number(row, radius),
            groups[int(cells[index])],
        )
        for row, cells in enumerate(table.rows)
        if not wanted or int(cells[index]) in chosen
    )
