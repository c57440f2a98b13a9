"""What the prediction of an outcome in a trial is given."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Timings: correlates (second minus first session) and predictors (first session).
CHANGE, BASELINE = "change", "baseline"
TIMINGS = (CHANGE, BASELINE)

#: Models: imaging and covariates; with the arm and its interactions; with another outcome too.
MEASURES, BY_ARM = "measures", "by_arm"
BY_ARM_AND_CONCURRENT = "by_arm_and_concurrent"
MODELS = (MEASURES, BY_ARM, BY_ARM_AND_CONCURRENT)

#: Preparation of predictors (motion, imputation, z-scores): without the participants who are
#: left out, or once.
TRAINING_FOLDS, WHOLE_SAMPLE = "training_folds", "whole_sample"

#: Kinds of covariates.
NUMERIC, ORDERED, CATEGORICAL = "numeric", "ordered", "categorical"


class ImagingBlock(NamedTuple):
    """Imaging measures of all participants in two sessions, as measured.

    Attributes
    ----------
    names : tuple of str
        Of the p measures.
    first, second : ndarray of shape (n, p)
        Values of the sessions in the unit of each measure; NaN where missing or not included.
    first_fd, second_fd : ndarray of shape (n, p)
        Mean framewise displacement of the run that a value comes from, mm; NaN where unknown.
    """

    names: tuple[str, ...]
    first: np.ndarray
    second: np.ndarray
    first_fd: np.ndarray
    second_fd: np.ndarray


class Covariate(NamedTuple):
    """A covariate of all participants.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        "numeric", "ordered" (numbers that rank) or "categorical".
    values : tuple of str or None, or ndarray of shape (n,)
        Text, None where missing, of a categorical one; else numbers, NaN where missing.
    timings : tuple of str
        Timings whose models it enters.
    """

    name: str
    kind: str
    values: tuple[str | None, ...] | np.ndarray
    timings: tuple[str, ...]


class TrialPredictors(NamedTuple):
    """A trial: who took part, what is predicted, and from what.

    Attributes
    ----------
    participants : tuple of str
        The n participants, each once.
    arms : tuple of str
        Arm of each; "" where there is none.
    levels : tuple of str
        Arms, the reference first; empty without arms.
    outcome : ndarray of shape (n,)
        Improvement in points; NaN where missing.
    concurrent : ndarray of shape (n,) or None
        Improvement of another outcome, points; None where the study has none.
    imaging : ImagingBlock
        Imaging measures.
    covariates : tuple of Covariate
        Covariates, of any timing.
    """

    participants: tuple[str, ...]
    arms: tuple[str, ...]
    levels: tuple[str, ...]
    outcome: np.ndarray
    concurrent: np.ndarray | None
    imaging: ImagingBlock
    covariates: tuple[Covariate, ...]

    def rows(self, chosen: np.ndarray) -> TrialPredictors:
        """Return the trial of some participants.

        Parameters
        ----------
        chosen : ndarray of int
            Their rows, in the order wanted.
        """
        block = self.imaging
        return self._replace(
            participants=tuple(self.participants[row] for row in chosen),
            arms=tuple(self.arms[row] for row in chosen),
            outcome=self.outcome[chosen],
            concurrent=None if self.concurrent is None else self.concurrent[chosen],
            imaging=ImagingBlock(block.names, *(values[chosen] for values in block[1:])),
            covariates=tuple(
                each._replace(
                    values=each.values[chosen]
                    if isinstance(each.values, np.ndarray)
                    else tuple(each.values[row] for row in chosen)
                )
                for each in self.covariates
            ),
        )


class PredictionSettings(NamedTuple):
    """How an outcome is predicted.

    Attributes
    ----------
    l1_ratios : tuple of float
        Mixing parameters that are tried (glmnet's alpha).
    n_penalties : int
        Length of each path.
    selection : str
        "minimum_mse" or "one_standard_error".
    threshold : float
        Loose stop of the paper's fit, as R has it; 0 for exact solutions.
    imputation : str
        "chained_equations", "median" or "complete_cases".
    preparation : str
        "training_folds": motion, imputation and z-scores without the participants who are left
        out; "whole_sample": once.
    residualize_motion : bool
        Whether what head motion explains is taken out of imaging measures.
    maximum_missing : float
        Largest share of missing values with which a predictor enters.
    folds, repeats : int
        Of repeated k-fold cross-validation.
    permutations : int
        Most permutations of a test.
    stop_at : int or None
        Exceedances after which a test stops; None to go on.
    bootstraps : int
        Resamples.
    level : float
        Of the intervals, such as 0.95.
    seed : int
        Of all random draws.
    n_jobs : int
        Threads or processes.
    minimum_participants : int
        Fewest that a model needs.
    """

    l1_ratios: tuple[float, ...]
    n_penalties: int
    selection: str
    threshold: float
    imputation: str
    preparation: str
    residualize_motion: bool
    maximum_missing: float
    folds: int
    repeats: int
    permutations: int
    stop_at: int | None
    bootstraps: int
    level: float
    seed: int
    n_jobs: int
    minimum_participants: int
