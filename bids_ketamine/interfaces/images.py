"""A run's images as they are analysed: read, smoothed once, denoised once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bids_ketamine.core.denoising import denoise_nonaggressively
from bids_ketamine.core.smoothness import mean_width
from bids_ketamine.dataset.aroma import read_aroma
from bids_ketamine.dataset.dialects import SMOOTHED_AROMA
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.images.series import RunImage, read_run
from bids_ketamine.study.spec import InputsSpec

#: Share of the repetition time by which header and sidecar may differ: rounding to milliseconds.
T_R_TOLERANCE = 1e-3

#: Share of the stated width under which the estimated one is told. fMRIPrep smooths its AROMA
#: series with SUSAN, which spares edges and so smooths less than its width says.
LITTLE_SMOOTHING = 0.6

#: Series that nothing has smoothed look smoothed with up to 1.4 edges of a voxel (measured: real
#: runs of 2.1 to 25 mm), however large these are: only above this can smoothing be suspected.
VOXELS_OF_SMOOTHING = 1.5

#: Who smoothed and who denoised a series, by its description.
SMOOTHED_BY = {"smoothAROMAnonaggr": "fMRIPrep", "denoisedSmoothed": "XCP-D"}
DENOISED_BY = {
    "smoothAROMAnonaggr": "ICA-AROMA non-aggressive, by fMRIPrep",
    "AROMAnonaggr": "ICA-AROMA non-aggressive, by fMRIPrep",
    "nonaggrDenoised": "ICA-AROMA non-aggressive, by fMRIPost-AROMA",
    "aggrDenoised": "ICA-AROMA aggressive, by fMRIPost-AROMA",
    "orthaggrDenoised": "ICA-AROMA orthogonalised aggressive, by fMRIPost-AROMA",
}


def read_image(run: RunInputs, inputs: InputsSpec) -> tuple[RunImage, float | None]:
    """Read a run's series, smoothed once and denoised once.

    Parameters
    ----------
    run : RunInputs
        Its files and what they say of themselves.
    inputs : InputsSpec
        How wide the study smooths.

    Returns
    -------
    image : RunImage
        The run. Its notes tell what is odd about it: a repetition time of its header that is not
        the sidecar's, and smoothing that is not what was said or asked for.
    fwhm : float or None
        Full width at half maximum of the smoothing applied here, mm; ``None`` for none.

    Raises
    ------
    InputMissingError, ReadWriteError, InputDataError
        If an image or a file of ICA-AROMA is not there, cannot be read, or does not fit.
    """
    if run.bold is None or run.mask is None:
        raise ValueError("a run without images")
    fwhm = None if run.smoothed else inputs.smoothing_fwhm or None
    image = read_run(
        run.bold,
        run.mask,
        smoothing_fwhm=fwhm,
        # fMRIPrep has written AROMA series on another grid than the mask of their space.
        resample_mask=run.description == SMOOTHED_AROMA,
    )
    notes = (
        *image.notes,
        *t_r_notes(image.header_t_r, run.t_r),
        *smoothing_notes(run, image, inputs.smoothing_fwhm),
    )
    return _denoised(run, replace(image, notes=notes)), fwhm


def _denoised(run: RunInputs, image: RunImage) -> RunImage:
    """Take noise components out of the series, in place, where the run has their files."""
    if run.aroma_mixing is None or run.aroma_noise is None:
        return image
    found = read_aroma(run.aroma_mixing, run.aroma_noise, n_volumes=len(image.series))
    try:
        denoise_nonaggressively(image.series, mixing=found.mixing, noise=found.noise)
    except BidsKetamineError as error:
        error.path = run.aroma_mixing
        raise
    return replace(image, components=(len(found.noise), found.mixing.shape[1]))


def t_r_notes(header_t_r: float | None, t_r: float | None) -> tuple[str, ...]:
    """Tell of a repetition time in an image's header that is not the sidecar's.

    Parameters
    ----------
    header_t_r : float or None
        Of the image's header, s; ``None`` for none.
    t_r : float or None
        Of the sidecar, s; ``None`` for none.

    Returns
    -------
    tuple of str
        A sentence, or nothing where the two agree or one is not known.

    Examples
    --------
    >>> t_r_notes(2.5, 2.0)
    ("the image's header says a repetition time of 2.5 s, the sidecar 2 s, which is used",)
    >>> t_r_notes(2.0000001, 2.0), t_r_notes(None, 2.0)
    ((), ())
    """
    if header_t_r is None or t_r is None:
        return ()
    # Milliseconds without a unit in the header are common.
    meant = (header_t_r, header_t_r / 1000)
    if any(abs(each - t_r) <= T_R_TOLERANCE * t_r for each in meant):
        return ()
    return (
        f"the image's header says a repetition time of {header_t_r:g} s, the sidecar {t_r:g} s, "
        "which is used",
    )


def smoothing_notes(run: RunInputs, image: RunImage, asked: float | None) -> tuple[str, ...]:
    """Tell of smoothing that is not what the study asks for, or not what was said.

    Parameters
    ----------
    run : RunInputs
        What is said of the series.
    image : RunImage
        With its estimated smoothness.
    asked : float or None
        The study's full width at half maximum, mm; ``None`` or 0 for none.

    Returns
    -------
    tuple of str
        Sentences.
    """
    found, after = mean_width(image.smoothness_before), mean_width(image.smoothness_after)
    if not run.smoothed:
        edge = mean_width(image.grid.voxel_sizes)
        if asked and found >= max(asked, VOXELS_OF_SMOOTHING * edge):
            return (
                f"nothing says that the series was smoothed before, but it looks smoothed with "
                f"about {found:.1f} mm; smoothed once more with {asked:g} mm, about {after:.1f} mm",
            )
        return ()
    notes = []
    stated = run.stated_fwhm
    if stated is not None and abs(stated - (asked or 0.0)) > 0.01:
        study = f"{asked:g} mm" if asked else "none"
        notes.append(
            f"the series was smoothed with {stated:g} mm before and is not smoothed again; the "
            f"study's smoothing_fwhm is {study}"
        )
    if stated is not None and found < LITTLE_SMOOTHING * stated:
        notes.append(
            f"the series is said to be smoothed with {stated:g} mm, but looks smoothed with "
            f"about {found:.1f} mm"
        )
    return tuple(notes)


def image_facts(run: RunInputs, image: RunImage, fwhm: float | None) -> dict[str, Any]:
    """Return what the sidecar and the report say of how a run's series came to be.

    Parameters
    ----------
    run : RunInputs
        Its files and what they say of themselves.
    image : RunImage
        Result of :func:`read_image`.
    fwhm : float or None
        Width of the smoothing applied here, mm.

    Returns
    -------
    dict
        ``SmoothedBy`` (``here``, the program, ``before`` where only a sidecar tells it, or
        ``None``), ``StatedSmoothingFWHM`` (mm, or ``None``), ``SmoothnessBefore`` and
        ``SmoothnessAfter`` (estimated, along x, y, z, mm, ``None`` where it cannot be),
        ``VoxelSize`` (mm), ``Denoising`` (which ICA-AROMA by whom, or ``none``), and where it
        was done here ``Components`` and ``NoiseComponents``.
    """
    facts: dict[str, Any] = {
        "SmoothedBy": smoothed_by(run, fwhm),
        "StatedSmoothingFWHM": run.stated_fwhm,
        "SmoothnessBefore": _rounded(image.smoothness_before),
        "SmoothnessAfter": _rounded(image.smoothness_after),
        "VoxelSize": _rounded(image.grid.voxel_sizes),
        "Denoising": DENOISED_BY.get(run.description, "none"),
    }
    if image.components is not None:
        noise, components = image.components
        facts["Denoising"] = f"ICA-AROMA non-aggressive, here, {noise} of {components} components"
        facts |= {"Components": components, "NoiseComponents": noise}
    return facts


def smoothed_by(run: RunInputs, fwhm: float | None) -> str | None:
    """Return who smoothed a series: ``here``, a program, ``before``; ``None`` for nobody."""
    if run.smoothed:
        return SMOOTHED_BY.get(run.description, "before")
    return "here" if fwhm else None


def _rounded(widths: np.ndarray) -> list[float | None]:
    return [round(float(width), 2) if np.isfinite(width) else None for width in widths]
