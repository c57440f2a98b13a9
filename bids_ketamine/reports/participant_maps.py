"""Maps of a participant's contrasts: slices and glass brains, sessions beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from markupsafe import Markup
from scipy.stats import f as f_distribution

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.reports.facts import read_json
from bids_ketamine.reports.figures.color_scale import OPAQUE_FROM, ColorScale, f_scale, t_scale
from bids_ketamine.reports.figures.glass import glass_figure, n_shown
from bids_ketamine.reports.figures.maps import StatMap, map_figure, read_map
from bids_ketamine.reports.tree import ParticipantOutput, SessionOutput, TaskFile
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import counted, number

#: One-sided probability that F must reach to be opaque: that of a t of 3.1 in many volumes.
F_PROBABILITY = 0.001

MapFiles = Sequence[tuple[SessionOutput, TaskFile]]


def contrast_files(found: ParticipantOutput, task: str) -> dict[str, MapFiles]:
    """Return the maps of each contrast of a task, by the contrast's name.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    task : str
        Label of the task.
    """
    groups: dict[str, list[tuple[SessionOutput, TaskFile]]] = {}
    for session in found.sessions:
        for file in session.maps:
            if file.task == task:
                groups.setdefault(file.entities.get("contrast", ""), []).append((session, file))
    return dict(groups)


def contrast_pictures(contrast: str, files: MapFiles) -> list[Picture]:
    """Draw slices of every session, then its glass brains, with the same colours.

    Parameters
    ----------
    contrast : str
        Name of the contrast.
    files : sequence of (SessionOutput, TaskFile)
        Its maps of t or F.
    """
    maps: dict[Path, StatMap] = {}
    for _, file in files:
        # A damaged map is told in its own picture and takes no part in the common scale.
        with suppress(BidsKetamineError, ValueError):
            maps[file.path] = read_map(file.path)
    scales = {symbol: _scale(symbol, files, maps) for symbol in ("t", "F")}
    slices, brains = [], []
    for session, file in files:
        scale, stat_map = scales[_symbol(file)], maps.get(file.path)
        caption = f"{session.name}: {scale.symbol} map of {contrast}"
        slices.append(
            picture(
                caption + _largest(stat_map, scale),
                partial(_draw_slices, file, stat_map, scale, caption),
            )
        )
        if stat_map is not None:
            caption = f"{session.name}: glass brain of {contrast}"
            seen = f" \u2013 {_seen(stat_map, scale)}"
            brains.append(
                picture(caption + seen, partial(_draw_glass, file, stat_map, scale, caption))
            )
    return slices + brains


def _symbol(file: TaskFile) -> str:
    return "F" if file.entities.get("stat") == "F" else "t"


def _scale(symbol: str, files: MapFiles, maps: dict[Path, StatMap]) -> ColorScale:
    own = [file for _, file in files if _symbol(file) == symbol]
    values = [maps[file.path].values for file in own if file.path in maps]
    if symbol == "t":
        return t_scale(values)
    thresholds = [_f_threshold(file.path) for file in own]
    return f_scale(values, opaque_from=max(thresholds, default=OPAQUE_FROM**2))


def _f_threshold(path: Path) -> float:
    """Return the F of probability .001; that of one degree of freedom where none are told."""
    stem = path.name.removesuffix(".gz").removesuffix(".nii")
    facts = read_json(path.with_name(f"{stem}.json"), [])
    with suppress(KeyError, TypeError, ValueError):
        effect, residual = float(facts["EffectDegreesOfFreedom"]), float(facts["DegreesOfFreedom"])
        threshold = float(f_distribution.isf(F_PROBABILITY, effect, residual))
        if 0 < threshold < float("inf"):
            return round(threshold, 1)
    return OPAQUE_FROM**2


def _largest(stat_map: StatMap | None, scale: ColorScale) -> str:
    where = stat_map.largest() if stat_map is not None else None
    if where is None or stat_map is None:
        return ""
    x, y, z = (number(each, 0) for each in where[1])
    return (
        f" \u2013 largest {scale.symbol} {number(where[0], 1)} at ({x}, {y}, {z}) mm, "
        f"{stat_map.n_voxels:,} voxels"
    )


def _seen(stat_map: StatMap, scale: ColorScale) -> str:
    n_voxels = n_shown(stat_map, scale)
    size = f"{scale.symbol} of {number(scale.opaque_from)} or more"
    size = f"a {size} in size" if scale.signed else f"an {size}"
    return f"{counted(n_voxels, 'voxel')} with {size}" if n_voxels else f"no voxel with {size}"


def _in_mni(file: TaskFile) -> bool:
    return file.entities.get("space", "").startswith("MNI")


def _draw_slices(
    file: TaskFile, stat_map: StatMap | None, scale: ColorScale, caption: str
) -> Markup:
    # A damaged map is read once more, for its reason.
    return map_figure(
        stat_map or read_map(file.path),
        mni=_in_mni(file),
        scale=scale,
        description=f"Axial slices of a brain, {caption}",
    )


def _draw_glass(file: TaskFile, stat_map: StatMap, scale: ColorScale, caption: str) -> Markup:
    return glass_figure(
        stat_map,
        mni=_in_mni(file),
        scale=scale,
        description=f"A brain from the side, the back and above, {caption}",
    )
