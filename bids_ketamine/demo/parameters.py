"""Every number of the forward model, with its plausible range and where that comes from."""

from __future__ import annotations

from typing import NamedTuple


class Parameter(NamedTuple):
    """A value of the forward model beside the range reported for it."""

    value: float
    low: float
    high: float
    unit: str
    reference: str


TSNR = "Murphy, Bodurka & Bandettini 2007, NeuroImage 34:565; Triantafyllou et al. 2005, 26:243"
AUTOCORRELATION = "Worsley et al. 2002, NeuroImage 15:1; Lenoski et al. 2008, IEEE JSTSP 2:828"
DRIFT = "Smith et al. 1999, NeuroImage 9:526"
MOTION = "Power et al. 2012, NeuroImage 59:2142; Satterthwaite et al. 2012, NeuroImage 60:623"
ACTIVATION = (
    "Desmond & Glover 2002, J Neurosci Methods 118:115; Hariri et al. 2002, NeuroImage 17:317"
)
PHYSIOLOGY = "Birn et al. 2006, NeuroImage 31:1536; Liu, Nalci & Falahpour 2017, NeuroImage 150:213"
POINT_SPREAD = "Parkes et al. 2005, Magn Reson Med 54:1465; resampling to a template"
STEADY_STATE = "Esteban et al. 2019, Nat Methods 16:111 (non-steady-state volumes)"
RESTING = "Biswal et al. 1995, Magn Reson Med 34:537; Fox & Raichle 2007, Nat Rev Neurosci 8:700"
DCM = (
    "Norbury et al. 2021, Neuropsychopharmacology 46:2266; Zeidman et al. 2019, NeuroImage 200:174"
)
BALLOON = "Friston et al. 2003, NeuroImage 19:1273; Stephan et al. 2007, NeuroImage 38:387"
CLINICAL = "Norbury et al. 2021, Neuropsychopharmacology 46:2266; Feder et al. 2021, AJP 178:193"


class ForwardModel(NamedTuple):
    """The forward model of the demo trial."""

    # BOLD noise; the shares are of the variance in grey matter, motion on top.
    temporal_snr: Parameter = Parameter(60.0, 40.0, 100.0, "1", TSNR)
    autocorrelation: Parameter = Parameter(0.25, 0.1, 0.4, "lag-1 correlation", AUTOCORRELATION)
    noise_fwhm: Parameter = Parameter(5.0, 3.0, 8.0, "mm", POINT_SPREAD)
    physiology_share: Parameter = Parameter(0.1, 0.05, 0.3, "share of variance", PHYSIOLOGY)
    drift_share: Parameter = Parameter(0.05, 0.02, 0.15, "share of variance", DRIFT)
    drift_cutoff: Parameter = Parameter(128.0, 100.0, 200.0, "s, shortest period", DRIFT)
    motion_sensitivity: Parameter = Parameter(0.5, 0.1, 2.0, "% signal per mm", MOTION)
    spike_drop: Parameter = Parameter(1.5, 0.5, 4.0, "% signal per mm of displacement", MOTION)
    saturation: Parameter = Parameter(4.0, 1.0, 15.0, "% signal of a first volume", STEADY_STATE)
    saturated_runs: Parameter = Parameter(0.2, 0.0, 1.0, "share of runs", STEADY_STATE)
    # Head motion; the same in every session, task and arm.
    mean_fd: Parameter = Parameter(0.14, 0.08, 0.35, "mm, median of participants", MOTION)
    mean_fd_spread: Parameter = Parameter(0.35, 0.2, 0.6, "SD of log, participants", MOTION)
    mean_fd_run_spread: Parameter = Parameter(0.12, 0.05, 0.3, "SD of log, runs", MOTION)
    jumps: Parameter = Parameter(3.0, 0.0, 10.0, "sudden movements per run", MOTION)
    # Activation: conditions lie half the contrast above and below the common response.
    common_response: Parameter = Parameter(0.25, 0.1, 0.5, "% signal change", ACTIVATION)
    visual_response: Parameter = Parameter(0.5, 0.5, 2.0, "% signal change", ACTIVATION)
    contrast_amplitude: Parameter = Parameter(0.375, 0.25, 0.5, "% signal change", ACTIVATION)
    # Slow fluctuations shared by regions.
    fluctuation_rest: Parameter = Parameter(0.6, 0.3, 1.5, "% signal change, SD", RESTING)
    fluctuation_task: Parameter = Parameter(0.12, 0.1, 1.0, "% signal change, SD", RESTING)
    fluctuation_low: Parameter = Parameter(0.01, 0.005, 0.02, "Hz", RESTING)
    fluctuation_high: Parameter = Parameter(0.1, 0.08, 0.15, "Hz", RESTING)
    coupling_spread: Parameter = Parameter(0.08, 0.0, 0.15, "Fisher z, SD, participants", RESTING)
    coupling_change: Parameter = Parameter(0.12, 0.04, 0.2, "Fisher z, ketamine arm", CLINICAL)
    # Circuit of vmPFC and amygdala in the face task: participants are drawn around the value,
    # a quarter of the range their standard deviation, and limited to it. The ranges are narrower
    # than what is published: within them the circuit is stable and the vmPFC answers faces more
    # than shapes, in every participant and session.
    circuit_excitation: Parameter = Parameter(0.15, 0.1, 0.2, "Hz, amygdala > vmPFC", DCM)
    circuit_inhibition: Parameter = Parameter(-0.27, -0.32, -0.22, "Hz, vmPFC > amygdala", DCM)
    circuit_excitation_by_faces: Parameter = Parameter(1.0, 0.92, 1.08, "Hz, modulation", DCM)
    circuit_inhibition_by_faces: Parameter = Parameter(-0.3, -0.38, -0.22, "Hz, modulation", DCM)
    circuit_drive: Parameter = Parameter(0.6, 0.5, 0.7, "Hz, all trials > amygdala", DCM)
    circuit_self: Parameter = Parameter(0.0, -0.05, 0.05, "log scale, self-connections", DCM)
    circuit_haemodynamics: Parameter = Parameter(0.0, -0.1, 0.1, "log scale", BALLOON)
    circuit_change_slope: Parameter = Parameter(-0.35, -0.9, -0.2, "Hz per SD, CAPS-5", CLINICAL)
    circuit_change_limit: Parameter = Parameter(1.75, 1.5, 2.0, "SD of improvement", CLINICAL)
    circuit_change_noise: Parameter = Parameter(0.03, 0.0, 0.06, "Hz, SD, sessions", DCM)
    # Symptoms.
    caps5_baseline: Parameter = Parameter(37.0, 20.0, 60.0, "points", CLINICAL)
    caps5_baseline_spread: Parameter = Parameter(6.0, 5.0, 8.0, "points, SD", CLINICAL)
    madrs_baseline: Parameter = Parameter(27.0, 5.0, 50.0, "points", CLINICAL)
    madrs_baseline_spread: Parameter = Parameter(7.0, 6.0, 8.0, "points, SD", CLINICAL)
    improvement_midazolam: Parameter = Parameter(7.0, 4.0, 12.0, "CAPS-5 points", CLINICAL)
    improvement_ketamine: Parameter = Parameter(15.0, 10.0, 20.0, "CAPS-5 points", CLINICAL)
    improvement_spread: Parameter = Parameter(10.0, 7.0, 14.0, "CAPS-5 points, SD", CLINICAL)
    improvement_correlation: Parameter = Parameter(0.55, 0.0, 0.55, "Pearson r", CLINICAL)
    depression_correlation: Parameter = Parameter(0.6, 0.3, 0.8, "Pearson r", CLINICAL)

    def as_table(self) -> dict[str, dict[str, object]]:
        """Return the parameters as plain values, for ``truth.json``."""
        return {name: dict(parameter._asdict()) for name, parameter in self._asdict().items()}
