"""The plan of a dry run and its text."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.cli.dry_run import Analysis, plan
from bids_ketamine.cli.dry_run_text import render
from bids_ketamine.cli.estimates import ImageSize, read_image_size
from bids_ketamine.cli.group_dry_run import describe_group
from bids_ketamine.cli.trial import Trial
from bids_ketamine.dataset.inputs import Missing, RunInputs, SessionInputs, VolumesInputs
from bids_ketamine.study.load import Study, load_study
from bids_ketamine.study.spec import SessionSpec

SHAPE = (97, 115, 97, 215)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("norbury2021")


@pytest.fixture
def bold(write_header: Callable[..., Path], tmp_path: Path) -> Path:
    return write_header(tmp_path / "prep" / "bold.nii.gz", SHAPE)


def planned(
    sessions: list[SessionInputs], study: Study, tmp_path: Path, **changes: object
) -> dict[str, Analysis]:
    arguments = {"output_dir": tmp_path / "out", "task_labels": None} | changes
    return {each.method: each for each in plan(sessions, study=study, **arguments)}  # type: ignore[arg-type]


def test_each_method_of_a_session(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    table = tmp_path / "table.tsv"
    runs = (
        make_run("faces", bold=bold, events=table, confounds=table, run="1"),
        make_run("faces", bold=bold, events=table, confounds=table, run="2"),
        make_run(
            "rest", bold=bold, confounds=table, description="smoothAROMAnonaggr", smoothed=True
        ),
    )
    missing = (Missing("stroop: events", "sub-01_events.tsv is not there"),)
    found = planned([make_session(runs=runs, missing=missing)], study, tmp_path)
    assert list(found) == ["faces GLM", "stroop GLM", "rest FC"]
    faces, stroop, rest = found.values()
    assert faces.status == rest.status == "ready"
    assert faces.uses == (
        "2 runs of 215 volumes, preproc, no ICA-AROMA, smoothing 6 mm, events, confounds; "
        "also generalized PPI, LDC of patterns and DCM `faceCircuit` (vmPFC, amygdala)"
    )
    assert rest.uses == "1 run of 215 volumes, smoothAROMAnonaggr, smoothed already, confounds"
    assert faces.cost.seconds == pytest.approx(2 * (1 + 1.65 + 1.8 + 1.9), rel=0.01)
    assert (stroop.status, stroop.can_run, stroop.cost.seconds) == ("missing", False, 0)
    assert stroop.reasons == ("stroop: events: sub-01_events.tsv is not there.",)
    assert faces.reasons == rest.reasons == ()


def test_every_model_of_a_task_is_named(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    assert study.spec.dcm is not None
    (circuit,) = study.spec.dcm.models
    models = (circuit, replace(circuit, name="oneWay"), replace(circuit, name="x", task="stroop"))
    dcm = replace(study.spec.dcm, models=models)
    spec = replace(study.spec, gppi=None, rsa=None, dcm=dcm)
    session = make_session(runs=(make_run("faces", bold=bold), make_run("stroop", bold=bold)))
    found = planned([session], replace(study, spec=spec), tmp_path)
    assert found["faces GLM"].uses.endswith(
        "; also DCMs `faceCircuit` (vmPFC, amygdala); `oneWay` (vmPFC, amygdala)"
    )
    assert found["stroop GLM"].uses.endswith("; also DCM `x` (vmPFC, amygdala)")
    without = replace(study, spec=replace(spec, dcm=None))
    assert "also" not in planned([session], without, tmp_path)["faces GLM"].uses


@pytest.fixture
def mixing(tmp_path: Path) -> Path:
    """A mixing matrix with a row for each volume of the series, and a blank line."""
    path = tmp_path / "mixing.tsv"
    path.write_text("0.5\t-1.0\n" * SHAPE[3] + "\n")
    return path


def test_whether_the_series_is_denoised_here(
    study: Study,
    tmp_path: Path,
    bold: Path,
    mixing: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    of_aroma = {"aroma_mixing": mixing, "aroma_noise": tmp_path / "noise.csv"}
    runs = (
        make_run("faces", bold=bold, run="1", **of_aroma),
        make_run("faces", bold=bold, run="2"),
        make_run("stroop", bold=bold, description="nonaggrDenoised"),
        make_run("rest", timeseries=tmp_path / "series.tsv"),
    )
    uses = [each.uses for each in planned([make_session(runs=runs)], study, tmp_path).values()]
    assert uses == [
        "1 run of 215 volumes, preproc, ICA-AROMA here, smoothing 6 mm; "
        "1 run of 215 volumes, preproc, no ICA-AROMA, smoothing 6 mm; "
        "also generalized PPI, LDC of patterns and DCM `faceCircuit` (vmPFC, amygdala)",
        "1 run of 215 volumes, nonaggrDenoised, smoothing 6 mm; also generalized PPI",
        "1 run, region time series",
    ]
    inputs = replace(study.spec.inputs, aroma="none")
    changed = replace(study, spec=replace(study.spec, inputs=inputs))
    session = make_session(runs=(make_run("faces", bold=bold),))
    faces = planned([session], changed, tmp_path)["faces GLM"]
    assert faces.uses.startswith("1 run of 215 volumes, preproc, smoothing 6 mm;")


def test_a_mixing_matrix_of_other_volumes_is_told(
    study: Study,
    tmp_path: Path,
    bold: Path,
    mixing: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    noise = tmp_path / "noise.csv"
    run = make_run("faces", bold=bold, aroma_mixing=mixing, aroma_noise=noise)
    mixing.write_text("0.5\t-1.0\n" * 210)
    faces = planned([make_session(runs=(run,))], study, tmp_path)["faces GLM"]
    assert (faces.status, faces.can_run) == ("unreadable", False)
    assert faces.reasons == (
        f"{mixing}: The mixing matrix has 210 rows and the series 215 volumes.",
    )
    mixing.unlink()
    faces = planned([make_session(runs=(run,))], study, tmp_path)["faces GLM"]
    assert faces.reasons == (f"{mixing}: mixing.tsv is not there.",)


def test_a_task_that_is_not_there_gets_a_reason(
    study: Study, tmp_path: Path, make_session: Callable[..., SessionInputs]
) -> None:
    found = planned([make_session(runs=())], study, tmp_path)
    assert found["rest FC"].reasons == ("No run of task-rest was found.",)


def test_what_lacks_to_a_whole_session_lacks_to_each_method(
    study: Study, tmp_path: Path, make_session: Callable[..., SessionInputs]
) -> None:
    missing = (Missing("session post", "there is no folder ses-post"),)
    found = planned([make_session(runs=(), missing=missing)], study, tmp_path)
    assert {each.reasons for each in found.values()} == {
        ("session post: there is no folder ses-post.",)
    }


def test_some_runs_usable(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    missing = (Missing("faces: confounds", "run 2 has none"),)
    session = make_session(runs=(make_run("faces", bold=bold),), missing=missing)
    faces = planned([session], study, tmp_path)["faces GLM"]
    assert (faces.status, faces.can_run) == ("partial", True)


def test_a_second_choice_is_noted_and_ready(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    missing = (Missing("faces: smoothAROMAnonaggr", "expected x; preproc is used"),)
    session = make_session(runs=(make_run("faces", bold=bold),), missing=missing)
    faces = planned([session], study, tmp_path)["faces GLM"]
    assert faces.status == "ready"
    assert faces.reasons == ("faces: smoothAROMAnonaggr: expected x; preproc is used.",)


def test_images_that_cannot_be_read(
    study: Study,
    tmp_path: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    empty, link, none = (tmp_path / f"{name}.nii.gz" for name in ("empty", "link", "none"))
    empty.write_bytes(b"")
    link.symlink_to(tmp_path / "annex")
    for path, reason in (
        (empty, "the file is empty"),
        (link, "the link leads nowhere (content not downloaded?)"),
        (none, "the file does not exist"),
    ):
        session = make_session(runs=(make_run("faces", bold=path),))
        faces = planned([session], study, tmp_path)["faces GLM"]
        assert (faces.status, faces.can_run) == ("unreadable", False)
        assert faces.reasons == (f"{path}: {reason}.",)


def test_region_time_series_need_no_header(
    study: Study,
    tmp_path: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    session = make_session(runs=(make_run("rest", timeseries=tmp_path / "t.tsv"),))
    rest = planned([session], study, tmp_path)["rest FC"]
    assert (rest.status, rest.uses) == ("ready", "1 run, region time series")


def test_task_labels_leave_other_methods_out(
    study: Study, tmp_path: Path, make_session: Callable[..., SessionInputs]
) -> None:
    assert list(planned([make_session()], study, tmp_path, task_labels=["rest"])) == ["rest FC"]


def test_results_that_are_there_are_seen(
    study: Study, tmp_path: Path, make_session: Callable[..., SessionInputs]
) -> None:
    path = tmp_path / "out" / "sub-01" / "ses-b0" / "sub-01_ses-b0_measures.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("")
    session = make_session(label="b0")
    analysis = planned([session], study, tmp_path)["faces GLM"]
    assert analysis.computed
    assert analysis.session == "pre=ses-b0"


def test_the_text(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    sessions = [
        make_session(runs=(make_run("faces", bold=bold),)),
        make_session(session="post", runs=(), missing=(Missing("session", "no ses-post " * 12),)),
    ]
    study = replace(study, notices=("a method of the preset is left out",))
    analyses = plan(sessions, study=study, output_dir=tmp_path, task_labels=["faces"])
    text = render(
        analyses,
        study=study,
        regions=(),
        bids_dir=Path("/data/bids"),
        derivatives={"fmriprep": Path("/data/prep")},
        output_dir=Path("/data/out"),
        n_procs=2,
    )
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "derivatives  fmriprep = /data/prep" in lines
    assert "sessions     pre = ses-pre, post = ses-post" in lines
    assert "  - a method of the preset is left out" in lines
    row = next(line for line in lines if line.startswith("sub-01") and "  pre " in line)
    assert row.split()[:5] == ["sub-01", "pre", "faces", "GLM", "ready"]
    assert "6 s   0.6 GB  1 run of 215 volumes" in row
    assert any("missing  -     -       [1]" in line for line in lines)
    assert any(line.startswith("  [1]  session: no ses-post") for line in lines)
    assert "1 of 2 analyses can run, in 1 session of 1 participant." in lines
    assert any("about 17 s with one process, 17 s with --nprocs 2" in line for line in lines)
    assert text.isascii()


def test_two_processes_halve_the_work_but_not_its_longest_step(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    sessions = [
        make_session(participant, runs=(make_run("faces", bold=bold),))
        for participant in ("01", "02", "03", "04")
    ]
    analyses = plan(sessions, study=study, output_dir=tmp_path, task_labels=["faces"])
    text = render(
        analyses,
        study=study,
        regions=(),
        bids_dir=tmp_path,
        derivatives={},
        output_dir=tmp_path,
        n_procs=2,
    )
    # Four steps of 6.35 s, 6 s to start and 5 s for each report.
    assert "about 51 s with one process, 39 s with --nprocs 2" in text
    assert " ".join(text.split()).endswith("0.6 GB for the largest step, up to 1.2 GB together.")


def test_sessions_derived_from_a_column_are_explained(study: Study, tmp_path: Path) -> None:
    crossover = SessionSpec(name="ketamine", column="infusion_1", labels={"d": "d2", "p": "p2"})
    single = SessionSpec(name="only", unlabelled=True)
    changed = replace(study, spec=replace(study.spec, sessions=(crossover, single)), notices=())
    text = render(
        (),
        study=changed,
        regions=(),
        bids_dir=tmp_path,
        derivatives={},
        output_dir=tmp_path,
        n_procs=1,
    )
    assert "ketamine = by column infusion_1 (d: ses-d2, p: ses-p2)" in text
    assert "only (no session folders)" in text
    assert "0 of 0 analyses can run" in text


def test_the_group_level_tells_results_and_tables(study: Study, dataset: SimpleNamespace) -> None:
    for participant, sessions in {"01": ("pre", "post"), "02": ("pre",)}.items():
        for session in sessions:
            folder = dataset.out / f"sub-{participant}" / f"ses-{session}"
            folder.mkdir(parents=True)
            (folder / f"sub-{participant}_ses-{session}_measures.tsv").write_text("")
    (dataset.bids / "participants.tsv").write_text("participant_id\tage\n")
    (dataset.bids / "phenotype").mkdir()
    (dataset.bids / "phenotype" / "madrs.tsv").write_text("participant_id\tmadrs_total\n")
    trial = Trial(bids_dir=dataset.bids, output_dir=dataset.out, derivatives={}, study=study)
    text, code = describe_group(trial, own=study.spec)
    lines = text.splitlines()
    assert code == 65
    stops = " ".join(text.partition("The run would stop at:")[2].split())
    assert stops.startswith("- The table has a header and no rows.")
    assert "- The table `caps5` is not there (needed for the outcome `caps5`)." in stops
    assert "results of 2 participants:" in lines
    assert "  ses-post: 1 participant" in lines
    assert "  ses-pre: 2 participants" in lines
    assert "  phenotype/madrs.tsv: ready" in lines
    assert "  phenotype/caps5.tsv: missing, needed for outcome caps5" in lines
    assert (
        "  participants.tsv: lacks arm (arms); optional columns that are not there: gender," in text
    )
    assert max(len(line) for line in lines if str(dataset.bids.parent) not in line) <= 100
    tables, elastic_net = " ".join(text.split()).split("elastic net:")
    assert " age," not in tables
    assert elastic_net.startswith(
        " outcome: improvement of caps5; that of madrs in the third model"
    )
    assert "covariates: age, gender, education, psychotropic_medication," in elastic_net
    assert "of baseline models alone: income, social_support, cognition," in elastic_net
    assert "left out, for it is not there: gender, education," in elastic_net
    assert "no model has a result" not in elastic_net


def test_the_group_level_tells_covariates_that_the_elastic_net_needs(
    study: Study, dataset: SimpleNamespace
) -> None:
    needed = tuple(replace(each, optional=each.name != "gender") for each in study.spec.covariates)
    spec = replace(study.spec, covariates=needed)
    needy = replace(study, spec=spec)
    (dataset.bids / "participants.tsv").write_text("participant_id\tage\n")
    trial = Trial(bids_dir=dataset.bids, output_dir=dataset.out, derivatives={}, study=needy)
    text, _ = describe_group(trial, own=spec)
    assert "  not there, and no model has a result without: gender" in text.splitlines()
    without = replace(needy, spec=replace(spec, elastic_net=None))
    trial = replace(trial, study=without)
    assert "elastic net" not in describe_group(trial, own=without.spec)[0]


def test_the_group_level_without_results_cannot_run(study: Study, dataset: SimpleNamespace) -> None:
    dataset.out.mkdir()
    trial = Trial(bids_dir=dataset.bids, output_dir=dataset.out, derivatives={}, study=study)
    text, code = describe_group(trial, own=study.spec)
    assert code == 66
    assert "No results of the participant level were found: run it first." in text


@pytest.mark.parametrize(("n_runs", "partition"), [(1, "run"), (2, "run"), (1, "half_block")])
def test_partitions_by_run_of_one_run_are_told(
    study: Study,
    tmp_path: Path,
    bold: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
    n_runs: int,
    partition: str,
) -> None:
    assert study.spec.rsa is not None
    rsa = replace(study.spec.rsa, partition=partition)
    by_run = replace(study, spec=replace(study.spec, rsa=rsa))
    runs = [make_run(task, bold=bold, run="1") for task in ("stroop", "rest")]
    runs += [make_run("faces", bold=bold, run=str(each)) for each in range(n_runs)]
    found = planned([make_session(runs=tuple(runs))], by_run, tmp_path)
    alone = n_runs == 1 and partition == "run"
    told = "No LDC of patterns: there is one run, and partitions by run need two."
    assert found["faces GLM"].reasons == ((told,) if alone else ())
    assert found["faces GLM"].status == "ready"
    assert found["stroop GLM"].reasons == found["rest FC"].reasons == ()


def test_sessions_that_are_not_looked_for_say_what_they_are(study: Study, tmp_path: Path) -> None:
    sessions = (
        SessionSpec(name="pre1"),
        SessionSpec(name="pre2"),
        SessionSpec(name="baseline", mean_of=("pre1", "pre2")),
        SessionSpec(name="day1", scanned=False),
    )
    changed = replace(study, spec=replace(study.spec, sessions=sessions), notices=())
    text = render(
        (),
        study=changed,
        regions=(),
        bids_dir=tmp_path,
        derivatives={},
        output_dir=tmp_path,
        n_procs=1,
    )
    told = "pre1 = ses-pre1, pre2 = ses-pre2, baseline = mean of pre1 and pre2, day1 (no images)"
    assert f"sessions     {told}" in text


def test_networks_and_volumes_of_a_session(
    tmp_path: Path,
    write_header: Callable[..., Path],
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    siegel = load_study("siegel2021")
    bold = write_header(tmp_path / "rest_bold.nii.gz", (97, 115, 97, 180))
    table = tmp_path / "table.tsv"
    stats = tmp_path / "aseg.stats"
    session = make_session(
        runs=(make_run("rest", bold=bold, confounds=table),),
        session="pre1",
        volumes=VolumesInputs(stats=stats),
    )
    found = planned([session], siegel, tmp_path)
    assert list(found) == ["rest FC", "volumes"]
    assert found["rest FC"].uses == (
        "1 run of 180 volumes, preproc, not smoothed, confounds; cleaning 30P; also networks "
        "default_mode, limbic, visual, sgACC_default_mode and seed maps of sgACC, limbic"
    )
    assert (found["volumes"].status, found["volumes"].uses) == ("ready", "aseg.stats")
    # Without a file the reason is told of the volumes alone.
    missing = (Missing("anat: volumes", "there is no aseg.stats"),)
    bare = replace(session, volumes=VolumesInputs(reason="none"), missing=missing)
    found = planned([bare], siegel, tmp_path)
    assert (found["rest FC"].status, found["rest FC"].reasons) == ("ready", ())
    assert (found["volumes"].status, found["volumes"].can_run) == ("missing", False)
    assert found["volumes"].reasons == ("anat: volumes: there is no aseg.stats.",)
    # A second choice is told.
    second = VolumesInputs(segmentation=tmp_path / "aseg_dseg.nii.gz", note="no aseg.stats")
    found = planned([replace(session, volumes=second)], siegel, tmp_path)
    assert (found["volumes"].status, found["volumes"].reasons) == ("ready", ("no aseg.stats.",))
    # A session that is not there gives neither.
    gone = make_session(runs=(), missing=(Missing("session", "no ses-pre1"),))
    assert {each.status for each in planned([gone], siegel, tmp_path).values()} == {"missing"}


def test_grayordinates_are_counted_and_not_smoothed(
    study: Study,
    tmp_path: Path,
    make_run: Callable[..., RunInputs],
    make_session: Callable[..., SessionInputs],
) -> None:
    path = tmp_path / "rest_bold.dtseries.nii"
    header = bytearray(544)
    struct.pack_into("<i", header, 0, 540)
    struct.pack_into("<8q", header, 16, 6, 1, 1, 1, 1, 180, 91282, 1)
    path.write_bytes(header)
    assert read_image_size(path) == ImageSize(n_voxels=91282, n_volumes=180)
    assert study.spec.inputs.smoothing_fwhm == 6
    session = make_session(runs=(make_run("rest", bold=path),))
    rest = planned([session], study, tmp_path)["rest FC"]
    assert rest.uses == "1 run of 180 volumes, preproc, grayordinates, no ICA-AROMA, not smoothed"
