"""Read the published sources of the shipped atlases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from nibabel.affines import apply_affine

from bids_ketamine.errors import InputMissingError
from bids_ketamine.images.cifti_labels import read_dense_labels
from bids_ketamine.regions.data.circuit import FloatArray, LabelArray, Peak

TEMPLATE = "tpl-MNI152NLin2009cAsym/tpl-MNI152NLin2009cAsym_res-02_"
TIAN = "tian2020/Tian_Subcortex_S{scale}_3T_"
SCHAEFER = "schaefer2018/Schaefer2018_{parcels}Parcels_7Networks_order"
SCHAEFER_AND_TIAN = (
    "tian2020/Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S2_3T_"
    "MNI152NLin2009cAsym_2mm.nii.gz"
)
#: Scale 2 on grayordinates, of which the voxels alone are taken: the cortex is Gordon's.
GORDON_AND_TIAN = "tian2020/Gordon333.32k_fs_LR_Tian_Subcortex_S2.dlabel.nii"
#: In the combined images the subcortical labels come first.
SUBCORTICAL_LABELS = 32


@dataclass(frozen=True)
class LabelImage:
    """Integer labels and the affine (voxel to mm) of their grid."""

    labels: LabelArray
    affine: FloatArray

    def coordinates(self, mask: np.ndarray) -> FloatArray:
        """Return the centres of the voxels of a mask, MNI mm, shape (n_voxels, 3)."""
        return np.asarray(apply_affine(self.affine, np.argwhere(mask)))


class Sources:
    """The folder of sources, read file by file.

    Parameters
    ----------
    folder : Path
        Folder with the layout that the docstring of `build` gives.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return the path of a source.

        Raises
        ------
        InputMissingError
            If it is not there.
        """
        path = self.folder / name
        if not path.is_file():
            raise InputMissingError(
                "A source of the shipped atlases is missing.",
                path=path,
                cure="Give the folder of sources that docs/regions.md describes.",
            )
        return path

    def labels(self, name: str) -> LabelImage:
        """Read an image of labels."""
        image = nib.load(self.path(name))
        return LabelImage(np.rint(image.get_fdata()).astype(np.int64), image.affine)

    def volume(self, name: str) -> FloatArray:
        """Read an image of numbers."""
        return np.asarray(nib.load(self.path(name)).get_fdata())

    def peaks(self, circuit: str, region: str) -> tuple[Peak, ...]:
        """Return the published peaks of a region of a circuit, MNI mm."""
        table = pd.read_csv(self.path("neurosynth-peak-coordinates.tsv"), sep="\t")
        rows = table[(table["circuit"] == circuit) & (table["region"] == region)]
        return tuple((float(x), float(y), float(z)) for x, y, z in rows[["x", "y", "z"]].values)


def tian_table(sources: Sources, scale: int) -> pd.DataFrame:
    """Return the label table of the Melbourne subcortex atlas (``aHIP-rh`` is ``aHIP``, right)."""
    names = sources.path(TIAN.format(scale=scale) + "label.txt").read_text("utf-8").split()
    parts = [name.rsplit("-", 1) for name in names]
    return pd.DataFrame(
        {
            "index": range(1, len(names) + 1),
            "name": names,
            "region": [structure for structure, _ in parts],
            "hemisphere": [{"lh": "left", "rh": "right"}[side] for _, side in parts],
        }
    )


def tian_image(sources: Sources, scale: int) -> LabelImage:
    """Return the Melbourne subcortex atlas of a scale."""
    return sources.labels(TIAN.format(scale=scale) + "2009cAsym.nii.gz")


def tian_image_6(sources: Sources, scale: int) -> LabelImage:
    """Return the Melbourne subcortex atlas of a scale in MNI152NLin6Asym.

    The voxels of grayordinates hold scale 2 as its authors laid it there; each label of scale 1
    is what it is in the images of MNI152NLin2009cAsym: two or more labels of scale 2.
    """
    atlas = read_dense_labels(sources.path(GORDON_AND_TIAN))
    names = tian_table(sources, 2)["name"].tolist()
    if [atlas.names[key] for key in range(1, len(names) + 1)] != names:
        raise ValueError("the atlas on grayordinates has other labels than the image")
    inside = atlas.grayordinates.vertices < 0
    labels: LabelArray = np.zeros(atlas.grayordinates.shape, np.int64)
    keys = atlas.keys[inside]
    places = tuple(atlas.grayordinates.voxels[inside].T)
    labels[places] = np.where(keys <= SUBCORTICAL_LABELS, keys, 0)
    if scale == 1:
        labels = np.asarray(_scale_one_of_two(sources)[labels], np.int64)
    return LabelImage(labels, atlas.grayordinates.affine)


def _scale_one_of_two(sources: Sources) -> LabelArray:
    """Return the label of scale 1 in which each of scale 2 lies, by number from 0 on."""
    one, two = (tian_image(sources, scale).labels for scale in (1, 2))
    parents = np.zeros(SUBCORTICAL_LABELS + 1, np.int64)
    for label in range(1, SUBCORTICAL_LABELS + 1):
        (parents[label],) = np.unique(one[two == label])
    return parents


def schaefer_table(sources: Sources, parcels: int) -> pd.DataFrame:
    """Return the label table of a Schaefer atlas (``7Networks_LH_Vis_1``: network ``Vis``)."""
    lines = sources.path(SCHAEFER.format(parcels=parcels) + ".txt").read_text("utf-8").splitlines()
    cells = [line.split("\t") for line in lines if line.strip()]
    names = [row[1] for row in cells]
    return pd.DataFrame(
        {
            "index": [int(row[0]) for row in cells],
            "name": names,
            "network": [name.split("_")[2] for name in names],
            "hemisphere": [{"LH": "left", "RH": "right"}[name.split("_")[1]] for name in names],
        }
    )


def cortex_2009c(sources: Sources) -> LabelImage:
    """Return the 400 cortical parcels of the combined image in MNI152NLin2009cAsym."""
    image = sources.labels(SCHAEFER_AND_TIAN)
    return LabelImage(np.maximum(image.labels - SUBCORTICAL_LABELS, 0), image.affine)


def cortex_6(sources: Sources, parcels: int) -> LabelImage:
    """Return a Schaefer atlas in MNI152NLin6Asym (the template of FSL)."""
    return sources.labels(SCHAEFER.format(parcels=parcels) + "_FSLMNI152_2mm.nii.gz")


def seitzman_table(sources: Sources) -> pd.DataFrame:
    """Return the 300 spheres, their numbers as the source writes them."""
    table = pd.read_csv(sources.path("seitzman300/seitzman300.tsv"), sep="\t", dtype=str)
    return pd.DataFrame(
        {
            "index": table["index"],
            "name": table["netName"] + "_" + table["index"],
            "x": table["x"],
            "y": table["y"],
            "z": table["z"],
            "radius": table["radius(mm)"],
            "network": table["netName"],
            "anatomy": table["anatomy"],
        }
    )
