"""Command lines: what each option means, both spellings, and the sentence for each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.cli.flags import PRESETS, build_parser
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.parser import parse_arguments
from bids_ketamine.errors import UsageError
from bids_ketamine.study.load import preset_names

BASE = ["bids", "out", "participant", "--study", "norbury2021"]

#: Option as typed, its values, and the field it sets.
FLAGS: list[tuple[str, list[str], str, Any]] = [
    ("--participant-label", ["sub-01", "02"], "participant_labels", ("01", "02")),
    ("--session-label", ["ses-pre", "post"], "session_labels", ("pre", "post")),
    ("--session-id", ["pre"], "session_labels", ("pre",)),
    ("--task-id", ["task-rest", "faces"], "task_labels", ("rest", "faces")),
    (
        "--derivatives",
        ["fmriprep=a/b", "c/xcp_d"],
        "derivatives",
        (("fmriprep", Path("a/b")), ("xcp_d", Path("c/xcp_d"))),
    ),
    ("-d", ["a=/x=y"], "derivatives", (("a", Path("/x=y")),)),
    ("--study", ["my_study.yml"], "study", "my_study.yml"),
    ("--bids-filter-file", ["f_1.json"], "bids_filter_file", Path("f_1.json")),
    ("--bids-database-dir", ["db"], "bids_database_dir", Path("db")),
    ("--skip-bids-validation", [], "skip_bids_validation", True),
    ("--nprocs", ["3"], "n_procs", 3),
    ("--n-procs", ["3"], "n_procs", 3),
    ("--nthreads", ["3"], "n_procs", 3),
    ("--n-cpus", ["3"], "n_procs", 3),
    ("--omp-nthreads", ["2"], "omp_n_threads", 2),
    ("--mem-mb", ["4000"], "memory_mb", 4000.0),
    ("--mem-mb", ["4G"], "memory_mb", 4000.0),
    ("--mem", ["4GB"], "memory_mb", 4000.0),
    ("--work-dir", ["w_1"], "work_dir", Path("w_1")),
    ("-w", ["w"], "work_dir", Path("w")),
    ("--clean-workdir", [], "clean_workdir", True),
    ("--use-plugin", ["p.yml"], "use_plugin", Path("p.yml")),
    ("--stop-on-first-crash", [], "stop_on_first_crash", True),
    ("--reports-only", [], "reports_only", True),
    ("--boilerplate-only", [], "boilerplate_only", True),
    ("--dry-run", [], "dry_run", True),
    ("--random-seed", ["7"], "random_seed", 7),
    ("--permutations", ["99"], "permutations", 99),
    ("--notrack", [], "notrack", True),
    ("--overwrite", [], "overwrite", True),
    ("--plan", [], "plan", True),
    ("--unblind", [], "unblind", True),
    ("--no-individual-data", [], "no_individual_data", True),
    ("-v", [], "verbosity", 1),
    ("-vv", [], "verbosity", 2),
    ("--verbose", [], "verbosity", 1),
]


@pytest.mark.parametrize(("flag", "values", "field", "expected"), FLAGS)
def test_every_flag_in_both_spellings(
    flag: str, values: list[str], field: str, expected: Any
) -> None:
    underscored = "--" + flag[2:].replace("-", "_") if flag.startswith("--") else flag
    for spelling in (flag, underscored):
        options = parse_arguments([*BASE, spelling, *values])
        assert getattr(options, field) == expected
        if len(values) == 1 and flag.startswith("--"):
            assert parse_arguments([*BASE, f"{spelling}={values[0]}"]) == options


def test_the_table_above_knows_every_flag() -> None:
    known = {flag for action in build_parser()._actions for flag in action.option_strings}
    tested = {flag for flag, *_ in FLAGS} | {"-vv"}
    assert known - tested == {"--help", "-h", "--version", "--bids-exec-spec"}


def test_defaults() -> None:
    assert parse_arguments(BASE) == RunOptions(
        bids_dir=Path("bids"),
        output_dir=Path("out"),
        analysis_level="participant",
        study="norbury2021",
    )


def test_values_that_look_like_options_of_another_spelling_stay_as_they_are() -> None:
    options = parse_arguments(["my_bids", "my_out", "group", "--study", "my_study.yml"])
    assert (options.bids_dir, options.study) == (Path("my_bids"), "my_study.yml")


def test_repeated_lists_join_and_repeated_labels_count_once() -> None:
    options = parse_arguments(
        [*BASE, "--participant-label", "01", "--participant_label", "sub-01", "02"]
    )
    assert options.participant_labels == ("01", "02")


def test_home_is_expanded_behind_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    options = parse_arguments([*BASE, "-d", "fmriprep=~/prep"])
    assert options.derivatives == (("fmriprep", Path("/home/me/prep")),)


def test_help_names_every_preset() -> None:
    assert preset_names() == PRESETS


MISTAKES: list[tuple[str, str]] = [
    ("", "The command line lacks BIDS_DIR, OUTPUT_DIR and the level (participant or group)."),
    ("bids out", "The command line lacks the level (participant or group)."),
    ("bids out participnat --study x", "`participnat` is no level; did you mean `participant`?"),
    ("bids out all --study x", "`all` is no level; the levels are participant and group."),
    (
        "bids out participant",
        "--study is missing: name a preset (norbury2021, siegel2021) or a study file.",
    ),
    (
        "--participant-label 01 bids out participant --study x",
        "The command line lacks BIDS_DIR, OUTPUT_DIR and the level (participant or group).",
    ),
    (
        "bids out group --study x --nproc 2",
        "`--nproc` is no option of bids_ketamine. Did you mean `--nprocs`?",
    ),
    (
        "--particpant_label=01 bids out group --study x",
        "`--particpant-label` is no option of bids_ketamine. Did you mean `--participant-label`?",
    ),
    ("bids out group --study x -q", "`-q` is no option of bids_ketamine."),
    ("bids out group again --study x", "`again` is one argument too many."),
    ("bids out group --study", "--study: expected one argument."),
    ("bids out group --study x --plan=now", "--plan: ignored explicit argument 'now'."),
    ("bids out group --study x --plan my.yml", "`my.yml` is one argument too many."),
    ("bids out group --study x --unblnd", "`--unblnd` is no option of bids_ketamine. Did you mean"),
    ("bids out group --study x -d", "--derivatives: expected at least one argument."),
    ("bids out group --study x -d =a", "--derivatives: `=a` is not NAME=PATH."),
    (
        "bids out group --study x -d a=b a=c",
        "--derivatives: two folders are named `a`. Give each a name of its own: NAME=PATH.",
    ),
    ("bids out group --study x --nthreads 0", "--nprocs: `0` is not a whole number of 1 or more."),
    ("bids out group --study x --omp-nthreads two", "--omp-nthreads: `two` is not a whole number"),
    ("bids out group --study x --mem-mb much", "--mem-mb: `much` is not an amount of memory"),
    ("bids out group --study x --mem-mb -1", "--mem-mb: `-1` is not an amount of memory"),
    ("bids out group --study x --permutations 0", "--permutations: `0` is not a whole number of 1"),
    ("bids out group --study x --random-seed -1", "--random-seed: `-1` is not a whole number from"),
    (
        "bids out group --study x --participant-label 01,02",
        "--participant-label: `01,02` is no label: labels are letters and digits",
    ),
    ("bids out group --study x --session-id pre-1", "--session-label: `pre-1` is no label"),
    (
        "bids out group --study x --dry-run --reports-only",
        "--reports-only: not allowed with argument --dry-run.",
    ),
]


@pytest.mark.parametrize(("line", "sentence"), MISTAKES)
def test_mistakes_are_told_in_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_arguments(line.split())
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 64
    assert caught.value.cure or "Did you mean" in str(caught.value)


def test_an_empty_path_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="the path is empty"):
        parse_arguments(["", "out", "group", "--study", "x"])


def test_help_shows_groups_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    for part in ("what is computed, from what:", "how it is run:", "examples:", "exit codes:"):
        assert part in text
    assert "  -d, --derivatives NAME=PATH ...\n" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_home_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(UsageError, match="needs a home folder, and this user has none"):
        parse_arguments([*BASE, "-w", "~/work"])
