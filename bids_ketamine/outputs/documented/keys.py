"""What the keys of sidecars of the participant level mean."""

from __future__ import annotations

from bids_ketamine.outputs.documented.files import Key

SOURCES = Key(
    "Sources",
    "Input files as BIDS URIs, `bids:DATASET:PATH`; `DatasetLinks` of `dataset_description.json` "
    "says where a dataset is",
)
REPETITION_TIME = Key("RepetitionTime", "Time from volume to volume; null if not known", "s")

#: Of series and designs of a task.
SAMPLING = (
    REPETITION_TIME,
    Key("ReferenceTime", "Time within a volume to which its slices refer", "s"),
    Key("SamplingTime", "Time within a volume at which regressors are sampled", "s"),
    SOURCES,
)

_OF_IMAGES = "for images, not series of regions"
_DENOISED_HERE = "where it was done here"
_TASKS = "for tasks"
_REST = "for rest"
_VOLUMES = "if the study has `volumes`"
_CLEANED = "for rest, with `cleaning`"

_OF_CLEANED_RUN = (
    Key("Cleaning", "Which volumes were left out, and what nuisance models left"),
    Key("Cleaning.Models", "Nuisance models; `none` for series that were cleaned elsewhere"),
    Key("Cleaning.Kept", "Volumes that are used"),
    Key("Cleaning.Volumes", "Volumes of the run"),
    Key("Cleaning.Minutes", "Time of the volumes that are used; null if not known", "min"),
    Key("Cleaning.Causes", "Why the others are left out, with numbers; empty if none is"),
    Key("Cleaning.ResidualDegreesOfFreedom", "Dimensions left for each model"),
    Key("Cleaning.EffectiveDegreesOfFreedom", "The same, those that filled volumes blur weighted"),
    Key("Cleaning.Reasons", "Why the run was dropped for a model; without the others"),
    Key("Cleaning.MotionFilter", "Filter of the motion parameters in words; null for none"),
    Key("Cleaning.CensoredVolumes", "What stood for left-out volumes while the band was filtered"),
    Key(
        "Cleaning.Neighbourhood",
        "Share of variance that the cortex around a region took out, by region; null without",
        "",
        "with `cleaning.local_neighbourhood`",
    ),
)

_RUN = (
    Key("Task", "Name of the task in the study"),
    Key("Run", "`run` entity; null without"),
    Key("Description", "`desc` entity of the series"),
    Key("Space", "`space` entity of the series; null without"),
    REPETITION_TIME,
    Key("SmoothingFWHM", "Smoothing done here, full width at half maximum; null for none", "mm"),
    Key("Volumes", "Volumes"),
    Key("VolumesKept", "Volumes that are neither outliers nor before the steady state"),
    Key("OutlierVolumes", "Outliers: with a regressor of their own, or left out by `cleaning`"),
    Key("NonSteadyStateVolumes", "Volumes before the steady state"),
    Key("MeanFramewiseDisplacement", "Mean framewise displacement; null if not known", "mm"),
    Key("Confounds", "Names of the nuisance regressors"),
    Key("ResidualDegreesOfFreedom", "Residual degrees of freedom of the run"),
    Key("Notes", "What a reader should know, in sentences"),
    Key("SmoothedBy", "Who smoothed: `here`, a program, `before`; null for nobody", "", _OF_IMAGES),
    Key("StatedSmoothingFWHM", "Smoothing that the series' sidecar states", "mm", _OF_IMAGES),
    Key("SmoothnessBefore", "Estimated smoothness as read, along x, y, z", "mm", _OF_IMAGES),
    Key("SmoothnessAfter", "The same after smoothing here", "mm", _OF_IMAGES),
    Key("VoxelSize", "Size of voxels along x, y, z", "mm", _OF_IMAGES),
    Key("Denoising", "Which ICA-AROMA, by whom; `none`", "", _OF_IMAGES),
    Key("Components", "Components of ICA-AROMA", "", _DENOISED_HERE),
    Key("NoiseComponents", "Those of them that were taken out", "", _DENOISED_HERE),
    Key("ReferenceTime", "Time within a volume to which its slices refer", "s", _TASKS),
    Key("ReferenceTimeOrigin", "Where that is from, in words", "", _TASKS),
    Key("SamplingTime", "Time within a volume at which regressors are sampled", "s", _TASKS),
    Key("NoiseModel", "Noise model of the study", "", _TASKS),
    Key("VoxelsModelled", "Voxels that are modelled", "", _TASKS),
    Key("VoxelsBelowThreshold", "Voxels below the mask threshold, not modelled", "", _TASKS),
    Key("ErrorTrials", "Wrong and missing answers, modelled apart", "", _TASKS),
    Key("BandPass", "Limits of the band-pass filter; null for none", "Hz", _REST),
    *(each._replace(only=each.only or _CLEANED) for each in _OF_CLEANED_RUN),
)

_OF_CLEANED_SESSION = (
    Key("Cleaning", "Usable time of the session, first nuisance model"),
    Key("Cleaning.Minutes", "Time of the volumes that are used; null if not known", "min"),
    Key("Cleaning.MinimumMinutes", "Fewest that the study accepts", "min"),
    Key("Cleaning.Runs", "Runs of the session"),
    Key("Cleaning.RunsUsed", "Runs that are used"),
    Key("Cleaning.Reason", "Why the session has no measures; empty if it has"),
    Key("Cleaning.Notes", "What a reader should know, in sentences"),
)

_OF_VOLUMES = (
    Key("Volumes", "Volumes of brain structures"),
    Key("Volumes.Source", "`aseg.stats` or the segmentation; null without"),
    Key("Volumes.Intracranial", "Intracranial volume; null if not known", "mm^3"),
    Key("Volumes.Structures", "Volume of each structure; null if not known", "mm^3"),
    Key("Volumes.Units", "Unit of these volumes"),
    Key("Volumes.Reason", "Why there are none; empty if there are"),
    Key("Volumes.Notes", "What a reader should know, in sentences"),
    Key("Volumes.Sources", "Files that were read, as BIDS URIs"),
)

_MODELS = "if the study has `dcm`"
_ESTIMATED = "if the model was estimated"

#: Of the sidecar of the measures.
MEASURES = (
    Key("StudyName", "Name of the study"),
    Key(
        "StudyHash",
        "Fingerprint of the settings that the participant level depends on; the group level "
        "refuses measures of another",
    ),
    Key(
        "InputsHash",
        "Fingerprint of the session's input files, of what is known of them, and of the regions",
    ),
    Key("SoftwareVersion", "Version of bids_ketamine"),
    Key("Libraries", "Versions of the libraries that can move a number"),
    SOURCES,
    Key("Runs", "Facts of each run and method"),
    *(each._replace(name=f"Runs[].{each.name}") for each in _RUN),
    *(each._replace(only=_CLEANED) for each in _OF_CLEANED_SESSION),
    *(each._replace(only=_VOLUMES) for each in _OF_VOLUMES),
    Key("Missing", "What could not be used, or was left out by `--task-id`"),
    Key("Missing[].What", "The task, or the task and the kind of file"),
    Key("Missing[].Reason", "Why"),
    Key("Notices", "What the study asks for and this version does not compute"),
    Key("DynamicCausalModels", "How each model ended", "", _MODELS),
    Key("DynamicCausalModels[].Model", "Name of the model", "", _MODELS),
    Key("DynamicCausalModels[].Task", "Its task", "", _MODELS),
    Key("DynamicCausalModels[].Reason", "Why it was not estimated; else empty", "", _MODELS),
    Key("DynamicCausalModels[].FreeEnergy", "Free energy, SPM's", "nats", _ESTIMATED),
    Key("DynamicCausalModels[].ExplainedVariance", "Share of variance, 0 to 1", "", _ESTIMATED),
    Key("DynamicCausalModels[].Flat", "Whether that share is below 0.1", "", _ESTIMATED),
    Key("DynamicCausalModels[].Converged", "Whether the scheme ended by itself", "", _ESTIMATED),
    Key("DynamicCausalModels[].Stalled", "Whether its last steps were rejected", "", _ESTIMATED),
    Key("DynamicCausalModels[].Notes", "What a reader should know", "", _MODELS),
)

DESIGN = (
    Key("Conditions", "Names of the conditions"),
    Key("Contrasts", "Weights of each contrast tested with t"),
    Key("FContrasts", "Rows of weights of each contrast tested with F"),
    Key("NotEstimable", "Contrasts that the run cannot estimate, and why"),
    Key("Dropped", "Events and columns that were left out, in sentences"),
    Key("NoiseModel", "Noise model of the study"),
    Key("Autocorrelation", "Weights of the noise's covariance components (`spm`); else empty"),
    Key("AutocorrelationAtLagOne", "Serial correlation of neighbouring volumes; null by voxel"),
    Key("VoxelsPooled", "Voxels from which it was estimated"),
    Key("MaskThreshold", "Share of the global mean that a voxel must exceed (`spm`); else null"),
    Key("VoxelsModelled", "Voxels that are modelled"),
    Key("VoxelsBelowThreshold", "Voxels below the threshold"),
    Key("EffectiveDegreesOfFreedom", "Residual degrees of freedom, effective ones for `spm`"),
    Key("GrandMeanScaling", "What the series was multiplied by: to percent of the grand mean"),
    Key(
        "Diagnostics",
        "How well conditions can be told apart; null if not known: `ConditionCorrelation`, "
        "`VarianceInflation` of each condition, `Efficiency` of each contrast, "
        "`LargestNuisanceCorrelation`",
    ),
    *SAMPLING,
)

STATMAP = (
    Key("Description", "Statistic and contrast in words"),
    Key("Weights", "Weights of the contrast by regressor; rows of them for F"),
    Key("Units", "Unit of the map"),
    Key("NoiseModel", "Noise model of the study"),
    Key("EffectDegreesOfFreedom", "Degrees of freedom of the contrast: 1 for t"),
    Key("DegreesOfFreedom", "Residual degrees of freedom, runs combined"),
    Key("Runs", "Runs that could estimate the contrast"),
    SOURCES,
)

_REGION_CENTRES = Key(
    "RegionCentres",
    "Centre of each region, x, y, z; two where it has a part in each hemisphere, left first",
    "mm",
)

CORRELATIONS = (
    Key("Given", "Regions that are held constant", "", "for partial correlations"),
    _REGION_CENTRES,
    Key("Model", "Nuisance model", "", "with `cleaning`"),
    Key("LeftOut", "Regions without correlations, and why", "", "with `cleaning`"),
    Key("Reason", "Why there are no correlations at all; else empty", "", "with `cleaning`"),
    SOURCES,
)

NETWORKS = (
    Key("Networks", "Regions of each network"),
    SOURCES,
)

GROUP_SEED_MAP = (
    Key("Description", "Seed and statistic in words"),
    Key("Units", "Fisher z"),
    Key("Seed", "Name of the network"),
    Key("Arm", "Treatment arm, or `all`"),
    Key("Session", "Session, of a mean", "", "of a mean"),
    Key("Change", "Change, of a difference", "", "of a change"),
    Key("NumberOfParticipants", "Participants whose maps went in"),
    Key("MinimumParticipants", "Fewest participants for a value in a voxel"),
)

SEED_MAP = (
    Key("Description", "Seed and statistic in words"),
    Key("Units", "Fisher z"),
    Key("Seed", "Name of the network"),
    Key("SeedRegions", "Regions whose series were averaged"),
    Key("NumberOfRuns", "Runs that went in"),
    Key("NumberOfValues", "Voxels or grayordinates with a value"),
    Key("UnitVariance", "Whether series had the same variance in each run before runs were joined"),
    Key("Model", "Nuisance model"),
    SOURCES,
)

_PPI = (
    Key("Method", "`conn`, `joint` or `spm`"),
    Key("Measure", "`regression` or `correlation`"),
    Key("Units", "Unit of the values"),
    Key("BandPass", "Limits of the band-pass filter; null for none", "Hz"),
    REPETITION_TIME,
    Key("Volumes", "Volumes of each run"),
    Key("Runs", "Runs that went in"),
    _REGION_CENTRES,
    SOURCES,
)

PPI_TABLE = (
    *_PPI,
    Key("Conditions", "Conditions of the task"),
    Key("Contrasts", "Weights of each contrast by condition"),
    Key(
        "ConditionVolumes",
        "Sum of each condition's regressor over all volumes",
        "volumes",
        "for the methods `conn` and `joint`",
    ),
    Key("Confounds", "Nuisance regressors of each run"),
    Key("VarianceInflationLimit", "Variance inflation above which an effect counts as collinear"),
    Key("TaskCorrelationLimit", "Size of the correlation with the task above which it does"),
    Key("NearlyCollinear", "Seeds and contrasts that are above one of the two"),
    Key("Notes", "What a reader should know"),
)

PPI_MATRIX = (
    Key("Description", "The contrast in words"),
    Key("Directed", "True: rows are seeds, columns targets"),
    Key("Weights", "Weights of the contrast by condition"),
    *_PPI,
)

_SIMILARITY = (
    Key("Partition", "How runs were divided, in words"),
    Key("Partitions", "Number of partitions"),
    Key("TrialTypes", "Trial types of the matrix"),
    Key("Covariance", "Noise covariance of the study"),
    Key("Training", "How training patterns are made"),
    Key("Runs", "Runs that went in"),
    SOURCES,
)

DISSIMILARITY = (
    *_SIMILARITY,
    Key("Units", "Unit of the distances"),
    Key("Normalisation", "What distances are divided by: the number of voxels"),
    Key("DegreesOfFreedom", "Degrees of freedom of the residuals, tr(RV); null without a model"),
    Key("Shrinkage", "Weight of the shrinkage target, by region"),
    Key(
        "NoiseLevel",
        "Noise level of patterns, by region; 1 if it were known; of several runs one each",
    ),
    Key("EffectiveVoxels", "Independent voxels of each region"),
    Key("Smoothness", "Estimated smoothness along x, y, z", "mm"),
    Key("Notes", "What a reader should know"),
)

RELIABILITY = _SIMILARITY
