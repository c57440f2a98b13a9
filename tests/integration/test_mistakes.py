"""A mistake gets one sentence with the file, the right exit code, no traceback."""

import hashlib

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.outputs.tables import read_table

STUDY = ["--study", "norbury2021"]


def participant(bids, folder, *further, study="norbury2021"):
    output, work = str(folder / "out"), str(folder / "work")
    return main([str(bids), output, "participant", "--study", study, "-w", work, *further])


def measures(folder, participant, session):
    path = folder / f"sub-{participant}" / f"ses-{session}"
    return hashlib.sha256(
        (path / f"sub-{participant}_ses-{session}_measures.tsv").read_bytes()
    ).hexdigest()


def fmriprep(bids, participant, session, name):
    stem = f"sub-{participant}_ses-{session}_{name}"
    folder = bids / "derivatives" / "fmriprep" / f"sub-{participant}" / f"ses-{session}" / "func"
    return folder / stem


def test_no_derivatives(copy_of_trial, tmp_path, capsys):
    (copy_of_trial / "derivatives").rename(tmp_path / "elsewhere")
    assert participant(copy_of_trial, tmp_path) == 66
    told = capsys.readouterr().err
    assert "-d fmriprep=PATH" in told
    assert "Traceback (most recent" not in told


BOLD = "space-MNI152NLin2009cAsym_desc-preproc_bold"
DAMAGES = {
    "truncated image": (f"task-faces_{BOLD}.nii.gz", "truncated or damaged", 65),
    "confounds of another length": ("task-rest_desc-confounds_timeseries.tsv", "359 rows", 65),
    "no confounds": ("task-stroop_desc-confounds_timeseries.tsv", "confounds", 66),
    "confounds without a column": ("task-rest_desc-confounds_timeseries.tsv", "`csf`", 65),
    "text in the confounds": ("task-faces_desc-confounds_timeseries.tsv", "Line 3", 65),
}


def damage(kind, path):
    if kind == "truncated image":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "confounds of another length":
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    elif kind == "no confounds":
        path.unlink()
    elif kind == "confounds without a column":
        path.write_text(path.read_text().replace("csf\t", "cfs\t", 1))
    else:
        lines = path.read_text().splitlines(keepends=True)
        lines[2] = "oops" + lines[2][lines[2].index("\t") :]
        path.write_text("".join(lines))


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_spoils_its_session_alone(kind, copy_of_trial, results, tmp_path, capsys):
    name, words, code = DAMAGES[kind]
    damage(kind, fmriprep(copy_of_trial, "01", "pre", name))
    only = ["--participant-label", "01", "02", "--session-label", "pre"]
    assert participant(copy_of_trial, tmp_path, *only) == code
    told = capsys.readouterr().err
    assert words in told
    assert name.split("_")[0] in told
    assert "Traceback (most recent" not in told
    assert measures(tmp_path / "out", "02", "pre") == measures(results, "02", "pre")
    page = (tmp_path / "out" / "sub-01.html").read_text(encoding="utf-8")
    assert words.replace("`", "").split()[-1] in page
    assert (tmp_path / "out" / "sub-02.html").is_file()
    spoilt = tmp_path / "out" / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv"
    # A run without confounds is left out and named; a damaged one fails its session.
    assert spoilt.is_file() == (kind == "no confounds")


def test_missing_events(copy_of_trial, tmp_path, capsys):
    path = copy_of_trial / "sub-01" / "ses-pre" / "func" / "sub-01_ses-pre_task-faces_events.tsv"
    path.unlink()
    code = participant(
        copy_of_trial, tmp_path, "--participant-label", "01", "--session-label", "pre"
    )
    assert code == 66
    told = capsys.readouterr().err
    assert "sub-01_ses-pre_task-faces_events.tsv" in told
    table = read_table(tmp_path / "out/sub-01/ses-pre/sub-01_ses-pre_measures.tsv")
    assert set(table["task"]) == {"stroop", "rest"}


def test_an_unknown_column_names_those_that_exist(copy_of_trial, tmp_path, capsys):
    path = tmp_path / "study.yml"
    path.write_text(
        "extends: norbury2021\nname: mine\n"
        "tasks: {faces: {trial_type_column: condition}, stroop: null}\nrest: null\n"
    )
    only = ["--participant-label", "01", "--session-label", "pre"]
    code = participant(copy_of_trial, tmp_path, *only, study=str(path))
    assert code == 65
    told = capsys.readouterr().err
    assert "`condition`" in told
    assert "trial_type" in told
    assert "events.tsv" in told


def test_one_session_only_is_in_the_manifest(copy_of_trial, tmp_path):
    import shutil

    shutil.rmtree(copy_of_trial / "sub-02" / "ses-post")
    shutil.rmtree(copy_of_trial / "derivatives" / "fmriprep" / "sub-02" / "ses-post")
    assert participant(copy_of_trial, tmp_path, "--task-id", "rest", "--nprocs", "2") == 0
    assert main([str(copy_of_trial), str(tmp_path / "out"), "group", *STUDY]) == 0
    manifest = read_table(tmp_path / "out" / "group" / "group_participants.tsv")
    own = manifest[(manifest["participant_id"] == "sub-02") & (manifest["task"] == "rest")]
    assert own.set_index("session").loc["post", "included"] == False  # noqa: E712
    assert "no session post" in own.set_index("session").loc["pre", "reason"]
    changes = read_table(tmp_path / "out" / "group" / "group_changes.tsv")
    assert "sub-02" not in set(changes.dropna(subset=["difference"])["participant_id"])


@pytest.mark.parametrize(
    ("table", "old", "new", "words", "code"),
    [
        ("phenotype/madrs.tsv", "madrs_total", "madrs", "`madrs_total`", 65),
        ("participants.tsv", "arm", "group", "`arm`", 65),
        ("phenotype/caps5.tsv", None, None, "caps5.tsv", 66),
    ],
)
def test_an_outcome_or_arm_that_is_missing(
    trial, results, tmp_path, capsys, table, old, new, words, code
):
    import shutil

    bids = tmp_path / "raw"
    shutil.copytree(trial, bids, ignore=shutil.ignore_patterns("sub-*", "derivatives"))
    output = tmp_path / "out"
    shutil.copytree(results, output)
    path = bids / table
    if old is None:
        path.unlink()
    else:
        path.write_text(path.read_text().replace(old, new, 1))
    assert main([str(bids), str(output), "group", *STUDY]) == code
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback (most recent" not in told


def test_a_missing_score_is_recorded_and_others_go_on(trial, results, tmp_path):
    import shutil

    bids, output = tmp_path / "raw", tmp_path / "out"
    shutil.copytree(trial, bids, ignore=shutil.ignore_patterns("sub-*", "derivatives"))
    shutil.copytree(results, output)
    path = bids / "phenotype" / "madrs.tsv"
    lines = path.read_text().splitlines()
    lines[1] = "\t".join([*lines[1].split("\t")[:-1], "n/a"])
    path.write_text("\n".join(lines) + "\n")
    assert main([str(bids), str(output), "group", *STUDY]) == 0
    outcomes = read_table(output / "group" / "group_outcomes.tsv")
    own = outcomes[(outcomes["outcome"] == "madrs") & (outcomes["participant_id"] == "sub-01")]
    assert own["improvement"].isna().all()
    assert "madrs" in own["reason"].item()
    assert outcomes["improvement"].notna().sum() == 5
