"""Section on the elastic net and on prediction that holds."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.fields import setting

#: Hint for shares that are given in percent.
SHARE = "it is a share (10 percent are 0.1)"


@dataclass(frozen=True, kw_only=True)
class ElasticNetSpec:
    """Improvement from imaging measures, by an elastic net (A13 to A16)."""

    outcome: str = setting("Outcome whose improvement is predicted")
    concurrent_outcome: str | None = setting(
        "Outcome whose improvement enters the third model beside the arms; no third model when "
        "absent",
        default=None,
    )
    measures: tuple[str, ...] = setting(
        "Imaging measures that enter: measure, task, contrast (where it has one) and regions, as "
        "in `gppi faces facesGtShapes amygdala~vmPFC`, where `*` stands for any text; every "
        "measure but parameters of dynamic causal models when absent",
        default=(),
    )
    baseline_outcome: bool = setting(
        "Let the first score of the outcome enter as a covariate", default=True
    )
    covariates: tuple[str, ...] | None = setting(
        "Covariates of the study that enter all models; all but `baseline_covariates` when absent",
        default=None,
    )
    baseline_covariates: tuple[str, ...] = setting(
        "Covariates that enter the baseline models only", default=()
    )
    l1_ratios: tuple[float, ...] = setting(
        "Grid of mixing parameters (glmnet's alpha): 0 is ridge, 1 the lasso",
        default=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        minimum=0.0,
        maximum=1.0,
    )
    n_penalties: int = setting(
        "Length of the path of penalties (glmnet's lambda)", default=100, minimum=2
    )
    selection: str = setting(
        "Rule of choice on the grid: the smallest left-out error, or the largest penalty within "
        "one standard error of it",
        default="minimum_mse",
        choices=("minimum_mse", "one_standard_error"),
    )
    threshold: float = setting(
        "Where the fit of the published figures stops, as glmnet's `thresh` (1e-7 there: repeats "
        "its digits); exact solutions if 0. What is nested or permuted is exact",
        default=0.0,
        minimum=0.0,
        maximum=0.01,
    )
    imputation: str = setting(
        "Treatment of missing predictors; the outcome is not looked at",
        default="chained_equations",
        choices=("chained_equations", "median", "complete_cases"),
    )
    preparation: str = setting(
        "Where motion residualization, imputation and centring are estimated: in each training "
        "fold, or once over the whole sample, which lets left-out participants in",
        default="training_folds",
        choices=("training_folds", "whole_sample"),
    )
    maximum_missing: float = setting(
        "Largest share of participants in whom a predictor may be missing; others do not enter",
        default=0.5,
        minimum=0.0,
        maximum=1.0,
        hint=SHARE,
    )
    folds: int = setting("Folds of the k-fold cross-validation", default=10, minimum=2)
    repeats: int = setting("Times that the k-fold is drawn anew", default=10, minimum=1)
    permutations: int = setting("Permutations of a test at most", default=1000, minimum=1)
    stop_at: int = setting(
        "Permutations as good as the data after which a test ends, with their share so far as p "
        "value (Besag and Clifford, 1991); none ends early if 0",
        default=10,
        minimum=0,
    )
    bootstraps: int = setting("Bootstrap samples for the coefficients", default=200, minimum=1)
    level: float = setting(
        "Level of the bootstrap intervals of coefficients",
        default=0.95,
        minimum=0.5,
        maximum=0.999,
    )
