"""What the dataset offers to one participant-session: frozen records of paths and metadata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.dataset.dialects import is_aroma_denoised
from bids_ketamine.dataset.session_files import DENSE_EXTENSION

if TYPE_CHECKING:  # what finds these files tells what is missing with the record below
    from bids_ketamine.dataset.xcpd_files import XcpdFiles


@dataclass(frozen=True)
class Missing:
    """Something that is not there, and what follows from it.

    Attributes
    ----------
    what : str
        Such as ``"faces: events.tsv"``.
    reason : str
        One sentence: which file was expected where, or why it cannot be used.
    """

    what: str
    reason: str


@dataclass(frozen=True)
class RunInputs:
    """Files and metadata of one run.

    Attributes
    ----------
    task : str
        ``task`` entity.
    run : str or None
        ``run`` entity as written in the file name.
    bold, mask, confounds, events : Path or None
        BOLD series, brain mask, confounds table, events table; ``None`` for a kind the
        analysis of this run does not need. A CIFTI series has no mask.
    timeseries : Path or None
        Region time series in XCP-D's naming, instead of images.
    description : str
        ``desc`` entity of the BOLD series in today's terms: ``preproc``,
        ``smoothAROMAnonaggr``, fMRIPost-AROMA's ``nonaggrDenoised``, ...
    space : str
        ``space`` entity of the BOLD series (empty for time series without one).
    t_r : float or None
        Repetition time from the sidecar, s. ``None`` only for time series.
    start_time : float or None
        Acquisition time of the reference slice after slice-timing correction, s
        (``StartTime``); ``None`` where the sidecar has none.
    slice_timing_corrected : bool or None
        From the sidecar.
    entities : tuple of (str, str)
        Further entities of the file name (``acq``, ``dir``, ...) in BIDS order, kept in
        output names.
    notes : tuple of str
        What is odd about its sidecars.
    aseg : Path or None
        FreeSurfer's segmentation of the participant, where the study asks for it.
    aroma_mixing, aroma_noise : Path or None
        MELODIC mixing matrix and table of noise components of ICA-AROMA, both or neither, with
        which the series is denoised here; ``None`` where the study does not ask for it, they are
        not there, or the series is denoised already. See
        :func:`bids_ketamine.dataset.aroma.read_aroma`.
    smoothed : bool
        Whether the series is said to be smoothed, by its description or its sidecar.
    stated_fwhm : float or None
        Full width at half maximum with which it is said to be smoothed, mm.
    xcpd : XcpdFiles or None
        What XCP-D wrote beside region time series; ``None`` for images.
    """

    task: str
    run: str | None
    bold: Path | None
    mask: Path | None
    confounds: Path | None
    events: Path | None
    timeseries: Path | None
    description: str
    space: str
    t_r: float | None
    start_time: float | None
    slice_timing_corrected: bool | None
    entities: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    aseg: Path | None = None
    aroma_mixing: Path | None = None
    aroma_noise: Path | None = None
    smoothed: bool = False
    stated_fwhm: float | None = None
    xcpd: XcpdFiles | None = None

    @property
    def is_grayordinates(self) -> bool:
        """Whether the series is CIFTI: cortex on the surface, subcortex in the volume."""
        return self.bold is not None and self.bold.name.endswith(DENSE_EXTENSION)

    @property
    def denoised_here(self) -> bool:
        """Whether noise components of ICA-AROMA are taken out here."""
        return self.aroma_mixing is not None and self.aroma_noise is not None

    @property
    def aroma_denoised(self) -> bool:
        """Whether the series that is analysed is free of noise components of ICA-AROMA."""
        return self.denoised_here or is_aroma_denoised(self.description)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the run, for fingerprints and sources."""
        candidates = (
            *(self.bold, self.mask, self.confounds, self.events, self.timeseries),
            *(self.aseg, self.aroma_mixing, self.aroma_noise),
            *(() if self.xcpd is None else self.xcpd.paths),
        )
        return tuple(path for path in candidates if path is not None)


@dataclass(frozen=True)
class VolumesInputs:
    """Where the volumes of a session's brain structures come from.

    Attributes
    ----------
    stats : Path or None
        FreeSurfer's ``aseg.stats``.
    segmentation : Path or None
        ``desc-aseg_dseg`` in the participant's own space, where there is no ``aseg.stats``.
    note : str or None
        Why it is the second choice.
    reason : str
        Why there is neither; empty where there is one.
    """

    stats: Path | None = None
    segmentation: Path | None = None
    note: str | None = None
    reason: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, for fingerprints and sources."""
        return tuple(path for path in (self.stats, self.segmentation) if path is not None)


@dataclass(frozen=True)
class SessionInputs:
    """One participant-session.

    Attributes
    ----------
    participant : str
        Label without ``sub-``.
    session : str
        Meaning of the session in the study (``pre``, ``post``, ...).
    label : str or None
        Session label in the dataset without ``ses-``; ``None`` where there are no session
        folders.
    runs : tuple of RunInputs
        Usable runs, by task and run.
    missing : tuple of Missing
        What is not there.
    volumes : VolumesInputs or None
        Volumes of brain structures; ``None`` where the study asks for none.
    """

    participant: str
    session: str
    label: str | None
    runs: tuple[RunInputs, ...]
    missing: tuple[Missing, ...]
    volumes: VolumesInputs | None = None

    @property
    def has_data(self) -> bool:
        """Whether there is anything to compute: a run, or volumes of structures."""
        return bool(self.runs) or (self.volumes is not None and bool(self.volumes.files))

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the session, for fingerprints and sources."""
        of_runs = [path for run in self.runs for path in run.files]
        return (*of_runs, *(() if self.volumes is None else self.volumes.files))

    @property
    def located(self) -> bool:
        """Whether the session's place in the dataset is known, be it empty."""
        return self.label is not None or self.has_data

    def runs_of(self, task: str) -> tuple[RunInputs, ...]:
        """Return the runs of a ``task`` entity."""
        return tuple(run for run in self.runs if run.task == task)

    @property
    def prefix(self) -> str:
        """Start of output file names: ``sub-01_ses-pre`` or ``sub-01``."""
        return f"sub-{self.participant}" + ("" if self.label is None else f"_ses-{self.label}")

    @property
    def folder(self) -> str:
        """Folder of outputs: ``sub-01/ses-pre`` or ``sub-01``."""
        return f"sub-{self.participant}" + ("" if self.label is None else f"/ses-{self.label}")
