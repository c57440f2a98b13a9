"""Files of a cleaned session, and what their sidecars hold, are those that are documented."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bids_ketamine.interfaces.resting_networks import TABLE_COLUMNS
from bids_ketamine.interfaces.resting_signal import REGION_COLUMNS
from bids_ketamine.interfaces.runs import CLEANED_QUALITY_COLUMNS
from bids_ketamine.outputs.documented.files import key_names
from bids_ketamine.outputs.documented.participant import PARTICIPANT_FILES
from bids_ketamine.outputs.tables import read_table
from tests.interfaces.resting_session import CLEANING, NETWORKS, REST, connect, rest_run

COLUMNS = {
    "networks": set(TABLE_COLUMNS),
    "region_quality": set(REGION_COLUMNS),
    "quality": set(CLEANED_QUALITY_COLUMNS),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    cleaning = replace(
        CLEANING,
        motion_filter="low_pass",
        local_neighbourhood=("a1",),
        neighbourhood_distance=(10.0, 400.0),
    )
    return connect(
        folder / "out",
        rest_run(folder),
        cleaning=cleaning,
        networks=replace(NETWORKS, seed_maps=("a",)),
        rest=replace(REST, correlations=("pearson", "partial")),
    )


def test_every_file_is_described_once(session):
    found = set()
    for path in session.folder.rglob("func/*"):
        name = f"sub-01/ses-pre/{path.relative_to(session.folder).as_posix()}"
        kinds = [kind for kind, each in PARTICIPANT_FILES.items() if each.matches(name)]
        assert len(kinds) == 1, path
        found.update(kinds)
        if path.suffix == ".tsv" and kinds[0] in COLUMNS:
            assert set(read_table(path)) == COLUMNS[kinds[0]]
        if path.suffix == ".json":
            keys = {key.name: key.only for key in PARTICIPANT_FILES[kinds[0]].keys}
            content = json.loads(path.read_text(encoding="utf-8"))
            # Columns of tables have a meaning each.
            own = {
                name
                for name in content
                if not (isinstance(content[name], dict) and "Description" in content[name])
            }
            assert own <= set(keys), path
            assert {key for key, only in keys.items() if not only} <= own, path
    assert found == {
        *("quality", "timeseries", "relmat", "partial_relmat"),
        *("networks", "region_quality", "seed_map"),
    }


def test_every_fact_is_described(session):
    keys = {key.name for key in PARTICIPANT_FILES["measures"].keys}
    found = set(key_names(session.record, keys))
    assert found <= keys
    wanted = {key for key in keys if key.startswith(("Cleaning", "Runs[].Cleaning"))}
    assert wanted <= found
