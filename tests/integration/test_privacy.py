"""Results tell of no person and no machine, inputs stay as they are, and text stays text."""

import ast
import getpass
import gzip
import hashlib
import json
import os
import re
import shutil
import socket
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import bids_ketamine
from bids_ketamine.cli.console import write_crash_file
from bids_ketamine.cli.run import main
from bids_ketamine.errors import StudyError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from tests.fuzz.harness import only_once

MARKER = "Xavier Secret"
LOGIN = "xaviersecretlogin"
SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
FMRIPREP = "derivatives/fmriprep"


def snapshot(folder):
    """Kind, mode, time and content of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found


def files_of(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def text_of(path):
    """What a file says, also when it is compressed or is no text."""
    if path.suffix == ".npz":  # numbers say nothing, and are like any word sooner or later
        with np.load(path) as arrays:
            words = [arrays[name] for name in arrays.files if arrays[name].dtype.kind in "SU"]
            return "\n".join([*arrays.files, *(str(each) for part in words for each in part.flat)])
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("latin-1")


def writable(folder, *, by_owner):
    """Let the owner write below a folder, or nobody."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o200 if by_owner else mode & ~0o222)


def run_secret(trial, root):
    """Run both levels over a read-only trial; one run of it is damaged."""
    bids, output = root / "my trial", root / "output"
    shutil.copytree(trial, bids)
    func = bids / FMRIPREP / "sub-01" / "ses-pre" / "func"
    bold = next(func.glob("*task-faces*_desc-preproc_bold.nii.gz"))
    mask = func / bold.name.replace("desc-preproc_bold", "desc-brain_mask")
    region = root / "masks" / "mine.nii.gz"
    region.parent.mkdir()
    shutil.copy(mask, region)
    bold.write_bytes(bold.read_bytes()[: bold.stat().st_size // 2])
    rest = next(func.glob("*task-rest*_desc-preproc_bold.nii.gz"))
    rest.unlink()
    rest.symlink_to(root / "annex" / "objects" / "x.nii.gz")
    study = root / "study.yml"
    study.write_text(
        "extends: norbury2021\nname: mine\ntasks: {stroop: null}\n"
        "regions: {definitions: {mine: {mask: masks/mine.nii.gz}}}\n"
    )
    writable(bids, by_owner=False)
    before = snapshot(bids)
    (root / "home").mkdir()
    arguments = ["--study", str(study)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(root / "home"))
        patch.setenv("LOGNAME", LOGIN)
        further = ["-w", str(root / "work"), "--nprocs", "2"]
        codes = [
            main([str(bids), str(output), "participant", *arguments, *further]),
            main([str(bids), str(output), "group", *arguments]),
        ]
    return codes, before


@pytest.fixture(scope="module")
def secret(trial, shared):
    """Both levels over a read-only trial below a folder with a person's name; one run damaged."""
    folder = shared / "secret"
    root, kept, users = folder / MARKER, folder / "run.json", folder / "users"
    bids, output = root / "my trial", root / "output"
    with only_once(folder) as mine:
        if mine:
            root.mkdir()
            users.write_text("0")
            kept.write_text(json.dumps(run_secret(trial, root)))
        users.write_text(str(int(users.read_text()) + 1))
        writable(bids, by_owner=False)
    codes, before = json.loads(kept.read_text())
    yield codes, bids, output, {name: tuple(found) for name, found in before.items()}
    with only_once(folder):
        users.write_text(str(int(users.read_text()) - 1))
        if users.read_text() == "0":  # nobody needs it any more: it can be removed
            writable(bids, by_owner=True)


def test_the_damaged_session_alone_is_without_result(secret):
    codes, _, output, _ = secret
    assert codes == [65, 0]
    crashes = list((output / "logs").glob("crash-*.txt"))
    assert len(crashes) == 1
    text = crashes[0].read_text()
    assert "Traceback" in text
    assert "[fmriprep/sub-01/ses-pre/func/sub-01_ses-pre_task-faces" in text
    assert "Working directory: WORK_DIR/" in text
    record = (output / "logs" / "sub-01_errors.json").read_text()
    assert f'"CrashFile": "logs/{crashes[0].name}"' in record
    assert "truncated or damaged" in record
    assert len(list(output.glob("sub-*/ses-*/*_measures.tsv"))) == 5


def test_no_output_tells_of_a_person_or_a_machine(secret):
    _, bids, output, _ = secret
    words = [MARKER, MARKER.split()[0], LOGIN, str(bids.parent.parent), str(Path.home())]
    names = [getpass.getuser(), socket.gethostname()]
    for path in files_of(output):
        shown = str(path.relative_to(output))
        text = text_of(path)
        for word in words:
            assert word not in shown
            assert word not in text, f"{word} in {shown}"
        if path.suffix != ".gz":
            text = re.sub(r"base64,[\w+/=]+", "", text)
            for name in names:
                # `root` stands in tracebacks and style sheets of every machine.
                told = name != "root" and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
                assert not told, f"{name} in {shown}"


def test_the_input_is_as_it_was_and_nothing_lies_beside_the_output(secret):
    _, bids, output, before = secret
    assert snapshot(bids) == before
    beside = {path.name for path in output.parent.iterdir()}
    assert beside == {"home", "my trial", "masks", "study.yml", "work", "output"}


def test_a_mask_of_the_user_s_is_named_by_its_file(secret):
    _, _, output, _ = secret
    sidecar = next(output.rglob("sub-02_ses-pre_task-faces*_atlas-*_timeseries.json")).read_text()
    assert "mine.nii.gz" in sidecar
    assert "mine.nii.gz" in (output / "logs" / "CITATION.md").read_text()


HOSTILE_STUDY = f"""
extends: norbury2021
name: mine
title: "{SCRIPT} \\" ' `x` $(touch owned)"
references: ["{IMAGE}", "javascript:alert(1)"]
rest: null
changes: {{change: null, "../../{SCRIPT}": {{first: pre, second: post}}}}
regions:
  definitions:
    amygdala: null
    anterior_insula: null
    vmPFC: null
    rACC: null
    dACC: null
    anterior_hippocampus: null
    "../../escape": {{spheres: [[0, 0, 0]], radius: 20}}
    "{SCRIPT}": {{spheres: [[0, 20, 0]], radius: 20}}
    "=cmd()": {{spheres: [[0, 0, 20]], radius: 20}}
tasks:
  stroop: null
  faces: {{conditions: {{shapes: {{trial_type: ["{IMAGE}"], blocks: true}}}}}}
arms: {{column: arm, levels: ["<b>midazolam</b>", ketamine]}}
outcomes:
  caps5: null
  madrs: null
  "../{SCRIPT}": {{table: madrs, column: madrs_total, improvement: decrease}}
"""


def run_hostile(trial, root):
    """Run both levels; return what ended how, and what came to be beside the results."""
    bids = root / "in" / "trial"
    shutil.copytree(trial, bids)
    for events in bids.rglob("*task-faces_events.tsv"):
        events.write_text(events.read_text().replace("\tshapes\t", f"\t{IMAGE}\t"))
    participants = bids / "participants.tsv"
    lines = participants.read_text().replace("midazolam", "<b>midazolam</b>").splitlines()
    for label in ("../../x", f"sub-{SCRIPT}", "sub-../../y", "sub-$(touch owned)"):
        cells = lines[1].split("\t")
        lines.append("\t".join([label, *cells[1:3], "=cmd()", *cells[4:]]))
    participants.write_text("\n".join(lines) + "\n")
    study = root / "in" / "study.yml"
    study.write_text(HOSTILE_STUDY)
    before = set(root.rglob("*"))
    where = [str(bids), str(root / "results" / "output")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        codes = [
            main([*where, "participant", "--study", str(study), "-w", str(root / "results/work")]),
            main([*where, "group", "--study", str(study)]),
        ]
    new = set(root.rglob("*")) - before
    return codes, [str(path) for path in new if not path.is_relative_to(root / "results")]


@pytest.fixture(scope="module")
def hostile(trial, shared):
    """Both levels over tables and a study that try to be paths, HTML and commands."""
    folder = shared / "hostile"
    root, kept = folder / "root", folder / "run.json"
    with only_once(folder) as mine:
        if mine:
            root.mkdir()
            kept.write_text(json.dumps(run_hostile(trial, root)))
    codes, elsewhere = json.loads(kept.read_text())
    return codes, root / "results" / "output", set(elsewhere)


def test_text_of_tables_and_study_makes_no_files(hostile):
    codes, output, elsewhere = hostile
    assert codes == [0, 0]
    assert elsewhere == set()
    assert {path.name for path in output.parent.iterdir()} == {"output", "work"}
    names = {path.name for path in output.rglob("*")}
    assert not [name for name in names if re.search(r"[^\w.+-]", name)]
    assert {path.name for path in output.glob("sub-*") if path.is_dir()} == {
        "sub-01",
        "sub-02",
        "sub-03",
    }


def test_text_of_tables_and_study_is_no_html(hostile):
    _, output, _ = hostile
    pages = sorted(output.glob("*.html"))
    assert [page.name for page in pages] == ["group.html", *(f"sub-0{n}.html" for n in (1, 2, 3))]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for raw in ("<script", "<img src=x", "<b>midazolam", 'href="javascript:'):
            assert raw not in text, f"{raw} in {page.name}"
        assert "&lt;script&gt;" in text


def test_names_are_kept_as_they_were_written(hostile):
    _, output, _ = hostile
    table = read_table(output / "sub-02" / "ses-pre" / "sub-02_ses-pre_measures.tsv")
    of_pairs = table["measure"].isin(["gppi", "resting_connectivity"])
    assert set(table.loc[~of_pairs, "regions"]) == {"../../escape", SCRIPT, "=cmd()"}
    assert "../../escape~=cmd()" in set(table.loc[of_pairs, "regions"])
    assert table["value"].notna().all()
    people = read_table(output / "group" / "group_participants.tsv", text=("participant_id",))
    assert not people.loc[people["participant_id"].str.contains(r"[^\w-]"), "included"].any()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('name: "a\\"b/../x"', "name becomes part of file names"),
        ("regions: {atlas: ../x}", "regions.atlas becomes part of file names"),
        ('sessions: {"../pre": {label: pre}}', "becomes part of file names"),
        ("sessions: {pre: {label: a/b}}", "sessions.pre.label becomes part of file names"),
        ("inputs: {space: ../x}", "inputs.space becomes part of file names"),
        ("tasks: {faces: {task: ../faces}}", "tasks.faces.task becomes part of file names"),
        (
            'tasks: {faces: {contrasts: {"../e": {weights: faces}}}}',
            "becomes part of file names",
        ),
        ("extends: ../../etc/passwd", "extends names no preset"),
        ('title: !!python/object/apply:os.system ["touch owned"]', "title must be text"),
        ('title: !!python/name:os.system ""', "line 3: cannot read"),
        ("title: !!python/object:os.X {}", "title must be text"),
    ],
)
def test_a_study_is_data_and_its_names_are_no_paths(line, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.yml"
    start = {"extends": "norbury2021", "name": "mine"}
    start.pop(line.split(":")[0], None)
    head = "".join(f"{key}: {value}\n" for key, value in start.items())
    path.write_text(f"{head}{line}\n")
    with pytest.raises(StudyError) as caught:
        load_study(str(path))
    words = words.replace("line 3", f"line {head.count(chr(10)) + 1}")
    assert words in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["study.yml"]


def test_no_text_is_given_to_a_shell_or_executed():
    forbidden = {"eval", "exec", "system", "popen", "unsafe_load"}
    modules = {"subprocess", "pickle", "shelve", "marshal", "pty"}
    for path in Path(bids_ketamine.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert name not in forbidden, f"{name} in {path.name}"
            names = (
                [each.name for each in getattr(node, "names", [])]
                if isinstance(node, ast.Import)
                else [getattr(node, "module", "")]
            )
            assert not modules & set(names), f"{names} in {path.name}"


def test_what_an_image_says_of_its_maker_is_not_copied(secret):
    """NIfTI headers have fields of free text."""
    _, _, output, _ = secret
    path = next(output.rglob("sub-02_ses-pre*_stat-effect_statmap.nii.gz"))
    header = nib.load(path).header
    for field in ("descrip", "aux_file", "db_name", "intent_name"):
        assert np.asarray(header[field]).item() == b""


def test_a_crash_of_the_command_line_tells_of_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / MARKER))
    logs = tmp_path / "output" / "logs"
    arguments = [f"/mnt/{MARKER}/trial", str(logs.parent), "group", "-d", f"prep=/mnt/{MARKER}/p"]
    error = OSError(f"no use for '{tmp_path}/{MARKER}/x.tsv'")
    path = write_crash_file(error, arguments=arguments, log_folder=logs)
    text = path.read_text()
    assert path.parent == logs
    assert MARKER not in text
    assert "bids_ketamine '.../trial' 'OUTPUT_DIR' 'group' '-d' prep='.../p'" in text
    assert "OSError: no use for '~/x.tsv'" in text
