"""Whether the cells of clinical tables that a study reads can be read, all told at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from bids_ketamine.dataset.clinical import read_clinical_table
from bids_ketamine.dataset.outcomes import session_scores
from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.dataset.table_cells import TableCells
from bids_ketamine.errors import InputMissingError
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.used_variables import used_variables


def require_clinical_cells(bids_dir: Path, study: StudySpec) -> None:
    """Refuse tables whose scores or variables cannot be read; all wrong cells of one are named.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    study : StudySpec
        Outcomes, and the variables that any of its statistics read.

    Raises
    ------
    InputMissingError
        If a table of scores is not there.
    InputDataError
        If a column of scores is missing, a table is damaged, or cells are not what they should be.
    """
    cells = TableCells()
    session_scores(bids_dir, study, cells=cells)
    for variable in used_variables(study):
        # Whoever needs a table or column that is not there says so, beside what can be computed
        # without.
        with suppress(InputMissingError):
            table = read_clinical_table(bids_dir, variable.table).table
            if (variable.column or variable.name) in table.columns:
                variable_table(bids_dir, study, (variable,), cells=cells)
    cells.tell()
