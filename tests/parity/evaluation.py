"""Computes the cases of a manifest with readers and judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from tests.parity.comparison import compare
from tests.parity.manifest import Case, Manifest
from tests.parity.references import ReferenceFolder, UnresolvedReferenceError, split_reference

Reader = Callable[["Context"], Mapping[str, Any]]


class Verdict(Enum):
    """What a row says; only FAIL and NOT COMPARED count as failing."""

    PASS = "pass"
    FAIL = "FAIL"
    NOT_COMPARED = "NOT COMPARED"
    SKIPPED = "skipped"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Row:
    """One case of the report; NaN where there is no number."""

    id: str
    quantity: str
    verdict: Verdict
    difference: float = np.nan
    tolerance: float = np.nan
    note: str = ""


class NoReaderError(Exception):
    """The package does not compute the quantity yet."""


class FolderAbsentError(Exception):
    """A folder that a case needs is not there."""


class Context(Mapping[str, Any]):
    """What a reader gets: inputs by name, fetched when asked for, and options.

    Attributes
    ----------
    options : mapping of str to literal
        Settings of the case; null is None.
    """

    def __init__(self, case: Case, evaluation: Evaluation) -> None:
        self.options = case.options
        self._case = case
        self._evaluation = evaluation

    def __getitem__(self, name: str) -> Any:
        return self._evaluation.resolve(self._case.inputs[name], self._case)

    # Asking for an input must not compute it, nor hide that its computation failed.
    def __contains__(self, name: object) -> bool:
        return name in self._case.inputs

    def get(self, name: str, default: Any = None) -> Any:
        """Return an input that may be absent."""
        if name not in self:
            return default
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._case.inputs)

    def __len__(self) -> int:
        return len(self._case.inputs)

    def affine(self, name: str) -> np.ndarray:
        """Return the affine (4, 4) of an input image, voxel indices to mm."""
        return self._evaluation.references.affine(self._case.inputs[name])


class Evaluation:
    """Computes each case of a manifest once.

    Parameters
    ----------
    manifest : Manifest
        The cases.
    readers : mapping of str to Reader
        Readers by quantity.
    end_to_end : bool
        Take inputs that a case of `from` produces from that case, not from their file.
    """

    def __init__(
        self, manifest: Manifest, readers: Mapping[str, Reader], *, end_to_end: bool = False
    ) -> None:
        self.manifest = manifest
        self.references = ReferenceFolder(manifest.folder)
        self._readers = readers
        self._end_to_end = end_to_end
        self._computed: dict[str, Mapping[str, Any] | Exception] = {}
        self._running: list[str] = []

    def judge(self, case: Case) -> Row:
        """Compute a case and compare all its expected outputs.

        Parameters
        ----------
        case : Case
            A case of the manifest.

        Returns
        -------
        Row
            Its line of the report.
        """
        without = Verdict.OPTIONAL if case.optional else Verdict.NOT_COMPARED
        try:
            outputs = self.outputs(case.id)
            compared = {
                name: compare(outputs[name], self.resolve(entry, None), case.tolerances[name])
                for name, entry in case.expected.items()
                if name in outputs
            }
        except FolderAbsentError as error:
            return Row(case.id, case.quantity, Verdict.SKIPPED, note=str(error))
        except NoReaderError as error:
            return Row(case.id, case.quantity, without, note=str(error))
        except Exception as error:  # a reader may fail in any way: that is a row, not the end
            return Row(case.id, case.quantity, Verdict.FAIL, note=_one_line(error))
        notes = [f"{name}: {c.note or 'too far'}" for name, c in compared.items() if not c.passed]
        absent = [name for name in case.expected if name not in outputs]
        verdict = Verdict.FAIL if notes else without if absent else Verdict.PASS
        if absent:
            notes.append("no output " + ", ".join(absent))
        if not case.expected:
            notes.append("feeds other cases")
        note = "; ".join(notes)
        if not compared:
            return Row(case.id, case.quantity, verdict, note=note)
        worst = max(compared.values(), key=lambda comparison: comparison.severity)
        return Row(case.id, case.quantity, verdict, worst.difference, worst.allowed, note)

    def outputs(self, case_id: str) -> Mapping[str, Any]:
        """Compute the outputs of a case, once.

        Parameters
        ----------
        case_id : str
            Id of the case.

        Returns
        -------
        mapping of str to array
            Everything its reader gives.

        Raises
        ------
        NoReaderError
            If nothing computes its quantity.
        FolderAbsentError
            If a folder it needs is absent.
        UnresolvedReferenceError
            If there is no such case, or it needs itself.
        """
        if case_id in self._running:
            raise UnresolvedReferenceError(f"case {case_id} needs its own output")
        if case_id not in self._computed:
            self._running.append(case_id)
            try:
                self._computed[case_id] = self._compute(case_id)
            except Exception as error:
                self._computed[case_id] = error
            finally:
                self._running.pop()
        outcome = self._computed[case_id]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _compute(self, case_id: str) -> Mapping[str, Any]:
        case = self._case(case_id)
        for folder in case.needs:
            if not (self.manifest.folder / folder).exists():
                raise FolderAbsentError(f"{folder} is absent")
        if case.quantity not in self._readers:
            raise NoReaderError(f"no reader for {case.quantity}")
        outputs = self._readers[case.quantity](Context(case, self))
        if not isinstance(outputs, Mapping):
            raise TypeError(f"the reader of {case.quantity} returns no dictionary of outputs")
        return outputs

    def _case(self, case_id: str) -> Case:
        if case_id not in self.manifest.cases:
            raise UnresolvedReferenceError(f"there is no case {case_id}")
        return self.manifest.cases[case_id]

    def resolve(self, entry: Any, case: Case | None) -> Any:
        """Fetch what an entry of a manifest stands for.

        Parameters
        ----------
        entry : str, list, mapping or literal
            A reference, a list of entries, the output of another case, or the value itself.
        case : Case or None
            The case whose input it is; None for what is expected.

        Returns
        -------
        ndarray, DataFrame, list or literal
            The value.

        Raises
        ------
        UnresolvedReferenceError
            If it leads nowhere.
        """
        if isinstance(entry, list):
            return [self.resolve(item, case) for item in entry]
        if isinstance(entry, dict) and set(entry) == {"case", "output"}:
            return self._output_of(entry["case"], entry["output"])
        if not isinstance(entry, str) or split_reference(entry) is None:
            return entry
        if case is not None and self._end_to_end:
            for source in case.sources:
                for name, reference in self._case(source).expected.items():
                    if reference == entry:
                        return self._output_of(source, name)
        return self.references.read(entry)

    def _output_of(self, case_id: str, name: str) -> Any:
        outputs = self.outputs(case_id)
        if name not in outputs:
            raise NoReaderError(f"case {case_id} has no output {name}")
        return outputs[name]


def _one_line(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
