"""The standard 91,282 grayordinates (``den-91k``): what departs from them is told precisely."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.grayordinates import (
    LEFT,
    N_VERTICES,
    RIGHT,
    VERTICES,
    Grayordinates,
    same_volume,
)
from bids_ketamine.images.headers import times

#: Structures of the standard in their order, with their grayordinates (Glasser et al. 2013,
#: doi:10.1016/j.neuroimage.2013.04.127).
STRUCTURES = {
    LEFT: 29_696,
    RIGHT: 29_716,
    "ACCUMBENS_LEFT": 135,
    "ACCUMBENS_RIGHT": 140,
    "AMYGDALA_LEFT": 315,
    "AMYGDALA_RIGHT": 332,
    "BRAIN_STEM": 3_472,
    "CAUDATE_LEFT": 728,
    "CAUDATE_RIGHT": 755,
    "CEREBELLUM_LEFT": 8_709,
    "CEREBELLUM_RIGHT": 9_144,
    "DIENCEPHALON_VENTRAL_LEFT": 706,
    "DIENCEPHALON_VENTRAL_RIGHT": 712,
    "HIPPOCAMPUS_LEFT": 764,
    "HIPPOCAMPUS_RIGHT": 795,
    "PALLIDUM_LEFT": 297,
    "PALLIDUM_RIGHT": 260,
    "PUTAMEN_LEFT": 1_060,
    "PUTAMEN_RIGHT": 1_010,
    "THALAMUS_LEFT": 1_288,
    "THALAMUS_RIGHT": 1_248,
}
N_GRAYORDINATES = sum(STRUCTURES.values())

#: Structures named in one sentence.
MOST_NAMED = 4

#: How a file is brought to the standard.
CURE = (
    "Give fMRIPrep's series of `--cifti-output 91k`, or bring the file to the standard with "
    "`wb_command -cifti-create-dense-from-template` or `-cifti-resample`."
)


def require_91k(grayordinates: Grayordinates, path: Path) -> None:
    """Refuse grayordinates that are not the standard 91,282.

    Parameters
    ----------
    grayordinates : Grayordinates
        Of the file.
    path : Path
        The file.

    Raises
    ------
    InputDataError
        If the surfaces have another density, structures are missing, unknown or in another
        order, the medial wall was not taken out, a structure has another number of
        grayordinates, the volume is not the 2-mm MNI152NLin6Asym, or left and right are
        swapped.
    """
    problem = next(_problems(grayordinates), None)
    if problem is not None:
        raise InputDataError(
            f"The {len(grayordinates):,} grayordinates are not the standard "
            f"{N_GRAYORDINATES:,} (den-91k): {problem}.",
            path=path,
            cure=CURE,
        )


def _problems(found: Grayordinates) -> Iterator[str]:
    """Yield what is wrong, the cause before what follows from it."""
    yield from _densities(found)
    yield from _names(found)
    yield from _sides(found)
    yield from _volume(found)
    yield from _sizes(found)


def _densities(found: Grayordinates) -> Iterator[str]:
    for surface in found.surfaces.values():
        if surface.n_vertices != N_VERTICES:
            density = VERTICES.get(surface.n_vertices)
            called = f" ({density})" if density else ""
            yield (
                f"the surface of {surface.name} has {surface.n_vertices:,} vertices{called}, "
                f"not {N_VERTICES:,} (32k)"
            )


def _names(found: Grayordinates) -> Iterator[str]:
    names, standard = [each.name for each in found.structures], list(STRUCTURES)
    missing = [name for name in standard if name not in names]
    if missing:
        yield f"{_few(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    unknown = [name for name in names if name not in STRUCTURES]
    if unknown:
        yield f"{_few(unknown)} {'is' if len(unknown) == 1 else 'are'} no part of them"
    if names != standard:
        place = next(i for i, (a, b) in enumerate(zip(names, standard, strict=True)) if a != b)
        yield (
            f"its structures are in another order: number {place + 1} is {names[place]}, "
            f"not {standard[place]}"
        )
    for name in standard:
        wrong = (name in found.surfaces) != (name in (LEFT, RIGHT))
        if wrong:
            yield f"{name} is made of {'vertices' if name in found.surfaces else 'voxels'}"


def _sides(found: Grayordinates) -> Iterator[str]:
    size = {each.name: each.size for each in found.structures}
    if (size[LEFT], size[RIGHT]) == (STRUCTURES[RIGHT], STRUCTURES[LEFT]):
        yield (
            f"left and right are swapped: {LEFT} has the {size[LEFT]:,} vertices of the right "
            "hemisphere"
        )
    for each in found.structures:
        if each.n_vertices or not each.name.endswith(("_LEFT", "_RIGHT")):
            continue
        middle = found.affine[:3, :3] @ found.voxels[each.columns].mean(axis=0)
        x = float(middle[0] + found.affine[0, 3])
        if (x < 0) != each.name.endswith("_LEFT"):
            yield f"left and right are swapped: the middle of {each.name} lies at x = {x:.0f} mm"


def _volume(found: Grayordinates) -> Iterator[str]:
    if not same_volume(found.affine, found.shape):
        edges = (found.affine[:3, :3] ** 2).sum(axis=0) ** 0.5
        origin = ", ".join(f"{each:g}" for each in found.affine[:3, 3])
        yield (
            f"its volume has {times(found.shape)} voxels of {times(edges)} mm from ({origin}), "
            "not the 91 x 109 x 91 voxels of 2 mm from (90, -126, -72) of MNI152NLin6Asym"
        )


def _sizes(found: Grayordinates) -> Iterator[str]:
    for each in found.structures:
        expected = STRUCTURES[each.name]
        if each.n_vertices == each.size:
            yield (
                f"the medial wall was not taken out: {each.name} has all of its "
                f"{each.n_vertices:,} vertices, not {expected:,}"
            )
        if each.size != expected:
            what = "vertices" if each.n_vertices else "voxels"
            yield f"{each.name} has {each.size:,} {what}, not {expected:,}"


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
