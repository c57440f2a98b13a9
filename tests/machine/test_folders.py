"""Whether folders can be written to, and by whom."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bids_ketamine.machine.folders import can_take_files, out_of_reach, private_folder


class TestFolders:
    def test_trying_leaves_nothing(self, tmp_path: Path, nowhere: Path) -> None:
        assert can_take_files(tmp_path / "new" / "newer")
        assert not can_take_files(nowhere)
        assert [each.name for each in tmp_path.iterdir()] == ["file"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written_to(self, tmp_path: Path) -> None:
        (tmp_path / "closed").mkdir(mode=0o500)
        assert not can_take_files(tmp_path / "closed")
        assert private_folder(tmp_path / "closed" / "inside") is None

    def test_links_in_a_circle_take_no_files(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
        assert private_folder(tmp_path / "a") is None

    def test_a_link_to_nothing_takes_no_files(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "gone" / "caches")
        assert not can_take_files(tmp_path / "link")
        assert not can_take_files(tmp_path / "link" / "inside")
        assert private_folder(tmp_path / "link" / "inside") is None
        assert [each.name for each in tmp_path.iterdir()] == ["link"]

    @pytest.mark.parametrize(
        ("above", "mode", "safe"),
        [
            (0o755, 0o755, True),
            (0o755, 0o775, False),
            (0o755, 0o757, False),
            (0o755, 0o1777, True),
            (0o700, 0o777, True),
            (0o777, 0o700, False),
        ],
    )
    def test_who_may_write_above_can_exchange_a_folder(
        self, above: int, mode: int, safe: bool, open_place: Path
    ) -> None:
        folder = open_place / "above" / "shared" / "mine"
        folder.mkdir(parents=True)
        (open_place / "above").chmod(above)
        (open_place / "above" / "shared").chmod(mode)
        assert out_of_reach(folder) is safe
        # A link in a place of the user's own changes nothing.
        (open_place / "link").symlink_to(folder)
        assert out_of_reach(open_place / "link") is safe
        assert not out_of_reach(folder / "gone" / "inside")

    def test_a_link_to_a_folder_of_somebodys_is_not_private(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(tmp_path / "theirs")
        assert private_folder(tmp_path / "link") is None
        assert private_folder(tmp_path / "theirs") == tmp_path / "theirs"
