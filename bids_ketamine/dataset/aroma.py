"""ICA-AROMA's files: MELODIC mixing matrix and noise components, of every era."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bids_ketamine.dataset.companions import Companion, the_one
from bids_ketamine.dataset.content import POINTER_BYTES
from bids_ketamine.dataset.decoding import read_text
from bids_ketamine.dataset.names import DatasetFile, is_number
from bids_ketamine.dataset.session_files import DERIVED_ENTITIES, SessionFiles, belongs
from bids_ketamine.dataset.spelling import shown
from bids_ketamine.dataset.tsv import read_table
from bids_ketamine.errors import InputDataError

if TYPE_CHECKING:
    import numpy as np

NOISE, SIGNAL = "rejected", "accepted"


class AromaComponents(NamedTuple):
    """Independent components of a run and which of them are noise.

    Attributes
    ----------
    mixing : ndarray of shape (n_scans, n_components)
        Time series of the components (float64); zero in volumes that were left out of the
        decomposition because they are before the steady state.
    noise : tuple of int
        Columns of the noise components, counted from 0, in ascending order.
    """

    mixing: np.ndarray
    noise: tuple[int, ...]


@dataclass(frozen=True)
class AromaFiles:
    """Files of one run, from one derivative.

    Attributes
    ----------
    mixing : Companion
        MELODIC mixing matrix.
    noise : Companion
        Numbers of the noise components (fMRIPrep), or table of metrics (fMRIPost-AROMA).
    """

    mixing: Companion
    noise: Companion

    @property
    def complete(self) -> bool:
        """Whether both are there."""
        return self.mixing.path is not None and self.noise.path is not None


def find_aroma(session: SessionFiles, bold: DatasetFile) -> AromaFiles:
    """Find the ICA-AROMA files of a run in the first derivative that has any of them.

    A mixing matrix and noise components of two derivatives are never put together: they are
    two decompositions.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    bold : DatasetFile
        A series of the run, in any space.

    Returns
    -------
    AromaFiles
        The files; each says why it is not there.
    """
    found = AromaFiles(
        Companion(None, "there is no MELODIC mixing matrix", absent=True),
        Companion(None, "there are no noise components of ICA-AROMA", absent=True),
    )
    for files in session.searched(bold.dataset):
        of_run = [
            file
            for file in files
            if session.own(file) and belongs(file, bold, apart_from=DERIVED_ENTITIES)
        ]
        mixing = [file for file in of_run if _is(file, "mixing", "melodic", ".tsv")]
        metrics = [file for file in of_run if _is(file, "metrics", "aroma", ".tsv")]
        numbers = [file for file in of_run if _is(file, "AROMAnoiseICs", None, ".csv")]
        if mixing or metrics or numbers:
            return AromaFiles(
                the_one(mixing) if mixing else found.mixing,
                _noise(numbers or metrics) if numbers or metrics else found.noise,
            )
    return found


def read_aroma(mixing: Path, noise: Path, *, n_volumes: int | None = None) -> AromaComponents:
    """Read a MELODIC mixing matrix and which of its components are noise.

    Parameters
    ----------
    mixing : Path
        Table without a header, one row a volume, one column a component, separated by white
        space.
    noise : Path
        ``*_AROMAnoiseICs.csv``: numbers from 1, separated by commas, nothing where no component
        is noise; or ``*_desc-aroma_metrics.tsv``: one row a component, with the column
        ``classification``.
    n_volumes : int or None, optional
        Volumes of the series; rows are compared with it unless ``None``.

    Returns
    -------
    AromaComponents
        Mixing matrix and noise components.

    Raises
    ------
    InputMissingError
        If a file, or the content of an annex link, is not there.
    InputDataError
        If the matrix holds something else than finite numbers or has not as many rows as the
        series has volumes, or if the noise components are not among its columns.

    References
    ----------
    Pruim et al. (2015) doi:10.1016/j.neuroimage.2015.02.064.
    """
    matrix = _read_mixing(mixing, n_volumes)
    n_components = matrix.shape[1]
    if noise.suffix == ".csv":
        numbers = _read_numbers(noise, n_components)
    else:
        numbers = _read_metrics(noise, n_components)
    return AromaComponents(matrix, numbers)


def _is(file: DatasetFile, suffix: str, description: str | None, extension: str) -> bool:
    # fMRIPrep wrote desc-MELODIC, fMRIPost-AROMA writes desc-melodic.
    found = file.get("desc")
    same = found is None if description is None else (found or "").lower() == description
    return file.suffix == suffix and file.extension == extension and same


def _noise(files: list[DatasetFile]) -> Companion:
    # An empty list of numbers is content: no component is noise.
    path = files[0].path
    return Companion(path) if len(files) == 1 and _is_blank(path) else the_one(files)


def _is_blank(path: Path) -> bool:
    """Tell whether a list of numbers is there and names none."""
    try:
        small = path.suffix == ".csv" and path.stat().st_size < POINTER_BYTES
        return small and not path.read_bytes().strip()
    except OSError:
        return False


def _read_mixing(path: Path, n_volumes: int | None) -> np.ndarray:
    # Only reading needs numpy: a dry run finds the files without it.
    import numpy as np

    rows: list[list[float]] = []
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        cells = text.split()
        if not cells:
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            wrong = shown(next(cell for cell in cells if not _is_number(cell)))
            raise InputDataError(
                f"Line {line} of the mixing matrix holds `{wrong}`, which is not a number.",
                path=path,
                cure="MELODIC's mixing matrix has numbers and no header.",
            ) from None
        if not np.isfinite(row).all():
            raise InputDataError(
                f"Line {line} of the mixing matrix holds a number that is not finite.", path=path
            )
        if rows and len(row) != len(rows[0]):
            raise InputDataError(
                f"Line {line} of the mixing matrix has {len(row)} columns, those above "
                f"{len(rows[0])}.",
                path=path,
            )
        rows.append(row)
    if not rows:
        raise InputDataError("The mixing matrix has no rows.", path=path)
    if n_volumes is not None and len(rows) != n_volumes:
        raise InputDataError(
            f"The mixing matrix has {len(rows)} rows and the series {n_volumes} volumes.",
            path=path,
            cure="Both must come from the same preprocessing of the same run.",
        )
    return np.array(rows, dtype=np.float64)


def _read_numbers(path: Path, n_components: int) -> tuple[int, ...]:
    if _is_blank(path):
        return ()
    numbers = []
    for cell in read_text(path).replace(",", " ").split():
        if not is_number(cell):
            raise InputDataError(
                f"The list of noise components holds `{shown(cell)}`, which is not the number of "
                "a component.",
                path=path,
                cure="It must be numbers from 1, separated by commas.",
            )
        numbers.append(int(cell) if len(cell) < 10 else n_components + 1)
    outside = sorted({number for number in numbers if not 1 <= number <= n_components})
    if outside:
        raise InputDataError(
            f"The list of noise components names component {outside[0]}; the mixing matrix has "
            f"components 1 to {n_components}.",
            path=path,
            cure="Both files must come from the same run of ICA-AROMA.",
        )
    return _from_zero(numbers)


def _read_metrics(path: Path, n_components: int) -> tuple[int, ...]:
    table = read_table(path)
    column = table.position("classification", purpose=", which tells noise from signal")
    if len(table.rows) != n_components:
        raise InputDataError(
            f"The table has {len(table.rows)} components and the mixing matrix {n_components}.",
            path=path,
            cure="Both files must come from the same run of ICA-AROMA.",
        )
    numbers = []
    for row in range(len(table.rows)):
        found = table.text(row, column)
        if found not in (NOISE, SIGNAL):
            raise InputDataError(
                f"Line {table.lines[row]} classifies a component as "
                f"`{shown(found or 'n/a')}`; known are {SIGNAL} and {NOISE}.",
                path=path,
            )
        if found == NOISE:
            numbers.append(row + 1)
    return _from_zero(numbers)


def _from_zero(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({number - 1 for number in numbers}))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
