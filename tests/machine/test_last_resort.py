"""Where libraries keep what they keep if one folder of the run's is all there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bids_ketamine.machine import caches
from bids_ketamine.machine.caches import prepare_caches
from bids_ketamine.machine.folders import can_take_files


class TestLastResort:
    """Nothing can be written to but a folder of the run's."""

    def test_is_left_alone_as_long_as_it_is_not_needed(
        self, tmp_path: Path, nowhere: Path, temporary: Path
    ) -> None:
        prepare_caches({"HOME": str(nowhere)}, last_resort=tmp_path / "work")
        assert not (tmp_path / "work").exists()

    def test_takes_everything(
        self, tmp_path: Path, nowhere: Path, no_temporary: None, unknown_user: None
    ) -> None:
        environment: dict[str, str] = {"MPLCONFIGDIR": str(nowhere)}
        # Before the folder is known nothing can be had but a home, without which pybids fails.
        assert prepare_caches(environment) == ()
        assert environment == {"MPLCONFIGDIR": str(nowhere), "HOME": "/"}
        environment["HOME"] = str(nowhere)  # where root may not write either
        work = tmp_path / "work" / "caches"
        told = prepare_caches(environment, last_resort=work)
        assert told == (
            f"MPLCONFIGDIR={nowhere} cannot be written to; {work}/matplotlib is taken instead",
        )
        assert environment["NUMBA_CACHE_DIR"] == str(work / "numba")
        assert environment["TEMPLATEFLOW_HOME"] == str(work / "templateflow")
        assert environment["XDG_CACHE_HOME"] == str(work)

    @pytest.mark.parametrize("spare", [0, -1])
    def test_takes_temporary_files_as_long_as_sockets_can_be_made_there(
        self,
        spare: int,
        tmp_path: Path,
        nowhere: Path,
        no_temporary: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shared, folder = tmp_path / "shm", tmp_path / "work" / "tmp"
        shared.mkdir()
        monkeypatch.setattr(caches, "SHARED_MEMORY", shared)
        monkeypatch.setattr(caches, "LONGEST_FOR_SOCKETS", len(str(folder)) + spare)
        environment = {"HOME": str(nowhere)}
        prepare_caches(environment, last_resort=folder.parent)
        found = Path(environment["TMPDIR"])
        assert tempfile.tempdir == str(found)
        assert found.stat().st_mode & 0o777 == 0o700
        assert (found == folder) is (spare == 0)
        assert (found.parent == shared) is (spare < 0)

    @pytest.mark.parametrize("keep", [True, False])
    def test_goes_with_the_process_if_it_must(self, keep: bool, tmp_path: Path) -> None:
        script = (
            "import os, sys, tempfile, pathlib\n"
            "from bids_ketamine.machine import caches\n"
            "def none(): raise FileNotFoundError\n"
            "tempfile.gettempdir = none\n"
            "folder = pathlib.Path(sys.argv[1])\n"
            f"caches.prepare_caches(os.environ, last_resort=folder, keep={keep})\n"
            "print(os.environ['NUMBA_CACHE_DIR'])\n"
        )
        (tmp_path / "file").touch()
        environment = {"HOME": str(tmp_path / "file"), "PATH": os.environ["PATH"]}
        if "PYTHONPATH" in os.environ:
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "last")],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        folder = Path(done.stdout.strip()).parent
        assert folder.parent == tmp_path
        if keep:
            assert folder == tmp_path / "last"
        else:
            assert folder.name.startswith("last-")
        assert [each for each in tmp_path.iterdir() if each.is_dir()] == [folder] * keep

    def test_two_runs_on_one_output_folder_have_one_each(
        self, tmp_path: Path, nowhere: Path, no_temporary: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In containers both are process 1."""
        monkeypatch.setattr(os, "getpid", lambda: 1)
        leave: list[Path] = []
        monkeypatch.setattr(
            caches.atexit, "register", lambda remove, folder, **_: leave.append(folder)
        )
        found = []
        for _ in range(2):
            environment = {"HOME": str(nowhere)}
            prepare_caches(environment, last_resort=tmp_path / "out" / ".caches", keep=False)
            found.append(Path(environment["NUMBA_CACHE_DIR"]))
        first, second = (each.parent for each in found)
        assert first != second
        assert {first.parent, second.parent} == {tmp_path / "out"}
        assert first.name.startswith(".caches-")
        assert second.stat().st_mode & 0o777 == 0o700
        assert leave[0] == first
        shutil.rmtree(first)  # the first run ends
        assert can_take_files(found[1])
        assert found[1].is_dir()
