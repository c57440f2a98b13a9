"""Writes the simulated trial of resting networks: a BIDS dataset, derivatives and the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from bids_ketamine.demo import network_sidecars, sidecars
from bids_ketamine.demo.dataset import Progress, check_request, make_folder
from bids_ketamine.demo.files import write_json, write_table, write_text
from bids_ketamine.demo.network_grayordinates import write_grayordinate_study
from bids_ketamine.demo.network_model import NetworkModel, noise_model
from bids_ketamine.demo.network_participants import (
    CONTROL,
    PATIENT,
    SCANS,
    NetworkParticipant,
    plan_participant,
)
from bids_ketamine.demo.network_series import N_VOLUMES
from bids_ketamine.demo.network_session import FORMS, VOLUME, NetworkSessionWriter
from bids_ketamine.demo.network_symptoms import VISITS
from bids_ketamine.demo.network_truth import network_truth
from bids_ketamine.demo.network_volumes import aseg_stats
from bids_ketamine.errors import ReadWriteError, UsageError

#: Participants of each group: as many as the effects were set for, and few with large files.
DEFAULT_PARTICIPANTS: Mapping[str, int] = {VOLUME: 20, "cifti": 3, "both": 3}


def write_network_trial(
    out: Path,
    *,
    n_participants: int | None,
    seed: int,
    effect: bool,
    resolution: float,
    form: str = VOLUME,
    n_controls: int | None = None,
    n_volumes: int = N_VOLUMES,
    scans: Sequence[str] = SCANS,
    progress: Progress | None = None,
) -> dict[str, object]:
    """Write a simulated trial of resting networks.

    Parameters
    ----------
    out : Path
        New or empty folder.
    n_participants : int or None
        Patients; 20 by default, and 3 where there are series on grayordinates, which take 33 MB
        a run whatever the voxel size.
    seed : int
        Not negative. The files of a participant do not depend on the number of participants.
    effect : bool
        Whether anything is planted; without, all null hypotheses on images hold.
    resolution : float
        Voxel size, whole mm from 2 to 12.
    form : {"volume", "cifti", "both"}
        Volumes, series on grayordinates sampled from them, or both.
    n_controls : int, optional
        A fifth more than patients by default.
    n_volumes : int
        Length of a run, 6 min; the band of shorter ones holds too little for the study's 30
        regressors.
    scans : sequence of str
        Which of the sessions with images to write.
    progress : callable, optional
        Called as ``progress(label, done, total)`` after each participant-session.

    Returns
    -------
    dict
        The content of ``truth.json``.

    Raises
    ------
    UsageError
        If a number is out of its range or the form unknown.
    CannotCreateError
        If `out` is not empty, not a folder, or cannot be made.
    ReadWriteError
        If writing fails.
    """
    out = Path(out)
    if form not in FORMS:
        raise UsageError(f"Forms are {', '.join(FORMS)}, got {form}.")
    n_patients = DEFAULT_PARTICIPANTS[form] if n_participants is None else n_participants
    check_request(n_participants=n_patients, seed=seed, resolution=resolution, tasks=("rest",))
    if n_patients > 99:
        raise UsageError(f"A trial has at most 99 patients, got {n_patients}.")
    make_folder(out)
    model, noise = NetworkModel(), noise_model()
    # A fifth more controls, as in the trial (23 and 27), so that matching has a choice.
    more = n_patients + n_patients // 5
    counts = {PATIENT: n_patients, CONTROL: more if n_controls is None else n_controls}
    with threadpool_limits(limits=1, user_api="blas"):
        people = [
            plan_participant(index, group, seed=seed, effect=effect, model=model, noise=noise)
            for group, count in counts.items()
            for index in range(count)
        ]
    truth = network_truth(
        people,
        seed=seed,
        effect=effect,
        resolution=resolution,
        n_volumes=n_volumes,
        form=form,
        model=model,
        noise=noise,
    )
    visits = [(person, scan) for person in people for scan in person.scans if scan in scans]
    try:
        _write_trial_files(out, people, seed=seed, effect=effect)
        write_json(out / "truth.json", truth)
        if form != VOLUME:
            write_grayordinate_study(out / "code")
        # One thread: sums come out the same to the last bit on any number of cores.
        with threadpool_limits(limits=1, user_api="blas"):
            writer = NetworkSessionWriter(
                out,
                seed=seed,
                resolution=int(resolution),
                n_volumes=n_volumes,
                form=form,
                model=model,
                noise=noise,
            )
            for done, (person, scan) in enumerate(visits, start=1):
                writer.write(person, scan)
                if progress is not None:
                    progress(f"{person.label} ses-{scan}", done, len(visits))
    except OSError as error:
        raise ReadWriteError(
            f"The trial could not be written: {error.strerror or error}.",
            path=error.filename or out,
            cure="Free space or choose another folder, and start again with an empty one.",
        ) from error
    return truth


def _write_trial_files(
    out: Path, people: Sequence[NetworkParticipant], *, seed: int, effect: bool
) -> None:
    """Write what concerns the whole trial: descriptions, participants, scores, volumes."""
    write_json(out / "dataset_description.json", network_sidecars.raw_description(seed, effect))
    write_text(out / "README.md", network_sidecars.README)
    write_text(out / ".bidsignore", network_sidecars.RAW_IGNORED)
    write_json(out / "task-rest_bold.json", network_sidecars.raw_rest())
    preprocessed = out / "derivatives/fmriprep"
    write_json(
        preprocessed / "dataset_description.json", network_sidecars.preprocessed_description()
    )
    write_text(preprocessed / "README.md", sidecars.DERIVATIVE_README)
    write_text(preprocessed / ".bidsignore", network_sidecars.DERIVATIVE_IGNORED)
    for person in people:
        write_text(
            preprocessed / "sourcedata/freesurfer" / person.label / "stats/aseg.stats",
            aseg_stats(person.volumes, label=person.label),
        )
    columns = network_sidecars.participants_columns()
    write_json(out / "participants.json", columns)
    write_table(
        out / "participants.tsv",
        ["participant_id", *columns],
        (
            [person.label, person.group, *map(person.covariates.get, list(columns)[1:])]
            for person in people
        ),
    )
    _write_scores(out / "phenotype", people)


def _write_scores(folder: Path, people: Sequence[NetworkParticipant]) -> None:
    """Write the scores of patients by visit."""
    patients = [(person.label, person.symptoms) for person in people if person.symptoms]
    write_json(folder / "madrs.json", network_sidecars.madrs_columns())
    write_table(
        folder / "madrs.tsv",
        ["participant_id", "session_id", "madrs_total"],
        (
            [label, f"ses-{visit}", symptoms.madrs[visit]]
            for label, symptoms in patients
            for visit in VISITS
        ),
    )
    write_json(folder / "cgi.json", network_sidecars.cgi_columns())
    write_table(
        folder / "cgi.tsv",
        ["participant_id", "session_id", "cgi_improvement"],
        (
            [label, f"ses-{visit}", symptoms.cgi_improvement[visit]]
            for label, symptoms in patients
            for visit in VISITS[1:]
        ),
    )
