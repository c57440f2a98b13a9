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
from bids_ketamine.machine.folders import can_take_files

VARIABLES = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TEMPLATEFLOW_HOME", "XDG_CACHE_HOME")


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


def test_a_folder_of_caches_that_leads_nowhere_is_replaced(tmp_path: Path, temporary: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".cache").symlink_to(tmp_path / "scratch" / "gone")
    environment = {"HOME": str(home)}
    assert prepare_caches(environment) == ()
    own = own_folder(temporary)
    assert environment == {
        "HOME": str(home),
        "NUMBA_CACHE_DIR": str(own / "numba"),
        "MPLCONFIGDIR": str(own / "matplotlib"),
        "TEMPLATEFLOW_HOME": str(own / "templateflow"),
        "XDG_CACHE_HOME": str(own),
    }
    assert not (tmp_path / "scratch").exists()


def test_code_is_not_run_from_where_a_group_can_exchange_folders(
    open_place: Path, temporary: Path
) -> None:
    (open_place / "project").mkdir()
    (open_place / "project").chmod(0o2775)
    caches_of_the_group = str(open_place / "project" / "me")
    environment = {"HOME": str(open_place / "home"), "XDG_CACHE_HOME": caches_of_the_group}
    assert prepare_caches(environment) == ()
    own = open_place / "home" / ".cache" / "bids_ketamine"
    assert environment["NUMBA_CACHE_DIR"] == str(own / "numba")
    assert environment["XDG_CACHE_HOME"] == caches_of_the_group
    # Without a home: a private folder among temporary files.
    environment = {"HOME": caches_of_the_group, "XDG_CACHE_HOME": caches_of_the_group}
    prepare_caches(environment)
    assert environment["NUMBA_CACHE_DIR"] == str(own_folder(temporary) / "numba")


def test_temporary_files_of_a_group_take_a_new_folder(
    open_place: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_place.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(open_place))
    environment = {"HOME": str(nowhere)}
    prepare_caches(environment)
    folder = Path(environment["NUMBA_CACHE_DIR"]).parent
    assert folder.parent == open_place
    assert folder != own_folder(open_place)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("stated", [False, True])
def test_the_current_folder_takes_temporary_files_only_if_it_is_stated(
    stated: bool, tmp_path: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = tmp_path / "results" / "tmp"
    current.mkdir(parents=True)
    monkeypatch.chdir(current)
    monkeypatch.setattr(tempfile, "tempdir", str(current))
    # What the process was started with does not count for another environment.
    monkeypatch.setenv("TMPDIR", str(nowhere if stated else current))
    environment = {"HOME": str(nowhere)} | ({"TMPDIR": str(current)} if stated else {})
    prepare_caches(environment)
    assert [each.name for each in current.iterdir()] == [own_folder(current).name] * stated


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
