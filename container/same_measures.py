"""Run by ``apptainer_test.sh``: tables of measures of several outputs hold the same values.

Arguments: output folders. A clean environment leaves it to the library of linear algebra which
instructions of the processor it takes; sums of single-precision images, and iterations that end
early as those of SPM12, then differ in late digits. Allowed are a thousandth of a standard error,
and 1e-5 of a correlation, which has none.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

ALLOWED = 1e-3
SIZE_WITHOUT_STANDARD_ERROR = 1e-2


def measures(output: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of measures of an output folder, by their names."""
    return {
        path.name: pd.read_csv(path, sep="\t") for path in sorted(output.rglob("*_measures.tsv"))
    }


first, *others = (measures(Path(folder)) for folder in sys.argv[1:])
largest, values = 0.0, 0
for other in others:
    if list(first) != list(other):
        sys.exit(f"other tables: {sorted(set(first) ^ set(other))}")
    for name, table in first.items():
        one, two = table["value"].to_numpy(float), other[name]["value"].to_numpy(float)
        if not np.array_equal(np.isnan(one), np.isnan(two)):
            sys.exit(f"{name}: other values are missing")
        scale = table["standard_error"].fillna(SIZE_WITHOUT_STANDARD_ERROR).to_numpy(float)
        largest = max(largest, float(np.nanmax(np.abs(one - two) / scale)))
        values += one.size
print(f"{values} values compared; largest difference {largest:.1e} standard errors")
sys.exit(0 if values and largest < ALLOWED else 1)
