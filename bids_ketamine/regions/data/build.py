"""Build the atlas files of this folder from their published sources.

Run as ``python -m bids_ketamine.regions.data.build SOURCES [--out DIR]``. SOURCES holds the
folders ``tian2020``, ``schaefer2018``, ``seitzman300``, ``tpl-MNI152NLin2009cAsym`` and the
table ``neurosynth-peak-coordinates.tsv``; docs/regions.md says where each comes from. The same
sources give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.regions.catalogue import TEMPLATE_6, TEMPLATE_2009C
from bids_ketamine.regions.data.circuit import (
    CIRCUIT,
    SIDES,
    Cortex,
    FloatArray,
    Seeds,
    Subcortical,
    largest_piece,
    on_side,
    parcels_of_regions,
    region_voxels,
)
from bids_ketamine.regions.data.describe import describe
from bids_ketamine.regions.data.sources import (
    TEMPLATE,
    LabelImage,
    Sources,
    cortex_6,
    cortex_2009c,
    schaefer_table,
    seitzman_table,
    tian_image,
    tian_image_6,
    tian_table,
)

#: Code of NIfTI transforms and intent for "MNI space" and "labels".
MNI_CODE = 4
LABEL_INTENT = 1002


def circuit_seeds(sources: Sources, side: int) -> dict[str, FloatArray]:
    """Return the seeds of the cortical regions on one side, MNI mm."""
    return {
        region: on_side(
            tuple(peak for circuit in rule.circuits for peak in sources.peaks(*circuit)), side
        )
        for region, rule in CIRCUIT.items()
        if isinstance(rule, Seeds)
    }


def circuit_atlas(sources: Sources) -> tuple[LabelImage, pd.DataFrame, dict[str, list[str]]]:
    """Return the image, the label table and the parcels of each label of the fear circuit."""
    parcels = cortex_2009c(sources)
    inside = parcels.labels > 0
    grey_matter = sources.volume(TEMPLATE + "label-GM_probseg.nii.gz")
    cortex = Cortex(parcels.coordinates(inside), parcels.labels[inside], grey_matter[inside])
    parcel_names = schaefer_table(sources, 400).set_index("index")["name"]
    owned: dict[str, dict[str, list[int]]] = {}
    seeds = {side: circuit_seeds(sources, sign) for side, sign in SIDES.items()}
    for side, sign in SIDES.items():
        owned[side] = parcels_of_regions(cortex=cortex, seeds=seeds[side], side=sign)

    labels = np.zeros(parcels.labels.shape, np.int64)
    rows: list[tuple[int, str, str, str]] = []
    made_of: dict[str, list[str]] = {}
    for region, rule in CIRCUIT.items():
        for side, sign in SIDES.items():
            name, index = f"{region}_{side}", len(rows) + 1
            rows.append((index, name, region, side))
            if isinstance(rule, Subcortical):
                mask, made_of[name] = _subcortical(sources, rule, side)
            else:
                mask = np.zeros(labels.shape, bool)
                mask[inside] = region_voxels(
                    cortex=cortex,
                    parcels=owned[side][region],
                    seeds=seeds[side][region],
                    side=sign,
                    lateral_limit=rule.lateral_limit,
                )
                mask = largest_piece(mask)
                made_of[name] = [str(parcel_names[parcel]) for parcel in owned[side][region]]
            labels[mask & (labels == 0)] = index
    table = pd.DataFrame(rows, columns=["index", "name", "region", "hemisphere"])
    return LabelImage(labels, parcels.affine), table, made_of


def _subcortical(sources: Sources, rule: Subcortical, side: str) -> tuple[np.ndarray, list[str]]:
    table = tian_table(sources, rule.scale)
    rows = table[(table["region"] == rule.structure) & (table["hemisphere"] == side)]
    mask = np.isin(tian_image(sources, rule.scale).labels, rows["index"])
    return mask, [f"Tian S{rule.scale} {name}" for name in rows["name"]]


def image_bytes(image: LabelImage) -> bytes:
    """Return a gzipped NIfTI image of labels that depends on nothing but its labels and grid."""
    kind = np.uint8 if image.labels.max() <= np.iinfo(np.uint8).max else np.uint16
    nifti = nib.Nifti1Image(image.labels.astype(kind), image.affine)
    nifti.set_sform(image.affine, MNI_CODE)
    nifti.set_qform(image.affine, MNI_CODE)
    nifti.header.set_xyzt_units("mm")
    nifti.header.set_intent(LABEL_INTENT, allow_unknown=True)
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
        stream.write(nifti.to_bytes())
    return packed.getvalue()


def table_bytes(table: pd.DataFrame) -> bytes:
    """Return a tab-separated table."""
    return table.to_csv(sep="\t", index=False, lineterminator="\n").encode()


def json_bytes(content: object) -> bytes:
    """Return a JSON document."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def build(sources: Sources) -> dict[str, bytes]:
    """Return the files of this folder that are built, by name.

    Raises
    ------
    InputMissingError
        If a source is missing.
    """
    circuit, circuit_table, made_of = circuit_atlas(sources)
    files = _files("FearCircuit", TEMPLATE_2009C, "", circuit, circuit_table)
    extra = {"Labels": made_of, "Seeds": _seed_record(sources)}
    files[f"{_stem('FearCircuit', TEMPLATE_2009C, '')}.json"] = json_bytes(
        describe("FearCircuit", TEMPLATE_2009C) | extra
    )
    for scale in (1, 2):
        table = tian_table(sources, scale)
        images = {TEMPLATE_2009C: tian_image(sources, scale)}
        images[TEMPLATE_6] = tian_image_6(sources, scale)
        for template, image in images.items():
            files |= _files(f"TianS{scale}", template, "", image, table)
    for parcels, template in ((400, TEMPLATE_2009C), (400, TEMPLATE_6), (100, TEMPLATE_6)):
        image = cortex_2009c(sources) if template == TEMPLATE_2009C else cortex_6(sources, parcels)
        desc = f"desc-{parcels}Parcels7Networks_"
        files |= _files("Schaefer2018", template, desc, image, schaefer_table(sources, parcels))
    files["atlas-Seitzman300.tsv"] = table_bytes(seitzman_table(sources))
    files["atlas-Seitzman300.json"] = json_bytes(describe("Seitzman300", None))
    return files


def _seed_record(sources: Sources) -> dict[str, list[list[float]]]:
    # Right side only: the left is its mirror.
    return {region: seeds.tolist() for region, seeds in circuit_seeds(sources, 1).items()}


def _stem(atlas: str, template: str, desc: str) -> str:
    return f"atlas-{atlas}_space-{template}_res-02_{desc}dseg"


def _files(
    atlas: str, template: str, desc: str, image: LabelImage, table: pd.DataFrame
) -> dict[str, bytes]:
    stem = _stem(atlas, template, desc)
    return {
        f"{stem}.nii.gz": image_bytes(image),
        f"{stem}.tsv": table_bytes(table),
        f"{stem}.json": json_bytes(describe(atlas, template)),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the files into a folder (this one, unless told)."""
    parser = argparse.ArgumentParser(prog="python -m bids_ketamine.regions.data.build")
    parser.add_argument("sources", type=Path, help="folder of the published sources")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write")
    options = parser.parse_args(arguments)
    try:
        files = build(Sources(options.sources))
    except BidsKetamineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (options.out / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
