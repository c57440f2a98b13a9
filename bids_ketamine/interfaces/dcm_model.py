"""A dynamic causal model of the study as arrays: masks, data of its runs, why it has none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.structure import DcmStructure, ParameterLabel, parameter_labels
from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.interfaces.dcm_runs import CircuitRun, CircuitTask
from bids_ketamine.study.dcm_names import connections_of, inputs_of, modulations_of
from bids_ketamine.study.spec import DcmModelSpec

#: Difference of delays, s, that is rounding.
SAME_DELAY = 1e-6


class ModelData(NamedTuple):
    """What a model is estimated from.

    Attributes
    ----------
    model : DcmModelSpec
        Section of the study.
    circuits : CircuitTask
        Its task in the session.
    structure : DcmStructure
        Which parameters are free.
    labels : tuple of ParameterLabel
        All parameters in the order of the vector.
    runs : tuple of CircuitRun
        Runs that go in; all of them where none can.
    recordings : tuple of Recording
        The same runs as arrays.
    reason : str
        Why the model cannot be estimated; empty where it can.
    notes : tuple of str
        What a reader should know.
    """

    model: DcmModelSpec
    circuits: CircuitTask
    structure: DcmStructure
    labels: tuple[ParameterLabel, ...]
    runs: tuple[CircuitRun, ...]
    recordings: tuple[Recording, ...]
    reason: str
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[int]:
        """Columns of the task's series that are the model's regions."""
        return [self.circuits.regions.index(name) for name in self.model.regions]

    @property
    def delay(self) -> float:
        """Time within a volume at which every region is sampled, s."""
        return self.runs[0].delay


def structure_of(model: DcmModelSpec) -> DcmStructure:
    """Return the masks of a model.

    Parameters
    ----------
    model : DcmModelSpec
        Section of the study.

    Returns
    -------
    DcmStructure
        Rows are targets, columns sources; inputs in the order of ``inputs_of``.

    Examples
    --------
    >>> model = DcmModelSpec(name="m", task="t", regions=("V1", "V5"), connections=("V1 > V5",),
    ...                      driving={"motion": ("V1",)}, modulations={"V1 > V5": ("motion",)})
    >>> structure_of(model).connections.astype(int).tolist()
    [[1, 0], [1, 1]]
    >>> structure_of(model).modulations[:, :, 0].astype(int).tolist()
    [[0, 0], [1, 0]]
    """
    place = {name: number for number, name in enumerate(model.regions)}
    inputs = {name: number for number, name in enumerate(inputs_of(model))}
    n_regions, n_inputs = len(place), len(inputs)
    connections = np.eye(n_regions, dtype=bool)
    modulations = np.zeros((n_regions, n_regions, n_inputs), dtype=bool)
    driving = np.zeros((n_regions, n_inputs), dtype=bool)
    for source, target in connections_of(model):
        connections[place[target], place[source]] = True
    for (source, target), names in modulations_of(model).items():
        modulations[place[target], place[source], [inputs[name] for name in names]] = True
    for name, regions in model.driving.items():
        driving[[place[region] for region in regions], inputs[name]] = True
    return DcmStructure(connections=connections, modulations=modulations, driving=driving)


def model_data(model: DcmModelSpec, circuits: CircuitTask, *, centre_inputs: bool) -> ModelData:
    """Gather what a model is estimated from, or say why it cannot be.

    Parameters
    ----------
    model : DcmModelSpec
        Section of the study.
    circuits : CircuitTask
        Its task in the session.
    centre_inputs : bool
        Whether inputs lose their mean: nothing is left of one that never changes.

    Returns
    -------
    ModelData
        Masks, runs, reason, notes.
    """
    structure = structure_of(model)
    labels = parameter_labels(structure, regions=model.regions, inputs=list(inputs_of(model)))
    runs = tuple(run for run in circuits.runs if not run.reason)
    used = runs or circuits.runs
    recordings = tuple(_recording(model, circuits, run) for run in used)
    notes = [
        f"run {run.label} is left out: {run.reason}" for run in circuits.runs if run not in used
    ]
    notes += _notes_on_inputs(model, used, recordings)
    data = ModelData(model, circuits, structure, labels, used, recordings, "", tuple(notes))
    if not runs:
        return data._replace(reason="; ".join(dict.fromkeys(run.reason for run in used)))
    return data._replace(
        reason="; ".join(
            [
                *_regions_without_series(data),
                *_inputs_without_events(model, used, recordings),
                *(_inputs_without_change(model, recordings) if centre_inputs else ()),
                *_other_times(used),
            ]
        )
    )


def _recording(model: DcmModelSpec, circuits: CircuitTask, run: CircuitRun) -> Recording:
    columns = [circuits.regions.index(name) for name in model.regions]
    inputs = [
        run.inputs[:, [circuits.conditions.index(name) for name in names]].sum(axis=1)
        for names in inputs_of(model).values()
    ]
    return Recording(
        run.series[:, columns], run.confounds, np.column_stack(inputs), run.t_r, run.filter
    )


def _regions_without_series(data: ModelData) -> list[str]:
    reasons = data.circuits.region_reasons
    return [
        f"{name}: {reasons[column]}"
        for name, column in zip(data.model.regions, data.columns, strict=True)
        if reasons[column]
    ]


def _inputs_without_events(
    model: DcmModelSpec, runs: Sequence[CircuitRun], recordings: Sequence[Recording]
) -> list[str]:
    """Say of each input that is never on why none of its conditions is."""
    found = []
    for number, (name, conditions) in enumerate(inputs_of(model).items()):
        if any(each.inputs[:, number].any() for each in recordings):
            continue
        why = dict.fromkeys(run.empty[condition] for run in runs for condition in conditions)
        found.append(f"input `{name}` is never on: {'; '.join(why)}")
    return found


def _inputs_without_change(model: DcmModelSpec, recordings: Sequence[Recording]) -> list[str]:
    """Name each input that is on all the time and its conditions."""
    found = []
    for number, (name, conditions) in enumerate(inputs_of(model).items()):
        level = np.concatenate([each.inputs[:, number] for each in recordings])
        if level.any() and np.ptp(level) == 0.0:
            of = "condition" if len(conditions) == 1 else "conditions"
            found.append(
                f"input `{name}` ({of} {_quoted(conditions)}) is on all the time: nothing is left "
                "of it when its mean is taken out (`dcm.centre_inputs`)"
            )
    return found


def _other_times(runs: Sequence[CircuitRun]) -> list[str]:
    """Say that runs cannot be joined, since their volumes are sampled at different times."""
    delays = [run.delay for run in runs]
    if max(delays) - min(delays) <= SAME_DELAY:
        return []
    told = ", ".join(f"run {run.label} at {run.delay:g} s" for run in runs)
    return [
        f"its runs are sampled at different times within a volume ({told}), and a model has one "
        "delay for all"
    ]


def _notes_on_inputs(
    model: DcmModelSpec, runs: Sequence[CircuitRun], recordings: Sequence[Recording]
) -> list[str]:
    """Tell what is odd about the inputs of a model in the runs of a session."""
    notes = []
    for run in runs:
        used = dict.fromkeys(name for names in inputs_of(model).values() for name in names)
        notes += [f"run {run.label}: {run.empty[name]}" for name in used if name in run.empty]
    for name in dict.fromkeys(name for names in inputs_of(model).values() for name in names):
        there = [run for run in runs if name not in run.empty]
        short = [run.label for run in there if name in run.impulses]
        if short and len(short) < len(there):
            notes.append(
                f"events of `{name}` have no duration in {'runs' if len(short) > 1 else 'run'} "
                f"{', '.join(short)} alone, where they are impulses of unit area"
            )
    for name, conditions in inputs_of(model).items():
        present = [each for each in conditions if not all(each in run.empty for run in runs)]
        for run in runs:
            here = [each for each in present if each not in run.empty]
            impulses = [each for each in here if each in run.impulses]
            if impulses and len(impulses) < len(here):
                notes.append(
                    f"run {run.label}: input `{name}` sums conditions with and without duration; "
                    f"events of {_quoted(impulses)} are impulses of unit area beside a height of "
                    "one"
                )
        if ERROR_CONDITION in present:
            notes.append(
                f"input `{name}` has the error trials, for whose response the series are adjusted"
            )
    for (first, one), (second, other) in combinations(enumerate(inputs_of(model)), 2):
        if all(np.array_equal(r.inputs[:, first], r.inputs[:, second]) for r in recordings):
            notes.append(f"inputs `{one}` and `{other}` are the same in this session")
    return list(dict.fromkeys(notes))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
