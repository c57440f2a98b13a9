"""What the sidecar of each shipped atlas says: origin, licence, citation."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.regions.data.circuit import (
    MIDLINE,
    MINIMUM_GREY_MATTER,
    MINIMUM_SHARE,
    REACH,
    SEED_RADIUS,
)

TIAN = (
    "Tian Y, Margulies DS, Breakspear M, Zalesky A (2020). Topographic organization of the human "
    "subcortex unveiled with functional connectivity gradients. Nat Neurosci 23:1421-1432. "
    "https://doi.org/10.1038/s41593-020-00711-6"
)
SCHAEFER = (
    "Schaefer A et al. (2018). Local-global parcellation of the human cerebral cortex from "
    "intrinsic functional connectivity MRI. Cereb Cortex 28:3095-3114. "
    "https://doi.org/10.1093/cercor/bhx179"
)
SEITZMAN = (
    "Seitzman BA et al. (2020). A set of functionally-defined brain regions with improved "
    "representation of the subcortex and cerebellum. NeuroImage 206:116290. "
    "https://doi.org/10.1016/j.neuroimage.2019.116290"
)
PEAKS = (
    "Goldstein-Piekarski AN et al. (2022). Mapping neural circuit biotypes to symptoms and "
    "behavioral dimensions of depression and anxiety. Biol Psychiatry 91:561-571. "
    "https://doi.org/10.1016/j.biopsych.2021.06.024"
)
NEUROSYNTH = (
    "Yarkoni T et al. (2011). Large-scale automated synthesis of human functional neuroimaging "
    "data. Nat Methods 8:665-670. https://doi.org/10.1038/nmeth.1635"
)
FONOV = (
    "Fonov VS et al. (2009). Unbiased nonlinear average age-appropriate brain templates from birth "
    "to adulthood. NeuroImage 47 (Suppl 1):S102. https://doi.org/10.1016/S1053-8119(09)70884-5"
)
NORBURY = (
    "Norbury A et al. (2021). Neuroimaging correlates and predictors of response to repeated-dose "
    "intravenous ketamine in PTSD: preliminary evidence. Neuropsychopharmacology 46:2266-2277. "
    "https://doi.org/10.1038/s41386-021-01104-4"
)

TIAN_SOURCE = "yetianmed/subcortex at 62751401be0dba587442799748a886d5d87b8364"
SCHAEFER_SOURCE = "donishadsmith/neurocaps-test-data at 1276442f72629187892bb531a57137a18620a6c0"
TEMPLATE_SOURCE = "nipreps/niworkflows at d991644f3a769d7c84e7c8bb897ea30fb96885df"
PEAKS_SOURCE = "WilliamsPanLab/2021-masks at 443fbd380ce9989739dc27293b3fb0a538212f52"

RULE = (
    "Amygdala: AMY of Tian S1. Anterior hippocampus: aHIP of Tian S2. Cortical regions: Schaefer "
    f"parcels that hold at least {MINIMUM_SHARE:g} of the cortical voxels within {SEED_RADIUS:g} "
    "mm of a published peak (mirrored to both sides; a parcel goes to the region with the largest "
    f"share); of these, the voxels within {REACH:g} mm of a peak with a grey-matter probability "
    f"of at least {MINIMUM_GREY_MATTER:g}, more than {MIDLINE:g} mm off the midline (anterior "
    "insula: at most 43 mm); of these, the largest piece that hangs together by voxel faces."
)

ATLASES: Mapping[str, dict[str, object]] = {
    "FearCircuit": {
        "Name": "Six regions of the circuit of fear and its regulation, after Norbury 2021",
        "License": "Derived from Tian 2020 (its licence), Schaefer 2018 (MIT) and the MNI template",
        "ReferencesAndLinks": [NORBURY, TIAN, SCHAEFER, PEAKS, NEUROSYNTH, FONOV],
        "Sources": [TIAN_SOURCE, SCHAEFER_SOURCE, TEMPLATE_SOURCE, PEAKS_SOURCE],
        "Rule": RULE,
    },
    "TianS1": {
        "Name": "Melbourne subcortex atlas, scale 1",
        "License": "Melbourne Subcortex Atlas License",
        "ReferencesAndLinks": [TIAN],
        "Sources": [TIAN_SOURCE],
    },
    "TianS2": {
        "Name": "Melbourne subcortex atlas, scale 2",
        "License": "Melbourne Subcortex Atlas License",
        "ReferencesAndLinks": [TIAN],
        "Sources": [TIAN_SOURCE],
    },
    "Schaefer2018": {
        "Name": "Local-global parcellation of the cerebral cortex, 7 networks",
        "License": "MIT",
        "ReferencesAndLinks": [SCHAEFER],
    },
    "Seitzman300": {
        "Name": "300 spheres of cortex, subcortex and cerebellum",
        "License": "Coordinates are facts; table as of nilearn (BSD-3-Clause)",
        "ReferencesAndLinks": [SEITZMAN],
        "Sources": ["nilearn 0.14.1, nilearn/datasets/data"],
        "x": {"Description": "Centre, MNI space", "Units": "mm"},
        "y": {"Description": "Centre, MNI space", "Units": "mm"},
        "z": {"Description": "Centre, MNI space", "Units": "mm"},
        "radius": {"Description": "Radius of the sphere", "Units": "mm"},
    },
}

#: How the Tian images of MNI152NLin6Asym were had.
TIAN_RULE = (
    "Voxels of the 91,282 standard grayordinates in the file "
    "Gordon333.32k_fs_LR_Tian_Subcortex_S2.dlabel.nii, without its cortex; voxels of the atlas "
    "that are no grayordinates are not among them."
)
SCALE_ONE = " Scale 1 joins the labels of scale 2 that it holds in MNI152NLin2009cAsym."

#: The Schaefer images come from different places.
SCHAEFER_SOURCES: Mapping[str, tuple[list[str], list[str]]] = {
    "MNI152NLin2009cAsym": ([TIAN_SOURCE, SCHAEFER_SOURCE], [SCHAEFER, TIAN]),
    "MNI152NLin6Asym": ([SCHAEFER_SOURCE], [SCHAEFER]),
}


def describe(atlas: str, template: str | None) -> dict[str, object]:
    """Return the sidecar of an atlas.

    Parameters
    ----------
    atlas : str
        Name of the atlas.
    template : str or None
        Template of the image; None for a table of coordinates.

    Returns
    -------
    dict
        JSON content.
    """
    content = dict(ATLASES[atlas])
    if template is not None:
        content |= {"Template": template, "Resolution": "2 mm"}
    if atlas.startswith("Tian") and template == "MNI152NLin6Asym":
        content["Rule"] = TIAN_RULE + (SCALE_ONE if atlas == "TianS1" else "")
    if atlas == "Schaefer2018" and template is not None:
        sources, references = SCHAEFER_SOURCES[template]
        content |= {"Sources": sources, "ReferencesAndLinks": references}
        if template == "MNI152NLin2009cAsym":
            content["License"] = "MIT; the image as of the Melbourne subcortex atlas, its licence"
    return content
