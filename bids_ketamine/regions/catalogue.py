"""Atlases by name: what ships with the app, what TemplateFlow has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bids_ketamine.errors import UsageError
from bids_ketamine.regions.labels import LabelTable, grouped_by_name, read_label_table
from bids_ketamine.regions.templateflow import template_file

TEMPLATE_2009C = "MNI152NLin2009cAsym"
TEMPLATE_6 = "MNI152NLin6Asym"

SCHAEFER = re.compile(
    r"schaefer(?:2018)?_?(\d{3,4})(?:_?parcels)?(?:_?(7|17)networks)?", re.IGNORECASE | re.ASCII
)
SCHAEFER_PARCELS = (100, 200, 300, 400, 500, 600, 800, 1000)


@dataclass(frozen=True)
class Atlas:
    """An atlas by name.

    Attributes
    ----------
    name : str
        As a study names it.
    description : str
        What it divides, for sentences.
    citation : str
        As the methods text cites it.
    references : tuple of str
        Keys of the papers in the methods text's list.
    shipped : mapping of str to str
        Image that ships with the app for a template; its table has the same stem.
    templateflow : str or None
        Name of the same image in TemplateFlow, without `tpl-` and `res-`.
    spheres : bool
        Whether it is a table of coordinates and radii instead of an image.
    """

    name: str
    description: str
    citation: str
    references: tuple[str, ...]
    shipped: Mapping[str, str]
    templateflow: str | None = None
    spheres: bool = False


def _tian(scale: int) -> dict[str, str]:
    return {
        template: f"atlas-TianS{scale}_space-{template}_res-02_dseg.nii.gz"
        for template in (TEMPLATE_2009C, TEMPLATE_6)
    }


ATLASES: Mapping[str, Atlas] = {
    "FearCircuit": Atlas(
        "FearCircuit",
        "six regions of the circuit of fear and its regulation",
        "Schaefer et al., 2018; Tian et al., 2020",
        ("schaefer", "tian"),
        {TEMPLATE_2009C: "atlas-FearCircuit_space-MNI152NLin2009cAsym_res-02_dseg.nii.gz"},
    ),
    "TianS1": Atlas(
        "TianS1",
        "Melbourne subcortex atlas, scale 1",
        "Tian et al., 2020",
        ("tian",),
        _tian(1),
    ),
    "TianS2": Atlas(
        "TianS2",
        "Melbourne subcortex atlas, scale 2",
        "Tian et al., 2020",
        ("tian",),
        _tian(2),
    ),
    "Seitzman300": Atlas(
        "Seitzman300",
        "300 spheres of cortex, subcortex and cerebellum",
        "Seitzman et al., 2020",
        ("seitzman",),
        {},
        spheres=True,
    ),
}


def atlas_by_name(name: str) -> Atlas:
    """Return an atlas of the catalogue; case does not matter.

    Raises
    ------
    UsageError
        If there is none of that name; near names are told.

    Examples
    --------
    >>> atlas_by_name("tians2").name, atlas_by_name("Schaefer400").name
    ('TianS2', 'Schaefer2018_400Parcels7Networks')
    """
    for known in ATLASES.values():
        if known.name.casefold() == name.casefold():
            return known
    match = SCHAEFER.fullmatch(name)
    if match is not None and int(match[1]) in SCHAEFER_PARCELS:
        return _schaefer(int(match[1]), int(match[2] or 7))
    names = [*ATLASES, "Schaefer400", "aseg"]
    close = difflib.get_close_matches(name.casefold(), [each.casefold() for each in names], n=1)
    hint = next((each for each in names if close and each.casefold() == close[0]), None)
    counts = ", ".join(map(str, SCHAEFER_PARCELS))
    raise UsageError(
        f"There is no atlas named `{name}`.",
        cure=(f"Did you mean `{hint}`? " if hint else "")
        + f"Atlases: {', '.join(ATLASES)}, SchaeferN (N of {counts}; Schaefer400_17networks for "
        "17 networks), aseg (the participant's own). Any other atlas is a file: `dseg: FILE`.",
    )


def _schaefer(n_parcels: int, n_networks: int) -> Atlas:
    desc = f"desc-{n_parcels}Parcels{n_networks}Networks"
    there = {
        TEMPLATE_2009C: n_networks == 7 and n_parcels == 400,
        TEMPLATE_6: n_networks == 7 and n_parcels in (100, 400),
    }
    return Atlas(
        f"Schaefer2018_{n_parcels}Parcels{n_networks}Networks",
        f"{n_parcels} cortical parcels in {n_networks} networks",
        "Schaefer et al., 2018",
        ("schaefer",),
        {
            template: f"atlas-Schaefer2018_space-{template}_res-02_{desc}_dseg.nii.gz"
            for template, ships in there.items()
            if ships
        },
        templateflow=f"atlas-Schaefer2018_{desc}_dseg",
    )


@dataclass(frozen=True)
class AtlasImage:
    """The image of an atlas in a template.

    Attributes
    ----------
    image : Path
        Integer labels.
    table : LabelTable
        Its labels.
    space : str
        Its template.
    """

    image: Path
    table: LabelTable
    space: str


def atlas_image(atlas: Atlas, space: str) -> AtlasImage:
    """Return the image of an atlas, of the wanted template where there is one.

    Parameters
    ----------
    atlas : Atlas
        An atlas that is an image.
    space : str
        Template of the images; where the atlas ships in other templates alone and TemplateFlow
        does not have it, the first of those is returned.

    Raises
    ------
    InputMissingError
        If the file must come from TemplateFlow and cannot be had.
    """
    purpose = f"The atlas {atlas.name}"
    if space not in atlas.shipped and atlas.templateflow is not None:
        in_templateflow = space if space in (TEMPLATE_2009C, TEMPLATE_6) else TEMPLATE_2009C
        if space == in_templateflow or not atlas.shipped:
            stem = atlas.templateflow
            names = _names_in_templateflow(stem)
            image, table = (template_file(in_templateflow, each, purpose=purpose) for each in names)
            labels = grouped_by_name(read_label_table(table, source=f"the atlas {atlas.name}"))
            return AtlasImage(image, labels, in_templateflow)
    template = space if space in atlas.shipped else next(iter(atlas.shipped))
    image = shipped_file(atlas.shipped[template])
    table = image.with_name(image.name.replace(".nii.gz", ".tsv"))
    return AtlasImage(image, read_label_table(table, source=f"the atlas {atlas.name}"), template)


def schaefer_files() -> Iterator[tuple[str, str]]:
    """Yield template and name in TemplateFlow of every Schaefer atlas that does not ship."""
    for n_parcels in SCHAEFER_PARCELS:
        for n_networks in (7, 17):
            atlas = _schaefer(n_parcels, n_networks)
            for template in (TEMPLATE_2009C, TEMPLATE_6):
                if template not in atlas.shipped:
                    for name in _names_in_templateflow(str(atlas.templateflow)):
                        yield template, name


def _names_in_templateflow(stem: str) -> tuple[str, str]:
    """Return the names of an atlas's image and of its table of labels."""
    return f"res-02_{stem}.nii.gz", f"{stem}.tsv"


def shipped_file(name: str) -> Path:
    """Return a file of the folder of atlases that ships with the app."""
    return Path(str(resources.files("bids_ketamine.regions") / "data" / name))
