"""Rules on dynamic causal models, and what follows from a model, from the text of a study."""

from __future__ import annotations

import pickle

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.check_dcm import MOST_REGIONS
from bids_ketamine.study.dcm_names import (
    connection_ends,
    connections_of,
    inputs_of,
    modulations_of,
    unreached_regions,
)
from bids_ketamine.study.spec import DcmModelSpec, DcmSpec

SECONDS = "; it is in seconds (30 ms is 0.03)"
DEFINITIONS = "definitions: {a: {spheres: [[0, 0, 0]]}, b: {spheres: [[9, 0, 0]]}}"


def dcm(*settings, model="task: faces", regions="regions: [a, b]", driving="driving: {faces: [a]}"):
    """Write a section with one model of regions a and b that faces drive."""
    parts = [part for part in (model, regions, driving, *settings) if part]
    return f"dcm: {{models: {{m: {{{', '.join(parts)}}}}}}}\n"


def problems(load, further, old="", new=""):
    with pytest.raises(StudyError) as caught:
        load(further, old, new)
    return [each.split(": ", 1)[1] for each in caught.value.problems]


@pytest.mark.parametrize(
    "further",
    [
        dcm(),
        dcm("connections: null, inputs: null, modulations: null"),
        dcm("connections: [a>b]", 'modulations: {"a > b": [shapes], "a > a": [faces, shapes]}'),
        dcm("inputs: {all: [faces, shapes]}", driving="driving: {all: [a, b]}"),
        dcm("inputs: {faces: [faces, shapes]}"),
        dcm(regions="regions: [a]"),
    ],
)
def test_sound_sections_are_read(load, further):
    assert load(further).notices == ()


def test_defaults_and_absent_parts(load):
    spec = load(dcm()).spec
    model = DcmModelSpec(name="m", task="faces", regions=("a", "b"), driving={"faces": ("a",)})
    assert spec.dcm == DcmSpec(models=(model,))
    assert (spec.dcm.echo_time, spec.dcm.centre_inputs) == (0.04, True)
    assert (spec.dcm.interval_level, spec.dcm.maximum_iterations) == (0.9, 128)
    assert (model.inputs, model.modulations, model.connections) == ({}, {}, None)
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_models_say_which_task_they_are_about(load):
    text = (
        "dcm:\n  models:\n"
        "    one: {task: faces, regions: [a], driving: {faces: [a]}}\n"
        "    two: {task: other, regions: [a], driving: {x: [a]}}\n"
        "    three: {task: faces, regions: [b], driving: {shapes: [b]}}\n"
    )
    other = "tasks:\n  other: {conditions: {x: {}}, contrasts: {x: {weights: x}}}\n"
    spec = load(text, "tasks:\n", other).spec
    found = {task.name: [each.name for each in spec.dcm_models_of(task)] for task in spec.tasks}
    assert found == {"faces": ["one", "three"], "other": ["two"]}
    spec = load("").spec
    assert spec.dcm_models_of(spec.tasks[0]) == ()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("a > b", ("a", "b")),
        ("  left amygdala>b ", ("left amygdala", "b")),
        ("a", None),
        ("a >", None),
        ("> b", None),
        ("a > b > c", None),
        ("a, b", None),
        ("", None),
    ],
)
def test_the_ends_of_a_connection(text, ends):
    assert connection_ends(text) == ends


def test_connections_are_those_listed_or_every_pair(load):
    def connections(*settings, **further):
        (model,) = load(dcm(*settings, **further)).spec.dcm.models
        return connections_of(model)

    assert connections("connections: [b > a]") == (("b", "a"),)
    assert connections() == (("a", "b"), ("b", "a"))
    assert connections("connections: []") == ()
    assert connections(regions="regions: [a]") == ()
    three = DcmModelSpec(name="m", task="t", regions=("x", "y", "z"), driving={})
    assert connections_of(three) == (
        ("x", "y"), ("x", "z"), ("y", "x"), ("y", "z"), ("z", "x"), ("z", "y"),
    )  # fmt: skip


def test_inputs_are_those_listed_then_conditions_by_their_first_use():
    model = DcmModelSpec(
        name="m",
        task="t",
        regions=("a", "b"),
        inputs={"all": ("x", "y"), "z": ("z",)},
        driving={"w": ("a",), "all": ("b",)},
        modulations={"a>b": ("y", "z"), "b > b": ("x", "w")},
    )
    assert list(inputs_of(model).items()) == [
        ("all", ("x", "y")),
        ("z", ("z",)),
        ("w", ("w",)),
        ("y", ("y",)),
        ("x", ("x",)),
    ]
    assert modulations_of(model) == {("a", "b"): ("y", "z"), ("b", "b"): ("x", "w")}


PROBLEMS = [
    ("dcm: {}\n", "dcm needs the key `models` (Models, by name)"),
    ("dcm: {models: {}}\n", "dcm.models names no model; `dcm: null` leaves the method out"),
    (dcm(model="task: face"),
     "dcm.models.m.task names no task of the study: `face`; tasks: faces; `dcm: null` leaves the "
     "method out"),
    (dcm(driving=""),
     "dcm.models.m needs the key `driving` (Regions that an input drives, for each input)"),
    (dcm(driving="driving: {}"),
     "dcm.models.m.driving names no input: a model that nothing drives has no response"),
    (dcm(driving="driving: {faces: []}"), "dcm.models.m.driving: `faces` drives no region"),
    (dcm(driving="driving: {faces: null}"), "dcm.models.m.driving: `faces` drives no region"),
    (dcm(driving="driving: {faces: a}"),
     "dcm.models.m.driving.faces must be a list, not `a`"),
    (dcm(driving="driving: {faces: [a, a]}"), "dcm.models.m.driving: `faces` drives `a` twice"),
    (dcm(driving="driving: {faces: [a, c]}"),
     "dcm.models.m.driving: `faces` drives no region of the model: `c`; regions of the model: "
     "a, b"),
    (dcm(driving="driving: {face: [a]}"),
     "dcm.models.m.driving: `face` is neither an input nor a condition of the task; did you mean "
     "`faces`? inputs and conditions: faces, shapes"),
    (dcm(driving="driving: {error_trials: [a]}"),
     "dcm.models.m.driving: `error_trials` is neither an input nor a condition of the task; "
     "inputs and conditions: faces, shapes"),
    (dcm(regions="regions: []", driving="driving: {faces: [a]}"),
     "dcm.models.m.regions names no region"),
    (dcm(regions="regions: [a, b, a]"), "dcm.models.m.regions names `a` twice"),
    (dcm(regions="regions: [a, bb]"),
     "dcm.models.m.regions: `bb` is no region of images; did you mean `b`? regions: a, b; "
     "`dcm: null` leaves the method out"),
    (dcm("connections: [a - b]"),
     "dcm.models.m.connections: `a - b` is no connection: write `FROM > TO`"),
    (dcm('connections: ["a -> b"]'),
     "dcm.models.m.connections: `a -> b` is no connection: write `FROM > TO`, with `>` alone"),
    (dcm('modulations: {"a => b": [faces]}'),
     "dcm.models.m.modulations: `a => b` is no connection: write `FROM > TO`, with `>` alone"),
    (dcm('connections: ["a >> b"]'),
     "dcm.models.m.connections: `a >> b` is no connection: write `FROM > TO`, with `>` alone"),
    (dcm('inputs: {"": [faces]}', driving='driving: {"": [a]}'),
     "dcm.models.m.inputs: '' is no name of an input: it is made of visible characters"),
    (dcm('inputs: {"on > a": [faces]}', driving='driving: {"on > a": [a]}'),
     "dcm.models.m.inputs: `on > a` has the sign `>`, which stands between the ends of a "
     "connection: give the input another name"),
    (dcm().replace("}}}\n", "}, M: {task: faces, regions: [a], driving: {faces: [a]}}}}\n"),
     "dcm.models: `m` and `M` differ in capital letters alone, and their files would overwrite "
     "each other where these do not count: give one another name"),
    ("dcm: {task: faces, regions: [a], connections: [], inputs: {}, driving: {faces: [a]}}\n",
     "`task`, `regions`, `connections`, `inputs`, `driving` in dcm: models stand under `models: "
     "NAME:`"),
    (dcm("connections: [[a, b]]"), "dcm.models.m.connections.0 must be text, not a list"),
    (dcm("connections: [a > c]"),
     "dcm.models.m.connections: `a > c` names no region of the model: `c`; regions of the model: "
     "a, b"),
    (dcm("connections: [c > c]"),
     "dcm.models.m.connections: `c > c` names no region of the model: `c`; regions of the model: "
     "a, b"),
    (dcm("connections: [a > b, a > a]"),
     "dcm.models.m.connections: every region has a connection to itself; take `a > a` out of the "
     "list"),
    (dcm("connections: [a > b, a>b]"), "dcm.models.m.connections names `a > b` twice"),
    (dcm("connections: [a > b]", 'modulations: {"b > a": [faces]}'),
     "dcm.models.m.modulations: `b > a` is no connection of the model: add it to `connections`, "
     "or take it out here"),
    (dcm('modulations: {"a > b": [faces], "a>b": [shapes]}'),
     "dcm.models.m.modulations names `a > b` twice"),
    (dcm('modulations: {"a to b": [faces]}'),
     "dcm.models.m.modulations: `a to b` is no connection: write `FROM > TO`"),
    (dcm('modulations: {"a > c": [faces]}'),
     "dcm.models.m.modulations: `a > c` names no region of the model: `c`; regions of the model: "
     "a, b"),
    (dcm('modulations: {"a > b": []}'), "dcm.models.m.modulations: `a > b` has no input"),
    (dcm('modulations: {"a > b": faces}'),
     "dcm.models.m.modulations.a > b must be a list, not `faces`"),
    (dcm('modulations: {"a > b": [faces, faces]}'),
     "dcm.models.m.modulations: `a > b` has the input `faces` twice"),
    (dcm('modulations: {"a > b": [shape]}'),
     "dcm.models.m.modulations: `shape` is neither an input nor a condition of the task; did you "
     "mean `shapes`? inputs and conditions: faces, shapes"),
    (dcm("inputs: {all: [faces, shapes]}"),
     "dcm.models.m.inputs: `all` is never used: name it under `driving` or `modulations`, or take "
     "it out"),
    (dcm("inputs: {all: []}", driving="driving: {all: [a]}"),
     "dcm.models.m.inputs: `all` names no condition"),
    (dcm("inputs: {all: [faces, faces]}", driving="driving: {all: [a]}"),
     "dcm.models.m.inputs: `all` names the condition `faces` twice"),
    (dcm("inputs: {all: [faces, shape]}", driving="driving: {all: [a]}"),
     "dcm.models.m.inputs: `all` names no condition of the task: `shape`; did you mean `shapes`? "
     "conditions: faces, shapes"),
    (dcm("inputs: {all: [faces, fear]}", driving="driving: {all: [a]}"),
     "dcm.models.m.inputs: `all` names no condition of the task: `fear`; conditions: faces, "
     "shapes"),
    (dcm("inputs: {faces: [shapes]}"),
     "dcm.models.m.inputs: `faces` is a condition that is not in the input of its name"),
    (dcm("inputs: {x: [faces, shapes], y: [shapes, faces]}",
         driving="driving: {x: [a], y: [b]}"),
     "dcm.models.m.inputs: `x` and `y` are the same conditions; one input may both drive and "
     "modulate"),
    (dcm("inputs: {a: [faces]}", driving="driving: {a: [a]}"),
     "dcm.models.m.inputs: `a` is the name of a region: call the input otherwise"),
    ("dcm: {task: faces, models: {m: {task: faces, regions: [a], driving: {faces: [a]}}}}\n",
     "unknown key `task` in dcm; known keys: centre_inputs, echo_time, interval_level, "
     "maximum_iterations, models, restart"),
    (dcm().replace("{m:", "{a-b:"),
     "dcm.models.a-b becomes part of file names: letters and digits only, not `a-b`"),
]  # fmt: skip


@pytest.mark.parametrize(("further", "message"), PROBLEMS)
def test_mistakes_are_named(load, further, message):
    told = problems(load, further)
    assert message in told
    if "regions: []" not in further:  # where the driven region is unknown too
        assert told == [message]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("echo_time: 40", f"dcm.echo_time must be at most 0.5, not 40{SECONDS}"),
        ("echo_time: 0", f"dcm.echo_time must be at least 0.001, not 0{SECONDS}"),
        ("echo_time: null", "dcm.echo_time must be a number, not nothing"),
        ("centre_inputs: 1", "dcm.centre_inputs must be true or false, not `1`"),
        ("interval_level: 90", "dcm.interval_level must be at most 0.999, not 90"),
        ("maximum_iterations: 0", "dcm.maximum_iterations must be at least 1, not 0"),
    ],
)
def test_numbers_have_their_range(load, setting, message):
    assert problems(load, dcm().replace("dcm: {", f"dcm: {{{setting}, ")) == [message]


def test_all_problems_of_all_models_come_at_once_with_their_lines(load):
    text = (
        "dcm:\n  models:\n    one:\n      task: faces\n      regions: [a, b]\n"
        "      connections: [a > b, b > d]\n      driving: {faces: [c]}\n"
        '    two:\n      task: stroop\n      regions: [a, b]\n      modulations: {"a > b": []}\n'
        "      driving: {anything: [a]}\n"
    )
    with pytest.raises(StudyError) as caught:
        load(text)
    assert list(caught.value.problems) == [
        "line 16: dcm.models.one.connections: `b > d` names no region of the model: `d`; regions "
        "of the model: a, b",
        "line 17: dcm.models.one.driving: `faces` drives no region of the model: `c`; regions of "
        "the model: a, b",
        "line 19: dcm.models.two.task names no task of the study: `stroop`; tasks: faces; `dcm: "
        "null` leaves the method out",
        "line 21: dcm.models.two.modulations: `a > b` has no input",
    ]


def test_error_trials_are_a_condition_where_the_task_has_them(load):
    text = dcm("inputs: {all: [faces, error_trials]}", driving="driving: {all: [a]}")
    contrasts = "    contrasts: {effect"
    assert load(text, contrasts, f"    error_trials: {{}}\n{contrasts}").notices == ()
    assert "`all` names no condition of the task: `error_trials`" in problems(load, text)[0]


def test_an_input_of_error_trials_alone_is_told(load):
    study = ("    contrasts: {effect", "    error_trials: {}\n    contrasts: {effect")
    text = dcm('modulations: {"a > b": [error_trials]}')
    assert load(text, *study).notices == (
        "the input `error_trials` of the model `m` (`dcm`) is the error trials alone: "
        "participants without errors will have no such model",
    )
    text = dcm("inputs: {slips: [error_trials]}", driving="driving: {slips: [a]}")
    assert "the input `slips` of the model `m`" in load(text, *study).notices[0]
    text = dcm("inputs: {all: [faces, error_trials]}", driving="driving: {all: [a]}")
    assert load(text, *study).notices == ()


def test_regions_listed_twice_are_offered_once(load):
    told = problems(load, dcm("connections: [a > c]", regions="regions: [a, b, a]"))
    assert told[1].endswith("`c`; regions of the model: a, b")


def test_ten_regions_at_most(load):
    names = [f"r{number}" for number in range(MOST_REGIONS + 1)]
    spheres = ", ".join(f"{name}: {{spheres: [[0, 0, 0]]}}" for name in names)
    study = (DEFINITIONS, f"definitions: {{{spheres}}}")

    def model(chosen):
        return dcm(regions=f"regions: [{', '.join(chosen)}]", driving="driving: {faces: [r0]}")

    assert load(model(names[:MOST_REGIONS]), *study).notices == ()
    assert problems(load, model(names), *study) == [
        "dcm.models.m.regions names 11 regions; a model has 10 at most"
    ]


def test_regions_are_of_images(load):
    study = (
        DEFINITIONS,
        "definitions: {a: {spheres: [[0, 0, 0]]}, b: {columns: [B]}, c>d: {spheres: [[0, 0, 0]]}}",
    )
    further = "inputs: {timeseries_atlas: mine}\n" + dcm(regions="regions: [a, b]")
    assert problems(load, further, *study) == [
        "dcm.models.m.regions: `b` is made of columns of region time series; a model takes regions "
        "of images; `dcm: null` leaves the method out"
    ]
    further = further.replace("[a, b]", "[a, c>d]")
    assert problems(load, further, *study) == [
        "dcm.models.m.regions: `c>d` has the sign `>`, which stands between the ends of a "
        "connection: give the region another name"
    ]
    # Names of a whole atlas's regions stand in its table.
    whole = (DEFINITIONS, "definitions: {b: {columns: [B]}}, whole_atlases: {TianS1: {}}")
    further = further.replace("[a, c>d]", "[AMY-rh]").replace("[a]", "[AMY-rh]")
    assert load(further, *whole).spec.dcm.models[0].regions == ("AMY-rh",)
    further = further.replace("AMY-rh", "b")
    assert "`b` is made of columns" in problems(load, further, *whole)[0]


@pytest.mark.parametrize(
    ("connections", "unreached"),
    [
        ("[a > b]", ()),
        ("null", ()),
        ("[b > a]", ("b",)),
        ("[]", ("b",)),
    ],
)
def test_regions_that_no_driving_input_reaches_are_told(load, connections, unreached):
    study = load(dcm(f"connections: {connections}"))
    assert unreached_regions(study.spec.dcm.models[0]) == unreached
    assert study.notices == tuple(
        f"no driving input reaches the region `{region}` of the model `m` (`dcm`): its predicted "
        "response is zero"
        for region in unreached
    )


def test_a_region_is_reached_over_others():
    model = DcmModelSpec(
        name="m",
        task="t",
        regions=("d", "c", "b", "a", "e"),
        connections=("c > d", "b > c", "a > b", "e > d"),
        driving={"x": ("a",)},
    )
    assert unreached_regions(model) == ("e",)


def test_bins_of_inputs_are_read_with_any_noise_model(load):
    glm = "glm: {noise_model: ar1, microtime_resolution: 32, reference_bin: 3}"
    study = ("glm: {noise_model: ar1}", glm)
    (told,) = load(dcm(), *study).notices
    assert told.startswith("the setting glm.reference_bin is read by the noise model spm alone")
    assert len(load("", *study).notices) == 2
