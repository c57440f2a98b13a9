"""Folders that must be there, apart from each other, and writable."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.cli import guards
from bids_ketamine.cli.guards import (
    check_creatable,
    check_input,
    check_output,
    check_work_dir,
    make_writable,
)
from bids_ketamine.errors import (
    CannotCreateError,
    InputMissingError,
    InvalidBidsError,
    ReadWriteError,
    UsageError,
)


def test_a_missing_dataset_and_a_missing_derivative_are_told_apart(
    dataset: SimpleNamespace,
) -> None:
    with pytest.raises(InputMissingError) as caught:
        check_input(dataset.root / "none", derivatives={}, skip_validation=True)
    assert str(caught.value).startswith("The BIDS dataset does not exist. [")
    with pytest.raises(InputMissingError) as caught:
        check_input(
            dataset.bids, derivatives={"prep": dataset.root / "none"}, skip_validation=False
        )
    assert caught.value.exit_code == 66
    assert str(caught.value) == (
        f"The derivative dataset `prep` does not exist. [{dataset.root / 'none'}] "
        "Say where it is with `-d prep=PATH`."
    )


def test_a_file_is_no_dataset(dataset: SimpleNamespace) -> None:
    path = dataset.bids / "dataset_description.json"
    with pytest.raises(InputMissingError, match="is a file, not a folder"):
        check_input(path, derivatives={}, skip_validation=False)


def test_a_folder_without_description_is_refused_unless_validation_is_skipped(
    dataset: SimpleNamespace,
) -> None:
    (dataset.bids / "dataset_description.json").unlink()
    with pytest.raises(InvalidBidsError) as caught:
        check_input(dataset.bids, derivatives={}, skip_validation=False)
    assert caught.value.exit_code == 16
    check_input(dataset.bids, derivatives={}, skip_validation=True)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("bids", "is the input"),
        ("bids/../bids", "is the input"),
        (".", "contains the input"),
        ("bids/results", "is inside the input and not inside its derivatives folder"),
        ("bids/derivatives", "is inside the input and not inside its derivatives folder"),
        ("fmriprep", "is the derivative dataset `prep`"),
        ("fmriprep/results", "is inside the derivative dataset `prep`"),
    ],
)
def test_output_among_inputs_is_a_usage_error(
    dataset: SimpleNamespace, output: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_output(
            dataset.root / output, bids_dir=dataset.bids, derivatives={"prep": dataset.prep}
        )
    assert words in caught.value.message
    assert caught.value.exit_code == 64
    assert caught.value.cure == (
        f"Choose a folder of its own, such as `{dataset.bids}/derivatives/bids_ketamine`."
    )


@pytest.mark.parametrize("output", ["out", "a/b/c", "bids/derivatives/ketamine"])
def test_output_of_its_own_is_fine(dataset: SimpleNamespace, output: str) -> None:
    check_output(dataset.root / output, bids_dir=dataset.bids, derivatives={"prep": dataset.prep})
    assert not (dataset.root / output).exists()


def test_output_beside_derivatives_that_lie_in_derivatives_itself(
    dataset: SimpleNamespace,
) -> None:
    shared = dataset.bids / "derivatives"
    check_output(shared / "ketamine", bids_dir=dataset.bids, derivatives={"prep": shared})


def test_output_that_contains_derivatives_is_refused(dataset: SimpleNamespace) -> None:
    prep = dataset.root / "results" / "fmriprep"
    with pytest.raises(UsageError, match="contains the derivative dataset `prep`"):
        check_output(prep.parent, bids_dir=dataset.bids, derivatives={"prep": prep})


def test_a_link_to_the_input_is_the_input(dataset: SimpleNamespace) -> None:
    link = dataset.root / "link"
    link.symlink_to(dataset.bids)
    with pytest.raises(UsageError, match="is the input"):
        check_output(link, bids_dir=dataset.bids, derivatives={})


@pytest.mark.parametrize(
    ("description", "refused"),
    [
        ({"Name": "x", "GeneratedBy": [{"Name": "fMRIPrep"}]}, True),
        ({"Name": "x", "BIDSVersion": "1.9.0"}, True),
        ({"Name": "x", "GeneratedBy": [{"Name": "bids_ketamine"}]}, False),
    ],
)
def test_another_apps_results_are_not_touched(
    dataset: SimpleNamespace, description: dict[str, object], refused: bool
) -> None:
    dataset.out.mkdir()
    path = dataset.out / "dataset_description.json"
    path.write_text(json.dumps(description))
    if not refused:
        check_output(dataset.out, bids_dir=dataset.bids, derivatives={})
        return
    with pytest.raises(CannotCreateError) as caught:
        check_output(dataset.out, bids_dir=dataset.bids, derivatives={})
    assert caught.value.exit_code == 73
    assert caught.value.path == path
    assert caught.value.cure is not None


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("bids/work", "is inside the input"),
        ("bids", "is inside the input"),
        ("fmriprep/work", "is inside the derivative dataset `prep`"),
        ("out", "is the output folder"),
    ],
)
def test_work_directory_among_inputs_is_a_usage_error(
    dataset: SimpleNamespace, work: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        check_work_dir(
            dataset.root / work,
            bids_dir=dataset.bids,
            derivatives={"prep": dataset.prep},
            output_dir=dataset.out,
            clean=False,
        )
    assert "-w" in str(caught.value.cure)


def test_a_folder_with_inputs_may_hold_work_but_not_be_cleaned(dataset: SimpleNamespace) -> None:
    def check(clean: bool) -> None:
        check_work_dir(
            dataset.root,
            bids_dir=dataset.bids,
            derivatives={},
            output_dir=dataset.out,
            clean=clean,
        )

    check(clean=False)
    with pytest.raises(UsageError, match="is to be cleaned and contains"):
        check(clean=True)


def test_a_file_in_the_way_of_a_folder(dataset: SimpleNamespace) -> None:
    path = dataset.root / "file"
    path.write_text("")
    for folder in (path, path / "below"):
        with pytest.raises(CannotCreateError) as caught:
            make_writable(folder, what="output folder")
        assert caught.value.exit_code == 73
        assert caught.value.path == folder
        with pytest.raises(CannotCreateError, match="is a file"):
            check_creatable(folder, what="output folder")


def test_creatable_writes_nothing_and_writable_leaves_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    check_creatable(folder, what="output folder")
    assert not (tmp_path / "a").exists()
    make_writable(folder, what="output folder")
    assert list(folder.iterdir()) == []


def test_a_folder_below_a_link_to_nothing_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(CannotCreateError, match=r"link` is a link to nothing\."):
        check_creatable(tmp_path / "link" / "out", what="output folder")
    with pytest.raises(CannotCreateError):
        make_writable(tmp_path / "link" / "out", what="output folder")


WHO = " This process runs as user 4321; in a container give `--user $(id -u):$(id -g)`."


@pytest.mark.parametrize(
    ("number", "end"),
    [(errno.EACCES, WHO), (errno.EPERM, WHO), (errno.EROFS, ""), (errno.ENOSPC, "")],
)
def test_who_the_process_is_where_permission_is_denied(
    number: int, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setattr(guards.tempfile, "TemporaryFile", refuse)
    with pytest.raises(CannotCreateError) as told:
        make_writable(tmp_path, what="output folder")
    assert told.value.exit_code == 73
    assert str(told.value) == (
        f"The output folder cannot be written to: {os.strerror(number)}. [{tmp_path}] Choose "
        f"another folder, or check the permissions and the space left.{end}"
    )


@pytest.mark.parametrize(("flags", "end"), [(0, WHO), (os.ST_RDONLY, "")])
def test_a_dry_run_says_it_too(
    flags: int, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flags))
    with pytest.raises(CannotCreateError) as told:
        check_creatable(tmp_path / "out", what="output folder")
    assert str(told.value) == (
        f"The output folder cannot be created: `{tmp_path}` may not be written to. "
        f"[{tmp_path / 'out'}] Choose another folder, or check the permissions.{end}"
    )


def test_a_link_that_leads_to_itself_is_told_as_such(dataset: SimpleNamespace) -> None:
    loop = dataset.root / "loop"
    loop.symlink_to(loop)
    with pytest.raises(InputMissingError, match="is a link that leads back to itself"):
        check_input(loop, derivatives={}, skip_validation=True)
    with pytest.raises(CannotCreateError, match="is a link to nothing"):
        check_output(loop, bids_dir=dataset.bids, derivatives={})
    with pytest.raises(CannotCreateError) as caught:
        make_writable(loop / "work", what="work directory")
    assert caught.value.exit_code == 73


def test_a_pipe_is_no_dataset_and_its_description_is_not_waited_for(
    dataset: SimpleNamespace,
) -> None:
    pipe = dataset.root / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputMissingError, match="is a device or pipe, not a folder"):
        check_input(pipe, derivatives={}, skip_validation=True)
    dataset.out.mkdir()
    os.mkfifo(dataset.out / "dataset_description.json")
    with pytest.raises(CannotCreateError, match="is not a file"):
        check_output(dataset.out, bids_dir=dataset.bids, derivatives={})


def test_a_folder_that_may_not_be_read(
    dataset: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ReadWriteError, match="cannot be read: permission denied") as caught:
        check_input(dataset.bids, derivatives={}, skip_validation=True)
    assert caught.value.exit_code == 74


def test_a_description_nested_without_end_is_of_unknown_origin(dataset: SimpleNamespace) -> None:
    dataset.out.mkdir()
    (dataset.out / "dataset_description.json").write_text("[" * 200_000)
    with pytest.raises(CannotCreateError, match="unknown origin"):
        check_output(dataset.out, bids_dir=dataset.bids, derivatives={})
