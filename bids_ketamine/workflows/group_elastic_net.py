"""Elastic net and prediction that holds: improvement from all imaging measures together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bids_ketamine.core.group.adjustment import MotionStep
from bids_ketamine.core.group.measures import MeasureArrays
from bids_ketamine.core.prediction.results import ModelResult, Progress
from bids_ketamine.core.prediction.trial import analyse_models
from bids_ketamine.core.prediction.trial_data import PredictionSettings
from bids_ketamine.errors import BidsKetamineError, InputDataError
from bids_ketamine.study.spec import ElasticNetSpec, StudySpec
from bids_ketamine.workflows.group_elastic_net_predictors import (
    Assembled,
    assembled_trial,
    entering_predictors,
)
from bids_ketamine.workflows.group_elastic_net_record import ELASTIC_NET, elastic_net_record
from bids_ketamine.workflows.group_elastic_net_results import (
    EnteringPredictors,
    NetTrial,
    asked_models,
    with_known_reasons,
    without_results,
)
from bids_ketamine.workflows.group_elastic_net_rows import elastic_net_tables
from bids_ketamine.workflows.group_sources import People

LOGGER = logging.getLogger("bids_ketamine")

#: Seed where the command line names none: the group level gives the same numbers each time.
SEED = 20210401

#: Seconds between two messages on how far permutations have come.
SECONDS_BETWEEN = 10.0

#: Most imaging measures that enter: with 1000, one nested prediction takes minutes.
MOST_MEASURES = 500

#: What stops a model, and not the group level.
FAILURES = (BidsKetamineError, ArithmeticError, MemoryError, ValueError)

Show = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ComputingOptions:
    """What the command line says of the computation.

    Attributes
    ----------
    n_procs : int
        Threads.
    permutations : int or None
        Permutations of each test, without stopping early; None for what the study says.
    random_seed : int or None
        Seed of all draws; None for the usual one.
    show : callable or None
        Takes a line on how far the work is; None for the log.
    """

    n_procs: int = 1
    permutations: int | None = None
    random_seed: int | None = None
    show: Show | None = None


@dataclass(frozen=True, kw_only=True)
class ElasticNetOutputs:
    """What the elastic net gives.

    Attributes
    ----------
    tables : mapping of str to DataFrame, or None
        One for each of
        :data:`~bids_ketamine.outputs.group_elastic_net_tables.ELASTIC_NET_TABLES`; None where
        the study has no elastic net.
    record : mapping
        What ``group.json`` has of it.
    """

    tables: Mapping[str, pd.DataFrame] | None = None
    record: Mapping[str, object] = field(default_factory=dict)


def group_elastic_net(
    spec: StudySpec,
    *,
    bids_dir: Path,
    people: People,
    outcomes: pd.DataFrame,
    measures: MeasureArrays,
    motion: MotionStep,
    options: ComputingOptions,
) -> ElasticNetOutputs:
    """Predict improvement from changes and from baseline values (methods rows A13 to A16).

    Models that cannot be computed say why. What is damaged in a table of covariates ends the
    group level, as it does in a table of outcomes.

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset, for covariates.
    people : People
        Participants and arms.
    outcomes : DataFrame
        Table of clinical improvement.
    measures : MeasureArrays
        All measures, not adjusted for motion.
    motion : MotionStep
        Which of them go into group statistics, and why others do not.
    options : ComputingOptions
        Threads, permutations and seed.

    Returns
    -------
    ElasticNetOutputs
        Empty where the study has no elastic net.

    Raises
    ------
    InputDataError
        If a table of covariates is damaged, or a cell that enters cannot be read.
    """
    section = spec.elastic_net
    if section is None:
        return ElasticNetOutputs()
    settings = prediction_settings(spec, section, options)
    models = asked_models(spec, section)
    assembled: Assembled | None = None
    entering: tuple[EnteringPredictors, ...] = ()
    try:
        assembled = assembled_trial(
            spec,
            section,
            bids_dir=bids_dir,
            people=people,
            outcomes=outcomes,
            measures=measures,
            motion=motion,
        )
    except InputDataError:
        raise
    except BidsKetamineError as error:
        results = without_results(_told(error), models)
    else:
        results = _results(assembled, models, settings, options.show or LOGGER.info)
        results = with_known_reasons(results, assembled.reasons(section))
        if _few_enough(assembled):
            entering = entering_predictors(assembled.data, settings)
    if not any(each.fit for each in results):
        reasons = "; ".join(dict.fromkeys(each.reason for each in results))
        LOGGER.warning("no model of the elastic net has a result: %s", reasons)
    trial = NetTrial(
        outcome=section.outcome,
        participants=people.participants,
        arms=people.arms,
        results=results,
        entering=entering,
        covariates=() if assembled is None else assembled.data.covariates,
        motion_applied=assembled is not None and assembled.motion_applied,
    )
    notes = () if assembled is None else assembled.notes
    return ElasticNetOutputs(
        tables=elastic_net_tables(trial),
        record={ELASTIC_NET: elastic_net_record(trial, section, settings, notes=notes)},
    )


def prediction_settings(
    spec: StudySpec, section: ElasticNetSpec, options: ComputingOptions
) -> PredictionSettings:
    """Return how improvement is predicted.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : ElasticNetSpec
        Its elastic net.
    options : ComputingOptions
        Permutations that the command line names are all drawn.
    """
    chosen = options.permutations
    return PredictionSettings(
        l1_ratios=section.l1_ratios,
        n_penalties=section.n_penalties,
        selection=section.selection,
        threshold=section.threshold,
        imputation=section.imputation,
        preparation=section.preparation,
        residualize_motion=spec.group.residualize_motion,
        maximum_missing=section.maximum_missing,
        folds=section.folds,
        repeats=section.repeats,
        permutations=section.permutations if chosen is None else chosen,
        stop_at=(section.stop_at or None) if chosen is None else None,
        bootstraps=section.bootstraps,
        level=section.level,
        seed=SEED if options.random_seed is None else options.random_seed,
        n_jobs=options.n_procs,
        minimum_participants=spec.group.minimum_participants,
    )


def _few_enough(assembled: Assembled) -> bool:
    return len(assembled.data.imaging.names) <= MOST_MEASURES


def _results(
    assembled: Assembled, models: Sequence[str], settings: PredictionSettings, show: Show
) -> tuple[ModelResult, ...]:
    """Analyse the models; one that fails takes those after it along."""
    if not _few_enough(assembled):
        n = len(assembled.data.imaging.names)
        reason = (
            f"{n} imaging measures, more than {MOST_MEASURES}: choose among them "
            "(`elastic_net.measures`)"
        )
        LOGGER.warning("the elastic net is left out: %s", reason)
        return without_results(reason, models)
    found: list[ModelResult] = []
    show("elastic net: predictors are prepared for each fold")
    try:
        for result in analyse_models(
            assembled.data, settings=settings, progress=told_progress(show, settings)
        ):
            found.append(result)
            LOGGER.info("%s", result_line(result))
    except FAILURES as error:
        reason = _told(error)
        LOGGER.warning("models of the elastic net are left out: %s", reason)
        return without_results(reason, models, tuple(found))
    return tuple(found)


def told_progress(
    show: Show, settings: PredictionSettings, clock: Callable[[], float] = time.monotonic
) -> Callable[[Progress], None]:
    """Return what tells of permutations, now and then.

    Parameters
    ----------
    show : callable
        Takes a line.
    settings : PredictionSettings
        Permutations at most, and when tests stop.
    clock : callable
        Seconds, rising.
    """
    last = [clock()]

    def tell(progress: Progress) -> None:
        now = clock()
        if now - last[0] < SECONDS_BETWEEN:
            return
        last[0] = now
        stop = "" if settings.stop_at is None else f" (the test ends at {settings.stop_at})"
        show(
            f"elastic net, {progress.timing}, {progress.model}: {progress.done} of "
            f"{settings.permutations} permutations of {progress.test}, {progress.exceeding} as "
            f"good as the data{stop}"
        )

    return tell


def result_line(result: ModelResult) -> str:
    """Say in a line what a model gave.

    Parameters
    ----------
    result : ModelResult
        The model.
    """
    start = f"elastic net, {result.timing}, {result.model}"
    if result.fit is None:
        return f"{start}: no result: {result.reason}"
    fit = result.fit
    return (
        f"{start}: nested R2 {fit.nested_accuracy.r2:.3f}, p {fit.imaging_test.p_value:.3g} of "
        f"the imaging measures ({fit.imaging_test.n_permutations} permutations), "
        f"{fit.nested_accuracy.n} participants"
    )


def _told(error: BaseException) -> str:
    """Return an error as a reason: from its first letter on, without full stop."""
    if isinstance(error, BidsKetamineError):
        where = f" [{Path(error.path).name}]" if error.path is not None else ""
        return error.message[:1].lower() + error.message[1:].rstrip(".") + where
    if isinstance(error, MemoryError):
        return "the computation does not fit into memory"
    return f"the computation has no solution in numbers: {error}"
