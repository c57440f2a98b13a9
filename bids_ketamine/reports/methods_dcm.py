"""Sentences on dynamic causal models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.words import counted, is_number, listed, number, region_words
from bids_ketamine.study.dcm_names import (
    connection_ends,
    connections_of,
    inputs_of,
    modulations_of,
)
from bids_ketamine.study.spec import DcmModelSpec, DcmSpec, GlmSpec

Facts = Sequence[Mapping[str, Any]]
#: Source and target of a connection.
Ends = tuple[str, str]

#: Echo time in SPM12's equation of the BOLD signal, s.
SPM_ECHO_TIME = 0.04
#: What is done, beyond SPM12, about fits that may have come to rest too early.
RESTARTS = {
    "stalled": " Unlike in SPM12, a fit whose last steps were all rejected, or that explains less "
    "than 10 % of the variance, was begun again from another point, and the end with the higher "
    "free energy was kept.",
    "always": " Unlike in SPM12, each fit was begun again from another point, and the end with the "
    "higher free energy was kept.",
}
#: More connections, or modulations, than this are counted, not told one by one.
MOST_TOLD = 6


def dcm_paragraphs(dcm: DcmSpec, *, glm: GlmSpec, facts: Facts, cited: set[str]) -> tuple[str, ...]:
    """Return what is said of dynamic causal models.

    Parameters
    ----------
    dcm : DcmSpec
        What was asked for.
    glm : GlmSpec
        How the tasks were modelled, which gives series and drifts.
    facts : sequence of mapping
        Files of estimated models; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    cited.update(("friston2003", "friston2007", "stephan", "zeidman"))
    told = {str(each.get("Model")) for each in facts}
    models = [model for model in dcm.models if not facts or model.name in told] or dcm.models
    tasks = list(dict.fromkeys(model.task for model in models))
    opening = (
        f"Effective connectivity during {'the task' if len(tasks) == 1 else 'the tasks'} "
        f"{listed(tasks)} was estimated with dynamic causal models (Friston et al., 2003; Zeidman "
        "et al., 2019) of each session: bilinear, deterministic, with one neural state a region. "
        "They were computed by bids_ketamine from the published equations, to the numbers of "
        "SPM12."
    )
    which = " ".join(
        f"Model `{model.name}` (task {model.task}): {_told(model)}" for model in models
    )
    return (
        f"{opening} {which}",
        _data(dcm, glm, facts),
        _estimation(dcm, facts),
        _intervals(dcm, facts),
    )


def circuit_words(
    regions: Sequence[str],
    *,
    connections: Sequence[Ends],
    inputs: Mapping[str, Sequence[str]],
    driving: Mapping[str, Sequence[str]],
    modulations: Mapping[Ends, Sequence[str]],
) -> str:
    """Say what a model consists of.

    Parameters
    ----------
    regions : sequence of str
        Its regions.
    connections : sequence of (str, str)
        Source and target of each connection between regions.
    inputs : mapping of str to sequence of str
        Conditions whose sum each input is.
    driving : mapping of str to sequence of str
        Regions that each input drives.
    modulations : mapping of (str, str) to sequence of str
        Inputs that modulate each connection.

    Examples
    --------
    >>> print(circuit_words(["V1", "V5"], connections=[("V1", "V5")], driving={"dots": ["V1"]},
    ...                     inputs={"dots": ["dots"]}, modulations={("V1", "V5"): ["dots"]}))
    V1 and V5; connection V1 → V5; dots drives V1; dots modulates V1 → V5.
    """
    parts = [listed([region_words(each) for each in regions])]
    if connections:
        n_all = len(regions) * (len(regions) - 1)
        which = ": all of them" if len(connections) == n_all and n_all > MOST_TOLD else ""
        many = f"{counted(len(connections), 'connection')} between regions{which}"
        word = "connection" if len(connections) == 1 else "connections"
        parts.append(_some([_arrow(each) for each in connections], f"{word} {{}}", many))
    elif len(regions) > 1:
        parts.append("no connections between regions")
    for name, targets in driving.items():
        of = [f"`{each}`" for each in inputs.get(name, ())]
        sum_of = f" ({' + '.join(of)})" if of and list(inputs.get(name, ())) != [name] else ""
        where = listed([region_words(each) for each in targets])
        parts.append(f"{name}{sum_of} drives {where}")
    by_input: dict[str, list[Ends]] = {}
    for ends, names in modulations.items():
        for name in names:
            by_input.setdefault(name, []).append(ends)
    for name, changed in by_input.items():
        of = [] if name in driving else [f"`{each}`" for each in inputs.get(name, ())]
        sum_of = f" ({' + '.join(of)})" if of and list(inputs.get(name, ())) != [name] else ""
        many = f"{name}{sum_of} modulates {counted(len(changed), 'connection')}"
        told = _some([_arrow(each) for each in changed], f"{name}{sum_of} modulates {{}}", many)
        parts.append(told)
    return "; ".join(parts) + "."


def level_words(level: float) -> str:
    """Return the level of intervals for the eye.

    >>> level_words(0.9), level_words(0.975)
    ('90 %', '97.5 %')
    """
    return f"{number(100 * level)} %"


def ends_of(written: Sequence[str]) -> list[Ends]:
    """Return the ends of connections as a study or a file writes them; others are left out.

    >>> ends_of(["V1 > V5", "V1"])
    [('V1', 'V5')]
    """
    return [ends for ends in map(connection_ends, written) if ends is not None]


def _told(model: DcmModelSpec) -> str:
    return circuit_words(
        model.regions,
        connections=connections_of(model),
        inputs=inputs_of(model),
        driving=model.driving,
        modulations=modulations_of(model),
    )


def _arrow(ends: Ends) -> str:
    source, target = (region_words(each) for each in ends)
    return f"{target} to itself" if source == target else f"{source} \u2192 {target}"


def _some(parts: Sequence[str], words: str, many: str) -> str:
    return words.replace("{}", listed(parts)) if len(parts) <= MOST_TOLD else many


def _numbers(facts: Facts, key: str) -> list[float]:
    return sorted({float(each[key]) for each in facts if is_number(each.get(key))})


def _value(facts: Facts, key: str, asked: float) -> float:
    """Return the number that files agree on, else what was asked for."""
    found = _numbers(facts, key)
    return found[0] if len(found) == 1 else asked


def _data(dcm: DcmSpec, glm: GlmSpec, facts: Facts) -> str:
    bins = _value(facts, "MicrotimeResolution", glm.microtime_resolution)
    delays = _numbers(facts, "Delay")
    when = ""
    if delays:
        shown = [number(each) for each in dict.fromkeys((delays[0], delays[-1]))]
        when = f"{' to '.join(shown)} s into its volume, "
    # The noise model spm takes its regressors at the start of a bin, others within it.
    place = "at whose start" if glm.noise_model == "spm" else "in which"
    centred = {each.get("CentreInputs") for each in facts} & {True, False}
    is_centred = centred.pop() if len(centred) == 1 else dcm.centre_inputs
    mean = (
        "The mean of each input over the runs was taken out, so that connections are those at the "
        "mean of the inputs"
        if is_centred
        else "Inputs were not centred, so that connections are those while all inputs are off"
    )
    runs = {len(each["Runs"]) for each in facts if isinstance(each.get("Runs"), list)}
    several = (
        " Runs of a session shared parameters and noise levels and had confounds of their own."
        if not runs or max(runs) > 1
        else ""
    )
    return (
        "The series of a region was its first eigenvariate, as described above, in percent; "
        "where the range of a model's series was above 4, all were shrunk to it. The constant and "
        f"the cosines of the high-pass filter ({number(glm.high_pass_period)} s) entered as "
        "confounds. Inputs were made from the same events as the regressors of the GLM, in "
        f"{number(bins)} bins a repetition time. {mean}. Every region is sampled {when}at the "
        f"end of the bin {place} the regressors of the GLM are taken, as in SPM12 (the same delay "
        f"for all).{several}"
    )


def _estimation(dcm: DcmSpec, facts: Facts) -> str:
    echo_time = _value(facts, "EchoTime", dcm.echo_time)
    iterations = number(dcm.maximum_iterations)
    constant = (
        "the constant of SPM12 whatever the scanner's echo time is"
        if echo_time == SPM_ECHO_TIME
        else f"as the study sets it; the constant of SPM12 is {number(SPM_ECHO_TIME)} s"
    )
    return (
        "Neural activity drives blood flow, volume and deoxyhaemoglobin by the balloon model and "
        "these the BOLD signal (Stephan et al., 2007), with an echo time of "
        f"{number(echo_time)} s ({constant}). Priors are those of SPM12, all Gaussian: "
        "connections between regions have mean 1/128 and variance 1/64; a self-connection is "
        "\u22120.5 Hz times the exponential of a parameter with mean 0 and variance 1/64; "
        "modulations and driving inputs have mean 0 and variance 1; transit times, the decay of "
        "the vasodilatory signal and the ratio of signals are scaled by exponentials of "
        "parameters with mean 0 and variance 1/256. Posterior and free energy were found by "
        "variational Laplace (Friston et al., 2007), with one precision of white noise for each "
        "region (log precision: mean 6, variance 1/128). Iterations end when four in a row are "
        "expected to raise the free energy by less than 0.1; a model that has not come to that "
        f"after {iterations} iterations is called not converged. One that explains less than "
        "10 % of the variance is called flat; both keep their values and are marked."
        f"{RESTARTS.get(dcm.restart, '')}"
    )


def _intervals(dcm: DcmSpec, facts: Facts) -> str:
    level = level_words(_value(facts, "IntervalLevel", dcm.interval_level))
    return (
        f"Two {level} intervals are given of each parameter. SPM's is that of the posterior: it "
        "takes noise as white, and its level as pulled towards a fixed prior (0.05 percent). The "
        "calibrated one takes the noise level and the serial correlation that the residuals show. "
        "It rests on a second fit, in which the data settle the noise levels, series are not "
        "shrunk, predictions are filtered as the series were and "
        "connections between regions have a prior variance of 1; its spread follows "
        "from the variance and lag-one autocorrelation of each region's residuals, corrected for "
        "what the fit took out of them, and from the correlation of regions. Measures (`dcm`) are "
        "the posterior means of connections between regions, modulations and driving inputs, in Hz "
        "(modulations of self-connections: log scale); their standard error is the standard "
        "deviation of SPM's posterior."
    )
