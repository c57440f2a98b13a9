"""Damaged study files."""

from __future__ import annotations

from typing import Any

from tests.fuzz.case import Case, Damage, Outcome, accepted, noted, refused
from tests.fuzz.damage import (
    dangling_link,
    edit,
    edit_text,
    empty,
    folder_instead,
    link_loop,
    recode,
    remove,
    replace,
    write,
)

AMYGDALA = "amygdala: {spheres: [[-24, -4, -20], [24, -4, -20]], radius: 14}"
CONTRAST = "facesGtShapes: {weights: faces - shapes}"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def study(name: str, damage: str, apply: Damage, told: str | Outcome, **further: Any) -> Case:
    outcome = refused(64, f"(?s){told}") if isinstance(told, str) else told
    return Case(f"study-{name}", "YAML", damage, apply, outcome, level="participant", **further)


def swap(name: str, damage: str, old: str, new: str, told: str | Outcome, **further: Any) -> Case:
    """Make a case of a study file in which one thing is written otherwise."""
    return study(name, damage, replace("study", old, new, count=1), told, **further)


def add(name: str, damage: str, text: str, told: str, **further: Any) -> Case:
    """Make a case of a study file with something more at its end."""
    return study(name, damage, edit_text("study", lambda own: own + text), told, **further)


FILES = [
    study("empty", "0 bytes", empty("study"), "must be a mapping|is empty"),
    study("comments", "comments alone", write("study", "# later\n"), "must be a mapping|empty"),
    study("list", "a list", write("study", "- norbury2021\n"), "must be a mapping"),
    study("scalar", "a word", write("study", "norbury2021\n"), "must be a mapping"),
    study("two-documents", "two documents", edit("study", lambda d: d + b"---\nname: b\n"),
          "line \\d+: not valid YAML"),
    study("binary", "random bytes", edit("study", lambda d: bytes(range(256)) * 8), "not UTF-8"),
    study("nul-bytes", "NUL bytes", write("study", bytes(500)), "not valid YAML"),
    study("utf-16", "UTF-16", recode("study", "utf-16"), "not UTF-8"),
    study("latin-1", "Latin-1", recode("study", "latin-1", old="fuzz", new="étude"), "not UTF-8"),
    study("large", "a megabyte", edit("study", lambda d: d + b"# x\n" * 300_000),
          "larger than a study file"),
    study("folder", "a folder of its name", folder_instead("study"),
          Outcome("refused", 74, "(?i)directory|folder")),
    study("removed", "not there", remove("study"), refused(66, "does not exist")),
    study("dangling-link", "a link to nothing", dangling_link("study"),
          refused(66, "does not exist")),
    study("link-loop", "a link to itself", link_loop("study"), refused(74, "(?i)cannot be read")),
    study("unknown-preset", "neither a preset nor a file", write("../x", ""),
          "neither a preset nor a study file.*norbury2021", arguments=("--study", "norbury2022")),
]  # fmt: skip

SYNTAX = [
    swap("tabs", "tabs for indentation", "  pre:", "\tpre:", "line \\d+: not valid YAML"),
    swap("indentation", "a line indented by too little", "  post:", " post:",
         "line \\d+: not valid YAML"),
    swap("bracket", "a bracket that is not closed", "14}", "14", "line \\d+: not valid YAML"),
    swap("quote", "a quotation mark that is not closed", "name: fuzz", 'name: "fuzz',
         "line \\d+: not valid YAML"),
    swap("colon", "no blank after a colon", "name: fuzz", "name:fuzz", "line \\d+: .*"),
    swap("key-twice", "a key twice", "name: fuzz\n", "name: fuzz\nname: other\n",
         "line 2: the key `name` stands twice"),
    swap("anchor", "an anchor", "name: fuzz", "name: &n fuzz", "line 1: anchors"),
    study("alias-bomb", "aliases that grow to a billion", write("study", BOMB),
          "line 1: anchors"),
    swap("python-tag", "a tag that would run a command", "name: fuzz",
         'name: !!python/object/apply:os.system ["touch bids/pwned"]', "line 1: .*"),
    swap("unknown-tag", "an unknown tag", "name: fuzz", "name: !secret fuzz",
         "line 1: cannot read"),
    swap("key-is-a-list", "a list for a key", "name: fuzz", "name: fuzz\n[a, b]: c",
         "line 2: a key must be a word"),
    swap("merge-key", "a merge key", "name: fuzz", "name: fuzz\n<<: {title: x}",
         "line 2: unknown key `<<`"),
    swap("nested", "20000 brackets", "name: fuzz", "name: " + "[" * 20_000,
         "deeper than 100"),
    swap("long-number", "a number of 5000 digits", "radius: 14", "radius: " + "1" * 5000,
         "line \\d+: "),
    swap("terminal-code", "a terminal's escape code in a key", "name: fuzz",
         'name: fuzz\n"\\e[2Jgone": 1', "line 2: unknown key"),
    swap("script", "a script in a key", "name: fuzz", 'name: fuzz\n"<script>": 1',
         "line 2: unknown key `<script>`"),
    swap("long-key", "a key of 100000 letters", "name: fuzz", f"name: fuzz\n? {'x' * 100_000}\n: 1",
         "line 2: unknown key"),
]  # fmt: skip

KEYS = [
    swap("unknown-key", "an unknown key", "name: fuzz", "name: fuzz\ncolour: red",
         "line 2: unknown key `colour`"),
    swap("misspelt-key", "a misspelt key", "definitions:", "defintions:",
         "unknown key `defintions`.*did you mean `definitions`"),
    swap("no-name", "no name", "name: fuzz\n", "", "needs the key `name`"),
    swap("no-regions", "no regions", "regions:\n", "title:\n", "title must be text|regions"),
    swap("extends-unknown", "extends a preset that is not there", "name: fuzz",
         "extends: norbury\nname: fuzz", "line 1: extends names no preset: `norbury`"),
    swap("extends-list", "extends a list", "name: fuzz", "extends: [norbury2021]\nname: fuzz",
         "line 1: extends"),
    swap("extends-path", "extends a path", "name: fuzz", "extends: ../../etc/passwd\nname: fuzz",
         "line 1: extends names no preset"),
    add("not-yet", "a method that is not computed", "behaviour: {tasks: [faces]}\n", "behaviour"),
    study("nothing", "neither tasks nor rest", edit_text("study", lambda text: text.split(
        "tasks:")[0] + "arms: {column: arm, levels: [a, b]}\n"), "nothing to compute"),
]  # fmt: skip

TYPES = [
    swap("sessions-list", "sessions are a list", "sessions:\n  pre: {label: pre}\n  post: {label: "
         "post}", "sessions: [pre, post]", "line 2: sessions must map names"),
    swap("session-number", "a session is a number", "pre: {label: pre}", "pre: 7",
         "line 3: sessions.pre must be a mapping"),
    swap("session-yes", "a label that YAML reads as true", "{label: pre}", "{label: yes}",
         "line 3: sessions.pre.label must be text"),
    swap("session-date", "a label that YAML reads as a date", "{label: pre}",
         "{label: 2020-01-01}", "line 3: sessions.pre.label"),
    swap("radius-text", "a radius in words", "radius: 14", "radius: big",
         "radius must be a number, not `big`"),
    swap("radius-negative", "a negative radius", "radius: 14", "radius: -8", "radius.*at least"),
    swap("radius-zero", "radius 0", "radius: 14", "radius: 0", "radius.*at least"),
    swap("radius-nan", "a radius that is no number", "radius: 14", "radius: .nan",
         "radius.*(number|finite)", process=True),
    swap("radius-infinite", "an infinite radius", "radius: 14", "radius: .inf",
         "radius.*(number|finite|at most)", process=True),
    swap("radius-huge", "a radius of a kilometre", "radius: 14", "radius: 1000000",
         "radius.*at most", process=True),
    swap("smoothing-negative", "negative smoothing", "fwhm: 6.0", "fwhm: -6", "at least 0"),
    swap("smoothing-huge", "smoothing by a kilometre", "fwhm: 6.0", "fwhm: 1000000",
         "smoothing_fwhm.*at most", process=True),
    swap("degrees-of-freedom-half", "a number that is not whole", "minimum_residual_df: 10",
         "minimum_residual_df: 10.5", "must be a whole number"),
    swap("components-true", "true for a number", "compcor_components: 2",
         "compcor_components: true", "compcor_components must be a whole number"),
    swap("components-negative", "fewer than no components", "compcor_components: 2",
         "compcor_components: -2", "compcor_components must be at least 0"),
    swap("noise-model", "an unknown noise model", "noise_model: ols", "noise_model: white",
         "noise_model must be one of"),
    swap("motion", "an unknown set of motion parameters", 'aroma: "6"', "aroma: 7",
         "motion_without_aroma must be one of"),
    add("coverage", "a coverage of 200 percent", "exclusions: {minimum_coverage: 2}\n",
        "minimum_coverage must be at most 1"),
    add("confidence", "a confidence level of 95", "group: {confidence_level: 95}\n",
        "confidence_level must be at most"),
    add("displacement-nan", "a threshold that is no number",
        "exclusions: {maximum_mean_fd: .nan}\n",
        "maximum_mean_fd.*(number|finite)"),
    add("displacement-text", "a threshold with a decimal comma",
        "exclusions: {maximum_mean_fd: '0,5'}\n", "maximum_mean_fd must be a number, not `0,5`"),
]  # fmt: skip

RULES = [
    swap("label-slash", "a label that leaves the folder", "{label: pre}", "{label: ../../x}",
         "line 3: .*letters and digits only, not `../../x`"),
    swap("atlas-slash", "an atlas name with a slash", "atlas: fuzz", "atlas: a/b",
         "letters and digits only, not `a/b`"),
    swap("contrast-slash", "a contrast name that leaves the folder", CONTRAST,
         "../x: {weights: faces - shapes}", "letters and digits only, not `../x`"),
    swap("name-script", "a script for a name", "name: fuzz", "name: <script>alert(1)</script>",
         "letters and digits only"),
    swap("contrast-condition", "a contrast of an unknown condition", "faces - shapes",
         "faces - houses", "names no regressor of the task: `houses`"),
    swap("f-test-condition", "an F test of an unknown condition", "weights: faces - shapes",
         "f_test: [faces, housse - shapes]",
         "formula 2 names no regressor of the task: `housse`; known names: faces, shapes"),
    swap("f-test-and-weights", "a T and an F test in one contrast", "weights: faces - shapes",
         "weights: faces - shapes, f_test: [faces, shapes]", "both `weights` and `f_test`"),
    swap("f-test-twice", "an F test with a formula twice", "weights: faces - shapes",
         "f_test: [faces - shapes, faces - shapes]", "formula 2 is the same as formula 1"),
    swap("f-test-text", "an F test that is no list", "weights: faces - shapes",
         "f_test: faces - shapes", "f_test must be a list"),
    swap("modulated-block", "a modulator of a block", "faces: {}",
         "faces: {blocks: true, modulators: [response_time]}", "modulators scale single trials"),
    swap("modulator-name", "a condition named as another's modulator", "{faces: {}, shapes: {}}",
         "{faces: {modulators: [x]}, shapes: {}, faces_by_x: {}}",
         "condition `faces_by_x`: a modulator or derivative of another condition"),
    swap("contrast-formula", "a formula that is none", "faces - shapes", "faces * shapes",
         "facesGtShapes.*"),
    swap("contrast-code", "code for a formula", "faces - shapes",
         "__import__('os').system('touch bids/pwned')", "facesGtShapes.*"),
    swap("contrast-nan", "a weight that is no number", "weights: faces - shapes",
         "weights: {faces: .nan, shapes: -1}", "weights.*(number|finite)"),
    swap("contrast-empty", "a contrast without weights", "{weights: faces - shapes}",
         "{weights: {}}", "weight"),
    swap("contrast-zero", "all weights 0", "weights: faces - shapes",
         "weights: {faces: 0, shapes: 0}", "(?i)weight|zero|0"),
    swap("no-conditions", "a task without conditions", "{faces: {}, shapes: {}}", "{}",
         "has no conditions"),
    swap("condition-reserved", "a condition named constant", "{faces: {}, shapes: {}}",
         "{faces: {}, shapes: {}, constant: {}}", "a column of that name of its own"),
    swap("trial-type-twice", "a trial type of two conditions", "{faces: {}, shapes: {}}",
         "{faces: {}, shapes: {trial_type: [faces]}}", "trial type `faces` belongs to two"),
    swap("region-without-source", "a region of nothing", AMYGDALA, "amygdala: {radius: 14}",
         "region `amygdala` needs one of"),
    swap("region-two-sources", "a region of spheres and of a mask", AMYGDALA,
         "amygdala: {spheres: [[0, 0, 0]], mask: m.nii.gz}", "has .*mask and spheres"),
    swap("sphere-two-numbers", "a centre of two numbers", "[24, -4, -20]", "[24, -4]",
         "centre is three numbers"),
    swap("sphere-nan", "a centre that is no number", "[24, -4, -20]", "[.nan, -4, -20]",
         "spheres.*(number|finite)"),
    swap("region-tilde", "a region name with ~", "amygdala:", "a~b:", "`~` joins"),
    swap("region-control", "a region name with a line end", "amygdala:", '"amyg\\ndala":',
         "visible characters"),
    swap("change-unknown", "a change of an unknown session", "second: post", "second: later",
         "names no session: `later`"),
    swap("change-itself", "a session minus itself", "second: post", "second: pre",
         "subtracts a session from itself"),
    swap("session-two-rules", "a session with label and column", "{label: pre}",
         "{label: pre, column: arm, labels: {ketamine: pre}}", "both `label` and `column`"),
    swap("arms-twice", "an arm twice", "[midazolam, ketamine]", "[ketamine, ketamine]",
         "names an arm twice"),
    swap("outcome-without-source", "an outcome of nothing", ", column: madrs_total", "",
         "outcome `madrs` needs one of"),
    swap("reference-bin", "a reference bin beyond the last", "noise_model: ols",
         "noise_model: spm\n  reference_bin: 17", "reference_bin 17 is beyond the 16 bins"),
    swap("response-of-glover", "SPM's noise model with another response", "noise_model: ols",
         "noise_model: spm\n  hrf_model: glover",
         "hrf_model `glover` is not computed with the noise model `spm`"),
    swap("microtime-huge", "a million bins a repetition time", "noise_model: ols",
         "noise_model: spm\n  microtime_resolution: 1000000",
         "microtime_resolution must be at most"),
    swap("high-pass", "a high-pass period of 0", "noise_model: ols",
         "noise_model: ols\n  high_pass_period: 0", "high_pass_period must be at least"),
    swap("band-reversed", "a band from high to low", "rest:\n",
         "rest:\n  band_pass: [0.09, 0.008]\n",
         "band_pass is two rising frequencies", task="rest"),
    swap("band-one", "a band of one number", "rest:\n", "rest:\n  band_pass: [0.09]\n",
         "band_pass is two rising frequencies", task="rest"),
    swap("band-nan", "a band that is no number", "rest:\n", "rest:\n  band_pass: [.nan, 0.1]\n",
         "band_pass", task="rest"),
    swap("band-above-nyquist", "a band above half the sampling rate", "rest:\n",
         "rest:\n  band_pass: [0.3, 0.4]\n", noted("(?i)band|nyquist|residual degrees"),
         task="rest"),
    swap("same-task", "two analyses of one task", "glm:\n", "  other: {task: faces, "
         "conditions: {faces: {}}, contrasts: {x: {weights: faces}}}\nglm:\n",
         "read the same task `faces`"),
    swap("crossover-no-column", "sessions by a column that is not there", "{label: pre}",
         "{column: order, labels: {a: pre}}", refused(65, "no column `order`.*participants.tsv")),
    study("crossover-unknown-value", "sessions by a value nobody knows",
          replace("study", "{label: pre}", "{column: arm, labels: {a: pre}}"),
          refused(18, "`arm` .*`midazolam`")),
]  # fmt: skip

PLUGINS = [
    Case(f"plugin-{name}", "YAML", damage, apply, outcome, level="participant",
         arguments=("--use-plugin", "{folder}/plugin.yml"))
    for name, damage, apply, outcome in (
        ("removed", "plugin file not there", write("../x", ""), refused(66, "plugin")),
        ("invalid", "plugin file not YAML", write("../plugin.yml", "a: [\n"),
         refused(65, "(?i)plugin.*YAML.*plugin.yml")),
        ("list", "plugin file a list", write("../plugin.yml", "- Linear\n"),
         refused(65, "(?i)plugin")),
        ("unknown", "a plugin that is not there", write("../plugin.yml", "plugin: Quantum\n"),
         refused(65, "(?i)Quantum.*plugin.yml")),
        ("python-tag", "a tag that would run a command",
         write("../plugin.yml", '!!python/object/apply:os.system ["touch bids/pwned"]\n'),
         refused(65, "(?i)plugin|YAML")),
        ("binary", "plugin file not text", write("../plugin.yml", bytes(range(256))),
         refused(65, "(?i)UTF-8|YAML|text")),
    )
]  # fmt: skip

DIALECTS = [
    study("byte-order-mark", "byte order mark", edit("study", lambda d: b"\xef\xbb\xbf" + d),
          accepted()),
    study("crlf", "lines end as on Windows", replace("study", "\n", "\r\n"), accepted()),
]  # fmt: skip

CASES = [*FILES, *SYNTAX, *KEYS, *TYPES, *RULES, *PLUGINS, *DIALECTS]
