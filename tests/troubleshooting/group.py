"""Results and tables that the group level refuses, or leaves people out for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bids_ketamine.interfaces.region_reasons import below_threshold_words, region_reason
from bids_ketamine.regions.locate import Region
from tests.fuzz.trial import write_clinical_tables, write_frame, write_session, write_text
from tests.troubleshooting.alone import remove
from tests.troubleshooting.app import STUDY, recorded, run_app

GOOD = ("01", "02", "03", "04", "05", "06")


def write_results(folder: Path) -> None:
    """Write a trial and run the participant level over it."""
    bids = folder / "bids"
    write_frame(bids)
    for label in GOOD:
        for session in ("pre", "post"):
            write_session(bids, label, session, "faces")
    write_clinical_tables(bids, GOOD)
    run_app(folder)
    assert len(list((folder / "out").rglob("*_measures.tsv"))) == 2 * len(GOOD)


def told_of_group(damage: Callable[[Path], object]) -> Callable[[Path, Path], str]:
    """Return what runs the group level on a copy of the trial's results after some damage."""

    def tell(folder: Path, trial: Path) -> str:
        copy_results(trial, folder)
        damage(folder)
        return run_app(folder, level="group") + recorded(folder / "out" / "group")

    return tell


def copy_results(trial: Path, folder: Path) -> None:
    images, details = shutil.ignore_patterns("sub-*", "derivatives"), shutil.ignore_patterns("func")
    shutil.copytree(trial / "bids", folder / "bids", ignore=images)
    shutil.copytree(trial / "out", folder / "out", ignore=details)


def table(name: str, old: str, new: str) -> Callable[[Path], object]:
    """Return what replaces every occurrence of a text in a table."""

    def apply(folder: Path) -> None:
        path = folder / "bids" / name
        assert old in path.read_text("utf-8")
        write_text(path, path.read_text("utf-8").replace(old, new))

    return apply


def in_capitals(folder: Path) -> None:
    table("participants.tsv", "\tmidazolam", "\tMidazolam")(folder)
    table("participants.tsv", "\tketamine", "\tKetamine")(folder)


def told_of_labels_at_group(folder: Path, trial: Path) -> str:
    copy_results(trial, folder)
    return run_app(
        folder, "--study", str(folder / "study.yml"), "--participant-label", "01", level="group"
    )


def told_of_other_study(folder: Path, trial: Path) -> str:
    copy_results(trial, folder)
    return run_app(
        folder, level="group", study=STUDY.replace("noise_model: ols", "noise_model: ar1")
    )


def told_of_earlier_results(folder: Path, trial: Path) -> str:
    shutil.copytree(trial / "out", folder / "out")
    (folder / "bids").symlink_to(trial / "bids")
    return run_app(folder, study=STUDY.replace("noise_model: ols", "noise_model: ar1"))


def some_left_out(folder: Path) -> None:
    """One arm misspelt, one score missing, one row of scores gone, one session gone."""
    table("participants.tsv", "sub-02\tketamine", "sub-02\tKetamine")(folder)
    table("phenotype/madrs.tsv", "sub-03\tses-post\t16", "sub-03\tses-post\tn/a")(folder)
    table("phenotype/madrs.tsv", "sub-04\tses-post\t13\n", "")(folder)
    shutil.rmtree(folder / "out" / "sub-05" / "ses-post")


#: The same for cases that need results of the participant level.
GROUP_RUNS: dict[str, Callable[[Path, Path], str]] = {
    "group_label": told_of_labels_at_group,
    "arms": told_of_group(in_capitals),
    "no_arm_column": told_of_group(table("participants.tsv", "\tarm\t", "\tgroup\t")),
    "unlisted": told_of_group(table("participants.tsv", "sub-06\tketamine\t35\n", "")),
    "no_scores": told_of_group(remove("bids/phenotype/madrs.tsv")),
    "score_sessions": told_of_group(table("phenotype/madrs.tsv", "ses-", "ses-visit")),
    "other_study": told_of_other_study,
    "otherwise": told_of_earlier_results,
}


def with_equal_changes(folder: Path) -> None:
    """Everybody improves by five points."""
    rows = ["participant_id\tsession_id\tmadrs_total"]
    for number, label in enumerate(GOOD):
        rows += [f"sub-{label}\tses-pre\t{30 + number}", f"sub-{label}\tses-post\t{25 + number}"]
    write_text(folder / "bids" / "phenotype" / "madrs.tsv", "\n".join([*rows, ""]))


def told_of_people(folder: Path, trial: Path) -> str:
    """Return reasons why values are missing, of runs and of the functions that give them."""
    strict = f"{STUDY}exclusions: {{maximum_mean_fd: 0.05, minimum_volumes: 100}}\n"
    told = [
        told_of_group(some_left_out)(folder / "people", trial),
        told_of_group(with_equal_changes)(folder / "equal", trial),
    ]
    copy_results(trial, folder / "strict")
    told.append(run_app(folder / "strict", level="group", study=strict))
    told.append(recorded(folder / "strict" / "out" / "group"))
    short = folder / "short"
    short.mkdir()
    (short / "bids").symlink_to(trial / "bids")
    few = STUDY.replace("minimum_residual_df: 10", "minimum_residual_df: 100")
    chosen = ("--participant-label", "01", "--session-label", "pre")
    told.append(run_app(short, "--study", str(short / "study.yml"), *chosen, study=few))
    told.append(recorded(short / "out"))
    region = Region("amygdala", "", np.arange(4), 4)
    told += [
        region_reason("", 0.25, minimum_coverage=0.5),
        region_reason("", 0.0, minimum_coverage=0.5),
        below_threshold_words(region, [np.ones((2, 2, 1), bool)], np.zeros((2, 2, 1), bool)),
    ]
    return " ".join(told)
