"""Where libraries keep what they keep, whatever can be written to."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bids_ketamine.machine import caches
from bids_ketamine.machine.caches import prepare_caches
from bids_ketamine.machine.folders import can_take_files, private_folder

VARIABLES = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TEMPLATEFLOW_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder that nobody can make, root neither."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "inside"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder of temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def no_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of temporary files at all."""

    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def unknown_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a name, as ``docker run --user 4321`` makes one."""
    real = os.path.expanduser
    monkeypatch.setattr(os.path, "expanduser", lambda path: path if path == "~" else real(path))


def own_folder(temporary: Path) -> Path:
    return temporary / f"bids_ketamine-{os.getuid()}"


def test_a_home_that_works_is_used_as_libraries_would(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    assert prepare_caches(environment) == ()
    own = tmp_path / ".cache" / "bids_ketamine"
    assert environment == {"HOME": str(tmp_path), "NUMBA_CACHE_DIR": str(own / "numba")}
    assert own.stat().st_mode & 0o777 == (own / "numba").stat().st_mode & 0o777 == 0o700


def test_the_folder_of_caches_comes_before_the_home(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "caches")}
    prepare_caches(environment)
    assert environment["NUMBA_CACHE_DIR"] == str(tmp_path / "caches" / "bids_ketamine" / "numba")
    # A relative one is to be ignored.
    environment = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": "caches"}
    prepare_caches(environment)
    own = tmp_path / "home" / ".cache" / "bids_ketamine"
    assert environment["NUMBA_CACHE_DIR"] == str(own / "numba")


def test_choices_that_work_are_left_alone(tmp_path: Path) -> None:
    chosen = {name: str(tmp_path / name) for name in (*VARIABLES, "HOME")}
    environment = dict(chosen)
    assert prepare_caches(environment) == ()
    assert environment == chosen
    assert list(tmp_path.iterdir()) == []


def test_choices_that_fail_are_replaced_and_told(nowhere: Path, temporary: Path) -> None:
    environment = dict.fromkeys((*VARIABLES, "HOME"), str(nowhere))
    told = prepare_caches(environment)
    own = own_folder(temporary)
    folders = {
        "NUMBA_CACHE_DIR": own / "numba",
        "MPLCONFIGDIR": own / "matplotlib",
        "TEMPLATEFLOW_HOME": own / "templateflow",
        "XDG_CACHE_HOME": own,
    }
    assert environment == {name: str(folder) for name, folder in folders.items()} | {
        "HOME": str(nowhere)
    }
    assert sorted(told) == sorted(
        f"{name}={nowhere} cannot be written to; {folder} is taken instead"
        for name, folder in folders.items()
    )
    assert all(can_take_files(folder) for folder in folders.values())
    # Called again, there is nothing to do.
    before = dict(environment)
    assert prepare_caches(environment) == ()
    assert environment == before


@pytest.mark.parametrize("home", [None, "nowhere"])
def test_nothing_stated_and_no_usable_home(
    home: str | None, nowhere: Path, temporary: Path, unknown_user: None
) -> None:
    environment = {} if home is None else {"HOME": str(nowhere)}
    assert prepare_caches(environment) == ()
    own = own_folder(temporary)
    assert environment.pop("HOME") == (str(own) if home is None else str(nowhere))
    assert environment == {
        "NUMBA_CACHE_DIR": str(own / "numba"),
        "MPLCONFIGDIR": str(own / "matplotlib"),
        "TEMPLATEFLOW_HOME": str(own / "templateflow"),
        "XDG_CACHE_HOME": str(own),
    }


def test_caches_that_others_could_write_to_are_not_used(nowhere: Path, temporary: Path) -> None:
    own_folder(temporary).mkdir()
    own_folder(temporary).chmod(0o777)
    environment = {"HOME": str(nowhere)}
    prepare_caches(environment)
    folder = Path(environment["NUMBA_CACHE_DIR"]).parent
    assert folder.parent == temporary
    assert folder != own_folder(temporary)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_settings_of_matplotlib_need_a_place_too(tmp_path: Path, nowhere: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(nowhere)}
    prepare_caches(environment)
    assert environment["MPLCONFIGDIR"] == str(tmp_path / ".cache" / "bids_ketamine" / "matplotlib")
    assert "XDG_CACHE_HOME" not in environment


class TestTemplates:
    """Files of TemplateFlow that are there are read, whether or not others could be put there."""

    @pytest.fixture
    def closed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder with a template, in a place that takes no files."""
        folder = tmp_path / "closed" / "templateflow"
        (folder / "tpl-MNI152NLin6Asym").mkdir(parents=True)

        def takes(path: Path) -> bool:
            return tmp_path / "closed" not in (path, *path.parents) and can_take_files(path)

        monkeypatch.setattr(caches, "can_take_files", takes)
        return folder

    def test_stated(self, closed: Path, tmp_path: Path) -> None:
        environment = {"HOME": str(tmp_path), "TEMPLATEFLOW_HOME": str(closed)}
        assert prepare_caches(environment) == ()
        assert environment["TEMPLATEFLOW_HOME"] == str(closed)

    def test_among_caches_that_are_closed(self, closed: Path, temporary: Path) -> None:
        environment = {"HOME": str(closed), "XDG_CACHE_HOME": str(closed.parent)}
        prepare_caches(environment)
        assert environment["TEMPLATEFLOW_HOME"] == str(closed)
        assert environment["XDG_CACHE_HOME"] != str(closed.parent)

    def test_empty_and_closed(self, closed: Path, tmp_path: Path) -> None:
        (closed / "tpl-MNI152NLin6Asym").rmdir()
        environment = {"HOME": str(tmp_path), "TEMPLATEFLOW_HOME": str(closed)}
        own = tmp_path / ".cache" / "bids_ketamine" / "templateflow"
        assert prepare_caches(environment) == (
            f"TEMPLATEFLOW_HOME={closed} cannot be written to; {own} is taken instead",
        )
        assert environment["TEMPLATEFLOW_HOME"] == str(own)

    @pytest.mark.parametrize("word", ["", "  "])
    def test_set_to_nothing_is_not_the_current_folder(self, word: str, tmp_path: Path) -> None:
        environment = {"HOME": str(tmp_path), "TEMPLATEFLOW_HOME": word}
        prepare_caches(environment)
        assert environment["TEMPLATEFLOW_HOME"] == str(tmp_path / ".cache" / "templateflow")


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
        assert done.stdout.strip() == str(tmp_path / "last" / "numba")
        assert (tmp_path / "last").exists() is keep


_IMPORTS = """
import os
from bids_ketamine.machine.caches import prepare_caches
prepare_caches(os.environ)
import matplotlib
import numpy as np
from bids import config
from templateflow.conf import _cache
from bids_ketamine.core.prediction.compiled import compiled

@compiled
def doubled(values):
    return 2 * values

doubled(np.ones(3))
print(matplotlib.get_cachedir(), matplotlib.get_configdir(), _cache.config.root, sep="\\n")
"""


def test_libraries_go_where_they_are_told(tmp_path: Path) -> None:
    """Without the choice the last of these fails when imported, and the first warns."""
    (tmp_path / "file").touch()
    (tmp_path / "t").mkdir()
    script = tmp_path / "script.py"
    script.write_text(_IMPORTS)
    nowhere = str(tmp_path / "file" / "inside")
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path / "t"), "MPLBACKEND": "Agg"}
    environment |= dict.fromkeys(("HOME", *VARIABLES), nowhere)
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=environment, check=False
    )
    own = own_folder(tmp_path / "t")
    assert (done.returncode, done.stderr) == (0, "")
    folders = (own / "matplotlib", own / "matplotlib", own / "templateflow")
    assert done.stdout.splitlines() == [str(each) for each in folders]
    assert [each.suffix for each in sorted((own / "numba").rglob("*.nb?"))] == [".nbc", ".nbi"]
    assert (own / "templateflow" / "tpl-MNI152NLin6Asym").is_dir()


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

    def test_a_link_to_a_folder_of_somebodys_is_not_private(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(tmp_path / "theirs")
        assert private_folder(tmp_path / "link") is None
        assert private_folder(tmp_path / "theirs") == tmp_path / "theirs"
