"""Where the volumes of a session's structures are found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bids_ketamine.dataset.companions import Companion, absent, the_one
from bids_ketamine.dataset.content import content_problem
from bids_ketamine.dataset.names import DatasetFile, listed
from bids_ketamine.dataset.session_files import IMAGE_EXTENSIONS, SessionFiles

#: Where FreeSurfer's folders lie in a derivative: fMRIPrep's layout, and one that is FreeSurfer's
#: own. The older layout has them beside it.
PLACES = ("sourcedata/freesurfer", "freesurfer", ".")
BESIDE = "freesurfer"
STATS = "stats/aseg.stats"
LABEL = re.compile(r"[A-Za-z0-9+]+")


def find_aseg_stats(roots: Sequence[Path], participant: str, session: str | None) -> Companion:
    """Find FreeSurfer's ``aseg.stats`` of a session, else that of the participant.

    A folder of a session's own goes before that of the participant, whose anatomy fMRIPrep makes
    of all sessions; FreeSurfer's longitudinal folders go before the others, which is noted.

    Parameters
    ----------
    roots : sequence of Path
        Root folders of the derivatives, in the order in which they are searched.
    participant : str
        Label without ``sub-``.
    session : str or None
        Label without ``ses-``.

    Returns
    -------
    Companion
        The file, with a note where it is the participant's or a longitudinal one; or the reason.
    """
    places = [
        place
        for root in roots
        for place in (*(root / each for each in PLACES), root.parent / BESIDE)
    ]
    for folders, note in _candidates(places, participant, session):
        found = [folder / STATS for folder in folders if (folder / STATS).exists()]
        if not found:
            continue
        if len({path.resolve() for path in found}) > 1:
            names = listed(path.parents[1].name for path in found)
            return Companion(None, f"several folders of FreeSurfer fit ({names}): keep one")
        problem = content_problem(found[0])
        return Companion(None, problem) if problem else Companion(found[0], note=note)
    expected = f"sourcedata/freesurfer/sub-{participant}/{STATS}"
    return absent(expected, listed(root.name for root in roots))


def _candidates(
    places: Sequence[Path], participant: str, session: str | None
) -> Iterator[tuple[list[Path], str | None]]:
    """Yield folders, those of one rank at a time, with what is to be said of them."""
    subject = f"sub-{participant}"
    if session is not None and LABEL.fullmatch(session):
        own = f"{subject}_ses-{session}"
        for place in places:
            yield sorted(place.glob(f"{own}.long.*")), "FreeSurfer's longitudinal stream"
        for place in places:
            yield [place / own], None
            yield [place / subject / f"ses-{session}"], None
    note = None if session is None else "of the participant's anatomy, which all sessions share"
    for place in places:
        yield [place / subject], note


def find_aseg_image(session: SessionFiles) -> Companion:
    """Find a session's ``desc-aseg_dseg`` in its own space, else the participant's.

    What was brought to a template is deformed: its volumes are not the participant's.

    Parameters
    ----------
    session : SessionFiles
        Files of the session, those of anat/ too.
    """
    every = [
        file
        for files in session.derivatives.values()
        for file in files
        if file.get("sub") == session.participant
        and (file.get("desc"), file.suffix) == ("aseg", "dseg")
        and file.extension in IMAGE_EXTENSIONS
        and "task" not in file.entities
    ]
    native = [file for file in every if file.get("space") in (None, "T1w", "T2w")]
    for label in dict.fromkeys((session.label, None)):
        own = [file for file in native if file.get("ses") == label]
        if own:
            return _noted(the_one(own), own[0], session)
    expected = session.expected({"desc": "aseg"}, "dseg", ".nii.gz").replace("/func/", "/anat/")
    lacking = absent(expected, session.places)
    if not every:
        return lacking
    return Companion(
        None,
        f"{lacking.reason}; {listed(file.path.name for file in every)} is "
        + ("deformed to a template" if not native else "of another session"),
        absent=True,
    )


def _noted(found: Companion, file: DatasetFile, session: SessionFiles) -> Companion:
    if found.path is None or file.get("ses") == session.label:
        return found
    return Companion(found.path, note="of the participant's anatomy, which all sessions share")
