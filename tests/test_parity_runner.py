"""The parity runner on small manifests, on its own parts, and on the real ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from tests.parity.__main__ import main
from tests.parity.comparison import compare
from tests.parity.evaluation import Context, Evaluation, Reader
from tests.parity.manifest import Tolerance, read_manifest, unlisted_arrays
from tests.parity.readers import all_readers, reader
from tests.parity.references import ReferenceFolder, UnresolvedReferenceError, split_reference

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "tests" / "reference" / "group_stats"
SHARED = ROOT.parent / "shared" / "reference"
NAN = np.nan


def double(case: Context) -> dict[str, Any]:
    return {"twice": 2 * np.asarray(case["x"]), "names": ["a", "b"]}


def total(case: Context) -> dict[str, Any]:
    return {"sum": sum(np.sum(array) for array in case["arrays"])}


def broken(case: Context) -> dict[str, Any]:
    raise ValueError("matrix is singular\nsecond line")


READERS: Mapping[str, Reader] = {"double": double, "total": total, "broken": broken}


def case(name: str, quantity: str, **keys: Any) -> dict[str, Any]:
    empty = {"inputs": {}, "options": {}, "expected": {}, "rtol": 0.0, "atol": 1e-12}
    return {"id": name, "quantity": quantity, **empty, **keys}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reference = tmp_path / "reference"
    reference.mkdir()
    np.savez(
        reference / "a.npz",
        x=np.array([1.0, 2.0, 3.0]),
        x2=np.array([[2.0], [4.0], [6.0]]),
        gap=np.array([2.0, NAN, 6.0]),
        cube=np.arange(24.0).reshape(2, 3, 4),
        names=np.array(["a", "b"]),
    )
    return reference


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    def run(
        cases: list[dict[str, Any]], *arguments: str, readers: Mapping[str, Reader] = READERS
    ) -> tuple[int, list[str]]:
        manifest = {"cases": cases, "informational": ["a.npz#*"]}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        code = main([str(folder), *arguments], readers)
        return code, capsys.readouterr().out.splitlines()

    return run


def row(lines: list[str], name: str) -> list[str]:
    (found,) = [line for line in lines if line.split(" ")[0] == name]
    return found.split(maxsplit=4)


X = {"x": "a.npz#x"}
PASSING = case("good", "double", inputs=X, expected={"twice": "a.npz#x2"})


def test_a_case_within_tolerance_passes_whatever_its_axes_of_length_one(run: Callable) -> None:
    code, lines = run([PASSING])
    assert row(lines, "good") == ["good", "double", "0.0e+00", "1.0e-12", "pass"]
    assert lines[-1] == "listed 1, compared 1, passed 1"
    assert code == 0


def test_a_case_too_far_fails_and_shows_its_worst_output(run: Callable) -> None:
    wrong = case(
        "bad", "double", inputs=X, expected={"names": "a.npz#names", "twice": "a.npz#x"}, rtol=0.1
    )
    code, lines = run([PASSING, wrong])
    # twice is 2, 4, 6 where 1, 2, 3 is expected: 3 apart, allowed 0.1 * 3
    assert row(lines, "bad") == [
        "bad",
        "double",
        "3.0e+00",
        "3.0e-01",
        "FAIL          twice: too far",
    ]
    assert lines[-1] == "listed 2, compared 2, passed 1"
    assert code == 1


def test_tolerance_of_an_output_replaces_that_of_the_case(run: Callable) -> None:
    entry = case("loose", "double", inputs=X, expected={"twice": "a.npz#x"})
    assert run([{**entry, "tolerances": {"twice": {"rtol": 0.0, "atol": 3.0}}}])[0] == 0
    assert run([{**entry, "tolerances": {"twice": {"rtol": 0.0, "atol": 2.9}}}])[0] == 1
    assert run([{**entry, "tolerances": {"other": {"rtol": 0.0, "atol": 9.0}}}])[0] == 1


def test_without_a_reader_a_case_is_not_compared_and_fails(run: Callable) -> None:
    code, lines = run([PASSING, case("new", "dcm", expected={"F": "a.npz#x"})])
    assert row(lines, "new")[2:] == ["-", "-", "NOT COMPARED  no reader for dcm"]
    assert lines[-1] == "listed 2, compared 1, passed 1"
    assert code == 1


def test_an_expected_output_that_no_reader_gives_is_not_compared(run: Callable) -> None:
    expected = {"twice": "a.npz#x2", "thrice": "a.npz#x"}
    code, lines = run([case("part", "double", inputs=X, expected=expected)])
    assert row(lines, "part")[4] == "NOT COMPARED  no output thrice"
    assert lines[-1] == "listed 1, compared 0, passed 0"
    assert code == 1


def test_an_optional_case_may_lack_a_reader_but_may_not_be_wrong(run: Callable) -> None:
    absent = case("o1", "dcm", expected={"F": "a.npz#x"}, optional=True)
    code, lines = run([PASSING, absent])
    assert row(lines, "o1")[4] == "optional      no reader for dcm"
    assert lines[-1] == "listed 2, compared 1, passed 1"
    assert code == 0
    wrong = case("o2", "double", inputs=X, expected={"twice": "a.npz#x"}, optional=True)
    assert run([wrong])[0] == 1


def test_a_case_whose_folder_is_absent_is_skipped(run: Callable, folder: Path) -> None:
    entry = {**PASSING, "needs": "../other"}
    code, lines = run([entry])
    assert row(lines, "good")[4] == "skipped       ../other is absent"
    assert lines[-1] == "listed 1, compared 0, passed 0"
    assert code == 0
    (folder.parent / "other").mkdir()
    assert run([entry])[1][-1] == "listed 1, compared 1, passed 1"


def test_a_reader_that_raises_fails_with_one_line(run: Callable) -> None:
    code, lines = run([case("crash", "broken", expected={"y": "a.npz#x"}), PASSING])
    assert row(lines, "crash")[4] == "FAIL          ValueError: matrix is singular"
    assert lines[-1] == "listed 2, compared 2, passed 1"
    assert code == 1


def test_a_reference_that_leads_nowhere_fails(run: Callable) -> None:
    cases = [
        case("i", "double", inputs={"x": "a.npz#y"}, expected={"twice": "a.npz#x2"}),
        case("e", "double", inputs=X, expected={"twice": "b.npz#x2"}),
    ]
    code, lines = run(cases)
    assert row(lines, "i")[4].endswith("a.npz has no array y")
    assert row(lines, "e")[4].endswith("b.npz is absent")
    assert code == 1


def test_inputs_may_be_outputs_of_other_cases_computed_once(run: Callable) -> None:
    calls = []

    def counted(context: Context) -> dict[str, Any]:
        calls.append(1)
        return {"twice": 2 * np.asarray(context["x"])}

    chained = {"case": "feeder", "output": "twice"}
    cases = [
        case("sum", "total", inputs={"arrays": [chained, "a.npz#x"]}, expected={"sum": 18.0}),
        case("again", "double", inputs={"x": chained}, expected={"twice": [4, 8, 12]}),
        case("feeder", "counted", inputs=X),
    ]
    code, lines = run(cases, readers={**READERS, "counted": counted})
    assert len(calls) == 1
    assert row(lines, "feeder")[4] == "pass          feeds other cases"
    assert lines[-1] == "listed 3, compared 3, passed 3"
    assert code == 0


def test_a_chain_tells_where_it_breaks(run: Callable) -> None:
    def after(source: str) -> dict[str, Any]:
        return case(
            f"after_{source}",
            "double",
            inputs={"x": {"case": source, "output": "y"}},
            expected={"twice": "a.npz#x"},
        )

    cases = [
        case("crash", "broken"),
        case("new", "dcm"),
        {**after("loop"), "id": "loop"},
        *(after(source) for source in ("crash", "new", "nowhere")),
    ]
    _, lines = run(cases)
    assert row(lines, "after_crash")[4] == "FAIL          ValueError: matrix is singular"
    assert row(lines, "after_new")[4] == "NOT COMPARED  no reader for dcm"
    assert row(lines, "after_nowhere")[4].endswith("there is no case nowhere")
    assert row(lines, "loop")[4].endswith("case loop needs its own output")


def test_end_to_end_takes_inputs_from_the_cases_that_produce_them(run: Callable) -> None:
    cases = [
        case("first", "double", inputs=X, expected={"twice": "a.npz#x"}),
        {
            **case("second", "double", inputs=X, expected={"twice": [4.0, 8.0, 12.0]}),
            "from": ["first"],
        },
    ]
    # Stored, the input of the second is 1, 2, 3; the first case makes 2, 4, 6 of it.
    assert row(run(cases)[1], "second")[4].startswith("FAIL")
    assert row(run(cases, "--end-to-end")[1], "second")[4] == "pass"


def test_only_lists_the_named_quantities(run: Callable) -> None:
    code, lines = run([PASSING, case("new", "dcm", expected={"F": 1.0})], "--only", "double")
    assert lines[-1] == "listed 1, compared 1, passed 1"
    assert not any("dcm" in line for line in lines)
    assert code == 0


def test_only_names_the_known_quantities(
    folder: Path, run: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    run([PASSING, case("new", "dcm")])
    assert main([str(folder), "--only", "double", "peb"], READERS) == 64
    captured = capsys.readouterr()
    assert "quantity peb. Known: double, dcm." in captured.err
    assert captured.out == ""


def test_failures_alone(run: Callable) -> None:
    _, lines = run([PASSING, case("new", "dcm", expected={"F": 1.0})], "--failures")
    assert not any(line.startswith("good") for line in lines)
    assert row(lines, "new")[4].startswith("NOT COMPARED")
    assert lines[-1] == "listed 2, compared 1, passed 1"


def test_wrong_paths_and_manifests_have_their_exit_codes(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def code_and_error(*arguments: str) -> tuple[int, str]:
        return main(list(arguments), READERS), capsys.readouterr().err

    code, error = code_and_error(str(tmp_path / "nowhere"))
    assert (code, "no such reference folder" in error) == (66, True)
    code, error = code_and_error(str(folder))
    assert (code, "no manifest.json" in error) == (66, True)
    for content, complaint in [
        ("{", "not a manifest"),
        ('{"cases": [{"id": "a"}]}', "case a lacks quantity"),
        (json.dumps({"cases": [PASSING, PASSING]}), "Ids occur twice: good"),
        (
            json.dumps({"cases": [{**PASSING, "tolerances": {"twice": {"one_sided": "up"}}}]}),
            "one_sided is 'up'",
        ),
    ]:
        (folder / "manifest.json").write_text(content)
        code, error = code_and_error(str(folder))
        assert (code, complaint in error) == (65, True), error
    assert code_and_error()[0] == 64


def test_arrays_that_no_case_mentions_are_named(folder: Path, run: Callable) -> None:
    np.savez(folder / "b.npz", used=np.zeros(2), forgotten=np.zeros(2), cpu_s=1.0, P_1=1.0)
    indexed = case("i", "double", inputs={"x": "b.npz#used[0]"}, expected={"twice": 0.0})
    manifest = {"cases": [indexed], "informational": ["a.npz", "b.npz#cpu_*", "b.npz#P_[1-8]"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert unlisted_arrays(read_manifest(folder)) == ["b.npz#forgotten"]


# The passing rule -----------------------------------------------------------------------------

EXACT = Tolerance(rtol=0.0, atol=0.0)


@pytest.mark.parametrize(
    ("got", "expected", "tolerance", "passed"),
    [
        ([1.0, 2.0], [1.0, 2.0], EXACT, True),
        ([1.0, 2.0 + 1e-15], [1.0, 2.0], EXACT, False),
        ([1.0, 104.0], [1.0, 100.0], Tolerance(0.05, 0.0), True),  # 0.05 * 100
        ([5.0, 100.0], [1.0, 100.0], Tolerance(0.05, 0.0), True),  # the largest sets the scale
        ([0.002], [0.0], Tolerance(0.001, 0.0), False),  # the scale is at least 1
        ([0.001], [0.0], Tolerance(0.001, 0.0), True),
        ([1.0, NAN], [1.0, NAN], EXACT, True),
        ([1.0, NAN], [1.0, 2.0], Tolerance(1.0, 1.0), False),
        ([1.0, 2.0], [1.0, NAN], Tolerance(1.0, 1.0), False),
        ([np.inf, 1.0], [np.inf, 1.0], EXACT, True),
        ([-np.inf, 1.0], [np.inf, 1.0], Tolerance(1.0, 1.0), False),
        (np.ones((1, 3, 1)), np.ones(3), EXACT, True),
        (1.0, [[1.0]], EXACT, True),
        (np.ones((3, 2)), np.ones((2, 3)), EXACT, False),
        ([1.0, 1.0], 1.0, EXACT, False),
        ([], [], EXACT, True),
        ([1.0, None], [1.0, NAN], EXACT, True),
        (True, 1, EXACT, True),
        (["a", "b"], ["a", "b"], EXACT, True),
        (["a", "c"], ["a", "b"], Tolerance(1.0, 1.0), False),
        (np.array(["a", NAN], dtype=object), np.array(["a", None], dtype=object), EXACT, True),
        ([1.0], ["1.0"], EXACT, False),
        (["1.0"], [1.0], EXACT, False),
        ([np.ones(2), np.ones(3)], [np.ones(2), np.ones(3)], EXACT, True),
        ([np.ones(2), np.zeros(3)], [np.ones(2), np.ones(3)], EXACT, False),
        ([np.ones(2)], [np.ones(2), np.ones(3)], EXACT, False),
    ],
)
def test_passing_rule(got: Any, expected: Any, tolerance: Tolerance, passed: bool) -> None:
    assert compare(got, expected, tolerance).passed is passed


@pytest.mark.parametrize(("got", "passed"), [(9.0, True), (-0.5, True), (-0.51, False)])
def test_not_below_limits_one_side_only(got: float, passed: bool) -> None:
    outcome = compare(got, 0.0, Tolerance(rtol=0.0, atol=0.5, not_below=True))
    assert outcome.passed is passed
    assert outcome.difference == max(0.0, -got)


def test_one_sided_in_a_manifest(run: Callable) -> None:
    entry = case("f", "double", inputs=X, expected={"twice": "a.npz#x"})
    above = {"twice": {"rtol": 0, "atol": 0.5, "one_sided": "not below"}}
    assert run([{**entry, "tolerances": above}])[0] == 0
    higher = {**entry, "expected": {"twice": [3, 4, 6]}, "tolerances": above}
    assert row(run([higher])[1], "f")[2:4] == ["1.0e+00", "5.0e-01"]


# References -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("[...,1]", np.arange(24.0).reshape(2, 3, 4)[..., 1]),
        ("[1]", np.arange(12.0, 24.0).reshape(3, 4)),
        ("[1:]", np.arange(12.0, 24.0).reshape(1, 3, 4)),
        ("[:1]", np.arange(12.0).reshape(1, 3, 4)),
    ],
)
def test_a_reference_may_end_in_an_index(folder: Path, index: str, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(ReferenceFolder(folder).read(f"a.npz#cube{index}"), expected)


def test_tables_lose_blanks_and_know_missing_cells(folder: Path) -> None:
    (folder / "t.tsv").write_text(
        "term\tPr(>|t|)\tStd. Error\nage \t 0.5 \tNA\nsex\tn/a\t 1e-3\nNA\t2\t\n"
    )
    (folder / "c.csv").write_text(',M,F\nA,4, 7\n"B, or C",8,2\n')
    references = ReferenceFolder(folder)
    np.testing.assert_array_equal(references.read("t.tsv#Pr(>|t|)"), [0.5, NAN, 2.0])
    np.testing.assert_array_equal(references.read("t.tsv#Std. Error"), [NAN, 1e-3, NAN])
    assert references.read("t.tsv#term")[:2].tolist() == ["age", "sex"]
    assert references.read("t.tsv#Pr(>|t|)[2]") == 2.0
    table = references.read("c.csv")
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == ["", "M", "F"]
    assert table[""].tolist() == ["A", "B, or C"]
    assert table["F"].tolist() == [7.0, 2.0]


def test_json_keys_go_down_and_null_is_missing(folder: Path) -> None:
    content = {"conditions": {"faces": {"onset": [1, 2]}}, "a/b": 3, "gap": [1.5, None]}
    (folder / "j.json").write_text(json.dumps(content))
    references = ReferenceFolder(folder)
    assert references.read("j.json#conditions/faces/onset").tolist() == [1, 2]
    assert references.read("j.json#a/b") == 3
    np.testing.assert_array_equal(references.read("j.json#gap"), [1.5, NAN])
    with pytest.raises(UnresolvedReferenceError, match="has no conditions/houses"):
        references.read("j.json#conditions/houses")


def test_images_come_with_their_affine(folder: Path) -> None:
    data = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    affine = np.diag([3.0, 3.0, 4.0, 1.0])
    nib.save(nib.Nifti1Image(data, affine), folder / "i.nii.gz")
    entry = case("image", "double", inputs={"x": "i.nii.gz", "level": 3, "how": "A minus B"})
    (folder / "manifest.json").write_text(json.dumps({"cases": [entry]}))
    manifest = read_manifest(folder)
    context = Context(manifest.cases["image"], Evaluation(manifest, READERS))
    np.testing.assert_array_equal(context["x"], data.astype(float))
    np.testing.assert_array_equal(context.affine("x"), affine)
    assert (context["level"], context["how"]) == (3, "A minus B")
    assert context.get("mask") is None
    assert "mask" not in context


def test_references_may_leave_the_folder(folder: Path) -> None:
    (folder / "inner").mkdir()
    assert ReferenceFolder(folder / "inner").read("../a.npz#x").tolist() == [1.0, 2.0, 3.0]


def test_stored_values_cannot_be_changed_by_a_reader(folder: Path) -> None:
    array = ReferenceFolder(folder).read("a.npz#x")
    with pytest.raises(ValueError, match="read-only"):
        array += 1


def test_a_quantity_has_one_reader() -> None:
    assert "welch" in all_readers()
    with pytest.raises(ValueError, match="welch is read by"):
        reader("welch")(double)


# Real references ------------------------------------------------------------------------------


def test_group_statistics_kept_here_pass_from_the_command_line(tmp_path: Path) -> None:
    for file in STORED.iterdir():
        shutil.copy(file, tmp_path)
    t_test = {"value": "x", "group": "group", "difference": "A minus B", "level": 0.95}
    names = {"t": "t", "df": "df", "p": "p", "lo": "lo", "hi": "hi"}
    cases = [
        case(
            quantity,
            quantity,
            inputs={"data": "welch.csv"},
            options=t_test,
            expected={name: f"out_ttest.tsv#{column}[{k}]" for name, column in names.items()},
        )
        for k, quantity in enumerate(("welch", "student"))
    ]
    cases += [
        case(
            f"chi_square_{yates}",
            "chi_square",
            inputs={"table": "chisq.csv"},
            options={"yates": yates},
            expected={
                "statistic": f"out_chisq.tsv#stat[{k}]",
                "df": f"out_chisq.tsv#df[{k}]",
                "p": f"out_chisq.tsv#p[{k}]",
            },
        )
        for k, yates in enumerate((True, False))
    ]
    (tmp_path / "manifest.json").write_text(json.dumps({"cases": cases}))
    done = subprocess.run(
        [sys.executable, "-m", "tests.parity", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "listed 4, compared 4, passed 4", done.stdout
    assert done.returncode == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folders are not here")
class TestReferenceFolders:
    def test_group_statistics_pass(self, capsys: pytest.CaptureFixture[str]) -> None:
        folder = str(SHARED / "group_stats")
        assert main([folder, "--only", "welch", "student", "chi_square"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "listed 7, compared 7, passed 7"

    @pytest.mark.parametrize(
        ("name", "count"),
        [
            ("glm", 178),
            ("gppi", 114),
            ("rsa", 138),
            ("dcm_peb", 326),
            ("elastic_net", 36),
            ("group_stats", 22),
        ],
    )
    def test_every_reference_of_a_manifest_can_be_read(self, name: str, count: int) -> None:
        manifest = read_manifest(SHARED / name)
        evaluation = Evaluation(manifest, {})
        assert len(manifest.cases) == count
        for entry in manifest.cases.values():
            for value in entry.inputs.values():
                for item in value if isinstance(value, list) else [value]:
                    if isinstance(item, dict):
                        assert item["case"] in manifest.cases
                    else:
                        assert split_reference(item) is not None
                        evaluation.resolve(item, None)
            for output, value in entry.expected.items():
                stored = evaluation.resolve(value, None)
                assert compare(stored, stored, entry.tolerances[output]).passed, entry.id
            assert set(entry.sources) <= set(manifest.cases)
        assert unlisted_arrays(manifest) == []
