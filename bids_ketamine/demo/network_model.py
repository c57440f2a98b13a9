"""Every number of the simulated trial of resting networks, with its range and its reason.

How the sizes of effects were chosen. Siegel et al. (2021) give t values and figures, not changes
with intervals. Changes of the truth here are at most 0.15 Fisher z, and what an analysis measures
of them is smaller: noise of regions, the global signal that is regressed out and the band take
about a third of the level and a quarter of the change. Within that limit the sizes were set so
that the mixed model of the study (maximum likelihood, residual degrees of freedom, 20 patients)
finds the interaction of subgenual cingulate and default mode, and the fall within the limbic
system, in four of five trials or more; what came of it is printed by ``python -m
benchmarks.network_trials``. The spread between participants and between sessions is that of the
mean of many edges, much smaller than that of one. None of this is a result of the paper: a trial
of 20 patients in whom connectivity is so stable is a fortunate one.
"""

from __future__ import annotations

from typing import NamedTuple

from bids_ketamine.demo.parameters import ForwardModel, Parameter

TRIAL = "Siegel et al. 2021, Psychopharmacology 238:1157"
CHOSEN = f"{TRIAL} (direction); size chosen, at most 0.15"
RELIABILITY = "Noble et al. 2019, NeuroImage 203:116157; Gordon et al. 2017, Neuron 95:791"
BREATHING = "Fair et al. 2020, NeuroImage 208:116400; Power et al. 2019, NeuroImage 201:116041"


class NetworkModel(NamedTuple):
    """The forward model of the trial of resting networks, beside that of noise."""

    # Truth of a session = population + participant + session + effect, Fisher z.
    default_mode: Parameter = Parameter(0.30, 0.1, 0.6, "Fisher z, patients", TRIAL)
    sgacc_default_mode: Parameter = Parameter(0.30, 0.1, 0.5, "Fisher z, patients", TRIAL)
    limbic: Parameter = Parameter(0.30, 0.1, 0.5, "Fisher z, patients", TRIAL)
    visual: Parameter = Parameter(0.40, 0.2, 0.8, "Fisher z", TRIAL)
    participant_spread: Parameter = Parameter(0.04, 0.02, 0.1, "Fisher z, SD", RELIABILITY)
    session_spread: Parameter = Parameter(0.02, 0.0, 0.08, "Fisher z, SD", RELIABILITY)
    controls_lower: Parameter = Parameter(0.08, 0.0, 0.15, "Fisher z, not visual", TRIAL)
    # Post minus before treatment.
    default_mode_change: Parameter = Parameter(-0.05, -0.15, 0.0, "Fisher z", CHOSEN)
    responder_change: Parameter = Parameter(-0.15, -0.15, 0.0, "Fisher z, sgACC", CHOSEN)
    other_change: Parameter = Parameter(0.0, -0.15, 0.0, "Fisher z, sgACC", CHOSEN)
    limbic_change: Parameter = Parameter(-0.14, -0.15, 0.0, "Fisher z", CHOSEN)
    # Symptoms.
    madrs_before: Parameter = Parameter(29.0, 22.0, 40.0, "points", TRIAL)
    madrs_before_spread: Parameter = Parameter(4.0, 3.0, 6.0, "points, SD", TRIAL)
    fall: Parameter = Parameter(0.52, 0.4, 0.6, "share of the score, two weeks after", TRIAL)
    fall_spread: Parameter = Parameter(0.28, 0.2, 0.35, "share of the score, SD", TRIAL)
    fall_first_day: Parameter = Parameter(0.15, 0.0, 0.3, "share more, the day after", TRIAL)
    fall_later: Parameter = Parameter(-0.06, -0.2, 0.0, "share more, eight weeks after", TRIAL)
    fall_visit_spread: Parameter = Parameter(0.12, 0.05, 0.2, "share, SD of a visit", TRIAL)
    # Anatomy: share of the right hippocampus against the change of MADRS, post minus before.
    volume_correlation: Parameter = Parameter(0.52, 0.0, 0.6, "Pearson r", TRIAL)
    # Breathing moves the head, or shifts the field as if it did.
    breathing_motion: Parameter = Parameter(0.6, 0.0, 2.0, "SD of a step, amplitude", BREATHING)

    def as_table(self) -> dict[str, dict[str, object]]:
        """Return the parameters as plain values, for ``truth.json``."""
        return {name: dict(parameter._asdict()) for name, parameter in self._asdict().items()}


def noise_model() -> ForwardModel:
    """Return the parameters of noise and motion: those of the other design but for a few.

    At rest without a task fluctuations are larger, runs are short, and participants who lie still
    for twelve minutes three times were chosen for it.

    Returns
    -------
    ForwardModel
        Beside those that belong to tasks, which nothing uses.
    """
    model = ForwardModel()
    return model._replace(
        fluctuation_rest=model.fluctuation_rest._replace(value=1.0),
        mean_fd=model.mean_fd._replace(value=0.11),
        mean_fd_spread=model.mean_fd_spread._replace(value=0.25),
        jumps=model.jumps._replace(value=2.0),
    )
