"""In which template regions lie, and how they get to the series."""

from __future__ import annotations

import re
from pathlib import Path

from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.session_files import SURFACE_SPACE
from bids_ketamine.errors import InputMissingError, UsageError
from bids_ketamine.images.surface_spheres import read_midthickness
from bids_ketamine.regions.catalogue import TEMPLATE_6, TEMPLATE_2009C
from bids_ketamine.regions.templateflow import template_file
from bids_ketamine.study.spec import RegionsSpec

#: Templates between which TemplateFlow has transforms, from one to the other.
TRANSFORMS = frozenset({(TEMPLATE_6, TEMPLATE_2009C), (TEMPLATE_2009C, TEMPLATE_6)})

#: Template in the name of a file, as BIDS and TemplateFlow write it.
TEMPLATE_IN_NAME = re.compile(r"(?:^|_)(?:space|tpl)-([A-Za-z0-9]+)(?:_cohort-([A-Za-z0-9]+))?")

#: TemplateFlow's midthickness of fsLR, left and right, on which vertices have coordinates.
MIDTHICKNESS = tuple(f"den-32k_hemi-{side}_midthickness.surf.gii" for side in "LR")


def volume_template(space: str) -> str:
    """Return the template of the volume of a series: CIFTI's subcortex has its own.

    Examples
    --------
    >>> volume_template("fsLR"), volume_template("MNI152NLin2009cAsym")
    ('MNI152NLin6Asym', 'MNI152NLin2009cAsym')
    """
    return TEMPLATE_6 if space == SURFACE_SPACE else space


def path_to(
    image: Path, stated: str | None, space: str, *, title: str
) -> tuple[str | None, Path | None]:
    """Say in which template an image lies, and how it gets into that of the series.

    Parameters
    ----------
    image : Path
        The image.
    stated : str or None
        Its template in the study.
    space : str
        Template of the series.
    title : str
        What it is, for errors.

    Returns
    -------
    template : str or None
        ``None`` where nothing says it.
    transform : Path or None
        TemplateFlow's transform, where one is needed.

    Raises
    ------
    UsageError
        If there is no way between the two.
    InputMissingError
        If the transform cannot be had.
    """
    own = stated or _template_in_name(image)
    if own is None or own == space:
        return own, None
    if (own, space) not in TRANSFORMS:
        raise UsageError(
            f"{title} lies in {own}, the series in {space}: these do not lie on each other.",
            path=image,
            cure=f"Give an image in {space}, or say `space: {space}` of it if it is one.",
        )
    transform = template_file(
        space,
        transform_name(own),
        purpose=f"{title} lies in {own}, the series in {space}; the transform between them",
    )
    return own, transform


def transform_name(own: str) -> str:
    """Return the name, without the template it leads to, of the transform from a template.

    Examples
    --------
    >>> transform_name("MNI152NLin6Asym")
    'from-MNI152NLin6Asym_mode-image_xfm.h5'
    """
    return f"from-{own}_mode-image_xfm.h5"


def _template_in_name(image: Path) -> str | None:
    """Return the template that a file's name states; a cohort makes it one of its own."""
    match = TEMPLATE_IN_NAME.search(image.name)
    if match is None:
        return None
    return match[1] + (f" (cohort {match[2]})" if match[2] else "")


def require_same_space(region: str, stated: str | None, space: str) -> None:
    """Refuse centres of another template than that of the series."""
    if stated is not None and stated != space:
        raise UsageError(
            f"Region `{region}`: its centres are in {stated}, the series in {space}.",
            cure="Centres are not transformed: give them in the space of the series, or leave "
            "`space` out to take them as they are.",
        )


def require_mni(name: str, space: str) -> None:
    """Refuse coordinates of the MNI space for series that are not in it."""
    if not space.startswith("MNI"):
        raise UsageError(
            f"The atlas {name} is made of MNI coordinates, the series are in {space}.",
            cure="Set inputs.space to a template of the MNI.",
        )


def midthickness_files(regions: RegionsSpec) -> tuple[Path, ...]:
    """Return the surfaces on which the vertices of CIFTI series have coordinates.

    Parameters
    ----------
    regions : RegionsSpec
        Section of the study, which may name them.

    Returns
    -------
    tuple of Path
        Left and right; empty where the study names none and TemplateFlow's are not to be had.

    Raises
    ------
    UsageError
        If the study names one, or more than two.
    InputMissingError, InputDataError, ReadWriteError
        If those it names are not there or of another kind.
    """
    if not regions.midthickness:
        try:
            return tuple(
                template_file(SURFACE_SPACE, name, purpose="Cortical spheres")
                for name in MIDTHICKNESS
            )
        except InputMissingError:
            # Regions that need them are told apart later, each with the reason.
            return ()
    files = tuple(Path(path) for path in regions.midthickness)
    if len(files) != 2:
        raise UsageError(
            f"regions.midthickness names {len(files)} files ({listed(f.name for f in files)}), "
            "not two.",
            cure="Name the surface of the left hemisphere, then that of the right.",
        )
    read_midthickness(*files)
    return files
