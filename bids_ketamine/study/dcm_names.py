"""What the specification of a dynamic causal model implies: its connections and its inputs."""

from __future__ import annotations

from bids_ketamine.core.event_rules import ERROR_CONDITION
from bids_ketamine.study.dcm_sections import DcmModelSpec

#: Between the two ends of a connection.
ARROW = ">"


def connection_ends(text: str) -> tuple[str, str] | None:
    """Return the source and the target of a connection as it is written in the study file.

    Parameters
    ----------
    text : str
        A connection.

    Returns
    -------
    tuple of str, or None
        From where to where; None if the text is no connection.

    Examples
    --------
    >>> connection_ends("vmPFC > amygdala")
    ('vmPFC', 'amygdala')
    >>> connection_ends("vmPFC>amygdala")
    ('vmPFC', 'amygdala')
    >>> connection_ends("vmPFC - amygdala") is None
    True
    """
    ends = tuple(end.strip() for end in text.split(ARROW))
    return (ends[0], ends[1]) if len(ends) == 2 and all(ends) else None


def connection_name(source: str, target: str) -> str:
    """Write a connection as the study file does.

    Examples
    --------
    >>> connection_name("vmPFC", "amygdala")
    'vmPFC > amygdala'
    """
    return f"{source} {ARROW} {target}"


def connections_of(model: DcmModelSpec) -> tuple[tuple[str, str], ...]:
    """Return the connections between regions of a model, without those to themselves.

    Parameters
    ----------
    model : DcmModelSpec
        A checked model.

    Returns
    -------
    tuple of (str, str)
        Source and target of each, in the order of the study; of every pair, source by source,
        where the study names none.

    Examples
    --------
    >>> model = DcmModelSpec(name="m", task="t", regions=("V1", "V5"), driving={})
    >>> connections_of(model)
    (('V1', 'V5'), ('V5', 'V1'))
    """
    if model.connections is None:
        regions = model.regions
        return tuple(
            (source, target) for source in regions for target in regions if source != target
        )
    return tuple(ends for ends in map(connection_ends, model.connections) if ends is not None)


def modulations_of(model: DcmModelSpec) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the inputs that modulate each connection of a model, self-connections among them.

    Parameters
    ----------
    model : DcmModelSpec
        A checked model.

    Returns
    -------
    dict of (str, str) to tuple of str
        Names of inputs for each modulated (source, target), in the order of the study.

    Examples
    --------
    >>> model = DcmModelSpec(name="m", task="t", regions=("V1", "V5"), driving={},
    ...                      modulations={"V1>V5": ("motion",)})
    >>> modulations_of(model)
    {('V1', 'V5'): ('motion',)}
    """
    ends = {text: connection_ends(text) for text in model.modulations}
    return {pair: model.modulations[text] for text, pair in ends.items() if pair is not None}


def inputs_of(model: DcmModelSpec) -> dict[str, tuple[str, ...]]:
    """Return the inputs of a model, each with the conditions whose sum it is.

    Parameters
    ----------
    model : DcmModelSpec
        A checked model.

    Returns
    -------
    dict of str to tuple of str
        Those that the study lists, in its order; then conditions that drive regions or modulate
        connections without being listed, in the order of their first use.

    Examples
    --------
    >>> model = DcmModelSpec(name="m", task="faces", regions=("vmPFC", "amygdala"),
    ...                      inputs={"all_trials": ("faces", "shapes")},
    ...                      driving={"all_trials": ("amygdala",)},
    ...                      modulations={"vmPFC > amygdala": ("faces",)})
    >>> inputs_of(model)
    {'all_trials': ('faces', 'shapes'), 'faces': ('faces',)}
    """
    used = [*model.driving, *(name for names in model.modulations.values() for name in names)]
    return {**model.inputs, **{name: (name,) for name in used if name not in model.inputs}}


def unreached_regions(model: DcmModelSpec) -> tuple[str, ...]:
    """Return the regions of a model that no driving input reaches over its connections.

    Parameters
    ----------
    model : DcmModelSpec
        A checked model.

    Returns
    -------
    tuple of str
        Regions whose predicted response is zero whatever the parameters.

    Examples
    --------
    >>> model = DcmModelSpec(name="m", task="t", regions=("V1", "V5"),
    ...                      connections=("V5 > V1",), driving={"motion": ("V1",)})
    >>> unreached_regions(model)
    ('V5',)
    """
    reached = {region for regions in model.driving.values() for region in regions}
    for _ in model.regions:  # a path passes each region once at most
        reached |= {target for source, target in connections_of(model) if source in reached}
    return tuple(region for region in model.regions if region not in reached)


def error_inputs(model: DcmModelSpec) -> tuple[str, ...]:
    """Return the inputs of a model that are the error trials alone.

    Parameters
    ----------
    model : DcmModelSpec
        A checked model.

    Returns
    -------
    tuple of str
        Inputs that are never on in a session without errors, which then has no such model.

    Examples
    --------
    >>> model = DcmModelSpec(name="m", task="t", regions=("V1",), driving={"slips": ("V1",)},
    ...                      inputs={"slips": ("error_trials",)})
    >>> error_inputs(model)
    ('slips',)
    """
    return tuple(name for name, of in inputs_of(model).items() if {*of} == {ERROR_CONDITION})
