"""What is kept tells of no folder, user or machine."""

import getpass
import os
import socket
import sysconfig
import time
from pathlib import Path

import numpy as np
import pytest

import bids_ketamine
from bids_ketamine.outputs.places import Places, places, publish_crash_files

UNIQUE = "c7f27f43-9f6a-470d-a859-d296ecb0edf8"


@pytest.fixture
def where(monkeypatch):
    """Folders of a run below a home."""
    monkeypatch.setenv("HOME", "/home/mia lee")
    monkeypatch.setenv("LOGNAME", "mialee")
    monkeypatch.setattr(socket, "gethostname", lambda: "node07")
    home = Path("/home/mia lee")
    return places(
        bids_dir=home / "trial",
        derivatives={"fmriprep": home / "trial/derivatives/fmriprep", "xcpd": Path("/scratch/xcp")},
        output_dir=home / "trial/derivatives/bids_ketamine",
        work_dir=Path("/scratch/work"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[/home/mia lee/trial/sub-01/x.tsv]", "[BIDS_DIR/sub-01/x.tsv]"),
        ("'/home/mia lee/trial'", "'BIDS_DIR'"),
        ("/home/mia lee/trial/derivatives/fmriprep/sub-01", "fmriprep/sub-01"),
        ("in /home/mia lee/trial/derivatives/bids_ketamine.", "in OUTPUT_DIR."),
        ("/scratch/xcp: /scratch/work", "xcpd: WORK_DIR"),
        ("see /home/mia lee/notes.txt", "see ~/notes.txt"),
        ("/home/mia lee/trial2/x", "~/trial2/x"),
        ("/scratch/workshop/a.tsv", ".../a.tsv"),
        ("PosixPath('/project/mia lee/masks/x.nii.gz')", "PosixPath('.../x.nii.gz')"),
        (
            "The image does not exist. [/mnt/mia lee/x y.nii]",
            "The image does not exist. [.../x y.nii]",
        ),
        ("file:///home/mia lee/trial/x", "BIDS_DIR/x"),
        ("//home/mia lee/trial/x", "BIDS_DIR/x"),
        ("file:/data/mia/x.nii", ".../x.nii"),
        ("'file:///data/mia lee/x'", "'.../x'"),
        ("file:///data/mia/x.nii", ".../x.nii"),
        ("//server/mia/x.nii", ".../x.nii"),
        ("</data/mia/x.nii>", "<.../x.nii>"),
        ("PATH=/opt/bin:/scratch/mia/x/y.py", "PATH=.../bin:.../y.py"),
        ("PATH=/home/mia lee/bin:/scratch/mia/x", "PATH=~/bin:.../x"),
        ("https://a.org/b:/data/mia/x.nii", "https://a.org/b:.../x.nii"),
        ("see /data/mia smith/masks/a.nii.gz", "see .../a.nii.gz"),
        ("in /data/mia smith/my masks/a b.nii.gz (2 mm).", "in .../a b.nii.gz (2 mm)."),
        ("/data/a/b.nii.gz and sub-01/c.nii.gz", ".../b.nii.gz and sub-01/c.nii.gz"),
        ("cp /data/mia smith/x.tsv /scratch/mia/y", "cp .../x.tsv .../y"),
        ("fsl /data/mia/in -mul 2 sub-01/out.nii.gz", "fsl .../in -mul 2 sub-01/out.nii.gz"),
        ("/data/mia/in: sub-01/out.nii.gz", ".../in: sub-01/out.nii.gz"),
        ("No /data/mia/a.nii.", "No .../a.nii."),
    ],
)
def test_folders_have_names(where, text, expected):
    assert where.hide(text) == expected
    assert where.hide(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "n/a",
        "and/or",
        "3 mm/s",
        "<b>a</b></i>",
        "bids:raw:sub-01/func/x.tsv",
        "https://doi.org/10.1038/s41386",
        "func/sub-01_bold.nii.gz",
        "`faces` / `shapes`",
        "a / b / c.tsv",
        "bids::sub-01/func/x.tsv",
        "see http://a.org:80/mia/x.html, <https://a.org/b/c>",
        "übung √",
    ],
)
def test_what_is_no_folder_stays(where, text):
    assert where.hide(text) == text


def test_a_derivative_with_the_name_of_a_folder_hides_no_less():
    where = Places((("/scratch/xcp", "data"),))
    assert where.hide("/scratch/xcp/a.tsv, //data/mia/b.tsv") == "data/a.tsv, .../b.tsv"


def test_long_lines_are_read_in_time(where):
    start = time.perf_counter()
    for text in ("/a b" * 20_000, "/a b/" * 20_000, ": /a b.c" * 20_000, "/" * 50_000):
        where.hide(text)
    assert time.perf_counter() - start < 5.0


def test_python_s_own_folders_have_names(where):
    site = sysconfig.get_paths()["purelib"]
    package = Path(bids_ketamine.__file__).parent
    text = f'File "{np.__file__}", "{os.__file__}", "{package}/images.py"'
    assert where.hide(text) == (
        'File "site-packages/numpy/__init__.py", "python/os.py", "bids_ketamine/images.py"'
    )
    assert site not in where.hide(f"{site}/x")


def test_a_link_to_a_folder_has_its_name_too(tmp_path):
    (tmp_path / "disk" / "trial").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    where = places(bids_dir=tmp_path / "link" / "trial")
    for folder in ("link", "disk"):
        assert where.hide(f"{tmp_path}/{folder}/trial/x") == "BIDS_DIR/x"


def test_the_root_of_the_file_system_is_no_place(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    assert places(bids_dir=Path("/")).hide("a / b") == "a / b"


def test_bytes_that_are_not_utf8_can_be_written():
    assert Places(()).hide("sub-\udcff.tsv").encode() == rb"sub-\xff.tsv"


def test_login_and_machine(where, monkeypatch):
    text = "mialee on node07 (node070, mialees)"
    assert where.hide(text) == text
    assert where.hide_person(text) == "USER on HOST (node070, mialees)"
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    assert where.hide_person("root=1") == "root=1"


def test_crash_files_come_to_the_logs_without_the_login(where, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    old = tmp_path / f"crash-20261122-200238-mialee-faces_glm-{UNIQUE}.txt"
    old.write_text("Node: faces_glm\nerror_file = /scratch/work/errors/x.json\non node07\n")
    moved = publish_crash_files(tmp_path, logs, where)
    new = logs / f"crash-20261122-200238-faces_glm-{UNIQUE}.txt"
    assert moved == {str(old): new}
    assert new.read_text() == "Node: faces_glm\nerror_file = WORK_DIR/errors/x.json\non HOST\n"
    assert not old.exists()
    # Another login, such as that of the worker's account.
    other = tmp_path / f"crash-20261122-200238-ann-lee-rest_connectivity-{UNIQUE}.txt"
    other.write_text("x")
    moved = publish_crash_files(tmp_path, logs, where)
    assert moved == {str(other): logs / f"crash-20261122-200238-{UNIQUE}.txt"}
    assert publish_crash_files(tmp_path / "none", logs, where) == {}
