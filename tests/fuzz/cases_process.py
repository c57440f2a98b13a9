"""Inputs that try to fill the memory or to wait for ever: met by the real command."""

from __future__ import annotations

import gzip
import re
from typing import Any

import numpy as np

from tests.fuzz.case import Case, Damage, Outcome, Place, missing, refused
from tests.fuzz.damage import both, edit_text, header, pipe_instead, replace
from tests.fuzz.trial import AFFINE, write_image

#: Zeros of one member of a gzip bomb.
MEMBER = 64 * 1024**2


def process(
    name: str, area: str, damage: str, apply: Damage, outcome: Outcome, **more: Any
) -> Case:
    return Case(name, area, damage, apply, outcome, process=True, **more)


def bomb(name: str, gigabytes: int, *, head: bytes = b"") -> Damage:
    """Write a small file that unpacks to many gigabytes of zeros."""

    def apply(at: Place) -> None:
        member = gzip.compress(bytes(MEMBER), 9, mtime=0)
        members = [gzip.compress(head, mtime=0), *[member] * (gigabytes * 1024**3 // MEMBER)]
        at(name).parent.mkdir(parents=True, exist_ok=True)
        at(name).write_bytes(b"".join(members))

    return apply


def image_bomb(name: str, *, shape: tuple[int, int, int, int]) -> Damage:
    """Write a whole image of many gigabytes of zeros in a small file."""

    def apply(at: Place) -> None:
        write_image(at(name), np.zeros((1, 1, 1, 1), dtype=np.int16), affine=AFFINE)
        head = bytearray(gzip.decompress(at(name).read_bytes())[:352])
        head[40:56] = np.array([4, *shape, 1, 1, 1], dtype="<i2").tobytes()
        bomb(name, 2 * int(np.prod(shape, dtype=float)) // 1024**3 + 1, head=bytes(head))(at)

    return apply


TOO_LARGE = "(?is)(memory|[GM]B|too large|truncated|damaged|claims).*{0}|{0}.*(memory|[GM]B)"

CASES = [
    process("bold-claims-100-gigabytes", "NIfTI", "a kilobyte that claims 100 GB",
            header("bold", dim={1: 5000, 2: 5000, 3: 1000, 4: 2}),
            refused(65, TOO_LARGE.format("desc-preproc_bold"))),
    process("bold-claims-exabytes", "NIfTI", "sizes whose product is beyond counting",
            header("bold", dim={0: 7, 1: 32767, 2: 32767, 3: 32767, 4: 32767, 5: 32767, 6: 32767}),
            refused(65, f"{TOO_LARGE.format('desc-preproc_bold')}|dimension.*bold")),
    process("bold-gzip-bomb", "NIfTI", "16 MB that unpack to 16 GB",
            image_bomb("bold", shape=(2000, 2000, 1000, 2)),
            refused(65, TOO_LARGE.format("desc-preproc_bold"))),
    process("mask-gzip-bomb", "NIfTI", "a brain mask that unpacks to 8 GB",
            image_bomb("mask", shape=(2000, 2000, 1000, 1)),
            refused(65, f"{TOO_LARGE.format('desc-brain_mask')}|grid.*desc-brain_mask")),
    *(
        process(f"pipe-{name.replace('.', '-')}", area, f"a named pipe in place of the {what}",
                pipe_instead(name), missing("(?i)pipe|not a (regular )?file|is empty"))
        for name, area, what in (
            ("bold", "NIfTI", "series"),
            ("mask", "NIfTI", "brain mask"),
            ("confounds", "TSV", "confounds"),
            ("events", "TSV", "events"),
            ("bold.json", "JSON", "sidecar"),
        )
    ),
    process("pipe-study", "YAML", "a named pipe in place of the study file",
            pipe_instead("study"), Outcome("refused", 74, "(?i)study"), level="participant"),
    process("pipe-description", "JSON", "a named pipe in place of dataset_description.json",
            pipe_instead("dataset_description.json"),
            refused(16, "dataset_description.json"), level="participant"),
    process("timeseries-gzip-bomb", "TSV", "region time series that unpack to 10 GB",
            both(replace("study", "inputs: {", "inputs: {timeseries_atlas: x, "),
                 edit_text("study", lambda text: re.sub(
                     r"spheres: \[\[.*\]\], radius: 14", "columns: [a]", text)),
                 bomb("func/sub-good1_ses-pre_task-rest_space-MNI152NLin2009cAsym_atlas-x"
                      "_timeseries.tsv.gz", 10, head=b"a\n")),
            refused(65, TOO_LARGE.format("_timeseries")), level="participant", task="rest"),
    process("filter-endless", "JSON", "a filter file that never ends", both(),
            refused(65, "(?i)/dev/zero"), level="participant",
            arguments=("--bids-filter-file", "/dev/zero")),
]  # fmt: skip
