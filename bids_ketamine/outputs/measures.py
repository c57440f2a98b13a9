"""The measures table of a participant-session and what its columns mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

#: Joins the names of two regions to the name of their pair.
PAIR = "~"

#: Joins the source and the target of a connection to its name.
DIRECTED = " > "

MEASURE_COLUMNS: Mapping[str, Mapping[str, object]] = {
    "participant_id": {"Description": "Participant"},
    "session_id": {"Description": "Session label in the dataset"},
    "session": {"Description": "Meaning of the session in the study"},
    "measure": {
        "Description": "Kind of measure",
        "Levels": {
            "activation": "Mean of a contrast over a region",
            "activation_marsbar": "Contrast of a region's mean series with serial correlations "
            "of its own, as MarsBaR estimates it",
            "resting_connectivity": "Fisher z of the Pearson correlation of two regions at rest",
            "resting_partial_connectivity": "Fisher z of the partial correlation of two regions "
            "at rest, given all others",
            "network_connectivity": "Mean Fisher z over the edges within a network, or between "
            "two; `network_connectivity_MODEL` the same with another nuisance model",
            "raw_temporal_sd": "Temporal standard deviation before cleaning: median over the "
            "regions of a network, or the ratio of two networks' medians",
            "cleaned_temporal_sd": "The same after cleaning",
            "raw_tsnr": "Temporal signal-to-noise ratio before cleaning (mean over standard "
            "deviation): median over regions, or ratio",
            "cleaned_tsnr": "The same with the standard deviation after cleaning",
            "volume": "Volume of a brain structure over intracranial volume",
            "gppi": "Generalized psychophysiological interaction of two regions: difference of "
            "their coupling between conditions, mean of both directions",
            "ldc": "Linear discriminant contrast of two trial types in a region, cross-validated, "
            "per voxel, minus the bias that the design predicts within a run",
            "dcm": "Parameter of a dynamic causal model, posterior mean: a connection, its "
            "modulation by an input, or the drive of an input to a region",
        },
    },
    "task": {"Description": "Task in the study"},
    "contrast": {
        "Description": "Contrast in the study; for ldc two trial types joined by ` vs `; for dcm "
        "the model and what the parameter is"
    },
    "regions": {
        "Description": f"Region, or two regions joined by {PAIR}; for connections of dcm source "
        "and target joined by ` > `; network, pair of networks, or two networks joined by `/`; "
        "brain structure"
    },
    "value": {"Description": "The measure", "Units": "see the column unit"},
    "unit": {"Description": "Unit of the value"},
    "standard_error": {
        "Description": "Standard error of the value within the session; for activation from the "
        "region's mean series, and missing where runs have other voxels of the region; for dcm "
        "the posterior standard deviation (SPM's; too small, see the calibrated one in the "
        "model's file)",
        "Units": "see the column unit",
    },
    "mean_fd": {
        "Description": "Mean framewise displacement over the runs of the task",
        "Units": "mm",
    },
    "n_volumes": {"Description": "Volumes of all runs of the task"},
    "n_volumes_kept": {
        "Description": "Volumes that are neither outliers nor before the steady state; with "
        "`cleaning` those that are used"
    },
    "residual_df": {
        "Description": "Residual degrees of freedom over all runs (effective ones for the noise "
        "model spm); for dcm volumes minus the columns for which the series are adjusted and "
        "filtered"
    },
    "coverage": {
        "Description": "Share of the (first) region's voxels that the measure rests on: those "
        "with signal inside the brain mask, and for activation with the noise model spm above "
        "the mask threshold; of a network the share of its edges that have a value"
    },
    "coverage_second": {"Description": "The same of the second region"},
    "tsnr": {
        "Description": "Mean temporal signal-to-noise ratio of the (first) region in the series "
        "as read, before smoothing here"
    },
    "tsnr_second": {"Description": "The same of the second region"},
    "method": {"Description": "How the measure was computed"},
    "version": {"Description": "Version of bids_ketamine"},
    "reason": {"Description": "Why the value is missing"},
}


def measures_table(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Join the rows of all methods; columns in the order of :data:`MEASURE_COLUMNS`.

    Parameters
    ----------
    parts : iterable of DataFrame
        Rows of each method, with any of the columns.

    Returns
    -------
    DataFrame
        All columns; missing ones are empty.
    """
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=list(MEASURE_COLUMNS))
    table = pd.concat(filled, ignore_index=True)
    return table.reindex(columns=list(MEASURE_COLUMNS))
