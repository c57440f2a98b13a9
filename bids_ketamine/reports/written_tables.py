"""Tables of the group level as a report reads them: whatever happened to the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.errors import BidsKetamineError, InputMissingError
from bids_ketamine.outputs.tables import read_table


def read_written_table(
    path: Path,
    *,
    columns: Sequence[str],
    texts: Collection[str],
    truths: Collection[str],
    key: str,
    unreadable: list[str],
) -> pd.DataFrame:
    """Read a table; one that is not there or damaged is empty.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Columns wanted; those missing are empty.
    texts, truths : collection of str
        Columns of text, and of true or false; all others are numbers.
    key : str
        Column without which a row is nothing.
    unreadable : list of str
        Gets a sentence if the file is damaged.
    """
    try:
        table = read_table(path, text=[each for each in texts if each in columns])
    except InputMissingError:
        table = pd.DataFrame(columns=list(columns))
    except BidsKetamineError as error:
        unreadable.append(f"{path.name} cannot be read: {error.message}")
        table = pd.DataFrame(columns=list(columns))
    table = table.reindex(columns=list(columns))
    for each in columns:
        if each in texts:
            table[each] = table[each].astype(object)
        elif each in truths:
            table[each] = table[each].isin([True, "true", 1])
        else:
            table[each] = pd.to_numeric(table[each], errors="coerce").astype(np.float64)
    return table.dropna(subset=key).reset_index(drop=True)
