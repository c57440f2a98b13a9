"""When a regressor or an interaction can hardly be told from the others: limits and words."""

from __future__ import annotations

#: Variance inflation above which a regressor of the task is named.
REGRESSOR_LIMIT = 5.0
#: The same for an interaction of generalized PPI where no sidecar tells it.
INTERACTION_LIMIT = 10.0
#: Size of an interaction's correlation with the task above which it is named, too.
CORRELATION_LIMIT = 0.9
INFINITE = "\u221e"

#: What variance inflation is, and why there are two limits.
INFLATION_WORDS = (
    "Variance inflation says how many times larger the variance of an estimate is than if no "
    "other regressor went along with it."
)
LIMITS_WORDS = (
    f"The limit of a warning is {REGRESSOR_LIMIT:g} for regressors of the task and "
    f"{INTERACTION_LIMIT:g} for interactions of generalized PPI, which go along with seed and task "
    "by their making."
)
