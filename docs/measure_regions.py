"""Measure the shipped regions: ``python docs/measure_regions.py SOURCES NEUROSYNTH``.

Prints the tables of docs/regions.md. SOURCES is the folder the atlases are built from,
NEUROSYNTH the folder of the Neurosynth database, version 7 (coordinates, metadata, 50 topics).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from nibabel.affines import apply_affine
from scipy import sparse
from scipy.spatial import cKDTree

DATA = Path(__file__).parent.parent / "bids_ketamine/regions/data"
TEMPLATE = "tpl-MNI152NLin2009cAsym/tpl-MNI152NLin2009cAsym_res-02_"
#: Spheres of 8 mm that stood for the regions before masks shipped.
SPHERES = {
    "amygdala": [(-24, -4, -20), (24, -4, -20)],
    "anterior_insula": [(-38, 14, -6), (38, 18, 2)],
    "vmPFC": [(-2, 56, -8)],
    "rACC": [(6, 42, 4)],
    "dACC": [(6, 22, 32)],
    "anterior_hippocampus": [(-26, -16, -21), (26, -16, -21)],
}
#: Published peaks, as the table of the source gives them.
PEAKS = {
    "anterior_insula": [(-38, 14, -6), (38, 18, 2), (-36, 20, -4), (38, 22, -4)],
    "vmPFC": [(-2, 56, -8), (-2, 50, -6)],
    "rACC": [(6, 42, 4)],
    "dACC": [(6, 22, 32)],
}
TOPICS = {
    "emotion": "26_emotional_amygdala_negative",
    "faces": "40_face_faces_facial",
    "fear": "13_fear_threat_smokers",
    "conflict": "20_control_conflict_task",
    "pain": "32_pain_somatosensory_stimulation",
    "medial prefrontal, social": "8_mpfc_social_medial",
    "memory retrieval": "33_memory_retrieval_encoding",
    "working memory": "9_memory_working_wm",
    "motor": "17_motor_cortex_hand",
}


class Atlas:
    """A shipped atlas: labels, grid, table."""

    def __init__(self, stem: str) -> None:
        image = nib.load(DATA / f"{stem}.nii.gz")
        self.labels = np.asanyarray(image.dataobj).astype(int)
        self.affine = image.affine
        self.table = pd.read_csv(DATA / f"{stem}.tsv", sep="\t")

    def places(self, mask: np.ndarray) -> np.ndarray:
        """Return the centres of a mask's voxels, mm."""
        return apply_affine(self.affine, np.argwhere(mask))

    def region(self, name: str) -> np.ndarray:
        """Return the mask of a region, both sides."""
        return np.isin(self.labels, self.table.loc[self.table["region"] == name, "index"])

    def centroids(self) -> np.ndarray:
        """Return the centroid of each label, mm, in the order of the table."""
        return np.array([self.places(self.labels == i).mean(0) for i in self.table["index"]])

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the label of the voxel each place (mm) lies in, 0 outside of the grid."""
        voxels = np.rint(apply_affine(np.linalg.inv(self.affine), places)).astype(int)
        inside = ((voxels >= 0) & (voxels < self.labels.shape)).all(axis=1)
        found = np.zeros(len(places), int)
        found[inside] = self.labels[tuple(voxels[inside].T)]
        return found


def row(cells: Iterable[object]) -> str:
    """Return a row of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def point(place: np.ndarray) -> str:
    """Return coordinates as text, mm."""
    return ", ".join(f"{value:.1f}" for value in place)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Return the overlap of two masks, from 0 to 1."""
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def labels_table(circuit: Atlas, sources: Path) -> None:
    """Print size, place and tissue of each label."""
    grey = nib.load(sources / f"{TEMPLATE}label-GM_probseg.nii.gz").get_fdata()
    brain = nib.load(sources / f"{TEMPLATE}desc-brain_mask.nii.gz").get_fdata() > 0
    print(row(["label", "voxels", "mm3", "centroid", "x", "y", "z", "grey matter", "in brain"]))
    for index, name in zip(circuit.table["index"], circuit.table["name"], strict=True):
        mask = circuit.labels == index
        places = circuit.places(mask)
        spans = [
            f"{low:.1f} to {high:.1f}"
            for low, high in zip(places.min(0), places.max(0), strict=True)
        ]
        shares = [f"{grey[mask].mean():.2f}", f"{100 * brain[mask].mean():.0f} %"]
        print(row([name, mask.sum(), 8 * mask.sum(), point(places.mean(0)), *spans, *shares]))


def peaks_table(circuit: Atlas) -> None:
    """Print where the published peaks lie; those of the midline regions on both sides."""
    print(row(["region", "peak", "inside", "nearest voxel", "centroid of its side"]))
    for region, peaks in PEAKS.items():
        mirrored = [(-x, y, z) for x, y, z in peaks if region != "anterior_insula"]
        for peak in [*peaks, *mirrored]:
            places = circuit.places(circuit.region(region))
            side = places[places[:, 0] * peak[0] > 0]
            nearest = np.linalg.norm(side - peak, axis=1).min()
            centre = np.linalg.norm(side.mean(0) - peak)
            wanted = circuit.table.loc[circuit.table["region"] == region, "index"].tolist()
            inside = "yes" if circuit.at(np.array([peak], float))[0] in wanted else "no"
            note = " (mirrored)" if peak in mirrored else ""
            print(row([region, f"{peak}{note}", inside, f"{nearest:.1f}", f"{centre:.1f}"]))


def overlaps(circuit: Atlas, sources: Path) -> None:
    """Print overlaps with spheres and with another amygdala."""
    grid = circuit.places(np.ones(circuit.labels.shape, bool))
    print(row(["region", "voxels", "voxels of spheres", "Dice", "part of the spheres inside"]))
    for region, centres in SPHERES.items():
        near = np.min([np.linalg.norm(grid - centre, axis=1) for centre in centres], axis=0) <= 8
        mask = circuit.region(region).ravel()
        share = (mask & near).sum() / near.sum()
        print(row([region, mask.sum(), near.sum(), f"{dice(mask, near):.2f}", f"{share:.2f}"]))
    other = nib.load(sources / "nimare-amygdala/amygdala_roi.nii.gz")
    theirs = np.asanyarray(other.dataobj) > 0
    places = apply_affine(other.affine, np.argwhere(np.ones(theirs.shape, bool)))
    ours = np.isin(circuit.at(places), [1, 2])
    both = (ours & theirs.ravel()).sum()
    print(
        f"NiMARE amygdala: {theirs.sum()} voxels, Dice {dice(ours, theirs.ravel()):.2f}, "
        f"{both / ours.sum():.2f} of ours inside, {both / theirs.sum():.2f} of theirs inside ours"
    )


def touching(circuit: Atlas) -> None:
    """Print which regions touch, and by how many pairs of voxel faces."""
    names = dict(zip(circuit.table["index"], circuit.table["region"], strict=True))
    pairs: dict[tuple[str, ...], int] = {}
    for axis in range(3):
        along = np.moveaxis(circuit.labels, axis, 0)
        for one, other in zip(along[:-1].ravel(), along[1:].ravel(), strict=True):
            if one and other and names[one] != names[other]:
                pair = tuple(sorted((names[one], names[other])))
                pairs[pair] = pairs.get(pair, 0) + 1
    print("touching:", pairs)


def templates() -> None:
    """Print how far the same 400 parcels lie apart in the two templates."""
    stem = "atlas-Schaefer2018_space-{}_res-02_desc-400Parcels7Networks_dseg"
    new, old = (Atlas(stem.format(f"MNI152NLin{name}")) for name in ("2009cAsym", "6Asym"))
    shift = new.centroids() - old.centroids()
    apart = np.linalg.norm(shift, axis=1)
    every = np.linalg.norm(new.centroids()[:, np.newaxis] - old.centroids(), axis=2)
    print(
        f"centroids apart: mean {apart.mean():.2f}, median {np.median(apart):.2f}, "
        f"95th percentile {np.percentile(apart, 95):.2f}, largest {apart.max():.2f} mm; "
        f"mean shift {point(shift.mean(0))} (s.d. {point(shift.std(0))}); "
        f"same number nearest: {(every.argmin(axis=1) == np.arange(400)).sum()} of 400"
    )
    cortex = new.labels > 0
    seen = old.at(new.places(cortex))
    mine = new.labels[cortex]
    pairs = [(mine == i, seen == i) for i in new.table["index"]]
    overlap = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]
    print(
        f"same parcel at the same mm: {100 * (seen == mine).mean():.0f} % of cortical voxels, "
        f"another parcel {100 * ((seen != mine) & (seen > 0)).mean():.0f} %, "
        f"none {100 * (seen == 0).mean():.0f} %; Dice by parcel: median "
        f"{np.median(overlap):.2f}, 5th percentile {np.percentile(overlap, 5):.2f}"
    )


def read_neurosynth(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, list[str]]:
    """Return studies in MNI space, all peaks, which topics the studies load on, topic names."""
    stem = folder / "data-neurosynth_version-7_"
    studies = pd.read_csv(f"{stem}metadata.tsv.gz", sep="\t")
    peaks = pd.read_csv(f"{stem}coordinates.tsv.gz", sep="\t")
    weights = sparse.load_npz(f"{stem}vocab-LDA50_source-abstract_type-weight_features.npz")
    vocabulary = Path(f"{stem}vocab-LDA50_vocabulary.txt").read_text("utf-8").split()
    mni = (studies["space"] == "MNI").to_numpy()
    return studies[mni], peaks, weights.toarray()[mni] > 0.1, vocabulary


def z_of_shares(reporting: np.ndarray, topic: np.ndarray) -> np.ndarray:
    """Return the z of the difference of two shares: studies of a topic and the others."""
    difference = reporting[topic].mean(axis=0) - reporting[~topic].mean(axis=0)
    share = reporting.mean(axis=0)
    spread = share * (1 - share) * (1 / topic.sum() + 1 / (~topic).sum())
    return np.divide(difference, np.sqrt(spread), out=np.zeros_like(share), where=spread > 0)


def neurosynth(circuit: Atlas, folder: Path) -> None:
    """Print the share of studies of a topic that report a peak in a region, and of the rest."""
    studies, peaks, loads, vocabulary = read_neurosynth(folder)
    labels = circuit.at(peaks[["x", "y", "z"]].to_numpy())
    print(f"{len(studies)} studies in MNI space")
    print(row(["region", *TOPICS, "three strongest of the 50 topics (z)"]))
    columns = [vocabulary.index(topic) for topic in TOPICS.values()]
    print(row(["studies", *loads[:, columns].sum(axis=0), ""]))
    for region in dict.fromkeys(circuit.table["region"]):
        wanted = circuit.table.loc[circuit.table["region"] == region, "index"]
        reporting = studies["id"].isin(peaks["id"][np.isin(labels, wanted)]).to_numpy()
        cells = [
            f"{100 * reporting[topic].mean():.0f} / {100 * reporting[~topic].mean():.0f}"
            for topic in loads[:, columns].T
        ]
        z = np.array([z_of_shares(reporting[:, np.newaxis], topic)[0] for topic in loads.T])
        best = [f"{vocabulary[i].split('_', 1)[1]} {z[i]:.1f}" for i in np.argsort(-z)[:3]]
        print(row([region, *cells, ", ".join(best)]))


def ventromedial(folder: Path) -> None:
    """Print where studies of emotion and of fear stand out in ventromedial prefrontal cortex."""
    studies, peaks, loads, vocabulary = read_neurosynth(folder)
    ranges = (np.arange(-10, 11, 2), np.arange(16, 71, 2), np.arange(-24, 1, 2))
    places = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    study = pd.Series(np.arange(len(studies)), index=studies["id"])
    here = peaks[peaks["id"].isin(studies["id"])]
    number = study[here["id"]].to_numpy()
    near = cKDTree(here[["x", "y", "z"]].to_numpy()).query_ball_point(places, 6)
    reporting = np.zeros((len(studies), len(places)), bool)
    for column, found in enumerate(near):
        reporting[number[found], column] = True
    for topic in ("emotion", "fear"):
        z = z_of_shares(reporting, loads[:, vocabulary.index(TOPICS[topic])])
        print(f"{topic}: largest z {z.max():.1f} at {places[z.argmax()]}")


def source_grid(sources: Path) -> None:
    """Print how far the cortical labels and the grey-matter map of the template are off."""
    grey = nib.load(sources / f"{TEMPLATE}label-GM_probseg.nii.gz").get_fdata()
    cortex = Atlas(
        "atlas-Schaefer2018_space-MNI152NLin2009cAsym_res-02_desc-400Parcels7Networks_dseg"
    ).labels
    inside = cortex > 0
    print(f"cortical labels: mean grey-matter probability {grey[inside].mean():.2f}")
    for axis, name in enumerate("xyz"):
        # Vertex of the parabola through the fit one voxel down, in place, one voxel up.
        fit = [
            np.corrcoef(np.roll(inside, k, axis).ravel(), grey.ravel())[0, 1] for k in (-1, 0, 1)
        ]
        vertex = 0.5 * (fit[0] - fit[2]) / (fit[0] - 2 * fit[1] + fit[2])
        print(f"best fit to the grey matter when moved by {2 * vertex:.2f} mm along {name}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path)
    parser.add_argument("neurosynth", type=Path)
    options = parser.parse_args()
    circuit = Atlas("atlas-FearCircuit_space-MNI152NLin2009cAsym_res-02_dseg")
    labels_table(circuit, options.sources)
    print()
    peaks_table(circuit)
    print()
    overlaps(circuit, options.sources)
    touching(circuit)
    templates()
    source_grid(options.sources)
    neurosynth(circuit, options.neurosynth)
    ventromedial(options.neurosynth)


if __name__ == "__main__":
    main()
