"""Names of the labels of FreeSurfer's subcortical segmentation (``desc-aseg_dseg``).

Numbers and names are those of FreeSurfer's colour table; the structures a region may be made of.
"""

from __future__ import annotations

from bids_ketamine.regions.labels import Label, LabelTable

_PAIRED = {
    "Cerebral-White-Matter": (2, 41),
    "Cerebral-Cortex": (3, 42),
    "Lateral-Ventricle": (4, 43),
    "Inf-Lat-Vent": (5, 44),
    "Cerebellum-White-Matter": (7, 46),
    "Cerebellum-Cortex": (8, 47),
    "Thalamus": (10, 49),
    "Caudate": (11, 50),
    "Putamen": (12, 51),
    "Pallidum": (13, 52),
    "Hippocampus": (17, 53),
    "Amygdala": (18, 54),
    "Accumbens-area": (26, 58),
    "VentralDC": (28, 60),
    "vessel": (30, 62),
    "choroid-plexus": (31, 63),
}
_SINGLE = {
    "3rd-Ventricle": 14,
    "4th-Ventricle": 15,
    "Brain-Stem": 16,
    "CSF": 24,
    "5th-Ventricle": 72,
    "WM-hypointensities": 77,
    "Optic-Chiasm": 85,
    "CC_Posterior": 251,
    "CC_Mid_Posterior": 252,
    "CC_Central": 253,
    "CC_Mid_Anterior": 254,
    "CC_Anterior": 255,
}

#: A structure without its side stands for both.
ASEG_LABELS = LabelTable(
    "the participant's segmentation (aseg)",
    tuple(
        sorted(
            [
                Label(index, f"{side}-{name}", (name,))
                for name, indices in _PAIRED.items()
                for side, index in zip(("Left", "Right"), indices, strict=True)
            ]
            + [Label(index, name) for name, index in _SINGLE.items()],
            key=lambda label: label.index,
        )
    ),
)
