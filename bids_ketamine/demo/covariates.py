"""What ``participants.tsv`` says of a participant beside the arm."""

from __future__ import annotations

import numpy as np

from bids_ketamine.demo.streams import generator

EDUCATION = ("high_school", "some_college", "college", "graduate")
EDUCATION_SHARES = (0.1, 0.3, 0.3, 0.3)
GENDERS = ("female", "male")
GENDER_SHARES = (0.8, 0.2)
NO_YES = ("no", "yes")

RACES = ("white", "black", "asian", "multiple_or_other")
RACE_SHARES = (0.45, 0.25, 0.1, 0.2)
ETHNICITIES = ("not_hispanic", "hispanic")
ETHNICITY_SHARES = (0.75, 0.25)
INDEX_TRAUMAS = (
    "sexual_violence",
    "physical_violence",
    "witnessed_violence",
    "accident_or_disaster",
)
INDEX_TRAUMA_SHARES = (0.45, 0.3, 0.15, 0.1)

#: Cells of participants.tsv that were never filled in, as in every real trial.
NOT_RECORDED = {
    ("sub-02", "days_between_scans"),
    ("sub-03", "education"),
    ("sub-04", "ptsd_duration"),
}


def plan_covariates(label: str, *, seed: int) -> dict[str, int | str]:
    """Draw the columns of ``participants.tsv``, alike in both arms.

    Those of Table 1 alone (race to therapy) have a random stream of their own.

    Parameters
    ----------
    label : str
        With ``sub-``.
    seed : int
        Seed of the trial.

    Returns
    -------
    dict of str to int or str
        By column; values not recorded are left out.
    """
    source = generator(seed, label, "covariates")
    covariates: dict[str, int | str] = {
        "age": int(np.clip(round(source.normal(42.0, 13.0)), 18, 70)),
        "gender": str(source.choice(GENDERS, p=GENDER_SHARES)),
        "education": str(source.choice(EDUCATION, p=EDUCATION_SHARES)),
        "psychotropic_medication": str(source.choice(NO_YES)),
        "days_between_scans": int(source.integers(10, 36)),
        "infusions": int(source.integers(4, 7)),
    }
    source = generator(seed, label, "background")
    covariates |= {
        "race": str(source.choice(RACES, p=RACE_SHARES)),
        "ethnicity": str(source.choice(ETHNICITIES, p=ETHNICITY_SHARES)),
        "ptsd_duration": int(np.clip(round(source.gamma(2.0, 7.0)), 1, 50)),
        "index_trauma": str(source.choice(INDEX_TRAUMAS, p=INDEX_TRAUMA_SHARES)),
        "cannabis": str(source.choice(NO_YES, p=(0.7, 0.3))),
        "therapy": str(source.choice(NO_YES, p=(0.4, 0.6))),
    }
    return {key: value for key, value in covariates.items() if (label, key) not in NOT_RECORDED}
