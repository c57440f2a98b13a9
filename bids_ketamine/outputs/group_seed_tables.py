"""The listing of group maps of seeds: what its columns mean, and names of the maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bids_ketamine.outputs.patterns import seed_label

Columns = Mapping[str, Mapping[str, object]]

SEED_MAPS_COLUMNS: Columns = {
    "seed": {"Description": "Network whose mean series is correlated with every voxel"},
    "arm": {"Description": "Treatment arm, or `all` in a study without arms"},
    "session": {"Description": "Session, of a mean"},
    "change": {"Description": "Change, of a difference"},
    "kind": {
        "Description": "What the map holds",
        "Levels": {
            "mean": "Mean of Fisher z over participants",
            "difference": "Mean over participants of Fisher z in the second minus the first "
            "session of the change, of those who have both; no test",
        },
    },
    "n": {"Description": "Participants whose maps went in"},
    "file": {"Description": "The map, in the folder of this table"},
    "reason": {"Description": "Why there is no map; whose maps were left out, and why"},
}

SEED_TABLES: Mapping[str, Columns] = {"group_seed_maps": SEED_MAPS_COLUMNS}


def group_map_name(*, seed: str, arm: str, kind: str, of: str, ending: str) -> str:
    """Return the name of a group map.

    Parameters
    ----------
    seed : str
        Name of the network.
    arm, of : str
        Labels of arm and of session or change, as :func:`labels` makes them.
    kind : {"mean", "difference"}
        Of a session, or of a change.
    ending : str
        Of the file, with the dot.

    Examples
    --------
    >>> group_map_name(seed="default_mode", arm="armA", kind="mean", of="post", ending=".nii.gz")
    'seed-defaultMode_arm-armA_ses-post_stat-fisherz_statmap.nii.gz'
    """
    entity = {"mean": "ses", "difference": "change"}[kind]
    return f"seed-{seed_label(seed)}_arm-{arm}_{entity}-{of}_stat-fisherz_statmap{ending}"


def labels(names: Sequence[str]) -> dict[str, str]:
    """Return names as those of files can hold them, each another.

    Parameters
    ----------
    names : sequence of str
        Arms, sessions or changes of a study.

    Examples
    --------
    >>> labels(["arm A", "arm B", "arm-a", "arm a", "+"])
    {'arm A': 'armA', 'arm B': 'armB', 'arm-a': 'armA3', 'arm a': 'armA4', '+': '5'}
    """
    found: dict[str, str] = {}
    for position, name in enumerate(names, start=1):
        label = seed_label(name)
        # Some file systems hold two names that differ in case alone for one.
        taken = {each.lower() for each in found.values()}
        found[name] = label if label and label.lower() not in taken else f"{label}{position}"
    return found
